/* SPDX-License-Identifier: Apache-2.0 */
/* Growing texts, numbers as text in any locale, UTF-8, and error messages. */
#include "tests/harness/suite.h"

#include <float.h>
#include <inttypes.h>
#include <locale.h>
#include <math.h>

#include "backends/base/fail.h"
#include "backends/base/text.h"
#include "backends/base/utf8.h"

static const struct {
    double value;
    const char *text;
} doubles[] = {
    {0, "0"},
    {-0.0, "-0"},
    {1, "1"},
    {-1, "-1"},
    {0.1, "0.1"},
    {0.25, "0.25"},
    {1.0 / 3, "0.3333333333333333"},
    {0.1 + 0.2, "0.30000000000000004"},
    {100, "100"},
    {123456789012345, "123456789012345"},
    {9007199254740993.0, "9007199254740992"},
    {1e15, "1e+15"},
    {1e21, "1e+21"},
    {1e22, "1e+22"},
    {1e-7, "1e-07"},
    {5e-324, "5e-324"},
    {1.5e-323, "1.5e-323"},
    {DBL_MIN, "2.2250738585072014e-308"},
    {DBL_MAX, "1.7976931348623157e+308"},
    {DBL_EPSILON, "2.220446049250313e-16"},
    {3.141592653589793, "3.141592653589793"},
    /* powers of two where the nearest 16 digits read back as the neighbour */
    {0x1p-24, "5.960464477539063e-08"},
    {0x1p-44, "5.684341886080802e-14"},
    {0x1p-791, "7.678447687145631e-239"},
    {0x1p89, "6.189700196426902e+26"},
};

static void check_doubles(void)
{
    char text[KFPB_DOUBLE_SIZE];
    for (size_t i = 0; i < sizeof doubles / sizeof doubles[0]; i++) {
        double back = 17;
        ck_assert_uint_eq(kfpb_format_double(doubles[i].value, text), strlen(doubles[i].text));
        ck_assert_str_eq(text, doubles[i].text);
        ck_assert(kfpb_parse_double(text, &back));
        ck_assert_msg(memcmp(&back, &doubles[i].value, sizeof back) == 0, "%s", text);
    }
}

START_TEST(doubles_have_their_shortest_form)
{
    char text[KFPB_DOUBLE_SIZE];
    check_doubles();
    kfpb_format_double(INFINITY, text);
    ck_assert_str_eq(text, "inf");
    kfpb_format_double(-INFINITY, text);
    ck_assert_str_eq(text, "-inf");
    kfpb_format_double(NAN, text);
    ck_assert_str_eq(text, "nan");
}
END_TEST

START_TEST(random_doubles_come_back_bit_for_bit)
{
    char text[KFPB_DOUBLE_SIZE];
    uint64_t bits = 88172645463325252u;
    for (int i = 0; i < 100000; i++) {
        double value, back;
        bits ^= bits << 13;
        bits ^= bits >> 7;
        bits ^= bits << 17;
        memcpy(&value, &bits, sizeof value);
        if (!isfinite(value))
            continue;
        kfpb_format_double(value, text);
        ck_assert(kfpb_parse_double(text, &back));
        ck_assert_msg(memcmp(&back, &value, sizeof back) == 0, "%s", text);
    }
}
END_TEST

/* The result must not depend on whether this machine has such a locale: without one the C locale is checked again. */
START_TEST(the_locale_changes_nothing)
{
    static const char *const names[] = {"de_DE.UTF-8", "de_DE.utf8", "de_DE", "fr_FR.UTF-8", "fr_FR.utf8", "ps_AF"};
    const char *found = NULL;
    for (size_t i = 0; i < sizeof names / sizeof names[0] && found == NULL; i++)
        found = setlocale(LC_ALL, names[i]);
    if (found == NULL)
        found = setlocale(LC_ALL, "C.UTF-8");
    check_doubles();
    double value = 0;
    ck_assert(kfpb_parse_double("0.25", &value));
    ck_assert(value == 0.25);
    ck_assert(!kfpb_parse_double("0,25", &value));
    setlocale(LC_ALL, "C");
}
END_TEST

