/* SPDX-License-Identifier: Apache-2.0 */
/* event.h: which execution wrote and read which artifact, seen from either side. */
#ifndef KFPM_MAP_EVENT_H
#define KFPM_MAP_EVENT_H

#include "migrate/map/graph.h"

typedef struct map_artifact map_artifact;

typedef struct map_edge {
    const mlmd_event *event;
    map_node *node; /* also of another run, then only as a possible producer */
    map_artifact *artifact;
    bool output;
    struct map_edge *next_of_node;   /* by event id */
    struct map_edge *next_of_writer; /* outputs of one artifact: this run's by event id, then other runs' */
} map_edge;

struct map_artifact {
    const mlmd_artifact *source;
    map_edge *first_writer, *last_writer;
    const map_edge *producer;   /* NULL: nothing is known to have written it */
    bool used;                  /* a link refers to it */
    kfps_artifact *rows;        /* artifact.c: one, or one per metric */
    const char *const *metrics; /* the key of each row; NULL: no metric rows */
    size_t row_count;
};

typedef struct map_events {
    map_edge *edges; /* of this run, by event id */
    size_t count;
    map_edge **of_node;      /* the first of graph.nodes[i] */
    map_artifact *artifacts; /* as run->artifacts, by id */
    size_t artifact_count;
} map_events;

/* Sorts the events out: those that say neither input nor output, or whose rows are missing, are noted. Sets has_output.
 */
void map_events_build(map_context *context, map_graph *graph, const map_graph *foreign, map_events *out);

static inline map_edge *map_events_of(const map_events *events, const map_graph *graph, const map_node *node)
{
    return events->of_node[node - graph->nodes];
}

#endif
