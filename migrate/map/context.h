/* SPDX-License-Identifier: Apache-2.0 */
/*
 * context.h: what every step of the mapping has at hand, and the few helpers that all of them need.
 *
 * Running out of memory is not handled where it happens: the arena's flag remembers it, every helper goes on with a
 * harmless value, and map_run looks at the flag at its end.
 */
#ifndef KFPM_MAP_CONTEXT_H
#define KFPM_MAP_CONTEXT_H

#include <jansson.h>

#include "backends/base/text.h"
#include "migrate/map/map.h"

typedef struct map_context {
    const mlmd_run *run;
    const map_target *target;
    const map_options *options;
    kfpb_arena *arena;
    note_list *notes; /* NULL: rows of other runs are looked at, about which nothing is said */
    kfpb_text text;   /* scratch */
    int json_levels;  /* nested objects and arrays that the target takes */
} map_context;

void map_note(map_context *context, note_reason reason, const char *kind, int64_t id, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

/* JSON. `json` and `value` are taken over, whatever happens; NULL stands for "no memory" and is remembered. */
void map_json_set(map_context *context, json_t *object, const char *key, json_t *value);
void map_json_append(map_context *context, json_t *array, json_t *value);
/* The canonical text in the arena. */
const char *map_json_text(map_context *context, json_t *json);

/* The custom property of that name, else the typed one, else NULL. */
const mlmd_property *map_property(const mlmd_properties *properties, const char *name);
/* The text of a property that is text; NULL otherwise. */
const char *map_property_text(const mlmd_properties *properties, const char *name);
/* Whether the property is an integer, and its value. */
bool map_property_integer(const mlmd_properties *properties, const char *name, int64_t *value);

/* Milliseconds to seconds. 0 where there is no time; a time that cannot be one is replaced and noted. */
int64_t map_seconds(map_context *context, int64_t ms, const char *kind, int64_t id);

#endif
