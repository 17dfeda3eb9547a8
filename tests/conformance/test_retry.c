/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_retry.c: tasks are reset for another try of their run, and the order in which locks are taken: against a second
 * client that holds one of them, and against one that takes them the other way round.
 */
#include <stdatomic.h>
#include <unistd.h>

#include "backends/base/fail.h"
#include "tests/harness/one_session.h"
#include "tests/harness/task_tests.h"

static char root[KFPS_UUID_SIZE], child[KFPS_UUID_SIZE];

static void begin(void)
{
    kfp_fresh();
    open_session();
    kfp_run("run-1", "ns", "RUNNING");
    kfps_task task = tt_task("run-1", NULL, "root", KFPS_TASK_RUNNING);
    tt_create(session, &task, root);
    task = tt_task("run-1", root, "child", KFPS_TASK_FAILED);
    task.fingerprint = "fp";
    task.pods_json = "[{\"name\":\"p\",\"type\":\"EXECUTOR\",\"uid\":\"u\"}]";
    task.status_metadata_json = "{\"message\":\"no\"}";
    task.input_parameters_json = "[{\"parameterKey\":\"in\",\"value\":1}]";
    task.output_parameters_json = "[{\"parameterKey\":\"out\",\"value\":2}]";
    task.type_attributes_json = "{\"iterationIndex\":\"3\"}";
    task.state_history_json = "[{\"state\":\"RUNNING\",\"updateTime\":\"2024-01-01T12:00:00Z\"},"
                              "{\"state\":\"FAILED\",\"updateTime\":\"2024-01-01T12:00:01Z\"}]";
    task.created_at = 10;
    task.started_at = 11;
    task.finished_at = 12;
    tt_create(session, &task, child);
}

/* ---- reset ------------------------------------------------------------------------------------------------------- */

START_TEST(what_a_reset_changes_and_what_it_keeps)
{
    static const int64_t now = 1704110402;
    kfps_task_list *before = NULL, *after = NULL;
    int64_t reset = 9;
    const char *const ids[] = {"nobody", child, root, child};
    kfp_ok(kfps_task_get(session, child, KFPS_VIEW_RUNTIME, &before, &error), &error);
    kfp_exec("UPDATE \"run_details\" SET \"State\"='FAILED'");
    kfps_store_set_clock(store, tt_clock, (void *) (uintptr_t) &now);
    kfp_ok(kfps_task_reset(session, ids, 4, &reset, &error), &error);
    ck_assert_int_eq(reset, 2);
    kfp_ok(kfps_task_get(session, child, KFPS_VIEW_RUNTIME, &after, &error), &error);
    const kfps_task *old = &before->items[0].task, *new = &after->items[0].task;
    ck_assert_int_eq(new->state, KFPS_TASK_RUNNING);
    ck_assert_int_eq(new->started_at, now);
    ck_assert_int_eq(new->finished_at, 0);
    ck_assert_ptr_null(new->status_metadata_json); /* SQL NULL, as upstream */
    tt_json_is(new->pods_json, "[]");
    tt_json_is(new->output_parameters_json, "[]");
    tt_json_is(new->state_history_json, "[{\"state\":\"RUNNING\",\"updateTime\":\"2024-01-01T12:00:00Z\"},"
                                        "{\"state\":\"FAILED\",\"updateTime\":\"2024-01-01T12:00:01Z\"},"
                                        "{\"state\":\"RUNNING\",\"updateTime\":\"2024-01-01T12:00:02Z\"}]");
    tt_json_is(new->input_parameters_json, old->input_parameters_json);
    tt_json_is(new->type_attributes_json, old->type_attributes_json);
    ck_assert_str_eq(new->fingerprint, "fp");
    ck_assert_str_eq(new->logical_key, old->logical_key);
    ck_assert_str_eq(new->parent_uuid, root);
    ck_assert_str_eq(new->name, old->name);
    ck_assert_str_eq(new->scope_path, old->scope_path);
    ck_assert_int_eq(new->created_at, 10);
    kfps_task_list_free(before);
    kfps_task_list_free(after);
    /* RUNNING was the root's last state already: nothing is appended */
    kfp_ok(kfps_task_get(session, root, KFPS_VIEW_RUNTIME, &after, &error), &error);
    json_t *history = json_loads(after->items[0].task.state_history_json, 0, NULL);
    ck_assert_uint_eq(json_array_size(history), 1);
    json_decref(history);
    kfps_task_list_free(after);
    ck_assert_int_eq(tt_tasks_where("\"State\"=1"), 2);
}
END_TEST

