/* SPDX-License-Identifier: Apache-2.0 */
/* task_write.h: the two statements of an update: rows locked, rows written. */
#ifndef KFPSI_TASK_WRITE_H
#define KFPSI_TASK_WRITE_H

#include "libkfpstore/task_update.h"

/* Locks the rows in the order of their UUIDs (as `level` has them) and reads them into `was` and `row`, but for those
 * that have been locked already; was.uuid stays NULL where there is none. */
kfps_status kfpsi_level_lock(kfpsi_update *u, kfpsi_task_node *const *level, size_t level_count, kfps_error *error);
/* Writes those whose `row` is not what it was: one of them column by column, several as one bulk statement. */
kfps_status kfpsi_level_write(kfpsi_update *u, kfpsi_task_node *const *level, size_t count, kfps_error *error);

#endif
