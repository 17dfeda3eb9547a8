/* SPDX-License-Identifier: Apache-2.0 */
#include "libkfpstore/task_lock.h"

#include <stdlib.h>

#include "backends/base/fail.h"
#include "libkfpstore/access.h"
#include "libkfpstore/query.h"
#include "libkfpstore/result.h"
#include "libkfpstore/run_row.h"
#include "libkfpstore/tables.h"

/* A parent of a parent … that never ends, or a tree deeper than this, costs the order and nothing else. */
#define DEEPEST "500"

static const uint8_t key_columns[] = {0, 1, 2, 7};
const kfpsi_view kfpsi_view_task_key = {&kfpsi_tasks, key_columns, sizeof key_columns};

static const char plain[] = "SELECT \"UUID\",\"RunUUID\",\"Namespace\",0 FROM \"tasks\" WHERE \"UUID\"";
static const char before_seeds[] =
    "WITH RECURSIVE \"up\"(\"UUID\",\"At\",\"Depth\") AS (SELECT \"UUID\",\"ParentTaskUUID\",0 FROM \"tasks\""
    " WHERE \"UUID\"";
static const char after_seeds[] =
    " UNION ALL SELECT u.\"UUID\",t.\"ParentTaskUUID\",u.\"Depth\"+1 FROM \"up\" u JOIN \"tasks\" t ON"
    " t.\"UUID\"=u.\"At\" WHERE u.\"Depth\"<" DEEPEST
    ") SELECT t.\"UUID\",t.\"RunUUID\",t.\"Namespace\",MAX(u.\"Depth\") FROM \"up\" u JOIN \"tasks\" t ON"
    " t.\"UUID\"=u.\"UUID\" GROUP BY t.\"UUID\",t.\"RunUUID\",t.\"Namespace\"";

typedef struct finder {
    const kfps_session *session;
    kfpb_arena *arena;
    const char **uuids;
    size_t uuid_count;
    kfpsi_task_place *places;
    size_t count, capacity;
} finder;

static kfps_status see_place(void *context, const kfpb_rows *row, kfps_error *error)
{
    finder *f = context;
    const ptrdiff_t at = kfpsi_find_text(f->uuids, f->uuid_count, kfpb_get_text(row, 0, NULL));
    if (at < 0 || !kfpsi_sees(f->session, kfpb_get_text(row, 2, NULL)))
        return KFPS_OK;
    kfpsi_task_place *place = kfpsi_push(f->arena, &f->places, &f->count, &f->capacity, sizeof *place);
    if (place == NULL)
        return kfpb_fail_no_memory(error);
    *place = (kfpsi_task_place){
        .uuid = f->uuids[at],
        .run_uuid = kfpb_arena_text(f->arena, kfpb_get_text(row, 1, NULL)),
        .depth = kfpb_get_int(row, 3),
    };
    return f->arena->out_of_memory ? kfpb_fail_no_memory(error) : KFPS_OK;
}

static int compare_places(const void *a, const void *b)
{
    const kfpsi_task_place *x = a, *y = b;
    const int order = (x->depth < y->depth) - (x->depth > y->depth);
    return order != 0 ? order : strcmp(x->uuid, y->uuid);
}

kfps_status kfpsi_tasks_find(kfpsi_op *op, kfpb_arena *arena, const char *const *uuids, size_t count,
                             kfpsi_task_place **places, size_t *place_count, kfps_error *error)
{
    finder f = {.session = op->session, .arena = arena};
    *places = NULL;
    *place_count = 0;
    f.uuids = kfpsi_sorted_texts(arena, uuids, count, &f.uuid_count);
    if (f.uuids == NULL)
        return kfpb_fail_no_memory(error);
    const bool ordered = f.uuid_count > 1 && (op->conn->driver->capabilities & KFPB_CAP_ROW_LOCKS) != 0;
    const kfps_status status = kfpsi_each_in(op->conn, ordered ? before_seeds : plain, f.uuids, f.uuid_count,
                                             ordered ? after_seeds : "", see_place, &f, error);
    if (f.count > 1)
        qsort(f.places, f.count, sizeof *f.places, compare_places);
    *places = f.places;
    *place_count = f.count;
    return status;
}

