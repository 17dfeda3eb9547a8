/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scenarios.h: one successful call of every public function that talks to the database, on a small fixture, for tests
 * that make things fail on the way. A call frees what it gets and returns the status.
 */
#ifndef KFPT_SCENARIOS_H
#define KFPT_SCENARIOS_H

#include <unistd.h>

#include "backends/base/fail.h"
#include "tests/harness/kfp.h"

static kfps_store *fault_store;
static kfps_session *fault_session;
/* Of the fixture; made anew by scenario_fixture. */
static char fault_task[3][KFPS_UUID_SIZE], fault_artifact[KFPS_UUID_SIZE], fault_link[KFPS_UUID_SIZE];
static char fault_loose[KFPS_UUID_SIZE]; /* an artifact that nobody links to */
static char *fault_shape;
static kfpb_conn *fault_watcher; /* of another program, which sees what is committed */

static const char fault_spec[] =
    "{\"root\":{\"dag\":{\"tasks\":{\"parent\":{\"componentRef\":{\"name\":\"comp-p\"},\"taskInfo\":{\"name\":\"parent\"}}"
    "}}},\"components\":{\"comp-p\":{\"dag\":{\"tasks\":{\"child\":{\"componentRef\":{\"name\":\"comp-c\"},\"taskInfo\":"
    "{\"name\":\"child\"}}}}},\"comp-c\":{\"executorLabel\":\"exec-c\"}},\"pipelineInfo\":{\"name\":\"p\"},"
    "\"schemaVersion\":\"2.1.0\"}";

static const kfps_artifact fault_new_artifact = {.artifact_namespace = "ns",
                                                 .type = KFPS_ARTIFACT_MODEL,
                                                 .uri = "s3://bucket/new",
                                                 .name = "new",
                                                 .metadata_json = "{\"a\":[1,2,{\"b\":\"c\"}]}"};

static kfps_artifact_task fault_new_link(void)
{
    return (kfps_artifact_task){.artifact_uuid = fault_loose,
                                .task_uuid = fault_task[1],
                                .run_uuid = "run-1",
                                .producer_json = "{\"taskName\":\"child\",\"iteration\":\"3\"}",
                                .artifact_key = "key",
                                .type = KFPS_IO_OUTPUT};
}

static kfps_task fault_new_task(const char *name, const char *parent)
{
    return (kfps_task){.task_namespace = "ns",
                       .run_uuid = "run-1",
                       .fingerprint = "fp",
                       .name = name,
                       .scope_path = "root",
                       .parent_uuid = parent,
                       .type = parent == NULL ? KFPS_TASK_DAG : KFPS_TASK_RUNTIME,
                       .state = KFPS_TASK_RUNNING,
                       .input_parameters_json = "[{\"parameterKey\":\"p\",\"type\":\"COMPONENT_INPUT\",\"value\":1}]"};
}

/* ---- the calls --------------------------------------------------------------------------------------------------- */

static kfps_status call_artifact_create(kfps_error *error)
{
    kfps_artifact_list *list = NULL;
    const kfps_artifact two[] = {fault_new_artifact, fault_new_artifact};
    const kfps_status status = kfps_artifact_create(fault_session, two, 2, &list, error);
    kfps_artifact_list_free(list);
    return status;
}

static kfps_status call_artifact_create_with_links(kfps_error *error)
{
    kfps_artifact_list *list = NULL;
    kfps_artifact_task_list *links = NULL;
    const kfps_artifact two[] = {fault_new_artifact, fault_new_artifact};
    const kfps_artifact_task with[] = {fault_new_link(), fault_new_link()};
    const kfps_status status = kfps_artifact_create_with_links(fault_session, two, with, 2, &list, &links, error);
    kfps_artifact_list_free(list);
    kfps_artifact_task_list_free(links);
    return status;
}

static kfps_status call_artifact_find_or_create(kfps_error *error)
{
    kfps_artifact_list *list = NULL;
    kfps_artifact_task_list *links = NULL;
    const kfps_artifact_task link = fault_new_link();
    const kfps_status status = kfps_artifact_find_or_create(fault_session, &fault_new_artifact, &link, NULL, &list,
                                                            &links, error);
    kfps_artifact_list_free(list);
    kfps_artifact_task_list_free(links);
    return status;
}

