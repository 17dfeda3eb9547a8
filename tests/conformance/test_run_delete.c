/* SPDX-License-Identifier: Apache-2.0 */
/* test_run_delete.c: a run goes with all that is its own, however deep its tree is, and nothing else goes. */
#include "tests/harness/one_session.h"
#include "tests/harness/task_tests.h"

static void begin(void)
{
    kfp_fresh();
    open_session();
    kfp_run("run-1", "ns", "SUCCEEDED");
    kfp_run("run-2", "ns", "RUNNING");
}

/* `depth` tasks, each the parent of the next; the deepest's UUID. */
static void chain(const char *run, int depth, char uuid[KFPS_UUID_SIZE])
{
    char parent[KFPS_UUID_SIZE] = "";
    kfp_exec("UPDATE \"run_details\" SET \"State\"='RUNNING'");
    for (int i = 0; i < depth; i++) {
        char name[16];
        snprintf(name, sizeof name, "t%d", i);
        const kfps_task task = tt_task(run, parent, name, KFPS_TASK_RUNNING);
        tt_create(session, &task, uuid);
        memcpy(parent, uuid, KFPS_UUID_SIZE);
    }
    kfp_exec("UPDATE \"run_details\" SET \"State\"='SUCCEEDED' WHERE \"UUID\"='run-1'");
}

START_TEST(a_hundred_nested_tasks)
{
    char leaf[KFPS_UUID_SIZE];
    kfps_run_deleted deleted;
    int64_t tasks = 0;
    for (int round = 0; round < 2; round++) {
        chain("run-1", 100, leaf);
        ck_assert_int_eq(tt_tasks_where("\"RunUUID\"='run-1'"), 100);
        if (round == 0) {
            kfp_ok(kfps_task_delete_for_run(session, "run-1", &tasks, &error), &error);
            ck_assert_int_eq(tasks, 100);
            ck_assert_int_eq(kfp_count("SELECT COUNT(*) FROM \"run_details\""), 2);
        } else {
            kfp_ok(kfps_run_delete(session, "run-1", &deleted, &error), &error);
            ck_assert_int_eq(deleted.tasks, 100);
            ck_assert_int_eq(deleted.runs, 1);
            ck_assert_int_eq(kfp_count("SELECT COUNT(*) FROM \"run_details\""), 1);
        }
        ck_assert_int_eq(kfp_count("SELECT COUNT(*) FROM \"tasks\""), 0);
    }
}
END_TEST

START_TEST(what_is_the_runs_goes_and_nothing_else)
{
    char mine[KFPS_UUID_SIZE], theirs[KFPS_UUID_SIZE];
    kfps_run_deleted deleted;
    chain("run-1", 3, mine);
    chain("run-2", 2, theirs);
    tt_artifact("art-1", "ns", KFPS_ARTIFACT_MODEL);
    tt_link("art-1", mine, "run-1", KFPS_IO_OUTPUT, "k", NULL, -1);
    tt_link("art-1", theirs, "run-2", KFPS_IO_COMPONENT_INPUT, "k", NULL, -1);
    kfp_exec("INSERT INTO \"kfpstore_run_shape\" (\"RunUUID\",\"Shape\",\"CreatedAtInSec\") VALUES ('run-1','{}',1)");
    kfp_exec("INSERT INTO \"kfpstore_run_shape\" (\"RunUUID\",\"Shape\",\"CreatedAtInSec\") VALUES ('run-2','{}',1)");
    kfp_ok(kfps_run_delete(session, "run-1", &deleted, &error), &error);
    ck_assert_int_eq(deleted.tasks, 3);
    ck_assert_int_eq(deleted.links, 1);
    ck_assert_int_eq(deleted.runs, 1);
    ck_assert_int_eq(deleted.resource_references, 0);
    ck_assert_int_eq(kfp_count("SELECT COUNT(*) FROM \"tasks\""), 2);
    ck_assert_int_eq(kfp_count("SELECT COUNT(*) FROM \"artifact_tasks\""), 1);
    ck_assert_int_eq(kfp_count("SELECT COUNT(*) FROM \"artifacts\""), 1);
    ck_assert_int_eq(kfp_count("SELECT COUNT(*) FROM \"kfpstore_run_shape\""), 1);
    ck_assert_int_eq(kfps_run_delete(session, "run-1", &deleted, &error), KFPS_NOT_FOUND);
    ck_assert_int_eq(deleted.runs, 0);
    ck_assert_int_eq(kfps_run_delete(session, "RUN-2", &deleted, &error), KFPS_NOT_FOUND);
    ck_assert_int_eq(kfps_run_delete(session, "", &deleted, &error), KFPS_INVALID);
    ck_assert_int_eq(kfps_run_delete(session, NULL, NULL, NULL), KFPS_INVALID);
    ck_assert_int_eq(kfps_run_delete(NULL, "run-2", NULL, &error), KFPS_INVALID);
    int64_t tasks = 5;
    kfp_ok(kfps_task_delete_for_run(session, "run-1", &tasks, &error), &error);
    ck_assert_int_eq(tasks, 0);
    ck_assert_int_eq(kfps_task_delete_for_run(session, "", &tasks, &error), KFPS_INVALID);
    ck_assert_int_eq(kfps_task_delete_for_run(session, NULL, NULL, NULL), KFPS_INVALID);
    ck_assert_int_eq(kfps_task_delete_for_run(NULL, "run-2", &tasks, &error), KFPS_INVALID);
    ck_assert_int_eq(kfp_count("SELECT COUNT(*) FROM \"tasks\""), 2);
    kfp_ok(kfps_run_delete(session, "run-2", NULL, &error), &error);
    ck_assert_int_eq(kfp_count("SELECT COUNT(*) FROM \"tasks\""), 0);
}
END_TEST

