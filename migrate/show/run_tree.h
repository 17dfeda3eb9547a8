/* SPDX-License-Identifier: Apache-2.0 */
/* run_tree.h: one run's tasks with their artifacts and parameters, as the three tables have them. */
#ifndef KFPM_RUN_TREE_H
#define KFPM_RUN_TREE_H

#include "backends/backend.h"
#include "kfpstore/types.h"

typedef struct tree_link {
    const char *artifact; /* its UUID */
    kfps_io_type type;
    int64_t iteration;
    const char *key;
    const char *name;
    const char *uri; /* without its query string; NULL */
    int32_t artifact_type;
    bool has_number;
    double number;
} tree_link;

typedef struct tree_task {
    kfps_task task;
    tree_link *links;
    size_t link_count;
    struct tree_task *parent, *first_child, *next; /* siblings by creation, then UUID */
} tree_task;

typedef struct run_tree {
    const char *uuid, *name, *run_namespace, *state;
    int64_t created_at, finished_at;
    tree_task *tasks;
    size_t task_count;
    tree_task *roots; /* tasks without a parent, linked by next */
} run_tree;

/* `run` is a UUID, else a Name or DisplayName of one run only. KFPS_NOT_FOUND, KFPS_INVALID (several runs have that
 * name). All in the arena. */
kfps_status run_tree_read(kfpb_conn *conn, const char *run, kfpb_arena *arena, run_tree *out, kfps_error *error);

#endif
