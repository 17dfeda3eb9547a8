/* SPDX-License-Identifier: Apache-2.0 */
/* test_propagate.c: parents of tasks that end, with and without a shape. What is expected is what upstream's driver and
 * launcher do (updateStatuses, propagateOutputsUpDAG), in the server. */
#include "tests/harness/propagation.h"

static kfps_store *store;
static kfps_session *session;
static int64_t now = 1704110400; /* 2024-01-01T12:00:00Z */

static void setup(void)
{
    store = pr_store(&now);
    session = kfp_session(store);
}

static void teardown(void)
{
    kfps_session_close(session);
    kfps_store_close(store);
}

/* ---- without a shape ----------------------------------------------------------------------------------------------
 */

START_TEST(without_a_shape_only_failure_climbs)
{
    pr_task("root", NULL, "ROOT", KFPS_TASK_ROOT, NULL);
    pr_task("dag", "root", "dag", KFPS_TASK_DAG, NULL);
    pr_task("a", "dag", "a", KFPS_TASK_RUNTIME, NULL);
    pr_task("b", "dag", "b", KFPS_TASK_RUNTIME, NULL);
    pr_task("c", "dag", "c", KFPS_TASK_RUNTIME, NULL);
    pr_end(session, "a", KFPS_TASK_SUCCEEDED);
    pr_end(session, "b", KFPS_TASK_FAILED); /* c still runs */
    pr_state_is("dag", KFPS_TASK_RUNNING);
    pr_end(session, "c", KFPS_TASK_SUCCEEDED);
    pr_state_is("dag", KFPS_TASK_FAILED);
    pr_state_is("root", KFPS_TASK_FAILED);
    ck_assert_int_eq(kfp_task_int("root", "FinishedInSec"), now);
    kfp_task_json("dag", "StateHistory", "[{\"state\":\"FAILED\",\"updateTime\":\"2024-01-01T12:00:00Z\"}]");
}
END_TEST

START_TEST(without_a_shape_success_does_not_climb)
{
    pr_task("root", NULL, "ROOT", KFPS_TASK_ROOT, NULL);
    pr_task("a", "root", "a", KFPS_TASK_RUNTIME, NULL);
    pr_end(session, "a", KFPS_TASK_SUCCEEDED);
    pr_state_is("root", KFPS_TASK_RUNNING);
    ck_assert_int_eq(kfp_task_int("root", "FinishedInSec"), 0);
}
END_TEST

START_TEST(not_asked_for_it_does_not_climb)
{
    kfps_error error;
    kfps_task_update_options options;
    kfps_task_update_options_init(&options);
    options.propagate = 0;
    pr_task("root", NULL, "ROOT", KFPS_TASK_ROOT, NULL);
    pr_task("a", "root", "a", KFPS_TASK_RUNTIME, NULL);
    kfp_ok(kfps_task_update(session, &(kfps_task_change){.uuid = "a", .state = KFPS_TASK_FAILED}, 1, &options, NULL,
                            &error),
           &error);
    pr_state_is("root", KFPS_TASK_RUNNING);
    pr_end(session, "a", KFPS_TASK_FAILED); /* told again: now it does */
    pr_state_is("root", KFPS_TASK_FAILED);
    ck_assert_int_eq(pr_history_length("a"), 1);
}
END_TEST

/* ---- branches ------------------------------------------------------------------------------------------------------
 */

/* condition_type: upstream's driver makes CONDITION_BRANCH of what the import calls CONDITION. */
static void put_branches(int32_t branches_type, int32_t condition_type)
{
    pr_set_shape(session, "branches");
    pr_task("root", NULL, "ROOT", KFPS_TASK_ROOT, NULL);
    pr_task("flip", "root", "flip-coin", KFPS_TASK_RUNTIME, NULL);
    pr_task("branches", "root", "condition-branches-1", branches_type, NULL);
    pr_task("if", "branches", "condition-2", condition_type, NULL);
    pr_task("heads", "if", "heads", KFPS_TASK_RUNTIME, NULL);
    kfp_artifact("d");
    kfp_output("d", "heads", "data", -1);
}

