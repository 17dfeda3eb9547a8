/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kfpstore/lineage.h: where an artifact comes from and what was made of it, across runs. The general words and codes
 * are those of kfpstore/artifact_task.h.
 */
#ifndef KFPSTORE_LINEAGE_H
#define KFPSTORE_LINEAGE_H

#include "kfpstore/store.h"
#include "kfpstore/types.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { KFPS_LINEAGE_DEPTH_DEFAULT = 10, KFPS_LINEAGE_NODES_DEFAULT = 1000, KFPS_LINEAGE_NODES_MAX = 10000 };

typedef enum kfps_node_kind { KFPS_NODE_ARTIFACT = 1, KFPS_NODE_TASK = 2 } kfps_node_kind;

/** A node: an artifact or a task. */
typedef struct kfps_lineage_node {
    int32_t kind;  /**< kfps_node_kind */
    int32_t type;  /**< kfps_artifact_type or kfps_task_type */
    int32_t state; /**< kfps_task_state; 0 for artifacts */
    int32_t depth; /**< links between it and the start */
    const char *uuid;
    const char *node_namespace;
    const char *name;
    const char *run_uuid; /**< NULL for artifacts */
} kfps_lineage_node;

/** A link between two nodes, as indexes into kfps_lineage.nodes. */
typedef struct kfps_lineage_edge {
    uint32_t artifact;
    uint32_t task;
    int32_t io_type; /**< kfps_io_type: inputs go from the artifact to the task, outputs the other way */
    int64_t iteration;
    const char *artifact_key;
} kfps_lineage_edge;

/** A part of the graph; owns all of its memory. nodes[0] is the start; nodes come by depth, then UUID. */
typedef struct kfps_lineage {
    const kfps_lineage_node *nodes;
    size_t node_count;
    const kfps_lineage_edge *edges;
    size_t edge_count;
    int32_t more; /**< 1: a bound was met; there are nodes beyond it */
} kfps_lineage;

void kfps_lineage_free(kfps_lineage *lineage);

typedef enum kfps_lineage_direction {
    KFPS_LINEAGE_BOTH = 0,      /**< upstream of the start and downstream of it */
    KFPS_LINEAGE_UPSTREAM = 1,  /**< what it was made from */
    KFPS_LINEAGE_DOWNSTREAM = 2 /**< what was made from it */
} kfps_lineage_direction;

typedef struct kfps_lineage_start {
    const char *artifact_uuid; /**< one of the two, the other NULL */
    const char *task_uuid;
    int32_t direction;  /**< kfps_lineage_direction */
    uint32_t max_depth; /**< links from the start; 0: 10 */
    uint32_t max_nodes; /**< 0: 1,000; at most 10,000 */
} kfps_lineage_start;

/** Walks level by level, one or two statements a level. A cycle does no harm: a node is visited once. With a session
 *  namespace, nodes of others are left out.
 *  @return KFPS_OK, KFPS_INVALID, KFPS_NOT_FOUND (the start) */
kfps_status kfps_lineage_walk(kfps_session *session, const kfps_lineage_start *start, kfps_lineage **out,
                              kfps_error *error);

#ifdef __cplusplus
}
#endif
#endif
