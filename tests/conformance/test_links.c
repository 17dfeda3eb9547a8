/* SPDX-License-Identifier: Apache-2.0 */
/* test_links.c: links alone, one by one: what they hold, which are refused, who sees them, how they go. */
#include "kfpstore.h"
#include "tests/harness/artifact_world.h"
#include "tests/harness/one_session.h"

static void setup(void)
{
    aw_world();
    open_session();
}

/* ---- one link ---------------------------------------------------------------------------------------------------- */

static const struct {
    const char *producer;
    int64_t iteration; /* -2: refused */
} producers[] = {
    {NULL, -1},
    {"null", -1},
    {"{}", -1},
    {"{\"taskName\":\"t\"}", -1},
    {"{\"taskName\":\"t\",\"iteration\":\"5\"}", 5},
    {"{\"iteration\":7,\"taskName\":\"t\"}", 7},
    {"{\"iteration\":0}", 0},
    {"{\"iteration\":\"0\"}", 0},
    {"{\"iteration\":3.0}", 3},
    {"{\"iteration\":null}", -1},
    {"{\"\\u0069teration\":\"4\"}", 4},
    {"{\"iteration\":\"9223372036854775807\"}", INT64_MAX},
    {"{\"n\":100000000000000000000,\"iteration\":2}", 2},
    {"{\"taskName\":\"iteration\"}", -1},
    {"{\"iteration\":\"\"}", -2},
    {"{\"iteration\":\"x\"}", -2},
    {"{\"iteration\":\"5x\"}", -2},
    {"{\"iteration\":1.5}", -2},
    {"{\"iteration\":true}", -2},
    {"{\"iteration\":{}}", -2},
    {"{\"iteration\":\"9223372036854775808\"}", -2},
    {"{\"iteration\":9223372036854775808}", -2},
    {"[]", -2},
    {"{", -2},
};

START_TEST(the_iteration_is_the_producers)
{
    aw_artifacts(1, "ns");
    for (size_t i = 0; i < sizeof producers / sizeof *producers; i++) {
        char key[16];
        kfps_artifact_task_list *made = NULL, *read = NULL;
        snprintf(key, sizeof key, "k%zu", i);
        kfps_artifact_task link = aw_link("a-0", "task-1", key);
        link.producer_json = producers[i].producer;
        link.iteration = 99; /* ignored */
        const kfps_status status = kfps_artifact_task_create(session, &link, 1, KFPS_EXISTING_FAIL, NULL, &made,
                                                             &error);
        if (producers[i].iteration == -2) {
            ck_assert_msg(status == KFPS_INVALID, "%s: %s", producers[i].producer, kfps_status_name(status));
            ck_assert_ptr_nonnull(strstr(error.message, "producer_json"));
            ck_assert_int_eq(error.element, 0);
            continue;
        }
        ck_assert_msg(status == KFPS_OK, "%s: %s", producers[i].producer, error.message);
        ck_assert_int_eq(made->items[0].iteration, producers[i].iteration);
        kfp_ok(kfps_artifact_task_get(session, made->items[0].uuid, &read, &error), &error);
        aw_same_link(&made->items[0], &read->items[0]);
        kfps_artifact_task_list_free(made);
        kfps_artifact_task_list_free(read);
    }
}
END_TEST

START_TEST(the_type_is_kept)
{
    aw_artifacts(1, "ns");
    for (int type = -1; type <= 12; type++) {
        kfps_artifact_task_list *made = NULL;
        kfps_artifact_task link = aw_link("a-0", "task-1", "k");
        link.type = type;
        const kfps_status status = kfps_artifact_task_create(session, &link, 1, KFPS_EXISTING_FAIL, NULL, &made,
                                                             &error);
        ck_assert_int_eq(status, type >= 1 && type <= 11 ? KFPS_OK : KFPS_INVALID);
        if (status == KFPS_OK)
            ck_assert_int_eq(made->items[0].type, type);
        kfps_artifact_task_list_free(made);
    }
    ck_assert_int_eq(aw_links_there(), 11);
}
END_TEST

