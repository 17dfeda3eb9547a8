/* SPDX-License-Identifier: Apache-2.0 */
/* task_invalidate.c: taking tasks out of the cache, by UUID or all of a pipeline. */
#include "backends/base/fail.h"
#include "kfpstore/task.h"
#include "libkfpstore/access.h"
#include "libkfpstore/query.h"
#include "libkfpstore/result.h"
#include "libkfpstore/task_lock.h"

typedef struct invalidation {
    const char *const *uuids;
    size_t count;
    int64_t changed;
} invalidation;

static kfps_status invalidate(kfpsi_op *op, void *context, kfps_error *error)
{
    invalidation *what = context;
    kfpb_arena arena;
    kfpsi_task_place *places = NULL;
    kfps_task *rows = NULL;
    size_t place_count = 0, row_count = 0, n = 0;
    const char **uuids = NULL, **sorted = NULL;
    what->changed = 0;
    kfpb_arena_init(&arena);
    kfps_status status = kfpsi_tasks_find(op, &arena, what->uuids, what->count, &places, &place_count, error);
    if (status == KFPS_OK)
        status = kfpsi_tasks_lock_runs(op, &arena, places, place_count, error);
    if (status == KFPS_OK)
        status = kfpsi_tasks_lock(op, &arena, places, place_count, &kfpsi_view_task_key, &rows, &row_count, error);
    if (status == KFPS_OK) {
        uuids = kfpb_arena_array(&arena, row_count, sizeof *uuids);
        for (size_t i = 0; uuids != NULL && i < row_count; i++) {
            if (rows[i].fingerprint != NULL && rows[i].fingerprint[0] != '\0')
                uuids[n++] = rows[i].uuid;
        }
        sorted = uuids != NULL ? kfpsi_sorted_texts(&arena, uuids, n, &n) : NULL;
        if (sorted == NULL)
            status = kfpb_fail_no_memory(error);
    }
    if (status == KFPS_OK)
        status = kfpsi_exec_in(op->conn, "UPDATE \"tasks\" SET \"Fingerprint\"='' WHERE \"UUID\"", sorted, n, "", NULL,
                               error);
    if (status == KFPS_OK)
        what->changed = (int64_t) n;
    kfpb_arena_free(&arena);
    return status;
}

kfps_status kfps_task_invalidate(kfps_session *session, const char *const *uuids, size_t count, int64_t *changed,
                                 kfps_error *error)
{
    invalidation what = {.uuids = uuids, .count = count};
    kfpb_error_clear(error);
    if (changed != NULL)
        *changed = 0;
    if (session == NULL || (uuids == NULL && count > 0))
        return kfpb_fail(error, KFPS_INVALID, "kfps_task_invalidate: session and uuids must not be NULL");
    for (size_t i = 0; i < count; i++) {
        if (uuids[i] == NULL || uuids[i][0] == '\0')
            return kfpb_fail_at(error, i, KFPS_INVALID, "the UUID of element %zu is empty", i);
    }
    kfps_status status = kfpsi_ask(session, KFPS_VERB_UPDATE, KFPS_RESOURCE_TASKS, NULL, NULL, error);
    if (status == KFPS_OK)
        status = kfpsi_write(session, invalidate, &what, error);
    if (status == KFPS_OK && changed != NULL)
        *changed = what.changed;
    return status;
}

/* ---- all of a pipeline ------------------------------------------------------------------------------------------- */

enum { RUNS_AT_ONCE = 50, TASKS_AT_ONCE = 1000 };

/* The runs of the pipeline, a page at a time by UUID, then all their tasks, which are written in batches. */
typedef struct pipeline {
    const char *id;
    const char *space; /* NULL: any */
    kfpb_arena *arena;
    const char **uuids; /* of one page of runs, or of their tasks */
    size_t count, capacity;
    size_t seen; /* rows of the page, those of other pipelines too */
    const char *last;
    const char *const *runs; /* whose tasks are read */
    size_t run_count;
} pipeline;

static kfps_status keep(pipeline *p, const char *uuid, bool wanted, kfps_error *error)
{
    p->seen++;
    p->last = kfpb_arena_text(p->arena, uuid);
    if (p->last == NULL)
        return kfpb_fail_no_memory(error);
    if (!wanted)
        return KFPS_OK;
    const char **slot = kfpsi_push(p->arena, &p->uuids, &p->count, &p->capacity, sizeof *slot);
    if (slot == NULL)
        return kfpb_fail_no_memory(error);
    *slot = p->last;
    return KFPS_OK;
}

