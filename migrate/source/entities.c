/* SPDX-License-Identifier: Apache-2.0 */
#include "migrate/source/entities.h"

#include <stdlib.h>

/* Where a kind's columns are in its select; -1: it has none. */
typedef struct kind_spec {
    const char *noun;
    mlmd_table table;
    int id, type, name, uri, state, created, updated;
} kind_spec;

static const kind_spec kinds[] = {
    [MLMD_CONTEXTS] = {"context", MLMD_T_CONTEXT, MLMD_CONTEXT_ID, MLMD_CONTEXT_TYPE, MLMD_CONTEXT_NAME, -1, -1,
                       MLMD_CONTEXT_CREATED, MLMD_CONTEXT_UPDATED},
    [MLMD_EXECUTIONS] = {"execution", MLMD_T_EXECUTION, MLMD_EXECUTION_ID, MLMD_EXECUTION_TYPE, MLMD_EXECUTION_NAME, -1,
                         MLMD_EXECUTION_STATE, MLMD_EXECUTION_CREATED, MLMD_EXECUTION_UPDATED},
    [MLMD_ARTIFACTS] = {"artifact", MLMD_T_ARTIFACT, MLMD_ARTIFACT_ID, MLMD_ARTIFACT_TYPE, MLMD_ARTIFACT_NAME,
                        MLMD_ARTIFACT_URI, MLMD_ARTIFACT_STATE, MLMD_ARTIFACT_CREATED, MLMD_ARTIFACT_UPDATED},
};

const char *mlmd_entity_noun(mlmd_entity_kind kind)
{
    return kinds[kind].noun;
}

void mlmd_entities_free(mlmd_entities *entities)
{
    free(entities->items);
    free(entities->orphans);
    *entities = (mlmd_entities){0};
}

const mlmd_entity *mlmd_entities_find(const mlmd_entities *entities, int64_t id)
{
    return mlmd_find(entities->items, entities->count, sizeof *entities->items, id);
}

typedef struct reading {
    const mlmd_source *source;
    const kind_spec *kind;
    kfpb_arena *arena;
    mlmd_entities *entities;
} reading;

static bool see_entity(void *context, const kfpb_rows *rows)
{
    reading *r = context;
    mlmd_entities *entities = r->entities;
    void *items = entities->items;

    if (!mlmd_grow(&items, &entities->capacity, entities->count, sizeof *entities->items))
        return false;
    entities->items = items;
    mlmd_entity *entity = &entities->items[entities->count++];
    *entity = (mlmd_entity){
        .id = kfpb_get_int(rows, (size_t) r->kind->id),
        .type_id = kfpb_get_int(rows, (size_t) r->kind->type),
        .create_ms = kfpb_get_int(rows, (size_t) r->kind->created),
        .update_ms = kfpb_get_int(rows, (size_t) r->kind->updated),
    };
    entity->name = mlmd_row_text(r->source, rows, (size_t) r->kind->name, r->arena, &entity->name_flags);
    if (r->kind->uri >= 0)
        entity->uri = mlmd_row_text(r->source, rows, (size_t) r->kind->uri, r->arena, &entity->uri_flags);
    if (r->kind->state >= 0 && !kfpb_is_null(rows, (size_t) r->kind->state)) {
        int64_t state = kfpb_get_int(rows, (size_t) r->kind->state);
        entity->state = state >= 0 && state <= INT32_MAX ? (int) state : INT32_MAX; /* no state that MLMD defines */
        entity->state_known = true;
    }
    return !r->arena->out_of_memory;
}

/* A type that came into being after the types were read is read now. */
static kfps_status name_types(mlmd_source *source, mlmd_entities *entities, kfps_error *error)
{
    bool again = true;

    for (size_t i = 0; i < entities->count; i++) {
        mlmd_entity *entity = &entities->items[i];
        if (entity->type != NULL)
            continue;
        if (again && mlmd_type_find(source, entity->type_id) == NULL) {
            again = false;
            kfps_status status = mlmd_types_read(source, error);
            if (status != KFPS_OK)
                return status;
        }
        entity->type = mlmd_type_name(source, entity->type_id);
    }
    return KFPS_OK;
}

kfps_status mlmd_entities_read(mlmd_source *source, mlmd_entity_kind kind, const mlmd_ids *ids, bool few,
                               kfpb_arena *arena, mlmd_entities *entities, kfps_error *error)
{
    const mlmd_selection selection = {kinds[kind].table, kinds[kind].id, NULL, MLMD_CHUNK_TEXT};
    reading r = {.source = source, .kind = &kinds[kind], .arena = arena, .entities = entities};

    kfps_status status = mlmd_select_rows(source, &selection, ids, see_entity, &r, error);
    if (status == KFPS_OK)
        status = name_types(source, entities, error);
    if (status != KFPS_OK)
        return status;
    if (entities->count > 0)
        qsort(entities->items, entities->count, sizeof *entities->items, mlmd_compare_ids);
    return mlmd_properties_read(source, kind, ids, few, arena, entities, error);
}