static const struct {
    int32_t branches, condition;
    const char *if_links;
} branch_types[] = {
    {KFPS_TASK_CONDITION_BRANCH, KFPS_TASK_CONDITION, "9 -1 pipelinechannel--heads-data d heads -\n"},
    {KFPS_TASK_DAG, KFPS_TASK_CONDITION_BRANCH, "10 -1 pipelinechannel--heads-data d heads -\n"},
};

START_TEST(one_of_branches_and_the_others_skipped)
{
    put_branches(branch_types[_i].branches, branch_types[_i].condition);
    pr_end(session, "flip", KFPS_TASK_SUCCEEDED);
    pr_end_with(session,
                (kfps_task_change){.uuid = "heads",
                                   .state = KFPS_TASK_SUCCEEDED,
                                   .output_parameters_json =
                                       "[{\"parameterKey\":\"Output\",\"producer\":{\"taskName\":\"heads\"},\"type\":"
                                       "\"OUTPUT\",\"value\":\"h\"}]"});
    pr_state_is("if", KFPS_TASK_SUCCEEDED);
    pr_state_is("branches", KFPS_TASK_RUNNING);
    pr_links_are("if", branch_types[_i].if_links);
    pr_links_are("branches", "10 -1 pipelinechannel--condition-branches-1-oneof-1 d condition-2 -\n");
    pr_links_are("root", "10 -1 data d condition-branches-1 -\n");
    kfp_task_json("branches", "OutputParameters",
                  "[{\"parameterKey\":\"pipelinechannel--condition-branches-1-oneof-2\",\"producer\":{\"taskName\":"
                  "\"condition-2\"},\"type\":\"ONE_OF_OUTPUT\",\"value\":\"h\"}]");
    kfp_task_json("root", "OutputParameters",
                  "[{\"parameterKey\":\"word\",\"producer\":{\"taskName\":\"condition-branches-1\"},\"type\":"
                  "\"ONE_OF_OUTPUT\",\"value\":\"h\"}]");
    /* the other branch: its condition is false */
    pr_task("else", "branches", "condition-3", branch_types[_i].condition, NULL);
    pr_end(session, "else", KFPS_TASK_SKIPPED);
    pr_state_is("branches", KFPS_TASK_SUCCEEDED);
    pr_state_is("root", KFPS_TASK_RUNNING);
    pr_task("edge", "root", "condition-4", branch_types[_i].condition, NULL);
    pr_end(session, "edge", KFPS_TASK_SKIPPED);
    pr_state_is("root", KFPS_TASK_SUCCEEDED);
}
END_TEST

START_TEST(all_skipped_and_all_cached)
{
    put_branches(KFPS_TASK_CONDITION_BRANCH, KFPS_TASK_CONDITION);
    pr_task("else", "branches", "condition-3", KFPS_TASK_CONDITION, NULL);
    pr_task("tails", "else", "tails", KFPS_TASK_RUNTIME, NULL);
    pr_end(session, "heads", KFPS_TASK_CACHED);
    pr_state_is("if", KFPS_TASK_CACHED);
    pr_links_are("if", "9 -1 pipelinechannel--heads-data d heads -\n"); /* a cached task has its outputs, too */
    pr_end(session, "tails", KFPS_TASK_SKIPPED);
    pr_state_is("else", KFPS_TASK_SKIPPED);
    pr_state_is("branches", KFPS_TASK_SUCCEEDED);
}
END_TEST

/* ---- exit handlers ----------------------------------------------------------------------------------------------- */

START_TEST(a_failure_waits_for_the_exit_task)
{
    pr_set_shape(session, "exit_handler");
    pr_task("root", NULL, "ROOT", KFPS_TASK_ROOT, NULL);
    pr_task("handled", "root", "exit-handler-1", KFPS_TASK_EXIT_HANDLER, NULL);
    pr_task("fail", "handled", "fail-op", KFPS_TASK_RUNTIME, NULL);
    pr_end(session, "fail", KFPS_TASK_FAILED);
    pr_state_is("handled", KFPS_TASK_FAILED); /* print never begins */
    pr_state_is("root", KFPS_TASK_RUNNING);   /* notify is not there yet, but will be */
    pr_task("notify", "root", "notify", KFPS_TASK_RUNTIME, NULL);
    pr_end(session, "handled", KFPS_TASK_FAILED); /* told again while it runs */
    pr_state_is("root", KFPS_TASK_RUNNING);
    pr_end(session, "notify", KFPS_TASK_SUCCEEDED);
    pr_state_is("root", KFPS_TASK_FAILED);
}
END_TEST

