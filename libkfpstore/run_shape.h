/* SPDX-License-Identifier: Apache-2.0 */
/*
 * run_shape.h: a run's shape, read and checked: which tasks each DAG of its pipeline has and what it exports.
 *
 *   {"version": 1, "root": DAG, "components": {NAME: DAG…}}
 *   DAG     {"tasks": {NAME: TASK…}, "artifacts": {KEY: OUTPUT…}, "parameters": {KEY: OUTPUT…}}
 *   TASK    {"component": NAME, "kind": KIND, "always": true, "after": [NAME…]}
 *   OUTPUT  {"from": [[TASK, KEY]…], "oneOf": true, "list": true}
 *
 * Everything but "version", "root", "components", "tasks" and "from" may be left out. A component stands once, however
 * many tasks are made of it; a task's DAG is found by the names of its ancestors, from the root's children down.
 */
#ifndef KFPSI_RUN_SHAPE_H
#define KFPSI_RUN_SHAPE_H

#include <jansson.h>
#include <stdbool.h>

#include "kfpstore/error.h"

enum { KFPSI_SHAPE_VERSION = 1, KFPSI_SHAPE_BYTES = 4 * 1024 * 1024 };

/* The words of "kind". */
extern const char kfpsi_shape_loop[];
extern const char kfpsi_shape_branches[];
extern const char kfpsi_shape_condition[];
extern const char kfpsi_shape_exit_handler[];
extern const char kfpsi_shape_importer[];

/* Both are borrowed from the shape. */
typedef struct kfpsi_shape {
    json_t *json;
} kfpsi_shape;
typedef const json_t kfpsi_dag;

typedef enum kfpsi_output_kind { KFPSI_ARTIFACTS, KFPSI_PARAMETERS } kfpsi_output_kind;

/* Something that a DAG hands out. */
typedef struct kfpsi_export {
    const char *key;       /* of the DAG */
    const char *child_key; /* of the task that gives it */
    bool one_of;
    bool list;
} kfpsi_export;

/* KFPS_INVALID (the message names the place), KFPS_TOO_LARGE, KFPS_NO_MEMORY. */
kfps_status kfpsi_shape_parse(const char *text, size_t length, kfpsi_shape *out, kfps_error *error);
void kfpsi_shape_free(kfpsi_shape *shape);

/* NULL in a shape without anything. */
kfpsi_dag *kfpsi_shape_root(const kfpsi_shape *shape);
/* The DAG that the task of that name in `dag` is; NULL: it is none, or there is no such task, or dag is NULL. */
kfpsi_dag *kfpsi_shape_below(const kfpsi_shape *shape, kfpsi_dag *dag, const char *task);
bool kfpsi_dag_is_loop(kfpsi_dag *dag, const char *task);
size_t kfpsi_dag_task_count(kfpsi_dag *dag);

/* Whether some of its tasks run although one before them failed. */
bool kfpsi_dag_has_always(kfpsi_dag *dag);
/* Whether such a task is still to come, where nothing runs and no other task will begin: `ended` says which ended. */
bool kfpsi_dag_awaits(kfpsi_dag *dag, bool (*ended)(const void *with, const char *task), const void *with);

/* Walks over what `dag` takes from the task; *cursor begins with NULL. */
bool kfpsi_dag_next_export(kfpsi_dag *dag, kfpsi_output_kind kind, const char *task, size_t *cursor, kfpsi_export *out);

#endif
