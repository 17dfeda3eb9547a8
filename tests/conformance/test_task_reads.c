/* SPDX-License-Identifier: Apache-2.0 */
/* test_task_reads.c: tasks are read in their views and counted, by those who may. */
#include "tests/harness/one_session.h"
#include "tests/harness/task_tests.h"

static void begin(void)
{
    tt_runs();
    open_session();
}

/* ---- reading ----------------------------------------------------------------------------------------------------- */

START_TEST(get_many_keeps_the_order_and_says_what_is_absent)
{
    char uuids[5][KFPS_UUID_SIZE];
    kfps_task_list *list = NULL;
    for (int i = 0; i < 5; i++) {
        char name[8];
        snprintf(name, sizeof name, "t%d", i);
        kfps_task task = tt_task("run-1", NULL, name, 1);
        tt_create(session, &task, uuids[i]);
    }
    char upper[KFPS_UUID_SIZE];
    snprintf(upper, sizeof upper, "%s", uuids[0]);
    for (char *c = upper; *c != '\0'; c++)
        *c = (char) (*c >= 'a' && *c <= 'f' ? *c - 32 : *c);
    const char *const asked[] = {uuids[3], "absent-2", uuids[1], uuids[3], "absent-1", "absent-2", uuids[4], upper};
    kfp_ok(kfps_task_get_many(session, asked, 8, KFPS_VIEW_FULL, &list, &error), &error);
    ck_assert_uint_eq(list->count, 3);
    ck_assert_str_eq(list->items[0].task.name, "t3");
    ck_assert_str_eq(list->items[1].task.name, "t1");
    ck_assert_str_eq(list->items[2].task.name, "t4");
    ck_assert_uint_eq(list->absent_count, 3);
    ck_assert_str_eq(list->absent[0], "absent-2");
    ck_assert_str_eq(list->absent[1], "absent-1");
    ck_assert_str_eq(list->absent[2], upper); /* equality is by bytes */
    ck_assert_int_eq(list->total_size, -1);
    ck_assert_str_eq(list->next_page_token, "");
    kfps_task_list_free(list);
    kfp_ok(kfps_task_get_many(session, NULL, 0, KFPS_VIEW_BASIC, &list, &error), &error);
    ck_assert_uint_eq(list->count, 0);
    ck_assert_uint_eq(list->absent_count, 0);
    kfps_task_list_free(list);

    const char *const bad[] = {uuids[0], ""};
    ck_assert_int_eq(kfps_task_get_many(session, bad, 2, KFPS_VIEW_BASIC, &list, &error), KFPS_INVALID);
    ck_assert_int_eq(error.element, 1);
    ck_assert_ptr_null(list);
    ck_assert_int_eq(kfps_task_get_many(session, asked, 1, 0, &list, &error), KFPS_INVALID);
    ck_assert_int_eq(kfps_task_get_many(session, asked, 1, 4, &list, &error), KFPS_INVALID);
    ck_assert_int_eq(kfps_task_get_many(session, asked, 1, 1, NULL, &error), KFPS_INVALID);
    ck_assert_int_eq(kfps_task_get_many(NULL, asked, 1, 1, &list, &error), KFPS_INVALID);
    ck_assert_int_eq(kfps_task_get(session, NULL, 1, &list, &error), KFPS_INVALID);
    ck_assert_int_eq(kfps_task_get(session, "", 1, &list, &error), KFPS_INVALID);
    ck_assert_int_eq(kfps_task_get(session, "absent", 1, &list, &error), KFPS_NOT_FOUND);
    ck_assert_int_eq(kfps_task_get(session, "absent", 1, &list, NULL), KFPS_NOT_FOUND);
    ck_assert_int_eq(kfps_task_get(session, "a'b", 1, &list, &error), KFPS_NOT_FOUND);
    ck_assert_int_eq(kfps_task_get(session, uuids[0], 9, &list, &error), KFPS_INVALID);
}
END_TEST

