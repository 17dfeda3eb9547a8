/* SPDX-License-Identifier: Apache-2.0 */
/* test_tasks.c: tasks are created, and found again: fields, refusals, batches, races. */
#include "tests/harness/one_session.h"
#include "tests/harness/task_tests.h"

static void begin(void)
{
    tt_runs();
    open_session();
}

/* ---- create ------------------------------------------------------------------------------------------------------ */

START_TEST(what_is_stored_is_what_upstream_stores)
{
    static const int64_t now = 1704110400;
    char uuid[KFPS_UUID_SIZE], sql[256], *said;
    kfps_task_list *list = NULL;
    kfps_store_set_clock(store, tt_clock, (void *) (uintptr_t) &now);
    const kfps_task task = {.task_namespace = "ns",
                            .run_uuid = "run-1",
                            .name = "träiner 😀",
                            .parent_uuid = "",
                            .state = KFPS_TASK_RUNNING,
                            .type = KFPS_TASK_RUNTIME,
                            .scope_path = "root"};
    int32_t existed = 7;
    kfp_ok(kfps_task_create(session, &task, 1, &existed, &list, &error), &error);
    ck_assert_int_eq(existed, 0);
    ck_assert_uint_eq(list->count, 1);
    const kfps_task *made = &list->items[0].task;
    ck_assert_uint_eq(strlen(made->uuid), 36);
    snprintf(uuid, sizeof uuid, "%s", made->uuid);
    ck_assert_int_eq(made->created_at, now);
    ck_assert_int_eq(made->started_at, now);
    ck_assert_int_eq(made->finished_at, 0);
    ck_assert_ptr_null(made->parent_uuid);
    ck_assert_str_eq(made->fingerprint, "");
    ck_assert_str_eq(made->name, "träiner 😀");
    tt_json_is(made->state_history_json, "[{\"state\":\"RUNNING\",\"updateTime\":\"2024-01-01T12:00:00Z\"}]");
    kfps_task_list_free(list);

    /* the second opinion: JSON null and never SQL NULL, the parent SQL NULL */
    static const char *const columns[] = {
        "pods", "StatusMetadata", "StateHistory", "InputParameters", "OutputParameters", "TypeAttrs"};
    static const char *const expected[] = {
        "[]", "null", "[{\"state\":\"RUNNING\",\"updateTime\":\"2024-01-01T12:00:00Z\"}]", "null", "null", "{}"};
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++) {
        snprintf(sql, sizeof sql, test_engine_is("mysql") ? "SELECT `%s` FROM `tasks`" : "SELECT \"%s\" FROM \"tasks\"",
                 columns[i]);
        said = test_client(sql);
        tt_json_is(said, expected[i]);
        free(said);
    }
    ck_assert_int_eq(tt_tasks_where("\"ParentTaskUUID\" IS NULL AND \"DisplayName\" IS NULL AND \"LogicalKey\" IS NOT "
                                    "NULL AND \"Fingerprint\"='' AND \"CreatedAtInSec\"=1704110400"),
                     1);
    kfp_ok(kfps_task_get(session, uuid, KFPS_VIEW_RUNTIME, &list, &error), &error);
    ck_assert_str_eq(list->items[0].task.name, "träiner 😀");
    tt_json_is(list->items[0].task.status_metadata_json, "null");
    tt_json_is(list->items[0].task.pods_json, "[]");
    kfps_task_list_free(list);
}
END_TEST

