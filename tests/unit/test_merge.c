/* SPDX-License-Identifier: Apache-2.0 */
/* The rules of an update. Shapes are those that upstream stores (protojson through a map and Go's json.Marshal). */
#include <jansson.h>

#include "kfpstore.h"
#include "libkfpstore/names.h"
#include "tests/harness/suite.h"

static void expect_merged(const char *stored, const char *given, const char *expected)
{
    kfps_error error;
    char *merged = NULL;
    ck_assert_msg(kfps_parameters_merge(stored, given, &merged, &error) == KFPS_OK, "%s", error.message);
    ck_assert_int_eq(error.code, KFPS_OK);
    ck_assert_str_eq(merged, expected);
    kfps_free(merged);
}

START_TEST(the_later_wins_in_the_place_of_the_earlier)
{
    expect_merged("[{\"parameterKey\":\"a\",\"type\":\"COMPONENT_INPUT\",\"value\":1},"
                  "{\"parameterKey\":\"b\",\"type\":\"COMPONENT_INPUT\",\"value\":2}]",
                  "[{\"parameterKey\":\"c\",\"type\":\"COMPONENT_INPUT\",\"value\":3},"
                  "{\"type\":\"COMPONENT_INPUT\",\"value\":0.1,\"parameterKey\":\"a\"}]",
                  "[{\"parameterKey\":\"a\",\"type\":\"COMPONENT_INPUT\",\"value\":0.1},"
                  "{\"parameterKey\":\"b\",\"type\":\"COMPONENT_INPUT\",\"value\":2},"
                  "{\"parameterKey\":\"c\",\"type\":\"COMPONENT_INPUT\",\"value\":3}]");
}
END_TEST

START_TEST(empty_is_null_the_empty_text_and_json_null)
{
    static const char one[] =
        "[{\"parameterKey\":\"model_path\",\"producer\":{\"taskName\":\"trainer-task\"},\"type\":\"OUTPUT\","
        "\"value\":\"gs://bucket/model\"}]";
    static const char *const empty[] = {NULL, "", "null", " null ", "[]"};
    for (size_t i = 0; i < sizeof empty / sizeof *empty; i++) {
        expect_merged(empty[i], one, one);
        expect_merged(one, empty[i], one);
        for (size_t j = 0; j < sizeof empty / sizeof *empty; j++)
            expect_merged(empty[i], empty[j], "[]");
    }
}
END_TEST

/* two elements of each pair have different keys: both stay */
START_TEST(the_key_is_a_tuple)
{
    static const char *const pairs[][2] = {
        /* upstream joins with '-', and these two are one to it */
        {"{\"parameterKey\":\"a-b\",\"type\":\"OUTPUT\"}",
         "{\"parameterKey\":\"a\",\"producer\":{\"taskName\":\"b\"},\"type\":\"OUTPUT\"}"},
        {"{\"parameterKey\":\"a\",\"producer\":{\"taskName\":\"t-1\"},\"type\":\"OUTPUT\"}",
         "{\"parameterKey\":\"a\",\"producer\":{\"iteration\":\"1\",\"taskName\":\"t\"},\"type\":\"OUTPUT\"}"},
        {"{\"parameterKey\":\"a\",\"type\":\"OUTPUT\"}", "{\"parameterKey\":\"a\",\"type\":\"COMPONENT_INPUT\"}"},
        {"{\"parameterKey\":\"a\"}", "{\"parameterKey\":\"a\",\"type\":\"OUTPUT\"}"},
        {"{\"parameterKey\":\"A\"}", "{\"parameterKey\":\"a\"}"},
        {"{\"parameterKey\":\"a\"}", "{\"parameterKey\":\"a\",\"producer\":{}}"},
        {"{\"parameterKey\":\"a\\u0000b\"}", "{\"parameterKey\":\"a\\u0000c\"}"},
        {"{\"parameterKey\":\"a\",\"producer\":{\"iteration\":\"0\",\"taskName\":\"t\"},\"type\":\"OUTPUT\"}",
         "{\"parameterKey\":\"a\",\"producer\":{\"iteration\":\"1\",\"taskName\":\"t\"},\"type\":\"OUTPUT\"}"},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        char stored[256], given[256], expected[512];
        snprintf(stored, sizeof stored, "[%s]", pairs[i][0]);
        snprintf(given, sizeof given, "[%s]", pairs[i][1]);
        snprintf(expected, sizeof expected, "[%s,%s]", pairs[i][0], pairs[i][1]);
        expect_merged(stored, given, expected);
        expect_merged(expected, given, expected);
    }
}
END_TEST