static kfps_status call_artifact_create_once(kfps_error *error)
{
    kfps_artifact_list *list = NULL;
    kfps_artifact_task_list *links = NULL;
    const kfps_artifact_task link = fault_new_link();
    const kfps_write_operation operation = {.operation_id = "op-1", .retention_seconds = 60};
    const kfps_status status = kfps_artifact_create_once(fault_session, &operation, &fault_new_artifact, &link, NULL,
                                                         &list, &links, error);
    kfps_artifact_list_free(list);
    kfps_artifact_task_list_free(links);
    return status;
}

static kfps_status call_write_operation_purge(kfps_error *error)
{
    return kfps_write_operation_purge(fault_session, 100, NULL, error);
}

static kfps_status call_artifact_get(kfps_error *error)
{
    kfps_artifact_list *list = NULL;
    const kfps_status status = kfps_artifact_get(fault_session, fault_artifact, &list, error);
    kfps_artifact_list_free(list);
    return status;
}

static kfps_status call_artifact_get_many(kfps_error *error)
{
    kfps_artifact_list *list = NULL;
    const char *const uuids[] = {fault_loose, "absent", fault_artifact};
    const kfps_status status = kfps_artifact_get_many(fault_session, uuids, 3, &list, error);
    kfps_artifact_list_free(list);
    return status;
}

static kfps_status call_artifact_get_by_uri(kfps_error *error)
{
    kfps_artifact_list *list = NULL;
    const kfps_status status = kfps_artifact_get_by_uri(fault_session, "ns", "s3://bucket/old", &list, error);
    kfps_artifact_list_free(list);
    return status;
}

static kfps_status call_artifact_list(kfps_error *error)
{
    kfps_artifact_list *list = NULL;
    const kfps_artifact_scope scope = {.artifact_namespace = "ns"};
    const kfps_page page = {.page_size = 1,
                            .want_total = 1,
                            .sort_by = "name desc",
                            .filter_json = "{\"predicates\":[{\"operation\":\"IS_SUBSTRING\",\"key\":\"name\","
                                           "\"string_value\":\"o\"}]}"};
    const kfps_status status = kfps_artifact_list_page(fault_session, &scope, &page, &list, error);
    kfps_artifact_list_free(list);
    return status;
}

static kfps_status call_artifact_list_of_run(kfps_error *error)
{
    kfps_artifact_list *list = NULL;
    const kfps_artifact_scope scope = {.run_uuid = "run-1", .task_name = "child", .with_producer = 1};
    const kfps_status status = kfps_artifact_list_page(fault_session, &scope, NULL, &list, error);
    kfps_artifact_list_free(list);
    return status;
}

static kfps_status call_artifact_list_unlinked(kfps_error *error)
{
    kfps_artifact_list *list = NULL;
    const kfps_status status = kfps_artifact_list_unlinked(fault_session, "ns", NULL, 0, 0, &list, error);
    kfps_artifact_list_free(list);
    return status;
}

static kfps_status call_artifact_delete_unlinked(kfps_error *error)
{
    const char *const uuids[] = {fault_loose, fault_artifact};
    return kfps_artifact_delete_unlinked(fault_session, uuids, 2, NULL, error);
}

static kfps_status call_link_create(kfps_error *error)
{
    kfps_artifact_task_list *list = NULL;
    const kfps_artifact_task link = fault_new_link();
    const kfps_status status = kfps_artifact_task_create(fault_session, &link, 1, KFPS_EXISTING_RETURN, NULL, &list,
                                                         error);
    kfps_artifact_task_list_free(list);
    return status;
}

static kfps_status call_link_get(kfps_error *error)
{
    kfps_artifact_task_list *list = NULL;
    const kfps_status status = kfps_artifact_task_get(fault_session, fault_link, &list, error);
    kfps_artifact_task_list_free(list);
    return status;
}

static kfps_status call_link_list(kfps_error *error)
{
    kfps_artifact_task_list *list = NULL;
    const char *const tasks[] = {fault_task[0], fault_task[1]};
    const kfps_artifact_task_scope scope = {.task_uuids = tasks, .task_count = 2, .direction = KFPS_DIRECTION_OUTPUT};
    const kfps_status status = kfps_artifact_task_list_page(fault_session, &scope, NULL, &list, error);
    kfps_artifact_task_list_free(list);
    return status;
}

static kfps_status call_link_delete(kfps_error *error)
{
    const char *const tasks[] = {fault_task[1]};
    return kfps_artifact_task_delete(fault_session, tasks, 1, KFPS_DIRECTION_ANY, NULL, error);
}

