/* SPDX-License-Identifier: Apache-2.0 */
/*
 * propagate.c: DAGs are resolved from the deepest up, so what a DAG takes from one below is already there: no
 * recursion, and each key is resolved once however many selectors name it.
 */
#include "migrate/map/propagate.h"

#include <stdlib.h>
#include <string.h>

/* A task that selectors may name. Of equal names the newest attempt comes first. */
typedef struct candidate {
    int64_t index; /* of the iteration it stands in, if the DAG is a LOOP */
    const map_node *node;
} candidate;

typedef struct walk {
    map_context *context;
    const map_graph *graph;
    map_declarations *declarations;
    map_leaf_outputs leaf;
    void *with;
} walk;

void map_items_add(map_context *context, map_items *list, map_item item)
{
    if (list->count == list->capacity) {
        const size_t capacity = list->capacity == 0 ? 2 : list->capacity * 2;
        map_item *items = kfpb_arena_array(context->arena, capacity, sizeof *items);
        if (items == NULL)
            return;
        if (list->count > 0)
            memcpy(items, list->items, list->count * sizeof *items);
        list->items = items;
        list->capacity = capacity;
    }
    list->items[list->count++] = item;
}

static int compare_candidates(const void *a, const void *b)
{
    const candidate *left = a, *right = b;

    if (left->index != right->index)
        return left->index < right->index ? -1 : 1;
    const int order = strcmp(left->node->label, right->node->label);
    if (order != 0)
        return order;
    return left->node->execution->id > right->node->execution->id ? -1 : 1;
}

/* The tasks below, those of an iteration with its index, sorted; `count` is 0 without memory. */
static candidate *collect(const walk *w, const map_node *dag, size_t *count)
{
    size_t n = 0;
    candidate *list = NULL;

    for (int pass = 0; pass < 2; pass++) {
        n = 0;
        for (const map_node *child = dag->first_child; child != NULL; child = child->next_sibling) {
            if (child->kind != MAP_KIND_ITERATION) {
                if (list != NULL)
                    list[n] = (candidate){dag->kind == MAP_KIND_LOOP ? child->own_index : -1, child};
                n++;
                continue;
            }
            for (const map_node *inner = child->first_child; inner != NULL; inner = inner->next_sibling) {
                if (list != NULL)
                    list[n] = (candidate){child->own_index, inner};
                n++;
            }
        }
        if (pass == 0)
            list = kfpb_arena_array(w->context->arena, n, sizeof *list);
        if (list == NULL)
            n = 0;
    }
    if (n > 1)
        qsort(list, n, sizeof *list, compare_candidates);
    *count = n;
    return list;
}

/* What a task hands out under a key, added to `out`. */
static void outputs_of(const walk *w, const map_node *node, const char *key, map_items *out)
{
    if (map_is_leaf(node)) {
        w->leaf(w->context, w->with, node, key, out);
        return;
    }
    const map_declaration *found = map_declaration_find(&w->declarations[node - w->graph->nodes], key);
    for (size_t i = 0; found != NULL && i < found->result.count; i++)
        map_items_add(w->context, out, found->result.items[i]);
}

/* The first of the named tasks in list[0…count) that hands out anything. */
static void select_one(const walk *w, const candidate *list, size_t count, const kfpsi_selector *selector,
                       map_items *out)
{
    size_t low = 0, high = count;

    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (strcmp(list[middle].node->label, selector->task) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < count && strcmp(list[low].node->label, selector->task) == 0; low++) {
        const size_t before = out->count;
        outputs_of(w, list[low].node, selector->key, out);
        for (size_t i = before; i < out->count; i++)
            out->items[i].producer = list[low].node;
        if (out->count > before)
            return;
    }
}

static int compare_items(const void *a, const void *b)
{
    const map_item *left = *(map_item *const *) a, *right = *(map_item *const *) b;

    if (left->what != right->what)
        return (uintptr_t) left->what < (uintptr_t) right->what ? -1 : 1;
    if (left->index != right->index)
        return left->index < right->index ? -1 : 1;
    return left < right ? -1 : left > right;
}

/* Several selectors may reach the same thing: only the first counts. Keeps the order. */
static void drop_repeated(const walk *w, map_items *list, size_t from)
{
    const size_t count = list->count - from;
    map_item **sorted = kfpb_arena_array(w->context->arena, count, sizeof *sorted);

    if (sorted == NULL)
        return;
    for (size_t i = 0; i < count; i++)
        sorted[i] = &list->items[from + i];
    qsort(sorted, count, sizeof *sorted, compare_items);
    for (size_t i = count - 1; i > 0; i--) {
        if (sorted[i]->what == sorted[i - 1]->what && sorted[i]->index == sorted[i - 1]->index)
            sorted[i]->producer = NULL;
    }
    size_t kept = from;
    for (size_t i = from; i < list->count; i++) {
        if (list->items[i].producer != NULL)
            list->items[kept++] = list->items[i];
    }
    list->count = kept;
}

