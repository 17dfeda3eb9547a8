/* SPDX-License-Identifier: Apache-2.0 */
/* run_rows.h: the minimal rows of run_details and experiments that --missing-runs=create makes. */
#ifndef KFPM_RUN_ROWS_H
#define KFPM_RUN_ROWS_H

#include "migrate/import/group.h"
#include "migrate/map/ids.h"

/* Rows for those of the runs that need one; nothing where none does. */
kfps_status write_run_rows(kfpb_conn *conn, group_run *const *runs, size_t count, kfpb_arena *arena, kfps_error *error);

/* The row of a run that the import made before, as MLMD knows it now; what users may have changed in it stays. */
kfps_status update_run_row(kfpb_conn *conn, const group_run *run, kfps_error *error);
/* The UUID of the experiment that these runs are in. False without memory. */
bool run_rows_experiment(char out[MAP_UUID_SIZE]);

#endif
