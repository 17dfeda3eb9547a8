/* SPDX-License-Identifier: Apache-2.0 */
/* test_propagate_loops.c: loops end when their iterations have, and have the outputs of each. What is expected is what
 * upstream's driver and launcher do, in the server. */
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

static void put_loops(void)
{
    pr_set_shape(session, "nested_loops");
    pr_task("root", NULL, "ROOT", KFPS_TASK_ROOT, NULL);
    pr_task("make", "root", "make-list", KFPS_TASK_RUNTIME, NULL);
    pr_task("loop", "root", "for-loop-1", KFPS_TASK_LOOP, "{\"iterationCount\":\"2\"}");
    pr_task("train0", "loop", "train", KFPS_TASK_RUNTIME, "{\"iterationIndex\":\"0\"}");
    pr_task("train1", "loop", "train", KFPS_TASK_RUNTIME, "{\"iterationIndex\":\"1\"}");
    pr_task("inner0", "loop", "for-loop-3", KFPS_TASK_LOOP, "{\"iterationCount\":\"1\",\"iterationIndex\":\"0\"}");
    pr_task("print0", "inner0", "print", KFPS_TASK_RUNTIME, "{\"iterationIndex\":\"0\"}");
}

START_TEST(nested_loops_end_when_all_iterations_have)
{
    put_loops();
    pr_end(session, "make", KFPS_TASK_SUCCEEDED);
    pr_end(session, "print0", KFPS_TASK_SUCCEEDED);
    pr_state_is("inner0", KFPS_TASK_SUCCEEDED);
    pr_state_is("loop", KFPS_TASK_RUNNING);
    pr_end(session, "train0", KFPS_TASK_SUCCEEDED);
    pr_end(session, "train1", KFPS_TASK_SUCCEEDED);
    pr_state_is("loop", KFPS_TASK_RUNNING); /* the inner loop of iteration 1 is not there yet */
    /* a loop without iterations is over when it is made; the driver says so again */
    kfp_task((kfps_task){.uuid = "inner1",
                         .parent_uuid = "loop",
                         .name = "for-loop-3",
                         .type = KFPS_TASK_LOOP,
                         .type_attributes_json = "{\"iterationCount\":\"0\",\"iterationIndex\":\"1\"}",
                         .state = KFPS_TASK_SKIPPED});
    pr_end(session, "inner1", KFPS_TASK_SKIPPED);
    pr_state_is("loop", KFPS_TASK_SUCCEEDED);
    pr_state_is("root", KFPS_TASK_RUNNING); /* summarize is to come */
    pr_task("sum", "root", "summarize", KFPS_TASK_RUNTIME, NULL);
    now++;
    pr_end(session, "sum", KFPS_TASK_SUCCEEDED);
    pr_state_is("root", KFPS_TASK_SUCCEEDED);
    ck_assert_int_eq(kfp_task_int("root", "FinishedInSec"), now);
    ck_assert_int_eq(kfp_task_int("loop", "FinishedInSec"), now - 1);
    ck_assert_int_eq(pr_history_length("root"), 1);
}
END_TEST

START_TEST(a_loop_of_unknown_length_does_not_end)
{
    pr_set_shape(session, "nested_loops");
    pr_task("root", NULL, "ROOT", KFPS_TASK_ROOT, NULL);
    pr_task("loop", "root", "for-loop-1", KFPS_TASK_LOOP, NULL);
    pr_task("train0", "loop", "train", KFPS_TASK_RUNTIME, "{\"iterationIndex\":\"0\"}");
    pr_task("inner0", "loop", "for-loop-3", KFPS_TASK_LOOP, "{\"iterationCount\":\"0\",\"iterationIndex\":\"0\"}");
    pr_end(session, "inner0", KFPS_TASK_SKIPPED);
    pr_end(session, "train0", KFPS_TASK_SUCCEEDED);
    pr_state_is("loop", KFPS_TASK_RUNNING);
}
END_TEST

