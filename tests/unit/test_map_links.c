/* SPDX-License-Identifier: Apache-2.0 */
#include "map_fixture.h"
#include "migrate/map/ids.h"
#include "struct_writer.h"

static void check_link(const kfps_artifact_task *link, int32_t type, int64_t iteration, const char *key,
                       const char *producer)
{
    ck_assert_ptr_nonnull(link);
    ck_assert_int_eq(link->type, type);
    ck_assert_int_eq(link->iteration, iteration);
    ck_assert_str_eq(link->artifact_key, key);
    if (producer == NULL)
        ck_assert_ptr_null(link->producer_json);
    else
        ck_assert_str_eq(link->producer_json, producer);
    ck_assert_str_eq(link->run_uuid, RUN_ID);
}

/* The only link of a type on a task; `nth` in the order of iterations. */
static const kfps_artifact_task *of_task(const fixture *f, int64_t execution, int32_t type, int64_t iteration)
{
    const kfps_artifact_task *found = NULL;

    for (size_t i = 0; i < f->rows.link_count; i++) {
        const kfps_artifact_task *link = &f->rows.links[i];
        if (strcmp(link->task_uuid, fx_task(f, execution)->uuid) == 0 && link->type == type &&
            link->iteration == iteration) {
            ck_assert_ptr_null(found);
            found = link;
        }
    }
    return found;
}

START_TEST(inputs_by_where_they_come_from)
{
    fixture f;

    fx_init(&f);
    fx_root(&f);
    fx_execution(&f, 2, CONTAINER, "make", 1, MLMD_STATE_COMPLETE);
    fx_execution(&f, 3, CONTAINER, "use", 1, MLMD_STATE_COMPLETE);
    fx_execution(&f, 4, DAG, "sub", 1, MLMD_STATE_COMPLETE);
    fx_execution(&f, 5, CONTAINER, "deep", 4, MLMD_STATE_COMPLETE);
    fx_artifact(&f, 1, "system.Dataset", NULL);
    fx_artifact(&f, 2, "system.Dataset", NULL);
    fx_event(&f, 1, 2, 1, MLMD_EVENT_OUTPUT, "data");
    fx_event(&f, 2, 3, 1, MLMD_EVENT_INPUT, "in");
    fx_event(&f, 3, 5, 1, MLMD_EVENT_INPUT, "in");
    fx_event(&f, 4, 3, 2, MLMD_EVENT_INPUT, "other");
    fx_map(&f);
    check_link(fx_link(&f, 2, 1, 0), KFPS_IO_OUTPUT, -1, "data", "{\"taskName\":\"make\"}");
    check_link(fx_link(&f, 3, 1, 0), KFPS_IO_TASK_OUTPUT_INPUT, -1, "in", "{\"taskName\":\"make\"}");
    check_link(fx_link(&f, 5, 1, 0), KFPS_IO_COMPONENT_INPUT, -1, "in", "{\"taskName\":\"make\"}");
    check_link(fx_link(&f, 3, 2, 0), KFPS_IO_COMPONENT_INPUT, -1, "other", NULL);
    ck_assert_str_eq(fx_row(&f, 1, 0)->name, "data");
    ck_assert_str_eq(fx_row(&f, 2, 0)->name, "");
    fx_free(&f);
}
END_TEST

