/* SPDX-License-Identifier: Apache-2.0 */
/* propagate.c: the states of parents. */
#include "backends/base/fail.h"
#include "libkfpstore/list.h"
#include "libkfpstore/query.h"
#include "libkfpstore/result.h"
#include "libkfpstore/tables.h"
#include "libkfpstore/task_change.h"
#include "libkfpstore/task_update.h"

int32_t kfpsi_verdict(const int64_t children[KFPSI_STATES], int64_t expected, bool awaits)
{
    const int64_t succeeded = children[KFPS_TASK_SUCCEEDED], skipped = children[KFPS_TASK_SKIPPED];
    const int64_t failed = children[KFPS_TASK_FAILED], cached = children[KFPS_TASK_CACHED];
    const int64_t ended = succeeded + skipped + failed + cached;
    if (children[KFPS_TASK_RUNNING] > 0 || children[KFPS_TASK_STATE_UNSPECIFIED] > 0)
        return 0;
    if (failed > 0)
        return awaits ? 0 : KFPS_TASK_FAILED;
    if (expected < 0 || ended < expected)
        return 0;
    if (skipped == ended)
        return KFPS_TASK_SKIPPED;
    return cached == ended ? KFPS_TASK_CACHED : KFPS_TASK_SUCCEEDED;
}

/* ---- the children ------------------------------------------------------------------------------------------------ */

/* Of one parent under evaluation. */
typedef struct parent {
    kfpsi_task_node *node;
    int64_t children[KFPSI_STATES];
    int64_t expected;
    bool is_loop;
    bool awaits;
} parent;

typedef struct child {
    const char *name;
    int64_t iteration; /* -1 outside a loop */
    bool over;
} child;

typedef struct evaluation {
    kfpsi_update *u;
    parent *parents;
    size_t count;
} evaluation;

static parent *parent_of(const evaluation *e, const char *uuid)
{
    for (size_t i = 0; uuid != NULL && i < e->count; i++) {
        if (strcmp(e->parents[i].node->uuid, uuid) == 0)
            return &e->parents[i];
    }
    return NULL;
}

static kfps_status see_count(void *context, const kfpb_rows *row, kfps_error *error)
{
    (void) error;
    parent *p = parent_of(context, kfpb_get_text(row, 0, NULL));
    const int64_t state = kfpb_get_int(row, 1);
    if (p != NULL) /* an unknown state is not over */
        p->children[state > 0 && state < KFPSI_STATES ? state : 0] += kfpb_get_int(row, 2);
    return KFPS_OK;
}

/* Of those parents of which no child is known to run. A statement of its own, after the parents' locks: in one with
 * them PostgreSQL would show a child's state from before the wait. */
static kfps_status count_children(evaluation *e, kfps_error *error)
{
    kfpb_sql sql;
    size_t count = 0;
    const char **uuids = kfpb_arena_array(e->u->arena, e->count, sizeof *uuids);
    if (uuids == NULL)
        return kfpb_fail_no_memory(error);
    for (size_t i = 0; i < e->count; i++) {
        if (e->parents[i].children[KFPS_TASK_RUNNING] == 0)
            uuids[count++] = e->parents[i].node->uuid;
    }
    if (count == 0)
        return KFPS_OK;
    kfpb_sql_init(&sql, e->u->op->conn);
    kfpb_sql_add(&sql, "SELECT \"ParentTaskUUID\",\"State\",COUNT(*) FROM \"tasks\"");
    kfpsi_index_hint(&sql, "idx_parent_run");
    kfpb_sql_add(&sql, " WHERE \"RunUUID\"=");
    kfpb_sql_bind(&sql, kfpb_str(e->u->run_uuid));
    kfpb_sql_add(&sql, " AND \"ParentTaskUUID\"");
    if (count == 1) {
        kfpb_sql_add(&sql, "=");
        kfpb_sql_bind(&sql, kfpb_str(uuids[0]));
    } else {
        kfpb_sql_in_texts(&sql, uuids, count);
    }
    kfpb_sql_add(&sql, " GROUP BY \"ParentTaskUUID\",\"State\"");
    const kfps_status status = kfpsi_each(e->u->op->conn, &sql, see_count, e, error);
    kfpb_sql_free(&sql);
    return status;
}

/* ---- many children ---------------------------------------------------------------------------------------------- */

enum { LARGE = 256, NEWEST = 64 };

static kfps_status see_newest(void *context, const kfpb_rows *row, kfps_error *error)
{
    parent *p = context;
    (void) error;
    if (!kfpsi_task_is_over((int32_t) kfpb_get_int(row, 0)))
        p->children[KFPS_TASK_RUNNING] = 1;
    return KFPS_OK;
}

/* Whether one of the newest children still runs. Children end in about the order they began in, so that counting them
 * each time one ends would look at nearly all of them nearly each time. */
static kfps_status look_at_newest(const kfpsi_update *u, parent *p, kfps_error *error)
{
    static const uint8_t state[] = {KFPSI_TASK_STATE};
    static const kfpsi_view view = {&kfpsi_tasks, state, 1};
    const kfpsi_plan plan = {.fields = &kfpsi_fields_task,
                             .position = {.sort = kfpsi_fields_task.default_sort, .descending = true}};
    const kfpsi_scope scope = {
        .terms = {{.column = KFPSI_TASK_PARENT, .texts = &p->node->uuid, .count = 1},
                  {.column = KFPSI_TASK_RUN, .residual = true, .texts = &u->run_uuid, .count = 1}},
        .count = 2};
    kfpb_sql sql;
    kfpb_sql_init(&sql, u->op->conn);
    kfpsi_list_sql(&sql, &(kfpsi_list_part){.plan = &plan, .scope = &scope, .view = &view, .limit = NEWEST});
    const kfps_status status = kfpsi_each(u->op->conn, &sql, see_newest, p, error);
    kfpb_sql_free(&sql);
    return status;
}

