/* SPDX-License-Identifier: Apache-2.0 */
/* test_schema.c: the schema's steps on the engine under test: from nothing, over an old KFP, and beside upstream's own
 * DDL. */
#include <unistd.h>

#include "tests/harness/schema_fixture.h"

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

int main(void)
{
    Suite *suite = suite_create("schema");
    TCase *cases = tcase_create("schema");
    tcase_add_checked_fixture(cases, test_wipe, NULL);
    tcase_set_timeout(cases, 120);
    tcase_add_test(cases, from_nothing);
    tcase_add_test(cases, dry_run_writes_nothing);
    tcase_add_test(cases, refuses_a_strange_database);
    tcase_add_test(cases, moves_the_old_tasks);
    tcase_add_test(cases, is_what_upstream_makes);
    tcase_add_test(cases, fits_the_runs);
    tcase_add_test(cases, refuses_newer_and_changed);
    tcase_add_test(cases, prints_the_same_schema);
    suite_add_tcase(suite, cases);
    return suite_main(suite);
}