START_TEST(texts_that_are_no_doubles)
{
    static const char *const bad[] = {"",      " 1",     "1 ",  "0x10", "1e", "--1", "+-1",
                                      "1e999", "nan(1)", "abc", "1,5",  "-",  "\t1", "-1e999"};
    double value = 17;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        ck_assert_msg(!kfpb_parse_double(bad[i], &value), "\"%s\"", bad[i]);
    ck_assert(value == 17);
    ck_assert(kfpb_parse_double("-Infinity", &value) && value == -INFINITY);
    ck_assert(kfpb_parse_double("NaN", &value) && isnan(value));
    ck_assert(kfpb_parse_double("1e-400", &value) && value == 0);
    ck_assert(kfpb_parse_double(".5", &value) && value == 0.5);
}
END_TEST

START_TEST(integers)
{
    static const char *const bad[] = {
        "",  "-", "+", " 1", "1 ", "1.0", "0x1", "9223372036854775808", "-9223372036854775809", "99999999999999999999",
        "1a"};
    int64_t value = 17;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        ck_assert_msg(!kfpb_parse_int(bad[i], &value), "\"%s\"", bad[i]);
    ck_assert_int_eq(value, 17);
    ck_assert(kfpb_parse_int("9223372036854775807", &value) && value == INT64_MAX);
    ck_assert(kfpb_parse_int("-9223372036854775808", &value) && value == INT64_MIN);
    ck_assert(kfpb_parse_int("-0", &value) && value == 0);
    ck_assert(kfpb_parse_int("+7", &value) && value == 7);
}
END_TEST

START_TEST(integers_as_text)
{
    static const int64_t values[] = {0, 7, -7, 10, 99, 100, -100, 1234567890123456789, INT64_MAX, INT64_MIN};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        char expected[32];
        kfpb_text text = {0};
        snprintf(expected, sizeof expected, "%" PRId64, values[i]);
        kfpb_text_int(&text, values[i]);
        ck_assert_str_eq(kfpb_text_get(&text), expected);
        ck_assert_uint_eq(text.length, strlen(expected));
        kfpb_text_free(&text);
    }
}
END_TEST

START_TEST(a_text_grows)
{
    kfpb_text text = {0};
    ck_assert_str_eq(kfpb_text_get(&text), "");
    for (int i = 0; i < 1000; i++)
        kfpb_text_printf(&text, "%d,", i);
    ck_assert_uint_eq(text.length, 3890);
    ck_assert_uint_eq(strlen(kfpb_text_get(&text)), text.length);
    kfpb_text_clear(&text);
    ck_assert_str_eq(kfpb_text_get(&text), "");
    kfpb_text_int(&text, INT64_MIN);
    kfpb_text_addn(&text, "\0x", 2);
    ck_assert_uint_eq(text.length, 22);
    ck_assert_mem_eq(kfpb_text_get(&text), "-9223372036854775808\0x", 23);
    ck_assert(!kfpb_text_reserve(&text, SIZE_MAX - 10));
    ck_assert(text.out_of_memory);
    kfpb_text_add(&text, "more");
    ck_assert_uint_eq(text.length, 22);
    kfpb_text_free(&text);
    ck_assert(!text.out_of_memory);
}
END_TEST

