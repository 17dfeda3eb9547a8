/* SPDX-License-Identifier: Apache-2.0 */
/* Page tokens: what goes in comes out; nothing else does, however they are changed. */
#include "tests/harness/suite.h"

#include <nettle/base64.h>
#include <nettle/sha2.h>

#include "libkfpstore/page_token.h"

static const uint8_t scope[KFPSI_SCOPE_DIGEST] = "0123456789abcde";
static const uint8_t key[] = "sixteen bytes or more";

static uint32_t state = 20261127;

static uint32_t next_random(void)
{
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return state;
}

static const char *const filters[] = {
    NULL,
    "{\"predicates\":[{\"operation\":\"EQUALS\",\"key\":\"name\",\"string_value\":\"a'b\"},{\"operation\":\"IN\",\"key\":"
    "\"type\",\"int_values\":{\"values\":[1,2,3]}},{\"operation\":\"GREATER_THAN\",\"key\":\"number_value\","
    "\"double_value\":1.5}]}",
};

static const struct {
    const char *field;
    kfpb_value value;
    bool nulls, descending;
} positions[] = {
    {"created_at", {.kind = KFPB_INT, .integer = 1700000000}, false, false},
    {"name", {.kind = KFPB_TEXT, .text = "\xf0\x9f\x98\x80 it's", .length = 9}, false, true},
    {"name", {.kind = KFPB_TEXT, .text = "", .length = 0}, false, false},
    {"name", {.kind = KFPB_NULL}, true, true},
    {"number_value", {.kind = KFPB_DOUBLE, .real = -0.1}, false, false},
    {"type", {.kind = KFPB_INT, .integer = -1}, false, true},
    {"artifact_id", {.kind = KFPB_NULL}, false, false},
};

enum { POSITIONS = sizeof positions / sizeof *positions };

typedef struct made {
    kfpb_arena arena;
    kfpsi_position position;
    kfpsi_filter filter;
    const char *token;
} made;

static kfps_store store_with(bool with_key)
{
    kfps_store store;
    memset(&store, 0, sizeof store);
    if (with_key) {
        store.token_key = (uint8_t *) (uintptr_t) key;
        store.token_key_length = sizeof key;
    }
    return store;
}

static void make(const kfps_store *store, int i, const char *filter, made *out)
{
    kfps_error error;
    const kfpsi_fields *fields = &kfpsi_fields_artifact;
    kfpb_arena_init(&out->arena);
    ck_assert_int_eq(kfpsi_filter_read(fields, &(kfps_page){.filter_json = filter}, &out->arena, &out->filter, &error),
                     KFPS_OK);
    const kfpsi_field *field = kfpsi_field_find(fields, positions[i].field, strlen(positions[i].field));
    out->position = (kfpsi_position){
        .sort = kfpsi_field_index(fields, field),
        .descending = positions[i].descending,
        .nulls = positions[i].nulls,
        .value = positions[i].value,
        .key = "123e4567-e89b-42d3-a456-426655440002",
    };
    ck_assert_int_eq(
        kfpsi_token_write(store, fields, &out->position, &out->filter, scope, &out->arena, &out->token, &error),
        KFPS_OK);
}

static bool same(const kfpsi_position *a, const kfpsi_position *b)
{
    return a->sort == b->sort && a->descending == b->descending && a->nulls == b->nulls &&
           strcmp(a->key, b->key) == 0 && a->value.kind == b->value.kind && a->value.integer == b->value.integer &&
           memcmp(&a->value.real, &b->value.real, sizeof a->value.real) == 0 && a->value.length == b->value.length &&
           (a->value.kind != KFPB_TEXT || memcmp(a->value.text, b->value.text, a->value.length) == 0);
}

START_TEST(what_goes_in_comes_out)
{
    for (int round = 0; round < POSITIONS * 4; round++) {
        made m;
        kfps_error error;
        kfpsi_position position;
        kfpsi_filter filter;
        const kfps_store store = store_with(round % 2 != 0);
        make(&store, round / 4, filters[round / 2 % 2], &m);
        ck_assert_uint_eq(strspn(m.token, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"),
                          strlen(m.token));
        ck_assert_int_eq(
            kfpsi_token_read(&store, &kfpsi_fields_artifact, m.token, scope, &m.arena, &position, &filter, &error),
            KFPS_OK);
        ck_assert(same(&m.position, &position));
        ck_assert(kfpsi_filter_equal(&m.filter, &filter));
        /* another resource, another scope, a store with another key or none */
        const kfps_store other = store_with(round % 2 == 0);
        const uint8_t elsewhere[KFPSI_SCOPE_DIGEST] = "0123456789abcdf";
        ck_assert_int_eq(
            kfpsi_token_read(&store, &kfpsi_fields_task, m.token, scope, &m.arena, &position, &filter, &error),
            KFPS_INVALID);
        ck_assert_int_eq(
            kfpsi_token_read(&store, &kfpsi_fields_artifact, m.token, elsewhere, &m.arena, &position, &filter, &error),
            KFPS_INVALID);
        ck_assert_ptr_nonnull(strstr(error.message, "other conditions"));
        ck_assert_int_eq(
            kfpsi_token_read(&other, &kfpsi_fields_artifact, m.token, scope, &m.arena, &position, &filter, &error),
            KFPS_INVALID);
        kfpb_arena_free(&m.arena);
    }
}
END_TEST

/* In place; the text may become shorter or longer by a few characters. */
static void mutate(char *token)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_+/=% \n\"'";
    const size_t length = strlen(token);
    const size_t at = next_random() % (length + 1);
    const char c = alphabet[next_random() % (sizeof alphabet - 1)];
    switch (next_random() % 6) {
    case 0: /* another character */
    case 1:
        if (at < length)
            token[at] = c;
        break;
    case 2: /* one less */
        memmove(token + at, token + at + (at < length), length - at + (at >= length));
        break;
    case 3: /* one more */
        memmove(token + at + 1, token + at, length - at + 1);
        token[at] = c;
        break;
    case 4: /* the end is missing */
        token[at] = '\0';
        break;
    default: /* one bit */
        if (at < length)
            token[at] = (char) (token[at] ^ (1 << (next_random() % 7)));
    }
}

