/* SPDX-License-Identifier: Apache-2.0 */
#include "migrate/import/collision.h"

#include <stdlib.h>
#include <uthash.h>

#include "backends/base/fail.h"

/* Equal weights: equal to the collation. */
struct key_weight {
    char *key, *weight;
    UT_hash_handle hh;
};

/* A key where a task uses it. */
typedef struct used_key {
    const char *task_uuid;
    bool output;
    const char *key;
    const char *weight;
} used_key;

kfps_status collision_open(collision_check *check, kfpb_conn *conn, bool upgraded, kfps_error *error)
{
    check->table = upgraded ? "artifact_tasks" : "run_details";
    check->column = upgraded ? "ArtifactKey" : "UUID";
    if (conn->driver->compares_by_bytes == NULL)
        return KFPS_OK;
    bool bytes = true;
    const kfps_status status = conn->driver->compares_by_bytes(conn, check->table, check->column, &bytes, error);
    check->needed = !bytes;
    return status;
}

static kfps_status remember(collision_check *check, const char *key, const char *weight, kfps_error *error)
{
    key_weight *w = calloc(1, sizeof *w);
    if (w == NULL)
        return kfpb_fail_no_memory(error);
    w->key = strdup(key);
    w->weight = strdup(weight);
    if (w->key == NULL || w->weight == NULL) {
        free(w->key);
        free(w->weight);
        free(w);
        return kfpb_fail_no_memory(error);
    }
    HASH_ADD_KEYPTR(hh, check->known, w->key, strlen(w->key), w);
    return KFPS_OK;
}

static key_weight *lookup(const collision_check *check, const char *key)
{
    key_weight *w = NULL;
    HASH_FIND_STR(check->known, key, w);
    return w;
}

/* Pipelines use the same few keys in all their runs: the server is asked once for each. */
static kfps_status learn_keys(collision_check *check, kfpb_conn *conn, group *g, kfps_error *error)
{
    enum { BATCH = 200 };
    const char *keys[BATCH], *weights[BATCH];
    size_t n = 0;
    for (size_t i = 0; i <= g->count; i++) {
        const size_t links = i < g->count ? g->runs[i].rows.link_count : 0;
        for (size_t j = 0; j < links || (i == g->count && j == 0); j++) {
            if (i < g->count) {
                const char *key = g->runs[i].rows.links[j].artifact_key;
                bool queued = lookup(check, key) != NULL;
                for (size_t k = 0; !queued && k < n; k++)
                    queued = strcmp(keys[k], key) == 0;
                if (!queued)
                    keys[n++] = key;
            }
            if (n < BATCH && i < g->count)
                continue;
            kfps_status status = KFPS_OK;
            if (n > 0)
                status = conn->driver->weights(conn, check->table, check->column, keys, n, &g->arena, weights, error);
            for (size_t k = 0; status == KFPS_OK && k < n; k++)
                status = remember(check, keys[k], weights[k], error);
            if (status != KFPS_OK)
                return status;
            n = 0;
        }
    }
    return KFPS_OK;
}

static int compare_used(const void *a, const void *b)
{
    const used_key *x = a, *y = b;
    int order = strcmp(x->task_uuid, y->task_uuid);
    if (order == 0)
        order = x->output - y->output;
    if (order == 0)
        order = strcmp(x->weight, y->weight);
    return order != 0 ? order : strcmp(x->key, y->key);
}

static kfps_status check_run(const collision_check *check, group_run *run, kfpb_arena *arena, kfps_error *error)
{
    const size_t count = run->rows.link_count;
    used_key *used = kfpb_arena_array(arena, count, sizeof *used);
    if (used == NULL)
        return kfpb_fail_no_memory(error);
    for (size_t i = 0; i < count; i++) {
        const kfps_artifact_task *link = &run->rows.links[i];
        used[i] = (used_key){link->task_uuid, link->type >= KFPS_IO_ITERATOR_OUTPUT, link->artifact_key,
                             lookup(check, link->artifact_key)->weight};
    }
    if (count > 1)
        qsort(used, count, sizeof *used, compare_used);
    for (size_t i = 1; i < count; i++) {
        const used_key *a = &used[i - 1], *b = &used[i];
        if (strcmp(a->task_uuid, b->task_uuid) != 0 || a->output != b->output || strcmp(a->weight, b->weight) != 0 ||
            strcmp(a->key, b->key) == 0)
            continue;
        run->outcome = RUN_REJECTED;
        run->reason = NOTE_KEY_COLLISION;
        run->detail = kfpb_arena_printf(arena, "task %s: '%s' and '%s'", a->task_uuid, a->key, b->key);
        note_add(&run->notes, arena, run->reason, "context", run->source->context_id, run->detail);
        break;
    }
    return KFPS_OK;
}

kfps_status collision_find(collision_check *check, kfpb_conn *conn, group *g, kfps_error *error)
{
    if (!check->needed || conn == NULL)
        return KFPS_OK;
    kfps_status status = learn_keys(check, conn, g, error);
    for (size_t i = 0; status == KFPS_OK && i < g->count; i++) {
        if (g->runs[i].outcome == RUN_IMPORTED)
            status = check_run(check, &g->runs[i], &g->arena, error);
    }
    return status;
}

void collision_close(collision_check *check)
{
    key_weight *w, *next;
    HASH_ITER(hh, check->known, w, next)
    {
        HASH_DEL(check->known, w);
        free(w->key);
        free(w->weight);
        free(w);
    }
}
