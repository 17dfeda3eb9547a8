/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kfpstore/task.h: tasks. The general words and codes are those of kfpstore/artifact_task.h.
 *
 * Source: TaskStore of backend/src/apiserver/storage and the propagation of its driver and launcher,
 * kubeflow/pipelines, branch mlmd-removal.
 */
#ifndef KFPSTORE_TASK_H
#define KFPSTORE_TASK_H

#include "kfpstore/artifact_task.h"
#include "kfpstore/list.h"
#include "kfpstore/store.h"
#include "kfpstore/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/** How much of a task is read; fields that are not are NULL. */
typedef enum kfps_task_view {
    KFPS_VIEW_BASIC = 1,   /**< uuid, namespace, run, parent, name, display name, scope path, state, type, times,
                                fingerprint, logical key */
    KFPS_VIEW_RUNTIME = 2, /**< also parameters, pods, type attributes, status metadata and state history */
    KFPS_VIEW_FULL = 3     /**< also the artifacts, as inputs and outputs */
} kfps_task_view;

/** An artifact that a task reads or writes. */
typedef struct kfps_task_artifact {
    kfps_artifact artifact;
    kfps_artifact_task link;        /**< link.iteration is authoritative, whatever producer_json says */
    const char *producer_task_name; /**< from the link's producer; NULL: none */
    int32_t group; /**< artifacts with the same number are one IOArtifact of the API: metrics of one key, type, producer
                        and iteration; from 0, in the order of the array */
} kfps_task_artifact;

typedef struct kfps_task_item {
    kfps_task task;
    const kfps_task_artifact
        *inputs; /**< IO types 1 to 7, by key, type, producer and iteration; NULL: none or not read */
    size_t input_count;
    const kfps_task_artifact *outputs; /**< IO types 8 to 11 */
    size_t output_count;
} kfps_task_item;

/** Tasks; owns all of its memory. */
typedef struct kfps_task_list {
    const kfps_task_item *items;
    size_t count;
    const char *const *absent; /**< kfps_task_get_many: the UUIDs that were not found */
    size_t absent_count;
    const char *next_page_token; /**< "" on the last page and where there are no pages */
    int64_t total_size;          /**< -1: not asked for */
} kfps_task_list;

void kfps_task_list_free(kfps_task_list *list);

/**
 * Creates tasks, all or none. A task whose logical key (kfps_task_logical_key of run, parent, scope path, name, type
 * and type_attributes_json's iterationIndex) is there already, also by an earlier record of the call, is returned
 * unchanged, whatever else the record says: the rest of it is not even checked. uuid and logical_key are given by the
 * store. created_at 0: started_at, or now if that is 0 too (both then). JSON fields that are NULL are stored as
 * upstream stores them, as JSON null ('[]' for pods, '{}' for type attributes); parent_uuid "" is NULL, task_namespace
 * NULL the run's. The state, if any, begins the state history. The run must exist and not be over, the parent must
 * belong to it, and in multi-user mode the namespace must be the run's. A record may not be the parent of another of
 * the same call.
 * @param existed  NULL, or count numbers: 1 where an existing task is returned, else 0
 * @param out      runtime view, in the order given; NULL: not wanted
 * @return KFPS_OK, KFPS_INVALID, KFPS_TOO_LARGE, KFPS_FOREIGN_KEY (run or parent is missing), KFPS_RUN_TERMINAL;
 *         error->element
 */
kfps_status kfps_task_create(kfps_session *session, const kfps_task *tasks, size_t count, int32_t *existed,
                             kfps_task_list **out, kfps_error *error);

/** One task by its UUID. @param view  kfps_task_view @return KFPS_OK, KFPS_INVALID, KFPS_NOT_FOUND */
kfps_status kfps_task_get(kfps_session *session, const char *uuid, int32_t view, kfps_task_list **out,
                          kfps_error *error);
/** Several, in the order asked for (one asked for twice comes once); those that are not there are in out->absent. */
kfps_status kfps_task_get_many(kfps_session *session, const char *const *uuids, size_t count, int32_t view,
                               kfps_task_list **out, kfps_error *error);

/** Which tasks; conditions are ANDed. In multi-user mode one of them, or the session's namespace, must be given. */
typedef struct kfps_task_scope {
    const char *run_uuid;
    const char *parent_uuid;
    const char *task_namespace; /**< NULL: the session's, else any */
} kfps_task_scope;

/** A page of tasks, oldest first unless page->sort_by says otherwise. @param page  NULL: the first 20 */
kfps_status kfps_task_list_page(kfps_session *session, const kfps_task_scope *scope, int32_t view,
                                const kfps_page *page, kfps_task_list **out, kfps_error *error);
/** All direct children, oldest first. @param run_uuid  NULL: of whatever run */
kfps_status kfps_task_children(kfps_session *session, const char *parent_uuid, const char *run_uuid, int32_t view,
                               kfps_task_list **out, kfps_error *error);
