/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench.h: an operation of the library beside the statements that it needs, done by the engine's own client, in turns.
 */
#ifndef KFPBENCH_BENCH_H
#define KFPBENCH_BENCH_H

#include "bench/stores/data.h"
#include "bench/stores/native.h"

typedef struct bench {
    kfps_store *store;
    kfps_session *session;
    const native_ops *ops;
    native *client;
    bench_data data;
    size_t serial;             /* so that every write has names of its own */
    char uuid[KFPS_UUID_SIZE]; /* of bench_new_uuid */
} bench;

typedef struct operation {
    const char *name;
    double aim;   /* time over the floor's time; 0: none was set */
    size_t calls; /* of one repetition */
    /* Before each repetition of either side, not timed; NULL: nothing to do. */
    void (*prepare)(bench *b, const struct operation *op, size_t calls);
    void (*library)(bench *b, const struct operation *op, size_t call);
    void (*floor)(bench *b, const struct operation *op, size_t call);
    size_t size;      /* of a batch, or the depth of a page */
    const char *text; /* a filter, a sort order */
} operation;

extern const operation bench_reads[], bench_lists[], bench_writes[]; /* each ends with a name of NULL */

/* 8 threads and one, and a foreign writer; prints its own lines. */
void bench_concurrency(bench *b);
/* Sorts them. */
double bench_median(double *numbers, size_t count);

const char *bench_new_uuid(bench *b);
/* The table's column names, "a","b",…, as the library selects them. */
extern const char bench_artifact_columns[], bench_task_columns[], bench_link_columns[];

#endif