/* A cached task wrote it first by the clock, a failed one too; who completed is the producer. */
START_TEST(the_producer_completed_first)
{
    fixture f;

    fx_init(&f);
    fx_root(&f);
    fx_execution(&f, 2, CONTAINER, "failed", 1, MLMD_STATE_FAILED);
    fx_execution(&f, 3, CONTAINER, "cached", 1, MLMD_STATE_CACHED);
    fx_execution(&f, 4, CONTAINER, "second", 1, MLMD_STATE_COMPLETE);
    fx_execution(&f, 5, CONTAINER, "first", 1, MLMD_STATE_COMPLETE);
    fx_execution(&f, 6, CONTAINER, "reader", 1, MLMD_STATE_COMPLETE);
    fx_artifact(&f, 1, "system.Dataset", NULL);
    fx_event(&f, 1, 2, 1, MLMD_EVENT_OUTPUT, "a");
    fx_event(&f, 2, 3, 1, MLMD_EVENT_OUTPUT, "b");
    fx_event(&f, 3, 4, 1, MLMD_EVENT_OUTPUT, "c")->ms = 2000;
    fx_event(&f, 4, 5, 1, MLMD_EVENT_OUTPUT, "d")->ms = 1000;
    fx_event(&f, 5, 6, 1, MLMD_EVENT_INPUT, "in");
    fx_map(&f);
    check_link(fx_link(&f, 6, 1, 0), KFPS_IO_TASK_OUTPUT_INPUT, -1, "in", "{\"taskName\":\"first\"}");
    check_link(fx_link(&f, 3, 1, 0), KFPS_IO_OUTPUT, -1, "b", "{\"taskName\":\"cached\"}");
    check_link(fx_link(&f, 2, 1, 0), KFPS_IO_OUTPUT, -1, "a", "{\"taskName\":\"failed\"}");
    ck_assert_str_eq(fx_row(&f, 1, 0)->name, "d");
    fx_free(&f);
}
END_TEST

START_TEST(producers_of_other_runs_are_known)
{
    fixture f;

    fx_init(&f);
    fx_root(&f);
    fx_execution(&f, 20, CONTAINER, "again", 1, MLMD_STATE_CACHED);
    fx_execution(&f, 21, CONTAINER, "reader", 1, MLMD_STATE_COMPLETE);
    fx_artifact(&f, 1, "system.Dataset", NULL);
    fx_event(&f, 9, 20, 1, MLMD_EVENT_OUTPUT, "data");
    fx_event(&f, 10, 21, 1, MLMD_EVENT_INPUT, "in");
    mlmd_execution *loop = &f.foreign[0], *iteration = &f.foreign[1], *maker = &f.foreign[2];
    *loop = (mlmd_execution){.id = 5, .type = DAG, .foreign = true};
    fx_integer(&f, &loop->properties, "parent_dag_id", 4);
    fx_integer(&f, &loop->properties, "iteration_count", 9);
    *iteration = (mlmd_execution){.id = 6, .type = DAG, .foreign = true};
    fx_integer(&f, &iteration->properties, "parent_dag_id", 5);
    fx_integer(&f, &iteration->properties, "iteration_index", 7);
    *maker = (mlmd_execution){.id = 7, .type = CONTAINER, .state = MLMD_STATE_COMPLETE, .foreign = true};
    fx_integer(&f, &maker->properties, "parent_dag_id", 6);
    fx_text(&f, &maker->properties, "task_name", "maker");
    f.foreign_events[0] = (mlmd_event){.id = 3, .artifact_id = 1, .execution_id = 7, .type = 4, .ms = 5, .key = "made"};
    f.run.foreign_count = 3;
    f.run.foreign_event_count = 1;
    fx_map(&f);
    check_link(fx_link(&f, 21, 1, 0), KFPS_IO_TASK_OUTPUT_INPUT, 7, "in",
               "{\"iteration\":\"7\",\"taskName\":\"maker\"}");
    check_link(fx_link(&f, 20, 1, 0), KFPS_IO_OUTPUT, -1, "data", "{\"taskName\":\"again\"}");
    ck_assert_str_eq(fx_row(&f, 1, 0)->name, "made");
    ck_assert_uint_eq(fx_notes(&f, NOTE_PARENT_MISSING), 0); /* nothing is said about other runs */
    fx_free(&f);
}
END_TEST

