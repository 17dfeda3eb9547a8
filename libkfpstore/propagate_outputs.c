/* SPDX-License-Identifier: Apache-2.0 */
/*
 * propagate_outputs.c: artifacts and parameters on their way up. Which of a task's outputs its parent exports, and
 * under which key, the shape says; what becomes of type, iteration and producer is upstream's (updateStatuses and its
 * kin).
 */
#include "backends/base/fail.h"
#include "kfpstore/merge.h"
#include "libkfpstore/canonical_json.h"
#include "libkfpstore/json_text.h"
#include "libkfpstore/names.h"
#include "libkfpstore/query.h"
#include "libkfpstore/result.h"
#include "libkfpstore/task_change.h"
#include "libkfpstore/task_update.h"

/* ---- type, iteration, producer -------------------------------------------------------------------------------------
 */

static bool is_output(int32_t type)
{
    return type >= KFPS_IO_ITERATOR_OUTPUT && type <= KFPS_IO_TASK_FINAL_STATUS_OUTPUT;
}

static int32_t type_above(const kfpsi_task_node *node, const kfpsi_handed *handed)
{
    const bool first_hop = handed->from->dag == NULL;
    if (kfpsi_node_is_loop(node))
        return KFPS_IO_ITERATOR_OUTPUT;
    if (handed->as.one_of || (node->row.type == KFPS_TASK_CONDITION_BRANCH && !handed->as.list))
        return KFPS_IO_ONE_OF_OUTPUT;
    return first_hop || !is_output(handed->type) ? KFPS_IO_OUTPUT : handed->type;
}

static int64_t iteration_of(const kfpsi_update *u, const kfpsi_task_node *node)
{
    int64_t iteration = -1;
    return kfpsi_task_attribute(u->arena, node->row.type_attributes_json, "iterationIndex", &iteration) ? iteration
                                                                                                        : -1;
}

/* `own` is the iteration that the node itself is. */
static int64_t iteration_above(const kfpsi_task_node *node, int64_t own, const kfpsi_handed *handed)
{
    if (kfpsi_node_is_loop(node) && handed->from_iteration >= 0)
        return handed->from_iteration;
    return handed->iteration >= 0 ? handed->iteration : own;
}

/* NULL without memory. */
static json_t *producer_of(const kfpsi_handed *handed, int64_t iteration)
{
    char digits[24];
    const char *name = handed->from->row.name != NULL ? handed->from->row.name : "";
    if (iteration < 0)
        return json_pack("{ss}", "taskName", name);
    snprintf(digits, sizeof digits, "%lld", (long long) iteration);
    return json_pack("{ssss}", "iteration", digits, "taskName", name);
}

static const char *json_to_arena(kfpb_arena *arena, const json_t *json)
{
    kfpb_text text = {0};
    const char *copy = NULL;
    if (json != NULL && kfpsi_canonical_json(json, KFPSI_NUMBERS_EXACT, &text, NULL) == KFPS_OK && !text.out_of_memory)
        copy = kfpb_arena_textn(arena, text.data, text.length);
    kfpb_text_free(&text);
    return copy;
}

/* ---- parameters -------------------------------------------------------------------------------------------------- */

/* What another program stored and cannot be read counts as nothing: a fresh array. NULL without memory. */
static json_t *parameters_of(kfpsi_task_node *node)
{
    if (node->parameters != NULL)
        return node->parameters;
    const char *text = node->row.output_parameters_json;
    json_t *json = NULL;
    if (text != NULL &&
        kfpsi_json_load(text, strlen(text), JSON_DECODE_ANY | JSON_ALLOW_NUL, &json, NULL) == KFPS_NO_MEMORY)
        return NULL;
    if (!json_is_array(json)) {
        json_decref(json);
        json = json_array();
    }
    node->parameters = json;
    return json;
}

static const char *key_of(const json_t *parameter)
{
    const char *key = json_string_value(json_object_get(parameter, "parameterKey"));
    return key != NULL ? key : "";
}

static int32_t type_of(const json_t *parameter)
{
    const json_t *type = json_object_get(parameter, "type");
    return json_is_integer(type) ? (int32_t) json_integer_value(type) : kfpsi_io_type_of(json_string_value(type));
}

static int64_t parameter_iteration(const json_t *parameter)
{
    const json_t *value = json_object_get(json_object_get(parameter, "producer"), "iteration");
    int64_t iteration = -1;
    if (json_is_integer(value))
        return json_integer_value(value);
    return json_is_string(value) && kfpb_parse_int(json_string_value(value), &iteration) ? iteration : -1;
}

static const char *producer_name(const json_t *parameter)
{
    const char *name = json_string_value(json_object_get(json_object_get(parameter, "producer"), "taskName"));
    return name != NULL ? name : "";
}

