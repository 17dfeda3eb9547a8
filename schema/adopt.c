/* SPDX-License-Identifier: Apache-2.0 */
/* adopt.c: takes over tables that upstream's API server made, if they are what the baseline promises. */
#include "backends/base/fail.h"
#include "schema/apply.h"
#include "schema/record.h"

static const char *const adopted[] = {"artifacts", "tasks", "artifact_tasks"};

static kfps_status compare_tables(kfpb_conn *conn, const schema_upgrade_options *options, kfps_error *error)
{
    schema_picture promise;
    schema_picture found;
    kfps_status status = schema_promise(conn->driver, &promise, error);
    if (status != KFPS_OK)
        return status;
    status = schema_inspect(conn, adopted, sizeof adopted / sizeof adopted[0], &found, error);
    if (status == KFPS_OK) {
        const size_t differences = schema_compare(&promise, &found, options->say, options->say_context);
        if (differences > 0)
            status = kfpb_fail(
                error, KFPS_SCHEMA,
                "the tables are not what the baseline promises (%zu difference%s); correct them and run this again",
                differences, differences == 1 ? "" : "s");
        schema_picture_free(&found);
    }
    schema_picture_free(&promise);
    return status;
}

/* The steps up to the baseline, in one transaction: who finds the baseline finds all of them. */
static kfps_status record_adopted(kfpb_conn *conn, const schema_lease *lease, kfps_error *error)
{
    schema_status status;
    kfps_status result = schema_status_read(conn, &status, error);
    if (result != KFPS_OK)
        return result;
    result = kfpb_begin(conn, KFPB_TX_WRITE, error);
    for (size_t i = 0; result == KFPS_OK && i < status.count; i++) {
        const schema_step_status *step = &status.steps[i];
        if (step->step->number == SCHEMA_STEP_BASELINE)
            result = schema_record(conn, step->step, SCHEMA_ADOPTED, schema_count_statements(step->step), error);
        else if (step->step->number < SCHEMA_STEP_BASELINE && step->state != SCHEMA_APPLIED &&
                 step->state != SCHEMA_ADOPTED)
            result = schema_record(conn, step->step, SCHEMA_NOT_NEEDED, 0, error);
    }
    result = schema_lease_commit(lease, conn, result, error);
    schema_status_free(&status);
    return result;
}

kfps_status schema_adopt(const kfpb_dsn *dsn, const kfpb_open_options *open_options,
                         const schema_upgrade_options *options, kfps_error *error)
{
    kfpb_open_options how = *open_options;
    kfpb_conn *conn = NULL;
    schema_lease *lease = NULL;
    schema_status status = {0};
    how.source = false;
    how.create = false;
    how.read_only = options->dry_run;
    kfps_status result = kfpb_open(dsn, &how, &conn, error);
    if (result == KFPS_OK)
        result = schema_status_read(conn, &status, error);
    if (result == KFPS_OK)
        result = schema_refuse_foreign(&status, error);
    if (result != KFPS_OK)
        goto out;
    const schema_step_state baseline = status.steps[SCHEMA_STEP_BASELINE - 1].state;
    if (baseline == SCHEMA_APPLIED || baseline == SCHEMA_ADOPTED) {
        schema_tell(options, "the tables are recorded already; there is nothing to adopt");
        goto out;
    }
    if (!status.has_new_tables && (!status.has_tasks || status.has_legacy_tasks)) {
        result = kfpb_fail(error, KFPS_SCHEMA,
                           "there are no tables of a newer API server to adopt; run: kfp-migrate schema upgrade");
        goto out;
    }
    result = compare_tables(conn, options, error);
    if (result != KFPS_OK)
        goto out;
    if (options->dry_run) {
        schema_tell(options, "the tables are what the baseline promises; step %d would be recorded as adopted",
                    (int) SCHEMA_STEP_BASELINE);
        goto out;
    }
    result = schema_ensure_books(conn, error);
    if (result != KFPS_OK)
        goto out;
    const schema_lease_options lease_options = {
        .purpose = "schema adopt", .slots = 1, .wait_s = options->wait_lock_s, .stop = options->stop};
    result = schema_lease_take(dsn, &how, &lease_options, &lease, error);
    if (result == KFPS_OK)
        result = record_adopted(conn, lease, error);
    if (result == KFPS_OK)
        schema_tell(options, "the tables were adopted as step %d; run: kfp-migrate schema upgrade",
                    (int) SCHEMA_STEP_BASELINE);
out:
    schema_lease_release(&lease);
    schema_status_free(&status);
    if (conn != NULL && !options->dry_run)
        schema_explain_rights(result, error);
    kfpb_close(&conn);
    return result;
}
