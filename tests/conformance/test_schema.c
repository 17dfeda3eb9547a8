/* SPDX-License-Identifier: Apache-2.0 */
/* test_schema.c: the schema's steps on the engine under test: from nothing, over an old KFP, and beside upstream's own
 * DDL. */
#include <pthread.h>
#include <time.h>
#include <unistd.h>

#include "backends/base/fail.h"
#include "schema/inspect.h"
#include "schema/lease.h"
#include "schema/steps.h"
#include "tests/harness/suite.h"
#include "tests/harness/wipe.h"

static const char *const baseline[] = {"artifacts", "tasks", "artifact_tasks"};
static const char *const everything[] = {"experiments", "run_details", "artifacts", "tasks", "artifact_tasks"};
enum { BASELINE = 3, EVERYTHING = 5, WAIT_S = 40 };

/* ---- what is said
 * ---------------------------------------------------------------------------------------------------- */

typedef struct heard {
    kfpb_text text; /* a line each */
    int lines;
    const char *stop_at; /* sets stop when a line begins so */
    volatile int stop;
} heard;

static void hear(void *context, const char *line)
{
    heard *to = context;
    kfpb_text_add(&to->text, line);
    kfpb_text_char(&to->text, '\n');
    to->lines++;
    if (to->stop_at != NULL && strncmp(line, to->stop_at, strlen(to->stop_at)) == 0)
        to->stop = 1;
}

static void forget(heard *to)
{
    kfpb_text_free(&to->text);
}

static bool said(const heard *to, const char *part)
{
    return strstr(kfpb_text_get(&to->text), part) != NULL;
}

/* ---- running
 * --------------------------------------------------------------------------------------------------------- */

typedef kfps_status (*schema_command)(const kfpb_dsn *, const kfpb_open_options *, const schema_upgrade_options *,
                                      kfps_error *);

static kfps_status run_command(schema_command command, bool standalone, bool dry_run, heard *to, kfps_error *error)
{
    const kfpb_open_options how = {0};
    kfpb_dsn dsn = {0};
    heard nobody = {0};
    heard *ear = to != NULL ? to : &nobody;
    const schema_upgrade_options options = {.standalone = standalone,
                                            .dry_run = dry_run,
                                            .wait_lock_s = WAIT_S,
                                            .say = hear,
                                            .say_context = ear,
                                            .stop = &ear->stop};
    *error = (kfps_error){0};
    kfps_status status = kfpb_dsn_parse(test_dsn(), &dsn, error);
    if (status == KFPS_OK)
        status = command(&dsn, &how, &options, error);
    kfpb_dsn_free(&dsn);
    forget(&nobody);
    return status;
}

static void upgrade(bool standalone)
{
    kfps_error error;
    const kfps_status status = run_command(schema_upgrade, standalone, false, NULL, &error);
    ck_assert_msg(status == KFPS_OK, "%s: %s", test_label(), error.message);
}

static int64_t number_of(kfpb_conn *conn, const char *sql)
{
    kfps_error error = {0};
    int64_t number = -1;
    const kfps_status status = kfpb_query_int(conn, sql, NULL, 0, &number, NULL, &error);
    ck_assert_msg(status == KFPS_OK, "%s: %s", sql, error.message);
    return number;
}

static void read_status(schema_status *out)
{
    const kfpb_open_options how = {.read_only = true};
    kfps_error error = {0};
    kfpb_conn *conn = test_open_with(test_dsn(), &how);
    ck_assert_msg(schema_status_read(conn, out, &error) == KFPS_OK, "%s", error.message);
    kfpb_close(&conn);
}

static schema_picture look(const char *const *names, size_t count)
{
    schema_picture picture;
    kfps_error error = {0};
    kfpb_conn *conn = test_open();
    ck_assert_msg(schema_inspect(conn, names, count, &picture, &error) == KFPS_OK, "%s", error.message);
    kfpb_close(&conn);
    return picture;
}

static bool has_table(const char *name)
{
    schema_picture picture = look(&name, 1);
    const bool there = picture.count == 1;
    schema_picture_free(&picture);
    return there;
}

/* The three tables are what the baseline promises. */
static void check_baseline(void)
{
    schema_picture promise;
    kfps_error error = {0};
    heard differences = {0};
    kfpb_conn *conn = test_open();
    ck_assert_int_eq(schema_promise(conn->driver, &promise, &error), KFPS_OK);
    kfpb_close(&conn);
    schema_picture found = look(baseline, BASELINE);
    const size_t count = schema_compare(&promise, &found, hear, &differences);
    ck_assert_msg(count == 0, "%s: %s", test_label(), kfpb_text_get(&differences.text));
    forget(&differences);
    schema_picture_free(&found);
    schema_picture_free(&promise);
}

