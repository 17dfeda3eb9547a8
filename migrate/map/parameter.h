/* SPDX-License-Identifier: Apache-2.0 */
/* parameter.h: the columns InputParameters and OutputParameters. */
#ifndef KFPM_MAP_PARAMETER_H
#define KFPM_MAP_PARAMETER_H

#include "migrate/map/producer_spec.h"

/* {"iteration":"3","taskName":…}; no iteration if it is negative. A new reference. */
json_t *map_producer(map_context *context, const char *task_name, int64_t iteration);

/* Reads what each task wrote into node->outputs, which map_parameters_free gives back. */
void map_outputs_read(map_context *context, map_graph *graph);
void map_outputs_free(map_graph *graph);

/* The declared outputs of each graph.nodes[i]: the items are json_t that belong to node->outputs. */
map_declarations *map_parameters_propagate(map_context *context, const map_graph *graph);

const char *map_input_parameters(map_context *context, const map_node *node);
const char *map_output_parameters(map_context *context, const map_node *node, const map_declarations *declared);

#endif