/* Candidates of one index at a time: a DAG has a single one, a LOOP one per iteration, whose index its items get. */
static void resolve_key(const walk *w, const map_node *dag, const candidate *list, size_t count, map_declaration *key)
{
    for (size_t begin = 0, end; begin < count; begin = end) {
        const int64_t index = list[begin].index;
        const size_t first = key->result.count;
        for (end = begin; end < count && list[end].index == index; end++)
            ;
        for (size_t s = 0; s < key->spec.count; s++)
            select_one(w, list + begin, end - begin, &key->spec.selectors[s], &key->result);
        for (size_t i = first; dag->kind == MAP_KIND_LOOP && i < key->result.count; i++)
            key->result.items[i].index = index;
        if (key->spec.count > 1 && key->result.count > first + 1)
            drop_repeated(w, &key->result, first);
    }
}

static int compare_iterations(const void *a, const void *b)
{
    const map_node *left = *(const map_node *const *) a, *right = *(const map_node *const *) b;

    if (left->own_index != right->own_index)
        return left->own_index < right->own_index ? -1 : 1;
    return left->execution->id > right->execution->id ? -1 : 1;
}

static int compare_declarations(const void *a, const void *b)
{
    return strcmp(((const map_declaration *) a)->key, ((const map_declaration *) b)->key);
}

/* What the iterations declare and the LOOP does not: a task above may ask the LOOP for it. */
static void adopt_inner(const walk *w, const map_node *loop)
{
    map_declarations *own = &w->declarations[loop - w->graph->nodes];
    size_t iterations = 0, keys = own->count;

    for (const map_node *child = loop->first_child; child != NULL; child = child->next_sibling) {
        if (child->kind == MAP_KIND_ITERATION) {
            iterations++;
            keys += w->declarations[child - w->graph->nodes].count;
        }
    }
    if (keys == own->count)
        return;
    const map_node **list = kfpb_arena_array(w->context->arena, iterations, sizeof *list);
    map_declaration *all = kfpb_arena_array(w->context->arena, keys, sizeof *all);
    if (list == NULL || all == NULL)
        return;
    size_t n = 0;
    for (const map_node *child = loop->first_child; child != NULL; child = child->next_sibling) {
        if (child->kind == MAP_KIND_ITERATION)
            list[n++] = child;
    }
    qsort(list, n, sizeof *list, compare_iterations);

    map_declarations merged = {all, own->count};
    if (own->count > 0)
        memcpy(all, own->items, own->count * sizeof *all);
    for (size_t i = 0; i < n; i++) {
        const map_declarations *inner = &w->declarations[list[i] - w->graph->nodes];
        const size_t known = merged.count;
        for (size_t k = 0; k < inner->count; k++) {
            const map_declaration *from = &inner->items[k];
            map_declaration *into = map_declaration_find(&(map_declarations){all, known}, from->key);
            if (into == NULL) {
                into = &all[merged.count++];
                *into = (map_declaration){.key = from->key, .spec.one_of = from->spec.one_of, .inner = true};
            }
            const map_item *last = into->result.count > 0 ? &into->result.items[into->result.count - 1] : NULL;
            /* an older attempt at the same index */
            if (!into->inner || (last != NULL && last->index == list[i]->own_index))
                continue;
            for (size_t j = 0; j < from->result.count; j++) {
                map_item item = from->result.items[j];
                item.index = list[i]->own_index;
                map_items_add(w->context, &into->result, item);
            }
        }
        if (merged.count > known)
            qsort(all, merged.count, sizeof *all, compare_declarations);
    }
    *own = merged;
}

void map_propagate(map_context *context, const map_graph *graph, map_declarations *declarations, map_leaf_outputs leaf,
                   void *with)
{
    const walk w = {context, graph, declarations, leaf, with};

    for (size_t i = graph->order_count; i > 0; i--) {
        const map_node *node = graph->order[i - 1];
        map_declarations *own = &declarations[node - graph->nodes];
        size_t count = 0;
        candidate *list = own->count > 0 ? collect(&w, node, &count) : NULL;
        for (size_t k = 0; k < own->count; k++)
            resolve_key(&w, node, list, count, &own->items[k]);
        if (node->kind == MAP_KIND_LOOP)
            adopt_inner(&w, node);
    }
}

int32_t map_declared_type(const map_node *dag, const map_declaration *declaration)
{
    if (dag->kind == MAP_KIND_LOOP)
        return KFPS_IO_ITERATOR_OUTPUT;
    return declaration->spec.one_of ? KFPS_IO_ONE_OF_OUTPUT : KFPS_IO_OUTPUT;
}

int64_t map_declared_iteration(const map_node *dag, const map_item *item)
{
    return item->index >= 0 || dag->kind == MAP_KIND_LOOP ? item->index : dag->iteration;
}
