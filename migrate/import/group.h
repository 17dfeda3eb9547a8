/* SPDX-License-Identifier: Apache-2.0 */
/* group.h: the runs of one transaction on their way from the source to the target. */
#ifndef KFPM_GROUP_H
#define KFPM_GROUP_H

#include "migrate/import/plan.h"

typedef enum run_outcome {
    RUN_IMPORTED, /* to be written, or written */
    RUN_SKIPPED,
    RUN_REJECTED,
    RUN_UNCHANGED /* imported before, and the same now */
} run_outcome;

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
    char rows_digest[KFPS_HASH_SIZE]; /* of its tasks and links */
    const char *before;               /* the digest of its last import; NULL: it was not imported before */
    bool was_created;                 /* whose import made its row of run_details */
    bool shared;                      /* other contexts were imported into the same run */
    bool replace;                     /* imported before, and changed since: its rows are replaced */
} group_run;

/* A run that was imported before keeps its line in the ledger unless it is replaced. */
static inline bool group_run_is_written(const group_run *run)
{
    return run->before == NULL || run->outcome == RUN_IMPORTED;
}

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
kfps_status group_load(group *g, const plan *p, size_t first, size_t *next, size_t batch, size_t most,
                       mlmd_source *source, kfpb_conn *target, const char *legacy_table, bool upgraded,
                       const import_options *options, int json_depth, kfps_error *error);
/* How many of its runs are, or are to be, imported. */
size_t group_imported(const group *g);

/* A run that was imported before stays as it was: of its notes only this one counts. */
void group_leave(group *g, group_run *run, run_outcome outcome, note_reason reason, const char *detail);
/* The same for such a run that was rejected; nothing for any other. */
void group_settle(group *g, group_run *run);

#endif