/* LOOP 2 with iterations 3 and 4, in each a container 5 and 6 that writes artifact 1 and 2. */
static void loop_of_two(fixture *f, const char *loop_spec, const char *iteration_spec)
{
    fx_root(f);
    mlmd_execution *e = fx_execution(f, 2, DAG, "for-loop-1", 1, MLMD_STATE_RUNNING);
    fx_integer(f, &e->properties, "iteration_count", 2);
    if (loop_spec != NULL)
        fx_text(f, &e->properties, "artifact_producer_task", loop_spec);
    for (int i = 0; i < 2; i++) {
        /* the second iteration has the smaller id */
        e = fx_execution(f, 3 + i, DAG, "for-loop-1", 2, MLMD_STATE_RUNNING);
        fx_integer(f, &e->properties, "iteration_index", 1 - i);
        if (iteration_spec != NULL)
            fx_text(f, &e->properties, "artifact_producer_task", iteration_spec);
    }
    for (int i = 0; i < 2; i++) {
        e = fx_execution(f, 5 + i, CONTAINER, "each", 4 - i, MLMD_STATE_COMPLETE);
        fx_text(f, &e->properties, "outputs", sw_text(&f->arena, i == 0 ? "{\"n\":0}" : "{\"n\":1.5}"));
        fx_artifact(f, 1 + i, "system.Model", NULL);
        fx_event(f, 1 + i, 5 + i, 1 + i, MLMD_EVENT_OUTPUT, "model");
    }
}

#define SPEC(OUT, TASK, KEY) \
    "{\"" OUT "\":{\"artifact_selectors\":[{\"producer_subtask\":\"" TASK "\",\"output_artifact_key\":\"" KEY "\"}]}}"

START_TEST(collected_inputs)
{
    fixture f;

    fx_init(&f);
    loop_of_two(&f, NULL, NULL);
    fx_execution(&f, 7, CONTAINER, "gather", 1, MLMD_STATE_COMPLETE);
    fx_event(&f, 3, 7, 1, MLMD_EVENT_INPUT, "models");
    fx_event(&f, 4, 7, 2, MLMD_EVENT_INPUT, "models");
    fx_map(&f);
    check_link(fx_link(&f, 7, 1, 0), KFPS_IO_COLLECTED_INPUTS, 0, "models",
               "{\"iteration\":\"0\",\"taskName\":\"each\"}");
    check_link(fx_link(&f, 7, 2, 0), KFPS_IO_COLLECTED_INPUTS, 1, "models",
               "{\"iteration\":\"1\",\"taskName\":\"each\"}");
    check_link(fx_link(&f, 6, 2, 0), KFPS_IO_OUTPUT, 1, "model", "{\"iteration\":\"1\",\"taskName\":\"each\"}");
    fx_free(&f);
}
END_TEST

START_TEST(a_loop_hands_out_one_per_iteration)
{
    for (int inner = 0; inner < 2; inner++) {
        fixture f;
        fx_init(&f);
        loop_of_two(&f, SPEC("all", "each", "model"), inner ? SPEC("all", "each", "model") : NULL);
        fx_map(&f);
        ck_assert_uint_eq(f.rows.link_count, 4);
        const kfps_artifact_task *link = of_task(&f, 2, KFPS_IO_ITERATOR_OUTPUT, 0);
        check_link(link, KFPS_IO_ITERATOR_OUTPUT, 0, "all", "{\"iteration\":\"0\",\"taskName\":\"each\"}");
        ck_assert_str_eq(link->artifact_uuid, fx_row(&f, 1, 0)->uuid);
        ck_assert_str_eq(of_task(&f, 2, KFPS_IO_ITERATOR_OUTPUT, 1)->artifact_uuid, fx_row(&f, 2, 0)->uuid);
        map_options none = {0};
        map_context context = {.options = &none, .arena = &f.arena};
        ck_assert_str_eq(link->uuid, map_uuid(&context, "link:%s:%s:8:0:all", link->artifact_uuid, link->task_uuid));
        fx_free(&f);
    }
}
END_TEST

