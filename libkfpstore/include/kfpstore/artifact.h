/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kfpstore/artifact.h: artifacts. The general words and codes are those of kfpstore/artifact_task.h.
 *
 * Source: ArtifactStore of backend/src/apiserver/storage, kubeflow/pipelines, branch mlmd-removal.
 */
#ifndef KFPSTORE_ARTIFACT_H
#define KFPSTORE_ARTIFACT_H

#include "kfpstore/artifact_task.h"
#include "kfpstore/list.h"
#include "kfpstore/store.h"
#include "kfpstore/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/** The run and the task that an artifact came from, for grouped browsing (upstream #14041). */
typedef struct kfps_artifact_producer {
    const char *run_uuid; /**< NULL: no output link */
    const char *run_name; /**< run_details.DisplayName */
    const char *pipeline_name;
    const char *task_uuid;
    const char *task_name;
    int32_t io_type;   /**< kfps_io_type of the link */
    int64_t iteration; /**< -1: none */
    const char *artifact_key;
} kfps_artifact_producer;

/** Artifacts; owns all of its memory. */
typedef struct kfps_artifact_list {
    const kfps_artifact *items;
    size_t count;
    const kfps_artifact_producer *producers; /**< one an item if asked for, else NULL */
    const char *const *absent;               /**< kfps_artifact_get_many: the UUIDs that were not found */
    size_t absent_count;
    const char *next_page_token; /**< "" on the last page and where there are no pages */
    int64_t total_size;          /**< -1: not asked for */
} kfps_artifact_list;

void kfps_artifact_list_free(kfps_artifact_list *list);

/**
 * Creates artifacts, all or none. Two equal calls make two rows. Of the records uuid, uri_hash, created_at and
 * last_update are ignored and given by the store; identity_key is stored as it is (NULL normally); type, name and
 * namespace (NULL: the session's) are needed; a type of METRIC needs number_value, CLASSIFICATION_METRIC and
 * SLICED_CLASSIFICATION_METRIC need metadata. metadata_json must be a JSON object; NULL is stored as upstream stores
 * it, as JSON null.
 * @param out  the artifacts as stored, in the order given; NULL: not wanted
 * @return KFPS_OK, KFPS_INVALID, KFPS_TOO_LARGE, KFPS_EXISTS (namespace and identity key taken); error->element
 */
kfps_status kfps_artifact_create(kfps_session *session, const kfps_artifact *artifacts, size_t count,
                                 kfps_artifact_list **out, kfps_error *error);

/** The same with one link an artifact: links[i].artifact_uuid is ignored, all else as kfps_artifact_task_create. The
 *  link's type is the caller's (ITERATOR_OUTPUT, ONE_OF_OUTPUT …) and is kept.
 *  @param links_out  NULL: not wanted
 *  @return as kfps_artifact_create and kfps_artifact_task_create */
kfps_status kfps_artifact_create_with_links(kfps_session *session, const kfps_artifact *artifacts,
                                            const kfps_artifact_task *links, size_t count, kfps_artifact_list **out,
                                            kfps_artifact_task_list **links_out, kfps_error *error);

/**
 * Finds an equal artifact of the namespace, by identity key, then among those of the same URI (rows without a key:
 * type, URI, name, description and canonical metadata decide, number_value does not); creates one with its identity key
 * if there is none; and links it (an existing link is returned). Safe when several threads or processes do it at once:
 * one artifact, every link.
 * @param created  1 if the artifact is new; NULL: not wanted
 * @return as kfps_artifact_create_with_links
 */
kfps_status kfps_artifact_find_or_create(kfps_session *session, const kfps_artifact *artifact,
                                         const kfps_artifact_task *link, int32_t *created, kfps_artifact_list **out,
                                         kfps_artifact_task_list **link_out, kfps_error *error);

/** The name of one creation, chosen by the caller, so that it can be repeated (upstream #14423). */
typedef struct kfps_write_operation {
    const char *operation_id;  /**< up to 255 characters; unique for the task of the link */
    int64_t retention_seconds; /**< after this the name is forgotten; 0: with the run */
} kfps_write_operation;

