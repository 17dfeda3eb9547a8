/* SPDX-License-Identifier: Apache-2.0 */
/* One test per oddity that real MLMD databases hold; those of values have test_map_odd_values.c. */
#include "map_fixture.h"
#include "struct_writer.h"

START_TEST(unknown_execution_types_are_skipped)
{
    fixture f;

    fx_simple(&f, "system.Dataset", NULL);
    fx_execution(&f, 3, "tfx.components.Trainer", "x", 1, MLMD_STATE_COMPLETE);
    fx_execution(&f, 4, "", "y", 1, MLMD_STATE_COMPLETE);
    fx_event(&f, 2, 3, 1, MLMD_EVENT_INPUT, "in");
    fx_map(&f);
    ck_assert_uint_eq(f.rows.task_count, 2);
    ck_assert_uint_eq(f.rows.link_count, 1);
    ck_assert_uint_eq(fx_notes(&f, NOTE_UNKNOWN_EXECUTION_TYPE), 1);
    ck_assert_uint_eq(fx_notes(&f, NOTE_MISSING_TYPE), 1);
    fx_free(&f);
}
END_TEST

START_TEST(any_type_becomes_a_task_where_asked_for)
{
    fixture f;

    fx_init(&f);
    f.options.any_execution_type = true;
    mlmd_execution *e = fx_execution(&f, 2, "components.Train@sha256=0123abcd", NULL, 0, MLMD_STATE_COMPLETE);
    fx_text(&f, &e->properties, "kfp_pod_name", "pod-1");
    fx_execution(&f, 3, "tfx.components.Trainer", NULL, 0, MLMD_STATE_COMPLETE);
    fx_map(&f);
    ck_assert_str_eq(fx_task(&f, 2)->name, "Train");
    ck_assert_str_eq(fx_task(&f, 2)->display_name, "Train");
    ck_assert_str_eq(fx_task(&f, 2)->pods_json, "[{\"name\":\"pod-1\",\"type\":\"EXECUTOR\"}]");
    ck_assert_str_eq(fx_task(&f, 3)->name, "tfx.components.Trainer");
    ck_assert_int_eq(fx_task(&f, 3)->type, KFPS_TASK_RUNTIME);
    ck_assert_ptr_null(fx_task(&f, 3)->parent_uuid);
    ck_assert_uint_eq(fx_notes(&f, NOTE_PARENT_MISSING), 0);
    fx_free(&f);
}
END_TEST

START_TEST(dangling_events_are_named)
{
    fixture f;

    fx_simple(&f, "system.Dataset", NULL);
    fx_event(&f, 2, 2, 99, MLMD_EVENT_INPUT, "gone");
    fx_event(&f, 3, 77, 1, MLMD_EVENT_INPUT, "gone");
    fx_map(&f);
    ck_assert_uint_eq(fx_notes(&f, NOTE_DANGLING_EVENT), 2);
    ck_assert_uint_eq(f.rows.link_count, 1);
    ck_assert_str_eq(f.notes.items[0].detail, "artifact 99 is missing");
    ck_assert_int_eq(f.notes.items[0].id, 2);
    fx_free(&f);
}
END_TEST

START_TEST(repeated_events_keep_the_newest)
{
    fixture f;

    fx_simple(&f, "system.Dataset", NULL);
    fx_event(&f, 2, 2, 1, MLMD_EVENT_OUTPUT, "out");
    fx_event(&f, 3, 2, 1, MLMD_EVENT_DECLARED_OUTPUT, "out");
    fx_event(&f, 4, 2, 1, MLMD_EVENT_OUTPUT, "another");
    fx_map(&f);
    ck_assert_uint_eq(f.rows.link_count, 2);
    ck_assert_uint_eq(fx_notes(&f, NOTE_DUPLICATE_EVENT), 2);
    for (size_t i = 0; i < f.notes.count; i++)
        ck_assert(f.notes.items[i].reason != NOTE_DUPLICATE_EVENT || f.notes.items[i].id < 3);
    fx_free(&f);
}
END_TEST

START_TEST(events_that_say_neither_way_are_skipped)
{
    fixture f;
    static const int types[] = {MLMD_EVENT_UNKNOWN, MLMD_EVENT_PENDING_OUTPUT, 8, -1, 1 << 30};

    fx_simple(&f, "system.Dataset", NULL);
    for (size_t i = 0; i < 5; i++)
        fx_event(&f, 10 + (int64_t) i, 2, 1, types[i], "out");
    fx_event(&f, 20, 2, 1, MLMD_EVENT_INTERNAL_INPUT, "in");
    fx_map(&f);
    ck_assert_uint_eq(fx_notes(&f, NOTE_EVENT_TYPE), 5);
    ck_assert_uint_eq(f.rows.link_count, 2);
    fx_free(&f);
}
END_TEST

