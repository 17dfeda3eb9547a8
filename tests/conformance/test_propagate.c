/* SPDX-License-Identifier: Apache-2.0 */
/* test_propagate.c: parents of tasks that end, with and without a shape. What is expected is what upstream's driver and
 * launcher do (updateStatuses, propagateOutputsUpDAG), in the server. */
#include "tests/harness/kfp_rows.h"

static kfps_store *store;
static kfps_session *session;
static int64_t now = 1704110400; /* 2024-01-01T12:00:00Z */

static int32_t test_clock(void *user, int64_t *seconds)
{
    *seconds = *(const int64_t *) user;
    return 0;
}

static void setup(void)
{
    kfps_store_options options;
    kfp_fresh();
    kfp_run("run-1", "ns", "RUNNING");
    kfps_store_options_init(&options);
    options.clock = test_clock;
    options.clock_user = &now;
    store = kfp_store(&options);
    session = kfp_session(store);
}

static void teardown(void)
{
    kfps_session_close(session);
    kfps_store_close(store);
}

static void set_shape_of(const char *spec_name)
{
    kfps_error error;
    char path[128], *shape = NULL;
    snprintf(path, sizeof path, "specs/%s.json", spec_name);
    FILE *file = fopen(test_data(path), "r");
    char *spec = calloc(1, 1 << 16);
    ck_assert(file != NULL && spec != NULL);
    ck_assert_uint_gt(fread(spec, 1, (1 << 16) - 1, file), 0);
    fclose(file);
    kfp_ok(kfps_run_shape_from_spec(spec, &shape, &error), &error);
    kfp_ok(kfps_run_set_shape(session, "run-1", shape, &error), &error);
    kfps_free(shape);
    free(spec);
}

static void task(const char *uuid, const char *parent, const char *name, int32_t type, const char *attributes)
{
    kfp_task((kfps_task){.uuid = uuid,
                         .parent_uuid = parent,
                         .name = name,
                         .type = type,
                         .type_attributes_json = attributes,
                         .state = KFPS_TASK_RUNNING});
}

static void end_with(kfps_task_change change)
{
    kfps_error error;
    kfp_ok(kfps_task_update(session, &change, 1, NULL, NULL, &error), &error);
}

static void end(const char *uuid, int32_t state)
{
    end_with((kfps_task_change){.uuid = uuid, .state = state});
}

static void expect_state(const char *uuid, int32_t state)
{
    const int64_t found = kfp_task_int(uuid, "State");
    ck_assert_msg(found == state, "%s is in state %d, not %d", uuid, (int) found, state);
}

static int64_t history_length(const char *uuid)
{
    char *text = kfp_task_text(uuid, "StateHistory");
    json_t *json = json_loads(text, JSON_DECODE_ANY, NULL);
    const int64_t length = (int64_t) json_array_size(json);
    json_decref(json);
    free(text);
    return length;
}

/* "TASK TYPE ITERATION KEY ARTIFACT PRODUCER-TASK PRODUCER-ITERATION" of every link of the task, sorted. */
static void expect_links(const char *task_uuid, const char *expected)
{
    kfps_error error = {0};
    kfpb_rows *rows = NULL;
    char all[4096] = "";
    kfpb_conn *conn = test_open();
    const kfpb_value value = kfpb_str(task_uuid);
    kfp_ok(
        kfpb_query(conn,
                   "SELECT \"Type\",\"Iteration\",\"ArtifactKey\",\"ArtifactID\",\"Producer\" FROM \"artifact_tasks\" "
                   "WHERE \"TaskID\"=? ORDER BY \"ArtifactKey\",\"Type\",\"Iteration\",\"ArtifactID\"",
                   &value, 1, &rows, &error),
        &error);
    while (kfpb_next(rows, &error) == 1) {
        const char *producer = kfpb_get_text(rows, 4, NULL);
        json_t *json = producer != NULL ? json_loads(producer, 0, NULL) : NULL;
        const char *task_name = json_string_value(json_object_get(json, "taskName"));
        const char *iteration = json_string_value(json_object_get(json, "iteration"));
        const size_t length = strlen(all);
        snprintf(all + length, sizeof all - length, "%d %d %s %s %s %s\n", (int) kfpb_get_int(rows, 0),
                 (int) kfpb_get_int(rows, 1), kfpb_get_text(rows, 2, NULL), kfpb_get_text(rows, 3, NULL),
                 task_name != NULL ? task_name : "-", iteration != NULL ? iteration : "-");
        json_decref(json);
    }
    kfpb_rows_free(&rows);
    kfpb_close(&conn);
    ck_assert_str_eq(all, expected);
}

