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

static bool wait_in_line(gate *g, uint32_t timeout_ms)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += timeout_ms / 1000;
    until.tv_nsec += (long) (timeout_ms % 1000) * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
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
    int rc = 0;
    while (!me.granted && rc == 0)
        rc = pthread_cond_timedwait(&me.granted_now, &g->mutex, &until);
    if (!me.granted)
        remove_waiter(g, &me);
    pthread_cond_destroy(&me.granted_now);
    return me.granted;
}

bool gate_enter(gate *g, uint32_t timeout_ms)
{
    bool inside = true;
    pthread_mutex_lock(&g->mutex);
    if (g->free > 0 && g->first == NULL)
        g->free--;
    else
        inside = wait_in_line(g, timeout_ms);
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
