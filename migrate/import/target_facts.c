/* SPDX-License-Identifier: Apache-2.0 */
/* target_facts.c: what the target has of a group's runs already. */
#include <uthash.h>

#include "migrate/import/loader.h"

/* ---- legacy fingerprints ------------------------------------------------------------------------------------------
 */

static void add_fingerprint(loader *l, const group_run *run, map_legacy_fingerprint fingerprint)
{
    const size_t i = (size_t) (run - l->g->runs);
    size_t n = l->legacy_counts[i];
    if ((n & (n - 1)) == 0) { /* full at each power of two */
        map_legacy_fingerprint *grown = kfpb_arena_array(&l->g->arena, n == 0 ? 1 : n * 2, sizeof *grown);
        if (grown == NULL)
            return;
        if (n > 0)
            memcpy(grown, l->legacy[i], n * sizeof *grown);
        l->legacy[i] = grown;
    }
    l->legacy[i][n] = fingerprint;
    l->legacy_counts[i]++;
}

static void see_fingerprint(void *context, const char *run_uuid, int64_t execution_id, const char *fingerprint)
{
    loader *l = context;
    const char *copy = kfpb_arena_text(&l->g->arena, fingerprint);
    for (group_run *run = loader_run(l, run_uuid, NULL); run != NULL; run = loader_run(l, run_uuid, run))
        add_fingerprint(l, run, (map_legacy_fingerprint){execution_id, copy});
}

static int compare_legacy(const void *a, const void *b)
{
    const map_legacy_fingerprint *x = a, *y = b;
    if (x->execution_id != y->execution_id)
        return x->execution_id < y->execution_id ? -1 : 1;
    return strcmp(x->fingerprint, y->fingerprint);
}

kfps_status loader_find_legacy(loader *l, const char *table, kfps_error *error)
{
    group *g = l->g;
    l->legacy = kfpb_arena_array(&g->arena, g->count, sizeof *l->legacy);
    l->legacy_counts = kfpb_arena_array(&g->arena, g->count, sizeof *l->legacy_counts);
    size_t count;
    const char **uuids = loader_run_uuids(l, false, &count);
    if (l->legacy == NULL || l->legacy_counts == NULL || uuids == NULL)
        return kfpb_fail_no_memory(error);
    if (l->target == NULL || table == NULL || count == 0)
        return KFPS_OK;
    const kfps_status status = target_legacy_fingerprints(l->target, table, uuids, count, see_fingerprint, l, error);
    if (status == KFPS_OK && g->arena.out_of_memory)
        return kfpb_fail_no_memory(error);
    for (size_t i = 0; i < g->count; i++) {
        if (l->legacy_counts[i] > 1)
            qsort(l->legacy[i], l->legacy_counts[i], sizeof **l->legacy, compare_legacy);
    }
    return status;
}

/* ---- what is there already ----------------------------------------------------------------------------------------
 */

typedef struct task_uuid {
    const char *uuid;
    group_run *run;
    UT_hash_handle hh;
} task_uuid;

typedef struct existing {
    loader *l;
    task_uuid *ours;
} existing;

/* Rows are rare here: the table is made when the first one comes. False without memory. */
static bool index_tasks(existing *all)
{
    for (size_t i = 0; i < all->l->g->count; i++) {
        group_run *run = &all->l->g->runs[i];
        for (size_t j = 0; j < run->rows.task_count; j++) {
            task_uuid *t = kfpb_arena_alloc(&all->l->g->arena, sizeof *t);
            if (t == NULL)
                return false;
            t->uuid = run->rows.tasks[j].uuid;
            t->run = run;
            HASH_ADD_KEYPTR(hh, all->ours, t->uuid, strlen(t->uuid), t);
        }
    }
    return true;
}

static void see_task(void *context, const char *run_uuid, const char *uuid)
{
    existing *all = context;
    loader *l = all->l;
    const bool native = !target_is_derived(uuid);
    for (group_run *run = loader_run(l, run_uuid, NULL); native && run != NULL; run = loader_run(l, run_uuid, run)) {
        if (run->outcome == RUN_IMPORTED)
            loader_reject(l, run, RUN_SKIPPED, NOTE_NATIVE_TASKS, kfpb_arena_printf(&l->g->arena, "task %s", uuid));
    }
    if (native || (all->ours == NULL && !index_tasks(all)))
        return;
    task_uuid *ours = NULL;
    HASH_FIND_STR(all->ours, uuid, ours);
    if (ours != NULL && strcmp(ours->run->row.uuid, run_uuid) == 0)
        ours->run->rows_exist = true;
}

kfps_status loader_find_existing(loader *l, kfps_error *error)
{
    existing all = {.l = l};
    size_t count;
    const char **uuids = loader_run_uuids(l, false, &count);
    if (uuids == NULL)
        return kfpb_fail_no_memory(error);
    if (count == 0)
        return KFPS_OK;
    const kfps_status status = target_existing_tasks(l->target, uuids, count, see_task, &all, error);
    HASH_CLEAR(hh, all.ours);
    return status;
}