/* ---- without a shape ----------------------------------------------------------------------------------------------
 */

START_TEST(without_a_shape_only_failure_climbs)
{
    task("root", NULL, "ROOT", KFPS_TASK_ROOT, NULL);
    task("dag", "root", "dag", KFPS_TASK_DAG, NULL);
    task("a", "dag", "a", KFPS_TASK_RUNTIME, NULL);
    task("b", "dag", "b", KFPS_TASK_RUNTIME, NULL);
    task("c", "dag", "c", KFPS_TASK_RUNTIME, NULL);
    end("a", KFPS_TASK_SUCCEEDED);
    end("b", KFPS_TASK_FAILED); /* c still runs */
    expect_state("dag", KFPS_TASK_RUNNING);
    end("c", KFPS_TASK_SUCCEEDED);
    expect_state("dag", KFPS_TASK_FAILED);
    expect_state("root", KFPS_TASK_FAILED);
    ck_assert_int_eq(kfp_task_int("root", "FinishedInSec"), now);
    kfp_task_json("dag", "StateHistory", "[{\"state\":\"FAILED\",\"updateTime\":\"2024-01-01T12:00:00Z\"}]");
}
END_TEST

START_TEST(without_a_shape_success_does_not_climb)
{
    task("root", NULL, "ROOT", KFPS_TASK_ROOT, NULL);
    task("a", "root", "a", KFPS_TASK_RUNTIME, NULL);
    end("a", KFPS_TASK_SUCCEEDED);
    expect_state("root", KFPS_TASK_RUNNING);
    ck_assert_int_eq(kfp_task_int("root", "FinishedInSec"), 0);
}
END_TEST

START_TEST(not_asked_for_it_does_not_climb)
{
    kfps_error error;
    kfps_task_update_options options;
    kfps_task_update_options_init(&options);
    options.propagate = 0;
    task("root", NULL, "ROOT", KFPS_TASK_ROOT, NULL);
    task("a", "root", "a", KFPS_TASK_RUNTIME, NULL);
    kfp_ok(kfps_task_update(session, &(kfps_task_change){.uuid = "a", .state = KFPS_TASK_FAILED}, 1, &options, NULL,
                            &error),
           &error);
    expect_state("root", KFPS_TASK_RUNNING);
    end("a", KFPS_TASK_FAILED); /* told again: now it does */
    expect_state("root", KFPS_TASK_FAILED);
    ck_assert_int_eq(history_length("a"), 1);
}
END_TEST

/* ---- loops --------------------------------------------------------------------------------------------------------
 */

static void put_loops(void)
{
    set_shape_of("nested_loops");
    task("root", NULL, "ROOT", KFPS_TASK_ROOT, NULL);
    task("make", "root", "make-list", KFPS_TASK_RUNTIME, NULL);
    task("loop", "root", "for-loop-1", KFPS_TASK_LOOP, "{\"iterationCount\":\"2\"}");
    task("train0", "loop", "train", KFPS_TASK_RUNTIME, "{\"iterationIndex\":\"0\"}");
    task("train1", "loop", "train", KFPS_TASK_RUNTIME, "{\"iterationIndex\":\"1\"}");
    task("inner0", "loop", "for-loop-3", KFPS_TASK_LOOP, "{\"iterationCount\":\"1\",\"iterationIndex\":\"0\"}");
    task("print0", "inner0", "print", KFPS_TASK_RUNTIME, "{\"iterationIndex\":\"0\"}");
}

