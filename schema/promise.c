/* SPDX-License-Identifier: Apache-2.0 */
/* promise.c: what the baseline step promises, once for all engines: tables that upstream made are held against it. */
#include <string.h>

#include "backends/base/fail.h"
#include "schema/inspect.h"

typedef enum promised_type { VARCHAR, INT32, INT64, REAL, JSON, TEXT, TYPES } promised_type;

static const struct {
    const char *engine;
    const char *types[TYPES];
} type_names[] = {
    {"sqlite", {"varchar", "integer", "integer", "real", "json", "text"}},
    {"pgsql", {"varchar", "integer", "bigint", "numeric", "json", "text"}},
    {"mysql", {"varchar", "int", "bigint", "double", "json", "text"}},
};

typedef struct promised_column {
    const char *name;
    promised_type type;
    int length; /* of a varchar */
    bool nullable;
    const char *initial;
} promised_column;

typedef struct promised_index {
    const char *name;
    bool unique;
    const char *columns;
} promised_index;

typedef struct promised_table {
    const char *name;
    const promised_column *columns;
    size_t column_count;
    const promised_index *indexes;
    size_t index_count;
    const schema_foreign_key *foreign_keys;
    size_t foreign_key_count;
} promised_table;

static const promised_column artifact_columns[] = {
    {"UUID", VARCHAR, 191, false, NULL},
    {"Namespace", VARCHAR, 63, false, NULL},
    {"Type", INT32, 0, true, NULL},
    {"URI", VARCHAR, 2048, true, NULL},
    {"URIHash", VARCHAR, 64, true, NULL},
    {"Name", VARCHAR, 128, true, NULL},
    {"Description", TEXT, 0, true, NULL},
    {"CreatedAtInSec", INT64, 0, false, "0"},
    {"LastUpdateInSec", INT64, 0, false, "0"},
    {"Metadata", JSON, 0, true, NULL},
    {"NumberValue", REAL, 0, true, NULL},
    {"IdentityKey", VARCHAR, 64, true, NULL},
};

static const promised_index artifact_indexes[] = {
    {"PRIMARY", true, "UUID"},
    {"idx_type_namespace", false, "Namespace,Type"},
    {"idx_namespace_urihash", false, "Namespace,URIHash"},
    {"idx_artifact_identity", true, "Namespace,IdentityKey"},
    {"idx_artifact_created_timestamp", false, "CreatedAtInSec"},
    {"idx_artifact_last_update_timestamp", false, "LastUpdateInSec"},
};

static const promised_column task_columns[] = {
    {"UUID", VARCHAR, 191, false, NULL},
    {"Namespace", VARCHAR, 63, false, NULL},
    {"RunUUID", VARCHAR, 191, false, NULL},
    {"pods", JSON, 0, false, NULL},
    {"CreatedAtInSec", INT64, 0, false, NULL},
    {"StartedInSec", INT64, 0, true, "0"},
    {"FinishedInSec", INT64, 0, true, "0"},
    {"Fingerprint", VARCHAR, 255, false, NULL},
    {"Name", VARCHAR, 128, true, NULL},
    {"DisplayName", VARCHAR, 128, true, NULL},
    {"ParentTaskUUID", VARCHAR, 191, true, NULL},
    {"State", INT32, 0, false, NULL},
    {"StatusMetadata", JSON, 0, true, NULL},
    {"StateHistory", JSON, 0, true, NULL},
    {"InputParameters", JSON, 0, true, NULL},
    {"OutputParameters", JSON, 0, true, NULL},
    {"Type", INT32, 0, false, NULL},
    {"TypeAttrs", JSON, 0, false, NULL},
    {"ScopePath", TEXT, 0, true, NULL},
    {"LogicalKey", VARCHAR, 64, true, NULL},
};

static const promised_index task_indexes[] = {
    {"PRIMARY", true, "UUID"},
    {"idx_tasks_uuid_run", true, "UUID,RunUUID"},
    {"idx_task_cache_lookup", false, "Fingerprint,State,Namespace,CreatedAtInSec desc"},
    {"idx_parent_run", false, "RunUUID,ParentTaskUUID"},
    {"idx_task_created_timestamp", false, "CreatedAtInSec"},
    {"idx_task_started_timestamp", false, "StartedInSec"},
    {"idx_task_finished_timestamp", false, "FinishedInSec"},
    {"idx_parent_task_uuid", false, "ParentTaskUUID"},
    {"idx_task_type", false, "Type"},
    {"idx_tasks_logical_key", true, "LogicalKey"},
};

