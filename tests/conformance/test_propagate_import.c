/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_propagate_import.c: the import and the update agree. A run of MLMD is mapped; its rows are put in as they were
 * before the leaves ended, without states and outputs of DAGs; the leaves end one by one; what stands on the DAGs then
 * is what the import made of them.
 *
 * One difference is meant, and both sides of it are tested: on later hops the update keeps a link's type, as upstream's
 * launcher does, where the import, which knows only what each DAG declares, has OUTPUT.
 */
#include <jansson.h>

#include "libkfpstore/tables.h"
#include "tests/harness/kfp.h"
#include "tests/unit/map_fixture.h"

#define FROM(key, task, inner) \
    "\"" key "\":{\"artifact_selectors\":[{\"producer_subtask\":\"" task "\",\"output_artifact_key\":\"" inner "\"}]}"
#define ONE_OF(key, task_a, inner_a, task_b, inner_b)                                                              \
    "\"" key "\":{\"artifact_selectors\":[{\"producer_subtask\":\"" task_a "\",\"output_artifact_key\":\"" inner_a \
    "\"},{\"producer_subtask\":\"" task_b "\",\"output_artifact_key\":\"" inner_b "\"}]}"

/* The same pipeline as a shape. */
static const char shape[] =
    "{\"components\":{"
    "\"loop\":{\"tasks\":{\"train\":{},\"sub\":{\"component\":\"sub\"},\"for-loop-3\":{\"component\":\"inner\",\"kind\":"
    "\"loop\"}},\"artifacts\":{\"models\":{\"from\":[[\"train\",\"model\"]]},\"subs\":{\"from\":[[\"sub\",\"s\"]]},"
    "\"words\":{\"from\":[[\"for-loop-3\",\"words\"]]}}},"
    "\"sub\":{\"tasks\":{\"deep\":{}},\"artifacts\":{\"s\":{\"from\":[[\"deep\",\"d\"]]}}},"
    "\"inner\":{\"tasks\":{\"word\":{}},\"artifacts\":{\"words\":{\"from\":[[\"word\",\"w\"]]}}},"
    "\"branches\":{\"tasks\":{\"condition-2\":{\"component\":\"if\"},\"condition-3\":{\"component\":\"if\"}},"
    "\"artifacts\":{\"one\":{\"from\":[[\"condition-2\",\"x\"],[\"condition-3\",\"x\"]],\"oneOf\":true}}},"
    "\"if\":{\"tasks\":{\"make\":{}},\"artifacts\":{\"x\":{\"from\":[[\"make\",\"m\"]]}}}},"
    "\"root\":{\"tasks\":{\"for-loop-1\":{\"component\":\"loop\",\"kind\":\"loop\"},\"condition-branches-1\":{"
    "\"component\":\"branches\"}},\"artifacts\":{\"all\":{\"from\":[[\"for-loop-1\",\"models\"]]},"
    "\"subs\":{\"from\":[[\"for-loop-1\",\"subs\"]]},\"one\":{\"from\":[[\"condition-branches-1\",\"one\"]]}}},"
    "\"version\":1}";

static int64_t next_id, next_artifact;

static int64_t dag(fixture *f, const char *name, int64_t parent, const char *outputs)
{
    mlmd_execution *e = fx_execution(f, ++next_id, DAG, name, parent, MLMD_STATE_RUNNING);
    if (outputs != NULL)
        fx_text(f, &e->properties, "artifact_producer_task", outputs);
    return e->id;
}

static int64_t loop(fixture *f, const char *name, int64_t parent, int64_t count, const char *outputs)
{
    const int64_t id = dag(f, name, parent, outputs);
    fx_integer(f, &f->executions[f->run.execution_count - 1].properties, "iteration_count", count);
    return id;
}

static int64_t iteration(fixture *f, const char *name, int64_t parent, int64_t index)
{
    const int64_t id = dag(f, name, parent, NULL);
    fx_integer(f, &f->executions[f->run.execution_count - 1].properties, "iteration_index", index);
    return id;
}

/* A container that wrote one artifact. */
static void leaf(fixture *f, const char *name, int64_t parent, const char *key)
{
    fx_execution(f, ++next_id, CONTAINER, name, parent, MLMD_STATE_COMPLETE);
    fx_artifact(f, ++next_artifact, "system.Dataset", NULL);
    fx_event(f, next_artifact, next_id, next_artifact, MLMD_EVENT_OUTPUT, key);
}

