/* SPDX-License-Identifier: Apache-2.0 */
/*
 * foreign.c: an artifact's producer may be in another run (cache hits, importers). Of each artifact a run needs the
 * earliest output event per type and state of the producing execution, not all of them: an artifact that a thousand
 * cached runs have put out again has a thousand, and one more with each new run.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* qsort_r */
#endif
#include "migrate/source/group.h"

#include <stdlib.h>
#include <string.h>

const mlmd_entity *mlmd_group_execution(const mlmd_group *group, int64_t id)
{
    const mlmd_entity *execution = mlmd_entities_find(&group->executions, id);
    return execution != NULL ? execution : mlmd_entities_find(&group->foreign, id);
}

bool mlmd_parent_of(const mlmd_entity *execution, int64_t *parent)
{
    for (size_t i = 0; i < execution->properties.count; i++) {
        const mlmd_property *property = &execution->properties.items[i];
        if (property->kind == MLMD_VALUE_INT && strcmp(property->name, "parent_dag_id") == 0) {
            *parent = property->integer;
            return true;
        }
    }
    return false;
}

/* ---- classes ------------------------------------------------------------------------------------------------------
 */

/* Executions of one type and state are alike as producers: the earliest of them will do. */
typedef struct class_row {
    int64_t execution_id; /* first: sorted by it */
    int64_t class;
} class_row;

typedef struct classes {
    class_row *items;
    size_t count, capacity;
} classes;

static bool add_class(classes *c, int64_t execution_id, int64_t type_id, int64_t state)
{
    const int64_t known = state >= 0 && state <= MLMD_STATE_CANCELED ? state : MLMD_STATE_UNKNOWN;
    void *items = c->items;
    if (!mlmd_grow(&items, &c->capacity, c->count, sizeof *c->items))
        return false;
    c->items = items;
    c->items[c->count++] = (class_row){.execution_id = execution_id,
                                       .class = (int64_t) ((uint64_t) type_id << 3) | known};
    return true;
}

static bool see_class(void *context, const kfpb_rows *rows)
{
    return add_class(context, kfpb_get_int(rows, MLMD_EXECUTION_ID), kfpb_get_int(rows, MLMD_EXECUTION_TYPE),
                     kfpb_get_int(rows, MLMD_EXECUTION_STATE)); /* NULL reads 0, unknown */
}

/* Of all executions that put out one of the group's artifacts; those without a row are not among them. */
static kfps_status load_classes(mlmd_group *group, classes *out, kfps_error *error)
{
    static const mlmd_selection selection = {
        .table = MLMD_T_EXECUTION, .column = MLMD_EXECUTION_ID, .chunk = MLMD_CHUNK_NUMBERS};
    mlmd_ids outside = {0};
    bool room = true;

    for (size_t i = 0; i < group->outputs.count && room; i++) {
        if (mlmd_entities_find(&group->executions, group->outputs.items[i].execution_id) == NULL)
            room = mlmd_ids_add(&outside, group->outputs.items[i].execution_id);
    }
    mlmd_ids_sort(&outside);
    kfps_status status = room ? mlmd_select_rows(group->source, &selection, &outside, see_class, out, error)
                              : kfpb_fail_no_memory(error);
    mlmd_ids_free(&outside);
    for (size_t i = 0; i < group->executions.count && status == KFPS_OK; i++) {
        const mlmd_entity *execution = &group->executions.items[i];
        if (!add_class(out, execution->id, execution->type_id, execution->state))
            status = kfpb_fail_no_memory(error);
    }
    if (out->count > 0)
        qsort(out->items, out->count, sizeof *out->items, mlmd_compare_ids);
    return status;
}

/* ---- choosing -----------------------------------------------------------------------------------------------------
 */

static int compare_outputs(const void *a, const void *b)
{
    const mlmd_event_row *x = a, *y = b;

    if (x->artifact_id != y->artifact_id)
        return x->artifact_id < y->artifact_id ? -1 : 1;
    if (x->ms != y->ms)
        return x->ms < y->ms ? -1 : 1;
    return (x->id > y->id) - (x->id < y->id);
}

