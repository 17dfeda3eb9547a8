/* SPDX-License-Identifier: Apache-2.0 */
#include "migrate/import/group.h"

#include "backends/base/utf8.h"
#include "migrate/import/digest.h"
#include "migrate/import/loader.h"

/* ---- what the steps share --------------------------------------------------------------------------------------- */

group_run *loader_run(const loader *l, const char *run_uuid, const group_run *after)
{
    for (size_t i = after != NULL ? (size_t) (after - l->g->runs) + 1 : 0; i < l->g->count; i++) {
        if (l->g->runs[i].row.uuid != NULL && strcmp(l->g->runs[i].row.uuid, run_uuid) == 0)
            return &l->g->runs[i];
    }
    return NULL;
}

const char **loader_run_uuids(const loader *l, bool replaced, size_t *count)
{
    const char **uuids = kfpb_arena_array(&l->g->arena, l->g->count, sizeof *uuids);
    *count = 0;
    for (size_t i = 0; uuids != NULL && i < l->g->count; i++) {
        if (l->g->runs[i].outcome == RUN_IMPORTED && l->g->runs[i].replace == replaced)
            uuids[(*count)++] = l->g->runs[i].row.uuid;
    }
    return uuids;
}

void group_leave(group *g, group_run *run, run_outcome outcome, note_reason reason, const char *detail)
{
    run->outcome = outcome;
    run->reason = reason;
    run->detail = kfpb_arena_text(&g->arena, detail);
    run->notes = (note_list){0};
    note_add(&run->notes, &g->arena, reason, "context", run->source->context_id, detail);
}

void group_settle(group *g, group_run *run)
{
    if (run->before != NULL && run->outcome == RUN_REJECTED)
        group_leave(g, run, RUN_REJECTED, run->reason, run->detail);
}

void loader_reject(loader *l, group_run *run, run_outcome outcome, note_reason reason, const char *detail)
{
    run->outcome = outcome;
    run->reason = reason;
    run->detail = detail;
    note_add(&run->notes, &l->g->arena, reason, "context", run->source->context_id, detail);
}

/* ---- which runs ---------------------------------------------------------------------------------------------------
 */

static size_t choose_runs(const plan *p, size_t first, size_t *next, size_t batch, int64_t *ids, size_t limit,
                          size_t *executions)
{
    size_t count = 0, i;
    *executions = 0;
    for (i = first; i < p->count && count < limit; i++) {
        const plan_run *run = &p->runs[i];
        if (!plan_is_due(run))
            continue;
        if (count > 0 && *executions + run->executions > batch)
            break;
        ids[count++] = run->context_id;
        *executions += run->executions;
    }
    *next = i;
    return count;
}

static void remember_shared(loader *l, int64_t context_id, int64_t execution_id, note_reason reason)
{
    const size_t n = l->shared_count;
    if ((n & (n - 1)) == 0) { /* full at each power of two */
        shared_execution *grown = kfpb_arena_array(&l->g->arena, n == 0 ? 1 : n * 2, sizeof *grown);
        if (grown == NULL)
            return;
        if (n > 0)
            memcpy(grown, l->shared, n * sizeof *grown);
        l->shared = grown;
    }
    l->shared[n] = (shared_execution){context_id, execution_id, reason};
    l->shared_count++;
}

static bool owns(void *context, int64_t context_id, int64_t execution_id)
{
    loader *l = context;
    size_t count = 0;
    const int64_t *contexts = mlmd_source_contexts_of(l->source, execution_id, &count);
    if (count == 0)
        return true; /* it came after the plan was made: it belongs to the run that is being read */
    const plan_run *owner = plan_owner(l->p, l->source, execution_id);
    const bool ours = owner != NULL && owner->context_id == context_id;
    if (count > 1 && ours)
        remember_shared(l, context_id, execution_id, NOTE_SHARED_EXECUTION);
    else if (count > 1 && owner == NULL && contexts[0] == context_id)
        remember_shared(l, context_id, execution_id, NOTE_SEVERAL_RUNS);
    return ours;
}