/* The same pair may be linked again under another key, type or iteration, and no other way. */
START_TEST(a_link_is_unique)
{
    kfps_artifact_task_list *first = NULL, *again = NULL;
    aw_artifacts(2, "ns");
    const kfps_artifact_task link = aw_link("a-0", "task-1", "k");
    kfps_artifact_task others[] = {link, link, link, link, link, link};
    others[0].artifact_key = "l";
    others[1].type = KFPS_IO_ONE_OF_OUTPUT;
    others[2].producer_json = "{\"iteration\":1}";
    others[3].task_uuid = "task-2";
    others[4].artifact_uuid = "a-1";
    others[5].artifact_key = "k2";
    kfp_ok(kfps_artifact_task_create(session, &link, 1, KFPS_EXISTING_FAIL, NULL, &first, &error), &error);
    kfp_ok(kfps_artifact_task_create(session, others, 6, KFPS_EXISTING_FAIL, NULL, NULL, &error), &error);
    ck_assert_int_eq(kfps_artifact_task_create(session, &link, 1, KFPS_EXISTING_FAIL, NULL, &again, &error),
                     KFPS_EXISTS);
    ck_assert_ptr_nonnull(strstr(error.message, "UniqueLink"));
    ck_assert_int_eq(error.element, 0);
    ck_assert_ptr_null(again);
    int32_t existed = 0;
    kfps_artifact_task other_producer = link;
    other_producer.producer_json = "{\"taskName\":\"else\"}";
    kfp_ok(kfps_artifact_task_create(session, &other_producer, 1, KFPS_EXISTING_RETURN, &existed, &again, &error),
           &error);
    ck_assert_int_eq(existed, 1);
    aw_same_link(&again->items[0], &first->items[0]);
    ck_assert_int_eq(aw_links_there(), 7);
    kfps_artifact_task_list_free(first);
    kfps_artifact_task_list_free(again);
}
END_TEST

/* Alone and as the second of three. */
static void expect_refusal(kfps_artifact_task bad, kfps_status status, const char *word)
{
    const kfps_artifact_task three[] = {aw_link("a-1", "task-1", "x"), bad, aw_link("a-2", "task-2", "y")};
    kfps_artifact_task_list *made = NULL;
    int32_t existed[3] = {7, 7, 7};
    for (int many = 0; many < 2; many++) {
        const kfps_status got = kfps_artifact_task_create(session, many ? three : &three[1], many ? 3 : 1,
                                                          KFPS_EXISTING_RETURN, existed, &made, &error);
        ck_assert_msg(got == status, "%s: %s instead of %s: %s", word, kfps_status_name(got), kfps_status_name(status),
                      error.message);
        ck_assert_int_eq(error.element, many);
        ck_assert_msg(strstr(error.message, word) != NULL, "%s is not in: %s", word, error.message);
        ck_assert_ptr_null(made);
        ck_assert_int_eq(existed[0], 0);
    }
    ck_assert_int_eq(aw_links_there(), 0);
}

#define WITH(field, value)                                    \
    ({                                                        \
        kfps_artifact_task w = aw_link("a-0", "task-1", "k"); \
        w.field = value;                                      \
        w;                                                    \
    })

START_TEST(faulty_links_are_refused_by_element)
{
    char large[200];
    aw_artifacts(3, "ns");
    memset(large, 'x', 192);
    large[192] = '\0';
    expect_refusal(WITH(artifact_uuid, NULL), KFPS_INVALID, "artifact_uuid");
    expect_refusal(WITH(artifact_uuid, ""), KFPS_INVALID, "artifact_uuid");
    expect_refusal(WITH(task_uuid, NULL), KFPS_INVALID, "task_uuid");
    expect_refusal(WITH(run_uuid, ""), KFPS_INVALID, "run_uuid");
    expect_refusal(WITH(artifact_key, NULL), KFPS_INVALID, "artifact_key");
    expect_refusal(WITH(artifact_key, large), KFPS_TOO_LARGE, "ArtifactKey");
    expect_refusal(WITH(artifact_key, "\xff"), KFPS_INVALID, "ArtifactKey");
    expect_refusal(WITH(artifact_uuid, "none"), KFPS_FOREIGN_KEY, "no artifact none");
    expect_refusal(WITH(task_uuid, "none"), KFPS_FOREIGN_KEY, "no task none");
    expect_refusal(WITH(run_uuid, "none"), KFPS_FOREIGN_KEY, "no run none");
    /* bytes decide, also where the collation would not tell them apart */
    expect_refusal(WITH(artifact_uuid, "A-0"), KFPS_FOREIGN_KEY, "no artifact A-0");
    expect_refusal(WITH(task_uuid, "TASK-1"), KFPS_FOREIGN_KEY, "no task TASK-1");
    expect_refusal(WITH(run_uuid, "RUN-1"), KFPS_FOREIGN_KEY, "no run RUN-1");
    expect_refusal(WITH(task_uuid, "task-9"), KFPS_FOREIGN_KEY, "does not belong");
    expect_refusal(WITH(run_uuid, "run-2"), KFPS_FOREIGN_KEY, "does not belong");
    kfps_artifact_task over = aw_link("a-0", "task-over", "k");
    over.run_uuid = "over";
    expect_refusal(over, KFPS_RUN_TERMINAL, "is over");
}
END_TEST

