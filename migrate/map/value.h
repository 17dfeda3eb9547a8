/* SPDX-License-Identifier: Apache-2.0 */
/* value.h: a property's value as JSON. Values are new references; NULL where memory ran out. */
#ifndef KFPM_MAP_VALUE_H
#define KFPM_MAP_VALUE_H

#include "migrate/map/context.h"

/* The row a property belongs to, for notes. */
typedef struct map_owner {
    const char *kind; /* "execution" or "artifact" */
    int64_t id;
} map_owner;

/* Any property. A Struct of one key `list` or `struct`, into which KFP wraps a user's list or dictionary, gives what is
 * inside. */
json_t *map_value(map_context *context, const mlmd_property *property, map_owner owner);

/* A property that must be a Struct. NULL also where it is none: that is noted. */
json_t *map_value_struct(map_context *context, const mlmd_property *property, map_owner owner);

/* The value itself, or, if it and the levels around it are deeper than the target takes, a JSON text of its compact
 * form. `value` is taken over. */
json_t *map_value_fit(map_context *context, json_t *value, int levels_around, map_owner owner, const char *key);

#endif
