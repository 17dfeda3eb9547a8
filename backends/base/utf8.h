/* SPDX-License-Identifier: Apache-2.0 */
/* utf8.h: the few questions about UTF-8 that are asked everywhere. */
#ifndef KFPB_UTF8_H
#define KFPB_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* No overlong forms, no surrogates, nothing above U+10FFFF. NUL bytes are valid characters here. */
bool kfpb_utf8_valid(const char *text, size_t length);
/* Characters of a valid text. */
size_t kfpb_utf8_count(const char *text, size_t length);
/* The length without the beginning of a character at the end that was cut off. */
size_t kfpb_utf8_cut(const char *text, size_t length);

#endif