static kfps_status call_task_create(kfps_error *error)
{
    kfps_task_list *list = NULL;
    const kfps_task tasks[] = {fault_new_task("first", fault_task[0]), fault_new_task("second", fault_task[0]),
                               fault_new_task("child", fault_task[0])};
    const kfps_status status = kfps_task_create(fault_session, tasks, 3, NULL, &list, error);
    kfps_task_list_free(list);
    return status;
}

static kfps_status call_task_get(kfps_error *error)
{
    kfps_task_list *list = NULL;
    const kfps_status status = kfps_task_get(fault_session, fault_task[1], KFPS_VIEW_FULL, &list, error);
    kfps_task_list_free(list);
    return status;
}

static kfps_status call_task_get_many(kfps_error *error)
{
    kfps_task_list *list = NULL;
    const char *const uuids[] = {fault_task[1], "absent", fault_task[0]};
    const kfps_status status = kfps_task_get_many(fault_session, uuids, 3, KFPS_VIEW_RUNTIME, &list, error);
    kfps_task_list_free(list);
    return status;
}

static kfps_status call_task_list(kfps_error *error)
{
    kfps_task_list *list = NULL;
    const kfps_task_scope scope = {.run_uuid = "run-1"};
    const kfps_page page = {.page_size = 1, .sort_by = "parent_task_id"};
    const kfps_status status = kfps_task_list_page(fault_session, &scope, KFPS_VIEW_FULL, &page, &list, error);
    kfps_task_list_free(list);
    return status;
}

static kfps_status call_task_children(kfps_error *error)
{
    kfps_task_list *list = NULL;
    const kfps_status status = kfps_task_children(fault_session, fault_task[0], NULL, KFPS_VIEW_BASIC, &list, error);
    kfps_task_list_free(list);
    return status;
}

static kfps_status call_task_count(kfps_error *error)
{
    int64_t counts[2];
    const char *const runs[] = {"run-1", "absent"};
    return kfps_task_count(fault_session, runs, 2, counts, error);
}

/* Ends the child, and with it parent and outputs. */
static kfps_status call_task_update(kfps_error *error)
{
    kfps_task_list *list = NULL;
    const kfps_task_change change = {
        .uuid = fault_task[1],
        .state = KFPS_TASK_SUCCEEDED,
        .output_parameters_json = "[{\"parameterKey\":\"o\",\"type\":\"OUTPUT\",\"value\":\"x\"}]"};
    const kfps_status status = kfps_task_update(fault_session, &change, 1, NULL, &list, error);
    kfps_task_list_free(list);
    return status;
}

static kfps_status call_task_find_cached(kfps_error *error)
{
    kfps_task_list *list = NULL;
    kfps_status status = kfps_task_find_cached(fault_session, "ns", "hit", KFPS_VIEW_FULL, &list, error);
    if (status == KFPS_OK && (list->count != 1 || list->items[0].output_count != 1))
        status = kfpb_fail(error, KFPS_INTERNAL, "the task or its output was not found");
    kfps_task_list_free(list);
    return status;
}

static kfps_status call_task_reset(kfps_error *error)
{
    const char *const uuids[] = {fault_task[0], fault_task[1]};
    return kfps_task_reset(fault_session, uuids, 2, NULL, error);
}

static kfps_status call_task_delete_for_run(kfps_error *error)
{
    return kfps_task_delete_for_run(fault_session, "run-1", NULL, error);
}

static kfps_status call_task_invalidate(kfps_error *error)
{
    const char *const uuids[] = {fault_task[1]};
    return kfps_task_invalidate(fault_session, uuids, 1, NULL, error);
}

static kfps_status call_task_invalidate_pipeline(kfps_error *error)
{
    return kfps_task_invalidate_pipeline(fault_session, "ns", "pipeline-1", NULL, error);
}

static kfps_status call_run_set_shape(kfps_error *error)
{
    return kfps_run_set_shape(fault_session, "run-1", fault_shape, error);
}

static kfps_status call_run_get_shape(kfps_error *error)
{
    char *shape = NULL;
    const kfps_status status = kfps_run_get_shape(fault_session, "run-1", &shape, error);
    kfps_free(shape);
    return status;
}

static kfps_status call_run_delete(kfps_error *error)
{
    return kfps_run_delete(fault_session, "run-1", NULL, error);
}

