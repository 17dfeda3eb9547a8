/* SPDX-License-Identifier: Apache-2.0 */
/* artifact_task_store.c: links: create, get, delete. */
#include "backends/base/fail.h"
#include "libkfpstore/access.h"
#include "libkfpstore/artifact_check.h"
#include "libkfpstore/links.h"
#include "libkfpstore/query.h"
#include "libkfpstore/result.h"
#include "libkfpstore/task_lock.h"
#include "libkfpstore/view.h"

/* ---- create ------------------------------------------------------------------------------------------------------ */

typedef struct creation {
    const kfps_artifact_task *links;
    size_t count;
    kfps_on_existing on_existing;
    int32_t *existed;
    kfps_artifact_task_list *list;
} creation;

static kfps_status create_body(kfpsi_op *op, void *context, kfps_error *error)
{
    creation *c = context;
    kfpb_arena *arena = NULL;
    kfps_artifact_task *links = NULL;
    kfps_artifact_task_list_free(c->list);
    c->list = kfpsi_artifact_task_list_new(&arena);
    if (c->list == NULL)
        return kfpb_fail_no_memory(error);
    if (c->count == 0)
        return KFPS_OK;
    kfps_status status = kfpsi_links_prepare(op, arena, c->links, c->count, NULL, &links, error);
    if (status == KFPS_OK)
        status = kfpsi_links_check(op, arena, links, c->count, NULL, error);
    if (status == KFPS_OK)
        status = kfpsi_links_insert(op, arena, links, c->count, c->on_existing, c->existed, error);
    c->list->items = links;
    c->list->count = c->count;
    return status;
}

static kfps_status ask_create(const kfps_session *session, const creation *c, kfps_error *error)
{
    kfps_status status = KFPS_OK;
    for (size_t i = 0; status == KFPS_OK && i < c->count; i++) {
        const char *run = c->links[i].run_uuid;
        const char *before = i > 0 ? c->links[i - 1].run_uuid : NULL;
        if (i > 0 && (run == before || (run != NULL && before != NULL && strcmp(run, before) == 0)))
            continue;
        status = kfpsi_ask(session, KFPS_VERB_CREATE, KFPS_RESOURCE_ARTIFACT_TASKS, NULL, run, error);
        if (status != KFPS_OK)
            error->element = i <= INT32_MAX ? (int32_t) i : -1;
    }
    return status;
}

kfps_status kfps_artifact_task_create(kfps_session *session, const kfps_artifact_task *links, size_t count,
                                      int32_t on_existing, int32_t *existed, kfps_artifact_task_list **out,
                                      kfps_error *error)
{
    kfps_error local;
    if (error == NULL)
        error = &local;
    kfpb_error_clear(error);
    if (out != NULL)
        *out = NULL;
    for (size_t i = 0; existed != NULL && i < count; i++)
        existed[i] = 0;
    if (session == NULL || (links == NULL && count > 0))
        return kfpb_fail(error, KFPS_INVALID, "kfps_artifact_task_create: %s is NULL",
                         session == NULL ? "session" : "links");
    if (on_existing != KFPS_EXISTING_FAIL && on_existing != KFPS_EXISTING_RETURN)
        return kfpb_fail(error, KFPS_INVALID, "on_existing is %d, which is no kfps_on_existing", (int) on_existing);
    creation c = {.links = links, .count = count, .on_existing = (kfps_on_existing) on_existing, .existed = existed};
    kfps_status status = ask_create(session, &c, error);
    if (status == KFPS_OK)
        status = kfpsi_write(session, create_body, &c, error);
    for (size_t i = 0; status != KFPS_OK && existed != NULL && i < count; i++)
        existed[i] = 0;
    if (status == KFPS_OK && out != NULL)
        *out = c.list;
    else
        kfps_artifact_task_list_free(c.list);
    return status;
}

/* ---- get --------------------------------------------------------------------------------------------------------- */

typedef struct reading {
    const char *uuid;
    kfps_artifact_task_list *list;
} reading;

/* A link has no namespace of its own: its run's counts, where the session has one. */
static kfps_status get_body(kfpsi_op *op, void *context, kfps_error *error)
{
    reading *r = context;
    kfpb_sql sql;
    kfpb_rows *rows = NULL;
    kfpb_arena *arena = NULL;
    const bool scoped = op->session->space != NULL;
    kfps_artifact_task_list_free(r->list);
    r->list = kfpsi_artifact_task_list_new(&arena);
    kfps_artifact_task *item = r->list != NULL ? kfpb_arena_alloc(arena, sizeof *item) : NULL;
    if (item == NULL)
        return kfpb_fail_no_memory(error);
    kfpb_sql_init(&sql, op->conn);
    kfpb_sql_add(&sql, "SELECT ");
    kfpsi_view_columns(&sql, &kfpsi_view_artifact_task, "l.");
    kfpb_sql_add(&sql, scoped ? ",(SELECT r.\"Namespace\" FROM \"run_details\" r WHERE r.\"UUID\"=l.\"RunUUID\")" : "");
    kfpb_sql_add(&sql, " FROM \"artifact_tasks\" l WHERE l.\"UUID\"=");
    kfpb_sql_bind(&sql, kfpb_str(r->uuid));
    kfps_status status = kfpb_sql_query(op->conn, &sql, &rows, error);
    const int there = status == KFPS_OK ? kfpb_next(rows, error) : 0;
    bool seen = false;
    if (there > 0) {
        kfpsi_view_read(rows, 0, &kfpsi_view_artifact_task, arena, item);
        seen = item->uuid != NULL && strcmp(item->uuid, r->uuid) == 0 &&
               (!scoped ||
                kfpsi_sees(op->session, kfpb_get_text(rows, kfpsi_view_count(&kfpsi_view_artifact_task), NULL)));
    }
    if (there < 0)
        status = (kfps_status) error->code;
    else if (status == KFPS_OK && arena->out_of_memory)
        status = kfpb_fail_no_memory(error);
    else if (status == KFPS_OK && !seen)
        status = kfpb_fail(error, KFPS_NOT_FOUND, "there is no link %.64s", r->uuid);
    kfpb_rows_free(&rows);
    kfpb_sql_free(&sql);
    r->list->items = item;
    r->list->count = 1;
    return status;
}

