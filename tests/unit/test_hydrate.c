/* SPDX-License-Identifier: Apache-2.0 */
/* Hydration of given rows: order, directions, groups of metrics, and what upstream loses. */
#include "kfpstore.h"
#include "tests/harness/suite.h"

static kfps_artifact artifact(const char *uuid, int32_t type)
{
    return (kfps_artifact){.uuid = uuid, .artifact_namespace = "ns", .type = type, .name = uuid};
}

static kfps_artifact_task link_of(const char *task, const char *artifact_uuid, int32_t type, const char *key,
                                  const char *producer, int64_t iteration)
{
    return (kfps_artifact_task){.uuid = artifact_uuid,
                                .artifact_uuid = artifact_uuid,
                                .task_uuid = task,
                                .run_uuid = "run",
                                .type = type,
                                .artifact_key = key,
                                .producer_json = producer,
                                .iteration = iteration};
}

START_TEST(directions_and_order)
{
    const kfps_task tasks[] = {{.uuid = "t2", .name = "second"}, {.uuid = "t1", .name = "first"}};
    const kfps_artifact artifacts[] = {artifact("a1", 1), artifact("a2", 1), artifact("a3", 1), artifact("a4", 1),
                                       artifact("a5", 1), artifact("a6", 1), artifact("a7", 1), artifact("a8", 1)};
    const kfps_artifact_task links[] = {
        link_of("t1", "a1", KFPS_IO_OUTPUT, "model", "{\"taskName\":\"x\"}", -1),
        link_of("t1", "a2", KFPS_IO_COMPONENT_INPUT, "z", NULL, -1),
        link_of("t1", "a3", KFPS_IO_COMPONENT_INPUT, "Z", NULL, -1),
        link_of("t1", "a4", KFPS_IO_TASK_OUTPUT_INPUT, "Z", NULL, -1),
        link_of("t1", "a5", KFPS_IO_TASK_OUTPUT_INPUT, "Z", "{\"taskName\":\"b\"}", 10),
        link_of("t1", "a6", KFPS_IO_TASK_OUTPUT_INPUT, "Z", "{\"iteration\":\"2\",\"taskName\":\"b\"}", 2),
        link_of("t2", "a7", KFPS_IO_ITERATOR_OUTPUT, "", "null", 0),
        link_of("t3", "a8", KFPS_IO_OUTPUT, "", NULL, -1),
    };
    kfps_task_list *list = NULL;
    kfps_error error;
    ck_assert_int_eq(kfps_hydrate(tasks, 2, links, artifacts, 8, &list, &error), KFPS_OK);
    ck_assert_uint_eq(list->count, 2);
    ck_assert_str_eq(list->items[0].task.name, "second");
    ck_assert_ptr_ne(list->items[0].task.name, tasks[0].name);
    ck_assert_uint_eq(list->items[0].input_count, 0);
    ck_assert_ptr_null(list->items[0].inputs);
    ck_assert_uint_eq(list->items[0].output_count, 1);
    ck_assert_str_eq(list->items[0].outputs[0].artifact.uuid, "a7");
    ck_assert_ptr_null(list->items[0].outputs[0].producer_task_name);
    const kfps_task_item *first = &list->items[1];
    static const char *const inputs[] = {"a4", "a6", "a5", "a3", "a2"};
    ck_assert_uint_eq(first->input_count, 5);
    for (size_t i = 0; i < 5; i++) {
        ck_assert_str_eq(first->inputs[i].artifact.uuid, inputs[i]);
        ck_assert_str_eq(first->inputs[i].link.artifact_uuid, inputs[i]);
        ck_assert_int_eq(first->inputs[i].group, (int32_t) i);
    }
    ck_assert_str_eq(first->inputs[1].producer_task_name, "b");
    ck_assert_int_eq(first->inputs[2].link.iteration, 10);
    ck_assert_uint_eq(first->output_count, 1);
    ck_assert_str_eq(first->outputs[0].producer_task_name, "x");
    kfps_task_list_free(list);
}
END_TEST

