/* SPDX-License-Identifier: Apache-2.0 */
/*
 * propagate.h: what DAGs hand out: the walk from a declared output down to the tasks that gave it, the same for
 * artifacts and for parameters.
 */
#ifndef KFPM_MAP_PROPAGATE_H
#define KFPM_MAP_PROPAGATE_H

#include "migrate/map/producer_spec.h"

/* Adds what a container or importer wrote under the key to `out`, by map_items_add. */
typedef void (*map_leaf_outputs)(map_context *context, void *with, const map_node *leaf, const char *key,
                                 map_items *out);

void map_items_add(map_context *context, map_items *list, map_item item);

/* Fills the results of `declarations`, one set per graph.nodes[i]; a LOOP gets those of its iterations added as
 * `inner`. */
void map_propagate(map_context *context, const map_graph *graph, map_declarations *declarations, map_leaf_outputs leaf,
                   void *with);

/* kfps_io_type of a declared output. */
int32_t map_declared_type(const map_node *dag, const map_declaration *declaration);
/* The iteration of one of its items as the DAG shows it, -1 for none. */
int64_t map_declared_iteration(const map_node *dag, const map_item *item);

#endif
