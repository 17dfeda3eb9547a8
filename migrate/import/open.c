/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "migrate/import/job.h"
#include "migrate/schema_error.h"
#include "schema/schema.h"

enum { POOL_WAIT_MS = 60000 };

static bool open_source(import_job *job)
{
    const import_options *o = job->options;
    const mlmd_source_options options = {
        .run_context_types = o->run_context_types,
        .run_context_type_count = o->run_context_type_count,
        .encoding = o->encoding,
        .password = o->source.password,
    };
    if (mlmd_source_open(&o->source.dsn, &options, &job->source, &job->error) != KFPS_OK)
        return job_fail(job, o->source.text);
    job->report->source_version = mlmd_source_version(job->source);
    snprintf(job->report->source_server, sizeof job->report->source_server, "%s", mlmd_source_server(job->source));
    if (mlmd_source_totals(job->source, &job->report->totals, &job->error) != KFPS_OK)
        return job_fail(job, o->source.text);
    return true;
}

static void say_line(void *context, const char *line)
{
    (void) context;
    log_line(LOG_LEVEL_INFO, NULL, "%s", line);
}

static bool create_target(import_job *job)
{
    kfpb_open_options open_options = cli_open_options(&job->options->target);
    open_options.create = true;
    const schema_upgrade_options options = {
        .standalone = true, .wait_lock_s = (int) job->options->wait_s, .say = say_line, .stop = &cli_stop};
    if (schema_upgrade(&job->options->target.dsn, &open_options, &options, &job->error) == KFPS_OK)
        return true;
    job->exit_code = cli_report_schema_error(&job->options->target, &job->error);
    return false;
}

/* The step that moves the legacy tasks was applied, and what it made is no longer there. */
static bool was_dropped(const schema_status *status)
{
    for (size_t i = 0; i < status->count; i++) {
        if (status->steps[i].step->when == SCHEMA_LEGACY_TASKS && status->steps[i].state == SCHEMA_APPLIED)
            return !status->has_pre_migration && !status->has_legacy_tasks;
    }
    return false;
}

static bool check_schema(import_job *job, const schema_status *status)
{
    if (status->newer)
        return job_refuse(job, EXIT_NEWER, "its schema is newer than this kfp-migrate; use the version that made it");
    if (status->changed)
        return job_refuse(
            job, EXIT_CHECKSUM,
            "an applied schema step is not the one this kfp-migrate knows; see 'kfp-migrate schema status'");
    job->upgraded = !status->pending;
    if (!status->has_run_details && !job->options->create_target)
        return job_refuse(
            job, EXIT_PENDING,
            "no KFP database, or one whose tables the account may not see; --create-target makes the tables");
    if (!job->upgraded && !job->options->dry_run)
        return job_refuse(
            job, EXIT_PENDING,
            "its schema is not up to date, or the account may not see all of it; run 'kfp-migrate schema upgrade' first");
    job->legacy_dropped = was_dropped(status);
    job->legacy_table = status->has_pre_migration ? "tasks_pre_migration" : status->has_legacy_tasks ? "tasks" : NULL;
    return true;
}

static void choose_jobs(import_job *job)
{
    const import_options *o = job->options;
    const kfpb_driver *driver = kfpb_driver_find(o->target.dsn.scheme);
    const bool file = driver != NULL && (driver->capabilities & KFPB_CAP_FILE) != 0;
    job->jobs = o->dry_run ? 0 : file ? 1 : (int) o->jobs;
    if (o->jobs > 1 && file && !o->dry_run)
        log_line(LOG_LEVEL_WARNING, NULL, "--jobs=%ld: a SQLite file takes one writer at a time, and has one", o->jobs);
}

