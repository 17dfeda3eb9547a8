/* SPDX-License-Identifier: Apache-2.0 */
#include "migrate/map/parameter.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kfpstore/merge.h"
#include "migrate/map/propagate.h"
#include "migrate/map/value.h"

/* A value stands in an object in an array. */
enum { LEVELS_AROUND = 2 };

static map_owner owner_of(const map_node *node)
{
    return (map_owner){"execution", node->execution->id};
}

json_t *map_producer(map_context *context, const char *task_name, int64_t iteration)
{
    json_t *producer = json_object();

    map_json_set(context, producer, "taskName", json_string(task_name));
    if (iteration >= 0) {
        char digits[24];
        snprintf(digits, sizeof digits, "%" PRId64, iteration);
        map_json_set(context, producer, "iteration", json_string(digits));
    }
    return producer;
}

/* Before KFP v2's `inputs`, each parameter was a property of its own, "input:<name>". */
static json_t *read_prefixed(map_context *context, const map_node *node, const char *prefix)
{
    const mlmd_properties *properties = &node->execution->properties;
    json_t *object = NULL;

    for (size_t i = 0; i < properties->count; i++) {
        const mlmd_property *property = &properties->items[i];
        const char *key = property->name + strlen(prefix);
        if (strncmp(property->name, prefix, strlen(prefix)) != 0)
            continue;
        if (object == NULL)
            object = json_object();
        /* custom ones come first and win */
        if (json_object_get(object, key) == NULL)
            map_json_set(context, object, key, map_value(context, property, owner_of(node)));
    }
    return object;
}

/* key -> value, or NULL if there are none. What cannot be decoded stays, as one parameter with the property's name. */
static json_t *read_parameters(map_context *context, const map_node *node, const char *name, const char *prefix)
{
    const mlmd_property *property = map_property(&node->execution->properties, name);

    if (property == NULL)
        return read_prefixed(context, node, prefix);
    if (property->kind == MLMD_VALUE_NULL)
        return NULL;
    json_t *object = map_value_struct(context, property, owner_of(node));
    if (object == NULL) {
        object = json_object();
        map_json_set(context, object, name,
                     property->kind == MLMD_VALUE_STRING ? json_string(property->text != NULL ? property->text : "")
                                                         : map_value(context, property, owner_of(node)));
    }
    return object;
}

void map_outputs_read(map_context *context, map_graph *graph)
{
    for (size_t i = 0; i < graph->order_count; i++) {
        map_node *node = graph->order[i];
        if (node->kind != MAP_KIND_ITERATION)
            node->outputs = read_parameters(context, node, "outputs", "output:");
    }
}

void map_outputs_free(map_graph *graph)
{
    for (size_t i = 0; i < graph->order_count; i++) {
        json_decref(graph->order[i]->outputs);
        graph->order[i]->outputs = NULL;
    }
}

static void leaf_output(map_context *context, void *with, const map_node *leaf, const char *key, map_items *out)
{
    const json_t *value = json_object_get(leaf->outputs, key);

    (void) with;
    if (value != NULL)
        map_items_add(context, out, (map_item){value, -1, leaf});
}

map_declarations *map_parameters_propagate(map_context *context, const map_graph *graph)
{
    map_declarations *all = kfpb_arena_array(context->arena, graph->count, sizeof *all);

    if (all == NULL)
        return NULL;
    for (size_t i = 0; i < graph->order_count; i++)
        map_parameter_declarations(context, graph->order[i], &all[graph->order[i] - graph->nodes]);
    map_propagate(context, graph, all, leaf_output, NULL);
    return all;
}

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(const char *const *) a, *(const char *const *) b);
}

/* The keys in byte order, to be freed; NULL if there are none. */
static const char **sorted_keys(map_context *context, json_t *object, size_t *count)
{
    const size_t size = json_object_size(object);
    const char **keys = size > 0 ? malloc(size * sizeof *keys) : NULL;
    const char *key;
    json_t *value;
    size_t n = 0;

    if (size > 0 && keys == NULL)
        context->arena->out_of_memory = true;
    if (keys != NULL) {
        json_object_foreach(object, key, value) keys[n++] = key;
        qsort(keys, n, sizeof *keys, compare_texts);
    }
    *count = n;
    return keys;
}

/* `value` is borrowed, `producer` taken over and may be NULL. */
static void add(map_context *context, json_t *list, const map_node *node, const char *key, int32_t type, json_t *value,
                json_t *producer)
{
    json_t *entry = json_object();

    map_json_set(context, entry, "parameterKey", json_string(key));
    map_json_set(context, entry, "type", json_string(kfps_io_type_name(type)));
    map_json_set(context, entry, "value",
                 map_value_fit(context, json_incref(value), LEVELS_AROUND, owner_of(node), key));
    if (producer != NULL)
        map_json_set(context, entry, "producer", producer);
    map_json_append(context, list, entry);
}

/* MLMD does not say where an input came from. */
static int32_t input_type(const map_node *node, const char *key)
{
    if (node->kind == MAP_KIND_ROOT)
        return KFPS_IO_RUNTIME_VALUE_INPUT;
    const bool in_iteration = node->own_index >= 0 ||
                              (node->mlmd_parent != NULL && node->mlmd_parent->kind == MAP_KIND_ITERATION);
    return in_iteration && strstr(key, "-loop-item") != NULL ? KFPS_IO_ITERATOR_INPUT : KFPS_IO_COMPONENT_INPUT;
}

const char *map_input_parameters(map_context *context, const map_node *node)
{
    json_t *inputs = read_parameters(context, node, "inputs", "input:");
    json_t *list = json_array();
    size_t count;
    const char **keys = sorted_keys(context, inputs, &count);

    for (size_t i = 0; i < count; i++) {
        json_t *producer = node->kind == MAP_KIND_ROOT ? map_producer(context, node->name, -1) : NULL;
        add(context, list, node, keys[i], input_type(node, keys[i]), json_object_get(inputs, keys[i]), producer);
    }
    free(keys);
    json_decref(inputs);
    return map_json_text(context, list);
}

const char *map_output_parameters(map_context *context, const map_node *node, const map_declarations *declared)
{
    json_t *list = json_array();
    size_t count;
    const char **keys = sorted_keys(context, node->outputs, &count);

    for (size_t i = 0; i < count; i++)
        add(context, list, node, keys[i], KFPS_IO_OUTPUT, json_object_get(node->outputs, keys[i]),
            map_producer(context, node->name, node->iteration));
    free(keys);
    for (size_t k = 0; k < declared->count; k++) {
        const map_declaration *one = &declared->items[k];
        if (one->inner || json_object_get(node->outputs, one->key) != NULL)
            continue;
        for (size_t i = 0; i < one->result.count; i++) {
            const map_item *item = &one->result.items[i];
            /* the walk hands values on as const; a reference count is all that changes */
            add(context, list, node, one->key, map_declared_type(node, one), (json_t *) (uintptr_t) item->what,
                map_producer(context, item->producer->name, map_declared_iteration(node, item)));
        }
    }
    return map_json_text(context, list);
}
