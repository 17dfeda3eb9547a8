/* SPDX-License-Identifier: Apache-2.0 */
/* task_create.c: kfps_task_create: tasks that are there already are found by their logical key. */
#include <stdlib.h>

#include "backends/base/fail.h"
#include "kfpstore/merge.h"
#include "kfpstore/task.h"
#include "libkfpstore/access.h"
#include "libkfpstore/query.h"
#include "libkfpstore/result.h"
#include "libkfpstore/run_row.h"
#include "libkfpstore/tables.h"
#include "libkfpstore/task_fill.h"
#include "libkfpstore/task_lock.h"
#include "libkfpstore/task_rows.h"

typedef struct creation {
    const kfps_task *given;
    size_t count;
    int32_t *existed;
    bool wanted;          /* the caller wants the tasks */
    kfps_task_list *list; /* of the last try that succeeded */
} creation;

/* One try. Everything lives in the result's arena. */
typedef struct attempt {
    const creation *what;
    kfpsi_op *op;
    kfpsi_task_rows result;
    kfpb_arena *arena;
    kfps_task *rows;         /* what would be inserted, in the order given */
    const kfps_task **final; /* what is returned for each */
    const char **keys;       /* logical keys, sorted */
    size_t key_count;
    const kfps_task **of_key; /* the task of each key, once known */
    kfps_task **fresh;        /* rows to insert */
    size_t fresh_count;
    kfps_error *error;
} attempt;

/* ---- the run and the parent -------------------------------------------------------------------------------------- */

static kfps_status agree(const attempt *a, size_t i, const kfpsi_run_row *run)
{
    kfps_task *row = &a->rows[i];
    kfps_status status = kfpsi_run_require(a->op, run, i, a->error);
    if (status != KFPS_OK)
        return status;
    if (row->task_namespace == NULL)
        row->task_namespace = run->run_namespace;
    if (a->op->store->multi_user && run->run_namespace[0] == '\0')
        return kfpb_fail_at(a->error, i, KFPS_INVALID,
                            "the run %.64s has no namespace: the store is in multi-user mode", row->run_uuid);
    if (a->op->store->multi_user && strcmp(row->task_namespace, run->run_namespace) != 0)
        return kfpb_fail_at(a->error, i, KFPS_INVALID, "the namespace of element %zu is not that of its run %.64s", i,
                            row->run_uuid);
    return KFPS_OK;
}

static kfps_status lock_runs(const attempt *a)
{
    const size_t count = a->what->count;
    size_t run_count = 0;
    const char **uuids = kfpb_arena_array(a->arena, count, sizeof *uuids);
    for (size_t i = 0; uuids != NULL && i < count; i++)
        uuids[i] = a->rows[i].run_uuid;
    const char **runs = uuids != NULL ? kfpsi_sorted_texts(a->arena, uuids, count, &run_count) : NULL;
    kfpsi_run_row *rows = runs != NULL ? kfpb_arena_array(a->arena, run_count, sizeof *rows) : NULL;
    if (rows == NULL)
        return kfpb_fail_no_memory(a->error);
    kfps_status status = run_count > 0 ? kfpsi_runs_lock(a->op, a->arena, runs, run_count, rows, a->error) : KFPS_OK;
    for (size_t i = 0; status == KFPS_OK && i < count; i++)
        status = agree(a, i, &rows[kfpsi_find_text(runs, run_count, a->rows[i].run_uuid)]);
    return status;
}

static int compare_by_uuid(const void *a, const void *b)
{
    return strcmp(((const kfpsi_task_place *) a)->uuid, ((const kfpsi_task_place *) b)->uuid);
}

/* The foreign key takes a share lock on each parent, in the order of the insert. Where that would be the wrong order,
 * or the caller's transaction may go on to update the parent, it is locked for that first. */
