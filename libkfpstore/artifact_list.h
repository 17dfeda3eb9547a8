/* SPDX-License-Identifier: Apache-2.0 */
/* artifact_list.h: what the files of the artifact lists share. */
#ifndef KFPSI_ARTIFACT_LIST_H
#define KFPSI_ARTIFACT_LIST_H

#include "kfpstore/artifact.h"
#include "libkfpstore/list.h"

/* The link that an artifact is listed for. */
typedef struct kfpsi_linked {
    const char *run_uuid; /* NULL: no condition on links */
    const char *task_name;
    int32_t direction; /* kfps_direction */
} kfpsi_linked;

/* artifact_run_list.c: a page in the order of UUIDs of the artifacts that are linked so and are in the scope. */
kfps_status kfpsi_artifacts_of_run(kfpsi_op *op, const kfpsi_plan *plan, const kfpsi_scope *scope,
                                   const kfpsi_linked *linked, kfpb_arena *arena, kfpsi_page *out, kfps_error *error);
/* `artifacts.UUID IN (…)`, a kfpsi_scope.more; context: kfpsi_linked. */
void kfpsi_artifact_linked(kfpb_sql *sql, const void *context);

/* artifact_producer.c: the producers of a page, with one statement. NULL and no error: no items. */
kfps_status kfpsi_artifact_producers(kfpsi_op *op, const kfps_artifact *items, size_t count, const kfpsi_linked *linked,
                                     kfpb_arena *arena, const kfps_artifact_producer **out, kfps_error *error);

#endif
