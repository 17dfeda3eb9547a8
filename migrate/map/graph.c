/* SPDX-License-Identifier: Apache-2.0 */
#include "migrate/map/graph.h"

#include <stdlib.h>
#include <string.h>

#include "migrate/map/ids.h"
#include "migrate/map/kinds.h"

/* What a text column of MySQL takes. */
enum { MAX_SCOPE = 65535 };

static const int32_t task_types[] = {
    [MAP_KIND_ROOT] = KFPS_TASK_ROOT,           [MAP_KIND_DAG] = KFPS_TASK_DAG,
    [MAP_KIND_LOOP] = KFPS_TASK_LOOP,           [MAP_KIND_BRANCHES] = KFPS_TASK_CONDITION_BRANCH,
    [MAP_KIND_CONDITION] = KFPS_TASK_CONDITION, [MAP_KIND_EXIT_HANDLER] = KFPS_TASK_EXIT_HANDLER,
    [MAP_KIND_RUNTIME] = KFPS_TASK_RUNTIME,     [MAP_KIND_IMPORTER] = KFPS_TASK_IMPORTER,
};

int32_t map_task_type(map_kind kind)
{
    return task_types[kind];
}

bool map_is_leaf(const map_node *node)
{
    return node->kind == MAP_KIND_RUNTIME || node->kind == MAP_KIND_IMPORTER;
}

map_node *map_graph_find(const map_graph *graph, int64_t execution_id)
{
    size_t low = 0, high = graph->count;

    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (graph->nodes[middle].execution->id < execution_id)
            low = middle + 1;
        else
            high = middle;
    }
    return low < graph->count && graph->nodes[low].execution->id == execution_id ? &graph->nodes[low] : NULL;
}

/* The root that KFP named, else the first one. */
static map_node *find_root(const map_graph *graph)
{
    map_node *root = NULL;

    for (size_t i = 0; i < graph->count; i++) {
        map_node *node = &graph->nodes[i];
        if (node->kind != MAP_KIND_ROOT)
            continue;
        if (node->execution->name != NULL && strncmp(node->execution->name, "run/", 4) == 0)
            return node;
        if (root == NULL)
            root = node;
    }
    return root;
}

static void find_parent(map_context *context, const map_graph *graph, map_node *node)
{
    int64_t id = 0;

    if (node->kind == MAP_KIND_NONE || node->kind == MAP_KIND_ROOT)
        return;
    if (map_property(&node->execution->properties, "parent_dag_id") == NULL && node->any_type)
        return;
    if (map_property_integer(&node->execution->properties, "parent_dag_id", &id) && id > 0)
        node->mlmd_parent = map_graph_find(graph, id);
    if (node->mlmd_parent != NULL && node->mlmd_parent->kind == MAP_KIND_NONE)
        node->mlmd_parent = NULL;
    if (node->mlmd_parent == NULL) {
        map_note(context, NOTE_PARENT_MISSING, "execution", node->execution->id, "parent %lld", (long long) id);
        node->mlmd_parent = graph->root;
    }
}

static void cut(map_context *context, const map_graph *graph, map_node *node, const char *why)
{
    map_note(context, NOTE_PARENT_CYCLE, "execution", node->execution->id, "%s", why);
    node->mlmd_parent = graph->root;
}

/* Each walk upwards marks its way with its own number: meeting that again is a cycle. */
static void cut_cycles(map_context *context, map_graph *graph)
{
    for (size_t i = 0; i < graph->count; i++) {
        map_node *node = &graph->nodes[i];
        while (node != NULL && node->mark == 0) {
            node->mark = i + 1;
            node = node->mlmd_parent;
        }
        if (node == NULL || node->mark != i + 1)
            continue;
        map_node *smallest = node;
        for (map_node *n = node->mlmd_parent; n != node; n = n->mlmd_parent) {
            if (n->execution->id < smallest->execution->id)
                smallest = n;
        }
        cut(context, graph, smallest, smallest->mlmd_parent == smallest ? "its own parent" : "a cycle of parents");
    }
}

/* The depth in MLMD's tree, without recursion; what is too deep begins anew under the root. */
static void measure(map_context *context, map_graph *graph)
{
    map_node **path = kfpb_arena_array(context->arena, graph->count, sizeof *path);

    for (size_t i = 0; i < graph->count; i++)
        graph->nodes[i].mlmd_depth = -1;
    for (size_t i = 0; path != NULL && i < graph->count; i++) {
        size_t length = 0;
        for (map_node *n = &graph->nodes[i]; n != NULL && n->mlmd_depth < 0; n = n->mlmd_parent)
            path[length++] = n;
        while (length > 0) {
            map_node *node = path[--length];
            if (node->mlmd_parent != NULL && node->mlmd_parent->mlmd_depth >= MAP_MAX_DEPTH)
                cut(context, graph, node, "too many parents");
            node->mlmd_depth = node->mlmd_parent != NULL ? node->mlmd_parent->mlmd_depth + 1 : 0;
        }
    }
}

static int compare_order(const void *a, const void *b)
{
    const map_node *left = *(map_node *const *) a;
    const map_node *right = *(map_node *const *) b;

    if (left->mlmd_depth != right->mlmd_depth)
        return left->mlmd_depth < right->mlmd_depth ? -1 : 1;
    return left->execution->id < right->execution->id ? -1 : left->execution->id > right->execution->id;
}

/* Iterations get their kind, children their place: in id order, since `nodes` is. */
static void link_children(map_graph *graph)
{
    for (size_t i = 0; i < graph->count; i++) {
        map_node *node = &graph->nodes[i];
        map_node *parent = node->mlmd_parent;
        if (map_is_iteration(node))
            node->kind = MAP_KIND_ITERATION;
        if (parent == NULL)
            continue;
        if (parent->last_child == NULL)
            parent->first_child = node;
        else
            parent->last_child->next_sibling = node;
        parent->last_child = node;
    }
}

