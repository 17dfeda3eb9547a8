/* SPDX-License-Identifier: Apache-2.0 */
/* status.c: what was applied to a database and what is still to do; reads only. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/base/fail.h"
#include "schema/inspect.h"
#include "schema/steps.h"

static const char *const looked_at[] = {"kfpstore_schema", "kfpstore_lease", "run_details",        "tasks",
                                        "artifacts",       "artifact_tasks", "tasks_pre_migration"};

static schema_step_status *find_step(schema_status *status, int number)
{
    for (size_t i = 0; i < status->count; i++) {
        if (status->steps[i].step->number == number)
            return &status->steps[i];
    }
    return NULL;
}

static schema_step_state state_from(const char *name)
{
    for (schema_step_state state = SCHEMA_APPLIED; state <= SCHEMA_DEFERRED; state++) {
        if (strcmp(schema_step_state_name(state), name) == 0)
            return state;
    }
    return SCHEMA_PENDING;
}

static void take_record(schema_status *out, const kfpb_rows *row)
{
    const int number = (int) kfpb_get_int(row, 0);
    const int min_reader = (int) kfpb_get_int(row, 6);
    const char *checksum = kfpb_get_text(row, 1, NULL);
    const char *state = kfpb_get_text(row, 3, NULL);
    const char *version = kfpb_get_text(row, 5, NULL);
    const schema_step_state recorded = state_from(state != NULL ? state : "");
    if (recorded != SCHEMA_NOT_NEEDED && min_reader > out->min_reader_version)
        out->min_reader_version = min_reader;
    if (number > out->version)
        out->version = number;
    schema_step_status *step = find_step(out, number);
    if (step == NULL) {
        out->newer = true;
        return;
    }
    step->state = recorded;
    step->statements_done = (int) kfpb_get_int(row, 2);
    step->applied_at = kfpb_get_int(row, 4);
    snprintf(step->tool_version, sizeof step->tool_version, "%s", version != NULL ? version : "");
    if (recorded != SCHEMA_NOT_NEEDED && recorded != SCHEMA_PENDING &&
        strcmp(checksum != NULL ? checksum : "", step->step->sha256) != 0) {
        step->state = SCHEMA_CHANGED;
        out->changed = true;
    }
}

static kfps_status read_records(kfpb_conn *conn, schema_status *out, kfps_error *error)
{
    kfpb_rows *rows = NULL;
    kfps_status status = kfpb_query(
        conn,
        "SELECT \"Step\", \"Checksum\", \"Statement\", \"State\", \"AppliedAtInSec\", \"ToolVersion\", "
        "\"MinReader\" FROM \"kfpstore_schema\" ORDER BY \"Step\"",
        NULL, 0, &rows, error);
    if (status != KFPS_OK)
        return status;
    int next;
    while ((next = kfpb_next(rows, error)) == 1)
        take_record(out, rows);
    return schema_rows_end(&rows, next, error);
}

/* What stands in the database decides whether a step with a condition is needed, as long as it was not applied. */
static bool is_needed(const schema_status *status, const schema_step *step)
{
    switch (step->when) {
    case SCHEMA_STANDALONE:
        return !status->has_run_details;
    case SCHEMA_LEGACY_TASKS:
        return status->has_legacy_tasks;
    default:
        return true;
    }
}

static void look_at_tables(const schema_picture *picture, schema_status *out)
{
    const schema_table *tasks = schema_find_table(picture, "tasks");
    out->has_run_details = schema_find_table(picture, "run_details") != NULL;
    out->has_pre_migration = schema_find_table(picture, "tasks_pre_migration") != NULL;
    out->has_new_tables = schema_find_table(picture, "artifacts") != NULL ||
                          schema_find_table(picture, "artifact_tasks") != NULL;
    out->has_tasks = tasks != NULL;
    if (tasks != NULL) {
        const bool old = schema_find_column(tasks, "MLMDExecutionID") != NULL;
        const bool altered = schema_find_column(tasks, "pods") != NULL ||
                             schema_find_column(tasks, "TypeAttrs") != NULL ||
                             schema_find_column(tasks, "LogicalKey") != NULL ||
                             schema_find_column(tasks, "ScopePath") != NULL;
        out->has_legacy_tasks = old && !altered;
        out->has_mixed_tasks = old && altered;
    }
}

kfps_status schema_status_read(kfpb_conn *conn, schema_status *out, kfps_error *error)
{
    *out = (schema_status){0};
    schema_picture picture;
    size_t count = 0;
    const schema_step *steps = schema_steps(conn->driver, &count);
    if (steps == NULL)
        return kfpb_fail(error, KFPS_INTERNAL, "no schema is known for %s", conn->driver->name);
    kfps_status status = schema_inspect(conn, looked_at, sizeof looked_at / sizeof looked_at[0], &picture, error);
    if (status != KFPS_OK)
        return status;
    out->steps = calloc(count, sizeof *out->steps);
    if (out->steps == NULL) {
        status = kfpb_fail_no_memory(error);
        goto out;
    }
    out->count = count;
    for (size_t i = 0; i < count; i++)
        out->steps[i] = (schema_step_status){.step = &steps[i]};
    look_at_tables(&picture, out);
    out->has_books = schema_find_table(&picture, "kfpstore_schema") != NULL &&
                     schema_find_table(&picture, "kfpstore_lease") != NULL;
    if (schema_find_table(&picture, "kfpstore_schema") != NULL)
        status = read_records(conn, out, error);
    if (status != KFPS_OK)
        goto out;
    /* The move of the old table serves the baseline alone: once that is there, no table called tasks is in its way. */
    const schema_step_status *baseline = find_step(out, SCHEMA_STEP_BASELINE);
    const bool baseline_done = baseline != NULL && baseline->state != SCHEMA_PENDING &&
                               baseline->state != SCHEMA_NOT_NEEDED;
    for (size_t i = 0; i < count; i++) {
        schema_step_status *step = &out->steps[i];
        if (step->state == SCHEMA_PENDING || step->state == SCHEMA_NOT_NEEDED) {
            const bool needed = is_needed(out, step->step) &&
                                !(baseline_done && step->step->when == SCHEMA_LEGACY_TASKS);
            step->state = needed ? SCHEMA_PENDING : SCHEMA_NOT_NEEDED;
        }
        if (step->state == SCHEMA_PENDING || step->state == SCHEMA_PARTIAL)
            out->pending = true;
        out->deferred |= step->state == SCHEMA_DEFERRED;
    }
out:
    schema_picture_free(&picture);
    if (status != KFPS_OK)
        schema_status_free(out);
    return status;
}

void schema_status_free(schema_status *status)
{
    free(status->steps);
    *status = (schema_status){0};
}
