/* SPDX-License-Identifier: Apache-2.0 */
/* deep.c: a page of runs through the reader and the mapper, as the import has them. */
#include "migrate/verify/deep.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "backends/base/fail.h"
#include "libkfpstore/tables.h"
#include "migrate/import/ledger.h"
#include "migrate/import/target.h"

typedef struct deep_run {
    mlmd_run *source;
    verify_run_facts *facts;
    target_run row;
    map_legacy_fingerprint *legacy;
    size_t legacy_count;
    map_rows rows;
} deep_run;

typedef struct deep_page {
    verify_job *job;
    deep_run *runs;
    size_t count;
} deep_page;

/* ---- before the first page --------------------------------------------------------------------------------------- */

kfps_status verify_deep_open(verify_job *job)
{
    job->plan = calloc(1, sizeof *job->plan);
    if (job->plan == NULL)
        return kfpb_fail_no_memory(job->error);
    return plan_build(job->plan, job->source, job->target, true, job->options->import, job->error);
}

void verify_deep_close(verify_job *job)
{
    if (job->plan != NULL)
        plan_free(job->plan);
    free(job->plan);
    job->plan = NULL;
}

/* ---- what the mapper is told ------------------------------------------------------------------------------------- */

/* An execution of several run contexts is where the plan puts it; one that came after the census is where it is read.
 */
static bool owns(void *context, int64_t context_id, int64_t execution_id)
{
    const verify_job *job = context;
    size_t count = 0;
    mlmd_source_contexts_of(job->source, execution_id, &count);
    if (count == 0)
        return true;
    const plan_run *owner = plan_owner(job->plan, job->source, execution_id);
    return owner != NULL && owner->context_id == context_id;
}

static kfps_status find_rows(deep_page *page)
{
    verify_job *job = page->job;
    target_key *keys = kfpb_arena_array(job->arena, page->count, sizeof *keys);
    target_run *found = kfpb_arena_array(job->arena, page->count, sizeof *found);
    if (keys == NULL || found == NULL)
        return kfpb_fail_no_memory(job->error);
    for (size_t i = 0; i < page->count; i++) {
        const mlmd_run *run = page->runs[i].source;
        keys[i] = plan_key(run->context_type, run->name, run->context_id, job->options->import->source_id, job->arena);
    }
    const kfps_status status = target_find_runs(job->target, keys, page->count, job->arena, found, job->error);
    for (size_t i = 0; i < page->count; i++)
        page->runs[i].row = found[i];
    return status;
}

static void see_fingerprint(void *context, const char *run_uuid, int64_t execution_id, const char *fingerprint)
{
    deep_page *page = context;
    kfpb_arena *arena = page->job->arena;
    for (size_t i = 0; i < page->count; i++) {
        deep_run *run = &page->runs[i];
        if (!run->row.found || strcmp(run->row.uuid, run_uuid) != 0)
            continue;
        const size_t n = run->legacy_count;
        if ((n & (n - 1)) == 0) { /* full at each power of two */
            map_legacy_fingerprint *grown = kfpb_arena_array(arena, n == 0 ? 1 : n * 2, sizeof *grown);
            if (grown == NULL)
                return;
            if (n > 0)
                memcpy(grown, run->legacy, n * sizeof *grown);
            run->legacy = grown;
        }
        run->legacy[run->legacy_count++] = (map_legacy_fingerprint){execution_id, kfpb_arena_text(arena, fingerprint)};
    }
}

static int compare_legacy(const void *a, const void *b)
{
    const map_legacy_fingerprint *x = a, *y = b;
    if (x->execution_id != y->execution_id)
        return x->execution_id < y->execution_id ? -1 : 1;
    return strcmp(x->fingerprint, y->fingerprint);
}

static kfps_status find_legacy(deep_page *page)
{
    verify_job *job = page->job;
    const char **uuids = kfpb_arena_array(job->arena, page->count, sizeof *uuids);
    size_t count = 0;
    if (uuids == NULL)
        return kfpb_fail_no_memory(job->error);
    for (size_t i = 0; i < page->count; i++) {
        if (page->runs[i].row.found)
            uuids[count++] = page->runs[i].row.uuid;
    }
    if (job->legacy_table == NULL || count == 0)
        return KFPS_OK;
    const kfps_status status = target_legacy_fingerprints(job->target, job->legacy_table, uuids, count, see_fingerprint,
                                                          page, job->error);
    if (status == KFPS_OK && job->arena->out_of_memory)
        return kfpb_fail_no_memory(job->error);
    for (size_t i = 0; i < page->count; i++) {
        if (page->runs[i].legacy_count > 1)
            qsort(page->runs[i].legacy, page->runs[i].legacy_count, sizeof *page->runs[i].legacy, compare_legacy);
    }
    return status;
}

/* ---- whose the plain ids of artifacts are ------------------------------------------------------------------------ */

typedef struct owner {
    int64_t id;
    const char *uuid;
    const char *existing;     /* the namespace of the row with the plain id */
    const plan_run *smallest; /* the run that links it, with the smallest context id */
    UT_hash_handle by_id, by_uuid;
} owner;

