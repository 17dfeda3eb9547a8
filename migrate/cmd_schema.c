/* SPDX-License-Identifier: Apache-2.0 */
#include <jansson.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "backends/base/fail.h"
#include "migrate/cli.h"
#include "migrate/schema_error.h"
#include "schema/schema.h"

enum { OPT_STANDALONE = 256, OPT_DRY_RUN, OPT_EXIT_CODE, OPT_JSON, OPT_ENGINE, OPT_FROM, OPT_WAIT_LOCK };

/* The values of all schema commands; each command's table says which of them it takes. */
typedef struct schema_arguments {
    cli_target target;
    const char *engine;
    bool standalone, dry_run, exit_code, json;
    long from, wait_lock_s;
} schema_arguments;

static bool read_option(void *context, int key, const char *value)
{
    schema_arguments *a = context;
    switch (key) {
    case OPT_STANDALONE:
        a->standalone = true;
        return true;
    case OPT_DRY_RUN:
        a->dry_run = true;
        return true;
    case OPT_EXIT_CODE:
        a->exit_code = true;
        return true;
    case OPT_JSON:
        a->json = true;
        return true;
    case OPT_ENGINE:
        a->engine = value;
        return true;
    case OPT_FROM:
        return cli_parse_number(value, 1, INT_MAX, &a->from);
    case OPT_WAIT_LOCK:
        return cli_parse_number(value, 0, 86400, &a->wait_lock_s);
    default:
        return cli_take_target(&a->target, key, value);
    }
}

static int read_arguments(const cli_command *command, int argc, char **argv, schema_arguments *a)
{
    *a = (schema_arguments){.from = 1, .wait_lock_s = 40};
    return cli_read(command, argc, argv, read_option, a);
}

/* ---- status -------------------------------------------------------------------------------------------------------
 */

static const char *advice(const schema_status *status)
{
    if (status->newer)
        return "The schema is newer than this kfp-migrate: use the version that made it.";
    if (status->changed)
        return "An applied step is not the one this kfp-migrate knows: use the version that applied it.";
    if (!status->pending && status->deferred)
        return "Indexes are deferred by an import that has not ended: run it again, or 'kfp-migrate schema upgrade'.";
    if (!status->pending)
        return "Up to date.";
    if (!status->has_run_details)
        return "Not a KFP database: 'kfp-migrate schema upgrade --standalone' makes the tables a stand-alone one needs.";
    if (status->version == 0 && status->has_new_tables)
        return "The tables were made by the API server: run 'kfp-migrate schema adopt', then 'schema upgrade'.";
    return "Run 'kfp-migrate schema upgrade'.";
}

static void print_status(const schema_status *status)
{
    printf("step  %-18s %-11s %-20s %s\n", "name", "state", "applied (UTC)", "by version");
    for (size_t i = 0; i < status->count; i++) {
        const schema_step_status *s = &status->steps[i];
        char when[32] = "-";
        const time_t at = (time_t) s->applied_at;
        struct tm utc;
        if (s->applied_at > 0 && gmtime_r(&at, &utc) != NULL)
            strftime(when, sizeof when, "%Y-%m-%d %H:%M:%S", &utc);
        printf("%4d  %-18s %-11s %-20s %s\n", s->step->number, s->step->name, schema_step_state_name(s->state), when,
               s->tool_version);
    }
    if (status->has_legacy_tasks)
        puts("The tasks table is the one of KFP up to 2.15; the upgrade moves it to tasks_pre_migration.");
    if (status->has_pre_migration)
        puts("tasks_pre_migration holds the rows of the former tasks table.");
    puts(advice(status));
}

static int print_status_json(const schema_status *status)
{
    json_t *steps = json_array();
    for (size_t i = 0; i < status->count; i++) {
        const schema_step_status *s = &status->steps[i];
        json_array_append_new(
            steps, json_pack("{s:i,s:s,s:s,s:i,s:I,s:s,s:s}", "step", s->step->number, "name", s->step->name, "state",
                             schema_step_state_name(s->state), "statements_done", s->statements_done, "applied_at",
                             (json_int_t) s->applied_at, "tool_version", s->tool_version, "sha256", s->step->sha256));
    }
    json_t *root = json_pack("{s:i,s:i,s:b,s:b,s:b,s:b,s:b,s:b,s:b,s:s,s:o}", "version", status->version, "min_reader",
                             status->min_reader_version, "pending", status->pending, "deferred", status->deferred,
                             "newer", status->newer, "changed", status->changed, "has_run_details",
                             status->has_run_details, "has_legacy_tasks", status->has_legacy_tasks, "has_pre_migration",
                             status->has_pre_migration, "advice", advice(status), "steps", steps);
    if (root == NULL || json_dumpf(root, stdout, JSON_INDENT(2)) != 0) {
        json_decref(root);
        return EXIT_ERROR;
    }
    putchar('\n');
    json_decref(root);
    return EXIT_DONE;
}

static int show_status(void *context, kfpb_conn *conn, const cli_database *target)
{
    const schema_arguments *a = context;
    kfps_error error = {0};
    schema_status status = {0};
    int code = EXIT_DONE;
    if (schema_status_read(conn, &status, &error) != KFPS_OK)
        code = cli_report_error(target->text, &error);
    else if (a->json)
        code = print_status_json(&status);
    else
        print_status(&status);
    if (code == EXIT_DONE && status.newer)
        code = EXIT_NEWER;
    else if (code == EXIT_DONE && status.changed)
        code = EXIT_CHECKSUM;
    else if (code == EXIT_DONE && a->exit_code && (status.pending || status.deferred))
        code = EXIT_PENDING;
    schema_status_free(&status);
    return code;
}

