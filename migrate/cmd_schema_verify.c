/* SPDX-License-Identifier: Apache-2.0 */
#include <jansson.h>
#include <stdio.h>

#include "backends/base/fail.h"
#include "migrate/schema_error.h"
#include "schema/schema.h"

enum { OPT_TARGET = 256, OPT_JSON, OPT_WAIT };

static const cli_option options_table[] = {
    {"target", "DSN", OPT_TARGET, "the KFP database (required)"},
    {"json", NULL, OPT_JSON, "one JSON object"},
    {"wait", "SECONDS", OPT_WAIT, "wait so long for the database to be there (default: 0)"},
    {0}};

typedef struct listing {
    json_t *lines; /* NULL: print each */
} listing;

static void say_difference(void *context, const char *line)
{
    const listing *l = context;
    if (l->lines != NULL)
        json_array_append_new(l->lines, json_string(line));
    else
        puts(line);
}

static int print_result(const schema_verify_result *result, const listing *l)
{
    if (l->lines != NULL) {
        json_t *root = json_pack("{s:I, s:I, s:I, s:I, s:O}", "steps", (json_int_t) result->steps, "pending",
                                 (json_int_t) result->pending, "tables", (json_int_t) result->tables, "differences",
                                 (json_int_t) result->differences, "list", l->lines);
        const bool written = root != NULL && json_dumpf(root, stdout, JSON_INDENT(2)) == 0;
        putchar('\n');
        json_decref(root);
        return written ? EXIT_DONE : EXIT_ERROR;
    }
    printf("%zu steps, %zu tables: ", result->steps, result->tables);
    if (result->differences > 0)
        printf("%zu differences from what the steps promise.\n", result->differences);
    else
        puts("all as the steps promise.");
    if (result->pending > 0)
        printf("%zu steps are pending: kfp-migrate schema upgrade\n", result->pending);
    return EXIT_DONE;
}

static int verify(const cli_database *target, bool as_json)
{
    listing l = {.lines = as_json ? json_array() : NULL};
    schema_verify_result result;
    kfps_error error = {0};
    kfpb_conn *conn = NULL;
    kfpb_open_options open_options = cli_open_options(target);
    open_options.read_only = true;
    int code = EXIT_DONE;
    if (kfpb_open(&target->dsn, &open_options, &conn, &error) != KFPS_OK) {
        code = cli_report_error(target->text, &error);
    } else if (schema_verify(conn, say_difference, &l, &result, &error) != KFPS_OK) {
        code = cli_report_schema_error(target, &error);
    } else if (result.steps == 0 && result.differences == 0) {
        log_line(LOG_LEVEL_ERROR, NULL, "%s: no step of the schema is recorded here; see 'kfp-migrate schema status'",
                 target->text);
        code = EXIT_PENDING;
    } else {
        code = print_result(&result, &l);
        if (code == EXIT_DONE && result.differences > 0)
            code = EXIT_VERIFY_FAILED;
    }
    json_decref(l.lines);
    kfpb_close(&conn);
    return code;
}

static int run(const cli_command *command, int argc, char **argv)
{
    const char *value, *dsn = NULL;
    cli_database target = {0};
    bool as_json = false;
    long wait_s = 0;
    int index = 1;
    for (int key; (key = cli_next(command, argc, argv, &value, &index)) != -1;) {
        if (key < 0)
            return key == -3 ? EXIT_DONE : EXIT_USAGE;
        if (key == OPT_TARGET)
            dsn = value;
        as_json |= key == OPT_JSON;
        if (key == OPT_WAIT && !cli_parse_number(value, 0, 86400, &wait_s))
            return cli_usage(command, "--wait: '%s' is not one of its values", cli_shown(value));
    }
    if (index < argc)
        return cli_usage(command, "'schema verify' takes no operand: '%s'", cli_shown(argv[index]));
    if (dsn == NULL)
        return cli_usage(command, "'schema verify' needs --target");
    int code = cli_database_init(&target, CLI_TARGET, dsn);
    if (code == EXIT_DONE)
        code = cli_wait(&target, wait_s, false);
    if (code == EXIT_DONE)
        code = verify(&target, as_json);
    cli_database_free(&target);
    return code;
}

const cli_command cli_schema_verify = {"schema verify", "", "Compares the tables with what the recorded steps promise.",
                                       options_table, run};
