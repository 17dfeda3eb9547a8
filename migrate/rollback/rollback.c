/* SPDX-License-Identifier: Apache-2.0 */
#include "migrate/rollback/rollback.h"

#include <string.h>
#include <time.h>

#include "backends/base/fail.h"
#include "kfpstore.h"
#include "migrate/import/job.h"
#include "migrate/import/ledger.h"
#include "migrate/import/run_rows.h"
#include "migrate/import/writer.h"
#include "migrate/rollback/job.h"
#include "migrate/schema_ready.h"
#include "schema/inspect.h"

/* ---- what the steps share -----------------------------------------------------------------------------------------
 */

void rollback_keep(rollback_report *report, const char *kind, const char *uuid, const char *why)
{
    rollback_kept *kept = kfpb_arena_alloc(&report->arena, sizeof *kept);
    if (kept == NULL)
        return;
    *kept = (rollback_kept){
        .kind = kind, .uuid = kfpb_arena_text(&report->arena, uuid), .why = kfpb_arena_text(&report->arena, why)};
    *report->kept_end = kept;
    report->kept_end = &kept->next;
}

static bool fail(rollback_job *job)
{
    progress_end(&job->progress);
    job->exit_code = cli_report_error(job->options->target.text, &job->error);
    if (job->lease != NULL && !schema_lease_held(job->lease))
        job->exit_code = EXIT_LOCKED;
    return false;
}

typedef struct fenced {
    rollback_job *job;
    kfpsi_body body;
    void *context;
} fenced;

static kfps_status fenced_body(kfpb_conn *conn, void *context, kfps_error *error)
{
    const fenced *f = context;
    const kfps_status status = f->body(conn, f->context, error);
    return status == KFPS_OK ? schema_lease_fence(f->job->lease, conn, 1, error) : status;
}

bool rollback_step(rollback_job *job, kfpsi_body body, void *context)
{
    kfps_status status;
    kfpb_error_clear(&job->error);
    if (!job->options->dry_run) {
        fenced f = {job, body, context};
        status = kfpsi_run(job->pool, &import_retry, fenced_body, &f, &job->error);
    } else {
        kfpb_conn *conn = NULL;
        status = kfpsi_pool_take(job->pool, false, &conn, &job->error);
        if (status == KFPS_OK)
            status = body(conn, context, &job->error);
        if (conn != NULL)
            kfpsi_pool_give(job->pool, &conn);
    }
    return status == KFPS_OK || fail(job);
}

/* ---- opening ------------------------------------------------------------------------------------------------------
 */

static kfps_status find_tables(rollback_job *job, kfpb_conn *conn)
{
    static const rollback_referrer referrers[ROLLBACK_REFERRERS] = {
        {"run_metrics", "RunUUID", false},
        {"resource_references", "ResourceUUID", false},
        {"tasks_pre_migration", "RunUUID", false},
    };
    static const char *const names[] = {"run_metrics", "resource_references", "tasks_pre_migration", "jobs"};
    schema_picture picture;
    const kfps_status status = schema_inspect(conn, names, sizeof names / sizeof *names, &picture, &job->error);
    if (status != KFPS_OK)
        return status;
    memcpy(job->referrers, referrers, sizeof referrers);
    for (size_t i = 0; i < ROLLBACK_REFERRERS; i++) {
        const schema_table *table = schema_find_table(&picture, referrers[i].table);
        job->referrers[i].there = table != NULL && schema_find_column(table, referrers[i].column) != NULL;
    }
    const schema_table *jobs = schema_find_table(&picture, "jobs");
    job->has_jobs = jobs != NULL && schema_find_column(jobs, "ExperimentUUID") != NULL;
    schema_picture_free(&picture);
    return KFPS_OK;
}

/* Whether there is anything of this source. */
static kfps_status find_import(rollback_job *job, kfpb_conn *conn)
{
    static const char *const statements[] = {
        "SELECT COUNT(\"Source\") FROM \"kfpstore_migration\" WHERE \"Source\" = ?",
        "SELECT \"ContextID\" IS NOT NULL FROM \"kfpstore_migration_run\" WHERE \"Source\" = ? LIMIT 1",
        "SELECT \"MLMDID\" IS NOT NULL FROM \"kfpstore_migrated_artifact\" WHERE \"Source\" = ? LIMIT 1",
    };
    const kfpb_value source = kfpb_str(job->options->source_id);
    kfps_status status = KFPS_OK;
    for (size_t i = 0; status == KFPS_OK && !job->report->found && i < sizeof statements / sizeof *statements; i++) {
        int64_t count = 0;
        bool found = false;
        status = kfpb_query_int(conn, statements[i], &source, 1, &count, &found, &job->error);
        job->report->found = found && count > 0;
    }
    return status;
}

/* For the line that says how far it is. */
static kfps_status count_import(rollback_job *job, kfpb_conn *conn)
{
    static const char *const statements[] = {
        "SELECT COUNT(\"ContextID\") FROM \"kfpstore_migration_run\" WHERE \"Source\" = ?",
        "SELECT COUNT(\"MLMDID\") FROM \"kfpstore_migrated_artifact\" WHERE \"Source\" = ?",
    };
    uint64_t *const counts[] = {&job->lines, &job->artifacts};
    const kfpb_value source = kfpb_str(job->options->source_id);
    kfps_status status = KFPS_OK;
    for (size_t i = 0; status == KFPS_OK && i < sizeof statements / sizeof *statements; i++) {
        int64_t count = 0;
        status = kfpb_query_int(conn, statements[i], &source, 1, &count, NULL, &job->error);
        *counts[i] = (uint64_t) count;
    }
    return status;
}

