/* SPDX-License-Identifier: Apache-2.0 */
/*
 * filter_json.c: the JSON of a filter, as protobuf's JSON reader takes upstream's Filter message: both spellings of a
 * field, unknown and repeated fields refused, null for "not there", integers also as decimal text.
 */
#include <jansson.h>
#include <math.h>

#include "backends/base/fail.h"
#include "backends/base/text.h"
#include "libkfpstore/filter.h"
#include "libkfpstore/json_text.h"
#include "libkfpstore/rfc3339.h"

#define COUNT(a) (sizeof(a) / sizeof *(a))

/* ---- the text -----------------------------------------------------------------------------------------------------
 */

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* As net/url.QueryUnescape: a percent sign that begins no escape is an error. */
static kfps_status url_decode(const char *text, kfpb_text *out, kfps_error *error)
{
    for (; *text != '\0'; text++) {
        char c = *text == '+' ? ' ' : *text;
        if (c == '%') {
            const int high = hex_digit(text[1]);
            const int low = high < 0 ? -1 : hex_digit(text[2]);
            if (low < 0 || (high | low) == 0)
                return kfpb_fail(error, KFPS_INVALID, "filter: a %% that begins no escape");
            c = (char) (high * 16 + low);
            text += 2;
        }
        kfpb_text_char(out, c);
    }
    return out->out_of_memory ? kfpb_fail_no_memory(error) : KFPS_OK;
}

static const char *skip_space(const char *text)
{
    return text + strspn(text, " \t\r\n");
}

/* JSON as it is, or URL-encoded, which begins with no brace. */
static kfps_status load(const char *text, json_t **out, kfps_error *error)
{
    kfpb_text decoded = {0};
    json_error_t where;
    kfps_status status = KFPS_OK;
    if (*skip_space(text) != '{') {
        status = url_decode(text, &decoded, error);
        text = kfpb_text_get(&decoded);
    }
    if (status == KFPS_OK && *skip_space(text) != '\0') {
        status = kfpsi_json_load(text, strlen(text), JSON_REJECT_DUPLICATES, out, &where);
        if (status == KFPS_NO_MEMORY)
            status = kfpb_fail_no_memory(error);
        else if (status != KFPS_OK)
            status = kfpb_fail(error, KFPS_INVALID, "filter: not JSON (line %d, column %d)", where.line, where.column);
        else if (!json_is_object(*out))
            status = kfpb_fail(error, KFPS_INVALID, "filter: not a JSON object");
    }
    kfpb_text_free(&decoded);
    return status;
}

/* ---- one value ----------------------------------------------------------------------------------------------------
 */

typedef struct reader {
    kfpb_arena *arena;
    size_t index; /* of the predicate */
    kfps_error *error;
} reader;

static kfps_status refuse(const reader *r, const char *what)
{
    return kfpb_fail_at(r->error, r->index, KFPS_INVALID, "filter, predicate %zu: %s", r->index, what);
}

static bool json_int(const json_t *json, int64_t *value)
{
    if (json_is_integer(json)) {
        *value = json_integer_value(json);
        return true;
    }
    if (json_is_string(json))
        return kfpb_parse_int(json_string_value(json), value);
    const double real = json_real_value(json); /* 2.0 */
    if (!json_is_real(json) || real != floor(real) || fabs(real) > 9007199254740992.0)
        return false;
    *value = (int64_t) real;
    return true;
}

static kfps_status take_int(const reader *r, const json_t *json, int64_t low, int64_t high, int64_t *value)
{
    if (!json_int(json, value) || *value < low || *value > high)
        return refuse(r, low == INT32_MIN ? "not an integer of 32 bits" : "not an integer of 64 bits");
    return KFPS_OK;
}

static kfps_status take_text(const reader *r, const json_t *json, const char **text)
{
    if (!json_is_string(json))
        return refuse(r, "not a string");
    *text = kfpb_arena_textn(r->arena, json_string_value(json), json_string_length(json));
    return *text != NULL ? KFPS_OK : kfpb_fail_no_memory(r->error);
}