START_TEST(broken_producer_specifications_are_ignored)
{
    static const char *const cases[] = {
        "no json",
        "[]",
        "{\"a\":1}",
        "{\"a\":{\"artifact_selectors\":{}}}",
        "{\"a\":{\"artifact_selectors\":[{\"producer_subtask\":1,\"output_artifact_key\":\"k\"}]}}",
        ""};
    fixture f;

    fx_init(&f);
    fx_root(&f);
    for (int64_t i = 0; i < 6; i++) {
        mlmd_execution *e = fx_execution(&f, 2 + i, DAG, "d", 1, MLMD_STATE_COMPLETE);
        fx_text(&f, &e->properties, "artifact_producer_task", cases[i]);
    }
    mlmd_execution *e = fx_execution(&f, 20, DAG, "p", 1, MLMD_STATE_COMPLETE);
    fx_text(&f, &e->properties, "parameter_producer_task",
            sw_text(&f.arena, "{\"a\":\"no json\",\"b\":3,\"c\":\"{}\"}"));
    e = fx_execution(&f, 21, DAG, "q", 1, MLMD_STATE_COMPLETE);
    fx_integer(&f, &e->properties, "parameter_producer_task", 4);
    fx_map(&f);
    ck_assert_uint_eq(fx_notes(&f, NOTE_BAD_PRODUCER_SPEC), 6 + 3 + 1);
    ck_assert_uint_eq(f.rows.task_count, 9);
    fx_free(&f);
}
END_TEST

START_TEST(impossible_times_are_replaced)
{
    static const struct {
        int64_t create_ms, update_ms, created, finished;
        size_t notes;
    } cases[] = {
        {0, (FX_TIME + 7) * 1000 + 999, FX_TIME + 7, FX_TIME + 7, 0}, /* upgraded from a schema without times */
        {0, 0, FX_TIME, FX_TIME, 0},
        {-5, 0, FX_TIME, FX_TIME, 1},
        {FX_TIME, (FX_TIME + 3) * 1000, FX_TIME, FX_TIME + 3, 1}, /* seconds */
        {INT64_MAX, 0, 4102444800, 4102444800, 1},
        {4102444800000, 4102444800001, 4102444800, 4102444800, 1},
        {(FX_TIME + 9) * 1000, FX_TIME * 1000, FX_TIME + 9, FX_TIME + 9, 0}, /* ended before it began */
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        fixture f;
        fx_simple(&f, "system.Dataset", NULL);
        f.executions[1].create_ms = cases[i].create_ms;
        f.executions[1].update_ms = cases[i].update_ms;
        fx_map(&f);
        ck_assert_int_eq(fx_task(&f, 2)->created_at, cases[i].created);
        ck_assert_int_eq(fx_task(&f, 2)->finished_at, cases[i].finished);
        ck_assert_uint_eq(fx_notes(&f, NOTE_TIME_CLAMPED), cases[i].notes);
        fx_free(&f);
    }
}
END_TEST

START_TEST(artifacts_without_times_take_the_events)
{
    fixture f;

    mlmd_artifact *a = fx_simple(&f, "system.Dataset", NULL);
    a->create_ms = a->update_ms = 0;
    fx_map(&f);
    ck_assert_int_eq(fx_row(&f, 1, 0)->created_at, FX_TIME + 1);
    ck_assert_int_eq(fx_row(&f, 1, 0)->last_update, FX_TIME + 1);
    fx_free(&f);
    a = fx_simple(&f, "system.Dataset", NULL);
    a->create_ms = a->update_ms = 0;
    f.events[0].ms = 0;
    fx_map(&f);
    ck_assert_int_eq(fx_row(&f, 1, 0)->created_at, FX_TIME + 2);
    fx_free(&f);
}
END_TEST

START_TEST(unknown_artifact_types_keep_their_title)
{
    fixture f;

    fx_simple(&f, "acme.FeatureView", NULL);
    fx_map(&f);
    ck_assert_int_eq(fx_row(&f, 1, 0)->type, KFPS_ARTIFACT_ARTIFACT);
    ck_assert_str_eq(fx_row(&f, 1, 0)->metadata_json, "{\"_kfp_schema_title\":\"acme.FeatureView\"}");
    ck_assert_uint_eq(fx_notes(&f, NOTE_UNKNOWN_ARTIFACT_TYPE), 1);
    fx_free(&f);
    fx_simple(&f, "", NULL);
    fx_map(&f);
    ck_assert_int_eq(fx_row(&f, 1, 0)->type, KFPS_ARTIFACT_ARTIFACT);
    ck_assert_str_eq(fx_row(&f, 1, 0)->metadata_json, "{}");
    ck_assert_uint_eq(fx_notes(&f, NOTE_MISSING_TYPE), 1);
    fx_free(&f);
}
END_TEST