static bool look(rollback_job *job)
{
    kfpb_conn *conn = NULL;
    kfps_status status = kfpsi_pool_take(job->pool, false, &conn, &job->error);
    if (status != KFPS_OK)
        return fail(job);
    snprintf(job->report->target_server, sizeof job->report->target_server, "%s", conn->server);
    job->exit_code = schema_ready(conn, &job->options->target);
    if (job->exit_code == EXIT_DONE) {
        status = find_tables(job, conn);
        if (status == KFPS_OK)
            status = find_import(job, conn);
        if (status == KFPS_OK && job->report->found)
            status = count_import(job, conn);
    }
    kfpsi_pool_give(job->pool, &conn);
    return status == KFPS_OK ? job->exit_code == EXIT_DONE : fail(job);
}

static bool open_target(rollback_job *job)
{
    const rollback_options *o = job->options;
    kfpb_open_options open_options = cli_open_options(&o->target);
    open_options.read_only = o->dry_run;
    if (kfpsi_pool_new(&o->target.dsn, &open_options, 1, 60000, &job->pool, &job->error) != KFPS_OK)
        return fail(job);
    return look(job);
}

static bool take_lease(rollback_job *job)
{
    const rollback_options *o = job->options;
    if (o->dry_run)
        return true;
    const kfpb_open_options open_options = cli_open_options(&o->target);
    const schema_lease_options options = {
        .purpose = "rollback", .slots = 1, .wait_s = (int) o->wait_s, .stop = &cli_stop};
    return schema_lease_take(&o->target.dsn, &open_options, &options, &job->lease, &job->error) == KFPS_OK || fail(job);
}

/* ---- the mark, and the end ----------------------------------------------------------------------------------------
 */

/* From here on no reader takes the import for complete. */
static kfps_status mark_body(kfpb_conn *conn, void *context, kfps_error *error)
{
    const rollback_job *job = context;
    const ledger_migration row = {.source = job->options->source_id,
                                  .state = LEDGER_ROLLING_BACK,
                                  .started_at = time(NULL),
                                  .tool_version = kfps_version()};
    return write_migration(conn, &row, error);
}

/* The experiment of the runs that imports made goes with the last run in it. */
static kfps_status drop_experiment(rollback_job *job, kfpb_conn *conn, kfps_error *error)
{
    static const char *const users[] = {
        "SELECT \"UUID\" IS NOT NULL FROM \"run_details\" WHERE \"ExperimentUUID\" = ? LIMIT 1",
        "SELECT \"UUID\" IS NOT NULL FROM \"jobs\" WHERE \"ExperimentUUID\" = ? LIMIT 1"};
    char uuid[MAP_UUID_SIZE];
    if (!run_rows_experiment(uuid))
        return kfpb_fail_no_memory(error);
    const kfpb_value value = kfpb_str(uuid);
    kfps_status status = KFPS_OK;
    bool used = false;
    for (size_t i = 0; status == KFPS_OK && !used && i < (job->has_jobs ? 2u : 1u); i++) {
        int64_t one = 0;
        status = kfpb_query_int(conn, users[i], &value, 1, &one, &used, error);
    }
    int64_t affected = 0;
    if (status == KFPS_OK && !used)
        status = kfpb_exec(conn, "DELETE FROM \"experiments\" WHERE \"UUID\" = ?", &value, 1, &affected, error);
    if (affected > 0)
        job->report->counts.experiments = 1;
    return status;
}

static kfps_status end_body(kfpb_conn *conn, void *context, kfps_error *error)
{
    rollback_job *job = context;
    const kfpb_value source = kfpb_str(job->options->source_id);
    kfps_status status = drop_experiment(job, conn, error);
    if (status == KFPS_OK && job->report->counts.runs_kept == 0)
        status = kfpb_exec(conn, "DELETE FROM \"kfpstore_migration\" WHERE \"Source\" = ?", &source, 1, NULL, error);
    return status;
}

static bool roll_back(rollback_job *job)
{
    const bool writes = !job->options->dry_run;
    if (!job->report->found)
        return true;
    if (writes && !rollback_step(job, mark_body, job))
        return false;
    if (!rollback_runs(job) || (!cli_stop && !rollback_artifacts(job)))
        return false;
    if (job->report->arena.out_of_memory) {
        kfpb_fail_no_memory(&job->error);
        return fail(job);
    }
    job->report->stopped = cli_stop != 0;
    return !writes || job->report->stopped || rollback_step(job, end_body, job);
}

int rollback_execute(const rollback_options *options, rollback_report *report)
{
    rollback_job job = {.options = options, .report = report};
    memset(report, 0, sizeof *report);
    kfpb_arena_init(&report->arena);
    report->kept_end = &report->kept;
    const double started = progress_now();
    const bool well = open_target(&job) && take_lease(&job) && roll_back(&job);
    progress_end(&job.progress);
    schema_lease_release(&job.lease);
    kfpsi_pool_free(job.pool);
    report->seconds = progress_now() - started;
    if (!well)
        return job.exit_code;
    if (report->stopped)
        return EXIT_STOPPED;
    return report->counts.runs_kept > 0 ? EXIT_REJECTS : EXIT_DONE;
}

void rollback_report_free(rollback_report *report)
{
    kfpb_arena_free(&report->arena);
}
