/* SPDX-License-Identifier: Apache-2.0 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "migrate/cli.h"
#include "migrate/import/import.h"
#include "migrate/import/pipeline.h"
#include "migrate/mapping_arguments.h"

enum {
    OPT_CREATE_TARGET = 256,
    OPT_MISSING_RUNS,
    OPT_BATCH,
    OPT_JOBS,
    OPT_MAX_RUNS,
    OPT_SLEEP_RATIO,
    OPT_PAUSE_FILE,
    OPT_LOOK_AGAIN,
    OPT_DEFER_INDEXES,
    OPT_DRY_RUN,
    OPT_JSON,
    OPT_REJECTS,
    OPT_WAIT_LOCK
};

static const cli_option options_table[] = {
    MAPPING_ARGUMENTS,
    {"create-target", NULL, OPT_CREATE_TARGET, "make the database and all its tables first"},
    {"missing-runs", "skip|create", OPT_MISSING_RUNS, "runs without a row in run_details (default: skip)"},
    {"batch", "N", OPT_BATCH, "executions per transaction; a run is never split (default: 1000)"},
    {"jobs", "N", OPT_JOBS, "connections that write, where the target takes several (default: 1)"},
    {"max-runs", "N", OPT_MAX_RUNS, "stop after N imported runs; exit code 75 if some are left"},
    {"sleep-ratio", "R", OPT_SLEEP_RATIO, "after each group rest R times as long as it took"},
    {"pause-file", "FILE", OPT_PAUSE_FILE, "begin no group while this file is there"},
    {"look-again", "changed|all|none", OPT_LOOK_AGAIN,
     "which runs that were imported before are compared with their source (default: changed)"},
    {"defer-indexes", NULL, OPT_DEFER_INDEXES,
     "into an empty target: build the plain indexes after the rows, which is faster"},
    {"dry-run", NULL, OPT_DRY_RUN, "the same report; nothing can be written"},
    {"json", NULL, OPT_JSON, "the report as one JSON object"},
    {"rejects", "FILE", OPT_REJECTS, "list everything skipped, rejected or noted, one JSON object a line"},
    {"wait-lock", "SECONDS", OPT_WAIT_LOCK, "wait so long for another import to end (default: 40)"},
    {0}};

/* What the command line said, until it is all read. */
typedef struct arguments {
    mapping_arguments mapping;
    import_options options;
} arguments;

static bool read_ratio(const char *text, double *out)
{
    enum { MOST = 1000 };
    char *end;
    *out = strtod(text, &end);
    return end != text && *end == '\0' && *out >= 0 && *out <= MOST;
}

static bool read_look(const char *text, import_look *out)
{
    static const char *const names[] = {[LOOK_CHANGED] = "changed", [LOOK_ALL] = "all", [LOOK_NONE] = "none"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcmp(text, names[i]) == 0) {
            *out = (import_look) i;
            return true;
        }
    }
    return false;
}

/* False: the value is wrong. */
static bool read_option(void *context, int key, const char *value)
{
    arguments *a = context;
    import_options *o = &a->options;
    if (mapping_has(key))
        return mapping_read(&a->mapping, key, value, o);
    switch (key) {
    case OPT_CREATE_TARGET:
        o->create_target = true;
        return true;
    case OPT_MISSING_RUNS:
        return mapping_choice(value, "skip", "create", &o->create_missing_runs);
    case OPT_BATCH:
        return cli_parse_number(value, 1, 1000000, &o->batch);
    case OPT_JOBS:
        return cli_parse_number(value, 1, PIPELINE_MOST_JOBS, &o->jobs);
    case OPT_MAX_RUNS:
        return cli_parse_number(value, 1, LONG_MAX, &o->max_runs);
    case OPT_SLEEP_RATIO:
        return read_ratio(value, &o->sleep_ratio);
    case OPT_PAUSE_FILE:
        o->pause_file = value;
        return *value != '\0';
    case OPT_LOOK_AGAIN:
        return read_look(value, &o->look_again);
    case OPT_DEFER_INDEXES:
        o->defer_indexes = true;
        return true;
    case OPT_DRY_RUN:
        o->dry_run = true;
        return true;
    case OPT_JSON:
        o->json = true;
        return true;
    case OPT_REJECTS:
        o->rejects_path = value;
        return true;
    case OPT_WAIT_LOCK:
        return cli_parse_number(value, 0, 86400, &o->wait_s);
    default:
        return false;
    }
}

static int print_report(const import_options *options, const import_report *report, int code)
{
    if (code != EXIT_DONE && code != EXIT_REJECTS && code != EXIT_STOPPED)
        return code;
    if (!options->json) {
        report_print(stdout, report, options);
        return code;
    }
    return cli_print_json(report_json(report, options), code);
}

static int run(const cli_command *command, int argc, char **argv)
{
    arguments a = {.options = {.source_id = "", .batch = 1000, .jobs = 1, .look_again = LOOK_CHANGED, .wait_s = 40}};
    import_report report;
    int code = cli_read(command, argc, argv, read_option, &a);
    if (code == EXIT_DONE)
        code = mapping_open(command, &a.mapping, &a.options);
    if (code != EXIT_DONE)
        goto out;
    cli_catch_signals();
    code = mapping_wait(&a.mapping, &a.options);
    if (code != EXIT_DONE)
        goto out;
    code = print_report(&a.options, &report, import_execute(&a.options, &report));
out:
    mapping_free(&a.mapping, &a.options);
    return code;
}

const cli_command cli_import = {"import", "",
                                "Imports the runs of an MLMD database: tasks, artifacts, links and cache fingerprints.",
                                options_table, run};
