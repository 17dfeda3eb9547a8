/* SPDX-License-Identifier: Apache-2.0 */
#include "libkfpstore/canonical_json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "backends/base/fail.h"

/* Deeper values exist only in hostile input; the limit bounds the recursion. */
enum { MAX_DEPTH = 512 };

typedef struct writer {
    kfpsi_numbers numbers;
    kfpb_text *out;
    kfps_error *error;
} writer;

static kfps_status write_value(const writer *w, const json_t *json, int depth);

/* Go prints a float64 without exponent unless it is below 1e-6 or at least 1e21, with the fewest digits that read back.
 */
static void write_double(kfpb_text *out, double value)
{
    if (fabs(value) < 1e15 && value == trunc(value) && value != 0) {
        kfpb_text_int(out, (int64_t) value);
        return;
    }
    char shortest[KFPB_DOUBLE_SIZE];
    kfpb_format_double(value, shortest);

    /* take the shortest form apart: sign, digits, decimal exponent */
    const char *s = shortest;
    if (*s == '-') {
        kfpb_text_char(out, '-');
        s++;
    }
    char digits[KFPB_DOUBLE_SIZE];
    int count = 0, point = -1, exponent = 0;
    for (; *s != '\0' && *s != 'e'; s++) {
        if (*s == '.')
            point = count;
        else
            digits[count++] = *s;
    }
    if (point < 0)
        point = count;
    if (*s == 'e')
        exponent = (int) strtol(s + 1, NULL, 10);
    int lead = 0;
    while (lead < count - 1 && digits[lead] == '0')
        lead++;
    const char *d = digits + lead;
    int n = count - lead;
    while (n > 1 && d[n - 1] == '0')
        n--;
    exponent += point - lead; /* the value is 0.d1d2… * 10^exponent */

    const double magnitude = fabs(value);
    if (magnitude != 0 && (magnitude < 1e-6 || magnitude >= 1e21)) {
        kfpb_text_char(out, d[0]);
        if (n > 1) {
            kfpb_text_char(out, '.');
            kfpb_text_addn(out, d + 1, (size_t) n - 1);
        }
        kfpb_text_printf(out, exponent - 1 < 0 ? "e-%d" : "e+%d", abs(exponent - 1));
        return;
    }
    if (magnitude == 0) {
        kfpb_text_char(out, '0');
        return;
    }
    if (exponent <= 0) {
        kfpb_text_add(out, "0.");
        for (int i = exponent; i < 0; i++)
            kfpb_text_char(out, '0');
        kfpb_text_addn(out, d, (size_t) n);
        return;
    }
    for (int i = 0; i < n; i++) {
        if (i == exponent)
            kfpb_text_char(out, '.');
        kfpb_text_char(out, d[i]);
    }
    for (int i = n; i < exponent; i++)
        kfpb_text_char(out, '0');
}

/* How Go's encoder writes a byte of a text; NULL: as it is. 0xe2 may begin one of the characters below. */
static const char *const escapes[256] = {
    [0x00] = "\\u0000", [0x01] = "\\u0001", [0x02] = "\\u0002", [0x03] = "\\u0003", [0x04] = "\\u0004",
    [0x05] = "\\u0005", [0x06] = "\\u0006", [0x07] = "\\u0007", ['\b'] = "\\b",     ['\t'] = "\\t",
    ['\n'] = "\\n",     [0x0b] = "\\u000b", ['\f'] = "\\f",     ['\r'] = "\\r",     [0x0e] = "\\u000e",
    [0x0f] = "\\u000f", [0x10] = "\\u0010", [0x11] = "\\u0011", [0x12] = "\\u0012", [0x13] = "\\u0013",
    [0x14] = "\\u0014", [0x15] = "\\u0015", [0x16] = "\\u0016", [0x17] = "\\u0017", [0x18] = "\\u0018",
    [0x19] = "\\u0019", [0x1a] = "\\u001a", [0x1b] = "\\u001b", [0x1c] = "\\u001c", [0x1d] = "\\u001d",
    [0x1e] = "\\u001e", [0x1f] = "\\u001f", ['"'] = "\\\"",     ['\\'] = "\\\\",    ['<'] = "\\u003c",
    ['>'] = "\\u003e",  ['&'] = "\\u0026",  [0xe2] = "",
};

