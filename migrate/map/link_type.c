/* SPDX-License-Identifier: Apache-2.0 */
#include "migrate/map/link_type.h"

#include <stdlib.h>

/* Where a task stands: siblings have one place. */
static int compare_places(const map_edge *left, const map_artifact *artifact, const map_node *node)
{
    if (left->artifact != artifact)
        return left->artifact < artifact ? -1 : 1;
    if (left->node->mlmd_parent != node->mlmd_parent)
        return (uintptr_t) left->node->mlmd_parent < (uintptr_t) node->mlmd_parent ? -1 : 1;
    /* containers directly in a loop are siblings only within an iteration */
    if (left->node->own_index != node->own_index)
        return left->node->own_index < node->own_index ? -1 : 1;
    return 0;
}

static int compare_edges(const void *a, const void *b)
{
    const map_edge *left = *(const map_edge *const *) a, *right = *(const map_edge *const *) b;

    return compare_places(left, right->artifact, right->node);
}

void map_siblings_build(map_context *context, const map_events *events, map_siblings *out)
{
    *out = (map_siblings){kfpb_arena_array(context->arena, events->count, sizeof(map_edge *)), 0};
    if (out->outputs == NULL)
        return;
    for (size_t i = 0; i < events->count; i++) {
        if (events->edges[i].output)
            out->outputs[out->count++] = &events->edges[i];
    }
    if (out->count > 1)
        qsort(out->outputs, out->count, sizeof *out->outputs, compare_edges);
}

static bool written_by_sibling(const map_siblings *siblings, const map_edge *edge)
{
    size_t low = 0, high = siblings->count;

    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const int order = compare_places(siblings->outputs[middle], edge->artifact, edge->node);
        if (order == 0)
            return true;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return false;
}

static bool is_above(const map_node *above, const map_node *node)
{
    for (; node != NULL; node = node->parent) {
        if (node == above)
            return true;
    }
    return false;
}

/* The outermost loop around the producer that does not go around the reader as well. */
static const map_node *collected_from(const map_edge *edge)
{
    const map_node *loop = NULL;

    /* other runs' nodes have no id of their own */
    if (edge->artifact->producer == NULL || edge->artifact->producer->node->uuid == NULL)
        return NULL;
    for (const map_node *node = edge->artifact->producer->node->parent; node != NULL; node = node->parent) {
        if (is_above(node, edge->node))
            break;
        if (node->kind == MAP_KIND_LOOP)
            loop = node;
    }
    return loop;
}

void map_input_types(const map_siblings *siblings, const map_edge *const *edges, size_t count, int32_t *types)
{
    const map_node *loop = count > 1 ? collected_from(edges[0]) : NULL;
    bool several = false;

    for (size_t i = 1; i < count && loop != NULL; i++) {
        if (collected_from(edges[i]) != loop)
            loop = NULL;
        several |= edges[i]->artifact != edges[0]->artifact;
    }
    for (size_t i = 0; i < count; i++) {
        if (loop != NULL && several)
            types[i] = KFPS_IO_COLLECTED_INPUTS;
        else
            types[i] = written_by_sibling(siblings, edges[i]) ? KFPS_IO_TASK_OUTPUT_INPUT : KFPS_IO_COMPONENT_INPUT;
    }
}
