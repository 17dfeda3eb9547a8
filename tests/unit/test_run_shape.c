/* SPDX-License-Identifier: Apache-2.0 */
/* test_run_shape.c: shapes of specs as KFP's compiler writes them, and texts that are none. */
#include "kfpstore.h"
#include "libkfpstore/run_shape.h"
#include "tests/harness/suite.h"

static char *read_spec(const char *name)
{
    char path[128];
    snprintf(path, sizeof path, "specs/%s.json", name);
    FILE *file = fopen(test_data(path), "r");
    char *text = calloc(1, 1 << 16);
    ck_assert_ptr_nonnull(text);
    ck_assert_msg(file != NULL, "no %s", path);
    ck_assert_uint_gt(fread(text, 1, (1 << 16) - 1, file), 0);
    fclose(file);
    return text;
}

static void expect_shape(const char *name, const char *expected)
{
    kfps_error error;
    kfpsi_shape parsed;
    char *spec = read_spec(name), *shape = NULL;
    ck_assert_msg(kfps_run_shape_from_spec(spec, &shape, &error) == KFPS_OK, "%s", error.message);
    ck_assert_str_eq(shape, expected);
    ck_assert_int_eq(kfpsi_shape_parse(shape, strlen(shape), &parsed, &error), KFPS_OK);
    kfpsi_shape_free(&parsed);
    kfps_free(shape);
    free(spec);
}

START_TEST(loops)
{
    expect_shape("nested_loops",
                 "{\"components\":{"
                 "\"comp-for-loop-1\":{"
                 "\"artifacts\":{\"pipelinechannel--train-model\":{\"from\":[[\"train\",\"model\"]],\"list\":true}},"
                 "\"parameters\":{\"pipelinechannel--train-loss\":{\"from\":[[\"train\",\"loss\"]],\"list\":true}},"
                 "\"tasks\":{\"for-loop-3\":{\"component\":\"comp-for-loop-3\",\"kind\":\"loop\"},\"train\":{}}},"
                 "\"comp-for-loop-3\":{\"tasks\":{\"print\":{}}}},"
                 "\"root\":{"
                 "\"artifacts\":{\"models\":{\"from\":[[\"for-loop-1\",\"pipelinechannel--train-model\"]],"
                 "\"list\":true}},"
                 "\"parameters\":{\"losses\":{\"from\":[[\"for-loop-1\",\"pipelinechannel--train-loss\"]],"
                 "\"list\":true}},"
                 "\"tasks\":{\"for-loop-1\":{\"component\":\"comp-for-loop-1\",\"kind\":\"loop\"},\"make-list\":{},"
                 "\"summarize\":{}}},\"version\":1}");
}
END_TEST

START_TEST(branches_and_one_of)
{
    expect_shape(
        "branches",
        "{\"components\":{"
        "\"comp-condition-2\":{\"artifacts\":{\"pipelinechannel--heads-data\":{\"from\":[[\"heads\",\"data\"]]}},"
        "\"parameters\":{\"pipelinechannel--heads-Output\":{\"from\":[[\"heads\",\"Output\"]]}},"
        "\"tasks\":{\"heads\":{}}},"
        "\"comp-condition-3\":{\"artifacts\":{\"pipelinechannel--tails-data\":{\"from\":[[\"tails\",\"data\"]]}},"
        "\"parameters\":{\"pipelinechannel--tails-Output\":{\"from\":[[\"tails\",\"Output\"]]}},"
        "\"tasks\":{\"tails\":{}}},"
        "\"comp-condition-4\":{\"tasks\":{\"print\":{}}},"
        "\"comp-condition-branches-1\":{"
        "\"artifacts\":{\"pipelinechannel--condition-branches-1-oneof-1\":{\"from\":["
        "[\"condition-2\",\"pipelinechannel--heads-data\"],[\"condition-3\",\"pipelinechannel--tails-data\"]],"
        "\"oneOf\":true}},"
        "\"parameters\":{\"pipelinechannel--condition-branches-1-oneof-2\":{\"from\":["
        "[\"condition-2\",\"pipelinechannel--heads-Output\"],[\"condition-3\",\"pipelinechannel--tails-Output\"]],"
        "\"oneOf\":true}},"
        "\"tasks\":{\"condition-2\":{\"component\":\"comp-condition-2\",\"kind\":\"condition\"},"
        "\"condition-3\":{\"component\":\"comp-condition-3\",\"kind\":\"condition\"}}}},"
        "\"root\":{"
        "\"artifacts\":{\"data\":{\"from\":[[\"condition-branches-1\","
        "\"pipelinechannel--condition-branches-1-oneof-1\"]]}},"
        "\"parameters\":{\"word\":{\"from\":[[\"condition-branches-1\","
        "\"pipelinechannel--condition-branches-1-oneof-2\"]]}},"
        "\"tasks\":{\"condition-4\":{\"component\":\"comp-condition-4\",\"kind\":\"condition\"},"
        "\"condition-branches-1\":{\"component\":\"comp-condition-branches-1\",\"kind\":\"condition-branches\"},"
        "\"flip-coin\":{}}},\"version\":1}");
}
END_TEST

