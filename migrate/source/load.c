/* SPDX-License-Identifier: Apache-2.0 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* qsort_r */
#endif
#include "migrate/source/group.h"

#include <stdlib.h>
#include <string.h>

/* ---- which executions ---------------------------------------------------------------------------------------------
 */

typedef struct by_context {
    int64_t context_id; /* first: sorted by it */
    size_t run;
} by_context;

typedef struct associating {
    mlmd_group *group;
    by_context *runs;
    mlmd_owns owns;
    void *owns_context;
} associating;

static bool see_association(void *context, const kfpb_rows *rows)
{
    associating *a = context;
    int64_t context_id = kfpb_get_int(rows, MLMD_ASSOCIATION_CONTEXT);
    int64_t execution_id = kfpb_get_int(rows, MLMD_ASSOCIATION_EXECUTION);
    const by_context *entry = mlmd_find(a->runs, a->group->run_count, sizeof *a->runs, context_id);

    if (entry == NULL || (a->owns != NULL && !a->owns(a->owns_context, context_id, execution_id)))
        return true;
    return mlmd_ids_add(&a->group->runs[entry->run].executions, execution_id);
}

static kfps_status load_associations(mlmd_group *group, const mlmd_ids *contexts, mlmd_owns owns, void *owns_context,
                                     kfps_error *error)
{
    static const mlmd_selection selection = {
        .table = MLMD_T_ASSOCIATION, .column = MLMD_ASSOCIATION_CONTEXT, .chunk = MLMD_CHUNK_NUMBERS};
    associating a = {.group = group, .owns = owns, .owns_context = owns_context};

    a.runs = kfpb_arena_array(&group->scratch, group->run_count, sizeof *a.runs);
    if (a.runs == NULL)
        return kfpb_fail_no_memory(error);
    for (size_t i = 0; i < group->run_count; i++)
        a.runs[i] = (by_context){.context_id = group->runs[i].context_id, .run = i};
    qsort(a.runs, group->run_count, sizeof *a.runs, mlmd_compare_ids);
    kfps_status status = mlmd_select_rows(group->source, &selection, contexts, see_association, &a, error);
    for (size_t i = 0; i < group->run_count; i++)
        mlmd_ids_sort(&group->runs[i].executions);
    return status;
}

static bool all_executions(const mlmd_group *group, mlmd_ids *out)
{
    for (size_t i = 0; i < group->run_count; i++) {
        const mlmd_ids *executions = &group->runs[i].executions;
        for (size_t k = 0; k < executions->count; k++) {
            if (!mlmd_ids_add(out, executions->items[k]))
                return false;
        }
    }
    mlmd_ids_sort(out);
    return true;
}

/* ---- which events -------------------------------------------------------------------------------------------------
 */

typedef struct by_execution {
    int64_t execution_id; /* first: sorted by it, then by row */
    size_t row;
} by_execution;

static int compare_by_execution(const void *a, const void *b)
{
    const by_execution *x = a, *y = b;

    if (x->execution_id != y->execution_id)
        return x->execution_id < y->execution_id ? -1 : 1;
    return (x->row > y->row) - (x->row < y->row);
}

/* The same link again, the newest first. */
static int compare_links(const void *a, const void *b, void *context)
{
    const mlmd_event_row *events = context;
    const mlmd_event_row *x = &events[*(const size_t *) a], *y = &events[*(const size_t *) b];

    if (x->artifact_id != y->artifact_id)
        return x->artifact_id < y->artifact_id ? -1 : 1;
    if (x->execution_id != y->execution_id)
        return x->execution_id < y->execution_id ? -1 : 1;
    if (x->type != y->type)
        return x->type < y->type ? -1 : 1;
    int keys = strcmp(x->key, y->key);
    return keys != 0 ? keys : (x->id < y->id) - (x->id > y->id);
}

