/* SPDX-License-Identifier: Apache-2.0 */
/* test_schema_lease.c: several upgrades at once, and the lease that keeps them apart. */
#include <pthread.h>
#include <time.h>
#include <unistd.h>

#include "schema/lease.h"
#include "tests/harness/schema_fixture.h"

typedef struct one_upgrade {
    kfps_status status;
    kfps_error error;
} one_upgrade;

static void *upgrade_thread(void *context)
{
    one_upgrade *one = context;
    one->status = run_command(schema_upgrade, true, false, NULL, &one->error);
    return NULL;
}

static void upgrade_at_once(void)
{
    enum { THREADS = 4 };
    pthread_t threads[THREADS];
    one_upgrade results[THREADS] = {0};
    for (int i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, upgrade_thread, &results[i]), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    for (int i = 0; i < THREADS; i++)
        ck_assert_msg(results[i].status == KFPS_OK, "%s: %s", test_label(), results[i].error.message);
    check_baseline();
    kfpb_conn *conn = test_open();
    ck_assert_int_eq(number_of(conn, "SELECT COUNT(*) FROM \"kfpstore_schema\""), schema_version());
    kfpb_close(&conn);
}

START_TEST(several_at_once)
{
    upgrade_at_once();
}
END_TEST

/* One finds the old table, another the new one and the old one under its new name. */
START_TEST(several_at_once_move_the_old_tasks)
{
    run_legacy();
    upgrade_at_once();
    ck_assert(has_table("tasks_pre_migration"));
}
END_TEST

/* MySQL's lock is per server, not per database: programs that share one wait for each other, so none of these takes at
 * once. */

/* ---- the lease
 * --------------------------------------------------------------------------------------------------------------- */

static schema_lease *take(const kfpb_dsn *dsn, const char *purpose, int wait_s, kfps_error *error)
{
    static const kfpb_open_options how;
    const schema_lease_options options = {.purpose = purpose, .slots = 2, .wait_s = wait_s};
    schema_lease *lease = NULL;
    const kfps_status status = schema_lease_take(dsn, &how, &options, &lease, error);
    ck_assert((status == KFPS_OK) == (lease != NULL));
    return lease;
}

static void release(schema_lease *lease)
{
    schema_lease_release(&lease);
    ck_assert_ptr_null(lease);
}

START_TEST(the_lease_excludes)
{
    kfps_error error = {0};
    kfpb_dsn dsn = {0};
    upgrade(true);
    ck_assert_int_eq(kfpb_dsn_parse(test_dsn(), &dsn, &error), KFPS_OK);
    schema_lease *first = take(&dsn, "import", WAIT_S, &error);
    ck_assert_msg(first != NULL, "%s", error.message);
    ck_assert(schema_lease_held(first));
    ck_assert_ptr_null(take(&dsn, "other", 1, &error));
    ck_assert_int_eq(error.code, KFPS_BUSY);
    ck_assert_msg(strstr(error.message, "locked by \"import ") != NULL, "%s", error.message);

    kfpb_conn *conn = test_open();
    ck_assert_int_eq(kfpb_begin(conn, KFPB_TX_WRITE, &error), KFPS_OK);
    ck_assert_msg(schema_lease_fence(first, conn, 1, &error) == KFPS_OK, "%s", error.message);
    ck_assert_int_eq(kfpb_commit(conn, &error), KFPS_OK);
    const int64_t epoch = number_of(conn, "SELECT \"Epoch\" FROM \"kfpstore_lease\" WHERE \"Slot\" = 0");
    release(first);
    schema_lease *second = take(&dsn, "import", WAIT_S, &error);
    ck_assert_msg(second != NULL, "%s", error.message);
    ck_assert_int_eq(number_of(conn, "SELECT \"Epoch\" FROM \"kfpstore_lease\" WHERE \"Slot\" = 0"), epoch + 1);
    ck_assert_int_eq(number_of(conn, "SELECT COUNT(*) FROM \"kfpstore_lease\" WHERE \"Slot\" IN (0, 1, 2)"), 3);
    release(second);
    kfpb_close(&conn);
    kfpb_dsn_free(&dsn);
}
END_TEST

/* The holder's heartbeat has lost its connection and the lease ran out. */
static void let_expire(kfpb_conn *conn)
{
    if (test_engine_is("mysql")) {
        char sql[64];
        snprintf(sql, sizeof sql, "KILL %lld",
                 (long long) number_of(conn, "SELECT IS_USED_LOCK('kfp_mlmd_migration_lock')"));
        test_exec(conn, sql);
    }
    test_exec(conn, "UPDATE \"kfpstore_lease\" SET \"ExpiresAtInSec\" = 1 WHERE \"Slot\" = 0");
}

