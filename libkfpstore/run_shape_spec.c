/* SPDX-License-Identifier: Apache-2.0 */
/* run_shape_spec.c: the shape of a pipeline spec: what KFP's compiler writes, reduced to what a run's end depends on.
 */
#include <stdlib.h>
#include <string.h>

#include "backends/base/fail.h"
#include "kfpstore/run.h"
#include "libkfpstore/json_text.h"
#include "libkfpstore/output_spec.h"
#include "libkfpstore/run_shape.h"

enum { SPEC_BYTES = 64 * 1024 * 1024 };

typedef struct builder {
    const json_t *components;
    const json_t *executors;
    const char *component; /* that is looked at; "root" */
    kfpb_arena arena;
    kfps_error *error;
} builder;

static kfps_status bad(const builder *b, const char *part, const char *name, const char *what)
{
    return kfpb_fail(b->error, KFPS_INVALID, "not a v2 pipeline spec: %.64s: dag.%s.%.64s: %s", b->component, part,
                     name, what);
}

static kfps_status stored(const builder *b, int failed)
{
    return failed == 0 ? KFPS_OK : kfpb_fail_no_memory(b->error);
}

static bool begins_with(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

static bool is_importer(const builder *b, const json_t *component)
{
    const char *label = json_string_value(kfpsi_member(component, "executor_label", "executorLabel"));
    return label != NULL && json_object_get(json_object_get(b->executors, label), "importer") != NULL;
}

/* The first that holds. */
static const char *kind_of(const builder *b, const char *name, const json_t *task, const json_t *component)
{
    const json_t *trigger = kfpsi_member(task, "trigger_policy", "triggerPolicy");
    const char *condition = json_string_value(json_object_get(trigger, "condition"));
    const bool is_dag = json_object_get(component, "dag") != NULL;
    if (kfpsi_member(task, "parameter_iterator", "parameterIterator") != NULL ||
        kfpsi_member(task, "artifact_iterator", "artifactIterator") != NULL)
        return kfpsi_shape_loop;
    if (is_dag && begins_with(name, "exit-handler-"))
        return kfpsi_shape_exit_handler;
    if (is_dag && begins_with(name, "condition-branches-"))
        return kfpsi_shape_branches;
    if (condition != NULL && condition[0] != '\0')
        return kfpsi_shape_condition;
    return is_importer(b, component) ? kfpsi_shape_importer : NULL;
}

static kfps_status add_dependencies(const builder *b, const char *name, const json_t *task, const json_t *tasks,
                                    json_t *out)
{
    const json_t *trigger = kfpsi_member(task, "trigger_policy", "triggerPolicy");
    const char *strategy = json_string_value(json_object_get(trigger, "strategy"));
    json_t *before = kfpsi_member(task, "dependent_tasks", "dependentTasks");
    size_t i;
    json_t *one;
    if (strategy == NULL || strcmp(strategy, "ALL_UPSTREAM_TASKS_COMPLETED") != 0)
        return KFPS_OK;
    json_array_foreach(before, i, one)
    {
        if (!json_is_string(one) || json_object_get(tasks, json_string_value(one)) == NULL)
            return bad(b, "tasks", name, "dependentTasks names no task of this DAG");
    }
    if (json_array_size(before) > 0 && json_object_set(out, "after", before) != 0)
        return kfpb_fail_no_memory(b->error);
    return stored(b, json_object_set_new(out, "always", json_true()));
}

static kfps_status add_task(const builder *b, const char *name, const json_t *task, const json_t *tasks, json_t *out)
{
    const char *reference = json_string_value(
        json_object_get(kfpsi_member(task, "component_ref", "componentRef"), "name"));
    if (reference == NULL)
        return bad(b, "tasks", name, "componentRef.name is missing");
    const json_t *component = json_object_get(b->components, reference);
    if (!json_is_object(component))
        return bad(b, "tasks", name, "its component is not among the spec's components");
    json_t *one = json_object();
    const char *kind = kind_of(b, name, task, component);
    kfps_status status = stored(b, json_object_set_new(out, name, one));
    if (status == KFPS_OK && json_object_get(component, "dag") != NULL)
        status = stored(b, json_object_set_new(one, "component", json_string(reference)));
    if (status == KFPS_OK && kind != NULL)
        status = stored(b, json_object_set_new(one, "kind", json_string(kind)));
    if (status == KFPS_OK)
        status = add_dependencies(b, name, task, tasks, one);
    return status;
}

static kfps_status add_tasks(const builder *b, const json_t *dag, json_t *out)
{
    json_t *tasks = json_object_get(dag, "tasks");
    json_t *list = json_object();
    const char *name;
    json_t *task;
    kfps_status status = stored(b, json_object_set_new(out, "tasks", list));
    if (status == KFPS_OK && tasks != NULL && !json_is_object(tasks))
        return kfpb_fail(b->error, KFPS_INVALID, "not a v2 pipeline spec: %.64s: dag.tasks is not an object",
                         b->component);
    json_object_foreach(tasks, name, task)
    {
        if (status == KFPS_OK)
            status = add_task(b, name, task, tasks, list);
    }
    return status;
}

typedef struct output_kind {
    const char *name;
    bool (*read)(kfpb_arena *arena, const json_t *spec, kfpsi_output_spec *out);
    bool (*is_list)(const json_t *definition);
} output_kind;

static bool is_artifact_list(const json_t *definition)
{
    return json_is_true(kfpsi_member(definition, "is_artifact_list", "isArtifactList"));
}

static bool is_parameter_list(const json_t *definition)
{
    const char *type = json_string_value(kfpsi_member(definition, "parameter_type", "parameterType"));
    return type != NULL && strcmp(type, "LIST") == 0;
}

static const output_kind output_kinds[] = {{"artifacts", kfpsi_output_spec_artifact, is_artifact_list},
                                           {"parameters", kfpsi_output_spec_parameter, is_parameter_list}};

static kfps_status add_selectors(const builder *b, const output_kind *kind, const char *key,
                                 const kfpsi_output_spec *spec, const json_t *tasks, json_t *output)
{
    json_t *from = json_array();
    kfps_status status = stored(b, json_object_set_new(output, "from", from));
    for (size_t i = 0; i < spec->count && status == KFPS_OK; i++) {
        if (json_object_get(tasks, spec->selectors[i].task) == NULL)
            return bad(b, kind->name, key, "producerSubtask names no task of this DAG");
        status = stored(
            b, json_array_append_new(from, json_pack("[ss]", spec->selectors[i].task, spec->selectors[i].key)));
    }
    return status;
}

static kfps_status add_outputs(builder *b, const output_kind *kind, const json_t *component, json_t *out)
{
    const json_t *dag = json_object_get(component, "dag");
    const json_t *definitions = json_object_get(kfpsi_member(component, "output_definitions", "outputDefinitions"),
                                                kind->name);
    json_t *specs = json_object_get(json_object_get(dag, "outputs"), kind->name);
    json_t *list = json_object();
    const char *key;
    json_t *spec;
    kfps_status status = KFPS_OK;
    json_object_foreach(specs, key, spec)
    {
        kfpsi_output_spec read;
        json_t *output = json_object();
        if (status == KFPS_OK)
            status = stored(b, json_object_set_new(list, key, output));
        else
            json_decref(output);
        if (status == KFPS_OK && !kind->read(&b->arena, spec, &read))
            status = b->arena.out_of_memory ? kfpb_fail_no_memory(b->error)
                                            : bad(b, kind->name, key, "its selectors cannot be read");
        if (status == KFPS_OK)
            status = add_selectors(b, kind, key, &read, json_object_get(out, "tasks"), output);
        if (status == KFPS_OK && read.one_of)
            status = stored(b, json_object_set_new(output, "oneOf", json_true()));
        if (status == KFPS_OK && kind->is_list(json_object_get(definitions, key)))
            status = stored(b, json_object_set_new(output, "list", json_true()));
    }
    if (status == KFPS_OK && json_object_size(list) > 0)
        return stored(b, json_object_set_new(out, kind->name, list));
    json_decref(list);
    return status;
}

static kfps_status add_dag(builder *b, const char *name, const json_t *component, json_t *parent)
{
    json_t *out = json_object();
    kfps_status status = stored(b, json_object_set_new(parent, name, out));
    b->component = name;
    if (status == KFPS_OK)
        status = add_tasks(b, json_object_get(component, "dag"), out);
    for (size_t i = 0; i < sizeof output_kinds / sizeof output_kinds[0] && status == KFPS_OK; i++)
        status = add_outputs(b, &output_kinds[i], component, out);
    return status;
}

static kfps_status build(builder *b, const json_t *spec, json_t *shape)
{
    const json_t *root = json_object_get(spec, "root");
    json_t *components = json_object();
    const char *name;
    json_t *component;
    b->components = json_object_get(spec, "components");
    b->executors = json_object_get(kfpsi_member(spec, "deployment_spec", "deploymentSpec"), "executors");
    kfps_status status = stored(b, json_object_set_new(shape, "components", components));
    if (status == KFPS_OK)
        status = stored(b, json_object_set_new(shape, "version", json_integer(KFPSI_SHAPE_VERSION)));
    if (status == KFPS_OK && !json_is_object(json_object_get(root, "dag")))
        status = kfpb_fail(b->error, KFPS_INVALID, "not a v2 pipeline spec: root.dag is missing");
    if (status == KFPS_OK)
        status = add_dag(b, "root", root, shape);
    json_object_foreach((json_t *) b->components, name, component)
    {
        if (status == KFPS_OK && json_object_get(component, "dag") != NULL)
            status = add_dag(b, name, component, components);
    }
    return status;
}

kfps_status kfps_run_shape_from_spec(const char *spec_json, char **shape_json, kfps_error *error)
{
    json_error_t where;
    kfpb_error_clear(error);
    if (shape_json != NULL)
        *shape_json = NULL;
    if (spec_json == NULL || shape_json == NULL)
        return kfpb_fail(error, KFPS_INVALID, "kfps_run_shape_from_spec: spec_json and shape_json must not be NULL");
    const size_t length = strlen(spec_json);
    if (length > SPEC_BYTES)
        return kfpb_fail(error, KFPS_TOO_LARGE, "the pipeline spec has %zu bytes; %d are the most", length, SPEC_BYTES);
    json_t *json = NULL;
    const kfps_status loaded = kfpsi_json_load(spec_json, length, 0, &json, &where);
    if (loaded != KFPS_OK)
        return loaded == KFPS_NO_MEMORY
                   ? kfpb_fail_no_memory(error)
                   : kfpb_fail(error, KFPS_INVALID, "not a v2 pipeline spec: no JSON (line %d, column %d)", where.line,
                               where.column);
    const json_t *inner = kfpsi_member(json, "pipeline_spec", "pipelineSpec");
    builder b = {.error = error};
    json_t *shape = json_object();
    kfpb_arena_init(&b.arena);
    kfps_status status = shape != NULL ? build(&b, inner != NULL ? inner : json, shape) : kfpb_fail_no_memory(error);
    if (status == KFPS_OK && (*shape_json = json_dumps(shape, JSON_COMPACT | JSON_SORT_KEYS)) == NULL)
        status = kfpb_fail_no_memory(error);
    if (status == KFPS_OK && strlen(*shape_json) > KFPSI_SHAPE_BYTES)
        status = kfpb_fail(error, KFPS_TOO_LARGE, "the run's shape would have more than %d bytes", KFPSI_SHAPE_BYTES);
    if (status != KFPS_OK) {
        free(*shape_json);
        *shape_json = NULL;
    }
    kfpb_arena_free(&b.arena);
    json_decref(shape);
    json_decref(json);
    return status;
}