static const schema_foreign_key task_keys[] = {
    {"fk_run_details_tasks", "RunUUID", "run_details", "UUID", "no action", "no action"},
    {"fk_tasks_parent_task", "ParentTaskUUID", "tasks", "UUID", "cascade", "cascade"},
};

static const promised_column link_columns[] = {
    {"UUID", VARCHAR, 191, false, NULL},   {"ArtifactID", VARCHAR, 191, false, NULL},
    {"TaskID", VARCHAR, 191, false, NULL}, {"Type", INT32, 0, false, NULL},
    {"Iteration", INT64, 0, false, "-1"},  {"RunUUID", VARCHAR, 191, false, NULL},
    {"Producer", JSON, 0, true, NULL},     {"ArtifactKey", VARCHAR, 191, false, ""},
};

static const promised_index link_indexes[] = {
    {"PRIMARY", true, "UUID"},
    {"UniqueLink", true, "ArtifactID,TaskID,Type,Iteration,ArtifactKey"},
    {"idx_link_artifact_id", false, "ArtifactID"},
    {"idx_link_task_run", false, "TaskID,RunUUID"},
    {"idx_link_run_id", false, "RunUUID"},
};

static const schema_foreign_key link_keys[] = {
    {"fk_artifact_tasks_artifacts", "ArtifactID", "artifacts", "UUID", "cascade", "cascade"},
    {"fk_artifact_tasks_task_run", "TaskID,RunUUID", "tasks", "UUID,RunUUID", "cascade", "cascade"},
    {"fk_artifact_tasks_runs", "RunUUID", "run_details", "UUID", "cascade", "cascade"},
};

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static const promised_table promised_tables[] = {
    {"artifacts", artifact_columns, COUNT(artifact_columns), artifact_indexes, COUNT(artifact_indexes), NULL, 0},
    {"tasks", task_columns, COUNT(task_columns), task_indexes, COUNT(task_indexes), task_keys, COUNT(task_keys)},
    {"artifact_tasks", link_columns, COUNT(link_columns), link_indexes, COUNT(link_indexes), link_keys,
     COUNT(link_keys)},
};

static const char *const *find_types(const kfpb_driver *driver)
{
    for (size_t i = 0; i < COUNT(type_names); i++) {
        if (strcmp(type_names[i].engine, driver->name) == 0)
            return type_names[i].types;
    }
    return NULL;
}

static void draw_table(const promised_table *promised, const char *const *types, schema_reader *reader)
{
    for (size_t i = 0; i < promised->column_count; i++) {
        const promised_column *from = &promised->columns[i];
        schema_column *column = schema_add_column(reader, from->name);
        if (column == NULL)
            return;
        const char *type = types[from->type];
        column->type = from->length > 0 ? kfpb_arena_printf(reader->arena, "%s(%d)", type, from->length) : type;
        column->nullable = from->nullable;
        column->initial = from->initial;
    }
    for (size_t i = 0; i < promised->index_count; i++) {
        schema_index *index = schema_add_index(reader, promised->indexes[i].name);
        if (index == NULL)
            return;
        index->unique = promised->indexes[i].unique;
        index->columns = promised->indexes[i].columns;
    }
    for (size_t i = 0; i < promised->foreign_key_count; i++) {
        schema_foreign_key *key = schema_add_foreign_key(reader, promised->foreign_keys[i].name);
        if (key == NULL)
            return;
        *key = promised->foreign_keys[i];
    }
}

kfps_status schema_promise(const kfpb_driver *driver, schema_picture *out, kfps_error *error)
{
    const char *const *types = find_types(driver);
    if (types == NULL)
        return kfpb_fail(error, KFPS_INTERNAL, "no schema is known for %s", driver->name);
    *out = (schema_picture){0};
    kfpb_arena_init(&out->arena);
    out->tables = kfpb_arena_array(&out->arena, COUNT(promised_tables), sizeof *out->tables);
    for (size_t i = 0; i < COUNT(promised_tables) && !out->arena.out_of_memory; i++) {
        schema_table *table = &out->tables[out->count++];
        *table = (schema_table){.name = promised_tables[i].name};
        schema_reader reader = {.arena = &out->arena, .table = table};
        draw_table(&promised_tables[i], types, &reader);
    }
    if (out->arena.out_of_memory) {
        schema_picture_free(out);
        return kfpb_fail_no_memory(error);
    }
    return KFPS_OK;
}
