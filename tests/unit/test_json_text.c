/* SPDX-License-Identifier: Apache-2.0 */
/* JSON text as callers may give it: what is refused, with which words. */
#include "tests/harness/suite.h"

#include "libkfpstore/json_text.h"

static const struct {
    const char *text;
    kfpsi_json_kind kind;
    int depth;
    bool fine;
} cases[] = {
    {NULL, KFPSI_JSON_OBJECT, 1, true},
    {"", KFPSI_JSON_ANY, 9, false},
    {" ", KFPSI_JSON_ANY, 9, false},
    {"null", KFPSI_JSON_ANY, 9, true},
    {"null", KFPSI_JSON_OBJECT, 9, false},
    {"1", KFPSI_JSON_ANY, 9, true},
    {"\"a\"", KFPSI_JSON_ARRAY, 9, false},
    {"{}", KFPSI_JSON_OBJECT, 1, true},
    {"[]", KFPSI_JSON_OBJECT, 1, false},
    {"[]", KFPSI_JSON_ARRAY, 1, true},
    {" {\"a\" : 1}\n", KFPSI_JSON_OBJECT, 1, true},
    {"{}{}", KFPSI_JSON_OBJECT, 9, false},
    {"{\"a\":1,}", KFPSI_JSON_ANY, 9, false},
    {"{'a':1}", KFPSI_JSON_ANY, 9, false},
    {"{\"a\":NaN}", KFPSI_JSON_ANY, 9, false},
    {"{\"a\":18446744073709551616123}", KFPSI_JSON_OBJECT, 9, true},
    {"{\"a\":1e308}", KFPSI_JSON_OBJECT, 9, true},
    {"{\"a\":1e400}", KFPSI_JSON_OBJECT, 9, false},
    {"{\"a\":\"x\\u0000y\"}", KFPSI_JSON_OBJECT, 9, true},
    {"{\"x\\u0000y\":1}", KFPSI_JSON_OBJECT, 9, false},
    {"\"\\ud800\"", KFPSI_JSON_ANY, 9, false},
    {"\"\\ud83d\\ude00\"", KFPSI_JSON_ANY, 9, true},
    {"\"\xff\"", KFPSI_JSON_ANY, 9, false},
    {"\"a\tb\"", KFPSI_JSON_ANY, 9, false},
    {"[[]]", KFPSI_JSON_ANY, 2, true},
    {"[[]]", KFPSI_JSON_ANY, 1, false},
    {"[[],[]]", KFPSI_JSON_ANY, 2, true},
    {"{\"a\":{\"b\":[]}}", KFPSI_JSON_ANY, 2, false},
    /* brackets inside a string do not nest */
    {"[\"[[[{{{\\\"[[\"]", KFPSI_JSON_ANY, 1, true},
    {"[\"\\\\\",[]]", KFPSI_JSON_ANY, 1, false},
    {"\"\\", KFPSI_JSON_ANY, 9, false},
};

START_TEST(text_is_checked)
{
    kfps_error error;
    const kfps_status status = kfpsi_json_check(cases[_i].text, cases[_i].kind, cases[_i].depth, "metadata_json", 417,
                                                &error);
    if (cases[_i].fine) {
        ck_assert_msg(status == KFPS_OK, "%s: %s", cases[_i].text, error.message);
        return;
    }
    ck_assert_msg(status == KFPS_INVALID, "%s was accepted", cases[_i].text);
    ck_assert_int_eq(error.element, 417);
    ck_assert_ptr_nonnull(strstr(error.message, "metadata_json"));
    ck_assert_ptr_nonnull(strstr(error.message, "417"));
}
END_TEST

START_TEST(a_message_never_repeats_the_text)
{
    static const char *const bad[] = {"{\"hush\":1,}", "hush", "[\"hush\"]", "{\"a\":[[[[\"hush\"]]]]}"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        kfps_error error;
        ck_assert_int_eq(kfpsi_json_check(bad[i], KFPSI_JSON_OBJECT, 3, "x", 0, &error), KFPS_INVALID);
        ck_assert_ptr_null(strstr(error.message, "hush"));
    }
}
END_TEST

START_TEST(hostile_depth_does_not_overflow_the_stack)
{
    enum { LEVELS = 1000000 };
    char *text = malloc(LEVELS + 1);
    memset(text, '[', LEVELS);
    text[LEVELS] = '\0';
    kfps_error error;
    ck_assert_int_eq(kfpsi_json_check(text, KFPSI_JSON_ANY, 512, "x", 0, &error), KFPS_INVALID);
    ck_assert_ptr_nonnull(strstr(error.message, "512"));
    free(text);
}
END_TEST

/* Where it gives a text, the parser gives the same; whether it gave one. */
static bool agrees_with_the_parser(const char *json)
{
    size_t length;
    const char *text = kfpsi_json_lone_text(json, "taskName", &length);
    if (text == NULL)
        return false;
    json_t *parsed = json_loads(json, JSON_ALLOW_NUL, NULL);
    const json_t *name = json_object_get(parsed, "taskName");
    ck_assert_msg(json_object_size(parsed) == 1 && json_string_length(name) == length &&
                      memcmp(json_string_value(name), text, length) == 0,
                  "another text in %s", json);
    json_decref(parsed);
    return true;
}

START_TEST(a_lone_text_is_what_the_parser_reads)
{
    enum { MOST = 64 };
    static const char *const texts[] = {"{\"taskName\":\"train a~b\"}", "{\"taskName\": \"trainer\"}",
                                        "{\"taskName\":\"\"}"};
    static const char *const others[] = {"",
                                         "{",
                                         "{}",
                                         "null",
                                         "{\"taskName\":1}",
                                         "{\"taskName\":  \"a\"}",
                                         "{\"taskName\":\"a\"} ",
                                         "{\"taskName\":\"a\",\"iteration\":\"1\"}",
                                         "{\"taskNames\":\"a\"}",
                                         "{\"taskName\":\"\xc3\xbc\"}"};
    size_t given = 0, tried = 0;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        ck_assert_msg(!agrees_with_the_parser(others[i]), "%s gave a text", others[i]);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        ck_assert(agrees_with_the_parser(texts[i]));
        for (size_t at = 0; at < strlen(texts[i]); at++) {
            for (int c = 1; c < 256; c++) {
                char changed[MOST];
                snprintf(changed, sizeof changed, "%.*s%c%s", (int) at, texts[i], c, texts[i] + at + 1);
                given += agrees_with_the_parser(changed);
                snprintf(changed, sizeof changed, "%.*s%c%s", (int) at, texts[i], c, texts[i] + at);
                given += agrees_with_the_parser(changed);
                tried += 2;
            }
        }
    }
    ck_assert_uint_gt(given, 1000);
    ck_assert_uint_lt(given, tried / 2);
}
END_TEST

static Suite *json_text_suite(void)
{
    Suite *suite = suite_create("json_text");
    TCase *tcase = tcase_create("check");
    tcase_add_loop_test(tcase, text_is_checked, 0, sizeof cases / sizeof *cases);
    tcase_add_test(tcase, a_message_never_repeats_the_text);
    tcase_add_test(tcase, hostile_depth_does_not_overflow_the_stack);
    tcase_add_test(tcase, a_lone_text_is_what_the_parser_reads);
    suite_add_tcase(suite, tcase);
    return suite;
}

int main(void)
{
    return suite_main(json_text_suite());
}