START_TEST(arguments_and_namespaces)
{
    kfps_session_options options;
    kfps_session *other = NULL;
    int64_t reset = 9;
    const char *const ids[] = {child, ""};
    ck_assert_int_eq(kfps_task_reset(session, ids, 2, &reset, &error), KFPS_INVALID);
    ck_assert_int_eq(error.element, 1);
    ck_assert_int_eq(reset, 0);
    ck_assert_int_eq(kfps_task_reset(session, NULL, 1, &reset, &error), KFPS_INVALID);
    ck_assert_int_eq(kfps_task_reset(NULL, ids, 1, &reset, NULL), KFPS_INVALID);
    kfp_ok(kfps_task_reset(session, NULL, 0, &reset, &error), &error);
    kfps_session_options_init(&options);
    options.session_namespace = "other";
    kfp_ok(kfps_session_open(store, &options, &other, &error), &error);
    kfp_ok(kfps_task_reset(other, ids, 1, &reset, &error), &error);
    ck_assert_int_eq(reset, 0);
    kfp_ok(kfps_task_invalidate(other, ids, 1, &reset, &error), &error);
    ck_assert_int_eq(reset, 0);
    ck_assert_int_eq(tt_tasks_where("\"State\"=4 AND \"Fingerprint\"='fp'"), 1);
    kfps_session_close(other);
}
END_TEST

START_TEST(many_are_reset_with_a_few_statements)
{
    enum { MANY = 600 };
    static kfps_task tasks[MANY];
    static char names[MANY][16];
    static const char *ids[MANY];
    static tt_statements statements = {.mutex = PTHREAD_MUTEX_INITIALIZER};
    kfps_task_list *list = NULL;
    int64_t reset = 0;
    for (int i = 0; i < MANY; i++) {
        snprintf(names[i], sizeof names[i], "t%d", i);
        tasks[i] = tt_task("run-1", i % 2 ? root : child, names[i], KFPS_TASK_FAILED);
    }
    kfp_ok(kfps_task_create(session, tasks, MANY, NULL, &list, &error), &error);
    for (int i = 0; i < MANY; i++)
        ids[i] = list->items[i].task.uuid;
    kfps_store *counted = tt_counted_store(&statements);
    kfps_session *s = kfp_session(counted);
    kfp_ok(kfps_task_reset(s, ids, 1, &reset, &error), &error); /* a connection */
    statements.plain = 0;
    kfp_ok(kfps_task_reset(s, ids, MANY, &reset, &error), &error);
    ck_assert_int_eq(reset, MANY);
    /* SQLite steps one prepared statement, which counts once a row */
    ck_assert_msg(statements.plain <= (test_engine_is("sqlite") ? MANY : 3) + 12, "%d statements", statements.plain);
    ck_assert_int_eq(tt_tasks_where("\"State\"=1"), MANY + 1);
    kfps_task_list_free(list);
    kfps_session_close(s);
    kfps_store_close(counted);
}
END_TEST

