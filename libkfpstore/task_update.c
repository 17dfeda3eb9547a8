/* SPDX-License-Identifier: Apache-2.0 */
#include "libkfpstore/task_update.h"

#include "backends/base/fail.h"
#include "libkfpstore/access.h"
#include "libkfpstore/hydrate.h"
#include "libkfpstore/query.h"
#include "libkfpstore/result.h"
#include "libkfpstore/run_row.h"
#include "libkfpstore/run_shape_store.h"
#include "libkfpstore/task_change.h"
#include "libkfpstore/task_write.h"

typedef struct request {
    const kfps_task_change *changes;
    size_t count;
    kfps_task_update_options options;
    bool wanted; /* the caller wants the tasks */
    kfps_task_list *list;
} request;

/* ---- which tasks ---------------------------------------------------------------------------------------------------
 */

static bool moves(const kfps_task_change *change)
{
    return change->parent_uuid != NULL;
}

/* Whether parents may have to be looked at. */
static bool may_propagate(const kfps_task_change *change)
{
    return kfpsi_task_is_over(change->state) ||
           (change->output_parameters_json != NULL && change->output_parameters_json[0] != '\0');
}

/* A single task that changes nothing above it needs no tree; its run must be known before it is locked. */
static kfps_status read_alone(kfpsi_update *u, kfps_error *error)
{
    kfpsi_task_node *node = kfpb_arena_alloc(u->arena, sizeof *node);
    kfpb_rows *rows = NULL;
    const kfpb_value uuid = kfpb_str(u->changes[0].uuid);
    int there = 0;
    if (node == NULL)
        return kfpb_fail_no_memory(error);
    node->uuid = u->changes[0].uuid;
    node->run_uuid = u->changes[0].run_uuid;
    u->tree = (kfpsi_task_tree){.nodes = node, .count = 1};
    if (node->run_uuid != NULL)
        return KFPS_OK;
    kfps_status status = kfpb_query(u->op->conn, "SELECT \"UUID\",\"RunUUID\" FROM \"tasks\" WHERE \"UUID\"=?", &uuid,
                                    1, &rows, error);
    while (status == KFPS_OK && (there = kfpb_next(rows, error)) > 0) {
        if (strcmp(kfpb_get_text(rows, 0, NULL), node->uuid) == 0)
            node->run_uuid = kfpb_arena_text(u->arena, kfpb_get_text(rows, 1, NULL));
    }
    if (there < 0)
        status = (kfps_status) error->code;
    else if (status == KFPS_OK && u->arena->out_of_memory)
        status = kfpb_fail_no_memory(error);
    kfpb_rows_free(&rows);
    if (node->run_uuid == NULL)
        u->tree.count = 0;
    return status;
}

static kfps_status read_tree(kfpsi_update *u, kfps_error *error)
{
    const char **texts = kfpb_arena_array(u->arena, 2 * u->count, sizeof *texts);
    size_t count = 0;
    if (texts == NULL)
        return kfpb_fail_no_memory(error);
    for (size_t i = 0; i < u->count; i++) {
        texts[count++] = u->changes[i].uuid;
        if (moves(&u->changes[i]) && u->changes[i].parent_uuid[0] != '\0')
            texts[count++] = u->changes[i].parent_uuid;
    }
    const char **uuids = kfpsi_sorted_texts(u->arena, texts, count, &count);
    if (uuids == NULL)
        return kfpb_fail_no_memory(error);
    return kfpsi_tree_read(u->op, u->arena, uuids, count, &u->tree, error);
}

