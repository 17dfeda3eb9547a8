/* SPDX-License-Identifier: Apache-2.0 */
#include "migrate/import/pipeline.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backends/base/fail.h"
#include "migrate/import/ring.h"
#include "migrate/import/tally.h"

typedef struct writer {
    pipeline *p;
    int slot;
} writer;

/* ---- the writers --------------------------------------------------------------------------------------------------
 */

/* The first group that may be written now. */
static place *find_ready(pipeline *p)
{
    for (size_t n = p->counted; n < p->loaded; n++) {
        place *at = &p->places[n % p->place_count];
        if (at->state == PLACE_READY && at->waits_for == 0)
            return at;
    }
    return NULL;
}

/* NULL: there will be none. */
static place *take_ready(pipeline *p)
{
    for (;;) {
        if (ring_stops(p))
            return NULL;
        place *at = p->paused ? NULL : find_ready(p);
        if (at != NULL) {
            at->state = PLACE_WRITING;
            return at;
        }
        if (p->read_all && !ring_in_flight(p))
            return NULL;
        ring_wait(p, 0);
    }
}

static void put_written(pipeline *p, place *at, size_t planned)
{
    const size_t imported = group_imported(&at->g);
    at->state = PLACE_WRITTEN;
    p->refused += planned - imported;
    p->experiment_made |= at->keys.makes_rows && imported > 0;
    for (size_t i = 0; i < p->place_count; i++)
        p->places[i].waits_for &= ~(UINT64_C(1) << (at - p->places));
}

static void *write_groups(void *argument)
{
    const writer *w = argument;
    pipeline *p = w->p;
    place *at;
    pthread_mutex_lock(&p->mutex);
    while ((at = take_ready(p)) != NULL) {
        import_fault fault = {0};
        pthread_mutex_unlock(&p->mutex);
        const double began = progress_now();
        const size_t planned = group_imported(&at->g);
        const bool well = job_commit_group(p->job, &at->g, w->slot, &fault);
        const double took = progress_now() - began;
        pthread_mutex_lock(&p->mutex);
        if (well)
            put_written(p, at, planned);
        else
            ring_halt(p, &fault); /* its group stays uncounted */
        pthread_cond_broadcast(&p->changed);
        ring_rest(p, took);
    }
    ring_leave(p);
    return NULL;
}

/* ---- the caller's thread ------------------------------------------------------------------------------------------
 */

static void look_for_pause(pipeline *p)
{
    const char *file = p->job->options->pause_file;
    const bool paused = file != NULL && access(file, F_OK) == 0;
    if (paused == p->paused)
        return;
    p->paused = paused;
    progress_pause(&p->job->progress, paused ? file : NULL);
    pthread_cond_broadcast(&p->changed);
}

/* The next group of the plan, if it is written; of those that never will be, once the threads have ended, none. */
static place *next_written(pipeline *p)
{
    while (p->counted < p->loaded) {
        place *at = &p->places[p->counted % p->place_count];
        if (at->state == PLACE_WRITTEN)
            return at;
        if (p->threads > 0)
            break;
        p->counted++;
    }
    return NULL;
}

static bool count_groups(pipeline *p)
{
    import_job *job = p->job;
    const import_counts *c = &job->report->counts;
    bool well = true;
    uint64_t done = 0;
    for (place *at; (at = next_written(p)) != NULL || p->threads > 0;) {
        if (at == NULL) {
            ring_wait(p, 0);
        } else {
            pthread_mutex_unlock(&p->mutex);
            const bool tried = !well || job->jobs > 0 || job_try_group(job, &at->g);
            const bool counted = !well || (tried && tally_group(job, &at->g));
            done += at->g.executions;
            pthread_mutex_lock(&p->mutex);
            p->halted |= !counted;
            well &= counted;
            at->state = PLACE_FREE;
            p->counted++;
            pthread_cond_broadcast(&p->changed);
        }
        look_for_pause(p);
        progress_update(&job->progress, done, c->runs_skipped, c->runs_rejected);
    }
    return well;
}

/* Signals are for the thread that started all this. */
static bool start_thread(pipeline *p, pthread_t *thread, void *(*body)(void *), void *argument)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    const int failed = pthread_create(thread, NULL, body, argument);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (failed != 0) {
        import_fault fault = {.happened = true, .what = "starting a thread"};
        kfpb_fail(&fault.error, KFPS_INTERNAL, "%s", strerror(failed));
        ring_halt(p, &fault);
        return false;
    }
    p->threads++;
    return true;
}

static bool run_threads(pipeline *p)
{
    pthread_t threads[PIPELINE_MOST_JOBS + 1];
    writer writers[PIPELINE_MOST_JOBS];
    size_t started = 0;
    pthread_mutex_lock(&p->mutex);
    look_for_pause(p);
    bool well = start_thread(p, &threads[started], read_groups, p);
    started += well;
    for (int i = 0; i < p->job->jobs && well; i++) {
        writers[i] = (writer){p, i + 1};
        well = start_thread(p, &threads[started], write_groups, &writers[i]);
        started += well;
    }
    well &= count_groups(p);
    pthread_mutex_unlock(&p->mutex);
    for (size_t i = 0; i < started; i++)
        pthread_join(threads[i], NULL);
    return well;
}

bool pipeline_run(import_job *job, bool *more)
{
    pipeline *p = calloc(1, sizeof *p);
    pthread_condattr_t clock;
    if (p == NULL) {
        kfpb_fail_no_memory(&job->error);
        return job_fail(job, "importing");
    }
    p->job = job;
    p->place_count = job->jobs > 1 ? (size_t) job->jobs + 2 : 2;
    p->room = job->options->max_runs > 0 ? (size_t) job->options->max_runs : SIZE_MAX;
    pthread_mutex_init(&p->mutex, NULL);
    pthread_condattr_init(&clock);
    pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
    pthread_cond_init(&p->changed, &clock);
    pthread_condattr_destroy(&clock);
    progress_start(&job->progress, job->plan.executions_to_do);
    bool well = run_threads(p);
    progress_end(&job->progress);
    if (well && p->fault.happened)
        well = job_fail_with(job, &p->fault);
    *more = plan_is_left(&job->plan, p->next);
    for (size_t i = 0; i < p->place_count; i++)
        kfpb_arena_free(&p->places[i].g.arena);
    pthread_cond_destroy(&p->changed);
    pthread_mutex_destroy(&p->mutex);
    free(p);
    return well;
}
