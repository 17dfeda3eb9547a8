/* SPDX-License-Identifier: Apache-2.0 */
/* check.c: kfps_check. It reads the books that kfp-migrate keeps; it neither knows the steps nor compares the tables.
 */
#include "kfpstore/check.h"

#include <stdio.h>

#include "backends/base/fail.h"
#include "libkfpstore/operation.h"
#include "libkfpstore/query.h"
#include "libkfpstore/schema_version.h"

typedef struct look {
    bool need_migration;
    bool books, new_tables, run_details;
    bool old_tasks, half_altered;
    bool partial, deferred;
    int64_t version, min_reader;
    int64_t migrations, importing, rolling_back;
} look;

/* ---- what is there ----------------------------------------------------------------------------------------------- */

typedef struct table_look {
    bool there;
    bool old_column, new_column; /* of the table `tasks` of KFP up to 2.15, of the one after */
} table_look;

static kfps_status see_column(void *context, const kfpb_rows *row, kfps_error *error)
{
    table_look *table = context;
    const char *name = kfpb_get_text(row, 0, NULL);
    (void) error;
    table->there = true;
    if (name != NULL && strcmp(name, "MLMDExecutionID") == 0)
        table->old_column = true;
    if (name != NULL && (strcmp(name, "pods") == 0 || strcmp(name, "LogicalKey") == 0))
        table->new_column = true;
    return KFPS_OK;
}

static kfps_status look_at_table(kfpsi_op *op, const char *name, table_look *table, kfps_error *error)
{
    kfpb_sql sql;
    *table = (table_look){0};
    kfpb_sql_init(&sql, op->conn);
    kfpsi_columns_of(&sql, name);
    const kfps_status status = kfpsi_each(op->conn, &sql, see_column, table, error);
    kfpb_sql_free(&sql);
    return status;
}

static kfps_status look_at_tables(kfpsi_op *op, look *at, kfps_error *error)
{
    table_look books, tasks, artifacts, runs;
    kfps_status status = look_at_table(op, "kfpstore_schema", &books, error);
    if (status == KFPS_OK)
        status = look_at_table(op, "tasks", &tasks, error);
    if (status == KFPS_OK)
        status = look_at_table(op, "artifacts", &artifacts, error);
    if (status == KFPS_OK)
        status = look_at_table(op, "run_details", &runs, error);
    if (status != KFPS_OK)
        return status;
    at->books = books.there;
    at->new_tables = artifacts.there || (tasks.there && !tasks.old_column);
    at->run_details = runs.there;
    at->old_tasks = tasks.old_column;
    at->half_altered = tasks.old_column && tasks.new_column;
    return KFPS_OK;
}

static kfps_status see_step(void *context, const kfpb_rows *row, kfps_error *error)
{
    look *at = context;
    const int64_t step = kfpb_get_int(row, 0), min_reader = kfpb_get_int(row, 2);
    const char *state = kfpb_get_text(row, 1, NULL);
    (void) error;
    if (state != NULL && strcmp(state, "partial") == 0)
        at->partial = true;
    else if (step > at->version)
        at->version = step;
    at->deferred |= state != NULL && strcmp(state, "deferred") == 0;
    if ((state == NULL || strcmp(state, "not-needed") != 0) && min_reader > at->min_reader)
        at->min_reader = min_reader;
    return KFPS_OK;
}

static kfps_status see_migration(void *context, const kfpb_rows *row, kfps_error *error)
{
    look *at = context;
    const char *state = kfpb_get_text(row, 0, NULL);
    (void) error;
    at->migrations++;
    if (state != NULL && strcmp(state, "rolling-back") == 0)
        at->rolling_back++;
    else if (state == NULL || strcmp(state, "complete") != 0)
        at->importing++;
    return KFPS_OK;
}

static kfps_status read_table(kfpsi_op *op, const char *query, kfpsi_see see, look *at, kfps_error *error)
{
    kfpb_sql sql;
    kfpb_sql_init(&sql, op->conn);
    kfpb_sql_add(&sql, query);
    const kfps_status status = kfpsi_each(op->conn, &sql, see, at, error);
    kfpb_sql_free(&sql);
    return status;
}

/* The import's table came with a step: an older database may not have it. */
static kfps_status look_at_migrations(kfpsi_op *op, look *at, kfps_error *error)
{
    table_look migrations;
    const kfps_status status = look_at_table(op, "kfpstore_migration", &migrations, error);
    if (status != KFPS_OK || !migrations.there)
        return status;
    return read_table(op, "SELECT \"State\" FROM \"kfpstore_migration\"", see_migration, at, error);
}