/* Upstream resets the tasks of a failed run, then its drivers begin, then the run's row is set back. */
START_TEST(retry_of_a_failed_run)
{
    const char *const ids[] = {child, root};
    const kfps_task again = tt_task("run-1", root, "new", KFPS_TASK_RUNNING);
    int64_t reset = 0;
    kfp_exec("UPDATE \"run_details\" SET \"State\"='FAILED',\"Conditions\"='FAILED'");
    kfp_ok(kfps_task_reset(session, ids, 2, &reset, &error), &error);
    ck_assert_int_eq(reset, 2);
    ck_assert_int_eq(kfps_task_create(session, &again, 1, NULL, NULL, &error), KFPS_RUN_TERMINAL); /* too early */
    const kfps_task_change done = {.uuid = child, .state = KFPS_TASK_SUCCEEDED, .finished_at = 99};
    ck_assert_int_eq(kfps_task_update(session, &done, 1, NULL, NULL, &error), KFPS_RUN_TERMINAL);
    kfp_exec("UPDATE \"run_details\" SET \"State\"='RUNNING',\"Conditions\"='RUNNING'");
    kfp_ok(kfps_task_create(session, &again, 1, NULL, NULL, &error), &error);
    kfp_ok(kfps_task_update(session, &done, 1, NULL, NULL, &error), &error);
    ck_assert_int_eq(tt_tasks_where("\"State\"=1"), 2);
    ck_assert_int_eq(tt_tasks_where("\"State\"=2 AND \"FinishedInSec\"=99 AND \"Name\"='child'"), 1);
    /* all three in one transaction of the caller, the run's row first */
    kfp_exec("UPDATE \"run_details\" SET \"State\"='FAILED',\"Conditions\"='FAILED'");
    kfp_ok(kfps_txn_begin(session, &error), &error);
    kfp_ok(kfps_txn_exec(session, "UPDATE \"run_details\" SET \"State\"='RUNNING',\"Conditions\"='RUNNING'", NULL, 0,
                         NULL, &error),
           &error);
    kfp_ok(kfps_task_reset(session, ids, 2, &reset, &error), &error);
    kfp_ok(kfps_task_update(session, &done, 1, NULL, NULL, &error), &error);
    kfp_ok(kfps_txn_commit(session, &error), &error);
    ck_assert_int_eq(tt_tasks_where("\"State\"=2 AND \"FinishedInSec\"=99 AND \"Name\"='child'"), 1);
}
END_TEST

/* ---- locks ------------------------------------------------------------------------------------------------------- */

typedef enum job_kind { RESET, INVALIDATE, CREATE, DELETE_LINKS, DELETE_RUN, DELETE_TASKS } job_kind;

/* An operation on a thread of its own. */
typedef struct job {
    job_kind kind;
    pthread_t thread;
    atomic_bool done;
    kfps_status status;
    kfps_error error;
} job;

static void *run_job(void *context)
{
    job *j = context;
    kfps_session *s = kfp_session(store);
    const char *const ids[] = {root, child};
    const kfps_task tasks[] = {tt_task("run-1", root, "a", 1), tt_task("run-1", child, "b", 1)};
    switch (j->kind) {
    case RESET:
        j->status = kfps_task_reset(s, ids, 2, NULL, &j->error);
        break;
    case INVALIDATE:
        j->status = kfps_task_invalidate(s, ids, 2, NULL, &j->error);
        break;
    case CREATE:
        j->status = kfps_task_create(s, tasks, 2, NULL, NULL, &j->error);
        break;
    case DELETE_LINKS:
        j->status = kfps_artifact_task_delete(s, ids, 2, KFPS_DIRECTION_ANY, NULL, &j->error);
        break;
    case DELETE_RUN:
        j->status = kfps_run_delete(s, "run-1", NULL, &j->error);
        break;
    case DELETE_TASKS:
        j->status = kfps_task_delete_for_run(s, "run-1", NULL, &j->error);
        break;
    }
    atomic_store(&j->done, true);
    kfps_session_close(s);
    return NULL;
}

static void start(job *j, job_kind kind)
{
    j->kind = kind;
    atomic_store(&j->done, false);
    kfpb_error_clear(&j->error);
    ck_assert_int_eq(pthread_create(&j->thread, NULL, run_job, j), 0);
}

static kfps_status finish(job *j)
{
    pthread_join(j->thread, NULL);
    return j->status;
}