/* ---- upstream's DDL
 * ---------------------------------------------------------------------------------------------------- */

static char *read_data(const char *name)
{
    char path[128];
    snprintf(path, sizeof path, "schema/%s_%s.sql", name, test_engine());
    FILE *file = fopen(test_data(path), "r");
    ck_assert_msg(file != NULL, "cannot open %s", test_data(path));
    char *text = calloc(1, 64 * 1024);
    ck_assert_ptr_nonnull(text);
    ck_assert_uint_gt(fread(text, 1, 64 * 1024 - 1, file), 0);
    fclose(file);
    return text;
}

/* Replaces the first `from` by `to`; both have a Q for the engine's quote in the file. */
static void replace(char *text, const char *from, const char *to)
{
    char old[256];
    char new[256];
    const char quote = strchr(text, '`') != NULL && strstr(text, "TABLE `") != NULL ? '`' : '"';
    snprintf(old, sizeof old, "%s", from);
    snprintf(new, sizeof new, "%s", to);
    for (char *c = old; *c != '\0'; c++)
        *c = *c == 'Q' ? quote : *c;
    for (char *c = new; *c != '\0'; c++)
        *c = *c == 'Q' ? quote : *c;
    char *at = strstr(text, old);
    ck_assert_msg(at != NULL, "no %s in upstream's DDL", old);
    memmove(at + strlen(new), at + strlen(old), strlen(at + strlen(old)) + 1);
    memcpy(at, new, strlen(new));
}

static void run_script(const char *text)
{
    kfpb_conn *conn = test_open();
    kfpb_text sql = {0};
    while (schema_next_statement(&text, "", &sql))
        test_exec(conn, kfpb_text_get(&sql));
    kfpb_text_free(&sql);
    kfpb_close(&conn);
}

/* Upstream's tables; `runs_only`: as a KFP before the new tables has them. */
static void run_upstream(bool runs_only)
{
    char *text = read_data("upstream");
    if (runs_only) {
        char *end = strstr(text, "CREATE TABLE `artifacts`");
        end = end != NULL ? end : strstr(text, "CREATE TABLE \"artifacts\"");
        ck_assert_ptr_nonnull(end);
        *end = '\0';
    }
    run_script(text);
    free(text);
}

static void run_legacy(void)
{
    run_upstream(true);
    char *text = read_data("legacy_tasks");
    run_script(text);
    free(text);
}

static void insert_run(kfpb_conn *conn)
{
    test_exec(
        conn,
        "INSERT INTO \"run_details\" (\"UUID\",\"DisplayName\",\"Name\",\"Description\",\"Namespace\",\"ExperimentUUID\","
        "\"StorageState\",\"ServiceAccount\",\"PipelineId\",\"PipelineName\",\"CreatedAtInSec\",\"Conditions\","
        "\"PipelineRuntimeManifest\",\"WorkflowRuntimeManifest\") "
        "VALUES ('run-1','d','n','','ns','e','AVAILABLE','sa','p','pn',1,'Succeeded','','')");
}

/* ---- cases
 * -------------------------------------------------------------------------------------------------------------- */

START_TEST(from_nothing)
{
    schema_status status;
    kfps_error error;
    read_status(&status);
    ck_assert(status.pending && !status.has_run_details && !status.has_books && !status.newer && !status.changed);
    ck_assert_int_eq(status.version, 0);
    schema_status_free(&status);

    upgrade(true);
    check_baseline();
    read_status(&status);
    ck_assert(!status.pending && status.has_run_details && status.has_new_tables && status.has_books);
    ck_assert_int_eq(status.version, schema_version());
    ck_assert_int_ge(status.min_reader_version, SCHEMA_STEP_BASELINE);
    for (size_t i = 0; i < status.count; i++)
        ck_assert_int_eq(status.steps[i].state,
                         status.steps[i].step->number == SCHEMA_STEP_LEGACY ? SCHEMA_NOT_NEEDED : SCHEMA_APPLIED);
    const int64_t first_time = status.steps[SCHEMA_STEP_BASELINE - 1].applied_at;
    ck_assert_int_gt(first_time, 0);
    schema_status_free(&status);

    kfpb_conn *conn = test_open();
    insert_run(conn);
    kfpb_close(&conn);
    heard again = {0};
    ck_assert_int_eq(run_command(schema_upgrade, true, false, &again, &error), KFPS_OK);
    ck_assert_int_eq(again.lines, 1);
    ck_assert(said(&again, "up to date"));
    conn = test_open();
    ck_assert_int_eq(number_of(conn, "SELECT COUNT(*) FROM \"run_details\""), 1);
    ck_assert_int_eq(number_of(conn, "SELECT \"Epoch\" FROM \"kfpstore_lease\" WHERE \"Slot\" = 0"), 1);
    kfpb_close(&conn);
    forget(&again);
}
END_TEST

