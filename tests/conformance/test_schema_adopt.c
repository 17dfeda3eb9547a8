/* SPDX-License-Identifier: Apache-2.0 */
/* test_schema_adopt.c: tables that an API server made, or half made. */
#include "tests/harness/schema_fixture.h"

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

int main(void)
{
    Suite *suite = suite_create("schema_adopt");
    TCase *cases = tcase_create("schema_adopt");
    tcase_add_checked_fixture(cases, test_wipe, NULL);
    tcase_set_timeout(cases, 120);
    tcase_add_test(cases, adopts_upstreams_tables);
    tcase_add_test(cases, lists_what_differs);
    tcase_add_test(cases, refuses_half_altered_tasks);
    suite_add_tcase(suite, cases);
    return suite_main(suite);
}
