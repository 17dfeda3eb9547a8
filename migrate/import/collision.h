/* SPDX-License-Identifier: Apache-2.0 */
/*
 * collision.h: finds artifact keys that differ in bytes but are one to the target's collation ("model", "Model"). Two
 * such keys of one task and direction would be mixed up by whoever reads them there, so their run is not imported.
 */
#ifndef KFPM_COLLISION_H
#define KFPM_COLLISION_H

#include "migrate/import/group.h"

typedef struct key_weight key_weight;

/* Initialised with {0}. */
typedef struct collision_check {
    bool needed;                /* the target compares by a collation */
    const char *table, *column; /* whose collation */
    key_weight *known;          /* keys met, with what the collation makes of them */
} collision_check;

/* `upgraded`: artifact_tasks is there; else its collation will be that of run_details. */
kfps_status collision_open(collision_check *check, kfpb_conn *conn, bool upgraded, kfps_error *error);
/* Marks runs with such keys as rejected. */
kfps_status collision_find(collision_check *check, kfpb_conn *conn, group *g, kfps_error *error);
void collision_close(collision_check *check);

#endif