static void build(fixture *f)
{
    fx_init(f);
    mlmd_execution *root = fx_root(f);
    next_id = root->id;
    next_artifact = 0;
    fx_text(f, &root->properties, "artifact_producer_task",
            "{" FROM("all", "for-loop-1", "models") "," FROM("subs", "for-loop-1", "subs") "," FROM(
                "one", "condition-branches-1", "one") "}");
    const int64_t outer = loop(
        f, "for-loop-1", root->id, 2,
        "{" FROM("models", "train", "model") "," FROM("subs", "sub", "s") "," FROM("words", "for-loop-3", "words") "}");
    for (int i = 0; i < 2; i++) {
        const int64_t outer_i = iteration(f, "for-loop-1", outer, i);
        leaf(f, "train", outer_i, "model");
        const int64_t sub = dag(f, "sub", outer_i, "{" FROM("s", "deep", "d") "}");
        leaf(f, "deep", sub, "d");
        const int64_t inner = loop(f, "for-loop-3", outer_i, 2, "{" FROM("words", "word", "w") "}");
        for (int j = 0; j < 2; j++)
            leaf(f, "word", iteration(f, "for-loop-3", inner, j), "w");
    }
    const int64_t branches = dag(f, "condition-branches-1", root->id,
                                 "{" ONE_OF("one", "condition-2", "x", "condition-3", "x") "}");
    leaf(f, "make", dag(f, "condition-2", branches, "{" FROM("x", "make", "m") "}"), "m");
    fx_execution(f, ++next_id, DAG, "condition-3", branches, MLMD_STATE_CANCELED); /* its condition was false */
    fx_map(f);
}

static bool is_leaf(const kfps_task *task)
{
    return task->type == KFPS_TASK_RUNTIME;
}

static const kfps_task *task_of(const fixture *f, const char *uuid)
{
    for (size_t i = 0; i < f->rows.task_count; i++) {
        if (strcmp(f->rows.tasks[i].uuid, uuid) == 0)
            return &f->rows.tasks[i];
    }
    ck_abort_msg("no task %s", uuid);
    return NULL;
}

static void insert(kfpb_conn *conn, const kfpb_table *table, const void *record)
{
    kfps_error error = {0};
    kfp_ok(kfpb_insert(conn, table, &record, 1, KFPB_CONFLICT_FAIL, NULL, &error), &error);
}

/* As the run was before anything ended. */
static void put_rows(const fixture *f)
{
    kfpb_conn *conn = test_open();
    for (size_t i = 0; i < f->rows.artifact_count; i++)
        insert(conn, &kfpsi_artifacts, &f->rows.artifacts[i]);
    for (size_t i = 0; i < f->rows.task_count; i++) {
        kfps_task task = f->rows.tasks[i];
        task.state = KFPS_TASK_RUNNING;
        task.finished_at = 0;
        task.state_history_json = NULL;
        insert(conn, &kfpsi_tasks, &task);
    }
    for (size_t i = 0; i < f->rows.link_count; i++) {
        if (is_leaf(task_of(f, f->rows.links[i].task_uuid)))
            insert(conn, &kfpsi_artifact_tasks, &f->rows.links[i]);
    }
    kfpb_close(&conn);
}

/* Every link of a DAG, by the DAG's name and its own key. */
static const struct {
    const char *dag, *key;
    int32_t imported, updated;
} types[] = {
    {"for-loop-1", "models", KFPS_IO_ITERATOR_OUTPUT, KFPS_IO_ITERATOR_OUTPUT},
    {"for-loop-1", "subs", KFPS_IO_ITERATOR_OUTPUT, KFPS_IO_ITERATOR_OUTPUT},
    {"for-loop-1", "words", KFPS_IO_ITERATOR_OUTPUT, KFPS_IO_ITERATOR_OUTPUT},
    {"for-loop-3", "words", KFPS_IO_ITERATOR_OUTPUT, KFPS_IO_ITERATOR_OUTPUT},
    {"sub", "s", KFPS_IO_OUTPUT, KFPS_IO_OUTPUT},
    {"condition-2", "x", KFPS_IO_OUTPUT, KFPS_IO_OUTPUT},
    {"condition-branches-1", "one", KFPS_IO_ONE_OF_OUTPUT, KFPS_IO_ONE_OF_OUTPUT},
    {"root", "all", KFPS_IO_OUTPUT, KFPS_IO_ITERATOR_OUTPUT},
    {"root", "subs", KFPS_IO_OUTPUT, KFPS_IO_ITERATOR_OUTPUT},
    {"root", "one", KFPS_IO_OUTPUT, KFPS_IO_ONE_OF_OUTPUT},
};

static void expect_type(const kfps_task *task, const kfps_artifact_task *link, bool imported)
{
    const char *dag = task->type == KFPS_TASK_ROOT ? "root" : task->name;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        if (strcmp(types[i].dag, dag) != 0 || strcmp(types[i].key, link->artifact_key) != 0)
            continue;
        const int32_t type = imported ? types[i].imported : types[i].updated;
        ck_assert_msg(link->type == type, "%s of %s has type %d, not %d", link->artifact_key, dag, link->type, type);
        return;
    }
    ck_abort_msg("%s has no output %s", dag, link->artifact_key);
}

