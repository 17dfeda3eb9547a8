/* SPDX-License-Identifier: Apache-2.0 */
/*
 * breather.h: lets others in. Writers that follow each other without a gap can keep another program from a lock for as
 * long as they like: new shared locks pass a waiting exclusive one on PostgreSQL, and SQLite's lock is polled for with
 * growing sleeps. So after a second without a gap all writers of a store drain once, and leave the database alone for a
 * moment that is longer than a waiter's longest sleep.
 */
#ifndef KFPSI_BREATHER_H
#define KFPSI_BREATHER_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct breather {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    unsigned inside;
    int64_t busy_since_ns;    /* the end of the last gap */
    int64_t idle_since_ns;    /* the last writer left; while inside is 0 */
    int64_t pausing_since_ns; /* 0: no pause is due */
    int64_t pause_ns;
} breather;

/* 0, or an errno. */
int breather_init(breather *b, uint32_t pause_ms);
void breather_destroy(breather *b);
/* Before a write transaction begins. Waits where a pause is due, for a bounded time; *cancelled (may be NULL) ends it.
 */
void breather_enter(breather *b, const atomic_bool *cancelled);
void breather_leave(breather *b);

#endif
