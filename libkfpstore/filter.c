/* SPDX-License-Identifier: Apache-2.0 */
#include "libkfpstore/filter.h"

#include <math.h>
#include <stdlib.h>

#include "backends/base/fail.h"
#include "backends/base/utf8.h"
#include "libkfpstore/rfc3339.h"

/* ---- what goes with what ------------------------------------------------------------------------------------------
 */

/* The order of conditions in SQL. 0: not an operation. */
static int rank(int32_t operation)
{
    return operation >= KFPS_OP_EQUALS && operation <= KFPS_OP_IS_SUBSTRING && operation != 4 ? operation : 0;
}

static bool takes_operation(const kfpsi_field *field, int32_t operation)
{
    return field->kind == KFPSI_KIND_TEXT || operation != KFPS_OP_IS_SUBSTRING;
}

static bool value_fits(const kfpsi_field *field, const kfpb_value *value)
{
    switch (field->kind) {
    case KFPSI_KIND_TEXT:
        return value->kind == KFPB_TEXT && kfpb_utf8_valid(value->text, value->length) &&
               memchr(value->text, '\0', value->length) == NULL;
    case KFPSI_KIND_ENUM:
        return value->kind == KFPB_INT && value->integer >= INT32_MIN && value->integer <= INT32_MAX;
    case KFPSI_KIND_TIME:
        return value->kind == KFPB_INT;
    case KFPSI_KIND_NUMBER:
        return value->kind == KFPB_DOUBLE && isfinite(value->real);
    default:
        return false;
    }
}

static const char *const wanted[] = {
    [KFPSI_KIND_TEXT] = "text: a string",
    [KFPSI_KIND_ENUM] = "an enumeration: an integer of 32 bits or the name of a value",
    [KFPSI_KIND_TIME] = "a time: an integer (seconds) or an RFC 3339 time stamp",
    [KFPSI_KIND_NUMBER] = "a number: a finite double or an integer",
};

/* ---- from a predicate ---------------------------------------------------------------------------------------------
 */

static kfpb_value of_text(const kfpsi_field *field, const char *text)
{
    int64_t seconds;
    if (text == NULL)
        return kfpb_null();
    if (field->kind == KFPSI_KIND_ENUM) {
        const int32_t number = field->value_of(text);
        return number >= 0 ? kfpb_int(number) : kfpb_null();
    }
    if (field->kind == KFPSI_KIND_TIME)
        return kfpsi_rfc3339(text, &seconds) ? kfpb_int(seconds) : kfpb_null();
    return kfpb_str(text);
}

static kfpb_value of_int(const kfpsi_field *field, int64_t value)
{
    return field->kind == KFPSI_KIND_NUMBER ? kfpb_double((double) value) : kfpb_int(value);
}

static kfpb_value value_of(const kfpsi_field *field, const kfps_predicate *p, size_t i)
{
    switch (p->operand) {
    case KFPS_OPERAND_INT:
        return of_int(field, p->int_value);
    case KFPSI_OPERAND_TIMESTAMP:
        return field->kind == KFPSI_KIND_TIME ? kfpb_int(p->int_value) : kfpb_null();
    case KFPS_OPERAND_DOUBLE:
        return kfpb_double(p->double_value);
    case KFPS_OPERAND_STRING:
        return of_text(field, p->string_value);
    case KFPS_OPERAND_INTS:
        return of_int(field, p->int_values[i]);
    default:
        return of_text(field, p->string_values[i]);
    }
}

static kfps_status check_predicate(const kfpsi_fields *fields, const kfps_predicate *p, size_t index,
                                   const kfpsi_field **field, kfps_error *error)
{
    char keys[256];
    const bool list = p->operand == KFPS_OPERAND_INTS || p->operand == KFPS_OPERAND_STRINGS;
    const bool known = list || (p->operand >= KFPS_OPERAND_INT && p->operand <= KFPS_OPERAND_STRING) ||
                       p->operand == KFPSI_OPERAND_TIMESTAMP;
    *field = p->key != NULL ? kfpsi_field_find(fields, p->key, strlen(p->key)) : NULL;
    if (*field == NULL) {
        kfpsi_field_list(fields, keys, sizeof keys);
        return kfpb_fail_at(error, index, KFPS_INVALID, "filter, predicate %zu: %s have no such key; they have %s",
                            index, fields->name, keys);
    }
    const char *key = (*field)->key;
    if ((*field)->kind == KFPSI_KIND_JSON)
        return kfpb_fail_at(error, index, KFPS_INVALID,
                            "filter, predicate %zu: \"%s\" holds JSON, by which lists cannot be filtered", index, key);
    if (rank(p->operation) == 0)
        return kfpb_fail_at(error, index, KFPS_INVALID, "filter, predicate %zu (\"%s\"): no operation", index, key);
    if (!takes_operation(*field, p->operation))
        return kfpb_fail_at(error, index, KFPS_INVALID,
                            "filter, predicate %zu: IS_SUBSTRING is for text, and \"%s\" is none", index, key);
    if (!known)
        return kfpb_fail_at(error, index, KFPS_INVALID,
                            "filter, predicate %zu (\"%s\"): no value; absent values cannot be asked for", index, key);
    if (list != (p->operation == KFPS_OP_IN))
        return kfpb_fail_at(error, index, KFPS_INVALID, "filter, predicate %zu (\"%s\"): %s", index, key,
                            list ? "a list is for IN alone" : "IN needs a list");
    if (list && p->value_count > 0 &&
        (p->operand == KFPS_OPERAND_INTS ? (const void *) p->int_values : (const void *) p->string_values) == NULL)
        return kfpb_fail_at(error, index, KFPS_INVALID, "filter, predicate %zu (\"%s\"): the list is NULL", index, key);
    return KFPS_OK;
}

