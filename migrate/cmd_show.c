/* SPDX-License-Identifier: Apache-2.0 */
#include <getopt.h>
#include <inttypes.h>
#include <jansson.h>
#include <string.h>
#include <time.h>

#include "backends/base/fail.h"
#include "backends/base/text.h"
#include "libkfpstore/canonical_json.h"
#include "migrate/cli.h"
#include "migrate/names.h"
#include "migrate/show/dot.h"
#include "migrate/shown.h"

enum { OPT_DOT = 256 };

static const cli_option options_table[] = {
    CLI_OPTION_TARGET,
    {"dot", NULL, OPT_DOT, "as a graph for Graphviz: tasks, what they read and what they write"},
    CLI_OPTION_WAIT,
    {0}};

enum { SHOWN_VALUE = 60 };

/* Text from the database on a terminal: control characters would be obeyed there. */
static void print_text(const char *text, size_t limit)
{
    size_t width = 0;
    for (const unsigned char *c = (const unsigned char *) (text != NULL ? text : ""); *c != '\0'; c++) {
        if (width >= limit && (*c & 0xc0) != 0x80) {
            fputs("…", stdout);
            return;
        }
        if (*c < 0x20 || *c == 0x7f || (*c == 0xc2 && c[1] >= 0x80 && c[1] < 0xa0)) {
            printf("\\x%02x", *c == 0xc2 ? c[1] : *c);
            c += *c == 0xc2;
            width += 4;
        } else {
            putchar(*c);
            width += (*c & 0xc0) != 0x80;
        }
    }
}

/* Like print_text, but of a URI the query string and the user are left out. */
static void print_value(const char *text)
{
    kfpb_text shown = {0};
    shown_without_secrets(&shown, text);
    print_text(kfpb_text_get(&shown), SHOWN_VALUE);
    kfpb_text_free(&shown);
}

static void print_duration(int64_t from, int64_t to)
{
    char text[SHOWN_TIME_SIZE];
    if (to <= 0 || to < from)
        return;
    shown_duration(to - from, text);
    printf("  %s", text);
}

static void print_parameters(const char *indent, const char *direction, const char *json)
{
    json_t *list = json != NULL ? json_loads(json, JSON_ALLOW_NUL, NULL) : NULL;
    size_t i;
    json_t *entry;
    json_array_foreach(list, i, entry)
    {
        const char *key = json_string_value(json_object_get(entry, "parameterKey"));
        const char *iteration = json_string_value(json_object_get(json_object_get(entry, "producer"), "iteration"));
        const json_t *held = json_object_get(entry, "value");
        kfpb_text value = {0};
        if (held != NULL && kfpsi_canonical_json(held, KFPSI_NUMBERS_EXACT, &value, NULL) != KFPS_OK)
            kfpb_text_clear(&value);
        printf("%s%s ", indent, direction);
        print_value(key != NULL ? key : "");
        if (iteration != NULL) {
            putchar('[');
            print_text(iteration, SHOWN_VALUE);
            putchar(']');
        }
        fputs(" = ", stdout);
        print_value(kfpb_text_get(&value));
        putchar('\n');
        kfpb_text_free(&value);
    }
    json_decref(list);
}

static void print_link(const char *indent, const tree_link *link)
{
    printf("%s%s ", indent, link->type >= KFPS_IO_ITERATOR_OUTPUT ? "out" : "in ");
    print_text(link->key, SHOWN_VALUE);
    if (link->iteration >= 0)
        printf("[%" PRId64 "]", link->iteration);
    fputs(": ", stdout);
    print_text(link->name, SHOWN_VALUE);
    if (link->has_number) {
        char number[KFPB_DOUBLE_SIZE];
        kfpb_format_double(link->number, number);
        printf(" = %s", number);
    }
    if (link->uri != NULL) {
        fputs("  ", stdout);
        print_text(link->uri, 2 * SHOWN_VALUE);
    }
    putchar('\n');
}

static void print_attributes(const char *json)
{
    json_t *attributes = json != NULL ? json_loads(json, 0, NULL) : NULL;
    const char *index = json_string_value(json_object_get(attributes, "iterationIndex"));
    const char *count = json_string_value(json_object_get(attributes, "iterationCount"));
    if (index != NULL) {
        fputs("  iteration ", stdout);
        print_text(index, SHOWN_VALUE);
    }
    if (count != NULL) {
        fputs("  ", stdout);
        print_text(count, SHOWN_VALUE);
        fputs(" iterations", stdout);
    }
    json_decref(attributes);
}

