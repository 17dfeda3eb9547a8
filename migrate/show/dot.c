/* SPDX-License-Identifier: Apache-2.0 */
#include "migrate/show/dot.h"

#include <inttypes.h>
#include <stdlib.h>
#include <uthash.h>

#include "migrate/names.h"

enum { SHOWN = 60 };

/* An artifact, once for all its links. */
typedef struct dot_node {
    const char *uuid;
    size_t number;
    UT_hash_handle hh;
} dot_node;

/* Inside a quoted string: Graphviz knows escapes that begin with a backslash, and entities. */
static void add_escaped(kfpb_text *out, const char *text, size_t limit)
{
    size_t width = 0;
    for (const unsigned char *c = (const unsigned char *) (text != NULL ? text : ""); *c != '\0'; c++) {
        if ((*c & 0xc0) != 0x80 && width++ >= limit) {
            kfpb_text_add(out, "…");
            return;
        }
        if (*c == '"' || *c == '\\')
            kfpb_text_char(out, '\\');
        if (*c == '&')
            kfpb_text_add(out, "&amp;");
        else if (*c < 0x20 || *c == 0x7f)
            kfpb_text_add(out, "\xef\xbf\xbd");
        else
            kfpb_text_char(out, (char) *c);
    }
}

static const char *colour_of(int32_t state)
{
    static const char *const colours[] = {
        [KFPS_TASK_RUNNING] = "#d5e3ea", [KFPS_TASK_SUCCEEDED] = "#d4eadf", [KFPS_TASK_SKIPPED] = "#e6e9e7",
        [KFPS_TASK_FAILED] = "#f4d6ca",  [KFPS_TASK_CACHED] = "#f5e6c6",
    };
    const size_t count = sizeof colours / sizeof *colours;
    return state > 0 && (size_t) state < count ? colours[state] : "#ffffff";
}

static void add_task(kfpb_text *out, const run_tree *tree, const tree_task *t)
{
    const char *shown = t->task.display_name;
    kfpb_text_printf(out, "  t%zu [label=\"", (size_t) (t - tree->tasks));
    add_escaped(out, t->task.name, SHOWN);
    if (shown != NULL && shown[0] != '\0' && strcmp(shown, t->task.name != NULL ? t->task.name : "") != 0) {
        kfpb_text_add(out, "\\n");
        add_escaped(out, shown, SHOWN);
    }
    kfpb_text_printf(out, "\\n%s  %s\", fillcolor=\"%s\"];\n", name_of_task_type(t->task.type),
                     name_of_task_state(t->task.state), colour_of(t->task.state));
    if (t->parent != NULL)
        kfpb_text_printf(out, "  t%zu -> t%zu [style=dotted, arrowhead=none, color=\"#8a979c\"];\n",
                         (size_t) (t->parent - tree->tasks), (size_t) (t - tree->tasks));
}

static void add_artifact(kfpb_text *out, const tree_link *link, size_t number)
{
    kfpb_text_printf(out, "  a%zu [shape=ellipse, fillcolor=\"#ffffff\", label=\"", number);
    add_escaped(out, link->name, SHOWN);
    if (link->has_number) {
        char digits[KFPB_DOUBLE_SIZE];
        kfpb_format_double(link->number, digits);
        kfpb_text_printf(out, "\\n%s", digits);
    }
    kfpb_text_add(out, "\"");
    if (link->uri != NULL) {
        kfpb_text_add(out, ", tooltip=\"");
        add_escaped(out, link->uri, 4 * SHOWN);
        kfpb_text_add(out, "\"");
    }
    kfpb_text_add(out, "];\n");
}

/* What a DAG hands on is not what made it. */
static void add_edge(kfpb_text *out, const run_tree *tree, const tree_task *t, const tree_link *link, size_t number)
{
    const size_t task = (size_t) (t - tree->tasks);
    const bool leaf = t->task.type == KFPS_TASK_RUNTIME || t->task.type == KFPS_TASK_IMPORTER;
    if (link->type >= KFPS_IO_ITERATOR_OUTPUT)
        kfpb_text_printf(out, "  t%zu -> a%zu [label=\"", task, number);
    else
        kfpb_text_printf(out, "  a%zu -> t%zu [label=\"", number, task);
    add_escaped(out, link->key, SHOWN);
    if (link->iteration >= 0)
        kfpb_text_printf(out, "[%" PRId64 "]", link->iteration);
    kfpb_text_add(out, leaf ? "\"];\n" : "\", style=dashed];\n");
}

bool dot_add_run(kfpb_text *out, const run_tree *tree)
{
    dot_node *table = NULL, *node, *next;
    size_t count = 0;
    bool room = true;
    kfpb_text_add(out, "digraph run {\n  graph [rankdir=LR, fontname=\"sans-serif\", label=\"");
    add_escaped(out, tree->name, 2 * SHOWN);
    kfpb_text_add(out, "\\n");
    add_escaped(out, tree->uuid, 2 * SHOWN);
    kfpb_text_add(out, "\"];\n  node [shape=box, style=\"filled,rounded\", color=\"#8a979c\", fontname=\"sans-serif\", "
                       "fontsize=11];\n  edge [color=\"#5d6a70\", fontname=\"sans-serif\", fontsize=9];\n");
    for (size_t i = 0; i < tree->task_count; i++)
        add_task(out, tree, &tree->tasks[i]);
    for (size_t i = 0; i < tree->task_count && room; i++) {
        const tree_task *t = &tree->tasks[i];
        for (size_t k = 0; k < t->link_count && room; k++) {
            HASH_FIND_STR(table, t->links[k].artifact, node);
            if (node == NULL && (node = calloc(1, sizeof *node)) != NULL) {
                node->uuid = t->links[k].artifact;
                node->number = count++;
                HASH_ADD_KEYPTR(hh, table, node->uuid, strlen(node->uuid), node);
                add_artifact(out, &t->links[k], node->number);
            }
            room = node != NULL;
            if (room)
                add_edge(out, tree, t, &t->links[k], node->number);
        }
    }
    kfpb_text_add(out, "}\n");
    HASH_ITER(hh, table, node, next)
    {
        HASH_DEL(table, node);
        free(node);
    }
    return room && !out->out_of_memory;
}