static void note_shared(loader *l)
{
    for (size_t i = 0; i < l->shared_count; i++) {
        for (size_t j = 0; j < l->g->count; j++) {
            group_run *run = &l->g->runs[j];
            if (run->source->context_id == l->shared[i].context_id)
                note_add(&run->notes, &l->g->arena, l->shared[i].reason, "execution", l->shared[i].execution_id, NULL);
        }
    }
}

/* ---- the run rows -------------------------------------------------------------------------------------------------
 */

/* M23: a minimal run row for a context that has none. */
static void make_row(group_run *run, const char *uuid)
{
    int64_t first = INT64_MAX, last = 0;
    bool failed = false;
    for (size_t i = 0; i < run->source->execution_count; i++) {
        const mlmd_execution *e = &run->source->executions[i];
        if (e->create_ms > 0 && e->create_ms < first)
            first = e->create_ms;
        if (e->update_ms > last)
            last = e->update_ms;
        if (e->state == MLMD_STATE_FAILED)
            failed = true;
    }
    if (first == INT64_MAX)
        first = run->source->create_ms > 0 ? run->source->create_ms : 0;
    if (last < first)
        last = first;
    run->row = (target_run){
        .found = true,
        .uuid = uuid,
        .run_namespace = "",
        .state = failed ? MAP_RUN_FAILED : MAP_RUN_SUCCEEDED,
        .created_at = first / 1000,
        .finished_at = last / 1000,
    };
    run->create_row = true;
}

/* A run that is made gets its context's name as its key. */
static bool is_run_key(const char *text)
{
    enum { KEY_CHARACTERS = 191 };
    return text[0] != '\0' && kfpb_utf8_count(text, strlen(text)) <= KEY_CHARACTERS;
}

static kfps_status find_rows(loader *l, kfps_error *error)
{
    group *g = l->g;
    target_key *keys = kfpb_arena_array(&g->arena, g->count, sizeof *keys);
    target_run *facts = kfpb_arena_array(&g->arena, g->count, sizeof *facts);
    if (keys == NULL || facts == NULL)
        return kfpb_fail_no_memory(error);
    for (size_t i = 0; i < g->count; i++) {
        const mlmd_run *source = g->runs[i].source;
        keys[i] = plan_key(source->context_type, source->name, source->context_id, l->options->source_id, &g->arena);
    }
    kfps_status status = KFPS_OK;
    if (l->target != NULL)
        status = target_find_runs(l->target, keys, g->count, &g->arena, facts, error);
    for (size_t i = 0; status == KFPS_OK && i < g->count; i++) {
        group_run *run = &g->runs[i];
        run->row = facts[i];
        if (run->before != NULL && !facts[i].found) { /* deleted meanwhile: it stays away */
            run->outcome = RUN_UNCHANGED;
            run->notes = (note_list){0};
        } else if (run->was_created) {
            make_row(run, facts[i].uuid); /* with what MLMD knows now */
        }
        if (run->before != NULL || facts[i].found)
            continue;
        const char *uuid = keys[i].made_uuid != NULL ? keys[i].made_uuid : run->source->name;
        if (!l->options->create_missing_runs)
            loader_reject(l, run, RUN_SKIPPED, NOTE_NO_RUN_ROW, "the run was deleted meanwhile");
        else if (run->source->execution_count == 0)
            loader_reject(l, run, RUN_SKIPPED, NOTE_EMPTY_CONTEXT, NULL);
        else if (!is_run_key(uuid))
            loader_reject(l, run, RUN_REJECTED, NOTE_TARGET_REFUSED,
                          "no run can have this context's name: it is empty, or longer than a run's UUID may be");
        else
            make_row(run, uuid);
    }
    return status;
}

/* ---- mapping ------------------------------------------------------------------------------------------------------
 */

