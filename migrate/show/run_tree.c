/* SPDX-License-Identifier: Apache-2.0 */
#include "migrate/show/run_tree.h"

#include <uthash.h>

#include "backends/base/fail.h"
#include "migrate/shown.h"

static const char *copy_text(kfpb_arena *arena, const kfpb_rows *rows, size_t column)
{
    return kfpb_arena_text(arena, kfpb_get_text(rows, column, NULL));
}

/* A name may be made of an address, and have its query string with the signature. */
static const char *copy_name(kfpb_arena *arena, const kfpb_rows *rows, size_t column)
{
    return shown_copy(arena, kfpb_get_text(rows, column, NULL));
}

/* What was mistyped for a run may be an address with a password. */
static const char *shown(const char *run)
{
    return strstr(run, "://") != NULL ? "…" : run;
}

static kfps_status find_run(kfpb_conn *conn, const char *where, const char *run, kfpb_arena *arena, run_tree *out,
                            kfps_error *error)
{
    kfpb_rows *rows = NULL;
    const kfpb_value value = kfpb_str(run);
    kfps_status status = kfpb_query(conn, where, &value, 1, &rows, error);
    int got = 0;
    size_t count = 0;
    while (status == KFPS_OK && (got = kfpb_next(rows, error)) > 0) {
        if (count++ > 0)
            continue;
        out->uuid = copy_text(arena, rows, 0);
        out->name = copy_name(arena, rows, 1);
        out->run_namespace = copy_text(arena, rows, 2);
        out->state = copy_text(arena, rows, 3);
        out->created_at = kfpb_get_int(rows, 4);
        out->finished_at = kfpb_get_int(rows, 5);
    }
    if (got < 0)
        status = (kfps_status) error->code;
    else if (status == KFPS_OK && count == 0)
        status = KFPS_NOT_FOUND;
    else if (status == KFPS_OK && count > 1)
        status = kfpb_fail(error, KFPS_INVALID, "%zu runs are named '%s': give the UUID", count, shown(run));
    kfpb_rows_free(&rows);
    return status;
}

static kfps_status read_run(kfpb_conn *conn, const char *run, kfpb_arena *arena, run_tree *out, kfps_error *error)
{
#define RUN_COLUMNS                                                                                             \
    "SELECT \"UUID\", \"DisplayName\", \"Namespace\", COALESCE(\"State\", \"Conditions\"), \"CreatedAtInSec\"," \
    " \"FinishedAtInSec\" FROM \"run_details\" WHERE "
    static const char *const ways[] = {RUN_COLUMNS "\"UUID\" = ?", RUN_COLUMNS "\"Name\" = ?",
                                       RUN_COLUMNS "\"DisplayName\" = ?"};
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        const kfps_status status = find_run(conn, ways[i], run, arena, out, error);
        if (status != KFPS_NOT_FOUND)
            return status;
    }
    return kfpb_fail(error, KFPS_NOT_FOUND, "no run has the UUID or name '%s'", shown(run));
}

/* Reads rows into `see`, one call a row. */
typedef bool (*see_row)(void *context, const kfpb_rows *rows);

static kfps_status each_row(kfpb_conn *conn, const char *sql, const char *run_uuid, see_row see, void *context,
                            kfps_error *error)
{
    kfpb_rows *rows = NULL;
    const kfpb_value value = kfpb_str(run_uuid);
    kfps_status status = kfpb_query(conn, sql, &value, 1, &rows, error);
    int got = 0;
    while (status == KFPS_OK && (got = kfpb_next(rows, error)) > 0) {
        if (!see(context, rows))
            status = kfpb_fail_no_memory(error);
    }
    if (got < 0)
        status = (kfps_status) error->code;
    kfpb_rows_free(&rows);
    return status;
}

typedef struct task_index {
    tree_task *task;
    UT_hash_handle hh;
} task_index;

typedef struct reader {
    kfpb_arena *arena;
    run_tree *tree;
    size_t task_capacity;
    tree_link *links; /* of one task after the other */
    size_t link_count, link_capacity;
    const char *task_of_links;
    task_index *index; /* by UUID */
} reader;

static bool see_task(void *context, const kfpb_rows *rows)
{
    reader *r = context;
    run_tree *tree = r->tree;
    if (tree->task_count == r->task_capacity) {
        r->task_capacity = r->task_capacity == 0 ? 64 : r->task_capacity * 2;
        tree_task *grown = kfpb_arena_array(r->arena, r->task_capacity, sizeof *grown);
        if (grown == NULL)
            return false;
        if (tree->task_count > 0)
            memcpy(grown, tree->tasks, tree->task_count * sizeof *grown);
        tree->tasks = grown;
    }
    tree->tasks[tree->task_count++].task = (kfps_task){
        .uuid = copy_text(r->arena, rows, 0),
        .parent_uuid = copy_text(r->arena, rows, 1),
        .name = copy_name(r->arena, rows, 2),
        .display_name = copy_name(r->arena, rows, 3),
        .type = (int32_t) kfpb_get_int(rows, 4),
        .state = (int32_t) kfpb_get_int(rows, 5),
        .created_at = kfpb_get_int(rows, 6),
        .started_at = kfpb_get_int(rows, 7),
        .finished_at = kfpb_get_int(rows, 8),
        .type_attributes_json = copy_text(r->arena, rows, 9),
        .input_parameters_json = copy_text(r->arena, rows, 10),
        .output_parameters_json = copy_text(r->arena, rows, 11),
    };
    return !r->arena->out_of_memory;
}

