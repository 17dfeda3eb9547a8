/* SPDX-License-Identifier: Apache-2.0 */
#include "libkfpstore/watchdog.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

#include "backends/base/fail.h"

struct kfpsi_watchdog {
    pthread_mutex_t mutex; /* guards all of the following and every watch */
    pthread_cond_t changed;
    kfpsi_watch *first;
    int64_t sleeps_until_ns; /* when the thread looks again by itself */
    pthread_t thread;
    bool running;
    bool stop;
};

int64_t kfpsi_monotonic_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t) now.tv_sec * 1000000000 + now.tv_nsec;
}

static void unlink_watch(kfpsi_watchdog *dog, kfpsi_watch *watch)
{
    if (watch->deadline_ns == 0)
        return;
    if (watch->prev != NULL)
        watch->prev->next = watch->next;
    else
        dog->first = watch->next;
    if (watch->next != NULL)
        watch->next->prev = watch->prev;
    watch->prev = watch->next = NULL;
    watch->deadline_ns = 0;
}

static kfpsi_watch *earliest(const kfpsi_watchdog *dog)
{
    kfpsi_watch *found = dog->first;
    for (kfpsi_watch *w = dog->first; w != NULL; w = w->next) {
        if (w->deadline_ns < found->deadline_ns)
            found = w;
    }
    return found;
}

/* `cut` runs under the mutex: it does not wait for anything, and kfpsi_watch_end can then promise that it has ended. */
static void *keep_watch(void *argument)
{
    kfpsi_watchdog *dog = argument;
    pthread_mutex_lock(&dog->mutex);
    while (!dog->stop) {
        kfpsi_watch *next = earliest(dog);
        dog->sleeps_until_ns = next != NULL ? next->deadline_ns : INT64_MAX;
        if (next == NULL) {
            pthread_cond_wait(&dog->changed, &dog->mutex);
            continue;
        }
        if (next->deadline_ns <= kfpsi_monotonic_ns()) {
            unlink_watch(dog, next);
            next->cut(next->what);
            continue;
        }
        const struct timespec until = {.tv_sec = (time_t) (next->deadline_ns / 1000000000),
                                       .tv_nsec = (long) (next->deadline_ns % 1000000000)};
        pthread_cond_timedwait(&dog->changed, &dog->mutex, &until);
    }
    pthread_mutex_unlock(&dog->mutex);
    return NULL;
}

kfps_status kfpsi_watchdog_new(kfpsi_watchdog **out, kfps_error *error)
{
    pthread_condattr_t attributes;
    kfpsi_watchdog *dog = calloc(1, sizeof *dog);
    *out = NULL;
    if (dog == NULL)
        return kfpb_fail_no_memory(error);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&dog->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    pthread_mutex_init(&dog->mutex, NULL);
    *out = dog;
    return KFPS_OK;
}

void kfpsi_watchdog_free(kfpsi_watchdog *dog)
{
    if (dog == NULL)
        return;
    pthread_mutex_lock(&dog->mutex);
    dog->stop = true;
    const bool running = dog->running;
    pthread_cond_signal(&dog->changed);
    pthread_mutex_unlock(&dog->mutex);
    if (running)
        pthread_join(dog->thread, NULL);
    pthread_cond_destroy(&dog->changed);
    pthread_mutex_destroy(&dog->mutex);
    free(dog);
}

/* Signals are the program's business and must not be delivered to a thread that it does not know. */
static bool start(kfpsi_watchdog *dog)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    dog->running = pthread_create(&dog->thread, NULL, keep_watch, dog) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return dog->running;
}

bool kfpsi_watch_begin(kfpsi_watchdog *dog, kfpsi_watch *watch, uint32_t ms)
{
    const int64_t deadline = kfpsi_monotonic_ns() + (int64_t) ms * 1000000;
    pthread_mutex_lock(&dog->mutex);
    const bool running = dog->running || start(dog);
    if (running && (watch->deadline_ns == 0 || deadline < watch->deadline_ns)) {
        unlink_watch(dog, watch);
        watch->deadline_ns = deadline;
        watch->next = dog->first;
        if (dog->first != NULL)
            dog->first->prev = watch;
        dog->first = watch;
        /* most calls end long before their time: the thread is woken only if it would sleep too long, and sleeps on
         * when a watch ends */
        if (deadline < dog->sleeps_until_ns) {
            dog->sleeps_until_ns = deadline;
            pthread_cond_signal(&dog->changed);
        }
    }
    pthread_mutex_unlock(&dog->mutex);
    return running;
}

void kfpsi_watch_end(kfpsi_watchdog *dog, kfpsi_watch *watch)
{
    pthread_mutex_lock(&dog->mutex);
    unlink_watch(dog, watch);
    pthread_mutex_unlock(&dog->mutex);
}