static kfps_status map_one(loader *l, group_run *run, kfps_error *error)
{
    group *g = l->g;
    const size_t i = (size_t) (run - g->runs);
    const map_target target = {
        .run_uuid = run->row.uuid,
        .run_namespace = run->row.run_namespace,
        .state = run->row.state,
        .created_at = run->row.created_at,
        .finished_at = run->row.finished_at,
        .made = run->create_row,
        .legacy = l->legacy[i],
        .legacy_count = l->legacy_counts[i],
        .json_depth = l->json_depth,
    };
    const map_options options = {
        .source_id = l->options->source_id,
        .canceled_is_failed = l->options->canceled_is_failed,
        .any_execution_type = strcmp(run->source->context_type, "system.PipelineRun") != 0,
    };
    import_digest(run->source, &target, &options, run->digest);
    if (run->before != NULL && strcmp(run->before, run->digest) == 0) {
        run->outcome = RUN_UNCHANGED;
        run->notes = (note_list){0};
        return KFPS_OK;
    }
    run->replace = run->before != NULL;
    const kfps_status status = map_run(run->source, &target, &options, &g->arena, &run->rows, &run->notes, error);
    if (status == KFPS_OK)
        rows_digest_run(&run->rows, run->rows_digest);
    if (status == KFPS_OK && run->rows.rejected) {
        run->outcome = RUN_REJECTED;
        const note *last = &run->notes.items[run->notes.count - 1];
        run->reason = last->reason;
        run->detail = last->detail;
    }
    return status;
}

/* ---- the whole ----------------------------------------------------------------------------------------------------
 */

kfps_status group_load(group *g, const plan *p, size_t first, size_t *next, size_t batch, size_t most,
                       mlmd_source *source, kfpb_conn *target, const char *legacy_table, bool upgraded,
                       const import_options *options, int json_depth, kfps_error *error)
{
    enum { MAX_RUNS = 1000 };
    int64_t ids[MAX_RUNS];
    mlmd_run *runs = NULL;
    loader l = {.g = g, .p = p, .source = source, .target = target, .options = options, .json_depth = json_depth};
    g->runs = NULL;
    g->new_artifacts = g->artifacts = 0;
    g->count = choose_runs(p, first, next, batch, ids, most < MAX_RUNS ? most : MAX_RUNS, &g->executions);
    if (g->count == 0)
        return KFPS_OK;
    kfps_status status = mlmd_source_load(source, ids, g->count, owns, &l, &g->arena, &runs, error);
    if (status != KFPS_OK)
        return status;
    g->runs = kfpb_arena_array(&g->arena, g->count, sizeof *g->runs);
    if (g->runs == NULL)
        return kfpb_fail_no_memory(error);
    for (size_t i = 0; i < g->count; i++) {
        g->runs[i].source = &runs[i];
        g->runs[i].planned = plan_find(p, ids[i]);
        g->runs[i].notes = runs[i].notes;
    }
    note_shared(&l);
    if (target != NULL && upgraded)
        status = loader_find_before(&l, ids, error);
    if (status == KFPS_OK)
        status = find_rows(&l, error);
    if (status == KFPS_OK)
        status = loader_find_legacy(&l, legacy_table, error);
    if (status == KFPS_OK && p->several_namespaces)
        status = loader_find_owners(&l, upgraded, error);
    for (size_t i = 0; status == KFPS_OK && i < g->count; i++) {
        if (g->runs[i].outcome == RUN_IMPORTED)
            status = map_one(&l, &g->runs[i], error);
    }
    if (status == KFPS_OK && target != NULL && upgraded)
        status = loader_find_existing(&l, error);
    if (status == KFPS_OK && target != NULL && upgraded)
        status = loader_find_replaced(&l, error);
    if (status == KFPS_OK && g->arena.out_of_memory)
        status = kfpb_fail_no_memory(error);
    return status;
}

size_t group_imported(const group *g)
{
    size_t count = 0;
    for (size_t i = 0; i < g->count; i++)
        count += g->runs[i].outcome == RUN_IMPORTED;
    return count;
}