START_TEST(a_taken_over_lease_fences)
{
    kfps_error error = {0};
    kfpb_dsn dsn = {0};
    upgrade(true);
    ck_assert_int_eq(kfpb_dsn_parse(test_dsn(), &dsn, &error), KFPS_OK);
    schema_lease *old = take(&dsn, "slow", WAIT_S, &error);
    ck_assert_msg(old != NULL, "%s", error.message);
    kfpb_conn *conn = test_open();
    let_expire(conn);
    schema_lease *new = take(&dsn, "quick", WAIT_S, &error);
    ck_assert_msg(new != NULL, "%s", error.message);
    ck_assert_int_eq(kfpb_begin(conn, KFPB_TX_WRITE, &error), KFPS_OK);
    ck_assert_int_eq(schema_lease_fence(old, conn, 1, &error), KFPS_INTERNAL);
    ck_assert_msg(strstr(error.message, "taken over by \"quick ") != NULL, "%s", error.message);
    kfpb_rollback(conn);
    ck_assert_int_eq(schema_lease_fence(new, conn, 2, &error), KFPS_OK);
    for (int i = 0; i < 100 && schema_lease_held(old); i++)
        usleep(100000);
    ck_assert(!schema_lease_held(old));
    ck_assert(schema_lease_held(new));
    release(old);
    ck_assert_int_eq(
        number_of(conn, "SELECT COUNT(*) FROM \"kfpstore_lease\" WHERE \"Slot\" = 0 AND \"Owner\" LIKE 'quick %'"), 1);
    release(new);

    /* The one that took it over has ended since. */
    old = take(&dsn, "slow", WAIT_S, &error);
    ck_assert_msg(old != NULL, "%s", error.message);
    let_expire(conn);
    new = take(&dsn, "quick", WAIT_S, &error);
    ck_assert_msg(new != NULL, "%s", error.message);
    release(new);
    ck_assert_int_eq(schema_lease_fence(old, conn, 1, &error), KFPS_INTERNAL);
    ck_assert_msg(strstr(error.message, "had expired") != NULL, "%s", error.message);
    release(old);
    kfpb_close(&conn);
    kfpb_dsn_free(&dsn);
}
END_TEST

/* A transaction that holds the lock of the whole file for longer than a beat must not cost the lease. */
START_TEST(a_long_transaction_keeps_the_lease)
{
    kfps_error error = {0};
    kfpb_dsn dsn = {0};
    upgrade(true);
    ck_assert_int_eq(kfpb_dsn_parse(test_dsn(), &dsn, &error), KFPS_OK);
    schema_lease *lease = take(&dsn, "import", WAIT_S, &error);
    ck_assert_msg(lease != NULL, "%s", error.message);
    kfpb_conn *conn = test_open();
    ck_assert_int_eq(kfpb_begin(conn, KFPB_TX_WRITE, &error), KFPS_OK);
    insert_run(conn);
    /* Another finds out who has it without waiting for the lock. */
    const time_t begin = time(NULL);
    ck_assert_ptr_null(take(&dsn, "other", 0, &error));
    ck_assert_int_eq(error.code, KFPS_BUSY);
    ck_assert_msg(strstr(error.message, "locked by \"import ") != NULL, "%s", error.message);
    ck_assert_int_le(time(NULL) - begin, 3);
    sleep(9);
    ck_assert(schema_lease_held(lease));
    ck_assert_msg(schema_lease_fence(lease, conn, 1, &error) == KFPS_OK, "%s", error.message);
    ck_assert_int_eq(kfpb_commit(conn, &error), KFPS_OK);
    sleep(3);
    ck_assert(schema_lease_held(lease));
    ck_assert_int_ge(number_of(conn, "SELECT \"Beat\" FROM \"kfpstore_lease\" WHERE \"Slot\" = 0"), 2);
    release(lease);
    kfpb_close(&conn);
    kfpb_dsn_free(&dsn);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("schema_lease");
    TCase *cases = tcase_create("schema_lease");
    tcase_add_checked_fixture(cases, test_wipe, NULL);
    tcase_set_timeout(cases, 120);
    tcase_add_test(cases, several_at_once);
    tcase_add_loop_test(cases, several_at_once_move_the_old_tasks, 0, 3);
    tcase_add_test(cases, the_lease_excludes);
    tcase_add_test(cases, a_taken_over_lease_fences);
    tcase_add_test(cases, a_long_transaction_keeps_the_lease);
    suite_add_tcase(suite, cases);
    return suite_main(suite);
}