START_TEST(nested_loops_end_when_all_iterations_have)
{
    put_loops();
    end("make", KFPS_TASK_SUCCEEDED);
    end("print0", KFPS_TASK_SUCCEEDED);
    expect_state("inner0", KFPS_TASK_SUCCEEDED);
    expect_state("loop", KFPS_TASK_RUNNING);
    end("train0", KFPS_TASK_SUCCEEDED);
    end("train1", KFPS_TASK_SUCCEEDED);
    expect_state("loop", KFPS_TASK_RUNNING); /* the inner loop of iteration 1 is not there yet */
    /* a loop without iterations is over when it is made; the driver says so again */
    kfp_task((kfps_task){.uuid = "inner1",
                         .parent_uuid = "loop",
                         .name = "for-loop-3",
                         .type = KFPS_TASK_LOOP,
                         .type_attributes_json = "{\"iterationCount\":\"0\",\"iterationIndex\":\"1\"}",
                         .state = KFPS_TASK_SKIPPED});
    end("inner1", KFPS_TASK_SKIPPED);
    expect_state("loop", KFPS_TASK_SUCCEEDED);
    expect_state("root", KFPS_TASK_RUNNING); /* summarize is to come */
    task("sum", "root", "summarize", KFPS_TASK_RUNTIME, NULL);
    now++;
    end("sum", KFPS_TASK_SUCCEEDED);
    expect_state("root", KFPS_TASK_SUCCEEDED);
    ck_assert_int_eq(kfp_task_int("root", "FinishedInSec"), now);
    ck_assert_int_eq(kfp_task_int("loop", "FinishedInSec"), now - 1);
    ck_assert_int_eq(history_length("root"), 1);
}
END_TEST

