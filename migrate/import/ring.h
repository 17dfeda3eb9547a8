/* SPDX-License-Identifier: Apache-2.0 */
/* ring.h: the groups between the reader and the writers, and what the threads of an import share; for its files only.
 */
#ifndef KFPM_RING_H
#define KFPM_RING_H

#include <pthread.h>

#include "migrate/import/order.h"
#include "migrate/import/pipeline.h"

enum { MOST_PLACES = PIPELINE_MOST_JOBS + 2 };

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

/* ring.c: all with the mutex held. */

/* Nothing new is begun: a fault, SIGTERM or SIGINT. */
bool ring_stops(const pipeline *p);
/* Some place is in that state. */
bool ring_has(const pipeline *p, place_state state);
/* Some group is loaded and not written. */
bool ring_in_flight(const pipeline *p);
/* Waits until something changes, or a while has passed: a signal or a file wakes nobody. Not longer than until
 * `deadline` (progress_now; 0: none). */
void ring_wait(pipeline *p, double deadline);
void ring_halt(pipeline *p, const import_fault *fault);
/* --sleep-ratio: so many times as long as the group took, unless nothing is left to begin. */
void ring_rest(pipeline *p, double took);
/* The last thing that a thread does; gives the mutex back. */
void ring_leave(pipeline *p);

/* reader.c: the thread that loads. */
void *read_groups(void *argument);

#endif
