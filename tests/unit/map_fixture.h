/* SPDX-License-Identifier: Apache-2.0 */
/* map_fixture.h: one run of MLMD rows built in memory, mapped, and looked at. */
#ifndef KFPT_MAP_FIXTURE_H
#define KFPT_MAP_FIXTURE_H

#include <inttypes.h>

#include "migrate/map/map.h"
#include "tests/harness/suite.h"

#define RUN_ID    "11111111-2222-3333-4444-555555555555"
#define DAG       "system.DAGExecution"
#define CONTAINER "system.ContainerExecution"
#define IMPORTER  "system.ImporterExecution"

enum { FX_CAPACITY = 512, FX_PROPERTIES = 32 };

/* 2025-06-15 15:30:00 UTC */
#define FX_TIME INT64_C(1750001400)

typedef struct fixture {
    kfpb_arena arena;
    mlmd_run run;
    map_target target;
    map_options options;
    map_rows rows;
    note_list notes;
    mlmd_execution *executions, *foreign;
    mlmd_artifact *artifacts;
    mlmd_event *events, *foreign_events;
} fixture;

static inline void fx_init(fixture *f)
{
    *f = (fixture){.target = {.run_uuid = RUN_ID,
                              .run_namespace = "team",
                              .state = MAP_RUN_SUCCEEDED,
                              .created_at = FX_TIME,
                              .finished_at = FX_TIME + 1000,
                              .json_depth = 100}};
    kfpb_arena_init(&f->arena);
    f->executions = kfpb_arena_array(&f->arena, FX_CAPACITY, sizeof *f->executions);
    f->foreign = kfpb_arena_array(&f->arena, FX_CAPACITY, sizeof *f->foreign);
    f->artifacts = kfpb_arena_array(&f->arena, FX_CAPACITY, sizeof *f->artifacts);
    f->events = kfpb_arena_array(&f->arena, FX_CAPACITY, sizeof *f->events);
    f->foreign_events = kfpb_arena_array(&f->arena, FX_CAPACITY, sizeof *f->foreign_events);
    f->run = (mlmd_run){.context_id = 1, .context_type = "system.PipelineRun", .name = RUN_ID};
}

static inline void fx_free(fixture *f)
{
    kfpb_arena_free(&f->arena);
}

/* Sorted by name, a custom one before a typed one. */
static inline mlmd_property *fx_property(fixture *f, mlmd_properties *list, const char *name, bool custom)
{
    mlmd_property *items = (mlmd_property *) (uintptr_t) list->items;
    size_t at = list->count;

    if (items == NULL)
        items = kfpb_arena_array(&f->arena, FX_PROPERTIES, sizeof *items);
    ck_assert_uint_lt(list->count, FX_PROPERTIES);
    for (; at > 0; at--) {
        const int order = strcmp(items[at - 1].name, name);
        if (order < 0 || (order == 0 && !custom))
            break;
        items[at] = items[at - 1];
    }
    items[at] = (mlmd_property){.name = name, .custom = custom};
    list->items = items;
    list->count++;
    return &items[at];
}

static inline void fx_text(fixture *f, mlmd_properties *list, const char *name, const char *text)
{
    mlmd_property *p = fx_property(f, list, name, true);
    p->kind = MLMD_VALUE_STRING;
    p->text = text;
}

static inline void fx_integer(fixture *f, mlmd_properties *list, const char *name, int64_t value)
{
    mlmd_property *p = fx_property(f, list, name, true);
    p->kind = MLMD_VALUE_INT;
    p->integer = value;
}

static inline void fx_real(fixture *f, mlmd_properties *list, const char *name, double value)
{
    mlmd_property *p = fx_property(f, list, name, true);
    p->kind = MLMD_VALUE_DOUBLE;
    p->real = value;
}

/* Ids must rise. parent 0: no parent_dag_id. */
static inline mlmd_execution *fx_execution(fixture *f, int64_t id, const char *type, const char *name, int64_t parent,
                                           int state)
{
    mlmd_execution *e = &f->executions[f->run.execution_count++];

    *e = (mlmd_execution){.id = id,
                          .type = type,
                          .state = state,
                          .state_known = true,
                          .create_ms = (FX_TIME + id) * 1000,
                          .update_ms = (FX_TIME + id + 10) * 1000};
    if (name != NULL)
        fx_text(f, &e->properties, "task_name", name);
    if (parent != 0)
        fx_integer(f, &e->properties, "parent_dag_id", parent);
    return e;
}

static inline mlmd_execution *fx_root(fixture *f)
{
    mlmd_execution *e = fx_execution(f, 1, DAG, "", 0, MLMD_STATE_RUNNING);
    e->name = "run/" RUN_ID;
    return e;
}