static bool same_link(const mlmd_event_row *x, const mlmd_event_row *y)
{
    return x->artifact_id == y->artifact_id && x->execution_id == y->execution_id && x->type == y->type &&
           strcmp(x->key, y->key) == 0;
}

static int compare_indexes(const void *a, const void *b)
{
    size_t x = *(const size_t *) a, y = *(const size_t *) b;
    return (x > y) - (x < y);
}

/* A run's events; before schema 8 nothing keeps the same link from being there twice. */
static bool take_events(mlmd_group *group, mlmd_group_run *run, const by_execution *index)
{
    mlmd_event_row *events = group->events.items;
    size_t count = 0, kept = 0;

    for (size_t i = 0; i < run->executions.count; i++) {
        size_t at = mlmd_lower_bound(index, group->events.count, sizeof *index, run->executions.items[i]);
        for (; at < group->events.count && index[at].execution_id == run->executions.items[i]; at++)
            count++;
    }
    run->events = kfpb_arena_array(&group->scratch, count, sizeof *run->events);
    run->duplicates = kfpb_arena_array(&group->scratch, count, sizeof *run->duplicates);
    if (run->events == NULL || run->duplicates == NULL)
        return false;
    count = 0;
    for (size_t i = 0; i < run->executions.count; i++) {
        size_t at = mlmd_lower_bound(index, group->events.count, sizeof *index, run->executions.items[i]);
        for (; at < group->events.count && index[at].execution_id == run->executions.items[i]; at++)
            run->events[count++] = index[at].row;
    }
    qsort_r(run->events, count, sizeof *run->events, compare_links, events);
    for (size_t i = 0; i < count; i++) {
        if (kept > 0 && same_link(&events[run->events[kept - 1]], &events[run->events[i]]))
            run->duplicates[run->duplicate_count++] = events[run->events[i]];
        else
            run->events[kept++] = run->events[i];
    }
    run->event_count = kept;
    qsort(run->events, kept, sizeof *run->events, compare_indexes);
    for (size_t i = 0; i < kept; i++) {
        if (!mlmd_ids_add(&run->artifacts, events[run->events[i]].artifact_id))
            return false;
    }
    mlmd_ids_sort(&run->artifacts);
    return true;
}

static kfps_status load_events(mlmd_group *group, const mlmd_ids *executions, kfps_error *error)
{
    mlmd_event_rows *events = &group->events;

    kfps_status status = mlmd_events_read(group->source, MLMD_EVENTS_OF_EXECUTIONS, executions, events, error);
    if (status != KFPS_OK)
        return status;
    if (events->count > 0)
        qsort(events->items, events->count, sizeof *events->items, mlmd_compare_ids);
    status = mlmd_events_keys(group->source, events, group->arena, error);
    if (status != KFPS_OK)
        return status;

    by_execution *index = kfpb_arena_array(&group->scratch, events->count, sizeof *index);
    if (index == NULL)
        return kfpb_fail_no_memory(error);
    for (size_t i = 0; i < events->count; i++)
        index[i] = (by_execution){.execution_id = events->items[i].execution_id, .row = i};
    if (events->count > 0)
        qsort(index, events->count, sizeof *index, compare_by_execution);
    for (size_t i = 0; i < group->run_count; i++) {
        if (!take_events(group, &group->runs[i], index))
            return kfpb_fail_no_memory(error);
    }
    return KFPS_OK;
}

static bool all_artifacts(const mlmd_group *group, mlmd_ids *out)
{
    for (size_t i = 0; i < group->events.count; i++) {
        if (!mlmd_ids_add(out, group->events.items[i].artifact_id))
            return false;
    }
    mlmd_ids_sort(out);
    return true;
}

/* ---- the whole ----------------------------------------------------------------------------------------------------
 */

