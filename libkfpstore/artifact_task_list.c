/* SPDX-License-Identifier: Apache-2.0 */
#include "backends/base/fail.h"
#include "kfpstore/artifact_task.h"
#include "libkfpstore/access.h"
#include "libkfpstore/list.h"
#include "libkfpstore/result.h"

enum { IO_TYPES = 12, FIRST_OUTPUT = KFPS_IO_ITERATOR_OUTPUT };

typedef struct job {
    const char *space;
    int64_t types[IO_TYPES];
    kfpb_arena arena; /* of the scope */
    kfpsi_scope scope;
    kfpsi_plan plan;
    kfps_artifact_task_list *out;
} job;

void kfps_artifact_task_list_free(kfps_artifact_task_list *list)
{
    kfpsi_result_free(list);
}

static kfps_status body(kfpsi_op *op, void *context, kfps_error *error)
{
    job *j = context;
    kfpb_arena *arena;
    kfpsi_page page;
    kfps_artifact_task_list *list = kfpsi_result_new(sizeof *list, &arena);
    if (list == NULL)
        return kfpb_fail_no_memory(error);
    const kfps_status status = kfpsi_list_read(op, &j->plan, &j->scope, &kfpsi_view_artifact_task,
                                               sizeof(kfps_artifact_task), arena, &page, error);
    if (status != KFPS_OK) {
        kfpsi_result_free(list);
        return status;
    }
    KFPSI_PAGE_GIVE(list, page);
    j->out = list;
    return KFPS_OK;
}

/* A link has no namespace of its own: its run has. */
static void of_namespace(kfpb_sql *sql, const void *context)
{
    const char *const *space = context;
    kfpsi_sql_residual(sql); /* nor is it a join, whose rows would have to be sorted */
    kfpb_sql_add(sql,
                 "(SELECT r.\"Namespace\" FROM \"run_details\" r WHERE r.\"UUID\"=\"artifact_tasks\".\"RunUUID\")=");
    kfpb_sql_bind(sql, kfpb_str(*space));
    kfpsi_sql_residual_end(sql);
}

/* Direction and types are one list of types; no list where all are meant. */
static kfps_status add_types(const kfps_artifact_task_scope *scope, job *j, kfps_error *error)
{
    bool wanted[IO_TYPES] = {false};
    size_t count = 0;
    if (scope->direction < KFPS_DIRECTION_ANY || scope->direction > KFPS_DIRECTION_OUTPUT)
        return kfpb_fail(error, KFPS_INVALID, "no such direction");
    if (scope->io_type_count == 0 && scope->direction == KFPS_DIRECTION_ANY)
        return KFPS_OK;
    if (scope->io_type_count > 0 && scope->io_types == NULL)
        return kfpb_fail(error, KFPS_INVALID, "io_types is NULL");
    for (size_t i = 0; i < scope->io_type_count; i++) {
        if (scope->io_types[i] < 0 || scope->io_types[i] >= IO_TYPES)
            return kfpb_fail_at(error, i, KFPS_INVALID, "io_types: element %zu is no IO type", i);
        wanted[scope->io_types[i]] = true;
    }
    for (int type = 0; type < IO_TYPES; type++) {
        const bool output = type >= FIRST_OUTPUT;
        const bool right_way = scope->direction == KFPS_DIRECTION_ANY ||
                               (type != 0 && output == (scope->direction == KFPS_DIRECTION_OUTPUT));
        if (right_way && (scope->io_type_count == 0 || wanted[type]))
            j->types[count++] = type;
    }
    j->scope.terms[j->scope.count++] = (kfpsi_term){.column = KFPSI_LINK_TYPE, .ints = j->types, .count = count};
    return KFPS_OK;
}

static kfps_status make_scope(const kfps_artifact_task_scope *scope, job *j, kfps_error *error)
{
    kfps_status status = kfpsi_scope_ids(&j->scope, KFPSI_LINK_TASK, "task_uuids", scope->task_uuids, scope->task_count,
                                         &j->arena, error);
    if (status == KFPS_OK)
        status = kfpsi_scope_ids(&j->scope, KFPSI_LINK_ARTIFACT, "artifact_uuids", scope->artifact_uuids,
                                 scope->artifact_count, &j->arena, error);
    if (status == KFPS_OK)
        status = kfpsi_scope_ids(&j->scope, KFPSI_LINK_RUN, "run_uuids", scope->run_uuids, scope->run_count, &j->arena,
                                 error);
    if (status == KFPS_OK && j->scope.count == 0)
        return kfpb_fail(error, KFPS_INVALID, "links are listed by artifacts, tasks or runs: none is given");
    for (size_t i = 1; i < j->scope.count; i++)
        j->scope.terms[i].residual = true;
    if (status == KFPS_OK)
        status = add_types(scope, j, error);
    if (j->space != NULL) {
        j->scope.more = of_namespace;
        j->scope.context = &j->space;
    }
    return status;
}

/* About each run, or about none if it is not by runs that links are asked for. */
static kfps_status ask(const kfps_session *session, const job *j, const kfps_artifact_task_scope *scope,
                       kfps_error *error)
{
    kfps_status status = KFPS_OK;
    if (scope->run_count == 0)
        return kfpsi_ask(session, KFPS_VERB_LIST, KFPS_RESOURCE_ARTIFACT_TASKS, j->space, NULL, error);
    for (size_t i = 0; i < scope->run_count && status == KFPS_OK; i++)
        status = kfpsi_ask(session, KFPS_VERB_LIST, KFPS_RESOURCE_ARTIFACT_TASKS, j->space, scope->run_uuids[i], error);
    return status;
}

kfps_status kfps_artifact_task_list_page(kfps_session *session, const kfps_artifact_task_scope *scope,
                                         const kfps_page *page, kfps_artifact_task_list **out, kfps_error *error)
{
    uint8_t digest[KFPSI_SCOPE_DIGEST];
    job j = {0};
    kfpb_error_clear(error);
    if (out != NULL)
        *out = NULL;
    if (session == NULL || scope == NULL || out == NULL)
        return kfpb_fail(error, KFPS_INVALID, "kfps_artifact_task_list_page: session, scope and out must not be NULL");
    kfpb_arena_init(&j.arena);
    kfps_status status = kfpsi_space(session, NULL, false, &j.space, error);
    if (status == KFPS_OK)
        status = make_scope(scope, &j, error);
    kfpsi_scope_digest(&j.scope, (const char *const[]){j.space}, 1, digest);
    if (status == KFPS_OK)
        status = kfpsi_plan_make(session->store, &kfpsi_fields_artifact_task, kfpsi_fields_artifact_task.default_sort,
                                 page, digest, &j.plan, error);
    if (status == KFPS_OK)
        status = ask(session, &j, scope, error);
    if (status == KFPS_OK)
        status = kfpsi_read(session, body, &j, error);
    kfpsi_plan_free(&j.plan);
    kfpb_arena_free(&j.arena);
    *out = j.out;
    return status;
}