START_TEST(dry_run_writes_nothing)
{
    kfps_error error;
    heard plan = {0};
    ck_assert_msg(run_command(schema_upgrade, true, true, &plan, &error) == KFPS_OK, "%s", error.message);
    ck_assert(said(&plan, "kfpstore_schema"));
    ck_assert(said(&plan, "fk_artifact_tasks_task_run"));
    ck_assert(said(&plan, "kfpstore_tasks_cache"));
    ck_assert(!said(&plan, "tasks_pre_migration"));
    ck_assert(!has_table("kfpstore_schema"));
    ck_assert(!has_table("run_details"));
    forget(&plan);
}
END_TEST

START_TEST(refuses_a_strange_database)
{
    kfps_error error;
    ck_assert_int_eq(run_command(schema_upgrade, false, false, NULL, &error), KFPS_SCHEMA);
    ck_assert_ptr_nonnull(strstr(error.message, "--standalone"));
    ck_assert(!has_table("kfpstore_schema"));
}
END_TEST

START_TEST(moves_the_old_tasks)
{
    schema_status status;
    run_legacy();
    kfpb_conn *conn = test_open();
    insert_run(conn);
    test_exec(
        conn,
        "INSERT INTO \"tasks\" (\"UUID\",\"Namespace\",\"PipelineName\",\"RunUUID\",\"PodName\",\"MLMDExecutionID\","
        "\"CreatedTimestamp\",\"Fingerprint\") VALUES ('t1','ns','p','run-1','pod','17',5,'abc')");
    kfpb_close(&conn);
    read_status(&status);
    ck_assert(status.has_legacy_tasks && !status.has_mixed_tasks && !status.has_pre_migration);
    schema_status_free(&status);

    upgrade(false);
    check_baseline();
    read_status(&status);
    ck_assert(!status.has_legacy_tasks && status.has_pre_migration && !status.pending);
    ck_assert_int_eq(status.steps[SCHEMA_STEP_LEGACY - 1].state, SCHEMA_APPLIED);
    ck_assert_int_eq(status.steps[SCHEMA_STEP_STANDALONE - 1].state, SCHEMA_NOT_NEEDED);
    schema_status_free(&status);
    conn = test_open();
    ck_assert_int_eq(number_of(conn,
                               "SELECT COUNT(*) FROM \"tasks_pre_migration\" WHERE \"MLMDExecutionID\" = '17' AND "
                               "\"Fingerprint\" = 'abc' AND \"CreatedTimestamp\" = 5"),
                     1);
    ck_assert_int_eq(number_of(conn, "SELECT COUNT(*) FROM \"tasks\""), 0);
    if (test_engine_is("pgsql"))
        ck_assert_int_eq(
            number_of(conn, "SELECT COUNT(*) FROM pg_constraint WHERE conname = 'tasks_pkey' AND contype = 'p'"), 1);
    kfpb_close(&conn);
    upgrade(false);
}
END_TEST

START_TEST(is_what_upstream_makes)
{
    heard differences = {0};
    run_upstream(false);
    schema_picture theirs = look(everything, EVERYTHING);
    ck_assert_uint_eq(theirs.count, EVERYTHING);
    test_wipe();
    upgrade(true);
    schema_picture ours = look(everything, EVERYTHING);
    const size_t count = schema_compare(&theirs, &ours, hear, &differences);
    ck_assert_msg(count == 0, "%s: %s", test_label(), kfpb_text_get(&differences.text));
    for (size_t t = 0; t < theirs.count; t++) {
        const schema_table *their_table = &theirs.tables[t];
        const schema_table *our_table = schema_find_table(&ours, their_table->name);
        ck_assert_uint_eq(their_table->column_count, our_table->column_count);
        ck_assert_uint_eq(their_table->foreign_key_count, our_table->foreign_key_count);
        for (size_t i = 0; i < their_table->column_count; i++) {
            const schema_column *their_column = &their_table->columns[i];
            ck_assert_str_eq(their_column->name, our_table->columns[i].name);
            ck_assert_pstr_eq(their_column->charset, our_table->columns[i].charset);
            ck_assert_pstr_eq(their_column->collation, our_table->columns[i].collation);
        }
        for (size_t i = 0; i < our_table->index_count; i++)
            ck_assert(schema_find_index(their_table, our_table->indexes[i].name) != NULL ||
                      strncmp(our_table->indexes[i].name, "kfpstore_", 9) == 0);
    }
    schema_picture_free(&theirs);
    schema_picture_free(&ours);
    forget(&differences);
}
END_TEST

