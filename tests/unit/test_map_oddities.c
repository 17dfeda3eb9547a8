/* SPDX-License-Identifier: Apache-2.0 */
/* One test per oddity that real MLMD databases hold. */
#include <math.h>

#include "map_fixture.h"
#include "struct_writer.h"

/* A root and one completed container (2) that wrote one artifact (1). */
static mlmd_artifact *simple(fixture *f, const char *type, const char *uri)
{
    fx_init(f);
    fx_root(f);
    fx_execution(f, 2, CONTAINER, "task", 1, MLMD_STATE_COMPLETE);
    fx_event(f, 1, 2, 1, MLMD_EVENT_OUTPUT, "out");
    return fx_artifact(f, 1, type, uri);
}

static char *repeat(fixture *f, char c, size_t count)
{
    char *text = kfpb_arena_alloc(&f->arena, count + 1);

    memset(text, c, count);
    return text;
}

START_TEST(unknown_execution_types_are_skipped)
{
    fixture f;

    simple(&f, "system.Dataset", NULL);
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

    simple(&f, "system.Dataset", NULL);
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

    simple(&f, "system.Dataset", NULL);
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

    simple(&f, "system.Dataset", NULL);
    for (size_t i = 0; i < 5; i++)
        fx_event(&f, 10 + (int64_t) i, 2, 1, types[i], "out");
    fx_event(&f, 20, 2, 1, MLMD_EVENT_INTERNAL_INPUT, "in");
    fx_map(&f);
    ck_assert_uint_eq(fx_notes(&f, NOTE_EVENT_TYPE), 5);
    ck_assert_uint_eq(f.rows.link_count, 2);
    fx_free(&f);
}
END_TEST

/* `depth` arrays inside each other. */
static json_t *nested(int depth)
{
    json_t *value = json_array();

    for (int i = 1; i < depth; i++)
        value = json_pack("[o]", value);
    return value;
}

START_TEST(deep_json_becomes_text)
{
    fixture f;

    mlmd_artifact *a = simple(&f, "system.Dataset", NULL);
    f.target.json_depth = 31;
    fx_text(&f, &a->properties, "fits", sw_struct(&f.arena, json_pack("{s:o}", "list", nested(30))));
    fx_text(&f, &a->properties, "deep", sw_struct(&f.arena, json_pack("{s:o}", "list", nested(31))));
    fx_text(&f, &f.executions[1].properties, "inputs",
            sw_struct(&f.arena, json_pack("{s:o,s:o}", "fits", nested(29), "deep", nested(30))));
    fx_map(&f);
    ck_assert_uint_eq(fx_notes(&f, NOTE_JSON_DEPTH), 2);
    json_t *metadata = json_loads(fx_row(&f, 1, 0)->metadata_json, 0, NULL);
    ck_assert(json_is_array(json_object_get(metadata, "fits")));
    const char *text = json_string_value(json_object_get(metadata, "deep"));
    ck_assert_ptr_nonnull(text);
    ck_assert_uint_eq(strlen(text), 62);
    json_decref(metadata);
    fx_free(&f);
}
END_TEST