START_TEST(every_field_comes_back)
{
    kfps_task_list *list = NULL;
    char parent[KFPS_UUID_SIZE], uuid[KFPS_UUID_SIZE];
    kfps_task task = tt_task("run-1", NULL, "root", KFPS_TASK_STATE_UNSPECIFIED);
    tt_create(session, &task, parent);
    task = (kfps_task){
        .uuid = "ignored",
        .logical_key = "ignored",
        .task_namespace = "ns",
        .run_uuid = "run-1",
        .pods_json = "[{\"name\":\"trainer-driver\",\"type\":\"DRIVER\",\"uid\":\"pod-uid-1\"}]",
        .created_at = 11,
        .started_at = 12,
        .finished_at = 13,
        .fingerprint = "fp",
        .name = "it's \"n\\\"",
        .display_name = "d",
        .parent_uuid = parent,
        .status_metadata_json = "{\"customProperties\":{\"attempt\":1},\"message\":\"done\"}",
        .state_history_json = "[{\"state\":\"RUNNING\",\"updateTime\":\"2024-01-01T12:00:00Z\"}]",
        .input_parameters_json = "[{\"parameterKey\":\"learning_rate\",\"type\":\"COMPONENT_INPUT\",\"value\":0.1}]",
        .output_parameters_json = "[{\"parameterKey\":\"x\",\"type\":\"OUTPUT\",\"value\":\"\\u0001é\"}]",
        .type_attributes_json = "{\"iterationIndex\":\"3\"}",
        .scope_path = "root.loop",
        .state = KFPS_TASK_RUNNING,
        .type = KFPS_TASK_RUNTIME,
    };
    tt_create(session, &task, uuid);
    for (int view = KFPS_VIEW_BASIC; view <= KFPS_VIEW_FULL; view++) {
        kfp_ok(kfps_task_get(session, uuid, view, &list, &error), &error);
        ck_assert_uint_eq(list->count, 1);
        const kfps_task *got = &list->items[0].task;
        ck_assert_str_eq(got->uuid, uuid);
        ck_assert_str_eq(got->task_namespace, "ns");
        ck_assert_str_eq(got->run_uuid, "run-1");
        ck_assert_int_eq(got->created_at, 11);
        ck_assert_int_eq(got->started_at, 12);
        ck_assert_int_eq(got->finished_at, 13);
        ck_assert_str_eq(got->fingerprint, "fp");
        ck_assert_str_eq(got->name, "it's \"n\\\"");
        ck_assert_str_eq(got->display_name, "d");
        ck_assert_str_eq(got->parent_uuid, parent);
        ck_assert_str_eq(got->scope_path, "root.loop");
        ck_assert_int_eq(got->state, KFPS_TASK_RUNNING);
        ck_assert_int_eq(got->type, KFPS_TASK_RUNTIME);
        char key[KFPS_HASH_SIZE];
        const int64_t three = 3;
        kfps_task_logical_key("run-1", parent, "root.loop", "it's \"n\\\"", KFPS_TASK_RUNTIME, &three, key);
        ck_assert_str_eq(got->logical_key, key);
        if (view == KFPS_VIEW_BASIC) {
            ck_assert_ptr_null(got->pods_json);
            ck_assert_ptr_null(got->status_metadata_json);
            ck_assert_ptr_null(got->state_history_json);
            ck_assert_ptr_null(got->input_parameters_json);
            ck_assert_ptr_null(got->output_parameters_json);
            ck_assert_ptr_null(got->type_attributes_json);
        } else {
            tt_json_is(got->pods_json, task.pods_json);
            tt_json_is(got->status_metadata_json, task.status_metadata_json);
            tt_json_is(got->state_history_json, task.state_history_json); /* RUNNING was the last: not appended */
            tt_json_is(got->input_parameters_json, task.input_parameters_json);
            tt_json_is(got->output_parameters_json, task.output_parameters_json);
            tt_json_is(got->type_attributes_json, task.type_attributes_json);
        }
        kfps_task_list_free(list);
    }
}
END_TEST