/* A KFP database without the new tables: theirs have to fit run_details, whatever its character set. */
START_TEST(fits_the_runs)
{
    run_upstream(true);
    kfpb_conn *conn = test_open();
    const bool mysql = test_engine_is("mysql");
    if (mysql) {
        test_exec(conn, "DROP TABLE run_metrics");
        test_exec(conn, "ALTER TABLE run_details CONVERT TO CHARACTER SET utf8mb3 COLLATE utf8mb3_unicode_ci");
    }
    kfpb_close(&conn);
    upgrade(false);
    check_baseline();
    if (mysql) {
        schema_picture found = look(baseline, BASELINE);
        const schema_column *key = schema_find_column(schema_find_table(&found, "tasks"), "RunUUID");
        ck_assert_msg(strstr(key->collation, "unicode_ci") != NULL, "%s", key->collation);
        schema_picture_free(&found);
    }
}
END_TEST

START_TEST(adopts_upstreams_tables)
{
    kfps_error error;
    heard lines = {0};
    schema_status status;
    run_upstream(false);
    ck_assert_int_eq(run_command(schema_upgrade, false, false, NULL, &error), KFPS_SCHEMA);
    ck_assert_ptr_nonnull(strstr(error.message, "schema adopt"));
    ck_assert(!has_table("kfpstore_schema"));

    ck_assert_msg(run_command(schema_adopt, false, true, &lines, &error) == KFPS_OK, "%s: %s", error.message,
                  kfpb_text_get(&lines.text));
    ck_assert(!has_table("kfpstore_schema"));
    ck_assert_msg(run_command(schema_adopt, false, false, &lines, &error) == KFPS_OK, "%s: %s", error.message,
                  kfpb_text_get(&lines.text));
    read_status(&status);
    ck_assert_int_eq(status.steps[SCHEMA_STEP_BASELINE - 1].state, SCHEMA_ADOPTED);
    ck_assert(status.pending);
    schema_status_free(&status);
    upgrade(false);
    read_status(&status);
    ck_assert(!status.pending);
    schema_status_free(&status);
    ck_assert_int_eq(run_command(schema_adopt, false, false, &lines, &error), KFPS_OK);
    ck_assert(said(&lines, "nothing to adopt"));
    forget(&lines);
}
END_TEST

START_TEST(lists_what_differs)
{
    kfps_error error;
    heard lines = {0};
    char *text = read_data("upstream");
    replace(text, "QLogicalKeyQ varchar(64)", "QLogicalKeyQ varchar(63)");
    replace(text, "Qidx_parent_runQ", "Qidx_other_runQ");
    replace(text, "Qfk_artifact_tasks_runsQ", "Qfk_other_runsQ");
    replace(text, "NOT NULL DEFAULT -1", "NOT NULL DEFAULT 7");
    replace(text, "QURIHashQ varchar(64)", "QURIHashQ varchar(64) NOT NULL");
    replace(text, "(QNamespaceQ,QIdentityKeyQ)", "(QIdentityKeyQ,QNamespaceQ)");
    run_script(text);
    free(text);
    ck_assert_int_eq(run_command(schema_adopt, false, false, &lines, &error), KFPS_SCHEMA);
    static const char *const expected[] = {
        "tasks.LogicalKey: is varchar(63), should be varchar(64)",
        "tasks: the index idx_parent_run (RunUUID,ParentTaskUUID) is missing",
        "artifact_tasks: the foreign key fk_artifact_tasks_runs (RunUUID) to run_details (UUID) is missing",
        "artifact_tasks: the foreign key fk_other_runs (RunUUID) to run_details is not expected",
        "artifact_tasks.Iteration: its default is 7, should be -1",
        "artifacts.URIHash: is NOT NULL, should be nullable",
        "artifacts: the index idx_artifact_identity is unique (IdentityKey,Namespace), should be unique (Namespace,IdentityKey)",
    };
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++)
        ck_assert_msg(said(&lines, expected[i]), "not said: %s; but:\n%s", expected[i], kfpb_text_get(&lines.text));
    ck_assert_int_eq(lines.lines, (int) (sizeof expected / sizeof expected[0]));
    ck_assert(!has_table("kfpstore_schema"));
    forget(&lines);
}
END_TEST

