/* SPDX-License-Identifier: Apache-2.0 */
/* text.c: a growing text, and numbers as text whatever locale the process has set. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "backends/base/text.h"

#include <float.h>
#include <inttypes.h>
#include <locale.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the growing text -------------------------------------------------------------------------------------------- */

void kfpb_text_free(kfpb_text *text)
{
    free(text->data);
    *text = (kfpb_text){0};
}

void kfpb_text_clear(kfpb_text *text)
{
    text->length = 0;
    text->out_of_memory = false;
    if (text->data != NULL)
        text->data[0] = '\0';
}

void kfpb_text_cut(kfpb_text *text, size_t length)
{
    if (length < text->length) {
        text->length = length;
        text->data[length] = '\0';
    }
}

bool kfpb_text_reserve(kfpb_text *text, size_t more)
{
    if (text->out_of_memory)
        return false;
    if (more < text->capacity - text->length) /* one byte stays for the NUL */
        return true;
    size_t capacity = text->capacity < 64 ? 64 : text->capacity;
    size_t needed;
    if (__builtin_add_overflow(text->length + 1, more, &needed)) {
        text->out_of_memory = true;
        return false;
    }
    while (capacity < needed) {
        if (__builtin_add_overflow(capacity, capacity, &capacity))
            capacity = needed;
    }
    char *data = realloc(text->data, capacity);
    if (data == NULL) {
        text->out_of_memory = true;
        return false;
    }
    text->data = data;
    text->capacity = capacity;
    text->data[text->length] = '\0';
    return true;
}

/* The usual answer of kfpb_text_reserve without a call. */
static inline bool has_room(kfpb_text *text, size_t more)
{
    return (more < text->capacity - text->length && !text->out_of_memory) || kfpb_text_reserve(text, more);
}

void kfpb_text_addn(kfpb_text *text, const char *s, size_t length)
{
    if (!has_room(text, length))
        return;
    if (length > 0)
        memcpy(text->data + text->length, s, length);
    text->length += length;
    text->data[text->length] = '\0';
}

void kfpb_text_add(kfpb_text *text, const char *s)
{
    kfpb_text_addn(text, s, strlen(s));
}

void kfpb_text_char(kfpb_text *text, char c)
{
    if (!has_room(text, 1))
        return;
    text->data[text->length++] = c;
    text->data[text->length] = '\0';
}

void kfpb_text_int(kfpb_text *text, int64_t value)
{
    char digits[20]; /* and a sign are the longest */
    char *const end = digits + sizeof digits, *first = end;
    uint64_t rest = value < 0 ? 0 - (uint64_t) value : (uint64_t) value;
    do {
        *--first = (char) ('0' + rest % 10);
        rest /= 10;
    } while (rest > 0);
    if (value < 0)
        kfpb_text_char(text, '-');
    kfpb_text_addn(text, first, (size_t) (end - first));
}

void kfpb_text_printf(kfpb_text *text, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    const int length = vsnprintf(NULL, 0, format, list);
    va_end(list);
    if (length < 0) {
        text->out_of_memory = true;
        return;
    }
    if (!kfpb_text_reserve(text, (size_t) length))
        return;
    va_start(list, format);
    vsnprintf(text->data + text->length, (size_t) length + 1, format, list);
    va_end(list);
    text->length += (size_t) length;
}

const char *kfpb_text_get(const kfpb_text *text)
{
    return text->data != NULL ? text->data : "";
}

/* ---- numbers ----------------------------------------------------------------------------------------------------- */

/* strtod in the C locale. glibc's newlocale hands out a static object for "C", so this allocates nothing. */
static double read_double(const char *s, char **end)
{
    locale_t c = newlocale(LC_ALL_MASK, "C", (locale_t) 0);
    if (c == (locale_t) 0) {
        *end = (char *) s;
        return 0;
    }
    const double value = strtod_l(s, end, c);
    freelocale(c);
    return value;
}

