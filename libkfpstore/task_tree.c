/* SPDX-License-Identifier: Apache-2.0 */
#include "libkfpstore/task_tree.h"

#include <stdlib.h>

#include "backends/base/fail.h"
#include "libkfpstore/json_text.h"
#include "libkfpstore/query.h"
#include "libkfpstore/result.h"
#include "libkfpstore/view.h"

typedef struct reading {
    kfpb_arena *arena;
    bool whole; /* the first of a chain comes as a whole row */
    kfpsi_task_node *nodes;
    size_t count;
    size_t capacity;
} reading;

#define NODE(t) t ".\"UUID\"," t ".\"ParentTaskUUID\"," t ".\"RunUUID\"," t ".\"Namespace\"," t ".\"Name\""
enum { NODE_COLUMNS = 5 };

static kfpsi_task_node *push_node(reading *r)
{
    return kfpsi_push(r->arena, &r->nodes, &r->count, &r->capacity, sizeof *r->nodes);
}

static kfps_status see_node(reading *r, const kfpb_rows *row, size_t first, kfps_error *error)
{
    kfpsi_task_node *node = push_node(r);
    if (node == NULL)
        return kfpb_fail_no_memory(error);
    *node = (kfpsi_task_node){
        .uuid = kfpb_arena_text(r->arena, kfpb_get_text(row, first, NULL)),
        .parent_uuid = kfpb_arena_text(r->arena, kfpb_get_text(row, first + 1, NULL)),
        .run_uuid = kfpb_arena_text(r->arena, kfpb_get_text(row, first + 2, NULL)),
        .task_namespace = kfpb_arena_text(r->arena, kfpb_get_text(row, first + 3, NULL)),
        .name = kfpb_arena_text(r->arena, kfpb_get_text(row, first + 4, NULL)),
        .first_change = SIZE_MAX,
    };
    return r->arena->out_of_memory ? kfpb_fail_no_memory(error) : KFPS_OK;
}

static int compare_nodes(const void *a, const void *b)
{
    return strcmp(((const kfpsi_task_node *) a)->uuid, ((const kfpsi_task_node *) b)->uuid);
}

kfpsi_task_node *kfpsi_tree_find(const kfpsi_task_tree *tree, const char *uuid)
{
    if (uuid == NULL || tree->count == 0)
        return NULL;
    const kfpsi_task_node wanted = {.uuid = uuid};
    return bsearch(&wanted, tree->nodes, tree->count, sizeof *tree->nodes, compare_nodes);
}

static kfps_status see_one(void *context, const kfpb_rows *row, kfps_error *error)
{
    return see_node(context, row, 0, error);
}

/* Of any tree, however deep. UNION drops what was met before, so that a cycle ends. */
static kfps_status read_all(kfpsi_op *op, reading *r, const char *const *uuids, size_t count, kfps_error *error)
{
    kfpb_sql sql;
    kfpb_sql_init(&sql, op->conn);
    kfpb_sql_add(&sql, "WITH RECURSIVE \"up\" (\"UUID\",\"ParentTaskUUID\") AS (SELECT \"UUID\",\"ParentTaskUUID\" "
                       "FROM \"tasks\" WHERE \"UUID\"");
    kfpb_sql_in_texts(&sql, uuids, count);
    kfpb_sql_add(&sql, " UNION SELECT p.\"UUID\",p.\"ParentTaskUUID\" FROM \"up\" JOIN \"tasks\" p "
                       "ON p.\"UUID\"=\"up\".\"ParentTaskUUID\") SELECT " NODE(
                           "t") " FROM \"up\" JOIN \"tasks\" t ON t.\"UUID\"=\"up\".\"UUID\"");
    const kfps_status status = kfpsi_each(op->conn, &sql, see_one, r, error);
    kfpb_sql_free(&sql);
    return status;
}

#define ABOVE(t, p) " LEFT JOIN \"tasks\" " p " ON " p ".\"UUID\"=" t ".\"ParentTaskUUID\""
static const char chain[] = "," NODE("p") "," NODE("q") "," NODE("s") " FROM \"tasks\" t" ABOVE("t", "p")
    ABOVE("p", "q") ABOVE("q", "s") " WHERE t.\"UUID\"=";
enum { CHAIN = 4 };

static kfps_status see_whole(reading *r, const kfpb_rows *row, kfps_error *error)
{
    kfps_task task = {0};
    kfpsi_task_node *node = push_node(r);
    if (node == NULL)
        return kfpb_fail_no_memory(error);
    kfpsi_view_read(row, 0, &kfpsi_view_task, r->arena, &task);
    *node = (kfpsi_task_node){
        .uuid = task.uuid,
        .parent_uuid = task.parent_uuid,
        .run_uuid = task.run_uuid,
        .task_namespace = task.task_namespace,
        .name = task.name,
        .first_change = SIZE_MAX,
        .was = task,
        .row = task,
    };
    return r->arena->out_of_memory ? kfpb_fail_no_memory(error) : KFPS_OK;
}

