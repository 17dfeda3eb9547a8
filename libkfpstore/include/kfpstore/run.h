/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kfpstore/run.h: a run's shape, and its deletion. The general words and codes are those of kfpstore/artifact_task.h.
 */
#ifndef KFPSTORE_RUN_H
#define KFPSTORE_RUN_H

#include "kfpstore/store.h"
#include "kfpstore/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * What the server must know of a pipeline to complete its DAGs without the client: for each DAG scope the number of its
 * tasks and which outputs of its children it exports. JSON text, versioned; see kfpstore(7).
 * @param spec_json   a KFP v2 pipeline spec (IR) as JSON: "root", "components"; or an object with "pipeline_spec"
 * @param shape_json  the shape; free with kfps_free
 * @return KFPS_OK, KFPS_INVALID (not a v2 pipeline spec; the message names the place), KFPS_NO_MEMORY
 * Pure: no database, any thread.
 */
kfps_status kfps_run_shape_from_spec(const char *spec_json, char **shape_json, kfps_error *error);

/** Stores the shape of a run, in place of an older one; it goes with the run. Without a shape only a failure with no
 *  running sibling completes a parent.
 *  @return KFPS_OK, KFPS_INVALID (not a shape), KFPS_FOREIGN_KEY (no such run), KFPS_RUN_TERMINAL */
kfps_status kfps_run_set_shape(kfps_session *session, const char *run_uuid, const char *shape_json, kfps_error *error);
/** The stored shape, NULL if there is none; free with kfps_free. */
kfps_status kfps_run_get_shape(kfps_session *session, const char *run_uuid, char **shape_json, kfps_error *error);

/** What kfps_run_delete deleted. */
typedef struct kfps_run_deleted {
    int64_t tasks;
    int64_t links;
    int64_t runs; /**< 0 or 1 */
    int64_t resource_references;
} kfps_run_deleted;

/**
 * Deletes a run: its links, its tasks (parents are cut first, so that deep trees do not meet the server's limit of
 * cascades), its row in run_details, which takes run_metrics and the library's own rows with it, and its
 * resource_references: one transaction. Artifacts stay (kfps_artifact_list_unlinked). Also when the run is over.
 * @param deleted  NULL: not wanted
 * @return KFPS_OK, KFPS_INVALID, KFPS_NOT_FOUND
 */
kfps_status kfps_run_delete(kfps_session *session, const char *run_uuid, kfps_run_deleted *deleted, kfps_error *error);

#ifdef __cplusplus
}
#endif
#endif