/* ---- importer, late siblings, failures --------------------------------------------------------------------------- */

START_TEST(importer)
{
    pr_set_shape(session, "importer");
    pr_task("root", NULL, "ROOT", KFPS_TASK_ROOT, NULL);
    pr_task("imp", "root", "importer", KFPS_TASK_IMPORTER, NULL);
    pr_task("train", "root", "train", KFPS_TASK_RUNTIME, NULL);
    kfp_artifact("d");
    kfp_output("d", "imp", "artifact", -1);
    pr_end(session, "imp", KFPS_TASK_SUCCEEDED);
    pr_links_are("root", "9 -1 data d importer -\n");
    pr_state_is("root", KFPS_TASK_RUNNING);
    pr_end(session, "train", KFPS_TASK_FAILED);
    pr_state_is("root", KFPS_TASK_FAILED);
}
END_TEST

START_TEST(a_late_sibling)
{
    pr_set_shape(session, "importer");
    pr_task("root", NULL, "ROOT", KFPS_TASK_ROOT, NULL);
    pr_task("imp", "root", "importer", KFPS_TASK_IMPORTER, NULL);
    pr_task("train", "root", "train", KFPS_TASK_RUNTIME, NULL);
    pr_end(session, "imp", KFPS_TASK_SUCCEEDED);
    pr_end(session, "train", KFPS_TASK_CACHED);
    pr_state_is("root", KFPS_TASK_SUCCEEDED);
    pr_task("again", "root", "train", KFPS_TASK_RUNTIME, NULL);
    now += 5;
    pr_end(session, "again", KFPS_TASK_SUCCEEDED); /* nothing changes: nothing is written */
    ck_assert_int_eq(pr_history_length("root"), 1);
    ck_assert_int_eq(kfp_task_int("root", "FinishedInSec"), now - 5);
    pr_task("worse", "root", "train", KFPS_TASK_RUNTIME, NULL);
    pr_end(session, "worse", KFPS_TASK_FAILED);
    pr_state_is("root", KFPS_TASK_FAILED);
    ck_assert_int_eq(pr_history_length("root"), 2);
    pr_end(session, "worse", KFPS_TASK_SUCCEEDED); /* a failure stays until somebody resets or says otherwise */
    pr_state_is("root", KFPS_TASK_FAILED);
    ck_assert_int_eq(pr_history_length("root"), 2);
}
END_TEST

/* What somebody else left in the columns does not keep a run from ending. */
START_TEST(damaged_rows)
{
    pr_set_shape(session, "importer");
    kfp_task((kfps_task){.uuid = "root",
                         .name = "ROOT",
                         .type = KFPS_TASK_ROOT,
                         .state = KFPS_TASK_RUNNING,
                         .state_history_json = "{\"no\":\"array\"}",
                         .output_parameters_json = "\"text\""});
    pr_task("imp", "root", "importer", KFPS_TASK_IMPORTER, "[]");
    kfp_task((kfps_task){.uuid = "train",
                         .parent_uuid = "root",
                         .name = "train",
                         .state = KFPS_TASK_RUNNING,
                         .output_parameters_json = "[1,{\"parameterKey\":1}]"});
    pr_end(session, "imp", KFPS_TASK_SUCCEEDED);
    pr_end(session, "train", KFPS_TASK_SUCCEEDED);
    pr_state_is("root", KFPS_TASK_SUCCEEDED);
    kfp_exec("UPDATE \"kfpstore_run_shape\" SET \"Shape\"='{\"version\":1'");
    kfp_exec("UPDATE \"tasks\" SET \"State\"=1 WHERE \"UUID\"='root'");
    pr_end(session, "train", KFPS_TASK_SUCCEEDED); /* as without a shape */
    pr_state_is("root", KFPS_TASK_RUNNING);
    /* a cycle, which only another program can make */
    kfp_exec("UPDATE \"tasks\" SET \"ParentTaskUUID\"='imp' WHERE \"UUID\"='root'");
    pr_end(session, "imp", KFPS_TASK_FAILED);
}
END_TEST

