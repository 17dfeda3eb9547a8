/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_backend_calls.c: every call of every public function to its backend fails once, in each way in which a backend
 * can: conflicts and lost connections are survived, everything else is reported with its own code, an uncertain COMMIT
 * is said to be one, and nothing is half written. The connection's slots are replaced by ones that fail on command.
 */
#include "backends/base/fail.h"
#include "libkfpstore/session.h"
#include "tests/fault/scenarios.h"

static const kfpb_conn_ops *real_ops;
static const kfpb_rows_ops *real_rows;
static kfpb_rows_ops faulty_rows;
static long countdown;
static bool failed, failed_at_commit;
static kfps_status failure;

static bool refuse(kfpb_conn *conn, bool commit, kfps_error *error)
{
    if (countdown == 0 || --countdown > 0)
        return false;
    failed = true;
    failed_at_commit = commit;
    if (failure == KFPS_CONNECTION_LOST || failure == KFPS_WRITE_UNCERTAIN)
        conn->broken = true;
    kfpb_fail(error, failure, "this was to fail");
    return true;
}

static kfps_status faulty_exec(kfpb_conn *conn, const char *sql, const kfpb_value *values, size_t count,
                               int64_t *affected, kfps_error *error)
{
    return refuse(conn, false, error) ? failure : real_ops->exec(conn, sql, values, count, affected, error);
}

static int faulty_next(kfpb_rows *rows, kfps_error *error)
{
    return refuse(rows->conn, false, error) ? -1 : real_rows->next(rows, error);
}

static kfps_status faulty_query(kfpb_conn *conn, const char *sql, const kfpb_value *values, size_t count,
                                kfpb_rows **out, kfps_error *error)
{
    if (refuse(conn, false, error))
        return failure;
    const kfps_status status = real_ops->query(conn, sql, values, count, out, error);
    if (status == KFPS_OK) {
        real_rows = (*out)->ops;
        faulty_rows = *real_rows;
        faulty_rows.next = faulty_next;
        (*out)->ops = &faulty_rows;
    }
    return status;
}

static kfps_status faulty_begin(kfpb_conn *conn, kfpb_transaction kind, kfps_error *error)
{
    return refuse(conn, false, error) ? failure : real_ops->begin(conn, kind, error);
}

static kfps_status faulty_commit(kfpb_conn *conn, kfps_error *error)
{
    return refuse(conn, true, error) ? failure : real_ops->commit(conn, error);
}

static kfpb_conn_ops faulty_ops;

/* The pool has one connection; one that was closed is opened anew with its real slots. */
static void arm(void)
{
    kfps_error error;
    kfpb_conn *conn = NULL;
    kfp_ok(kfpsi_pool_take(fault_store->pool, false, &conn, &error), &error);
    if (conn->ops != &faulty_ops) {
        real_ops = conn->ops;
        faulty_ops = *real_ops;
        faulty_ops.exec = faulty_exec;
        faulty_ops.query = faulty_query;
        faulty_ops.begin = faulty_begin;
        faulty_ops.commit = faulty_commit;
        conn->ops = &faulty_ops;
    }
    kfpsi_pool_give(fault_store->pool, &conn);
}

static bool expected(const scenario *s, kfps_status status)
{
    if (failure == KFPS_BUSY || failure == KFPS_CONNECTION_LOST)
        return status == KFPS_OK || (s->steps && status == failure);
    /* whether a table is missing is found out by a query that fails: kfps_check, and the schema's version */
    return status == failure || (failure == KFPS_INTERNAL && status == KFPS_SCHEMA) ||
           (failure == KFPS_INTERNAL && status == KFPS_OK && strcmp(s->name, "check") == 0);
}

static void fail_each_call(const scenario *s, kfps_status how)
{
    char before[256], after[256];
    kfps_error error;
    failure = how;
    scenario_fixture();
    scenario_digest(before);
    for (long n = scenario_first();; n += scenario_step()) {
        ck_assert_msg(n < 2000, "%s: no end of calls", s->name);
        arm();
        failed = failed_at_commit = false;
        countdown = n;
        const kfps_status status = s->call(&error);
        countdown = 0;
        if (!failed) {
            ck_assert_msg(status == KFPS_OK, "%s: %s", s->name, error.message);
            return;
        }
        ck_assert_msg(expected(s, status), "%s, call %ld, %s: %s: %s", s->name, n, kfps_status_name(how),
                      kfps_status_name(status), error.message);
        if (status == KFPS_OK) {
            scenario_fixture();
            scenario_digest(before);
            continue;
        }
        scenario_digest(after);
        ck_assert_msg(strcmp(before, after) == 0, "%s, call %ld, %s: something was written: %s, not %s", s->name, n,
                      kfps_status_name(how), after, before);
    }
}

START_TEST(every_backend_call_fails_once)
{
    static const kfps_status ways[] = {KFPS_BUSY, KFPS_CONNECTION_LOST, KFPS_INTERNAL, KFPS_NO_MEMORY,
                                       KFPS_INTERRUPTED};
    const scenario *s = &scenarios[_i];
    if (s->outside)
        return;
    scenario_open();
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++)
        fail_each_call(s, ways[i]);
    scenario_close();
}
END_TEST

static Suite *backend_calls_suite(void)
{
    Suite *suite = suite_create("backend_calls");
    TCase *tests = tcase_create("backend_calls");
    tcase_set_timeout(tests, 300);
    tcase_add_loop_test(tests, every_backend_call_fails_once, 0, SCENARIOS);
    suite_add_tcase(suite, tests);
    return suite;
}

int main(void)
{
    return suite_main(backend_calls_suite());
}
