/* SPDX-License-Identifier: Apache-2.0 */
/*
 * source.h: reads an MLMD database (schema 4 to 8 and 10; SQLite, MySQL, PostgreSQL), never writes to it.
 */
#ifndef MLMD_SOURCE_H
#define MLMD_SOURCE_H

#include "backends/backend.h"
#include "migrate/source/model.h"

typedef struct mlmd_source mlmd_source;

typedef enum mlmd_encoding { MLMD_ENCODING_AUTO, MLMD_ENCODING_UTF8, MLMD_ENCODING_LATIN1 } mlmd_encoding;

typedef struct mlmd_source_options {
    const char *const *run_context_types; /* further context types that are runs, beside system.PipelineRun */
    size_t run_context_type_count;
    /* AUTO: on MySQL each value is looked at for having been encoded twice; LATIN1: so on every engine; UTF8: never.
     * Bytes that are no UTF-8 are read as cp1252 where they look like it (not with UTF8), else replaced. */
    mlmd_encoding encoding;
    const char *password;
    const char *driver_dir;
} mlmd_source_options;

/* A run context as the census finds it. */
typedef struct mlmd_run_context {
    int64_t id;
    const char *type; /* static for the source's life */
    const char *name;
    int64_t create_ms;
    int64_t update_ms;
    size_t execution_count; /* associations; executions that are missing or shared are among them */
} mlmd_run_context;

/* Connects read-only, finds the tables (whatever their case), the schema version and the columns.
 * KFPS_SCHEMA: not an MLMD database, or a version that is not read; the message says what to do. */
kfps_status mlmd_source_open(const kfpb_dsn *dsn, const mlmd_source_options *options, mlmd_source **out,
                             kfps_error *error);
void mlmd_source_close(mlmd_source **source);

int mlmd_source_version(const mlmd_source *source);        /* 4 … 10 */
const char *mlmd_source_server(const mlmd_source *source); /* "MariaDB 10.11.19" */

/* Whole-database facts, one statement each. */
typedef struct mlmd_totals {
    int64_t run_contexts, executions, artifacts, events;
    int64_t events_without_execution; /* dangling on the side that no run owns, counted only if no association names the
                                         execution */
    int64_t foreign_executions;       /* in no run context */
    int64_t artifacts_without_event;
} mlmd_totals;
kfps_status mlmd_source_totals(mlmd_source *source, mlmd_totals *out, kfps_error *error);

/* The census: up to `limit` run contexts with id > after, by id, into the arena. Also remembers which executions belong
 * to which run context; after 0 forgets that and begins again. */
kfps_status mlmd_source_census(mlmd_source *source, int64_t after, size_t limit, kfpb_arena *arena,
                               mlmd_run_context **out, size_t *count, kfps_error *error);
/* After the whole census. The run contexts of an execution, by id (a pointer into the source's own table; *count 0 if
 * in none). */
const int64_t *mlmd_source_contexts_of(const mlmd_source *source, int64_t execution_id, size_t *count);

/* Whether the schema keeps the times of changes (from 5 on). */
bool mlmd_source_tells_changes(const mlmd_source *source);
/* Calls `see` with every execution that was changed at `ms`, not before `since_ms`, by MLMD's clock, and with every one
 * that shares an artifact with such a change; an execution may come several times. */
typedef void (*mlmd_see_change)(void *context, int64_t execution_id, int64_t ms);
kfps_status mlmd_source_changes(mlmd_source *source, int64_t since_ms, mlmd_see_change see, void *context,
                                kfps_error *error);

/* Loads the runs of these contexts (each named once) with a handful of statements inside one read-only snapshot, in the
 * given order. A run looks the same in whatever group it is loaded. `owns` decides which associated executions belong
 * to which run (an execution in several run contexts belongs to one at most; NULL: all belong); executions it refuses
 * are left out with their events and not noted here. It is also asked about executions that came after the census, of
 * which mlmd_source_contexts_of knows nothing. Before schema 7 all events are read at the first load, and stay as they
 * were then. */
typedef bool (*mlmd_owns)(void *context, int64_t context_id, int64_t execution_id);
kfps_status mlmd_source_load(mlmd_source *source, const int64_t *context_ids, size_t count, mlmd_owns owns,
                             void *owns_context, kfpb_arena *arena, mlmd_run **out, kfps_error *error);

/* For M1a: calls `see` with every (artifact, execution) pair of events of these artifacts. */
typedef void (*mlmd_see_link)(void *context, int64_t artifact_id, int64_t execution_id);
kfps_status mlmd_source_links_of(mlmd_source *source, const int64_t *artifact_ids, size_t count, mlmd_see_link see,
                                 void *see_context, kfps_error *error);

/* After the whole census: calls `see` for every execution in no run context, every artifact without an event and every
 * event whose execution is missing and in no run context ("execution", "artifact", "event"), until it returns false
 * (*well is false then). */
typedef bool (*mlmd_see_outside)(void *context, const char *kind, int64_t id);
kfps_status mlmd_source_outside(mlmd_source *source, mlmd_see_outside see, void *context, bool *well,
                                kfps_error *error);

#endif
