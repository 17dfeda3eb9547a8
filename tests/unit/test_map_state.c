/* SPDX-License-Identifier: Apache-2.0 */
#include "map_fixture.h"

START_TEST(run_states_are_normalised)
{
    static const struct {
        const char *state, *conditions;
        map_run_state wanted;
    } cases[] = {
        {"SUCCEEDED", NULL, MAP_RUN_SUCCEEDED},
        {"FAILED", "Succeeded", MAP_RUN_FAILED},
        {"CANCELED", NULL, MAP_RUN_CANCELED},
        {"SKIPPED", NULL, MAP_RUN_SKIPPED},
        {"PENDING", NULL, MAP_RUN_ACTIVE},
        {"RUNNING", "Succeeded", MAP_RUN_ACTIVE},
        {"CANCELING", NULL, MAP_RUN_ACTIVE},
        {"PAUSED", NULL, MAP_RUN_ACTIVE},
        {NULL, "Succeeded", MAP_RUN_SUCCEEDED},
        {"", "Failed", MAP_RUN_FAILED},
        {"RUNTIME_STATE_UNSPECIFIED", "Done", MAP_RUN_SUCCEEDED},
        {"NO_STATUS", "Error", MAP_RUN_FAILED},
        {NULL, "Terminating", MAP_RUN_ACTIVE},
        {NULL, "Disabled", MAP_RUN_CANCELED},
        {NULL, "Enabled", MAP_RUN_ACTIVE},
        {NULL, "Ready", MAP_RUN_ACTIVE},
        {NULL, NULL, MAP_RUN_ACTIVE},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        ck_assert_int_eq(map_normalise_run_state(cases[i].state, cases[i].conditions), cases[i].wanted);
}
END_TEST

START_TEST(final_states_are_taken_over)
{
    fixture f;

    fx_init(&f);
    fx_root(&f);
    fx_execution(&f, 2, CONTAINER, "a", 1, MLMD_STATE_COMPLETE);
    fx_execution(&f, 3, CONTAINER, "b", 1, MLMD_STATE_FAILED);
    fx_execution(&f, 4, CONTAINER, "c", 1, MLMD_STATE_CACHED);
    fx_execution(&f, 5, CONTAINER, "d", 1, MLMD_STATE_CANCELED);
    fx_map(&f);
    ck_assert_int_eq(fx_task(&f, 2)->state, KFPS_TASK_SUCCEEDED);
    ck_assert_int_eq(fx_task(&f, 3)->state, KFPS_TASK_FAILED);
    ck_assert_int_eq(fx_task(&f, 4)->state, KFPS_TASK_CACHED);
    ck_assert_int_eq(fx_task(&f, 5)->state, KFPS_TASK_SKIPPED);
    ck_assert_int_eq(fx_task(&f, 2)->created_at, FX_TIME + 2);
    ck_assert_int_eq(fx_task(&f, 2)->started_at, FX_TIME + 2);
    ck_assert_int_eq(fx_task(&f, 2)->finished_at, FX_TIME + 12);
    ck_assert_str_eq(fx_task(&f, 2)->state_history_json,
                     "[{\"state\":\"RUNNING\",\"updateTime\":\"2025-06-15T15:30:02Z\"},"
                     "{\"state\":\"SUCCEEDED\",\"updateTime\":\"2025-06-15T15:30:12Z\"}]");
    ck_assert_str_eq(fx_task(&f, 5)->state_history_json,
                     "[{\"state\":\"SKIPPED\",\"updateTime\":\"2025-06-15T15:30:15Z\"}]");
    /* the root by the run alone, whatever is below; its end is that of the last below */
    ck_assert_int_eq(fx_task(&f, 1)->state, KFPS_TASK_SUCCEEDED);
    ck_assert_int_eq(fx_task(&f, 1)->finished_at, FX_TIME + 15);
    ck_assert_uint_eq(fx_notes(&f, NOTE_STATE_DERIVED), 1);
    fx_free(&f);
}
END_TEST

START_TEST(canceled_may_count_as_failed)
{
    fixture f;

    fx_init(&f);
    f.options.canceled_is_failed = true;
    fx_root(&f);
    fx_execution(&f, 2, CONTAINER, "a", 1, MLMD_STATE_CANCELED);
    fx_map(&f);
    ck_assert_int_eq(fx_task(&f, 2)->state, KFPS_TASK_FAILED);
    fx_free(&f);
}
END_TEST

START_TEST(the_root_follows_the_run)
{
    static const struct {
        map_run_state run;
        int32_t wanted;
    } cases[] = {
        {MAP_RUN_ACTIVE, KFPS_TASK_RUNNING},  {MAP_RUN_SUCCEEDED, KFPS_TASK_SUCCEEDED},
        {MAP_RUN_FAILED, KFPS_TASK_FAILED},   {MAP_RUN_CANCELED, KFPS_TASK_FAILED},
        {MAP_RUN_SKIPPED, KFPS_TASK_SKIPPED},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        fixture f;
        fx_init(&f);
        f.target.state = cases[i].run;
        fx_root(&f);
        fx_map(&f);
        ck_assert_int_eq(fx_task(&f, 1)->state, cases[i].wanted);
        ck_assert_int_eq(fx_task(&f, 1)->finished_at, cases[i].run == MAP_RUN_ACTIVE ? 0 : FX_TIME + 1000);
        fx_free(&f);
    }
}
END_TEST

START_TEST(an_active_run_keeps_what_is_open)
{
    fixture f;

    fx_init(&f);
    f.target.state = MAP_RUN_ACTIVE;
    fx_root(&f);
    fx_execution(&f, 2, CONTAINER, "a", 1, MLMD_STATE_RUNNING);
    fx_execution(&f, 3, CONTAINER, "b", 1, MLMD_STATE_COMPLETE);
    fx_map(&f);
    ck_assert_int_eq(fx_task(&f, 2)->state, KFPS_TASK_RUNNING);
    ck_assert_int_eq(fx_task(&f, 2)->finished_at, 0);
    ck_assert_str_eq(fx_task(&f, 2)->state_history_json,
                     "[{\"state\":\"RUNNING\",\"updateTime\":\"2025-06-15T15:30:02Z\"}]");
    ck_assert_int_eq(fx_task(&f, 3)->state, KFPS_TASK_SUCCEEDED);
    ck_assert_uint_eq(fx_notes(&f, NOTE_STATE_DERIVED), 0);
    fx_free(&f);
}
END_TEST

START_TEST(open_containers_need_outputs_to_have_succeeded)
{
    for (int failed = 0; failed < 2; failed++) {
        fixture f;
        fx_init(&f);
        f.target.state = failed ? MAP_RUN_FAILED : MAP_RUN_SUCCEEDED;
        fx_root(&f);
        fx_execution(&f, 2, CONTAINER, "nothing", 1, MLMD_STATE_RUNNING);
        mlmd_execution *e = fx_execution(&f, 3, CONTAINER, "parameters", 1, MLMD_STATE_RUNNING);
        fx_text(&f, &e->properties, "outputs", "mlmd-struct::");
        fx_execution(&f, 4, CONTAINER, "artifact", 1, MLMD_STATE_RUNNING);
        fx_artifact(&f, 1, "system.Dataset", NULL);
        fx_event(&f, 1, 4, 1, MLMD_EVENT_OUTPUT, "data");
        fx_map(&f);
        ck_assert_int_eq(fx_task(&f, 2)->state, KFPS_TASK_FAILED);
        ck_assert_int_eq(fx_task(&f, 3)->state, failed ? KFPS_TASK_FAILED : KFPS_TASK_SUCCEEDED);
        ck_assert_int_eq(fx_task(&f, 4)->state, failed ? KFPS_TASK_FAILED : KFPS_TASK_SUCCEEDED);
        fx_free(&f);
    }
}
END_TEST

START_TEST(open_dags_follow_their_children)
{
    fixture f;

    fx_init(&f);
    fx_root(&f);
    fx_execution(&f, 2, DAG, "good", 1, MLMD_STATE_RUNNING);
    fx_execution(&f, 3, CONTAINER, "a", 2, MLMD_STATE_CACHED);
    fx_execution(&f, 4, CONTAINER, "b", 2, MLMD_STATE_CANCELED);
    fx_execution(&f, 5, DAG, "bad", 1, MLMD_STATE_RUNNING);
    fx_execution(&f, 6, DAG, "inner", 5, MLMD_STATE_RUNNING);
    fx_execution(&f, 7, CONTAINER, "a", 6, MLMD_STATE_FAILED);
    fx_execution(&f, 8, DAG, "empty", 1, MLMD_STATE_RUNNING);
    fx_map(&f);
    ck_assert_int_eq(fx_task(&f, 2)->state, KFPS_TASK_SUCCEEDED);
    ck_assert_int_eq(fx_task(&f, 2)->finished_at, FX_TIME + 14);
    ck_assert_int_eq(fx_task(&f, 5)->state, KFPS_TASK_FAILED);
    ck_assert_int_eq(fx_task(&f, 6)->state, KFPS_TASK_FAILED);
    ck_assert_int_eq(fx_task(&f, 5)->finished_at, FX_TIME + 17);
    ck_assert_int_eq(fx_task(&f, 8)->state, KFPS_TASK_SUCCEEDED);
    ck_assert_int_eq(fx_task(&f, 8)->finished_at, FX_TIME + 1000);
    ck_assert_int_eq(fx_task(&f, 1)->state, KFPS_TASK_SUCCEEDED);
    fx_free(&f);
}
END_TEST

START_TEST(retries_count_once)
{
    fixture f;

    fx_init(&f);
    fx_root(&f);
    fx_execution(&f, 2, DAG, "sub", 1, MLMD_STATE_RUNNING);
    fx_execution(&f, 3, CONTAINER, "flaky", 2, MLMD_STATE_FAILED);
    fx_execution(&f, 4, CONTAINER, "flaky", 2, MLMD_STATE_FAILED);
    fx_execution(&f, 5, CONTAINER, "flaky", 2, MLMD_STATE_COMPLETE);
    fx_map(&f);
    ck_assert_int_eq(fx_task(&f, 2)->state, KFPS_TASK_SUCCEEDED);
    ck_assert_int_eq(fx_task(&f, 3)->state, KFPS_TASK_FAILED);
    ck_assert_ptr_null(fx_task(&f, 3)->logical_key);
    ck_assert_ptr_null(fx_task(&f, 4)->logical_key);
    ck_assert_ptr_nonnull(fx_task(&f, 5)->logical_key);
    ck_assert_uint_eq(fx_notes(&f, NOTE_EQUAL_LOGICAL_KEY), 2);
    fx_free(&f);
}
END_TEST

START_TEST(empty_loops_and_skipped_branches)
{
    fixture f;

    fx_init(&f);
    fx_root(&f);
    mlmd_execution *loop = fx_execution(&f, 2, DAG, "for-loop-1", 1, MLMD_STATE_RUNNING);
    fx_integer(&f, &loop->properties, "iteration_count", 0);
    fx_execution(&f, 3, DAG, "condition-branches-1", 1, MLMD_STATE_RUNNING);
    fx_execution(&f, 4, DAG, "condition-2", 3, MLMD_STATE_CANCELED);
    fx_execution(&f, 5, DAG, "condition-3", 3, MLMD_STATE_CANCELED);
    fx_map(&f);
    ck_assert_int_eq(fx_task(&f, 2)->state, KFPS_TASK_SUCCEEDED);
    ck_assert_int_eq(fx_task(&f, 3)->state, KFPS_TASK_SKIPPED);
    ck_assert_int_eq(fx_task(&f, 3)->type, KFPS_TASK_CONDITION_BRANCH);
    fx_free(&f);
}
END_TEST

START_TEST(who_writes_no_states_is_not_unfinished)
{
    fixture f;

    fx_init(&f);
    f.options.any_execution_type = true;
    fx_execution(&f, 2, "components.Predict", NULL, 0, MLMD_STATE_UNKNOWN)->state_known = false;
    fx_map(&f);
    ck_assert_int_eq(fx_task(&f, 2)->state, KFPS_TASK_SUCCEEDED);
    fx_free(&f);

    fx_init(&f);
    f.target.state = MAP_RUN_FAILED;
    f.target.made = true;
    fx_root(&f);
    fx_execution(&f, 2, CONTAINER, "a", 1, MLMD_STATE_UNKNOWN);
    fx_execution(&f, 3, CONTAINER, "b", 1, MLMD_STATE_RUNNING);
    fx_map(&f);
    ck_assert_int_eq(fx_task(&f, 2)->state, KFPS_TASK_SUCCEEDED);
    ck_assert_int_eq(fx_task(&f, 3)->state, KFPS_TASK_FAILED);
    fx_free(&f);
}
END_TEST

static Suite *state_suite(void)
{
    Suite *suite = suite_create("map state");
    TCase *tc = tcase_create("states");

    tcase_add_test(tc, run_states_are_normalised);
    tcase_add_test(tc, final_states_are_taken_over);
    tcase_add_test(tc, canceled_may_count_as_failed);
    tcase_add_test(tc, the_root_follows_the_run);
    tcase_add_test(tc, an_active_run_keeps_what_is_open);
    tcase_add_test(tc, open_containers_need_outputs_to_have_succeeded);
    tcase_add_test(tc, open_dags_follow_their_children);
    tcase_add_test(tc, retries_count_once);
    tcase_add_test(tc, empty_loops_and_skipped_branches);
    tcase_add_test(tc, who_writes_no_states_is_not_unfinished);
    suite_add_tcase(suite, tc);
    return suite;
}

int main(void)
{
    return suite_main(state_suite());
}
