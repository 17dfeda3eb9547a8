/* SPDX-License-Identifier: Apache-2.0 */
/* plain.c: one page of runs: the tasks that its executions demand, and what else stands there. */
#include "migrate/verify/plain.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/base/fail.h"
#include "migrate/names.h"
#include "migrate/source/ids.h"

/* ---- tasks ------------------------------------------------------------------------------------------------------- */

static bool same_text(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static bool type_fits(const expect_node *node, int32_t type)
{
    switch (node->kind) {
    case EXPECT_ROOT:
        return type == KFPS_TASK_ROOT;
    case EXPECT_LOOP:
        return type == KFPS_TASK_LOOP;
    case EXPECT_RUNTIME:
        return type == KFPS_TASK_RUNTIME;
    case EXPECT_IMPORTER:
        return type == KFPS_TASK_IMPORTER;
    default:
        return type == KFPS_TASK_CONDITION_BRANCH || type == KFPS_TASK_CONDITION || type == KFPS_TASK_EXIT_HANDLER ||
               type == KFPS_TASK_DAG;
    }
}

/* Only what was completed may be a cache entry; where MLMD has no fingerprint the legacy table may have had one. */
static bool fingerprint_fits(const expect_node *node, const char *found)
{
    enum { LIMIT = 255 };
    const char *own = node->execution->fingerprint;
    if (node->kind != EXPECT_RUNTIME || node->execution->state != MLMD_STATE_COMPLETE)
        return found[0] == '\0';
    if (own == NULL || own[0] == '\0' || strlen(own) > LIMIT)
        return true;
    return strcmp(own, found) == 0;
}

static void compare_task(plain_run *run, const expect_node *node, const verify_task *task)
{
    verify_job *job = run->job;
    const int32_t state = expect_state(job, node);
    const char *name = expect_name(node);
    const char *parent = node->parent != NULL ? node->parent->stand_in->uuid : NULL;
#define DIFFERS(...) verify_say(job, run->facts, run->name, VERIFY_TASK_CHANGED, task->uuid, __VA_ARGS__)
    if (state != KFPS_TASK_STATE_UNSPECIFIED && state != task->state)
        DIFFERS("State is %s, should be %s", name_of_task_state(task->state), name_of_task_state(state));
    if (!type_fits(node, task->type))
        DIFFERS("Type is %s, which its execution is not", name_of_task_type(task->type));
    if (name != NULL && strcmp(name, task->name) != 0)
        DIFFERS("Name differs");
    if (!fingerprint_fits(node, task->fingerprint))
        DIFFERS("Fingerprint differs");
    if (!node->odd && !same_text(parent, task->parent))
        DIFFERS("ParentTaskUUID differs");
    if (strcmp(task->task_namespace, run->facts->run_namespace) != 0)
        DIFFERS("Namespace is not that of its run");
#undef DIFFERS
}

/* Executions without a task here: perhaps they belonged to several runs. */
typedef struct missing {
    int64_t id; /* first: sorted by it */
    plain_run *run;
    expect_node *node;
    size_t contexts;
} missing;

typedef struct missing_list {
    missing *items;
    size_t count, capacity;
} missing_list;

static bool add_missing(verify_job *job, missing_list *list, plain_run *run, expect_node *node)
{
    if (list->count == list->capacity) {
        const size_t capacity = list->capacity == 0 ? 64 : list->capacity * 2;
        missing *items = kfpb_arena_array(job->arena, capacity, sizeof *items);
        if (items == NULL)
            return false;
        if (list->count > 0)
            memcpy(items, list->items, list->count * sizeof *items);
        list->items = items;
        list->capacity = capacity;
    }
    list->items[list->count++] = (missing){node->id, run, node, 0};
    return true;
}

static void count_context(void *context, int64_t execution_id, const char *name)
{
    (void) name;
    missing_list *list = context;
    for (size_t i = mlmd_lower_bound(list->items, list->count, sizeof *list->items, execution_id);
         i < list->count && list->items[i].id == execution_id; i++)
        list->items[i].contexts++;
}

static kfps_status settle_missing(verify_job *job, missing_list *list)
{
    if (list->count == 0)
        return KFPS_OK;
    int64_t *ids = kfpb_arena_array(job->arena, list->count, sizeof *ids);
    if (ids == NULL)
        return kfpb_fail_no_memory(job->error);
    qsort(list->items, list->count, sizeof *list->items, mlmd_compare_ids);
    for (size_t i = 0; i < list->count; i++)
        ids[i] = list->items[i].id;
    job->side = CLI_SOURCE;
    const kfps_status status = mlmd_audit_contexts(job->source, ids, list->count, count_context, list, job->error);
    job->side = CLI_TARGET;
    for (size_t i = 0; i < list->count; i++) {
        missing *m = &list->items[i];
        m->node->absent = true;
        /* of several runs one has it, or none where that cannot be told */
        if (m->contexts > 1)
            continue;
        job->result->tasks.expected++;
        verify_say(job, m->run->facts, m->run->name, VERIFY_TASK_MISSING, m->node->uuid, "execution %lld has no task",
                   (long long) m->node->id);
    }
    return status;
}

static kfps_status compare_tasks(verify_job *job, plain_run *runs, size_t count, verify_rows *rows)
{
    missing_list list = {0};
    for (size_t i = 0; i < count; i++) {
        plain_run *run = &runs[i];
        for (size_t k = 0; k < run->expected.count; k++) {
            expect_node *node = &run->expected.nodes[k];
            job->result->executions++;
            if (node->uuid == NULL)
                continue;
            verify_task *task = verify_find_task(rows, node->uuid);
            if (task == NULL || strcmp(task->run, run->facts->uuid) != 0) {
                if (node->odd && node->kind == EXPECT_ITERATION)
                    continue;
                if (!add_missing(job, &list, run, node))
                    return kfpb_fail_no_memory(job->error);
                continue;
            }
            task->expected = true;
            job->result->tasks.expected++;
            job->result->tasks.found++;
            compare_task(run, node, task);
        }
    }
    return settle_missing(job, &list);
}

/* A chain of parents that the import had to cut may have made a task of an iteration. */
static bool is_cut_iteration(plain_run *run, const char *uuid)
{
    for (size_t k = 0; k < run->expected.count; k++) {
        const expect_node *node = &run->expected.nodes[k];
        if (node->kind == EXPECT_ITERATION && node->odd &&
            strcmp(verify_uuid(run->job, "execution:%lld", (long long) node->id), uuid) == 0)
            return true;
    }
    return false;
}

static plain_run *run_of(plain_run *runs, size_t count, const char *uuid)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(runs[i].facts->uuid, uuid) == 0)
            return &runs[i];
    }
    return NULL;
}

