/* SPDX-License-Identifier: Apache-2.0 */
/* target_facts.c: what the target has of a group's runs already. */
#include <inttypes.h>
#include <uthash.h>

#include "migrate/import/loader.h"
#include "migrate/map/ids.h"

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

/* The executions are sorted by id. */
static const mlmd_execution *find_execution(const mlmd_run *run, int64_t id)
{
    size_t low = 0, high = run->execution_count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (run->executions[middle].id < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low < run->execution_count && run->executions[low].id == id ? &run->executions[low] : NULL;
}

/* Whether the mapping looks for a legacy fingerprint of it. */
static bool wants_fingerprint(const mlmd_execution *execution)
{
    const char *own = map_property_text(&execution->properties, "cache_fingerprint");
    return execution->state == MLMD_STATE_COMPLETE && (own == NULL || own[0] == '\0');
}

/* Only those that are used, one for an execution: then a run's digest is the same when they come from its own tasks. */
static void drop_unused(const group_run *run, map_legacy_fingerprint *list, size_t *count)
{
    size_t n = 0;
    if (*count > 1)
        qsort(list, *count, sizeof *list, compare_legacy);
    for (size_t i = 0; i < *count; i++) {
        const mlmd_execution *execution = find_execution(run->source, list[i].execution_id);
        if (execution != NULL && wants_fingerprint(execution) &&
            (n == 0 || list[n - 1].execution_id != list[i].execution_id))
            list[n++] = list[i];
    }
    *count = n;
}

/* Where the legacy table was dropped after an import, the tasks that it went into are all that is left of it. */
typedef struct derived_id {
    const char *uuid;
    const group_run *run;
    int64_t execution_id;
    UT_hash_handle hh;
} derived_id;

typedef struct own_tasks {
    loader *l;
    derived_id *ids;
} own_tasks;

static void see_own_fingerprint(void *context, const char *run_uuid, const char *task_uuid, const char *fingerprint)
{
    own_tasks *own = context;
    derived_id *id = NULL;
    HASH_FIND_STR(own->ids, task_uuid, id);
    if (id != NULL && strcmp(id->run->row.uuid, run_uuid) == 0)
        add_fingerprint(own->l, id->run,
                        (map_legacy_fingerprint){id->execution_id, kfpb_arena_text(&own->l->g->arena, fingerprint)});
}

static kfps_status find_in_own_tasks(loader *l, kfps_error *error)
{
    group *g = l->g;
    own_tasks own = {.l = l};
    const map_options options = {.source_id = l->options->source_id};
    map_context ids = {.options = &options, .arena = &g->arena};
    const char **uuids = kfpb_arena_array(&g->arena, g->count, sizeof *uuids);
    size_t count = 0;
    kfps_status status = uuids != NULL ? KFPS_OK : kfpb_fail_no_memory(error);
    for (size_t i = 0; status == KFPS_OK && i < g->count; i++) {
        const group_run *run = &g->runs[i];
        if (run->before == NULL || run->outcome != RUN_IMPORTED)
            continue;
        uuids[count++] = run->row.uuid;
        for (size_t j = 0; status == KFPS_OK && j < run->source->execution_count; j++) {
            const mlmd_execution *execution = &run->source->executions[j];
            derived_id *id = wants_fingerprint(execution) ? kfpb_arena_alloc(&g->arena, sizeof *id) : NULL;
            if (id == NULL)
                continue;
            id->uuid = map_uuid(&ids, "execution:%" PRId64, execution->id);
            id->run = run;
            id->execution_id = execution->id;
            HASH_ADD_KEYPTR(hh, own.ids, id->uuid, strlen(id->uuid), id);
        }
    }
    if (status == KFPS_OK && count > 0 && own.ids != NULL)
        status = target_task_fingerprints(l->target, uuids, count, see_own_fingerprint, &own, error);
    HASH_CLEAR(hh, own.ids);
    return status;
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
    if (l->target == NULL || count == 0 || (table == NULL && !l->p->legacy_dropped))
        return KFPS_OK;
    const kfps_status status = table != NULL ? target_legacy_fingerprints(l->target, table, uuids, count,
                                                                          see_fingerprint, l, error)
                                             : find_in_own_tasks(l, error);
    if (status == KFPS_OK && g->arena.out_of_memory)
        return kfpb_fail_no_memory(error);
    for (size_t i = 0; i < g->count; i++)
        drop_unused(&g->runs[i], l->legacy[i], &l->legacy_counts[i]);
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