START_TEST(a_repeated_creation_returns_what_is_there)
{
    kfps_task_list *list = NULL;
    char root[KFPS_UUID_SIZE], first[KFPS_UUID_SIZE];
    kfps_task task = tt_task("run-1", NULL, "root", KFPS_TASK_RUNNING);
    tt_create(session, &task, root);
    kfps_task tasks[6];
    int32_t existed[6];
    for (int i = 0; i < 6; i++)
        tasks[i] = tt_task("run-1", root, "loop", KFPS_TASK_RUNNING);
    tasks[0].type_attributes_json = "{\"iterationIndex\":0}";
    tasks[1].type_attributes_json = "{\"iterationIndex\":\"1\"}";
    tasks[2].type_attributes_json = "{\"iterationIndex\":1.0}"; /* the same as the one before */
    tasks[3].scope_path = NULL;                                 /* no key: always a new one */
    tasks[4].scope_path = "";
    tasks[5].type = KFPS_TASK_TYPE_UNSPECIFIED;
    kfp_ok(kfps_task_create(session, tasks, 6, existed, &list, &error), &error);
    ck_assert_uint_eq(list->count, 6);
    for (int i = 0; i < 6; i++)
        ck_assert_int_eq(existed[i], i == 2);
    ck_assert_str_eq(list->items[1].task.uuid, list->items[2].task.uuid);
    ck_assert_str_ne(list->items[0].task.uuid, list->items[1].task.uuid);
    ck_assert_ptr_null(list->items[3].task.logical_key);
    ck_assert_ptr_null(list->items[5].task.logical_key);
    snprintf(first, sizeof first, "%s", list->items[0].task.uuid);
    kfps_task_list_free(list);

    tasks[0].state = KFPS_TASK_FAILED;
    tasks[0].fingerprint = "other";
    tasks[0].input_parameters_json = "[{\"parameterKey\":\"new\"}]";
    kfp_ok(kfps_task_create(session, tasks, 4, existed, &list, &error), &error);
    ck_assert_int_eq(existed[0], 1);
    ck_assert_int_eq(existed[1], 1);
    ck_assert_int_eq(existed[2], 1);
    ck_assert_int_eq(existed[3], 0);
    ck_assert_str_eq(list->items[0].task.uuid, first);
    ck_assert_int_eq(list->items[0].task.state, KFPS_TASK_RUNNING);
    ck_assert_str_eq(list->items[0].task.fingerprint, "");
    tt_json_is(list->items[0].task.input_parameters_json, "null");
    kfps_task_list_free(list);
    ck_assert_int_eq(kfp_count("SELECT COUNT(*) FROM \"tasks\""), 7);
    /* what is not written is not checked, and what is new beside it is */
    tasks[0].pods_json = "[";
    kfp_ok(kfps_task_create(session, tasks, 3, existed, NULL, &error), &error);
    tasks[3].pods_json = "[";
    ck_assert_int_eq(kfps_task_create(session, tasks, 4, existed, NULL, &error), KFPS_INVALID);
    ck_assert_int_eq(error.element, 3);
    tasks[3].pods_json = NULL;
    /* the same iteration, whatever the key's spelling */
    tasks[0].type_attributes_json = "{\"iteration\\u0049ndex\":0}";
    /* the same without results */
    kfp_ok(kfps_task_create(session, tasks, 3, NULL, NULL, &error), &error);
    kfp_ok(kfps_task_create(session, tasks, 3, NULL, NULL, NULL), &error);
    ck_assert_int_eq(kfp_count("SELECT COUNT(*) FROM \"tasks\""), 7);
}
END_TEST

START_TEST(times_on_creation)
{
    static const int64_t now = 500;
    static const int64_t given[][4] = {/* created, started -> created, started */
                                       {0, 0, 500, 500},
                                       {0, 40, 40, 40},
                                       {30, 0, 30, 0},
                                       {30, 40, 30, 40}};
    kfps_store_set_clock(store, tt_clock, (void *) (uintptr_t) &now);
    for (size_t i = 0; i < 4; i++) {
        char name[8];
        kfps_task_list *list = NULL;
        snprintf(name, sizeof name, "t%zu", i);
        kfps_task task = tt_task("run-1", NULL, name, KFPS_TASK_STATE_UNSPECIFIED);
        task.created_at = given[i][0];
        task.started_at = given[i][1];
        kfp_ok(kfps_task_create(session, &task, 1, NULL, &list, &error), &error);
        ck_assert_int_eq(list->items[0].task.created_at, given[i][2]);
        ck_assert_int_eq(list->items[0].task.started_at, given[i][3]);
        tt_json_is(list->items[0].task.state_history_json, "null");
        kfps_task_list_free(list);
    }
    /* a state that is not the history's last is appended */
    kfps_task task = tt_task("run-1", NULL, "h", KFPS_TASK_SKIPPED);
    kfps_task_list *list = NULL;
    task.state_history_json = "[{\"state\":\"RUNNING\",\"updateTime\":\"2024-01-01T12:00:00Z\"}]";
    kfp_ok(kfps_task_create(session, &task, 1, NULL, &list, &error), &error);
    tt_json_is(list->items[0].task.state_history_json,
               "[{\"state\":\"RUNNING\",\"updateTime\":\"2024-01-01T12:00:00Z\"},"
               "{\"state\":\"SKIPPED\",\"updateTime\":\"1970-01-01T00:08:20Z\"}]");
    kfps_task_list_free(list);
}
END_TEST

