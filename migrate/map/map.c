/* SPDX-License-Identifier: Apache-2.0 */
#include "migrate/map/map.h"

#include <stdlib.h>
#include <string.h>

#include "backends/base/fail.h"
#include "migrate/map/artifact.h"
#include "migrate/map/context.h"
#include "migrate/map/link.h"
#include "migrate/map/parameter.h"
#include "migrate/map/state.h"
#include "migrate/map/struct_value.h"
#include "migrate/map/task.h"

/* MLMD's word for the namespace decides nothing, but where it contradicts the run's own row, something is wrong with
 * one of them, and the rows could end up in the wrong hands. A single-user installation keeps no namespaces. */
static bool namespaces_agree(map_context *context)
{
    const char *said = map_property_text(&context->run->properties, "namespace");
    const char *mine = context->target->run_namespace;

    if (said == NULL || said[0] == '\0' || mine[0] == '\0' || strcmp(said, mine) == 0)
        return true;
    map_note(context, NOTE_NAMESPACE_CONFLICT, "context", context->run->context_id, "MLMD says %s, run_details says %s",
             said, mine);
    return false;
}

typedef struct placed_task {
    kfps_task task;
    int depth;
} placed_task;

static int compare_tasks(const void *a, const void *b)
{
    const placed_task *left = a, *right = b;

    return left->depth != right->depth ? (left->depth < right->depth ? -1 : 1)
                                       : strcmp(left->task.uuid, right->task.uuid);
}

static void make_tasks(map_context *context, const map_graph *graph, map_rows *out)
{
    const map_declarations *declared = map_parameters_propagate(context, graph);
    placed_task *placed = kfpb_arena_array(context->arena, graph->order_count, sizeof *placed);
    size_t count = 0;

    if (declared == NULL || placed == NULL)
        return;
    for (size_t i = 0; i < graph->order_count && !context->arena->out_of_memory; i++) {
        const map_node *node = graph->order[i];
        if (node->kind == MAP_KIND_ITERATION)
            continue;
        placed[count].depth = node->depth;
        map_task(context, node, &declared[node - graph->nodes], &placed[count].task);
        count++;
    }
    out->tasks = kfpb_arena_array(context->arena, count, sizeof *out->tasks);
    out->task_depths = kfpb_arena_array(context->arena, count, sizeof *out->task_depths);
    if (context->arena->out_of_memory)
        return;
    qsort(placed, count, sizeof *placed, compare_tasks);
    for (size_t i = 0; i < count; i++) {
        out->tasks[i] = placed[i].task;
        out->task_depths[i] = placed[i].depth;
    }
    out->task_count = count;
}

typedef struct placed_artifact {
    kfps_artifact artifact;
    int64_t id;
} placed_artifact;

static int compare_artifacts(const void *a, const void *b)
{
    return strcmp(((const placed_artifact *) a)->artifact.uuid, ((const placed_artifact *) b)->artifact.uuid);
}

static void make_artifacts(map_context *context, const map_events *events, map_rows *out)
{
    size_t count = 0;

    for (size_t i = 0; i < events->artifact_count && !context->arena->out_of_memory; i++) {
        map_artifact *artifact = &events->artifacts[i];
        if (artifact->used)
            map_artifact_rows(context, artifact);
        count += artifact->row_count;
    }
    placed_artifact *placed = kfpb_arena_array(context->arena, count, sizeof *placed);
    out->artifacts = kfpb_arena_array(context->arena, count, sizeof *out->artifacts);
    out->artifact_ids = kfpb_arena_array(context->arena, count, sizeof *out->artifact_ids);
    if (context->arena->out_of_memory)
        return;
    size_t n = 0;
    for (size_t i = 0; i < events->artifact_count; i++) {
        for (size_t row = 0; row < events->artifacts[i].row_count; row++)
            placed[n++] = (placed_artifact){events->artifacts[i].rows[row], events->artifacts[i].source->id};
    }
    qsort(placed, count, sizeof *placed, compare_artifacts);
    for (size_t i = 0; i < count; i++) {
        out->artifacts[i] = placed[i].artifact;
        out->artifact_ids[i] = placed[i].id;
    }
    out->artifact_count = count;
}

static int compare_links(const void *a, const void *b)
{
    return strcmp(((const kfps_artifact_task *) a)->uuid, ((const kfps_artifact_task *) b)->uuid);
}

static void make_rows(map_context *context, map_rows *out)
{
    map_graph graph, foreign;
    map_events events;
    map_links links;

    map_graph_build(context, &graph);
    map_graph_build_foreign(context, &foreign);
    if (context->arena->out_of_memory)
        return;
    map_events_build(context, &graph, &foreign, &events);
    map_states(context, &graph);
    map_outputs_read(context, &graph);
    make_tasks(context, &graph, out);
    map_outputs_free(&graph);
    if (context->arena->out_of_memory)
        return;
    map_links_collect(context, &graph, &events, &links);
    make_artifacts(context, &events, out);
    if (context->arena->out_of_memory)
        return;
    map_link_rows(context, &links, &out->links, &out->link_count);
    if (out->link_count > 1)
        qsort(out->links, out->link_count, sizeof *out->links, compare_links);
}

kfps_status map_run(const mlmd_run *run, const map_target *target, const map_options *options, kfpb_arena *arena,
                    map_rows *out, note_list *notes, kfps_error *error)
{
    const int levels = target->json_depth > 0 && target->json_depth < STRUCT_VALUE_LEVELS ? target->json_depth
                                                                                          : STRUCT_VALUE_LEVELS;
    map_context context = {
        .run = run, .target = target, .options = options, .arena = arena, .notes = notes, .json_levels = levels};

    kfpb_error_clear(error);
    *out = (map_rows){0};
    out->rejected = !namespaces_agree(&context);
    if (!out->rejected)
        make_rows(&context, out);
    if (context.text.out_of_memory)
        arena->out_of_memory = true;
    kfpb_text_free(&context.text);
    if (!arena->out_of_memory)
        return KFPS_OK;
    *out = (map_rows){0};
    return kfpb_fail_no_memory(error);
}
