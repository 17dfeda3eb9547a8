/* SPDX-License-Identifier: Apache-2.0 */
#include <nettle/base64.h>

#include "migrate/map/struct_value.h"
#include "tests/harness/suite.h"

typedef struct bytes {
    uint8_t data[8192];
    size_t length;
} bytes;

static void put(bytes *b, const void *data, size_t length)
{
    ck_assert_uint_le(b->length + length, sizeof b->data);
    memcpy(b->data + b->length, data, length);
    b->length += length;
}

/* A field of bytes, with a length in as few bytes as it needs. */
static void put_field(bytes *b, uint8_t number, const void *data, size_t length)
{
    const uint8_t head[] = {(uint8_t) (number << 3 | 2)};
    uint8_t size[3];
    size_t n = 0;

    put(b, head, 1);
    for (size_t rest = length; rest > 0 || n == 0; rest >>= 7) {
        size[n] = (uint8_t) (rest & 0x7f);
        if (rest > 0x7f)
            size[n] |= 0x80;
        n++;
    }
    put(b, size, n);
    put(b, data, length);
}

static void put_entry(bytes *b, const char *key, size_t key_length, const void *value, size_t length)
{
    bytes entry = {.length = 0};

    put_field(&entry, 1, key, key_length);
    put_field(&entry, 2, value, length);
    put_field(b, 1, entry.data, entry.length);
}

static struct_value_status parse(const bytes *b, char **text, struct_value_facts *facts)
{
    json_t *json = NULL;
    struct_value_status status = struct_value_parse(b->data, b->length, &json, facts);

    *text = NULL;
    if (status == STRUCT_VALUE_OK)
        *text = json_dumps(json, JSON_SORT_KEYS | JSON_COMPACT);
    else
        ck_assert_ptr_null(json);
    json_decref(json);
    return status;
}

static void expect(const bytes *b, const char *wanted)
{
    struct_value_facts facts;
    char *text;

    ck_assert_int_eq(parse(b, &text, &facts), STRUCT_VALUE_OK);
    ck_assert_str_eq(text, wanted);
    free(text);
}

static void refuse(const void *data, size_t length)
{
    struct_value_facts facts;
    bytes b = {.length = 0};
    char *text;

    put(&b, data, length);
    ck_assert_int_eq(parse(&b, &text, &facts), STRUCT_VALUE_BAD);
}

START_TEST(decodes_what_protobuf_writes)
{
    /* n null, d 2.5, s "é", b true, o {"a": null}, l [1, "x", [null]] */
    static const uint8_t number[] = {0x11, 0, 0, 0, 0, 0, 0, 4, 0x40};
    static const uint8_t list[] = {0x32, 0x16, 0x0a, 9,    0x11, 0,   0,    0, 0,    0, 0,    0xf0,
                                   0x3f, 0x0a, 3,    0x1a, 1,    'x', 0x0a, 4, 0x32, 2, 0x0a, 0};
    bytes b = {.length = 0};

    put_entry(&b, "n", 1, "\x08\0", 2);
    put_entry(&b, "d", 1, number, sizeof number);
    put_entry(&b, "s", 1, "\x1a\x02\xc3\xa9", 4);
    put_entry(&b, "b", 1, "\x20\x01", 2);
    put_entry(&b, "o", 1,
              "\x2a\x07\x0a\x05\x0a\x01"
              "a\x12\0",
              9);
    put_entry(&b, "l", 1, list, sizeof list);
    expect(&b, "{\"b\":true,\"d\":2.5,\"l\":[1.0,\"x\",[null]],\"n\":null,\"o\":{\"a\":null},\"s\":\"é\"}");
}
END_TEST

START_TEST(empty_forms_have_defaults)
{
    bytes b = {.length = 0};

    expect(&b, "{}");
    put_field(&b, 1, "", 0); /* an entry without key and value */
    expect(&b, "{\"\":null}");
}
END_TEST

START_TEST(the_last_of_equal_keys_counts)
{
    bytes b = {.length = 0};

    put_entry(&b, "k", 1, "\x1a\x01x", 3);
    put_entry(&b, "k", 1, "\x1a\x01y", 3);
    expect(&b, "{\"k\":\"y\"}");
}
END_TEST

START_TEST(nul_characters_are_dropped_and_said)
{
    struct_value_facts facts;
    bytes b = {.length = 0};
    char *text;

    put_entry(&b, "a\0b", 3, "\x1a\x03x\0y", 5);
    ck_assert_int_eq(parse(&b, &text, &facts), STRUCT_VALUE_OK);
    ck_assert_str_eq(text, "{\"ab\":\"xy\"}");
    ck_assert(facts.nul_dropped);
    free(text);
}
END_TEST

START_TEST(numbers_that_json_has_not_become_text)
{
    static const uint8_t nan[] = {0x11, 0, 0, 0, 0, 0, 0, 0xf8, 0x7f};
    static const uint8_t low[] = {0x11, 0, 0, 0, 0, 0, 0, 0xf0, 0xff};
    struct_value_facts facts;
    bytes b = {.length = 0};
    char *text;

    put_entry(&b, "a", 1, nan, sizeof nan);
    put_entry(&b, "b", 1, low, sizeof low);
    ck_assert_int_eq(parse(&b, &text, &facts), STRUCT_VALUE_OK);
    ck_assert_str_eq(text, "{\"a\":\"NaN\",\"b\":\"-Infinity\"}");
    ck_assert(facts.not_a_number && !facts.nul_dropped);
    free(text);
}
END_TEST