static kfpb_conn *other_client(void)
{
    const kfpb_open_options options = {.lock_timeout_ms = 1000};
    return test_open_with(test_dsn(), &options);
}

static kfps_status lock_row(kfpb_conn *conn, const char *table, const char *uuid)
{
    kfps_error said;
    kfpb_rows *rows = NULL;
    char sql[256];
    const kfpb_value value = kfpb_str(uuid);
    snprintf(sql, sizeof sql, "SELECT \"UUID\" FROM \"%s\" WHERE \"UUID\"=?%s", table,
             conn->driver->dialect.for_update);
    kfps_status status = kfpb_query(conn, sql, &value, 1, &rows, &said);
    if (status == KFPS_OK && kfpb_next(rows, &said) < 0)
        status = (kfps_status) said.code;
    kfpb_rows_free(&rows);
    return status;
}

static void hold(kfpb_conn *conn, const char *table, const char *uuid)
{
    ck_assert_int_eq(kfpb_begin(conn, KFPB_TX_WRITE, &error), KFPS_OK);
    ck_assert_int_eq(lock_row(conn, table, uuid), KFPS_OK);
}

static bool is_locked(const char *table, const char *uuid)
{
    kfpb_conn *probe = other_client();
    ck_assert_int_eq(kfpb_begin(probe, KFPB_TX_WRITE, &error), KFPS_OK);
    const kfps_status status = lock_row(probe, table, uuid);
    kfpb_rollback(probe);
    kfpb_close(&probe);
    ck_assert(status == KFPS_OK || status == KFPS_BUSY);
    return status == KFPS_BUSY;
}

static void wait_until_locked(const char *table, const char *uuid)
{
    for (int i = 0; i < 600; i++) {
        if (is_locked(table, uuid))
            return;
        usleep(50000);
    }
    ck_abort_msg("%s %s was never locked", table, uuid);
}

static bool has_row_locks(void)
{
    return !test_engine_is("sqlite"); /* there the transaction excludes all other writers */
}

/* Who holds the parent's lock finds the child's taken; who holds the child's finds the parent's free. */
START_TEST(deepest_first)
{
    static const job_kind kinds[] = {RESET, INVALIDATE, CREATE, DELETE_LINKS};
    kfpb_conn *client = other_client();
    job j;
    for (size_t i = 0; has_row_locks() && i < 4; i++) {
        hold(client, "tasks", root);
        start(&j, kinds[i]);
        wait_until_locked("tasks", child);
        kfpb_rollback(client);
        ck_assert_msg(finish(&j) == KFPS_OK, "%s", j.error.message);

        kfp_exec("DELETE FROM \"tasks\" WHERE \"Name\" IN ('a','b')");
        kfp_exec("UPDATE \"tasks\" SET \"Fingerprint\"='fp'");
        hold(client, "tasks", child);
        start(&j, kinds[i]);
        usleep(700000);
        ck_assert(!is_locked("tasks", root));
        kfpb_rollback(client);
        ck_assert_msg(finish(&j) == KFPS_OK, "%s", j.error.message);
    }
    kfpb_close(&client);
}
END_TEST

/* While the run's row is held everything waits, and no task is locked. */
START_TEST(the_run_row_first)
{
    static const job_kind kinds[] = {RESET, INVALIDATE, CREATE, DELETE_LINKS, DELETE_TASKS, DELETE_RUN};
    kfpb_conn *client = other_client();
    job j;
    for (size_t i = 0; has_row_locks() && i < 6; i++) {
        hold(client, "run_details", "run-1");
        start(&j, kinds[i]);
        usleep(700000);
        ck_assert(!atomic_load(&j.done));
        ck_assert(!is_locked("tasks", root));
        ck_assert(!is_locked("tasks", child));
        kfpb_rollback(client);
        ck_assert_msg(finish(&j) == KFPS_OK, "%s", j.error.message);
        if (kinds[i] == DELETE_TASKS) { /* the next case needs some */
            kfps_task task = tt_task("run-1", NULL, "root", KFPS_TASK_RUNNING);
            tt_create(session, &task, root);
            task = tt_task("run-1", root, "child", KFPS_TASK_FAILED);
            tt_create(session, &task, child);
        }
    }
    kfpb_close(&client);
}
END_TEST

