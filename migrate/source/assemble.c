/* SPDX-License-Identifier: Apache-2.0 */
/* assemble.c: one run out of a group's rows, with what there is to note about them. */
#include "migrate/source/group.h"

#include <inttypes.h>

typedef struct assembly {
    const mlmd_group *group;
    const mlmd_group_run *part;
    mlmd_run *run;
    kfpb_arena *arena;
} assembly;

/* ---- notes --------------------------------------------------------------------------------------------------------
 */

static void note_entity(assembly *a, const mlmd_entity *entity, mlmd_entity_kind kind)
{
    const char *noun = mlmd_entity_noun(kind);
    note_list *notes = &a->run->notes;

    mlmd_text_notes(notes, a->arena, entity->name_flags, noun, entity->id, "name");
    mlmd_text_notes(notes, a->arena, entity->uri_flags, noun, entity->id, "uri");
    for (size_t i = 0; i < entity->properties.count; i++) {
        unsigned flags = entity->property_flags[i];
        const char *name = entity->properties.items[i].name;
        if (flags == 0)
            continue;
        mlmd_text_notes(notes, a->arena, flags & ((1u << MLMD_VALUE_SHIFT) - 1), noun, entity->id,
                        kfpb_arena_printf(a->arena, "name of property %s", name));
        mlmd_text_notes(notes, a->arena, flags >> MLMD_VALUE_SHIFT, noun, entity->id,
                        kfpb_arena_printf(a->arena, "property %s", name));
        if (flags & MLMD_PROPERTY_NULL)
            note_add(notes, a->arena, NOTE_NULL_PROPERTY, noun, entity->id,
                     kfpb_arena_printf(a->arena, "property %s", name));
        if (flags & MLMD_PROPERTY_SEVERAL)
            note_add(notes, a->arena, NOTE_SEVERAL_VALUES, noun, entity->id,
                     kfpb_arena_printf(a->arena, "property %s", name));
    }
}

/* Properties whose owner, named by this run's rows, is not there. */
static void note_orphans(assembly *a, const mlmd_entities *entities, mlmd_entity_kind kind, int64_t id)
{
    size_t from = mlmd_lower_bound(entities->orphans, entities->orphan_count, sizeof *entities->orphans, id), to = from;

    while (to < entities->orphan_count && entities->orphans[to].owner == id)
        to++;
    if (to > from)
        note_add(&a->run->notes, a->arena, NOTE_DANGLING_ROW, mlmd_entity_noun(kind), id,
                 kfpb_arena_printf(a->arena, "properties of a missing %s: %zu, %s the first", mlmd_entity_noun(kind),
                                   to - from, entities->orphans[from].name));
}

/* ---- executions ---------------------------------------------------------------------------------------------------
 */

static mlmd_execution execution_of(const mlmd_entity *entity)
{
    return (mlmd_execution){
        .id = entity->id,
        .type = entity->type,
        .name = entity->name,
        .state = entity->state,
        .state_known = entity->state_known,
        .create_ms = entity->create_ms,
        .update_ms = entity->update_ms,
        .properties = entity->properties,
    };
}

static bool take_executions(assembly *a)
{
    const mlmd_ids *ids = &a->part->executions;
    mlmd_execution *items = kfpb_arena_array(a->arena, ids->count, sizeof *items);

    if (items == NULL)
        return false;
    for (size_t i = 0; i < ids->count; i++) {
        const mlmd_entity *entity = mlmd_entities_find(&a->group->executions, ids->items[i]);
        if (entity != NULL) {
            items[a->run->execution_count++] = execution_of(entity);
            note_entity(a, entity, MLMD_EXECUTIONS);
        } else {
            note_add(&a->run->notes, a->arena, NOTE_DANGLING_ROW, "execution", ids->items[i],
                     "association of a missing execution");
            note_orphans(a, &a->group->executions, MLMD_EXECUTIONS, ids->items[i]);
        }
    }
    a->run->executions = items;
    return true;
}

/* The same whether it is in this group or not: otherwise a run would look different in different groups. */
static bool take_placing(kfpb_arena *arena, mlmd_properties *properties)
{
    mlmd_property *few = kfpb_arena_array(arena, properties->count, sizeof *few);
    size_t count = 0;

    if (few == NULL)
        return false;
    for (size_t i = 0; i < properties->count; i++) {
        if (mlmd_property_is_placing(properties->items[i].name))
            few[count++] = properties->items[i];
    }
    *properties = (mlmd_properties){.items = few, .count = count};
    return true;
}

/* The chosen executions and their ancestors, up to the run itself if one of them is in it. */
static bool foreign_ids(const assembly *a, mlmd_ids *ids)
{
    for (size_t i = 0; i < a->part->output_count; i++) {
        int64_t id = a->group->outputs.items[a->part->outputs[i]].execution_id;
        for (int depth = 0; depth <= MLMD_MAX_DEPTH; depth++) {
            const mlmd_entity *entity = mlmd_group_execution(a->group, id);
            if (entity == NULL || mlmd_ids_has(&a->part->executions, id))
                break;
            if (!mlmd_ids_add(ids, id))
                return false;
            if (!mlmd_parent_of(entity, &id))
                break;
        }
    }
    mlmd_ids_sort(ids);
    return true;
}

