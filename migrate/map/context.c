/* SPDX-License-Identifier: Apache-2.0 */
#include "migrate/map/context.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "libkfpstore/canonical_json.h"

/* 2100-01-01 in seconds: later times are no times. 2000-01-01: a number of milliseconds between the two, read as
 * seconds, is a time of this century that was written in the wrong unit. */
#define LATEST_SECOND   INT64_C(4102444800)
#define EARLIEST_SECOND INT64_C(946684800)

void map_note(map_context *context, note_reason reason, const char *kind, int64_t id, const char *format, ...)
{
    char detail[512];

    if (context->notes == NULL)
        return;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(detail, sizeof detail, format, arguments);
    va_end(arguments);
    /* the cut may have gone through a character */
    size_t length = strlen(detail);
    if (length == sizeof detail - 1) {
        while (length > 0 && ((unsigned char) detail[length - 1] & 0xc0) == 0x80)
            length--;
        detail[length > 0 ? length - 1 : 0] = '\0';
    }
    note_add(context->notes, context->arena, reason, kind, id, detail[0] != '\0' ? detail : NULL);
}

void map_json_set(map_context *context, json_t *object, const char *key, json_t *value)
{
    if (json_object_set_new(object, key, value) != 0)
        context->arena->out_of_memory = true;
}

void map_json_append(map_context *context, json_t *array, json_t *value)
{
    if (json_array_append_new(array, value) != 0)
        context->arena->out_of_memory = true;
}

const char *map_json_text(map_context *context, json_t *json)
{
    const char *text = NULL;

    kfpb_text_clear(&context->text);
    if (json != NULL && kfpsi_canonical_json(json, KFPSI_NUMBERS_EXACT, &context->text, NULL) == KFPS_OK)
        text = kfpb_arena_textn(context->arena, kfpb_text_get(&context->text), context->text.length);
    json_decref(json);
    if (text == NULL)
        context->arena->out_of_memory = true;
    return text;
}

const mlmd_property *map_property(const mlmd_properties *properties, const char *name)
{
    size_t low = 0, high = properties->count;

    /* the first of equal names: the custom one */
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (strcmp(properties->items[middle].name, name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == properties->count || strcmp(properties->items[low].name, name) != 0)
        return NULL;
    return &properties->items[low];
}

const char *map_property_text(const mlmd_properties *properties, const char *name)
{
    const mlmd_property *property = map_property(properties, name);

    return property != NULL && property->kind == MLMD_VALUE_STRING ? property->text : NULL;
}

bool map_property_integer(const mlmd_properties *properties, const char *name, int64_t *value)
{
    const mlmd_property *property = map_property(properties, name);

    if (property == NULL || property->kind != MLMD_VALUE_INT)
        return false;
    *value = property->integer;
    return true;
}

int64_t map_seconds(map_context *context, int64_t ms, const char *kind, int64_t id)
{
    if (ms < 0) {
        map_note(context, NOTE_TIME_CLAMPED, kind, id, "%lld ms", (long long) ms);
        return 0;
    }
    if (ms >= EARLIEST_SECOND && ms <= LATEST_SECOND) {
        map_note(context, NOTE_TIME_CLAMPED, kind, id, "%lld ms taken for seconds", (long long) ms);
        return ms;
    }
    if (ms > LATEST_SECOND * 1000) {
        map_note(context, NOTE_TIME_CLAMPED, kind, id, "%lld ms", (long long) ms);
        return LATEST_SECOND;
    }
    return ms / 1000;
}