static kfps_status look_at_all(kfpsi_op *op, void *context, kfps_error *error)
{
    look *at = context;
    *at = (look){.need_migration = at->need_migration};
    kfps_status status = look_at_tables(op, at, error);
    if (status == KFPS_OK && at->books)
        status = read_table(op, "SELECT \"Step\",\"State\",\"MinReader\" FROM \"kfpstore_schema\"", see_step, at,
                            error);
    return status == KFPS_OK ? look_at_migrations(op, at, error) : status;
}

/* ---- what that means --------------------------------------------------------------------------------------------- */

#define UPGRADE "kfp-migrate schema upgrade"
#define ADOPT   "kfp-migrate schema adopt"

static bool half_altered(const look *at)
{
    return at->half_altered;
}
static bool old_tasks(const look *at)
{
    return at->old_tasks;
}
static bool newer(const look *at)
{
    return at->min_reader > KFPSI_SCHEMA_VERSION;
}
static bool partial(const look *at)
{
    return at->partial;
}
static bool upstreams_alone(const look *at)
{
    return at->version == 0 && at->new_tables;
}
static bool empty(const look *at)
{
    return at->version == 0 && !at->run_details;
}
static bool missing(const look *at)
{
    return at->version == 0;
}
static bool older(const look *at)
{
    return at->version < KFPSI_SCHEMA_OLDEST;
}
static bool rolling_back(const look *at)
{
    return at->rolling_back > 0;
}
static bool importing(const look *at)
{
    return at->importing > 0;
}
static bool deferred(const look *at)
{
    return at->deferred;
}
static bool never_migrated(const look *at)
{
    return at->need_migration && at->migrations == 0;
}

/* The first that is so. Sentences may use the version of the database and the wanted one, in this order. */
static const struct {
    bool (*is)(const look *at);
    kfps_readiness_state state;
    const char *sentence;
    const char *command;
} findings[] = {
    {newer, KFPS_SCHEMA_NEWER,
     "the schema is at step %d and was made by a newer version; this library knows step %d: use a newer library",
     "kfp-migrate schema status"},
    {half_altered, KFPS_LEGACY_TASKS,
     "the table tasks is that of KFP up to 2.15, half altered by a newer API server: restore it from a backup, or see "
     "the manual of the command",
     "kfp-migrate schema status"},
    {old_tasks, KFPS_LEGACY_TASKS,
     "the table tasks is that of KFP up to 2.15: the upgrade keeps it as tasks_pre_migration and makes the new one",
     UPGRADE},
    {partial, KFPS_SCHEMA_UNFINISHED,
     "an upgrade of the schema was cut off after step %d; step %d is the last: run it again, it goes on there",
     UPGRADE},
    {upstreams_alone, KFPS_SCHEMA_MISSING, "the tables were made by an API server and not by kfpstore: adopt them",
     ADOPT},
    {empty, KFPS_SCHEMA_MISSING,
     "the database has no tables of Kubeflow Pipelines; without an API server make all of them",
     UPGRADE " --standalone"},
    {missing, KFPS_SCHEMA_MISSING, "the database has no schema of kfpstore", UPGRADE},
    {older, KFPS_SCHEMA_OLDER, "the schema is at step %d and step %d is needed", UPGRADE},
    {rolling_back, KFPS_MIGRATION_UNFINISHED, "a rollback of an import from ML Metadata began and has not finished",
     "kfp-migrate rollback"},
    {importing, KFPS_MIGRATION_UNFINISHED, "an import from ML Metadata began and has not finished",
     "kfp-migrate import"},
    {deferred, KFPS_SCHEMA_UNFINISHED, "an import from ML Metadata has left indexes that are still to be built",
     UPGRADE},
    {never_migrated, KFPS_MIGRATION_MISSING, "nothing was imported from ML Metadata yet", "kfp-migrate import"},
};

kfps_status kfps_check(kfps_session *session, int32_t need_migration, kfps_readiness *out, kfps_error *error)
{
    look at = {.need_migration = need_migration != 0};
    kfpb_error_clear(error);
    if (session == NULL || out == NULL)
        return kfpb_fail(error, KFPS_INVALID, "kfps_check: session and out must not be NULL");
    *out = (kfps_readiness){.wanted_version = KFPSI_SCHEMA_VERSION};
    const kfps_status status = kfpsi_read_any_schema(session, look_at_all, &at, error);
    if (status != KFPS_OK)
        return status;
    out->schema_version = (int32_t) at.version;
    snprintf(out->sentence, sizeof out->sentence, "the schema is at step %d; the database is ready",
             out->schema_version);
    for (size_t i = 0; i < sizeof findings / sizeof *findings; i++) {
        if (!findings[i].is(&at))
            continue;
        const char *command = findings[i].command;
        out->state = (int32_t) findings[i].state;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        snprintf(out->sentence, sizeof out->sentence, findings[i].sentence, out->schema_version, out->wanted_version);
#pragma GCC diagnostic pop
        snprintf(out->command, sizeof out->command, "%s", command);
        break;
    }
    return KFPS_OK;
}