static kfps_status int_value(const reader *r, const json_t *json, kfps_predicate *p)
{
    p->operand = KFPS_OPERAND_INT;
    return take_int(r, json, INT32_MIN, INT32_MAX, &p->int_value);
}

static kfps_status long_value(const reader *r, const json_t *json, kfps_predicate *p)
{
    p->operand = KFPS_OPERAND_INT;
    return take_int(r, json, INT64_MIN, INT64_MAX, &p->int_value);
}

static kfps_status double_value(const reader *r, const json_t *json, kfps_predicate *p)
{
    p->operand = KFPS_OPERAND_DOUBLE;
    p->double_value = json_number_value(json);
    if (!json_is_number(json) &&
        !(json_is_string(json) && kfpb_parse_double(json_string_value(json), &p->double_value)))
        return refuse(r, "not a number");
    return KFPS_OK;
}

static kfps_status string_value(const reader *r, const json_t *json, kfps_predicate *p)
{
    p->operand = KFPS_OPERAND_STRING;
    return take_text(r, json, &p->string_value);
}

static kfps_status timestamp_value(const reader *r, const json_t *json, kfps_predicate *p)
{
    p->operand = KFPSI_OPERAND_TIMESTAMP;
    if (!json_is_string(json) || !kfpsi_rfc3339(json_string_value(json), &p->int_value))
        return refuse(r, "not an RFC 3339 time stamp");
    return KFPS_OK;
}

/* {"values":[…]}, or {} */
static kfps_status list_of(const reader *r, const json_t *json, const json_t **values)
{
    *values = json_object_get(json, "values");
    if (!json_is_object(json) || json_object_size(json) != (*values != NULL ? 1U : 0U) ||
        (*values != NULL && !json_is_array(*values) && !json_is_null(*values)))
        return refuse(r, "not a list: {\"values\":[…]}");
    return KFPS_OK;
}

static kfps_status integers(const reader *r, const json_t *json, kfps_predicate *p, int64_t low, int64_t high)
{
    const json_t *values = NULL;
    kfps_status status = list_of(r, json, &values);
    const size_t count = json_array_size(values);
    int64_t *ints = kfpb_arena_array(r->arena, count, sizeof *ints);
    if (status == KFPS_OK && ints == NULL)
        status = kfpb_fail_no_memory(r->error);
    for (size_t i = 0; status == KFPS_OK && i < count; i++)
        status = take_int(r, json_array_get(values, i), low, high, &ints[i]);
    p->operand = KFPS_OPERAND_INTS;
    p->int_values = ints;
    p->value_count = count;
    return status;
}

static kfps_status int_values(const reader *r, const json_t *json, kfps_predicate *p)
{
    return integers(r, json, p, INT32_MIN, INT32_MAX);
}

static kfps_status long_values(const reader *r, const json_t *json, kfps_predicate *p)
{
    return integers(r, json, p, INT64_MIN, INT64_MAX);
}

static kfps_status string_values(const reader *r, const json_t *json, kfps_predicate *p)
{
    const json_t *values = NULL;
    kfps_status status = list_of(r, json, &values);
    const size_t count = json_array_size(values);
    const char **texts = kfpb_arena_array(r->arena, count, sizeof *texts);
    if (status == KFPS_OK && texts == NULL)
        status = kfpb_fail_no_memory(r->error);
    for (size_t i = 0; status == KFPS_OK && i < count; i++)
        status = take_text(r, json_array_get(values, i), &texts[i]);
    p->operand = KFPS_OPERAND_STRINGS;
    p->string_values = texts;
    p->value_count = count;
    return status;
}

/* ---- one predicate ------------------------------------------------------------------------------------------------
 */

static const struct {
    const char *names[2];
    kfps_status (*take)(const reader *r, const json_t *json, kfps_predicate *p);
} value_fields[] = {
    {{"int_value", "intValue"}, int_value},
    {{"long_value", "longValue"}, long_value},
    {{"double_value", "doubleValue"}, double_value},
    {{"string_value", "stringValue"}, string_value},
    {{"timestamp_value", "timestampValue"}, timestamp_value},
    {{"int_values", "intValues"}, int_values},
    {{"long_values", "longValues"}, long_values},
    {{"string_values", "stringValues"}, string_values},
};

