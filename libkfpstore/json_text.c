/* SPDX-License-Identifier: Apache-2.0 */
#include "libkfpstore/json_text.h"

#include <jansson.h>
#include <stdbool.h>
#include <string.h>

#include "backends/base/fail.h"

/* Of JSON text; of anything else some number. It bounds the parser's recursion, so it is asked before the parser. */
static int depth_of(const char *text)
{
    int depth = 0, deepest = 0;
    bool quoted = false;
    for (const char *c = text; *c != '\0'; c++) {
        if (quoted) {
            if (*c == '\\' && c[1] != '\0')
                c++;
            else if (*c == '"')
                quoted = false;
        } else if (*c == '"') {
            quoted = true;
        } else if (*c == '{' || *c == '[') {
            if (++depth > deepest)
                deepest = depth;
        } else if (*c == '}' || *c == ']') {
            depth--;
        }
    }
    return deepest;
}

bool kfpsi_json_begins_an_array(const char *text, int max_depth)
{
    return text[strspn(text, " \t\r\n")] == '[' && depth_of(text) <= max_depth;
}

static const char *behind(const char *text, const char *start)
{
    const size_t length = strlen(start);
    return text != NULL && strncmp(text, start, length) == 0 ? text + length : NULL;
}

const char *kfpsi_json_lone_text(const char *json, const char *name, size_t *length)
{
    const char *colon = behind(behind(behind(json, "{\""), name), "\":");
    const char *text = behind(colon, colon != NULL && *colon == ' ' ? " \"" : "\""); /* MySQL's JSON has the space */
    if (text == NULL)
        return NULL;
    const char *end = text;
    while (*end >= ' ' && *end <= '~' && *end != '"' && *end != '\\')
        end++;
    *length = (size_t) (end - text);
    return strcmp(end, "\"}") == 0 ? text : NULL;
}

static json_t *load_numbers(const char *text, size_t length, size_t flags, json_error_t *where)
{
    json_t *json = json_loadb(text, length, flags, where);
    if (json == NULL && json_error_code(where) == json_error_numeric_overflow)
        json = json_loadb(text, length, flags | JSON_DECODE_INT_AS_REAL, where);
    return json;
}

/* jansson fails for lack of memory without a word, or, in the middle of a text, with words about bad JSON: there a
 * second look tells the two apart. */
kfps_status kfpsi_json_load(const char *text, size_t length, size_t flags, json_t **out, json_error_t *where)
{
    json_error_t here;
    if (where == NULL)
        where = &here;
    *out = load_numbers(text, length, flags, where);
    if (*out == NULL && where->text[0] != '\0' && json_error_code(where) != json_error_out_of_memory)
        *out = load_numbers(text, length, flags, where);
    if (*out != NULL)
        return KFPS_OK;
    return where->text[0] == '\0' || json_error_code(where) == json_error_out_of_memory ? KFPS_NO_MEMORY : KFPS_INVALID;
}

kfps_status kfpsi_json_parse(const char *text, kfpsi_json_kind kind, int max_depth, const char *what, size_t element,
                             json_t **out, kfps_error *error)
{
    json_error_t where;
    *out = NULL;
    if (text == NULL)
        return KFPS_OK;
    if (depth_of(text) > max_depth)
        return kfpb_fail_at(error, element, KFPS_INVALID,
                            "%s of element %zu: JSON is nested deeper than the %d levels that are stored here", what,
                            element, max_depth);
    json_t *json = NULL;
    const kfps_status status = kfpsi_json_load(text, strlen(text), KFPSI_JSON_FLOAT64, &json, &where);
    if (status == KFPS_NO_MEMORY)
        return kfpb_fail_no_memory(error);
    if (status != KFPS_OK)
        return kfpb_fail_at(error, element, KFPS_INVALID,
                            "%s of element %zu is not JSON that can be stored, at byte %d", what, element,
                            where.position);
    const bool fits = kind == KFPSI_JSON_ANY ||
                      (kind == KFPSI_JSON_OBJECT ? json_is_object(json) : json_is_array(json));
    if (!fits) {
        json_decref(json);
        return kfpb_fail_at(error, element, KFPS_INVALID, "%s of element %zu is JSON but not an %s", what, element,
                            kind == KFPSI_JSON_OBJECT ? "object" : "array");
    }
    *out = json;
    return KFPS_OK;
}

kfps_status kfpsi_json_check(const char *text, kfpsi_json_kind kind, int max_depth, const char *what, size_t element,
                             kfps_error *error)
{
    json_t *json = NULL;
    const kfps_status status = kfpsi_json_parse(text, kind, max_depth, what, element, &json, error);
    json_decref(json);
    return status;
}
