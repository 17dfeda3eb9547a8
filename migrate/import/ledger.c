/* SPDX-License-Identifier: Apache-2.0 */
#include "migrate/import/ledger.h"

#include <stddef.h>

#include "backends/sql.h"

#define COUNT(a) (sizeof(a) / sizeof *(a))
#define TEXT(record, column, field, nulls, chars)                                       \
    {                                                                                   \
        .name = column, .type = KFPB_COL_TEXT, .nullable = nulls, .pgsql_cast = "text", \
        .offset = offsetof(record, field), .max_chars = chars                           \
    }
#define INT64(record, column, field)                                                                      \
    {                                                                                                     \
        .name = column, .type = KFPB_COL_INT64, .pgsql_cast = "bigint", .offset = offsetof(record, field) \
    }

static const kfpb_column run_columns[] = {
    TEXT(ledger_run, "Source", source, false, 64),
    INT64(ledger_run, "ContextID", context_id),
    TEXT(ledger_run, "RunUUID", run_uuid, true, 191),
    TEXT(ledger_run, "ContextName", context_name, true, 0),
    TEXT(ledger_run, "Outcome", outcome, false, 32),
    TEXT(ledger_run, "Reason", reason, true, 255),
    TEXT(ledger_run, "Digest", digest, true, 64),
    TEXT(ledger_run, "RowsDigest", rows_digest, true, 64),
    INT64(ledger_run, "Tasks", tasks),
    INT64(ledger_run, "Artifacts", artifacts),
    INT64(ledger_run, "Links", links),
    INT64(ledger_run, "Executions", executions),
    INT64(ledger_run, "Rejected", rejected),
    INT64(ledger_run, "Terminal", terminal),
    TEXT(ledger_run, "Notes", notes, true, 0),
    INT64(ledger_run, "ImportedAtInSec", imported_at),
    TEXT(ledger_run, "ToolVersion", tool_version, false, 32),
};
const kfpb_table ledger_runs = {
    .name = "kfpstore_migration_run", .columns = run_columns, .column_count = COUNT(run_columns), .key_columns = 2};

static const kfpb_column artifact_columns[] = {
    TEXT(ledger_artifact, "ArtifactID", artifact_uuid, false, 191),
    TEXT(ledger_artifact, "Source", source, false, 64),
    INT64(ledger_artifact, "MLMDID", mlmd_id),
};
const kfpb_table ledger_artifacts = {.name = "kfpstore_migrated_artifact",
                                     .columns = artifact_columns,
                                     .column_count = COUNT(artifact_columns),
                                     .key_columns = 2};

static const kfpb_column migration_columns[] = {
    TEXT(ledger_migration, "Source", source, false, 64),
    TEXT(ledger_migration, "State", state, false, 32),
    TEXT(ledger_migration, "Report", report, true, 0),
    INT64(ledger_migration, "StartedAt", started_at),
    INT64(ledger_migration, "CompletedAt", completed_at),
    TEXT(ledger_migration, "ToolVersion", tool_version, false, 32),
};
const kfpb_table ledger_migrations = {.name = "kfpstore_migration",
                                      .columns = migration_columns,
                                      .column_count = COUNT(migration_columns),
                                      .key_columns = 1};

static const char *text_of(const kfpb_rows *rows, size_t column)
{
    const char *text = kfpb_get_text(rows, column, NULL);
    return text != NULL ? text : "";
}

kfps_status ledger_read(kfpb_conn *conn, const char *source, int64_t first, int64_t last, ledger_see see, void *context,
                        kfps_error *error)
{
    const kfpb_value values[] = {kfpb_str(source), kfpb_int(first), kfpb_int(last)};
    kfpb_rows *rows = NULL;
    kfps_status status = kfpb_query(
        conn,
        "SELECT \"ContextID\", \"Outcome\", \"Reason\", \"ContextName\", \"ToolVersion\", \"Terminal\","
        " \"ImportedAtInSec\" FROM \"kfpstore_migration_run\""
        " WHERE \"Source\" = ? AND \"ContextID\" >= ? AND \"ContextID\" <= ?",
        values, COUNT(values), &rows, error);
    int got = 0;
    while (status == KFPS_OK && (got = kfpb_next(rows, error)) > 0) {
        const ledger_entry entry = {
            .context_id = kfpb_get_int(rows, 0),
            .outcome = text_of(rows, 1),
            .reason = text_of(rows, 2),
            .context_name = text_of(rows, 3),
            .tool_version = text_of(rows, 4),
            .terminal = kfpb_get_int(rows, 5) != 0,
            .imported_at = kfpb_get_int(rows, 6),
        };
        see(context, &entry);
    }
    if (got < 0)
        status = (kfps_status) error->code;
    kfpb_rows_free(&rows);
    return status;
}

