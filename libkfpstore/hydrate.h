/* SPDX-License-Identifier: Apache-2.0 */
/* hydrate.h: the artifacts of tasks, as kfps_task_item has them. */
#ifndef KFPSI_HYDRATE_H
#define KFPSI_HYDRATE_H

#include "kfpstore/task.h"
#include "libkfpstore/operation.h"

/* Reads the inputs and outputs of the tasks, whose item.task.uuid is there already, with one statement for any but very
 * long lists. Everything goes into the arena. Artifacts that the session may not see are left out. */
kfps_status kfpsi_hydrate(kfpsi_op *op, kfpb_arena *arena, kfps_task_item *items, size_t count, kfps_error *error);

#endif