static kfps_status lock_parents(const attempt *a)
{
    const char **uuids = kfpb_arena_array(a->arena, a->fresh_count, sizeof *uuids);
    kfpsi_task_place *places = NULL;
    size_t wanted = 0, count = 0, locked = 0;
    kfps_task *rows = NULL;
    if (uuids == NULL)
        return kfpb_fail_no_memory(a->error);
    for (size_t i = 0; i < a->fresh_count; i++) {
        if (a->fresh[i]->parent_uuid != NULL)
            uuids[wanted++] = a->fresh[i]->parent_uuid;
    }
    if (wanted == 0)
        return KFPS_OK;
    kfps_status status = kfpsi_tasks_find(a->op, a->arena, uuids, wanted, &places, &count, a->error);
    if (status == KFPS_OK && (count > 1 || a->op->session->txn))
        status = kfpsi_tasks_lock(a->op, a->arena, places, count, &kfpsi_view_task_key, &rows, &locked, a->error);
    if (status != KFPS_OK)
        return status;
    if (count > 1)
        qsort(places, count, sizeof *places, compare_by_uuid);
    for (size_t i = 0; i < a->fresh_count; i++) {
        const kfps_task *row = a->fresh[i];
        const kfpsi_task_place key = {.uuid = row->parent_uuid};
        if (row->parent_uuid == NULL)
            continue;
        const kfpsi_task_place *place = count > 0 ? bsearch(&key, places, count, sizeof key, compare_by_uuid) : NULL;
        if (place == NULL || strcmp(place->run_uuid, row->run_uuid) != 0)
            return kfpb_fail_at(a->error, (size_t) (row - a->rows), KFPS_FOREIGN_KEY,
                                "the run %.64s has no task %.64s to be a parent", row->run_uuid, row->parent_uuid);
    }
    return KFPS_OK;
}

/* ---- the tasks that are there ------------------------------------------------------------------------------------ */

static kfps_status see_existing(void *context, const kfpb_rows *row, kfps_error *error)
{
    attempt *a = context;
    kfps_task *task = kfpb_arena_alloc(a->arena, sizeof *task);
    if (task == NULL)
        return kfpb_fail_no_memory(error);
    kfpsi_view_read(row, 0, a->result.columns, a->arena, task);
    if (a->arena->out_of_memory)
        return kfpb_fail_no_memory(error);
    const ptrdiff_t at = kfpsi_find_text(a->keys, a->key_count, task->logical_key);
    if (at >= 0)
        a->of_key[at] = task;
    return KFPS_OK;
}

static kfps_status find_existing(attempt *a)
{
    const char **keys = kfpb_arena_array(a->arena, a->what->count, sizeof *keys);
    kfpb_sql head;
    if (keys == NULL)
        return kfpb_fail_no_memory(a->error);
    for (size_t i = 0; i < a->what->count; i++)
        keys[i] = a->rows[i].logical_key;
    a->keys = kfpsi_sorted_texts(a->arena, keys, a->what->count, &a->key_count);
    a->of_key = a->keys != NULL ? kfpb_arena_array(a->arena, a->key_count, sizeof *a->of_key) : NULL;
    if (a->of_key == NULL)
        return kfpb_fail_no_memory(a->error);
    kfpb_sql_init(&head, a->op->conn);
    kfpb_sql_add(&head, "SELECT ");
    kfpsi_view_columns(&head, a->result.columns, NULL);
    kfpb_sql_add(&head, " FROM \"tasks\" WHERE \"LogicalKey\"");
    const kfps_status status = kfpb_sql_out_of_memory(&head)
                                   ? kfpb_fail_no_memory(a->error)
                                   : kfpsi_each_in(a->op->conn, kfpb_text_get(&head.text), a->keys, a->key_count, "",
                                                   see_existing, a, a->error);
    kfpb_sql_free(&head);
    return status;
}

