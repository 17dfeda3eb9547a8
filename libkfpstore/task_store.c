/* SPDX-License-Identifier: Apache-2.0 */
/* task_store.c: tasks by their UUIDs, children, counts. */
#include "kfpstore/task.h"

#include "backends/base/fail.h"
#include "libkfpstore/access.h"
#include "libkfpstore/query.h"
#include "libkfpstore/result.h"
#include "libkfpstore/task_rows.h"

static bool is_empty(const char *text)
{
    return text == NULL || text[0] == '\0';
}

/* ---- by UUID ----------------------------------------------------------------------------------------------------- */

typedef struct lookup {
    const char *const *uuids;
    size_t count;
    int32_t view;
    kfps_task_list *list;
} lookup;

/* In the order asked for, each once; the others are absent. */
static kfps_status put_in_order(kfpsi_task_rows *rows, const lookup *want, const char **sorted, size_t sorted_count,
                                kfps_error *error)
{
    const kfps_task_item **of_uuid = kfpb_arena_array(rows->arena, sorted_count, sizeof *of_uuid);
    bool *seen = kfpb_arena_array(rows->arena, sorted_count, sizeof *seen);
    kfps_task_item *ordered = kfpb_arena_array(rows->arena, rows->count, sizeof *ordered);
    const char **absent = kfpb_arena_array(rows->arena, sorted_count, sizeof *absent);
    size_t count = 0, absent_count = 0;
    if (rows->arena->out_of_memory)
        return kfpb_fail_no_memory(error);
    for (size_t i = 0; i < rows->count; i++)
        of_uuid[kfpsi_find_text(sorted, sorted_count, rows->items[i].task.uuid)] = &rows->items[i];
    for (size_t i = 0; i < want->count; i++) {
        const ptrdiff_t at = kfpsi_find_text(sorted, sorted_count, want->uuids[i]);
        if (seen[at])
            continue;
        seen[at] = true;
        if (of_uuid[at] != NULL)
            ordered[count++] = *of_uuid[at];
        else
            absent[absent_count++] = kfpb_arena_text(rows->arena, want->uuids[i]);
    }
    rows->items = ordered;
    rows->count = count;
    rows->list->absent = absent;
    rows->list->absent_count = absent_count;
    return rows->arena->out_of_memory ? kfpb_fail_no_memory(error) : KFPS_OK;
}

typedef struct exact {
    kfpsi_task_rows *rows;
    const char **sorted;
    size_t sorted_count;
} exact;

/* A collation may find more than was asked for. */
static kfps_status see_exact(void *context, const kfpb_rows *row, kfps_error *error)
{
    const exact *e = context;
    if (kfpsi_find_text(e->sorted, e->sorted_count, kfpb_get_text(row, 0, NULL)) < 0)
        return KFPS_OK;
    return kfpsi_task_rows_see(e->rows, row, error);
}

static kfps_status read_by_uuid(kfpsi_op *op, void *context, kfps_error *error)
{
    lookup *want = context;
    kfpsi_task_rows rows;
    kfpb_sql head;
    kfpsi_result_free(want->list);
    want->list = NULL;
    kfps_status status = kfpsi_task_rows_new(&rows, op->session, want->view, error);
    if (status != KFPS_OK)
        return status;
    exact e = {.rows = &rows};
    kfpb_sql_init(&head, op->conn);
    kfpb_sql_add(&head, "SELECT ");
    kfpsi_view_columns(&head, rows.columns, NULL);
    kfpb_sql_add(&head, " FROM \"tasks\" WHERE \"UUID\"");
    e.sorted = kfpsi_sorted_texts(rows.arena, want->uuids, want->count, &e.sorted_count);
    if (e.sorted == NULL || kfpb_sql_out_of_memory(&head))
        status = kfpb_fail_no_memory(error);
    if (status == KFPS_OK)
        status = kfpsi_each_in(op->conn, kfpb_text_get(&head.text), e.sorted, e.sorted_count, "", see_exact, &e, error);
    if (status == KFPS_OK)
        status = put_in_order(&rows, want, e.sorted, e.sorted_count, error);
    if (status == KFPS_OK)
        status = kfpsi_task_rows_finish(op, &rows, error);
    kfpb_sql_free(&head);
    if (status == KFPS_OK)
        want->list = rows.list;
    else
        kfpsi_task_rows_free(&rows);
    return status;
}