START_TEST(null_arguments)
{
    kfps_artifact_task_list *list = NULL;
    const kfps_artifact_task link = aw_link("a-0", "task-1", "k");
    const kfps_artifact a = aw_artifact("a");
    const char *id = "x", *empty = "";
    kfps_artifact_list *artifacts = NULL;
    int64_t deleted = 7;
    ck_assert_int_eq(kfps_artifact_task_create(NULL, &link, 1, 0, NULL, &list, &error), KFPS_INVALID);
    ck_assert_int_eq(kfps_artifact_task_create(session, NULL, 1, 0, NULL, &list, &error), KFPS_INVALID);
    ck_assert_int_eq(kfps_artifact_task_create(session, &link, 1, 2, NULL, &list, &error), KFPS_INVALID);
    ck_assert_int_eq(kfps_artifact_task_get(NULL, "x", &list, &error), KFPS_INVALID);
    ck_assert_int_eq(kfps_artifact_task_get(session, NULL, &list, &error), KFPS_INVALID);
    ck_assert_int_eq(kfps_artifact_task_get(session, "", &list, &error), KFPS_INVALID);
    ck_assert_int_eq(kfps_artifact_task_get(session, "x", NULL, &error), KFPS_INVALID);
    ck_assert_int_eq(kfps_artifact_task_get(session, "x", &list, &error), KFPS_NOT_FOUND);
    ck_assert_int_eq(kfps_artifact_task_delete(NULL, &id, 1, 0, &deleted, &error), KFPS_INVALID);
    ck_assert_int_eq(deleted, 0);
    ck_assert_int_eq(kfps_artifact_task_delete(session, NULL, 1, 0, NULL, &error), KFPS_INVALID);
    ck_assert_int_eq(kfps_artifact_task_delete(session, &empty, 1, 0, NULL, &error), KFPS_INVALID);
    ck_assert_int_eq(kfps_artifact_task_delete(session, &id, 1, 3, NULL, &error), KFPS_INVALID);
    ck_assert_int_eq(kfps_artifact_task_delete(session, &id, 1, -1, NULL, &error), KFPS_INVALID);
    ck_assert_int_eq(kfps_artifact_create_with_links(session, &a, NULL, 1, &artifacts, &list, &error), KFPS_INVALID);
    ck_assert_int_eq(kfps_artifact_create_with_links(session, NULL, &link, 1, &artifacts, &list, &error), KFPS_INVALID);
    ck_assert_int_eq(kfps_artifact_create_with_links(NULL, &a, &link, 1, &artifacts, &list, &error), KFPS_INVALID);
    ck_assert_ptr_null(list);
    ck_assert_ptr_null(artifacts);
    kfp_ok(kfps_artifact_task_create(session, NULL, 0, 0, NULL, &list, &error), &error);
    ck_assert_uint_eq(list->count, 0);
    kfps_artifact_task_list_free(list);
}
END_TEST

START_TEST(a_single_link_takes_four_statements)
{
    aw_counter counter = {0};
    kfps_store *counted = aw_counting_store(&counter);
    kfps_session *own = kfp_session(counted);
    const kfps_artifact a = aw_artifact("a");
    const kfps_artifact_task link = aw_link("a-0", "task-1", "k");
    kfps_artifact_list *list = NULL;
    aw_artifacts(1, "ns");
    kfps_artifact_get(own, "x", &list, &error);
    aw_taken(&counter);
    kfp_ok(kfps_artifact_task_create(own, &link, 1, KFPS_EXISTING_FAIL, NULL, NULL, &error), &error);
    ck_assert_int_eq(aw_taken(&counter), 4); /* BEGIN, what must be there, INSERT, COMMIT */
    kfp_ok(kfps_artifact_create_with_links(own, &a, &link, 1, NULL, NULL, &error), &error);
    ck_assert_int_eq(aw_taken(&counter), 5);
    kfp_ok(kfps_artifact_create(own, &a, 1, NULL, &error), &error);
    ck_assert_int_eq(aw_taken(&counter), 1); /* a transaction by itself */
    kfp_ok(kfps_artifact_get(own, "a-0", &list, &error), &error);
    ck_assert_int_eq(aw_taken(&counter), 1);
    kfps_artifact_list_free(list);
    kfps_session_close(own);
    kfps_store_close(counted);
}
END_TEST