static void put_line(const fixture *f, char lines[][256], size_t *count, const kfps_artifact_task *link, bool imported)
{
    const kfps_task *task = task_of(f, link->task_uuid);
    json_t *producer = json_loads(link->producer_json, 0, NULL);
    const char *name = json_string_value(json_object_get(producer, "taskName"));
    const char *from = json_string_value(json_object_get(producer, "iteration"));
    if (!is_leaf(task)) {
        expect_type(task, link, imported);
        snprintf(lines[(*count)++], 256, "%s %d %s %s < %s %s", task->uuid, (int) link->iteration, link->artifact_key,
                 link->artifact_uuid, name, from != NULL ? from : "-");
    }
    json_decref(producer);
}

static int compare_lines(const void *a, const void *b)
{
    return strcmp(a, b);
}

static void expect_same_links(const fixture *f)
{
    static char expected[64][256], actual[64][256];
    size_t expected_count = 0, actual_count = 0;
    kfps_error error = {0};
    kfpb_rows *rows = NULL;
    for (size_t i = 0; i < f->rows.link_count; i++)
        put_line(f, expected, &expected_count, &f->rows.links[i], true);
    kfpb_conn *conn = test_open();
    kfp_ok(kfpb_query(conn,
                      "SELECT \"TaskID\",\"ArtifactID\",\"Type\",\"Iteration\",\"ArtifactKey\",\"Producer\" FROM "
                      "\"artifact_tasks\"",
                      NULL, 0, &rows, &error),
           &error);
    while (kfpb_next(rows, &error) == 1) {
        const kfps_artifact_task link = {.task_uuid = kfpb_get_text(rows, 0, NULL),
                                         .artifact_uuid = kfpb_get_text(rows, 1, NULL),
                                         .type = (int32_t) kfpb_get_int(rows, 2),
                                         .iteration = kfpb_get_int(rows, 3),
                                         .artifact_key = kfpb_get_text(rows, 4, NULL),
                                         .producer_json = kfpb_get_text(rows, 5, NULL)};
        put_line(f, actual, &actual_count, &link, false);
    }
    kfpb_rows_free(&rows);
    kfpb_close(&conn);
    qsort(expected, expected_count, sizeof expected[0], compare_lines);
    qsort(actual, actual_count, sizeof actual[0], compare_lines);
    ck_assert_uint_gt(expected_count, 15);
    for (size_t i = 0; i < expected_count && i < actual_count; i++)
        ck_assert_str_eq(actual[i], expected[i]);
    ck_assert_uint_eq(actual_count, expected_count);
}

START_TEST(dags_end_as_they_are_imported)
{
    fixture f;
    kfps_error error;
    kfp_fresh();
    kfp_run(RUN_ID, "team", "RUNNING");
    build(&f);
    put_rows(&f);
    kfps_store *store = kfp_store(NULL);
    kfps_session *session = kfp_session(store);
    kfp_ok(kfps_run_set_shape(session, RUN_ID, shape, &error), &error);
    for (size_t i = 0; i < f.rows.task_count; i++) {
        /* the leaves, and the branch that was not taken; in this order and in the other */
        const kfps_task *task = &f.rows.tasks[_i == 0 ? i : f.rows.task_count - 1 - i];
        if (is_leaf(task) || task->state == KFPS_TASK_SKIPPED)
            kfp_ok(kfps_task_update(session, &(kfps_task_change){.uuid = task->uuid, .state = task->state}, 1, NULL,
                                    NULL, &error),
                   &error);
    }
    for (size_t i = 0; i < f.rows.task_count; i++) {
        kfps_task_list *list = NULL;
        kfp_ok(kfps_task_get(session, f.rows.tasks[i].uuid, KFPS_VIEW_BASIC, &list, &error), &error);
        ck_assert_msg(list->items[0].task.state == f.rows.tasks[i].state, "%s is in state %d, not %d",
                      f.rows.tasks[i].name, list->items[0].task.state, f.rows.tasks[i].state);
        kfps_task_list_free(list);
    }
    expect_same_links(&f);
    kfps_session_close(session);
    kfps_store_close(store);
    fx_free(&f);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("propagate_import");
    TCase *tc = tcase_create("propagate_import");
    tcase_set_timeout(tc, 60);
    tcase_add_loop_test(tc, dags_end_as_they_are_imported, 0, 2);
    suite_add_tcase(suite, tc);
    return suite_main(suite);
}
