/* SPDX-License-Identifier: Apache-2.0 */
#include "migrate/report/facts.h"

#include <string.h>
#include <time.h>

#include "backends/base/fail.h"
#include "backends/base/utf8.h"
#include "kfpstore.h"
#include "migrate/names.h"
#include "migrate/notes.h"
#include "migrate/shown.h"
#include "schema/schema.h"

json_t *facts_text(const char *text)
{
    kfpb_text shown = {0};
    if (text != NULL && kfpb_utf8_valid(text, strlen(text)))
        shown_without_secrets(&shown, text);
    else if (text != NULL)
        kfpb_text_add(&shown, "\xef\xbf\xbd"); /* SQLite keeps bytes that are no text */
    json_t *fact = shown.out_of_memory ? NULL : json_stringn(kfpb_text_get(&shown), shown.length);
    kfpb_text_free(&shown);
    return fact;
}

typedef bool (*see_row)(json_t *facts, const kfpb_rows *rows);

/* Each row may add to the facts. */
static kfps_status each_row(kfpb_conn *conn, const char *sql, see_row see, json_t *facts, kfps_error *error)
{
    kfpb_rows *rows = NULL;
    kfps_status status = kfpb_query(conn, sql, NULL, 0, &rows, error);
    int got = 0;
    while (status == KFPS_OK && (got = kfpb_next(rows, error)) > 0) {
        if (!see(facts, rows))
            status = kfpb_fail_no_memory(error);
    }
    if (got < 0)
        status = (kfps_status) error->code;
    kfpb_rows_free(&rows);
    return status;
}

/* ---- the imports ------------------------------------------------------------------------------------------------- */

static const note_reason outside[] = {NOTE_FOREIGN_EXECUTION, NOTE_ARTIFACT_WITHOUT_EVENT,
                                      NOTE_EVENT_WITHOUT_EXECUTION};

static json_int_t count_of(const json_t *report, note_reason reason)
{
    return json_integer_value(
        json_object_get(json_object_get(json_object_get(report, "notes"), note_info(reason)->text), "count"));
}

static void add_outside(json_t *facts, const json_t *report)
{
    json_t *all = json_object_get(facts, "outside");
    for (size_t i = 0; i < sizeof outside / sizeof *outside; i++) {
        const char *text = note_info(outside[i])->text;
        const json_int_t count = json_integer_value(json_object_get(all, text)) + count_of(report, outside[i]);
        if (count > 0)
            json_object_set_new(all, text, json_integer(count));
    }
}

/* The report that the import itself left behind says what the source was. */
static bool see_import(json_t *facts, const kfpb_rows *rows)
{
    const char *text = kfpb_get_text(rows, 5, NULL);
    json_t *report = text != NULL ? json_loads(text, 0, NULL) : NULL;
    const json_t *source = json_object_get(report, "source");
    json_t *entry = json_object();
    json_object_set_new(entry, "source_id", facts_text(kfpb_get_text(rows, 0, NULL)));
    json_object_set_new(entry, "state", facts_text(kfpb_get_text(rows, 1, NULL)));
    json_object_set_new(entry, "started_at", json_integer(kfpb_get_int(rows, 2)));
    json_object_set_new(entry, "completed_at", json_integer(kfpb_get_int(rows, 3)));
    json_object_set_new(entry, "tool_version", facts_text(kfpb_get_text(rows, 4, NULL)));
    json_object_set_new(entry, "source", facts_text(json_string_value(json_object_get(source, "dsn"))));
    json_object_set_new(entry, "source_server", facts_text(json_string_value(json_object_get(source, "server"))));
    json_object_set_new(entry, "source_schema", json_integer(json_integer_value(json_object_get(source, "schema"))));
    json_object_set_new(entry, "seconds", json_real(json_number_value(json_object_get(report, "seconds"))));
    json_object_set_new(entry, "executions_per_second",
                        json_real(json_number_value(json_object_get(report, "executions_per_second"))));
    add_outside(facts, report);
    json_decref(report);
    return json_array_append_new(json_object_get(facts, "imports"), entry) == 0;
}

/* ---- the tables -------------------------------------------------------------------------------------------------- */

static bool see_state(json_t *facts, const kfpb_rows *rows)
{
    return json_object_set_new(json_object_get(facts, "tasks_by_state"),
                               name_of_task_state((int32_t) kfpb_get_int(rows, 0)),
                               json_integer(kfpb_get_int(rows, 1))) == 0;
}

static bool see_type(json_t *facts, const kfpb_rows *rows)
{
    return json_object_set_new(json_object_get(facts, "tasks_by_type"),
                               name_of_task_type((int32_t) kfpb_get_int(rows, 0)),
                               json_integer(kfpb_get_int(rows, 1))) == 0;
}

