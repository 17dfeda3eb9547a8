/* SPDX-License-Identifier: Apache-2.0 */
/* plain_links.c: the links that a run's events demand, and the artifacts at their other end. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "backends/base/fail.h"
#include "backends/base/utf8.h"
#include "kfpstore/identity.h"
#include "migrate/source/ids.h"
#include "migrate/verify/plain.h"

typedef enum way { NEITHER, READS, WRITES } way;

static way way_of(int type)
{
    static const way ways[] = {
        [MLMD_EVENT_DECLARED_OUTPUT] = WRITES, [MLMD_EVENT_OUTPUT] = WRITES, [MLMD_EVENT_INTERNAL_OUTPUT] = WRITES,
        [MLMD_EVENT_DECLARED_INPUT] = READS,   [MLMD_EVENT_INPUT] = READS,   [MLMD_EVENT_INTERNAL_INPUT] = READS,
        [MLMD_EVENT_PENDING_OUTPUT] = NEITHER};
    return type >= 0 && (size_t) type < sizeof ways / sizeof *ways ? ways[type] : NEITHER;
}

/* Inputs are 1 to 7. */
static bool type_fits(way direction, int32_t type)
{
    return direction == WRITES ? type >= KFPS_IO_ITERATOR_OUTPUT && type <= KFPS_IO_ONE_OF_OUTPUT
                               : type >= KFPS_IO_COMPONENT_DEFAULT_INPUT && type <= KFPS_IO_ITERATOR_INPUT_RAW;
}

/* An event with the row of the artifact that one of its links leads to. */
typedef struct demand {
    plain_run *run;
    const expect_node *node;
    const mlmd_audit_event *event;
    const mlmd_audit_artifact *artifact;
    size_t metric; /* of artifact->metrics; SIZE_MAX: no metric */
    way direction;
} demand;

