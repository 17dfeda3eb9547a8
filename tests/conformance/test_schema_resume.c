/* SPDX-License-Identifier: Apache-2.0 */
/* test_schema_resume.c: an upgrade that was stopped, or cut off, goes on. */
#include "tests/harness/schema_fixture.h"

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

int main(void)
{
    Suite *suite = suite_create("schema_resume");
    TCase *cases = tcase_create("schema_resume");
    tcase_add_checked_fixture(cases, test_wipe, NULL);
    tcase_set_timeout(cases, 120);
    tcase_add_test(cases, stops_and_goes_on);
    tcase_add_test(cases, a_cut_off_step_goes_on);
    tcase_add_test(cases, an_invalid_index_is_built_again);
    suite_add_tcase(suite, cases);
    return suite_main(suite);
}
