/* SPDX-License-Identifier: Apache-2.0 */
/*
 * order.h: which groups must not pass each other where several connections write. A result that depends on who comes
 * first would depend on the number of connections: two groups with runs of one run row (whose tasks share unique keys),
 * two that hold one artifact with different contents (the first row is kept), and two that make the experiment of
 * imported runs are written in the order of the plan; and a group that replaces runs passes no other.
 */
#ifndef KFPM_ORDER_H
#define KFPM_ORDER_H

#include "migrate/import/group.h"

/* Initialised with {0}; filled for a group that is loaded, and not changed until it is written. */
typedef struct order_keys {
    const char **runs; /* UUIDs of its run rows, sorted */
    size_t run_count;
    const kfps_artifact **artifacts; /* by UUID; one that two runs see differently is there twice */
    size_t artifact_count;
    bool makes_rows; /* runs get rows of our own */
    bool replaces;   /* runs lose their old rows, and artifacts may go with them that another group is about to use */
} order_keys;

/* In the group's arena. False without memory. */
bool order_keys_make(order_keys *keys, group *g);
/* Whether `later` must wait until `earlier` is written. `experiment_made`: it is there already. */
bool order_must_wait(const order_keys *later, const order_keys *earlier, bool experiment_made);

#endif
