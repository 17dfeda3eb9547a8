/* SPDX-License-Identifier: Apache-2.0 */
/*
 * link_check.c: what must be there before a link is made, and the locks in their order: runs, tasks deepest first and
 * then by UUID, artifacts by UUID. The insert's own foreign keys would take the same locks in the order of the rows.
 */
#include <stdio.h>

#include "backends/base/fail.h"
#include "libkfpstore/access.h"
#include "libkfpstore/id_set.h"
#include "libkfpstore/links.h"
#include "libkfpstore/query.h"
#include "libkfpstore/run_row.h"
#include "libkfpstore/run_state.h"
#include "libkfpstore/task_lock.h"

typedef struct task_row {
    const char *uuid; /* NULL: it is not there */
    const char *run_uuid;
    const char *task_namespace;
    const char *parent_uuid;
} task_row;

typedef struct artifact_row {
    const char *uuid;
    const char *artifact_namespace;
} artifact_row;

typedef struct world {
    kfpsi_op *op;
    kfpb_arena *arena;
    kfpsi_id_set run_ids, task_ids, artifact_ids;
    kfpsi_run_row *runs;
    task_row *tasks;
    artifact_row *artifacts;
} world;

static const char *text(const world *w, const kfpb_rows *row, size_t column)
{
    return kfpb_arena_text(w->arena, kfpb_get_text(row, column, NULL));
}

/* ---- one link's rows --------------------------------------------------------------------------------------------- */

static kfps_status check_one(const world *w, const kfps_artifact_task *link, const kfpsi_run_row *run,
                             const task_row *task, const artifact_row *artifact, size_t i, kfps_error *error)
{
    const kfpsi_op *op = w->op;
    const kfps_status status = kfpsi_run_require(op, run, i, error);
    if (status != KFPS_OK)
        return status;
    if (task->uuid == NULL || !kfpsi_sees(op->session, task->task_namespace))
        return kfpb_fail_at(error, i, KFPS_FOREIGN_KEY, "there is no task %.64s", link->task_uuid);
    if (strcmp(task->run_uuid, link->run_uuid) != 0)
        return kfpb_fail_at(error, i, KFPS_FOREIGN_KEY, "the task %.64s does not belong to the run %.64s",
                            link->task_uuid, link->run_uuid);
    if (artifact->uuid == NULL || !kfpsi_sees(op->session, artifact->artifact_namespace))
        return kfpb_fail_at(error, i, KFPS_FOREIGN_KEY, "there is no artifact %.64s", link->artifact_uuid);
    if (op->store->multi_user && (strcmp(run->run_namespace, task->task_namespace) != 0 ||
                                  strcmp(run->run_namespace, artifact->artifact_namespace) != 0))
        return kfpb_fail_at(error, i, KFPS_INVALID,
                            "link %zu: the artifact, the task and the run are not in one namespace", i);
    return KFPS_OK;
}

/* ---- a single link: one statement -------------------------------------------------------------------------------- */

#define RUN_AND_TASK \
    "SELECT r.\"UUID\",r.\"Namespace\",r.\"State\",r.\"Conditions\",t.\"UUID\",t.\"RunUUID\",t.\"Namespace\""
#define FROM_BOTH " FROM \"run_details\" r LEFT JOIN \"tasks\" t ON t.\"UUID\"=?"

static const char with_artifact_known[] = RUN_AND_TASK FROM_BOTH " WHERE r.\"UUID\"=?";
static const char with_artifact[] = RUN_AND_TASK ",a.\"UUID\",a.\"Namespace\"" FROM_BOTH
                                                 " LEFT JOIN \"artifacts\" a ON a.\"UUID\"=? WHERE r.\"UUID\"=?";

static void read_single(const world *w, const kfpb_rows *row, const kfps_artifact_task *link, kfpsi_run_row *run,
                        task_row *task, artifact_row *artifact)
{
    const char *uuid = kfpb_get_text(row, 0, NULL);
    run->found = uuid != NULL && strcmp(uuid, link->run_uuid) == 0;
    run->run_namespace = text(w, row, 1);
    run->over = kfpsi_run_state_of(kfpb_get_text(row, 2, NULL), kfpb_get_text(row, 3, NULL)) != KFPSI_RUN_ACTIVE;
    uuid = kfpb_get_text(row, 4, NULL);
    if (uuid != NULL && strcmp(uuid, link->task_uuid) == 0)
        *task = (task_row){.uuid = link->task_uuid, .run_uuid = text(w, row, 5), .task_namespace = text(w, row, 6)};
    if (artifact->uuid != NULL)
        return;
    uuid = kfpb_get_text(row, 7, NULL);
    if (uuid != NULL && strcmp(uuid, link->artifact_uuid) == 0)
        *artifact = (artifact_row){link->artifact_uuid, text(w, row, 8)};
}