/* Which are new: neither there already nor the same as an earlier one of this call. */
static kfps_status sort_out(attempt *a)
{
    for (size_t i = 0; i < a->what->count; i++) {
        kfps_task *row = &a->rows[i];
        const ptrdiff_t key = kfpsi_find_text(a->keys, a->key_count, row->logical_key);
        const bool there = key >= 0 && a->of_key[key] != NULL;
        a->final[i] = there ? a->of_key[key] : row;
        if (a->what->existed != NULL)
            a->what->existed[i] = there;
        if (there)
            continue;
        if (key >= 0)
            a->of_key[key] = row;
        char uuid[KFPS_UUID_SIZE];
        const kfps_status status = kfpsi_new_uuid(a->op->store, uuid, a->error);
        if (status != KFPS_OK)
            return status;
        row->uuid = kfpb_arena_text(a->arena, uuid);
        if (row->uuid == NULL)
            return kfpb_fail_no_memory(a->error);
        a->fresh[a->fresh_count++] = row;
    }
    return KFPS_OK;
}

/* ---- writing ----------------------------------------------------------------------------------------------------- */

/* The rest of the rows that are new, and whether the columns take them. */
static kfps_status fill(const attempt *a)
{
    size_t bytes = 0;
    kfps_status status = KFPS_OK;
    const void **records = kfpb_arena_array(a->arena, a->what->count, sizeof *records);
    if (records == NULL)
        return kfpb_fail_no_memory(a->error);
    for (size_t f = 0; status == KFPS_OK && f < a->fresh_count; f++) {
        const size_t i = (size_t) (a->fresh[f] - a->rows);
        records[i] = &a->rows[i];
        status = kfpsi_task_fill(a->op, a->arena, i, &a->rows[i], a->error);
    }
    if (status == KFPS_OK)
        status = kfpb_check_records(&kfpsi_tasks, records, a->what->count, &a->op->conn->limits, &bytes, a->error);
    return status;
}

static int compare_rows(const void *a, const void *b)
{
    return strcmp((*(const kfps_task *const *) a)->uuid, (*(const kfps_task *const *) b)->uuid);
}

static kfps_status insert(const attempt *a)
{
    const void **records = kfpb_arena_array(a->arena, a->fresh_count, sizeof *records);
    if (records == NULL)
        return kfpb_fail_no_memory(a->error);
    if (a->fresh_count > 1)
        qsort(a->fresh, a->fresh_count, sizeof *a->fresh, compare_rows);
    for (size_t i = 0; i < a->fresh_count; i++)
        records[i] = a->fresh[i];
    const kfps_status status = kfpb_insert(a->op->conn, &kfpsi_tasks, records, a->fresh_count, KFPB_CONFLICT_FAIL, NULL,
                                           a->error);
    /* another has created it since we looked: the next try finds it */
    const bool raced = status == KFPS_EXISTS && strstr(a->error->message, "ogical") != NULL;
    if (raced && !a->op->session->txn)
        return kfpb_fail(a->error, KFPS_BUSY, "a task with this logical key is being created by another");
    return status;
}

static kfps_status give(attempt *a)
{
    /* The texts of new rows are the caller's; those of the others lie in the arena since they were read. */
    for (size_t f = 0; a->what->wanted && f < a->fresh_count; f++)
        kfpsi_record_own(&kfpsi_view_task, a->arena, a->fresh[f]);
    for (size_t i = 0; a->what->wanted && i < a->what->count; i++) {
        kfps_task_item *item = kfpsi_push(a->arena, &a->result.items, &a->result.count, &a->result.capacity,
                                          sizeof *item);
        if (item == NULL)
            return kfpb_fail_no_memory(a->error);
        *item = (kfps_task_item){.task = *a->final[i]};
    }
    if (a->arena->out_of_memory)
        return kfpb_fail_no_memory(a->error);
    return kfpsi_task_rows_finish(a->op, &a->result, a->error);
}

