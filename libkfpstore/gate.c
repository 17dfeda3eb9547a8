/* SPDX-License-Identifier: Apache-2.0 */
#include "libkfpstore/gate.h"

#include <errno.h>
#include <time.h>

/* Lives on the stack of the thread that waits. */
struct gate_waiter {
    pthread_cond_t granted_now;
    bool granted;
    gate_waiter *next;
};

int gate_init(gate *g, unsigned places)
{
    g->free = places;
    g->first = g->last = NULL;
    return pthread_mutex_init(&g->mutex, NULL);
}

void gate_destroy(gate *g)
{
    pthread_mutex_destroy(&g->mutex);
}

static void remove_waiter(gate *g, const gate_waiter *gone)
{
    gate_waiter *before = NULL;
    for (gate_waiter *w = g->first; w != NULL; before = w, w = w->next) {
        if (w != gone)
            continue;
        if (before != NULL)
            before->next = w->next;
        else
            g->first = w->next;
        if (g->last == w)
            g->last = before;
        return;
    }
}

enum { LOOK_UP_MS = 50 }; /* how often one who waits looks whether it was cancelled */

static struct timespec later(struct timespec t, uint32_t ms)
{
    t.tv_sec += ms / 1000;
    t.tv_nsec += (long) (ms % 1000) * 1000000;
    if (t.tv_nsec >= 1000000000) {
        t.tv_sec++;
        t.tv_nsec -= 1000000000;
    }
    return t;
}

static bool is_before(const struct timespec *a, const struct timespec *b)
{
    return a->tv_sec != b->tv_sec ? a->tv_sec < b->tv_sec : a->tv_nsec < b->tv_nsec;
}

/* Until the place is granted, the time is over, or the wait is cancelled; the place in line is kept all the time. */
static void wait_for_grant(gate *g, gate_waiter *me, uint32_t timeout_ms, const atomic_bool *cancelled)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    const struct timespec until = later(now, timeout_ms);
    while (!me->granted && is_before(&now, &until) && (cancelled == NULL || !atomic_load(cancelled))) {
        struct timespec wake = later(now, LOOK_UP_MS);
        if (cancelled == NULL || is_before(&until, &wake))
            wake = until;
        pthread_cond_timedwait(&me->granted_now, &g->mutex, &wake);
        clock_gettime(CLOCK_MONOTONIC, &now);
    }
}

static bool wait_in_line(gate *g, uint32_t timeout_ms, const atomic_bool *cancelled)
{
    gate_waiter me = {.granted = false};
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&me.granted_now, &attributes);
    pthread_condattr_destroy(&attributes);

    if (g->last != NULL)
        g->last->next = &me;
    else
        g->first = &me;
    g->last = &me;
    wait_for_grant(g, &me, timeout_ms, cancelled);
    if (!me.granted)
        remove_waiter(g, &me);
    pthread_cond_destroy(&me.granted_now);
    return me.granted;
}

bool gate_enter(gate *g, uint32_t timeout_ms, const atomic_bool *cancelled)
{
    bool inside = true;
    pthread_mutex_lock(&g->mutex);
    if (g->free > 0 && g->first == NULL)
        g->free--;
    else
        inside = wait_in_line(g, timeout_ms, cancelled);
    pthread_mutex_unlock(&g->mutex);
    return inside;
}

void gate_leave(gate *g)
{
    pthread_mutex_lock(&g->mutex);
    gate_waiter *next = g->first;
    if (next == NULL) {
        g->free++;
    } else {
        /* the place goes from hand to hand: nobody who comes now can take it */
        g->first = next->next;
        if (g->first == NULL)
            g->last = NULL;
        next->granted = true;
        pthread_cond_signal(&next->granted_now);
    }
    pthread_mutex_unlock(&g->mutex);
}
