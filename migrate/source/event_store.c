/* SPDX-License-Identifier: Apache-2.0 */
/*
 * event_store.c: before schema 7 a path is found only by a scan of all paths, and before schema 6 an event likewise:
 * both tables are read once and kept, about 100 bytes an event.
 */
#include "migrate/source/events.h"

#include <stdlib.h>
#include <string.h>

#define HASH_NONFATAL_OOM         1
#define uthash_nonfatal_oom(item) ((item)->refused = true)
#include <uthash.h>

enum { PAGE = 20000 };

/* One key, shared by all events that have it. */
typedef struct known_key {
    UT_hash_handle hh;
    const char *text;
    bool refused; /* no memory to add it */
} known_key;

typedef struct by_id {
    int64_t id; /* first: sorted by it, then by row */
    size_t row;
} by_id;

struct mlmd_event_store {
    kfpb_arena arena;     /* keys */
    mlmd_event_rows rows; /* by id */
    by_id *by_execution;
    by_id *by_artifact;
};

void mlmd_event_store_free(mlmd_event_store *store)
{
    if (store == NULL)
        return;
    kfpb_arena_free(&store->arena);
    mlmd_event_rows_free(&store->rows);
    free(store->by_execution);
    free(store->by_artifact);
    free(store);
}

/* ---- reading ----------------------------------------------------------------------------------------------------- */

typedef struct reading {
    mlmd_source *source;
    mlmd_event_store *store;
    kfpb_arena scratch; /* the table of keys */
    kfpb_arena step;    /* a step's key, before it is shared */
    known_key *keys;
    bool *has_key; /* for each event row: a step had a key, not only an index */
} reading;

static bool see_event(void *context, const kfpb_rows *rows)
{
    reading *r = context;
    int64_t type = kfpb_get_int(rows, MLMD_EVENT_TYPE);
    mlmd_event_row row = {
        .id = kfpb_get_int(rows, MLMD_EVENT_ID),
        .artifact_id = kfpb_get_int(rows, MLMD_EVENT_ARTIFACT),
        .execution_id = kfpb_get_int(rows, MLMD_EVENT_EXECUTION),
        .ms = kfpb_get_int(rows, MLMD_EVENT_TIME),
        .type = type >= 0 && type <= INT32_MAX ? (int) type : MLMD_EVENT_UNKNOWN,
        .key = "",
    };
    return mlmd_event_rows_add(&r->store->rows, &row);
}

/* By pages: a client library holds a whole result in memory, in a larger form than ours. */
static kfps_status read_events(reading *r, kfps_error *error)
{
    kfps_status status;
    int64_t after = INT64_MIN;
    size_t before;
    kfpb_sql sql;

    kfpb_sql_init(&sql, r->source->conn);
    do {
        before = r->store->rows.count;
        kfpb_sql_reset(&sql);
        mlmd_catalog_select(&r->source->catalog, &sql, MLMD_T_EVENT);
        kfpb_sql_add(&sql, " WHERE \"id\" > ");
        kfpb_sql_bind(&sql, kfpb_int(after));
        kfpb_sql_add(&sql, " ORDER BY \"id\" LIMIT ");
        kfpb_sql_bind(&sql, kfpb_int(PAGE));
        status = mlmd_query_rows(r->source, &sql, see_event, r, error);
        if (r->store->rows.count > before)
            after = r->store->rows.items[r->store->rows.count - 1].id;
    } while (status == KFPS_OK && r->store->rows.count - before == PAGE);
    kfpb_sql_free(&sql);
    return status;
}

static const char *shared_key(reading *r, const char *text)
{
    known_key *known = NULL;
    size_t length = strlen(text);

    HASH_FIND(hh, r->keys, text, length, known);
    if (known == NULL) {
        known = kfpb_arena_alloc(&r->scratch, sizeof *known);
        const char *copy = kfpb_arena_textn(&r->store->arena, text, length);
        if (known == NULL || copy == NULL)
            return NULL;
        known->text = copy;
        HASH_ADD_KEYPTR(hh, r->keys, copy, length, known);
        if (known->refused)
            return NULL;
    }
    return known->text;
}

