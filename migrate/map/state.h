/* SPDX-License-Identifier: Apache-2.0 */
/* state.h: the states and times of the tasks. */
#ifndef KFPM_MAP_STATE_H
#define KFPM_MAP_STATE_H

#include "migrate/map/graph.h"

/* Sets state, state_derived, created_at and finished_at of every task, from the deepest up. MLMD's own final states
 * count; what it left open (it never ends a root) is derived once the run is over. */
void map_states(map_context *context, map_graph *graph);

#endif