static bool take_foreign(assembly *a)
{
    mlmd_ids ids = {0};
    mlmd_execution *items = NULL;
    bool ok = foreign_ids(a, &ids) && (items = kfpb_arena_array(a->arena, ids.count, sizeof *items)) != NULL;

    for (size_t i = 0; i < ids.count && ok; i++) {
        items[i] = execution_of(mlmd_group_execution(a->group, ids.items[i]));
        items[i].foreign = true;
        ok = take_placing(a->arena, &items[i].properties);
    }
    a->run->foreign = items;
    a->run->foreign_count = ok ? ids.count : 0;
    mlmd_ids_free(&ids);
    return ok;
}

/* ---- artifacts and events -----------------------------------------------------------------------------------------
 */

static bool take_artifacts(assembly *a)
{
    const mlmd_ids *ids = &a->part->artifacts;
    mlmd_artifact *items = kfpb_arena_array(a->arena, ids->count, sizeof *items);

    if (items == NULL)
        return false;
    for (size_t i = 0; i < ids->count; i++) {
        const mlmd_entity *entity = mlmd_entities_find(&a->group->artifacts, ids->items[i]);
        if (entity == NULL) {
            note_orphans(a, &a->group->artifacts, MLMD_ARTIFACTS, ids->items[i]);
            continue;
        }
        items[a->run->artifact_count++] = (mlmd_artifact){
            .id = entity->id,
            .type = entity->type,
            .name = entity->name,
            .uri = entity->uri,
            .state = entity->state,
            .create_ms = entity->create_ms,
            .update_ms = entity->update_ms,
            .properties = entity->properties,
        };
        note_entity(a, entity, MLMD_ARTIFACTS);
    }
    a->run->artifacts = items;
    return true;
}

static mlmd_event event_of(const assembly *a, const mlmd_event_row *row, const mlmd_execution *executions, size_t count)
{
    return (mlmd_event){
        .id = row->id,
        .artifact_id = row->artifact_id,
        .execution_id = row->execution_id,
        .type = row->type,
        .ms = row->ms,
        .execution = mlmd_find(executions, count, sizeof *executions, row->execution_id),
        .artifact = mlmd_find(a->run->artifacts, a->run->artifact_count, sizeof *a->run->artifacts, row->artifact_id),
    };
}

/* The keys of an old schema's events live in the reader: the run gets its own copies. */
static const char *key_of(const assembly *a, const mlmd_event_row *row)
{
    return a->group->source->events != NULL ? kfpb_arena_text(a->arena, row->key) : row->key;
}

static bool take_events(assembly *a)
{
    mlmd_event *items = kfpb_arena_array(a->arena, a->part->event_count, sizeof *items);

    if (items == NULL)
        return false;
    for (size_t i = 0; i < a->part->event_count; i++) {
        const mlmd_event_row *row = &a->group->events.items[a->part->events[i]];
        items[i] = event_of(a, row, a->run->executions, a->run->execution_count);
        items[i].key = key_of(a, row);
        mlmd_text_notes(&a->run->notes, a->arena, row->flags, "event", row->id, "key");
    }
    a->run->events = items;
    a->run->event_count = a->part->event_count;
    for (size_t i = 0; i < a->part->duplicate_count; i++) {
        const mlmd_event_row *row = &a->part->duplicates[i];
        note_add(&a->run->notes, a->arena, NOTE_DUPLICATE_EVENT, "event", row->id,
                 kfpb_arena_printf(a->arena, "artifact %" PRId64 ", execution %" PRId64 ", type %d", row->artifact_id,
                                   row->execution_id, row->type));
    }
    return true;
}

static bool take_foreign_events(assembly *a)
{
    mlmd_event *items = kfpb_arena_array(a->arena, a->part->output_count, sizeof *items);

    if (items == NULL)
        return false;
    for (size_t i = 0; i < a->part->output_count; i++) {
        const mlmd_event_row *row = &a->group->outputs.items[a->part->outputs[i]];
        items[i] = event_of(a, row, a->run->foreign, a->run->foreign_count);
        items[i].key = key_of(a, row);
    }
    a->run->foreign_events = items;
    a->run->foreign_event_count = a->part->output_count;
    return true;
}

bool mlmd_assemble(const mlmd_group *group, const mlmd_group_run *part, mlmd_run *run)
{
    assembly a = {.group = group, .part = part, .run = run, .arena = group->arena};
    const mlmd_entity *context = mlmd_entities_find(&group->contexts, part->context_id);

    *run = (mlmd_run){.context_id = part->context_id, .context_type = "", .name = ""};
    if (context != NULL) {
        run->context_type = context->type;
        run->name = context->name != NULL ? context->name : "";
        run->create_ms = context->create_ms;
        run->update_ms = context->update_ms;
        run->properties = context->properties;
        note_entity(&a, context, MLMD_CONTEXTS);
    }
    return take_executions(&a) && take_foreign(&a) && take_artifacts(&a) && take_events(&a) &&
           take_foreign_events(&a) && !a.arena->out_of_memory;
}
