/* SPDX-License-Identifier: Apache-2.0 */
/* words.h: SQL text word by word. Private to schema/. */
#ifndef KFPSCHEMA_WORDS_H
#define KFPSCHEMA_WORDS_H

#include <stddef.h>

/* Reads the next word, quoted name (without its quotes) or single sign into `word`, cut to its size; returns where to
 * go on, NULL at the end of the text. */
const char *schema_read_word(const char *at, char *word, size_t size);

#endif