START_TEST(broken_structs_stay_text)
{
    fixture f;

    mlmd_artifact *a = simple(&f, "system.Dataset", NULL);
    fx_text(&f, &a->properties, "value", "mlmd-struct::not base64!");
    fx_text(&f, &f.executions[1].properties, "inputs", "mlmd-struct::////");
    fx_text(&f, &f.executions[1].properties, "outputs", "plain");
    fx_map(&f);
    ck_assert_uint_eq(fx_notes(&f, NOTE_BAD_STRUCT), 3);
    ck_assert_str_eq(fx_row(&f, 1, 0)->metadata_json, "{\"value\":\"mlmd-struct::not base64!\"}");
    ck_assert_str_eq(fx_task(&f, 2)->input_parameters_json,
                     "[{\"parameterKey\":\"inputs\",\"type\":\"COMPONENT_INPUT\",\"value\":\"mlmd-struct::////\"}]");
    ck_assert_ptr_nonnull(strstr(fx_task(&f, 2)->output_parameters_json, "\"plain\""));
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

START_TEST(nul_inside_values_is_dropped)
{
    fixture f;

    mlmd_artifact *a = simple(&f, "system.Dataset", NULL);
    fx_text(&f, &a->properties, "v", sw_struct(&f.arena, json_pack("{s:[s%]}", "list", "a\0b", (size_t) 3)));
    fx_map(&f);
    ck_assert_uint_eq(fx_notes(&f, NOTE_NUL_DROPPED), 1);
    ck_assert_str_eq(fx_row(&f, 1, 0)->metadata_json, "{\"v\":[\"ab\"]}");
    fx_free(&f);
}
END_TEST

START_TEST(long_texts_are_cut_or_kept_aside)
{
    fixture f;

    mlmd_artifact *a = simple(&f, "system.Dataset", NULL);
    a->uri = repeat(&f, 'u', 2049);
    f.events[0].key = repeat(&f, 'k', 192);
    fx_execution(&f, 3, CONTAINER, repeat(&f, 'n', 129), 1, MLMD_STATE_COMPLETE);
    fx_map(&f);
    ck_assert_ptr_null(fx_row(&f, 1, 0)->uri);
    ck_assert_str_eq(fx_row(&f, 1, 0)->uri_hash, "");
    ck_assert_ptr_nonnull(strstr(fx_row(&f, 1, 0)->metadata_json, a->uri));
    ck_assert_uint_eq(fx_notes(&f, NOTE_URI_TOO_LONG), 1);
    ck_assert_uint_eq(strlen(f.rows.links[0].artifact_key), 191);
    ck_assert_uint_eq(fx_notes(&f, NOTE_KEY_CUT), 1);
    ck_assert_uint_eq(strlen(fx_task(&f, 3)->name), 128);
    ck_assert_uint_eq(strlen(fx_task(&f, 3)->display_name), 128);
    ck_assert_uint_eq(fx_notes(&f, NOTE_NAME_CUT), 3); /* both names, and the artifact's, which is its key */
    for (size_t i = 0; i < f.notes.count; i++)         /* an address may hold a signature */
        ck_assert(f.notes.items[i].detail == NULL || strstr(f.notes.items[i].detail, "uuu") == NULL);
    fx_free(&f);
}
END_TEST

START_TEST(huge_values_pass)
{
    fixture f;

    mlmd_artifact *a = simple(&f, "system.Dataset", NULL);
    fx_text(&f, &a->properties, "v", repeat(&f, 'v', 3 * 1024 * 1024));
    fx_map(&f);
    ck_assert_uint_eq(strlen(fx_row(&f, 1, 0)->metadata_json), 3 * 1024 * 1024 + strlen("{\"v\":\"\"}"));
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
        simple(&f, "system.Dataset", NULL);
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

    mlmd_artifact *a = simple(&f, "system.Dataset", NULL);
    a->create_ms = a->update_ms = 0;
    fx_map(&f);
    ck_assert_int_eq(fx_row(&f, 1, 0)->created_at, FX_TIME + 1);
    ck_assert_int_eq(fx_row(&f, 1, 0)->last_update, FX_TIME + 1);
    fx_free(&f);
    a = simple(&f, "system.Dataset", NULL);
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

    simple(&f, "acme.FeatureView", NULL);
    fx_map(&f);
    ck_assert_int_eq(fx_row(&f, 1, 0)->type, KFPS_ARTIFACT_ARTIFACT);
    ck_assert_str_eq(fx_row(&f, 1, 0)->metadata_json, "{\"_kfp_schema_title\":\"acme.FeatureView\"}");
    ck_assert_uint_eq(fx_notes(&f, NOTE_UNKNOWN_ARTIFACT_TYPE), 1);
    fx_free(&f);
    simple(&f, "", NULL);
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
        simple(&f, "system.Dataset", NULL);
        f.executions[1].state = states[i];
        fx_map(&f);
        ck_assert_int_eq(fx_task(&f, 2)->state, KFPS_TASK_SUCCEEDED); /* it has an output */
        ck_assert_uint_eq(fx_notes(&f, NOTE_STATE_DERIVED), 2);
        ck_assert_uint_eq(fx_notes(&f, NOTE_STATE_UNKNOWN), i < 2 ? 0 : 1);
        fx_free(&f);
    }
}
END_TEST

START_TEST(values_of_each_kind)
{
    fixture f;

    mlmd_artifact *a = simple(&f, "system.Dataset", NULL);
    fx_property(&f, &a->properties, "null", true);
    fx_integer(&f, &a->properties, "int", -3);
    fx_real(&f, &a->properties, "real", 0.5);
    fx_real(&f, &a->properties, "whole", 12);
    mlmd_property *p = fx_property(&f, &a->properties, "proto", true);
    p->kind = MLMD_VALUE_PROTO;
    p->text = "AAAA";
    p = fx_property(&f, &a->properties, "bool", true);
    p->kind = MLMD_VALUE_BOOL;
    p->integer = 1;
    p = fx_property(&f, &a->properties, "real", false); /* the custom one wins */
    p->kind = MLMD_VALUE_INT;
    p->integer = 7;
    p = fx_property(&f, &a->properties, "typed", false);
    p->kind = MLMD_VALUE_STRING;
    p->text = "yes";
    fx_text(&f, &a->properties, "list", sw_text(&f.arena, "{\"list\":[1,\"x\"]}"));
    fx_text(&f, &a->properties, "dict", sw_text(&f.arena, "{\"struct\":{\"a\":true}}"));
    fx_text(&f, &a->properties, "other", sw_text(&f.arena, "{\"list\":1}"));
    fx_map(&f);
    ck_assert_str_eq(fx_row(&f, 1, 0)->metadata_json,
                     "{\"bool\":true,\"dict\":{\"a\":true},\"int\":-3,\"list\":[1,\"x\"],\"null\":null,"
                     "\"other\":{\"list\":1},\"proto\":\"AAAA\",\"real\":0.5,\"typed\":\"yes\",\"whole\":12}");
    fx_free(&f);
}
END_TEST

