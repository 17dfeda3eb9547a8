/* SPDX-License-Identifier: Apache-2.0 */
/* The hashes of upstream and the JSON form they are made of, against values that upstream's own code gave. */
#include <jansson.h>

#include "kfpstore.h"
#include "libkfpstore/canonical_json.h"
#include "tests/harness/suite.h"

/* Upstream's example of everything that Go's json.Marshal does to a map. */
static const char odd_metadata[] =
    "{\"zeta\":1,\"a<b>&\":\"x\xe2\x80\xa8\xe2\x80\xa9y\",\"f\":[1.0,1e21,1e-7,0.1,123456789012,-0.0,1e20],"
    "\"n\":null,\"t\":true,\"u\":\"\xc3\xa9\\u0007\\n\\t\\\"\\\\/\x7f\",\"nest\":{\"b\":1,\"a\":{}},\"e\":\"\"}";
static const char odd_canonical[] =
    "{\"a\\u003cb\\u003e\\u0026\":\"x\\u2028\\u2029y\",\"e\":\"\","
    "\"f\":[1,1e+21,1e-7,0.1,123456789012,-0,100000000000000000000],\"n\":null,\"nest\":{\"a\":{},\"b\":1},\"t\":true,"
    "\"u\":\"\xc3\xa9\\u0007\\n\\t\\\"\\\\/\x7f\",\"zeta\":1}";

static char *canonical(const char *text, size_t flags, kfpsi_numbers numbers)
{
    json_t *json = json_loads(text, JSON_DECODE_ANY | flags, NULL);
    ck_assert_ptr_nonnull(json);
    kfpb_text out = {0};
    ck_assert_int_eq(kfpsi_canonical_json(json, numbers, &out, NULL), KFPS_OK);
    json_decref(json);
    return out.data;
}

static void expect_canonical(const char *text, kfpsi_numbers numbers, const char *expected)
{
    char *got = canonical(text, numbers == KFPSI_NUMBERS_FLOAT64 ? JSON_DECODE_INT_AS_REAL : 0, numbers);
    ck_assert_str_eq(got, expected);
    free(got);
}

START_TEST(uri_hash)
{
    char hash[KFPS_HASH_SIZE];
    kfps_uri_hash("s3://bucket/model", hash);
    ck_assert_str_eq(hash, "d270957640e91cf0b9aa7120434c3379c4beb021b2997c47a4767efc83ff6ffe");
    kfps_uri_hash("", hash);
    ck_assert_str_eq(hash, "");
    kfps_uri_hash(NULL, hash);
    ck_assert_str_eq(hash, "");
}
END_TEST