static kfps_status call_lineage(kfps_error *error)
{
    kfps_lineage *lineage = NULL;
    const kfps_lineage_start start = {.artifact_uuid = fault_artifact};
    const kfps_status status = kfps_lineage_walk(fault_session, &start, &lineage, error);
    kfps_lineage_free(lineage);
    return status;
}

static kfps_status call_check(kfps_error *error)
{
    kfps_readiness readiness;
    return kfps_check(fault_session, 0, &readiness, error);
}

static kfps_status call_transaction(kfps_error *error)
{
    kfps_rowset *rows = NULL;
    const kfps_value value = {.kind = KFPS_VALUE_TEXT, .text_value = "run-1"};
    kfps_status status = kfps_txn_begin(fault_session, error);
    if (status == KFPS_OK)
        status = kfps_txn_exec(fault_session, "UPDATE \"run_details\" SET \"Description\"='x' WHERE \"UUID\"=?", &value,
                               1, NULL, error);
    if (status == KFPS_OK)
        status = kfps_txn_query(fault_session, "SELECT \"Description\" FROM \"run_details\" WHERE \"UUID\"=?", &value,
                                1, &rows, error);
    kfps_rowset_free(rows);
    if (status == KFPS_OK)
        return kfps_txn_commit(fault_session, error);
    kfps_txn_rollback(fault_session);
    return status;
}

static kfps_status call_open(kfps_error *error)
{
    kfps_store *store = NULL;
    kfps_session *session = NULL;
    kfps_session_options options;
    kfps_session_options_init(&options);
    options.session_namespace = "ns";
    kfps_status status = kfps_store_open(test_dsn(), NULL, &store, error);
    if (status == KFPS_OK)
        status = kfps_session_open(store, &options, &session, error);
    kfps_session_close(session);
    kfps_store_close(store);
    return status;
}

/* ---- the table --------------------------------------------------------------------------------------------------- */

typedef struct scenario {
    const char *name;
    kfps_status (*call)(kfps_error *error);
    bool outside; /* does not use the fixture's session: faults of its connection do not reach it */
    bool steps;   /* several calls of the library: not repeated as a whole */
} scenario;

static const scenario scenarios[] = {
    {"open", call_open, true, true},
    {"transaction", call_transaction, false, true},
    {"check", call_check, false, false},
    {"artifact create", call_artifact_create, false, false},
    {"artifact create with links", call_artifact_create_with_links, false, false},
    {"artifact find or create", call_artifact_find_or_create, false, false},
    {"artifact create once", call_artifact_create_once, false, false},
    {"write operation purge", call_write_operation_purge, false, false},
    {"artifact get", call_artifact_get, false, false},
    {"artifact get many", call_artifact_get_many, false, false},
    {"artifact get by URI", call_artifact_get_by_uri, false, false},
    {"artifact list", call_artifact_list, false, false},
    {"artifact list of a run", call_artifact_list_of_run, false, false},
    {"artifact list unlinked", call_artifact_list_unlinked, false, false},
    {"artifact delete unlinked", call_artifact_delete_unlinked, false, false},
    {"link create", call_link_create, false, false},
    {"link get", call_link_get, false, false},
    {"link list", call_link_list, false, false},
    {"link delete", call_link_delete, false, false},
    {"task create", call_task_create, false, false},
    {"task get", call_task_get, false, false},
    {"task get many", call_task_get_many, false, false},
    {"task list", call_task_list, false, false},
    {"task children", call_task_children, false, false},
    {"task count", call_task_count, false, false},
    {"task update", call_task_update, false, false},
    {"task find cached", call_task_find_cached, false, false},
    {"task reset", call_task_reset, false, false},
    {"task delete for run", call_task_delete_for_run, false, false},
    {"task invalidate", call_task_invalidate, false, false},
    {"task invalidate pipeline", call_task_invalidate_pipeline, false, false},
    {"run set shape", call_run_set_shape, false, false},
    {"run get shape", call_run_get_shape, false, false},
    {"run delete", call_run_delete, false, false},
    {"lineage", call_lineage, false, false},
};
enum { SCENARIOS = sizeof scenarios / sizeof scenarios[0] };

/* ---- the fixture ------------------------------------------------------------------------------------------------- */

static inline void scenario_open(void)
{
    kfps_store_options options;
    kfps_error error;
    kfp_fresh();
    kfps_store_options_init(&options);
    options.pool_size = 1; /* so that it is always the same connection */
    fault_store = kfp_store(&options);
    fault_session = kfp_session(fault_store);
    kfp_ok(kfps_run_shape_from_spec(fault_spec, &fault_shape, &error), &error);
}