static kfps_status see_chain(void *context, const kfpb_rows *row, kfps_error *error)
{
    reading *r = context;
    size_t place = r->whole ? kfpsi_view_count(&kfpsi_view_task) : NODE_COLUMNS;
    kfps_status status = r->whole ? see_whole(r, row, error) : see_node(r, row, 0, error);
    for (size_t i = 1; status == KFPS_OK && i < CHAIN && !kfpb_is_null(row, place); i++, place += NODE_COLUMNS)
        status = see_node(r, row, place, error);
    return status;
}

/* Of one task, where few trees are deeper: engines join a few rows in less time than they set up a recursion. Where the
 * transaction keeps other writers out, what it reads is as good as locked, and the row need not be read again. */
static kfps_status read_chain(kfpsi_op *op, reading *r, const char *uuid, kfps_error *error)
{
    kfpb_sql sql;
    r->whole = (op->conn->driver->capabilities & KFPB_CAP_ROW_LOCKS) == 0;
    kfpb_sql_init(&sql, op->conn);
    kfpb_sql_add(&sql, "SELECT ");
    if (r->whole)
        kfpsi_view_columns(&sql, &kfpsi_view_task, "t.");
    else
        kfpb_sql_add(&sql, NODE("t"));
    kfpb_sql_add(&sql, chain);
    kfpb_sql_bind(&sql, kfpb_str(uuid));
    kfps_status status = kfpsi_each(op->conn, &sql, see_chain, r, error);
    kfpb_sql_free(&sql);
    if (status == KFPS_OK && r->count == CHAIN && r->nodes[CHAIN - 1].parent_uuid != NULL)
        status = read_all(op, r, &r->nodes[CHAIN - 1].parent_uuid, 1, error);
    return status;
}

/* A cycle may have been met twice. */
static size_t without_repeated(kfpsi_task_node *nodes, size_t count)
{
    size_t kept = count > 0;
    for (size_t i = 1; i < count; i++) {
        if (strcmp(nodes[i].uuid, nodes[kept - 1].uuid) != 0)
            nodes[kept++] = nodes[i];
    }
    return kept;
}

kfps_status kfpsi_tree_read(kfpsi_op *op, kfpb_arena *arena, const char *const *uuids, size_t count,
                            kfpsi_task_tree *out, kfps_error *error)
{
    reading r = {.arena = arena};
    *out = (kfpsi_task_tree){0};
    const kfps_status status = count == 1 ? read_chain(op, &r, uuids[0], error) : read_all(op, &r, uuids, count, error);
    if (status != KFPS_OK)
        return status;
    if (r.count > 1)
        qsort(r.nodes, r.count, sizeof *r.nodes, compare_nodes);
    *out = (kfpsi_task_tree){.nodes = r.nodes, .count = without_repeated(r.nodes, r.count)};
    for (size_t i = 0; i < out->count; i++)
        out->nodes[i].parent = kfpsi_tree_find(out, out->nodes[i].parent_uuid);
    return KFPS_OK;
}

bool kfpsi_tree_is_below(const kfpsi_task_tree *tree, const kfpsi_task_node *node, const kfpsi_task_node *ancestor)
{
    for (size_t i = 0; node != NULL && i <= tree->count; i++, node = node->parent) {
        if (node == ancestor)
            return true;
    }
    return node != NULL; /* a cycle */
}

void kfpsi_tree_measure(kfpsi_task_tree *tree)
{
    tree->deepest = 0;
    for (size_t i = 0; i < tree->count; i++) {
        kfpsi_task_node *node = &tree->nodes[i];
        node->depth = 0;
        for (const kfpsi_task_node *up = node->parent; up != NULL && node->depth <= tree->count; up = up->parent)
            node->depth++;
        if (node->depth > tree->count) { /* a cycle, which only another program can have made, is cut here */
            node->parent = NULL;
            node->depth = 0;
        }
        if (node->depth > tree->deepest)
            tree->deepest = node->depth;
    }
}

void kfpsi_tree_match(kfpsi_task_tree *tree, const kfpsi_shape *shape)
{
    for (size_t depth = 0; depth <= tree->deepest; depth++) {
        for (size_t i = 0; i < tree->count; i++) {
            kfpsi_task_node *node = &tree->nodes[i];
            if (node->depth == depth)
                node->dag = node->parent == NULL ? kfpsi_shape_root(shape)
                                                 : kfpsi_shape_below(shape, node->parent->dag, node->name);
        }
    }
}

void kfpsi_tree_free(kfpsi_task_tree *tree)
{
    for (size_t i = 0; i < tree->count; i++)
        json_decref(tree->nodes[i].parameters);
    *tree = (kfpsi_task_tree){0};
}

bool kfpsi_task_attribute(kfpb_arena *arena, const char *type_attributes_json, const char *name, int64_t *out)
{
    json_t *json = NULL;
    if (type_attributes_json == NULL)
        return false;
    if (kfpsi_json_load(type_attributes_json, strlen(type_attributes_json), 0, &json, NULL) == KFPS_NO_MEMORY)
        arena->out_of_memory = true;
    const json_t *value = json_object_get(json, name);
    bool found = json_is_integer(value);
    if (found)
        *out = json_integer_value(value);
    else if (json_is_string(value))
        found = kfpb_parse_int(json_string_value(value), out);
    json_decref(json);
    return found;
}