START_TEST(numbers_beyond_json)
{
    fixture f;

    mlmd_artifact *a = simple(&f, "system.Metrics", "s3://b/m");
    fx_real(&f, &a->properties, "a", NAN);
    fx_real(&f, &a->properties, "b", INFINITY);
    fx_integer(&f, &a->properties, "c", 9007199254740993);
    fx_integer(&f, &a->properties, "d", 9007199254740992);
    fx_map(&f);
    ck_assert_uint_eq(f.rows.artifact_count, 4);
    ck_assert_str_eq(fx_row(&f, 1, 0)->metadata_json, "{\"a\":\"NaN\"}");
    ck_assert_int_eq(fx_row(&f, 1, 0)->has_number_value, 0);
    ck_assert_str_eq(fx_row(&f, 1, 1)->metadata_json, "{\"b\":\"Infinity\"}");
    ck_assert_int_eq(fx_row(&f, 1, 1)->has_number_value, 0);
    ck_assert_str_eq(fx_row(&f, 1, 2)->metadata_json, "{\"c\":\"9007199254740993\"}");
    ck_assert_int_eq(fx_row(&f, 1, 2)->has_number_value, 1);
    ck_assert_str_eq(fx_row(&f, 1, 3)->metadata_json, "{\"d\":9007199254740992}");
    ck_assert_ptr_null(fx_row(&f, 1, 3)->uri);
    ck_assert_uint_eq(fx_notes(&f, NOTE_NOT_A_NUMBER), 2);
    ck_assert_uint_eq(fx_notes(&f, NOTE_BIG_INTEGER), 1);
    fx_free(&f);
}
END_TEST

START_TEST(metrics_with_text_and_without_numbers)
{
    fixture f;

    mlmd_artifact *a = simple(&f, "system.Metrics", "s3://b/m");
    fx_real(&f, &a->properties, "score", 0.5);
    fx_integer(&f, &a->properties, "rank", 1);
    fx_text(&f, &a->properties, "note", "good");
    fx_map(&f);
    ck_assert_str_eq(fx_row(&f, 1, 0)->name, "rank");
    ck_assert_str_eq(fx_row(&f, 1, 0)->metadata_json, "{\"note\":\"good\",\"rank\":1}");
    ck_assert_str_eq(fx_row(&f, 1, 1)->metadata_json, "{\"note\":\"good\",\"score\":0.5}");
    ck_assert_double_eq(fx_row(&f, 1, 1)->number_value, 0.5);
    ck_assert_uint_eq(f.rows.link_count, 2);
    fx_free(&f);
    a = simple(&f, "system.Metrics", "s3://b/m");
    fx_text(&f, &a->properties, "note", "good");
    fx_map(&f);
    ck_assert_uint_eq(f.rows.artifact_count, 1);
    ck_assert_int_eq(fx_row(&f, 1, 0)->type, KFPS_ARTIFACT_METRIC);
    ck_assert_str_eq(fx_row(&f, 1, 0)->name, "out");
    ck_assert_str_eq(fx_row(&f, 1, 0)->uri, "s3://b/m");
    ck_assert_int_eq(fx_row(&f, 1, 0)->has_number_value, 0);
    fx_free(&f);
}
END_TEST

