/* SPDX-License-Identifier: Apache-2.0 */
#include "libkfpstore/page_token.h"

#include <nettle/base64.h>
#include <nettle/hmac.h>
#include <nettle/memops.h>
#include <nettle/sha2.h>

#include "backends/base/fail.h"
#include "backends/base/utf8.h"

enum {
    VERSION = 1,
    DESCENDING = 1,
    NULLS = 2,
    CHECKSUM_BYTES = 16,
    HEAD_BYTES = 4, /* version, resource, field, flags */
    KEY_BYTES_MAX = 1024,
};

/* ---- writing ------------------------------------------------------------------------------------------------------
 */

/* Of content, into tag; returns the tag's length. Never the same digest as another use of SHA-256 or of the key. */
static size_t make_tag(const kfps_store *store, const char *content, size_t length, uint8_t tag[SHA256_DIGEST_SIZE])
{
    static const char purpose[] = "kfpstore page token";
    if (store->token_key != NULL) {
        struct hmac_sha256_ctx hmac;
        hmac_sha256_set_key(&hmac, store->token_key_length, store->token_key);
        hmac_sha256_update(&hmac, sizeof purpose, (const uint8_t *) purpose);
        hmac_sha256_update(&hmac, length, (const uint8_t *) content);
        hmac_sha256_digest(&hmac, SHA256_DIGEST_SIZE, tag);
        return SHA256_DIGEST_SIZE;
    }
    struct sha256_ctx sha;
    sha256_init(&sha);
    sha256_update(&sha, sizeof purpose, (const uint8_t *) purpose);
    sha256_update(&sha, length, (const uint8_t *) content);
    sha256_digest(&sha, SHA256_DIGEST_SIZE, tag);
    return CHECKSUM_BYTES;
}

static void put_number(kfpb_text *out, uint64_t value, int bytes)
{
    for (int i = bytes - 1; i >= 0; i--)
        kfpb_text_char(out, (char) (uint8_t) (value >> (8 * i)));
}

static void put_text(kfpb_text *out, const char *text, size_t length)
{
    put_number(out, length, 4);
    kfpb_text_addn(out, text, length);
}

static void put_value(kfpb_text *out, const kfpb_value *value)
{
    uint64_t bits;
    if (value->kind == KFPB_TEXT) {
        put_text(out, value->text, value->length);
    } else if (value->kind == KFPB_DOUBLE) {
        memcpy(&bits, &value->real, sizeof bits);
        put_number(out, bits, 8);
    } else if (value->kind == KFPB_INT) {
        put_number(out, (uint64_t) value->integer, 8);
    }
}

static kfps_status encode(const kfpb_text *content, kfpb_arena *arena, const char **out, kfps_error *error)
{
    struct base64_encode_ctx ctx;
    char *text = kfpb_arena_alloc(arena, BASE64_ENCODE_LENGTH(content->length) + BASE64_ENCODE_FINAL_LENGTH + 1);
    if (text == NULL || content->out_of_memory)
        return kfpb_fail_no_memory(error);
    base64url_encode_init(&ctx);
    size_t length = base64_encode_update(&ctx, text, content->length, (const uint8_t *) content->data);
    length += base64_encode_final(&ctx, text + length);
    while (length > 0 && text[length - 1] == '=') /* tokens are parts of URLs */
        length--;
    text[length] = '\0';
    *out = text;
    return KFPS_OK;
}

kfps_status kfpsi_token_write(const kfps_store *store, const kfpsi_fields *fields, const kfpsi_position *position,
                              const kfpsi_filter *filter, const uint8_t scope[KFPSI_SCOPE_DIGEST], kfpb_arena *arena,
                              const char **out, kfps_error *error)
{
    kfpb_text content = {0};
    uint8_t tag[SHA256_DIGEST_SIZE];
    put_number(&content, VERSION, 1);
    put_number(&content, (uint64_t) fields->resource, 1);
    put_number(&content, position->sort, 1);
    put_number(&content, (position->descending ? DESCENDING : 0U) | (position->nulls ? NULLS : 0U), 1);
    put_value(&content, &position->value);
    put_text(&content, position->key, strlen(position->key));
    kfpb_text_addn(&content, (const char *) scope, KFPSI_SCOPE_DIGEST);
    kfpsi_filter_write(filter, &content);
    const size_t tag_length = make_tag(store, kfpb_text_get(&content), content.length, tag);
    kfpb_text_addn(&content, (const char *) tag, tag_length);
    const kfps_status status = encode(&content, arena, out, error);
    kfpb_text_free(&content);
    return status;
}

/* ---- reading ------------------------------------------------------------------------------------------------------
 */

typedef struct cursor {
    const char *at, *end;
} cursor;

static bool get_number(cursor *c, size_t bytes, uint64_t *value)
{
    *value = 0;
    if ((size_t) (c->end - c->at) < bytes)
        return false;
    for (size_t i = 0; i < bytes; i++)
        *value = *value << 8 | (uint8_t) *c->at++;
    return true;
}

