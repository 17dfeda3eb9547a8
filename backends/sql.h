/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sql.h: builds a statement piece by piece. Fixed text and identifiers come from constants; whatever a user or a
 * database said goes in as a value. Errors (out of memory) are kept and reported by the call that runs the statement.
 */
#ifndef KFPB_SQL_H
#define KFPB_SQL_H

#include "backends/backend.h"
#include "backends/base/arena.h"
#include "backends/base/text.h"

typedef struct kfpb_sql {
    const kfpb_driver *driver;
    kfpb_text text;
    kfpb_value *values;
    size_t count;
    size_t capacity;
    kfpb_arena lists; /* the texts that array and JSON lists are sent as */
    bool out_of_memory;
} kfpb_sql;

void kfpb_sql_init(kfpb_sql *sql, const kfpb_conn *conn);
void kfpb_sql_free(kfpb_sql *sql);
/* Starts a new statement, keeps the memory. */
void kfpb_sql_reset(kfpb_sql *sql);

void kfpb_sql_add(kfpb_sql *sql, const char *constant);
/* A double-quoted identifier; `name` holds no quote. */
void kfpb_sql_name(kfpb_sql *sql, const char *name);
/* `?`, and the value. The value's text is borrowed until the statement has run. */
void kfpb_sql_bind(kfpb_sql *sql, kfpb_value value);
/* ` IN (…)` in the engine's best form; an empty list gives ` IN (NULL)`, which is never true. */
void kfpb_sql_in_ints(kfpb_sql *sql, const int64_t *ids, size_t count);
void kfpb_sql_in_texts(kfpb_sql *sql, const char *const *texts, size_t count);
/* `?::text[]` with the list as its value; for engines with KFPB_EACH_LATERAL. */
void kfpb_sql_array(kfpb_sql *sql, const char *const *texts, size_t count);
/* A name behind a prefix (may be NULL; "t." …). */
void kfpb_sql_column(kfpb_sql *sql, const char *prefix, const char *name);
/* `"a","b",…`: the columns of a table, each prefixed with `prefix`. */
void kfpb_sql_columns(kfpb_sql *sql, const kfpb_table *table, const char *prefix);

/* Whether anything above failed for lack of memory: the statement must not be run. */
bool kfpb_sql_out_of_memory(const kfpb_sql *sql);
kfps_status kfpb_sql_exec(kfpb_conn *conn, kfpb_sql *sql, int64_t *affected, kfps_error *error);
kfps_status kfpb_sql_query(kfpb_conn *conn, kfpb_sql *sql, kfpb_rows **out, kfps_error *error);

#endif
