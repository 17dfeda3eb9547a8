/* SPDX-License-Identifier: Apache-2.0 */
/*
 * suite.h: what the test programs share: a main for one suite, and the database that the runner made for this test.
 *
 *   int main(void) { return suite_main(my_suite()); }
 */
#ifndef KFPT_SUITE_H
#define KFPT_SUITE_H

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/backend.h"

/* Runs every case in a process of its own (unless CK_FORK=no) and prints each failure and the total. */
static inline int suite_main(Suite *suite)
{
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* A suite of tests that share a checked fixture; setup and teardown may be NULL. */
static inline Suite *suite_of(const char *name, const TTest *const *tests, size_t count, void (*setup)(void),
                              void (*teardown)(void))
{
    Suite *suite = suite_create(name);
    TCase *all = tcase_create(name);
    tcase_add_checked_fixture(all, setup, teardown);
    for (size_t i = 0; i < count; i++)
        tcase_add_test(all, tests[i]);
    suite_add_tcase(suite, all);
    return suite;
}

/* "" where the test runs without one. */
static inline const char *test_env(const char *name)
{
    const char *value = getenv(name);
    return value != NULL ? value : "";
}

/* The fresh, empty database of this test: all cases of a program share it. */
static inline const char *test_dsn(void)
{
    const char *dsn = getenv("KFPSTORE_TEST_DSN");
    if (dsn == NULL || dsn[0] == '\0') {
        fprintf(stderr, "KFPSTORE_TEST_DSN is not set: run this test with scripts/test --only NAME\n");
        exit(EXIT_FAILURE);
    }
    return dsn;
}

/* The driver's name: "sqlite", "pgsql" or "mysql". */
static inline const char *test_engine(void)
{
    return test_env("KFPSTORE_TEST_ENGINE");
}
static inline bool test_engine_is(const char *name)
{
    return strcmp(test_engine(), name) == 0;
}
/* The server: "sqlite", "postgresql", "mariadb" or "mysql". */
static inline const char *test_flavour(void)
{
    return test_env("KFPSTORE_TEST_FLAVOUR");
}
/* The engine and character set as the runner names them: "mariadb-latin1". */
static inline const char *test_label(void)
{
    return test_env("KFPSTORE_TEST_LABEL");
}

/* A path below tests/data, in a static buffer. */
static inline const char *test_data(const char *path)
{
    static char buffer[4096];
    const char *top = test_env("KFPSTORE_SRC");
    snprintf(buffer, sizeof buffer, "%s/tests/data/%s", top[0] != '\0' ? top : ".", path);
    return buffer;
}

/* Runs one of the commands by which a test stops and starts its server: "START", "STOP" or "KILL". */
static inline int test_admin(const char *what)
{
    char name[64];
    snprintf(name, sizeof name, "KFPSTORE_TEST_ADMIN_%s", what);
    const char *command = test_env(name);
    return command[0] != '\0' ? system(command) : -1;
}

/* Opens the test's database, or fails the case. options may be NULL. The caller closes. */
static inline kfpb_conn *test_open_with(const char *text, const kfpb_open_options *options)
{
    static const kfpb_open_options none;
    kfps_error error = {0};
    kfpb_dsn dsn = {0};
    kfpb_conn *conn = NULL;
    if (kfpb_dsn_parse(text, &dsn, &error) == KFPS_OK)
        kfpb_open(&dsn, options != NULL ? options : &none, &conn, &error);
    kfpb_dsn_free(&dsn);
    ck_assert_msg(conn != NULL, "cannot open %s: %s", test_label(), error.message);
    return conn;
}
static inline kfpb_conn *test_open(void)
{
    return test_open_with(test_dsn(), NULL);
}
/* Runs one statement without values, or fails the case with what the database said. */
static inline void test_exec(kfpb_conn *conn, const char *sql)
{
    kfps_error error = {0};
    kfps_status status = kfpb_exec(conn, sql, NULL, 0, NULL, &error);
    ck_assert_msg(status == KFPS_OK, "%s: %s", sql, error.message);
}

#endif
