/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inspect.h: tables, columns, indexes and foreign keys of a database as one picture, the same on every engine, and the
 * differences between two pictures. Private to schema/ and its tests.
 */
#ifndef KFPSCHEMA_INSPECT_H
#define KFPSCHEMA_INSPECT_H

#include "backends/base/arena.h"
#include "schema/schema.h"

typedef struct schema_column {
    const char *name;
    const char *
        type; /* the engine's name for it, lower case: "varchar(191)", "int", "json" (MariaDB's checked longtext too) */
    bool nullable;
    const char *initial;   /* the default, without quotes and casts; NULL: none, or null */
    const char *charset;   /* MySQL's; NULL elsewhere and for what is not text */
    const char *collation; /* likewise */
} schema_column;

typedef struct schema_index {
    const char *name;    /* "PRIMARY" for the primary key */
    const char *columns; /* "Fingerprint,State,CreatedAtInSec desc" */
    bool unique;
    bool valid; /* false: what a cut-off CREATE INDEX CONCURRENTLY left behind */
} schema_index;

typedef struct schema_foreign_key {
    const char *name;
    const char *columns;
    const char *table;
    const char *table_columns;
    const char *on_delete; /* "no action", "cascade" … */
    const char *on_update;
} schema_foreign_key;

typedef struct schema_table {
    const char *name;
    schema_column *columns;
    size_t column_count;
    schema_index *indexes;
    size_t index_count;
    schema_foreign_key *foreign_keys;
    size_t foreign_key_count;
} schema_table;

typedef struct schema_picture {
    kfpb_arena arena; /* owns everything below */
    schema_table *tables;
    size_t count;
} schema_picture;

/* Reads those of the named tables that are there. *out needs no initialisation and is freed by the caller on success
 * only. */
kfps_status schema_inspect(kfpb_conn *conn, const char *const *names, size_t count, schema_picture *out,
                           kfps_error *error);
void schema_picture_free(schema_picture *picture);

const schema_table *schema_find_table(const schema_picture *picture, const char *name);
const schema_column *schema_find_column(const schema_table *table, const char *name);
const schema_index *schema_find_index(const schema_table *table, const char *name);
const schema_foreign_key *schema_find_foreign_key(const schema_table *table, const char *name);

/* What the baseline step promises on this engine. */
kfps_status schema_promise(const kfpb_driver *driver, schema_picture *out, kfps_error *error);

/* What these steps promise together, from their own SQL: all tables, also our own. KFPS_INTERNAL names a statement that
 * is not of the kinds that can be read. */
kfps_status schema_promised(const kfpb_driver *driver, const schema_step *const *steps, size_t count,
                            schema_picture *out, kfps_error *error);
/* The same of the steps that are recorded as applied, whoever made what they promise. */
kfps_status schema_promised_by(const schema_status *status, const kfpb_driver *driver, schema_picture *out,
                               kfps_error *error);
/* Whether the step's promise holds; one that was cut off promises nothing yet. */
bool schema_is_promised(schema_step_state state);

/* Says each way in which `found` differs from what is `expected`, a line each, and returns how many there were. Further
 * tables and further plain indexes are no difference; neither is a further column that an INSERT can leave out. */
size_t schema_compare(const schema_picture *expected, const schema_picture *found, schema_say say, void *context);

/* ---- between inspect.c and the readers of the engines ------------------------------------------------------------ */

/* Growing lists while a table is read; their items' texts are in the arena. */
typedef struct schema_reader {
    kfpb_arena *arena;
    schema_table *table;
    size_t column_capacity;
    size_t index_capacity;
    size_t foreign_key_capacity;
} schema_reader;

/* Each adds one item and returns it, zeroed; NULL with the arena's out_of_memory set. */
schema_column *schema_add_column(schema_reader *reader, const char *name);
/* The one with that name, which need not be the last; made on first use. */
schema_index *schema_add_index(schema_reader *reader, const char *name);
schema_foreign_key *schema_add_foreign_key(schema_reader *reader, const char *name);
/* `list` and, after a comma unless it is the first, `column` and `suffix`. */
const char *schema_join(kfpb_arena *arena, const char *list, const char *column, const char *suffix);
const char *schema_lower(kfpb_arena *arena, const char *text);

/* Frees the rows and says how reading them ended; `next` is kfpb_next's last answer. */
kfps_status schema_rows_end(kfpb_rows **rows, int next, kfps_error *error);

/* Fills in reader->table, whose name is set; leaves it without columns if there is no such table. */
typedef kfps_status (*schema_read_table)(kfpb_conn *conn, schema_reader *reader, kfps_error *error);
kfps_status schema_read_sqlite(kfpb_conn *conn, schema_reader *reader, kfps_error *error);
kfps_status schema_read_pgsql(kfpb_conn *conn, schema_reader *reader, kfps_error *error);
kfps_status schema_read_mysql(kfpb_conn *conn, schema_reader *reader, kfps_error *error);

#endif