static bool see_step(void *context, const kfpb_rows *rows)
{
    reading *r = context;
    const mlmd_event_rows *events = &r->store->rows;
    const mlmd_event_row *found = mlmd_find(events->items, events->count, sizeof *events->items,
                                            kfpb_get_int(rows, MLMD_PATH_EVENT));

    if (found == NULL)
        return true;
    size_t index = (size_t) (found - events->items);
    mlmd_event_row *row = &events->items[index];
    mlmd_path path = {.has_key = r->has_key[index]};
    kfpb_arena_reset(&r->step);
    bool ok = mlmd_path_step(r->source, rows, &r->step, &path);
    if (ok && path.key != NULL) {
        row->key = shared_key(r, path.key);
        row->flags = path.flags;
        r->has_key[index] = path.has_key;
        ok = row->key != NULL;
    }
    return ok;
}

static kfps_status read_paths(reading *r, kfps_error *error)
{
    kfpb_sql sql;

    r->has_key = calloc(r->store->rows.count + 1, sizeof *r->has_key);
    if (r->has_key == NULL)
        return kfpb_fail_no_memory(error);
    kfpb_sql_init(&sql, r->source->conn);
    mlmd_catalog_select(&r->source->catalog, &sql, MLMD_T_EVENT_PATH);
    kfpb_sql_add(&sql, mlmd_path_order(r->source, true));
    kfps_status status = mlmd_query_rows(r->source, &sql, see_step, r, error);
    kfpb_sql_free(&sql);
    return status;
}

/* ---- finding ----------------------------------------------------------------------------------------------------- */

static int compare_entries(const void *a, const void *b)
{
    const by_id *x = a, *y = b;

    if (x->id != y->id)
        return x->id < y->id ? -1 : 1;
    return (x->row > y->row) - (x->row < y->row);
}

static bool index_rows(mlmd_event_store *store)
{
    size_t count = store->rows.count;

    store->by_execution = calloc(count + 1, sizeof *store->by_execution);
    store->by_artifact = calloc(count + 1, sizeof *store->by_artifact);
    if (store->by_execution == NULL || store->by_artifact == NULL)
        return false;
    for (size_t i = 0; i < count; i++) {
        store->by_execution[i] = (by_id){store->rows.items[i].execution_id, i};
        store->by_artifact[i] = (by_id){store->rows.items[i].artifact_id, i};
    }
    qsort(store->by_execution, count, sizeof *store->by_execution, compare_entries);
    qsort(store->by_artifact, count, sizeof *store->by_artifact, compare_entries);
    return true;
}

kfps_status mlmd_event_store_open(mlmd_source *source, kfps_error *error)
{
    if (source->events != NULL)
        return KFPS_OK;
    reading r = {.source = source, .store = calloc(1, sizeof *r.store)};
    if (r.store == NULL)
        return kfpb_fail_no_memory(error);
    kfpb_arena_init(&r.store->arena);
    kfpb_arena_init(&r.scratch);
    kfpb_arena_init(&r.step);
    kfps_status status = read_events(&r, error);
    if (status == KFPS_OK)
        status = read_paths(&r, error);
    if (status == KFPS_OK && !index_rows(r.store))
        status = kfpb_fail_no_memory(error);
    HASH_CLEAR(hh, r.keys);
    kfpb_arena_free(&r.scratch);
    kfpb_arena_free(&r.step);
    free(r.has_key);
    if (status == KFPS_OK)
        source->events = r.store;
    else
        mlmd_event_store_free(r.store);
    return status;
}

bool mlmd_event_store_find(const mlmd_event_store *store, mlmd_event_side side, const mlmd_ids *ids,
                           mlmd_event_rows *out)
{
    const by_id *index = side == MLMD_EVENTS_OF_EXECUTIONS ? store->by_execution : store->by_artifact;

    for (size_t i = 0; i < ids->count; i++) {
        size_t at = mlmd_lower_bound(index, store->rows.count, sizeof *index, ids->items[i]);
        for (; at < store->rows.count && index[at].id == ids->items[i]; at++) {
            const mlmd_event_row *row = &store->rows.items[index[at].row];
            if (side == MLMD_OUTPUTS_OF_ARTIFACTS && !mlmd_event_is_output(row->type))
                continue;
            if (!mlmd_event_rows_add(out, row))
                return false;
        }
    }
    return true;
}
