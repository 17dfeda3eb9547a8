/* SPDX-License-Identifier: Apache-2.0 */
#include "migrate/import/import.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "backends/base/fail.h"
#include "migrate/import/job.h"
#include "migrate/import/ledger.h"
#include "migrate/import/pipeline.h"
#include "migrate/import/rejects.h"

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
    const bool work = has_work(job); /* runs that turn out to be unchanged are none */
    if (work && !job_commit_mark(job, LEDGER_IMPORTING))
        return false;
    if (work && !job_defer_indexes(job))
        return false;
    bool stopped = false;
    if (!pipeline_run(job, &stopped))
        return false;
    stopped |= job_stopping();
    if (!stopped && !job_commit_skipped(job))
        return false;
    count_out_of_scope(job);
    if (!stopped && !list_out_of_scope(job))
        return false;
    stopped |= job_stopping();
    if (!job_build_indexes(job, &stopped))
        return false;
    job->report->stopped = stopped;
    job->report->seconds = progress_now() - job->report->seconds;
    if (job->options->dry_run)
        estimate_make(job->report, kfpb_driver_find(job->options->target.dsn.scheme));
    if ((work || job->report->counts.runs_replaced > 0) && !job->report->stopped &&
        !job_commit_mark(job, LEDGER_COMPLETE))
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