START_TEST(refuses_half_altered_tasks)
{
    kfps_error error;
    heard lines = {0};
    run_legacy();
    kfpb_conn *conn = test_open();
    test_exec(conn, "ALTER TABLE \"tasks\" ADD COLUMN \"pods\" text");
    kfpb_close(&conn);
    ck_assert_int_eq(run_command(schema_upgrade, false, false, &lines, &error), KFPS_SCHEMA);
    ck_assert_ptr_nonnull(strstr(error.message, "half altered"));
    ck_assert(said(&lines, "tasks.PipelineName: is not expected, and is NOT NULL without a default"));
    ck_assert(said(&lines, "tasks.LogicalKey: is missing"));
    ck_assert(!has_table("kfpstore_schema"));
    forget(&lines);
}
END_TEST

START_TEST(refuses_newer_and_changed)
{
    kfps_error error;
    schema_status status;
    upgrade(true);
    kfpb_conn *conn = test_open();
    test_exec(conn, "INSERT INTO \"kfpstore_schema\" VALUES (999, 'x', 'x', 1, 'applied', 1, '9.9', 1)");
    ck_assert_int_eq(run_command(schema_upgrade, true, false, NULL, &error), KFPS_SCHEMA);
    ck_assert_ptr_nonnull(strstr(error.message, "999"));
    read_status(&status);
    ck_assert(status.newer && !status.changed);
    schema_status_free(&status);

    test_exec(conn, "DELETE FROM \"kfpstore_schema\" WHERE \"Step\" = 999");
    test_exec(conn, "UPDATE \"kfpstore_schema\" SET \"Checksum\" = 'f' WHERE \"Step\" = 5");
    kfpb_close(&conn);
    ck_assert_int_eq(run_command(schema_upgrade, true, false, NULL, &error), KFPS_SCHEMA);
    ck_assert_ptr_nonnull(strstr(error.message, "step 5"));
    read_status(&status);
    ck_assert(status.changed && !status.newer);
    schema_status_free(&status);
}
END_TEST

START_TEST(stops_and_goes_on)
{
    kfps_error error;
    heard lines = {.stop_at = "step 5"};
    ck_assert_int_eq(run_command(schema_upgrade, true, false, &lines, &error), KFPS_INTERRUPTED);
    schema_status status;
    read_status(&status);
    ck_assert(status.pending);
    ck_assert_int_eq(status.steps[SCHEMA_STEP_BASELINE - 1].state, SCHEMA_APPLIED);
    ck_assert_int_ne(status.steps[5].state, SCHEMA_APPLIED);
    schema_status_free(&status);
    upgrade(true);
    check_baseline();
    read_status(&status);
    ck_assert(!status.pending);
    schema_status_free(&status);
    forget(&lines);
}
END_TEST

/* As after a kill: statement n ran, its record was not written. */
START_TEST(a_cut_off_step_goes_on)
{
    upgrade(true);
    kfpb_conn *conn = test_open();
    const bool mysql = test_engine_is("mysql");
    if (mysql || test_engine_is("pgsql")) {
        test_exec(conn, "UPDATE \"kfpstore_schema\" SET \"State\" = 'partial', \"Statement\" = 3 WHERE \"Step\" = 6");
        test_exec(conn, mysql ? "DROP INDEX kfpstore_tasks_cache ON tasks" : "DROP INDEX kfpstore_tasks_cache");
        for (int i = 0; i < 4; i++) {
            static const char *const later[] = {"kfpstore_tasks_run_created", "kfpstore_tasks_ns_created",
                                                "kfpstore_tasks_parent_created", "kfpstore_tasks_cache_ns"};
            char sql[128];
            snprintf(sql, sizeof sql, mysql ? "DROP INDEX %s ON tasks" : "DROP INDEX %s", later[i]);
            test_exec(conn, sql);
        }
    }
    if (mysql) { /* and the baseline: artifacts recorded, tasks made and not recorded, artifact_tasks not made */
        test_exec(conn, "DROP TABLE artifact_tasks");
        test_exec(conn, "UPDATE kfpstore_schema SET State = 'partial', Statement = 1 WHERE Step = 4");
    }
    upgrade(true);
    check_baseline();
    schema_picture found = look(baseline, BASELINE);
    ck_assert_ptr_nonnull(schema_find_index(schema_find_table(&found, "tasks"), "kfpstore_tasks_cache"));
    ck_assert_ptr_nonnull(schema_find_index(schema_find_table(&found, "artifacts"), "kfpstore_artifacts_ns_name"));
    schema_picture_free(&found);
    ck_assert_int_eq(number_of(conn, "SELECT COUNT(*) FROM \"kfpstore_schema\" WHERE \"State\" = 'partial'"), 0);
    kfpb_close(&conn);
}
END_TEST

