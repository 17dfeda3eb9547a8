/* SPDX-License-Identifier: Apache-2.0 */
/* internal.h: what the files of the reader share; nobody else includes it. */
#ifndef MLMD_INTERNAL_H
#define MLMD_INTERNAL_H

#include "backends/base/fail.h"
#include "backends/sql.h"
#include "migrate/source/catalog.h"
#include "migrate/source/ids.h"
#include "migrate/source/members.h"
#include "migrate/source/source.h"
#include "migrate/source/text.h"

/* Ids per statement: of rows that hold numbers only, and of rows that hold text. */
enum { MLMD_CHUNK_NUMBERS = 5000, MLMD_CHUNK_TEXT = 2000 };

/* From this schema on, EventPath has an index on event_id (and Event has had both of its own): a group's events are
 * read by id. Before, all of them are read once. */
enum { MLMD_INDEXED_EVENTS = 7 };

typedef struct mlmd_type {
    int64_t id; /* first: sorted by it */
    const char *name;
    bool context; /* a type of contexts */
} mlmd_type;

typedef struct mlmd_event_store mlmd_event_store;

struct mlmd_source {
    kfpb_dsn dsn; /* to connect again */
    kfpb_open_options open_options;
    char *password, *driver_dir; /* what those point to */
    kfpb_conn *conn;
    kfpb_arena arena; /* the names of types, for the source's life */
    mlmd_catalog catalog;
    int version;
    mlmd_text_rule text_rule;
    const char **run_types; /* the names of the context types that are runs */
    size_t run_type_count;
    mlmd_type *types; /* by id */
    size_t type_count, type_capacity;
    mlmd_ids run_type_ids; /* sorted */
    mlmd_members members;
    mlmd_event_store *events; /* schema below 7, from its first use on */
};

/* source.c: a connection that was lost is replaced. Called where a unit of reading begins; what was read before stays.
 */
kfps_status mlmd_source_ready(mlmd_source *source, kfps_error *error);

/* version.c: KFPS_SCHEMA with what to do, unless the version is one that is read. */
kfps_status mlmd_version_read(kfpb_conn *conn, const mlmd_catalog *catalog, int *version, kfps_error *error);

/* types.c */
kfps_status mlmd_types_read(mlmd_source *source, kfps_error *error);
const mlmd_type *mlmd_type_find(const mlmd_source *source, int64_t id);
const char *mlmd_type_name(const mlmd_source *source, int64_t id); /* "" if there is no such row */

/* totals.c: adds a text in which %A, %C, %E, %P, %Q, %X, %S stand for the tables Artifact, Context, Event,
 * ExecutionProperty, ArtifactProperty, Execution, Association. */
void mlmd_add_statement(const mlmd_source *source, kfpb_sql *sql, const char *text);

/* query.c: runs a statement and hands each row to `see`, which returns false when it is out of memory. */
typedef bool (*mlmd_see_row)(void *context, const kfpb_rows *rows);
kfps_status mlmd_query_rows(mlmd_source *source, kfpb_sql *sql, mlmd_see_row see, void *context, kfps_error *error);

typedef struct mlmd_selection {
    mlmd_table table;
    int column;       /* the one that the ids are of */
    const char *more; /* constant text behind the list, or NULL */
    size_t chunk;     /* ids per statement */
} mlmd_selection;
/* One statement per chunk of ids; none without ids. */
kfps_status mlmd_select_rows(mlmd_source *source, const mlmd_selection *selection, const mlmd_ids *ids,
                             mlmd_see_row see, void *context, kfps_error *error);

static inline const char *mlmd_row_text(const mlmd_source *source, const kfpb_rows *rows, size_t column,
                                        kfpb_arena *arena, unsigned *flags)
{
    size_t length = 0;
    const char *bytes = kfpb_get_text(rows, column, &length);
    return mlmd_text_read(bytes, length, source->text_rule, arena, flags);
}

#endif
