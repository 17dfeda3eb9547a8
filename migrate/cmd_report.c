/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "backends/base/fail.h"
#include "migrate/cli.h"
#include "migrate/report/facts.h"
#include "migrate/report/page.h"
#include "migrate/schema_ready.h"

enum { OPT_TARGET = 256, OPT_HTML, OPT_REJECTS, OPT_JSON, OPT_WAIT };

static const cli_option options_table[] = {
    {"target", "DSN", OPT_TARGET, "the KFP database (required)"},
    {"html", "FILE", OPT_HTML, "write one page that needs nothing else"},
    {"rejects", "FILE", OPT_REJECTS, "the import's reject file: list the rejected rows too"},
    {"json", NULL, OPT_JSON, "print the same facts as one JSON object"},
    {"wait", "SECONDS", OPT_WAIT, "wait so long for the database to be there (default: 0)"},
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

static int report(const cli_database *target, const char *html, const char *rejects, bool as_json)
{
    kfps_error error = {0};
    kfpb_conn *conn = NULL;
    json_t *facts = NULL;
    kfpb_open_options open_options = cli_open_options(target);
    open_options.read_only = true;
    int code = EXIT_DONE;
    if (kfpb_open(&target->dsn, &open_options, &conn, &error) != KFPS_OK)
        code = cli_report_error(target->text, &error);
    else if ((code = schema_ready(conn, target)) == EXIT_DONE) {
        facts = report_facts(conn, target->text, &error);
        if (facts == NULL)
            code = cli_report_error(target->text, &error);
        else if (rejects != NULL && report_facts_rejects(rejects, facts, &error) != KFPS_OK)
            code = cli_report_error(rejects, &error);
        else
            code = write_facts(facts, html, as_json);
    }
    json_decref(facts);
    kfpb_close(&conn);
    return code;
}

static int run(const cli_command *command, int argc, char **argv)
{
    const char *value, *dsn = NULL, *html = NULL, *rejects = NULL;
    cli_database target = {0};
    bool as_json = false;
    long wait_s = 0;
    int index = 1;
    for (int key; (key = cli_next(command, argc, argv, &value, &index)) != -1;) {
        if (key < 0)
            return key == -3 ? EXIT_DONE : EXIT_USAGE;
        if (key == OPT_TARGET)
            dsn = value;
        if (key == OPT_HTML)
            html = value;
        if (key == OPT_REJECTS)
            rejects = value;
        as_json |= key == OPT_JSON;
        if (key == OPT_WAIT && !cli_parse_number(value, 0, 86400, &wait_s))
            return cli_usage(command, "--wait: '%s' is not one of its values", cli_shown(value));
    }
    if (index < argc)
        return cli_usage(command, "report takes no operand: '%s'", cli_shown(argv[index]));
    if (dsn == NULL)
        return cli_usage(command, "report needs --target");
    if (html == NULL && !as_json)
        return cli_usage(command, "report needs --html or --json");
    int code = cli_database_init(&target, CLI_TARGET, dsn);
    if (code == EXIT_DONE)
        code = cli_wait(&target, wait_s, false);
    if (code == EXIT_DONE)
        code = report(&target, html, rejects, as_json);
    cli_database_free(&target);
    return code;
}

const cli_command cli_report = {"report", "", "Shows what was imported as a page, or as JSON.", options_table, run};
