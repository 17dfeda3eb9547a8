/* SPDX-License-Identifier: Apache-2.0 */
/*
 * task_lock.h: several tasks locked in the order that every transaction keeps: deepest in the tree first, then by UUID.
 * The run rows are locked before (run_row.h): kfpsi_tasks_find says which they are, kfpsi_tasks_lock comes after.
 */
#ifndef KFPSI_TASK_LOCK_H
#define KFPSI_TASK_LOCK_H

#include "kfpstore/types.h"
#include "libkfpstore/operation.h"
#include "libkfpstore/view.h"

/* Where a task stands. */
typedef struct kfpsi_task_place {
    const char *uuid;
    const char *run_uuid;
    int64_t depth; /* 0: has no parent; all 0 where the engine has no row locks, or one task is asked for */
} kfpsi_task_place;

/* Finds the tasks without locking them; those that are not there, or that the session may not see, are left out. In the
 * order of the locks. `uuids` may repeat and hold NULLs. */
kfps_status kfpsi_tasks_find(kfpsi_op *op, kfpb_arena *arena, const char *const *uuids, size_t count,
                             kfpsi_task_place **places, size_t *place_count, kfps_error *error);

/* Share-locks the rows of their runs; what state the runs are in does not matter. */
kfps_status kfpsi_tasks_lock_runs(kfpsi_op *op, kfpb_arena *arena, const kfpsi_task_place *places, size_t count,
                                  kfps_error *error);

/* Locks them FOR UPDATE, one statement a depth, and reads the view's columns, the UUID among them. The rows come in the
 * order of `places`; those that have gone meanwhile are missing. */
kfps_status kfpsi_tasks_lock(kfpsi_op *op, kfpb_arena *arena, const kfpsi_task_place *places, size_t count,
                             const kfpsi_view *view, kfps_task **rows, size_t *row_count, kfps_error *error);

extern const kfpsi_view kfpsi_view_task_key; /* UUID, Namespace, RunUUID, Fingerprint */

#endif
