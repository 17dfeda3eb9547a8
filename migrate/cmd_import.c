/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "migrate/cli.h"
#include "migrate/import/import.h"

enum {
    OPT_SOURCE = 256,
    OPT_TARGET,
    OPT_CREATE_TARGET,
    OPT_MISSING_RUNS,
    OPT_RUN_CONTEXTS,
    OPT_CANCELED,
    OPT_SOURCE_ID,
    OPT_SOURCE_ENCODING,
    OPT_BATCH,
    OPT_DRY_RUN,
    OPT_JSON,
    OPT_REJECTS,
    OPT_WAIT,
    OPT_WAIT_LOCK
};

enum { MAX_RUN_TYPES = 32, MAX_SOURCE_ID = 64 };

static const cli_option options_table[] = {
    {"source", "DSN", OPT_SOURCE, "the MLMD database, opened read-only (required)"},
    {"target", "DSN", OPT_TARGET, "the KFP database (required)"},
    {"create-target", NULL, OPT_CREATE_TARGET, "make the database and all its tables first"},
    {"missing-runs", "skip|create", OPT_MISSING_RUNS, "runs without a row in run_details (default: skip)"},
    {"run-contexts", "TYPE[,TYPE…]", OPT_RUN_CONTEXTS,
     "further context types whose name is a run: KfpRun, pipeline_run, run …"},
    {"canceled", "skipped|failed", OPT_CANCELED, "what a CANCELED execution becomes (default: skipped)"},
    {"source-id", "S", OPT_SOURCE_ID, "tells this source from another one in the same target"},
    {"source-encoding", "auto|utf8|latin1", OPT_SOURCE_ENCODING, "how a MySQL source holds text (default: auto)"},
    {"batch", "N", OPT_BATCH, "executions per transaction; a run is never split (default: 1000)"},
    {"dry-run", NULL, OPT_DRY_RUN, "the same report; nothing can be written"},
    {"json", NULL, OPT_JSON, "the report as one JSON object"},
    {"rejects", "FILE", OPT_REJECTS, "list everything skipped, rejected or noted, one JSON object a line"},
    {"wait", "SECONDS", OPT_WAIT, "wait so long for the databases to be there (default: 0)"},
    {"wait-lock", "SECONDS", OPT_WAIT_LOCK, "wait so long for another import to end (default: 40)"},
    {0}};

/* What the command line said, until it is all read. */
typedef struct arguments {
    const char *source, *target;
    char *run_contexts;
    const char *run_types[MAX_RUN_TYPES];
    long wait_s; /* for the databases */
    import_options options;
} arguments;

/* One of two words; false for anything else. */
static bool read_choice(const char *text, const char *no, const char *yes, bool *out)
{
    *out = strcmp(text, yes) == 0;
    return *out || strcmp(text, no) == 0;
}

static bool read_encoding(const char *text, mlmd_encoding *out)
{
    static const char *const names[] = {
        [MLMD_ENCODING_AUTO] = "auto", [MLMD_ENCODING_UTF8] = "utf8", [MLMD_ENCODING_LATIN1] = "latin1"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcmp(text, names[i]) == 0) {
            *out = (mlmd_encoding) i;
            return true;
        }
    }
    return false;
}

static bool read_run_contexts(arguments *a, const char *text)
{
    size_t n = 0;
    free(a->run_contexts);
    if ((a->run_contexts = strdup(text)) == NULL)
        return false;
    char *rest = a->run_contexts;
    for (char *type; (type = strsep(&rest, ",")) != NULL;) {
        if (*type == '\0' || n == MAX_RUN_TYPES)
            return false;
        a->run_types[n++] = type;
    }
    a->options.run_context_types = a->run_types;
    a->options.run_context_type_count = n;
    return true;
}

static bool read_source_id(arguments *a, const char *text)
{
    a->options.source_id = text;
    return strlen(text) <= MAX_SOURCE_ID && strchr(text, ':') == NULL;
}