/* Only the run row needs the lock: the ids, runs and namespaces of the others never change, and what is deleted
 * meanwhile the foreign keys find. Where they are locked, too, it is in the order above, as the foreign keys would. */
static kfps_status check_single(world *w, const kfps_artifact_task *link, const kfps_artifact *known, kfps_error *error)
{
    kfpsi_run_row run = {.uuid = link->run_uuid};
    task_row task = {0};
    artifact_row artifact = {0};
    kfpb_rows *rows = NULL;
    kfpb_value values[3];
    size_t count = 0;
    char sql[512];
    char lock[64];
    snprintf(lock, sizeof lock, w->op->conn->driver->dialect.for_share_of, "r");
    snprintf(sql, sizeof sql, "%s%s", known != NULL ? with_artifact_known : with_artifact, lock);
    values[count++] = kfpb_str(link->task_uuid);
    if (known == NULL)
        values[count++] = kfpb_str(link->artifact_uuid);
    values[count++] = kfpb_str(link->run_uuid);
    if (known != NULL)
        artifact = (artifact_row){known->uuid, known->artifact_namespace};
    kfps_status status = kfpb_query(w->op->conn, sql, values, count, &rows, error);
    const int there = status == KFPS_OK ? kfpb_next(rows, error) : 0;
    if (there > 0)
        read_single(w, rows, link, &run, &task, &artifact);
    if (there < 0)
        status = (kfps_status) error->code;
    else if (status == KFPS_OK && w->arena->out_of_memory)
        status = kfpb_fail_no_memory(error);
    kfpb_rows_free(&rows);
    return status == KFPS_OK ? check_one(w, link, &run, &task, &artifact, 0, error) : status;
}

/* ---- many: the tasks, deepest first ------------------------------------------------------------------------------ */

static kfps_status see_task(void *context, const kfpb_rows *row, kfps_error *error)
{
    world *w = context;
    const size_t place = kfpsi_id_set_find(&w->task_ids, kfpb_get_text(row, 0, NULL));
    if (place == SIZE_MAX)
        return KFPS_OK;
    w->tasks[place] = (task_row){.uuid = w->task_ids.ids[place],
                                 .run_uuid = text(w, row, 1),
                                 .task_namespace = text(w, row, 2),
                                 .parent_uuid = text(w, row, 3)};
    return w->arena->out_of_memory ? kfpb_fail_no_memory(error) : KFPS_OK;
}

static bool are_siblings(const world *w)
{
    for (size_t i = 1; i < w->task_ids.count; i++) {
        const char *a = w->tasks[0].parent_uuid, *b = w->tasks[i].parent_uuid;
        if ((a == NULL) != (b == NULL) || (a != NULL && strcmp(a, b) != 0))
            return false;
    }
    return true;
}

/* Of one depth, sorted. */
static kfps_status lock_level(const world *w, const char *const *uuids, size_t count, kfps_error *error)
{
    char tail[64];
    snprintf(tail, sizeof tail, " ORDER BY \"UUID\"%s", w->op->conn->driver->dialect.for_key_share);
    return kfpsi_each_in(w->op->conn, "SELECT \"UUID\" FROM \"tasks\" WHERE \"UUID\"", uuids, count, tail, NULL, NULL,
                         error);
}

/* All are there; those that the session does not see are left out here, and refused later. */
static kfps_status lock_tasks(const world *w, kfps_error *error)
{
    kfpsi_task_place *places;
    size_t count;
    if (are_siblings(w))
        return lock_level(w, w->task_ids.ids, w->task_ids.count, error);
    kfps_status status = kfpsi_tasks_find(w->op, w->arena, w->task_ids.ids, w->task_ids.count, &places, &count, error);
    const char **uuids = kfpb_arena_array(w->arena, count, sizeof *uuids);
    if (status == KFPS_OK && uuids == NULL)
        return kfpb_fail_no_memory(error);
    for (size_t first = 0, next; status == KFPS_OK && first < count; first = next) {
        for (next = first; next < count && places[next].depth == places[first].depth; next++)
            uuids[next] = places[next].uuid;
        status = lock_level(w, uuids + first, next - first, error);
    }
    return status;
}