/* PostgreSQL leaves an invalid index when CREATE INDEX CONCURRENTLY is cut off. */
START_TEST(an_invalid_index_is_built_again)
{
    upgrade(true);
    kfpb_conn *conn = test_open();
    if (test_engine_is("pgsql")) {
        test_exec(conn, "INSERT INTO artifacts (\"UUID\", \"Namespace\") VALUES ('a', 'n'), ('b', 'n')");
        test_exec(conn, "DROP INDEX kfpstore_tasks_cache");
        ck_assert_int_eq(kfpb_exec(conn,
                                   "CREATE UNIQUE INDEX CONCURRENTLY kfpstore_tasks_cache ON artifacts (\"Namespace\")",
                                   NULL, 0, NULL, NULL),
                         KFPS_EXISTS);
        ck_assert_int_eq(number_of(conn, "SELECT COUNT(*) FROM pg_index WHERE NOT indisvalid"), 1);
        test_exec(conn, "DROP INDEX kfpstore_tasks_cache");
        test_exec(conn, "DROP INDEX kfpstore_artifacts_name");
        ck_assert_int_eq(
            kfpb_exec(conn, "CREATE UNIQUE INDEX CONCURRENTLY kfpstore_artifacts_name ON artifacts (\"Namespace\")",
                      NULL, 0, NULL, NULL),
            KFPS_EXISTS);
        test_exec(conn, "UPDATE kfpstore_schema SET \"State\" = 'partial', \"Statement\" = 2 WHERE \"Step\" = 6");
        test_exec(conn, "DROP INDEX kfpstore_artifacts_ns_name, kfpstore_tasks_run_created, kfpstore_tasks_ns_created, "
                        "kfpstore_tasks_parent_created, kfpstore_tasks_cache_ns");
        upgrade(true);
        ck_assert_int_eq(number_of(conn, "SELECT COUNT(*) FROM pg_index WHERE NOT indisvalid"), 0);
        schema_picture found = look(baseline, BASELINE);
        const schema_index *index = schema_find_index(schema_find_table(&found, "artifacts"),
                                                      "kfpstore_artifacts_name");
        ck_assert_ptr_nonnull(index);
        ck_assert_str_eq(index->columns, "Name,UUID");
        schema_picture_free(&found);
    }
    kfpb_close(&conn);
}
END_TEST

START_TEST(prints_the_same_schema)
{
    kfps_error error = {0};
    kfpb_text script = {0};
    schema_status status;
    kfpb_conn *conn = test_open();
    const kfpb_driver *driver = conn->driver;
    kfpb_close(&conn);
    ck_assert_int_eq(schema_print(driver, 99, true, &script, &error), KFPS_INVALID);
    ck_assert_int_eq(schema_print(driver, 1, true, &script, &error), KFPS_OK);
    /* What is for the client and not for the server. */
    for (char *line = script.data; line != NULL && *line != '\0';) {
        char *end = strchr(line, '\n');
        if (*line == '.' || *line == '\\' || strncmp(line, "BEGIN", 5) == 0 || strncmp(line, "COMMIT", 6) == 0)
            memset(line, ' ', (size_t) (end - line));
        line = end + 1;
    }
    run_script(script.data);
    kfpb_text_free(&script);
    check_baseline();
    read_status(&status);
    ck_assert(!status.pending && !status.changed && !status.newer);
    ck_assert_int_eq(status.version, schema_version());
    schema_status_free(&status);
    heard lines = {0};
    ck_assert_int_eq(run_command(schema_upgrade, false, false, &lines, &error), KFPS_OK);
    ck_assert_int_eq(lines.lines, 1);
    forget(&lines);
}
END_TEST

/* ---- several at once
 * ------------------------------------------------------------------------------------------------------ */

typedef struct one_upgrade {
    kfps_status status;
    kfps_error error;
} one_upgrade;

static void *upgrade_thread(void *context)
{
    one_upgrade *one = context;
    one->status = run_command(schema_upgrade, true, false, NULL, &one->error);
    return NULL;
}

static void upgrade_at_once(void)
{
    enum { THREADS = 4 };
    pthread_t threads[THREADS];
    one_upgrade results[THREADS] = {0};
    for (int i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, upgrade_thread, &results[i]), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    for (int i = 0; i < THREADS; i++)
        ck_assert_msg(results[i].status == KFPS_OK, "%s: %s", test_label(), results[i].error.message);
    check_baseline();
    kfpb_conn *conn = test_open();
    ck_assert_int_eq(number_of(conn, "SELECT COUNT(*) FROM \"kfpstore_schema\""), schema_version());
    kfpb_close(&conn);
}

