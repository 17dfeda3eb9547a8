/* SPDX-License-Identifier: Apache-2.0 */
#include "libkfpstore/run_shape.h"
#include "libkfpstore/json_text.h"

#include <string.h>

#include "backends/base/fail.h"

const char kfpsi_shape_loop[] = "loop";
const char kfpsi_shape_branches[] = "condition-branches";
const char kfpsi_shape_condition[] = "condition";
const char kfpsi_shape_exit_handler[] = "exit-handler";
const char kfpsi_shape_importer[] = "importer";

static const char *const kinds[] = {kfpsi_shape_loop, kfpsi_shape_branches, kfpsi_shape_condition,
                                    kfpsi_shape_exit_handler, kfpsi_shape_importer};

/* ---- the check --------------------------------------------------------------------------------------------------- */

typedef struct check {
    const json_t *components;
    const char *component; /* that is looked at; "root" */
    kfps_error *error;
} check;

typedef struct member_rule {
    const char *name;
    json_type type;
    bool required;
} member_rule;

static kfps_status bad(const check *c, const char *what, const char *name)
{
    return kfpb_fail(c->error, KFPS_INVALID, "not a run's shape: %.64s: %s%s%.64s", c->component, what,
                     name[0] != '\0' ? " " : "", name);
}

/* JSON_FALSE in a rule stands for either boolean. */
static bool has_type(const json_t *json, json_type type)
{
    return type == JSON_FALSE ? json_is_boolean(json) : json_typeof(json) == type;
}

/* Only these members, each of its type. */
static kfps_status check_members(const check *c, json_t *object, const member_rule *rules, size_t count,
                                 const char *name)
{
    size_t known = 0;
    if (!json_is_object(object))
        return bad(c, "not an object:", name);
    for (size_t i = 0; i < count; i++) {
        const json_t *member = json_object_get(object, rules[i].name);
        if (member == NULL && !rules[i].required)
            continue;
        if (member == NULL || !has_type(member, rules[i].type))
            return bad(c, rules[i].name, member == NULL ? "is missing" : "is of another type");
        known++;
    }
    return known == json_object_size(object) ? KFPS_OK : bad(c, "unknown members in", name);
}

static kfps_status check_names(const check *c, const json_t *names, const json_t *tasks)
{
    size_t i;
    json_t *name;
    json_array_foreach(names, i, name)
    {
        if (!json_is_string(name) || json_object_get(tasks, json_string_value(name)) == NULL)
            return bad(c, "\"after\" names no task", "");
    }
    return KFPS_OK;
}

static bool is_kind(const json_t *kind)
{
    for (size_t i = 0; kind != NULL && i < sizeof kinds / sizeof kinds[0]; i++) {
        if (strcmp(json_string_value(kind), kinds[i]) == 0)
            return true;
    }
    return kind == NULL;
}

static kfps_status check_tasks(const check *c, json_t *tasks)
{
    static const member_rule rules[] = {{"component", JSON_STRING, false},
                                        {"kind", JSON_STRING, false},
                                        {"always", JSON_FALSE, false},
                                        {"after", JSON_ARRAY, false}};
    const char *name;
    json_t *task;
    json_object_foreach(tasks, name, task)
    {
        kfps_status status = check_members(c, task, rules, sizeof rules / sizeof rules[0], name);
        const json_t *component = json_object_get(task, "component");
        if (status == KFPS_OK && component != NULL &&
            json_object_get(c->components, json_string_value(component)) == NULL)
            status = bad(c, "no such component for the task", name);
        if (status == KFPS_OK && !is_kind(json_object_get(task, "kind")))
            status = bad(c, "unknown kind of the task", name);
        if (status == KFPS_OK)
            status = check_names(c, json_object_get(task, "after"), tasks);
        if (status != KFPS_OK)
            return status;
    }
    return KFPS_OK;
}

static kfps_status check_outputs(const check *c, json_t *outputs, const json_t *tasks)
{
    static const member_rule rules[] = {
        {"from", JSON_ARRAY, true}, {"oneOf", JSON_FALSE, false}, {"list", JSON_FALSE, false}};
    const char *name;
    json_t *output;
    json_object_foreach(outputs, name, output)
    {
        size_t i;
        json_t *pair;
        const kfps_status status = check_members(c, output, rules, sizeof rules / sizeof rules[0], name);
        if (status != KFPS_OK)
            return status;
        json_array_foreach(json_object_get(output, "from"), i, pair)
        {
            const char *task = json_string_value(json_array_get(pair, 0));
            if (json_array_size(pair) != 2 || task == NULL || !json_is_string(json_array_get(pair, 1)) ||
                json_object_get(tasks, task) == NULL)
                return bad(c, "\"from\" names no task in the output", name);
        }
    }
    return KFPS_OK;
}

static kfps_status check_dag(const check *c, json_t *dag)
{
    static const member_rule rules[] = {
        {"tasks", JSON_OBJECT, true}, {"artifacts", JSON_OBJECT, false}, {"parameters", JSON_OBJECT, false}};
    kfps_status status = check_members(c, dag, rules, sizeof rules / sizeof rules[0], "the DAG");
    json_t *tasks = json_object_get(dag, "tasks");
    if (status == KFPS_OK)
        status = check_tasks(c, tasks);
    if (status == KFPS_OK)
        status = check_outputs(c, json_object_get(dag, "artifacts"), tasks);
    if (status == KFPS_OK)
        status = check_outputs(c, json_object_get(dag, "parameters"), tasks);
    return status;
}

