/* SPDX-License-Identifier: Apache-2.0 */
/* test_run_shape_store.c: shapes of runs, stored and read. */
#include "tests/harness/kfp.h"

static const char shape[] = "{\"components\":{},\"root\":{\"tasks\":{\"a-ü😀\":{}}},\"version\":1}";
static const char other[] = "{\"components\":{},\"root\":{\"tasks\":{}},\"version\":1}";

START_TEST(a_shape_is_stored_replaced_and_goes_with_its_run)
{
    kfps_error error;
    char *text = NULL;
    kfp_fresh();
    kfp_run("run-1", "ns", "RUNNING");
    kfps_store *store = kfp_store(NULL);
    kfps_session *session = kfp_session(store);
    kfp_ok(kfps_run_get_shape(session, "run-1", &text, &error), &error);
    ck_assert_ptr_null(text);
    kfp_ok(kfps_run_set_shape(session, "run-1", shape, &error), &error);
    kfp_ok(kfps_run_get_shape(session, "run-1", &text, &error), &error);
    ck_assert_str_eq(text, shape);
    kfps_free(text);
    char *seen = test_engine_is("pgsql") ? test_client("SELECT \"RunUUID\", \"Shape\" FROM \"kfpstore_run_shape\"")
                                         : test_client("SELECT RunUUID, Shape FROM kfpstore_run_shape");
    ck_assert_ptr_nonnull(strstr(seen, "run-1"));
    ck_assert_ptr_nonnull(strstr(seen, shape));
    free(seen);
    kfp_ok(kfps_run_set_shape(session, "run-1", other, &error), &error);
    kfp_ok(kfps_run_get_shape(session, "run-1", &text, &error), &error);
    ck_assert_str_eq(text, other);
    kfps_free(text);
    ck_assert_int_eq(kfp_count("SELECT COUNT(*) FROM \"kfpstore_run_shape\""), 1);
    /* equality is of bytes, whatever the collation */
    kfp_ok(kfps_run_get_shape(session, "RUN-1", &text, &error), &error);
    ck_assert_ptr_null(text);
    kfp_exec("DELETE FROM \"run_details\" WHERE \"UUID\"='run-1'");
    ck_assert_int_eq(kfp_count("SELECT COUNT(*) FROM \"kfpstore_run_shape\""), 0);
    kfps_session_close(session);
    kfps_store_close(store);
}
END_TEST

static int32_t refuse(void *user, const kfps_access *access)
{
    ck_assert_int_eq(access->resource, KFPS_RESOURCE_RUNS);
    ck_assert_str_eq(access->run_uuid, "run-1");
    *(int32_t *) user = access->verb;
    return 1;
}

START_TEST(refusals)
{
    kfps_error error;
    kfps_store_options options;
    int32_t asked = 0;
    char *text = NULL;
    kfp_fresh();
    kfp_run("run-1", "ns", "RUNNING");
    kfp_run("over", "ns", "SUCCEEDED");
    kfps_store *store = kfp_store(NULL);
    kfps_session *session = kfp_session(store);
    ck_assert_int_eq(kfps_run_set_shape(session, "none", shape, &error), KFPS_FOREIGN_KEY);
    ck_assert_int_eq(kfps_run_set_shape(session, "over", shape, &error), KFPS_RUN_TERMINAL);
    ck_assert_int_eq(kfps_run_set_shape(session, "run-1", "{}", &error), KFPS_INVALID);
    ck_assert_int_eq(kfps_run_set_shape(session, "run-1", NULL, &error), KFPS_INVALID);
    ck_assert_int_eq(kfps_run_set_shape(session, "", shape, &error), KFPS_INVALID);
    ck_assert_int_eq(kfps_run_set_shape(session, NULL, shape, &error), KFPS_INVALID);
    ck_assert_int_eq(kfps_run_set_shape(NULL, "run-1", shape, NULL), KFPS_INVALID);
    ck_assert_int_eq(kfps_run_get_shape(session, NULL, &text, &error), KFPS_INVALID);
    ck_assert_int_eq(kfps_run_get_shape(session, "", &text, &error), KFPS_INVALID);
    ck_assert_int_eq(kfps_run_get_shape(session, "run-1", NULL, NULL), KFPS_INVALID);
    ck_assert_int_eq(kfp_count("SELECT COUNT(*) FROM \"kfpstore_run_shape\""), 0);

    /* what somebody else put there is looked at again */
    kfp_exec("INSERT INTO \"kfpstore_run_shape\" (\"RunUUID\",\"Shape\",\"CreatedAtInSec\") VALUES ('run-1','{}',1)");
    ck_assert_int_eq(kfps_run_get_shape(session, "run-1", &text, &error), KFPS_INTERNAL);
    ck_assert_ptr_null(text);
    kfp_ok(kfps_run_set_shape(session, "run-1", shape, &error), &error);
    kfps_session_close(session);

    kfps_session_options scoped;
    kfps_session_options_init(&scoped);
    scoped.session_namespace = "elsewhere";
    kfp_ok(kfps_session_open(store, &scoped, &session, &error), &error);
    ck_assert_int_eq(kfps_run_set_shape(session, "run-1", shape, &error), KFPS_FOREIGN_KEY);
    kfp_ok(kfps_run_get_shape(session, "run-1", &text, &error), &error);
    ck_assert_ptr_null(text);
    kfps_session_close(session);
    kfps_store_close(store);

    kfps_store_options_init(&options);
    options.authorize = refuse;
    options.authorize_user = &asked;
    store = kfp_store(&options);
    session = kfp_session(store);
    ck_assert_int_eq(kfps_run_set_shape(session, "run-1", other, &error), KFPS_DENIED);
    ck_assert_int_eq(asked, KFPS_VERB_UPDATE);
    ck_assert_int_eq(kfps_run_get_shape(session, "run-1", &text, &error), KFPS_DENIED);
    ck_assert_int_eq(asked, KFPS_VERB_GET);
    kfps_session_close(session);
    kfps_store_close(store);
}
END_TEST

static Suite *store_suite(void)
{
    Suite *suite = suite_create("run_shape_store");
    TCase *tc = tcase_create("run_shape_store");
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, a_shape_is_stored_replaced_and_goes_with_its_run);
    tcase_add_test(tc, refusals);
    suite_add_tcase(suite, tc);
    return suite;
}

int main(void)
{
    return suite_main(store_suite());
}
