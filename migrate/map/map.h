/* SPDX-License-Identifier: Apache-2.0 */
/*
 * map.h: one run's MLMD rows to rows of tasks, artifacts and artifact_tasks. Pure: no database, no clock, no state; the
 * same input gives the same bytes.
 */
#ifndef KFPM_MAP_H
#define KFPM_MAP_H

#include "kfpstore.h"
#include "migrate/notes.h"
#include "migrate/source/model.h"

/* A run's final state as run_details says it, normalised. */
typedef enum map_run_state {
    MAP_RUN_ACTIVE, /* pending, running, canceling, paused, unspecified */
    MAP_RUN_SUCCEEDED,
    MAP_RUN_FAILED,
    MAP_RUN_CANCELED,
    MAP_RUN_SKIPPED
} map_run_state;

/* The fingerprint of a legacy `tasks` row. */
typedef struct map_legacy_fingerprint {
    int64_t execution_id;
    const char *fingerprint;
} map_legacy_fingerprint;

/* What the target knows of the run. */
typedef struct map_target {
    const char *run_uuid;
    const char *run_namespace; /* "" in single-user mode */
    map_run_state state;
    int64_t created_at;                   /* seconds */
    int64_t finished_at;                  /* seconds, 0 */
    const map_legacy_fingerprint *legacy; /* of this run, by execution id */
    size_t legacy_count;
    int json_depth; /* levels that the target's JSON columns take; 0: as many as the library itself takes */
    bool made;      /* the run row is made by this import: executions without a state count as SUCCEEDED */
} map_target;

typedef struct map_options {
    const char *source_id;   /* "" or NULL: ids are not prefixed */
    bool canceled_is_failed; /* --canceled=failed */
    bool any_execution_type; /* the run's context type is not KFP v2's: executions of any type become RUNTIME tasks */
} map_options;

/* The version of these rules: part of a run's digest, so that a run is looked at again when they change. */
enum { MAP_VERSION = 1 };

typedef struct map_rows {
    kfps_task *tasks; /* parents before children; within one depth by UUID */
    size_t task_count;
    int *task_depths;         /* 0 for the root: a child never stands in the same bulk statement as its parent */
    kfps_artifact *artifacts; /* by UUID */
    size_t artifact_count;
    kfps_artifact_task *links; /* by UUID */
    size_t link_count;
    int64_t *artifact_ids; /* artifacts[i] came from this MLMD artifact */
    bool rejected;         /* the run must not be imported; the last note says why */
} map_rows;

/* Everything is allocated in the arena. KFPS_NO_MEMORY is the only failure: whatever the source holds is handled and
 * noted. `notes` is appended to. */
kfps_status map_run(const mlmd_run *run, const map_target *target, const map_options *options, kfpb_arena *arena,
                    map_rows *out, note_list *notes, kfps_error *error);

/* The normalised state of run_details: State if it says anything, else Conditions; both may be NULL. */
map_run_state map_normalise_run_state(const char *state, const char *conditions);

#endif
