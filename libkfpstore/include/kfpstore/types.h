/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kfpstore/types.h: the enumerations and records of the three tables.
 *
 * The integers are those that the API server of Kubeflow Pipelines stores (v2beta1 run.proto and artifact.proto
 * of its mlmd-removal branch); they count from 1, 0 is "unspecified".
 *
 * In every record text is NUL-terminated UTF-8 that the record borrows and does not own; NULL is SQL NULL where
 * the column is nullable and refused (KFPS_INVALID) where it is not. Fields named ..._json hold JSON text.
 * Times are seconds since 1970-01-01 UTC, 0 for "not yet".
 */
#ifndef KFPSTORE_TYPES_H
#define KFPSTORE_TYPES_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum kfps_artifact_type {
    KFPS_ARTIFACT_UNSPECIFIED = 0,
    KFPS_ARTIFACT_ARTIFACT = 1,
    KFPS_ARTIFACT_MODEL = 2,
    KFPS_ARTIFACT_DATASET = 3,
    KFPS_ARTIFACT_HTML = 4,
    KFPS_ARTIFACT_MARKDOWN = 5,
    KFPS_ARTIFACT_METRIC = 6,
    KFPS_ARTIFACT_CLASSIFICATION_METRIC = 7,
    KFPS_ARTIFACT_SLICED_CLASSIFICATION_METRIC = 8
} kfps_artifact_type;

typedef enum kfps_io_type {
    KFPS_IO_UNSPECIFIED = 0,
    KFPS_IO_COMPONENT_DEFAULT_INPUT = 1,
    KFPS_IO_TASK_OUTPUT_INPUT = 2,
    KFPS_IO_COMPONENT_INPUT = 3,
    KFPS_IO_RUNTIME_VALUE_INPUT = 4,
    KFPS_IO_COLLECTED_INPUTS = 5,
    KFPS_IO_ITERATOR_INPUT = 6,
    KFPS_IO_ITERATOR_INPUT_RAW = 7,
    KFPS_IO_ITERATOR_OUTPUT = 8,
    KFPS_IO_OUTPUT = 9,
    KFPS_IO_ONE_OF_OUTPUT = 10,
    KFPS_IO_TASK_FINAL_STATUS_OUTPUT = 11
} kfps_io_type;

typedef enum kfps_task_state {
    KFPS_TASK_STATE_UNSPECIFIED = 0,
    KFPS_TASK_RUNNING = 1,
    KFPS_TASK_SUCCEEDED = 2,
    KFPS_TASK_SKIPPED = 3,
    KFPS_TASK_FAILED = 4,
    KFPS_TASK_CACHED = 5
} kfps_task_state;

typedef enum kfps_task_type {
    KFPS_TASK_TYPE_UNSPECIFIED = 0,
    KFPS_TASK_ROOT = 1,
    KFPS_TASK_RUNTIME = 2,
    KFPS_TASK_CONDITION_BRANCH = 3,
    KFPS_TASK_CONDITION = 4,
    KFPS_TASK_LOOP = 5,
    KFPS_TASK_EXIT_HANDLER = 6,
    KFPS_TASK_IMPORTER = 7,
    KFPS_TASK_DAG = 8
} kfps_task_type;

/** A row of `artifacts`. */
typedef struct kfps_artifact {
    const char *uuid;
    const char *artifact_namespace; /**< "" in single-user mode */
    int32_t type;                   /**< kfps_artifact_type */
    int32_t has_number_value;       /**< 0: number_value is SQL NULL */
    const char *uri;                /**< nullable, at most 2,048 characters */
    const char *uri_hash;           /**< kfps_uri_hash(uri); "" without a URI */
    const char *name;               /**< at most 128 characters */
    const char *description;        /**< nullable */
    int64_t created_at;
    int64_t last_update;
    const char *metadata_json; /**< nullable; an object */
    double number_value;
    const char *identity_key; /**< nullable; kfps_artifact_identity_key() */
} kfps_artifact;

/** A row of `tasks`. */
typedef struct kfps_task {
    const char *uuid;
    const char *task_namespace; /**< "" in single-user mode */
    const char *run_uuid;
    const char *pods_json; /**< an array: [{"name":…,"type":"EXECUTOR","uid":…}] */
    int64_t created_at;
    int64_t started_at;
    int64_t finished_at;
    const char *fingerprint; /**< "" for none */
    const char *name;
    const char *display_name;
    const char *parent_uuid;            /**< nullable: the root task */
    const char *status_metadata_json;   /**< nullable */
    const char *state_history_json;     /**< nullable; an array */
    const char *input_parameters_json;  /**< nullable; an array */
    const char *output_parameters_json; /**< nullable; an array */
    const char *type_attributes_json;   /**< an object */
    const char *scope_path;             /**< nullable; "root.<ancestor>…" */
    const char *logical_key;            /**< nullable; kfps_task_logical_key() */
    int32_t state;                      /**< kfps_task_state */
    int32_t type;                       /**< kfps_task_type */
} kfps_task;

/** A row of `artifact_tasks`: that a task reads or writes an artifact. */
typedef struct kfps_artifact_task {
    const char *uuid;
    const char *artifact_uuid;
    const char *task_uuid;
    const char *run_uuid;
    const char *producer_json; /**< nullable: {"iteration":"3","taskName":…} */
    const char *artifact_key;  /**< the port's name; "" for none */
    int64_t iteration;         /**< the producing task's iteration; -1 for none */
    int32_t type;              /**< kfps_io_type */
} kfps_artifact_task;

#ifdef __cplusplus
}
#endif
#endif