/**
 * Creates an artifact and its link once: repeated with the same namespace, run, task and operation id it returns what
 * the first call made, and with another payload it is KFPS_CONFLICT.
 * @param created  0 if it was repeated; NULL: not wanted
 * @return as kfps_artifact_create_with_links, and KFPS_CONFLICT
 */
kfps_status kfps_artifact_create_once(kfps_session *session, const kfps_write_operation *operation,
                                      const kfps_artifact *artifact, const kfps_artifact_task *link, int32_t *created,
                                      kfps_artifact_list **out, kfps_artifact_task_list **link_out, kfps_error *error);
/** Deletes at most `limit` (1 to 10,000) names whose retention is over, the oldest first. The artifacts stay. */
kfps_status kfps_write_operation_purge(kfps_session *session, int64_t limit, int64_t *deleted, kfps_error *error);

/** One artifact by its UUID. @return KFPS_OK, KFPS_INVALID, KFPS_NOT_FOUND */
kfps_status kfps_artifact_get(kfps_session *session, const char *uuid, kfps_artifact_list **out, kfps_error *error);

/** Several, in the order asked for (one asked for twice comes once); those that are not there are in out->absent.
 *  @return KFPS_OK, KFPS_INVALID (a NULL or empty UUID; error->element) */
kfps_status kfps_artifact_get_many(kfps_session *session, const char *const *uuids, size_t count,
                                   kfps_artifact_list **out, kfps_error *error);

/** All artifacts of a namespace with exactly this URI, oldest first. By the hash's index; equality of the URI decides.
 *  @param artifact_namespace  "" matches only ""
 *  @return KFPS_OK (also if there are none), KFPS_INVALID (uri NULL or "") */
kfps_status kfps_artifact_get_by_uri(kfps_session *session, const char *artifact_namespace, const char *uri,
                                     kfps_artifact_list **out, kfps_error *error);

/** Which artifacts; all NULL or 0: all (single-user mode only). Conditions on the links: an artifact is listed if one
 * of its links satisfies all of them. */
typedef struct kfps_artifact_scope {
    const char *artifact_namespace; /**< NULL: the session's, else any */
    const char *run_uuid;           /**< linked to a task of this run */
    const char *task_name;          /**< linked to a task of this name; needs run_uuid */
    int32_t artifact_type;          /**< kfps_artifact_type; 0: any */
    int32_t direction;              /**< kfps_direction of the link; needs run_uuid */
    int32_t with_producer;          /**< fills out->producers */
} kfps_artifact_scope;

/** A page of artifacts, oldest first unless page->sort_by says otherwise; with scope->run_uuid in the order of their
 *  UUIDs.
 *  @param scope  NULL: all
 *  @param page   NULL: the first 20
 *  @return KFPS_OK, KFPS_INVALID (also: no namespace and no run in multi-user mode) */
kfps_status kfps_artifact_list_page(kfps_session *session, const kfps_artifact_scope *scope, const kfps_page *page,
                                    kfps_artifact_list **out, kfps_error *error);

/**
 * Artifacts that no task links to. Looks at up to `limit` artifacts (0: 1,000) from after_uuid on, in the order of
 * UUIDs, and returns those without a link that were created before created_before. out->next_page_token is the UUID to
 * go on after, "" at the end.
 * @param artifact_namespace  NULL: the session's, else all
 * @param after_uuid          NULL or "": from the beginning
 * @param created_before      seconds; 0: any time. Leave an hour for tasks that are about to link theirs
 */
kfps_status kfps_artifact_list_unlinked(kfps_session *session, const char *artifact_namespace, const char *after_uuid,
                                        int64_t created_before, int64_t limit, kfps_artifact_list **out,
                                        kfps_error *error);
/** Deletes those of the given artifacts that no task links to, at the time of the deletion; the others stay.
 *  One transaction: give a thousand at most.
 *  @param deleted  NULL: not wanted */
kfps_status kfps_artifact_delete_unlinked(kfps_session *session, const char *const *uuids, size_t count,
                                          int64_t *deleted, kfps_error *error);

#ifdef __cplusplus
}
#endif
#endif