START_TEST(an_index_stays_on_the_way_up)
{
    fixture f;

    /* the root takes from a DAG that takes from the LOOP; what only the iterations declare can be taken as well */
    fx_init(&f);
    loop_of_two(&f, NULL, SPEC("all", "each", "model"));
    f.executions[1].properties.items = NULL;
    f.executions[1].properties.count = 0;
    fx_text(&f, &f.executions[1].properties, "task_name", "for-loop-1");
    fx_integer(&f, &f.executions[1].properties, "parent_dag_id", 7);
    fx_integer(&f, &f.executions[1].properties, "iteration_count", 2);
    mlmd_execution *e = fx_execution(&f, 7, DAG, "outer", 1, MLMD_STATE_COMPLETE);
    fx_text(&f, &e->properties, "artifact_producer_task", SPEC("up", "for-loop-1", "all"));
    fx_text(&f, &f.executions[0].properties, "artifact_producer_task", SPEC("top", "outer", "up"));
    fx_map(&f);
    ck_assert_uint_eq(f.rows.link_count, 2 + 2 + 2);
    check_link(of_task(&f, 7, KFPS_IO_OUTPUT, 1), KFPS_IO_OUTPUT, 1, "up",
               "{\"iteration\":\"1\",\"taskName\":\"for-loop-1\"}");
    check_link(of_task(&f, 1, KFPS_IO_OUTPUT, 0), KFPS_IO_OUTPUT, 0, "top",
               "{\"iteration\":\"0\",\"taskName\":\"outer\"}");
    fx_free(&f);
}
END_TEST

START_TEST(one_of_several_branches)
{
    fixture f;

    fx_init(&f);
    fx_root(&f);
    mlmd_execution *e = fx_execution(&f, 2, DAG, "condition-branches-1", 1, MLMD_STATE_COMPLETE);
    fx_text(
        &f, &e->properties, "artifact_producer_task",
        "{\"one\":{\"artifact_selectors\":["
        "{\"producer_subtask\":\"condition-2\",\"output_artifact_key\":\"a\"},"
        "{\"producer_subtask\":\"condition-3\",\"output_artifact_key\":\"a\"}]},"
        "\"never\":{\"artifact_selectors\":[{\"producer_subtask\":\"condition-2\",\"output_artifact_key\":\"a\"}]}}");
    fx_text(&f, &e->properties, "parameter_producer_task",
            sw_struct(&f.arena, json_pack("{s:s}", "p",
                                          "{\"valueFromOneof\":{\"parameterSelectors\":["
                                          "{\"producerSubtask\":\"condition-2\",\"outputParameterKey\":\"p\"},"
                                          "{\"producerSubtask\":\"condition-3\",\"outputParameterKey\":\"p\"}]}}")));
    e = fx_execution(&f, 3, DAG, "condition-2", 2, MLMD_STATE_CANCELED);
    fx_text(&f, &e->properties, "artifact_producer_task", SPEC("a", "make", "out"));
    e = fx_execution(&f, 4, DAG, "condition-3", 2, MLMD_STATE_COMPLETE);
    fx_text(&f, &e->properties, "artifact_producer_task", SPEC("a", "make", "out"));
    fx_text(&f, &e->properties, "parameter_producer_task",
            sw_struct(&f.arena, json_pack("{s:s}", "p",
                                          "{\"valueFromParameter\":{\"producerSubtask\":\"make\","
                                          "\"outputParameterKey\":\"k\"}}")));
    fx_execution(&f, 5, CONTAINER, "make", 4, MLMD_STATE_FAILED);
    e = fx_execution(&f, 6, CONTAINER, "make", 4, MLMD_STATE_COMPLETE);
    fx_text(&f, &e->properties, "outputs", sw_text(&f.arena, "{\"k\":[true,null]}"));
    fx_artifact(&f, 1, "system.Artifact", NULL);
    fx_event(&f, 1, 6, 1, MLMD_EVENT_OUTPUT, "out");
    fx_map(&f);
    ck_assert_uint_eq(f.rows.link_count, 3);
    check_link(fx_link(&f, 2, 1, 0), KFPS_IO_ONE_OF_OUTPUT, -1, "one", "{\"taskName\":\"condition-3\"}");
    check_link(fx_link(&f, 4, 1, 0), KFPS_IO_OUTPUT, -1, "a", "{\"taskName\":\"make\"}");
    ck_assert_str_eq(fx_task(&f, 2)->output_parameters_json,
                     "[{\"parameterKey\":\"p\",\"producer\":{\"taskName\":\"condition-3\"},"
                     "\"type\":\"ONE_OF_OUTPUT\",\"value\":[true,null]}]");
    ck_assert_str_eq(fx_task(&f, 4)->output_parameters_json,
                     "[{\"parameterKey\":\"p\",\"producer\":{\"taskName\":\"make\"},"
                     "\"type\":\"OUTPUT\",\"value\":[true,null]}]");
    ck_assert_str_eq(fx_task(&f, 6)->output_parameters_json,
                     "[{\"parameterKey\":\"k\",\"producer\":{\"taskName\":\"make\"},"
                     "\"type\":\"OUTPUT\",\"value\":[true,null]}]");
    fx_free(&f);
}
END_TEST

