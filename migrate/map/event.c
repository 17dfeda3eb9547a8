/* SPDX-License-Identifier: Apache-2.0 */
#include "migrate/map/event.h"

typedef enum direction { NEITHER, READS, WRITES } direction;

static direction direction_of(int type)
{
    static const direction directions[] = {
        [MLMD_EVENT_DECLARED_OUTPUT] = WRITES, [MLMD_EVENT_OUTPUT] = WRITES, [MLMD_EVENT_INTERNAL_OUTPUT] = WRITES,
        [MLMD_EVENT_DECLARED_INPUT] = READS,   [MLMD_EVENT_INPUT] = READS,   [MLMD_EVENT_INTERNAL_INPUT] = READS,
        [MLMD_EVENT_PENDING_OUTPUT] = NEITHER,
    };
    return type >= 0 && (size_t) type < sizeof directions / sizeof directions[0] ? directions[type] : NEITHER;
}

static map_artifact *find_artifact(const map_events *events, int64_t id)
{
    size_t low = 0, high = events->artifact_count;

    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (events->artifacts[middle].source->id < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low < events->artifact_count && events->artifacts[low].source->id == id ? &events->artifacts[low] : NULL;
}

static void add_writer(map_edge *edge)
{
    map_artifact *artifact = edge->artifact;

    if (artifact->last_writer == NULL)
        artifact->first_writer = edge;
    else
        artifact->last_writer->next_of_writer = edge;
    artifact->last_writer = edge;
}

/* KFP: only a COMPLETE execution made an artifact, a CACHED one got it again. Where MLMD does not know the state (KFP
 * v1) or nothing completed, anything else that wrote it is better than no producer. */
static int rank(const map_edge *edge)
{
    const int state = edge->node->execution->state;

    return state == MLMD_STATE_COMPLETE ? 0 : state == MLMD_STATE_CACHED ? 2 : 1;
}

static bool earlier(const map_edge *a, const map_edge *b)
{
    if (rank(a) != rank(b))
        return rank(a) < rank(b);
    if (a->event->ms != b->event->ms)
        return a->event->ms < b->event->ms;
    return a->event->id < b->event->id;
}

static void find_producers(map_events *events)
{
    for (size_t i = 0; i < events->artifact_count; i++) {
        map_artifact *artifact = &events->artifacts[i];
        for (const map_edge *edge = artifact->first_writer; edge != NULL; edge = edge->next_of_writer) {
            if (artifact->producer == NULL || earlier(edge, artifact->producer))
                artifact->producer = edge;
        }
    }
}

/* True if the event is usable; what is not is noted. */
static bool usable(map_context *context, const map_graph *graph, const map_events *events, const mlmd_event *event,
                   map_edge *edge)
{
    const direction way = direction_of(event->type);
    map_node *node = map_graph_find(graph, event->execution_id);

    if (node != NULL && way == WRITES)
        node->has_output = true;
    if (event->execution == NULL || event->artifact == NULL) {
        map_note(context, NOTE_DANGLING_EVENT, "event", event->id, "%s %lld is missing",
                 event->execution == NULL ? "execution" : "artifact",
                 (long long) (event->execution == NULL ? event->execution_id : event->artifact_id));
        return false;
    }
    if (way == NEITHER) {
        map_note(context, NOTE_EVENT_TYPE, "event", event->id, "type %d", event->type);
        return false;
    }
    /* an execution that is not imported has said so itself */
    if (node == NULL || node->kind == MAP_KIND_NONE)
        return false;
    *edge = (map_edge){.event = event, .node = node, .output = way == WRITES};
    edge->artifact = find_artifact(events, event->artifact_id);
    return edge->artifact != NULL;
}

void map_events_build(map_context *context, map_graph *graph, const map_graph *foreign, map_events *out)
{
    const mlmd_run *run = context->run;
    map_edge **last = kfpb_arena_array(context->arena, graph->count, sizeof *last);
    map_edge *others = kfpb_arena_array(context->arena, run->foreign_event_count, sizeof *others);

    *out = (map_events){0};
    out->edges = kfpb_arena_array(context->arena, run->event_count, sizeof *out->edges);
    out->of_node = kfpb_arena_array(context->arena, graph->count, sizeof(map_edge *));
    out->artifacts = kfpb_arena_array(context->arena, run->artifact_count, sizeof *out->artifacts);
    if (context->arena->out_of_memory)
        return;
    out->artifact_count = run->artifact_count;
    for (size_t i = 0; i < run->artifact_count; i++)
        out->artifacts[i].source = &run->artifacts[i];

    for (size_t i = 0; i < run->event_count; i++) {
        map_edge *edge = &out->edges[out->count];
        if (!usable(context, graph, out, &run->events[i], edge))
            continue;
        const size_t n = (size_t) (edge->node - graph->nodes);
        *(last[n] == NULL ? &out->of_node[n] : &last[n]->next_of_node) = edge;
        last[n] = edge;
        if (edge->output)
            add_writer(edge);
        out->count++;
    }
    for (size_t i = 0; i < run->foreign_event_count; i++) {
        const mlmd_event *event = &run->foreign_events[i];
        map_edge *edge = &others[i];
        *edge = (map_edge){.event = event, .node = map_graph_find(foreign, event->execution_id), .output = true};
        edge->artifact = find_artifact(out, event->artifact_id);
        if (edge->node != NULL && edge->node->kind != MAP_KIND_NONE && edge->artifact != NULL &&
            direction_of(event->type) == WRITES)
            add_writer(edge);
    }
    find_producers(out);
}
