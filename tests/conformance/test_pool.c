/* SPDX-License-Identifier: Apache-2.0 */
/* test_pool.c: many threads, one pool: no update is lost, no writer starves, nothing is printed, and what is retried.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "backends/base/fail.h"
#include "libkfpstore/transaction.h"
#include "tests/harness/wipe.h"

enum { THREADS = 8, ROUNDS = 200, PLACES = 5 };

static void make_tables(void)
{
    test_wipe();
    kfpb_conn *conn = test_open();
    test_exec(conn, "CREATE TABLE p_counter (id BIGINT NOT NULL PRIMARY KEY, n BIGINT NOT NULL)");
    test_exec(conn, "CREATE TABLE p_log (id BIGINT NOT NULL PRIMARY KEY)");
    test_exec(conn, "INSERT INTO p_counter (id, n) VALUES (0,0),(1,0),(2,0),(3,0),(4,0),(5,0),(6,0),(7,0),(8,0)");
    kfpb_close(&conn);
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double) t.tv_sec + (double) t.tv_nsec / 1e9;
}

static void sleep_ms(long ms)
{
    nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000}, NULL);
}

static kfpsi_pool *new_pool(size_t size, uint32_t wait_ms, uint32_t lock_timeout_ms)
{
    kfps_error error = {0};
    kfpb_dsn dsn = {0};
    kfpsi_pool *pool = NULL;
    const kfpb_open_options options = {.lock_timeout_ms = lock_timeout_ms};
    ck_assert_int_eq(kfpb_dsn_parse(test_dsn(), &dsn, &error), KFPS_OK);
    ck_assert_msg(kfpsi_pool_new(&dsn, &options, size, wait_ms, &pool, &error) == KFPS_OK, "%s", error.message);
    kfpb_dsn_free(&dsn);
    return pool;
}

static int64_t number_of(const char *sql)
{
    kfps_error error = {0};
    int64_t number = -1;
    kfpb_conn *conn = test_open();
    ck_assert_msg(kfpb_query_int(conn, sql, NULL, 0, &number, NULL, &error) == KFPS_OK, "%s: %s", sql, error.message);
    kfpb_close(&conn);
    return number;
}

/* ---- eight threads -------------------------------------------------------------------------------------------------
 */

typedef struct worker {
    kfpsi_pool *pool;
    int number;
    int64_t serial;
    double asked, longest_wait; /* of a writer, until its transaction began */
    kfps_status status;
    kfps_error error;
} worker;

/* One counter by reading and writing it, one by one statement, and a row of its own. */
static kfps_status count_up(kfpb_conn *conn, void *context, kfps_error *error)
{
    worker *self = context;
    const double waited = now() - self->asked;
    if (waited > self->longest_wait)
        self->longest_wait = waited;
    char sql[128];
    int64_t n = 0;
    kfpb_value id = kfpb_int(self->serial % 2);
    snprintf(sql, sizeof sql, "SELECT n FROM p_counter WHERE id = ?%s", conn->driver->dialect.for_update);
    kfps_status status = kfpb_query_int(conn, sql, &id, 1, &n, NULL, error);
    if (status == KFPS_OK)
        status = kfpb_exec(conn, "UPDATE p_counter SET n = ? WHERE id = ?", (const kfpb_value[]){kfpb_int(n + 1), id},
                           2, NULL, error);
    id = kfpb_int(2 + (self->serial + self->number) % 3);
    if (status == KFPS_OK)
        status = kfpb_exec(conn, "UPDATE p_counter SET n = n + 1 WHERE id = ?", &id, 1, NULL, error);
    id = kfpb_int(self->number * ROUNDS + self->serial);
    if (status == KFPS_OK)
        status = kfpb_exec(conn, "INSERT INTO p_log (id) VALUES (?)", &id, 1, NULL, error);
    return status;
}

static void *work(void *context)
{
    worker *self = context;
    const kfpsi_retry patient = {.attempts = 100, .first_ms = 1, .cap_ms = 50};
    for (self->serial = 0; self->serial < ROUNDS && self->status == KFPS_OK; self->serial++) {
        self->asked = now();
        self->status = kfpsi_run(self->pool, &patient, count_up, self, &self->error);
    }
    return NULL;
}