START_TEST(broken_bytes_are_refused)
{
    static const struct {
        const char *data;
        size_t length;
    } cases[] = {
        {"\x0a", 1},                                              /* no length */
        {"\x0a\x05\x0a", 3},                                      /* shorter than its length */
        {"\x0a\x80\x00", 3},                                      /* a length in more bytes than it needs */
        {"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11},     /* longer than any memory */
        {"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 12}, /* an endless number */
        {"\x08\x01", 2},                                          /* a number where an entry stands */
        {"\x12\x00", 2},                                          /* an unknown field */
        {"\x02\x00", 2},                                          /* field 0 */
        {"\x0b", 1},                                              /* a group */
        {"\x0a\x06\x0a\x01k\x12\x01\x1a", 8},                     /* a text without length */
        {"\x0a\x07\x0a\x01k\x12\x02\x20\x02", 9},                 /* a truth of 2 */
        {"\x0a\x07\x0a\x01k\x12\x02\x08\x01", 9},                 /* a null of 1 */
        {"\x0a\x07\x0a\x01k\x12\x02\x3a\x00", 9},                 /* no kind of value */
        {"\x0a\x07\x0a\x01k\x12\x02\x10\x01", 9},                 /* a number as varint */
        {"\x0a\x09\x0a\x01k\x12\x04\x20\x01\x20\x00", 11},        /* two values in one */
        {"\x0a\x08\x0a\x01k\x12\x03\x1a\x01\xff", 10},            /* no UTF-8 */
        {"\x0a\x03\x0a\x01\xc0", 5},                              /* no UTF-8 in a key */
        {"\x0a\x09\x0a\x01k\x12\x04\x11\x00\x00\x00", 11},        /* a cut double */
    };

    refuse(cases[_i].data, cases[_i].length);
}
END_TEST

/* {"k": [[[…]]]}: `lists` lists inside the object. */
static void nest(bytes *out, size_t lists)
{
    static bytes value, next;

    value.length = 0;
    put(&value, "\x08\0", 2);
    for (size_t i = 0; i < lists; i++) {
        bytes list = {.length = 0};
        next.length = 0;
        put_field(&list, 1, value.data, value.length);
        put_field(&next, 6, list.data, list.length);
        value = next;
    }
    out->length = 0;
    put_entry(out, "k", 1, value.data, value.length);
}

START_TEST(nesting_is_bounded)
{
    static bytes b;
    struct_value_facts facts;
    json_t *json = NULL;

    nest(&b, STRUCT_VALUE_LEVELS - 1);
    ck_assert_int_eq(struct_value_parse(b.data, b.length, &json, &facts), STRUCT_VALUE_OK);
    json_decref(json);
    nest(&b, STRUCT_VALUE_LEVELS);
    ck_assert_int_eq(struct_value_parse(b.data, b.length, &json, &facts), STRUCT_VALUE_BAD);
}
END_TEST

START_TEST(every_beginning_of_a_good_value_is_safe)
{
    static bytes b;
    struct_value_facts facts;

    nest(&b, 20);
    for (size_t length = 1; length < b.length; length++) {
        json_t *json = NULL;
        uint8_t *copy = malloc(length); /* so that reading past it shows */
        memcpy(copy, b.data, length);
        ck_assert_int_eq(struct_value_parse(copy, length, &json, &facts), STRUCT_VALUE_BAD);
        free(copy);
    }
}
END_TEST

START_TEST(base64_is_strict)
{
    struct_value_facts facts;
    json_t *json = NULL;

    ck_assert(struct_value_is("mlmd-struct::"));
    ck_assert(!struct_value_is("mlmd-struct:"));
    ck_assert(!struct_value_is(NULL));
    ck_assert_int_eq(struct_value_decode("mlmd-struct::CgcKAWsSAiAB", &json, &facts), STRUCT_VALUE_OK);
    ck_assert(json_is_true(json_object_get(json, "k")));
    json_decref(json);
    ck_assert_int_eq(struct_value_decode("mlmd-struct::", &json, &facts), STRUCT_VALUE_OK);
    json_decref(json);
    ck_assert_int_eq(struct_value_decode("mlmd-struct::not base64!", &json, &facts), STRUCT_VALUE_BAD);
    ck_assert_int_eq(struct_value_decode("mlmd-struct::CgcKAWsSAiA", &json, &facts), STRUCT_VALUE_BAD);
    ck_assert_int_eq(struct_value_decode("CgcKAWsSAiAB", &json, &facts), STRUCT_VALUE_BAD);
}
END_TEST

static Suite *struct_value_suite(void)
{
    Suite *suite = suite_create("struct value");
    TCase *tc = tcase_create("reader");

    tcase_add_test(tc, decodes_what_protobuf_writes);
    tcase_add_test(tc, empty_forms_have_defaults);
    tcase_add_test(tc, the_last_of_equal_keys_counts);
    tcase_add_test(tc, nul_characters_are_dropped_and_said);
    tcase_add_test(tc, numbers_that_json_has_not_become_text);
    tcase_add_loop_test(tc, broken_bytes_are_refused, 0, 18);
    tcase_add_test(tc, nesting_is_bounded);
    tcase_add_test(tc, every_beginning_of_a_good_value_is_safe);
    tcase_add_test(tc, base64_is_strict);
    suite_add_tcase(suite, tc);
    return suite;
}

int main(void)
{
    return suite_main(struct_value_suite());
}
