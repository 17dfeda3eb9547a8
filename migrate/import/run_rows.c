/* SPDX-License-Identifier: Apache-2.0 */
#include "migrate/import/run_rows.h"

#include <stddef.h>
#include <string.h>

#include "backends/base/fail.h"

#define COUNT(a) (sizeof(a) / sizeof *(a))
#define TEXT(record, column, field)                                                                    \
    {                                                                                                  \
        .name = column, .type = KFPB_COL_TEXT, .pgsql_cast = "text", .offset = offsetof(record, field) \
    }
#define INT64(record, column, field)                                                                      \
    {                                                                                                     \
        .name = column, .type = KFPB_COL_INT64, .pgsql_cast = "bigint", .offset = offsetof(record, field) \
    }

/* What upstream's columns demand; the rest has defaults. */
typedef struct run_row {
    const char *uuid, *name, *experiment_uuid, *storage_state, *state, *conditions;
    const char *empty;    /* for the columns that are NOT NULL and that nobody knows */
    const char *manifest; /* not "": upstream takes a run with a spec but without a runtime manifest for missing */
    int64_t created_at, finished_at;
} run_row;

static const kfpb_column run_columns[] = {
    TEXT(run_row, "UUID", uuid),
    TEXT(run_row, "DisplayName", name),
    TEXT(run_row, "Name", name),
    TEXT(run_row, "Description", empty),
    TEXT(run_row, "Namespace", empty),
    TEXT(run_row, "ExperimentUUID", experiment_uuid),
    TEXT(run_row, "StorageState", storage_state),
    TEXT(run_row, "ServiceAccount", empty),
    TEXT(run_row, "PipelineId", empty),
    TEXT(run_row, "PipelineName", empty),
    INT64(run_row, "CreatedAtInSec", created_at),
    INT64(run_row, "FinishedAtInSec", finished_at),
    TEXT(run_row, "Conditions", conditions),
    TEXT(run_row, "State", state),
    TEXT(run_row, "PipelineRuntimeManifest", manifest),
    TEXT(run_row, "WorkflowRuntimeManifest", manifest),
};
static const kfpb_table run_details = {
    .name = "run_details", .columns = run_columns, .column_count = COUNT(run_columns), .key_columns = 1};

typedef struct experiment_row {
    const char *uuid, *name, *storage_state, *empty;
    int64_t created_at;
} experiment_row;

static const kfpb_column experiment_columns[] = {
    TEXT(experiment_row, "UUID", uuid),
    TEXT(experiment_row, "Name", name),
    TEXT(experiment_row, "Description", empty),
    INT64(experiment_row, "CreatedAtInSec", created_at),
    INT64(experiment_row, "LastRunCreatedAtInSec", created_at),
    TEXT(experiment_row, "Namespace", empty),
    TEXT(experiment_row, "StorageState", storage_state),
};
static const kfpb_table experiments = {
    .name = "experiments", .columns = experiment_columns, .column_count = COUNT(experiment_columns), .key_columns = 1};

static const char experiment_name[] = "Imported from MLMD";

bool run_rows_experiment(char out[MAP_UUID_SIZE])
{
    kfpb_arena arena;
    kfpb_arena_init(&arena);
    const map_options options = {.source_id = ""}; /* one experiment for all sources */
    map_context ids = {.options = &options, .arena = &arena};
    const char *uuid = map_uuid(&ids, "experiment:%s", experiment_name);
    const bool made = uuid != NULL && strlen(uuid) + 1 == MAP_UUID_SIZE;
    if (made)
        memcpy(out, uuid, MAP_UUID_SIZE);
    kfpb_text_free(&ids.text);
    kfpb_arena_free(&arena);
    return made;
}

static const char *state_of(const group_run *run)
{
    return run->row.state == MAP_RUN_FAILED ? "FAILED" : "SUCCEEDED";
}

kfps_status update_run_row(kfpb_conn *conn, const group_run *run, kfps_error *error)
{
    const kfpb_value values[] = {kfpb_str(state_of(run)), kfpb_str(state_of(run)), kfpb_int(run->row.created_at),
                                 kfpb_int(run->row.finished_at), kfpb_str(run->row.uuid)};
    return kfpb_exec(conn,
                     "UPDATE \"run_details\" SET \"State\" = ?, \"Conditions\" = ?, \"CreatedAtInSec\" = ?,"
                     " \"FinishedAtInSec\" = ? WHERE \"UUID\" = ?",
                     values, COUNT(values), NULL, error);
}

kfps_status write_run_rows(kfpb_conn *conn, group_run *const *runs, size_t count, kfpb_arena *arena, kfps_error *error)
{
    size_t n = 0;
    run_row *rows = kfpb_arena_array(arena, count, sizeof *rows);
    const void **records = kfpb_arena_array(arena, count, sizeof *records);
    char experiment_uuid[MAP_UUID_SIZE];
    if (rows == NULL || records == NULL || !run_rows_experiment(experiment_uuid))
        return kfpb_fail_no_memory(error);
    for (size_t i = 0; i < count; i++) {
        const group_run *run = runs[i];
        if (!run->create_row || run->outcome != RUN_IMPORTED)
            continue;
        rows[n] = (run_row){
            .uuid = run->row.uuid,
            .name = run->source->name,
            .experiment_uuid = experiment_uuid,
            .storage_state = "AVAILABLE",
            .state = state_of(run),
            .conditions = state_of(run),
            .empty = "",
            .manifest = "{}",
            .created_at = run->row.created_at,
            .finished_at = run->row.finished_at,
        };
        records[n] = &rows[n];
        n++;
    }
    if (n == 0)
        return KFPS_OK;
    const experiment_row experiment = {experiment_uuid, experiment_name, "AVAILABLE", "", rows[0].created_at};
    const void *one = &experiment;
    kfps_status status = kfpb_insert(conn, &experiments, &one, 1, KFPB_CONFLICT_KEEP, NULL, error);
    if (status == KFPS_OK)
        status = kfpb_insert(conn, &run_details, records, n, KFPB_CONFLICT_KEEP, NULL, error);
    return status;
}
