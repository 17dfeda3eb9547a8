/* SPDX-License-Identifier: Apache-2.0 */
/*
 * entities.h: contexts, executions and artifacts are rows of one form: an id, a type, a name, times, properties.
 */
#ifndef MLMD_ENTITIES_H
#define MLMD_ENTITIES_H

#include "migrate/source/internal.h"

typedef enum mlmd_entity_kind { MLMD_CONTEXTS, MLMD_EXECUTIONS, MLMD_ARTIFACTS } mlmd_entity_kind;

/* What there is to note about one property: mlmd_text_flag of the name, and of the value shifted; and these. */
enum { MLMD_VALUE_SHIFT = 3, MLMD_PROPERTY_NULL = 1 << 6, MLMD_PROPERTY_SEVERAL = 1 << 7 };

typedef struct mlmd_entity {
    int64_t id; /* first: sorted by it */
    int64_t type_id;
    const char *type;
    const char *name; /* nullable */
    const char *uri;  /* nullable; of artifacts */
    int64_t create_ms, update_ms;
    int state;
    bool state_known;
    unsigned name_flags, uri_flags;
    mlmd_properties properties;
    const uint8_t *property_flags; /* one for each, or NULL: nothing to note */
} mlmd_entity;

/* A property whose owner is not there. */
typedef struct mlmd_orphan {
    int64_t owner; /* first: sorted by it */
    const char *name;
} mlmd_orphan;

/* {0} is empty. */
typedef struct mlmd_entities {
    mlmd_entity *items; /* by id */
    size_t count, capacity;
    mlmd_orphan *orphans;
    size_t orphan_count, orphan_capacity;
} mlmd_entities;

void mlmd_entities_free(mlmd_entities *entities);
const mlmd_entity *mlmd_entities_find(const mlmd_entities *entities, int64_t id);

/* Adds the rows with these ids (sorted; none is there yet) and their properties. The few properties that say what a
 * producer is and where it stands are enough for `few`. Texts live in the arena. */
kfps_status mlmd_entities_read(mlmd_source *source, mlmd_entity_kind kind, const mlmd_ids *ids, bool few,
                               kfpb_arena *arena, mlmd_entities *entities, kfps_error *error);

/* properties.c */
kfps_status mlmd_properties_read(mlmd_source *source, mlmd_entity_kind kind, const mlmd_ids *ids, bool few,
                                 kfpb_arena *arena, mlmd_entities *entities, kfps_error *error);
/* Is it one of the few? */
bool mlmd_property_is_placing(const char *name);
const char *mlmd_entity_noun(mlmd_entity_kind kind);

#endif
