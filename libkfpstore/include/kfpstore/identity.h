/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kfpstore/identity.h: the hashes by which the API server of Kubeflow Pipelines finds rows again, byte for byte.
 *
 * All digests are SHA-256 in 64 lower-case hexadecimal digits. The functions are pure: no database, no state, any
 * thread. Source of the recipes: backend/src/apiserver/storage of kubeflow/pipelines, branch mlmd-removal.
 */
#ifndef KFPSTORE_IDENTITY_H
#define KFPSTORE_IDENTITY_H

#include <stdint.h>

#include "kfpstore/error.h"

#ifdef __cplusplus
extern "C" {
#endif

/** The bytes a digest needs: 64 digits and a NUL. */
enum { KFPS_HASH_SIZE = 65 };

/** artifacts.URIHash: the digest of the URI's bytes; "" if `uri` is NULL or "". */
void kfps_uri_hash(const char *uri, char out[KFPS_HASH_SIZE]);

/**
 * artifacts.IdentityKey, by which equal artifacts of a namespace are found.
 * @param type           kfps_artifact_type
 * @param uri            NULL counts as ""
 * @param name           NULL counts as ""
 * @param description    NULL counts as ""
 * @param metadata_json  JSON object; NULL, "" and "null" count as {}. Hashed in the form of Go's json.Marshal, in which
 *                       every number is a float64, so integers above 2^53 that differ may hash alike, as upstream.
 * @return KFPS_OK, KFPS_INVALID (metadata is not a JSON object), KFPS_NO_MEMORY
 */
kfps_status kfps_artifact_identity_key(int32_t type, const char *uri, const char *name, const char *description,
                                       const char *metadata_json, char out[KFPS_HASH_SIZE], kfps_error *error);

/**
 * tasks.LogicalKey, by which a repeated creation finds the task that is there.
 * Sets "" (SQL NULL) where run, scope path or name are NULL or "", or the type is 0.
 * @param parent_uuid      NULL counts as ""
 * @param iteration_index  NULL: the task is in no loop
 */
void kfps_task_logical_key(const char *run_uuid, const char *parent_uuid, const char *scope_path, const char *name,
                           int32_t type, const int64_t *iteration_index, char out[KFPS_HASH_SIZE]);

#ifdef __cplusplus
}
#endif
#endif
