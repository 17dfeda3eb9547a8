/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_schema_killed.c: an upgrade that is killed (SIGKILL) behind each of its statements in turn goes on when it is
 * started again, and comes to the same schema. The linker puts the functions below around the backend's. With
 * KFPSTORE_TEST_LONG set behind each one, else behind every seventh, beginning with another one each day.
 */
#include <signal.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/harness/schema_fixture.h"

/* Statements until the end; below 0: none. */
static atomic_int left = -1;

static void count_down(void)
{
    if (atomic_load(&left) >= 0 && atomic_fetch_sub(&left, 1) == 0)
        kill(getpid(), SIGKILL);
}

kfps_status __real_kfpb_exec(kfpb_conn *conn, const char *sql, const kfpb_value *values, size_t count,
                             int64_t *affected, kfps_error *error);
kfps_status __wrap_kfpb_exec(kfpb_conn *conn, const char *sql, const kfpb_value *values, size_t count,
                             int64_t *affected, kfps_error *error);
kfps_status __wrap_kfpb_exec(kfpb_conn *conn, const char *sql, const kfpb_value *values, size_t count,
                             int64_t *affected, kfps_error *error)
{
    const kfps_status status = __real_kfpb_exec(conn, sql, values, count, affected, error);
    count_down();
    return status;
}

kfps_status __real_kfpb_commit(kfpb_conn *conn, kfps_error *error);
kfps_status __wrap_kfpb_commit(kfpb_conn *conn, kfps_error *error);
kfps_status __wrap_kfpb_commit(kfpb_conn *conn, kfps_error *error)
{
    const kfps_status status = __real_kfpb_commit(conn, error);
    count_down();
    return status;
}

/* The lease of one that died runs out by itself, in 30 seconds. */
static void let_the_lease_expire(void)
{
    if (!has_table("kfpstore_lease"))
        return;
    kfpb_conn *conn = test_open();
    test_exec(conn, "UPDATE \"kfpstore_lease\" SET \"ExpiresAtInSec\" = 1");
    kfpb_close(&conn);
}

static void check_schema(int killed_behind)
{
    heard differences = {0};
    schema_verify_result result;
    kfps_error error = {0};
    schema_status status;
    const kfpb_open_options how = {.read_only = true};
    kfpb_conn *conn = test_open_with(test_dsn(), &how);
    ck_assert_msg(schema_verify(conn, hear, &differences, &result, &error) == KFPS_OK, "%s", error.message);
    ck_assert_msg(result.differences == 0, "killed behind statement %d: %s", killed_behind,
                  kfpb_text_get(&differences.text));
    kfpb_close(&conn);
    read_status(&status);
    ck_assert_msg(!status.pending, "killed behind statement %d: steps are pending", killed_behind);
    schema_status_free(&status);
    forget(&differences);
}

/* True: it was killed; false: it came to its end before that. */
static bool upgrade_and_kill(bool standalone, int statement)
{
    int ended = 0;
    fflush(NULL);
    const pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        kfps_error error;
        atomic_store(&left, statement);
        _exit(run_command(schema_upgrade, standalone, false, NULL, &error) == KFPS_OK ? 0 : 1);
    }
    ck_assert_int_eq(waitpid(child, &ended, 0), child);
    ck_assert_msg(WIFSIGNALED(ended) || WEXITSTATUS(ended) == 0, "the upgrade failed by itself");
    return WIFSIGNALED(ended);
}

static void kill_everywhere(bool legacy)
{
    const int stride = getenv("KFPSTORE_TEST_LONG") != NULL ? 1 : 7;
    int statement = (int) (time(NULL) / 86400 % stride);
    for (bool killed = true; killed; statement += stride) {
        test_wipe();
        if (legacy) {
            run_legacy();
            kfpb_conn *conn = test_open();
            insert_run(conn);
            test_exec(conn, "INSERT INTO \"tasks\" (\"UUID\",\"Namespace\",\"PipelineName\",\"RunUUID\",\"PodName\","
                            "\"MLMDExecutionID\",\"CreatedTimestamp\",\"Fingerprint\") "
                            "VALUES ('t1','ns','p','run-1','pod','17',5,'abc')");
            kfpb_close(&conn);
        }
        killed = upgrade_and_kill(!legacy, statement);
        let_the_lease_expire();
        upgrade(!legacy);
        check_schema(statement);
        if (legacy) {
            kfpb_conn *conn = test_open();
            ck_assert_int_eq(number_of(conn, "SELECT COUNT(*) FROM \"tasks_pre_migration\" WHERE \"UUID\" = 't1'"), 1);
            kfpb_close(&conn);
        }
    }
    /* each statement of each step, at least */
    size_t count = 0;
    int statements = 0;
    kfpb_conn *conn = test_open();
    const schema_step *steps = schema_steps(conn->driver, &count);
    kfpb_close(&conn);
    for (size_t i = 0; i < count; i++) {
        if (steps[i].when == SCHEMA_ALWAYS || (steps[i].when == SCHEMA_LEGACY_TASKS) == legacy)
            statements += schema_count_statements(&steps[i]);
    }
    ck_assert_int_gt(statement, statements);
    printf("killed behind statements up to %d, each %d\n", statement - 2 * stride, stride);
}

START_TEST(from_nothing)
{
    kill_everywhere(false);
}
END_TEST

START_TEST(over_an_old_kfp)
{
    kill_everywhere(true);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("schema_killed");
    TCase *cases = tcase_create("killed");
    tcase_set_timeout(cases, 900);
    tcase_add_test(cases, from_nothing);
    tcase_add_test(cases, over_an_old_kfp);
    suite_add_tcase(suite, cases);
    return suite_main(suite);
}