START_TEST(outputs_of_a_loop_keep_their_iteration)
{
    put_loops();
    kfp_artifact("m0");
    kfp_artifact("m1");
    kfp_artifact("x");
    kfp_output("m0", "train0", "model", 0);
    kfp_output("x", "train0", "not-exported", 0);
    kfp_output("m1", "train1", "model", 1);
    for (int round = 0; round < 2; round++) { /* once more: nothing twice */
        pr_end_with(session,
                    (kfps_task_change){.uuid = "train1",
                                       .state = KFPS_TASK_SUCCEEDED,
                                       .output_parameters_json =
                                           "[{\"parameterKey\":\"loss\",\"producer\":{\"iteration\":\"1\",\"taskName\":"
                                           "\"train\"},\"type\":\"OUTPUT\",\"value\":0.5}]"});
        pr_end_with(session,
                    (kfps_task_change){.uuid = "train0",
                                       .state = KFPS_TASK_SUCCEEDED,
                                       .output_parameters_json =
                                           "[{\"parameterKey\":\"loss\",\"producer\":{\"iteration\":\"0\",\"taskName\":"
                                           "\"train\"},\"type\":\"OUTPUT\",\"value\":1},{\"parameterKey\":\"other\","
                                           "\"type\":\"OUTPUT\",\"value\":1}]"});
        pr_links_are("loop", "8 0 pipelinechannel--train-model m0 train 0\n"
                             "8 1 pipelinechannel--train-model m1 train 1\n");
        pr_links_are("root", "8 0 models m0 for-loop-1 0\n"
                             "8 1 models m1 for-loop-1 1\n");
        kfp_task_json("loop", "OutputParameters",
                      "[{\"parameterKey\":\"pipelinechannel--train-loss\",\"producer\":{\"iteration\":\"1\","
                      "\"taskName\":\"train\"},\"type\":\"ITERATOR_OUTPUT\",\"value\":0.5},"
                      "{\"parameterKey\":\"pipelinechannel--train-loss\",\"producer\":{\"iteration\":\"0\","
                      "\"taskName\":\"train\"},\"type\":\"ITERATOR_OUTPUT\",\"value\":1}]");
        kfp_task_json("root", "OutputParameters",
                      "[{\"parameterKey\":\"losses\",\"producer\":{\"iteration\":\"1\",\"taskName\":\"for-loop-1\"},"
                      "\"type\":\"ITERATOR_OUTPUT\",\"value\":0.5},"
                      "{\"parameterKey\":\"losses\",\"producer\":{\"iteration\":\"0\",\"taskName\":\"for-loop-1\"},"
                      "\"type\":\"ITERATOR_OUTPUT\",\"value\":1}]");
    }
}
END_TEST

/* Iterations of an inner loop share type, key, producer and iteration on the outer: none of them may be lost. */
START_TEST(outputs_of_a_loop_in_a_loop_are_all_kept)
{
    kfps_error error;
    static const char shape[] =
        "{\"components\":{"
        "\"outer\":{\"parameters\":{\"o\":{\"from\":[[\"in\",\"o\"]]}},\"artifacts\":{\"a\":{\"from\":[[\"in\",\"a\"]]}},"
        "\"tasks\":{\"in\":{\"component\":\"inner\",\"kind\":\"loop\"}}},"
        "\"inner\":{\"parameters\":{\"o\":{\"from\":[[\"t\",\"o\"]]}},\"artifacts\":{\"a\":{\"from\":[[\"t\",\"a\"]]}},"
        "\"tasks\":{\"t\":{}}}},"
        "\"root\":{\"tasks\":{\"out\":{\"component\":\"outer\",\"kind\":\"loop\"}}},\"version\":1}";
    kfp_ok(kfps_run_set_shape(session, "run-1", shape, &error), &error);
    pr_task("root", NULL, "ROOT", KFPS_TASK_ROOT, NULL);
    pr_task("out", "root", "out", KFPS_TASK_LOOP, "{\"iterationCount\":\"2\"}");
    char id[4][8], inner[2][8], json[256];
    for (int i = 0; i < 2; i++) {
        char attributes[80];
        snprintf(inner[i], sizeof inner[i], "in%d", i);
        snprintf(attributes, sizeof attributes, "{\"iterationCount\":\"2\",\"iterationIndex\":\"%d\"}", i);
        pr_task(inner[i], "out", "in", KFPS_TASK_LOOP, attributes);
        for (int j = 0; j < 2; j++) {
            char *t = id[2 * i + j];
            snprintf(t, sizeof id[0], "t%d%d", i, j);
            snprintf(attributes, sizeof attributes, "{\"iterationIndex\":\"%d\"}", j);
            pr_task(t, inner[i], "t", KFPS_TASK_RUNTIME, attributes);
            kfp_artifact(t);
            kfp_output(t, t, "a", j);
        }
    }
    for (int k = 0; k < 4; k++) {
        snprintf(json, sizeof json,
                 "[{\"parameterKey\":\"o\",\"producer\":{\"iteration\":\"%d\",\"taskName\":\"t\"},"
                 "\"type\":\"OUTPUT\",\"value\":\"%s\"}]",
                 k % 2, id[k]);
        pr_end_with(session,
                    (kfps_task_change){.uuid = id[k], .state = KFPS_TASK_SUCCEEDED, .output_parameters_json = json});
    }
    pr_state_is("root", KFPS_TASK_SUCCEEDED);
    pr_links_are("out", "8 0 a t00 in 0\n8 0 a t01 in 0\n8 1 a t10 in 1\n8 1 a t11 in 1\n");
#define VALUE(iteration, value)                                        \
    "{\"parameterKey\":\"o\",\"producer\":{\"iteration\":\"" iteration \
    "\",\"taskName\":\"in\"},\"type\":\"ITERATOR_OUTPUT\","            \
    "\"value\":\"" value "\"}"
    kfp_task_json("out", "OutputParameters",
                  "[" VALUE("0", "t00") "," VALUE("0", "t01") "," VALUE("1", "t10") "," VALUE("1", "t11") "]");
}
END_TEST

