/* SPDX-License-Identifier: Apache-2.0 */
/* link.h: rows of `artifact_tasks`: what tasks wrote and read themselves, and what DAGs hand out. */
#ifndef KFPM_MAP_LINK_H
#define KFPM_MAP_LINK_H

#include "migrate/map/event.h"
#include "migrate/map/producer_spec.h"

/* Marks the artifacts that are linked (`used`), which then get their rows, and collects the links without them. */
typedef struct map_link {
    map_artifact *artifact;
    const map_node *task;
    int32_t type;      /* kfps_io_type */
    int64_t iteration; /* -1 for none */
    const char *key;   /* as stored */
    int64_t event_id;  /* 0: handed up by a task below */
    int rank;          /* of links that are one to the table, the lowest rank stays */
    const char *producer_json;
} map_link;

typedef struct map_links {
    map_link *items;
    size_t count;
    size_t capacity;
} map_links;

void map_links_collect(map_context *context, const map_graph *graph, const map_events *events, map_links *out);
/* One row for each link and row of its artifact; unsorted. */
void map_link_rows(map_context *context, const map_links *links, kfps_artifact_task **out, size_t *count);

#endif
