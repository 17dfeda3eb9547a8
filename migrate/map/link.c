/* SPDX-License-Identifier: Apache-2.0 */
#include "migrate/map/link.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "migrate/map/ids.h"
#include "migrate/map/link_type.h"
#include "migrate/map/parameter.h"
#include "migrate/map/propagate.h"

/* What MLMD says of a task itself goes before what follows from other rows. */
enum { RANK_EVENT, RANK_ITERATION, RANK_PROPAGATED };

static const char *producer_text(map_context *context, const char *task_name, int64_t iteration)
{
    return map_json_text(context, map_producer(context, task_name, iteration));
}

static const char *producer_of(map_context *context, map_node *node)
{
    if (node->producer_json == NULL)
        node->producer_json = producer_text(context, node->name, node->iteration);
    return node->producer_json;
}

static const char *stored_key(map_context *context, const char *key, const char *kind, int64_t id)
{
    const char *cut = map_cut(context, key, MAP_KEY_LIMIT);

    if (cut != key)
        map_note(context, NOTE_KEY_CUT, kind, id, "%s", cut);
    return cut;
}

static void add(map_context *context, map_links *links, map_link link)
{
    if (links->count == links->capacity) {
        const size_t capacity = links->capacity == 0 ? 64 : links->capacity * 2;
        map_link *items = kfpb_arena_array(context->arena, capacity, sizeof *items);
        if (items == NULL)
            return;
        if (links->count > 0)
            memcpy(items, links->items, links->count * sizeof *items);
        links->items = items;
        links->capacity = capacity;
    }
    links->items[links->count++] = link;
}

static map_link from_event(map_context *context, const map_edge *edge)
{
    return (map_link){
        .artifact = edge->artifact,
        .task = edge->node,
        .iteration = -1,
        .key = stored_key(context, edge->event->key, "event", edge->event->id),
        .event_id = edge->event->id,
        .rank = RANK_EVENT,
    };
}

/* An iteration has no task: what it reads, its LOOP reads as that iteration's input, and what it wrote, likewise. */
static void add_of_iteration(map_context *context, map_links *links, const map_edge *edge)
{
    const map_node *loop = edge->node->mlmd_parent;
    map_link link = from_event(context, edge);

    link.task = loop;
    link.type = edge->output ? KFPS_IO_ITERATOR_OUTPUT : KFPS_IO_ITERATOR_INPUT;
    link.iteration = edge->node->own_index;
    link.producer_json = producer_text(context, loop->name, link.iteration);
    link.rank = RANK_ITERATION;
    add(context, links, link);
}

/* The task itself is the producer of what it wrote, also where the cache or an importer handed it an older artifact. */
static void add_output(map_context *context, map_links *links, const map_edge *edge)
{
    map_link link = from_event(context, edge);

    link.type = KFPS_IO_OUTPUT;
    link.iteration = edge->node->iteration;
    link.producer_json = producer_of(context, edge->node);
    add(context, links, link);
}

static void add_input(map_context *context, map_links *links, const map_edge *edge, int32_t type)
{
    const map_edge *producer = edge->artifact->producer;
    map_link link = from_event(context, edge);

    link.type = type;
    if (producer != NULL) {
        link.iteration = producer->node->iteration;
        link.producer_json = producer_of(context, producer->node);
    }
    add(context, links, link);
}

static int compare_by_key(const void *a, const void *b)
{
    const map_edge *left = *(const map_edge *const *) a, *right = *(const map_edge *const *) b;
    const int order = strcmp(left->event->key, right->event->key);

    if (order != 0)
        return order;
    return left->event->id < right->event->id ? -1 : 1;
}

typedef struct scratch {
    const map_edge **edges;
    int32_t *types;
} scratch;

static void add_of_node(map_context *context, const map_siblings *siblings, const map_edge *first, scratch s,
                        map_links *links)
{
    size_t inputs = 0;

    for (const map_edge *edge = first; edge != NULL; edge = edge->next_of_node) {
        if (edge->node->kind == MAP_KIND_ITERATION)
            add_of_iteration(context, links, edge);
        else if (edge->output)
            add_output(context, links, edge);
        else
            s.edges[inputs++] = edge;
    }
    if (inputs > 1)
        qsort(s.edges, inputs, sizeof *s.edges, compare_by_key);
    for (size_t begin = 0, end; begin < inputs; begin = end) {
        for (end = begin + 1; end < inputs && strcmp(s.edges[end]->event->key, s.edges[begin]->event->key) == 0; end++)
            ;
        map_input_types(siblings, s.edges + begin, end - begin, s.types);
        for (size_t i = begin; i < end; i++)
            add_input(context, links, s.edges[i], s.types[i - begin]);
    }
}

typedef struct leaf_context {
    const map_graph *graph;
    const map_events *events;
} leaf_context;

static void leaf_output(map_context *context, void *with, const map_node *leaf, const char *key, map_items *out)
{
    const leaf_context *in = with;

    for (const map_edge *edge = map_events_of(in->events, in->graph, leaf); edge != NULL; edge = edge->next_of_node) {
        if (edge->output && strcmp(edge->event->key, key) == 0)
            map_items_add(context, out, (map_item){edge->artifact, -1, leaf});
    }
}

/* `events` once more, without const: the walk hands artifacts on as const. */
static map_artifact *artifact_of(const map_events *events, const void *what)
{
    return &events->artifacts[(const map_artifact *) what - events->artifacts];
}