START_TEST(identity_key)
{
    static const struct {
        int32_t type;
        const char *uri, *name, *description, *metadata, *key;
    } cases[] = {
        {2, "s3://bucket/model", "model", "", NULL, "abb5bd4aef714f8956532fb19f089b825eca97b861ee71767869feae1c2b6728"},
        {2, "s3://bucket/model", "model", NULL, "", "abb5bd4aef714f8956532fb19f089b825eca97b861ee71767869feae1c2b6728"},
        {2, "s3://bucket/model", "model", "", "null",
         "abb5bd4aef714f8956532fb19f089b825eca97b861ee71767869feae1c2b6728"},
        {2, "s3://bucket/model", "model", "", "{\"framework\":\"xgboost\"}",
         "9d17f7ceea3eb65c1013958355b0dc504d2972347707d581014688415716c2e3"},
        {1, "", "a", "d", odd_metadata, "58359925e0aee6e76264a2a7e70f118ee68491e463c825166a82e0971ec069b9"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char key[KFPS_HASH_SIZE];
        kfps_error error;
        ck_assert_int_eq(kfps_artifact_identity_key(cases[i].type, cases[i].uri, cases[i].name, cases[i].description,
                                                    cases[i].metadata, key, &error),
                         KFPS_OK);
        ck_assert_str_eq(key, cases[i].key);
        ck_assert_int_eq(error.code, KFPS_OK);
    }
}
END_TEST

START_TEST(identity_key_refuses)
{
    static const char *const bad[] = {"{", "[1]", "\"text\"", "{\"a\":1}x"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char key[KFPS_HASH_SIZE] = "x";
        kfps_error error;
        ck_assert_int_eq(kfps_artifact_identity_key(1, NULL, NULL, NULL, bad[i], key, &error), KFPS_INVALID);
        ck_assert_str_eq(key, "");
        ck_assert_int_eq(error.code, KFPS_INVALID);
        ck_assert_ptr_nonnull(strstr(error.message, "metadata"));
    }
}
END_TEST

START_TEST(integers_beyond_float64_hash_alike)
{
    char a[KFPS_HASH_SIZE], b[KFPS_HASH_SIZE], c[KFPS_HASH_SIZE];
    kfps_artifact_identity_key(1, NULL, NULL, NULL, "{\"n\":9007199254740993}", a, NULL);
    kfps_artifact_identity_key(1, NULL, NULL, NULL, "{\"n\":9007199254740992}", b, NULL);
    kfps_artifact_identity_key(1, NULL, NULL, NULL, "{\"n\":9007199254740994}", c, NULL);
    ck_assert_str_eq(a, b);
    ck_assert_str_ne(a, c);
}
END_TEST

START_TEST(logical_key)
{
    char key[KFPS_HASH_SIZE];
    const int64_t index = 3;
    kfps_task_logical_key("run-1", NULL, "root", "trainer", 2, NULL, key);
    ck_assert_str_eq(key, "e7afd2c032353b2adb9b9c6bb6ad4b9486d3d9db43bb115d7bdc069e553a35b9");
    kfps_task_logical_key("run-1", "", "root", "trainer", 2, NULL, key);
    ck_assert_str_eq(key, "e7afd2c032353b2adb9b9c6bb6ad4b9486d3d9db43bb115d7bdc069e553a35b9");
    kfps_task_logical_key("run-1", "parent-1", "root.loop", "trainer", 2, &index, key);
    ck_assert_str_eq(key, "4d15c984698f6a052b293e0e72cbb874967dbc184cbb69f308e28bb03fa837e4");
}
END_TEST

START_TEST(logical_key_needs_its_parts)
{
    char key[KFPS_HASH_SIZE];
    kfps_task_logical_key("", NULL, "root", "trainer", 2, NULL, key);
    ck_assert_str_eq(key, "");
    kfps_task_logical_key("run-1", NULL, NULL, "trainer", 2, NULL, key);
    ck_assert_str_eq(key, "");
    kfps_task_logical_key("run-1", NULL, "root", "", 2, NULL, key);
    ck_assert_str_eq(key, "");
    kfps_task_logical_key("run-1", NULL, "root", "trainer", 0, NULL, key);
    ck_assert_str_eq(key, "");
}
END_TEST

START_TEST(canonical_form)
{
    expect_canonical(odd_metadata, KFPSI_NUMBERS_FLOAT64, odd_canonical);
    expect_canonical(
        "[1e-6,9.99e-7,1e20,1e21,123.456,5e-324,1.7976931348623157e308,0.00001,-1.5]", KFPSI_NUMBERS_FLOAT64,
        "[0.000001,9.99e-7,100000000000000000000,1e+21,123.456,5e-324,1.7976931348623157e+308,0.00001,-1.5]");
    expect_canonical("\"\\b\\f\\u001f\"", KFPSI_NUMBERS_FLOAT64, "\"\\b\\f\\u001f\"");
}
END_TEST

/* Go's encoder: five control characters have a letter, the others a number; three bytes may end a line in JavaScript,
 * or begin like those that do. */
START_TEST(escapes)
{
    static const char lettered[] = "\b\f\n\r\t", letters[] = "bfnrt";
    for (int c = 0; c < 0x20; c++) {
        char expected[16];
        kfpb_text out = {0};
        const char text[] = {'a', (char) c, 'b', '\0'};
        const char *letter = c != 0 ? strchr(lettered, c) : NULL;
        json_t *json = json_stringn(text, 3);
        if (letter != NULL)
            snprintf(expected, sizeof expected, "\"a\\%cb\"", letters[letter - lettered]);
        else
            snprintf(expected, sizeof expected, "\"a\\u%04xb\"", (unsigned) c);
        ck_assert_int_eq(kfpsi_canonical_json(json, KFPSI_NUMBERS_EXACT, &out, NULL), KFPS_OK);
        ck_assert_str_eq(out.data, expected);
        kfpb_text_free(&out);
        json_decref(json);
    }
    expect_canonical("[\"\xe2\x86\x92\",\"\xe2\x80\xa7\",\"\xe2\x80\xaa\",\"a\xe2\x80\xa8\xe2\x80\xa9\"]",
                     KFPSI_NUMBERS_EXACT, "[\"\xe2\x86\x92\",\"\xe2\x80\xa7\",\"\xe2\x80\xaa\",\"a\\u2028\\u2029\"]");
}
END_TEST

START_TEST(stored_integers_keep_their_digits)
{
    expect_canonical("[9007199254740993,-9223372036854775808,1.0]", KFPSI_NUMBERS_EXACT,
                     "[9007199254740993,-9223372036854775808,1]");
    expect_canonical("[9007199254740993]", KFPSI_NUMBERS_FLOAT64, "[9007199254740992]");
}
END_TEST

START_TEST(depth_is_bounded)
{
    json_t *deep = json_array();
    for (int i = 0; i < 600; i++) {
        json_t *outer = json_array();
        json_array_append_new(outer, deep);
        deep = outer;
    }
    kfpb_text out = {0};
    kfps_error error;
    ck_assert_int_eq(kfpsi_canonical_json(deep, KFPSI_NUMBERS_EXACT, &out, &error), KFPS_INVALID);
    ck_assert_ptr_nonnull(strstr(error.message, "512"));
    kfpb_text_free(&out);
    json_decref(deep);
}
END_TEST

START_TEST(status_names)
{
    ck_assert_str_eq(kfps_status_name(KFPS_OK), "OK");
    ck_assert_str_eq(kfps_status_name(KFPS_INTERRUPTED), "INTERRUPTED");
    ck_assert_str_eq(kfps_status_name(-1), "UNKNOWN");
    ck_assert_str_eq(kfps_status_name(KFPS_CONFLICT + 1), "UNKNOWN");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("identity");
    TCase *tcase = tcase_create("identity");
    tcase_add_test(tcase, uri_hash);
    tcase_add_test(tcase, identity_key);
    tcase_add_test(tcase, identity_key_refuses);
    tcase_add_test(tcase, integers_beyond_float64_hash_alike);
    tcase_add_test(tcase, logical_key);
    tcase_add_test(tcase, logical_key_needs_its_parts);
    tcase_add_test(tcase, canonical_form);
    tcase_add_test(tcase, escapes);
    tcase_add_test(tcase, stored_integers_keep_their_digits);
    tcase_add_test(tcase, depth_is_bounded);
    tcase_add_test(tcase, status_names);
    suite_add_tcase(suite, tcase);
    return suite_main(suite);
}
