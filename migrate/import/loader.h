/* SPDX-License-Identifier: Apache-2.0 */
/* loader.h: what the steps of loading a group share; for the files that make a group only. */
#ifndef KFPM_LOADER_H
#define KFPM_LOADER_H

#include <stdlib.h>
#include <string.h>

#include "backends/base/fail.h"
#include "migrate/import/group.h"

/* An execution of several run contexts, where one of them is read. */
typedef struct shared_execution {
    int64_t context_id, execution_id;
    note_reason reason;
} shared_execution;

typedef struct loader {
    group *g;
    const plan *p;
    mlmd_source *source;
    kfpb_conn *target;
    const import_options *options;
    map_legacy_fingerprint **legacy; /* per run */
    size_t *legacy_counts;
    shared_execution *shared;
    size_t shared_count;
    int json_depth;
} loader;

/* The group's next run with this run row behind `after` (NULL: the first); NULL if there is none. Two contexts may mean
 * one row. */
group_run *loader_run(const loader *l, const char *run_uuid, const group_run *after);
/* The run rows of the runs that are still to be imported: those that replace what is there, or the others. NULL without
 * memory. */
const char **loader_run_uuids(const loader *l, bool replaced, size_t *count);
/* Takes a run out, with a note. */
void loader_reject(loader *l, group_run *run, run_outcome outcome, note_reason reason, const char *detail);

/* target_facts.c: the legacy fingerprints of the runs; `table` NULL: there is no such table. */
kfps_status loader_find_legacy(loader *l, const char *table, kfps_error *error);
/* target_facts.c: takes out the runs that have rows of a native server, marks those that have some of ours. */
kfps_status loader_find_existing(loader *l, kfps_error *error);
/* before.c: what the ledger says of the group's runs that were imported before. */
kfps_status loader_find_before(loader *l, const int64_t *context_ids, kfps_error *error);
/* before.c: of the runs that are to be replaced, takes out those that have rows of a native server. */
kfps_status loader_find_replaced(loader *l, kfps_error *error);
/* owners.c: whose the plain artifact ids are, where there are several namespaces. */
kfps_status loader_find_owners(loader *l, bool upgraded, kfps_error *error);

#endif
