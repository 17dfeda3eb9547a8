/* SPDX-License-Identifier: Apache-2.0 */
/* test_lost.c: the server goes away during a statement and during COMMIT, and what connection, pool and retry make of
 * it. */
#include <signal.h>
#include <sys/wait.h>
#include <time.h>

#include "libkfpstore/transaction.h"
#include "tests/harness/proxy.h"
#include "tests/harness/wipe.h"

static const char insert_lost[] = "INSERT INTO l_row (id) VALUES (?) /* lose me */";
#define WORD "/* lose me */"
static const proxy_cut cuts[] = {PROXY_CUT_BEFORE, PROXY_CUT_BEHIND};

static void make_tables(void)
{
    test_wipe();
    kfpb_conn *conn = test_open();
    test_exec(conn, "CREATE TABLE l_row (id BIGINT NOT NULL PRIMARY KEY)");
    kfpb_close(&conn);
}

static void sleep_ms(long ms)
{
    nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000}, NULL);
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double) t.tv_sec + (double) t.tv_nsec / 1e9;
}

static int64_t rows_there(void)
{
    kfps_error error = {0};
    int64_t number = -1;
    kfpb_conn *conn = test_open();
    ck_assert_msg(kfpb_query_int(conn, "SELECT COUNT(*) FROM l_row", NULL, 0, &number, NULL, &error) == KFPS_OK, "%s",
                  error.message);
    kfpb_close(&conn);
    return number;
}

static kfps_status put(kfpb_conn *conn, const char *sql, int64_t id, kfps_error *error)
{
    const kfpb_value value = kfpb_int(id);
    return kfpb_exec(conn, sql, &value, 1, NULL, error);
}

static void begin_with_row(kfpb_conn *conn, int64_t id)
{
    kfps_error error = {0};
    ck_assert_msg(kfpb_begin(conn, KFPB_TX_WRITE, &error) == KFPS_OK, "%s", error.message);
    ck_assert_msg(put(conn, "INSERT INTO l_row (id) VALUES (?)", id, &error) == KFPS_OK, "%s", error.message);
}

/* A connection that is lost says so to every call, and every call is safe. */
static void is_lost(kfpb_conn **conn)
{
    kfps_error error = {0};
    kfpb_rows *rows = NULL;
    ck_assert((*conn)->broken);
    ck_assert_int_eq(put(*conn, "INSERT INTO l_row (id) VALUES (?)", 999, &error), KFPS_CONNECTION_LOST);
    ck_assert_int_eq(kfpb_query(*conn, "SELECT 1", NULL, 0, &rows, &error), KFPS_CONNECTION_LOST);
    ck_assert_int_eq(kfpb_begin(*conn, KFPB_TX_WRITE, &error), KFPS_CONNECTION_LOST);
    kfpb_rollback(*conn);
    kfpb_close(conn);
}

/* ---- one connection ------------------------------------------------------------------------------------------------
 */

START_TEST(statement_is_lost)
{
    proxy between;
    proxy_start(&between);
    for (size_t i = 0; i < 2; i++) {
        kfps_error error = {0};
        kfpb_conn *conn = test_open_with(between.dsn, NULL);
        begin_with_row(conn, 1);
        proxy_cut_at(&between, cuts[i], WORD);
        ck_assert_int_eq(put(conn, insert_lost, 2, &error), KFPS_CONNECTION_LOST);
        ck_assert_int_eq(error.code, KFPS_CONNECTION_LOST);
        ck_assert_ptr_nonnull(strstr(error.message, "lost"));
        ck_assert_int_eq(kfpb_commit(conn, &error), KFPS_CONNECTION_LOST); /* not uncertain: it was never sent */
        is_lost(&conn);

        kfpb_rows *rows = NULL;
        conn = test_open_with(between.dsn, NULL);
        proxy_cut_at(&between, cuts[i], WORD);
        ck_assert_int_eq(kfpb_query(conn, "SELECT id FROM l_row " WORD, NULL, 0, &rows, &error), KFPS_CONNECTION_LOST);
        ck_assert_ptr_null(rows);
        is_lost(&conn);

        conn = test_open_with(between.dsn, NULL);
        proxy_cut_at(&between, cuts[i], test_engine_is("pgsql") ? "BEGIN" : "START TRANSACTION");
        ck_assert_int_eq(kfpb_begin(conn, KFPB_TX_WRITE, &error), KFPS_CONNECTION_LOST);
        ck_assert(!conn->in_transaction);
        is_lost(&conn);
    }
    ck_assert_int_eq(between.cuts, 6);
    proxy_stop(&between);
    ck_assert_int_eq(rows_there(), 0);
}
END_TEST