/** How many tasks each run has; 0 for runs that are not there. @param counts  count numbers */
kfps_status kfps_task_count(kfps_session *session, const char *const *run_uuids, size_t count, int64_t *counts,
                            kfps_error *error);

/** Fields that an update may empty; by themselves NULL, "" and 0 mean "keep". */
typedef enum kfps_task_clear {
    KFPS_CLEAR_FINGERPRINT = 1,
    KFPS_CLEAR_DISPLAY_NAME = 2,
    KFPS_CLEAR_STARTED_AT = 4,
    KFPS_CLEAR_FINISHED_AT = 8,
    KFPS_CLEAR_STATUS_METADATA = 16
} kfps_task_clear;

/** What changes. Namespace, run and creation time never do. */
typedef struct kfps_task_change {
    const char *uuid;                  /**< required */
    const char *run_uuid;              /**< NULL, or the run that the task must belong to */
    const char *fingerprint;           /**< NULL or "": keep */
    const char *name;                  /**< NULL or "": keep */
    const char *display_name;          /**< NULL or "": keep */
    const char *parent_uuid;           /**< NULL: keep; "": no parent */
    const char *status_metadata_json;  /**< NULL: keep; else replaces */
    const char *pods_json;             /**< NULL: keep; else replaces */
    const char *type_attributes_json;  /**< NULL: keep; else replaces */
    const char *input_parameters_json; /**< NULL: keep; else merged (kfps_parameters_merge) */
    const char *output_parameters_json;
    int64_t started_at;  /**< 0: keep */
    int64_t finished_at; /**< 0: keep */
    int32_t state;       /**< kfps_task_state; 0: keep */
    int32_t type;        /**< kfps_task_type; 0: keep */
    uint32_t clear;      /**< of kfps_task_clear, or-ed */
} kfps_task_change;

/** Initialise with kfps_task_update_options_init. */
typedef struct kfps_task_update_options {
    uint32_t struct_size;
    int32_t propagate; /**< 1 (default): states and outputs go up to parents in the same transaction (kfpstore(7)); 0:
                          not */
    int32_t view;      /**< of *out; KFPS_VIEW_FULL, as upstream */
} kfps_task_update_options;

void kfps_task_update_options_init(kfps_task_update_options *options);

/**
 * Updates tasks of one run in one transaction: the run row is share-locked and must not be over, the tasks are locked,
 * merged, written, and their ancestors completed where that follows. A new state is appended to the history once;
 * FAILED clears the fingerprint. Updates of the same task in one call are applied in order.
 * @param options  NULL: the defaults
 * @param out      the tasks after the update, in the order given; NULL: not wanted (saves a read)
 * @return KFPS_OK, KFPS_INVALID (also: tasks of several runs), KFPS_TOO_LARGE, KFPS_NOT_FOUND, KFPS_FOREIGN_KEY
 * (parent), KFPS_RUN_TERMINAL; error->element
 */
kfps_status kfps_task_update(kfps_session *session, const kfps_task_change *changes, size_t count,
                             const kfps_task_update_options *options, kfps_task_list **out, kfps_error *error);

/** The latest SUCCEEDED task with this fingerprint: the cache look-up.
 *  @param task_namespace  NULL: the session's, else any (single-user mode)
 *  @param view            kfps_task_view; KFPS_VIEW_BASIC is the cheapest
 *  @param out             an empty list if there is none
 *  @return KFPS_OK, KFPS_INVALID (fingerprint NULL or "") */
kfps_status kfps_task_find_cached(kfps_session *session, const char *task_namespace, const char *fingerprint,
                                  int32_t view, kfps_task_list **out, kfps_error *error);

/** For the retry of a run: state RUNNING, started now, not finished, without status metadata, pods and output
 *  parameters. Tasks that are not there are left out. Also when the run is over.
 *  @param reset  how many; NULL: not wanted */
kfps_status kfps_task_reset(kfps_session *session, const char *const *uuids, size_t count, int64_t *reset,
                            kfps_error *error);
/** Deletes a run's tasks and their links. Also when the run is over. */
kfps_status kfps_task_delete_for_run(kfps_session *session, const char *run_uuid, int64_t *deleted, kfps_error *error);

/** Empties fingerprints, so that tasks are no cache hits any more. Also when the run is over. */
kfps_status kfps_task_invalidate(kfps_session *session, const char *const *uuids, size_t count, int64_t *changed,
                                 kfps_error *error);
/** The same for all runs of a pipeline (run_details.PipelineId), in bounded transactions of 1,000 tasks. After a
 * failure *changed counts what was done before it.
 *  @param task_namespace  NULL: the session's, else any (single-user mode) */
kfps_status kfps_task_invalidate_pipeline(kfps_session *session, const char *task_namespace, const char *pipeline_id,
                                          int64_t *changed, kfps_error *error);

#ifdef __cplusplus
}
#endif
#endif
