/* SPDX-License-Identifier: Apache-2.0 */
#include "migrate/map/task.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistr.h>

#include "migrate/map/ids.h"
#include "migrate/map/parameter.h"
#include "migrate/map/value.h"
#include "migrate/names.h"

enum { FINGERPRINT_LIMIT = 255 };

static const char *display_name(map_context *context, const map_node *node)
{
    const mlmd_properties *properties = &node->execution->properties;
    const char *name = map_property_text(properties, "display_name");

    if (name == NULL)
        name = map_property_text(properties, "task_name");
    if (node->any_type)
        name = node->label;
    if (name == NULL)
        return "";
    const char *cut = map_cut(context, name, MAP_NAME_LIMIT);
    if (cut != name)
        map_note(context, NOTE_NAME_CUT, "execution", node->execution->id, "display name %s", cut);
    return cut;
}

static const char *pods(map_context *context, const map_node *node)
{
    const mlmd_properties *properties = &node->execution->properties;
    const char *name = map_property_text(properties, "pod_name");
    const char *uid = map_property_text(properties, "pod_uid");

    if (name == NULL && node->any_type)
        name = map_property_text(properties, "kfp_pod_name");
    if (node->kind != MAP_KIND_RUNTIME || name == NULL || name[0] == '\0')
        return "[]";
    json_t *pod = json_object();
    json_t *list = json_array();
    map_json_set(context, pod, "name", json_string(name));
    map_json_set(context, pod, "type", json_string("EXECUTOR"));
    if (uid != NULL && uid[0] != '\0')
        map_json_set(context, pod, "uid", json_string(uid));
    map_json_append(context, list, pod);
    return map_json_text(context, list);
}

static const char *legacy_fingerprint(const map_target *target, int64_t id)
{
    size_t low = 0, high = target->legacy_count;

    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (target->legacy[middle].execution_id < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low < target->legacy_count && target->legacy[low].execution_id == id ? target->legacy[low].fingerprint
                                                                                : NULL;
}

/* A row with a fingerprint is a cache entry: only what MLMD itself says was completed may be one. The driver writes the
 * fingerprint before the task has run. */
static const char *fingerprint(map_context *context, const map_node *node)
{
    const mlmd_execution *execution = node->execution;

    if (execution->state != MLMD_STATE_COMPLETE || node->kind != MAP_KIND_RUNTIME)
        return "";
    const char *text = map_property_text(&execution->properties, "cache_fingerprint");
    if (text == NULL || text[0] == '\0') {
        text = legacy_fingerprint(context->target, execution->id);
        if (text == NULL || text[0] == '\0')
            return "";
        map_note(context, NOTE_FINGERPRINT_LEGACY, "execution", execution->id, "%s", node->name);
    }
    const size_t length = strlen(text);
    if (length <= FINGERPRINT_LIMIT || u8_mbsnlen((const uint8_t *) text, length) <= FINGERPRINT_LIMIT)
        return text;
    map_note(context, NOTE_FINGERPRINT_TOO_LONG, "execution", execution->id, "%zu bytes", length);
    return "";
}

static void set_digits(map_context *context, json_t *object, const char *key, int64_t value)
{
    char digits[24];

    snprintf(digits, sizeof digits, "%" PRId64, value);
    map_json_set(context, object, key, json_string(digits));
}

static const char *type_attributes(map_context *context, const map_node *node)
{
    const bool workspace = strcmp(node->execution->type, "system.ImporterWorkspaceExecution") == 0;
    int64_t count;
    json_t *attributes = json_object();

    if (node->kind == MAP_KIND_LOOP && map_property_integer(&node->execution->properties, "iteration_count", &count))
        set_digits(context, attributes, "iterationCount", count);
    if (node->iteration >= 0)
        set_digits(context, attributes, "iterationIndex", node->iteration);
    if (workspace)
        map_json_set(context, attributes, "downloadToWorkspace", json_true());
    return map_json_text(context, attributes);
}

/* Where the row comes from, and what has no column. */
static const char *status_metadata(map_context *context, const map_node *node)
{
    const mlmd_execution *execution = node->execution;
    const map_owner owner = {"execution", execution->id};
    json_t *custom = json_object();
    json_t *status = json_object();

    map_json_set(context, custom, "mlmd_execution_id", json_integer(execution->id));
    map_json_set(context, custom, "mlmd_type", json_string(execution->type));
    for (size_t i = 0; i < execution->properties.count; i++) {
        const mlmd_property *property = &execution->properties.items[i];
        const bool known = strcmp(property->name, "image") == 0 || strcmp(property->name, "cached_execution_id") == 0;
        const bool plugin = strncmp(property->name, "plugins.", strlen("plugins.")) == 0;
        const bool empty = property->kind == MLMD_VALUE_STRING && (property->text == NULL || property->text[0] == '\0');
        if ((!known && !plugin) || empty || json_object_get(custom, property->name) != NULL)
            continue;
        json_t *value = map_value_fit(context, map_value(context, property, owner), 2, owner, property->name);
        map_json_set(context, custom, property->name, value);
    }
    map_json_set(context, status, "customProperties", custom);
    return map_json_text(context, status);
}

static void add_state(map_context *context, json_t *history, int32_t state, int64_t seconds)
{
    const time_t when = (time_t) seconds;
    struct tm parts;
    char text[64] = "1970-01-01T00:00:00Z";
    json_t *entry = json_object();

    if (gmtime_r(&when, &parts) != NULL)
        strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
    map_json_set(context, entry, "state", json_string(name_of_task_state(state)));
    map_json_set(context, entry, "updateTime", json_string(text));
    map_json_append(context, history, entry);
}

/* MLMD keeps no history; it made the row when the task started, except for a task that never did. */
static const char *state_history(map_context *context, const map_node *node)
{
    json_t *history = json_array();

    if (node->state != KFPS_TASK_SKIPPED)
        add_state(context, history, KFPS_TASK_RUNNING, node->created_at);
    if (node->state != KFPS_TASK_RUNNING)
        add_state(context, history, node->state, node->finished_at);
    return map_json_text(context, history);
}

void map_task(map_context *context, const map_node *node, const map_declarations *declared, kfps_task *out)
{
    *out = (kfps_task){
        .uuid = node->uuid,
        .task_namespace = context->target->run_namespace,
        .run_uuid = context->target->run_uuid,
        .pods_json = pods(context, node),
        .created_at = node->created_at,
        .started_at = node->created_at,
        .finished_at = node->finished_at,
        .fingerprint = fingerprint(context, node),
        .name = node->name,
        .display_name = display_name(context, node),
        .parent_uuid = node->parent != NULL ? node->parent->uuid : NULL,
        .status_metadata_json = status_metadata(context, node),
        .state_history_json = state_history(context, node),
        .input_parameters_json = map_input_parameters(context, node),
        .output_parameters_json = map_output_parameters(context, node, declared),
        .type_attributes_json = type_attributes(context, node),
        .scope_path = node->scope,
        .logical_key = node->logical_key,
        .state = node->state,
        .type = map_task_type(node->kind),
    };
}
