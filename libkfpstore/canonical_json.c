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

static const char *short_escape(unsigned char c)
{
    switch (c) {
    case '"':
        return "\\\"";
    case '\\':
        return "\\\\";
    case '\b':
        return "\\b";
    case '\f':
        return "\\f";
    case '\n':
        return "\\n";
    case '\r':
        return "\\r";
    case '\t':
        return "\\t";
    default:
        return NULL;
    }
}

static void write_string(kfpb_text *out, const char *s, size_t length)
{
    kfpb_text_char(out, '"');
    size_t plain = 0; /* start of the bytes not yet written */
    for (size_t i = 0; i < length;) {
        const unsigned char c = (unsigned char) s[i];
        if (c >= 0x20 && c != '"' && c != '\\' && c != '<' && c != '>' && c != '&' && c != 0xe2) {
            i++;
            continue;
        }
        size_t width = 1;
        const char *escape = short_escape(c);
        char buffer[8];
        if (escape == NULL && (c < 0x20 || c == '<' || c == '>' || c == '&')) {
            snprintf(buffer, sizeof buffer, "\\u%04x", c);
            escape = buffer;
        } else if (c == 0xe2 && i + 2 < length && (unsigned char) s[i + 1] == 0x80 &&
                   ((unsigned char) s[i + 2] & 0xfe) == 0xa8) {
            /* U+2028 and U+2029 end lines in JavaScript */
            escape = (unsigned char) s[i + 2] == 0xa8 ? "\\u2028" : "\\u2029";
            width = 3;
        }
        if (escape != NULL) {
            kfpb_text_addn(out, s + plain, i - plain);
            kfpb_text_add(out, escape);
            plain = i + width;
        }
        i += width;
    }
    kfpb_text_addn(out, s + plain, length - plain);
    kfpb_text_char(out, '"');
}

static int compare_keys(const void *a, const void *b)
{
    return strcmp(*(const char *const *) a, *(const char *const *) b);
}

static kfps_status write_object(const writer *w, const json_t *json, int depth)
{
    const size_t count = json_object_size(json);
    kfps_status status = KFPS_OK;
    const char **keys = NULL;
    if (count > 0) {
        keys = malloc(count * sizeof *keys);
        if (keys == NULL)
            return kfpb_fail_no_memory(w->error);
    }
    size_t n = 0;
    /* jansson's iterators take a non-const object but do not change it */
    json_t *object = (json_t *) (uintptr_t) json;
    for (void *it = json_object_iter(object); it != NULL && n < count; it = json_object_iter_next(object, it))
        keys[n++] = json_object_iter_key(it);
    if (n > 1)
        qsort(keys, n, sizeof *keys, compare_keys);
    kfpb_text_char(w->out, '{');
    for (size_t i = 0; i < n && status == KFPS_OK; i++) {
        if (i > 0)
            kfpb_text_char(w->out, ',');
        write_string(w->out, keys[i], strlen(keys[i]));
        kfpb_text_char(w->out, ':');
        status = write_value(w, json_object_get(json, keys[i]), depth + 1);
    }
    kfpb_text_char(w->out, '}');
    free(keys);
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