static bool same_place(const json_t *a, const json_t *b)
{
    return type_of(a) == type_of(b) && parameter_iteration(a) == parameter_iteration(b) &&
           strcmp(key_of(a), key_of(b)) == 0 && strcmp(producer_name(a), producer_name(b)) == 0;
}

/* Puts the parameter where one of its key, type and producer stands that was not replaced yet, else at the end. Both
 * lists have mostly the same order, so the search goes on from the last place. */
static bool put(json_t *list, bool *used, size_t length, size_t *cursor, json_t *parameter)
{
    for (size_t i = 0; i < length; i++) {
        const size_t at = (*cursor + i) % length;
        if (used[at] || !same_place(json_array_get(list, at), parameter))
            continue;
        used[at] = true;
        *cursor = at + 1;
        return json_array_set_new(list, at, parameter) == 0;
    }
    return json_array_append_new(list, parameter) == 0;
}

static json_t *parameter_above(const kfpsi_task_node *node, int64_t own, const kfpsi_handed *handed)
{
    const int64_t iteration = iteration_above(node, own, handed);
    return json_pack("{ss,so,ss,sO}", "parameterKey", handed->as.key, "producer", producer_of(handed, iteration),
                     "type", kfps_io_type_name(type_above(node, handed)), "value", handed->value);
}

static kfps_status take_parameters(kfpsi_update *u, kfpsi_task_node *node, int64_t own, kfps_error *error)
{
    json_t *list = parameters_of(node);
    const size_t length = json_array_size(list);
    size_t cursor = 0;
    bool *used = kfpb_arena_array(u->arena, length, sizeof *used);
    if (list == NULL || used == NULL)
        return kfpb_fail_no_memory(error);
    for (size_t i = 0; i < node->handed_count; i++) {
        if (node->handed[i].artifact_uuid != NULL)
            continue;
        json_t *parameter = parameter_above(node, own, &node->handed[i]);
        if (parameter == NULL || !put(list, used, length, &cursor, parameter))
            return kfpb_fail_no_memory(error);
    }
    node->row.output_parameters_json = json_to_arena(u->arena, list);
    return node->row.output_parameters_json != NULL ? KFPS_OK : kfpb_fail_no_memory(error);
}

/* ---- links ------------------------------------------------------------------------------------------------------- */

static kfps_status take_link(kfpsi_update *u, kfpsi_task_node *node, int64_t own, const kfpsi_handed *handed,
                             kfps_error *error)
{
    const int32_t type = type_above(node, handed);
    const int64_t iteration = iteration_above(node, own, handed);
    json_t *producer = producer_of(handed, iteration);
    const char *producer_json = json_to_arena(u->arena, producer);
    kfpsi_given_link *up = kfpsi_push(u->arena, &node->links, &node->link_count, &node->link_capacity, sizeof *up);
    kfps_artifact_task *link = kfpsi_push(u->arena, &u->links, &u->link_count, &u->link_capacity, sizeof *link);
    json_decref(producer);
    if (producer_json == NULL || up == NULL || link == NULL)
        return kfpb_fail_no_memory(error);
    *up = (kfpsi_given_link){handed->artifact_uuid, handed->as.key, iteration, type};
    *link = (kfps_artifact_task){.artifact_uuid = handed->artifact_uuid,
                                 .task_uuid = node->uuid,
                                 .run_uuid = u->run_uuid,
                                 .producer_json = producer_json,
                                 .artifact_key = handed->as.key,
                                 .iteration = iteration,
                                 .type = type};
    return KFPS_OK;
}

kfps_status kfpsi_take_outputs(kfpsi_update *u, kfpsi_task_node *node, kfps_error *error)
{
    const int64_t own = node->handed_count > 0 ? iteration_of(u, node) : -1;
    bool parameters = false;
    kfps_status status = KFPS_OK;
    for (size_t i = 0; status == KFPS_OK && i < node->handed_count; i++) {
        if (node->handed[i].artifact_uuid != NULL)
            status = take_link(u, node, own, &node->handed[i], error);
        else
            parameters = true;
    }
    return status == KFPS_OK && parameters ? take_parameters(u, node, own, error) : status;
}

/* ---- from a task to its parent ----------------------------------------------------------------------------------- */

static bool exports_any(const kfpsi_task_node *node, kfpsi_output_kind kind)
{
    kfpsi_export as;
    size_t cursor = 0;
    return node->parent != NULL && kfpsi_dag_next_export(node->parent->dag, kind, node->row.name, &cursor, &as);
}