START_TEST(parameters_of_a_loop)
{
    fixture f;

    fx_init(&f);
    loop_of_two(&f, NULL, NULL);
    fx_text(&f, &f.executions[1].properties, "parameter_producer_task",
            sw_struct(&f.arena, json_pack("{s:s}", "ns",
                                          "{\"valueFromParameter\":{\"producerSubtask\":\"each\","
                                          "\"outputParameterKey\":\"n\"}}")));
    fx_map(&f);
    ck_assert_str_eq(fx_task(&f, 2)->output_parameters_json,
                     "[{\"parameterKey\":\"ns\",\"producer\":{\"iteration\":\"0\",\"taskName\":\"each\"},"
                     "\"type\":\"ITERATOR_OUTPUT\",\"value\":0},"
                     "{\"parameterKey\":\"ns\",\"producer\":{\"iteration\":\"1\",\"taskName\":\"each\"},"
                     "\"type\":\"ITERATOR_OUTPUT\",\"value\":1.5}]");
    fx_free(&f);
}
END_TEST

START_TEST(inputs_of_iterations_go_to_the_loop)
{
    fixture f;

    fx_init(&f);
    loop_of_two(&f, NULL, NULL);
    fx_execution(&f, 7, CONTAINER, "make", 1, MLMD_STATE_COMPLETE);
    fx_artifact(&f, 9, "system.Dataset", NULL);
    fx_event(&f, 3, 7, 9, MLMD_EVENT_OUTPUT, "data");
    fx_event(&f, 4, 2, 9, MLMD_EVENT_INPUT, "in");
    fx_event(&f, 5, 4, 9, MLMD_EVENT_INPUT, "in");
    fx_map(&f);
    check_link(fx_link(&f, 2, 9, KFPS_IO_ITERATOR_INPUT), KFPS_IO_ITERATOR_INPUT, 0, "in",
               "{\"iteration\":\"0\",\"taskName\":\"for-loop-1\"}");
    check_link(fx_link(&f, 2, 9, KFPS_IO_TASK_OUTPUT_INPUT), KFPS_IO_TASK_OUTPUT_INPUT, -1, "in",
               "{\"taskName\":\"make\"}");
    ck_assert_uint_eq(fx_notes(&f, NOTE_ITERATION_INPUT), 1);
    fx_free(&f);
}
END_TEST

