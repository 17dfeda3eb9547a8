/* SPDX-License-Identifier: Apache-2.0 */
/* audit_parts.h: what the two files of the second reading share. */
#ifndef MLMD_AUDIT_PARTS_H
#define MLMD_AUDIT_PARTS_H

#include "migrate/source/audit.h"
#include "migrate/source/internal.h"

typedef struct audit_reading {
    mlmd_source *source;
    kfpb_arena *arena;
    mlmd_audit *out;
    int64_t *ids; /* of what is read next */
    size_t id_count;
    size_t capacity; /* of the list that is growing */
} audit_reading;

/* The array with room for one more item, in the arena; NULL without memory. */
void *mlmd_audit_grow(kfpb_arena *arena, void *items, size_t *capacity, size_t count, size_t size);
/* `text`, the list of the ids, `more`: a statement for each chunk of ids. */
kfps_status mlmd_audit_select(mlmd_source *source, const char *text, const char *more, const int64_t *ids, size_t count,
                              mlmd_see_row see, void *context, kfps_error *error);

/* audit_properties.c */
kfps_status mlmd_audit_properties(audit_reading *r, kfps_error *error);
kfps_status mlmd_audit_metrics(audit_reading *r, kfps_error *error);

#endif