START_TEST(a_loop_of_unknown_length_does_not_end)
{
    set_shape_of("nested_loops");
    task("root", NULL, "ROOT", KFPS_TASK_ROOT, NULL);
    task("loop", "root", "for-loop-1", KFPS_TASK_LOOP, NULL);
    task("train0", "loop", "train", KFPS_TASK_RUNTIME, "{\"iterationIndex\":\"0\"}");
    task("inner0", "loop", "for-loop-3", KFPS_TASK_LOOP, "{\"iterationCount\":\"0\",\"iterationIndex\":\"0\"}");
    end("inner0", KFPS_TASK_SKIPPED);
    end("train0", KFPS_TASK_SUCCEEDED);
    expect_state("loop", KFPS_TASK_RUNNING);
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
        end_with((kfps_task_change){
            .uuid = "train1",
            .state = KFPS_TASK_SUCCEEDED,
            .output_parameters_json = "[{\"parameterKey\":\"loss\",\"producer\":{\"iteration\":\"1\",\"taskName\":"
                                      "\"train\"},\"type\":\"OUTPUT\",\"value\":0.5}]"});
        end_with((kfps_task_change){
            .uuid = "train0",
            .state = KFPS_TASK_SUCCEEDED,
            .output_parameters_json = "[{\"parameterKey\":\"loss\",\"producer\":{\"iteration\":\"0\",\"taskName\":"
                                      "\"train\"},\"type\":\"OUTPUT\",\"value\":1},{\"parameterKey\":\"other\","
                                      "\"type\":\"OUTPUT\",\"value\":1}]"});
        expect_links("loop", "8 0 pipelinechannel--train-model m0 train 0\n"
                             "8 1 pipelinechannel--train-model m1 train 1\n");
        expect_links("root", "8 0 models m0 for-loop-1 0\n"
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
    task("root", NULL, "ROOT", KFPS_TASK_ROOT, NULL);
    task("out", "root", "out", KFPS_TASK_LOOP, "{\"iterationCount\":\"2\"}");
    char id[4][8], inner[2][8], json[256];
    for (int i = 0; i < 2; i++) {
        char attributes[80];
        snprintf(inner[i], sizeof inner[i], "in%d", i);
        snprintf(attributes, sizeof attributes, "{\"iterationCount\":\"2\",\"iterationIndex\":\"%d\"}", i);
        task(inner[i], "out", "in", KFPS_TASK_LOOP, attributes);
        for (int j = 0; j < 2; j++) {
            char *t = id[2 * i + j];
            snprintf(t, sizeof id[0], "t%d%d", i, j);
            snprintf(attributes, sizeof attributes, "{\"iterationIndex\":\"%d\"}", j);
            task(t, inner[i], "t", KFPS_TASK_RUNTIME, attributes);
            kfp_artifact(t);
            kfp_output(t, t, "a", j);
        }
    }
    for (int k = 0; k < 4; k++) {
        snprintf(json, sizeof json,
                 "[{\"parameterKey\":\"o\",\"producer\":{\"iteration\":\"%d\",\"taskName\":\"t\"},"
                 "\"type\":\"OUTPUT\",\"value\":\"%s\"}]",
                 k % 2, id[k]);
        end_with((kfps_task_change){.uuid = id[k], .state = KFPS_TASK_SUCCEEDED, .output_parameters_json = json});
    }
    expect_state("root", KFPS_TASK_SUCCEEDED);
    expect_links("out", "8 0 a t00 in 0\n8 0 a t01 in 0\n8 1 a t10 in 1\n8 1 a t11 in 1\n");
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
    task("root", NULL, "ROOT", KFPS_TASK_ROOT, NULL);
    task("loop", "root", "loop", KFPS_TASK_LOOP, "{\"iterationCount\":\"4\"}");
    task("sub", "loop", "sub", KFPS_TASK_DAG, "{\"iterationIndex\":\"3\"}");
    task("t", "sub", "t", KFPS_TASK_RUNTIME, NULL);
    kfp_artifact("x");
    kfp_output("x", "t", "a", -1);
    end("t", KFPS_TASK_SUCCEEDED);
    expect_state("sub", KFPS_TASK_SUCCEEDED);
    expect_links("sub", "9 3 a x t 3\n");
    expect_links("loop", "8 3 a x sub 3\n");
}
END_TEST

/* ---- branches ------------------------------------------------------------------------------------------------------
 */

/* condition_type: upstream's driver makes CONDITION_BRANCH of what the import calls CONDITION. */
static void put_branches(int32_t branches_type, int32_t condition_type)
{
    set_shape_of("branches");
    task("root", NULL, "ROOT", KFPS_TASK_ROOT, NULL);
    task("flip", "root", "flip-coin", KFPS_TASK_RUNTIME, NULL);
    task("branches", "root", "condition-branches-1", branches_type, NULL);
    task("if", "branches", "condition-2", condition_type, NULL);
    task("heads", "if", "heads", KFPS_TASK_RUNTIME, NULL);
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
    end("flip", KFPS_TASK_SUCCEEDED);
    end_with((kfps_task_change){
        .uuid = "heads",
        .state = KFPS_TASK_SUCCEEDED,
        .output_parameters_json = "[{\"parameterKey\":\"Output\",\"producer\":{\"taskName\":\"heads\"},\"type\":"
                                  "\"OUTPUT\",\"value\":\"h\"}]"});
    expect_state("if", KFPS_TASK_SUCCEEDED);
    expect_state("branches", KFPS_TASK_RUNNING);
    expect_links("if", branch_types[_i].if_links);
    expect_links("branches", "10 -1 pipelinechannel--condition-branches-1-oneof-1 d condition-2 -\n");
    expect_links("root", "10 -1 data d condition-branches-1 -\n");
    kfp_task_json("branches", "OutputParameters",
                  "[{\"parameterKey\":\"pipelinechannel--condition-branches-1-oneof-2\",\"producer\":{\"taskName\":"
                  "\"condition-2\"},\"type\":\"ONE_OF_OUTPUT\",\"value\":\"h\"}]");
    kfp_task_json("root", "OutputParameters",
                  "[{\"parameterKey\":\"word\",\"producer\":{\"taskName\":\"condition-branches-1\"},\"type\":"
                  "\"ONE_OF_OUTPUT\",\"value\":\"h\"}]");
    /* the other branch: its condition is false */
    task("else", "branches", "condition-3", branch_types[_i].condition, NULL);
    end("else", KFPS_TASK_SKIPPED);
    expect_state("branches", KFPS_TASK_SUCCEEDED);
    expect_state("root", KFPS_TASK_RUNNING);
    task("edge", "root", "condition-4", branch_types[_i].condition, NULL);
    end("edge", KFPS_TASK_SKIPPED);
    expect_state("root", KFPS_TASK_SUCCEEDED);
}
END_TEST

START_TEST(all_skipped_and_all_cached)
{
    put_branches(KFPS_TASK_CONDITION_BRANCH, KFPS_TASK_CONDITION);
    task("else", "branches", "condition-3", KFPS_TASK_CONDITION, NULL);
    task("tails", "else", "tails", KFPS_TASK_RUNTIME, NULL);
    end("heads", KFPS_TASK_CACHED);
    expect_state("if", KFPS_TASK_CACHED);
    expect_links("if", "9 -1 pipelinechannel--heads-data d heads -\n"); /* a cached task has its outputs, too */
    end("tails", KFPS_TASK_SKIPPED);
    expect_state("else", KFPS_TASK_SKIPPED);
    expect_state("branches", KFPS_TASK_SUCCEEDED);
}
END_TEST

/* ---- exit handlers ----------------------------------------------------------------------------------------------- */

START_TEST(a_failure_waits_for_the_exit_task)
{
    set_shape_of("exit_handler");
    task("root", NULL, "ROOT", KFPS_TASK_ROOT, NULL);
    task("handled", "root", "exit-handler-1", KFPS_TASK_EXIT_HANDLER, NULL);
    task("fail", "handled", "fail-op", KFPS_TASK_RUNTIME, NULL);
    end("fail", KFPS_TASK_FAILED);
    expect_state("handled", KFPS_TASK_FAILED); /* print never begins */
    expect_state("root", KFPS_TASK_RUNNING);   /* notify is not there yet, but will be */
    task("notify", "root", "notify", KFPS_TASK_RUNTIME, NULL);
    end("handled", KFPS_TASK_FAILED); /* told again while it runs */
    expect_state("root", KFPS_TASK_RUNNING);
    end("notify", KFPS_TASK_SUCCEEDED);
    expect_state("root", KFPS_TASK_FAILED);
}
END_TEST

/* ---- importer, late siblings, failures --------------------------------------------------------------------------- */

START_TEST(importer)
{
    set_shape_of("importer");
    task("root", NULL, "ROOT", KFPS_TASK_ROOT, NULL);
    task("imp", "root", "importer", KFPS_TASK_IMPORTER, NULL);
    task("train", "root", "train", KFPS_TASK_RUNTIME, NULL);
    kfp_artifact("d");
    kfp_output("d", "imp", "artifact", -1);
    end("imp", KFPS_TASK_SUCCEEDED);
    expect_links("root", "9 -1 data d importer -\n");
    expect_state("root", KFPS_TASK_RUNNING);
    end("train", KFPS_TASK_FAILED);
    expect_state("root", KFPS_TASK_FAILED);
}
END_TEST

START_TEST(a_late_sibling)
{
    set_shape_of("importer");
    task("root", NULL, "ROOT", KFPS_TASK_ROOT, NULL);
    task("imp", "root", "importer", KFPS_TASK_IMPORTER, NULL);
    task("train", "root", "train", KFPS_TASK_RUNTIME, NULL);
    end("imp", KFPS_TASK_SUCCEEDED);
    end("train", KFPS_TASK_CACHED);
    expect_state("root", KFPS_TASK_SUCCEEDED);
    task("again", "root", "train", KFPS_TASK_RUNTIME, NULL);
    now += 5;
    end("again", KFPS_TASK_SUCCEEDED); /* nothing changes: nothing is written */
    ck_assert_int_eq(history_length("root"), 1);
    ck_assert_int_eq(kfp_task_int("root", "FinishedInSec"), now - 5);
    task("worse", "root", "train", KFPS_TASK_RUNTIME, NULL);
    end("worse", KFPS_TASK_FAILED);
    expect_state("root", KFPS_TASK_FAILED);
    ck_assert_int_eq(history_length("root"), 2);
    end("worse", KFPS_TASK_SUCCEEDED); /* a failure stays until somebody resets or says otherwise */
    expect_state("root", KFPS_TASK_FAILED);
    ck_assert_int_eq(history_length("root"), 2);
}
END_TEST

START_TEST(many_in_one_call_end_their_parents_once)
{
    kfps_error error;
    kfps_task_list *list = NULL;
    put_loops();
    task("inner1", "loop", "for-loop-3", KFPS_TASK_LOOP, "{\"iterationCount\":\"1\",\"iterationIndex\":\"1\"}");
    task("print1", "inner1", "print", KFPS_TASK_RUNTIME, "{\"iterationIndex\":\"0\"}");
    task("sum", "root", "summarize", KFPS_TASK_RUNTIME, NULL);
    const kfps_task_change changes[] = {
        {.uuid = "sum", .state = KFPS_TASK_SUCCEEDED},    {.uuid = "make", .state = KFPS_TASK_SUCCEEDED},
        {.uuid = "print1", .state = KFPS_TASK_SUCCEEDED}, {.uuid = "train0", .state = KFPS_TASK_SUCCEEDED},
        {.uuid = "train1", .state = KFPS_TASK_FAILED},    {.uuid = "root", .display_name = "the root"},
        {.uuid = "print0", .state = KFPS_TASK_SUCCEEDED},
    };
    kfp_ok(kfps_task_update(session, changes, 7, NULL, &list, &error), &error);
    expect_state("inner0", KFPS_TASK_SUCCEEDED);
    expect_state("inner1", KFPS_TASK_SUCCEEDED);
    expect_state("loop", KFPS_TASK_FAILED);
    expect_state("root", KFPS_TASK_FAILED);
    ck_assert_int_eq(history_length("root"), 1);
    ck_assert_int_eq(list->items[5].task.state, KFPS_TASK_FAILED);
    ck_assert_str_eq(list->items[5].task.display_name, "the root");
    kfps_task_list_free(list);
}
END_TEST

/* What somebody else left in the columns does not keep a run from ending. */
START_TEST(damaged_rows)
{
    set_shape_of("importer");
    kfp_task((kfps_task){.uuid = "root",
                         .name = "ROOT",
                         .type = KFPS_TASK_ROOT,
                         .state = KFPS_TASK_RUNNING,
                         .state_history_json = "{\"no\":\"array\"}",
                         .output_parameters_json = "\"text\""});
    task("imp", "root", "importer", KFPS_TASK_IMPORTER, "[]");
    kfp_task((kfps_task){.uuid = "train",
                         .parent_uuid = "root",
                         .name = "train",
                         .state = KFPS_TASK_RUNNING,
                         .output_parameters_json = "[1,{\"parameterKey\":1}]"});
    end("imp", KFPS_TASK_SUCCEEDED);
    end("train", KFPS_TASK_SUCCEEDED);
    expect_state("root", KFPS_TASK_SUCCEEDED);
    kfp_exec("UPDATE \"kfpstore_run_shape\" SET \"Shape\"='{\"version\":1'");
    kfp_exec("UPDATE \"tasks\" SET \"State\"=1 WHERE \"UUID\"='root'");
    end("train", KFPS_TASK_SUCCEEDED); /* as without a shape */
    expect_state("root", KFPS_TASK_RUNNING);
    /* a cycle, which only another program can make */
    kfp_exec("UPDATE \"tasks\" SET \"ParentTaskUUID\"='imp' WHERE \"UUID\"='root'");
    end("imp", KFPS_TASK_FAILED);
}
END_TEST

START_TEST(moved_under_another_parent_it_ends_there)
{
    task("root", NULL, "ROOT", KFPS_TASK_ROOT, NULL);
    task("one", "root", "one", KFPS_TASK_DAG, NULL);
    task("two", "root", "two", KFPS_TASK_DAG, NULL);
    task("x", "root", "x", KFPS_TASK_RUNTIME, NULL);
    task("a", "one", "a", KFPS_TASK_RUNTIME, NULL);
    end_with((kfps_task_change){.uuid = "a", .parent_uuid = "two", .state = KFPS_TASK_FAILED});
    expect_state("one", KFPS_TASK_RUNNING);
    expect_state("two", KFPS_TASK_FAILED);
    expect_state("root", KFPS_TASK_RUNNING);
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
    set_shape_of("nested_loops");
    task("root", NULL, "ROOT", KFPS_TASK_ROOT, NULL);
    task("loop", "root", "for-loop-1", KFPS_TASK_LOOP, "{\"iterationCount\":\"1\"}");
    task("train", "loop", "train", KFPS_TASK_RUNTIME, "{\"iterationIndex\":\"0\"}");
    task("make", "root", "make-list", KFPS_TASK_RUNTIME, NULL);
    task("inner", "loop", "for-loop-3", KFPS_TASK_LOOP, "{\"iterationCount\":\"1\",\"iterationIndex\":\"0\"}");
    task("print", "inner", "print", KFPS_TASK_RUNTIME, "{\"iterationIndex\":\"0\"}");
    teardown();
    kfps_store_options_init(&options);
    options.log = count_statement;
    options.log_user = &statements;
    options.log_level = KFPS_LOG_DEBUG;
    store = kfp_store(&options);
    session = kfp_session(store);
    end_with((kfps_task_change){.uuid = "print", .name = "print"});
    statements = 0;
    end_with((kfps_task_change){.uuid = "print", .started_at = 5});
    ck_assert_int_le(statements, 6); /* BEGIN, its run, the run's lock, its lock, UPDATE, COMMIT */
    statements = 0;
    end_with((kfps_task_change){.uuid = "root", .state = KFPS_TASK_RUNNING, .output_parameters_json = "[]"});
    ck_assert_int_le(statements, 6);
    end("train", KFPS_TASK_SUCCEEDED);
    statements = 0;
    end("print", KFPS_TASK_SUCCEEDED);
    expect_state("loop", KFPS_TASK_SUCCEEDED);
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
    tcase_add_test(tc, nested_loops_end_when_all_iterations_have);
    tcase_add_test(tc, a_loop_of_unknown_length_does_not_end);
    tcase_add_test(tc, outputs_of_a_loop_keep_their_iteration);
    tcase_add_test(tc, outputs_of_a_loop_in_a_loop_are_all_kept);
    tcase_add_test(tc, an_output_without_iteration_gets_that_of_its_dag);
    tcase_add_loop_test(tc, one_of_branches_and_the_others_skipped, 0, 2);
    tcase_add_test(tc, all_skipped_and_all_cached);
    tcase_add_test(tc, a_failure_waits_for_the_exit_task);
    tcase_add_test(tc, importer);
    tcase_add_test(tc, a_late_sibling);
    tcase_add_test(tc, many_in_one_call_end_their_parents_once);
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
