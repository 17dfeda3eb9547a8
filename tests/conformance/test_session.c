/* SPDX-License-Identifier: Apache-2.0 */
/* test_session.c: opening, transactions over several calls, the caller's own statements, time-outs, interruption. */
#include <pthread.h>
#include <time.h>
#include <unistd.h>

#include "kfpstore.h"
#include "tests/harness/kfp.h"
#include "tests/harness/proxy.h"

START_TEST(a_database_without_the_schema_is_refused)
{
    kfps_error error;
    kfp_wipe();
    kfps_store *store = kfp_store(NULL);
    kfps_session *session = kfp_session(store);
    ck_assert_int_eq(kfps_txn_begin(session, &error), KFPS_SCHEMA);
    ck_assert_ptr_nonnull(strstr(error.message, "kfp-migrate schema upgrade"));
    kfps_session_close(session);
    kfps_store_close(store);
}
END_TEST

START_TEST(own_statements_commit_and_roll_back)
{
    kfps_error error;
    kfp_fresh();
    kfps_store *store = kfp_store(NULL);
    kfps_session *session = kfp_session(store);
    kfps_rowset *rows = NULL;
    int64_t affected = 0;
    kfp_run("run-1", "ns", "RUNNING");
    for (int round = 0; round < 2; round++) {
        const kfps_value values[] = {{.kind = KFPS_VALUE_TEXT, .text_value = round == 0 ? "FAILED" : "it's ünï 😀"},
                                     {.kind = KFPS_VALUE_TEXT, .text_value = "run-1"}};
        kfp_ok(kfps_txn_begin(session, &error), &error);
        ck_assert_int_eq(kfps_txn_begin(session, &error), KFPS_INVALID);
        kfp_ok(kfps_txn_exec(session, "UPDATE \"run_details\" SET \"Description\"=? WHERE \"UUID\"=?", values, 2,
                             &affected, &error),
               &error);
        ck_assert_int_eq(affected, 1);
        if (round == 0)
            kfps_txn_rollback(session);
        else
            kfp_ok(kfps_txn_commit(session, &error), &error);
    }
    kfp_ok(kfps_txn_begin(session, &error), &error);
    kfp_ok(kfps_txn_query(session, "SELECT \"Description\",NULL,\"UUID\" FROM \"run_details\"", NULL, 0, &rows, &error),
           &error);
    ck_assert_uint_eq(rows->row_count, 1);
    ck_assert_uint_eq(rows->column_count, 3);
    ck_assert_str_eq(rows->cells[0], "it's ünï 😀");
    ck_assert_ptr_null(rows->cells[1]);
    ck_assert_str_eq(rows->cells[2], "run-1");
    kfps_rowset_free(rows);
    /* after a failure only a rollback is possible */
    ck_assert_int_ne(kfps_txn_exec(session, "UPDATE no_such_table SET a=1", NULL, 0, NULL, &error), KFPS_OK);
    ck_assert_int_eq(kfps_txn_exec(session, "SELECT 1", NULL, 0, NULL, &error), KFPS_INVALID);
    ck_assert_int_eq(kfps_txn_commit(session, &error), KFPS_INVALID);
    ck_assert_int_eq(kfps_txn_commit(session, &error), KFPS_INVALID);
    ck_assert_int_eq(kfps_txn_exec(session, "SELECT 1", NULL, 0, NULL, &error), KFPS_INVALID);
    kfps_session_close(session);
    kfps_store_close(store);
}
END_TEST

static const char *endless(void)
{
    return test_engine_is("sqlite")
               ? "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<2000000000) SELECT count(*) FROM n"
           : test_engine_is("pgsql")
               ? "SELECT pg_sleep(60)"
               : "SELECT count(*) FROM information_schema.columns a, information_schema.columns b, "
                 "information_schema.columns c, information_schema.columns d";
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double) t.tv_sec + (double) t.tv_nsec / 1e9;
}

static void *interrupt_soon(void *session)
{
    usleep(300000);
    kfps_interrupt(session);
    return NULL;
}