kfps_status kfps_task_get_many(kfps_session *session, const char *const *uuids, size_t count, int32_t view,
                               kfps_task_list **out, kfps_error *error)
{
    lookup want = {.uuids = uuids, .count = count, .view = view};
    kfpb_error_clear(error);
    if (out != NULL)
        *out = NULL;
    if (session == NULL || out == NULL || (uuids == NULL && count > 0))
        return kfpb_fail(error, KFPS_INVALID, "kfps_task_get_many: session, uuids and out must not be NULL");
    for (size_t i = 0; i < count; i++) {
        if (is_empty(uuids[i]))
            return kfpb_fail_at(error, i, KFPS_INVALID, "the UUID of element %zu is empty", i);
    }
    kfps_status status = kfpsi_task_view_check(view, error);
    if (status == KFPS_OK)
        status = kfpsi_ask(session, KFPS_VERB_GET, KFPS_RESOURCE_TASKS, NULL, NULL, error);
    if (status == KFPS_OK)
        status = kfpsi_read(session, read_by_uuid, &want, error);
    if (status == KFPS_OK)
        *out = want.list;
    else
        kfpsi_result_free(want.list);
    return status;
}

kfps_status kfps_task_get(kfps_session *session, const char *uuid, int32_t view, kfps_task_list **out,
                          kfps_error *error)
{
    kfpb_error_clear(error);
    if (out != NULL)
        *out = NULL;
    if (session == NULL || out == NULL || is_empty(uuid))
        return kfpb_fail(error, KFPS_INVALID, "kfps_task_get: session, uuid and out must not be NULL or empty");
    const kfps_status status = kfps_task_get_many(session, &uuid, 1, view, out, error);
    if (status != KFPS_OK || (*out)->count == 1)
        return status;
    kfps_task_list_free(*out);
    *out = NULL;
    return kfpb_fail(error, KFPS_NOT_FOUND, "there is no task %.64s", uuid);
}

/* ---- children ---------------------------------------------------------------------------------------------------- */

typedef struct family {
    const char *parent_uuid;
    const char *run_uuid; /* NULL: any */
    int32_t view;
    kfpsi_task_rows rows; /* while one is read */
    kfps_task_list *list;
} family;

static kfps_status see_child(void *context, const kfpb_rows *row, kfps_error *error)
{
    family *f = context;
    const kfps_status status = kfpsi_task_rows_see(&f->rows, row, error);
    if (status != KFPS_OK || f->rows.count == 0)
        return status;
    const kfps_task *task = &f->rows.items[f->rows.count - 1].task;
    const bool wrong = strcmp(task->parent_uuid, f->parent_uuid) != 0 ||
                       (f->run_uuid != NULL && strcmp(task->run_uuid, f->run_uuid) != 0);
    if (wrong)
        f->rows.count--;
    return KFPS_OK;
}

static kfps_status read_children(kfpsi_op *op, void *context, kfps_error *error)
{
    family *f = context;
    kfpb_sql sql;
    kfpsi_result_free(f->list);
    f->list = NULL;
    kfps_status status = kfpsi_task_rows_new(&f->rows, op->session, f->view, error);
    if (status != KFPS_OK)
        return status;
    kfpb_sql_init(&sql, op->conn);
    kfpb_sql_add(&sql, "SELECT ");
    kfpsi_view_columns(&sql, f->rows.columns, NULL);
    kfpb_sql_add(&sql, " FROM \"tasks\"");
    kfpsi_index_hint(&sql, "kfpstore_tasks_parent_created");
    kfpb_sql_add(&sql, " WHERE \"ParentTaskUUID\"=");
    kfpb_sql_bind(&sql, kfpb_str(f->parent_uuid));
    if (f->run_uuid != NULL) {
        kfpb_sql_add(&sql, " AND \"RunUUID\"=");
        kfpb_sql_bind(&sql, kfpb_str(f->run_uuid));
    }
    kfpb_sql_add(&sql, " ORDER BY \"CreatedAtInSec\",\"UUID\"");
    status = kfpsi_each(op->conn, &sql, see_child, f, error);
    if (status == KFPS_OK)
        status = kfpsi_task_rows_finish(op, &f->rows, error);
    kfpb_sql_free(&sql);
    if (status == KFPS_OK)
        f->list = f->rows.list;
    else
        kfpsi_task_rows_free(&f->rows);
    return status;
}