START_TEST(commit_is_uncertain)
{
    proxy between;
    proxy_start(&between);
    for (size_t i = 0; i < 2; i++) {
        kfps_error error = {0};
        kfpb_conn *conn = test_open_with(between.dsn, NULL);
        begin_with_row(conn, (int64_t) i);
        proxy_cut_at(&between, cuts[i], "COMMIT");
        ck_assert_int_eq(kfpb_commit(conn, &error), KFPS_WRITE_UNCERTAIN);
        ck_assert_int_eq(error.code, KFPS_WRITE_UNCERTAIN);
        ck_assert_msg(strstr(error.message, "COMMIT") != NULL, "%s", error.message);
        ck_assert(!conn->in_transaction);
        is_lost(&conn);
        ck_assert_int_eq(rows_there(), i == 0 ? 0 : 1); /* both is possible, and the same is said */
    }
    ck_assert_int_eq(between.cuts, 2);
    proxy_stop(&between);
}
END_TEST

/* ---- pool and retry ------------------------------------------------------------------------------------------------
 */

static kfpsi_pool *pool_at(const char *text, size_t size)
{
    kfps_error error = {0};
    kfpb_dsn dsn = {0};
    kfpsi_pool *pool = NULL;
    const kfpb_open_options none = {0};
    ck_assert_int_eq(kfpb_dsn_parse(text, &dsn, &error), KFPS_OK);
    ck_assert_int_eq(kfpsi_pool_new(&dsn, &none, size, 5000, &pool, &error), KFPS_OK);
    kfpb_dsn_free(&dsn);
    return pool;
}

/* Puts one row, or finds that it is there. */
static kfps_status put_once(kfpb_conn *conn, void *context, kfps_error *error)
{
    int *calls = context;
    int64_t there = 0;
    const kfpb_value id = kfpb_int(7);
    ++*calls;
    const kfps_status status = kfpb_query_int(conn, "SELECT COUNT(*) FROM l_row WHERE id = ?", &id, 1, &there, NULL,
                                              error);
    return status == KFPS_OK && there == 0 ? put(conn, insert_lost, 7, error) : status;
}

START_TEST(pool_replaces_a_lost_connection)
{
    proxy between;
    kfps_error error = {0};
    proxy_start(&between);
    kfpsi_pool *pool = pool_at(between.dsn, 1);
    for (size_t i = 0; i < 2; i++) {
        kfpb_conn *conn = NULL;
        ck_assert_int_eq(kfpsi_pool_take(pool, true, &conn, &error), KFPS_OK);
        begin_with_row(conn, 100);
        proxy_cut_at(&between, cuts[i], WORD);
        ck_assert_int_eq(put(conn, insert_lost, 101, &error), KFPS_CONNECTION_LOST);
        kfpsi_pool_give(pool, &conn);
        ck_assert_int_eq(kfpsi_pool_take(pool, true, &conn, &error), KFPS_OK);
        ck_assert(!conn->broken && !conn->in_transaction);
        begin_with_row(conn, (int64_t) i);
        ck_assert_int_eq(kfpb_commit(conn, &error), KFPS_OK);
        kfpsi_pool_give(pool, &conn);
    }
    kfpsi_pool_free(pool);
    proxy_stop(&between);
    ck_assert_int_eq(rows_there(), 2);
}
END_TEST

START_TEST(run_tries_a_lost_statement_again)
{
    proxy between;
    kfps_error error = {0};
    int calls = 0;
    proxy_start(&between);
    kfpsi_pool *pool = pool_at(between.dsn, 2);
    proxy_cut_at(&between, PROXY_CUT_BEHIND, WORD);
    ck_assert_msg(kfpsi_run(pool, NULL, put_once, &calls, &error) == KFPS_OK, "%s", error.message);
    ck_assert_int_eq(calls, 2);
    ck_assert_int_eq(rows_there(), 1);
    kfpsi_pool_free(pool);
    proxy_stop(&between);
}
END_TEST

START_TEST(run_reports_an_uncertain_write)
{
    proxy between;
    proxy_start(&between);
    kfpsi_pool *pool = pool_at(between.dsn, 2);
    for (size_t i = 0; i < 2; i++) {
        kfps_error error = {0};
        int calls = 0;
        proxy_cut_at(&between, cuts[i], "COMMIT");
        ck_assert_int_eq(kfpsi_run(pool, NULL, put_once, &calls, &error), KFPS_WRITE_UNCERTAIN);
        ck_assert_int_eq(calls, 1);
        ck_assert_int_eq(rows_there(), i == 0 ? 0 : 1);
    }
    kfpsi_pool_free(pool);
    proxy_stop(&between);
}
END_TEST