/* Prints in the process's locale, then puts a point where that locale put something else. */
static size_t print_double(double value, int digits, bool all_digits, char out[KFPB_DOUBLE_SIZE])
{
    char local[KFPB_DOUBLE_SIZE + 16];
    snprintf(local, sizeof local, all_digits ? "%#.*g" : "%.*g", digits, value);
    size_t length = 0;
    bool point = false;
    for (const char *p = local; *p != '\0' && length + 1 < KFPB_DOUBLE_SIZE; p++) {
        if ((*p >= '0' && *p <= '9') || *p == '-' || *p == '+' || *p == 'e') {
            out[length++] = *p;
        } else if (!point) {
            out[length++] = '.';
            point = true;
        }
    }
    out[length] = '\0';
    return length;
}

/* The next decimal of the same number of digits, away from zero. */
static void next_decimal(char *text)
{
    char *end = text + strcspn(text, "e");
    while (end-- > text) {
        if (*end >= '0' && *end < '9') {
            ++*end;
            return;
        }
        if (*end == '9')
            *end = '0';
    }
}

size_t kfpb_format_double(double value, char out[KFPB_DOUBLE_SIZE])
{
    if (!isfinite(value)) {
        strcpy(out, isnan(value) ? "nan" : value < 0 ? "-inf" : "inf");
        return strlen(out);
    }
    /* Whole numbers are many, and quickly done. (-0 is none of them: its sign would be lost.) */
    if (fabs(value) < 1e15 && value == trunc(value) && value != 0)
        return (size_t) snprintf(out, KFPB_DOUBLE_SIZE, "%" PRId64, (int64_t) value);
    /* A normal double that has a form of at most 15 digits is printed in that form by %.15g; a subnormal may have a
     * shorter one. 17 digits always read back. */
    int digits = value == 0 || fabs(value) >= DBL_MIN ? 15 : 1;
    for (;; digits++) {
        char *end;
        const size_t length = print_double(value, digits, false, out);
        if (digits >= 17 || read_double(out, &end) == value)
            return length;
        /* At a power of two the doubles below lie closer than those above: the nearest 16 digits may read back as the
         * neighbour below although the next ones up read back right. */
        if (digits == 16) {
            print_double(value, digits, true, out);
            next_decimal(out);
            if (read_double(out, &end) == value)
                return strlen(out);
        }
    }
}

bool kfpb_parse_double(const char *s, double *value)
{
    const char *first = *s == '-' || *s == '+' ? s + 1 : s;
    /* strtod also takes blanks in front, hexadecimal and "nan(…)". */
    if (*first == '\0' || strchr(" \t\n\v\f\r+-", *first) != NULL || strpbrk(first, "xX(") != NULL)
        return false;
    char *end;
    const double parsed = read_double(s, &end);
    if (end == s || *end != '\0')
        return false;
    if (isinf(parsed) && (*first == '.' || (*first >= '0' && *first <= '9')))
        return false; /* digits that no double can hold */
    *value = parsed;
    return true;
}

bool kfpb_parse_int(const char *s, int64_t *value)
{
    const bool negative = *s == '-';
    const char *p = negative || *s == '+' ? s + 1 : s;
    if (*p == '\0')
        return false;
    int64_t sum = 0;
    for (; *p != '\0'; p++) {
        if (*p < '0' || *p > '9')
            return false;
        const int digit = *p - '0';
        if (__builtin_mul_overflow(sum, 10, &sum) || __builtin_sub_overflow(sum, digit, &sum))
            return false; /* built up below zero: the range there is one larger */
    }
    if (!negative && __builtin_sub_overflow(0, sum, &sum))
        return false;
    *value = sum;
    return true;
}

void kfpb_hex(const uint8_t *bytes, size_t count, char *out)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < count; i++) {
        out[2 * i] = digits[bytes[i] >> 4];
        out[2 * i + 1] = digits[bytes[i] & 15];
    }
    out[2 * count] = '\0';
}