static size_t first_output(const mlmd_event_rows *outputs, int64_t artifact_id)
{
    size_t low = 0, high = outputs->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (outputs->items[middle].artifact_id < artifact_id)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static int compare_chosen(const void *a, const void *b, void *context)
{
    const mlmd_event_row *outputs = context;
    int64_t x = outputs[*(const size_t *) a].id, y = outputs[*(const size_t *) b].id;
    return (x > y) - (x < y);
}

static bool first_of_class(mlmd_ids *seen, int64_t class, bool *first)
{
    *first = false;
    for (size_t i = 0; i < seen->count; i++) {
        if (seen->items[i] == class)
            return true;
    }
    *first = true;
    return mlmd_ids_add(seen, class);
}

static bool add_output(mlmd_group_run *run, size_t *capacity, size_t output)
{
    void *outputs = run->outputs;
    if (!mlmd_grow(&outputs, capacity, run->output_count, sizeof *run->outputs))
        return false;
    run->outputs = outputs;
    run->outputs[run->output_count++] = output;
    return true;
}

static bool choose(mlmd_group *group, mlmd_group_run *run, const classes *all)
{
    const mlmd_event_rows *outputs = &group->outputs;
    mlmd_ids seen = {0};
    size_t capacity = 0;
    bool room = true;

    for (size_t i = 0; i < run->artifacts.count && room; i++) {
        const int64_t artifact = run->artifacts.items[i];
        size_t at = first_output(outputs, artifact);
        seen.count = 0;
        for (; at < outputs->count && outputs->items[at].artifact_id == artifact && room; at++) {
            const int64_t execution = outputs->items[at].execution_id;
            const class_row *row = mlmd_find(all->items, all->count, sizeof *all->items, execution);
            bool first = false;
            if (row == NULL || mlmd_ids_has(&run->executions, execution))
                continue;
            room = first_of_class(&seen, row->class, &first) && (!first || add_output(run, &capacity, at));
        }
    }
    mlmd_ids_free(&seen);
    if (run->output_count > 0)
        qsort_r(run->outputs, run->output_count, sizeof *run->outputs, compare_chosen, outputs->items);
    return room;
}

/* The chosen events get their keys; the others need none. */
static kfps_status load_keys(mlmd_group *group, kfps_error *error)
{
    mlmd_event_rows chosen = {0};
    mlmd_ids ids = {0};
    bool room = true;
    kfps_status status = KFPS_OK;

    for (size_t i = 0; i < group->run_count; i++) {
        for (size_t k = 0; k < group->runs[i].output_count && room; k++)
            room = mlmd_ids_add(&ids, group->outputs.items[group->runs[i].outputs[k]].id);
    }
    mlmd_ids_sort(&ids);
    for (size_t i = 0; i < group->outputs.count && room; i++) {
        if (mlmd_ids_has(&ids, group->outputs.items[i].id))
            room = mlmd_event_rows_add(&chosen, &group->outputs.items[i]);
    }
    if (chosen.count > 0)
        qsort(chosen.items, chosen.count, sizeof *chosen.items, mlmd_compare_ids);
    status = room ? mlmd_events_keys(group->source, &chosen, group->arena, error) : kfpb_fail_no_memory(error);
    for (size_t i = 0; i < group->outputs.count && status == KFPS_OK; i++) {
        const mlmd_event_row *row = mlmd_find(chosen.items, chosen.count, sizeof *chosen.items,
                                              group->outputs.items[i].id);
        if (row != NULL)
            group->outputs.items[i].key = row->key;
    }
    mlmd_event_rows_free(&chosen);
    mlmd_ids_free(&ids);
    return status;
}

/* ---- executions ---------------------------------------------------------------------------------------------------
 */

static bool chosen_executions(const mlmd_group *group, mlmd_ids *out)
{
    for (size_t i = 0; i < group->run_count; i++) {
        const mlmd_group_run *run = &group->runs[i];
        for (size_t k = 0; k < run->output_count; k++) {
            if (!mlmd_ids_add(out, group->outputs.items[run->outputs[k]].execution_id))
                return false;
        }
    }
    mlmd_ids_sort(out);
    return true;
}

/* Takes one step up: `level` becomes the parents that were not met before, `met` includes them. */
static bool climb(const mlmd_group *group, mlmd_ids *level, mlmd_ids *met)
{
    mlmd_ids parents = {0};
    bool room = true;

    for (size_t i = 0; i < level->count && room; i++) {
        const mlmd_entity *execution = mlmd_group_execution(group, level->items[i]);
        int64_t parent;
        if (execution != NULL && mlmd_parent_of(execution, &parent) && !mlmd_ids_has(met, parent))
            room = mlmd_ids_add(&parents, parent);
    }
    mlmd_ids_sort(&parents);
    for (size_t i = 0; i < parents.count && room; i++)
        room = mlmd_ids_add(met, parents.items[i]);
    mlmd_ids_sort(met);
    mlmd_ids_free(level);
    *level = parents;
    return room;
}

static kfps_status load_executions(mlmd_group *group, kfps_error *error)
{
    mlmd_ids level = {0}, met = {0}, missing = {0};
    kfps_status status = KFPS_OK;
    bool room = chosen_executions(group, &level) && chosen_executions(group, &met);

    for (int depth = 0; depth < MLMD_MAX_DEPTH && level.count > 0 && room && status == KFPS_OK; depth++) {
        missing.count = 0;
        for (size_t i = 0; i < level.count && room; i++) {
            if (mlmd_entities_find(&group->executions, level.items[i]) == NULL)
                room = mlmd_ids_add(&missing, level.items[i]);
        }
        if (room)
            status = mlmd_entities_read(group->source, MLMD_EXECUTIONS, &missing, true, group->arena, &group->foreign,
                                        error);
        if (room && status == KFPS_OK)
            room = climb(group, &level, &met);
    }
    mlmd_ids_free(&level);
    mlmd_ids_free(&met);
    mlmd_ids_free(&missing);
    return room ? status : kfpb_fail_no_memory(error);
}

kfps_status mlmd_foreign_load(mlmd_group *group, kfps_error *error)
{
    classes all = {0};
    mlmd_ids artifacts = {0};
    bool room = true;
    kfps_status status = KFPS_OK;

    for (size_t i = 0; i < group->artifacts.count && room; i++)
        room = mlmd_ids_add(&artifacts, group->artifacts.items[i].id);
    status = room ? mlmd_events_read(group->source, MLMD_OUTPUTS_OF_ARTIFACTS, &artifacts, &group->outputs, error)
                  : kfpb_fail_no_memory(error);
    mlmd_ids_free(&artifacts);
    if (status == KFPS_OK && group->outputs.count > 0)
        qsort(group->outputs.items, group->outputs.count, sizeof *group->outputs.items, compare_outputs);
    if (status == KFPS_OK)
        status = load_classes(group, &all, error);
    for (size_t i = 0; i < group->run_count && status == KFPS_OK; i++) {
        if (!choose(group, &group->runs[i], &all))
            status = kfpb_fail_no_memory(error);
    }
    free(all.items);
    if (status == KFPS_OK)
        status = load_keys(group, error);
    if (status == KFPS_OK)
        status = load_executions(group, error);
    return status;
}
