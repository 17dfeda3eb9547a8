/* SPDX-License-Identifier: Apache-2.0 */
#include "libkfpstore/gate.h"

#include <errno.h>
#include <time.h>

/* Waking a thread takes as long as a short transaction, and nobody works meanwhile; and a connection reads again what
 * others have written since its last turn. So one who happens to come by may take a place that is free before the first
 * in line, but only for so long: of 35,000 updates a second on SQLite, turns of 1 ms lost 8 %, of 4 ms 5 %; eight who
 * write all the time wait for seven turns. Who woke in vain is not woken again at once, for that costs those who work:
 * it looks by itself, as long as it is to be patient. */
enum { PATIENCE_US = 4000, QUIET_US = 1000 };

/* Lives on the stack of the thread that waits. */
struct gate_waiter {
    pthread_cond_t look;
    struct timespec first_until; /* from then on a place is kept for it; once it is the first */
    struct timespec quiet_until; /* it looks by itself then, and is not woken before */
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

static struct timespec now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t;
}

static struct timespec later(struct timespec t, uint64_t us)
{
    t.tv_sec += (time_t) (us / 1000000);
    t.tv_nsec += (long) (us % 1000000) * 1000;
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

static bool is_patient(const gate_waiter *w, const struct timespec *t)
{
    return is_before(t, &w->first_until);
}

/* ---- the line ---------------------------------------------------------------------------------------------------- */

static void append(gate *g, gate_waiter *me)
{
    if (g->last != NULL)
        g->last->next = me;
    else
        g->first = me;
    g->last = me;
    if (g->first == me)
        me->first_until = later(now(), PATIENCE_US);
}

static void remove_waiter(gate *g, const gate_waiter *gone)
{
    gate_waiter **at = &g->first, *before = NULL;
    while (*at != gone) {
        before = *at;
        at = &before->next;
    }
    *at = gone->next;
    if (g->last == gone)
        g->last = before;
    if (before == NULL && g->first != NULL) {
        g->first->first_until = later(now(), PATIENCE_US);
        if (g->free > 0)
            pthread_cond_signal(&g->first->look);
    }
}

enum { LOOK_UP_US = 50000 }; /* how often one who waits looks whether it was cancelled */

/* Until there is a place, the time is over, or the wait is cancelled; the place in line is kept all the time. */
static void wait_for_place(gate *g, gate_waiter *me, uint32_t timeout_ms, const atomic_bool *cancelled)
{
    struct timespec t = now();
    const struct timespec until = later(t, (uint64_t) timeout_ms * 1000);
    while (!me->granted && is_before(&t, &until) && (cancelled == NULL || !atomic_load(cancelled))) {
        struct timespec wake = later(t, LOOK_UP_US);
        if (cancelled == NULL || is_before(&until, &wake))
            wake = until;
        if (is_before(&t, &me->quiet_until) && is_before(&me->quiet_until, &wake))
            wake = me->quiet_until;
        pthread_cond_timedwait(&me->look, &g->mutex, &wake);
        t = now();
        if (me->granted || g->first != me)
            continue;
        if (is_patient(me, &t))
            me->quiet_until = later(t, QUIET_US);
        if (g->free > 0) {
            g->free--;
            me->granted = true;
            remove_waiter(g, me);
        }
    }
}

static bool wait_in_line(gate *g, uint32_t timeout_ms, const atomic_bool *cancelled)
{
    gate_waiter me = {.granted = false};
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&me.look, &attributes);
    pthread_condattr_destroy(&attributes);

    append(g, &me);
    wait_for_place(g, &me, timeout_ms, cancelled);
    if (!me.granted)
        remove_waiter(g, &me);
    pthread_cond_destroy(&me.look);
    return me.granted;
}

bool gate_enter(gate *g, uint32_t timeout_ms, const atomic_bool *cancelled)
{
    bool inside = true;
    pthread_mutex_lock(&g->mutex);
    const struct timespec t = g->first != NULL ? now() : (struct timespec){0};
    if (g->free > 0 && (g->first == NULL || is_patient(g->first, &t)))
        g->free--;
    else
        inside = wait_in_line(g, timeout_ms, cancelled);
    pthread_mutex_unlock(&g->mutex);
    return inside;
}

void gate_leave(gate *g)
{
    pthread_mutex_lock(&g->mutex);
    gate_waiter *first = g->first;
    const struct timespec t = first != NULL ? now() : (struct timespec){0};
    if (first == NULL || is_patient(first, &t)) {
        g->free++;
    } else {
        /* from hand to hand: nobody who comes now can take it */
        first->granted = true;
        remove_waiter(g, first);
    }
    if (first != NULL && (first->granted || !is_before(&t, &first->quiet_until)))
        pthread_cond_signal(&first->look);
    pthread_mutex_unlock(&g->mutex);
}
