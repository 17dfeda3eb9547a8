/* SPDX-License-Identifier: Apache-2.0 */
/* guard.c: refuses to touch a database that is not what the steps expect, and says what to do about it. */
#include <stdarg.h>
#include <stdio.h>

#include "backends/base/fail.h"
#include "schema/apply.h"

void schema_tell(const schema_upgrade_options *options, const char *format, ...)
{
    char line[1024];
    va_list arguments;
    if (options->say == NULL)
        return;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    options->say(options->say_context, line);
}

kfps_status schema_refuse_foreign(const schema_status *status, kfps_error *error)
{
    if (status->newer || status->min_reader_version > schema_version())
        return kfpb_fail(
            error, KFPS_SCHEMA,
            "the database's schema is at step %d, and this kfp-migrate knows steps up to %d only; use the newer one",
            status->version, schema_version());
    for (size_t i = 0; i < status->count; i++) {
        const schema_step_status *step = &status->steps[i];
        if (step->state == SCHEMA_CHANGED)
            return kfpb_fail(
                error, KFPS_SCHEMA,
                "step %d (%s) was applied by kfp-migrate %s with another text (its checksum differs); use that "
                "version, or check the tables and correct the checksum in kfpstore_schema",
                step->step->number, step->step->name, step->tool_version);
    }
    return KFPS_OK;
}

/* Lists how the half altered table differs from the new one. */
static kfps_status refuse_mixed_tasks(kfpb_conn *conn, const schema_upgrade_options *options, kfps_error *error)
{
    static const char *const name = "tasks";
    schema_picture promise;
    schema_picture found;
    kfps_status status = schema_promise(conn->driver, &promise, error);
    if (status != KFPS_OK)
        return status;
    status = schema_inspect(conn, &name, 1, &found, error);
    if (status == KFPS_OK) {
        const schema_picture tasks = {.tables = (schema_table *) schema_find_table(&promise, name), .count = 1};
        const size_t differences = schema_compare(&tasks, &found, options->say, options->say_context);
        schema_picture_free(&found);
        status = kfpb_fail(
            error, KFPS_SCHEMA,
            "tasks is the table of KFP up to 2.15, half altered by a newer API server (%zu differences from the "
            "new one); stop that server, put the old table back from a backup, and run this again",
            differences);
    }
    schema_picture_free(&promise);
    return status;
}

kfps_status schema_refuse_upgrade(kfpb_conn *conn, const schema_status *status, const schema_upgrade_options *options,
                                  kfps_error *error)
{
    kfps_status refused = schema_refuse_foreign(status, error);
    if (refused != KFPS_OK)
        return refused;
    const schema_step_state standalone = status->steps[SCHEMA_STEP_STANDALONE - 1].state;
    const schema_step_state legacy = status->steps[SCHEMA_STEP_LEGACY - 1].state;
    const schema_step_state baseline = status->steps[SCHEMA_STEP_BASELINE - 1].state;
    if (standalone == SCHEMA_PENDING && !options->standalone)
        return kfpb_fail(
            error, KFPS_SCHEMA,
            "there is no table run_details, so this is not a Kubeflow Pipelines database; give --standalone to "
            "make the tables in a database that no KFP made");
    if (status->has_mixed_tasks)
        return refuse_mixed_tasks(conn, options, error);
    if (legacy == SCHEMA_PENDING && status->has_pre_migration)
        return kfpb_fail(
            error, KFPS_SCHEMA,
            "both tasks of KFP up to 2.15 and tasks_pre_migration are there, so the old table cannot be moved; "
            "rename tasks_pre_migration");
    if (baseline == SCHEMA_PENDING &&
        (status->has_new_tables || (status->has_tasks && !status->has_legacy_tasks && legacy != SCHEMA_PARTIAL)))
        return kfpb_fail(
            error, KFPS_SCHEMA,
            "artifacts, tasks or artifact_tasks is there already and not recorded: if an API server made them, "
            "run: kfp-migrate schema adopt");
    return KFPS_OK;
}

void schema_explain_rights(kfps_status result, kfps_error *error)
{
    if (result == KFPS_PERMISSION)
        kfpb_error_prefix(
            error, "the account may not create and alter tables (CREATE, ALTER, DROP, INDEX and REFERENCES; on "
                   "PostgreSQL CREATE on the schema, and the tables must be its own): use one that may, or let an "
                   "administrator run what 'kfp-migrate schema print' prints");
}