START_TEST(unknown_states_are_derived)
{
    static const int states[] = {MLMD_STATE_UNKNOWN, MLMD_STATE_NEW, 7, -1};

    for (size_t i = 0; i < 4; i++) {
        fixture f;
        fx_simple(&f, "system.Dataset", NULL);
        f.executions[1].state = states[i];
        fx_map(&f);
        ck_assert_int_eq(fx_task(&f, 2)->state, KFPS_TASK_SUCCEEDED); /* it has an output */
        ck_assert_uint_eq(fx_notes(&f, NOTE_STATE_DERIVED), 2);
        ck_assert_uint_eq(fx_notes(&f, NOTE_STATE_UNKNOWN), i < 2 ? 0 : 1);
        fx_free(&f);
    }
}
END_TEST

START_TEST(only_completed_tasks_have_fingerprints)
{
    static const map_legacy_fingerprint legacy[] = {{2, "old-2"}, {3, "old-3"}, {4, "old-4"}, {6, "old-6"}};
    fixture f;

    fx_init(&f);
    f.target.legacy = legacy;
    f.target.legacy_count = 4;
    fx_root(&f);
    for (int64_t id = 2; id <= 7; id++) {
        static const int states[] = {MLMD_STATE_COMPLETE, MLMD_STATE_COMPLETE, MLMD_STATE_FAILED,
                                     MLMD_STATE_CACHED,   MLMD_STATE_RUNNING,  MLMD_STATE_COMPLETE};
        mlmd_execution *e = fx_execution(&f, id, CONTAINER, "t", 1, states[id - 2]);
        if (id != 3)
            fx_text(&f, &e->properties, "cache_fingerprint", id == 7 ? fx_repeat(&f, 'f', 256) : "new");
    }
    fx_map(&f);
    static const char *const wanted[] = {"new", "old-3", "", "", "", ""};
    for (int64_t id = 2; id <= 7; id++)
        ck_assert_str_eq(fx_task(&f, id)->fingerprint, wanted[id - 2]);
    ck_assert_uint_eq(fx_notes(&f, NOTE_FINGERPRINT_LEGACY), 1);
    ck_assert_uint_eq(fx_notes(&f, NOTE_FINGERPRINT_TOO_LONG), 1);
    fx_free(&f);
}
END_TEST

START_TEST(contradicting_namespaces_reject_the_run)
{
    static const struct {
        const char *said, *run;
        bool rejected;
    } cases[] = {{"team", "team", false},
                 {"other", "team", true},
                 {"kubeflow", "", false},
                 {"", "team", false},
                 {NULL, "team", false}};

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        fixture f;
        fx_simple(&f, "system.Dataset", NULL);
        f.target.run_namespace = cases[i].run;
        if (cases[i].said != NULL)
            fx_text(&f, &f.run.properties, "namespace", cases[i].said);
        fx_map(&f);
        ck_assert_int_eq(f.rows.rejected, cases[i].rejected);
        ck_assert_uint_eq(f.rows.task_count, cases[i].rejected ? 0 : 2);
        ck_assert_uint_eq(fx_notes(&f, NOTE_NAMESPACE_CONFLICT), cases[i].rejected);
        if (!cases[i].rejected) {
            ck_assert_str_eq(fx_task(&f, 2)->task_namespace, cases[i].run);
            ck_assert_str_eq(fx_row(&f, 1, 0)->artifact_namespace, cases[i].run);
        }
        fx_free(&f);
    }
}
END_TEST

START_TEST(an_empty_run_maps_to_nothing)
{
    fixture f;

    fx_init(&f);
    fx_map(&f);
    ck_assert_uint_eq(f.rows.task_count + f.rows.artifact_count + f.rows.link_count + f.notes.count, 0);
    ck_assert(!f.rows.rejected);
    fx_free(&f);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        unknown_execution_types_are_skipped,
        any_type_becomes_a_task_where_asked_for,
        dangling_events_are_named,
        repeated_events_keep_the_newest,
        events_that_say_neither_way_are_skipped,
        broken_producer_specifications_are_ignored,
        impossible_times_are_replaced,
        artifacts_without_times_take_the_events,
        unknown_artifact_types_keep_their_title,
        unknown_states_are_derived,
        only_completed_tasks_have_fingerprints,
        contradicting_namespaces_reject_the_run,
        an_empty_run_maps_to_nothing,
    };
    return suite_main(suite_of("map oddities", tests, sizeof tests / sizeof tests[0], NULL, NULL));
}
