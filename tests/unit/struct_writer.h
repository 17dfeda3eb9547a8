/* SPDX-License-Identifier: Apache-2.0 */
/* struct_writer.h: JSON written as MLMD writes a google.protobuf.Struct: the other way round of struct_value.h. */
#ifndef KFPT_STRUCT_WRITER_H
#define KFPT_STRUCT_WRITER_H

#include <jansson.h>
#include <nettle/base64.h>
#include <stdlib.h>
#include <string.h>

#include "backends/base/arena.h"
#include "backends/base/text.h"

static inline void sw_field(kfpb_text *out, int number, const char *data, size_t length)
{
    kfpb_text_char(out, (char) (number << 3 | 2));
    for (size_t rest = length;; rest >>= 7) {
        kfpb_text_char(out, (char) ((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0)));
        if (rest <= 0x7f)
            break;
    }
    kfpb_text_addn(out, data, length);
}

static inline void sw_value(kfpb_text *out, json_t *value);

static inline void sw_inside(kfpb_text *out, json_t *value)
{
    const char *key;
    size_t i;
    json_t *inside;

    json_object_foreach(value, key, inside)
    {
        kfpb_text entry = {0}, text = {0};
        sw_value(&text, inside);
        sw_field(&entry, 1, key, strlen(key));
        sw_field(&entry, 2, kfpb_text_get(&text), text.length);
        sw_field(out, 1, kfpb_text_get(&entry), entry.length);
        kfpb_text_free(&entry);
        kfpb_text_free(&text);
    }
    json_array_foreach(value, i, inside)
    {
        kfpb_text text = {0};
        sw_value(&text, inside);
        sw_field(out, 1, kfpb_text_get(&text), text.length);
        kfpb_text_free(&text);
    }
}

static inline void sw_value(kfpb_text *out, json_t *value)
{
    if (json_is_number(value)) {
        double number = json_number_value(value);
        char bytes[8];
        memcpy(bytes, &number, 8);
        kfpb_text_char(out, 0x11);
        kfpb_text_addn(out, bytes, 8);
    } else if (json_is_string(value)) {
        sw_field(out, 3, json_string_value(value), json_string_length(value));
    } else if (json_is_boolean(value)) {
        kfpb_text_addn(out, json_is_true(value) ? "\x20\x01" : "\x20\x00", 2);
    } else if (json_is_null(value)) {
        kfpb_text_addn(out, "\x08\x00", 2);
    } else {
        kfpb_text text = {0};
        sw_inside(&text, value);
        sw_field(out, json_is_object(value) ? 5 : 6, kfpb_text_get(&text), text.length);
        kfpb_text_free(&text);
    }
}

/* The property text of an object; `object` is taken over. */
static inline const char *sw_struct(kfpb_arena *arena, json_t *object)
{
    static const char prefix[] = "mlmd-struct::";
    kfpb_text text = {0};

    sw_inside(&text, object);
    char *out = kfpb_arena_alloc(arena, sizeof prefix + BASE64_ENCODE_RAW_LENGTH(text.length));
    memcpy(out, prefix, sizeof prefix - 1);
    base64_encode_raw(out + sizeof prefix - 1, text.length, (const uint8_t *) kfpb_text_get(&text));
    kfpb_text_free(&text);
    json_decref(object);
    return out;
}

/* The same from JSON text. */
static inline const char *sw_text(kfpb_arena *arena, const char *json)
{
    return sw_struct(arena, json_loads(json, 0, NULL));
}

#endif
