/* SPDX-License-Identifier: Apache-2.0 */
#include "migrate/source/entities.h"

#include <stdlib.h>
#include <string.h>

#define NULL_TEXT "__MLMD_NULL__"

static const char *const placing[] = {"task_name", "display_name", "parent_dag_id", "iteration_index",
                                      "iteration_count"};
#define PLACING_SQL \
    " AND \"name\" IN ('task_name', 'display_name', 'parent_dag_id', 'iteration_index', 'iteration_count')"

static const mlmd_table tables[] = {
    [MLMD_CONTEXTS] = MLMD_T_CONTEXT_PROPERTY,
    [MLMD_EXECUTIONS] = MLMD_T_EXECUTION_PROPERTY,
    [MLMD_ARTIFACTS] = MLMD_T_ARTIFACT_PROPERTY,
};

bool mlmd_property_is_placing(const char *name)
{
    for (size_t i = 0; i < sizeof placing / sizeof placing[0]; i++) {
        if (strcmp(placing[i], name) == 0)
            return true;
    }
    return false;
}

typedef struct owned {
    int64_t owner;
    mlmd_property property;
    uint8_t flags;
} owned;

typedef struct reading {
    const mlmd_source *source;
    kfpb_arena *arena;
    owned *items;
    size_t count, capacity;
} reading;

/* The first column that is not NULL, in MLMD's own order of reading them. */
static unsigned read_value(const reading *r, const kfpb_rows *rows, mlmd_property *property)
{
    static const struct {
        int column;
        mlmd_value_kind kind;
    } columns[] = {
        {MLMD_PROPERTY_INT, MLMD_VALUE_INT},       {MLMD_PROPERTY_DOUBLE, MLMD_VALUE_DOUBLE},
        {MLMD_PROPERTY_STRING, MLMD_VALUE_STRING}, {MLMD_PROPERTY_PROTO, MLMD_VALUE_PROTO},
        {MLMD_PROPERTY_BOOL, MLMD_VALUE_BOOL},
    };
    size_t from = 0;
    unsigned flags = 0, values = 0;

    property->kind = MLMD_VALUE_NULL;
    for (size_t i = 0; i < sizeof columns / sizeof columns[0]; i++) {
        if (kfpb_is_null(rows, (size_t) columns[i].column))
            continue;
        if (values++ == 0) {
            property->kind = columns[i].kind;
            from = (size_t) columns[i].column;
        }
    }
    switch (property->kind) {
    case MLMD_VALUE_INT:
        property->integer = kfpb_get_int(rows, from);
        break;
    case MLMD_VALUE_BOOL:
        property->integer = kfpb_get_int(rows, from) != 0;
        break;
    case MLMD_VALUE_DOUBLE:
        property->real = kfpb_get_double(rows, from);
        break;
    case MLMD_VALUE_STRING:
    case MLMD_VALUE_PROTO:
        property->text = mlmd_row_text(r->source, rows, from, r->arena, &flags);
        flags <<= MLMD_VALUE_SHIFT;
        if (property->text != NULL && property->kind == MLMD_VALUE_STRING && strcmp(property->text, NULL_TEXT) == 0) {
            property->kind = MLMD_VALUE_NULL;
            property->text = NULL;
        }
        break;
    case MLMD_VALUE_NULL:
        break;
    }
    if (property->kind == MLMD_VALUE_NULL)
        flags |= MLMD_PROPERTY_NULL;
    if (values > 1)
        flags |= MLMD_PROPERTY_SEVERAL;
    return flags;
}

static bool see_property(void *context, const kfpb_rows *rows)
{
    reading *r = context;
    unsigned flags = 0;
    void *items = r->items;

    if (!mlmd_grow(&items, &r->capacity, r->count, sizeof *r->items))
        return false;
    r->items = items;
    owned *item = &r->items[r->count++];
    *item = (owned){.owner = kfpb_get_int(rows, MLMD_PROPERTY_OWNER)};
    item->property.custom = kfpb_get_int(rows, MLMD_PROPERTY_CUSTOM) != 0;
    item->property.name = mlmd_row_text(r->source, rows, MLMD_PROPERTY_NAME, r->arena, &flags);
    if (item->property.name == NULL)
        item->property.name = "";
    flags |= read_value(r, rows, &item->property);
    item->flags = (uint8_t) flags;
    return !r->arena->out_of_memory;
}

static int compare_owned(const void *a, const void *b)
{
    const owned *x = a, *y = b;

    if (x->owner != y->owner)
        return x->owner < y->owner ? -1 : 1;
    int names = strcmp(x->property.name, y->property.name);
    return names != 0 ? names : (int) y->property.custom - (int) x->property.custom;
}

static bool add_orphan(mlmd_entities *entities, const owned *item)
{
    void *orphans = entities->orphans;
    if (!mlmd_grow(&orphans, &entities->orphan_capacity, entities->orphan_count, sizeof *entities->orphans))
        return false;
    entities->orphans = orphans;
    entities->orphans[entities->orphan_count++] = (mlmd_orphan){.owner = item->owner, .name = item->property.name};
    return true;
}

/* Hands the sorted properties to their owners, as slices of one array. */
static bool hand_out(const reading *r, mlmd_entities *entities)
{
    mlmd_property *all = kfpb_arena_array(r->arena, r->count, sizeof *all);
    uint8_t *flags = kfpb_arena_array(r->arena, r->count, sizeof *flags);

    if (all == NULL || flags == NULL)
        return false;
    for (size_t from = 0, to; from < r->count; from = to) {
        mlmd_entity *entity = NULL;
        size_t at = mlmd_lower_bound(entities->items, entities->count, sizeof *entities->items, r->items[from].owner);
        if (at < entities->count && entities->items[at].id == r->items[from].owner)
            entity = &entities->items[at];
        for (to = from; to < r->count && r->items[to].owner == r->items[from].owner; to++) {
            all[to] = r->items[to].property;
            flags[to] = r->items[to].flags;
            if (entity == NULL && !add_orphan(entities, &r->items[to]))
                return false;
        }
        if (entity != NULL) {
            entity->properties = (mlmd_properties){.items = all + from, .count = to - from};
            entity->property_flags = flags + from;
        }
    }
    return true;
}

kfps_status mlmd_properties_read(mlmd_source *source, mlmd_entity_kind kind, const mlmd_ids *ids, bool few,
                                 kfpb_arena *arena, mlmd_entities *entities, kfps_error *error)
{
    const mlmd_selection selection = {tables[kind], MLMD_PROPERTY_OWNER, few ? PLACING_SQL : NULL, MLMD_CHUNK_TEXT};
    reading r = {.source = source, .arena = arena};

    kfps_status status = mlmd_select_rows(source, &selection, ids, see_property, &r, error);
    if (status == KFPS_OK && r.count > 0) {
        qsort(r.items, r.count, sizeof *r.items, compare_owned);
        if (!hand_out(&r, entities))
            status = kfpb_fail_no_memory(error);
    }
    free(r.items);
    return status;
}
