/* SPDX-License-Identifier: Apache-2.0 */
/* producer_spec.h: what a DAG declares as its outputs: for each key, which task below gives it under which key. */
#ifndef KFPM_MAP_PRODUCER_SPEC_H
#define KFPM_MAP_PRODUCER_SPEC_H

#include "libkfpstore/output_spec.h"
#include "migrate/map/graph.h"

/* One thing that reached the DAG under a key. */
typedef struct map_item {
    const void *what;         /* an artifact or a value, as the walk is over the one or the other */
    int64_t index;            /* of the loop that it came through, -1 for none */
    const map_node *producer; /* the task directly below that handed it up */
} map_item;

typedef struct map_items {
    map_item *items;
    size_t count;
    size_t capacity;
} map_items;

typedef struct map_declaration {
    const char *key;
    kfpsi_output_spec spec;
    bool inner;       /* not the DAG's own: its iterations declare it */
    map_items result; /* propagate.c */
} map_declaration;

typedef struct map_declarations {
    map_declaration *items; /* by key */
    size_t count;
} map_declarations;

/* artifact_producer_task and parameter_producer_task of a DAG. What is not of KFP's form is noted and left out. */
void map_artifact_declarations(map_context *context, const map_node *node, map_declarations *out);
void map_parameter_declarations(map_context *context, const map_node *node, map_declarations *out);

map_declaration *map_declaration_find(const map_declarations *declarations, const char *key);

#endif