START_TEST(run_repeats_an_uncertain_write_if_told)
{
    const kfpsi_retry repeat = {.attempts = 5, .first_ms = 1, .cap_ms = 10, .repeat_uncertain = true};
    proxy between;
    proxy_start(&between);
    kfpsi_pool *pool = pool_at(between.dsn, 2);
    for (size_t i = 0; i < 2; i++) {
        kfps_error error = {0};
        int calls = 0;
        proxy_cut_at(&between, cuts[i], "COMMIT");
        ck_assert_msg(kfpsi_run(pool, &repeat, put_once, &calls, &error) == KFPS_OK, "%s", error.message);
        ck_assert_int_eq(error.code, KFPS_OK);
        ck_assert_int_eq(calls, 2);
        ck_assert_int_eq(rows_there(), 1);
        kfpb_conn *conn = test_open();
        test_exec(conn, "DELETE FROM l_row");
        kfpb_close(&conn);
    }
    ck_assert_int_eq(between.cuts, 2);
    kfpsi_pool_free(pool);
    proxy_stop(&between);
}
END_TEST

/* ---- the session, and the server, are killed
 * ------------------------------------------------------------------------- */

static const char *long_query(void)
{
    return test_engine_is("pgsql") ? "SELECT pg_sleep(100)" : "SELECT SLEEP(100)";
}

static void kill_session(int64_t id)
{
    char sql[96];
    kfpb_rows *rows = NULL;
    kfps_error error = {0};
    kfpb_conn *conn = test_open();
    snprintf(sql, sizeof sql, test_engine_is("pgsql") ? "SELECT pg_terminate_backend(%lld)" : "KILL CONNECTION %lld",
             (long long) id);
    if (test_engine_is("pgsql"))
        kfpb_query(conn, sql, NULL, 0, &rows, &error);
    else
        kfpb_exec(conn, sql, NULL, 0, NULL, &error);
    kfpb_rows_free(&rows);
    kfpb_close(&conn);
}

static void *kill_session_soon(void *context)
{
    sleep_ms(300);
    kill_session(*(int64_t *) context);
    return NULL;
}

static int64_t session_of(kfpb_conn *conn)
{
    int64_t id = 0;
    ck_assert_int_eq(kfpb_query_int(conn,
                                    test_engine_is("pgsql") ? "SELECT pg_backend_pid()" : "SELECT CONNECTION_ID()",
                                    NULL, 0, &id, NULL, NULL),
                     KFPS_OK);
    return id;
}

START_TEST(session_is_killed)
{
    kfps_error error = {0};
    pthread_t thread;
    int64_t number;
    kfpb_conn *conn = test_open();
    int64_t id = session_of(conn);
    begin_with_row(conn, 1);
    pthread_create(&thread, NULL, kill_session_soon, &id);
    const double start = now();
    const kfps_status status = kfpb_query_int(conn, long_query(), NULL, 0, &number, NULL, &error);
    pthread_join(thread, NULL);
    ck_assert_msg(status == KFPS_CONNECTION_LOST && now() - start < 60, "%s: %s", kfps_status_name(status),
                  error.message);
    is_lost(&conn);
    ck_assert_int_eq(rows_there(), 0);

    /* between two statements: COMMIT finds it out, and cannot know when it happened */
    conn = test_open();
    begin_with_row(conn, 2);
    kill_session(session_of(conn));
    sleep_ms(100);
    ck_assert_int_eq(kfpb_commit(conn, &error), KFPS_WRITE_UNCERTAIN);
    is_lost(&conn);
    ck_assert_int_eq(rows_there(), 0);
}
END_TEST

static void *kill_server_soon(void *context)
{
    sleep_ms(300);
    *(int *) context = test_admin("KILL");
    return NULL;
}

static void *start_server_soon(void *context)
{
    sleep_ms(700);
    *(int *) context = test_admin("START");
    return NULL;
}