START_TEST(several_at_once)
{
    upgrade_at_once();
}
END_TEST

/* One finds the old table, another the new one and the old one under its new name. */
START_TEST(several_at_once_move_the_old_tasks)
{
    run_legacy();
    upgrade_at_once();
    ck_assert(has_table("tasks_pre_migration"));
}
END_TEST

/* MySQL's lock is per server, not per database: programs that share one wait for each other, so none of these takes at
 * once. */

/* ---- the lease
 * --------------------------------------------------------------------------------------------------------------- */

static schema_lease *take(const kfpb_dsn *dsn, const char *purpose, int wait_s, kfps_error *error)
{
    static const kfpb_open_options how;
    const schema_lease_options options = {.purpose = purpose, .slots = 2, .wait_s = wait_s};
    schema_lease *lease = NULL;
    const kfps_status status = schema_lease_take(dsn, &how, &options, &lease, error);
    ck_assert((status == KFPS_OK) == (lease != NULL));
    return lease;
}

static void release(schema_lease *lease)
{
    schema_lease_release(&lease);
    ck_assert_ptr_null(lease);
}

START_TEST(the_lease_excludes)
{
    kfps_error error = {0};
    kfpb_dsn dsn = {0};
    upgrade(true);
    ck_assert_int_eq(kfpb_dsn_parse(test_dsn(), &dsn, &error), KFPS_OK);
    schema_lease *first = take(&dsn, "import", WAIT_S, &error);
    ck_assert_msg(first != NULL, "%s", error.message);
    ck_assert(schema_lease_held(first));
    ck_assert_ptr_null(take(&dsn, "other", 1, &error));
    ck_assert_int_eq(error.code, KFPS_BUSY);
    ck_assert_msg(strstr(error.message, "locked by \"import ") != NULL, "%s", error.message);

    kfpb_conn *conn = test_open();
    ck_assert_int_eq(kfpb_begin(conn, KFPB_TX_WRITE, &error), KFPS_OK);
    ck_assert_msg(schema_lease_fence(first, conn, 1, &error) == KFPS_OK, "%s", error.message);
    ck_assert_int_eq(kfpb_commit(conn, &error), KFPS_OK);
    const int64_t epoch = number_of(conn, "SELECT \"Epoch\" FROM \"kfpstore_lease\" WHERE \"Slot\" = 0");
    release(first);
    schema_lease *second = take(&dsn, "import", WAIT_S, &error);
    ck_assert_msg(second != NULL, "%s", error.message);
    ck_assert_int_eq(number_of(conn, "SELECT \"Epoch\" FROM \"kfpstore_lease\" WHERE \"Slot\" = 0"), epoch + 1);
    ck_assert_int_eq(number_of(conn, "SELECT COUNT(*) FROM \"kfpstore_lease\" WHERE \"Slot\" IN (0, 1, 2)"), 3);
    release(second);
    kfpb_close(&conn);
    kfpb_dsn_free(&dsn);
}
END_TEST

/* The holder's heartbeat has lost its connection and the lease ran out. */
static void let_expire(kfpb_conn *conn)
{
    if (test_engine_is("mysql")) {
        char sql[64];
        snprintf(sql, sizeof sql, "KILL %lld",
                 (long long) number_of(conn, "SELECT IS_USED_LOCK('kfp_mlmd_migration_lock')"));
        test_exec(conn, sql);
    }
    test_exec(conn, "UPDATE \"kfpstore_lease\" SET \"ExpiresAtInSec\" = 1 WHERE \"Slot\" = 0");
}