/* Tables of the API server that a database of ours alone does not have. */
START_TEST(references_and_metrics)
{
    static const char *const rows[] = {"('run-1','Run','e','Experiment')", "('run-1','Run','j','Job')",
                                       "('x','Job','run-1','Run')",        "('run-1','Job','e','Experiment')",
                                       "('run-2','Run','e','Experiment')", "('x','Job','run-1','Job')"};
    const bool there = kfp_is_adopted();
    kfps_run_deleted deleted;
    char sql[512];
    kfp_exec("DROP TABLE IF EXISTS \"resource_references\"");
    if (!there)
        kfp_exec("DROP TABLE IF EXISTS \"run_metrics\"");
    kfp_exec("CREATE TABLE \"resource_references\" (\"ResourceUUID\" varchar(191) NOT NULL,\"ResourceType\" "
             "varchar(64) NOT NULL,\"ReferenceUUID\" varchar(191) NOT NULL,\"ReferenceName\" varchar(255),"
             "\"ReferenceType\" varchar(64) NOT NULL,\"Relationship\" varchar(64),\"Payload\" text,PRIMARY KEY "
             "(\"ResourceUUID\",\"ResourceType\",\"ReferenceType\"))");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        snprintf(sql, sizeof sql,
                 "INSERT INTO \"resource_references\" (\"ResourceUUID\",\"ResourceType\",\"ReferenceUUID\","
                 "\"ReferenceType\") VALUES %s",
                 rows[i]);
        kfp_exec(sql);
    }
    kfp_ok(kfps_run_delete(session, "run-1", &deleted, &error), &error);
    ck_assert_int_eq(deleted.resource_references, 3);
    ck_assert_int_eq(kfp_count("SELECT COUNT(*) FROM \"resource_references\""), 3);
    kfp_exec("DROP TABLE \"resource_references\"");
    /* in the middle of the caller's transaction, the table missing: it goes on */
    kfp_ok(kfps_txn_begin(session, &error), &error);
    kfp_ok(kfps_run_delete(session, "run-2", &deleted, &error), &error);
    kfp_ok(kfps_txn_exec(session, "DELETE FROM \"tasks\"", NULL, 0, NULL, &error), &error);
    kfp_ok(kfps_txn_commit(session, &error), &error);
    ck_assert_int_eq(kfp_count("SELECT COUNT(*) FROM \"run_details\""), 0);
}
END_TEST

START_TEST(a_run_of_another_namespace_is_not_found)
{
    kfps_session_options options;
    kfps_session *other = NULL;
    char leaf[KFPS_UUID_SIZE];
    int64_t tasks = 5;
    kfps_session_options_init(&options);
    options.session_namespace = "other";
    kfp_ok(kfps_session_open(store, &options, &other, &error), &error);
    chain("run-1", 2, leaf);
    ck_assert_int_eq(kfps_run_delete(other, "run-1", NULL, &error), KFPS_NOT_FOUND);
    kfp_ok(kfps_task_delete_for_run(other, "run-1", &tasks, &error), &error);
    ck_assert_int_eq(tasks, 0);
    ck_assert_int_eq(kfp_count("SELECT COUNT(*) FROM \"tasks\""), 2);
    kfps_session_close(other);
}
END_TEST

static Suite *delete_suite(void)
{
    Suite *suite = suite_create("run_delete");
    TCase *tests = tcase_create("run_delete");
    tcase_set_timeout(tests, 120);
    tcase_add_checked_fixture(tests, begin, close_session);
    tcase_add_test(tests, a_hundred_nested_tasks);
    tcase_add_test(tests, what_is_the_runs_goes_and_nothing_else);
    tcase_add_test(tests, references_and_metrics);
    tcase_add_test(tests, a_run_of_another_namespace_is_not_found);
    suite_add_tcase(suite, tests);
    return suite;
}

int main(void)
{
    return suite_main(delete_suite());
}