/* A client that goes from the parent to the child: one of the two is the victim, and our call is not seen to be. */
START_TEST(the_other_way_round_is_a_deadlock_that_nobody_sees)
{
    static const job_kind kinds[] = {RESET, INVALIDATE, CREATE, DELETE_LINKS, DELETE_TASKS};
    kfpb_conn *client = other_client();
    job j;
    for (size_t i = 0; i < 5; i++) {
        hold(client, "tasks", root);
        start(&j, kinds[i]);
        if (has_row_locks() && kinds[i] != DELETE_TASKS)
            wait_until_locked("tasks", child);
        else
            usleep(300000);
        const kfps_status status = lock_row(client, "tasks", child);
        ck_assert(status == KFPS_OK || status == KFPS_BUSY);
        kfpb_rollback(client);
        ck_assert_msg(finish(&j) == KFPS_OK, "%d: %s: %s", (int) kinds[i], kfps_status_name(j.status), j.error.message);
        if (kinds[i] == INVALIDATE)
            ck_assert_int_eq(tt_tasks_where("\"Fingerprint\"<>''"), 0);
    }
    ck_assert_int_eq(kfp_count("SELECT COUNT(*) FROM \"tasks\""), 0);
    kfpb_close(&client);
}
END_TEST

static void make_links(void)
{
    const kfps_artifact artifact = {.artifact_namespace = "ns", .type = 1, .name = "a"};
    kfps_artifact_list *made = NULL;
    kfp_ok(kfps_artifact_create(session, &artifact, 1, &made, &error), &error);
    const char *id = made->items[0].uuid;
    const kfps_artifact_task links[] = {
        {.artifact_uuid = id, .task_uuid = root, .run_uuid = "run-1", .type = KFPS_IO_OUTPUT, .artifact_key = "k"},
        {.artifact_uuid = id, .task_uuid = child, .run_uuid = "run-1", .type = KFPS_IO_OUTPUT, .artifact_key = "k"},
    };
    kfp_ok(kfps_artifact_task_create(session, links, 2, KFPS_EXISTING_FAIL, NULL, NULL, &error), &error);
    kfps_artifact_list_free(made);
}

static kfps_status unlink_task(kfpb_conn *conn, const char *uuid)
{
    kfps_error said;
    const kfpb_value value = kfpb_str(uuid);
    return kfpb_exec(conn, "DELETE FROM \"artifact_tasks\" WHERE \"TaskID\"=?", &value, 1, NULL, &said);
}

static void count_repeats(void *user, int32_t level, const char *facility, const char *message)
{
    (void) level;
    (void) facility;
    if (strstr(message, "tried again") != NULL)
        atomic_fetch_add((atomic_int *) user, 1);
}

/* Who has the run's row, as one who deletes the run has it, meets no link that our call has locked: in whatever order
 * he goes, nobody is the victim of a deadlock. */
START_TEST(links_are_deleted_behind_the_run_row)
{
    static atomic_int repeats;
    kfps_store_options options;
    kfps_store_options_init(&options);
    options.log = count_repeats;
    options.log_user = &repeats;
    options.log_level = KFPS_LOG_INFO;
    kfps_store *plain = store;
    store = kfp_store(&options);
    kfpb_conn *client = other_client();
    const char *const orders[][2] = {{root, child}, {child, root}};
    job j;
    for (size_t i = 0; i < 2; i++) {
        make_links();
        hold(client, "run_details", "run-1");
        ck_assert_int_eq(unlink_task(client, orders[i][0]), KFPS_OK);
        start(&j, DELETE_LINKS);
        usleep(300000);
        ck_assert_int_eq(unlink_task(client, orders[i][1]), KFPS_OK);
        kfp_ok(kfpb_commit(client, &error), &error);
        ck_assert_msg(finish(&j) == KFPS_OK, "%s", j.error.message);
        ck_assert_int_eq(kfp_count("SELECT COUNT(*) FROM \"artifact_tasks\""), 0);
        ck_assert_int_eq(repeats, 0);
    }
    kfpb_close(&client);
    kfps_store_close(store);
    store = plain;
}
END_TEST