START_TEST(parameter_types_and_producers)
{
    fixture f;

    fx_init(&f);
    loop_of_two(&f, NULL, NULL);
    fx_text(&f, &f.executions[0].properties, "inputs", sw_text(&f.arena, "{\"z\":null,\"a\":{\"b\":[1]}}"));
    mlmd_execution *e = fx_execution(&f, 7, DAG, "sub", 4, MLMD_STATE_COMPLETE);
    fx_text(&f, &e->properties, "inputs",
            sw_text(&f.arena, "{\"pipelinechannel--loop-item-param-1\":\"x\",\"other\":\"<&>\"}"));
    e = fx_execution(&f, 8, CONTAINER, "old", 1, MLMD_STATE_COMPLETE);
    fx_text(&f, &e->properties, "input:rounds", "100");
    fx_text(&f, &e->properties, "output:loss", "0.1");
    fx_map(&f);
    ck_assert_str_eq(fx_task(&f, 1)->input_parameters_json,
                     "[{\"parameterKey\":\"a\",\"producer\":{\"taskName\":\"ROOT\"},\"type\":\"RUNTIME_VALUE_INPUT\","
                     "\"value\":{\"b\":[1]}},{\"parameterKey\":\"z\",\"producer\":{\"taskName\":\"ROOT\"},"
                     "\"type\":\"RUNTIME_VALUE_INPUT\",\"value\":null}]");
    ck_assert_str_eq(fx_task(&f, 7)->input_parameters_json,
                     "[{\"parameterKey\":\"other\",\"type\":\"COMPONENT_INPUT\",\"value\":\"\\u003c\\u0026\\u003e\"},"
                     "{\"parameterKey\":\"pipelinechannel--loop-item-param-1\",\"type\":\"ITERATOR_INPUT\","
                     "\"value\":\"x\"}]");
    ck_assert_str_eq(fx_task(&f, 8)->input_parameters_json,
                     "[{\"parameterKey\":\"rounds\",\"type\":\"COMPONENT_INPUT\",\"value\":\"100\"}]");
    ck_assert_str_eq(fx_task(&f, 8)->output_parameters_json,
                     "[{\"parameterKey\":\"loss\",\"producer\":{\"taskName\":\"old\"},\"type\":\"OUTPUT\","
                     "\"value\":\"0.1\"}]");
    ck_assert_str_eq(fx_task(&f, 2)->input_parameters_json, "[]");
    fx_free(&f);
}
END_TEST

/* Each of 100 levels asks for 30 keys, and each key by 30 selectors for all keys below: 30^100 ways. */
START_TEST(hostile_specifications_stay_cheap)
{
    fixture f;
    json_t *spec = json_object();
    char key[16];

    fx_init(&f);
    for (int out = 0; out < 30; out++) {
        json_t *selectors = json_array();
        for (int in = 0; in < 30; in++) {
            snprintf(key, sizeof key, "k%d", in);
            json_array_append_new(selectors,
                                  json_pack("{s:s,s:s}", "producer_subtask", "d", "output_artifact_key", key));
        }
        snprintf(key, sizeof key, "k%d", out);
        json_object_set_new(spec, key, json_pack("{s:o}", "artifact_selectors", selectors));
    }
    char *text = json_dumps(spec, 0);
    fx_root(&f);
    for (int64_t id = 2; id < 100; id++) {
        mlmd_execution *e = fx_execution(&f, id, DAG, "d", id - 1, MLMD_STATE_COMPLETE);
        fx_text(&f, &e->properties, "artifact_producer_task", text);
    }
    fx_execution(&f, 100, CONTAINER, "d", 99, MLMD_STATE_COMPLETE);
    fx_artifact(&f, 1, "system.Artifact", NULL);
    fx_event(&f, 1, 100, 1, MLMD_EVENT_OUTPUT, "k7");
    fx_map(&f);
    ck_assert_uint_eq(f.rows.link_count, 1 + 98 * 30);
    free(text);
    json_decref(spec);
    fx_free(&f);
}
END_TEST

static Suite *links_suite(void)
{
    Suite *suite = suite_create("map links");
    TCase *tc = tcase_create("links");

    tcase_add_test(tc, inputs_by_where_they_come_from);
    tcase_add_test(tc, the_producer_completed_first);
    tcase_add_test(tc, producers_of_other_runs_are_known);
    tcase_add_test(tc, collected_inputs);
    tcase_add_test(tc, a_loop_hands_out_one_per_iteration);
    tcase_add_test(tc, an_index_stays_on_the_way_up);
    tcase_add_test(tc, one_of_several_branches);
    tcase_add_test(tc, parameters_of_a_loop);
    tcase_add_test(tc, inputs_of_iterations_go_to_the_loop);
    tcase_add_test(tc, parameter_types_and_producers);
    tcase_add_test(tc, hostile_specifications_stay_cheap);
    suite_add_tcase(suite, tc);
    return suite;
}

int main(void)
{
    return suite_main(links_suite());
}
