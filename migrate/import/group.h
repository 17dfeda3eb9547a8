/* SPDX-License-Identifier: Apache-2.0 */
/* group.h: the runs of one transaction on their way from the source to the target. */
#ifndef KFPM_GROUP_H
#define KFPM_GROUP_H

#include "migrate/import/plan.h"

typedef enum run_outcome { RUN_IMPORTED, RUN_SKIPPED, RUN_REJECTED } run_outcome;

/* One run of the group, mapped. */
typedef struct group_run {
    const mlmd_run *source;
    const plan_run *planned;
    target_run row; /* of run_details; made up where the import makes it */
    bool create_row;
    bool rows_exist; /* some of its tasks are there already, all of them ours: keep what is there */
    map_rows rows;
    note_list notes;
    run_outcome outcome;
    note_reason reason; /* why it was not imported */
    const char *detail; /* NULL */
    char digest[KFPS_HASH_SIZE];
} group_run;

typedef struct group {
    group_run *runs;
    size_t count;
    size_t executions;      /* associations, as planned */
    uint64_t new_artifacts; /* once it is written: rows that came with it */
    uint64_t artifacts;     /* rows of its runs, each run's own */
    kfpb_arena arena;       /* owns everything above */
} group;

/* Reads and maps the runs planned from plan.runs[first] on: as many as stand under `batch` executions, at least one,
 * and not more than `most`. *next is where to go on. target NULL: a dry run into nothing. */
kfps_status group_load(group *g, const plan *p, size_t first, size_t *next, size_t most, mlmd_source *source,
                       kfpb_conn *target, const char *legacy_table, bool upgraded, const import_options *options,
                       int json_depth, kfps_error *error);
/* How many of its runs are, or are to be, imported. */
size_t group_imported(const group *g);

#endif
