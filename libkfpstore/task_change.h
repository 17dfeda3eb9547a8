/* SPDX-License-Identifier: Apache-2.0 */
/* task_change.h: what one update does to one task: upstream's rules of merging, field by field. */
#ifndef KFPSI_TASK_CHANGE_H
#define KFPSI_TASK_CHANGE_H

#include "backends/base/arena.h"
#include "kfpstore/task.h"

/* What can be said without the database: required fields, enumerations, lengths, contradictions. */
kfps_status kfpsi_task_change_check(const kfps_task_change *changes, size_t count, kfps_error *error);

/* Changes the record; texts go into the arena. `element` is for errors. */
kfps_status kfpsi_task_change_apply(const kfps_task_change *change, int64_t now, int json_depth, size_t element,
                                    kfpb_arena *arena, kfps_task *row, kfps_error *error);

/* Gives the record a state: history, and no fingerprint for a task that failed. */
kfps_status kfpsi_task_set_state(kfps_task *row, int32_t state, int64_t now, kfpb_arena *arena, kfps_error *error);

static inline bool kfpsi_task_is_over(int32_t state)
{
    return state >= KFPS_TASK_SUCCEEDED && state <= KFPS_TASK_CACHED;
}

/* Whether a task in this state hands its outputs up. */
static inline bool kfpsi_task_gives(int32_t state)
{
    return state == KFPS_TASK_SUCCEEDED || state == KFPS_TASK_CACHED;
}

#endif