static kfps_status take_predicate(const kfpsi_fields *fields, const kfps_predicate *p, size_t index, size_t *left,
                                  kfpb_arena *arena, kfpsi_condition *out, kfps_error *error)
{
    const kfpsi_field *field;
    kfps_status status = check_predicate(fields, p, index, &field, error);
    if (status != KFPS_OK)
        return status;
    const size_t count = p->operation == KFPS_OP_IN ? p->value_count : 1;
    if (count > *left)
        return kfpb_fail_at(error, index, KFPS_INVALID, "filter: more than %d values", KFPSI_FILTER_VALUES);
    *left -= count;
    kfpb_value *values = kfpb_arena_array(arena, count, sizeof *values);
    if (values == NULL)
        return kfpb_fail_no_memory(error);
    for (size_t i = 0; i < count; i++) {
        values[i] = value_of(field, p, i);
        if (!value_fits(field, &values[i]))
            return kfpb_fail_at(error, index, KFPS_INVALID, "filter, predicate %zu: \"%s\" is %s", index, field->key,
                                wanted[field->kind]);
    }
    *out = (kfpsi_condition){
        .field = &fields->items[kfpsi_field_index(fields, field)],
        .operation = p->operation,
        .values = values,
        .count = count,
    };
    return KFPS_OK;
}

/* ---- the form in page tokens: operation, field, count, values; integers are big-endian ----------------------------
 */

static void put_number(kfpb_text *out, uint64_t value, int bytes)
{
    for (int i = bytes - 1; i >= 0; i--)
        kfpb_text_char(out, (char) (uint8_t) (value >> (8 * i)));
}

static void put_value(kfpb_text *out, const kfpb_value *value)
{
    uint64_t bits;
    switch (value->kind) {
    case KFPB_TEXT:
        put_number(out, value->length, 4);
        kfpb_text_addn(out, value->text, value->length);
        break;
    case KFPB_DOUBLE:
        memcpy(&bits, &value->real, sizeof bits);
        put_number(out, bits, 8);
        break;
    default:
        put_number(out, (uint64_t) value->integer, 8);
    }
}

static kfps_status encode(const kfpsi_fields *fields, kfpsi_condition *c, kfpb_arena *arena, kfps_error *error)
{
    kfpb_text form = {0};
    put_number(&form, (uint64_t) c->operation, 1);
    put_number(&form, kfpsi_field_index(fields, c->field), 1);
    put_number(&form, c->count, 4);
    for (size_t i = 0; i < c->count; i++)
        put_value(&form, &c->values[i]);
    c->length = form.length;
    c->bytes = form.out_of_memory ? NULL : kfpb_arena_textn(arena, form.data, form.length);
    kfpb_text_free(&form);
    return c->bytes != NULL ? KFPS_OK : kfpb_fail_no_memory(error);
}

void kfpsi_filter_write(const kfpsi_filter *filter, kfpb_text *out)
{
    for (size_t i = 0; i < filter->count; i++)
        kfpb_text_addn(out, filter->items[i].bytes, filter->items[i].length);
}

typedef struct cursor {
    const char *at, *end;
    bool bad;
} cursor;

static uint64_t get_number(cursor *c, size_t bytes)
{
    uint64_t value = 0;
    if ((size_t) (c->end - c->at) < bytes) {
        c->bad = true;
        return 0;
    }
    for (size_t i = 0; i < bytes; i++)
        value = value << 8 | (uint8_t) *c->at++;
    return value;
}

static kfpb_value get_value(cursor *c, const kfpsi_field *field, kfpb_arena *arena)
{
    double real;
    const uint64_t number = get_number(c, field->kind == KFPSI_KIND_TEXT ? 4 : 8);
    if (c->bad || (field->kind == KFPSI_KIND_TEXT && number > (size_t) (c->end - c->at))) {
        c->bad = true;
        return kfpb_null();
    }
    switch (field->kind) {
    case KFPSI_KIND_TEXT:
        c->at += number;
        return kfpb_textn(kfpb_arena_textn(arena, c->at - number, (size_t) number), (size_t) number);
    case KFPSI_KIND_NUMBER:
        memcpy(&real, &number, sizeof real);
        return kfpb_double(real);
    default:
        return kfpb_int((int64_t) number);
    }
}