/* Sends what is written to a descriptor into a file; returns the old one. */
static int capture(int fd, const char *name)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", test_env("KFPSTORE_TEST_TMP"), name);
    fflush(NULL);
    const int old = dup(fd), file = open(path, O_CREAT | O_TRUNC | O_RDWR, 0600);
    ck_assert(old >= 0 && file >= 0 && dup2(file, fd) == fd);
    close(file);
    return old;
}

static off_t release(int fd, int old)
{
    struct stat file;
    fflush(NULL);
    fstat(fd, &file);
    dup2(old, fd);
    close(old);
    return file.st_size;
}

START_TEST(eight_threads)
{
    static worker workers[THREADS];
    pthread_t threads[THREADS];
    kfpsi_pool *pool = new_pool(PLACES, 30000, 0);
    memset(workers, 0, sizeof workers);
    const int out = capture(1, "out"), err = capture(2, "err");
    for (int i = 0; i < THREADS; i++) {
        workers[i].pool = pool;
        workers[i].number = i;
        pthread_create(&threads[i], NULL, work, &workers[i]);
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    kfpsi_pool_free(pool);
    const off_t printed = release(2, err) + release(1, out);
    ck_assert_msg(printed == 0, "%lld bytes were printed", (long long) printed);
    for (int i = 0; i < THREADS; i++) {
        ck_assert_msg(workers[i].status == KFPS_OK, "thread %d: %s", i, workers[i].error.message);
        ck_assert_msg(workers[i].longest_wait < 2, "thread %d waited %.2f s for its turn", i, workers[i].longest_wait);
    }
    ck_assert_int_eq(number_of("SELECT COUNT(*) FROM p_log"), THREADS * ROUNDS);
    ck_assert_int_eq(number_of("SELECT n FROM p_counter WHERE id = 0"), THREADS * ROUNDS / 2);
    ck_assert_int_eq(number_of("SELECT n FROM p_counter WHERE id = 1"), THREADS * ROUNDS / 2);
    ck_assert_int_eq(number_of("SELECT SUM(n) FROM p_counter WHERE id IN (2, 3, 4)"), THREADS * ROUNDS);
}
END_TEST

/* ---- taking and giving ---------------------------------------------------------------------------------------------
 */

START_TEST(pool_is_full)
{
    kfps_error error = {0};
    kfpb_conn *a = NULL, *b = NULL, *c = NULL;
    kfpsi_pool *pool = new_pool(2, 300, 0);
    ck_assert_int_eq(kfpsi_pool_take(pool, false, &a, &error), KFPS_OK);
    ck_assert_int_eq(kfpsi_pool_take(pool, true, &b, &error), KFPS_OK);
    ck_assert(a != b);
    const double start = now();
    ck_assert_int_eq(kfpsi_pool_take(pool, false, &c, &error), KFPS_BUSY);
    ck_assert_int_eq(error.code, KFPS_BUSY);
    ck_assert_msg(strstr(error.message, "300 ms") != NULL && strstr(error.message, "2 connections") != NULL, "%s",
                  error.message);
    ck_assert_ptr_null(c);
    ck_assert_msg(now() - start > 0.25 && now() - start < 2, "%.3f s", now() - start);
    /* a connection comes back as it was opened, whatever was left undone on it */
    kfpb_conn *const first = a;
    ck_assert_int_eq(kfpb_begin(b, KFPB_TX_WRITE, &error), KFPS_OK);
    test_exec(b, "UPDATE p_counter SET n = 99");
    kfpsi_pool_give(pool, &b);
    ck_assert_ptr_null(b);
    kfpsi_pool_give(pool, &a);
    kfpsi_pool_give(pool, &a);
    ck_assert_int_eq(number_of("SELECT SUM(n) FROM p_counter"), 0);
    ck_assert_int_eq(kfpsi_pool_take(pool, true, &a, &error), KFPS_OK);
    ck_assert_int_eq(kfpsi_pool_take(pool, false, &b, &error), KFPS_OK);
    ck_assert(a == first || b == first); /* and is kept */
    ck_assert(!a->in_transaction && !b->in_transaction);
    kfpsi_pool_give(pool, &a);
    kfpsi_pool_give(pool, &b);
    kfpsi_pool_free(pool);
}
END_TEST

START_TEST(one_writer_to_a_file)
{
    kfps_error error = {0};
    kfpb_conn *a = NULL, *b = NULL, *reader = NULL;
    kfpsi_pool *pool = new_pool(4, 300, 0);
    ck_assert_int_eq(kfpsi_pool_take(pool, true, &a, &error), KFPS_OK);
    const kfps_status second = kfpsi_pool_take(pool, true, &b, &error);
    ck_assert_int_eq(second, (a->driver->capabilities & KFPB_CAP_FILE) != 0 ? KFPS_BUSY : KFPS_OK);
    ck_assert_int_eq(kfpsi_pool_take(pool, false, &reader, &error), KFPS_OK);
    kfpsi_pool_give(pool, &a);
    kfpsi_pool_give(pool, &b);
    ck_assert_int_eq(kfpsi_pool_take(pool, true, &a, &error), KFPS_OK);
    kfpsi_pool_give(pool, &a);
    kfpsi_pool_give(pool, &reader);
    kfpsi_pool_free(pool);
}
END_TEST

/* A place that could not be opened is free again. */
START_TEST(opening_fails)
{
    kfps_error error = {0};
    kfpb_dsn dsn = {0};
    kfpsi_pool *pool = NULL;
    kfpb_conn *conn = NULL;
    const kfpb_open_options none = {0};
    const char *const text = test_engine_is("sqlite")  ? "sqlite:///none/none.db"
                             : test_engine_is("pgsql") ? "postgresql://a@%2Fnone/b"
                                                       : "mysql://a@localhost/b?socket=/none";
    ck_assert_int_eq(kfpb_dsn_parse(text, &dsn, &error), KFPS_OK);
    ck_assert_int_eq(kfpsi_pool_new(&dsn, &none, 1, 200, &pool, &error), KFPS_OK);
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(kfpsi_pool_take(pool, true, &conn, &error), KFPS_UNAVAILABLE);
        ck_assert_ptr_null(conn);
    }
    kfpsi_pool_free(pool);
    kfpb_dsn_free(&dsn);
}
END_TEST