/* ---- case-insensitive databases ---------------------------------------------------------------------------------- */

/* A key that differs in case only is another link, or is refused by name; it never vanishes. */
START_TEST(keys_that_differ_in_case)
{
    aw_artifacts(1, "ns");
    const kfps_artifact_task lower = aw_link("a-0", "task-1", "model"), upper = aw_link("a-0", "task-1", "MODEL");
    const kfps_artifact_task both[] = {aw_link("a-0", "task-2", "x"), aw_link("a-0", "task-2", "model"),
                                       aw_link("a-0", "task-2", "Model"), aw_link("a-0", "task-2", "y")};
    const bool folds = strcmp(test_label(), "mariadb-generalci") == 0 || strcmp(test_label(), "mysql-ai") == 0;
    kfp_ok(kfps_artifact_task_create(session, &lower, 1, KFPS_EXISTING_FAIL, NULL, NULL, &error), &error);
    for (int mode = 0; mode < 2; mode++) {
        int32_t existed = 7;
        kfps_artifact_task_list *made = NULL;
        const kfps_status status = kfps_artifact_task_create(
            session, &upper, 1, mode == 0 ? KFPS_EXISTING_FAIL : KFPS_EXISTING_RETURN, &existed, &made, &error);
        if (folds) {
            ck_assert_int_eq(status, KFPS_EXISTS);
            ck_assert_ptr_nonnull(strstr(error.message, "collation"));
            ck_assert_ptr_null(made);
        } else {
            ck_assert_int_eq(status, mode == 0 ? KFPS_OK : KFPS_OK);
            ck_assert_int_eq(existed, mode);
            ck_assert_str_eq(made->items[0].artifact_key, "MODEL");
        }
        kfps_artifact_task_list_free(made);
    }
    ck_assert_int_eq(aw_links_there(), folds ? 1 : 2);
    /* inside one batch */
    const kfps_status status = kfps_artifact_task_create(session, both, 4, KFPS_EXISTING_RETURN, NULL, NULL, &error);
    ck_assert_int_eq(status, folds ? KFPS_EXISTS : KFPS_OK);
    if (folds)
        ck_assert_int_eq(error.element, 2);
    ck_assert_int_eq(aw_links_there(), folds ? 1 : 6);
}
END_TEST

/* ---- multi-user mode --------------------------------------------------------------------------------------------- */

START_TEST(namespaces_agree_in_multi_user_mode)
{
    kfps_store_options options;
    kfps_store_options_init(&options);
    options.multi_user = 1;
    kfps_store *multi = kfp_store(&options);
    kfps_session *own = kfp_session(multi);
    aw_artifacts(2, "ns");
    kfp_exec("UPDATE \"artifacts\" SET \"Namespace\"='other' WHERE \"UUID\"='a-1'");
    const kfps_artifact_task links[] = {aw_link("a-0", "task-1", "k"), aw_link("a-1", "task-1", "k")};
    ck_assert_int_eq(kfps_artifact_task_create(own, &links[1], 1, KFPS_EXISTING_FAIL, NULL, NULL, &error),
                     KFPS_INVALID);
    ck_assert_int_eq(kfps_artifact_task_create(own, links, 2, KFPS_EXISTING_FAIL, NULL, NULL, &error), KFPS_INVALID);
    ck_assert_int_eq(error.element, 1);
    kfps_artifact elsewhere = aw_artifact("a");
    elsewhere.artifact_namespace = "other";
    ck_assert_int_eq(kfps_artifact_create_with_links(own, &elsewhere, links, 1, NULL, NULL, &error), KFPS_INVALID);
    ck_assert_int_eq(aw_links_there(), 0);
    kfp_ok(kfps_artifact_task_create(own, links, 1, KFPS_EXISTING_FAIL, NULL, NULL, &error), &error);
    /* single-user mode on the same database does not mind */
    kfp_ok(kfps_artifact_task_create(session, &links[1], 1, KFPS_EXISTING_FAIL, NULL, NULL, &error), &error);
    kfps_session_close(own);
    kfps_store_close(multi);
}
END_TEST