static inline void scenario_close(void)
{
    kfpb_close(&fault_watcher);
    kfps_free(fault_shape);
    kfps_session_close(fault_session);
    kfps_store_close(fault_store);
}

static inline void scenario_fixture(void)
{
    kfps_error error;
    kfps_task_list *tasks = NULL;
    kfps_artifact_list *artifacts = NULL;
    kfps_artifact_task_list *links = NULL;
    kfp_fresh();
    kfp_run("run-1", "ns", "RUNNING");
    kfp_run("run-2", "ns", "RUNNING");
    for (int i = 0; i < 3; i++) {
        static const char *const names[] = {"parent", "child", "done"};
        kfps_task task = fault_new_task(names[i], i == 1 ? fault_task[0] : NULL);
        if (i == 2) {
            task.run_uuid = "run-2";
            task.fingerprint = "hit";
            task.state = KFPS_TASK_SUCCEEDED;
        }
        kfp_ok(kfps_task_create(fault_session, &task, 1, NULL, &tasks, &error), &error);
        memcpy(fault_task[i], tasks->items[0].task.uuid, KFPS_UUID_SIZE);
        kfps_task_list_free(tasks);
    }
    const kfps_artifact two[] = {
        {.artifact_namespace = "ns", .type = 1, .uri = "s3://bucket/old", .name = "old"},
        {.artifact_namespace = "ns", .type = 1, .uri = "s3://bucket/loose", .name = "loose"},
    };
    kfp_ok(kfps_artifact_create(fault_session, two, 2, &artifacts, &error), &error);
    memcpy(fault_artifact, artifacts->items[0].uuid, KFPS_UUID_SIZE);
    memcpy(fault_loose, artifacts->items[1].uuid, KFPS_UUID_SIZE);
    kfps_artifact_list_free(artifacts);
    kfps_artifact_task link = fault_new_link();
    link.artifact_uuid = fault_artifact;
    kfp_ok(kfps_artifact_task_create(fault_session, &link, 1, KFPS_EXISTING_FAIL, NULL, &links, &error), &error);
    memcpy(fault_link, links->items[0].uuid, KFPS_UUID_SIZE);
    kfps_artifact_task_list_free(links);
    link.task_uuid = fault_task[2];
    link.run_uuid = "run-2";
    kfp_ok(kfps_artifact_task_create(fault_session, &link, 1, KFPS_EXISTING_FAIL, NULL, NULL, &error), &error);
    kfp_ok(kfps_run_set_shape(fault_session, "run-1", fault_shape, &error), &error);
}

/* What fails once is every n-th thing: each on SQLite and in long runs, every third, from a random one on, elsewhere.
 */
static inline long scenario_step(void)
{
    return test_engine_is("sqlite") || test_env("KFPSTORE_TEST_LONG")[0] != '\0' ? 1 : 3;
}
static inline long scenario_first(void)
{
    return 1 + (long) ((unsigned) getpid() % (unsigned) scenario_step());
}

/* A digest of what the tables hold, by another connection: equal before and after, nothing was written. */
static inline void scenario_digest(char out[256])
{
    static const char *const numbers[] = {
        "SELECT COUNT(*) FROM \"artifacts\"",
        "SELECT COUNT(*) FROM \"artifact_tasks\"",
        "SELECT COUNT(*) FROM \"tasks\"",
        "SELECT COUNT(*) FROM \"run_details\"",
        "SELECT COUNT(*) FROM \"run_details\" WHERE \"Description\"='x'",
        "SELECT COUNT(*) FROM \"kfpstore_write_identity\"",
        "SELECT COUNT(*) FROM \"kfpstore_run_shape\"",
        "SELECT SUM(\"State\"*1000+\"FinishedInSec\") FROM \"tasks\"",
        "SELECT COUNT(*) FROM \"tasks\" WHERE \"Fingerprint\"=''",
    };
    int length = 0;
    kfps_error error;
    if (fault_watcher == NULL)
        fault_watcher = test_open();
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        int64_t number = 0;
        kfp_ok(kfpb_query_int(fault_watcher, numbers[i], NULL, 0, &number, NULL, &error), &error);
        length += snprintf(out + length, 256 - (size_t) length, "%" PRId64 " ", number);
    }
}

#endif