/* ---- tasks that run although something failed ----------------------------------------------------------------------
 */

typedef struct children {
    kfpb_arena *arena;
    child *items;
    size_t count;
    size_t capacity;
    bool is_loop;
    int64_t iteration; /* that is looked at */
} children;

static kfps_status see_child(void *context, const kfpb_rows *row, kfps_error *error)
{
    children *c = context;
    child *one = kfpsi_push(c->arena, &c->items, &c->count, &c->capacity, sizeof *one);
    if (one == NULL)
        return kfpb_fail_no_memory(error);
    *one = (child){.name = kfpb_arena_text(c->arena, kfpb_get_text(row, 0, NULL)),
                   .iteration = -1,
                   .over = kfpsi_task_is_over((int32_t) kfpb_get_int(row, 1))};
    if (c->is_loop)
        kfpsi_task_attribute(c->arena, kfpb_get_text(row, 2, NULL), "iterationIndex", &one->iteration);
    return c->arena->out_of_memory ? kfpb_fail_no_memory(error) : KFPS_OK;
}

static bool has_ended(const void *with, const char *task)
{
    const children *c = with;
    for (size_t i = 0; i < c->count; i++) {
        if (c->items[i].iteration == c->iteration && c->items[i].over && c->items[i].name != NULL &&
            strcmp(c->items[i].name, task) == 0)
            return true;
    }
    return false;
}

/* In a loop each iteration has such tasks of its own. */
static kfps_status look_for_awaited(kfpsi_update *u, parent *p, kfps_error *error)
{
    children c = {.arena = u->arena, .is_loop = p->is_loop};
    kfpb_sql sql;
    kfpb_sql_init(&sql, u->op->conn);
    kfpb_sql_add(&sql, "SELECT \"Name\",\"State\",\"TypeAttrs\" FROM \"tasks\"");
    kfpsi_index_hint(&sql, "idx_parent_run");
    kfpb_sql_add(&sql, " WHERE \"RunUUID\"=");
    kfpb_sql_bind(&sql, kfpb_str(u->run_uuid));
    kfpb_sql_add(&sql, " AND \"ParentTaskUUID\"=");
    kfpb_sql_bind(&sql, kfpb_str(p->node->uuid));
    const kfps_status status = kfpsi_each(u->op->conn, &sql, see_child, &c, error);
    kfpb_sql_free(&sql);
    for (size_t i = 0; i < c.count && !p->awaits; i++) {
        c.iteration = c.items[i].iteration;
        p->awaits = kfpsi_dag_awaits(p->node->dag, has_ended, &c);
    }
    return status;
}

/* ---- the verdict ---------------------------------------------------------------------------------------------------
 */

/* How many children make the parent complete: its DAG's tasks, in a loop for each iteration; -1: not known. */
static int64_t expected_of(kfpb_arena *arena, const parent *p)
{
    const int64_t tasks = (int64_t) kfpsi_dag_task_count(p->node->dag);
    int64_t iterations = 1;
    if (p->node->dag == NULL)
        return -1;
    if (p->is_loop && !kfpsi_task_attribute(arena, p->node->row.type_attributes_json, "iterationCount", &iterations))
        return -1;
    if (iterations < 0 || (tasks > 0 && iterations > INT64_MAX / tasks))
        return -1;
    return tasks * iterations;
}

bool kfpsi_node_is_loop(const kfpsi_task_node *node)
{
    return node->row.type == KFPS_TASK_LOOP ||
           (node->parent != NULL && kfpsi_dag_is_loop(node->parent->dag, node->name));
}

static parent describe(kfpb_arena *arena, kfpsi_task_node *node)
{
    parent p = {.node = node, .is_loop = kfpsi_node_is_loop(node)};
    p.expected = expected_of(arena, &p);
    return p;
}

/* What ended in failure stays so, whatever comes late; any other end is looked at again. */
static kfps_status conclude(kfpsi_update *u, const parent *p, kfps_error *error)
{
    kfps_task *row = &p->node->row;
    const int32_t state = kfpsi_verdict(p->children, p->expected, p->awaits);
    if (state == 0 || state == row->state || row->state == KFPS_TASK_FAILED)
        return KFPS_OK;
    p->node->ended = true;
    row->finished_at = u->op->now;
    return kfpsi_task_set_state(row, state, u->op->now, u->arena, error);
}

kfps_status kfpsi_propagate_states(kfpsi_update *u, kfpsi_task_node *const *level, size_t count, kfps_error *error)
{
    evaluation e = {.u = u, .parents = kfpb_arena_array(u->arena, count, sizeof(parent))};
    if (e.parents == NULL)
        return kfpb_fail_no_memory(error);
    for (size_t i = 0; i < count; i++) {
        if (level[i]->evaluate && level[i]->was.uuid != NULL)
            e.parents[e.count++] = describe(u->arena, level[i]);
    }
    if (e.count == 0)
        return KFPS_OK;
    kfps_status status = KFPS_OK;
    for (size_t i = 0; status == KFPS_OK && i < e.count; i++) {
        if (e.parents[i].expected > LARGE)
            status = look_at_newest(u, &e.parents[i], error);
    }
    if (status == KFPS_OK)
        status = count_children(&e, error);
    for (size_t i = 0; status == KFPS_OK && i < e.count; i++) {
        parent *p = &e.parents[i];
        if (p->children[KFPS_TASK_FAILED] > 0 && kfpsi_dag_has_always(p->node->dag))
            status = look_for_awaited(u, p, error);
        if (status == KFPS_OK)
            status = conclude(u, p, error);
    }
    return status;
}