static bool open_target(import_job *job)
{
    const import_options *o = job->options;
    if (o->create_target && !o->dry_run && !create_target(job))
        return false;
    kfpb_open_options open_options = cli_open_options(&o->target);
    open_options.read_only = o->dry_run;
    choose_jobs(job);
    const size_t size = job->jobs > 0 ? (size_t) job->jobs : 1;
    if (kfpsi_pool_new(&o->target.dsn, &open_options, size, POOL_WAIT_MS, &job->pool, &job->error) != KFPS_OK)
        return job_fail(job, o->target.text);

    kfpb_conn *conn = NULL;
    kfps_status status = kfpsi_pool_take(job->pool, false, &conn, &job->error);
    if (status != KFPS_OK && o->dry_run && o->create_target && cli_database_missing(&o->target, &job->error)) {
        kfpsi_pool_free(job->pool);
        job->pool = NULL;
        job->json_depth = 512;
        job->limits.statement_bytes = SIZE_MAX;
        return true;
    }
    if (status != KFPS_OK)
        return job_fail(job, o->target.text);
    job->json_depth = conn->limits.json_depth;
    job->limits = conn->limits;
    snprintf(job->report->target_server, sizeof job->report->target_server, "%s", conn->server);
    schema_status schema = {0};
    status = schema_status_read(conn, &schema, &job->error);
    const bool fit = status == KFPS_OK && check_schema(job, &schema);
    const bool no_runs = !schema.has_run_details;
    schema_status_free(&schema);
    if (status == KFPS_OK && fit)
        status = collision_open(&job->collisions, conn, job->upgraded, &job->error);
    kfpsi_pool_give(job->pool, &conn);
    if (status != KFPS_OK)
        return job_fail(job, o->target.text);
    if (fit && no_runs) { /* a dry run into an empty database: there is nothing to look up */
        kfpsi_pool_free(job->pool);
        job->pool = NULL;
    }
    return fit;
}

/* Its own, because SQLite drops what a connection has of the file in memory whenever another one has written. */
static bool open_reading(import_job *job)
{
    kfpb_open_options options = cli_open_options(&job->options->target);
    options.read_only = options.source = true;
    if (job->pool == NULL)
        return true;
    return kfpsi_pool_new(&job->options->target.dsn, &options, 1, POOL_WAIT_MS, &job->reading, &job->error) ==
               KFPS_OK ||
           job_fail(job, job->options->target.text);
}

static bool take_lease(import_job *job)
{
    const import_options *o = job->options;
    if (o->dry_run)
        return true;
    const kfpb_open_options open_options = cli_open_options(&o->target);
    const schema_lease_options options = {
        .purpose = "import", .slots = job->jobs, .wait_s = (int) o->wait_s, .stop = &cli_stop};
    if (schema_lease_take(&o->target.dsn, &open_options, &options, &job->lease, &job->error) != KFPS_OK)
        return job_fail(job, o->target.text);
    return true;
}

static bool make_plan(import_job *job)
{
    kfpb_conn *conn = NULL;
    kfps_status status = KFPS_OK;
    if (job->pool != NULL)
        status = kfpsi_pool_take(job->pool, false, &conn, &job->error);
    if (status == KFPS_OK)
        status = plan_build(&job->plan, job->source, conn, job->upgraded, job->options, &job->error);
    if (conn != NULL)
        kfpsi_pool_give(job->pool, &conn);
    if (status != KFPS_OK)
        return job_fail(job, "reading the list of runs");
    job->plan.legacy_dropped = job->legacy_dropped;
    job->report->counts.runs_before = job->plan.done;
    return true;
}

static bool open_rejects(import_job *job)
{
    const char *path = job->options->rejects_path;
    job->report->rejects_path = path;
    if (path == NULL || (job->rejects = fopen(path, "we")) != NULL)
        return true;
    log_line(LOG_LEVEL_ERROR, NULL, "--rejects: %s: %s", path, strerror(errno));
    job->exit_code = EXIT_ERROR;
    return false;
}

static bool close_rejects(import_job *job)
{
    FILE *file = job->rejects;
    job->rejects = NULL;
    if (file == NULL || fclose(file) == 0)
        return true;
    log_line(LOG_LEVEL_ERROR, NULL, "--rejects: %s: %s", job->options->rejects_path, strerror(errno));
    job->exit_code = EXIT_ERROR;
    return false;
}

bool job_open(import_job *job)
{
    return open_rejects(job) && open_source(job) && open_target(job) && open_reading(job) && take_lease(job) &&
           make_plan(job) && job_look_at_indexes(job);
}

bool job_close(import_job *job)
{
    schema_lease_release(&job->lease);
    collision_close(&job->collisions);
    seen_free(&job->seen);
    plan_free(&job->plan);
    kfpsi_pool_free(job->reading);
    kfpsi_pool_free(job->pool);
    mlmd_source_close(&job->source);
    return close_rejects(job);
}