START_TEST(moved_under_another_parent_it_ends_there)
{
    pr_task("root", NULL, "ROOT", KFPS_TASK_ROOT, NULL);
    pr_task("one", "root", "one", KFPS_TASK_DAG, NULL);
    pr_task("two", "root", "two", KFPS_TASK_DAG, NULL);
    pr_task("x", "root", "x", KFPS_TASK_RUNTIME, NULL);
    pr_task("a", "one", "a", KFPS_TASK_RUNTIME, NULL);
    pr_end_with(session, (kfps_task_change){.uuid = "a", .parent_uuid = "two", .state = KFPS_TASK_FAILED});
    pr_state_is("one", KFPS_TASK_RUNNING);
    pr_state_is("two", KFPS_TASK_FAILED);
    pr_state_is("root", KFPS_TASK_RUNNING);
}
END_TEST

static void count_statement(void *user, int32_t level, const char *facility, const char *message)
{
    (void) message;
    if (level == KFPS_LOG_DEBUG && strcmp(facility, "sql") == 0)
        ++*(int *) user;
}

/* Who does not end, or has no parent, does not pay; two levels up are three statements each. */
START_TEST(statements)
{
    kfps_store_options options;
    int statements = 0;
    pr_set_shape(session, "nested_loops");
    pr_task("root", NULL, "ROOT", KFPS_TASK_ROOT, NULL);
    pr_task("loop", "root", "for-loop-1", KFPS_TASK_LOOP, "{\"iterationCount\":\"1\"}");
    pr_task("train", "loop", "train", KFPS_TASK_RUNTIME, "{\"iterationIndex\":\"0\"}");
    pr_task("make", "root", "make-list", KFPS_TASK_RUNTIME, NULL);
    pr_task("inner", "loop", "for-loop-3", KFPS_TASK_LOOP, "{\"iterationCount\":\"1\",\"iterationIndex\":\"0\"}");
    pr_task("print", "inner", "print", KFPS_TASK_RUNTIME, "{\"iterationIndex\":\"0\"}");
    teardown();
    kfps_store_options_init(&options);
    options.log = count_statement;
    options.log_user = &statements;
    options.log_level = KFPS_LOG_DEBUG;
    store = kfp_store(&options);
    session = kfp_session(store);
    pr_end_with(session, (kfps_task_change){.uuid = "print", .name = "print"});
    statements = 0;
    pr_end_with(session, (kfps_task_change){.uuid = "print", .started_at = 5});
    ck_assert_int_le(statements, 6); /* BEGIN, its run, the run's lock, its lock, UPDATE, COMMIT */
    statements = 0;
    pr_end_with(session,
                (kfps_task_change){.uuid = "root", .state = KFPS_TASK_RUNNING, .output_parameters_json = "[]"});
    ck_assert_int_le(statements, 6);
    pr_end(session, "train", KFPS_TASK_SUCCEEDED);
    statements = 0;
    pr_end(session, "print", KFPS_TASK_SUCCEEDED);
    pr_state_is("loop", KFPS_TASK_SUCCEEDED);
    /* as above and the shape; for each of the three parents lock, children, and UPDATE of those two that end */
    ck_assert_int_le(statements, 7 + 3 + 3 + 2);
}
END_TEST

static Suite *propagate_suite(void)
{
    Suite *suite = suite_create("propagate");
    TCase *tc = tcase_create("propagate");
    tcase_set_timeout(tc, 120);
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, without_a_shape_only_failure_climbs);
    tcase_add_test(tc, without_a_shape_success_does_not_climb);
    tcase_add_test(tc, not_asked_for_it_does_not_climb);
    tcase_add_loop_test(tc, one_of_branches_and_the_others_skipped, 0, 2);
    tcase_add_test(tc, all_skipped_and_all_cached);
    tcase_add_test(tc, a_failure_waits_for_the_exit_task);
    tcase_add_test(tc, importer);
    tcase_add_test(tc, a_late_sibling);
    tcase_add_test(tc, damaged_rows);
    tcase_add_test(tc, statements);
    tcase_add_test(tc, moved_under_another_parent_it_ends_there);
    suite_add_tcase(suite, tc);
    return suite;
}

int main(void)
{
    return suite_main(propagate_suite());
}