typedef struct owners {
    verify_job *job;
    owner *ids, *uuids;
} owners;

static void see_artifact(void *context, const char *uuid, const char *artifact_namespace)
{
    owners *all = context;
    owner *o = NULL;
    HASH_FIND(by_uuid, all->uuids, uuid, strlen(uuid), o);
    if (o != NULL)
        o->existing = kfpb_arena_text(all->job->arena, artifact_namespace);
}

static void see_link(void *context, int64_t artifact_id, int64_t execution_id)
{
    owners *all = context;
    owner *o = NULL;
    HASH_FIND(by_id, all->ids, &artifact_id, sizeof artifact_id, o);
    const plan_run *run = o != NULL ? plan_owner(all->job->plan, all->job->source, execution_id) : NULL;
    if (run != NULL && (run->flags & PLAN_GONE) == 0 &&
        (o->smallest == NULL || run->context_id < o->smallest->context_id))
        o->smallest = run;
}

/* Every artifact of the page once; false without memory. */
static bool gather_owners(const deep_page *page, owners *all, int64_t **ids, const char ***uuids, size_t *count)
{
    kfpb_arena *arena = page->job->arena;
    size_t total = 0;
    for (size_t i = 0; i < page->count; i++)
        total += page->runs[i].source->artifact_count;
    *count = 0;
    *ids = kfpb_arena_array(arena, total, sizeof **ids);
    *uuids = kfpb_arena_array(arena, total, sizeof **uuids);
    for (size_t i = 0; i < page->count && *ids != NULL && *uuids != NULL; i++) {
        for (size_t k = 0; k < page->runs[i].source->artifact_count; k++) {
            const int64_t id = page->runs[i].source->artifacts[k].id;
            owner *o = NULL;
            HASH_FIND(by_id, all->ids, &id, sizeof id, o);
            if (o != NULL)
                continue;
            if ((o = kfpb_arena_alloc(arena, sizeof *o)) == NULL)
                return false;
            o->id = (*ids)[*count] = id;
            o->uuid = (*uuids)[*count] = verify_uuid(page->job, "artifact:%" PRId64, id);
            (*count)++;
            HASH_ADD(by_id, all->ids, id, sizeof o->id, o);
            HASH_ADD_KEYPTR(by_uuid, all->uuids, o->uuid, strlen(o->uuid), o);
        }
    }
    return *ids != NULL && *uuids != NULL;
}

static kfps_status find_owners(deep_page *page)
{
    verify_job *job = page->job;
    owners all = {.job = job};
    int64_t *ids = NULL;
    const char **uuids = NULL;
    size_t count = 0;
    kfps_status status = KFPS_OK;
    if (!job->plan->several_namespaces)
        return KFPS_OK;
    if (!gather_owners(page, &all, &ids, &uuids, &count))
        status = kfpb_fail_no_memory(job->error);
    if (status == KFPS_OK && count > 0)
        status = target_existing_artifacts(job->target, uuids, count, see_artifact, &all, job->error);
    job->side = CLI_SOURCE;
    if (status == KFPS_OK && count > 0)
        status = mlmd_source_links_of(job->source, ids, count, see_link, &all, job->error);
    job->side = CLI_TARGET;
    for (size_t i = 0; i < page->count && status == KFPS_OK; i++) {
        for (size_t k = 0; k < page->runs[i].source->artifact_count; k++) {
            mlmd_artifact *artifact = &page->runs[i].source->artifacts[k];
            owner *o = NULL;
            HASH_FIND(by_id, all.ids, &artifact->id, sizeof artifact->id, o);
            if (o->existing != NULL)
                artifact->owner_namespace = o->existing;
            else if (o->smallest != NULL)
                artifact->owner_namespace = job->plan->namespaces[o->smallest->run_namespace];
        }
    }
    HASH_CLEAR(by_id, all.ids);
    HASH_CLEAR(by_uuid, all.uuids);
    return status;
}

/* ---- mapping and comparing --------------------------------------------------------------------------------------- */

static kfps_status map_one(verify_job *job, deep_run *run)
{
    note_list notes = run->source->notes;
    const map_target target = {
        .run_uuid = run->row.uuid,
        .run_namespace = run->row.run_namespace,
        .state = run->row.state,
        .created_at = run->row.created_at,
        .finished_at = run->row.finished_at,
        .legacy = run->legacy,
        .legacy_count = run->legacy_count,
        .json_depth = job->target->limits.json_depth,
        .made = strcmp(run->facts->reason, LEDGER_RUN_CREATED) == 0,
    };
    const map_options options = {
        .source_id = job->options->import->source_id,
        .canceled_is_failed = job->options->import->canceled_is_failed,
        .any_execution_type = strcmp(run->source->context_type, "system.PipelineRun") != 0,
    };
    const kfps_status status = map_run(run->source, &target, &options, job->arena, &run->rows, &notes, job->error);
    if (status == KFPS_OK && run->rows.rejected)
        verify_say(job, run->facts, run->source->name, VERIFY_RUN_CHANGED, NULL,
                   "it was imported, and would be refused today");
    return status;
}