#define OF_IMPORTED_RUNS \
    " WHERE t.\"RunUUID\" IN (SELECT m.\"RunUUID\" FROM \"kfpstore_migration_run\" m WHERE m.\"Outcome\" = 'imported')"

static kfps_status count_rows(kfpb_conn *conn, json_t *facts, kfps_error *error)
{
    static const struct {
        const char *name, *sql;
    } counts[] = {
        {"tasks", "SELECT COUNT(*) FROM \"tasks\" t" OF_IMPORTED_RUNS},
        {"links", "SELECT COUNT(*) FROM \"artifact_tasks\" t" OF_IMPORTED_RUNS},
        {"artifacts", "SELECT COUNT(DISTINCT \"ArtifactID\") FROM \"kfpstore_migrated_artifact\""},
        {"metrics", "SELECT COUNT(DISTINCT a.\"UUID\") FROM \"artifacts\" a JOIN \"kfpstore_migrated_artifact\" m"
                    " ON m.\"ArtifactID\" = a.\"UUID\" WHERE a.\"NumberValue\" IS NOT NULL"},
        {"cache_entries", "SELECT COUNT(*) FROM \"tasks\" t" OF_IMPORTED_RUNS " AND t.\"Fingerprint\" <> ''"},
    };
    json_t *rows = json_object_get(facts, "rows");
    kfps_status status = KFPS_OK;
    for (size_t i = 0; i < sizeof counts / sizeof *counts && status == KFPS_OK; i++) {
        int64_t count = 0;
        status = kfpb_query_int(conn, counts[i].sql, NULL, 0, &count, NULL, error);
        json_object_set_new(rows, counts[i].name, json_integer(count));
    }
    if (status == KFPS_OK)
        status = each_row(
            conn, "SELECT t.\"State\", COUNT(*) FROM \"tasks\" t" OF_IMPORTED_RUNS " GROUP BY t.\"State\" ORDER BY 1",
            see_state, facts, error);
    if (status == KFPS_OK)
        status = each_row(
            conn, "SELECT t.\"Type\", COUNT(*) FROM \"tasks\" t" OF_IMPORTED_RUNS " GROUP BY t.\"Type\" ORDER BY 1",
            see_type, facts, error);
    return status;
}

static kfps_status add_schema(kfpb_conn *conn, json_t *facts, kfps_error *error)
{
    schema_status schema = {0};
    const kfps_status status = schema_status_read(conn, &schema, error);
    json_t *steps = json_object_get(facts, "schema");
    for (size_t i = 0; status == KFPS_OK && i < schema.count; i++) {
        const schema_step_status *s = &schema.steps[i];
        json_t *entry = json_object();
        json_object_set_new(entry, "step", json_integer(s->step->number));
        json_object_set_new(entry, "name", json_string(s->step->name));
        json_object_set_new(entry, "state", json_string(schema_step_state_name(s->state)));
        json_object_set_new(entry, "applied_at", json_integer(s->applied_at));
        json_object_set_new(entry, "tool_version", facts_text(s->tool_version));
        json_object_set_new(entry, "sha256", json_string(s->step->sha256));
        json_array_append_new(steps, entry);
    }
    schema_status_free(&schema);
    return status;
}

json_t *report_facts(kfpb_conn *conn, const char *target, kfps_error *error)
{
    json_t *facts = json_pack("{s:s, s:s, s:I, s:o, s:s, s:[], s:{}, s:{}, s:{}, s:{}, s:[]}", "tool", "kfp-migrate",
                              "version", kfps_version(), "generated_at", (json_int_t) time(NULL), "target",
                              facts_text(target), "target_server", conn->server, "imports", "outside", "rows",
                              "tasks_by_state", "tasks_by_type", "schema");
    if (facts == NULL) {
        kfpb_fail_no_memory(error);
        return NULL;
    }
    kfps_status status = each_row(conn,
                                  "SELECT \"Source\", \"State\", \"StartedAt\", \"CompletedAt\", \"ToolVersion\","
                                  " \"Report\" FROM \"kfpstore_migration\" ORDER BY \"Source\"",
                                  see_import, facts, error);
    if (status == KFPS_OK)
        status = count_rows(conn, facts, error);
    if (status == KFPS_OK)
        status = report_facts_runs(conn, facts, error);
    if (status == KFPS_OK)
        status = add_schema(conn, facts, error);
    if (status == KFPS_OK)
        return facts;
    json_decref(facts);
    return NULL;
}
