/* SPDX-License-Identifier: Apache-2.0 */
/* task_rows.h: tasks on their way from a query into a kfps_task_list. */
#ifndef KFPSI_TASK_ROWS_H
#define KFPSI_TASK_ROWS_H

#include "kfpstore/task.h"
#include "libkfpstore/hydrate.h"
#include "libkfpstore/operation.h"
#include "libkfpstore/view.h"

typedef struct kfpsi_task_rows {
    const kfps_session *session;
    int32_t view; /* kfps_task_view */
    const kfpsi_view *columns;
    kfpb_arena *arena; /* of the list */
    kfps_task_list *list;
    kfps_task_item *items;
    size_t count, capacity;
    kfpsi_hydration *links; /* which came with the tasks; NULL: they are read at the end */
} kfpsi_task_rows;

/* KFPS_INVALID: not a kfps_task_view. */
kfps_status kfpsi_task_view_check(int32_t view, kfps_error *error);
/* An empty list. `rows` is NULL-safe to free afterwards in any case. */
kfps_status kfpsi_task_rows_new(kfpsi_task_rows *rows, const kfps_session *session, int32_t view, kfps_error *error);
/* A kfpsi_see with the rows as context: takes the columns of rows->columns, from the first on. Tasks that the session
 * may not see are left out. */
kfps_status kfpsi_task_rows_see(void *rows, const kfpb_rows *row, kfps_error *error);
/* Reads the artifacts where the view has them, and completes the list. */
kfps_status kfpsi_task_rows_finish(kfpsi_op *op, kfpsi_task_rows *rows, kfps_error *error);
void kfpsi_task_rows_free(kfpsi_task_rows *rows);

#endif