/* U+2028 and U+2029, which end lines in JavaScript. */
static const char *line_end(const char *s, size_t length)
{
    if (length >= 3 && memcmp(s, "\xe2\x80\xa8", 3) == 0)
        return "\\u2028";
    return length >= 3 && memcmp(s, "\xe2\x80\xa9", 3) == 0 ? "\\u2029" : NULL;
}

static void write_string(kfpb_text *out, const char *s, size_t length)
{
    kfpb_text_char(out, '"');
    size_t plain = 0; /* start of the bytes not yet written */
    for (size_t i = 0; i < length; i++) {
        const char *escape = escapes[(unsigned char) s[i]];
        if (escape == NULL)
            continue;
        const bool wide = escape[0] == '\0';
        if (wide)
            escape = line_end(s + i, length - i);
        if (escape == NULL)
            continue;
        kfpb_text_addn(out, s + plain, i - plain);
        kfpb_text_add(out, escape);
        i += wide ? 2 : 0;
        plain = i + 1;
    }
    kfpb_text_addn(out, s + plain, length - plain);
    kfpb_text_char(out, '"');
}

typedef struct member {
    const char *key;
    const json_t *value;
} member;

static int compare_members(const void *a, const void *b)
{
    return strcmp(((const member *) a)->key, ((const member *) b)->key);
}

static kfps_status write_object(const writer *w, const json_t *json, int depth)
{
    const size_t count = json_object_size(json);
    kfps_status status = KFPS_OK;
    member *members = NULL;
    if (count > 0) {
        members = malloc(count * sizeof *members);
        if (members == NULL)
            return kfpb_fail_no_memory(w->error);
    }
    size_t n = 0;
    bool sorted = true; /* as it mostly was written */
    /* jansson's iterators take a non-const object but do not change it */
    json_t *object = (json_t *) (uintptr_t) json;
    for (void *it = json_object_iter(object); it != NULL && n < count; it = json_object_iter_next(object, it)) {
        members[n] = (member){json_object_iter_key(it), json_object_iter_value(it)};
        sorted = sorted && (n == 0 || compare_members(&members[n - 1], &members[n]) < 0);
        n++;
    }
    if (!sorted)
        qsort(members, n, sizeof *members, compare_members);
    kfpb_text_char(w->out, '{');
    for (size_t i = 0; i < n && status == KFPS_OK; i++) {
        if (i > 0)
            kfpb_text_char(w->out, ',');
        write_string(w->out, members[i].key, strlen(members[i].key));
        kfpb_text_char(w->out, ':');
        status = write_value(w, members[i].value, depth + 1);
    }
    kfpb_text_char(w->out, '}');
    free(members);
    return status;
}

static kfps_status write_array(const writer *w, const json_t *json, int depth)
{
    kfps_status status = KFPS_OK;
    kfpb_text_char(w->out, '[');
    for (size_t i = 0; i < json_array_size(json) && status == KFPS_OK; i++) {
        if (i > 0)
            kfpb_text_char(w->out, ',');
        status = write_value(w, json_array_get(json, i), depth + 1);
    }
    kfpb_text_char(w->out, ']');
    return status;
}

static kfps_status write_value(const writer *w, const json_t *json, int depth)
{
    if (depth > MAX_DEPTH)
        return kfpb_fail(w->error, KFPS_INVALID, "JSON is nested deeper than %d levels", MAX_DEPTH);
    switch (json_typeof(json)) {
    case JSON_OBJECT:
        return write_object(w, json, depth);
    case JSON_ARRAY:
        return write_array(w, json, depth);
    case JSON_STRING:
        write_string(w->out, json_string_value(json), json_string_length(json));
        break;
    case JSON_INTEGER:
        if (w->numbers == KFPSI_NUMBERS_EXACT)
            kfpb_text_int(w->out, json_integer_value(json));
        else
            write_double(w->out, (double) json_integer_value(json));
        break;
    case JSON_REAL:
        write_double(w->out, json_real_value(json));
        break;
    case JSON_TRUE:
        kfpb_text_add(w->out, "true");
        break;
    case JSON_FALSE:
        kfpb_text_add(w->out, "false");
        break;
    case JSON_NULL:
        kfpb_text_add(w->out, "null");
        break;
    }
    return KFPS_OK;
}

kfps_status kfpsi_canonical_json(const json_t *json, kfpsi_numbers numbers, kfpb_text *out, kfps_error *error)
{
    const writer w = {numbers, out, error};
    const kfps_status status = write_value(&w, json, 0);
    if (status != KFPS_OK)
        return status;
    return out->out_of_memory ? kfpb_fail_no_memory(error) : KFPS_OK;
}
