/* SPDX-License-Identifier: Apache-2.0 */
/* kinds.h: what an execution is, by its type, its properties and its name. */
#ifndef KFPM_MAP_KINDS_H
#define KFPM_MAP_KINDS_H

#include "migrate/map/graph.h"

/* Sets kind, any_type, label and own_index of a node. Iterations come out as DAGs: only the parent tells them. */
void map_classify(map_context *context, map_node *node);
/* Once the parents are known: a DAG with an index under a LOOP is an iteration of it. */
bool map_is_iteration(const map_node *node);

#endif