static kfps_status see_run(void *context, const kfpb_rows *row, kfps_error *error)
{
    pipeline *p = context;
    const char *id = kfpb_get_text(row, 1, NULL), *space = kfpb_get_text(row, 2, NULL);
    const bool wanted = strcmp(id != NULL ? id : "", p->id) == 0 &&
                        (p->space == NULL || (space != NULL && strcmp(space, p->space) == 0));
    return keep(p, kfpb_get_text(row, 0, NULL), wanted, error);
}

static kfps_status see_task(void *context, const kfpb_rows *row, kfps_error *error)
{
    return keep(context, kfpb_get_text(row, 0, NULL), true, error);
}

static void begin_page(pipeline *p)
{
    p->uuids = NULL;
    p->count = p->capacity = p->seen = 0;
}

static kfps_status read_runs(kfpsi_op *op, void *context, kfps_error *error)
{
    pipeline *p = context;
    kfpb_sql sql;
    begin_page(p);
    kfpb_sql_init(&sql, op->conn);
    kfpb_sql_add(&sql, "SELECT \"UUID\",\"PipelineId\",\"Namespace\" FROM \"run_details\" WHERE \"PipelineId\"=");
    kfpb_sql_bind(&sql, kfpb_str(p->id));
    if (p->last != NULL) {
        kfpb_sql_add(&sql, " AND \"UUID\">");
        kfpb_sql_bind(&sql, kfpb_str(p->last));
    }
    kfpb_sql_add(&sql, " ORDER BY \"UUID\" LIMIT ");
    kfpb_sql_bind(&sql, kfpb_int(RUNS_AT_ONCE));
    const kfps_status status = kfpsi_each(op->conn, &sql, see_run, p, error);
    kfpb_sql_free(&sql);
    return status;
}

/* All of them, by the index of the runs: with a LIMIT an engine may walk the whole table in the order of its key. */
static kfps_status read_tasks(kfpsi_op *op, void *context, kfps_error *error)
{
    pipeline *p = context;
    kfpb_sql sql;
    begin_page(p);
    kfpb_sql_init(&sql, op->conn);
    kfpb_sql_add(&sql, "SELECT \"UUID\" FROM \"tasks\" WHERE \"RunUUID\"");
    kfpb_sql_in_texts(&sql, p->runs, p->run_count);
    kfpb_sql_add(&sql, " AND \"Fingerprint\"<>''");
    const kfps_status status = kfpsi_each(op->conn, &sql, see_task, p, error);
    kfpb_sql_free(&sql);
    return status;
}

static kfps_status invalidate_runs(kfps_session *session, const pipeline *found, int64_t *changed, kfps_error *error)
{
    kfpb_arena arena;
    pipeline p = {.arena = &arena, .runs = found->uuids, .run_count = found->count};
    kfpb_arena_init(&arena);
    kfps_status status = kfpsi_read(session, read_tasks, &p, error);
    for (size_t first = 0; status == KFPS_OK && first < p.count; first += TASKS_AT_ONCE) {
        const size_t left = p.count - first;
        invalidation what = {.uuids = p.uuids + first, .count = left < TASKS_AT_ONCE ? left : TASKS_AT_ONCE};
        status = kfpsi_write(session, invalidate, &what, error);
        *changed += what.changed;
    }
    kfpb_arena_free(&arena);
    return status;
}

kfps_status kfps_task_invalidate_pipeline(kfps_session *session, const char *task_namespace, const char *pipeline_id,
                                          int64_t *changed, kfps_error *error)
{
    kfpb_arena arena;
    pipeline p = {.id = pipeline_id, .arena = &arena};
    int64_t done = 0;
    kfpb_error_clear(error);
    if (changed != NULL)
        *changed = 0;
    if (session == NULL || pipeline_id == NULL || pipeline_id[0] == '\0')
        return kfpb_fail(error, KFPS_INVALID,
                         "kfps_task_invalidate_pipeline: session and pipeline_id must not be NULL or empty");
    kfps_status status = kfpsi_space(session, task_namespace, true, &p.space, error);
    if (status == KFPS_OK)
        status = kfpsi_ask(session, KFPS_VERB_UPDATE, KFPS_RESOURCE_TASKS, p.space, NULL, error);
    if (status != KFPS_OK)
        return status;
    kfpb_arena_init(&arena);
    do {
        status = kfpsi_read(session, read_runs, &p, error);
        if (status == KFPS_OK && p.count > 0)
            status = invalidate_runs(session, &p, &done, error);
    } while (status == KFPS_OK && p.seen == RUNS_AT_ONCE);
    kfpb_arena_free(&arena);
    if (changed != NULL)
        *changed = done;
    return status;
}
