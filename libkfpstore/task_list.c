/* SPDX-License-Identifier: Apache-2.0 */
#include "backends/base/fail.h"
#include "kfpstore/task.h"
#include "libkfpstore/access.h"
#include "libkfpstore/hydrate.h"
#include "libkfpstore/list.h"
#include "libkfpstore/result.h"

typedef struct job {
    const char *space;
    kfpsi_scope scope;
    kfpsi_plan plan;
    int32_t view;
    kfps_task_list *out;
} job;

static kfps_status body(kfpsi_op *op, void *context, kfps_error *error)
{
    job *j = context;
    kfpb_arena *arena;
    kfpsi_page page;
    kfps_task_list *list = kfpsi_result_new(sizeof *list, &arena);
    if (list == NULL)
        return kfpb_fail_no_memory(error);
    const kfpsi_view *view = j->view == KFPS_VIEW_BASIC ? &kfpsi_view_task_basic : &kfpsi_view_task;
    kfps_status status = kfpsi_list_read(op, &j->plan, &j->scope, view, sizeof(kfps_task_item), arena, &page, error);
    if (status == KFPS_OK && j->view == KFPS_VIEW_FULL)
        status = kfpsi_hydrate(op, arena, page.items, page.count, error);
    if (status != KFPS_OK) {
        kfpsi_result_free(list);
        return status;
    }
    KFPSI_PAGE_GIVE(list, page);
    j->out = list;
    return KFPS_OK;
}

/* The parent's or the run's index, whatever the namespace. */
static void make_scope(const kfps_task_scope *scope, job *j)
{
    kfpsi_scope_text(&j->scope, KFPSI_TASK_PARENT, &scope->parent_uuid);
    kfpsi_scope_text(&j->scope, KFPSI_TASK_RUN, &scope->run_uuid);
    kfpsi_scope_text(&j->scope, KFPSI_TASK_NAMESPACE, &j->space);
    for (size_t i = 1; i < j->scope.count; i++)
        j->scope.terms[i].residual = true;
}

kfps_status kfps_task_list_page(kfps_session *session, const kfps_task_scope *scope, int32_t view,
                                const kfps_page *page, kfps_task_list **out, kfps_error *error)
{
    static const kfps_task_scope all = {0};
    uint8_t digest[KFPSI_SCOPE_DIGEST];
    job j = {.view = view};
    kfpb_error_clear(error);
    if (out != NULL)
        *out = NULL;
    if (session == NULL || out == NULL)
        return kfpb_fail(error, KFPS_INVALID, "kfps_task_list_page: session and out must not be NULL");
    if (view < KFPS_VIEW_BASIC || view > KFPS_VIEW_FULL)
        return kfpb_fail(error, KFPS_INVALID, "kfps_task_list_page: no such view");
    if (scope == NULL)
        scope = &all;
    kfps_status status = kfpsi_scope_check(scope->run_uuid, "run_uuid", error);
    if (status == KFPS_OK)
        status = kfpsi_scope_check(scope->parent_uuid, "parent_uuid", error);
    if (status == KFPS_OK)
        status = kfpsi_space(session, scope->task_namespace, scope->run_uuid == NULL && scope->parent_uuid == NULL,
                             &j.space, error);
    if (status != KFPS_OK)
        return status;
    make_scope(scope, &j);
    kfpsi_scope_digest(&j.scope, NULL, 0, digest);
    status = kfpsi_plan_make(session->store, &kfpsi_fields_task, kfpsi_fields_task.default_sort, page, digest, &j.plan,
                             error);
    if (status == KFPS_OK)
        status = kfpsi_ask(session, KFPS_VERB_LIST, KFPS_RESOURCE_TASKS, j.space, scope->run_uuid, error);
    if (status == KFPS_OK)
        status = kfpsi_read(session, body, &j, error);
    kfpsi_plan_free(&j.plan);
    *out = j.out;
    return status;
}