static size_t first_event(const mlmd_audit *page, int64_t execution_id)
{
    size_t low = 0, high = page->event_count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (page->events[middle].execution_id < execution_id)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static const char *link_uuid(const demand *d)
{
    verify_job *job = d->run->job;
    if (d->metric == SIZE_MAX || d->metric == 0)
        return verify_uuid(job, "event:%" PRId64, d->event->id);
    return verify_uuid(job, "event:%" PRId64 ":metric:%s", d->event->id, d->artifact->metrics[d->metric].key);
}

/* The artifact's row, or the one of a second namespace. */
static const char *artifact_uuid(const demand *d, bool other_namespace)
{
    verify_job *job = d->run->job;
    const char *where = d->run->facts->run_namespace;
    const char *stem = other_namespace
                           ? kfpb_arena_printf(job->arena, "artifact:%" PRId64 ":ns:%s", d->artifact->id, where)
                           : kfpb_arena_printf(job->arena, "artifact:%" PRId64, d->artifact->id);
    if (stem == NULL)
        return "";
    if (d->metric == SIZE_MAX || d->metric == 0)
        return verify_uuid(job, "%s", stem);
    return verify_uuid(job, "%s:metric:%s", stem, d->artifact->metrics[d->metric].key);
}

/* Of events that are one to the table's unique index the import keeps one: another event of the same execution,
 * artifact and direction, or what an iteration's LOOP has. */
static bool is_repeated(const demand *d, const verify_rows *rows)
{
    const mlmd_audit *page = d->run->page;
    verify_job *job = d->run->job;
    for (size_t i = first_event(page, d->event->execution_id);
         i < page->event_count && page->events[i].execution_id == d->event->execution_id; i++) {
        const mlmd_audit_event *other = &page->events[i];
        if (other->id != d->event->id && other->artifact_id == d->event->artifact_id &&
            way_of(other->type) == d->direction &&
            verify_find_link(rows, verify_uuid(job, "event:%" PRId64, other->id)) != NULL)
            return true;
    }
    if (d->node->kind != EXPECT_ITERATION)
        return false;
    const char *plain = artifact_uuid(d, false), *split = artifact_uuid(d, true);
    for (size_t i = 0; i < rows->link_count; i++) {
        const verify_link *link = &rows->links[i];
        if (strcmp(link->task, d->node->stand_in->uuid) == 0 && type_fits(d->direction, link->type) &&
            link->iteration == d->node->iteration &&
            (strcmp(link->artifact, plain) == 0 || strcmp(link->artifact, split) == 0))
            return true;
    }
    return false;
}

/* True for a UUID that was not met before. */
static bool is_new(verify_job *job, seen_artifacts *set, const char *uuid)
{
    const int before = seen_before(set, uuid);
    job->arena->out_of_memory |= before < 0;
    return before == 0;
}

/* `first`: of the links that lead to it. */
static void compare_artifact(const demand *d, const verify_artifact *row, bool first)
{
    enum { URI_LIMIT = 2048 };
    plain_run *run = d->run;
    const mlmd_audit_artifact *a = d->artifact;
#define DIFFERS(...) verify_say(run->job, run->facts, run->name, VERIFY_ARTIFACT_CHANGED, row->uuid, __VA_ARGS__)
    if (strcmp(row->artifact_namespace, run->facts->run_namespace) != 0)
        DIFFERS("Namespace is not that of the run");
    if (!first)
        return;
    if (!row->listed)
        DIFFERS("it is not in kfpstore_migrated_artifact, so that nothing would ever take it back");
    if (d->metric != SIZE_MAX) {
        const double value = a->metrics[d->metric].value;
        if (row->has_number != (isfinite(value) != 0) || (row->has_number && row->number != value))
            DIFFERS("NumberValue differs");
        return;
    }
    char hash[KFPS_HASH_SIZE] = "";
    const bool kept = a->uri != NULL && a->uri[0] != '\0' && kfpb_utf8_count(a->uri, strlen(a->uri)) <= URI_LIMIT;
    if (kept)
        kfps_uri_hash(a->uri, hash);
    if (kept != (row->uri != NULL) || (kept && strcmp(a->uri, row->uri) != 0))
        DIFFERS("URI differs");
    else if (strcmp(hash, row->uri_hash) != 0)
        DIFFERS("URIHash differs");
    if (row->has_number)
        DIFFERS("NumberValue differs");
#undef DIFFERS
}

static void compare_link(const demand *d, const verify_link *link, const verify_rows *rows)
{
    plain_run *run = d->run;
    verify_job *job = run->job;
    const char *wanted = artifact_uuid(d, false);
#define DIFFERS(...) verify_say(job, run->facts, run->name, VERIFY_LINK_CHANGED, link->uuid, __VA_ARGS__)
    if (strcmp(link->task, d->node->stand_in->uuid) != 0)
        DIFFERS("it is of another task");
    if (!type_fits(d->direction, link->type))
        DIFFERS("Type is %d, and its event is an %s", (int) link->type, d->direction == WRITES ? "output" : "input");
    if (!d->node->odd && (d->direction == WRITES || d->node->kind == EXPECT_ITERATION) &&
        link->iteration != d->node->iteration)
        DIFFERS("Iteration differs");
    if (strcmp(link->artifact, wanted) != 0)
        wanted = artifact_uuid(d, true);
    const bool first = is_new(job, &job->met, wanted);
    job->result->artifacts.expected += first;
    if (strcmp(link->artifact, wanted) != 0) {
        DIFFERS("it leads to another artifact");
        return;
    }
#undef DIFFERS
    const verify_artifact *row = verify_find_artifact(rows, wanted);
    if (row == NULL) {
        if (first)
            verify_say(job, run->facts, run->name, VERIFY_ARTIFACT_MISSING, wanted, "artifact %lld has no row",
                       (long long) d->artifact->id);
        return;
    }
    job->result->artifacts.found += first;
    compare_artifact(d, row, first);
}

static void meet_demand(const demand *d, const verify_rows *rows)
{
    plain_run *run = d->run;
    const char *uuid = link_uuid(d);
    verify_link *link = verify_find_link(rows, uuid);
    if (link == NULL || strcmp(link->run, run->facts->uuid) != 0) {
        if (is_repeated(d, rows))
            return;
        run->job->result->links.expected++;
        verify_say(run->job, run->facts, run->name, VERIFY_LINK_MISSING, uuid, "event %lld has no link",
                   (long long) d->event->id);
        return;
    }
    link->expected = true;
    run->job->result->links.expected++;
    run->job->result->links.found++;
    compare_link(d, link, rows);
}

static void compare_events(plain_run *run, const expect_node *node, const verify_rows *rows)
{
    const mlmd_audit *page = run->page;
    for (size_t i = first_event(page, node->id); i < page->event_count && page->events[i].execution_id == node->id;
         i++) {
        const mlmd_audit_event *event = &page->events[i];
        demand d = {.run = run,
                    .node = node,
                    .event = event,
                    .artifact = mlmd_audit_artifact_of(page, event->artifact_id),
                    .metric = SIZE_MAX,
                    .direction = way_of(event->type)};
        run->job->result->events++;
        if (d.artifact == NULL || d.direction == NEITHER)
            continue;
        for (size_t m = 0; m < d.artifact->metric_count; m++) {
            d.metric = m;
            meet_demand(&d, rows);
        }
        if (d.artifact->metric_count == 0)
            meet_demand(&d, rows);
    }
}

/* ---- what is linked beside that ---------------------------------------------------------------------------------- */

/* The id of a propagated link is made of what it says: one that was altered does not fit it any more. */
static bool is_propagated(verify_job *job, const verify_link *link)
{
    if (link->type < KFPS_IO_ITERATOR_OUTPUT || link->type > KFPS_IO_ONE_OF_OUTPUT)
        return false;
    return strcmp(link->uuid, verify_uuid(job, "link:%s:%s:%" PRId32 ":%" PRId64 ":%s", link->artifact, link->task,
                                          link->type, link->iteration, link->key)) == 0;
}

static void find_extra_links(verify_job *job, plain_run *runs, size_t count, const verify_rows *rows)
{
    for (size_t i = 0; i < rows->link_count; i++) {
        const verify_link *link = &rows->links[i];
        plain_run *run = NULL;
        for (size_t k = 0; k < count && run == NULL && !link->expected; k++)
            run = strcmp(runs[k].facts->uuid, link->run) == 0 ? &runs[k] : NULL;
        if (run == NULL)
            continue;
        const verify_task *task = verify_find_task(rows, link->task);
        if (task != NULL && task->type != KFPS_TASK_RUNTIME && task->type != KFPS_TASK_IMPORTER &&
            is_propagated(job, link)) {
            job->result->propagated++;
        } else if (!run->facts->shared) {
            job->result->links.found++;
            verify_say(job, run->facts, run->name, VERIFY_LINK_EXTRA, link->uuid,
                       "no event of the run is behind it, and nothing that its tasks pass on");
        }
    }
}

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(const char *const *) a, *(const char *const *) b);
}

