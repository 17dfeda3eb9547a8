/* SPDX-License-Identifier: Apache-2.0 */
#include "migrate/map/value.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "libkfpstore/canonical_json.h"
#include "migrate/map/struct_value.h"

/* Readers of the columns hold numbers as float64: above this, integers lose digits. */
#define EXACT_INTEGERS (INT64_C(1) << 53)

static json_t *checked(map_context *context, json_t *value)
{
    if (value == NULL)
        context->arena->out_of_memory = true;
    return value;
}

/* Decodes and notes; NULL if the text is no Struct, or without memory. */
static json_t *decode(map_context *context, const mlmd_property *property, map_owner owner)
{
    json_t *json = NULL;
    struct_value_facts facts;

    switch (struct_value_decode(property->text, &json, &facts)) {
    case STRUCT_VALUE_NO_MEMORY:
        context->arena->out_of_memory = true;
        return NULL;
    case STRUCT_VALUE_BAD:
        map_note(context, NOTE_BAD_STRUCT, owner.kind, owner.id, "property %s", property->name);
        return NULL;
    case STRUCT_VALUE_OK:
        break;
    }
    if (facts.nul_dropped)
        map_note(context, NOTE_NUL_DROPPED, owner.kind, owner.id, "property %s", property->name);
    if (facts.not_a_number)
        map_note(context, NOTE_NOT_A_NUMBER, owner.kind, owner.id, "inside property %s", property->name);
    return json;
}

/* `object` is taken over. */
static json_t *unwrap(json_t *object)
{
    if (json_object_size(object) != 1)
        return object;
    json_t *list = json_object_get(object, "list");
    json_t *dictionary = json_object_get(object, "struct");
    json_t *inside = json_is_array(list) ? list : json_is_object(dictionary) ? dictionary : NULL;
    if (inside == NULL)
        return object;
    json_incref(inside);
    json_decref(object);
    return inside;
}

static json_t *integer(map_context *context, const mlmd_property *property, map_owner owner)
{
    const int64_t value = property->integer;

    if (value >= -EXACT_INTEGERS && value <= EXACT_INTEGERS)
        return json_integer(value);
    map_note(context, NOTE_BIG_INTEGER, owner.kind, owner.id, "property %s", property->name);
    char digits[24];
    snprintf(digits, sizeof digits, "%" PRId64, value);
    return json_string(digits);
}

static json_t *real(map_context *context, const mlmd_property *property, map_owner owner)
{
    const double value = property->real;

    if (isfinite(value))
        return json_real(value);
    map_note(context, NOTE_NOT_A_NUMBER, owner.kind, owner.id, "property %s", property->name);
    return json_string(isnan(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity");
}

json_t *map_value(map_context *context, const mlmd_property *property, map_owner owner)
{
    const char *text = property->text != NULL ? property->text : "";

    switch (property->kind) {
    case MLMD_VALUE_INT:
        return checked(context, integer(context, property, owner));
    case MLMD_VALUE_DOUBLE:
        return checked(context, real(context, property, owner));
    case MLMD_VALUE_STRING:
        if (struct_value_is(text)) {
            json_t *decoded = decode(context, property, owner);
            if (decoded != NULL)
                return unwrap(decoded);
        }
        return checked(context, json_string(text));
    case MLMD_VALUE_PROTO:
        return checked(context, json_string(text));
    case MLMD_VALUE_BOOL:
        return json_boolean(property->integer != 0);
    case MLMD_VALUE_NULL:
        break;
    }
    return json_null();
}

json_t *map_value_struct(map_context *context, const mlmd_property *property, map_owner owner)
{
    if (property->kind != MLMD_VALUE_STRING) {
        map_note(context, NOTE_BAD_STRUCT, owner.kind, owner.id, "property %s is no text", property->name);
        return NULL;
    }
    return decode(context, property, owner);
}

/* Whether the value nests more than `levels` objects and arrays. */
static bool deeper(json_t *value, int levels)
{
    const char *key;
    size_t i;
    json_t *inside;

    if (!json_is_object(value) && !json_is_array(value))
        return false;
    if (levels <= 0)
        return true;
    if (json_is_object(value)) {
        json_object_foreach(value, key, inside)
        {
            if (deeper(inside, levels - 1))
                return true;
        }
        return false;
    }
    json_array_foreach(value, i, inside)
    {
        if (deeper(inside, levels - 1))
            return true;
    }
    return false;
}

json_t *map_value_fit(map_context *context, json_t *value, int levels_around, map_owner owner, const char *key)
{
    if (value == NULL || !deeper(value, context->json_levels - levels_around))
        return value;
    map_note(context, NOTE_JSON_DEPTH, owner.kind, owner.id, "%s", key);
    json_t *text = NULL;
    kfpb_text_clear(&context->text);
    if (kfpsi_canonical_json(value, KFPSI_NUMBERS_EXACT, &context->text, NULL) == KFPS_OK)
        text = json_stringn(kfpb_text_get(&context->text), context->text.length);
    json_decref(value);
    return checked(context, text);
}
