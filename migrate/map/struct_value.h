/* SPDX-License-Identifier: Apache-2.0 */
/*
 * struct_value.h: MLMD keeps nested values as "mlmd-struct::" and the base64 of a serialised google.protobuf.Struct.
 * A strict reader of that form: anything that protobuf's own writers do not write is refused as a whole.
 */
#ifndef KFPM_STRUCT_VALUE_H
#define KFPM_STRUCT_VALUE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Objects and arrays inside each other; also the bound of the reader's recursion. */
enum { STRUCT_VALUE_LEVELS = 512 };

typedef enum struct_value_status { STRUCT_VALUE_OK, STRUCT_VALUE_BAD, STRUCT_VALUE_NO_MEMORY } struct_value_status;

/* What had to be altered. */
typedef struct struct_value_facts {
    bool nul_dropped;  /* NUL characters inside texts or keys */
    bool not_a_number; /* NaN and the infinities became the texts NaN, Infinity and -Infinity */
} struct_value_facts;

/* Whether the text has the prefix. */
bool struct_value_is(const char *text);
/* Decodes such a text into a new JSON object. Of equal keys the last one counts; a value without a kind is null.
 * `facts` is written in any case. */
struct_value_status struct_value_decode(const char *text, json_t **out, struct_value_facts *facts);
/* The same from the serialised bytes. */
struct_value_status struct_value_parse(const uint8_t *bytes, size_t length, json_t **out, struct_value_facts *facts);

#endif