/* A task in a DAG in an iteration is no iteration itself: the DAG's is what its link gets. */
START_TEST(an_output_without_iteration_gets_that_of_its_dag)
{
    kfps_error error;
    static const char shape[] =
        "{\"components\":{"
        "\"loop\":{\"artifacts\":{\"a\":{\"from\":[[\"sub\",\"a\"]]}},\"tasks\":{\"sub\":{\"component\":\"sub\"}}},"
        "\"sub\":{\"artifacts\":{\"a\":{\"from\":[[\"t\",\"a\"]]}},\"tasks\":{\"t\":{}}}},"
        "\"root\":{\"tasks\":{\"loop\":{\"component\":\"loop\",\"kind\":\"loop\"}}},\"version\":1}";
    kfp_ok(kfps_run_set_shape(session, "run-1", shape, &error), &error);
    pr_task("root", NULL, "ROOT", KFPS_TASK_ROOT, NULL);
    pr_task("loop", "root", "loop", KFPS_TASK_LOOP, "{\"iterationCount\":\"4\"}");
    pr_task("sub", "loop", "sub", KFPS_TASK_DAG, "{\"iterationIndex\":\"3\"}");
    pr_task("t", "sub", "t", KFPS_TASK_RUNTIME, NULL);
    kfp_artifact("x");
    kfp_output("x", "t", "a", -1);
    pr_end(session, "t", KFPS_TASK_SUCCEEDED);
    pr_state_is("sub", KFPS_TASK_SUCCEEDED);
    pr_links_are("sub", "9 3 a x t 3\n");
    pr_links_are("loop", "8 3 a x sub 3\n");
}
END_TEST

START_TEST(many_in_one_call_end_their_parents_once)
{
    kfps_error error;
    kfps_task_list *list = NULL;
    put_loops();
    pr_task("inner1", "loop", "for-loop-3", KFPS_TASK_LOOP, "{\"iterationCount\":\"1\",\"iterationIndex\":\"1\"}");
    pr_task("print1", "inner1", "print", KFPS_TASK_RUNTIME, "{\"iterationIndex\":\"0\"}");
    pr_task("sum", "root", "summarize", KFPS_TASK_RUNTIME, NULL);
    const kfps_task_change changes[] = {
        {.uuid = "sum", .state = KFPS_TASK_SUCCEEDED},    {.uuid = "make", .state = KFPS_TASK_SUCCEEDED},
        {.uuid = "print1", .state = KFPS_TASK_SUCCEEDED}, {.uuid = "train0", .state = KFPS_TASK_SUCCEEDED},
        {.uuid = "train1", .state = KFPS_TASK_FAILED},    {.uuid = "root", .display_name = "the root"},
        {.uuid = "print0", .state = KFPS_TASK_SUCCEEDED},
    };
    kfp_ok(kfps_task_update(session, changes, 7, NULL, &list, &error), &error);
    pr_state_is("inner0", KFPS_TASK_SUCCEEDED);
    pr_state_is("inner1", KFPS_TASK_SUCCEEDED);
    pr_state_is("loop", KFPS_TASK_FAILED);
    pr_state_is("root", KFPS_TASK_FAILED);
    ck_assert_int_eq(pr_history_length("root"), 1);
    ck_assert_int_eq(list->items[5].task.state, KFPS_TASK_FAILED);
    ck_assert_str_eq(list->items[5].task.display_name, "the root");
    kfps_task_list_free(list);
}
END_TEST

static Suite *propagate_loops_suite(void)
{
    Suite *suite = suite_create("propagate loops");
    TCase *tc = tcase_create("propagate loops");
    tcase_set_timeout(tc, 120);
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, nested_loops_end_when_all_iterations_have);
    tcase_add_test(tc, a_loop_of_unknown_length_does_not_end);
    tcase_add_test(tc, outputs_of_a_loop_keep_their_iteration);
    tcase_add_test(tc, outputs_of_a_loop_in_a_loop_are_all_kept);
    tcase_add_test(tc, an_output_without_iteration_gets_that_of_its_dag);
    tcase_add_test(tc, many_in_one_call_end_their_parents_once);
    suite_add_tcase(suite, tc);
    return suite;
}

int main(void)
{
    return suite_main(propagate_loops_suite());
}