START_TEST(a_session_sees_its_namespace)
{
    kfps_session_options options;
    kfps_session *narrow = NULL;
    kfps_artifact_task_list *made = NULL, *read = NULL;
    const char *task = "task-1";
    int64_t deleted = 0;
    aw_artifacts(1, "ns");
    const kfps_artifact_task link = aw_link("a-0", "task-1", "k");
    kfp_ok(kfps_artifact_task_create(session, &link, 1, KFPS_EXISTING_FAIL, NULL, &made, &error), &error);
    kfps_session_options_init(&options);
    options.session_namespace = "other";
    kfp_ok(kfps_session_open(store, &options, &narrow, &error), &error);
    ck_assert_int_eq(kfps_artifact_task_get(narrow, made->items[0].uuid, &read, &error), KFPS_NOT_FOUND);
    ck_assert_int_eq(kfps_artifact_task_create(narrow, &link, 1, KFPS_EXISTING_RETURN, NULL, NULL, &error),
                     KFPS_FOREIGN_KEY);
    kfp_ok(kfps_artifact_task_delete(narrow, &task, 1, KFPS_DIRECTION_ANY, &deleted, &error), &error);
    ck_assert_int_eq(deleted, 0);
    kfps_session_close(narrow);
    options.session_namespace = "ns";
    kfp_ok(kfps_session_open(store, &options, &narrow, &error), &error);
    kfp_ok(kfps_artifact_task_get(narrow, made->items[0].uuid, &read, &error), &error);
    kfp_ok(kfps_artifact_task_delete(narrow, &task, 1, KFPS_DIRECTION_ANY, &deleted, &error), &error);
    ck_assert_int_eq(deleted, 1);
    kfps_session_close(narrow);
    kfps_artifact_task_list_free(made);
    kfps_artifact_task_list_free(read);
}
END_TEST

/* ---- delete ------------------------------------------------------------------------------------------------------ */

START_TEST(links_are_deleted_by_direction)
{
    static const struct {
        kfps_direction direction;
        int64_t deleted;
    } steps[] = {
        {KFPS_DIRECTION_INPUT, 7}, {KFPS_DIRECTION_INPUT, 0}, {KFPS_DIRECTION_OUTPUT, 4}, {KFPS_DIRECTION_ANY, 0}};
    const char *tasks[] = {"task-1", "none", "task-1", "TASK-2"};
    kfps_artifact_task links[22];
    aw_artifacts(1, "ns");
    for (int i = 0; i < 22; i++) {
        links[i] = aw_link("a-0", i < 11 ? "task-1" : "task-2", "k");
        links[i].type = i % 11 + 1;
    }
    kfp_ok(kfps_artifact_task_create(session, links, 22, KFPS_EXISTING_FAIL, NULL, NULL, &error), &error);
    kfp_exec("UPDATE \"run_details\" SET \"State\"='FAILED' WHERE \"UUID\"='run-1'"); /* also then */
    for (size_t i = 0; i < 4; i++) {
        int64_t deleted = -1;
        kfp_ok(kfps_artifact_task_delete(session, tasks, 4, steps[i].direction, &deleted, &error), &error);
        ck_assert_int_eq(deleted, steps[i].deleted);
    }
    ck_assert_int_eq(kfp_count("SELECT COUNT(*) FROM \"artifact_tasks\" WHERE \"TaskID\"='task-2'"), 11);
    kfp_ok(kfps_artifact_task_delete(session, NULL, 0, KFPS_DIRECTION_ANY, NULL, &error), &error);
    kfp_ok(kfps_artifact_task_delete(session, &(const char *){"task-2"}, 1, KFPS_DIRECTION_ANY, NULL, &error), &error);
    ck_assert_int_eq(aw_links_there(), 0);
}
END_TEST

static Suite *links_suite(void)
{
    Suite *suite = suite_create("links");
    TCase *tests = tcase_create("links");
    tcase_set_timeout(tests, 120);
    tcase_add_checked_fixture(tests, setup, close_session);
    tcase_add_test(tests, the_iteration_is_the_producers);
    tcase_add_test(tests, the_type_is_kept);
    tcase_add_test(tests, a_link_is_unique);
    tcase_add_test(tests, faulty_links_are_refused_by_element);
    tcase_add_test(tests, null_arguments);
    tcase_add_test(tests, keys_that_differ_in_case);
    tcase_add_test(tests, a_single_link_takes_four_statements);
    tcase_add_test(tests, namespaces_agree_in_multi_user_mode);
    tcase_add_test(tests, a_session_sees_its_namespace);
    tcase_add_test(tests, links_are_deleted_by_direction);
    suite_add_tcase(suite, tests);
    return suite;
}

int main(void)
{
    return suite_main(links_suite());
}
