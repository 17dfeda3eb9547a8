/* SPDX-License-Identifier: Apache-2.0 */
#include "libkfpstore/fields.h"

#include <stdio.h>

#include "libkfpstore/names.h"
#include "libkfpstore/tables.h"

#define COUNT(a) (sizeof(a) / sizeof *(a))

/* ---- the fields: key, column, kind, nullable, values ---------------------------------------------------------------
 */

static const kfpsi_field artifact_fields[] = {
    {"artifact_id", 0, KFPSI_KIND_TEXT, false, NULL},
    {"id", 0, KFPSI_KIND_TEXT, false, NULL},
    {"namespace", 1, KFPSI_KIND_TEXT, false, NULL},
    {"type", 2, KFPSI_KIND_ENUM, true, kfpsi_artifact_type_of},
    {"uri", 3, KFPSI_KIND_TEXT, true, NULL},
    {"name", 5, KFPSI_KIND_TEXT, true, NULL},
    {"description", 6, KFPSI_KIND_TEXT, true, NULL},
    {"created_at", 7, KFPSI_KIND_TIME, false, NULL},
    {"last_update", 8, KFPSI_KIND_TIME, false, NULL},
    {"metadata", 9, KFPSI_KIND_JSON, true, NULL},
    {"number_value", 10, KFPSI_KIND_NUMBER, true, NULL},
};

static const kfpsi_field task_fields[] = {
    {"task_id", 0, KFPSI_KIND_TEXT, false, NULL},
    {"run_id", 2, KFPSI_KIND_TEXT, false, NULL},
    {"name", 8, KFPSI_KIND_TEXT, true, NULL},
    {"display_name", 9, KFPSI_KIND_TEXT, true, NULL},
    {"parent_task_id", 10, KFPSI_KIND_TEXT, true, NULL},
    {"status", 11, KFPSI_KIND_ENUM, false, kfpsi_task_state_of},
    {"type", 16, KFPSI_KIND_ENUM, false, kfpsi_task_type_of},
    {"cache_fingerprint", 7, KFPSI_KIND_TEXT, false, NULL},
    {"create_time", 4, KFPSI_KIND_TIME, false, NULL},
    {"start_time", 5, KFPSI_KIND_TIME, true, NULL},
    {"end_time", 6, KFPSI_KIND_TIME, true, NULL},
    {"scope_path", 18, KFPSI_KIND_TEXT, true, NULL},
    {"pods", 3, KFPSI_KIND_JSON, false, NULL},
    {"status_metadata", 12, KFPSI_KIND_JSON, true, NULL},
    {"state_history", 13, KFPSI_KIND_JSON, true, NULL},
    {"inputs", 14, KFPSI_KIND_JSON, true, NULL},
    {"outputs", 15, KFPSI_KIND_JSON, true, NULL},
    {"type_attributes", 17, KFPSI_KIND_JSON, false, NULL},
};

static const kfpsi_field artifact_task_fields[] = {
    {"id", 0, KFPSI_KIND_TEXT, false, NULL},      {"artifact_id", 1, KFPSI_KIND_TEXT, false, NULL},
    {"task_id", 2, KFPSI_KIND_TEXT, false, NULL}, {"type", 3, KFPSI_KIND_ENUM, false, kfpsi_io_type_of},
    {"run_id", 5, KFPSI_KIND_TEXT, false, NULL},  {"producer", 6, KFPSI_KIND_JSON, true, NULL},
    {"key", 7, KFPSI_KIND_TEXT, false, NULL},
};

/* ---- the orders that the indexes of schema/sql have ----------------------------------------------------------------
 */

static const kfpsi_path artifact_paths[] = {
    {-1, -1, 7, "kfpstore_artifacts_created"},   {-1, -1, 5, "kfpstore_artifacts_name"},
    {1, -1, 7, "kfpstore_artifacts_ns_created"}, {1, -1, 5, "kfpstore_artifacts_ns_name"},
    {-1, 2, 7, "kfpstore_artifacts_type"},       {1, 2, 7, "kfpstore_artifacts_ns_type"},
};
static const kfpsi_path task_paths[] = {
    {-1, -1, 4, "kfpstore_tasks_created"},    {-1, -1, 8, "kfpstore_tasks_name"},
    {1, -1, 4, "kfpstore_tasks_ns_created"},  {1, -1, 8, "kfpstore_tasks_ns_name"},
    {2, -1, 4, "kfpstore_tasks_run_created"}, {10, -1, 4, "kfpstore_tasks_parent_created"},
};
static const kfpsi_path artifact_task_paths[] = {
    {1, -1, 0, "idx_link_artifact_id"}, /* InnoDB ends every index with the primary key */
    {2, -1, 0, "kfpstore_links_task"},
    {5, -1, 0, "idx_link_run_id"},
};

const kfpsi_fields kfpsi_fields_artifact = {
    .resource = KFPS_RESOURCE_ARTIFACTS,
    .name = "artifacts",
    .table = &kfpsi_artifacts,
    .items = artifact_fields,
    .count = COUNT(artifact_fields),
    .default_sort = 7,
    .paths = artifact_paths,
    .path_count = COUNT(artifact_paths),
};
const kfpsi_fields kfpsi_fields_task = {
    .resource = KFPS_RESOURCE_TASKS,
    .name = "tasks",
    .table = &kfpsi_tasks,
    .items = task_fields,
    .count = COUNT(task_fields),
    .default_sort = 8,
    .paths = task_paths,
    .path_count = COUNT(task_paths),
};
const kfpsi_fields kfpsi_fields_artifact_task = {
    .resource = KFPS_RESOURCE_ARTIFACT_TASKS,
    .name = "artifact_tasks",
    .table = &kfpsi_artifact_tasks,
    .items = artifact_task_fields,
    .count = COUNT(artifact_task_fields),
    .default_sort = 0,
    .paths = artifact_task_paths,
    .path_count = COUNT(artifact_task_paths),
};

/* ---- looking things up --------------------------------------------------------------------------------------------
 */

const kfpsi_field *kfpsi_field_find(const kfpsi_fields *fields, const char *key, size_t length)
{
    for (size_t i = 0; i < fields->count; i++) {
        const char *name = fields->items[i].key;
        if (strlen(name) == length && memcmp(name, key, length) == 0)
            return &fields->items[i];
    }
    return NULL;
}

uint8_t kfpsi_field_index(const kfpsi_fields *fields, const kfpsi_field *field)
{
    size_t i = 0;
    while (fields->items[i].column != field->column)
        i++;
    return (uint8_t) i;
}

void kfpsi_field_list(const kfpsi_fields *fields, char *out, size_t size)
{
    size_t used = 0;
    out[0] = '\0';
    for (size_t i = 0; i < fields->count && used < size; i++) {
        if (fields->items[i].kind == KFPSI_KIND_JSON)
            continue;
        const int n = snprintf(out + used, size - used, "%s%s", used > 0 ? ", " : "", fields->items[i].key);
        used += n > 0 ? (size_t) n : 0;
    }
}

const kfpsi_path *kfpsi_path_find(const kfpsi_fields *fields, int scope, int also, uint8_t sort)
{
    const kfpsi_path *without = NULL;
    for (size_t i = 0; i < fields->path_count; i++) {
        const kfpsi_path *path = &fields->paths[i];
        if (path->scope != scope || path->sort != sort)
            continue;
        if (path->also == also)
            return path;
        if (path->also == -1)
            without = path;
    }
    return without;
}