/* Hangs every task under its parent; one whose parent is not in the run is a root. Cycles cannot be printed without
 * end: a task that no root leads to becomes one. */
static bool link_tasks(reader *r)
{
    run_tree *tree = r->tree;
    task_index *entries = kfpb_arena_array(r->arena, tree->task_count, sizeof *entries);
    if (entries == NULL)
        return false;
    for (size_t i = 0; i < tree->task_count; i++) {
        entries[i].task = &tree->tasks[i];
        HASH_ADD_KEYPTR(hh, r->index, tree->tasks[i].task.uuid, strlen(tree->tasks[i].task.uuid), &entries[i]);
    }
    for (size_t i = 0; i < tree->task_count; i++) {
        task_index *found = NULL;
        if (tree->tasks[i].task.parent_uuid != NULL)
            HASH_FIND_STR(r->index, tree->tasks[i].task.parent_uuid, found);
        tree->tasks[i].parent = found != NULL ? found->task : NULL;
    }
    for (size_t i = 0; i < tree->task_count; i++) {
        size_t steps = 0;
        for (const tree_task *t = tree->tasks[i].parent; t != NULL; t = t->parent) {
            if (t == &tree->tasks[i] || ++steps > tree->task_count) {
                tree->tasks[i].parent = NULL;
                break;
            }
        }
    }
    for (size_t i = tree->task_count; i-- > 0;) { /* backwards: each list then begins with the earliest */
        tree_task *t = &tree->tasks[i];
        tree_task **list = t->parent != NULL ? &t->parent->first_child : &tree->roots;
        t->next = *list;
        *list = t;
    }
    return true;
}

static const char *without_query(kfpb_arena *arena, const char *uri)
{
    return uri != NULL ? shown_copy(arena, kfpb_arena_textn(arena, uri, strcspn(uri, "?#"))) : NULL;
}

static void close_links(reader *r)
{
    if (r->task_of_links == NULL)
        return;
    task_index *found = NULL;
    HASH_FIND_STR(r->index, r->task_of_links, found);
    if (found != NULL) {
        found->task->links = r->links;
        found->task->link_count = r->link_count;
    }
    r->links = NULL;
    r->link_count = r->link_capacity = 0;
}

static bool see_link(void *context, const kfpb_rows *rows)
{
    reader *r = context;
    const char *task = kfpb_get_text(rows, 0, NULL);
    if (r->task_of_links == NULL || strcmp(task, r->task_of_links) != 0) {
        close_links(r);
        r->task_of_links = kfpb_arena_text(r->arena, task);
    }
    if (r->link_count == r->link_capacity) {
        r->link_capacity = r->link_capacity == 0 ? 8 : r->link_capacity * 2;
        tree_link *grown = kfpb_arena_array(r->arena, r->link_capacity, sizeof *grown);
        if (grown == NULL)
            return false;
        if (r->link_count > 0)
            memcpy(grown, r->links, r->link_count * sizeof *grown);
        r->links = grown;
    }
    r->links[r->link_count++] = (tree_link){
        .type = (kfps_io_type) kfpb_get_int(rows, 1),
        .key = copy_name(r->arena, rows, 2),
        .iteration = kfpb_get_int(rows, 3),
        .name = copy_name(r->arena, rows, 4),
        .uri = without_query(r->arena, kfpb_get_text(rows, 5, NULL)),
        .artifact_type = (int32_t) kfpb_get_int(rows, 6),
        .has_number = !kfpb_is_null(rows, 7),
        .number = kfpb_get_double(rows, 7),
        .artifact = copy_text(r->arena, rows, 8),
    };
    return !r->arena->out_of_memory;
}

kfps_status run_tree_read(kfpb_conn *conn, const char *run, kfpb_arena *arena, run_tree *out, kfps_error *error)
{
    reader r = {.arena = arena, .tree = out};
    memset(out, 0, sizeof *out);
    kfps_status status = read_run(conn, run, arena, out, error);
    if (status == KFPS_OK)
        status = each_row(conn,
                          "SELECT \"UUID\", \"ParentTaskUUID\", \"Name\", \"DisplayName\", \"Type\", \"State\","
                          " \"CreatedAtInSec\", \"StartedInSec\", \"FinishedInSec\", \"TypeAttrs\","
                          " \"InputParameters\", \"OutputParameters\" FROM \"tasks\" WHERE \"RunUUID\" = ?"
                          " ORDER BY \"CreatedAtInSec\", \"UUID\"",
                          out->uuid, see_task, &r, error);
    if (status == KFPS_OK && !link_tasks(&r))
        status = kfpb_fail_no_memory(error);
    if (status == KFPS_OK)
        status = each_row(conn,
                          "SELECT l.\"TaskID\", l.\"Type\", l.\"ArtifactKey\", l.\"Iteration\", a.\"Name\", a.\"URI\","
                          " a.\"Type\", a.\"NumberValue\", a.\"UUID\" FROM \"artifact_tasks\" l"
                          " JOIN \"artifacts\" a ON a.\"UUID\" = l.\"ArtifactID\" WHERE l.\"RunUUID\" = ?"
                          " ORDER BY l.\"TaskID\", l.\"Type\", l.\"ArtifactKey\", l.\"Iteration\", a.\"Name\"",
                          out->uuid, see_link, &r, error);
    if (status == KFPS_OK)
        close_links(&r);
    HASH_CLEAR(hh, r.index);
    return status;
}