START_TEST(server_is_killed)
{
    enum { KEPT = 3 };
    /* minutes: recovery on a slow machine */
    const kfpsi_retry patient = {.attempts = 1200, .first_ms = 20, .cap_ms = 300, .repeat_uncertain = true};
    kfps_error error = {0};
    pthread_t thread;
    int result = -1, calls = 0;
    int64_t number;
    kfpb_conn *kept[KEPT] = {NULL}, *conn = test_open(), *idle = test_open();
    kfpsi_pool *pool = pool_at(test_dsn(), KEPT);
    for (int i = 0; i < KEPT; i++)
        ck_assert_int_eq(kfpsi_pool_take(pool, false, &kept[i], &error), KFPS_OK);
    for (int i = 0; i < KEPT; i++)
        kfpsi_pool_give(pool, &kept[i]);

    begin_with_row(conn, 1);
    ck_assert_int_eq(kfpb_commit(conn, &error), KFPS_OK);
    begin_with_row(conn, 2);
    pthread_create(&thread, NULL, kill_server_soon, &result);
    const kfps_status status = kfpb_query_int(conn, long_query(), NULL, 0, &number, NULL, &error);
    pthread_join(thread, NULL);
    ck_assert_msg(result == 0, "the server could not be killed");
    ck_assert_msg(status == KFPS_CONNECTION_LOST, "%s: %s", kfps_status_name(status), error.message);
    is_lost(&conn);
    ck_assert_int_eq(kfpb_begin(idle, KFPB_TX_WRITE, &error), KFPS_CONNECTION_LOST);
    is_lost(&idle);

    /* nobody is there: said at once, unless the caller wants to wait */
    const double start = now();
    ck_assert_int_eq(kfpsi_run(pool, NULL, put_once, &calls, &error), KFPS_UNAVAILABLE);
    ck_assert_int_eq(calls, 0);
    ck_assert_msg(now() - start < 5, "%.1f s", now() - start);
    pthread_create(&thread, NULL, start_server_soon, &result);
    ck_assert_msg(kfpsi_run(pool, &patient, put_once, &calls, &error) == KFPS_OK, "%s", error.message);
    pthread_join(thread, NULL);
    ck_assert_int_eq(calls, 1);
    kfpsi_pool_free(pool);
    ck_assert_int_eq(rows_there(), 2); /* 1 and 7; 2 was never committed */
}
END_TEST

/* ---- a file has no server; its writer may die, though
 * ---------------------------------------------------------------- */

START_TEST(writer_is_killed)
{
    for (int64_t id = 0; id < 10; id++) {
        const pid_t child = fork();
        if (child == 0) {
            kfpb_conn *conn = test_open();
            if (kfpb_begin(conn, KFPB_TX_WRITE, NULL) == KFPS_OK && put(conn, insert_lost, id, NULL) == KFPS_OK &&
                (id % 2 == 0 || kfpb_commit(conn, NULL) == KFPS_OK))
                raise(SIGKILL);
            _exit(1);
        }
        int how = 0;
        ck_assert_int_eq(waitpid(child, &how, 0), child);
        ck_assert(WIFSIGNALED(how) && WTERMSIG(how) == SIGKILL);
        ck_assert_int_eq(rows_there(), (id + 1) / 2);
        kfpb_conn *conn = test_open();
        begin_with_row(conn, 100);
        kfpb_close(&conn);
    }
}
END_TEST

START_TEST(run_on_a_file_is_as_before)
{
    kfps_error error = {0};
    int calls = 0;
    kfpsi_pool *pool = pool_at(test_dsn(), 2);
    ck_assert_int_eq(kfpsi_run(pool, &(kfpsi_retry){.attempts = 3, .repeat_uncertain = true}, put_once, &calls, &error),
                     KFPS_OK);
    ck_assert_int_eq(kfpsi_run(pool, NULL, put_once, &calls, &error), KFPS_OK);
    ck_assert_int_eq(calls, 2);
    ck_assert_int_eq(rows_there(), 1);
    kfpsi_pool_free(pool);
}
END_TEST

int main(void)
{
    const TTest *const on_files[] = {writer_is_killed, run_on_a_file_is_as_before, NULL};
    const TTest *const on_servers[] = {statement_is_lost,
                                       commit_is_uncertain,
                                       pool_replaces_a_lost_connection,
                                       run_tries_a_lost_statement_again,
                                       run_reports_an_uncertain_write,
                                       run_repeats_an_uncertain_write_if_told,
                                       session_is_killed,
                                       server_is_killed,
                                       NULL};
    const bool file = test_engine_is("sqlite");
    Suite *suite = suite_create("lost");
    TCase *all = tcase_create("all");
    tcase_set_timeout(all, 600);
    tcase_add_checked_fixture(all, make_tables, NULL);
    for (const TTest *const *test = file ? on_files : on_servers; *test != NULL; test++)
        tcase_add_test(all, *test);
    suite_add_tcase(suite, all);
    const int status = suite_main(suite);
    if (!file)
        test_admin("START"); /* if a case ended while the server was down */
    return status;
}