START_TEST(a_changed_token_is_refused)
{
    int refused = 0;
    for (int i = 0; i < 12000; i++) {
        made m;
        char token[2048];
        kfps_error error;
        kfpsi_position position;
        kfpsi_filter filter;
        const kfps_store store = store_with(i % 2 != 0);
        make(&store, i % POSITIONS, filters[i / POSITIONS % 2], &m);
        ck_assert_uint_lt(strlen(m.token), sizeof token - 16);
        strcpy(token, m.token);
        for (uint32_t n = 1 + next_random() % 3; n > 0; n--)
            mutate(token);
        const kfps_status status = kfpsi_token_read(&store, &kfpsi_fields_artifact, token, scope, &m.arena, &position,
                                                    &filter, &error);
        if (status == KFPS_OK) {
            ck_assert(same(&m.position, &position));
            ck_assert(kfpsi_filter_equal(&m.filter, &filter));
        } else {
            ck_assert_int_eq(status, KFPS_INVALID);
            ck_assert_ptr_nonnull(strstr(error.message, "page_token"));
            refused++;
        }
        kfpb_arena_free(&m.arena);
    }
    ck_assert_int_gt(refused, 10000);
}
END_TEST

/* As somebody who knows the form, on a store without a key: the content is changed and the checksum is right. */
static void forge(const char *token, char *out)
{
    struct base64_decode_ctx decode;
    struct base64_encode_ctx encode;
    static const char purpose[] = "kfpstore page token";
    uint8_t content[2048];
    char padded[2048];
    size_t size = 0;
    snprintf(padded, sizeof padded, "%s%s", token, strlen(token) % 4 == 2 ? "==" : strlen(token) % 4 == 3 ? "=" : "");
    base64url_decode_init(&decode);
    size = sizeof content;
    ck_assert(base64_decode_update(&decode, &size, content, strlen(padded), padded));
    size -= 16;
    for (uint32_t n = 1 + next_random() % 4; n > 0; n--)
        content[next_random() % (next_random() % 2 == 0 ? 60 : size)] = (uint8_t) next_random();
    if (next_random() % 4 == 0)
        size -= next_random() % (size / 2);
    struct sha256_ctx sha;
    sha256_init(&sha);
    sha256_update(&sha, sizeof purpose, (const uint8_t *) purpose);
    sha256_update(&sha, size, content);
    sha256_digest(&sha, 16, content + size);
    base64url_encode_init(&encode);
    size_t length = base64_encode_update(&encode, out, size + 16, content);
    length += base64_encode_final(&encode, out + length);
    while (out[length - 1] == '=')
        length--;
    out[length] = '\0';
}

START_TEST(a_forged_token_is_refused_or_sound)
{
    int sound = 0, refused = 0;
    const kfps_store store = store_with(false);
    for (int i = 0; i < 20000; i++) {
        made m;
        char token[4096];
        kfps_error error;
        kfpsi_position position;
        kfpsi_filter filter;
        const kfpsi_fields *fields = &kfpsi_fields_artifact;
        make(&store, i % POSITIONS, filters[i / POSITIONS % 2], &m);
        forge(m.token, token);
        if (kfpsi_token_read(&store, fields, token, scope, &m.arena, &position, &filter, &error) != KFPS_OK) {
            refused++;
        } else {
            static const kfpb_kind kinds[] = {KFPB_TEXT, KFPB_INT, KFPB_INT, KFPB_DOUBLE};
            sound++;
            ck_assert_uint_lt(position.sort, fields->count);
            const kfpsi_field *field = &fields->items[position.sort];
            ck_assert_int_ne(field->kind, KFPSI_KIND_JSON);
            ck_assert(!position.nulls || field->nullable);
            ck_assert(position.nulls || field->column == 0 || position.value.kind == kinds[field->kind]);
            ck_assert_ptr_nonnull(position.key);
            for (size_t k = 0; k < filter.count; k++) {
                ck_assert_int_ne(filter.items[k].field->kind, KFPSI_KIND_JSON);
                for (size_t v = 0; v < filter.items[k].count; v++)
                    ck_assert_int_eq(filter.items[k].values[v].kind, kinds[filter.items[k].field->kind]);
            }
        }
        kfpb_arena_free(&m.arena);
    }
    ck_assert_int_gt(sound, 1000);
    ck_assert_int_gt(refused, 1000);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("page_token");
    TCase *all = tcase_create("page_token");
    tcase_set_timeout(all, 60);
    tcase_add_test(all, what_goes_in_comes_out);
    tcase_add_test(all, a_changed_token_is_refused);
    tcase_add_test(all, a_forged_token_is_refused_or_sound);
    suite_add_tcase(suite, all);
    return suite_main(suite);
}
