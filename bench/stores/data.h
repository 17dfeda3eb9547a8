/* SPDX-License-Identifier: Apache-2.0 */
/*
 * data.h: the rows that the operations are measured on: 101 runs; artifacts in 10 namespaces, types 1 to 8, five a
 * second, with 306 bytes of metadata; 1,000 tasks a run; links, of which 1,000 tasks have ten. Of the tasks the first
 * tenth are SUCCEEDED with a fingerprint each (ns-0), the second tenth SUCCEEDED with one fingerprint for all (ns-1),
 * the others RUNNING and created later. Random UUIDs.
 */
#ifndef KFPBENCH_DATA_H
#define KFPBENCH_DATA_H

#include "kfpstore.h"

typedef struct bench_data {
    size_t count; /* of artifacts, and of tasks */
    size_t runs;
    char (*artifacts)[KFPS_UUID_SIZE]; /* in the order of creation */
    char (*tasks)[KFPS_UUID_SIZE];
} bench_data;

enum { BENCH_START = 1700000000, BENCH_RUN_TASKS = 1000, BENCH_NAMESPACES = 10 };

extern const char bench_metadata[], bench_inputs[], bench_outputs[];

/* "run-000001" … */
const char *bench_run(size_t number, char out[32]);
const char *bench_namespace(size_t number, char out[16]);

/* Fills an empty database through the library and notes the UUIDs. Ends the program when it cannot. */
void bench_load(kfps_store *store, kfps_session *session, bench_data *data, size_t count);

/* The call succeeded, or the program ends. */
void bench_ok(kfps_status status, const kfps_error *error, const char *what);

#endif
