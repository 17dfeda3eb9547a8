/* SPDX-License-Identifier: Apache-2.0 */
#include "migrate/map/kinds.h"

#include <string.h>

static const struct {
    const char *type;
    map_kind kind;
} types[] = {
    {"system.DAGExecution", MAP_KIND_DAG},
    {"system.ContainerExecution", MAP_KIND_RUNTIME},
    {"system.ImporterExecution", MAP_KIND_IMPORTER},
    {"system.ImporterWorkspaceExecution", MAP_KIND_IMPORTER},
};

/* The compiler's names of the DAGs that it makes; the longer prefix first. */
static const struct {
    const char *prefix;
    map_kind kind;
} prefixes[] = {
    {"exit-handler-", MAP_KIND_EXIT_HANDLER},
    {"condition-branches-", MAP_KIND_BRANCHES},
    {"condition-", MAP_KIND_CONDITION},
};

static bool begins(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* A DAG without a parent, or with the name that only the root gets. */
static bool is_root(const mlmd_execution *execution)
{
    int64_t parent = 0;

    if (execution->name != NULL && begins(execution->name, "run/"))
        return true;
    const mlmd_property *property = map_property(&execution->properties, "parent_dag_id");
    return property == NULL || (map_property_integer(&execution->properties, "parent_dag_id", &parent) && parent <= 0);
}

static map_kind dag_kind(const map_node *node)
{
    const mlmd_execution *execution = node->execution;

    if (is_root(execution))
        return MAP_KIND_ROOT;
    if (map_property(&execution->properties, "iteration_count") != NULL)
        return MAP_KIND_LOOP;
    /* a loop whose condition was false never learnt its count */
    if (execution->state == MLMD_STATE_CANCELED && node->own_index < 0 && begins(node->label, "for-loop-"))
        return MAP_KIND_LOOP;
    for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++) {
        if (begins(node->label, prefixes[i].prefix))
            return prefixes[i].kind;
    }
    return MAP_KIND_DAG;
}

static const char *known_name(const mlmd_execution *execution)
{
    const char *name = map_property_text(&execution->properties, "task_name");

    if (name == NULL || name[0] == '\0')
        name = map_property_text(&execution->properties, "display_name");
    return name != NULL ? name : "";
}

/* KFP v1's "components.<name>@sha256=<digest>" without what is around the name. */
static const char *type_name(map_context *context, const char *type)
{
    if (!begins(type, "components."))
        return type;
    const char *name = type + strlen("components.");
    const char *digest = strstr(name, "@sha256=");
    if (digest == NULL)
        return name;
    const char *copy = kfpb_arena_textn(context->arena, name, (size_t) (digest - name));
    return copy != NULL ? copy : "";
}

void map_classify(map_context *context, map_node *node)
{
    const mlmd_execution *execution = node->execution;

    node->label = "";
    node->iteration = -1;
    if (!map_property_integer(&execution->properties, "iteration_index", &node->own_index) || node->own_index < 0)
        node->own_index = -1;
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        if (strcmp(execution->type, types[i].type) != 0)
            continue;
        node->label = known_name(execution);
        node->kind = types[i].kind != MAP_KIND_DAG ? types[i].kind : dag_kind(node);
        if (node->kind == MAP_KIND_ROOT) {
            node->label = "ROOT";
            node->own_index = -1;
        }
        return;
    }
    if (execution->type[0] == '\0')
        map_note(context, NOTE_MISSING_TYPE, "execution", execution->id, "%s", "");
    if (context->options->any_execution_type) {
        node->kind = MAP_KIND_RUNTIME;
        node->any_type = true;
        node->label = type_name(context, execution->type);
    } else if (execution->type[0] != '\0') {
        map_note(context, NOTE_UNKNOWN_EXECUTION_TYPE, "execution", execution->id, "%s", execution->type);
    }
}

bool map_is_iteration(const map_node *node)
{
    return node->own_index >= 0 && node->mlmd_parent != NULL && node->mlmd_parent->kind == MAP_KIND_LOOP &&
           strcmp(node->execution->type, "system.DAGExecution") == 0 && node->kind != MAP_KIND_ROOT &&
           node->kind != MAP_KIND_LOOP;
}
