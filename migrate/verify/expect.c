/* SPDX-License-Identifier: Apache-2.0 */
#include "migrate/verify/expect.h"

#include <inttypes.h>
#include <string.h>

#include "backends/base/utf8.h"
#include "kfpstore/types.h"

/* Deeper chains of parents are cut somewhere by the import. */
enum { MAX_DEPTH = 128, NAME_LIMIT = 128 };

static const struct {
    const char *type;
    expect_kind kind;
} types[] = {
    {"system.DAGExecution", EXPECT_DAG},
    {"system.ContainerExecution", EXPECT_RUNTIME},
    {"system.ImporterExecution", EXPECT_IMPORTER},
    {"system.ImporterWorkspaceExecution", EXPECT_IMPORTER},
};

static const char *label_of(const mlmd_audit_execution *x)
{
    const char *name = x->task_name != NULL && x->task_name[0] != '\0' ? x->task_name : x->display_name;
    return name != NULL ? name : "";
}

static expect_kind kind_of(const mlmd_audit_execution *x, bool any_type, bool *foreign)
{
    static const char loop[] = "for-loop-";
    expect_kind kind = EXPECT_NONE;

    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        if (strcmp(types[i].type, x->type) == 0)
            kind = types[i].kind;
    }
    *foreign = kind == EXPECT_NONE && any_type;
    if (*foreign)
        return EXPECT_RUNTIME;
    if (kind != EXPECT_DAG)
        return kind;
    if (x->named_root || !x->has_parent || (x->parent_known && x->parent <= 0))
        return EXPECT_ROOT;
    if (x->has_count || (x->state == MLMD_STATE_CANCELED && !x->has_index &&
                         strncmp(label_of(x), loop, sizeof loop - 1) == 0)) /* it never learnt its count */
        return EXPECT_LOOP;
    return EXPECT_DAG;
}

expect_node *expect_find(const expect_run *run, int64_t execution_id)
{
    size_t low = 0, high = run->count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (run->nodes[middle].id < execution_id)
            low = middle + 1;
        else
            high = middle;
    }
    return low < run->count && run->nodes[low].id == execution_id ? &run->nodes[low] : NULL;
}

static void find_root(expect_run *run)
{
    for (size_t i = 0; i < run->count; i++) {
        expect_node *node = &run->nodes[i];
        if (node->kind != EXPECT_ROOT)
            continue;
        if (node->execution->named_root) {
            run->root = node;
            return;
        }
        if (run->root == NULL)
            run->root = node;
    }
}

static void find_parent(const expect_run *run, expect_node *node)
{
    const mlmd_audit_execution *x = node->execution;

    if (node->kind == EXPECT_NONE || node->kind == EXPECT_ROOT || (node->foreign && !x->has_parent))
        return;
    if (x->parent_known && x->parent > 0)
        node->parent = expect_find(run, x->parent);
    if (node->parent == NULL || node->parent->kind == EXPECT_NONE)
        node->parent = run->root;
}

/* The nearest index on the way up; marks what is too deep, or goes round. */
static void place(expect_node *node)
{
    const expect_node *n = node;
    size_t steps = 0;

    node->iteration = -1;
    for (; n != NULL && steps <= MAX_DEPTH; n = n->parent, steps++) {
        if (node->iteration < 0 && n->kind != EXPECT_ROOT && n->execution->has_index)
            node->iteration = n->execution->index;
    }
    node->odd = n != NULL;
}

bool expect_build(verify_job *job, const mlmd_audit *page, const mlmd_audit_run *run, expect_run *out)
{
    const bool any_type = strcmp(run->type, "system.PipelineRun") != 0;

    *out = (expect_run){.nodes = kfpb_arena_array(job->arena, run->count, sizeof *out->nodes)};
    if (out->nodes == NULL)
        return false;
    for (size_t i = 0; i < run->count; i++) {
        const int64_t id = page->associations[run->first + i].execution_id;
        const mlmd_audit_execution *x = mlmd_audit_execution_of(page, id);
        if (x == NULL || (out->count > 0 && out->nodes[out->count - 1].id == id))
            continue;
        expect_node *node = &out->nodes[out->count++];
        *node = (expect_node){.id = id, .execution = x};
        node->kind = kind_of(x, any_type, &node->foreign);
    }
    find_root(out);
    for (size_t i = 0; i < out->count; i++)
        find_parent(out, &out->nodes[i]);
    for (size_t i = 0; i < out->count; i++)
        place(&out->nodes[i]);
    for (size_t i = 0; i < out->count; i++) {
        expect_node *node = &out->nodes[i];
        node->stand_in = node;
        if (node->kind == EXPECT_DAG && node->execution->has_index && node->parent != NULL &&
            node->parent->kind == EXPECT_LOOP) {
            node->kind = EXPECT_ITERATION;
            node->stand_in = node->parent;
        }
        if (node->kind != EXPECT_NONE && node->kind != EXPECT_ITERATION)
            node->uuid = verify_uuid(job, "execution:%" PRId64, node->id);
    }
    return !job->arena->out_of_memory;
}

int32_t expect_state(const verify_job *job, const expect_node *node)
{
    switch (node->execution->state) {
    case MLMD_STATE_COMPLETE:
        return KFPS_TASK_SUCCEEDED;
    case MLMD_STATE_FAILED:
        return KFPS_TASK_FAILED;
    case MLMD_STATE_CACHED:
        return KFPS_TASK_CACHED;
    case MLMD_STATE_CANCELED:
        return job->options->import->canceled_is_failed ? KFPS_TASK_FAILED : KFPS_TASK_SKIPPED;
    default:
        return KFPS_TASK_STATE_UNSPECIFIED;
    }
}

const char *expect_name(const expect_node *node)
{
    if (node->kind == EXPECT_ROOT)
        return "ROOT";
    const char *label = label_of(node->execution);
    const bool cut = kfpb_utf8_count(label, strlen(label)) > NAME_LIMIT;
    return node->foreign || cut ? NULL : label;
}