START_TEST(the_full_view_has_the_artifacts)
{
    char a[KFPS_UUID_SIZE], b[KFPS_UUID_SIZE];
    kfps_task task = tt_task("run-1", NULL, "a", 1);
    tt_create(session, &task, a);
    task.name = "b";
    tt_create(session, &task, b);
    tt_artifact("art-1", "ns", KFPS_ARTIFACT_MODEL);
    tt_artifact("art-2", "ns", KFPS_ARTIFACT_METRIC);
    tt_artifact("art-3", "ns", KFPS_ARTIFACT_METRIC);
    tt_artifact("art-4", "other", KFPS_ARTIFACT_MODEL);
    kfp_exec("UPDATE \"artifacts\" SET \"Name\"=NULL WHERE \"UUID\"='art-1'");
    tt_link("art-1", a, "run-1", KFPS_IO_OUTPUT, "model", "{\"iteration\":\"3\",\"taskName\":\"trainer\"}", 3);
    tt_link("art-3", a, "run-1", KFPS_IO_OUTPUT, "metrics", "{\"taskName\":\"trainer\"}", -1);
    tt_link("art-2", a, "run-1", KFPS_IO_OUTPUT, "metrics", "{\"taskName\":\"trainer\"}", -1);
    tt_link("art-1", b, "run-1", KFPS_IO_TASK_OUTPUT_INPUT, "m", NULL, -1);
    tt_link("art-4", b, "run-1", KFPS_IO_COMPONENT_INPUT, "x", NULL, -1);
    kfps_task_list *list = NULL;
    const char *const both[] = {b, a};
    kfp_ok(kfps_task_get_many(session, both, 2, KFPS_VIEW_FULL, &list, &error), &error);
    const kfps_task_item *item = &list->items[1];
    ck_assert_uint_eq(item->input_count, 0);
    ck_assert_uint_eq(item->output_count, 3);
    ck_assert_str_eq(item->outputs[0].artifact.uuid, "art-2");
    ck_assert_str_eq(item->outputs[1].artifact.uuid, "art-3");
    ck_assert_str_eq(item->outputs[2].artifact.uuid, "art-1");
    ck_assert_int_eq(item->outputs[0].group, 0);
    ck_assert_int_eq(item->outputs[1].group, 0);
    ck_assert_int_eq(item->outputs[2].group, 1);
    ck_assert_ptr_null(item->outputs[2].artifact.name);
    ck_assert_str_eq(item->outputs[2].artifact.description, "said");
    ck_assert_str_eq(item->outputs[2].artifact.uri, "s3://b/art-1");
    tt_json_is(item->outputs[2].artifact.metadata_json, "{\"a\":1}");
    ck_assert_int_eq(item->outputs[2].link.iteration, 3);
    ck_assert_str_eq(item->outputs[2].link.artifact_key, "model");
    ck_assert_str_eq(item->outputs[2].link.task_uuid, a);
    ck_assert_str_eq(item->outputs[2].producer_task_name, "trainer");
    ck_assert_uint_eq(list->items[0].input_count, 2);
    ck_assert_str_eq(list->items[0].inputs[0].artifact.uuid, "art-1");
    ck_assert_ptr_null(list->items[0].inputs[0].producer_task_name);
    kfps_task_list_free(list);
    kfp_ok(kfps_task_get(session, a, KFPS_VIEW_RUNTIME, &list, &error), &error);
    ck_assert_ptr_null(list->items[0].outputs);
    ck_assert_uint_eq(list->items[0].output_count, 0);
    kfps_task_list_free(list);
    /* a session of one namespace is not shown the artifact of another */
    kfps_session_options options;
    kfps_session_options_init(&options);
    options.session_namespace = "ns";
    kfps_session *mine = NULL;
    kfp_ok(kfps_session_open(store, &options, &mine, &error), &error);
    kfp_ok(kfps_task_get(mine, b, KFPS_VIEW_FULL, &list, &error), &error);
    ck_assert_uint_eq(list->items[0].input_count, 1);
    kfps_task_list_free(list);
    kfps_session_close(mine);
}
END_TEST