static const struct {
    const char *name;
    int32_t operation;
} operations[] = {
    {"OPERATION_UNSPECIFIED", 0},
    {"EQUALS", KFPS_OP_EQUALS},
    {"NOT_EQUALS", KFPS_OP_NOT_EQUALS},
    {"GREATER_THAN", KFPS_OP_GREATER_THAN},
    {"GREATER_THAN_EQUALS", KFPS_OP_GREATER_THAN_EQUALS},
    {"LESS_THAN", KFPS_OP_LESS_THAN},
    {"LESS_THAN_EQUALS", KFPS_OP_LESS_THAN_EQUALS},
    {"IN", KFPS_OP_IN},
    {"IS_SUBSTRING", KFPS_OP_IS_SUBSTRING},
};

static kfps_status take_operation(const reader *r, const json_t *json, kfps_predicate *p)
{
    int64_t number;
    if (json_is_string(json)) {
        for (size_t i = 0; i < COUNT(operations); i++) {
            if (strcmp(operations[i].name, json_string_value(json)) == 0) {
                p->operation = operations[i].operation;
                return KFPS_OK;
            }
        }
        return refuse(r, "no such operation");
    }
    const kfps_status status = take_int(r, json, INT32_MIN, INT32_MAX, &number);
    if (status == KFPS_OK)
        p->operation = (int32_t) number;
    return status;
}

static kfps_status take_field(const reader *r, const char *name, const json_t *json, kfps_predicate *p)
{
    if (strcmp(name, "operation") == 0)
        return json_is_null(json) ? KFPS_OK : take_operation(r, json, p);
    if (strcmp(name, "key") == 0)
        return json_is_null(json) ? KFPS_OK : take_text(r, json, &p->key);
    for (size_t i = 0; i < COUNT(value_fields); i++) {
        if (strcmp(name, value_fields[i].names[0]) != 0 && strcmp(name, value_fields[i].names[1]) != 0)
            continue;
        if (json_is_null(json))
            return KFPS_OK;
        if (p->operand != 0)
            return refuse(r, "more than one value");
        return value_fields[i].take(r, json, p);
    }
    return refuse(r, "a field that is none of operation, key, int_value, long_value, double_value, string_value, "
                     "timestamp_value, int_values, long_values and string_values");
}

static kfps_status take_predicate(const reader *r, json_t *json, kfps_predicate *p)
{
    const char *name;
    json_t *value;
    kfps_status status = json_is_object(json) ? KFPS_OK : refuse(r, "not an object");
    p->key = "";
    json_object_foreach(json, name, value)
    {
        if (status == KFPS_OK)
            status = take_field(r, name, value, p);
    }
    return status;
}

kfps_status kfpsi_filter_json(const char *text, kfpb_arena *arena, kfps_predicate **out, size_t *count,
                              kfps_error *error)
{
    json_t *root = NULL;
    reader r = {.arena = arena, .error = error};
    *out = NULL;
    *count = 0;
    kfps_status status = load(text, &root, error);
    const json_t *list = json_object_get(root, "predicates");
    if (status == KFPS_OK && root != NULL && json_object_size(root) != (list != NULL ? 1U : 0U))
        status = kfpb_fail(error, KFPS_INVALID, "filter: a field beside \"predicates\"");
    else if (status == KFPS_OK && list != NULL && !json_is_array(list) && !json_is_null(list))
        status = kfpb_fail(error, KFPS_INVALID, "filter: \"predicates\" is not an array");
    *count = json_array_size(list);
    if (status == KFPS_OK && *count > KFPSI_FILTER_PREDICATES)
        status = kfpb_fail(error, KFPS_INVALID, "filter: more than %d predicates", KFPSI_FILTER_PREDICATES);
    if (status == KFPS_OK && (*out = kfpb_arena_array(arena, *count, sizeof **out)) == NULL)
        status = kfpb_fail_no_memory(error);
    for (; status == KFPS_OK && r.index < *count; r.index++)
        status = take_predicate(&r, json_array_get(list, r.index), &(*out)[r.index]);
    json_decref(root);
    return status;
}