static bool parse_condition(const kfpsi_fields *fields, cursor *c, size_t *left, kfpb_arena *arena,
                            kfpsi_condition *out)
{
    const char *begin = c->at;
    const int32_t operation = (int32_t) get_number(c, 1);
    const size_t number = (size_t) get_number(c, 1);
    const size_t count = (size_t) get_number(c, 4);
    if (c->bad || rank(operation) == 0 || number >= fields->count || count > *left)
        return false;
    const kfpsi_field *field = &fields->items[number];
    if (field->kind == KFPSI_KIND_JSON || kfpsi_field_index(fields, field) != number ||
        !takes_operation(field, operation) || (operation != KFPS_OP_IN && count != 1))
        return false;
    *left -= count;
    kfpb_value *values = kfpb_arena_array(arena, count, sizeof *values);
    for (size_t i = 0; values != NULL && i < count && !c->bad; i++) {
        values[i] = get_value(c, field, arena);
        c->bad |= !value_fits(field, &values[i]);
    }
    *out = (kfpsi_condition){.field = field, .operation = operation, .values = values, .count = count};
    out->bytes = begin;
    out->length = (size_t) (c->at - begin);
    return values != NULL && !c->bad;
}

bool kfpsi_filter_parse(const kfpsi_fields *fields, const char *bytes, size_t length, kfpb_arena *arena,
                        kfpsi_filter *out)
{
    cursor c = {.at = bytes, .end = bytes + length};
    size_t left = KFPSI_FILTER_VALUES;
    *out = (kfpsi_filter){0};
    if (length == 0)
        return true;
    out->items = kfpb_arena_array(arena, KFPSI_FILTER_PREDICATES, sizeof *out->items);
    if (out->items == NULL)
        return false;
    while (c.at < c.end) {
        if (out->count == KFPSI_FILTER_PREDICATES ||
            !parse_condition(fields, &c, &left, arena, &out->items[out->count]))
            return false;
        out->count++;
    }
    return true;
}

bool kfpsi_filter_equal(const kfpsi_filter *a, const kfpsi_filter *b)
{
    bool equal = a->count == b->count;
    for (size_t i = 0; equal && i < a->count; i++)
        equal = a->items[i].length == b->items[i].length &&
                memcmp(a->items[i].bytes, b->items[i].bytes, a->items[i].length) == 0;
    return equal;
}

/* ---- the whole ----------------------------------------------------------------------------------------------------
 */

static int by_bytes(const void *a, const void *b)
{
    const kfpsi_condition *x = a, *y = b;
    const size_t shorter = x->length < y->length ? x->length : y->length;
    const int order = memcmp(x->bytes, y->bytes, shorter);
    return order != 0 ? order : (x->length > y->length) - (x->length < y->length);
}

kfps_status kfpsi_filter_read(const kfpsi_fields *fields, const kfps_page *page, kfpb_arena *arena, kfpsi_filter *out,
                              kfps_error *error)
{
    kfps_predicate *predicates = NULL;
    size_t count = 0, left = KFPSI_FILTER_VALUES;
    kfps_status status = KFPS_OK;
    *out = (kfpsi_filter){0};
    if (page->predicates == NULL && page->predicate_count > 0)
        return kfpb_fail(error, KFPS_INVALID, "page: predicates is NULL");
    if (page->predicate_count > KFPSI_FILTER_PREDICATES)
        return kfpb_fail(error, KFPS_INVALID, "filter: more than %d predicates", KFPSI_FILTER_PREDICATES);
    if (page->filter_json != NULL)
        status = kfpsi_filter_json(page->filter_json, arena, &predicates, &count, error);
    const size_t total = count + page->predicate_count;
    if (status != KFPS_OK || total == 0)
        return status;
    if (total > KFPSI_FILTER_PREDICATES)
        return kfpb_fail(error, KFPS_INVALID, "filter: more than %d predicates", KFPSI_FILTER_PREDICATES);
    out->items = kfpb_arena_array(arena, total, sizeof *out->items);
    if (out->items == NULL)
        return kfpb_fail_no_memory(error);
    for (size_t i = 0; status == KFPS_OK && i < total; i++) {
        const bool json = i < count;
        const size_t index = json ? i : i - count;
        status = take_predicate(fields, json ? &predicates[index] : &page->predicates[index], index, &left, arena,
                                &out->items[i], error);
        if (status == KFPS_OK)
            status = encode(fields, &out->items[i], arena, error);
    }
    out->count = total;
    if (status == KFPS_OK)
        qsort(out->items, total, sizeof *out->items, by_bytes);
    return status;
}
