/* SPDX-License-Identifier: Apache-2.0 */
#include "libkfpstore/tables.h"

#include "kfpstore/types.h"

#define COUNT(a) (sizeof(a) / sizeof *(a))

/* One line a column, in the order of upstream's DDL; the same lines make the table and the text that names all its
 * columns in a SELECT. */
#define ARTIFACTS(TEXT, JSON, INT32, INT64, DOUBLE)                      \
    TEXT(kfps_artifact, "UUID", uuid, false, 191)                        \
    TEXT(kfps_artifact, "Namespace", artifact_namespace, false, 63)      \
    INT32(kfps_artifact, "Type", type)                                   \
    TEXT(kfps_artifact, "URI", uri, true, 2048)                          \
    TEXT(kfps_artifact, "URIHash", uri_hash, true, 64)                   \
    TEXT(kfps_artifact, "Name", name, true, 128)                         \
    TEXT(kfps_artifact, "Description", description, true, 0)             \
    INT64(kfps_artifact, "CreatedAtInSec", created_at)                   \
    INT64(kfps_artifact, "LastUpdateInSec", last_update)                 \
    JSON(kfps_artifact, "Metadata", metadata_json, true)                 \
    DOUBLE(kfps_artifact, "NumberValue", number_value, has_number_value) \
    TEXT(kfps_artifact, "IdentityKey", identity_key, true, 64)

#define TASKS(TEXT, JSON, INT32, INT64, DOUBLE)                       \
    TEXT(kfps_task, "UUID", uuid, false, 191)                         \
    TEXT(kfps_task, "Namespace", task_namespace, false, 63)           \
    TEXT(kfps_task, "RunUUID", run_uuid, false, 191)                  \
    JSON(kfps_task, "pods", pods_json, false)                         \
    INT64(kfps_task, "CreatedAtInSec", created_at)                    \
    INT64(kfps_task, "StartedInSec", started_at)                      \
    INT64(kfps_task, "FinishedInSec", finished_at)                    \
    TEXT(kfps_task, "Fingerprint", fingerprint, false, 255)           \
    TEXT(kfps_task, "Name", name, true, 128)                          \
    TEXT(kfps_task, "DisplayName", display_name, true, 128)           \
    TEXT(kfps_task, "ParentTaskUUID", parent_uuid, true, 191)         \
    INT32(kfps_task, "State", state)                                  \
    JSON(kfps_task, "StatusMetadata", status_metadata_json, true)     \
    JSON(kfps_task, "StateHistory", state_history_json, true)         \
    JSON(kfps_task, "InputParameters", input_parameters_json, true)   \
    JSON(kfps_task, "OutputParameters", output_parameters_json, true) \
    INT32(kfps_task, "Type", type)                                    \
    JSON(kfps_task, "TypeAttrs", type_attributes_json, false)         \
    TEXT(kfps_task, "ScopePath", scope_path, true, 0)                 \
    TEXT(kfps_task, "LogicalKey", logical_key, true, 64)

#define ARTIFACT_TASKS(TEXT, JSON, INT32, INT64, DOUBLE)              \
    TEXT(kfps_artifact_task, "UUID", uuid, false, 191)                \
    TEXT(kfps_artifact_task, "ArtifactID", artifact_uuid, false, 191) \
    TEXT(kfps_artifact_task, "TaskID", task_uuid, false, 191)         \
    INT32(kfps_artifact_task, "Type", type)                           \
    INT64(kfps_artifact_task, "Iteration", iteration)                 \
    TEXT(kfps_artifact_task, "RunUUID", run_uuid, false, 191)         \
    JSON(kfps_artifact_task, "Producer", producer_json, true)         \
    TEXT(kfps_artifact_task, "ArtifactKey", artifact_key, false, 191)

#define TEXT(record, column, field, nulls, chars) \
    {.name = column,                              \
     .type = KFPB_COL_TEXT,                       \
     .nullable = nulls,                           \
     .pgsql_cast = "text",                        \
     .offset = offsetof(record, field),           \
     .max_chars = chars},
#define JSON(record, column, field, nulls) \
    {.name = column, .type = KFPB_COL_JSON, .nullable = nulls, .pgsql_cast = "json", .offset = offsetof(record, field)},
#define INT32(record, column, field) \
    {.name = column, .type = KFPB_COL_INT32, .pgsql_cast = "integer", .offset = offsetof(record, field)},
#define INT64(record, column, field) \
    {.name = column, .type = KFPB_COL_INT64, .pgsql_cast = "bigint", .offset = offsetof(record, field)},
/* Sent as text and cast, so that PostgreSQL's numeric keeps the shortest digits of the double. */
#define DOUBLE(record, column, field, has_field) \
    {.name = column,                             \
     .type = KFPB_COL_DOUBLE,                    \
     .nullable = true,                           \
     .pgsql_cast = "numeric",                    \
     .offset = offsetof(record, field),          \
     .has_offset = offsetof(record, has_field)},
#define NAMED(record, column, ...)            ",\"" column "\""
#define OF_ARTIFACT(record, column, ...)      ",a.\"" column "\""
#define OF_TASK(record, column, ...)          ",t.\"" column "\""
#define OF_ARTIFACT_TASK(record, column, ...) ",l.\"" column "\""

static const kfpb_column artifact_columns[] = {ARTIFACTS(TEXT, JSON, INT32, INT64, DOUBLE)};
static const kfpb_column task_columns[] = {TASKS(TEXT, JSON, INT32, INT64, DOUBLE)};
static const kfpb_column artifact_task_columns[] = {ARTIFACT_TASKS(TEXT, JSON, INT32, INT64, DOUBLE)};

/* What a table's columns are called in a SELECT, behind the first comma. */
#define ALL_OF(COLUMNS, AS) (COLUMNS(AS, AS, AS, AS, AS) + 1)
#define TABLE(name, columns, COLUMNS, prefix, AS)                                             \
    {                                                                                         \
        name, columns, COUNT(columns), 1, ALL_OF(COLUMNS, NAMED), prefix, ALL_OF(COLUMNS, AS) \
    }

const kfpb_table kfpsi_artifacts = TABLE("artifacts", artifact_columns, ARTIFACTS, "a.", OF_ARTIFACT);
const kfpb_table kfpsi_tasks = TABLE("tasks", task_columns, TASKS, "t.", OF_TASK);
const kfpb_table kfpsi_artifact_tasks = TABLE("artifact_tasks", artifact_task_columns, ARTIFACT_TASKS, "l.",
                                              OF_ARTIFACT_TASK);
