/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "backends/base/fail.h"
#include "migrate/cli.h"
#include "migrate/notes.h"
#include "migrate/schema_ready.h"
#include "schema/schema.h"

enum { OPT_EXIT_CODE = 256, OPT_JSON };

static const cli_option options_table[] = {
    CLI_OPTION_TARGET,
    {"exit-code", NULL, OPT_EXIT_CODE, "end with 3 if no import was finished or one is unfinished"},
    {"json", NULL, OPT_JSON, "one JSON object"},
    CLI_OPTION_WAIT,
    {0}};

/* The import's tables as one JSON object:
 * {"imports":[…],"outcomes":[…],"notes":{…},"unfinished":bool,"indexes_deferred":bool}. */

static json_t *read_imports(kfpb_conn *conn, bool *unfinished, kfps_error *error)
{
    json_t *list = json_array();
    kfpb_rows *rows = NULL;
    int got = 0;
    size_t count = 0;
    *unfinished = false;
    if (kfpb_query(conn,
                   "SELECT \"Source\", \"State\", \"StartedAt\", \"CompletedAt\", \"ToolVersion\""
                   " FROM \"kfpstore_migration\" ORDER BY \"Source\"",
                   NULL, 0, &rows, error) == KFPS_OK) {
        while ((got = kfpb_next(rows, error)) > 0) {
            const char *state = kfpb_get_text(rows, 1, NULL);
            count++;
            if (strcmp(state, "complete") != 0)
                *unfinished = true;
            json_array_append_new(list, json_pack("{s:s,s:s}", "source", kfpb_get_text(rows, 0, NULL), "state", state));
            json_t *last = json_array_get(list, count - 1);
            json_object_set_new(last, "started_at", json_integer(kfpb_get_int(rows, 2)));
            json_object_set_new(last, "completed_at", json_integer(kfpb_get_int(rows, 3)));
            json_object_set_new(last, "tool_version", json_string(kfpb_get_text(rows, 4, NULL)));
        }
    }
    kfpb_rows_free(&rows);
    if (count == 0)
        *unfinished = true;
    if (error->code != KFPS_OK) {
        json_decref(list);
        return NULL;
    }
    return list;
}

static json_t *read_outcomes(kfpb_conn *conn, kfps_error *error)
{
    json_t *list = json_array();
    kfpb_rows *rows = NULL;
    if (kfpb_query(conn,
                   "SELECT \"Source\", \"Outcome\", COALESCE(\"Reason\", ''), COUNT(\"ContextID\"), SUM(\"Tasks\"),"
                   " SUM(\"Artifacts\"), SUM(\"Links\") FROM \"kfpstore_migration_run\""
                   " GROUP BY \"Source\", \"Outcome\", COALESCE(\"Reason\", '') ORDER BY 1, 2, 3",
                   NULL, 0, &rows, error) == KFPS_OK) {
        while (kfpb_next(rows, error) > 0) {
            json_t *entry = json_object();
            json_object_set_new(entry, "source", json_string(kfpb_get_text(rows, 0, NULL)));
            json_object_set_new(entry, "outcome", json_string(kfpb_get_text(rows, 1, NULL)));
            json_object_set_new(entry, "reason", json_string(kfpb_get_text(rows, 2, NULL)));
            json_object_set_new(entry, "runs", json_integer(kfpb_get_int(rows, 3)));
            json_object_set_new(entry, "tasks", json_integer(kfpb_get_int(rows, 4)));
            json_object_set_new(entry, "artifacts", json_integer(kfpb_get_int(rows, 5)));
            json_object_set_new(entry, "links", json_integer(kfpb_get_int(rows, 6)));
            json_array_append_new(list, entry);
        }
    }
    kfpb_rows_free(&rows);
    if (error->code != KFPS_OK) {
        json_decref(list);
        return NULL;
    }
    return list;
}

/* What is in no run stands in the reports of the finished imports alone. */
static void read_outside_runs(kfpb_conn *conn, json_int_t *counts, kfps_error *error)
{
    static const note_reason outside[] = {NOTE_FOREIGN_EXECUTION, NOTE_ARTIFACT_WITHOUT_EVENT,
                                          NOTE_EVENT_WITHOUT_EXECUTION};
    kfpb_rows *rows = NULL;
    if (kfpb_query(conn, "SELECT \"Report\" FROM \"kfpstore_migration\" WHERE \"Report\" IS NOT NULL", NULL, 0, &rows,
                   error) == KFPS_OK) {
        while (kfpb_next(rows, error) > 0) {
            json_t *report = json_loads(kfpb_get_text(rows, 0, NULL), 0, NULL);
            const json_t *notes = json_object_get(report, "notes");
            for (size_t i = 0; i < sizeof outside / sizeof *outside; i++)
                counts[outside[i]] += json_integer_value(
                    json_object_get(json_object_get(notes, note_info(outside[i])->text), "count"));
            json_decref(report);
        }
    }
    kfpb_rows_free(&rows);
}

