/* SPDX-License-Identifier: Apache-2.0 */
/* hydrate.h: the artifacts of tasks, as kfps_task_item has them. */
#ifndef KFPSI_HYDRATE_H
#define KFPSI_HYDRATE_H

#include "backends/sql.h"
#include "kfpstore/task.h"
#include "libkfpstore/operation.h"

/* Reads the inputs and outputs of the tasks, whose item.task.uuid is there already, with one statement for any but very
 * long lists. Everything goes into the arena. Artifacts that the session may not see are left out. */
kfps_status kfpsi_hydrate(kfpsi_op *op, kfpb_arena *arena, kfps_task_item *items, size_t count, kfps_error *error);

/* The same with the statement that finds a task: its rows are of "tasks" t and what is joined, a row a link. */
typedef struct kfpsi_hydration kfpsi_hydration;

void kfpsi_hydration_columns(kfpb_sql *sql);
void kfpsi_hydration_join(kfpb_sql *sql);
kfps_status kfpsi_hydration_new(const kfps_session *session, kfpb_arena *arena, const kfps_task_item *items,
                                size_t count, kfpsi_hydration **out, kfps_error *error);
/* `first` of the columns. A row without a link, or of another task, is passed over. */
kfps_status kfpsi_hydration_see(kfpsi_hydration *hydration, const kfpb_rows *row, size_t first, kfps_error *error);
kfps_status kfpsi_hydration_finish(kfpsi_hydration *hydration, kfps_task_item *items, size_t count, kfps_error *error);
void kfpsi_hydration_free(kfpsi_hydration *hydration); /* NULL is allowed */

#endif
