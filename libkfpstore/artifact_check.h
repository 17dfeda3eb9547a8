/* SPDX-License-Identifier: Apache-2.0 */
/* artifact_check.h: artifacts of callers: permission, namespace, and the rules of a record. */
#ifndef KFPSI_ARTIFACT_CHECK_H
#define KFPSI_ARTIFACT_CHECK_H

#include "backends/base/arena.h"
#include "kfpstore/artifact.h"
#include "libkfpstore/operation.h"

/* Asks for the creation of the artifacts and, unless `links` is NULL, of their links; refuses another namespace than
 * the session's, and none in multi-user mode. Nothing is read. KFPS_DENIED, KFPS_INVALID with the element. */
kfps_status kfpsi_artifacts_ask(const kfps_session *session, const kfps_artifact *artifacts,
                                const kfps_artifact_task *links, size_t count, kfps_error *error);

/* Copies of the caller's records into the arena as they are to be stored: a new UUID, URIHash, times, JSON null without
 * metadata. KFPS_INVALID, KFPS_TOO_LARGE with the element. */
kfps_status kfpsi_artifacts_prepare(kfpsi_op *op, kfpb_arena *arena, const kfps_artifact *given, size_t count,
                                    kfps_artifact **out, kfps_error *error);
/* The same of one, whose identity key is made and takes the place of the caller's. */
kfps_status kfpsi_artifact_prepare_identified(kfpsi_op *op, kfpb_arena *arena, const kfps_artifact *given,
                                              kfps_artifact **out, kfps_error *error);

/* Inserts prepared ones. KFPS_EXISTS with the element: its identity key is taken in its namespace. */
kfps_status kfpsi_artifacts_insert(kfpsi_op *op, kfpb_arena *arena, const kfps_artifact *artifacts, size_t count,
                                   kfps_error *error);

/* Empty results with what every list has. NULL: no memory. */
kfps_artifact_list *kfpsi_artifact_list_new(kfpb_arena **arena);
kfps_artifact_task_list *kfpsi_artifact_task_list_new(kfpb_arena **arena);

#endif