static inline mlmd_artifact *fx_artifact(fixture *f, int64_t id, const char *type, const char *uri)
{
    mlmd_artifact *a = &f->artifacts[f->run.artifact_count++];

    *a = (mlmd_artifact){.id = id,
                         .type = type,
                         .uri = uri,
                         .state = 2,
                         .create_ms = (FX_TIME + 5) * 1000,
                         .update_ms = (FX_TIME + 5) * 1000};
    return a;
}

static inline mlmd_event *fx_event(fixture *f, int64_t id, int64_t execution, int64_t artifact, int type,
                                   const char *key)
{
    mlmd_event *e = &f->events[f->run.event_count++];

    *e = (mlmd_event){.id = id,
                      .artifact_id = artifact,
                      .execution_id = execution,
                      .type = type,
                      .ms = (FX_TIME + id) * 1000,
                      .key = key};
    return e;
}

/* A run anew: a root and one completed container (2) that wrote one artifact (1). */
static inline mlmd_artifact *fx_simple(fixture *f, const char *type, const char *uri)
{
    fx_init(f);
    fx_root(f);
    fx_execution(f, 2, CONTAINER, "task", 1, MLMD_STATE_COMPLETE);
    fx_event(f, 1, 2, 1, MLMD_EVENT_OUTPUT, "out");
    return fx_artifact(f, 1, type, uri);
}

static inline char *fx_repeat(fixture *f, char c, size_t count)
{
    char *text = kfpb_arena_alloc(&f->arena, count + 1);

    memset(text, c, count);
    return text;
}

static inline void fx_wire(fixture *f, mlmd_event *events, size_t count, mlmd_execution *executions,
                           size_t execution_count)
{
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < execution_count; k++) {
            if (executions[k].id == events[i].execution_id)
                events[i].execution = &executions[k];
        }
        for (size_t k = 0; k < f->run.artifact_count; k++) {
            if (f->artifacts[k].id == events[i].artifact_id)
                events[i].artifact = &f->artifacts[k];
        }
    }
}

static inline void fx_map(fixture *f)
{
    kfps_error error;

    fx_wire(f, f->events, f->run.event_count, f->executions, f->run.execution_count);
    fx_wire(f, f->foreign_events, f->run.foreign_event_count, f->foreign, f->run.foreign_count);
    f->run.executions = f->executions;
    f->run.events = f->events;
    f->run.artifacts = f->artifacts;
    f->run.foreign = f->foreign;
    f->run.foreign_events = f->foreign_events;
    ck_assert_int_eq(map_run(&f->run, &f->target, &f->options, &f->arena, &f->rows, &f->notes, &error), KFPS_OK);
}

/* The task of an execution, by what its StatusMetadata says; NULL if it has none. */
static inline const kfps_task *fx_task(const fixture *f, int64_t id)
{
    char text[64];

    snprintf(text, sizeof text, "\"mlmd_execution_id\":%" PRId64 ",", id);
    for (size_t i = 0; i < f->rows.task_count; i++) {
        if (strstr(f->rows.tasks[i].status_metadata_json, text) != NULL)
            return &f->rows.tasks[i];
    }
    return NULL;
}

/* The n-th row of an artifact, in the order of names; NULL if there are fewer. */
static inline const kfps_artifact *fx_row(const fixture *f, int64_t id, size_t n)
{
    const kfps_artifact *found = NULL;
    const char *after = NULL;

    for (size_t round = 0; round <= n; round++) {
        found = NULL;
        for (size_t i = 0; i < f->rows.artifact_count; i++) {
            const kfps_artifact *a = &f->rows.artifacts[i];
            if (f->rows.artifact_ids[i] == id && (after == NULL || strcmp(a->name, after) > 0) &&
                (found == NULL || strcmp(a->name, found->name) < 0))
                found = a;
        }
        if (found == NULL)
            return NULL;
        after = found->name;
    }
    return found;
}

/* The link between the two; NULL if there is none, a failure if there are several. type 0: any. */
static inline const kfps_artifact_task *fx_link(const fixture *f, int64_t execution, int64_t artifact, int32_t type)
{
    const kfps_artifact_task *found = NULL;
    const kfps_task *task = fx_task(f, execution);
    const kfps_artifact *row = fx_row(f, artifact, 0);

    for (size_t i = 0; task != NULL && row != NULL && i < f->rows.link_count; i++) {
        const kfps_artifact_task *link = &f->rows.links[i];
        if (strcmp(link->task_uuid, task->uuid) != 0 || strcmp(link->artifact_uuid, row->uuid) != 0 ||
            (type != 0 && link->type != type))
            continue;
        ck_assert_ptr_null(found);
        found = link;
    }
    return found;
}

static inline size_t fx_notes(const fixture *f, note_reason reason)
{
    size_t count = 0;

    for (size_t i = 0; i < f->notes.count; i++)
        count += f->notes.items[i].reason == reason;
    return count;
}

#endif
