/* SPDX-License-Identifier: Apache-2.0 */
/*
 * events.h: events by execution or by artifact, with their keys: by SQL where the schema has the indexes, from memory
 * before.
 */
#ifndef MLMD_EVENTS_H
#define MLMD_EVENTS_H

#include "migrate/source/internal.h"

typedef struct mlmd_event_row {
    int64_t id;
    int64_t artifact_id;
    int64_t execution_id;
    int64_t ms;
    int type;
    unsigned flags;  /* mlmd_text_flag, of the key */
    const char *key; /* NULL until mlmd_events_keys */
} mlmd_event_row;

/* {0} is an empty list. */
typedef struct mlmd_event_rows {
    mlmd_event_row *items;
    size_t count, capacity;
} mlmd_event_rows;

typedef enum mlmd_event_side {
    MLMD_EVENTS_OF_EXECUTIONS,
    MLMD_EVENTS_OF_ARTIFACTS,
    MLMD_OUTPUTS_OF_ARTIFACTS /* types 1, 4 and 6 */
} mlmd_event_side;

bool mlmd_event_rows_add(mlmd_event_rows *rows, const mlmd_event_row *row);
void mlmd_event_rows_free(mlmd_event_rows *rows);
static inline bool mlmd_event_is_output(int type)
{
    return type == MLMD_EVENT_DECLARED_OUTPUT || type == MLMD_EVENT_OUTPUT || type == MLMD_EVENT_INTERNAL_OUTPUT;
}

/* Appends the events of these ids (sorted, each once). */
kfps_status mlmd_events_read(mlmd_source *source, mlmd_event_side side, const mlmd_ids *ids, mlmd_event_rows *out,
                             kfps_error *error);
/* Fills in the keys; the rows are sorted by id and each is there once. */
kfps_status mlmd_events_keys(mlmd_source *source, mlmd_event_rows *rows, kfpb_arena *arena, kfps_error *error);

/* A path's key, step by step: the last step_key, else the last index. */
typedef struct mlmd_path {
    bool has_key;
    const char *key; /* NULL: no step yet */
    unsigned flags;
} mlmd_path;
bool mlmd_path_step(const mlmd_source *source, const kfpb_rows *rows, kfpb_arena *arena, mlmd_path *path);
/* ` ORDER BY …`, or "": the order in which the steps were written, which no column of MLMD's says; of some events'
 * paths (then by event first, as the index goes), or of the whole table. */
const char *mlmd_path_order(const mlmd_source *source, bool whole);

/* event_store.c: all events of an old schema. */
kfps_status mlmd_event_store_open(mlmd_source *source, kfps_error *error);
void mlmd_event_store_free(mlmd_event_store *store);
bool mlmd_event_store_find(const mlmd_event_store *store, mlmd_event_side side, const mlmd_ids *ids,
                           mlmd_event_rows *out);

#endif
