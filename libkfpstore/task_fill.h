/* SPDX-License-Identifier: Apache-2.0 */
/* task_fill.h: a task of a caller as it will be stored. */
#ifndef KFPSI_TASK_FILL_H
#define KFPSI_TASK_FILL_H

#include "kfpstore/task.h"
#include "libkfpstore/operation.h"

/* The row of a task, as far as its logical key needs it; the UUID stays "". Texts are borrowed from `given` or come
 * from the arena. KFPS_INVALID (type_attributes_json; error->element), KFPS_NO_MEMORY. */
kfps_status kfpsi_task_identify(const kfpsi_op *op, kfpb_arena *arena, const kfps_task *given, size_t element,
                                kfps_task *row, kfps_error *error);

/* The rest, of a row that is going to be written: times, defaults and state history, as kfps_task_create says.
 * KFPS_INVALID (JSON; error->element), KFPS_NO_MEMORY. */
kfps_status kfpsi_task_fill(const kfpsi_op *op, kfpb_arena *arena, size_t element, kfps_task *row, kfps_error *error);

#endif