START_TEST(children_come_oldest_first)
{
    char root[KFPS_UUID_SIZE], other[KFPS_UUID_SIZE], uuid[KFPS_UUID_SIZE], sql[256];
    kfps_task task = tt_task("run-1", NULL, "root", 1);
    kfps_task_list *list = NULL;
    tt_create(session, &task, root);
    task = tt_task("run-2", NULL, "root", 1);
    tt_create(session, &task, other);
    static const int64_t times[] = {30, 10, 20, 10};
    for (int i = 0; i < 4; i++) {
        char name[8];
        snprintf(name, sizeof name, "c%d", i);
        task = tt_task("run-1", root, name, 1);
        task.created_at = times[i];
        tt_create(session, &task, uuid);
    }
    task = tt_task("run-2", other, "elsewhere", 1);
    tt_create(session, &task, uuid);
    /* another program may hang a task under a parent of another run */
    snprintf(sql, sizeof sql, "UPDATE \"tasks\" SET \"ParentTaskUUID\"='%s' WHERE \"UUID\"='%s'", root, uuid);
    kfp_exec(sql);
    kfp_ok(kfps_task_children(session, root, NULL, KFPS_VIEW_FULL, &list, &error), &error);
    ck_assert_uint_eq(list->count, 5);
    for (size_t i = 1; i < 5; i++) {
        const kfps_task *a = &list->items[i - 1].task, *b = &list->items[i].task;
        ck_assert(a->created_at < b->created_at || (a->created_at == b->created_at && strcmp(a->uuid, b->uuid) < 0));
    }
    ck_assert_str_eq(list->items[2].task.name, "c2");
    kfps_task_list_free(list);
    kfp_ok(kfps_task_children(session, root, "run-1", KFPS_VIEW_BASIC, &list, &error), &error);
    ck_assert_uint_eq(list->count, 4);
    kfps_task_list_free(list);
    kfp_ok(kfps_task_children(session, root, "RUN-1", KFPS_VIEW_BASIC, &list, &error), &error);
    ck_assert_uint_eq(list->count, 0);
    kfps_task_list_free(list);
    kfp_ok(kfps_task_children(session, "nobody", NULL, KFPS_VIEW_BASIC, &list, &error), &error);
    ck_assert_uint_eq(list->count, 0);
    kfps_task_list_free(list);
    ck_assert_int_eq(kfps_task_children(session, NULL, NULL, 1, &list, &error), KFPS_INVALID);
    ck_assert_int_eq(kfps_task_children(session, "", NULL, 1, &list, &error), KFPS_INVALID);
    ck_assert_int_eq(kfps_task_children(session, root, "", 1, &list, &error), KFPS_INVALID);
    ck_assert_int_eq(kfps_task_children(session, root, NULL, 7, &list, &error), KFPS_INVALID);
    ck_assert_int_eq(kfps_task_children(session, root, NULL, 1, NULL, NULL), KFPS_INVALID);
}
END_TEST

START_TEST(counts_of_runs)
{
    static const char *const runs[] = {"run-2", "none", "run-1", "run-2", "RUN-1"};
    int64_t counts[5];
    char uuid[KFPS_UUID_SIZE];
    for (int i = 0; i < 3; i++) {
        char name[8];
        snprintf(name, sizeof name, "c%d", i);
        kfps_task task = tt_task(i == 0 ? "run-1" : "run-2", NULL, name, 1);
        tt_create(session, &task, uuid);
    }
    kfp_ok(kfps_task_count(session, runs, 5, counts, &error), &error);
    static const int64_t expected[] = {2, 0, 1, 2, 0};
    for (int i = 0; i < 5; i++)
        ck_assert_int_eq(counts[i], expected[i]);
    kfp_ok(kfps_task_count(session, NULL, 0, NULL, &error), &error);
    static const char *const bad[] = {"run-1", ""};
    ck_assert_int_eq(kfps_task_count(session, bad, 2, counts, &error), KFPS_INVALID);
    ck_assert_int_eq(error.element, 1);
    ck_assert_int_eq(counts[0], 0);
    ck_assert_int_eq(kfps_task_count(session, runs, 1, NULL, &error), KFPS_INVALID);
    ck_assert_int_eq(kfps_task_count(NULL, runs, 1, counts, NULL), KFPS_INVALID);
}
END_TEST