kfps_status kfps_artifact_task_get(kfps_session *session, const char *uuid, kfps_artifact_task_list **out,
                                   kfps_error *error)
{
    kfps_error local;
    if (error == NULL)
        error = &local;
    kfpb_error_clear(error);
    if (out != NULL)
        *out = NULL;
    if (session == NULL || out == NULL)
        return kfpb_fail(error, KFPS_INVALID, "kfps_artifact_task_get: %s is NULL",
                         session == NULL ? "session" : "out");
    if (uuid == NULL || uuid[0] == '\0')
        return kfpb_fail(error, KFPS_INVALID, "the UUID of the link is %s", uuid == NULL ? "NULL" : "empty");
    reading r = {.uuid = uuid};
    kfps_status status = kfpsi_ask(session, KFPS_VERB_GET, KFPS_RESOURCE_ARTIFACT_TASKS, NULL, NULL, error);
    if (status == KFPS_OK)
        status = kfpsi_read(session, get_body, &r, error);
    if (status == KFPS_OK)
        *out = r.list;
    else
        kfps_artifact_task_list_free(r.list);
    return status;
}

/* ---- delete ------------------------------------------------------------------------------------------------------ */

typedef struct deletion {
    const char *const *tasks;
    size_t count;
    kfps_direction direction;
    int64_t deleted;
} deletion;

/* The links have no order of their own: who has the locks of their tasks has them alone. */
static kfps_status delete_body(kfpsi_op *op, void *context, kfps_error *error)
{
    static const char *const types[] = {
        [KFPS_DIRECTION_ANY] = "",
        [KFPS_DIRECTION_INPUT] = " AND \"Type\" BETWEEN 1 AND 7",
        [KFPS_DIRECTION_OUTPUT] = " AND \"Type\" BETWEEN 8 AND 11",
    };
    deletion *d = context;
    kfpb_arena arena;
    kfpsi_task_place *places = NULL;
    kfps_task *rows = NULL;
    size_t place_count = 0, row_count = 0;
    d->deleted = 0;
    kfpb_arena_init(&arena);
    kfps_status status = kfpsi_tasks_find(op, &arena, d->tasks, d->count, &places, &place_count, error);
    if (status == KFPS_OK)
        status = kfpsi_tasks_lock_runs(op, &arena, places, place_count, error);
    if (status == KFPS_OK)
        status = kfpsi_tasks_lock(op, &arena, places, place_count, &kfpsi_view_task_key, &rows, &row_count, error);
    const char **ids = kfpb_arena_array(&arena, row_count, sizeof *ids);
    for (size_t i = 0; ids != NULL && i < row_count; i++)
        ids[i] = rows[i].uuid;
    if (status == KFPS_OK && ids == NULL)
        status = kfpb_fail_no_memory(error);
    if (status == KFPS_OK)
        status = kfpsi_exec_in(op->conn, "DELETE FROM \"artifact_tasks\" WHERE \"TaskID\"", ids, row_count,
                               types[d->direction], &d->deleted, error);
    kfpb_arena_free(&arena);
    return status;
}

kfps_status kfps_artifact_task_delete(kfps_session *session, const char *const *task_uuids, size_t count,
                                      int32_t direction, int64_t *deleted, kfps_error *error)
{
    kfps_error local;
    if (error == NULL)
        error = &local;
    kfpb_error_clear(error);
    if (deleted != NULL)
        *deleted = 0;
    if (session == NULL || (task_uuids == NULL && count > 0))
        return kfpb_fail(error, KFPS_INVALID, "kfps_artifact_task_delete: %s is NULL",
                         session == NULL ? "session" : "task_uuids");
    if (direction < KFPS_DIRECTION_ANY || direction > KFPS_DIRECTION_OUTPUT)
        return kfpb_fail(error, KFPS_INVALID, "direction is %d, which is no kfps_direction", (int) direction);
    for (size_t i = 0; i < count; i++) {
        if (task_uuids[i] == NULL || task_uuids[i][0] == '\0')
            return kfpb_fail_at(error, i, KFPS_INVALID, "task UUID %zu is %s", i,
                                task_uuids[i] == NULL ? "NULL" : "empty");
    }
    deletion d = {.tasks = task_uuids, .count = count, .direction = (kfps_direction) direction};
    kfps_status status = kfpsi_ask(session, KFPS_VERB_DELETE, KFPS_RESOURCE_ARTIFACT_TASKS, NULL, NULL, error);
    if (status == KFPS_OK && count > 0)
        status = kfpsi_write(session, delete_body, &d, error);
    if (status == KFPS_OK && deleted != NULL)
        *deleted = d.deleted;
    return status;
}
