/* SPDX-License-Identifier: Apache-2.0 */
#include "migrate/map/struct_value.h"

#include <math.h>
#include <nettle/base64.h>
#include <stdlib.h>
#include <string.h>
#include <unistr.h>

static const char PREFIX[] = "mlmd-struct::";

enum wire { WIRE_VARINT = 0, WIRE_FIXED64 = 1, WIRE_BYTES = 2 };

/* The numbers of the fields in google/protobuf/struct.proto. */
enum { STRUCT_FIELDS = 1, ENTRY_KEY = 1, ENTRY_VALUE = 2, LIST_VALUES = 1 };
enum { VALUE_NULL = 1, VALUE_NUMBER = 2, VALUE_STRING = 3, VALUE_BOOL = 4, VALUE_STRUCT = 5, VALUE_LIST = 6 };

typedef struct span {
    const uint8_t *at;
    const uint8_t *end;
} span;

typedef struct field {
    uint32_t number;
    enum wire wire;
    uint64_t integer; /* VARINT; FIXED64 as bits */
    span bytes;       /* BYTES */
} field;

/* Truncated, longer than ten bytes or with bits above the 64th: refused. A last byte of zero is a longer form than
 * needed. */
static bool read_varint(span *in, uint64_t *value)
{
    uint64_t result = 0;

    for (unsigned shift = 0; shift < 64; shift += 7) {
        if (in->at == in->end)
            return false;
        const uint8_t byte = *in->at++;
        if ((shift == 63 && byte > 1) || (shift > 0 && byte == 0))
            return false;
        result |= (uint64_t) (byte & 0x7f) << shift;
        if ((byte & 0x80) == 0) {
            *value = result;
            return true;
        }
    }
    return false;
}

static bool read_field(span *in, field *out)
{
    uint64_t tag, length;

    if (!read_varint(in, &tag) || tag >> 3 == 0 || tag > UINT32_MAX)
        return false;
    *out = (field){.number = (uint32_t) (tag >> 3), .wire = (enum wire)(tag & 7)};
    switch (tag & 7) {
    case WIRE_VARINT:
        return read_varint(in, &out->integer);
    case WIRE_FIXED64:
        if (in->end - in->at < 8)
            return false;
        for (unsigned i = 0; i < 8; i++)
            out->integer |= (uint64_t) in->at[i] << (8 * i);
        in->at += 8;
        return true;
    case WIRE_BYTES:
        if (!read_varint(in, &length) || length > (uint64_t) (in->end - in->at))
            return false;
        out->bytes = (span){in->at, in->at + length};
        in->at += length;
        return true;
    default:
        return false;
    }
}

static struct_value_status read_struct(span in, int level, json_t **out, struct_value_facts *facts);

/* A copy without NUL bytes, to be freed; NULL without memory. */
static char *without_nul(span text, size_t *length, struct_value_facts *facts)
{
    char *copy = malloc((size_t) (text.end - text.at) + 1);
    size_t n = 0;

    if (copy == NULL)
        return NULL;
    for (const uint8_t *p = text.at; p < text.end; p++) {
        if (*p != 0)
            copy[n++] = (char) *p;
        else
            facts->nul_dropped = true;
    }
    copy[n] = '\0';
    *length = n;
    return copy;
}

static struct_value_status read_text(span in, json_t **out, struct_value_facts *facts)
{
    const size_t length = (size_t) (in.end - in.at);

    if (u8_check(in.at, length) != NULL)
        return STRUCT_VALUE_BAD;
    if (length == 0 || memchr(in.at, 0, length) == NULL) {
        *out = json_stringn_nocheck(length > 0 ? (const char *) in.at : "", length);
    } else {
        size_t kept;
        char *copy = without_nul(in, &kept, facts);
        *out = copy != NULL ? json_stringn_nocheck(copy, kept) : NULL;
        free(copy);
    }
    return *out != NULL ? STRUCT_VALUE_OK : STRUCT_VALUE_NO_MEMORY;
}

