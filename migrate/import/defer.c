/* SPDX-License-Identifier: Apache-2.0 */
/* defer.c: --defer-indexes, and what an import before this one has deferred. */
#include "backends/base/fail.h"
#include "migrate/import/job.h"
#include "migrate/import/ledger.h"
#include "schema/deferred.h"

typedef kfps_status (*target_body)(import_job *job, kfpb_conn *conn, kfps_error *error);

/* Each body looks what is there before it does anything, so that it may be done again after a lost connection. */
static kfps_status on_target(import_job *job, target_body body, kfps_error *error)
{
    kfps_status status = KFPS_OK;
    bool again = true;
    for (int attempt = 1; attempt <= import_retry.attempts && again; attempt++) {
        kfpb_conn *conn = NULL;
        status = kfpsi_pool_take(job->pool, !job->options->dry_run, &conn, error);
        if (status == KFPS_OK)
            status = body(job, conn, error);
        again = status != KFPS_OK && !job_stopping() &&
                ((conn != NULL && conn->broken) || status == KFPS_CONNECTION_LOST || status == KFPS_UNAVAILABLE);
        if (conn != NULL)
            kfpsi_pool_give(job->pool, &conn);
        if (again)
            kfpsi_pause(attempt, &import_retry);
    }
    return status;
}

static void say_line(void *context, const char *line)
{
    (void) context;
    log_line(LOG_LEVEL_INFO, NULL, "%s", line);
}

static const schema_upgrade_options ddl = {.say = say_line, .stop = &cli_stop};

/* ---- before the rows ----------------------------------------------------------------------------------------------
 */

/* Under the lease, so that what is seen stays so. */
static kfps_status look(import_job *job, kfpb_conn *conn, kfps_error *error)
{
    schema_status schema = {0};
    kfps_status status = schema_status_read(conn, &schema, error);
    job->indexes.deferred = schema.deferred;
    schema_status_free(&schema);
    if (status != KFPS_OK || !(job->indexes.deferred || job->options->defer_indexes))
        return status;
    status = schema_deferrable_read(conn, &job->indexes.found, error);
    if (status == KFPS_OK)
        status = ledger_has_state(conn, job->options->source_id, LEDGER_IMPORTING, &job->indexes.begun, error);
    if (status == KFPS_OK && !job->indexes.begun)
        status = ledger_has_state(conn, job->options->source_id, LEDGER_COMPLETE, &job->indexes.begun, error);
    return status;
}

bool job_look_at_indexes(import_job *job)
{
    const bool asked = job->options->defer_indexes, dry = job->options->dry_run;
    const schema_deferrable *found = &job->indexes.found;
    if (job->pool == NULL || !job->upgraded) { /* a dry run into what is still to be made, which is empty */
        if (asked)
            log_line(LOG_LEVEL_INFO, NULL, "--defer-indexes: the plain indexes would be built after the rows");
        return true;
    }
    if (on_target(job, look, &job->error) != KFPS_OK)
        return job_fail(job, job->options->target.text);
    if (job->indexes.deferred) {
        log_line(LOG_LEVEL_INFO, NULL,
                 "%zu indexes are deferred by an import that has not ended; they %s built after the rows",
                 found->missing, dry ? "would be" : "are");
        job->indexes.deferring = asked && !found->has_rows; /* it may not have dropped all of them */
        return true;
    }
    if (!asked)
        return true;
    if (found->has_rows && job->indexes.begun) {
        log_line(LOG_LEVEL_INFO, NULL,
                 "--defer-indexes: this source was imported before, and the indexes are there: they stay");
        return true;
    }
    if (found->has_rows)
        return job_refuse(
            job, EXIT_ERROR,
            "--defer-indexes is for an empty target, and artifacts, tasks or artifact_tasks has rows of others; "
            "leave the option out");
    job->indexes.deferring = true;
    if (dry)
        log_line(LOG_LEVEL_INFO, NULL,
                 "--defer-indexes: %zu indexes would be dropped before the rows and built after them", found->there);
    return true;
}

static kfps_status drop(import_job *job, kfpb_conn *conn, kfps_error *error)
{
    return schema_defer_indexes(conn, job->lease, &ddl, error);
}

bool job_defer_indexes(import_job *job)
{
    if (!job->indexes.deferring || job->options->dry_run)
        return true;
    const kfps_status status = on_target(job, drop, &job->error);
    job->indexes.deferred = true;
    if (status != KFPS_OK && status != KFPS_INTERRUPTED)
        return job_fail_write(job);
    log_line(LOG_LEVEL_INFO, NULL, "%zu indexes are built after the rows",
             job->indexes.found.there + job->indexes.found.missing);
    return true;
}

/* ---- after them ---------------------------------------------------------------------------------------------------
 */

static kfps_status build(import_job *job, kfpb_conn *conn, kfps_error *error)
{
    return schema_build_deferred(conn, job->lease, &ddl, error);
}

bool job_build_indexes(import_job *job, bool *stopped)
{
    if (!job->indexes.deferred || job->options->dry_run)
        return true;
    const kfps_status status = *stopped ? KFPS_INTERRUPTED : on_target(job, build, &job->error);
    if (status == KFPS_INTERRUPTED) {
        *stopped = true;
        log_line(
            LOG_LEVEL_WARNING, NULL,
            "indexes are still deferred: the next import builds them after its rows, or 'kfp-migrate schema upgrade' "
            "at once");
        return true;
    }
    return status == KFPS_OK || job_fail_write(job);
}