START_TEST(exit_handler)
{
    expect_shape("exit_handler", "{\"components\":{\"comp-exit-handler-1\":{\"tasks\":{\"fail-op\":{},\"print\":{}}}},"
                                 "\"root\":{\"tasks\":{"
                                 "\"exit-handler-1\":{\"component\":\"comp-exit-handler-1\",\"kind\":\"exit-handler\"},"
                                 "\"notify\":{\"after\":[\"exit-handler-1\"],\"always\":true}}},\"version\":1}");
}
END_TEST

START_TEST(importer)
{
    expect_shape("importer",
                 "{\"components\":{},\"root\":{\"artifacts\":{\"data\":{\"from\":[[\"importer\",\"artifact\"]]}},"
                 "\"tasks\":{\"importer\":{\"kind\":\"importer\"},\"train\":{}}},\"version\":1}");
}
END_TEST

START_TEST(a_spec_within_an_object_and_in_snake_case)
{
    static const char expected[] =
        "{\"components\":{\"b\":{\"tasks\":{\"y\":{}}}},\"root\":{\"parameters\":{\"o\":{\"from\":[[\"x\",\"p\"]]}},"
        "\"tasks\":{\"x\":{\"component\":\"b\",\"kind\":\"loop\"}}},\"version\":1}";
    static const char spec[] =
        "{\"pipeline_spec\":{\"root\":{\"dag\":{\"tasks\":{\"x\":{\"component_ref\":{\"name\":\"b\"},"
        "\"artifact_iterator\":{}}},\"outputs\":{\"parameters\":{\"o\":{\"value_from_parameter\":"
        "{\"producer_subtask\":\"x\",\"output_parameter_key\":\"p\"}}}}}},"
        "\"components\":{\"a\":{\"executor_label\":\"e\"},\"b\":{\"dag\":{\"tasks\":{\"y\":{\"component_ref\":"
        "{\"name\":\"a\"}}}}}}},\"platform_spec\":{}}";
    kfps_error error;
    char *shape = NULL;
    ck_assert_msg(kfps_run_shape_from_spec(spec, &shape, &error) == KFPS_OK, "%s", error.message);
    ck_assert_str_eq(shape, expected);
    kfps_free(shape);
}
END_TEST

static const struct {
    const char *spec;
    const char *place; /* that the message names */
} not_specs[] = {
    {"", "line"},
    {"{", "line 1"},
    {"[]", "root.dag"},
    {"{\"root\":{\"executorLabel\":\"e\"}}", "root.dag"},
    {"{\"apiVersion\":\"argoproj.io/v1alpha1\",\"spec\":{}}", "root.dag"},
    {"{\"root\":{\"dag\":{\"tasks\":[]}}}", "dag.tasks"},
    {"{\"root\":{\"dag\":{\"tasks\":{\"t\":{}}}}}", "root: dag.tasks.t: componentRef"},
    {"{\"root\":{\"dag\":{\"tasks\":{\"t\":{\"componentRef\":{\"name\":\"c\"}}}}}}",
     "root: dag.tasks.t: its component"},
    {"{\"root\":{\"dag\":{\"outputs\":{\"artifacts\":{\"o\":{}}}}}}", "root: dag.artifacts.o"},
    {"{\"root\":{\"dag\":{\"outputs\":{\"artifacts\":{\"o\":{\"artifactSelectors\":[{\"producerSubtask\":\"t\","
     "\"outputArtifactKey\":\"k\"}]}}}}}}",
     "root: dag.artifacts.o: producerSubtask"},
    {"{\"root\":{\"dag\":{}},\"components\":{\"c\":{\"dag\":{\"outputs\":{\"parameters\":{\"o\":{}}}}}}}",
     "c: dag.parameters.o"},
    {"{\"root\":{\"dag\":{\"tasks\":{\"t\":{\"componentRef\":{\"name\":\"c\"},\"dependentTasks\":[\"u\"],"
     "\"triggerPolicy\":{\"strategy\":\"ALL_UPSTREAM_TASKS_COMPLETED\"}}}}},\"components\":{\"c\":{}}}",
     "root: dag.tasks.t: dependentTasks"},
};