/* `what` lacks only the key. */
static kfps_status hand_up(kfpsi_update *u, kfpsi_task_node *node, kfpsi_output_kind kind, const char *key,
                           kfpsi_handed what, kfps_error *error)
{
    kfpsi_task_node *parent = node->parent;
    size_t cursor = 0;
    while (kfpsi_dag_next_export(parent->dag, kind, node->row.name, &cursor, &what.as)) {
        if (strcmp(what.as.child_key, key) != 0)
            continue;
        kfpsi_handed *place = kfpsi_push(u->arena, &parent->handed, &parent->handed_count, &parent->handed_capacity,
                                         sizeof *place);
        if (place == NULL)
            return kfpb_fail_no_memory(error);
        *place = what;
        parent->touched = true;
    }
    return KFPS_OK;
}

static kfps_status give_all(kfpsi_update *u, kfpsi_task_node *node, kfps_error *error)
{
    kfps_status status = KFPS_OK;
    kfpsi_handed what = {.from = node, .from_iteration = iteration_of(u, node)};
    size_t i;
    json_t *parameter;
    for (size_t l = 0; status == KFPS_OK && l < node->link_count; l++) {
        what.artifact_uuid = node->links[l].artifact_uuid;
        what.iteration = node->links[l].iteration;
        what.type = node->links[l].type;
        status = hand_up(u, node, KFPSI_ARTIFACTS, node->links[l].key, what, error);
    }
    if (status != KFPS_OK || !exports_any(node, KFPSI_PARAMETERS))
        return status;
    if (parameters_of(node) == NULL)
        return kfpb_fail_no_memory(error);
    what.artifact_uuid = NULL;
    json_array_foreach(node->parameters, i, parameter)
    {
        what.value = json_object_get(parameter, "value");
        what.iteration = parameter_iteration(parameter);
        what.type = type_of(parameter);
        if (status == KFPS_OK && what.value != NULL)
            status = hand_up(u, node, KFPSI_PARAMETERS, key_of(parameter), what, error);
    }
    return status;
}

typedef struct reading {
    kfpsi_update *u;
    kfpsi_task_node *const *level;
    size_t count;
} reading;

static kfps_status see_link(void *context, const kfpb_rows *row, kfps_error *error)
{
    const reading *r = context;
    const char *task = kfpb_get_text(row, 0, NULL);
    for (size_t i = 0; i < r->count; i++) {
        kfpsi_task_node *node = r->level[i];
        if (strcmp(node->uuid, task) != 0)
            continue;
        kfpsi_given_link *link = kfpsi_push(r->u->arena, &node->links, &node->link_count, &node->link_capacity,
                                            sizeof *link);
        if (link == NULL)
            return kfpb_fail_no_memory(error);
        *link = (kfpsi_given_link){.artifact_uuid = kfpb_arena_text(r->u->arena, kfpb_get_text(row, 1, NULL)),
                                   .key = kfpb_arena_text(r->u->arena, kfpb_get_text(row, 4, NULL)),
                                   .iteration = kfpb_get_int(row, 3),
                                   .type = (int32_t) kfpb_get_int(row, 2)};
        break;
    }
    return r->u->arena->out_of_memory ? kfpb_fail_no_memory(error) : KFPS_OK;
}

/* The output links of the tasks that end now, of those alone whose parents export artifacts of them. */
static kfps_status read_links(kfpsi_update *u, kfpsi_task_node *const *level, size_t count, kfps_error *error)
{
    reading r = {u, level, count};
    size_t wanted = 0;
    const char **uuids = kfpb_arena_array(u->arena, count, sizeof *uuids);
    if (uuids == NULL)
        return kfpb_fail_no_memory(error);
    for (size_t i = 0; i < count; i++) {
        if (level[i]->gives && exports_any(level[i], KFPSI_ARTIFACTS))
            uuids[wanted++] = level[i]->uuid;
    }
    return kfpsi_each_in(u->op->conn,
                         "SELECT \"TaskID\",\"ArtifactID\",\"Type\",\"Iteration\",\"ArtifactKey\" FROM "
                         "\"artifact_tasks\" WHERE \"TaskID\"",
                         uuids, wanted, " AND \"Type\" IN (8,9,10,11)", see_link, &r, error);
}

kfps_status kfpsi_give_outputs(kfpsi_update *u, kfpsi_task_node *const *level, size_t count, kfps_error *error)
{
    if (u->shape.json == NULL)
        return KFPS_OK;
    kfps_status status = read_links(u, level, count, error);
    for (size_t i = 0; status == KFPS_OK && i < count; i++) {
        kfpsi_task_node *node = level[i];
        if (node->parent != NULL && (node->gives || node->handed_count > 0))
            status = give_all(u, node, error);
    }
    return status;
}
