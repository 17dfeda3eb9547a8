/* SPDX-License-Identifier: Apache-2.0 */
/* task_tree.h: tasks and their ancestors, as an update walks over them: which hangs under which, and how deep. */
#ifndef KFPSI_TASK_TREE_H
#define KFPSI_TASK_TREE_H

#include "kfpstore/types.h"
#include "libkfpstore/operation.h"
#include "libkfpstore/run_shape.h"

typedef struct kfpsi_task_node kfpsi_task_node;

/* Something that a task handed to its parent. */
typedef struct kfpsi_handed {
    const kfpsi_task_node *from;
    kfpsi_export as;
    const char *artifact_uuid; /* NULL: a parameter */
    const json_t *value;       /* of a parameter */
    int64_t from_iteration;    /* which iteration `from` is, -1: none */
    int64_t iteration;         /* as `from` has it, -1: none */
    int32_t type;              /* kfps_io_type, likewise */
} kfpsi_handed;

/* A link of the task that goes up from it. */
typedef struct kfpsi_given_link {
    const char *artifact_uuid;
    const char *key;
    int64_t iteration;
    int32_t type;
} kfpsi_given_link;

struct kfpsi_task_node {
    const char *uuid;
    const char *run_uuid;
    const char *task_namespace;
    const char *parent_uuid; /* as it was found; NULL: none */
    const char *name;        /* may be NULL */
    kfpsi_task_node *parent; /* as it will be after the update */
    size_t depth;            /* 0: no parent */
    kfpsi_dag *dag;          /* of the shape; NULL: no DAG, or not known */

    size_t first_change; /* of those that name the task; SIZE_MAX: none does */
    bool touched;        /* to be locked */
    bool evaluate;       /* a child ended */
    bool ended;          /* by this update, or told again that it is */
    bool gives;          /* all of its outputs go up */
    kfps_task was;       /* the row as it was locked; was.uuid NULL: not yet, or not there */
    kfps_task row;       /* as it will be written */
    kfpsi_handed *handed;
    size_t handed_count;
    size_t handed_capacity;
    kfpsi_given_link *links;
    size_t link_count;
    size_t link_capacity;
    json_t *parameters; /* row.output_parameters_json, once it was needed */
};

typedef struct kfpsi_task_tree {
    kfpsi_task_node *nodes; /* by UUID, in the order of bytes */
    size_t count;
    size_t deepest;
} kfpsi_task_tree;

/* Reads the tasks that are there of `uuids` and all their ancestors, without locks: one statement, two if a
 * single task lies deep. Where the transaction locks all that it reads, a single task has its row afterwards. */
kfps_status kfpsi_tree_read(kfpsi_op *op, kfpb_arena *arena, const char *const *uuids, size_t count,
                            kfpsi_task_tree *out, kfps_error *error);
/* NULL: not there. */
kfpsi_task_node *kfpsi_tree_find(const kfpsi_task_tree *tree, const char *uuid);
/* Whether `node` is `ancestor` or hangs below it. */
bool kfpsi_tree_is_below(const kfpsi_task_tree *tree, const kfpsi_task_node *node, const kfpsi_task_node *ancestor);
/* Counts the depths anew. */
void kfpsi_tree_measure(kfpsi_task_tree *tree);
/* Finds each DAG in the shape, by the names from the root down. */
void kfpsi_tree_match(kfpsi_task_tree *tree, const kfpsi_shape *shape);
/* What does not lie in the arena. */
void kfpsi_tree_free(kfpsi_task_tree *tree);

/* A number of type_attributes_json, as a number or as decimal text. Lack of memory is noted in the arena. */
bool kfpsi_task_attribute(kfpb_arena *arena, const char *type_attributes_json, const char *name, int64_t *out);

#endif
