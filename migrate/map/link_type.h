/* SPDX-License-Identifier: Apache-2.0 */
/* link_type.h: the kind of an input, which MLMD does not tell. */
#ifndef KFPM_MAP_LINK_TYPE_H
#define KFPM_MAP_LINK_TYPE_H

#include "migrate/map/event.h"

/* The outputs of this run in an order in which a reader's siblings are found. */
typedef struct map_siblings {
    const map_edge **outputs;
    size_t count;
} map_siblings;

void map_siblings_build(map_context *context, const map_events *events, map_siblings *out);

/* kfps_io_type of the inputs of one task, edges[0…count), which read under one key. */
void map_input_types(const map_siblings *siblings, const map_edge *const *edges, size_t count, int32_t *types);

#endif