static void print_task(const tree_task *t, const char *indent)
{
    const bool last = t->next == NULL;
    printf("%s%s", indent, last ? "└─ " : "├─ ");
    print_text(t->task.name, 2 * SHOWN_VALUE);
    if (t->task.display_name != NULL && t->task.display_name[0] != '\0' &&
        strcmp(t->task.display_name, t->task.name != NULL ? t->task.name : "") != 0) {
        fputs(" (", stdout);
        print_text(t->task.display_name, SHOWN_VALUE);
        putchar(')');
    }
    printf("  %s  %s", name_of_task_type(t->task.type), name_of_task_state(t->task.state));
    print_duration(t->task.started_at > 0 ? t->task.started_at : t->task.created_at, t->task.finished_at);
    print_attributes(t->task.type_attributes_json);
    putchar('\n');
}

static void print_details(const tree_task *t, const char *indent)
{
    print_parameters(indent, "in ", t->task.input_parameters_json);
    for (size_t i = 0; i < t->link_count; i++)
        print_link(indent, &t->links[i]);
    print_parameters(indent, "out", t->task.output_parameters_json);
}

/* The columns left of a task's children. */
static const char *cell_below(const tree_task *t)
{
    return t->next == NULL ? "   " : "│  ";
}

/* Depth first without recursion: how deep a tree is, the database says. */
static void print_tasks(const tree_task *t)
{
    kfpb_text indent = {0};
    while (t != NULL && !indent.out_of_memory) {
        print_task(t, kfpb_text_get(&indent));
        const size_t outer = indent.length;
        kfpb_text_add(&indent, cell_below(t));
        const size_t inner = indent.length;
        kfpb_text_add(&indent, t->first_child != NULL ? "│    " : "     ");
        print_details(t, kfpb_text_get(&indent));
        kfpb_text_cut(&indent, inner);
        if (t->first_child != NULL) {
            t = t->first_child;
            continue;
        }
        kfpb_text_cut(&indent, outer);
        while (t->next == NULL && t->parent != NULL) {
            t = t->parent;
            kfpb_text_cut(&indent, indent.length - strlen(cell_below(t)));
        }
        t = t->next;
    }
    kfpb_text_free(&indent);
}

static void print_tree(const run_tree *tree)
{
    fputs("run ", stdout);
    print_text(tree->uuid, 2 * SHOWN_VALUE);
    fputs("  ", stdout);
    print_text(tree->name, 2 * SHOWN_VALUE);
    fputs("  ", stdout);
    print_text(tree->state, SHOWN_VALUE);
    print_duration(tree->created_at, tree->finished_at);
    if (tree->run_namespace != NULL && tree->run_namespace[0] != '\0') {
        fputs("  namespace ", stdout);
        print_text(tree->run_namespace, SHOWN_VALUE);
    }
    putchar('\n');
    if (tree->task_count == 0)
        puts("(no tasks)");
    print_tasks(tree->roots);
}

static int print_dot(const run_tree *tree)
{
    kfpb_text graph = {0};
    const bool whole = dot_add_run(&graph, tree);
    if (whole)
        fputs(kfpb_text_get(&graph), stdout);
    else
        log_line(LOG_LEVEL_ERROR, NULL, "out of memory");
    kfpb_text_free(&graph);
    return whole ? EXIT_DONE : EXIT_ERROR;
}

typedef struct arguments {
    cli_target target;
    const char *run; /* UUID or name */
    bool dot;
} arguments;

static bool read_option(void *context, int key, const char *value)
{
    arguments *a = context;
    if (key != OPT_DOT)
        return cli_take_target(&a->target, key, value);
    a->dot = true;
    return true;
}

static int show(void *context, kfpb_conn *conn, const cli_database *target)
{
    const arguments *a = context;
    int code = EXIT_DONE;
    kfps_error error = {0};
    kfpb_arena arena;
    run_tree tree;
    kfpb_arena_init(&arena);
    if (run_tree_read(conn, a->run, &arena, &tree, &error) != KFPS_OK)
        code = cli_report_error(target->text, &error);
    else if (a->dot)
        code = print_dot(&tree);
    else
        print_tree(&tree);
    kfpb_arena_free(&arena);
    return code;
}

static int run(const cli_command *command, int argc, char **argv)
{
    arguments a = {0};
    const int code = cli_read(command, argc, argv, read_option, &a);
    if (code != EXIT_DONE)
        return code;
    if (optind + 1 != argc)
        return cli_usage(command, "show needs one RUN: a UUID or a name");
    a.run = argv[optind];
    return cli_with_target(command, &a.target, show, &a);
}

const cli_command cli_show = {"show", "RUN",
                              "Prints the tasks of a run as a tree, with states, artifacts, parameters and metrics.",
                              options_table, run};