/* ---- many: everything else --------------------------------------------------------------------------------------- */

static kfps_status see_artifact(void *context, const kfpb_rows *row, kfps_error *error)
{
    world *w = context;
    const size_t place = kfpsi_id_set_find(&w->artifact_ids, kfpb_get_text(row, 0, NULL));
    if (place != SIZE_MAX)
        w->artifacts[place] = (artifact_row){w->artifact_ids.ids[place], text(w, row, 1)};
    return w->arena->out_of_memory ? kfpb_fail_no_memory(error) : KFPS_OK;
}

static bool gather(world *w, const kfps_artifact_task *links, size_t count)
{
    const size_t stride = sizeof *links;
    if (!kfpsi_id_set_make(w->arena, links, count, stride, offsetof(kfps_artifact_task, run_uuid), &w->run_ids) ||
        !kfpsi_id_set_make(w->arena, links, count, stride, offsetof(kfps_artifact_task, task_uuid), &w->task_ids) ||
        !kfpsi_id_set_make(w->arena, links, count, stride, offsetof(kfps_artifact_task, artifact_uuid),
                           &w->artifact_ids))
        return false;
    w->runs = kfpb_arena_array(w->arena, w->run_ids.count, sizeof *w->runs);
    w->tasks = kfpb_arena_array(w->arena, w->task_ids.count, sizeof *w->tasks);
    w->artifacts = kfpb_arena_array(w->arena, w->artifact_ids.count, sizeof *w->artifacts);
    return w->runs != NULL && w->tasks != NULL && w->artifacts != NULL;
}

static bool all_tasks_there(const world *w)
{
    for (size_t i = 0; i < w->task_ids.count; i++) {
        if (w->tasks[i].uuid == NULL)
            return false;
    }
    return true;
}

static kfps_status read_world(world *w, bool artifacts_known, kfps_error *error)
{
    const kfpb_driver *driver = w->op->conn->driver;
    char tail[64];
    snprintf(tail, sizeof tail, " ORDER BY \"UUID\"%s", driver->dialect.for_key_share);
    kfps_status status = kfpsi_runs_lock(w->op, w->arena, w->run_ids.ids, w->run_ids.count, w->runs, error);
    if (status == KFPS_OK)
        status = kfpsi_each_in(w->op->conn,
                               "SELECT \"UUID\",\"RunUUID\",\"Namespace\",\"ParentTaskUUID\" FROM \"tasks\" WHERE "
                               "\"UUID\"",
                               w->task_ids.ids, w->task_ids.count, "", see_task, w, error);
    const bool order_matters = w->task_ids.count > 1 && (driver->capabilities & KFPB_CAP_ROW_LOCKS) != 0;
    if (status == KFPS_OK && order_matters && all_tasks_there(w))
        status = lock_tasks(w, error);
    if (status == KFPS_OK && !artifacts_known)
        status = kfpsi_each_in(w->op->conn, "SELECT \"UUID\",\"Namespace\" FROM \"artifacts\" WHERE \"UUID\"",
                               w->artifact_ids.ids, w->artifact_ids.count, tail, see_artifact, w, error);
    return status;
}

static kfps_status check_many(world *w, const kfps_artifact_task *links, size_t count, const kfps_artifact *known,
                              kfps_error *error)
{
    if (!gather(w, links, count))
        return kfpb_fail_no_memory(error);
    kfps_status status = read_world(w, known != NULL, error);
    for (size_t i = 0; status == KFPS_OK && i < count; i++) {
        const artifact_row artifact = known != NULL
                                          ? (artifact_row){known[i].uuid, known[i].artifact_namespace}
                                          : w->artifacts[kfpsi_id_set_find(&w->artifact_ids, links[i].artifact_uuid)];
        status = check_one(w, &links[i], &w->runs[kfpsi_id_set_find(&w->run_ids, links[i].run_uuid)],
                           &w->tasks[kfpsi_id_set_find(&w->task_ids, links[i].task_uuid)], &artifact, i, error);
    }
    return status;
}

kfps_status kfpsi_links_check(kfpsi_op *op, kfpb_arena *arena, const kfps_artifact_task *links, size_t count,
                              const kfps_artifact *artifacts, kfps_error *error)
{
    world w = {.op = op, .arena = arena};
    return count == 1 ? check_single(&w, links, artifacts, error) : check_many(&w, links, count, artifacts, error);
}