/* toAPITask: several metrics of one port are one IOArtifact; a port of mixed types is not */
START_TEST(metrics_of_one_port_are_one_group)
{
    const kfps_task tasks[] = {{.uuid = "t"}};
    const kfps_artifact artifacts[] = {artifact("m1", KFPS_ARTIFACT_METRIC), artifact("m2", KFPS_ARTIFACT_METRIC),
                                       artifact("x1", KFPS_ARTIFACT_METRIC), artifact("x2", KFPS_ARTIFACT_MODEL),
                                       artifact("i0", KFPS_ARTIFACT_METRIC), artifact("i1", KFPS_ARTIFACT_METRIC)};
    const kfps_artifact_task links[] = {
        link_of("t", "m1", KFPS_IO_OUTPUT, "metrics", "{\"taskName\":\"p\"}", -1),
        link_of("t", "m2", KFPS_IO_OUTPUT, "metrics", "{\"taskName\":\"p\"}", -1),
        link_of("t", "x1", KFPS_IO_OUTPUT, "mixed", NULL, -1),
        link_of("t", "x2", KFPS_IO_OUTPUT, "mixed", NULL, -1),
        link_of("t", "i0", KFPS_IO_OUTPUT, "loop", NULL, 0),
        link_of("t", "i1", KFPS_IO_OUTPUT, "loop", NULL, 1),
    };
    static const struct {
        const char *uuid;
        int32_t group;
    } expected[] = {{"i0", 0}, {"i1", 1}, {"m1", 2}, {"m2", 2}, {"x1", 3}, {"x2", 4}};
    kfps_task_list *list = NULL;
    kfps_error error;
    ck_assert_int_eq(kfps_hydrate(tasks, 1, links, artifacts, 6, &list, &error), KFPS_OK);
    ck_assert_uint_eq(list->items[0].output_count, 6);
    for (size_t i = 0; i < 6; i++) {
        ck_assert_str_eq(list->items[0].outputs[i].artifact.uuid, expected[i].uuid);
        ck_assert_int_eq(list->items[0].outputs[i].group, expected[i].group);
    }
    kfps_task_list_free(list);
}
END_TEST

START_TEST(a_task_given_twice_is_filled_twice)
{
    const kfps_task tasks[] = {{.uuid = "t"}, {.uuid = "u"}, {.uuid = "t"}};
    const kfps_artifact a = {.uuid = "a", .description = "said", .uri_hash = "h", .identity_key = "k"}; /* no name */
    const kfps_artifact_task l = link_of("t", "a", KFPS_IO_ITERATOR_INPUT_RAW, "k", NULL, -1);
    kfps_task_list *list = NULL;
    kfps_error error;
    ck_assert_int_eq(kfps_hydrate(tasks, 3, &l, &a, 1, &list, &error), KFPS_OK);
    for (size_t i = 0; i < 3; i += 2) {
        ck_assert_uint_eq(list->items[i].input_count, 1);
        ck_assert_ptr_null(list->items[i].inputs[0].artifact.name);
        ck_assert_str_eq(list->items[i].inputs[0].artifact.description, "said");
        ck_assert_str_eq(list->items[i].inputs[0].artifact.uri_hash, "h");
        ck_assert_str_eq(list->items[i].inputs[0].artifact.identity_key, "k");
    }
    ck_assert_uint_eq(list->items[1].input_count, 0);
    ck_assert_int_eq(list->total_size, -1);
    ck_assert_str_eq(list->next_page_token, "");
    kfps_task_list_free(list);
}
END_TEST

START_TEST(arguments)
{
    const kfps_task task = {.uuid = "t"};
    const kfps_artifact a = artifact("a", 1);
    kfps_task_list *list = NULL;
    kfps_error error;
    static const int32_t bad[] = {0, 12, -1};
    for (size_t i = 0; i < 3; i++) {
        const kfps_artifact_task links[] = {link_of("t", "a", 9, "k", NULL, -1),
                                            link_of("t", "a", bad[i], "k", NULL, -1)};
        const kfps_artifact both[] = {a, a};
        ck_assert_int_eq(kfps_hydrate(&task, 1, links, both, 2, &list, &error), KFPS_INVALID);
        ck_assert_int_eq(error.element, 1);
        ck_assert_ptr_null(list);
        ck_assert_int_eq(kfps_hydrate(&task, 1, links, both, 2, &list, NULL), KFPS_INVALID);
    }
    ck_assert_int_eq(kfps_hydrate(NULL, 1, NULL, NULL, 0, &list, &error), KFPS_INVALID);
    ck_assert_int_eq(kfps_hydrate(&task, 1, NULL, &a, 1, &list, &error), KFPS_INVALID);
    ck_assert_int_eq(kfps_hydrate(&task, 1, NULL, NULL, 0, NULL, &error), KFPS_INVALID);
    ck_assert_int_eq(kfps_hydrate(NULL, 0, NULL, NULL, 0, &list, &error), KFPS_OK);
    ck_assert_uint_eq(list->count, 0);
    kfps_task_list_free(list);
    kfps_task_list_free(NULL);
}
END_TEST

static Suite *hydrate_suite(void)
{
    Suite *suite = suite_create("hydrate");
    TCase *tests = tcase_create("hydrate");
    tcase_add_test(tests, directions_and_order);
    tcase_add_test(tests, metrics_of_one_port_are_one_group);
    tcase_add_test(tests, a_task_given_twice_is_filled_twice);
    tcase_add_test(tests, arguments);
    suite_add_tcase(suite, tests);
    return suite;
}

int main(void)
{
    return suite_main(hydrate_suite());
}