static void refused(const kfps_task *bad, kfps_status code, const char *word)
{
    kfps_task tasks[3] = {tt_task("run-1", NULL, "good", 1), *bad, tt_task("run-1", NULL, "good too", 1)};
    kfps_task_list *list = (kfps_task_list *) &tasks;
    int32_t existed[3] = {5, 5, 5};
    const kfps_status status = kfps_task_create(session, tasks, 3, existed, &list, &error);
    ck_assert_msg(status == code, "%s: %s: %s", word, kfps_status_name(status), error.message);
    ck_assert_int_eq(error.code, code);
    ck_assert_msg(error.element == 1, "%s: element %d: %s", word, error.element, error.message);
    ck_assert_ptr_null(list);
    ck_assert_int_eq(existed[0], 0);
    ck_assert_int_eq(existed[1], 0);
    ck_assert_msg(strstr(error.message, word) != NULL, "'%s' is not in: %s", word, error.message);
    ck_assert_int_eq(kfps_task_create(session, tasks, 3, NULL, NULL, NULL), code);
    ck_assert_int_eq(tt_tasks_where("\"Name\" LIKE 'good%'"), 0);
}

START_TEST(what_is_refused_and_nothing_is_written)
{
    char other_parent[KFPS_UUID_SIZE], long_name[200], deep[2 * 1100 + 1];
    kfps_task task = tt_task("run-2", NULL, "root", 1), bad;
    tt_create(session, &task, other_parent);
    memset(long_name, 'x', sizeof long_name);
    long_name[129] = '\0';
    memset(deep, '[', 1100);
    memset(deep + 1100, ']', 1100);
    deep[2200] = '\0';
    const kfps_task good = tt_task("run-1", NULL, "bad", 1);

    bad = good, bad.run_uuid = NULL;
    refused(&bad, KFPS_INVALID, "run_uuid");
    bad = good, bad.run_uuid = "";
    refused(&bad, KFPS_INVALID, "run_uuid");
    bad = good, bad.run_uuid = "run-9";
    refused(&bad, KFPS_FOREIGN_KEY, "run-9");
    bad = good, bad.run_uuid = "RUN-1"; /* not to the case-insensitive collation either */
    refused(&bad, KFPS_FOREIGN_KEY, "RUN-1");
    bad = good, bad.run_uuid = "run-over";
    refused(&bad, KFPS_RUN_TERMINAL, "run-over");
    bad = good, bad.parent_uuid = "no-such-parent";
    refused(&bad, KFPS_FOREIGN_KEY, "no-such-parent");
    bad = good, bad.parent_uuid = other_parent;
    refused(&bad, KFPS_FOREIGN_KEY, other_parent);
    bad = good, bad.state = 6;
    refused(&bad, KFPS_INVALID, "state");
    bad = good, bad.type = -1;
    refused(&bad, KFPS_INVALID, "type");
    bad = good, bad.name = long_name;
    refused(&bad, KFPS_TOO_LARGE, "Name");
    bad = good, bad.display_name = "\xff";
    refused(&bad, KFPS_INVALID, "UTF-8");
    bad = good, bad.task_namespace = "0123456789012345678901234567890123456789012345678901234567890123";
    refused(&bad, KFPS_TOO_LARGE, "Namespace");
    bad = good, bad.pods_json = "{}";
    refused(&bad, KFPS_INVALID, "pods_json");
    bad = good, bad.type_attributes_json = "[]";
    refused(&bad, KFPS_INVALID, "type_attributes_json");
    bad = good, bad.type_attributes_json = "{\"iterationIndex\":1.5}";
    refused(&bad, KFPS_INVALID, "iterationIndex");
    bad = good, bad.type_attributes_json = "{\"iterationIndex\":\"x\"}";
    refused(&bad, KFPS_INVALID, "iterationIndex");
    bad = good, bad.input_parameters_json = "[";
    refused(&bad, KFPS_INVALID, "input_parameters_json");
    bad = good, bad.output_parameters_json = deep;
    refused(&bad, KFPS_INVALID, "output_parameters_json");
    bad = good, bad.status_metadata_json = "";
    refused(&bad, KFPS_INVALID, "status_metadata_json");
    bad = good, bad.state_history_json = "7";
    refused(&bad, KFPS_INVALID, "state_history_json");

    kfps_task_list *list = NULL;
    ck_assert_int_eq(kfps_task_create(NULL, &good, 1, NULL, &list, &error), KFPS_INVALID);
    ck_assert_int_eq(kfps_task_create(session, NULL, 1, NULL, &list, &error), KFPS_INVALID);
    kfp_ok(kfps_task_create(session, NULL, 0, NULL, &list, &error), &error);
    ck_assert_uint_eq(list->count, 0);
    kfps_task_list_free(list);
    ck_assert_int_eq(kfp_count("SELECT COUNT(*) FROM \"tasks\""), 1);
}
END_TEST