/* Gives each task its changes, in order; the run is that of the first. */
static kfps_status assign(kfpsi_update *u, kfps_error *error)
{
    size_t *next = kfpb_arena_array(u->arena, u->count, sizeof *next);
    if (next == NULL)
        return kfpb_fail_no_memory(error);
    for (size_t i = 0; i < u->tree.count; i++)
        u->tree.nodes[i].first_change = SIZE_MAX;
    for (size_t i = u->count; i > 0; i--) {
        kfpsi_task_node *node = kfpsi_tree_find(&u->tree, u->changes[i - 1].uuid);
        if (node == NULL)
            continue;
        next[i - 1] = node->first_change;
        node->first_change = i - 1;
        node->touched = true;
    }
    u->next_change = next;
    for (size_t i = 0; i < u->count; i++) {
        const kfps_task_change *change = &u->changes[i];
        const kfpsi_task_node *node = kfpsi_tree_find(&u->tree, change->uuid);
        const bool visible = node != NULL &&
                             (change->run_uuid == NULL || strcmp(change->run_uuid, node->run_uuid) == 0) &&
                             (node->task_namespace == NULL || kfpsi_sees(u->op->session, node->task_namespace));
        if (!visible)
            return kfpb_fail_at(error, i, KFPS_NOT_FOUND, "there is no task %.64s", change->uuid);
        if (u->run_uuid == NULL)
            u->run_uuid = node->run_uuid;
        if (strcmp(u->run_uuid, node->run_uuid) != 0)
            return kfpb_fail_at(error, i, KFPS_INVALID, "the task %.64s is of another run than the first",
                                change->uuid);
    }
    return KFPS_OK;
}

/* Hangs tasks under the parents that they are to have. */
static kfps_status move(kfpsi_update *u, kfps_error *error)
{
    for (size_t i = 0; i < u->count; i++) {
        const char *parent_uuid = u->changes[i].parent_uuid;
        if (parent_uuid == NULL)
            continue;
        kfpsi_task_node *node = kfpsi_tree_find(&u->tree, u->changes[i].uuid);
        kfpsi_task_node *parent = kfpsi_tree_find(&u->tree, parent_uuid);
        if (parent_uuid[0] != '\0' && (parent == NULL || strcmp(parent->run_uuid, u->run_uuid) != 0))
            return kfpb_fail_at(error, i, KFPS_FOREIGN_KEY, "the run has no task %.64s to be a parent", parent_uuid);
        if (parent != NULL && kfpsi_tree_is_below(&u->tree, parent, node))
            return kfpb_fail_at(error, i, KFPS_INVALID, "the task %.64s would be its own ancestor", node->uuid);
        node->parent = parent;
        if (parent != NULL)
            parent->touched = true;
    }
    return KFPS_OK;
}

/* Whether one of the tasks that end, or give outputs, has a parent. */
static bool has_parents(const kfpsi_update *u)
{
    for (size_t i = 0; i < u->count; i++) {
        if (may_propagate(&u->changes[i]) && kfpsi_tree_find(&u->tree, u->changes[i].uuid)->parent != NULL)
            return true;
    }
    return false;
}

/* ---- one level --------------------------------------------------------------------------------------------------- */