typedef struct slice {
    const char *const *first_uuid; /* of the first record: each begins with it */
    size_t size, count;
} slice;

static slice slice_of(const map_rows *rows, const kfpb_table *table)
{
    if (table == &kfpsi_tasks)
        return (slice){&rows->tasks->uuid, sizeof *rows->tasks, rows->task_count};
    if (table == &kfpsi_artifacts)
        return (slice){&rows->artifacts->uuid, sizeof *rows->artifacts, rows->artifact_count};
    return (slice){&rows->links->uuid, sizeof *rows->links, rows->link_count};
}

static bool gather(deep_page *page, const kfpb_table *table, bool once, deep_rows *out)
{
    verify_job *job = page->job;
    size_t total = 0;
    for (size_t i = 0; i < page->count; i++)
        total += slice_of(&page->runs[i].rows, table).count;
    *out = (deep_rows){.items = kfpb_arena_array(job->arena, total, sizeof *out->items)};
    for (size_t i = 0; i < page->count && out->items != NULL; i++) {
        const slice s = slice_of(&page->runs[i].rows, table);
        for (size_t k = 0; k < s.count; k++) {
            const char *record = (const char *) s.first_uuid + k * s.size;
            const char *uuid = *(const char *const *) (const void *) record;
            if (once && seen_before(&job->deep_met, uuid) != 0)
                continue;
            out->items[out->count++] = (deep_row){
                .uuid = uuid, .record = record, .facts = page->runs[i].facts, .name = page->runs[i].source->name};
        }
    }
    return out->items != NULL;
}

static kfps_status compare_page(deep_page *page, verify_run_facts *facts, size_t fact_count)
{
    static const deep_table tables[] = {
        {&kfpsi_tasks, "RunUUID", VERIFY_TASK_MISSING, VERIFY_TASK_EXTRA, VERIFY_TASK_CHANGED, true},
        {&kfpsi_artifacts, "UUID", VERIFY_ARTIFACT_MISSING, VERIFY_ARTIFACT_MISSING, VERIFY_ARTIFACT_CHANGED, false},
        {&kfpsi_artifact_tasks, "RunUUID", VERIFY_LINK_MISSING, VERIFY_LINK_EXTRA, VERIFY_LINK_CHANGED, true},
    };
    verify_job *job = page->job;
    const char **runs = kfpb_arena_array(job->arena, page->count, sizeof *runs);
    kfps_status status = runs != NULL ? KFPS_OK : kfpb_fail_no_memory(job->error);
    for (size_t i = 0; i < page->count && runs != NULL; i++)
        runs[i] = page->runs[i].facts->uuid;
    for (size_t t = 0; t < sizeof tables / sizeof *tables && status == KFPS_OK; t++) {
        deep_rows rows;
        const char **keys = runs;
        size_t count = page->count;
        if (!gather(page, tables[t].table, !tables[t].extras, &rows))
            return kfpb_fail_no_memory(job->error);
        if (!tables[t].extras) {
            keys = kfpb_arena_array(job->arena, rows.count, sizeof *keys);
            count = rows.count;
            for (size_t i = 0; i < count && keys != NULL; i++)
                keys[i] = rows.items[i].uuid;
        }
        status = keys != NULL ? deep_compare_rows(job, &tables[t], keys, count, &rows, facts, fact_count)
                              : kfpb_fail_no_memory(job->error);
    }
    return status;
}

kfps_status verify_deep_page(verify_job *job, const mlmd_audit *audit, verify_run_facts *facts)
{
    deep_page page = {.job = job, .runs = kfpb_arena_array(job->arena, audit->run_count, sizeof *page.runs)};
    int64_t *ids = kfpb_arena_array(job->arena, audit->run_count, sizeof *ids);
    mlmd_run *loaded = NULL;
    if (page.runs == NULL || ids == NULL)
        return kfpb_fail_no_memory(job->error);
    for (size_t i = 0; i < audit->run_count; i++) {
        facts[i].mapped = facts[i].outcome == VERIFY_IMPORTED && facts[i].run_namespace != NULL;
        if (!facts[i].mapped)
            continue;
        ids[page.count] = facts[i].context_id;
        page.runs[page.count++].facts = &facts[i];
    }
    if (page.count == 0)
        return KFPS_OK;
    job->side = CLI_SOURCE;
    kfps_status status = mlmd_source_load(job->source, ids, page.count, owns, job, job->arena, &loaded, job->error);
    job->side = CLI_TARGET;
    for (size_t i = 0; i < page.count && status == KFPS_OK; i++)
        page.runs[i].source = &loaded[i];
    if (status == KFPS_OK)
        status = find_rows(&page);
    if (status == KFPS_OK)
        status = find_legacy(&page);
    if (status == KFPS_OK)
        status = find_owners(&page);
    for (size_t i = 0; i < page.count && status == KFPS_OK; i++) {
        if (page.runs[i].row.found)
            status = map_one(job, &page.runs[i]);
    }
    return status == KFPS_OK ? compare_page(&page, facts, audit->run_count) : status;
}
