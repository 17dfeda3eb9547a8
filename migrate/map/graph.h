/* SPDX-License-Identifier: Apache-2.0 */
/*
 * graph.h: the executions of a run as a forest of tasks.
 *
 * Two trees hang over the same nodes: MLMD's, in which an iteration of a loop is a DAG of its own, and that of the
 * tasks, in which such a DAG gives way to its LOOP. A broken parent (missing, in a cycle, too far up) is replaced by
 * the root.
 */
#ifndef KFPM_MAP_GRAPH_H
#define KFPM_MAP_GRAPH_H

#include "migrate/map/context.h"

enum { MAP_MAX_DEPTH = 128 };

typedef enum map_kind {
    MAP_KIND_NONE, /* not imported */
    MAP_KIND_ROOT,
    MAP_KIND_DAG,
    MAP_KIND_LOOP,
    MAP_KIND_ITERATION, /* a DAG of its own in MLMD, no task */
    MAP_KIND_BRANCHES,
    MAP_KIND_CONDITION,
    MAP_KIND_EXIT_HANDLER,
    MAP_KIND_RUNTIME,
    MAP_KIND_IMPORTER
} map_kind;

/* What state.c gathers of the tasks below; a repeated attempt counts once. */
typedef struct map_below {
    size_t counted, failed, done, skipped;
    int64_t finished_at; /* the latest */
} map_below;

typedef struct map_node {
    const mlmd_execution *execution;
    map_kind kind;
    bool any_type;     /* not one of KFP v2's execution types */
    const char *label; /* the whole name */
    const char *name;  /* as stored */
    int64_t own_index; /* iteration_index, -1 for none */
    int64_t iteration; /* of the nearest iteration, -1 for none */
    struct map_node *mlmd_parent;
    struct map_node *first_child, *last_child, *next_sibling; /* of mlmd_parent, by id */
    int mlmd_depth;
    size_t mark; /* scratch */

    /* tasks only */
    struct map_node *parent; /* never an iteration */
    int depth;
    const char *uuid;
    const char *scope;       /* NULL: too long for the column */
    const char *child_scope; /* of the tasks below */
    bool scope_lost;         /* that would be too long */
    const char *logical_key; /* NULL: none, or a newer attempt has it */
    bool superseded;         /* a newer attempt has the same logical key */

    bool has_output; /* an event says that it wrote an artifact */
    int32_t state;   /* kfps_task_state */
    bool state_derived;
    int64_t created_at, finished_at;
    map_below below;

    json_t *outputs;           /* the parameters it wrote: an object, or NULL */
    const char *producer_json; /* {"iteration":…,"taskName":…}, made when first asked for */
} map_node;

typedef struct map_graph {
    map_node *nodes; /* as the executions, by id */
    size_t count;
    map_node **order; /* all that are imported, parents before children: by depth in MLMD's tree, then id */
    size_t order_count;
    map_node *root; /* may be NULL */
} map_graph;

/* The tree of this run. */
void map_graph_build(map_context *context, map_graph *out);
/* Kinds, names and iterations of the other runs' executions, for producers; no tasks, no notes. */
void map_graph_build_foreign(map_context *context, map_graph *out);
/* NULL if there is none. */
map_node *map_graph_find(const map_graph *graph, int64_t execution_id);

/* kfps_task_type of a kind. */
int32_t map_task_type(map_kind kind);
/* Whether it runs something itself: no DAG. */
bool map_is_leaf(const map_node *node);

#endif