static bool same_text(const char *a, const char *b)
{
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static kfps_status apply(kfpsi_update *u, kfpsi_task_node *node, kfps_error *error)
{
    kfps_status status = KFPS_OK;
    bool told = false;
    for (size_t i = node->first_change; status == KFPS_OK && i != SIZE_MAX; i = u->next_change[i]) {
        const kfps_task_change *change = &u->changes[i];
        status = kfpsi_task_change_apply(change, u->op->now, u->op->conn->limits.json_depth, i, u->arena, &node->row,
                                         error);
        node->ended = kfpsi_task_is_over(change->state) || (node->ended && change->state == 0);
        told = told || may_propagate(change);
    }
    node->gives = told && kfpsi_task_gives(node->row.state);
    return status;
}

/* What was read without a lock must still hold; else the whole is done again. */
static kfps_status confirm(const kfpsi_update *u, const kfpsi_task_node *node, bool alone, kfps_error *error)
{
    const bool gone = node->was.uuid == NULL || strcmp(node->was.run_uuid, u->run_uuid) != 0 ||
                      !kfpsi_sees(u->op->session, node->was.task_namespace);
    if (gone && node->first_change != SIZE_MAX)
        return kfpb_fail_at(error, node->first_change, KFPS_NOT_FOUND, "there is no task %.64s", node->uuid);
    if (!gone && !alone && !same_text(node->was.parent_uuid, node->parent_uuid))
        return kfpb_fail(error, KFPS_BUSY, "the task %.64s was moved at the same time", node->uuid);
    return KFPS_OK;
}

static void tell_parent(const kfpsi_update *u, kfpsi_task_node *node)
{
    if (!u->propagate || !node->ended || node->parent == NULL)
        return;
    node->parent->evaluate = true;
    node->parent->touched = true;
}

static kfps_status do_level(kfpsi_update *u, kfpsi_task_node **level, size_t count, kfps_error *error)
{
    const bool alone = u->tree.count == 1 && !u->propagate;
    kfps_status status = kfpsi_level_lock(u, level, count, error);
    size_t there = 0;
    for (size_t i = 0; status == KFPS_OK && i < count; i++) {
        status = confirm(u, level[i], alone, error);
        if (level[i]->was.uuid != NULL)
            level[there++] = level[i];
    }
    for (size_t i = 0; status == KFPS_OK && i < there; i++) {
        status = apply(u, level[i], error);
        if (status == KFPS_OK && u->propagate)
            status = kfpsi_take_outputs(u, level[i], error);
    }
    if (status == KFPS_OK && u->propagate)
        status = kfpsi_propagate_states(u, level, there, error);
    if (status == KFPS_OK)
        status = kfpsi_level_write(u, level, there, error);
    for (size_t i = 0; status == KFPS_OK && i < there; i++)
        tell_parent(u, level[i]);
    if (status == KFPS_OK && u->propagate)
        status = kfpsi_give_outputs(u, level, there, error);
    return status;
}

static size_t level_of(const kfpsi_update *u, size_t depth, bool all, kfpsi_task_node **level)
{
    size_t count = 0;
    for (size_t i = 0; i < u->tree.count; i++) {
        if (u->tree.nodes[i].depth == depth && (all || u->tree.nodes[i].touched))
            level[count++] = &u->tree.nodes[i];
    }
    return count;
}

/* A task that moves gets a share lock on its new parent by the foreign key when it is written; if that parent had to be
 * locked for update afterwards, two such updates would wait for each other. So all are locked beforehand. */
static kfps_status lock_all(kfpsi_update *u, kfpsi_task_node **level, kfps_error *error)
{
    kfps_status status = KFPS_OK;
    for (size_t depth = u->tree.deepest + 1; status == KFPS_OK && depth > 0; depth--)
        status = kfpsi_level_lock(u, level, level_of(u, depth - 1, true, level), error);
    return status;
}

static kfps_status do_levels(kfpsi_update *u, bool moving, kfps_error *error)
{
    kfpsi_task_node **level = kfpb_arena_array(u->arena, u->tree.count, sizeof *level);
    if (level == NULL)
        return kfpb_fail_no_memory(error);
    kfps_status status = moving ? lock_all(u, level, error) : KFPS_OK;
    for (size_t depth = u->tree.deepest + 1; status == KFPS_OK && depth > 0; depth--) {
        const size_t count = level_of(u, depth - 1, false, level);
        if (count > 0)
            status = do_level(u, level, count, error);
    }
    return status;
}

/* ---- the whole --------------------------------------------------------------------------------------------------- */

static kfps_status lock_run(kfpsi_update *u, kfps_error *error)
{
    kfpsi_run_row run;
    kfps_status status = kfpsi_runs_lock(u->op, u->arena, &u->run_uuid, 1, &run, error);
    if (status == KFPS_OK && (!run.found || !kfpsi_sees(u->op->session, run.run_namespace)))
        return kfpb_fail_at(error, 0, KFPS_NOT_FOUND, "there is no task %.64s", u->changes[0].uuid);
    return status == KFPS_OK ? kfpsi_run_require(u->op, &run, 0, error) : status;
}

static kfps_status update(kfpsi_update *u, kfps_error *error)
{
    bool moving = false, propagating = false;
    for (size_t i = 0; i < u->count; i++) {
        moving = moving || moves(&u->changes[i]);
        propagating = propagating || may_propagate(&u->changes[i]);
    }
    u->propagate = u->propagate && propagating;
    const bool alone = u->count == 1 && !moving && !u->propagate;
    kfps_status status = alone ? read_alone(u, error) : read_tree(u, error);
    if (status == KFPS_OK)
        status = assign(u, error);
    if (status == KFPS_OK && moving)
        status = move(u, error);
    if (status != KFPS_OK)
        return status;
    u->propagate = u->propagate && has_parents(u);
    kfpsi_tree_measure(&u->tree);
    status = lock_run(u, error);
    if (status == KFPS_OK && u->propagate) {
        status = kfpsi_shape_of_run(u->op, u->run_uuid, &u->shape, error);
        kfpsi_tree_match(&u->tree, &u->shape);
    }
    if (status == KFPS_OK)
        status = do_levels(u, moving, error);
    if (status == KFPS_OK && u->propagate)
        status = kfpsi_write_links(u, error);
    return status;
}

static void forget_json(kfps_task *task)
{
    task->pods_json = NULL;
    task->status_metadata_json = NULL;
    task->state_history_json = NULL;
    task->input_parameters_json = NULL;
    task->output_parameters_json = NULL;
    task->type_attributes_json = NULL;
}

/* The tasks as they were written: no need to read them again. */
static kfps_status give_result(kfpsi_update *u, const request *r, kfps_error *error)
{
    kfps_task_item *items = kfpb_arena_array(u->arena, u->count, sizeof *items);
    if (items == NULL)
        return kfpb_fail_no_memory(error);
    for (size_t i = 0; i < u->count; i++) {
        const kfpsi_task_node *node = kfpsi_tree_find(&u->tree, u->changes[i].uuid);
        items[i].task = node->row;
        if (r->options.view == KFPS_VIEW_BASIC)
            forget_json(&items[i].task);
    }
    *r->list = (kfps_task_list){.items = items, .count = u->count, .next_page_token = "", .total_size = -1};
    if (u->arena->out_of_memory)
        return kfpb_fail_no_memory(error);
    return r->options.view == KFPS_VIEW_FULL ? kfpsi_hydrate(u->op, u->arena, items, u->count, error) : KFPS_OK;
}

static kfps_status body(kfpsi_op *op, void *context, kfps_error *error)
{
    request *r = context;
    kfpb_arena *arena = NULL;
    kfps_task_list_free(r->list);
    r->list = kfpsi_result_new(sizeof *r->list, &arena);
    if (r->list == NULL)
        return kfpb_fail_no_memory(error);
    kfpsi_update u = {
        .op = op, .arena = arena, .changes = r->changes, .count = r->count, .propagate = r->options.propagate != 0};
    kfps_status status = update(&u, error);
    if (status == KFPS_OK && r->wanted)
        status = give_result(&u, r, error);
    kfpsi_tree_free(&u.tree);
    kfpsi_shape_free(&u.shape);
    return status;
}

void kfps_task_update_options_init(kfps_task_update_options *options)
{
    *options = (kfps_task_update_options){.struct_size = sizeof *options, .propagate = 1, .view = KFPS_VIEW_FULL};
}

static kfps_status take_options(const kfps_task_update_options *given, kfps_task_update_options *out, kfps_error *error)
{
    kfps_task_update_options_init(out);
    if (given == NULL)
        return KFPS_OK;
    if (given->struct_size == 0)
        return kfpb_fail(error, KFPS_INVALID, "initialise the options with kfps_task_update_options_init");
    memcpy(out, given, given->struct_size < sizeof *out ? given->struct_size : sizeof *out);
    if (out->view < KFPS_VIEW_BASIC || out->view > KFPS_VIEW_FULL)
        return kfpb_fail(error, KFPS_INVALID, "%d is no kfps_task_view", out->view);
    return KFPS_OK;
}

kfps_status kfps_task_update(kfps_session *session, const kfps_task_change *changes, size_t count,
                             const kfps_task_update_options *options, kfps_task_list **out, kfps_error *error)
{
    request r = {.changes = changes, .count = count, .wanted = out != NULL};
    kfps_error local;
    if (error == NULL)
        error = &local;
    kfpb_error_clear(error);
    if (out != NULL)
        *out = NULL;
    if (session == NULL || changes == NULL || count == 0)
        return kfpb_fail(error, KFPS_INVALID, "kfps_task_update: session and at least one change must be given");
    const char *run_uuid = NULL;
    for (size_t i = 0; run_uuid == NULL && i < count; i++)
        run_uuid = changes[i].run_uuid;
    kfps_status status = take_options(options, &r.options, error);
    if (status == KFPS_OK)
        status = kfpsi_task_change_check(changes, count, error);
    if (status == KFPS_OK)
        status = kfpsi_ask(session, KFPS_VERB_UPDATE, KFPS_RESOURCE_TASKS, NULL, run_uuid, error);
    if (status == KFPS_OK)
        status = kfpsi_write(session, body, &r, error);
    if (status == KFPS_OK && out != NULL)
        *out = r.list;
    else
        kfps_task_list_free(r.list);
    return status;
}