static void add_propagated(map_context *context, const map_graph *graph, const map_events *events, map_links *links)
{
    leaf_context with = {graph, events};
    map_declarations *all = kfpb_arena_array(context->arena, graph->count, sizeof *all);

    if (all == NULL)
        return;
    for (size_t i = 0; i < graph->order_count; i++)
        map_artifact_declarations(context, graph->order[i], &all[graph->order[i] - graph->nodes]);
    map_propagate(context, graph, all, leaf_output, &with);

    for (size_t i = 0; i < graph->order_count; i++) {
        const map_node *dag = graph->order[i];
        const map_declarations *own = &all[dag - graph->nodes];
        for (size_t k = 0; k < own->count && dag->kind != MAP_KIND_ITERATION; k++) {
            const map_declaration *one = &own->items[k];
            if (one->inner || one->result.count == 0)
                continue;
            const char *key = stored_key(context, one->key, "execution", dag->execution->id);
            for (size_t n = 0; n < one->result.count; n++) {
                const map_item *item = &one->result.items[n];
                const int64_t iteration = map_declared_iteration(dag, item);
                add(context, links,
                    (map_link){.artifact = artifact_of(events, item->what),
                               .task = dag,
                               .type = map_declared_type(dag, one),
                               .iteration = iteration,
                               .key = key,
                               .rank = RANK_PROPAGATED,
                               .producer_json = producer_text(context, item->producer->name, iteration)});
            }
        }
    }
}

/* As the table's unique index sees links. */
static int compare_unique(const map_link *left, const map_link *right)
{
    if (left->artifact != right->artifact)
        return left->artifact < right->artifact ? -1 : 1;
    if (left->task != right->task)
        return left->task < right->task ? -1 : 1;
    if (left->type != right->type)
        return left->type < right->type ? -1 : 1;
    if (left->iteration != right->iteration)
        return left->iteration < right->iteration ? -1 : 1;
    return strcmp(left->key, right->key);
}

static int compare_links(const void *a, const void *b)
{
    const map_link *left = a, *right = b;
    const int order = compare_unique(left, right);

    if (order != 0)
        return order;
    if (left->rank != right->rank)
        return left->rank < right->rank ? -1 : 1;
    /* of equal events MLMD's own upgrade keeps the newest */
    return left->event_id > right->event_id ? -1 : left->event_id < right->event_id;
}

static void drop_repeated(map_context *context, map_links *links)
{
    size_t kept = 0;

    if (links->count > 1)
        qsort(links->items, links->count, sizeof *links->items, compare_links);
    for (size_t i = 0; i < links->count; i++) {
        const map_link *link = &links->items[i];
        if (kept > 0 && compare_unique(&links->items[kept - 1], link) == 0) {
            if (link->event_id != 0)
                map_note(context, NOTE_DUPLICATE_EVENT, "event", link->event_id, "%s", link->key);
            continue;
        }
        if (link->rank == RANK_ITERATION && link->type == KFPS_IO_ITERATOR_INPUT)
            map_note(context, NOTE_ITERATION_INPUT, "event", link->event_id, "%s", link->key);
        link->artifact->used = true;
        links->items[kept++] = *link;
    }
    links->count = kept;
}

void map_links_collect(map_context *context, const map_graph *graph, const map_events *events, map_links *out)
{
    map_siblings siblings;
    const scratch s = {
        kfpb_arena_array(context->arena, events->count, sizeof(map_edge *)),
        kfpb_arena_array(context->arena, events->count, sizeof(int32_t)),
    };

    *out = (map_links){0};
    map_siblings_build(context, events, &siblings);
    if (context->arena->out_of_memory)
        return;
    for (size_t i = 0; i < graph->order_count; i++)
        add_of_node(context, &siblings, map_events_of(events, graph, graph->order[i]), s, out);
    add_propagated(context, graph, events, out);
    drop_repeated(context, out);
}

static const char *link_uuid(map_context *context, const map_link *link, size_t row)
{
    const kfps_artifact *artifact = &link->artifact->rows[row];

    if (link->event_id == 0)
        return map_uuid(context, "link:%s:%s:%" PRId32 ":%" PRId64 ":%s", artifact->uuid, link->task->uuid, link->type,
                        link->iteration, link->key);
    if (row == 0)
        return map_uuid(context, "event:%" PRId64, link->event_id);
    return map_uuid(context, "event:%" PRId64 ":metric:%s", link->event_id, link->artifact->metrics[row]);
}

void map_link_rows(map_context *context, const map_links *links, kfps_artifact_task **out, size_t *count)
{
    size_t rows = 0, n = 0;

    for (size_t i = 0; i < links->count; i++)
        rows += links->items[i].artifact->row_count;
    *out = kfpb_arena_array(context->arena, rows, sizeof **out);
    for (size_t i = 0; *out != NULL && i < links->count; i++) {
        const map_link *link = &links->items[i];
        for (size_t row = 0; row < link->artifact->row_count; row++)
            (*out)[n++] = (kfps_artifact_task){
                .uuid = link_uuid(context, link, row),
                .artifact_uuid = link->artifact->rows[row].uuid,
                .task_uuid = link->task->uuid,
                .run_uuid = context->target->run_uuid,
                .producer_json = link->producer_json,
                .artifact_key = link->key,
                .iteration = link->iteration,
                .type = link->type,
            };
    }
    *count = n;
}
