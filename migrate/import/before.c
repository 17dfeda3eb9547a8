/* SPDX-License-Identifier: Apache-2.0 */
/* before.c: the runs of a group that were imported before. */
#include "migrate/import/ledger.h"
#include "migrate/import/loader.h"
#include "migrate/import/remove.h"
#include "migrate/import/replace.h"
#include "migrate/import/touched.h"

static void see_import(void *context, const ledger_import *entry)
{
    loader *l = context;
    for (size_t i = 0; i < l->g->count; i++) {
        group_run *run = &l->g->runs[i];
        if (run->source->context_id != entry->context_id)
            continue;
        run->before = kfpb_arena_text(&l->g->arena, entry->digest);
        run->was_created = strcmp(entry->reason, LEDGER_RUN_CREATED) == 0;
    }
}

kfps_status loader_find_before(loader *l, const int64_t *context_ids, kfps_error *error)
{
    int64_t *ids = kfpb_arena_array(&l->g->arena, l->g->count, sizeof *ids);
    size_t count = 0;
    if (ids == NULL)
        return kfpb_fail_no_memory(error);
    for (size_t i = 0; i < l->g->count; i++) {
        if (l->g->runs[i].planned->state == PLAN_AGAIN)
            ids[count++] = context_ids[i];
    }
    return count == 0 ? KFPS_OK
                      : ledger_read_imports(l->target, l->options->source_id, ids, count, see_import, l, error);
}

static void see_shared(void *context, const char *run_uuid, const char *rows_digest)
{
    loader *l = context;
    (void) rows_digest;
    for (group_run *run = loader_run(l, run_uuid, NULL); run != NULL; run = loader_run(l, run_uuid, run))
        run->shared = true;
}

kfps_status loader_find_replaced(loader *l, kfps_error *error)
{
    group *g = l->g;
    size_t count = 0;
    const char **uuids = loader_run_uuids(l, true, &count);
    removal_set set = {.arena = &g->arena};
    if (uuids == NULL || (set.runs = kfpb_arena_array(&g->arena, count, sizeof *set.runs)) == NULL)
        return kfpb_fail_no_memory(error);
    if (count == 0)
        return KFPS_OK;
    kfps_status status = ledger_read_shared(l->target, uuids, count, see_shared, l, error);
    for (size_t i = 0; status == KFPS_OK && i < count; i++) {
        bool known = false; /* two contexts may mean one run */
        for (size_t j = 0; j < set.count && !known; j++)
            known = strcmp(set.runs[j].run_uuid, uuids[i]) == 0;
        if (!known)
            set.runs[set.count++].run_uuid = uuids[i];
    }
    if (status == KFPS_OK)
        status = remove_read(l->target, &set, error);
    if (status == KFPS_OK)
        status = touched_find(l->target, &set, error);
    for (size_t i = 0; status == KFPS_OK && i < set.count; i++) {
        group_run *run = loader_run(l, set.runs[i].run_uuid, NULL);
        /* its other context may be written at this moment: the transaction will see */
        if (run->shared && !l->options->dry_run)
            set.runs[i].touched = false;
        for (; touched_by(&set.runs[i]) != NULL && run != NULL; run = loader_run(l, set.runs[i].run_uuid, run)) {
            if (run->replace && run->outcome == RUN_IMPORTED)
                group_leave(g, run, RUN_SKIPPED, NOTE_CHANGED_NATIVE, touched_by(&set.runs[i]));
        }
    }
    return status;
}