static kfps_status read_artifacts(verify_job *job, verify_rows *rows)
{
    const char **uuids = kfpb_arena_array(job->arena, rows->link_count, sizeof *uuids);
    size_t count = 0;
    if (uuids == NULL)
        return kfpb_fail_no_memory(job->error);
    for (size_t i = 0; i < rows->link_count; i++)
        uuids[i] = rows->links[i].artifact;
    if (rows->link_count > 1)
        qsort(uuids, rows->link_count, sizeof *uuids, compare_texts);
    for (size_t i = 0; i < rows->link_count; i++) {
        if (count == 0 || strcmp(uuids[count - 1], uuids[i]) != 0)
            uuids[count++] = uuids[i];
    }
    return verify_read_artifacts(job, uuids, count, rows);
}

kfps_status plain_compare_links(verify_job *job, plain_run *runs, size_t count, verify_rows *rows)
{
    const kfps_status status = read_artifacts(job, rows);
    if (status != KFPS_OK)
        return status;
    for (size_t i = 0; i < count && !job->stopped; i++) {
        for (size_t k = 0; k < runs[i].expected.count; k++) {
            const expect_node *node = &runs[i].expected.nodes[k];
            const expect_node *stands = node->stand_in;
            if (node->kind != EXPECT_NONE && !stands->absent && !(node->odd && node->kind == EXPECT_ITERATION))
                compare_events(&runs[i], node, rows);
        }
    }
    find_extra_links(job, runs, count, rows);
    return job->arena->out_of_memory ? kfpb_fail_no_memory(job->error) : KFPS_OK;
}
