/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>

#include "backends/base/fail.h"
#include "libkfpstore/transaction.h"
#include "migrate/import/job.h"
#include "migrate/import/ledger.h"
#include "migrate/mapping_arguments.h"
#include "migrate/schema_error.h"
#include "migrate/schema_ready.h"
#include "migrate/verify/verify.h"
#include "schema/inspect.h"
#include "schema/lease.h"

enum { OPT_YES = 256, OPT_DRY_RUN, OPT_WAIT_LOCK };

static const cli_option options_table[] = {
    MAPPING_ARGUMENTS,
    {"yes", NULL, OPT_YES, "do it (this or --dry-run is required)"},
    {"dry-run", NULL, OPT_DRY_RUN, "verify and say what would be dropped; nothing can be written"},
    {"wait-lock", "SECONDS", OPT_WAIT_LOCK, "wait so long for an import to end (default: 40)"},
    {0}};

typedef struct cleanup {
    const import_options *import;
    bool dry_run;
    kfpsi_pool *pool; /* of the target */
    schema_lease *lease;
    bool found; /* the table is there */
    int64_t rows;
    int64_t unfinished; /* imports, of whatever source */
    bool complete;      /* the one of this source */
    kfps_error error;
} cleanup;

static int fail(const cleanup *c)
{
    const int code = cli_report_error(c->import->target.text, &c->error);
    return c->lease != NULL && !schema_lease_held(c->lease) ? EXIT_LOCKED : code;
}

static int refuse(const cleanup *c, int code, const char *sentence)
{
    log_line(LOG_LEVEL_ERROR, NULL, "%s: %s", c->import->target.text, sentence);
    return code;
}

/* ---- before -------------------------------------------------------------------------------------------------------
 */

static kfps_status look(cleanup *c, kfpb_conn *conn)
{
    static const char *const names[] = {"tasks_pre_migration"};
    const kfpb_value source = kfpb_str(c->import->source_id);
    schema_picture picture;
    int64_t complete = 0;
    kfps_status status = schema_inspect(conn, names, 1, &picture, &c->error);
    if (status != KFPS_OK)
        return status;
    c->found = schema_find_table(&picture, names[0]) != NULL;
    schema_picture_free(&picture);
    if (c->found)
        status = kfpb_query_int(conn, "SELECT COUNT(*) FROM \"tasks_pre_migration\"", NULL, 0, &c->rows, NULL,
                                &c->error);
    if (status == KFPS_OK)
        status = kfpb_query_int(
            conn, "SELECT COUNT(\"Source\") FROM \"kfpstore_migration\" WHERE \"State\" <> '" LEDGER_COMPLETE "'", NULL,
            0, &c->unfinished, NULL, &c->error);
    if (status == KFPS_OK)
        status = kfpb_query_int(conn,
                                "SELECT COUNT(\"Source\") FROM \"kfpstore_migration\" WHERE \"Source\" = ?"
                                " AND \"State\" = '" LEDGER_COMPLETE "'",
                                &source, 1, &complete, NULL, &c->error);
    c->complete = complete > 0;
    return status;
}

static int open_target(cleanup *c)
{
    kfpb_open_options open_options = cli_open_options(&c->import->target);
    kfpb_conn *conn = NULL;
    open_options.read_only = c->dry_run;
    if (kfpsi_pool_new(&c->import->target.dsn, &open_options, 1, 60000, &c->pool, &c->error) != KFPS_OK ||
        kfpsi_pool_take(c->pool, false, &conn, &c->error) != KFPS_OK)
        return fail(c);
    int code = schema_ready(conn, &c->import->target);
    if (code == EXIT_DONE && look(c, conn) != KFPS_OK)
        code = fail(c);
    kfpsi_pool_give(c->pool, &conn);
    return code;
}

static int take_lease(cleanup *c, long wait_s)
{
    const kfpb_open_options open_options = cli_open_options(&c->import->target);
    const schema_lease_options options = {.purpose = "cleanup", .slots = 1, .wait_s = (int) wait_s, .stop = &cli_stop};
    if (schema_lease_take(&c->import->target.dsn, &open_options, &options, &c->lease, &c->error) != KFPS_OK)
        return fail(c);
    return EXIT_DONE;
}