/* protojson reads names and numbers of enumerations, digits and numbers of 64-bit integers, and both spellings */
START_TEST(other_spellings_of_one_key)
{
    expect_merged(
        "[{\"parameterKey\":\"a\",\"producer\":{\"iteration\":\"7\",\"taskName\":\"t\"},\"type\":\"OUTPUT\"}]",
        "[{\"parameter_key\":\"a\",\"producer\":{\"iteration\":7,\"task_name\":\"t\"},\"type\":9}]",
        "[{\"parameter_key\":\"a\",\"producer\":{\"iteration\":7,\"task_name\":\"t\"},\"type\":9}]");
    expect_merged("[{\"parameterKey\":\"a\",\"producer\":{}}]",
                  "[{\"parameterKey\":\"a\",\"producer\":{\"taskName\":\"\"},\"type\":\"UNSPECIFIED\"}]",
                  "[{\"parameterKey\":\"a\",\"producer\":{\"taskName\":\"\"},\"type\":\"UNSPECIFIED\"}]");
}
END_TEST

START_TEST(the_value_belongs_to_the_key_of_collections)
{
    static const struct {
        const char *type;
        bool counts;
    } types[] = {
        {"COMPONENT_DEFAULT_INPUT", false}, {"TASK_OUTPUT_INPUT", false}, {"COMPONENT_INPUT", false},
        {"RUNTIME_VALUE_INPUT", false},     {"COLLECTED_INPUTS", true},   {"ITERATOR_INPUT", true},
        {"ITERATOR_INPUT_RAW", true},       {"ITERATOR_OUTPUT", true},    {"OUTPUT", false},
        {"ONE_OF_OUTPUT", false},           {"NO_SUCH_TYPE", false},
    };
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        for (int iteration = 0; iteration < 2; iteration++) {
            const bool both = types[i].counts && !(iteration == 1 && strcmp(types[i].type, "ITERATOR_OUTPUT") == 0);
            const char *producer = iteration ? "\"producer\":{\"iteration\":\"2\",\"taskName\":\"t\"}," : "";
            char stored[256], given[256], expected[520];
            snprintf(stored, sizeof stored, "{\"parameterKey\":\"a\",%s\"type\":\"%s\",\"value\":{\"x\":1,\"y\":[]}}",
                     producer, types[i].type);
            snprintf(given, sizeof given, "{\"parameterKey\":\"a\",%s\"type\":\"%s\",\"value\":{\"x\":2,\"y\":[]}}",
                     producer, types[i].type);
            snprintf(expected, sizeof expected, "[%s%s%s]", both ? stored : "", both ? "," : "", given);
            char a[260], b[260];
            snprintf(a, sizeof a, "[%s]", stored);
            snprintf(b, sizeof b, "[%s]", given);
            expect_merged(a, b, expected);
        }
    }
    /* 1 and 1.0, and the order of keys, are one value */
    expect_merged("[{\"parameterKey\":\"a\",\"type\":\"ITERATOR_INPUT\",\"value\":{\"x\":1,\"y\":2}}]",
                  "[{\"parameterKey\":\"a\",\"type\":\"ITERATOR_INPUT\",\"value\":{\"y\":2.0,\"x\":1e0}}]",
                  "[{\"parameterKey\":\"a\",\"type\":\"ITERATOR_INPUT\",\"value\":{\"x\":1,\"y\":2}}]");
    /* no value is not the value null */
    expect_merged("[{\"parameterKey\":\"a\",\"type\":\"ITERATOR_INPUT\"}]",
                  "[{\"parameterKey\":\"a\",\"type\":\"ITERATOR_INPUT\",\"value\":null}]",
                  "[{\"parameterKey\":\"a\",\"type\":\"ITERATOR_INPUT\"},"
                  "{\"parameterKey\":\"a\",\"type\":\"ITERATOR_INPUT\",\"value\":null}]");
}
END_TEST

START_TEST(values_keep_their_digits)
{
    expect_merged(
        "[{\"parameterKey\":\"a\",\"value\":9007199254740993}]",
        "[{\"parameterKey\":\"b\",\"value\":-9223372036854775808},{\"parameterKey\":\"c\",\"value\":\"<é>\"}]",
        "[{\"parameterKey\":\"a\",\"value\":9007199254740993},"
        "{\"parameterKey\":\"b\",\"value\":-9223372036854775808},"
        "{\"parameterKey\":\"c\",\"value\":\"\\u003cé\\u003e\"}]");
    /* beyond 64 bits: a float64, as upstream writes one */
    expect_merged("[{\"parameterKey\":\"a\",\"value\":100000000000000000000}]", NULL,
                  "[{\"parameterKey\":\"a\",\"value\":100000000000000000000}]");
}
END_TEST

