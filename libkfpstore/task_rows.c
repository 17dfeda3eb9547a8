/* SPDX-License-Identifier: Apache-2.0 */
#include "libkfpstore/task_rows.h"

#include "backends/base/fail.h"
#include "libkfpstore/access.h"
#include "libkfpstore/result.h"

kfps_status kfpsi_task_view_check(int32_t view, kfps_error *error)
{
    if (view >= KFPS_VIEW_BASIC && view <= KFPS_VIEW_FULL)
        return KFPS_OK;
    return kfpb_fail(error, KFPS_INVALID, "%d is not a view of tasks (kfps_task_view)", view);
}

kfps_status kfpsi_task_rows_new(kfpsi_task_rows *rows, const kfps_session *session, int32_t view, kfps_error *error)
{
    *rows = (kfpsi_task_rows){
        .session = session,
        .view = view,
        .columns = view == KFPS_VIEW_BASIC ? &kfpsi_view_task_basic : &kfpsi_view_task,
    };
    rows->list = kfpsi_result_new(sizeof *rows->list, &rows->arena);
    if (rows->list == NULL)
        return kfpb_fail_no_memory(error);
    *rows->list = (kfps_task_list){.next_page_token = "", .total_size = -1};
    return KFPS_OK;
}

kfps_status kfpsi_task_rows_see(void *context, const kfpb_rows *row, kfps_error *error)
{
    kfpsi_task_rows *rows = context;
    kfps_task_item *item = kfpsi_push(rows->arena, &rows->items, &rows->count, &rows->capacity, sizeof *item);
    if (item == NULL)
        return kfpb_fail_no_memory(error);
    *item = (kfps_task_item){0};
    kfpsi_view_read(row, 0, rows->columns, rows->arena, &item->task);
    if (rows->arena->out_of_memory)
        return kfpb_fail_no_memory(error);
    if (!kfpsi_sees(rows->session, item->task.task_namespace))
        rows->count--;
    return KFPS_OK;
}

static void drop_links(kfpsi_task_rows *rows)
{
    kfpsi_hydration_free(rows->links);
    rows->links = NULL;
}

kfps_status kfpsi_task_rows_finish(kfpsi_op *op, kfpsi_task_rows *rows, kfps_error *error)
{
    kfps_status status = KFPS_OK;
    if (rows->view == KFPS_VIEW_FULL && rows->count > 0)
        status = rows->links != NULL ? kfpsi_hydration_finish(rows->links, rows->items, rows->count, error)
                                     : kfpsi_hydrate(op, rows->arena, rows->items, rows->count, error);
    rows->list->items = rows->items;
    rows->list->count = rows->count;
    drop_links(rows);
    return status;
}

void kfpsi_task_rows_free(kfpsi_task_rows *rows)
{
    drop_links(rows);
    kfpsi_result_free(rows->list);
    rows->list = NULL;
}