/* Adds up the counts of every run's notes, and of what is in none. */
static json_t *read_notes(kfpb_conn *conn, kfps_error *error)
{
    json_int_t counts[NOTE_REASON_COUNT] = {0};
    kfpb_rows *rows = NULL;
    if (kfpb_query(conn, "SELECT \"Notes\" FROM \"kfpstore_migration_run\" WHERE \"Notes\" IS NOT NULL", NULL, 0, &rows,
                   error) == KFPS_OK) {
        while (kfpb_next(rows, error) > 0) {
            json_t *notes = json_loads(kfpb_get_text(rows, 0, NULL), 0, NULL);
            const char *key;
            json_t *value;
            json_object_foreach(notes, key, value)
            {
                const note_reason reason = note_reason_find(key);
                if (reason != NOTE_REASON_COUNT)
                    counts[reason] += json_integer_value(value);
            }
            json_decref(notes);
        }
    }
    kfpb_rows_free(&rows);
    if (error->code == KFPS_OK)
        read_outside_runs(conn, counts, error);
    if (error->code != KFPS_OK)
        return NULL;
    json_t *object = json_object();
    for (int r = 0; r < NOTE_REASON_COUNT; r++) {
        if (counts[r] > 0)
            json_object_set_new(object, note_info((note_reason) r)->text, json_integer(counts[r]));
    }
    return object;
}

static json_t *read_all(kfpb_conn *conn, kfps_error *error)
{
    bool unfinished = true;
    schema_status schema = {0};
    if (schema_status_read(conn, &schema, error) != KFPS_OK)
        return NULL;
    const bool deferred = schema.deferred;
    schema_status_free(&schema);
    json_t *imports = read_imports(conn, &unfinished, error);
    json_t *outcomes = imports != NULL ? read_outcomes(conn, error) : NULL;
    json_t *notes = outcomes != NULL ? read_notes(conn, error) : NULL;
    if (notes == NULL) {
        json_decref(imports);
        json_decref(outcomes);
        if (error->code == KFPS_OK)
            kfpb_fail_no_memory(error);
        return NULL;
    }
    return json_pack("{s:o,s:o,s:o,s:b,s:b}", "imports", imports, "outcomes", outcomes, "notes", notes, "unfinished",
                     unfinished || deferred, "indexes_deferred", deferred);
}

static void print_time(const char *label, json_int_t seconds)
{
    char when[32];
    const time_t at = (time_t) seconds;
    struct tm utc;
    if (seconds > 0 && gmtime_r(&at, &utc) != NULL && strftime(when, sizeof when, "%Y-%m-%d %H:%M:%S UTC", &utc) > 0)
        printf("%s %s", label, when);
}

static void print_all(const json_t *all)
{
    size_t i;
    json_t *entry;
    if (json_array_size(json_object_get(all, "imports")) == 0)
        puts("No import was started on this database.");
    json_array_foreach(json_object_get(all, "imports"), i, entry)
    {
        const char *source = json_string_value(json_object_get(entry, "source"));
        printf("import%s%s: %s,", *source != '\0' ? " " : "", source,
               json_string_value(json_object_get(entry, "state")));
        print_time(" started", json_integer_value(json_object_get(entry, "started_at")));
        print_time(", completed", json_integer_value(json_object_get(entry, "completed_at")));
        putchar('\n');
    }
    if (json_is_true(json_object_get(all, "indexes_deferred")))
        puts(
            "Indexes are deferred: the next import builds them after its rows, or 'kfp-migrate schema upgrade' at once.");
    json_array_foreach(json_object_get(all, "outcomes"), i, entry)
    {
        printf("  %8" PRId64 " runs %-9s %-18s %" PRId64 " tasks, %" PRId64 " artifacts, %" PRId64 " links\n",
               (int64_t) json_integer_value(json_object_get(entry, "runs")),
               json_string_value(json_object_get(entry, "outcome")),
               json_string_value(json_object_get(entry, "reason")),
               (int64_t) json_integer_value(json_object_get(entry, "tasks")),
               (int64_t) json_integer_value(json_object_get(entry, "artifacts")),
               (int64_t) json_integer_value(json_object_get(entry, "links")));
    }
    const char *key;
    json_object_foreach(json_object_get(all, "notes"), key, entry)
    {
        const note_reason_info *info = note_info(note_reason_find(key));
        printf("  %8" PRId64 " %s: %s\n", (int64_t) json_integer_value(entry), info->text, info->meaning);
    }
}

typedef struct arguments {
    cli_target target;
    bool exit_code, json;
} arguments;

static bool read_option(void *context, int key, const char *value)
{
    arguments *a = context;
    switch (key) {
    case OPT_EXIT_CODE:
        a->exit_code = true;
        return true;
    case OPT_JSON:
        a->json = true;
        return true;
    default:
        return cli_take_target(&a->target, key, value);
    }
}

static int show_status(void *context, kfpb_conn *conn, const cli_database *target)
{
    const arguments *a = context;
    kfps_error error = {0};
    int code = schema_ready(conn, target);
    if (code != EXIT_DONE)
        return code;
    json_t *all = read_all(conn, &error);
    if (all == NULL)
        return cli_report_error(target->text, &error);
    if (a->json) {
        json_dumpf(all, stdout, JSON_INDENT(2));
        putchar('\n');
    } else {
        print_all(all);
    }
    if (a->exit_code && json_is_true(json_object_get(all, "unfinished")))
        code = EXIT_PENDING;
    json_decref(all);
    return code;
}

static int run(const cli_command *command, int argc, char **argv)
{
    arguments a = {0};
    const int code = cli_read(command, argc, argv, read_option, &a);
    return code == EXIT_DONE ? cli_with_target(command, &a.target, show_status, &a) : code;
}

const cli_command cli_status = {"status", "", "Shows what was imported, skipped and rejected, and why.", options_table,
                                run};
