/* SPDX-License-Identifier: Apache-2.0 */
#include "libkfpstore/breather.h"

#include <time.h>

static const int64_t second_ns = 1000000000;
static const int64_t look_up_ns = 10000000;     /* how often one who waits looks whether it was cancelled */
static const int64_t drain_most_ns = 200000000; /* a transaction of the caller may be open for long */

static int64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t) t.tv_sec * second_ns + t.tv_nsec;
}

int breather_init(breather *b, uint32_t pause_ms)
{
    pthread_condattr_t attributes;
    b->inside = 0;
    b->pausing_since_ns = 0;
    b->busy_since_ns = b->idle_since_ns = now_ns();
    b->pause_ns = (int64_t) pause_ms * 1000000;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    int failed = pthread_cond_init(&b->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    if (failed == 0 && (failed = pthread_mutex_init(&b->mutex, NULL)) != 0)
        pthread_cond_destroy(&b->changed);
    return failed;
}

void breather_destroy(breather *b)
{
    pthread_cond_destroy(&b->changed);
    pthread_mutex_destroy(&b->mutex);
}

/* As far as can be said now. */
static int64_t end_of_pause(const breather *b)
{
    return b->inside > 0 ? b->pausing_since_ns + drain_most_ns : b->idle_since_ns + b->pause_ns;
}

/* Until the pause is over; who comes meanwhile waits for the same. */
static void wait_for_end(breather *b, int64_t now, const atomic_bool *cancelled)
{
    const int64_t pause = b->pausing_since_ns;
    while (b->pausing_since_ns == pause && now < end_of_pause(b) && (cancelled == NULL || !atomic_load(cancelled))) {
        int64_t wake = end_of_pause(b);
        if (wake > now + look_up_ns)
            wake = now + look_up_ns;
        const struct timespec until = {.tv_sec = wake / second_ns, .tv_nsec = (long) (wake % second_ns)};
        pthread_cond_timedwait(&b->changed, &b->mutex, &until);
        now = now_ns();
    }
    if (b->pausing_since_ns == pause && now >= end_of_pause(b)) {
        b->pausing_since_ns = 0;
        b->busy_since_ns = now;
        pthread_cond_broadcast(&b->changed);
    }
}

void breather_enter(breather *b, const atomic_bool *cancelled)
{
    pthread_mutex_lock(&b->mutex);
    const int64_t now = now_ns();
    if (b->pausing_since_ns == 0 && b->inside == 0 && now - b->idle_since_ns >= b->pause_ns)
        b->busy_since_ns = now; /* there was a gap */
    if (b->pausing_since_ns == 0 && now - b->busy_since_ns >= second_ns)
        b->pausing_since_ns = now;
    if (b->pausing_since_ns != 0)
        wait_for_end(b, now, cancelled);
    b->inside++;
    pthread_mutex_unlock(&b->mutex);
}

void breather_leave(breather *b)
{
    pthread_mutex_lock(&b->mutex);
    if (--b->inside == 0) {
        b->idle_since_ns = now_ns();
        pthread_cond_broadcast(&b->changed);
    }
    pthread_mutex_unlock(&b->mutex);
}