START_TEST(a_taken_over_lease_fences)
{
    kfps_error error = {0};
    kfpb_dsn dsn = {0};
    upgrade(true);
    ck_assert_int_eq(kfpb_dsn_parse(test_dsn(), &dsn, &error), KFPS_OK);
    schema_lease *old = take(&dsn, "slow", WAIT_S, &error);
    ck_assert_msg(old != NULL, "%s", error.message);
    kfpb_conn *conn = test_open();
    let_expire(conn);
    schema_lease *new = take(&dsn, "quick", WAIT_S, &error);
    ck_assert_msg(new != NULL, "%s", error.message);
    ck_assert_int_eq(kfpb_begin(conn, KFPB_TX_WRITE, &error), KFPS_OK);
    ck_assert_int_eq(schema_lease_fence(old, conn, 1, &error), KFPS_INTERNAL);
    ck_assert_msg(strstr(error.message, "taken over by \"quick ") != NULL, "%s", error.message);
    kfpb_rollback(conn);
    ck_assert_int_eq(schema_lease_fence(new, conn, 2, &error), KFPS_OK);
    for (int i = 0; i < 100 && schema_lease_held(old); i++)
        usleep(100000);
    ck_assert(!schema_lease_held(old));
    ck_assert(schema_lease_held(new));
    release(old);
    ck_assert_int_eq(
        number_of(conn, "SELECT COUNT(*) FROM \"kfpstore_lease\" WHERE \"Slot\" = 0 AND \"Owner\" LIKE 'quick %'"), 1);
    release(new);

    /* The one that took it over has ended since. */
    old = take(&dsn, "slow", WAIT_S, &error);
    ck_assert_msg(old != NULL, "%s", error.message);
    let_expire(conn);
    new = take(&dsn, "quick", WAIT_S, &error);
    ck_assert_msg(new != NULL, "%s", error.message);
    release(new);
    ck_assert_int_eq(schema_lease_fence(old, conn, 1, &error), KFPS_INTERNAL);
    ck_assert_msg(strstr(error.message, "had expired") != NULL, "%s", error.message);
    release(old);
    kfpb_close(&conn);
    kfpb_dsn_free(&dsn);
}
END_TEST

/* A transaction that holds the lock of the whole file for longer than a beat must not cost the lease. */
START_TEST(a_long_transaction_keeps_the_lease)
{
    kfps_error error = {0};
    kfpb_dsn dsn = {0};
    upgrade(true);
    ck_assert_int_eq(kfpb_dsn_parse(test_dsn(), &dsn, &error), KFPS_OK);
    schema_lease *lease = take(&dsn, "import", WAIT_S, &error);
    ck_assert_msg(lease != NULL, "%s", error.message);
    kfpb_conn *conn = test_open();
    ck_assert_int_eq(kfpb_begin(conn, KFPB_TX_WRITE, &error), KFPS_OK);
    insert_run(conn);
    /* Another finds out who has it without waiting for the lock. */
    const time_t begin = time(NULL);
    ck_assert_ptr_null(take(&dsn, "other", 0, &error));
    ck_assert_int_eq(error.code, KFPS_BUSY);
    ck_assert_msg(strstr(error.message, "locked by \"import ") != NULL, "%s", error.message);
    ck_assert_int_le(time(NULL) - begin, 1);
    sleep(9);
    ck_assert(schema_lease_held(lease));
    ck_assert_msg(schema_lease_fence(lease, conn, 1, &error) == KFPS_OK, "%s", error.message);
    ck_assert_int_eq(kfpb_commit(conn, &error), KFPS_OK);
    sleep(3);
    ck_assert(schema_lease_held(lease));
    ck_assert_int_ge(number_of(conn, "SELECT \"Beat\" FROM \"kfpstore_lease\" WHERE \"Slot\" = 0"), 2);
    release(lease);
    kfpb_close(&conn);
    kfpb_dsn_free(&dsn);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("schema");
    TCase *steps = tcase_create("steps");
    TCase *lease = tcase_create("lease");
    tcase_add_checked_fixture(steps, test_wipe, NULL);
    tcase_add_checked_fixture(lease, test_wipe, NULL);
    tcase_set_timeout(steps, 120);
    tcase_set_timeout(lease, 120);
    tcase_add_test(steps, from_nothing);
    tcase_add_test(steps, dry_run_writes_nothing);
    tcase_add_test(steps, refuses_a_strange_database);
    tcase_add_test(steps, moves_the_old_tasks);
    tcase_add_test(steps, is_what_upstream_makes);
    tcase_add_test(steps, fits_the_runs);
    tcase_add_test(steps, adopts_upstreams_tables);
    tcase_add_test(steps, lists_what_differs);
    tcase_add_test(steps, refuses_half_altered_tasks);
    tcase_add_test(steps, refuses_newer_and_changed);
    tcase_add_test(steps, stops_and_goes_on);
    tcase_add_test(steps, a_cut_off_step_goes_on);
    tcase_add_test(steps, an_invalid_index_is_built_again);
    tcase_add_test(steps, prints_the_same_schema);
    tcase_add_test(lease, several_at_once);
    tcase_add_loop_test(lease, several_at_once_move_the_old_tasks, 0, 3);
    tcase_add_test(lease, the_lease_excludes);
    tcase_add_test(lease, a_taken_over_lease_fences);
    tcase_add_test(lease, a_long_transaction_keeps_the_lease);
    suite_add_tcase(suite, steps);
    suite_add_tcase(suite, lease);
    return suite_main(suite);
}