/* What the table's fingerprints went into has to be there, and right. */
static int verify(const cleanup *c)
{
    verify_result result;
    kfps_error error = {0};
    cli_side side = CLI_SOURCE;
    const verify_options options = {.import = c->import, .deep = true, .stop = &cli_stop};
    const kfps_status status = verify_run(&options, &result, &side, &error);
    if (status == KFPS_SCHEMA && side == CLI_TARGET)
        return cli_report_schema_error(&c->import->target, &error);
    if (status != KFPS_OK)
        return cli_report_error(side == CLI_TARGET ? c->import->target.text : c->import->source.text, &error);
    if (result.differences == 0)
        return EXIT_DONE;
    log_line(LOG_LEVEL_ERROR, NULL,
             "%s: %" PRIu64 " differences in %" PRIu64
             " runs: tasks_pre_migration is kept; 'kfp-migrate verify --deep' lists them",
             c->import->target.text, result.differences, result.differing);
    return EXIT_VERIFY_FAILED;
}

/* ---- the drop -----------------------------------------------------------------------------------------------------
 */

/* MySQL commits before a DROP TABLE by itself: the fence comes first. */
static kfps_status drop(kfpb_conn *conn, void *context, kfps_error *error)
{
    const cleanup *c = context;
    const kfps_status status = schema_lease_fence(c->lease, conn, 1, error);
    return status == KFPS_OK ? kfpb_exec(conn, "DROP TABLE IF EXISTS \"tasks_pre_migration\"", NULL, 0, NULL, error)
                             : status;
}

static int clean_up(cleanup *c, long wait_s)
{
    int code = open_target(c);
    if (code == EXIT_DONE && !c->found) {
        printf("There is no tasks_pre_migration in %s: nothing to do.\n", c->import->target.text);
        return EXIT_DONE;
    }
    if (code == EXIT_DONE && !c->dry_run) {
        code = take_lease(c, wait_s);
        kfpb_conn *conn = NULL; /* what another did until then */
        if (code == EXIT_DONE &&
            (kfpsi_pool_take(c->pool, false, &conn, &c->error) != KFPS_OK || look(c, conn) != KFPS_OK))
            code = fail(c);
        if (conn != NULL)
            kfpsi_pool_give(c->pool, &conn);
    }
    if (code == EXIT_DONE && (!c->complete || c->unfinished > 0))
        return refuse(c, EXIT_PENDING,
                      c->complete ? "an import or a rollback of another source is not finished, and may need "
                                    "tasks_pre_migration; see 'kfp-migrate status'"
                                  : "no import of this source was finished; see 'kfp-migrate status'");
    if (code == EXIT_DONE)
        code = verify(c);
    if (code != EXIT_DONE)
        return code;
    if (!c->dry_run && kfpsi_run(c->pool, &import_retry, drop, c, &c->error) != KFPS_OK)
        return fail(c);
    printf("Verified. tasks_pre_migration with %" PRId64 " rows %s.\n", c->rows,
           c->dry_run ? "would be dropped; nothing was written" : "was dropped; the import's tables stay");
    return EXIT_DONE;
}

typedef struct arguments {
    mapping_arguments mapping;
    import_options import;
    bool yes, dry_run;
    long wait_lock_s;
} arguments;

static bool read_option(void *context, int key, const char *value)
{
    arguments *a = context;
    if (mapping_has(key))
        return mapping_read(&a->mapping, key, value, &a->import);
    switch (key) {
    case OPT_YES:
        a->yes = true;
        return true;
    case OPT_DRY_RUN:
        a->dry_run = true;
        return true;
    case OPT_WAIT_LOCK:
        return cli_parse_number(value, 0, 86400, &a->wait_lock_s);
    default:
        return false;
    }
}

static int run(const cli_command *command, int argc, char **argv)
{
    arguments a = {.import = {.source_id = "", .batch = 1000}, .wait_lock_s = 40};
    cleanup c = {.import = &a.import};
    int code = cli_read(command, argc, argv, read_option, &a);
    if (code == EXIT_DONE && a.yes == a.dry_run)
        code = cli_usage(command, "cleanup needs either --dry-run, which verifies only, or --yes");
    if (code == EXIT_DONE)
        code = mapping_open(command, &a.mapping, &a.import);
    if (code != EXIT_DONE)
        goto out;
    cli_catch_signals();
    c.dry_run = a.dry_run;
    code = mapping_wait(&a.mapping, &a.import);
    if (code == EXIT_DONE)
        code = clean_up(&c, a.wait_lock_s);
out:
    schema_lease_release(&c.lease);
    kfpsi_pool_free(c.pool);
    mapping_free(&a.mapping, &a.import);
    return code;
}

const cli_command cli_cleanup = {"cleanup", "", "Drops the old tasks table, after a clean verify.", options_table, run};