kfps_status ledger_read_imports(kfpb_conn *conn, const char *source, const int64_t *context_ids, size_t count,
                                ledger_see_import see, void *context, kfps_error *error)
{
    kfpb_rows *rows = NULL;
    kfpb_sql sql;
    int got = 0;
    kfpb_sql_init(&sql, conn);
    kfpb_sql_add(&sql,
                 "SELECT \"ContextID\", \"Digest\", \"Reason\" FROM \"kfpstore_migration_run\" WHERE \"Source\" = ");
    kfpb_sql_bind(&sql, kfpb_str(source));
    kfpb_sql_add(&sql, " AND \"Outcome\" = ");
    kfpb_sql_bind(&sql, kfpb_str(LEDGER_IMPORTED));
    kfpb_sql_add(&sql, " AND \"ContextID\"");
    kfpb_sql_in_ints(&sql, context_ids, count);
    kfps_status status = kfpb_sql_query(conn, &sql, &rows, error);
    while (status == KFPS_OK && (got = kfpb_next(rows, error)) > 0) {
        const ledger_import entry = {kfpb_get_int(rows, 0), text_of(rows, 1), text_of(rows, 2)};
        see(context, &entry);
    }
    if (got < 0)
        status = (kfps_status) error->code;
    kfpb_rows_free(&rows);
    kfpb_sql_free(&sql);
    return status;
}

/* The imports into these runs, of whatever source: `see` gets the first two columns. */
static kfps_status read_runs(kfpb_conn *conn, const char *select, const char *const *run_uuids, size_t count,
                             const char *after, ledger_see_run see, void *context, kfps_error *error)
{
    kfpb_rows *rows = NULL;
    kfpb_sql sql;
    int got = 0;
    kfpb_sql_init(&sql, conn);
    kfpb_sql_add(&sql, select);
    kfpb_sql_add(&sql, " FROM \"kfpstore_migration_run\" WHERE \"Outcome\" = ");
    kfpb_sql_bind(&sql, kfpb_str(LEDGER_IMPORTED));
    kfpb_sql_add(&sql, " AND \"RunUUID\"");
    kfpb_sql_in_texts(&sql, run_uuids, count);
    kfpb_sql_add(&sql, after);
    kfps_status status = kfpb_sql_query(conn, &sql, &rows, error);
    while (status == KFPS_OK && (got = kfpb_next(rows, error)) > 0)
        see(context, text_of(rows, 0), text_of(rows, 1));
    if (got < 0)
        status = (kfps_status) error->code;
    kfpb_rows_free(&rows);
    kfpb_sql_free(&sql);
    return status;
}

kfps_status ledger_read_shared(kfpb_conn *conn, const char *const *run_uuids, size_t count, ledger_see_run see,
                               void *context, kfps_error *error)
{
    return read_runs(conn, "SELECT \"RunUUID\", NULL", run_uuids, count,
                     " GROUP BY \"RunUUID\" HAVING COUNT(\"ContextID\") > 1", see, context, error);
}

kfps_status ledger_read_rows_digests(kfpb_conn *conn, const char *const *run_uuids, size_t count, ledger_see_run see,
                                     void *context, kfps_error *error)
{
    return read_runs(conn, "SELECT \"RunUUID\", \"RowsDigest\"", run_uuids, count, "", see, context, error);
}

kfps_status ledger_count_imported(kfpb_conn *conn, const char *source, const int64_t *context_ids, size_t count,
                                  int64_t *imported, kfps_error *error)
{
    kfpb_rows *rows = NULL;
    kfpb_sql sql;
    kfpb_sql_init(&sql, conn);
    kfpb_sql_add(&sql, "SELECT COUNT(\"ContextID\") FROM \"kfpstore_migration_run\" WHERE \"Source\" = ");
    kfpb_sql_bind(&sql, kfpb_str(source));
    kfpb_sql_add(&sql, " AND \"Outcome\" = ");
    kfpb_sql_bind(&sql, kfpb_str(LEDGER_IMPORTED));
    kfpb_sql_add(&sql, " AND \"ContextID\"");
    kfpb_sql_in_ints(&sql, context_ids, count);
    kfps_status status = kfpb_sql_query(conn, &sql, &rows, error);
    const int got = status == KFPS_OK ? kfpb_next(rows, error) : 0;
    *imported = got > 0 ? kfpb_get_int(rows, 0) : 0;
    if (got < 0)
        status = (kfps_status) error->code;
    kfpb_rows_free(&rows);
    kfpb_sql_free(&sql);
    return status;
}

kfps_status ledger_has_state(kfpb_conn *conn, const char *source, const char *state, bool *has, kfps_error *error)
{
    const kfpb_value values[] = {kfpb_str(source), kfpb_str(state)};
    int64_t count = 0;
    const kfps_status status = kfpb_query_int(
        conn, "SELECT COUNT(\"Source\") FROM \"kfpstore_migration\" WHERE \"Source\" = ? AND \"State\" = ?", values,
        COUNT(values), &count, NULL, error);
    *has = count > 0;
    return status;
}
