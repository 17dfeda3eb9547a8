/* SPDX-License-Identifier: Apache-2.0 */
/* run_shape_store.h: the shapes of runs in kfpstore_run_shape. */
#ifndef KFPSI_RUN_SHAPE_STORE_H
#define KFPSI_RUN_SHAPE_STORE_H

#include "libkfpstore/operation.h"
#include "libkfpstore/run_shape.h"

/* out->json stays NULL if there is none; one that cannot be read counts as none, and is logged. */
kfps_status kfpsi_shape_of_run(kfpsi_op *op, const char *run_uuid, kfpsi_shape *out, kfps_error *error);

#endif