static json_t *number(uint64_t bits, struct_value_facts *facts)
{
    double value;

    memcpy(&value, &bits, sizeof value);
    if (isfinite(value))
        return json_real(value);
    facts->not_a_number = true;
    return json_string(isnan(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity");
}

static struct_value_status read_value(span in, int level, json_t **out, struct_value_facts *facts);

static struct_value_status read_list(span in, int level, json_t **out, struct_value_facts *facts)
{
    struct_value_status status = STRUCT_VALUE_OK;
    json_t *list = json_array();

    if (list == NULL)
        return STRUCT_VALUE_NO_MEMORY;
    while (in.at < in.end && status == STRUCT_VALUE_OK) {
        field f;
        json_t *value = NULL;
        if (!read_field(&in, &f) || f.number != LIST_VALUES || f.wire != WIRE_BYTES)
            status = STRUCT_VALUE_BAD;
        else
            status = read_value(f.bytes, level, &value, facts);
        if (status == STRUCT_VALUE_OK && json_array_append_new(list, value) != 0)
            status = STRUCT_VALUE_NO_MEMORY;
    }
    if (status == STRUCT_VALUE_OK)
        *out = list;
    else
        json_decref(list);
    return status;
}

/* A value holds one field, or none. (A second one is possible by protobuf's rules, but no writer makes it, and what it
 * means depends on the reader.) */
static struct_value_status read_value(span in, int level, json_t **out, struct_value_facts *facts)
{
    static const enum wire wires[] = {
        [VALUE_NULL] = WIRE_VARINT, [VALUE_NUMBER] = WIRE_FIXED64, [VALUE_STRING] = WIRE_BYTES,
        [VALUE_BOOL] = WIRE_VARINT, [VALUE_STRUCT] = WIRE_BYTES,   [VALUE_LIST] = WIRE_BYTES,
    };
    field f = {.number = VALUE_NULL, .wire = WIRE_VARINT};

    if (in.at < in.end && !read_field(&in, &f))
        return STRUCT_VALUE_BAD;
    if (in.at < in.end || f.number > VALUE_LIST || f.wire != wires[f.number])
        return STRUCT_VALUE_BAD;
    switch (f.number) {
    case VALUE_NUMBER:
        *out = number(f.integer, facts);
        break;
    case VALUE_STRING:
        return read_text(f.bytes, out, facts);
    case VALUE_BOOL:
        if (f.integer > 1)
            return STRUCT_VALUE_BAD;
        *out = json_boolean(f.integer != 0);
        break;
    case VALUE_STRUCT:
    case VALUE_LIST:
        if (level >= STRUCT_VALUE_LEVELS)
            return STRUCT_VALUE_BAD;
        return f.number == VALUE_STRUCT ? read_struct(f.bytes, level + 1, out, facts)
                                        : read_list(f.bytes, level + 1, out, facts);
    default:
        if (f.integer != 0)
            return STRUCT_VALUE_BAD;
        *out = json_null();
        break;
    }
    return *out != NULL ? STRUCT_VALUE_OK : STRUCT_VALUE_NO_MEMORY;
}

/* One entry of the map: key and value, both with a default. */
static struct_value_status read_entry(span in, int level, json_t *object, struct_value_facts *facts)
{
    span key = {(const uint8_t *) "", (const uint8_t *) ""};
    span value = {NULL, NULL};

    while (in.at < in.end) {
        field f;
        if (!read_field(&in, &f) || f.wire != WIRE_BYTES || (f.number != ENTRY_KEY && f.number != ENTRY_VALUE))
            return STRUCT_VALUE_BAD;
        *(f.number == ENTRY_KEY ? &key : &value) = f.bytes;
    }
    if (u8_check(key.at, (size_t) (key.end - key.at)) != NULL)
        return STRUCT_VALUE_BAD;
    json_t *json = NULL;
    struct_value_status status = read_value(value, level, &json, facts);
    if (status != STRUCT_VALUE_OK)
        return status;
    size_t length;
    char *name = without_nul(key, &length, facts);
    if (name == NULL) {
        json_decref(json);
        return STRUCT_VALUE_NO_MEMORY;
    }
    if (json_object_set_new_nocheck(object, name, json) != 0)
        status = STRUCT_VALUE_NO_MEMORY;
    free(name);
    return status;
}

static struct_value_status read_struct(span in, int level, json_t **out, struct_value_facts *facts)
{
    struct_value_status status = STRUCT_VALUE_OK;
    json_t *object = json_object();

    if (object == NULL)
        return STRUCT_VALUE_NO_MEMORY;
    while (in.at < in.end && status == STRUCT_VALUE_OK) {
        field f;
        if (!read_field(&in, &f) || f.number != STRUCT_FIELDS || f.wire != WIRE_BYTES)
            status = STRUCT_VALUE_BAD;
        else
            status = read_entry(f.bytes, level, object, facts);
    }
    if (status == STRUCT_VALUE_OK)
        *out = object;
    else
        json_decref(object);
    return status;
}

struct_value_status struct_value_parse(const uint8_t *bytes, size_t length, json_t **out, struct_value_facts *facts)
{
    *out = NULL;
    *facts = (struct_value_facts){0};
    return read_struct((span){bytes, bytes + length}, 1, out, facts);
}

bool struct_value_is(const char *text)
{
    return text != NULL && strncmp(text, PREFIX, sizeof PREFIX - 1) == 0;
}

struct_value_status struct_value_decode(const char *text, json_t **out, struct_value_facts *facts)
{
    *out = NULL;
    *facts = (struct_value_facts){0};
    if (!struct_value_is(text))
        return STRUCT_VALUE_BAD;
    text += sizeof PREFIX - 1;

    const size_t length = strlen(text);
    size_t used = BASE64_DECODE_LENGTH(length);
    uint8_t *bytes = malloc(used + 1);
    if (bytes == NULL)
        return STRUCT_VALUE_NO_MEMORY;
    struct base64_decode_ctx base64;
    base64_decode_init(&base64);
    struct_value_status status = STRUCT_VALUE_BAD;
    if (base64_decode_update(&base64, &used, bytes, length, text) && base64_decode_final(&base64))
        status = struct_value_parse(bytes, used, out, facts);
    free(bytes);
    return status;
}
