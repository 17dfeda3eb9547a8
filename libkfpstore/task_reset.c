/* SPDX-License-Identifier: Apache-2.0 */
/* task_reset.c: kfps_task_reset: the tasks of a run that is tried again. */
#include <stdlib.h>

#include "backends/base/fail.h"
#include "kfpstore/merge.h"
#include "kfpstore/task.h"
#include "libkfpstore/access.h"
#include "libkfpstore/tables.h"
#include "libkfpstore/task_lock.h"

typedef struct reset {
    const char *const *uuids;
    size_t count;
    int64_t done;
} reset;

/* Input parameters, fingerprint, type attributes, logical key and creation time stay. */
static kfps_status restart(kfps_task *row, int64_t now, kfpb_arena *arena, kfps_error *error)
{
    char *history = NULL;
    const kfps_status status = kfps_state_history_append(row->state_history_json, KFPS_TASK_RUNNING, now, &history,
                                                         error);
    if (status != KFPS_OK)
        return status;
    row->state_history_json = kfpb_arena_text(arena, history);
    kfps_free(history);
    row->state = KFPS_TASK_RUNNING;
    row->started_at = now;
    row->finished_at = 0;
    row->status_metadata_json = NULL;
    row->pods_json = "[]";
    row->output_parameters_json = "[]";
    return row->state_history_json != NULL ? KFPS_OK : kfpb_fail_no_memory(error);
}

static int compare_rows(const void *a, const void *b)
{
    return strcmp((*(const kfps_task *const *) a)->uuid, (*(const kfps_task *const *) b)->uuid);
}

static kfps_status write_rows(kfpsi_op *op, kfpb_arena *arena, const kfps_task *rows, size_t count, kfps_error *error)
{
    const kfps_task **sorted = kfpb_arena_array(arena, count, sizeof *sorted);
    const void **records = kfpb_arena_array(arena, count, sizeof *records);
    if (sorted == NULL || records == NULL)
        return kfpb_fail_no_memory(error);
    for (size_t i = 0; i < count; i++)
        sorted[i] = &rows[i];
    if (count > 1)
        qsort(sorted, count, sizeof *sorted, compare_rows);
    for (size_t i = 0; i < count; i++)
        records[i] = sorted[i];
    /* the rows are locked and whole: to replace them is one statement for many, each with a history of its own */
    return kfpb_insert(op->conn, &kfpsi_tasks, records, count, KFPB_CONFLICT_REPLACE, NULL, error);
}

static kfps_status run_reset(kfpsi_op *op, void *context, kfps_error *error)
{
    reset *what = context;
    kfpb_arena arena;
    kfpsi_task_place *places = NULL;
    kfps_task *rows = NULL;
    size_t place_count = 0, row_count = 0;
    what->done = 0;
    kfpb_arena_init(&arena);
    kfps_status status = kfpsi_tasks_find(op, &arena, what->uuids, what->count, &places, &place_count, error);
    if (status == KFPS_OK)
        status = kfpsi_tasks_lock_runs(op, &arena, places, place_count, error);
    if (status == KFPS_OK)
        status = kfpsi_tasks_lock(op, &arena, places, place_count, &kfpsi_view_task, &rows, &row_count, error);
    for (size_t i = 0; status == KFPS_OK && i < row_count; i++)
        status = restart(&rows[i], op->now, &arena, error);
    if (status == KFPS_OK && row_count > 0)
        status = write_rows(op, &arena, rows, row_count, error);
    if (status == KFPS_OK)
        what->done = (int64_t) row_count;
    kfpb_arena_free(&arena);
    return status;
}

kfps_status kfps_task_reset(kfps_session *session, const char *const *uuids, size_t count, int64_t *done,
                            kfps_error *error)
{
    reset what = {.uuids = uuids, .count = count};
    kfpb_error_clear(error);
    if (done != NULL)
        *done = 0;
    if (session == NULL || (uuids == NULL && count > 0))
        return kfpb_fail(error, KFPS_INVALID, "kfps_task_reset: session and uuids must not be NULL");
    for (size_t i = 0; i < count; i++) {
        if (uuids[i] == NULL || uuids[i][0] == '\0')
            return kfpb_fail_at(error, i, KFPS_INVALID, "the UUID of element %zu is empty", i);
    }
    kfps_status status = kfpsi_ask(session, KFPS_VERB_UPDATE, KFPS_RESOURCE_TASKS, NULL, NULL, error);
    if (status == KFPS_OK)
        status = kfpsi_write(session, run_reset, &what, error);
    if (status == KFPS_OK && done != NULL)
        *done = what.done;
    return status;
}
