/* SPDX-License-Identifier: Apache-2.0 */
/* task.h: rows of `tasks`. */
#ifndef KFPM_MAP_TASK_H
#define KFPM_MAP_TASK_H

#include "migrate/map/graph.h"
#include "migrate/map/producer_spec.h"

/* The row of a node that is no iteration. `declared`: its output parameters from below. */
void map_task(map_context *context, const map_node *node, const map_declarations *declared, kfps_task *out);

#endif