/* Once the parent has its own: the name as stored and the iteration it belongs to. */
static void inherit(map_context *context, map_node *node)
{
    node->name = map_cut(context, node->label, MAP_NAME_LIMIT);
    if (node->name != node->label)
        map_note(context, NOTE_NAME_CUT, "execution", node->execution->id, "%s", node->name);
    if (node->own_index >= 0)
        node->iteration = node->own_index;
    else if (node->mlmd_parent != NULL)
        node->iteration = node->mlmd_parent->iteration;
    node->parent = node->mlmd_parent;
    if (node->parent != NULL && node->parent->kind == MAP_KIND_ITERATION)
        node->parent = node->parent->mlmd_parent;
    node->depth = node->parent != NULL ? node->parent->depth + 1 : 0;
}

static void build(map_context *context, const mlmd_execution *executions, size_t count, map_graph *out)
{
    *out = (map_graph){0};
    out->nodes = kfpb_arena_array(context->arena, count, sizeof *out->nodes);
    out->order = kfpb_arena_array(context->arena, count, sizeof(map_node *));
    if (out->nodes == NULL || out->order == NULL)
        return;
    out->count = count;
    for (size_t i = 0; i < count; i++) {
        out->nodes[i].execution = &executions[i];
        map_classify(context, &out->nodes[i]);
    }
    out->root = find_root(out);
    for (size_t i = 0; i < count; i++)
        find_parent(context, out, &out->nodes[i]);
    cut_cycles(context, out);
    measure(context, out);
    link_children(out);
    for (size_t i = 0; i < count; i++) {
        if (out->nodes[i].kind != MAP_KIND_NONE)
            out->order[out->order_count++] = &out->nodes[i];
    }
    if (out->order_count > 1)
        qsort(out->order, out->order_count, sizeof *out->order, compare_order);
    for (size_t i = 0; i < out->order_count; i++)
        inherit(context, out->order[i]);
}

/* The scope of the tasks below: "root", and the names of the tasks from there on. An unnamed one adds nothing. */
static const char *scope_below(map_context *context, map_node *node)
{
    if (node->child_scope != NULL || node->scope == NULL || node->scope_lost)
        return node->child_scope;
    if (node->kind == MAP_KIND_ROOT || node->label[0] == '\0') {
        node->child_scope = node->scope;
    } else if (strlen(node->scope) + strlen(node->label) + 1 <= MAX_SCOPE) {
        node->child_scope = kfpb_arena_printf(context->arena, "%s.%s", node->scope, node->label);
    } else {
        map_note(context, NOTE_NAME_CUT, "execution", node->execution->id,
                 "no scope path for the tasks below %s: over %d bytes", node->name, MAX_SCOPE);
        node->scope_lost = true;
    }
    return node->child_scope;
}

static int compare_keys(const void *a, const void *b)
{
    const map_node *left = *(map_node *const *) a;
    const map_node *right = *(map_node *const *) b;
    const int order = strcmp(left->logical_key, right->logical_key);

    if (order != 0)
        return order;
    return left->execution->id < right->execution->id ? -1 : 1;
}

/* Attempts of one task have one logical key; it belongs to the newest. */
static void settle_logical_keys(map_context *context, map_graph *graph)
{
    map_node **keyed = kfpb_arena_array(context->arena, graph->order_count, sizeof *keyed);
    size_t count = 0;

    if (keyed == NULL)
        return;
    for (size_t i = 0; i < graph->order_count; i++) {
        if (graph->order[i]->logical_key != NULL)
            keyed[count++] = graph->order[i];
    }
    if (count > 1)
        qsort(keyed, count, sizeof *keyed, compare_keys);
    for (size_t i = 0; i + 1 < count; i++)
        keyed[i]->superseded = strcmp(keyed[i]->logical_key, keyed[i + 1]->logical_key) == 0;
    for (size_t i = 0; i < graph->order_count; i++) {
        map_node *node = graph->order[i];
        if (!node->superseded)
            continue;
        map_note(context, NOTE_EQUAL_LOGICAL_KEY, "execution", node->execution->id, "%s", node->name);
        node->logical_key = NULL;
    }
}

void map_graph_build(map_context *context, map_graph *out)
{
    build(context, context->run->executions, context->run->execution_count, out);
    for (size_t i = 0; i < out->order_count; i++) {
        map_node *node = out->order[i];
        if (node->kind == MAP_KIND_ITERATION) {
            map_note(context, NOTE_ITERATION_FLATTENED, "execution", node->execution->id,
                     "iteration %lld of execution %lld, MLMD state %d", (long long) node->own_index,
                     (long long) node->mlmd_parent->execution->id, node->execution->state);
            continue;
        }
        char key[KFPS_HASH_SIZE];
        const char *parent = node->parent != NULL ? node->parent->uuid : NULL;
        node->uuid = map_uuid(context, "execution:%lld", (long long) node->execution->id);
        node->scope = node->parent != NULL ? scope_below(context, node->parent) : "root";
        kfps_task_logical_key(context->target->run_uuid, parent, node->scope, node->name, map_task_type(node->kind),
                              node->iteration >= 0 ? &node->iteration : NULL, key);
        if (key[0] != '\0')
            node->logical_key = kfpb_arena_text(context->arena, key);
    }
    settle_logical_keys(context, out);
}

void map_graph_build_foreign(map_context *context, map_graph *out)
{
    note_list *notes = context->notes;

    context->notes = NULL;
    build(context, context->run->foreign, context->run->foreign_count, out);
    context->notes = notes;
}
