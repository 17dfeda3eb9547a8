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

static bool read_artifact(map_context *context, const json_t *spec, map_declaration *out)
{
    return kfpsi_output_spec_artifact(context->arena, spec, &out->spec);
}

/* A text that holds {"valueFromParameter": selector} or {"valueFromOneof": {"parameterSelectors": [selector…]}}. */
static bool read_parameter(map_context *context, const json_t *spec, map_declaration *out)
{
    json_t *parsed = NULL;

    if (json_is_string(spec)) {
        parsed = json_loads(json_string_value(spec), JSON_REJECT_DUPLICATES, NULL);
        spec = parsed;
    }
    const bool good = kfpsi_output_spec_parameter(context->arena, spec, &out->spec);
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