START_TEST(a_thousand_are_a_handful_of_statements)
{
    enum { MANY = 1000 };
    static tt_statements statements = {.mutex = PTHREAD_MUTEX_INITIALIZER};
    kfps_store *counted = tt_counted_store(&statements);
    kfps_session *s = kfp_session(counted);
    static char names[MANY][16], parents[10][KFPS_UUID_SIZE];
    static kfps_task tasks[MANY];
    kfps_task_list *list = NULL;
    for (int i = 0; i < 10; i++) {
        snprintf(names[i], sizeof names[i], "p%d", i);
        kfps_task task = tt_task("run-1", NULL, names[i], 1);
        tt_create(s, &task, parents[i]);
    }
    for (int i = 0; i < MANY; i++) {
        snprintf(names[i], sizeof names[i], "t%d", i);
        tasks[i] = tt_task("run-1", parents[i % 10], names[i], 1);
    }
    /* rows: SQLite steps one prepared statement, which counts once a row */
    const int rows = test_engine_is("sqlite") ? MANY : 4;
    statements.plain = 0;
    kfp_ok(kfps_task_create(s, tasks, MANY, NULL, &list, &error), &error);
    ck_assert_msg(statements.plain <= rows + 10, "%d statements", statements.plain);
    for (int i = 0; i < MANY; i++)
        ck_assert_str_eq(list->items[i].task.name, names[i]);
    kfps_task_list_free(list);
    ck_assert_int_eq(kfp_count("SELECT COUNT(*) FROM \"tasks\""), MANY + 10);
    statements.plain = 0;
    kfp_ok(kfps_task_create(s, tasks, MANY, NULL, &list, &error), &error);
    ck_assert_msg(statements.plain <= 8, "%d statements", statements.plain);
    kfps_task_list_free(list);
    ck_assert_int_eq(kfp_count("SELECT COUNT(*) FROM \"tasks\""), MANY + 10);
    kfps_session_close(s);
    kfps_store_close(counted);
}
END_TEST

/* ---- races ------------------------------------------------------------------------------------------------------- */

enum { THREADS = 8, EACH = 12 };

typedef struct racer {
    kfps_store *store;
    char uuids[EACH][KFPS_UUID_SIZE];
    int created;
    kfps_status status;
    kfps_error error;
} racer;