START_TEST(what_is_no_spec_is_refused_by_place)
{
    kfps_error error;
    char *shape = (char *) "x";
    ck_assert_int_eq(kfps_run_shape_from_spec(not_specs[_i].spec, &shape, &error), KFPS_INVALID);
    ck_assert_ptr_null(shape);
    ck_assert_msg(strstr(error.message, not_specs[_i].place) != NULL, "%s", error.message);
    ck_assert_int_eq(kfps_run_shape_from_spec(NULL, &shape, &error), KFPS_INVALID);
    ck_assert_int_eq(kfps_run_shape_from_spec(not_specs[_i].spec, NULL, NULL), KFPS_INVALID);
}
END_TEST

#define DAG(members) "{\"version\":1,\"components\":{\"c\":{\"tasks\":{}}},\"root\":{" members "}}"

static const char *const not_shapes[] = {
    "",
    "null",
    "[]",
    "{}",
    "{\"version\":2,\"components\":{},\"root\":{\"tasks\":{}}}",
    "{\"version\":\"1\",\"components\":{},\"root\":{\"tasks\":{}}}",
    "{\"version\":1,\"components\":{},\"root\":{\"tasks\":{}},\"more\":1}",
    "{\"version\":1,\"components\":{},\"root\":{\"tasks\":{}},\"root\":{\"tasks\":{}}}",
    "{\"version\":1,\"components\":{\"c\":[]},\"root\":{\"tasks\":{}}}",
    DAG(""),
    DAG("\"tasks\":[]"),
    DAG("\"tasks\":{\"a\":[]}"),
    DAG("\"tasks\":{\"a\":{\"component\":\"d\"}}"),
    DAG("\"tasks\":{\"a\":{\"kind\":\"x\"}}"),
    DAG("\"tasks\":{\"a\":{\"always\":1}}"),
    DAG("\"tasks\":{\"a\":{\"after\":[\"b\"]}}"),
    DAG("\"tasks\":{\"a\":{\"after\":[1]}}"),
    DAG("\"tasks\":{\"a\":{\"x\":1}}"),
    DAG("\"tasks\":{\"a\":{}},\"artifacts\":{\"o\":{}}"),
    DAG("\"tasks\":{\"a\":{}},\"artifacts\":{\"o\":{\"from\":[[\"a\"]]}}"),
    DAG("\"tasks\":{\"a\":{}},\"artifacts\":{\"o\":{\"from\":[[\"b\",\"k\"]]}}"),
    DAG("\"tasks\":{\"a\":{}},\"parameters\":{\"o\":{\"from\":[[\"a\",1]]}}"),
    DAG("\"tasks\":{\"a\":{}},\"parameters\":{\"o\":{\"from\":[\"ak\"]}}"),
    DAG("\"tasks\":{\"a\":{}},\"parameters\":{\"o\":{\"from\":[],\"oneOf\":\"yes\"}}"),
};

START_TEST(what_is_no_shape_is_refused)
{
    kfps_error error;
    kfpsi_shape shape;
    ck_assert_int_eq(kfpsi_shape_parse(not_shapes[_i], strlen(not_shapes[_i]), &shape, &error), KFPS_INVALID);
    ck_assert_ptr_null(shape.json);
    ck_assert_ptr_nonnull(strstr(error.message, "a run's shape"));
}
END_TEST

START_TEST(too_large_is_refused)
{
    kfps_error error;
    kfpsi_shape shape;
    const size_t length = KFPSI_SHAPE_BYTES + 1;
    char *text = malloc(length);
    ck_assert_ptr_nonnull(text);
    memset(text, '[', length);
    ck_assert_int_eq(kfpsi_shape_parse(text, length, &shape, &error), KFPS_TOO_LARGE);
    ck_assert_int_eq(kfpsi_shape_parse(text, 100000, &shape, &error), KFPS_INVALID); /* deeply nested */
    free(text);
}
END_TEST