START_TEST(what_is_no_array_of_objects_is_refused)
{
    static const char *const bad[] = {"{}", "[1]", "[{},null]", "[", "nul", "7", "\"[]\"", "[{}]x"};
    kfps_error error;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char *out = (char *) "";
        ck_assert_int_eq(kfps_parameters_merge(bad[i], "[]", &out, &error), KFPS_INVALID);
        ck_assert_ptr_null(out);
        ck_assert_ptr_nonnull(strstr(error.message, "stored"));
        ck_assert_int_eq(kfps_parameters_merge("[]", bad[i], &out, &error), KFPS_INVALID);
        ck_assert_ptr_nonnull(strstr(error.message, "given"));
        ck_assert_int_eq(kfps_parameters_merge("[]", bad[i], &out, NULL), KFPS_INVALID);
    }
    ck_assert_int_eq(kfps_parameters_merge("[]", "[]", NULL, &error), KFPS_INVALID);
}
END_TEST

START_TEST(many_parameters)
{
    enum { MANY = 20000 };
    char *given = malloc(MANY * 64), *merged = NULL;
    size_t length = 0;
    kfps_error error;
    ck_assert_ptr_nonnull(given);
    for (int i = 0; i < MANY; i++)
        length += (size_t) sprintf(given + length, "%c{\"parameterKey\":\"k%d\",\"value\":%d}", i == 0 ? '[' : ',', i,
                                   i);
    strcpy(given + length, "]");
    ck_assert_int_eq(kfps_parameters_merge(given, given, &merged, &error), KFPS_OK);
    ck_assert_str_eq(merged, given);
    kfps_free(merged);
    free(given);
}
END_TEST

/* ---- history ----------------------------------------------------------------------------------------------------- */

static void expect_history(const char *history, int32_t state, int64_t seconds, const char *expected)
{
    kfps_error error;
    char *out = NULL;
    ck_assert_msg(kfps_state_history_append(history, state, seconds, &out, &error) == KFPS_OK, "%s", error.message);
    ck_assert_str_eq(out, expected);
    kfps_free(out);
}

START_TEST(a_state_is_appended_once)
{
    static const char running[] = "[{\"state\":\"RUNNING\",\"updateTime\":\"2024-01-01T12:00:00Z\"}]";
    static const char done[] = "[{\"state\":\"RUNNING\",\"updateTime\":\"2024-01-01T12:00:00Z\"},"
                               "{\"state\":\"SUCCEEDED\",\"updateTime\":\"2024-01-01T12:00:00Z\"}]";
    expect_history(NULL, KFPS_TASK_RUNNING, 1704110400, running);
    expect_history("", KFPS_TASK_RUNNING, 1704110400, running);
    expect_history("null", KFPS_TASK_RUNNING, 1704110400, running);
    expect_history("[]", KFPS_TASK_RUNNING, 1704110400, running);
    expect_history(running, KFPS_TASK_RUNNING, 1704110499, running);
    expect_history(running, KFPS_TASK_SUCCEEDED, 1704110400, done);
    expect_history(done, KFPS_TASK_SUCCEEDED, 1, done);
    expect_history(done, KFPS_TASK_STATE_UNSPECIFIED, 1, done);
    expect_history(NULL, KFPS_TASK_STATE_UNSPECIFIED, 1, "[]");
}
END_TEST

START_TEST(a_history_that_cannot_be_read_is_replaced)
{
    static const char *const bad[] = {"{", "{}", "7", "\"x\""};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        expect_history(bad[i], KFPS_TASK_FAILED, 0, "[{\"state\":\"FAILED\",\"updateTime\":\"1970-01-01T00:00:00Z\"}]");
    /* an entry whose state is none is not the state: upstream appends */
    expect_history("[{\"state\":\"BROKEN\"}]", KFPS_TASK_CACHED, 0,
                   "[{\"state\":\"BROKEN\"},{\"state\":\"CACHED\",\"updateTime\":\"1970-01-01T00:00:00Z\"}]");
    expect_history("[7]", KFPS_TASK_CACHED, 0, "[7,{\"state\":\"CACHED\",\"updateTime\":\"1970-01-01T00:00:00Z\"}]");
}
END_TEST

