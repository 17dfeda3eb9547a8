/* SPDX-License-Identifier: Apache-2.0 */
#include "migrate/mapping_arguments.h"
#include "migrate/preflight/preflight.h"

enum { OPT_CREATE_TARGET = 256, OPT_MISSING_RUNS, OPT_JSON };

static const cli_option options_table[] = {
    MAPPING_ARGUMENTS,
    {"create-target", NULL, OPT_CREATE_TARGET, "the import will make the database and its tables"},
    {"missing-runs", "skip|create", OPT_MISSING_RUNS, "runs without a row in run_details (default: skip)"},
    {"json", NULL, OPT_JSON, "one JSON object"},
    {0}};

typedef struct arguments {
    mapping_arguments mapping;
    import_options options;
    bool json;
} arguments;

static bool read_option(void *context, int key, const char *value)
{
    arguments *a = context;
    if (mapping_has(key))
        return mapping_read(&a->mapping, key, value, &a->options);
    switch (key) {
    case OPT_CREATE_TARGET:
        a->options.create_target = true;
        return true;
    case OPT_MISSING_RUNS:
        return mapping_choice(value, "skip", "create", &a->options.create_missing_runs);
    case OPT_JSON:
        a->json = true;
        return true;
    default:
        return false;
    }
}

static int look(const arguments *a)
{
    preflight p;
    preflight_run(&p, &a->options);
    int code = preflight_exit_code(&p);
    if (!a->json) {
        preflight_print(stdout, &p);
    } else if (!preflight_print_json(stdout, &p)) {
        log_line(LOG_LEVEL_ERROR, NULL, "the findings cannot be written");
        code = EXIT_ERROR;
    }
    preflight_free(&p);
    return code;
}

static int run(const cli_command *command, int argc, char **argv)
{
    arguments a = {.options = {.source_id = "", .batch = 1000, .dry_run = true}};
    int code = cli_read(command, argc, argv, read_option, &a);
    if (code == EXIT_DONE)
        code = mapping_open(command, &a.mapping, &a.options);
    if (code != EXIT_DONE)
        goto out;
    cli_catch_signals();
    code = mapping_wait(&a.mapping, &a.options);
    if (code == EXIT_DONE)
        code = look(&a);
out:
    mapping_free(&a.mapping, &a.options);
    return code;
}

const cli_command cli_preflight = {"preflight", "",
                                   "Looks at source and target before an import: what hinders it, and what to do.",
                                   options_table, run};