static kfps_status load_rows(mlmd_group *group, const mlmd_ids *contexts, mlmd_owns owns, void *owns_context,
                             kfps_error *error)
{
    mlmd_source *source = group->source;
    mlmd_ids executions = {0}, artifacts = {0};
    kfps_status status;

    status = mlmd_entities_read(source, MLMD_CONTEXTS, contexts, false, group->arena, &group->contexts, error);
    if (status == KFPS_OK)
        status = load_associations(group, contexts, owns, owns_context, error);
    if (status == KFPS_OK && !all_executions(group, &executions))
        status = kfpb_fail_no_memory(error);
    if (status == KFPS_OK)
        status = mlmd_entities_read(source, MLMD_EXECUTIONS, &executions, false, group->arena, &group->executions,
                                    error);
    if (status == KFPS_OK)
        status = load_events(group, &executions, error);
    if (status == KFPS_OK && !all_artifacts(group, &artifacts))
        status = kfpb_fail_no_memory(error);
    if (status == KFPS_OK)
        status = mlmd_entities_read(source, MLMD_ARTIFACTS, &artifacts, false, group->arena, &group->artifacts, error);
    if (status == KFPS_OK)
        status = mlmd_foreign_load(group, error);
    mlmd_ids_free(&executions);
    mlmd_ids_free(&artifacts);
    return status;
}

static bool prepare(mlmd_group *group, const int64_t *context_ids, size_t count, mlmd_ids *contexts)
{
    kfpb_arena_init(&group->scratch);
    group->runs = kfpb_arena_array(&group->scratch, count, sizeof *group->runs);
    if (group->runs == NULL)
        return false;
    group->run_count = count;
    for (size_t i = 0; i < count; i++) {
        group->runs[i].context_id = context_ids[i];
        if (!mlmd_ids_add(contexts, context_ids[i]))
            return false;
    }
    mlmd_ids_sort(contexts);
    return true;
}

static void group_free(mlmd_group *group)
{
    for (size_t i = 0; i < group->run_count; i++) {
        mlmd_ids_free(&group->runs[i].executions);
        mlmd_ids_free(&group->runs[i].artifacts);
        free(group->runs[i].outputs);
    }
    mlmd_entities_free(&group->contexts);
    mlmd_entities_free(&group->executions);
    mlmd_entities_free(&group->artifacts);
    mlmd_entities_free(&group->foreign);
    mlmd_event_rows_free(&group->events);
    mlmd_event_rows_free(&group->outputs);
    kfpb_arena_free(&group->scratch);
}

kfps_status mlmd_source_load(mlmd_source *source, const int64_t *context_ids, size_t count, mlmd_owns owns,
                             void *owns_context, kfpb_arena *arena, mlmd_run **out, kfps_error *error)
{
    mlmd_group group = {.source = source, .arena = arena};
    mlmd_ids contexts = {0};
    mlmd_run *runs = NULL;
    kfps_status status = KFPS_OK;

    *out = NULL;
    kfpb_error_clear(error);
    if (!prepare(&group, context_ids, count, &contexts))
        status = kfpb_fail_no_memory(error);
    if (status == KFPS_OK && (runs = kfpb_arena_array(arena, count, sizeof *runs)) == NULL)
        status = kfpb_fail_no_memory(error);
    if (status == KFPS_OK && count > 0) {
        status = mlmd_source_ready(source, error);
        if (status == KFPS_OK)
            status = kfpb_begin(source->conn, KFPB_TX_SNAPSHOT, error);
        if (status == KFPS_OK)
            status = load_rows(&group, &contexts, owns, owns_context, error);
        kfpb_rollback(source->conn); /* nothing was written: it ends the snapshot */
    }
    for (size_t i = 0; i < count && status == KFPS_OK; i++) {
        if (!mlmd_assemble(&group, &group.runs[i], &runs[i]))
            status = kfpb_fail_no_memory(error);
    }
    if (status == KFPS_OK)
        *out = runs;
    group_free(&group);
    mlmd_ids_free(&contexts);
    return status;
}