/* ---- what is tried again -------------------------------------------------------------------------------------------
 */

typedef struct rival {
    kfpsi_pool *pool;
    pthread_barrier_t *both;
    int64_t first, second;
    int calls;
    kfps_status status;
    kfps_error error;
} rival;

static kfps_status cross(kfpb_conn *conn, void *context, kfps_error *error)
{
    rival *self = context;
    static const char sql[] = "UPDATE p_counter SET n = n + 1 WHERE id = ?";
    kfpb_value id = kfpb_int(self->first);
    kfps_status status = kfpb_exec(conn, sql, &id, 1, NULL, error);
    if (self->calls++ == 0)
        pthread_barrier_wait(self->both);
    id = kfpb_int(self->second);
    return status == KFPS_OK ? kfpb_exec(conn, sql, &id, 1, NULL, error) : status;
}

static void *run_cross(void *context)
{
    rival *self = context;
    self->status = kfpsi_run(self->pool, NULL, cross, self, &self->error);
    return NULL;
}

START_TEST(deadlock_is_tried_again)
{
    if (test_engine_is("sqlite")) /* whose writers queue: they would wait for each other at the barrier */
        return;
    kfpsi_pool *pool = new_pool(2, 5000, 0);
    pthread_barrier_t both;
    pthread_t threads[2];
    pthread_barrier_init(&both, NULL, 2);
    rival rivals[] = {{.pool = pool, .both = &both, .first = 5, .second = 6},
                      {.pool = pool, .both = &both, .first = 6, .second = 5}};
    for (int i = 0; i < 2; i++)
        pthread_create(&threads[i], NULL, run_cross, &rivals[i]);
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    for (int i = 0; i < 2; i++)
        ck_assert_msg(rivals[i].status == KFPS_OK && rivals[i].error.code == KFPS_OK, "%s", rivals[i].error.message);
    ck_assert_msg(rivals[0].calls + rivals[1].calls >= 3, "there was no deadlock");
    ck_assert_int_eq(number_of("SELECT SUM(n) FROM p_counter WHERE id IN (5, 6)"), 4);
    pthread_barrier_destroy(&both);
    kfpsi_pool_free(pool);
}
END_TEST