kfps_status kfps_task_children(kfps_session *session, const char *parent_uuid, const char *run_uuid, int32_t view,
                               kfps_task_list **out, kfps_error *error)
{
    family f = {.parent_uuid = parent_uuid, .run_uuid = run_uuid, .view = view};
    kfpb_error_clear(error);
    if (out != NULL)
        *out = NULL;
    if (session == NULL || out == NULL || is_empty(parent_uuid) || (run_uuid != NULL && run_uuid[0] == '\0'))
        return kfpb_fail(error, KFPS_INVALID,
                         "kfps_task_children: session, out and parent_uuid must not be NULL, and no UUID empty");
    kfps_status status = kfpsi_task_view_check(view, error);
    if (status == KFPS_OK)
        status = kfpsi_ask(session, KFPS_VERB_LIST, KFPS_RESOURCE_TASKS, NULL, run_uuid, error);
    if (status == KFPS_OK)
        status = kfpsi_read(session, read_children, &f, error);
    if (status == KFPS_OK)
        *out = f.list;
    else
        kfpsi_result_free(f.list);
    return status;
}

/* ---- counts ------------------------------------------------------------------------------------------------------ */

typedef struct counting {
    const char *const *runs;
    size_t count;
    int64_t *counts;
    const char **sorted;
    size_t sorted_count;
    int64_t *of_sorted;
} counting;

static kfps_status see_count(void *context, const kfpb_rows *row, kfps_error *error)
{
    counting *c = context;
    (void) error;
    const ptrdiff_t at = kfpsi_find_text(c->sorted, c->sorted_count, kfpb_get_text(row, 0, NULL));
    if (at >= 0)
        c->of_sorted[at] = kfpb_get_int(row, 1);
    return KFPS_OK;
}

static kfps_status read_counts(kfpsi_op *op, void *context, kfps_error *error)
{
    counting *c = context;
    kfpb_arena arena;
    const char *space = op->session->space;
    kfpb_sql sql;
    kfps_status status = KFPS_OK;
    kfpb_arena_init(&arena);
    kfpb_sql_init(&sql, op->conn);
    c->sorted = kfpsi_sorted_texts(&arena, c->runs, c->count, &c->sorted_count);
    c->of_sorted = kfpb_arena_array(&arena, c->count, sizeof *c->of_sorted);
    if (arena.out_of_memory)
        status = kfpb_fail_no_memory(error);
    else if (c->count > 0) {
        kfpb_sql_add(&sql, "SELECT \"RunUUID\",COUNT(\"UUID\") FROM \"tasks\" WHERE \"RunUUID\"");
        kfpb_sql_in_texts(&sql, c->sorted, c->sorted_count);
        if (space != NULL) {
            kfpb_sql_add(&sql, " AND \"Namespace\"=");
            kfpb_sql_bind(&sql, kfpb_str(space));
        }
        kfpb_sql_add(&sql, " GROUP BY \"RunUUID\"");
        status = kfpsi_each(op->conn, &sql, see_count, c, error);
    }
    for (size_t i = 0; status == KFPS_OK && i < c->count; i++)
        c->counts[i] = c->of_sorted[kfpsi_find_text(c->sorted, c->sorted_count, c->runs[i])];
    kfpb_sql_free(&sql);
    kfpb_arena_free(&arena);
    return status;
}

kfps_status kfps_task_count(kfps_session *session, const char *const *run_uuids, size_t count, int64_t *counts,
                            kfps_error *error)
{
    counting c = {.runs = run_uuids, .count = count, .counts = counts};
    kfps_status status = KFPS_OK;
    kfpb_error_clear(error);
    for (size_t i = 0; counts != NULL && i < count; i++)
        counts[i] = 0;
    if (session == NULL || (count > 0 && (run_uuids == NULL || counts == NULL)))
        return kfpb_fail(error, KFPS_INVALID, "kfps_task_count: session, run_uuids and counts must not be NULL");
    for (size_t i = 0; i < count; i++) {
        if (is_empty(run_uuids[i]))
            return kfpb_fail_at(error, i, KFPS_INVALID, "the run of element %zu is empty", i);
    }
    for (size_t i = 0; status == KFPS_OK && i < count; i++)
        status = kfpsi_ask(session, KFPS_VERB_LIST, KFPS_RESOURCE_TASKS, NULL, run_uuids[i], error);
    return status == KFPS_OK ? kfpsi_read(session, read_counts, &c, error) : status;
}
