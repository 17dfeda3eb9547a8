/* SPDX-License-Identifier: Apache-2.0 */
/*
 * artifact_producer.c: which run and task made each artifact of a page. An artifact that is propagated or found in the
 * cache has several output links; its producer is the oldest run, in it a task that runs something rather than a DAG,
 * then the oldest task.
 */
#include "backends/base/fail.h"
#include "libkfpstore/artifact_list.h"
#include "libkfpstore/query.h"
#include "libkfpstore/tables.h"

enum {
    C_ARTIFACT,
    C_RUN,
    C_TASK,
    C_LINK,
    C_TYPE,
    C_ITERATION,
    C_KEY,
    C_TASK_NAME,
    C_TASK_TYPE,
    C_TASK_AGE,
    C_RUN_AGE,
    C_RUN_NAME,
    C_PIPELINE
};

typedef struct rank {
    int64_t run_age, task_age;
    bool dag;
    const char *link;
} rank;

static void producers_sql(kfpb_sql *sql, const char *const *ids, size_t count, const kfpsi_linked *linked)
{
    kfpb_sql_add(sql, "SELECT l.\"ArtifactID\",l.\"RunUUID\",l.\"TaskID\",l.\"UUID\",l.\"Type\",l.\"Iteration\","
                      "l.\"ArtifactKey\",t.\"Name\",t.\"Type\",t.\"CreatedAtInSec\",r.\"CreatedAtInSec\","
                      "r.\"DisplayName\",r.\"PipelineName\" FROM \"artifact_tasks\" l"
                      " JOIN \"tasks\" t ON t.\"UUID\"=l.\"TaskID\""
                      " JOIN \"run_details\" r ON r.\"UUID\"=l.\"RunUUID\" WHERE");
    kfpsi_sql_in(sql, &kfpsi_artifact_tasks.columns[KFPSI_LINK_ARTIFACT], "l.", ids, count);
    kfpsi_sql_and(sql);
    kfpb_sql_add(sql, "l.\"Type\" BETWEEN 8 AND 11");
    if (linked->run_uuid != NULL)
        kfpsi_sql_equals(sql, &kfpsi_artifact_tasks.columns[KFPSI_LINK_RUN], "l.", linked->run_uuid);
}

static bool is_dag(int64_t task_type)
{
    return task_type != KFPS_TASK_RUNTIME && task_type != KFPS_TASK_IMPORTER;
}

/* Whether the row of `a` is rather the producer than that of `b`. */
static bool before(const rank *a, const rank *b)
{
    if (b->link == NULL)
        return true;
    if (a->run_age != b->run_age)
        return a->run_age < b->run_age;
    if (a->dag != b->dag)
        return b->dag;
    if (a->task_age != b->task_age)
        return a->task_age < b->task_age;
    return strcmp(a->link, b->link) < 0;
}

static void take(const kfpb_rows *rows, kfpb_arena *arena, rank *best, kfps_artifact_producer *producer)
{
    const rank this = {
        .run_age = kfpb_get_int(rows, C_RUN_AGE),
        .task_age = kfpb_get_int(rows, C_TASK_AGE),
        .dag = is_dag(kfpb_get_int(rows, C_TASK_TYPE)),
        .link = kfpb_get_text(rows, C_LINK, NULL),
    };
    if (!before(&this, best))
        return;
    *best = this;
    best->link = kfpb_arena_text(arena, this.link);
    *producer = (kfps_artifact_producer){
        .run_uuid = kfpb_arena_text(arena, kfpb_get_text(rows, C_RUN, NULL)),
        .run_name = kfpb_arena_text(arena, kfpb_get_text(rows, C_RUN_NAME, NULL)),
        .pipeline_name = kfpb_arena_text(arena, kfpb_get_text(rows, C_PIPELINE, NULL)),
        .task_uuid = kfpb_arena_text(arena, kfpb_get_text(rows, C_TASK, NULL)),
        .task_name = kfpb_arena_text(arena, kfpb_get_text(rows, C_TASK_NAME, NULL)),
        .io_type = (int32_t) kfpb_get_int(rows, C_TYPE),
        .iteration = kfpb_get_int(rows, C_ITERATION),
        .artifact_key = kfpb_arena_text(arena, kfpb_get_text(rows, C_KEY, NULL)),
    };
}

typedef struct page {
    kfpb_arena *arena;
    const char **ids;
    rank *best;
    kfps_artifact_producer *producers;
    size_t count;
} page;

static kfps_status take_row(void *context, const kfpb_rows *row, kfps_error *error)
{
    page *p = context;
    const char *id = kfpb_get_text(row, C_ARTIFACT, NULL);
    for (size_t i = 0; i < p->count; i++) {
        if (strcmp(p->ids[i], id) == 0)
            take(row, p->arena, &p->best[i], &p->producers[i]);
    }
    return p->arena->out_of_memory ? kfpb_fail_no_memory(error) : KFPS_OK;
}

kfps_status kfpsi_artifact_producers(kfpsi_op *op, const kfps_artifact *items, size_t count, const kfpsi_linked *linked,
                                     kfpb_arena *arena, const kfps_artifact_producer **out, kfps_error *error)
{
    kfpb_sql sql;
    *out = NULL;
    if (count == 0)
        return KFPS_OK;
    page p = {
        .arena = arena,
        .ids = kfpb_arena_array(arena, count, sizeof *p.ids),
        .best = kfpb_arena_array(arena, count, sizeof *p.best),
        .producers = kfpb_arena_array(arena, count, sizeof *p.producers),
        .count = count,
    };
    if (arena->out_of_memory)
        return kfpb_fail_no_memory(error);
    for (size_t i = 0; i < count; i++) {
        p.ids[i] = items[i].uuid;
        p.producers[i].iteration = -1;
    }
    kfpb_sql_init(&sql, op->conn);
    producers_sql(&sql, p.ids, count, linked);
    const kfps_status status = kfpsi_each(op->conn, &sql, take_row, &p, error);
    kfpb_sql_free(&sql);
    *out = p.producers;
    return status;
}
