/* SPDX-License-Identifier: Apache-2.0 */
#include "migrate/import/import.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "backends/base/fail.h"
#include "migrate/import/job.h"
#include "migrate/import/ledger.h"
#include "migrate/import/rejects.h"

/* ---- counting -----------------------------------------------------------------------------------------------------
 */

static void count_notes(import_job *job, const note_list *notes)
{
    for (size_t i = 0; i < notes->count; i++)
        job->report->counts.notes[notes->items[i].reason]++;
}

static bool count_run(import_job *job, const group_run *run)
{
    import_counts *c = &job->report->counts;
    count_notes(job, &run->notes);
    if (run->outcome != RUN_IMPORTED)
        c->executions_skipped += run->source->execution_count;
    if (run->outcome == RUN_SKIPPED)
        c->runs_skipped++;
    if (run->outcome == RUN_REJECTED)
        c->runs_rejected++;
    if (run->outcome == RUN_IMPORTED) {
        c->runs_imported++;
        c->runs_created += run->create_row;
        c->executions += run->source->execution_count;
        c->tasks += run->rows.task_count;
        c->links += run->rows.link_count;
        for (size_t i = 0; i < run->rows.task_count; i++) {
            const kfps_task *task = &run->rows.tasks[i];
            if (task->state >= 0 && task->state <= KFPS_TASK_CACHED)
                c->tasks_by_state[task->state]++;
            c->fingerprints += task->fingerprint[0] != '\0';
        }
    }
    if (!rejects_write(job->rejects, run)) {
        kfpb_fail(&job->error, KFPS_INTERNAL, "%s", strerror(errno));
        return job_fail(job, job->options->rejects_path);
    }
    return true;
}

/* ---- the walk over the groups -------------------------------------------------------------------------------------
 */

static bool load_group(import_job *job, group *g, size_t first, size_t *next)
{
    kfpb_conn *conn = NULL;
    kfps_status status = KFPS_OK;
    for (int attempt = 1; attempt <= import_retry.attempts; attempt++) {
        kfpb_arena_reset(&g->arena);
        status = KFPS_OK;
        if (job->pool != NULL)
            status = kfpsi_pool_take(job->pool, false, &conn, &job->error);
        if (status == KFPS_OK)
            status = group_load(g, &job->plan, first, next, job->source, conn, job->legacy_table, job->upgraded,
                                job->options, job->json_depth, &job->error);
        if (status == KFPS_OK)
            status = collision_find(&job->collisions, conn, g, &job->error);
        const bool lost = conn != NULL && conn->broken;
        if (conn != NULL)
            kfpsi_pool_give(job->pool, &conn);
        if (status == KFPS_OK || cli_stop || !(lost || status == KFPS_UNAVAILABLE || status == KFPS_BUSY))
            break;
        kfpsi_pause(attempt, &import_retry); /* the target went away: it may come back */
    }
    return status == KFPS_OK || job_fail(job, "reading a group of runs");
}

static bool import_groups(import_job *job)
{
    group g = {0};
    bool well = true;
    uint64_t done = 0;
    kfpb_arena_init(&g.arena);
    progress_start(&job->progress, job->plan.executions_to_do);
    for (size_t first = 0, next = 0; well && first < job->plan.count && !cli_stop; first = next) {
        well = load_group(job, &g, first, &next);
        if (!well || g.count == 0)
            break;
        if (job->options->dry_run)
            well = job_try_group(job, &g);
        else
            well = job_commit_group(job, &g);
        for (size_t i = 0; well && i < g.count; i++)
            well = count_run(job, &g.runs[i]);
        done += g.executions;
        progress_update(&job->progress, done, job->report->counts.runs_skipped, job->report->counts.runs_rejected);
    }
    progress_end(&job->progress);
    kfpb_arena_free(&g.arena);
    return well;
}

/* Whole-database facts that no run shows. */
static void count_out_of_scope(import_job *job)
{
    import_counts *c = &job->report->counts;
    const mlmd_totals *t = &job->report->totals;
    c->notes[NOTE_FOREIGN_EXECUTION] += (uint64_t) t->foreign_executions;
    c->notes[NOTE_ARTIFACT_WITHOUT_EVENT] += (uint64_t) t->artifacts_without_event;
    c->notes[NOTE_EVENT_WITHOUT_EXECUTION] += (uint64_t) t->events_without_execution;
}

static bool see_outside(void *context, const char *kind, int64_t id)
{
    static const struct {
        const char *kind;
        note_reason reason;
    } reasons[] = {{"execution", NOTE_FOREIGN_EXECUTION},
                   {"artifact", NOTE_ARTIFACT_WITHOUT_EVENT},
                   {"event", NOTE_EVENT_WITHOUT_EXECUTION}};
    import_job *job = context;
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++) {
        if (strcmp(reasons[i].kind, kind) == 0)
            return rejects_write_outside(job->rejects, reasons[i].reason, kind, id, 0);
    }
    return true;
}

/* What the counts of count_out_of_scope are about, a line each; read only where there is a file for it. */
static bool list_out_of_scope(import_job *job)
{
    bool written = true;
    if (job->rejects == NULL)
        return true;
    if (mlmd_source_outside(job->source, see_outside, job, &written, &job->error) != KFPS_OK)
        return job_fail(job, job->options->source.text);
    if (written)
        return true;
    kfpb_fail(&job->error, KFPS_INTERNAL, "%s", strerror(errno));
    return job_fail(job, job->options->rejects_path);
}

/* Nothing to import and nothing new to say: then nothing is written at all. */
static bool has_work(const import_job *job)
{
    for (size_t i = 0; i < job->plan.count; i++) {
        const plan_run *run = &job->plan.runs[i];
        if (run->state == PLAN_READY || run->state == PLAN_CREATE ||
            (run->state == PLAN_NO_ROW && (run->flags & PLAN_LEDGER_SKIPPED) == 0))
            return true;
    }
    return !job->plan.completed;
}

static bool import_all(import_job *job)
{
    const bool work = has_work(job);
    if (work && !job_commit_mark(job, LEDGER_IMPORTING))
        return false;
    if (!import_groups(job) || (!cli_stop && !job_commit_skipped(job)))
        return false;
    count_out_of_scope(job);
    if (!cli_stop && !list_out_of_scope(job))
        return false;
    job->report->stopped = cli_stop != 0;
    job->report->seconds = progress_now() - job->report->seconds;
    if (job->options->dry_run)
        estimate_make(job->report, kfpb_driver_find(job->options->target.dsn.scheme));
    if (work && !job->report->stopped && !job_commit_mark(job, LEDGER_COMPLETE))
        return false;
    return true;
}

int import_execute(const import_options *options, import_report *report)
{
    import_job job = {.options = options, .report = report};
    memset(report, 0, sizeof *report);
    report->started_at = time(NULL);
    report->seconds = progress_now(); /* becomes the time spent */
    const bool well = job_open(&job) && import_all(&job);
    if (!job_close(&job) || !well)
        return job.exit_code;
    if (report->stopped)
        return EXIT_STOPPED;
    return report_rejects(report) > 0 ? EXIT_REJECTS : EXIT_DONE;
}
