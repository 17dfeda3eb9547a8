/* SPDX-License-Identifier: Apache-2.0 */
#include <jansson.h>
#include <stdio.h>

#include "backends/base/fail.h"
#include "migrate/schema_error.h"
#include "schema/schema.h"

enum { OPT_JSON = 256 };

static const cli_option options_table[] = {
    CLI_OPTION_TARGET, {"json", NULL, OPT_JSON, "one JSON object"}, CLI_OPTION_WAIT, {0}};

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

typedef struct arguments {
    cli_target target;
    bool json;
} arguments;

static int verify(void *context, kfpb_conn *conn, const cli_database *target)
{
    const arguments *a = context;
    listing l = {.lines = a->json ? json_array() : NULL};
    schema_verify_result result;
    kfps_error error = {0};
    int code = EXIT_DONE;
    if (schema_verify(conn, say_difference, &l, &result, &error) != KFPS_OK) {
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
    return code;
}

static bool read_option(void *context, int key, const char *value)
{
    arguments *a = context;
    if (key != OPT_JSON)
        return cli_take_target(&a->target, key, value);
    a->json = true;
    return true;
}

static int run(const cli_command *command, int argc, char **argv)
{
    arguments a = {0};
    const int code = cli_read(command, argc, argv, read_option, &a);
    return code == EXIT_DONE ? cli_with_target(command, &a.target, verify, &a) : code;
}

const cli_command cli_schema_verify = {"schema verify", "", "Compares the tables with what the recorded steps promise.",
                                       options_table, run};