START_TEST(who_ends_the_run_is_seen)
{
    kfpb_conn *client = other_client();
    job j;
    ck_assert_int_eq(kfpb_begin(client, KFPB_TX_WRITE, &error), KFPS_OK);
    test_exec(client, "UPDATE \"run_details\" SET \"State\"='SUCCEEDED' WHERE \"UUID\"='run-1'");
    start(&j, CREATE);
    usleep(300000);
    kfp_ok(kfpb_commit(client, &error), &error);
    ck_assert_int_eq(finish(&j), KFPS_RUN_TERMINAL);
    ck_assert_int_eq(tt_tasks_where("\"Name\" IN ('a','b')"), 0);
    kfpb_close(&client);
}
END_TEST

/* Resets, creations and invalidations of the same tasks by eight threads: no error reaches a caller. */
typedef struct worker {
    pthread_t thread;
    int number;
    kfps_status status;
    kfps_error error;
} worker;

static void *work(void *context)
{
    worker *w = context;
    kfps_session *s = kfp_session(store);
    for (int i = 0; i < 15 && w->status == KFPS_OK; i++) {
        char name[2][24];
        const char *const ids[] = {i % 2 ? root : child, i % 2 ? child : root};
        snprintf(name[0], sizeof name[0], "w%d-%d-a", w->number, i);
        snprintf(name[1], sizeof name[1], "w%d-%d-b", w->number, i);
        const kfps_task tasks[] = {tt_task("run-1", ids[0], name[0], 1), tt_task("run-1", ids[1], name[1], 1)};
        if (w->number % 3 == 0)
            w->status = kfps_task_reset(s, ids, 2, NULL, &w->error);
        else if (w->number % 3 == 1)
            w->status = kfps_task_create(s, tasks, 2, NULL, NULL, &w->error);
        else
            w->status = kfps_task_invalidate(s, ids, 2, NULL, &w->error);
    }
    kfps_session_close(s);
    return NULL;
}

START_TEST(eight_threads_on_two_tasks)
{
    static worker workers[8];
    for (int i = 0; i < 8; i++) {
        workers[i].number = i;
        ck_assert_int_eq(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
    }
    for (int i = 0; i < 8; i++)
        pthread_join(workers[i].thread, NULL);
    for (int i = 0; i < 8; i++)
        ck_assert_msg(workers[i].status == KFPS_OK, "%d: %s: %s", i, kfps_status_name(workers[i].status),
                      workers[i].error.message);
    ck_assert_int_eq(tt_tasks_where("\"Name\" LIKE 'w%'"), 3 * 15 * 2);
}
END_TEST

static Suite *retry_suite(void)
{
    Suite *suite = suite_create("retry");
    TCase *tests = tcase_create("retry");
    tcase_set_timeout(tests, 180);
    tcase_add_checked_fixture(tests, begin, close_session);
    tcase_add_test(tests, what_a_reset_changes_and_what_it_keeps);
    tcase_add_test(tests, arguments_and_namespaces);
    tcase_add_test(tests, many_are_reset_with_a_few_statements);
    tcase_add_test(tests, retry_of_a_failed_run);
    tcase_add_test(tests, deepest_first);
    tcase_add_test(tests, the_run_row_first);
    tcase_add_test(tests, the_other_way_round_is_a_deadlock_that_nobody_sees);
    tcase_add_test(tests, links_are_deleted_behind_the_run_row);
    tcase_add_test(tests, who_ends_the_run_is_seen);
    tcase_add_test(tests, eight_threads_on_two_tasks);
    suite_add_tcase(suite, tests);
    return suite;
}

int main(void)
{
    return suite_main(retry_suite());
}
