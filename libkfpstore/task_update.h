/* SPDX-License-Identifier: Apache-2.0 */
/*
 * task_update.h: an update of tasks under way. One loop goes from the deepest tasks up: it locks those of one depth, in
 * the order of their UUIDs, changes them, completes parents whose children ended, writes, and names the parents that
 * are to be looked at one depth further up. So an update of one, an update of many and propagation are one path, and
 * the order of locks is the same everywhere: the run row, then tasks deepest first, links (and artifacts by them) last.
 */
#ifndef KFPSI_TASK_UPDATE_H
#define KFPSI_TASK_UPDATE_H

#include "kfpstore/task.h"
#include "libkfpstore/task_tree.h"

typedef struct kfpsi_update {
    kfpsi_op *op;
    kfpb_arena *arena; /* of the result */
    const kfps_task_change *changes;
    const size_t *next_change; /* the next that names the same task; SIZE_MAX: none */
    size_t count;
    bool propagate;
    const char *run_uuid;
    kfpsi_task_tree tree;
    kfpsi_shape shape;
    kfps_artifact_task *links; /* to be inserted at the end */
    size_t link_count;
    size_t link_capacity;
} kfpsi_update;

/* ---- propagate.c: states ---- */

/* Completes those of the level (locked) that have `evaluate` and whose children say so. */
kfps_status kfpsi_propagate_states(kfpsi_update *u, kfpsi_task_node *const *level, size_t count, kfps_error *error);

enum { KFPSI_STATES = KFPS_TASK_CACHED + 1 };
/* What children make of their parent, by how many are in each state: a kfps_task_state, or 0 for "not over yet".
 * `expected` children make it complete, -1: not known. `awaits`: something is still to run although a child failed. */
int32_t kfpsi_verdict(const int64_t children[KFPSI_STATES], int64_t expected, bool awaits);

/* Whether its children are those of several iterations. */
bool kfpsi_node_is_loop(const kfpsi_task_node *node);

/* ---- propagate_outputs.c: what goes up ---- */

/* Takes in what children handed to the task (locked): parameters into its row, links for kfpsi_write_links. */
kfps_status kfpsi_take_outputs(kfpsi_update *u, kfpsi_task_node *node, kfps_error *error);
/* Hands the outputs of the level's nodes to those of their parents that export them. */
kfps_status kfpsi_give_outputs(kfpsi_update *u, kfpsi_task_node *const *level, size_t count, kfps_error *error);

/* ---- propagate_links.c ---- */

/* Inserts the links that are not there yet. */
kfps_status kfpsi_write_links(kfpsi_update *u, kfps_error *error);

#endif