START_TEST(an_operation_is_interrupted_or_times_out)
{
    kfps_error error;
    kfp_fresh();
    kfps_store *store = kfp_store(NULL);
    kfps_session_options options;
    kfps_session_options_init(&options);
    for (int round = 0; round < 2; round++) {
        pthread_t thread;
        kfps_session *session = NULL;
        kfps_rowset *rows = NULL;
        options.call_timeout_ms = round == 0 ? 400 : 0;
        kfp_ok(kfps_session_open(store, &options, &session, &error), &error);
        kfp_ok(kfps_txn_begin(session, &error), &error);
        const double began = now();
        if (round == 1)
            pthread_create(&thread, NULL, interrupt_soon, session);
        ck_assert_int_eq(kfps_txn_query(session, endless(), NULL, 0, &rows, &error), KFPS_INTERRUPTED);
        ck_assert_double_lt(now() - began, 10);
        ck_assert_ptr_null(rows);
        if (round == 1)
            pthread_join(thread, NULL);
        kfps_txn_rollback(session);
        /* the session goes on, with another connection if need be */
        kfp_ok(kfps_txn_begin(session, &error), &error);
        kfp_ok(kfps_txn_query(session, "SELECT 1", NULL, 0, &rows, &error), &error);
        kfps_rowset_free(rows);
        kfp_ok(kfps_txn_commit(session, &error), &error);
        kfps_session_close(session);
    }
    kfps_store_close(store);
}
END_TEST

/* The statement's time is not what counts: the server says nothing at all. */
START_TEST(a_server_that_hangs_is_cut_off)
{
    kfps_error error;
    proxy between;
    kfps_store *store = NULL;
    kfps_session *session = NULL;
    kfps_session_options options;
    if (test_engine_is("sqlite"))
        return;
    kfp_fresh();
    proxy_start(&between);
    kfp_ok(kfps_store_open(between.dsn, NULL, &store, &error), &error);
    kfps_session_options_init(&options);
    for (int round = 0; round < 4; round++) {
        const bool by_timeout = round % 2 == 0, in_transaction = round < 2;
        pthread_t thread;
        options.call_timeout_ms = by_timeout ? 700 : 0;
        kfp_ok(kfps_session_open(store, &options, &session, &error), &error);
        kfp_ok(kfps_txn_begin(session, &error), &error);
        if (!in_transaction)
            kfp_ok(kfps_txn_commit(session, &error), &error); /* its connection rests in the pool */
        between.silent = true;
        const double began = now();
        if (!by_timeout)
            pthread_create(&thread, NULL, interrupt_soon, session);
        kfps_rowset *rows = NULL;
        const kfps_status status = in_transaction ? kfps_txn_query(session, "SELECT 1", NULL, 0, &rows, &error)
                                                  : kfps_txn_begin(session, &error);
        const double spent = now() - began;
        ck_assert_msg(status == KFPS_INTERRUPTED, "round %d: %s: %s", round, kfps_status_name(status), error.message);
        ck_assert_double_lt(spent, 10);
        between.silent = false;
        if (!by_timeout)
            pthread_join(thread, NULL);
        kfps_txn_rollback(session);
        /* another connection is used, and the answer that comes late is nobody's */
        kfp_ok(kfps_txn_begin(session, &error), &error);
        kfp_ok(kfps_txn_query(session, "SELECT 42", NULL, 0, &rows, &error), &error);
        ck_assert_str_eq(rows->cells[0], "42");
        kfps_rowset_free(rows);
        kfp_ok(kfps_txn_commit(session, &error), &error);
        kfps_session_close(session);
    }
    kfps_store_close(store);
    proxy_stop(&between);
}
END_TEST

START_TEST(options_are_checked)
{
    kfps_error error;
    kfps_store *store = NULL;
    kfps_store_options options;
    kfps_store_options_init(&options);
    ck_assert_int_eq(kfps_store_open(NULL, NULL, &store, &error), KFPS_INVALID);
    ck_assert_int_eq(kfps_store_open("nonsense", NULL, &store, &error), KFPS_INVALID);
    options.pool_size = 0;
    ck_assert_int_eq(kfps_store_open(test_dsn(), &options, &store, &error), KFPS_INVALID);
    kfps_store_options_init(&options);
    options.token_key = (const uint8_t *) "short";
    options.token_key_length = 5;
    ck_assert_int_eq(kfps_store_open(test_dsn(), &options, &store, &error), KFPS_INVALID);
    kfps_store_options_init(&options);
    options.password_file = "/nonexistent/password";
    ck_assert_int_eq(kfps_store_open(test_dsn(), &options, &store, &error), KFPS_INVALID);
    ck_assert_ptr_nonnull(strstr(error.message, "/nonexistent/password"));
    ck_assert_ptr_null(store);
}
END_TEST

static Suite *session_suite(void)
{
    Suite *suite = suite_create("session");
    TCase *tests = tcase_create("session");
    tcase_add_test(tests, a_database_without_the_schema_is_refused);
    tcase_add_test(tests, own_statements_commit_and_roll_back);
    tcase_add_test(tests, an_operation_is_interrupted_or_times_out);
    tcase_add_test(tests, a_server_that_hangs_is_cut_off);
    tcase_add_test(tests, options_are_checked);
    suite_add_tcase(suite, tests);
    return suite;
}

int main(void)
{
    return suite_main(session_suite());
}