/* A copy with a NUL behind it; false unless it is UTF-8 without NUL. */
static bool get_text(cursor *c, kfpb_arena *arena, kfpb_value *value)
{
    uint64_t length;
    if (!get_number(c, 4, &length) || length > (size_t) (c->end - c->at) || !kfpb_utf8_valid(c->at, (size_t) length) ||
        memchr(c->at, '\0', (size_t) length) != NULL)
        return false;
    *value = kfpb_textn(kfpb_arena_textn(arena, c->at, (size_t) length), (size_t) length);
    c->at += length;
    return value->kind == KFPB_TEXT;
}

static bool get_value(cursor *c, const kfpsi_field *field, kfpb_arena *arena, kfpb_value *value)
{
    uint64_t number;
    double real;
    if (field->kind == KFPSI_KIND_TEXT)
        return get_text(c, arena, value);
    if (!get_number(c, 8, &number))
        return false;
    if (field->kind == KFPSI_KIND_NUMBER) {
        memcpy(&real, &number, sizeof real);
        *value = kfpb_double(real);
        return true;
    }
    *value = kfpb_int((int64_t) number);
    return field->kind != KFPSI_KIND_ENUM || (value->integer >= INT32_MIN && value->integer <= INT32_MAX);
}

static bool read_head(cursor *c, const kfpsi_fields *fields, kfpsi_position *position)
{
    uint64_t version, resource, sort, flags;
    if (!get_number(c, 1, &version) || !get_number(c, 1, &resource) || !get_number(c, 1, &sort) ||
        !get_number(c, 1, &flags))
        return false;
    if (version != VERSION || resource != (uint64_t) fields->resource || sort >= fields->count ||
        flags > (DESCENDING | NULLS))
        return false;
    const kfpsi_field *field = &fields->items[sort];
    position->sort = (uint8_t) sort;
    position->descending = (flags & DESCENDING) != 0;
    position->nulls = (flags & NULLS) != 0;
    return field->kind != KFPSI_KIND_JSON && kfpsi_field_index(fields, field) == sort &&
           (!position->nulls || field->nullable);
}

static bool read_content(cursor *c, const kfpsi_fields *fields, const uint8_t scope[KFPSI_SCOPE_DIGEST],
                         kfpb_arena *arena, kfpsi_position *position, kfpsi_filter *filter, bool *other_scope)
{
    kfpb_value key;
    if (!read_head(c, fields, position))
        return false;
    const kfpsi_field *field = &fields->items[position->sort];
    if (!position->nulls && field->column != 0 && !get_value(c, field, arena, &position->value))
        return false;
    if (!get_text(c, arena, &key) || key.length == 0 || key.length > KEY_BYTES_MAX ||
        (size_t) (c->end - c->at) < KFPSI_SCOPE_DIGEST)
        return false;
    position->key = key.text;
    *other_scope = memcmp(c->at, scope, KFPSI_SCOPE_DIGEST) != 0;
    c->at += KFPSI_SCOPE_DIGEST;
    return kfpsi_filter_parse(fields, c->at, (size_t) (c->end - c->at), arena, filter);
}

static bool decode(const kfps_store *store, const char *token, kfpb_arena *arena, cursor *out)
{
    struct base64_decode_ctx ctx;
    uint8_t tag[SHA256_DIGEST_SIZE];
    const size_t length = strlen(token);
    size_t size = BASE64_DECODE_LENGTH(length);
    char *content = kfpb_arena_alloc(arena, size + 1);
    if (content == NULL || memchr(token, '=', length) != NULL)
        return false;
    base64url_decode_init(&ctx);
    if (!base64_decode_update(&ctx, &size, (uint8_t *) content, length, token))
        return false;
    /* nettle wants padding at the end, which tokens do not have: four characters or none are left over */
    static const char padding[] = "==";
    size_t rest = 0;
    uint8_t none[4];
    if (length % 4 != 0 &&
        (length % 4 == 1 || !base64_decode_update(&ctx, &rest, none, length % 4 == 2 ? 2 : 1, padding) || rest != 0))
        return false;
    if (!base64_decode_final(&ctx))
        return false;
    const size_t tag_length = store->token_key != NULL ? SHA256_DIGEST_SIZE : CHECKSUM_BYTES;
    if (size < HEAD_BYTES + tag_length)
        return false;
    size -= tag_length;
    make_tag(store, content, size, tag);
    *out = (cursor){.at = content, .end = content + size};
    return memeql_sec(tag, content + size, tag_length) != 0;
}

kfps_status kfpsi_token_read(const kfps_store *store, const kfpsi_fields *fields, const char *token,
                             const uint8_t scope[KFPSI_SCOPE_DIGEST], kfpb_arena *arena, kfpsi_position *position,
                             kfpsi_filter *filter, kfps_error *error)
{
    cursor c;
    bool other_scope = false;
    *position = (kfpsi_position){0};
    const bool read = decode(store, token, arena, &c) &&
                      read_content(&c, fields, scope, arena, position, filter, &other_scope);
    if (arena->out_of_memory)
        return kfpb_fail_no_memory(error);
    if (!read)
        return kfpb_fail(error, KFPS_INVALID,
                         "page_token is none that this store gave for %s; begin again from the first page",
                         fields->name);
    if (other_scope)
        return kfpb_fail(error, KFPS_INVALID,
                         "page_token belongs to a list of %s with other conditions (namespace, run, ids, …)",
                         fields->name);
    return KFPS_OK;
}