static kfps_status check_shape(json_t *json, kfps_error *error)
{
    static const member_rule rules[] = {
        {"version", JSON_INTEGER, true}, {"root", JSON_OBJECT, true}, {"components", JSON_OBJECT, true}};
    const char *name;
    json_t *dag;
    check c = {.components = json_object_get(json, "components"), .component = "the shape", .error = error};
    kfps_status status = check_members(&c, json, rules, sizeof rules / sizeof rules[0], "the shape");
    if (status == KFPS_OK && json_integer_value(json_object_get(json, "version")) != KFPSI_SHAPE_VERSION)
        status = kfpb_fail(error, KFPS_INVALID, "a run's shape of version %lld; this library knows version %d",
                           (long long) json_integer_value(json_object_get(json, "version")), KFPSI_SHAPE_VERSION);
    c.component = "root";
    if (status == KFPS_OK)
        status = check_dag(&c, json_object_get(json, "root"));
    if (status != KFPS_OK)
        return status;
    json_object_foreach((json_t *) c.components, name, dag)
    {
        c.component = name;
        status = check_dag(&c, dag);
        if (status != KFPS_OK)
            return status;
    }
    return KFPS_OK;
}

kfps_status kfpsi_shape_parse(const char *text, size_t length, kfpsi_shape *out, kfps_error *error)
{
    json_error_t where;
    out->json = NULL;
    if (length > KFPSI_SHAPE_BYTES)
        return kfpb_fail(error, KFPS_TOO_LARGE, "a run's shape has %zu bytes; %d are the most", length,
                         KFPSI_SHAPE_BYTES);
    json_t *json = NULL;
    const kfps_status loaded = kfpsi_json_load(text, length, JSON_REJECT_DUPLICATES, &json, &where);
    if (loaded != KFPS_OK)
        return loaded == KFPS_NO_MEMORY
                   ? kfpb_fail_no_memory(error)
                   : kfpb_fail(error, KFPS_INVALID, "not a run's shape: no JSON (line %d, column %d)", where.line,
                               where.column);
    const kfps_status status = check_shape(json, error);
    if (status == KFPS_OK)
        out->json = json;
    else
        json_decref(json);
    return status;
}

void kfpsi_shape_free(kfpsi_shape *shape)
{
    json_decref(shape->json);
    shape->json = NULL;
}

/* ---- questions -----------------------------------------------------------------------------------------------------
 */

kfpsi_dag *kfpsi_shape_root(const kfpsi_shape *shape)
{
    return json_object_get(shape->json, "root");
}

static const json_t *task_of(kfpsi_dag *dag, const char *task)
{
    return task != NULL ? json_object_get(json_object_get(dag, "tasks"), task) : NULL;
}

kfpsi_dag *kfpsi_shape_below(const kfpsi_shape *shape, kfpsi_dag *dag, const char *task)
{
    const char *component = json_string_value(json_object_get(task_of(dag, task), "component"));
    return component != NULL ? json_object_get(json_object_get(shape->json, "components"), component) : NULL;
}

bool kfpsi_dag_is_loop(kfpsi_dag *dag, const char *task)
{
    const char *kind = json_string_value(json_object_get(task_of(dag, task), "kind"));
    return kind != NULL && strcmp(kind, kfpsi_shape_loop) == 0;
}

size_t kfpsi_dag_task_count(kfpsi_dag *dag)
{
    return json_object_size(json_object_get(dag, "tasks"));
}

bool kfpsi_dag_has_always(kfpsi_dag *dag)
{
    const char *name;
    json_t *task;
    json_object_foreach(json_object_get(dag, "tasks"), name, task)
    {
        if (json_is_true(json_object_get(task, "always")))
            return true;
    }
    return false;
}

/* What the task waits for has all ended. */
static bool is_free(const json_t *task, bool (*ended)(const void *with, const char *task), const void *with)
{
    size_t i;
    json_t *name;
    json_array_foreach(json_object_get(task, "after"), i, name)
    {
        if (!ended(with, json_string_value(name)))
            return false;
    }
    return true;
}

bool kfpsi_dag_awaits(kfpsi_dag *dag, bool (*ended)(const void *with, const char *task), const void *with)
{
    const char *name;
    json_t *task;
    json_object_foreach(json_object_get(dag, "tasks"), name, task)
    {
        if (json_is_true(json_object_get(task, "always")) && !ended(with, name) && is_free(task, ended, with))
            return true;
    }
    return false;
}

/* The cursor counts selectors over all outputs. */
bool kfpsi_dag_next_export(kfpsi_dag *dag, kfpsi_output_kind kind, const char *task, size_t *cursor, kfpsi_export *out)
{
    const char *key;
    json_t *output, *pair;
    size_t seen = 0, i;
    json_object_foreach(json_object_get(dag, kind == KFPSI_ARTIFACTS ? "artifacts" : "parameters"), key, output)
    {
        json_array_foreach(json_object_get(output, "from"), i, pair)
        {
            if (seen++ < *cursor || task == NULL || strcmp(json_string_value(json_array_get(pair, 0)), task) != 0)
                continue;
            *cursor = seen;
            *out = (kfpsi_export){.key = key,
                                  .child_key = json_string_value(json_array_get(pair, 1)),
                                  .one_of = json_is_true(json_object_get(output, "oneOf")),
                                  .list = json_is_true(json_object_get(output, "list"))};
            return true;
        }
    }
    return false;
}
