/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kfpstore/artifact_task.h: links: that a task reads or writes an artifact.
 *
 * Every function takes a session (one thread at a time), clears `error` (may be NULL) and sets its outputs to NULL or 0
 * on failure. Codes that every function may give, besides its own: KFPS_BUSY (waited too long, or conflicts did not
 * end), KFPS_CONNECTION_LOST, KFPS_WRITE_UNCERTAIN (writes), KFPS_UNAVAILABLE, KFPS_PERMISSION, KFPS_SCHEMA,
 * KFPS_INTERRUPTED, KFPS_DENIED, KFPS_NO_MEMORY, KFPS_INTERNAL. KFPS_INVALID also stands for a NULL where one is not
 * allowed.
 *
 * Source: ArtifactTaskStore of backend/src/apiserver/storage, kubeflow/pipelines, branch mlmd-removal.
 */
#ifndef KFPSTORE_ARTIFACT_TASK_H
#define KFPSTORE_ARTIFACT_TASK_H

#include "kfpstore/list.h"
#include "kfpstore/store.h"
#include "kfpstore/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Links; owns all of its memory. */
typedef struct kfps_artifact_task_list {
    const kfps_artifact_task *items;
    size_t count;
    const char *next_page_token; /**< "" on the last page and where there are no pages */
    int64_t total_size;          /**< -1: not asked for */
} kfps_artifact_task_list;

void kfps_artifact_task_list_free(kfps_artifact_task_list *list);

typedef enum kfps_direction {
    KFPS_DIRECTION_ANY = 0,
    KFPS_DIRECTION_INPUT = 1, /**< IO types 1 to 7 */
    KFPS_DIRECTION_OUTPUT = 2 /**< IO types 8 to 11 */
} kfps_direction;

typedef enum kfps_on_existing {
    KFPS_EXISTING_FAIL = 0,  /**< a link that is there already is KFPS_EXISTS */
    KFPS_EXISTING_RETURN = 1 /**< it is returned as it is */
} kfps_on_existing;

/**
 * Creates links, all or none. A link is (artifact, task, type, iteration, key). `iteration` is taken from
 * producer_json's "iteration" (a number or decimal text), -1 without one: the record's own field is ignored, as
 * upstream does. `uuid` is given by the store. producer_json must be a JSON object; NULL is stored as upstream stores
 * it, as JSON null. The task must belong to the link's run (run_uuid), the run must not be over, and in multi-user mode
 * artifact, task and run must have the same namespace. Of two equal links of one call the second is the existing one.
 * Where the database's collation takes a key for that of another link, although their bytes differ, the link is
 * KFPS_EXISTS whatever on_existing says.
 * @param links        count records; may be NULL if count is 0
 * @param on_existing  kfps_on_existing
 * @param existed      NULL, or count numbers: 1 where an existing link is returned, else 0
 * @param out          the links in the order given; NULL: not wanted
 * @return KFPS_OK, KFPS_INVALID, KFPS_TOO_LARGE, KFPS_EXISTS, KFPS_FOREIGN_KEY (artifact, task or run is missing),
 *         KFPS_RUN_TERMINAL; error->element is the index of the link. Nothing was written.
 */
kfps_status kfps_artifact_task_create(kfps_session *session, const kfps_artifact_task *links, size_t count,
                                      int32_t on_existing, int32_t *existed, kfps_artifact_task_list **out,
                                      kfps_error *error);

/** One link by its UUID. @return KFPS_OK, KFPS_INVALID, KFPS_NOT_FOUND */
kfps_status kfps_artifact_task_get(kfps_session *session, const char *uuid, kfps_artifact_task_list **out,
                                   kfps_error *error);

/** Which links: within a kind any of the ids, the kinds ANDed. At least one kind must be given (KFPS_INVALID), and no
 * id may be empty: an empty id must not turn into "all". */
typedef struct kfps_artifact_task_scope {
    const char *const *artifact_uuids;
    size_t artifact_count;
    const char *const *task_uuids;
    size_t task_count;
    const char *const *run_uuids;
    size_t run_count;
    const int32_t *io_types; /**< kfps_io_type; any of them */
    size_t io_type_count;    /**< 0: all */
    int32_t direction;       /**< kfps_direction, in addition */
} kfps_artifact_task_scope;

/** A page of links; in the order of their UUIDs unless page->sort_by says otherwise.
 *  @param page  NULL: the first 20
 *  @return KFPS_OK, KFPS_INVALID */
kfps_status kfps_artifact_task_list_page(kfps_session *session, const kfps_artifact_task_scope *scope,
                                         const kfps_page *page, kfps_artifact_task_list **out, kfps_error *error);

/** Deletes the links of tasks in one direction (or both). Also when the run is over: upstream resets a failed run's
 *  tasks before it touches the run row.
 *  @param deleted  NULL: not wanted
 *  @return KFPS_OK (also if there were none), KFPS_INVALID */
kfps_status kfps_artifact_task_delete(kfps_session *session, const char *const *task_uuids, size_t count,
                                      int32_t direction, int64_t *deleted, kfps_error *error);

#ifdef __cplusplus
}
#endif
#endif
