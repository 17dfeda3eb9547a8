/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "backends/base/fail.h"
#include "migrate/cli.h"
#include "migrate/report/facts.h"
#include "migrate/report/page.h"
#include "migrate/schema_ready.h"

enum { OPT_HTML = 256, OPT_REJECTS, OPT_JSON };

static const cli_option options_table[] = {
    CLI_OPTION_TARGET,
    {"html", "FILE", OPT_HTML, "write one page that needs nothing else"},
    {"rejects", "FILE", OPT_REJECTS, "the import's reject file: list the rejected rows too"},
    {"json", NULL, OPT_JSON, "print the same facts as one JSON object"},
    CLI_OPTION_WAIT,
    {0}};

static int write_page(const json_t *facts, const char *path)
{
    kfpb_text page = {0};
    int code = EXIT_ERROR;
    report_page(&page, facts);
    FILE *file = page.out_of_memory ? NULL : fopen(path, "we");
    if (page.out_of_memory) {
        log_line(LOG_LEVEL_ERROR, NULL, "out of memory");
    } else if (file == NULL) {
        log_line(LOG_LEVEL_ERROR, NULL, "--html: %s: %s", path, strerror(errno));
    } else {
        const bool written = fwrite(page.data, 1, page.length, file) == page.length;
        if (fclose(file) == 0 && written)
            code = EXIT_DONE;
        else
            log_line(LOG_LEVEL_ERROR, NULL, "--html: %s: %s", path, strerror(errno));
    }
    kfpb_text_free(&page);
    return code;
}

static int write_facts(const json_t *facts, const char *html, bool as_json)
{
    if (as_json) {
        if (json_dumpf(facts, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(6)) != 0)
            return EXIT_ERROR;
        putchar('\n');
    }
    return html != NULL ? write_page(facts, html) : EXIT_DONE;
}

typedef struct arguments {
    cli_target target;
    const char *html, *rejects;
    bool json;
} arguments;

static int report(void *context, kfpb_conn *conn, const cli_database *target)
{
    const arguments *a = context;
    kfps_error error = {0};
    json_t *facts = NULL;
    int code = schema_ready(conn, target);
    if (code != EXIT_DONE)
        return code;
    facts = report_facts(conn, target->text, &error);
    if (facts == NULL)
        code = cli_report_error(target->text, &error);
    else if (a->rejects != NULL && report_facts_rejects(a->rejects, facts, &error) != KFPS_OK)
        code = cli_report_error(a->rejects, &error);
    else
        code = write_facts(facts, a->html, a->json);
    json_decref(facts);
    return code;
}

static bool read_option(void *context, int key, const char *value)
{
    arguments *a = context;
    switch (key) {
    case OPT_HTML:
        a->html = value;
        return true;
    case OPT_REJECTS:
        a->rejects = value;
        return true;
    case OPT_JSON:
        a->json = true;
        return true;
    default:
        return cli_take_target(&a->target, key, value);
    }
}

static int run(const cli_command *command, int argc, char **argv)
{
    arguments a = {0};
    const int code = cli_read(command, argc, argv, read_option, &a);
    if (code != EXIT_DONE)
        return code;
    if (a.html == NULL && !a.json)
        return cli_usage(command, "report needs --html or --json");
    return cli_with_target(command, &a.target, report, &a);
}

const cli_command cli_report = {"report", "", "Shows what was imported as a page, or as JSON.", options_table, run};