static void find_extra_tasks(verify_job *job, plain_run *runs, size_t count, const verify_rows *rows)
{
    for (size_t i = 0; i < rows->task_count; i++) {
        const verify_task *task = &rows->tasks[i];
        plain_run *run = task->expected ? NULL : run_of(runs, count, task->run);
        /* another context of the same run row may have brought it */
        if (run == NULL || run->facts->shared || is_cut_iteration(run, task->uuid))
            continue;
        job->result->tasks.found++;
        verify_say(job, run->facts, run->name, VERIFY_TASK_EXTRA, task->uuid, "no execution of the run is behind it");
    }
}

/* ---- the page ---------------------------------------------------------------------------------------------------- */

static void count_reason(verify_job *job, const verify_run_facts *fact)
{
    verify_result *result = job->result;
    const bool rejected = fact->outcome == VERIFY_REJECTED;
    size_t i = 0;
    (rejected ? &result->rejected : &result->skipped)[0]++;
    while (i < result->reason_count &&
           (result->reasons[i].rejected != rejected || strcmp(result->reasons[i].reason, fact->reason) != 0))
        i++;
    if (i == VERIFY_REASONS)
        return;
    if (i == result->reason_count) {
        result->reason_count++;
        snprintf(result->reasons[i].reason, sizeof result->reasons[i].reason, "%s", fact->reason);
        result->reasons[i].rejected = rejected;
    }
    result->reasons[i].runs++;
}

/* What became of the run as a whole; true: its rows are to be compared. */
static bool judge_run(verify_job *job, const mlmd_audit_run *run, verify_run_facts *fact)
{
    const bool kfp = strcmp(run->type, "system.PipelineRun") == 0;
    job->result->runs++;
    switch (fact->outcome) {
    case VERIFY_IMPORTED:
        if (kfp && strcmp(fact->uuid, run->name) != 0)
            verify_say(job, fact, run->name, VERIFY_RUN_CHANGED, fact->uuid, "it was imported into another run's row");
        if (fact->run_namespace == NULL)
            job->result->deleted++;
        else
            job->result->compared++;
        return fact->run_namespace != NULL;
    case VERIFY_SKIPPED:
    case VERIFY_REJECTED:
        count_reason(job, fact);
        if (kfp && fact->run_namespace != NULL && strcmp(fact->reason, "no-run-row") == 0)
            verify_say(job, fact, run->name, VERIFY_RUN_MISSING, NULL,
                       "it was skipped for want of a row in run_details, which is there now: import again");
        return false;
    default:
        verify_say(job, fact, run->name, VERIFY_RUN_MISSING, NULL, "it was not imported: import again");
        return false;
    }
}

kfps_status verify_plain_page(verify_job *job, const mlmd_audit *page, verify_run_facts *facts)
{
    plain_run *runs = kfpb_arena_array(job->arena, page->run_count, sizeof *runs);
    const char **uuids = kfpb_arena_array(job->arena, page->run_count, sizeof *uuids);
    verify_rows rows = {0};
    size_t count = 0;
    if (runs == NULL || uuids == NULL)
        return kfpb_fail_no_memory(job->error);
    for (size_t i = 0; i < page->run_count; i++) {
        if (!judge_run(job, &page->runs[i], &facts[i]))
            continue;
        runs[count] = (plain_run){.job = job, .name = page->runs[i].name, .page = page, .facts = &facts[i]};
        if (!expect_build(job, page, &page->runs[i], &runs[count].expected))
            return kfpb_fail_no_memory(job->error);
        uuids[count] = facts[i].uuid;
        count++;
    }
    kfps_status status = verify_read_tasks(job, uuids, count, &rows);
    if (status == KFPS_OK)
        status = verify_read_links(job, uuids, count, &rows);
    if (status == KFPS_OK)
        status = compare_tasks(job, runs, count, &rows);
    if (status == KFPS_OK) {
        find_extra_tasks(job, runs, count, &rows);
        status = plain_compare_links(job, runs, count, &rows);
    }
    return status;
}