/* ---- namespaces and permission ----------------------------------------------------------------------------------- */

START_TEST(namespaces_agree_in_multi_user_mode)
{
    kfps_store_options options;
    kfps_store_options_init(&options);
    options.multi_user = 1;
    kfps_store *many = kfp_store(&options);
    kfps_session_options of_session;
    kfps_session_options_init(&of_session);
    kfps_session *any = kfp_session(many), *mine = NULL;
    of_session.session_namespace = "ns";
    kfp_ok(kfps_session_open(many, &of_session, &mine, &error), &error);
    kfps_task_list *list = NULL;

    kfps_task task = tt_task("run-other", NULL, "t", 1);
    ck_assert_int_eq(kfps_task_create(any, &task, 1, NULL, NULL, &error), KFPS_INVALID);
    ck_assert_int_eq(error.element, 0);
    kfp_ok(kfps_task_create(session, &task, 1, NULL, &list, &error), &error); /* single user: as given */
    ck_assert_str_eq(list->items[0].task.task_namespace, "ns");
    kfps_task_list_free(list);
    task.task_namespace = NULL;
    task.name = "u";
    kfp_ok(kfps_task_create(any, &task, 1, NULL, &list, &error), &error); /* the run's */
    ck_assert_str_eq(list->items[0].task.task_namespace, "other");
    char other[KFPS_UUID_SIZE];
    snprintf(other, sizeof other, "%s", list->items[0].task.uuid);
    kfps_task_list_free(list);

    /* a session of a namespace sees no other */
    ck_assert_int_eq(kfps_task_create(mine, &task, 1, NULL, NULL, &error), KFPS_FOREIGN_KEY);
    task.task_namespace = "other";
    ck_assert_int_eq(kfps_task_create(mine, &task, 1, NULL, NULL, &error), KFPS_INVALID);
    ck_assert_int_eq(kfps_task_get(mine, other, KFPS_VIEW_BASIC, &list, &error), KFPS_NOT_FOUND);
    ck_assert_ptr_null(list);
    const char *const run = "run-other";
    int64_t count = 9;
    kfp_ok(kfps_task_count(mine, &run, 1, &count, &error), &error);
    ck_assert_int_eq(count, 1); /* the one that says "ns" */
    kfps_session_close(mine);
    kfps_session_close(any);
    kfps_store_close(many);
}
END_TEST

