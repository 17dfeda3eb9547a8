/* SPDX-License-Identifier: Apache-2.0 */
/*
 * links.h: how links come into the database, for everything that makes some: prepared, checked, inserted.
 *
 * All in one transaction, in this order: kfpsi_links_prepare (no database), kfpsi_links_check (takes the locks: runs,
 * tasks deepest first, artifacts), the artifacts if they are new, kfpsi_links_insert.
 */
#ifndef KFPSI_LINKS_H
#define KFPSI_LINKS_H

#include "backends/base/arena.h"
#include "kfpstore/artifact.h"
#include "libkfpstore/operation.h"

/* Copies of the caller's records into the arena, with a new UUID, the iteration of their producer (-1 without one), and
 * NULL producers as JSON null. `artifacts` NULL: each link names its own; else links[i] is to artifacts[i].
 * KFPS_INVALID, KFPS_TOO_LARGE with the element. */
kfps_status kfpsi_links_prepare(kfpsi_op *op, kfpb_arena *arena, const kfps_artifact_task *given, size_t count,
                                const kfps_artifact *artifacts, kfps_artifact_task **out, kfps_error *error);

/* Share-locks the runs, which must not be over, and what the links' foreign keys would lock; checks that each task
 * belongs to its link's run, and in multi-user mode that namespaces agree. `artifacts` NULL: they must be there; else
 * links[i] is to artifacts[i], which this transaction inserts or has found. A single link takes one statement.
 * KFPS_FOREIGN_KEY, KFPS_RUN_TERMINAL, KFPS_INVALID with the element. */
kfps_status kfpsi_links_check(kfpsi_op *op, kfpb_arena *arena, const kfps_artifact_task *links, size_t count,
                              const kfps_artifact *artifacts, kfps_error *error);

/* Inserts them. One that is there (same artifact, task, type, iteration and key) is KFPS_EXISTS with the element, or
 * with KFPS_EXISTING_RETURN links[i] becomes what is there. A key that only this database's collation takes for
 * another's is KFPS_EXISTS in both cases. `existed`: NULL, or count numbers. */
kfps_status kfpsi_links_insert(kfpsi_op *op, kfpb_arena *arena, kfps_artifact_task *links, size_t count,
                               kfps_on_existing on_existing, int32_t *existed, kfps_error *error);

/* Reads the one that is there with the link's artifact, task, type, iteration and key; found->uuid NULL: none is. */
kfps_status kfpsi_link_find(kfpsi_op *op, kfpb_arena *arena, kfps_artifact_task *link, kfps_artifact_task *found,
                            kfps_error *error);

/* After the checks have passed, a foreign or unique key that the database refuses is another writer's doing: the whole
 * is tried again, and the checks see it. In a caller's transaction the error stays. */
kfps_status kfpsi_race(const kfpsi_op *op, kfps_status status, kfps_error *error);

/* The iteration that a producer names, as a number or decimal text; -1 without one. KFPS_INVALID, KFPS_NO_MEMORY. */
kfps_status kfpsi_producer_iteration(const char *producer_json, size_t element, int64_t *iteration, kfps_error *error);

#endif
