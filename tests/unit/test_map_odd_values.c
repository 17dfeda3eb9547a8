/* SPDX-License-Identifier: Apache-2.0 */
/* One test per oddity of the values that real MLMD databases hold: properties, texts, numbers, names. */
#include <math.h>

#include "map_fixture.h"
#include "struct_writer.h"

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

    mlmd_artifact *a = fx_simple(&f, "system.Dataset", NULL);
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

    mlmd_artifact *a = fx_simple(&f, "system.Dataset", NULL);
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

START_TEST(nul_inside_values_is_dropped)
{
    fixture f;

    mlmd_artifact *a = fx_simple(&f, "system.Dataset", NULL);
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

    mlmd_artifact *a = fx_simple(&f, "system.Dataset", NULL);
    a->uri = fx_repeat(&f, 'u', 2049);
    f.events[0].key = fx_repeat(&f, 'k', 192);
    fx_execution(&f, 3, CONTAINER, fx_repeat(&f, 'n', 129), 1, MLMD_STATE_COMPLETE);
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

    mlmd_artifact *a = fx_simple(&f, "system.Dataset", NULL);
    fx_text(&f, &a->properties, "v", fx_repeat(&f, 'v', 3 * 1024 * 1024));
    fx_map(&f);
    ck_assert_uint_eq(strlen(fx_row(&f, 1, 0)->metadata_json), 3 * 1024 * 1024 + strlen("{\"v\":\"\"}"));
    fx_free(&f);
}
END_TEST

START_TEST(values_of_each_kind)
{
    fixture f;

    mlmd_artifact *a = fx_simple(&f, "system.Dataset", NULL);
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

    mlmd_artifact *a = fx_simple(&f, "system.Metrics", "s3://b/m");
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

    mlmd_artifact *a = fx_simple(&f, "system.Metrics", "s3://b/m");
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
    a = fx_simple(&f, "system.Metrics", "s3://b/m");
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
        mlmd_artifact *a = fx_simple(&f, "system.Dataset", cases[i].uri);
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

    mlmd_artifact *a = fx_simple(&f, "system.Dataset", "s3://b/x");
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
        mlmd_artifact *a = fx_simple(&f, "system.Dataset", NULL);
        a->state = cases[i].state;
        fx_map(&f);
        ck_assert_str_eq(fx_row(&f, 1, 0)->metadata_json, cases[i].wanted);
        fx_free(&f);
    }
}
END_TEST

START_TEST(facts_for_the_audit)
{
    fixture f;

    fx_simple(&f, "system.Dataset", NULL);
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

int main(void)
{
    const TTest *const tests[] = {
        deep_json_becomes_text,
        broken_structs_stay_text,
        nul_inside_values_is_dropped,
        long_texts_are_cut_or_kept_aside,
        huge_values_pass,
        values_of_each_kind,
        numbers_beyond_json,
        metrics_with_text_and_without_numbers,
        names_of_artifacts,
        what_names_secrets_is_left_behind,
        states_of_artifacts_are_kept,
        facts_for_the_audit,
    };
    return suite_main(suite_of("map odd values", tests, sizeof tests / sizeof tests[0], NULL, NULL));
}