START_TEST(who_is_refused_reads_and_writes_nothing)
{
    static tt_guard guard;
    static tt_statements statements = {.mutex = PTHREAD_MUTEX_INITIALIZER};
    char uuid[KFPS_UUID_SIZE];
    kfps_task task = tt_task("run-1", NULL, "t", 1);
    tt_create(session, &task, uuid);
    kfps_store_options options;
    kfps_store_options_init(&options);
    options.authorize = tt_refuse;
    options.authorize_user = &guard;
    options.log = tt_statement;
    options.log_user = &statements;
    options.log_level = KFPS_LOG_DEBUG;
    kfps_store *guarded = kfp_store(&options);
    kfps_session *s = kfp_session(guarded);
    statements.count = 0;
    kfps_task_list *list = NULL;
    const char *const id = uuid, *const run = "run-1";
    int64_t number = 0;
    task.name = "new";
    const struct {
        kfps_status status;
        kfps_verb verb;
    } calls[] = {
        {kfps_task_create(s, &task, 1, NULL, &list, &error), KFPS_VERB_CREATE},
        {kfps_task_get(s, uuid, 1, &list, &error), KFPS_VERB_GET},
        {kfps_task_get_many(s, &id, 1, 1, &list, &error), KFPS_VERB_GET},
        {kfps_task_children(s, uuid, "run-1", 1, &list, &error), KFPS_VERB_LIST},
        {kfps_task_count(s, &run, 1, &number, &error), KFPS_VERB_LIST},
        {kfps_task_find_cached(s, "ns", "fp", 1, &list, &error), KFPS_VERB_GET},
        {kfps_task_reset(s, &id, 1, &number, &error), KFPS_VERB_UPDATE},
        {kfps_task_invalidate(s, &id, 1, &number, &error), KFPS_VERB_UPDATE},
        {kfps_task_invalidate_pipeline(s, "ns", "p", &number, &error), KFPS_VERB_UPDATE},
        {kfps_task_delete_for_run(s, "run-1", &number, &error), KFPS_VERB_DELETE},
        {kfps_run_delete(s, "run-1", NULL, &error), KFPS_VERB_DELETE},
    };
    const int asked = (int) (sizeof calls / sizeof *calls);
    for (int i = 0; i < asked; i++)
        ck_assert_msg(calls[i].status == KFPS_DENIED, "call %d: %s", i, kfps_status_name(calls[i].status));
    ck_assert_int_eq(guard.asked, asked);
    ck_assert_int_eq(guard.verb, KFPS_VERB_DELETE);
    ck_assert_int_eq(guard.resource, KFPS_RESOURCE_RUNS);
    ck_assert_str_eq(guard.run, "run-1");
    ck_assert_int_eq(kfps_task_create(s, &task, 1, NULL, NULL, &error), KFPS_DENIED);
    ck_assert_int_eq(guard.verb, KFPS_VERB_CREATE);
    ck_assert_str_eq(guard.space, "ns");
    ck_assert_str_eq(guard.run, "run-1");
    ck_assert_int_eq(kfps_task_children(s, uuid, NULL, 1, &list, &error), KFPS_DENIED);
    ck_assert_int_eq(guard.verb, KFPS_VERB_LIST);
    ck_assert_int_eq(statements.count, 0);
    ck_assert_int_eq(kfp_count("SELECT COUNT(*) FROM \"tasks\""), 1);
    kfps_session_close(s);
    kfps_store_close(guarded);
}
END_TEST

/* MySQL and MariaDB are told which index to take, and refuse if it is not there; the others go another way. */
START_TEST(an_index_that_is_gone_is_named)
{
    kfps_task_list *list = NULL;
    char uuid[KFPS_UUID_SIZE];
    kfps_task task = tt_task("run-1", NULL, "t", KFPS_TASK_RUNNING);
    tt_create(session, &task, uuid);
    kfpb_conn *conn = test_open();
    test_exec(conn, test_engine_is("mysql") ? "DROP INDEX kfpstore_links_task ON artifact_tasks"
                                            : "DROP INDEX kfpstore_links_task");
    const kfps_status status = kfps_task_get(session, uuid, KFPS_VIEW_FULL, &list, &error);
    if (test_engine_is("mysql")) {
        ck_assert_int_eq(status, KFPS_SCHEMA);
        ck_assert_ptr_nonnull(strstr(error.message, "'kfpstore_links_task'"));
        ck_assert_ptr_nonnull(strstr(error.message, "kfp-migrate schema verify"));
    } else {
        kfp_ok(status, &error);
        ck_assert_uint_eq(list->count, 1);
    }
    kfps_task_list_free(list);
    test_exec(conn, "CREATE INDEX kfpstore_links_task ON \"artifact_tasks\" (\"TaskID\",\"UUID\")");
    kfpb_close(&conn);
}
END_TEST

static Suite *task_reads_suite(void)
{
    Suite *suite = suite_create("task reads");
    TCase *tests = tcase_create("task reads");
    tcase_set_timeout(tests, 120);
    tcase_add_checked_fixture(tests, begin, close_session);
    tcase_add_test(tests, get_many_keeps_the_order_and_says_what_is_absent);
    tcase_add_test(tests, the_full_view_has_the_artifacts);
    tcase_add_test(tests, children_come_oldest_first);
    tcase_add_test(tests, counts_of_runs);
    tcase_add_test(tests, namespaces_agree_in_multi_user_mode);
    tcase_add_test(tests, who_is_refused_reads_and_writes_nothing);
    tcase_add_test(tests, an_index_that_is_gone_is_named);
    suite_add_tcase(suite, tests);
    return suite;
}

int main(void)
{
    return suite_main(task_reads_suite());
}