START_TEST(utf8)
{
    static const char *const bad[] = {"\xff", "\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "a\xe2\x82", "\x80"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        ck_assert(!kfpb_utf8_valid(bad[i], strlen(bad[i])));
    ck_assert(kfpb_utf8_valid("", 0));
    ck_assert(kfpb_utf8_valid("a\0b", 3));
    ck_assert(kfpb_utf8_valid("\xf0\x9f\x98\x80\xe2\x82\xac", 7));
    ck_assert_uint_eq(kfpb_utf8_count("\xf0\x9f\x98\x80\xe2\x82\xac"
                                      "a",
                                      8),
                      3);
    /* 1 to 4 bytes, cut at each place */
    const char *text = "a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80";
    static const size_t ends[] = {0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10};
    for (size_t i = 0; i <= 10; i++)
        ck_assert_uint_eq(kfpb_utf8_cut(text, i), ends[i]);
}
END_TEST

/* ASCII is looked at by eight bytes: what is not must be seen wherever it stands. */
START_TEST(utf8_behind_ascii)
{
    static const struct {
        const char *text;
        bool valid;
    } parts[] = {
        {"\xc3\xa4", true}, {"\xf0\x9f\x98\x80", true}, {"\x80", false}, {"\xc3", false}, {"\xf0\x9f\x98", false}};
    for (size_t length = 0; length <= 24; length++) {
        for (size_t at = 0; at <= length; at++) {
            for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
                char text[32];
                const size_t part = strlen(parts[i].text);
                memset(text, 'a', sizeof text);
                memcpy(text + at, parts[i].text, part);
                ck_assert_msg(kfpb_utf8_valid(text, length + part) == parts[i].valid, "part %zu at %zu of %zu", i, at,
                              length);
            }
        }
    }
}
END_TEST

START_TEST(messages)
{
    kfps_error error = {.vendor_code = 5, .sqlstate = "40001"};
    char longer[2000];
    ck_assert_int_eq(kfpb_fail(&error, KFPS_BUSY, "a %s", "b"), KFPS_BUSY);
    ck_assert_int_eq(error.code, KFPS_BUSY);
    ck_assert_str_eq(error.message, "a b");
    ck_assert_int_eq(error.vendor_code, 0);
    ck_assert_str_eq(error.sqlstate, "");
    error.vendor_code = 7;
    ck_assert_int_eq(kfpb_error_prefix(&error, "table %d", 3), KFPS_BUSY);
    ck_assert_str_eq(error.message, "table 3: a b");
    ck_assert_int_eq(error.vendor_code, 7);
    /* the old message as an argument of the new one */
    kfpb_fail(&error, KFPS_INVALID, "again: %s", error.message);
    ck_assert_str_eq(error.message, "again: table 3: a b");
    /* three-byte characters: 505 bytes are 168 of them and a rest of one byte */
    for (size_t i = 0; i + 3 < sizeof longer; i += 3)
        memcpy(longer + i, "\xe2\x82\xac", 4);
    kfpb_fail(&error, KFPS_INVALID, "%s", longer);
    ck_assert_uint_eq(strlen(error.message), 504);
    ck_assert(kfpb_utf8_valid(error.message, 504));
    kfpb_error_prefix(&error, "%s", "x");
    ck_assert(kfpb_utf8_valid(error.message, strlen(error.message)));
    kfpb_error_clear(&error);
    ck_assert_int_eq(error.code, KFPS_OK);
    ck_assert_str_eq(error.message, "");
    ck_assert_int_eq(kfpb_fail(NULL, KFPS_BUSY, "nobody listens"), KFPS_BUSY);
    ck_assert_int_eq(kfpb_fail_no_memory(NULL), KFPS_NO_MEMORY);
    kfpb_error_clear(NULL);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("text");
    TCase *all = tcase_create("text");
    tcase_add_test(all, doubles_have_their_shortest_form);
    tcase_add_test(all, random_doubles_come_back_bit_for_bit);
    tcase_add_test(all, the_locale_changes_nothing);
    tcase_add_test(all, texts_that_are_no_doubles);
    tcase_add_test(all, integers);
    tcase_add_test(all, integers_as_text);
    tcase_add_test(all, a_text_grows);
    tcase_add_test(all, utf8);
    tcase_add_test(all, utf8_behind_ascii);
    tcase_add_test(all, messages);
    suite_add_tcase(suite, all);
    return suite_main(suite);
}