static bool ended_is(const void *with, const char *task)
{
    return strstr(with, task) != NULL;
}

START_TEST(questions)
{
    kfps_error error;
    kfpsi_shape shape;
    kfpsi_export out;
    size_t cursor = 0;
    static const char text[] = DAG(
        "\"tasks\":{\"one\":{\"component\":\"c\",\"kind\":\"loop\"},\"two\":{},\"last\":{\"always\":true,\"after\":[\"one\","
        "\"two\"]}},"
        "\"artifacts\":{\"o\":{\"from\":[[\"one\",\"k\"],[\"two\",\"k\"],[\"one\",\"l\"]],\"oneOf\":true},"
        "\"p\":{\"from\":[[\"one\",\"m\"]],\"list\":true}}");
    ck_assert_msg(kfpsi_shape_parse(text, strlen(text), &shape, &error) == KFPS_OK, "%s", error.message);
    kfpsi_dag *root = kfpsi_shape_root(&shape);
    ck_assert_uint_eq(kfpsi_dag_task_count(root), 3);
    ck_assert(kfpsi_dag_is_loop(root, "one"));
    ck_assert(!kfpsi_dag_is_loop(root, "two"));
    ck_assert(!kfpsi_dag_is_loop(NULL, "one"));
    kfpsi_dag *below = kfpsi_shape_below(&shape, root, "one");
    ck_assert_ptr_nonnull(below);
    ck_assert_uint_eq(kfpsi_dag_task_count(below), 0);
    ck_assert(!kfpsi_dag_has_always(below));
    ck_assert_ptr_null(kfpsi_shape_below(&shape, root, "two"));
    ck_assert_ptr_null(kfpsi_shape_below(&shape, root, "three"));
    ck_assert_ptr_null(kfpsi_shape_below(&shape, root, NULL));
    ck_assert_ptr_null(kfpsi_shape_below(&shape, NULL, "one"));
    ck_assert(kfpsi_dag_has_always(root));
    ck_assert(!kfpsi_dag_awaits(root, ended_is, "one"));
    ck_assert(kfpsi_dag_awaits(root, ended_is, "one two"));
    ck_assert(!kfpsi_dag_awaits(root, ended_is, "one two last"));
    ck_assert(kfpsi_dag_next_export(root, KFPSI_ARTIFACTS, "one", &cursor, &out));
    ck_assert(strcmp(out.key, "o") == 0 && strcmp(out.child_key, "k") == 0 && out.one_of && !out.list);
    ck_assert(kfpsi_dag_next_export(root, KFPSI_ARTIFACTS, "one", &cursor, &out));
    ck_assert(strcmp(out.key, "o") == 0 && strcmp(out.child_key, "l") == 0);
    ck_assert(kfpsi_dag_next_export(root, KFPSI_ARTIFACTS, "one", &cursor, &out));
    ck_assert(strcmp(out.key, "p") == 0 && strcmp(out.child_key, "m") == 0 && !out.one_of && out.list);
    ck_assert(!kfpsi_dag_next_export(root, KFPSI_ARTIFACTS, "one", &cursor, &out));
    cursor = 0;
    ck_assert(!kfpsi_dag_next_export(root, KFPSI_PARAMETERS, "one", &cursor, &out));
    ck_assert(!kfpsi_dag_next_export(NULL, KFPSI_ARTIFACTS, "one", &cursor, &out));
    kfpsi_shape_free(&shape);
}
END_TEST

static Suite *shape_suite(void)
{
    Suite *suite = suite_create("run_shape");
    TCase *tc = tcase_create("run_shape");
    tcase_add_test(tc, loops);
    tcase_add_test(tc, branches_and_one_of);
    tcase_add_test(tc, exit_handler);
    tcase_add_test(tc, importer);
    tcase_add_test(tc, a_spec_within_an_object_and_in_snake_case);
    tcase_add_loop_test(tc, what_is_no_spec_is_refused_by_place, 0, (int) (sizeof not_specs / sizeof *not_specs));
    tcase_add_loop_test(tc, what_is_no_shape_is_refused, 0, (int) (sizeof not_shapes / sizeof *not_shapes));
    tcase_add_test(tc, too_large_is_refused);
    tcase_add_test(tc, questions);
    suite_add_tcase(suite, tc);
    return suite;
}

int main(void)
{
    return suite_main(shape_suite());
}