static void *race(void *context)
{
    racer *r = context;
    kfps_session *s = kfp_session(r->store);
    for (int i = 0; i < EACH && r->status == KFPS_OK; i++) {
        char names[3][16];
        kfps_task tasks[3];
        int32_t existed[3];
        kfps_task_list *list = NULL;
        for (int k = 0; k < 3; k++) {
            snprintf(names[k], sizeof names[k], "r%d-%d", i, k);
            tasks[k] = tt_task("run-1", NULL, names[k], 1);
        }
        r->status = kfps_task_create(s, tasks, 3, existed, &list, &r->error);
        if (r->status != KFPS_OK)
            break;
        r->created += (existed[0] == 0) + (existed[1] == 0) + (existed[2] == 0);
        snprintf(r->uuids[i], KFPS_UUID_SIZE, "%s", list->items[0].task.uuid);
        kfps_task_list_free(list);
    }
    kfps_session_close(s);
    return NULL;
}

START_TEST(racing_creations_make_one_task)
{
    static racer racers[THREADS];
    pthread_t threads[THREADS];
    int created = 0;
    for (int t = 0; t < THREADS; t++) {
        racers[t].store = store;
        ck_assert_int_eq(pthread_create(&threads[t], NULL, race, &racers[t]), 0);
    }
    for (int t = 0; t < THREADS; t++)
        pthread_join(threads[t], NULL);
    for (int t = 0; t < THREADS; t++) {
        ck_assert_msg(racers[t].status == KFPS_OK, "%s: %s", kfps_status_name(racers[t].status),
                      racers[t].error.message);
        created += racers[t].created;
        for (int i = 0; i < EACH; i++)
            ck_assert_str_eq(racers[t].uuids[i], racers[0].uuids[i]);
    }
    ck_assert_int_eq(created, 3 * EACH);
    ck_assert_int_eq(kfp_count("SELECT COUNT(*) FROM \"tasks\""), 3 * EACH);
}
END_TEST

/* ---- transactions of the caller ---------------------------------------------------------------------------------- */

START_TEST(creation_joins_a_transaction)
{
    char root[KFPS_UUID_SIZE];
    kfps_task task = tt_task("run-1", NULL, "root", 1);
    kfps_task_list *list = NULL;
    kfp_ok(kfps_txn_begin(session, &error), &error);
    tt_create(session, &task, root);
    task = tt_task("run-1", root, "child", 1);
    kfp_ok(kfps_task_create(session, &task, 1, NULL, NULL, &error), &error);
    kfp_ok(kfps_task_children(session, root, NULL, KFPS_VIEW_BASIC, &list, &error), &error);
    ck_assert_uint_eq(list->count, 1);
    kfps_task_list_free(list);
    kfps_txn_rollback(session);
    ck_assert_int_eq(kfp_count("SELECT COUNT(*) FROM \"tasks\""), 0);
    kfp_ok(kfps_txn_begin(session, &error), &error);
    task = tt_task("run-1", NULL, "root", 1);
    tt_create(session, &task, root);
    task.run_uuid = "run-over";
    ck_assert_int_eq(kfps_task_create(session, &task, 1, NULL, NULL, &error), KFPS_RUN_TERMINAL);
    ck_assert_int_eq(kfps_txn_commit(session, &error), KFPS_INVALID); /* it was spoilt */
    ck_assert_int_eq(kfp_count("SELECT COUNT(*) FROM \"tasks\""), 0);
}
END_TEST

static Suite *tasks_suite(void)
{
    Suite *suite = suite_create("tasks");
    TCase *tests = tcase_create("tasks");
    tcase_set_timeout(tests, 120);
    tcase_add_checked_fixture(tests, begin, close_session);
    tcase_add_test(tests, what_is_stored_is_what_upstream_stores);
    tcase_add_test(tests, every_field_comes_back);
    tcase_add_test(tests, a_repeated_creation_returns_what_is_there);
    tcase_add_test(tests, times_on_creation);
    tcase_add_test(tests, what_is_refused_and_nothing_is_written);
    tcase_add_test(tests, a_thousand_are_a_handful_of_statements);
    tcase_add_test(tests, racing_creations_make_one_task);
    tcase_add_test(tests, creation_joins_a_transaction);
    suite_add_tcase(suite, tests);
    return suite;
}

int main(void)
{
    return suite_main(tasks_suite());
}
