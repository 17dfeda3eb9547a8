/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_lost_writes.c: the connection goes away while an operation writes. One artifact is one statement, which may have
 * taken place or not: either way it is there once, and where nobody can look any more it is said to be uncertain. So is
 * a COMMIT that nobody answered.
 */
#include "tests/harness/kfp.h"
#include "tests/harness/proxy.h"

static const kfps_artifact artifact = {.artifact_namespace = "ns", .type = 1, .name = "a", .uri = "s3://bucket/a"};

START_TEST(one_artifact_is_there_once)
{
    static const proxy_cut cuts[] = {PROXY_CUT_BEFORE, PROXY_CUT_BEHIND};
    proxy between;
    kfps_error error;
    kfps_store *store = NULL;
    if (test_engine_is("sqlite")) /* has no connection to lose */
        return;
    kfp_fresh();
    proxy_start(&between);
    kfp_ok(kfps_store_open(between.dsn, NULL, &store, &error), &error);
    kfps_session *session = kfp_session(store);
    kfp_ok(kfps_artifact_create(session, &artifact, 1, NULL, &error), &error); /* its statement is prepared now */
    for (size_t i = 0; i < 2; i++) {
        kfps_artifact_list *list = NULL;
        char sql[128];
        kfps_artifact named = artifact;
        named.name = i == 0 ? "marked-before" : "marked-behind";
        proxy_cut_at(&between, cuts[i], named.name);
        kfp_ok(kfps_artifact_create(session, &named, 1, &list, &error), &error);
        ck_assert_int_eq(between.cuts, (int) i + 1);
        snprintf(sql, sizeof sql, "SELECT COUNT(*) FROM \"artifacts\" WHERE \"UUID\"='%s' AND \"Name\"='%s'",
                 list->items[0].uuid, named.name);
        ck_assert_int_eq(kfp_count(sql), 1);
        kfps_artifact_list_free(list);
    }
    ck_assert_int_eq(kfp_count("SELECT COUNT(*) FROM \"artifacts\""), 3);
    kfps_session_close(session);
    kfps_store_close(store);
    proxy_stop(&between);
}
END_TEST

START_TEST(one_artifact_is_uncertain_where_the_server_is_gone)
{
    static const proxy_cut cuts[] = {PROXY_CUT_BEFORE, PROXY_CUT_BEHIND};
    proxy between;
    kfps_error error;
    kfps_store *store = NULL;
    if (test_engine_is("sqlite"))
        return;
    kfp_fresh();
    proxy_start(&between);
    kfp_ok(kfps_store_open(between.dsn, NULL, &store, &error), &error);
    kfps_session *session = kfp_session(store);
    kfp_ok(kfps_artifact_create(session, &artifact, 1, NULL, &error), &error);
    for (size_t i = 0; i < 2; i++) {
        kfps_artifact_list *list = NULL;
        kfps_artifact named = artifact;
        named.name = "marked";
        between.closes = true;
        proxy_cut_at(&between, cuts[i], named.name);
        ck_assert_int_eq(kfps_artifact_create(session, &named, 1, &list, &error), KFPS_WRITE_UNCERTAIN);
        ck_assert_int_eq(error.code, KFPS_WRITE_UNCERTAIN);
        ck_assert_ptr_null(list);
        ck_assert_int_eq(between.cuts, (int) i + 1);
        /* before any statement was sent nothing is uncertain */
        ck_assert_int_eq(kfps_artifact_create(session, &named, 1, NULL, &error), KFPS_UNAVAILABLE);
        between.closed = false;
        ck_assert_int_eq(kfp_count("SELECT COUNT(*) FROM \"artifacts\" WHERE \"Name\"='marked'"), (int64_t) i);
    }
    kfp_ok(kfps_artifact_create(session, &artifact, 1, NULL, &error), &error);
    kfps_session_close(session);
    kfps_store_close(store);
    proxy_stop(&between);
}
END_TEST

START_TEST(a_commit_without_answer_is_uncertain)
{
    proxy between;
    kfps_error error;
    kfps_store *store = NULL;
    const kfps_artifact two[] = {artifact, artifact};
    if (test_engine_is("sqlite"))
        return;
    kfp_fresh();
    proxy_start(&between);
    kfp_ok(kfps_store_open(between.dsn, NULL, &store, &error), &error);
    kfps_session *session = kfp_session(store);
    kfp_ok(kfps_artifact_create(session, two, 2, NULL, &error), &error);
    proxy_cut_at(&between, PROXY_CUT_BEHIND, "COMMIT");
    ck_assert_int_eq(kfps_artifact_create(session, two, 2, NULL, &error), KFPS_WRITE_UNCERTAIN);
    ck_assert_int_eq(kfp_count("SELECT COUNT(*) FROM \"artifacts\""), 4);
    proxy_cut_at(&between, PROXY_CUT_BEFORE, "COMMIT");
    ck_assert_int_eq(kfps_artifact_create(session, two, 2, NULL, &error), KFPS_WRITE_UNCERTAIN);
    ck_assert_int_eq(kfp_count("SELECT COUNT(*) FROM \"artifacts\""), 4);
    kfp_ok(kfps_artifact_create(session, two, 2, NULL, &error), &error);
    kfps_session_close(session);
    kfps_store_close(store);
    proxy_stop(&between);
}
END_TEST

static Suite *lost_writes_suite(void)
{
    Suite *suite = suite_create("lost_writes");
    TCase *tests = tcase_create("lost_writes");
    tcase_add_test(tests, one_artifact_is_there_once);
    tcase_add_test(tests, one_artifact_is_uncertain_where_the_server_is_gone);
    tcase_add_test(tests, a_commit_without_answer_is_uncertain);
    suite_add_tcase(suite, tests);
    return suite;
}

int main(void)
{
    return suite_main(lost_writes_suite());
}
