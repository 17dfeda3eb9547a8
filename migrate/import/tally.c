/* SPDX-License-Identifier: Apache-2.0 */
#include "migrate/import/tally.h"

#include <errno.h>
#include <string.h>

#include "backends/base/fail.h"
#include "migrate/import/rejects.h"

static void count_notes(import_counts *c, const note_list *notes)
{
    for (size_t i = 0; i < notes->count; i++)
        c->notes[notes->items[i].reason]++;
}

/* One that was imported before. False: there is nothing more to count of it. */
static bool count_again(import_counts *c, const group_run *run)
{
    c->runs_compared++;
    c->runs_left += run->outcome == RUN_SKIPPED || run->outcome == RUN_REJECTED;
    if (run->outcome != RUN_IMPORTED)
        return false;
    c->runs_replaced++;
    c->runs_before--;
    return true;
}

static void count_run(import_counts *c, const group_run *run)
{
    count_notes(c, &run->notes);
    if (run->before != NULL && !count_again(c, run))
        return;
    if (run->outcome != RUN_IMPORTED)
        c->executions_skipped += run->source->execution_count;
    if (run->outcome == RUN_SKIPPED)
        c->runs_skipped++;
    if (run->outcome == RUN_REJECTED)
        c->runs_rejected++;
    if (run->outcome == RUN_IMPORTED) {
        c->runs_imported += run->before == NULL;
        c->runs_created += run->create_row && run->before == NULL;
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
}

bool tally_group(import_job *job, const group *g)
{
    import_counts *c = &job->report->counts;
    c->artifacts += g->new_artifacts;
    c->artifacts_reused += g->artifacts - g->new_artifacts;
    for (size_t i = 0; i < g->count; i++) {
        count_run(c, &g->runs[i]);
        if (!rejects_write(job->rejects, &g->runs[i])) {
            kfpb_fail(&job->error, KFPS_INTERNAL, "%s", strerror(errno));
            return job_fail(job, job->options->rejects_path);
        }
    }
    return true;
}