START_TEST(history_keeps_what_it_does_not_know)
{
    expect_history(
        "[ {\"updateTime\":\"2024-01-01T12:00:00Z\", \"state\":4, \"error\":{\"message\":\"no\",\"code\":13}} ]",
        KFPS_TASK_FAILED, 5,
        "[{\"error\":{\"code\":13,\"message\":\"no\"},\"state\":4,\"updateTime\":\"2024-01-01T12:00:00Z\"}]");
    expect_history(NULL, 77, 253402300799, "[{\"state\":77,\"updateTime\":\"9999-12-31T23:59:59Z\"}]");
    expect_history(NULL, 1, -62135596800, "[{\"state\":\"RUNNING\",\"updateTime\":\"0001-01-01T00:00:00Z\"}]");
}
END_TEST

START_TEST(times_that_are_none)
{
    kfps_error error;
    char *out = NULL;
    ck_assert_int_eq(kfps_state_history_append(NULL, 1, 253402300800, &out, &error), KFPS_INVALID);
    ck_assert_int_eq(kfps_state_history_append(NULL, 1, INT64_MIN, &out, &error), KFPS_INVALID);
    ck_assert_int_eq(kfps_state_history_append(NULL, 1, 0, NULL, NULL), KFPS_INVALID);
}
END_TEST

/* ---- names ------------------------------------------------------------------------------------------------------- */

START_TEST(names_are_those_of_the_protobuf)
{
    ck_assert_str_eq(kfps_task_state_name(0), "RUNTIME_STATE_UNSPECIFIED");
    ck_assert_str_eq(kfps_task_state_name(5), "CACHED");
    ck_assert_str_eq(kfps_task_type_name(6), "EXIT_HANDLER");
    ck_assert_str_eq(kfps_task_type_name(8), "DAG");
    ck_assert_str_eq(kfps_io_type_name(1), "COMPONENT_DEFAULT_INPUT");
    ck_assert_str_eq(kfps_io_type_name(11), "TASK_FINAL_STATUS_OUTPUT");
    ck_assert_str_eq(kfps_artifact_type_name(0), "TYPE_UNSPECIFIED");
    ck_assert_str_eq(kfps_artifact_type_name(8), "SlicedClassificationMetric");
    static const int32_t none[] = {-1, INT32_MIN, INT32_MAX, 12};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        ck_assert_ptr_null(kfps_task_state_name(none[i]));
        ck_assert_ptr_null(kfps_task_type_name(none[i]));
        ck_assert_ptr_null(kfps_io_type_name(none[i]));
        ck_assert_ptr_null(kfps_artifact_type_name(none[i]));
    }
    ck_assert_ptr_null(kfps_task_state_name(6));
    ck_assert_ptr_null(kfps_task_type_name(9));
    ck_assert_ptr_null(kfps_artifact_type_name(9));
    for (int32_t i = 0; i < 12; i++) {
        ck_assert_int_eq(kfpsi_io_type_of(kfps_io_type_name(i)), i);
        ck_assert_int_eq(kfpsi_task_type_of(kfps_task_type_name(i)), i < 9 ? i : -1);
        ck_assert_int_eq(kfpsi_artifact_type_of(kfps_artifact_type_name(i)), i < 9 ? i : -1);
        ck_assert_int_eq(kfpsi_task_state_of(kfps_task_state_name(i)), i < 6 ? i : -1);
    }
    ck_assert_int_eq(kfpsi_task_state_of("running"), -1);
}
END_TEST

static Suite *merge_suite(void)
{
    Suite *suite = suite_create("merge");
    TCase *tests = tcase_create("merge");
    tcase_add_test(tests, the_later_wins_in_the_place_of_the_earlier);
    tcase_add_test(tests, empty_is_null_the_empty_text_and_json_null);
    tcase_add_test(tests, the_key_is_a_tuple);
    tcase_add_test(tests, other_spellings_of_one_key);
    tcase_add_test(tests, the_value_belongs_to_the_key_of_collections);
    tcase_add_test(tests, values_keep_their_digits);
    tcase_add_test(tests, what_is_no_array_of_objects_is_refused);
    tcase_add_test(tests, many_parameters);
    tcase_add_test(tests, a_state_is_appended_once);
    tcase_add_test(tests, a_history_that_cannot_be_read_is_replaced);
    tcase_add_test(tests, history_keeps_what_it_does_not_know);
    tcase_add_test(tests, times_that_are_none);
    tcase_add_test(tests, names_are_those_of_the_protobuf);
    suite_add_tcase(suite, tests);
    return suite;
}

int main(void)
{
    return suite_main(merge_suite());
}