static kfps_status bump(kfpb_conn *conn, void *context, kfps_error *error)
{
    ++*(int *) context;
    return kfpb_exec(conn, "UPDATE p_counter SET n = n + 1 WHERE id = 7", NULL, 0, NULL, error);
}

static void *let_go(void *context)
{
    sleep_ms(2500);
    kfpb_rollback(context);
    return NULL;
}

/* Another program holds the lock for longer than the lock's time-out. */
START_TEST(busy_is_tried_again)
{
    int calls = 0;
    kfps_error error = {0};
    pthread_t thread;
    kfpsi_pool *pool = new_pool(2, 5000, 1000);
    kfpb_conn *holder = test_open();
    ck_assert_int_eq(kfpb_begin(holder, KFPB_TX_WRITE, &error), KFPS_OK);
    test_exec(holder, "UPDATE p_counter SET n = 50 WHERE id = 7");
    const double start = now();
    ck_assert_int_eq(kfpsi_run(pool, &(kfpsi_retry){.attempts = 1}, bump, &calls, &error), KFPS_BUSY);
    ck_assert(now() - start > 0.8 && now() - start < 4);
    pthread_create(&thread, NULL, let_go, holder);
    ck_assert_msg(kfpsi_run(pool, NULL, bump, &calls, &error) == KFPS_OK, "%s", error.message);
    pthread_join(thread, NULL);
    ck_assert_int_eq(number_of("SELECT n FROM p_counter WHERE id = 7"), 1);
    kfpb_close(&holder);
    kfpsi_pool_free(pool);
}
END_TEST

static kfps_status refuse(kfpb_conn *conn, void *context, kfps_error *error)
{
    bump(conn, context, error);
    return kfpb_fail(error, KFPS_NOT_FOUND, "the body says no");
}

/* An error inside that the body overlooks is still no success. */
static kfps_status overlook(kfpb_conn *conn, void *context, kfps_error *error)
{
    bump(conn, context, error);
    kfpb_exec(conn, "INSERT INTO p_counter (id, n) VALUES (7, 7)", NULL, 0, NULL, error);
    return KFPS_OK;
}

START_TEST(errors_of_the_body_are_final)
{
    int calls = 0;
    kfps_error error = {0};
    kfpsi_pool *pool = new_pool(2, 5000, 0);
    ck_assert_int_eq(kfpsi_run(pool, NULL, refuse, &calls, &error), KFPS_NOT_FOUND);
    ck_assert_str_eq(error.message, "the body says no");
    ck_assert_int_eq(calls, 1);
    ck_assert_int_eq(kfpsi_run(pool, NULL, overlook, &calls, &error), KFPS_INTERNAL);
    ck_assert_int_eq(calls, 2);
    ck_assert_int_eq(number_of("SELECT n FROM p_counter WHERE id = 7"), 0);
    ck_assert_int_eq(kfpsi_run(pool, NULL, bump, &calls, &error), KFPS_OK);
    ck_assert_int_eq(error.code, KFPS_OK);
    ck_assert_int_eq(number_of("SELECT n FROM p_counter WHERE id = 7"), 1);
    kfpsi_pool_free(pool);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        eight_threads,           pool_is_full,        one_writer_to_a_file,        opening_fails,
        deadlock_is_tried_again, busy_is_tried_again, errors_of_the_body_are_final};
    return suite_main(suite_of("pool", tests, sizeof tests / sizeof tests[0], make_tables, NULL));
}