kfps_status kfpsi_tasks_lock_runs(kfpsi_op *op, kfpb_arena *arena, const kfpsi_task_place *places, size_t count,
                                  kfps_error *error)
{
    size_t run_count = 0;
    const char **uuids = kfpb_arena_array(arena, count, sizeof *uuids);
    for (size_t i = 0; uuids != NULL && i < count; i++)
        uuids[i] = places[i].run_uuid;
    const char **runs = uuids != NULL ? kfpsi_sorted_texts(arena, uuids, count, &run_count) : NULL;
    kfpsi_run_row *rows = runs != NULL ? kfpb_arena_array(arena, run_count, sizeof *rows) : NULL;
    if (rows == NULL)
        return kfpb_fail_no_memory(error);
    return run_count > 0 ? kfpsi_runs_lock(op, arena, runs, run_count, rows, error) : KFPS_OK;
}

/* ---- locking ----------------------------------------------------------------------------------------------------- */

typedef struct locker {
    kfpb_arena *arena;
    const kfpsi_view *view;
    const char **uuids; /* of one depth, sorted */
    size_t uuid_count;
    kfps_task *rows;
    bool *there;
} locker;

static kfps_status see_locked(void *context, const kfpb_rows *row, kfps_error *error)
{
    locker *l = context;
    const ptrdiff_t at = kfpsi_find_text(l->uuids, l->uuid_count, kfpb_get_text(row, 0, NULL));
    if (at < 0)
        return KFPS_OK;
    kfpsi_view_read(row, 0, l->view, l->arena, &l->rows[at]);
    l->there[at] = true;
    return l->arena->out_of_memory ? kfpb_fail_no_memory(error) : KFPS_OK;
}

kfps_status kfpsi_tasks_lock(kfpsi_op *op, kfpb_arena *arena, const kfpsi_task_place *places, size_t count,
                             const kfpsi_view *view, kfps_task **rows, size_t *row_count, kfps_error *error)
{
    const char *after = kfpb_arena_printf(arena, " ORDER BY \"UUID\"%s", op->conn->driver->dialect.for_update);
    locker l = {.arena = arena, .view = view};
    size_t kept = 0;
    kfpb_sql head;
    const char **uuids = kfpb_arena_array(arena, count, sizeof *uuids);
    kfps_task *all = kfpb_arena_array(arena, count, sizeof *all);
    bool *there = kfpb_arena_array(arena, count, sizeof *there);
    *rows = all;
    *row_count = 0;
    kfpb_sql_init(&head, op->conn);
    kfpb_sql_add(&head, "SELECT ");
    kfpsi_view_columns(&head, view, NULL);
    kfpb_sql_add(&head, " FROM \"tasks\" WHERE \"UUID\"");
    kfps_status status = arena->out_of_memory || kfpb_sql_out_of_memory(&head) ? kfpb_fail_no_memory(error) : KFPS_OK;
    for (size_t first = 0, end; status == KFPS_OK && first < count; first = end) {
        for (end = first; end < count && places[end].depth == places[first].depth; end++)
            uuids[end] = places[end].uuid;
        l.uuids = uuids + first;
        l.uuid_count = end - first;
        l.rows = all + first;
        l.there = there + first;
        status = kfpsi_each_in(op->conn, kfpb_text_get(&head.text), l.uuids, l.uuid_count, after, see_locked, &l,
                               error);
    }
    for (size_t i = 0; status == KFPS_OK && i < count; i++) {
        if (there[i])
            all[kept++] = all[i];
    }
    *row_count = kept;
    kfpb_sql_free(&head);
    return status;
}