START_TEST(names_of_artifacts)
{
    static const struct {
        const char *type, *display, *name, *uri, *wanted;
    } cases[] = {
        {CONTAINER, "Shown", "own", "s3://b/x", "Shown"},
        {CONTAINER, "", "own", "s3://b/x", "own"},
        {CONTAINER, NULL, NULL, "s3://b/x", "out"},
        {IMPORTER, NULL, NULL, "s3://b/dir/x.csv", "x.csv"},
        {IMPORTER, NULL, NULL, "s3://b/dir//", "dir"},
        {IMPORTER, NULL, NULL, "s3://b/x.csv?sig=a/secret", "x.csv"},
        {IMPORTER, NULL, NULL, "oci://r.example.org/base:1.0", "base:1.0"},
        {IMPORTER, NULL, NULL, NULL, "out"},
        {IMPORTER, NULL, NULL, "", "out"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        fixture f;
        mlmd_artifact *a = simple(&f, "system.Dataset", cases[i].uri);
        f.executions[1].type = cases[i].type;
        a->name = cases[i].name;
        if (cases[i].display != NULL)
            fx_text(&f, &a->properties, "display_name", cases[i].display);
        fx_map(&f);
        ck_assert_str_eq(fx_row(&f, 1, 0)->name, cases[i].wanted);
        if (cases[i].uri == NULL || cases[i].uri[0] == '\0')
            ck_assert_ptr_null(fx_row(&f, 1, 0)->uri);
        fx_free(&f);
    }
}
END_TEST

START_TEST(what_names_secrets_is_left_behind)
{
    fixture f;

    mlmd_artifact *a = simple(&f, "system.Dataset", "s3://b/x");
    fx_text(&f, &a->properties, "store_session_info", "{\"secretName\":\"s\"}");
    fx_text(&f, &a->properties, "_kfp_workspace", "true");
    fx_text(&f, &a->properties, "display_name", "d");
    mlmd_property *p = fx_property(&f, &a->properties, "store_session_info", false);
    p->kind = MLMD_VALUE_STRING;
    p->text = "{\"secretName\":\"s\"}";
    fx_map(&f);
    ck_assert_str_eq(fx_row(&f, 1, 0)->metadata_json, "{}");
    fx_free(&f);
}
END_TEST

START_TEST(states_of_artifacts_are_kept)
{
    static const struct {
        int state;
        const char *wanted;
    } cases[] = {{0, "{}"},
                 {2, "{}"},
                 {4, "{\"_mlmd_state\":\"DELETED\"}"},
                 {9, "{\"_mlmd_state\":\"9\"}"},
                 {-1, "{\"_mlmd_state\":\"-1\"}"}};

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        fixture f;
        mlmd_artifact *a = simple(&f, "system.Dataset", NULL);
        a->state = cases[i].state;
        fx_map(&f);
        ck_assert_str_eq(fx_row(&f, 1, 0)->metadata_json, cases[i].wanted);
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
            fx_text(&f, &e->properties, "cache_fingerprint", id == 7 ? repeat(&f, 'f', 256) : "new");
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
        simple(&f, "system.Dataset", NULL);
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

START_TEST(facts_for_the_audit)
{
    fixture f;

    simple(&f, "system.Dataset", NULL);
    mlmd_properties *p = &f.executions[1].properties;
    fx_text(&f, p, "image", "");
    fx_text(&f, p, "cached_execution_id", "12");
    fx_text(&f, p, "plugins.mlflow.run_id", "abc");
    fx_text(&f, p, "pod_name", "pod");
    fx_text(&f, p, "pod_uid", "uid");
    fx_map(&f);
    ck_assert_str_eq(fx_task(&f, 2)->status_metadata_json,
                     "{\"customProperties\":{\"cached_execution_id\":\"12\",\"mlmd_execution_id\":2,"
                     "\"mlmd_type\":\"system.ContainerExecution\",\"plugins.mlflow.run_id\":\"abc\"}}");
    ck_assert_str_eq(fx_task(&f, 2)->pods_json, "[{\"name\":\"pod\",\"type\":\"EXECUTOR\",\"uid\":\"uid\"}]");
    fx_free(&f);
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

static Suite *oddities_suite(void)
{
    const TTest *const tests[] = {
        unknown_execution_types_are_skipped,
        any_type_becomes_a_task_where_asked_for,
        dangling_events_are_named,
        repeated_events_keep_the_newest,
        events_that_say_neither_way_are_skipped,
        deep_json_becomes_text,
        broken_structs_stay_text,
        broken_producer_specifications_are_ignored,
        nul_inside_values_is_dropped,
        long_texts_are_cut_or_kept_aside,
        huge_values_pass,
        impossible_times_are_replaced,
        artifacts_without_times_take_the_events,
        unknown_artifact_types_keep_their_title,
        unknown_states_are_derived,
        values_of_each_kind,
        numbers_beyond_json,
        metrics_with_text_and_without_numbers,
        names_of_artifacts,
        what_names_secrets_is_left_behind,
        states_of_artifacts_are_kept,
        only_completed_tasks_have_fingerprints,
        contradicting_namespaces_reject_the_run,
        facts_for_the_audit,
        an_empty_run_maps_to_nothing,
    };
    Suite *suite = suite_create("map oddities");
    TCase *tc = tcase_create("oddities");

    for (size_t i = 0; i < sizeof tests / sizeof tests[0]; i++)
        tcase_add_test(tc, tests[i]);
    suite_add_tcase(suite, tc);
    return suite;
}

int main(void)
{
    return suite_main(oddities_suite());
}
