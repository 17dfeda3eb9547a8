/* SPDX-License-Identifier: Apache-2.0 */
/* run_store.c: the deletion of a run, and of a run's tasks alone. */
#include "backends/base/fail.h"
#include "kfpstore/run.h"
#include "kfpstore/task.h"
#include "libkfpstore/access.h"
#include "libkfpstore/operation.h"
#include "libkfpstore/query.h"

typedef struct deletion {
    const char *run_uuid;
    bool tasks_only;
    bool found;
    kfps_run_deleted deleted;
} deletion;

/* The run row is locked for the deletion, which holds off everybody of this library: who touches its tasks or links
 * locks the row first. So the tasks need no order among themselves. */
static kfps_status lock_run(kfpsi_op *op, deletion *d, kfps_error *error)
{
    kfpb_sql sql;
    kfpb_rows *rows = NULL;
    kfpb_sql_init(&sql, op->conn);
    kfpb_sql_add(&sql, "SELECT \"UUID\",\"Namespace\" FROM \"run_details\" WHERE \"UUID\"=");
    kfpb_sql_bind(&sql, kfpb_str(d->run_uuid));
    kfpb_sql_add(&sql, op->conn->driver->dialect.for_update);
    kfps_status status = kfpb_sql_query(op->conn, &sql, &rows, error);
    const int there = status == KFPS_OK ? kfpb_next(rows, error) : 0;
    d->found = there > 0 && strcmp(kfpb_get_text(rows, 0, NULL), d->run_uuid) == 0 &&
               kfpsi_sees(op->session, kfpb_get_text(rows, 1, NULL));
    if (there < 0)
        status = (kfps_status) error->code;
    kfpb_rows_free(&rows);
    kfpb_sql_free(&sql);
    return status;
}

static kfps_status run_statement(kfpsi_op *op, const deletion *d, const char *sql, int64_t *affected, kfps_error *error)
{
    const kfpb_value value = kfpb_str(d->run_uuid);
    return kfpb_exec(op->conn, sql, &value, 1, affected, error);
}

static kfps_status delete_tasks(kfpsi_op *op, deletion *d, kfps_error *error)
{
    kfps_status status = run_statement(op, d, "DELETE FROM \"artifact_tasks\" WHERE \"RunUUID\"=?", &d->deleted.links,
                                       error);
    /* a cascade over more than 15 levels fails on InnoDB: so there is none */
    if (status == KFPS_OK)
        status = run_statement(op, d,
                               "UPDATE \"tasks\" SET \"ParentTaskUUID\"=NULL WHERE \"RunUUID\"=? AND "
                               "\"ParentTaskUUID\" IS NOT NULL",
                               NULL, error);
    if (status == KFPS_OK)
        status = run_statement(op, d, "DELETE FROM \"tasks\" WHERE \"RunUUID\"=?", &d->deleted.tasks, error);
    return status;
}

static kfps_status see_nothing(void *context, const kfpb_rows *row, kfps_error *error)
{
    (void) row;
    (void) error;
    *(bool *) context = true;
    return KFPS_OK;
}

/* A database that no API server made does not have the table; a failed statement would end the transaction. */
static kfps_status has_references(kfpsi_op *op, bool *has, kfps_error *error)
{
    kfpb_sql sql;
    *has = false;
    kfpb_sql_init(&sql, op->conn);
    kfpsi_columns_of(&sql, "resource_references");
    const kfps_status status = kfpsi_each(op->conn, &sql, see_nothing, has, error);
    kfpb_sql_free(&sql);
    return status;
}

/* As the resource owner and as what others refer to. The types are those that upstream has; they let its index on
 * (ResourceType, ReferenceUUID, ReferenceType) serve. */
static kfps_status delete_references(kfpsi_op *op, deletion *d, kfps_error *error)
{
    bool has = false;
    int64_t owned = 0, referred = 0;
    kfps_status status = has_references(op, &has, error);
    if (status != KFPS_OK || !has)
        return status;
    status = run_statement(op, d,
                           "DELETE FROM \"resource_references\" WHERE \"ResourceUUID\"=? AND \"ResourceType\"='Run'",
                           &owned, error);
    if (status == KFPS_OK)
        status = run_statement(op, d,
                               "DELETE FROM \"resource_references\" WHERE \"ReferenceUUID\"=? AND "
                               "\"ReferenceType\"='Run' AND \"ResourceType\" IN ('Experiment','Job','Run','Pipeline',"
                               "'PipelineVersion','Namespace','UnknownResourceType')",
                               &referred, error);
    d->deleted.resource_references = owned + referred;
    return status;
}

static kfps_status delete_run(kfpsi_op *op, void *context, kfps_error *error)
{
    deletion *d = context;
    d->deleted = (kfps_run_deleted){0};
    kfps_status status = lock_run(op, d, error);
    if (status != KFPS_OK || !d->found)
        return status;
    status = delete_tasks(op, d, error);
    if (status != KFPS_OK || d->tasks_only)
        return status;
    status = run_statement(op, d, "DELETE FROM \"run_details\" WHERE \"UUID\"=?", &d->deleted.runs, error);
    return status == KFPS_OK ? delete_references(op, d, error) : status;
}

kfps_status kfps_run_delete(kfps_session *session, const char *run_uuid, kfps_run_deleted *deleted, kfps_error *error)
{
    deletion d = {.run_uuid = run_uuid};
    kfpb_error_clear(error);
    if (deleted != NULL)
        *deleted = (kfps_run_deleted){0};
    if (session == NULL || run_uuid == NULL || run_uuid[0] == '\0')
        return kfpb_fail(error, KFPS_INVALID, "kfps_run_delete: session and run_uuid must not be NULL or empty");
    kfps_status status = kfpsi_ask(session, KFPS_VERB_DELETE, KFPS_RESOURCE_RUNS, NULL, run_uuid, error);
    if (status == KFPS_OK)
        status = kfpsi_write(session, delete_run, &d, error);
    if (status == KFPS_OK && !d.found)
        return kfpb_fail(error, KFPS_NOT_FOUND, "there is no run %.64s", run_uuid);
    if (status == KFPS_OK && deleted != NULL)
        *deleted = d.deleted;
    return status;
}

kfps_status kfps_task_delete_for_run(kfps_session *session, const char *run_uuid, int64_t *deleted, kfps_error *error)
{
    deletion d = {.run_uuid = run_uuid, .tasks_only = true};
    kfpb_error_clear(error);
    if (deleted != NULL)
        *deleted = 0;
    if (session == NULL || run_uuid == NULL || run_uuid[0] == '\0')
        return kfpb_fail(error, KFPS_INVALID,
                         "kfps_task_delete_for_run: session and run_uuid must not be NULL or empty");
    kfps_status status = kfpsi_ask(session, KFPS_VERB_DELETE, KFPS_RESOURCE_TASKS, NULL, run_uuid, error);
    if (status == KFPS_OK)
        status = kfpsi_write(session, delete_run, &d, error);
    if (status == KFPS_OK && deleted != NULL)
        *deleted = d.deleted.tasks;
    return status;
}
