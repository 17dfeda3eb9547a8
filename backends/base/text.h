/* SPDX-License-Identifier: Apache-2.0 */
/*
 * text.h: a growing text, and the locale-independent forms of numbers.
 */
#ifndef KFPB_TEXT_H
#define KFPB_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct kfpb_text {
    char *data; /* always NUL-terminated once something was added; NULL before */
    size_t length;
    size_t capacity;
    bool out_of_memory; /* sticky */
} kfpb_text;

/* A kfpb_text is initialised with {0}. */
void kfpb_text_free(kfpb_text *text);
/* Empties it and keeps the memory. */
void kfpb_text_clear(kfpb_text *text);
/* Shortens it to that many bytes. */
void kfpb_text_cut(kfpb_text *text, size_t length);
/* Makes room for that many further bytes; false (and out_of_memory) when there is none. */
bool kfpb_text_reserve(kfpb_text *text, size_t more);
void kfpb_text_add(kfpb_text *text, const char *s);
void kfpb_text_addn(kfpb_text *text, const char *s, size_t length);
void kfpb_text_char(kfpb_text *text, char c);
void kfpb_text_int(kfpb_text *text, int64_t value);
void kfpb_text_printf(kfpb_text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The content, "" while empty. */
const char *kfpb_text_get(const kfpb_text *text);

enum { KFPB_DOUBLE_SIZE = 32 };
/* The shortest decimal text that reads back as the same double, in the C locale whatever the process has set; "%g"-like
 * ("1", "0.1", "1e+21"); "inf", "-inf", "nan" for those. Returns the length. */
size_t kfpb_format_double(double value, char out[KFPB_DOUBLE_SIZE]);
/* Reads a double in the C locale; false unless the whole text is one. */
bool kfpb_parse_double(const char *s, double *value);
/* Reads a decimal int64; false on anything else, overflow included. */
bool kfpb_parse_int(const char *s, int64_t *value);

/* Two lower-case hexadecimal digits for each byte, and a NUL. */
void kfpb_hex(const uint8_t *bytes, size_t count, char *out);

#endif
