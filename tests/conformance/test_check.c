/* SPDX-License-Identifier: Apache-2.0 */
/* test_check.c: kfps_check on every state that a database can be in. */
#include "libkfpstore/schema_version.h"
#include "tests/harness/kfp.h"

static kfps_error error;

static kfps_readiness check(int32_t need_migration)
{
    kfps_readiness readiness;
    kfps_store *store = kfp_store(NULL);
    kfps_session *session = kfp_session(store);
    memset(&readiness, 0x55, sizeof readiness);
    kfp_ok(kfps_check(session, need_migration, &readiness, &error), &error);
    ck_assert_int_eq(readiness.wanted_version, schema_version());
    ck_assert_int_ne(readiness.sentence[0], '\0');
    ck_assert_int_eq(readiness.command[0] == '\0', readiness.state == KFPS_READY);
    kfps_session_close(session);
    kfps_store_close(store);
    return readiness;
}

static void expect(int32_t need_migration, kfps_readiness_state state, int version, const char *command)
{
    const kfps_readiness got = check(need_migration);
    ck_assert_msg(got.state == (int32_t) state, "state %d and not %d: %s", got.state, (int) state, got.sentence);
    ck_assert_int_eq(got.schema_version, version);
    ck_assert_str_eq(got.command, command);
}

START_TEST(ready_and_in_the_books)
{
    kfp_fresh();
    expect(0, KFPS_READY, schema_version(), "");
    kfp_exec("UPDATE \"kfpstore_schema\" SET \"State\"='partial' WHERE \"Step\"=8");
    expect(0, KFPS_SCHEMA_UNFINISHED, 7, "kfp-migrate schema upgrade");
    kfp_exec("UPDATE \"kfpstore_schema\" SET \"State\"='deferred' WHERE \"Step\"=8");
    expect(0, KFPS_SCHEMA_UNFINISHED, schema_version(), "kfp-migrate schema upgrade");
    kfp_exec("DELETE FROM \"kfpstore_schema\" WHERE \"Step\">=7");
    expect(0, KFPS_SCHEMA_OLDER, 6, "kfp-migrate schema upgrade");
    kfp_exec("INSERT INTO \"kfpstore_schema\" (\"Step\",\"Name\",\"Checksum\",\"Statement\",\"State\","
             "\"AppliedAtInSec\",\"ToolVersion\",\"MinReader\") VALUES (99,'n','c',1,'not-needed',1,'9',99)");
    expect(0, KFPS_READY, 99, ""); /* a step that was not needed binds nobody */
    kfp_exec("UPDATE \"kfpstore_schema\" SET \"State\"='applied' WHERE \"Step\"=99");
    expect(0, KFPS_SCHEMA_NEWER, 99, "kfp-migrate schema status");
    kfp_exec("UPDATE \"kfpstore_schema\" SET \"MinReader\"=8 WHERE \"Step\"=99");
    expect(0, KFPS_READY, 99, ""); /* newer, and older readers may go on */
    kfp_wipe();
}
END_TEST

START_TEST(imports)
{
    kfp_fresh();
    expect(1, KFPS_MIGRATION_MISSING, schema_version(), "kfp-migrate import");
    kfp_exec("INSERT INTO \"kfpstore_migration\" (\"Source\",\"State\",\"ToolVersion\") VALUES ('a','complete','1')");
    expect(1, KFPS_READY, schema_version(), "");
    kfp_exec("INSERT INTO \"kfpstore_migration\" (\"Source\",\"State\",\"ToolVersion\") VALUES ('b','importing','1')");
    expect(0, KFPS_MIGRATION_UNFINISHED, schema_version(), "kfp-migrate import");
    kfp_exec("UPDATE \"kfpstore_migration\" SET \"State\"='rolling-back' WHERE \"Source\"='b'");
    expect(0, KFPS_MIGRATION_UNFINISHED, schema_version(), "kfp-migrate rollback");
}
END_TEST

static void run_file(const char *form)
{
    char command[8192], file[64];
    snprintf(file, sizeof file, form, test_engine());
    snprintf(command, sizeof command, "%s <%s", test_env("KFPSTORE_TEST_CLIENT"), test_data(file));
    ck_assert_int_eq(system(command), 0);
}

START_TEST(without_our_schema)
{
    kfp_wipe();
    expect(0, KFPS_SCHEMA_MISSING, 0, "kfp-migrate schema upgrade --standalone");
    run_file("schema/upstream_%s.sql");
    expect(0, KFPS_SCHEMA_MISSING, 0, "kfp-migrate schema adopt");
    kfp_exec("DROP TABLE \"artifact_tasks\"");
    kfp_exec("DROP TABLE \"tasks\"");
    kfp_exec("DROP TABLE \"artifacts\"");
    expect(0, KFPS_SCHEMA_MISSING, 0, "kfp-migrate schema upgrade");
    run_file("schema/legacy_tasks_%s.sql");
    expect(0, KFPS_LEGACY_TASKS, 0, "kfp-migrate schema upgrade");
    kfp_exec("ALTER TABLE \"tasks\" ADD COLUMN \"pods\" varchar(10)");
    expect(0, KFPS_LEGACY_TASKS, 0, "kfp-migrate schema status");
    kfp_wipe();
}
END_TEST

START_TEST(arguments)
{
    kfps_readiness readiness;
    kfp_fresh();
    kfps_store *store = kfp_store(NULL);
    kfps_session *session = kfp_session(store);
    ck_assert_int_eq(kfps_check(NULL, 0, &readiness, &error), KFPS_INVALID);
    ck_assert_int_eq(kfps_check(session, 0, NULL, &error), KFPS_INVALID);
    ck_assert_int_eq(kfps_check(session, 0, NULL, NULL), KFPS_INVALID);
    ck_assert_int_eq(kfps_check(session, 0, &readiness, NULL), KFPS_OK);
    kfps_session_close(session);
    kfps_store_close(store);
}
END_TEST

/* The library may not include the steps; the numbers must agree all the same. */
START_TEST(the_librarys_step_is_the_last_one)
{
    ck_assert_int_eq(KFPSI_SCHEMA_VERSION, schema_version());
    ck_assert_int_le(KFPSI_SCHEMA_OLDEST, KFPSI_SCHEMA_VERSION);
}
END_TEST

static Suite *check_suite(void)
{
    Suite *suite = suite_create("check");
    TCase *tests = tcase_create("check");
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, ready_and_in_the_books);
    tcase_add_test(tests, imports);
    tcase_add_test(tests, without_our_schema);
    tcase_add_test(tests, arguments);
    tcase_add_test(tests, the_librarys_step_is_the_last_one);
    suite_add_tcase(suite, tests);
    return suite;
}

int main(void)
{
    return suite_main(check_suite());
}
