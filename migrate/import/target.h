/* SPDX-License-Identifier: Apache-2.0 */
/* target.h: what an import reads from the KFP database: the runs, what is there of them, legacy fingerprints. */
#ifndef KFPM_TARGET_H
#define KFPM_TARGET_H

#include "backends/backend.h"
#include "backends/base/arena.h"
#include "migrate/map/map.h"

/* A run context that a run row is looked for. */
typedef struct target_key {
    const char *name;      /* of the context */
    const char *made_uuid; /* the UUID of a run row that an import makes for it; NULL for KFP's own contexts, whose name
                              is the UUID */
} target_key;

/* The row of run_details. */
typedef struct target_run {
    bool found;
    const char *uuid;
    const char *run_namespace; /* of the run, else of its experiment; "" in single-user mode */
    map_run_state state;
    int64_t created_at;
    int64_t finished_at;
} target_run;

/* By UUID (KFP's contexts), else by the UUID an import would make, by UUID = name, by Name = name if that is one row
 * only. */
kfps_status target_find_runs(kfpb_conn *conn, const target_key *keys, size_t count, kfpb_arena *arena, target_run *out,
                             kfps_error *error);

/* Whether an import made this id: it derives them (UUID version 5), servers make random ones. */
bool target_is_derived(const char *uuid);

/* Calls `see` for every task of these runs that is already there. */
typedef void (*target_see_task)(void *context, const char *run_uuid, const char *task_uuid);
kfps_status target_existing_tasks(kfpb_conn *conn, const char *const *run_uuids, size_t count, target_see_task see,
                                  void *context, kfps_error *error);

/* Calls `see` for every legacy row of these runs with a fingerprint. `table`: "tasks_pre_migration", or "tasks" before
 * the upgrade. */
typedef void (*target_see_fingerprint)(void *context, const char *run_uuid, int64_t execution_id,
                                       const char *fingerprint);
kfps_status target_legacy_fingerprints(kfpb_conn *conn, const char *table, const char *const *run_uuids, size_t count,
                                       target_see_fingerprint see, void *context, kfps_error *error);

/* Calls `see` for every task of these runs that has a fingerprint. */
typedef void (*target_see_task_fingerprint)(void *context, const char *run_uuid, const char *task_uuid,
                                            const char *fingerprint);
kfps_status target_task_fingerprints(kfpb_conn *conn, const char *const *run_uuids, size_t count,
                                     target_see_task_fingerprint see, void *context, kfps_error *error);

/* Calls `see` for every one of these artifacts that is there. */
typedef void (*target_see_artifact)(void *context, const char *uuid, const char *artifact_namespace);
kfps_status target_existing_artifacts(kfpb_conn *conn, const char *const *uuids, size_t count, target_see_artifact see,
                                      void *context, kfps_error *error);

/* Whether an artifact of another namespace than this one is there. */
kfps_status target_has_other_namespace(kfpb_conn *conn, const char *run_namespace, bool *other, kfps_error *error);

#endif
