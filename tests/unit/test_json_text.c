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

static Suite *json_text_suite(void)
{
    Suite *suite = suite_create("json_text");
    TCase *tcase = tcase_create("check");
    tcase_add_loop_test(tcase, text_is_checked, 0, sizeof cases / sizeof *cases);
    tcase_add_test(tcase, a_message_never_repeats_the_text);
    tcase_add_test(tcase, hostile_depth_does_not_overflow_the_stack);
    suite_add_tcase(suite, tcase);
    return suite;
}

int main(void)
{
    return suite_main(json_text_suite());
}
