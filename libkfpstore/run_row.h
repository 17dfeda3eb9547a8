/* SPDX-License-Identifier: Apache-2.0 */
/* run_row.h: the run that a write belongs to: it must be there, and must not be over. */
#ifndef KFPSI_RUN_ROW_H
#define KFPSI_RUN_ROW_H

#include "backends/base/arena.h"
#include "libkfpstore/operation.h"

typedef struct kfpsi_run_row {
    const char *uuid;
    const char *run_namespace;
    bool found;
    bool over; /* in a terminal state */
} kfpsi_run_row;

/* Share-locks the rows of the runs, in the order of their UUIDs, and reads them into rows[0…count), in the order given.
 * The lock holds off whoever would end the run until our transaction is over, and is always the first that a
 * transaction takes. `uuids` may repeat. */
kfps_status kfpsi_runs_lock(kfpsi_op *op, kfpb_arena *arena, const char *const *uuids, size_t count,
                            kfpsi_run_row *rows, kfps_error *error);

/* KFPS_FOREIGN_KEY (it is not there, or not the session's), KFPS_RUN_TERMINAL (it is over). `element` of the batch, for
 * the error. */
kfps_status kfpsi_run_require(const kfpsi_op *op, const kfpsi_run_row *row, size_t element, kfps_error *error);

#endif
