/* SPDX-License-Identifier: Apache-2.0 */
/* json_text.h: JSON text of callers and of databases: parsing it, and looking at it before it is stored as it is. */
#ifndef KFPSI_JSON_TEXT_H
#define KFPSI_JSON_TEXT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "kfpstore/error.h"

typedef enum kfpsi_json_kind { KFPSI_JSON_ANY, KFPSI_JSON_OBJECT, KFPSI_JSON_ARRAY } kfpsi_json_kind;

/* jansson's flags for any value as upstream's maps hold it: numbers are float64, so that no integer is refused for its
 * length. */
enum { KFPSI_JSON_FLOAT64 = JSON_DECODE_ANY | JSON_DECODE_INT_AS_REAL | JSON_ALLOW_NUL };

/* Parses a text; an integer beyond 64 bits makes all integers float64, as they are to upstream. `flags` are jansson's.
 * KFPS_INVALID (the place is in *where, which may be NULL) or KFPS_NO_MEMORY; no message is made. */
kfps_status kfpsi_json_load(const char *text, size_t length, size_t flags, json_t **out, json_error_t *where);

/* Of the object `{"name":"text"}`, the text and its length, where that is printable ASCII without escapes; NULL: of
 * anything else, which the parser reads. For producers, most of which are such objects: one call of the parser made a
 * look-up of 120 us on MariaDB 3.7 us longer. */
const char *kfpsi_json_lone_text(const char *json, const char *name, size_t *length);

/* What a parser does not look at that wants an array: no other JSON begins so, and it is not too deep for it. */
bool kfpsi_json_begins_an_array(const char *text, int max_depth);

/*
 * Whether every engine stores the text. NULL is no text, and fine; "" is not JSON. Integers may have any number of
 * digits (the engine keeps or rounds them); numbers beyond a double's range, lone surrogates and U+0000 in a key are
 * refused. `max_depth`: conn->limits.json_depth.
 * KFPS_INVALID names `what` (such as "metadata_json") and the element of the batch, never the text. KFPS_NO_MEMORY.
 */
kfps_status kfpsi_json_check(const char *text, kfpsi_json_kind kind, int max_depth, const char *what, size_t element,
                             kfps_error *error);
/* The same, and *out is what the text says, with every number as a float64: the caller's, NULL without a text. */
kfps_status kfpsi_json_parse(const char *text, kfpsi_json_kind kind, int max_depth, const char *what, size_t element,
                             json_t **out, kfps_error *error);

#endif
