/* SPDX-License-Identifier: Apache-2.0 */
/* reader.c: the thread that reads and maps group after group, as long as there is a place. */
#include "backends/base/fail.h"
#include "migrate/import/ring.h"

/* Whether --max-runs has room for another group, once that is certain. */
static bool find_room(pipeline *p)
{
    while (p->room == 0 && ring_in_flight(p) && !ring_stops(p))
        ring_wait(p, 0);
    p->room += p->refused;
    p->refused = 0;
    return p->room > 0;
}

/* The next free place; NULL: read no more. */
static place *find_place(pipeline *p)
{
    while (!ring_stops(p) && (p->paused || p->loaded - p->counted == p->place_count))
        ring_wait(p, 0);
    return ring_stops(p) || !find_room(p) ? NULL : &p->places[p->loaded % p->place_count];
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

/* The first groups are small, so that the writers have something to do soon: --batch is reached in three doublings. Not
 * smaller than what a transaction is worth. */
static size_t batch_of(const pipeline *p)
{
    enum { DOUBLINGS = 3, LEAST = 100 };
    const size_t whole = (size_t) p->job->options->batch;
    const size_t part = p->loaded < DOUBLINGS ? whole >> (DOUBLINGS - p->loaded) : whole;
    return part >= LEAST ? part : whole < LEAST ? whole : LEAST;
}

void *read_groups(void *argument)
{
    pipeline *p = argument;
    place *at;
    pthread_mutex_lock(&p->mutex);
    while ((at = find_place(p)) != NULL) {
        const size_t most = p->room, batch = batch_of(p);
        size_t next = p->next;
        import_fault fault = {0};
        pthread_mutex_unlock(&p->mutex);
        const double began = progress_now();
        uint64_t forerunners = 0;
        const bool well = job_load_group(p->job, &at->g, p->next, &next, batch, most, &fault) &&
                          find_forerunners(p, at, &forerunners, &fault);
        const double took = progress_now() - began;
        pthread_mutex_lock(&p->mutex);
        if (!well)
            ring_halt(p, &fault);
        if (!well || at->g.count == 0)
            break;
        p->next = next;
        hand_over(p, at, forerunners);
        if (p->job->jobs == 0)
            ring_rest(p, took);
    }
    p->read_all = true;
    ring_leave(p);
    return NULL;
}
