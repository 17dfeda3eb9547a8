/* SPDX-License-Identifier: Apache-2.0 */
#include "migrate/map/state.h"

#include "libkfpstore/run_state.h"
#include "migrate/names.h"

map_run_state map_normalise_run_state(const char *state, const char *conditions)
{
    static const map_run_state states[] = {
        [KFPSI_RUN_ACTIVE] = MAP_RUN_ACTIVE,     [KFPSI_RUN_SUCCEEDED] = MAP_RUN_SUCCEEDED,
        [KFPSI_RUN_FAILED] = MAP_RUN_FAILED,     [KFPSI_RUN_SKIPPED] = MAP_RUN_SKIPPED,
        [KFPSI_RUN_CANCELED] = MAP_RUN_CANCELED,
    };
    return states[kfpsi_run_state_of(state, conditions)];
}

static int32_t state_of_run(map_run_state state)
{
    static const int32_t states[] = {
        [MAP_RUN_ACTIVE] = KFPS_TASK_RUNNING,  [MAP_RUN_SUCCEEDED] = KFPS_TASK_SUCCEEDED,
        [MAP_RUN_FAILED] = KFPS_TASK_FAILED,   [MAP_RUN_CANCELED] = KFPS_TASK_FAILED,
        [MAP_RUN_SKIPPED] = KFPS_TASK_SKIPPED,
    };
    return states[state];
}

/* MLMD's final states; UNSPECIFIED for any other. */
static int32_t final_state(const map_context *context, int state)
{
    switch (state) {
    case MLMD_STATE_COMPLETE:
        return KFPS_TASK_SUCCEEDED;
    case MLMD_STATE_FAILED:
        return KFPS_TASK_FAILED;
    case MLMD_STATE_CACHED:
        return KFPS_TASK_CACHED;
    case MLMD_STATE_CANCELED:
        return context->options->canceled_is_failed ? KFPS_TASK_FAILED : KFPS_TASK_SKIPPED;
    default:
        return KFPS_TASK_STATE_UNSPECIFIED;
    }
}

static int32_t derive_leaf(const map_context *context, const map_node *node)
{
    const map_target *target = context->target;
    const bool unknown = node->execution->state == MLMD_STATE_UNKNOWN;

    /* who never writes states (schema 4, KFP v1) does not say "not finished" by leaving them out */
    if (unknown && (target->made || (node->any_type && target->state == MAP_RUN_SUCCEEDED)))
        return KFPS_TASK_SUCCEEDED;
    if (target->state != MAP_RUN_SUCCEEDED)
        return KFPS_TASK_FAILED;
    return node->has_output || map_property(&node->execution->properties, "outputs") != NULL ? KFPS_TASK_SUCCEEDED
                                                                                             : KFPS_TASK_FAILED;
}

static int32_t derive_dag(const map_context *context, const map_node *node)
{
    const map_below *below = &node->below;
    const bool branch = node->kind == MAP_KIND_BRANCHES || node->kind == MAP_KIND_CONDITION;

    if (below->failed > 0)
        return KFPS_TASK_FAILED;
    if (branch && below->counted > 0 && below->skipped == below->counted && context->target->state == MAP_RUN_SUCCEEDED)
        return KFPS_TASK_SKIPPED;
    if (below->counted > 0 && below->done == below->counted)
        return KFPS_TASK_SUCCEEDED;
    return state_of_run(context->target->state);
}

static void set_state(map_context *context, map_node *node)
{
    const mlmd_execution *execution = node->execution;

    if (execution->state < MLMD_STATE_UNKNOWN || execution->state > MLMD_STATE_CANCELED)
        map_note(context, NOTE_STATE_UNKNOWN, "execution", execution->id, "%d", execution->state);
    node->state = final_state(context, execution->state);
    if (node->state != KFPS_TASK_STATE_UNSPECIFIED)
        return;
    if (context->target->state == MAP_RUN_ACTIVE) {
        node->state = KFPS_TASK_RUNNING;
        return;
    }
    node->state_derived = true;
    if (map_is_leaf(node))
        node->state = derive_leaf(context, node);
    else if (node->kind == MAP_KIND_ROOT)
        node->state = state_of_run(context->target->state);
    else
        node->state = derive_dag(context, node);
    map_note(context, NOTE_STATE_DERIVED, "execution", execution->id, "%s", name_of_task_state(node->state));
}

static void set_times(map_context *context, map_node *node)
{
    const mlmd_execution *execution = node->execution;
    const int64_t created = map_seconds(context, execution->create_ms, "execution", execution->id);
    const int64_t updated = map_seconds(context, execution->update_ms, "execution", execution->id);

    node->created_at = created > 0 ? created : updated > 0 ? updated : context->target->created_at;
    if (node->state == KFPS_TASK_RUNNING)
        return;
    if (!node->state_derived || map_is_leaf(node))
        node->finished_at = updated;
    else
        node->finished_at = node->below.finished_at > 0 ? node->below.finished_at : context->target->finished_at;
    if (node->finished_at < node->created_at)
        node->finished_at = node->created_at;
}

static void tell_parent(const map_node *node)
{
    if (node->parent == NULL)
        return;
    map_below *below = &node->parent->below;
    if (node->finished_at > below->finished_at)
        below->finished_at = node->finished_at;
    if (node->superseded)
        return;
    below->counted++;
    below->failed += node->state == KFPS_TASK_FAILED;
    below->skipped += node->state == KFPS_TASK_SKIPPED;
    below->done += node->state == KFPS_TASK_SUCCEEDED || node->state == KFPS_TASK_SKIPPED ||
                   node->state == KFPS_TASK_CACHED;
}

void map_states(map_context *context, map_graph *graph)
{
    for (size_t i = graph->order_count; i > 0; i--) {
        map_node *node = graph->order[i - 1];
        if (node->kind == MAP_KIND_ITERATION)
            continue;
        set_state(context, node);
        set_times(context, node);
        tell_parent(node);
    }
}
