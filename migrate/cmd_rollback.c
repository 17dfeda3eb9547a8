/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "migrate/cli.h"
#include "migrate/rollback/rollback.h"

enum { OPT_SOURCE_ID = 256, OPT_BATCH, OPT_DRY_RUN, OPT_YES, OPT_JSON, OPT_WAIT_LOCK };

static const cli_option options_table[] = {
    CLI_OPTION_TARGET,
    {"source-id", "S", OPT_SOURCE_ID, "the source whose import is taken back, as import was told (default: none)"},
    {"yes", NULL, OPT_YES, "do it (this or --dry-run is required)"},
    {"dry-run", NULL, OPT_DRY_RUN, "the same report; nothing can be written"},
    {"batch", "N", OPT_BATCH, "tasks per transaction; a run is never split (default: 1000)"},
    {"json", NULL, OPT_JSON, "the report as one JSON object"},
    CLI_OPTION_WAIT,
    {"wait-lock", "SECONDS", OPT_WAIT_LOCK, "wait so long for an import to end (default: 40)"},
    {0}};

static int print_report(const rollback_options *options, const rollback_report *report, int code)
{
    if (code != EXIT_DONE && code != EXIT_REJECTS && code != EXIT_STOPPED)
        return code;
    if (!options->json) {
        rollback_print(stdout, report, options);
        return code;
    }
    return cli_print_json(rollback_json(report, options), code);
}

/* What the command line said, until it is all read. */
typedef struct arguments {
    cli_target target;
    bool yes;
    rollback_options options;
} arguments;

/* False: the value is wrong. */
static bool read_option(void *context, int key, const char *value)
{
    arguments *a = context;
    rollback_options *o = &a->options;
    switch (key) {
    case OPT_SOURCE_ID:
        o->source_id = value;
        return strlen(value) <= 64;
    case OPT_BATCH:
        return cli_parse_number(value, 1, 1000000, &o->batch);
    case OPT_DRY_RUN:
        o->dry_run = true;
        return true;
    case OPT_YES:
        a->yes = true;
        return true;
    case OPT_JSON:
        o->json = true;
        return true;
    case OPT_WAIT_LOCK:
        return cli_parse_number(value, 0, 86400, &o->wait_s);
    default:
        return cli_take_target(&a->target, key, value);
    }
}

static int run(const cli_command *command, int argc, char **argv)
{
    arguments a = {.options = {.source_id = "", .batch = 1000, .wait_s = 40}};
    rollback_report report;
    int code = cli_read(command, argc, argv, read_option, &a);
    if (code != EXIT_DONE)
        return code;
    if (a.target.dsn == NULL)
        return cli_usage(command, "rollback needs --target");
    if (a.yes == a.options.dry_run)
        return cli_usage(command, "rollback needs either --dry-run, which shows what would go, or --yes");
    code = cli_database_init(&a.options.target, CLI_TARGET, a.target.dsn);
    if (code == EXIT_DONE) {
        cli_catch_signals();
        code = cli_wait(&a.options.target, a.target.wait_s, false);
    }
    if (code == EXIT_DONE) {
        code = print_report(&a.options, &report, rollback_execute(&a.options, &report));
        rollback_report_free(&report);
    }
    cli_database_free(&a.options.target);
    return code;
}

const cli_command cli_rollback = {"rollback", "", "Takes out again what an import has brought.", options_table, run};
