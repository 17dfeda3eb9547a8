/* SPDX-License-Identifier: Apache-2.0 */
/* upgrade.c: applies what is pending, or says what that would be. */
#include <stdio.h>

#include "backends/base/fail.h"
#include "schema/apply.h"
#include "schema/deferred.h"
#include "schema/record.h"

enum { LARGE = 100000 };

/* Says so before a step that builds indexes on tables with many rows. */
static kfps_status tell_large(kfpb_conn *conn, const schema_step *step, const schema_upgrade_options *options,
                              kfps_error *error)
{
    static const struct {
        const char *table;
        const char *count; /* stops counting when it is enough */
    } tables[] = {
        {"artifacts", "SELECT COUNT(*) FROM (SELECT 1 AS n FROM \"artifacts\" LIMIT 100000) AS t"},
        {"tasks", "SELECT COUNT(*) FROM (SELECT 1 AS n FROM \"tasks\" LIMIT 100000) AS t"},
    };
    if (step->number <= SCHEMA_STEP_BASELINE)
        return KFPS_OK;
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
        int64_t count = 0;
        kfps_status status = kfpb_query_int(conn, tables[i].count, NULL, 0, &count, NULL, error);
        if (status != KFPS_OK)
            return status;
        if (count >= LARGE)
            schema_tell(options, "step %d (%s): %s has more than %d rows; this can take minutes%s", step->number,
                        step->name, tables[i].table, (int) LARGE,
                        (conn->driver->capabilities & KFPB_CAP_FILE) != 0 ? ", and nothing else can write meanwhile"
                                                                          : ", writers can go on meanwhile");
    }
    return KFPS_OK;
}

static kfps_status tell_plan(kfpb_conn *conn, const schema_status *status, const schema_upgrade_options *options,
                             kfps_error *error)
{
    kfpb_text table_options = {0};
    kfpb_text sql = {0};
    kfps_status result = schema_table_options(conn, &table_options, error);
    for (size_t i = 0; result == KFPS_OK && i < status->count; i++) {
        const schema_step_status *step = &status->steps[i];
        if (step->state != SCHEMA_PENDING && step->state != SCHEMA_PARTIAL)
            continue;
        schema_tell(options, "-- step %d: %s", step->step->number, step->step->name);
        const char *cursor = step->step->sql;
        for (int n = 0; schema_next_statement(&cursor, kfpb_text_get(&table_options), &sql); n++) {
            if (n < step->statements_done)
                continue;
            kfpb_text_char(&sql, ';');
            if (sql.out_of_memory) {
                result = kfpb_fail_no_memory(error);
                break;
            }
            if (options->say != NULL)
                options->say(options->say_context, kfpb_text_get(&sql));
        }
    }
    if (result == KFPS_OK && status->deferred)
        result = schema_tell_deferred(conn, options, error);
    if (result == KFPS_OK && !status->pending && !status->deferred)
        schema_tell(options, "the schema is up to date (step %d)", status->version);
    kfpb_text_free(&sql);
    kfpb_text_free(&table_options);
    return result;
}

static kfps_status apply_pending(kfpb_conn *conn, const schema_status *status, const schema_lease *lease,
                                 const schema_upgrade_options *options, kfps_error *error)
{
    kfps_status result = KFPS_OK;
    for (size_t i = 0; result == KFPS_OK && i < status->count; i++) {
        const schema_step_status *step = &status->steps[i];
        if (options->stop != NULL && *options->stop != 0)
            return kfpb_fail(error, KFPS_INTERRUPTED, "stopped before step %d (%s); run it again, it goes on there",
                             step->step->number, step->step->name);
        if (step->state == SCHEMA_NOT_NEEDED && step->applied_at == 0) {
            result = schema_record(conn, step->step, SCHEMA_NOT_NEEDED, 0, error);
        } else if (step->state == SCHEMA_PENDING || step->state == SCHEMA_PARTIAL) {
            schema_tell(options, "step %d (%s)", step->step->number, step->step->name);
            result = tell_large(conn, step->step, options, error);
            if (result == KFPS_OK)
                result = schema_apply(conn, step, lease, options, error);
        }
    }
    return result;
}

static kfps_status upgrade_locked(kfpb_conn *conn, const schema_lease *lease, const schema_upgrade_options *options,
                                  kfps_error *error)
{
    schema_status status;
    /* Another may have been at work since the first look. */
    kfps_status result = schema_status_read(conn, &status, error);
    if (result != KFPS_OK)
        return result;
    result = schema_refuse_upgrade(conn, &status, options, error);
    if (result == KFPS_OK && status.deferred)
        result = schema_build_deferred(conn, lease, options, error);
    if (result == KFPS_OK)
        result = apply_pending(conn, &status, lease, options, error);
    schema_status_free(&status);
    if (result == KFPS_OK)
        schema_tell(options, "the schema is up to date (step %d)", schema_version());
    return result;
}

/* A look takes several statements: beside an upgrade that is under way it may see half of what that does. So tables in
 * the way are a reason to refuse only where none can be under way, or under the lease. One that began after the books
 * were looked for shows by them at the second look. */
static kfps_status look_first(kfpb_conn *conn, const schema_upgrade_options *options, schema_status *status,
                              kfps_error *error)
{
    kfps_status result = KFPS_OK;
    schema_upgrade_options quiet = *options;
    quiet.say = NULL; /* what differs is listed once */
    for (int look = 0; look < 2; look++) {
        schema_status_free(status);
        result = schema_status_read(conn, status, error);
        if (result != KFPS_OK)
            break;
        const bool may_be_under_way = status->has_books && status->pending && !options->dry_run;
        result = may_be_under_way ? schema_refuse_foreign(status, error)
                                  : schema_refuse_upgrade(conn, status, look == 0 ? &quiet : options, error);
        if (result != KFPS_SCHEMA || may_be_under_way)
            break;
    }
    return result;
}

kfps_status schema_upgrade(const kfpb_dsn *dsn, const kfpb_open_options *open_options,
                           const schema_upgrade_options *options, kfps_error *error)
{
    kfpb_open_options how = *open_options;
    kfpb_conn *conn = NULL;
    schema_lease *lease = NULL;
    schema_status status = {0};
    how.source = false;
    how.statement_timeout_ms = 0;
    how.read_only = options->dry_run;
    how.create = how.create && !options->dry_run;
    kfps_status result = kfpb_open(dsn, &how, &conn, error);
    if (result == KFPS_OK)
        result = look_first(conn, options, &status, error);
    if (result != KFPS_OK)
        goto out;
    if (options->dry_run || !(status.pending || status.deferred)) {
        result = tell_plan(conn, &status, options, error);
        goto out;
    }
    result = schema_ensure_books(conn, error);
    if (result != KFPS_OK)
        goto out;
    const schema_lease_options lease_options = {
        .purpose = "schema upgrade", .slots = 1, .wait_s = options->wait_lock_s, .stop = options->stop};
    result = schema_lease_take(dsn, &how, &lease_options, &lease, error);
    if (result == KFPS_OK)
        result = upgrade_locked(conn, lease, options, error);
out:
    schema_lease_release(&lease);
    schema_status_free(&status);
    if (conn != NULL && !options->dry_run)
        schema_explain_rights(result, error);
    kfpb_close(&conn);
    return result;
}