static kfps_status create(kfpsi_op *op, void *context, kfps_error *error)
{
    creation *what = context;
    attempt a = {.what = what, .op = op, .error = error};
    kfpsi_result_free(what->list);
    what->list = NULL;
    kfps_status status = kfpsi_task_rows_new(&a.result, op->session, what->wanted ? KFPS_VIEW_RUNTIME : KFPS_VIEW_BASIC,
                                             error);
    if (status != KFPS_OK)
        return status;
    a.arena = a.result.arena;
    a.rows = kfpb_arena_array(a.arena, what->count, sizeof *a.rows);
    a.final = kfpb_arena_array(a.arena, what->count, sizeof *a.final);
    a.fresh = kfpb_arena_array(a.arena, what->count, sizeof *a.fresh);
    if (a.arena->out_of_memory)
        status = kfpb_fail_no_memory(error);
    for (size_t i = 0; status == KFPS_OK && i < what->count; i++)
        status = kfpsi_task_identify(op, a.arena, &what->given[i], i, &a.rows[i], error);
    if (status == KFPS_OK)
        status = lock_runs(&a);
    if (status == KFPS_OK)
        status = find_existing(&a);
    if (status == KFPS_OK)
        status = sort_out(&a);
    if (status == KFPS_OK && a.fresh_count > 0)
        status = fill(&a);
    if (status == KFPS_OK && a.fresh_count > 0)
        status = lock_parents(&a);
    if (status == KFPS_OK && a.fresh_count > 0)
        status = insert(&a);
    if (status == KFPS_OK)
        status = give(&a);
    if (status == KFPS_OK)
        what->list = a.result.list;
    else
        kfpsi_task_rows_free(&a.result);
    return status;
}

/* ---- the public door --------------------------------------------------------------------------------------------- */

static kfps_status check_arguments(const kfps_session *session, const kfps_task *task, size_t i, kfps_error *error)
{
    const char *space = NULL;
    if (task->run_uuid == NULL || task->run_uuid[0] == '\0')
        return kfpb_fail_at(error, i, KFPS_INVALID, "run_uuid of element %zu is empty", i);
    if (kfps_task_state_name(task->state) == NULL)
        return kfpb_fail_at(error, i, KFPS_INVALID, "state of element %zu is %d, which is none", i, task->state);
    if (kfps_task_type_name(task->type) == NULL)
        return kfpb_fail_at(error, i, KFPS_INVALID, "type of element %zu is %d, which is none", i, task->type);
    const kfps_status status = kfpsi_space(session, task->task_namespace, false, &space, error);
    if (status != KFPS_OK && error != NULL)
        error->element = (int32_t) i;
    return status;
}

static bool same(const char *a, const char *b)
{
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static kfps_status allowed(const kfps_session *session, const kfps_task *tasks, size_t count, kfps_error *error)
{
    kfps_status status = KFPS_OK;
    for (size_t i = 0; status == KFPS_OK && i < count; i++) {
        const kfps_task *before = i > 0 ? &tasks[i - 1] : NULL;
        if (before != NULL && same(before->run_uuid, tasks[i].run_uuid) &&
            same(before->task_namespace, tasks[i].task_namespace))
            continue;
        status = kfpsi_ask(session, KFPS_VERB_CREATE, KFPS_RESOURCE_TASKS, tasks[i].task_namespace, tasks[i].run_uuid,
                           error);
        if (status != KFPS_OK && error != NULL)
            error->element = (int32_t) i;
    }
    return status;
}

kfps_status kfps_task_create(kfps_session *session, const kfps_task *tasks, size_t count, int32_t *existed,
                             kfps_task_list **out, kfps_error *error)
{
    creation what = {.given = tasks, .count = count, .existed = existed, .wanted = out != NULL};
    kfps_status status = KFPS_OK;
    kfpb_error_clear(error);
    if (out != NULL)
        *out = NULL;
    for (size_t i = 0; existed != NULL && i < count; i++)
        existed[i] = 0;
    if (session == NULL || (tasks == NULL && count > 0) || count > INT32_MAX)
        return kfpb_fail(error, KFPS_INVALID, "kfps_task_create: session and tasks must not be NULL");
    for (size_t i = 0; status == KFPS_OK && i < count; i++)
        status = check_arguments(session, &tasks[i], i, error);
    if (status == KFPS_OK)
        status = allowed(session, tasks, count, error);
    if (status == KFPS_OK)
        status = kfpsi_write(session, create, &what, error);
    for (size_t i = 0; status != KFPS_OK && existed != NULL && i < count; i++)
        existed[i] = 0;
    if (status == KFPS_OK && out != NULL)
        *out = what.list;
    else
        kfpsi_result_free(what.list);
    return status;
}