/* False: the value is wrong. */
static bool read_option(arguments *a, int key, const char *value)
{
    import_options *o = &a->options;
    switch (key) {
    case OPT_SOURCE:
        a->source = value;
        return true;
    case OPT_TARGET:
        a->target = value;
        return true;
    case OPT_CREATE_TARGET:
        o->create_target = true;
        return true;
    case OPT_MISSING_RUNS:
        return read_choice(value, "skip", "create", &o->create_missing_runs);
    case OPT_RUN_CONTEXTS:
        return read_run_contexts(a, value);
    case OPT_CANCELED:
        return read_choice(value, "skipped", "failed", &o->canceled_is_failed);
    case OPT_SOURCE_ID:
        return read_source_id(a, value);
    case OPT_SOURCE_ENCODING:
        return read_encoding(value, &o->encoding);
    case OPT_BATCH:
        return cli_parse_number(value, 1, 1000000, &o->batch);
    case OPT_DRY_RUN:
        o->dry_run = true;
        return true;
    case OPT_JSON:
        o->json = true;
        return true;
    case OPT_REJECTS:
        o->rejects_path = value;
        return true;
    case OPT_WAIT:
        return cli_parse_number(value, 0, 86400, &a->wait_s);
    case OPT_WAIT_LOCK:
        return cli_parse_number(value, 0, 86400, &o->wait_s);
    default:
        return false;
    }
}

static const char *option_name(int key)
{
    for (const cli_option *o = options_table; o->name != NULL; o++) {
        if (o->key == key)
            return o->name;
    }
    return "?";
}

static int print_report(const import_options *options, const import_report *report, int code)
{
    if (code != EXIT_DONE && code != EXIT_REJECTS && code != EXIT_STOPPED)
        return code;
    if (!options->json) {
        report_print(stdout, report, options);
        return code;
    }
    char *json = report_json(report, options);
    if (json == NULL) {
        log_line(LOG_LEVEL_ERROR, NULL, "out of memory");
        return EXIT_ERROR;
    }
    puts(json);
    free(json);
    return code;
}

static int run(const cli_command *command, int argc, char **argv)
{
    arguments a = {.options = {.source_id = "", .batch = 1000, .wait_s = 40}};
    import_report report;
    const char *value;
    int index = 1, code = EXIT_DONE;
    for (int key; (key = cli_next(command, argc, argv, &value, &index)) != -1;) {
        if (key < 0) {
            code = key == -3 ? EXIT_DONE : EXIT_USAGE;
            goto out;
        }
        if (!read_option(&a, key, value)) {
            code = cli_usage(command, "--%s: '%s' is not one of its values", option_name(key), cli_shown(value));
            goto out;
        }
    }
    if (index < argc) {
        code = cli_usage(command, "import takes no operand: '%s'", cli_shown(argv[index]));
        goto out;
    }
    if (a.source == NULL || a.target == NULL) {
        code = cli_usage(command, "import needs --source and --target");
        goto out;
    }
    code = cli_database_init(&a.options.source, CLI_SOURCE, a.source);
    if (code == EXIT_DONE)
        code = cli_database_init(&a.options.target, CLI_TARGET, a.target);
    if (code != EXIT_DONE)
        goto out;
    cli_catch_signals();
    code = cli_wait(&a.options.source, a.wait_s, false);
    if (code == EXIT_DONE)
        code = cli_wait(&a.options.target, a.wait_s, a.options.create_target);
    if (code != EXIT_DONE)
        goto out;
    code = print_report(&a.options, &report, import_execute(&a.options, &report));
out:
    cli_database_free(&a.options.source);
    cli_database_free(&a.options.target);
    free(a.run_contexts);
    return code;
}

const cli_command cli_import = {"import", "",
                                "Imports the runs of an MLMD database: tasks, artifacts, links and cache fingerprints.",
                                options_table, run};