static int run_status(const cli_command *command, int argc, char **argv)
{
    schema_arguments a;
    const int code = read_arguments(command, argc, argv, &a);
    return code == EXIT_DONE ? cli_with_target(command, &a.target, show_status, &a) : code;
}

/* ---- upgrade and adopt --------------------------------------------------------------------------------------------
 */

static void say_line(void *context, const char *line)
{
    (void) context;
    puts(line);
    fflush(stdout);
}

typedef kfps_status (*schema_action)(const kfpb_dsn *dsn, const kfpb_open_options *open_options,
                                     const schema_upgrade_options *options, kfps_error *error);

static int run_action(const cli_command *command, int argc, char **argv, schema_action action, bool create)
{
    schema_arguments a;
    cli_database target = {0};
    kfps_error error = {0};
    int code = read_arguments(command, argc, argv, &a);
    if (code != EXIT_DONE)
        return code;
    if (a.target.dsn == NULL)
        return cli_usage(command, "%s needs --target", command->name);
    cli_catch_signals();
    code = cli_database_init(&target, CLI_TARGET, a.target.dsn);
    if (code == EXIT_DONE)
        code = cli_wait(&target, a.target.wait_s, create && a.standalone);
    if (code == EXIT_DONE) {
        kfpb_open_options open_options = cli_open_options(&target);
        open_options.create = create && a.standalone && !a.dry_run;
        const schema_upgrade_options options = {.standalone = a.standalone,
                                                .dry_run = a.dry_run,
                                                .wait_lock_s = (int) a.wait_lock_s,
                                                .say = say_line,
                                                .stop = &cli_stop};
        if (action(&target.dsn, &open_options, &options, &error) != KFPS_OK)
            code = cli_report_schema_error(&target, &error);
    }
    cli_database_free(&target);
    return code;
}

static int run_upgrade(const cli_command *command, int argc, char **argv)
{
    return run_action(command, argc, argv, schema_upgrade, true);
}

static int run_adopt(const cli_command *command, int argc, char **argv)
{
    return run_action(command, argc, argv, schema_adopt, false);
}

/* ---- print --------------------------------------------------------------------------------------------------------
 */

static int run_print(const cli_command *command, int argc, char **argv)
{
    schema_arguments a;
    kfps_error error = {0};
    kfpb_text script = {0};
    int code = read_arguments(command, argc, argv, &a);
    if (code != EXIT_DONE)
        return code;
    if (a.engine == NULL)
        return cli_usage(command, "'schema print' needs --engine=sqlite|pgsql|mysql");
    if (a.from > schema_version())
        return cli_usage(command, "--from: there is no step %ld; the steps are 1 to %d", a.from, schema_version());
    const kfpb_driver *driver = kfpb_driver_find(a.engine);
    if (driver == NULL)
        return cli_usage(command, "--engine: '%s' is none of this build; sqlite, pgsql, mysql are known",
                         cli_shown(a.engine));
    if (schema_print(driver, (int) a.from, a.standalone, &script, &error) != KFPS_OK)
        code = cli_report_error("schema print", &error);
    else
        fputs(kfpb_text_get(&script), stdout);
    kfpb_text_free(&script);
    return code;
}

/* ---- the commands -------------------------------------------------------------------------------------------------
 */

#define STANDALONE                                                                                              \
    {                                                                                                           \
        "standalone", NULL, OPT_STANDALONE, "also experiments and run_details, for a database that no KFP made" \
    }
#define WAIT_LOCK                                                                                           \
    {                                                                                                       \
        "wait-lock", "SECONDS", OPT_WAIT_LOCK, "wait so long for another holder of the lease (default: 40)" \
    }

static const cli_option status_options[] = {
    CLI_OPTION_TARGET,
    {"exit-code", NULL, OPT_EXIT_CODE, "end with 3 if steps are pending or indexes deferred"},
    {"json", NULL, OPT_JSON, "one JSON object"},
    CLI_OPTION_WAIT,
    {0}};
static const cli_option upgrade_options[] = {
    CLI_OPTION_TARGET, STANDALONE, {"dry-run", NULL, OPT_DRY_RUN, "print what would be run; nothing can be written"},
    CLI_OPTION_WAIT,   WAIT_LOCK,  {0}};
static const cli_option adopt_options[] = {
    CLI_OPTION_TARGET, {"dry-run", NULL, OPT_DRY_RUN, "compare only"}, CLI_OPTION_WAIT, WAIT_LOCK, {0}};
static const cli_option print_options[] = {{"engine", "E", OPT_ENGINE, "sqlite, pgsql or mysql (required)"},
                                           {"from", "N", OPT_FROM, "only the steps from number N on (default: 1)"},
                                           STANDALONE,
                                           {0}};

const cli_command cli_schema_status = {"schema status", "", "Shows which steps of the schema are applied.",
                                       status_options, run_status};
const cli_command cli_schema_upgrade = {"schema upgrade", "", "Applies the steps that are pending.", upgrade_options,
                                        run_upgrade};
const cli_command cli_schema_print = {"schema print", "", "Prints the steps as a script for the engine's own client.",
                                      print_options, run_print};
const cli_command cli_schema_adopt = {
    "schema adopt", "", "Takes over tables that the API server made, if they are what the schema promises.",
    adopt_options, run_adopt};
