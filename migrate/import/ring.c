/* SPDX-License-Identifier: Apache-2.0 */
#include "migrate/import/ring.h"

#include <time.h>

enum { TICK_MS = 200 };

bool ring_stops(const pipeline *p)
{
    return p->halted || job_stopping();
}

void ring_wait(pipeline *p, double deadline)
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

void ring_halt(pipeline *p, const import_fault *fault)
{
    if (!p->fault.happened)
        p->fault = *fault;
    p->halted = true;
}

bool ring_has(const pipeline *p, place_state state)
{
    for (size_t i = 0; i < p->place_count; i++) {
        if (p->places[i].state == state)
            return true;
    }
    return false;
}

void ring_rest(pipeline *p, double took)
{
    const double until = progress_now() + took * p->job->options->sleep_ratio;
    while (!ring_stops(p) && progress_now() < until && (!p->read_all || ring_has(p, PLACE_READY)))
        ring_wait(p, until);
}

void ring_leave(pipeline *p)
{
    p->threads--;
    pthread_cond_broadcast(&p->changed);
    pthread_mutex_unlock(&p->mutex);
}

bool ring_in_flight(const pipeline *p)
{
    return ring_has(p, PLACE_READY) || ring_has(p, PLACE_WRITING);
}
