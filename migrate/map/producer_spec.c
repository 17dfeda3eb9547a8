/* SPDX-License-Identifier: Apache-2.0 */
#include "migrate/map/producer_spec.h"

#include <stdlib.h>
#include <string.h>

#include "migrate/map/value.h"

static void bad(map_context *context, const map_node *node, const char *property, const char *key)
{
    map_note(context, NOTE_BAD_PRODUCER_SPEC, "execution", node->execution->id, "%s%s%s", property,
             key[0] != '\0' ? " of " : "", key);
}

/* The member under either spelling: encoding/json writes snake_case, protojson lowerCamelCase. */
static json_t *member(const json_t *object, const char *snake, const char *camel)
{
    json_t *value = json_object_get(object, snake);

    return value != NULL ? value : json_object_get(object, camel);
}

static bool read_selector(map_context *context, const json_t *json, const char *snake, const char *camel,
                          map_selector *out)
{
    const char *task = json_string_value(member(json, "producer_subtask", "producerSubtask"));
    const char *key = json_string_value(member(json, snake, camel));

    if (task == NULL || key == NULL)
        return false;
    *out = (map_selector){kfpb_arena_text(context->arena, task), kfpb_arena_text(context->arena, key)};
    return out->task != NULL && out->key != NULL;
}

static bool read_selectors(map_context *context, const json_t *list, const char *snake, const char *camel,
                           map_declaration *out)
{
    const size_t count = json_array_size(list);
    map_selector *selectors = kfpb_arena_array(context->arena, count, sizeof *selectors);

    if (!json_is_array(list) || selectors == NULL)
        return false;
    for (size_t i = 0; i < count; i++) {
        if (!read_selector(context, json_array_get(list, i), snake, camel, &selectors[i]))
            return false;
    }
    out->selectors = selectors;
    out->selector_count = count;
    return true;
}

static bool read_artifact(map_context *context, const json_t *spec, map_declaration *out)
{
    if (!read_selectors(context, member(spec, "artifact_selectors", "artifactSelectors"), "output_artifact_key",
                        "outputArtifactKey", out))
        return false;
    out->one_of = out->selector_count > 1;
    return true;
}

/* A text that holds {"valueFromParameter": selector} or {"valueFromOneof": {"parameterSelectors": [selector…]}}. */
static bool read_parameter(map_context *context, const json_t *spec, map_declaration *out)
{
    json_t *parsed = NULL;
    bool good = false;

    if (json_is_string(spec)) {
        parsed = json_loads(json_string_value(spec), JSON_REJECT_DUPLICATES, NULL);
        spec = parsed;
    }
    const json_t *single = member(spec, "value_from_parameter", "valueFromParameter");
    const json_t *several = member(spec, "value_from_oneof", "valueFromOneof");
    if (single != NULL) {
        map_selector *selector = kfpb_arena_alloc(context->arena, sizeof *selector);
        good = selector != NULL &&
               read_selector(context, single, "output_parameter_key", "outputParameterKey", selector);
        out->selectors = selector;
        out->selector_count = 1;
    } else if (several != NULL) {
        good = read_selectors(context, member(several, "parameter_selectors", "parameterSelectors"),
                              "output_parameter_key", "outputParameterKey", out);
        out->one_of = true;
    }
    json_decref(parsed);
    return good;
}

static int compare_declarations(const void *a, const void *b)
{
    return strcmp(((const map_declaration *) a)->key, ((const map_declaration *) b)->key);
}

/* `specs` is taken over. */
static void read_all(map_context *context, const map_node *node, const char *property, json_t *specs,
                     bool (*read_one)(map_context *, const json_t *, map_declaration *), map_declarations *out)
{
    const char *key;
    json_t *spec;

    out->items = kfpb_arena_array(context->arena, json_object_size(specs), sizeof *out->items);
    if (out->items != NULL) {
        json_object_foreach(specs, key, spec)
        {
            map_declaration one = {.key = kfpb_arena_text(context->arena, key)};
            if (one.key == NULL || context->arena->out_of_memory)
                break;
            if (read_one(context, spec, &one))
                out->items[out->count++] = one;
            else
                bad(context, node, property, one.key);
        }
        if (out->count > 1)
            qsort(out->items, out->count, sizeof *out->items, compare_declarations);
    }
    json_decref(specs);
}

void map_artifact_declarations(map_context *context, const map_node *node, map_declarations *out)
{
    static const char name[] = "artifact_producer_task";
    const mlmd_property *property = map_property(&node->execution->properties, name);

    *out = (map_declarations){0};
    if (property == NULL || map_is_leaf(node))
        return;
    json_t *specs = property->kind == MLMD_VALUE_STRING ? json_loads(property->text, 0, NULL) : NULL;
    if (json_is_object(specs)) {
        read_all(context, node, name, specs, read_artifact, out);
        return;
    }
    json_decref(specs);
    bad(context, node, name, "");
}

void map_parameter_declarations(map_context *context, const map_node *node, map_declarations *out)
{
    static const char name[] = "parameter_producer_task";
    const mlmd_property *property = map_property(&node->execution->properties, name);

    *out = (map_declarations){0};
    if (property == NULL || map_is_leaf(node))
        return;
    json_t *specs = map_value_struct(context, property, (map_owner){"execution", node->execution->id});
    if (specs != NULL)
        read_all(context, node, name, specs, read_parameter, out);
    else
        bad(context, node, name, "");
}

map_declaration *map_declaration_find(const map_declarations *declarations, const char *key)
{
    size_t low = 0, high = declarations->count;

    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const int order = strcmp(declarations->items[middle].key, key);
        if (order == 0)
            return &declarations->items[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}
