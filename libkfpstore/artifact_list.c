/* SPDX-License-Identifier: Apache-2.0 */
#include "libkfpstore/artifact_list.h"

#include "backends/base/fail.h"
#include "libkfpstore/access.h"
#include "libkfpstore/result.h"

typedef struct job {
    const char *space;
    int64_t type;
    kfpsi_linked linked;
    bool with_producer;
    kfpsi_scope scope;
    kfpsi_plan plan;
    kfps_artifact_list *out;
} job;

void kfps_artifact_list_free(kfps_artifact_list *list)
{
    kfpsi_result_free(list);
}

/* In the order of UUIDs the index of links gives the artifacts of a run; any other order is a sort of them. */
static kfps_status read_page(kfpsi_op *op, const job *j, kfpb_arena *arena, kfpsi_page *page, kfps_error *error)
{
    kfpsi_scope scope = j->scope;
    if (j->linked.run_uuid != NULL) {
        scope.more = kfpsi_artifact_linked;
        scope.context = &j->linked;
        scope.narrows = true;
    }
    if (j->linked.run_uuid == NULL || j->plan.fields->items[j->plan.position.sort].column != KFPSI_ARTIFACT_UUID)
        return kfpsi_list_read(op, &j->plan, &scope, &kfpsi_view_artifact, sizeof(kfps_artifact), arena, page, error);
    kfps_status status = kfpsi_artifacts_of_run(op, &j->plan, &j->scope, &j->linked, arena, page, error);
    if (status == KFPS_OK && j->plan.want_total)
        status = kfpsi_list_count(op, &j->plan, &scope, &page->total_size, error);
    return status;
}

static kfps_status body(kfpsi_op *op, void *context, kfps_error *error)
{
    job *j = context;
    kfpb_arena *arena;
    kfpsi_page page;
    kfps_artifact_list *list = kfpsi_result_new(sizeof *list, &arena);
    if (list == NULL)
        return kfpb_fail_no_memory(error);
    kfps_status status = read_page(op, j, arena, &page, error);
    if (status == KFPS_OK && j->with_producer)
        status = kfpsi_artifact_producers(op, page.items, page.count, &j->linked, arena, &list->producers, error);
    if (status != KFPS_OK) {
        kfpsi_result_free(list);
        return status;
    }
    KFPSI_PAGE_GIVE(list, page);
    j->out = list;
    return KFPS_OK;
}

static kfps_status check_scope(const kfps_artifact_scope *scope, kfps_error *error)
{
    kfps_status status = kfpsi_scope_check(scope->run_uuid, "run_uuid", error);
    if (status == KFPS_OK)
        status = kfpsi_scope_check(scope->task_name, "task_name", error);
    if (status != KFPS_OK)
        return status;
    if (scope->direction < KFPS_DIRECTION_ANY || scope->direction > KFPS_DIRECTION_OUTPUT)
        return kfpb_fail(error, KFPS_INVALID, "no such direction");
    if (scope->run_uuid == NULL && (scope->task_name != NULL || scope->direction != KFPS_DIRECTION_ANY))
        return kfpb_fail(error, KFPS_INVALID, "task_name and direction are of links of a run: run_uuid is needed");
    if (scope->artifact_type < 0)
        return kfpb_fail(error, KFPS_INVALID, "no such artifact type");
    return KFPS_OK;
}

static void make_scope(const kfps_artifact_scope *scope, job *j, uint8_t digest[KFPSI_SCOPE_DIGEST])
{
    char direction[] = {(char) ('0' + scope->direction), '\0'};
    const char *const texts[] = {scope->run_uuid, scope->task_name, direction};
    kfpsi_scope_text(&j->scope, KFPSI_ARTIFACT_NAMESPACE, &j->space);
    if (scope->artifact_type != 0)
        j->scope.terms[j->scope.count++] = (kfpsi_term){.column = KFPSI_ARTIFACT_TYPE, .ints = &j->type, .count = 1};
    kfpsi_scope_digest(&j->scope, texts, sizeof texts / sizeof *texts, digest);
}

kfps_status kfps_artifact_list_page(kfps_session *session, const kfps_artifact_scope *scope, const kfps_page *page,
                                    kfps_artifact_list **out, kfps_error *error)
{
    static const kfps_artifact_scope all = {0};
    uint8_t digest[KFPSI_SCOPE_DIGEST];
    kfpb_error_clear(error);
    if (out != NULL)
        *out = NULL;
    if (session == NULL || out == NULL)
        return kfpb_fail(error, KFPS_INVALID, "kfps_artifact_list_page: session and out must not be NULL");
    if (scope == NULL)
        scope = &all;
    job j = {
        .type = scope->artifact_type,
        .linked = {scope->run_uuid, scope->task_name, scope->direction},
        .with_producer = scope->with_producer != 0,
    };
    kfps_status status = check_scope(scope, error);
    if (status == KFPS_OK)
        status = kfpsi_space(session, scope->artifact_namespace, scope->run_uuid == NULL, &j.space, error);
    if (status != KFPS_OK)
        return status;
    make_scope(scope, &j, digest);
    const uint8_t order = scope->run_uuid != NULL ? 0 : kfpsi_fields_artifact.default_sort;
    status = kfpsi_plan_make(session->store, &kfpsi_fields_artifact, order, page, digest, &j.plan, error);
    if (status == KFPS_OK)
        status = kfpsi_ask(session, KFPS_VERB_LIST, KFPS_RESOURCE_ARTIFACTS, j.space, scope->run_uuid, error);
    if (status == KFPS_OK)
        status = kfpsi_read(session, body, &j, error);
    kfpsi_plan_free(&j.plan);
    *out = j.out;
    return status;
}
