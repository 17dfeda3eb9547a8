/* SPDX-License-Identifier: Apache-2.0 */
/* schema.c: what stands in the target, and whether the schema's steps fit on it. */
#include <inttypes.h>
#include <string.h>

#include "migrate/preflight/preflight.h"

/* What an upgrade would say without doing anything; its refusals name their remedies. */
static void try_upgrade(preflight *p)
{
    kfpb_open_options open_options = cli_open_options(&p->options->target);
    const schema_upgrade_options options = {.standalone = p->options->create_target, .dry_run = true};
    open_options.read_only = true;
    if (schema_upgrade(&p->options->target.dsn, &open_options, &options, &p->error) != KFPS_OK)
        preflight_say(p, FIND_SCHEMA_REFUSED, "'schema upgrade' would end with: %s", p->error.message);
}

static void say_pending(preflight *p)
{
    const schema_status *s = &p->schema;
    int first = 0, last = 0;
    for (size_t i = 0; i < s->count; i++) {
        if (s->steps[i].state != SCHEMA_PENDING && s->steps[i].state != SCHEMA_PARTIAL)
            continue;
        if (first == 0)
            first = s->steps[i].step->number;
        last = s->steps[i].step->number;
    }
    if (first == last)
        preflight_say(p, FIND_SCHEMA_PENDING, "step %d of the schema is not applied", first);
    else
        preflight_say(p, FIND_SCHEMA_PENDING, "steps of the schema between %d and %d are not applied", first, last);
}

static kfps_status say_legacy(preflight *p)
{
    int64_t rows = 0;
    const kfps_status status = kfpb_query_int(p->target, "SELECT COUNT(*) FROM \"tasks\"", NULL, 0, &rows, NULL,
                                              &p->error);
    if (status == KFPS_OK)
        preflight_say(p, FIND_LEGACY_TASKS, "tasks is the table of KFP up to 2.15, with %" PRId64 " rows", rows);
    return status;
}

kfps_status preflight_schema(preflight *p)
{
    const bool create = p->options->create_target;
    const kfps_status status = schema_status_read(p->target, &p->schema, &p->error);
    if (status != KFPS_OK)
        return status;
    p->has_schema = true;
    const schema_status *s = &p->schema;
    if (s->newer) {
        preflight_say(p, FIND_SCHEMA_NEWER, "the schema is at step %d; this kfp-migrate knows %d", s->version,
                      schema_version());
        return KFPS_OK;
    }
    if (s->changed) {
        preflight_say(p, FIND_SCHEMA_CHANGED, "an applied step is not the one that this kfp-migrate knows");
        return KFPS_OK;
    }
    if (!s->has_run_details && !create) {
        preflight_say(
            p, FIND_NO_KFP,
            "there is no table run_details, or the account may not see it: no database of Kubeflow Pipelines");
        return KFPS_OK;
    }
    if (s->deferred)
        preflight_say(p, FIND_INDEXES_DEFERRED, "indexes are deferred by an import that has not ended");
    if (!s->pending)
        return KFPS_OK;
    if (!create)
        say_pending(p);
    try_upgrade(p);
    return s->has_legacy_tasks ? say_legacy(p) : KFPS_OK;
}

/* ---- MySQL: engines, character sets -------------------------------------------------------------------------------
 */

static kfps_status check_engines(preflight *p)
{
    static const char sql[] =
        "SELECT TABLE_NAME, ENGINE FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME IN"
        " ('experiments', 'run_details', 'tasks', 'artifacts', 'artifact_tasks', 'kfpstore_migration_run',"
        " 'kfpstore_lease') AND ENGINE IS NOT NULL AND ENGINE <> 'InnoDB' ORDER BY TABLE_NAME";
    kfpb_rows *rows = NULL;
    kfps_status status = kfpb_query(p->target, sql, NULL, 0, &rows, &p->error);
    int got = 0;
    while (status == KFPS_OK && (got = kfpb_next(rows, &p->error)) > 0)
        preflight_say(p, FIND_NO_TRANSACTIONS, "%s is of the engine %s, which has no transactions",
                      kfpb_get_text(rows, 0, NULL), kfpb_get_text(rows, 1, NULL));
    if (got < 0)
        status = (kfps_status) p->error.code;
    kfpb_rows_free(&rows);
    return status;
}

/* Our tables take the character set of run_details.UUID, which their foreign keys need. */
static kfps_status check_charset(preflight *p)
{
    static const char sql[] =
        "SELECT CHARACTER_SET_NAME, COLLATION_NAME FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE() AND"
        " TABLE_NAME = 'run_details' AND COLUMN_NAME = 'UUID' AND CHARACTER_SET_NAME IS NOT NULL";
    kfpb_rows *rows = NULL;
    kfps_status status = kfpb_query(p->target, sql, NULL, 0, &rows, &p->error);
    const int got = status == KFPS_OK ? kfpb_next(rows, &p->error) : 0;
    if (got < 0)
        status = (kfps_status) p->error.code;
    if (got > 0 && strcmp(kfpb_get_text(rows, 0, NULL), "utf8mb4") != 0)
        preflight_say(p, FIND_TARGET_CHARSET,
                      "run_details is %s: the new tables will be, and cannot hold all characters",
                      kfpb_get_text(rows, 0, NULL));
    if (got > 0) {
        bool bytes = true;
        char collation[65];
        snprintf(collation, sizeof collation, "%s", kfpb_get_text(rows, 1, NULL));
        kfpb_rows_free(&rows);
        status = p->target->driver->compares_by_bytes(p->target, "run_details", "UUID", &bytes, &p->error);
        if (status == KFPS_OK && !bytes)
            preflight_say(p, FIND_TARGET_COLLATION, "keys are compared by %s, not by their bytes", collation);
    }
    kfpb_rows_free(&rows);
    return status;
}

kfps_status preflight_target_tables(preflight *p)
{
    if (strcmp(p->target->driver->name, "mysql") != 0)
        return KFPS_OK;
    const kfps_status status = check_engines(p);
    return status == KFPS_OK ? check_charset(p) : status;
}
