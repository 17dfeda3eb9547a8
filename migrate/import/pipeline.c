/* SPDX-License-Identifier: Apache-2.0 */
#include "migrate/import/pipeline.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "backends/base/fail.h"
#include "migrate/import/order.h"
#include "migrate/import/tally.h"

enum { MOST_PLACES = 2 * PIPELINE_MOST_JOBS + 1, TICK_MS = 200 };

typedef enum place_state {
    PLACE_FREE,    /* the reader's */
    PLACE_READY,   /* loaded */
    PLACE_WRITING, /* a writer's */
    PLACE_WRITTEN  /* to be counted */
} place_state;

typedef struct place {
    group g;
    order_keys keys;
    place_state state;
    uint64_t waits_for; /* places whose groups must be written before; a bit each */
} place;

/* Group n of the import is in places[n % place_count]. All below the mutex is guarded by it; a place's group belongs to
 * whom its state says. */
typedef struct pipeline {
    import_job *job;
    size_t place_count;
    size_t next; /* the reader's place in the plan */
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    place places[MOST_PLACES];
    size_t loaded, counted; /* groups so far */
    size_t room;            /* runs that --max-runs leaves */
    size_t refused;         /* runs that were loaded as good and then refused: --max-runs does not count them */
    unsigned threads;       /* that have not ended */
    bool read_all;
    bool paused;          /* the pause file is there */
    bool halted;          /* nothing new is begun */
    bool experiment_made; /* order.h */
    import_fault fault;
} pipeline;

typedef struct writer {
    pipeline *p;
    int slot;
} writer;

static bool stops(const pipeline *p)
{
    return p->halted || job_stopping();
}

/* Until something changes, or a while has passed: a signal or a file wakes nobody. Not longer than until `deadline`
 * (progress_now; 0: none). */
static void await_change(pipeline *p, double deadline)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    long ms = TICK_MS;
    const double left = deadline > 0 ? (deadline - progress_now()) * 1000 : (double) ms;
    if (left < (double) ms)
        ms = left > 1 ? (long) left : 1;
    until.tv_nsec += ms * 1000000L;
    until.tv_sec += until.tv_nsec / 1000000000L;
    until.tv_nsec %= 1000000000L;
    pthread_cond_timedwait(&p->changed, &p->mutex, &until);
}

static void halt(pipeline *p, const import_fault *fault)
{
    if (!p->fault.happened)
        p->fault = *fault;
    p->halted = true;
}

static bool any_is(const pipeline *p, place_state state)
{
    for (size_t i = 0; i < p->place_count; i++) {
        if (p->places[i].state == state)
            return true;
    }
    return false;
}

/* --sleep-ratio: so many times as long as the group took, unless nothing is left to begin. */
static void rest(pipeline *p, double took)
{
    const double until = progress_now() + took * p->job->options->sleep_ratio;
    while (!stops(p) && progress_now() < until && (!p->read_all || any_is(p, PLACE_READY)))
        await_change(p, until);
}

static void end_thread(pipeline *p)
{
    p->threads--;
    pthread_cond_broadcast(&p->changed);
    pthread_mutex_unlock(&p->mutex);
}

/* ---- the reader ---------------------------------------------------------------------------------------------------
 */

static bool in_flight(const pipeline *p)
{
    return any_is(p, PLACE_READY) || any_is(p, PLACE_WRITING);
}

/* Whether --max-runs has room for another group, once that is certain. */
static bool find_room(pipeline *p)
{
    while (p->room == 0 && in_flight(p) && !stops(p))
        await_change(p, 0);
    p->room += p->refused;
    p->refused = 0;
    return p->room > 0;
}

/* The next free place; NULL: read no more. */
static place *find_place(pipeline *p)
{
    while (!stops(p) && (p->paused || p->loaded - p->counted == p->place_count))
        await_change(p, 0);
    return stops(p) || !find_room(p) ? NULL : &p->places[p->loaded % p->place_count];
}

/* Of the groups before this one that are not written yet. Their keys stay as they are while this thread looks: only it
 * uses a place again. */
static bool find_forerunners(pipeline *p, place *at, uint64_t *found, import_fault *fault)
{
    if (p->job->jobs <= 1)
        return true;
    if (!order_keys_make(&at->keys, &at->g)) {
        fault->happened = true;
        kfpb_fail_no_memory(&fault->error);
        return false;
    }
    pthread_mutex_lock(&p->mutex);
    const size_t first = p->counted, end = p->loaded;
    const bool experiment_made = p->experiment_made;
    pthread_mutex_unlock(&p->mutex);
    for (size_t n = first; n < end; n++) {
        const size_t i = n % p->place_count;
        if (order_must_wait(&at->keys, &p->places[i].keys, experiment_made))
            *found |= UINT64_C(1) << i;
    }
    return true;
}

static void hand_over(pipeline *p, place *at, uint64_t forerunners)
{
    for (size_t i = 0; i < p->place_count; i++) {
        const place_state state = p->places[i].state;
        if (state != PLACE_READY && state != PLACE_WRITING)
            forerunners &= ~(UINT64_C(1) << i);
    }
    const size_t runs = group_imported(&at->g);
    p->room -= runs < p->room ? runs : p->room;
    at->waits_for = forerunners;
    at->state = p->job->jobs > 0 ? PLACE_READY : PLACE_WRITTEN;
    p->loaded++;
    pthread_cond_broadcast(&p->changed);
}

static void *read_groups(void *argument)
{
    pipeline *p = argument;
    place *at;
    pthread_mutex_lock(&p->mutex);
    while ((at = find_place(p)) != NULL) {
        const size_t most = p->room;
        size_t next = p->next;
        import_fault fault = {0};
        pthread_mutex_unlock(&p->mutex);
        const double began = progress_now();
        uint64_t forerunners = 0;
        const bool well = job_load_group(p->job, &at->g, p->next, &next, most, &fault) &&
                          find_forerunners(p, at, &forerunners, &fault);
        const double took = progress_now() - began;
        pthread_mutex_lock(&p->mutex);
        if (!well)
            halt(p, &fault);
        if (!well || at->g.count == 0)
            break;
        p->next = next;
        hand_over(p, at, forerunners);
        if (p->job->jobs == 0)
            rest(p, took);
    }
    p->read_all = true;
    end_thread(p);
    return NULL;
}

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
        if (stops(p))
            return NULL;
        place *at = p->paused ? NULL : find_ready(p);
        if (at != NULL) {
            at->state = PLACE_WRITING;
            return at;
        }
        if (p->read_all && !in_flight(p))
            return NULL;
        await_change(p, 0);
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
            halt(p, &fault); /* its group stays uncounted */
        pthread_cond_broadcast(&p->changed);
        rest(p, took);
    }
    end_thread(p);
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
            await_change(p, 0);
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
        halt(p, &fault);
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
    p->place_count = job->jobs > 1 ? 2 * (size_t) job->jobs : 2;
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
