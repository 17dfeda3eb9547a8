/* SPDX-License-Identifier: Apache-2.0 */
/* group.h: what the load of one group of runs collects before it becomes mlmd_runs. */
#ifndef MLMD_GROUP_H
#define MLMD_GROUP_H

#include "migrate/source/entities.h"
#include "migrate/source/events.h"

typedef struct mlmd_group_run {
    int64_t context_id;
    mlmd_ids executions; /* that it owns, sorted; rows of some may be missing */
    size_t *events;      /* in group.events: of those executions, by id, without duplicates */
    size_t event_count;
    mlmd_event_row *duplicates; /* left out of `events` */
    size_t duplicate_count;
    mlmd_ids artifacts; /* that the events name, sorted; rows of some may be missing */
    size_t *outputs;    /* in group.outputs: the chosen events of other runs, by id; malloced */
    size_t output_count;
} mlmd_group_run;

typedef struct mlmd_group {
    mlmd_source *source;
    kfpb_arena *arena;  /* of the caller: what the runs point to */
    kfpb_arena scratch; /* of this load */
    mlmd_group_run *runs;
    size_t run_count;
    mlmd_entities contexts, executions, artifacts;
    mlmd_entities
        foreign; /* executions outside the group: possible producers and their ancestors, with few properties */
    mlmd_event_rows events;  /* of the group's executions, by id */
    mlmd_event_rows outputs; /* output events of the group's artifacts, whosever, by artifact, time and id */
} mlmd_group;

/* foreign.c (M21): chooses each run's events of other runs and loads their executions and these ones' ancestors. */
kfps_status mlmd_foreign_load(mlmd_group *group, kfps_error *error);
/* The execution, in the group or outside it. */
const mlmd_entity *mlmd_group_execution(const mlmd_group *group, int64_t id);
/* The execution that `parent_dag_id` names; false if it has none. */
bool mlmd_parent_of(const mlmd_entity *execution, int64_t *parent);

/* assemble.c: false without memory. */
bool mlmd_assemble(const mlmd_group *group, const mlmd_group_run *part, mlmd_run *run);

enum { MLMD_MAX_DEPTH = 128 };

#endif
