/* SPDX-License-Identifier: Apache-2.0 */
/* test_update.c: what kfps_task_update does to the tasks it names. */
#include "tests/harness/kfp_rows.h"

static kfps_store *store;
static kfps_session *session;

static int32_t fixed_clock(void *user, int64_t *seconds)
{
    *seconds = *(const int64_t *) user;
    return 0;
}
static int64_t now = 1704110400; /* 2024-01-01T12:00:00Z */

static void open_store(const kfps_store_options *given)
{
    kfps_store_options options;
    kfps_store_options_init(&options);
    if (given != NULL)
        options = *given;
    options.clock = fixed_clock;
    options.clock_user = &now;
    store = kfp_store(&options);
    session = kfp_session(store);
}

static void setup(void)
{
    kfp_fresh();
    kfp_run("run-1", "ns", "RUNNING");
    kfp_run("run-2", "ns", "RUNNING");
    kfp_run("over", "ns", "FAILED");
    kfp_task((kfps_task){.uuid = "root", .name = "ROOT", .type = KFPS_TASK_ROOT, .state = KFPS_TASK_RUNNING});
    kfp_task((kfps_task){.uuid = "a",
                         .parent_uuid = "root",
                         .name = "train",
                         .display_name = "Train",
                         .fingerprint = "f1",
                         .state = KFPS_TASK_RUNNING,
                         .started_at = 5,
                         .finished_at = 6,
                         .status_metadata_json = "{\"message\":\"m\"}",
                         .state_history_json = "[{\"state\":\"RUNNING\",\"updateTime\":\"2024-01-01T11:00:00Z\"}]",
                         .logical_key = "key-a"});
    kfp_task((kfps_task){.uuid = "b", .parent_uuid = "root", .name = "b", .state = KFPS_TASK_RUNNING});
    kfp_task((kfps_task){.uuid = "c", .parent_uuid = "a", .name = "c", .state = KFPS_TASK_RUNNING});
    kfp_task((kfps_task){.uuid = "other", .run_uuid = "run-2", .name = "o", .state = KFPS_TASK_RUNNING});
    kfp_task((kfps_task){.uuid = "late", .run_uuid = "over", .name = "l", .state = KFPS_TASK_RUNNING});
    open_store(NULL);
}

static void teardown(void)
{
    kfps_session_close(session);
    kfps_store_close(store);
}

static kfps_status change_one(kfps_task_change change, kfps_error *error)
{
    return kfps_task_update(session, &change, 1, NULL, NULL, error);
}

#define A_INPUT "{\"parameterKey\":\"lr\",\"type\":\"COMPONENT_INPUT\",\"value\":0.1}"

START_TEST(fields_are_kept_replaced_and_merged)
{
    kfps_error error;
    kfps_task_list *list = NULL;
    const kfps_task_change change = {.uuid = "a",
                                     .run_uuid = "run-1",
                                     .fingerprint = "f2",
                                     .display_name = "Träin 😀 it's",
                                     .status_metadata_json = "{\"customProperties\":{\"attempt\":1}}",
                                     .pods_json = "[{\"name\":\"p\",\"type\":\"EXECUTOR\",\"uid\":\"u\"}]",
                                     .type_attributes_json = "{\"iterationIndex\":\"3\"}",
                                     .input_parameters_json = "[" A_INPUT "]",
                                     .finished_at = 77};
    kfp_ok(kfps_task_update(session, &change, 1, NULL, &list, &error), &error);
    ck_assert_uint_eq(list->count, 1);
    const kfps_task *t = &list->items[0].task;
    ck_assert_str_eq(t->uuid, "a");
    ck_assert_str_eq(t->name, "train");
    ck_assert_str_eq(t->display_name, "Träin 😀 it's");
    ck_assert_str_eq(t->fingerprint, "f2");
    ck_assert_int_eq(t->started_at, 5);
    ck_assert_int_eq(t->finished_at, 77);
    ck_assert_int_eq(t->state, KFPS_TASK_RUNNING);
    kfp_json_is(t->type_attributes_json, "{\"iterationIndex\":\"3\"}");
    kfps_task_list_free(list);

    char *text = kfp_task_text("a", "DisplayName");
    ck_assert_str_eq(text, "Träin 😀 it's");
    free(text);
    text = kfp_task_text("a", "LogicalKey"); /* never written */
    ck_assert_str_eq(text, "key-a");
    free(text);
    ck_assert_int_eq(kfp_task_int("a", "FinishedInSec"), 77);
    ck_assert_int_eq(kfp_task_int("a", "StartedInSec"), 5);
    ck_assert_int_eq(kfp_task_int("a", "CreatedAtInSec"), 1000);
    kfp_task_json("a", "pods", "[{\"name\":\"p\",\"type\":\"EXECUTOR\",\"uid\":\"u\"}]");
    kfp_task_json("a", "StatusMetadata", "{\"customProperties\":{\"attempt\":1}}");
    kfp_task_json("a", "InputParameters", "[" A_INPUT "]");
    kfp_task_json("a", "StateHistory", "[{\"state\":\"RUNNING\",\"updateTime\":\"2024-01-01T11:00:00Z\"}]");

    /* input order kept, the same key replaced in its place */
    kfp_ok(change_one((kfps_task_change){.uuid = "a",
                                         .input_parameters_json =
                                             "[{\"parameterKey\":\"z\",\"type\":\"COMPONENT_INPUT\",\"value\":1},"
                                             "{\"parameterKey\":\"lr\",\"type\":\"COMPONENT_INPUT\",\"value\":2}]"},
                      &error),
           &error);
    kfp_task_json("a", "InputParameters",
                  "[{\"parameterKey\":\"lr\",\"type\":\"COMPONENT_INPUT\",\"value\":2},"
                  "{\"parameterKey\":\"z\",\"type\":\"COMPONENT_INPUT\",\"value\":1}]");
    kfp_ok(change_one((kfps_task_change){.uuid = "a", .pods_json = "[]", .status_metadata_json = "{}"}, &error),
           &error);
    kfp_task_json("a", "pods", "[]");
    kfp_task_json("a", "StatusMetadata", "{}");
}
END_TEST

START_TEST(a_state_is_appended_once_and_failure_empties_the_fingerprint)
{
    kfps_error error;
    for (int i = 0; i < 2; i++)
        kfp_ok(change_one((kfps_task_change){.uuid = "a", .state = KFPS_TASK_SUCCEEDED}, &error), &error);
    ck_assert_int_eq(kfp_task_int("a", "State"), KFPS_TASK_SUCCEEDED);
    kfp_task_json("a", "StateHistory",
                  "[{\"state\":\"RUNNING\",\"updateTime\":\"2024-01-01T11:00:00Z\"},"
                  "{\"state\":\"SUCCEEDED\",\"updateTime\":\"2024-01-01T12:00:00Z\"}]");
    char *text = kfp_task_text("a", "Fingerprint");
    ck_assert_str_eq(text, "f1");
    free(text);
    kfp_ok(change_one((kfps_task_change){.uuid = "a", .state = KFPS_TASK_FAILED, .fingerprint = "f3"}, &error), &error);
    text = kfp_task_text("a", "Fingerprint");
    ck_assert_str_eq(text, "");
    free(text);
    kfp_task_json("a", "StateHistory",
                  "[{\"state\":\"RUNNING\",\"updateTime\":\"2024-01-01T11:00:00Z\"},"
                  "{\"state\":\"SUCCEEDED\",\"updateTime\":\"2024-01-01T12:00:00Z\"},"
                  "{\"state\":\"FAILED\",\"updateTime\":\"2024-01-01T12:00:00Z\"}]");
}
END_TEST

START_TEST(what_may_be_cleared_can_be)
{
    kfps_error error;
    kfp_ok(change_one((kfps_task_change){.uuid = "a",
                                         .clear = KFPS_CLEAR_FINGERPRINT | KFPS_CLEAR_DISPLAY_NAME |
                                                  KFPS_CLEAR_STARTED_AT | KFPS_CLEAR_FINISHED_AT |
                                                  KFPS_CLEAR_STATUS_METADATA},
                      &error),
           &error);
    ck_assert_int_eq(kfp_count("SELECT COUNT(*) FROM \"tasks\" WHERE \"UUID\"='a' AND \"Fingerprint\"='' AND "
                               "\"DisplayName\" IS NULL AND \"StartedInSec\"=0 AND \"FinishedInSec\"=0 AND "
                               "\"StatusMetadata\" IS NULL"),
                     1);
    ck_assert_int_eq(
        change_one((kfps_task_change){.uuid = "a", .fingerprint = "x", .clear = KFPS_CLEAR_FINGERPRINT}, &error),
        KFPS_INVALID);
}
END_TEST

START_TEST(several_changes_are_one_transaction_in_their_order)
{
    kfps_error error;
    kfps_task_list *list = NULL;
    kfps_task_update_options options;
    kfps_task_update_options_init(&options);
    options.view = KFPS_VIEW_BASIC;
    const kfps_task_change changes[] = {
        {.uuid = "c", .display_name = "first", .finished_at = 9},
        {.uuid = "b", .name = "bb"},
        {.uuid = "root", .started_at = 4},
        {.uuid = "c", .display_name = "second", .type = KFPS_TASK_IMPORTER},
    };
    kfp_ok(kfps_task_update(session, changes, 4, &options, &list, &error), &error);
    ck_assert_uint_eq(list->count, 4);
    ck_assert_str_eq(list->items[0].task.uuid, "c");
    ck_assert_str_eq(list->items[0].task.display_name, "second");
    ck_assert_str_eq(list->items[1].task.name, "bb");
    ck_assert_str_eq(list->items[2].task.uuid, "root");
    ck_assert_int_eq(list->items[3].task.finished_at, 9);
    ck_assert_ptr_null(list->items[0].task.pods_json);
    kfps_task_list_free(list);
    ck_assert_int_eq(kfp_task_int("c", "FinishedInSec"), 9);
    ck_assert_int_eq(kfp_task_int("c", "Type"), KFPS_TASK_IMPORTER);
    ck_assert_int_eq(kfp_task_int("root", "StartedInSec"), 4);

    /* nothing of it where one of them fails */
    const kfps_task_change bad[] = {{.uuid = "b", .name = "bbb"}, {.uuid = "none", .name = "x"}};
    ck_assert_int_eq(kfps_task_update(session, bad, 2, NULL, &list, &error), KFPS_NOT_FOUND);
    ck_assert_ptr_null(list);
    ck_assert_int_eq(error.element, 1);
    const kfps_task_change deep[] = {{.uuid = "b", .name = "bbb"}, {.uuid = "c", .pods_json = "{}"}};
    ck_assert_int_eq(kfps_task_update(session, deep, 2, NULL, &list, &error), KFPS_INVALID);
    ck_assert_int_eq(error.element, 1);
    char *text = kfp_task_text("b", "Name");
    ck_assert_str_eq(text, "bb");
    free(text);
    /* many of one level, written at once, and nothing of their other columns is lost */
    const kfps_task_change level[] = {{.uuid = "a", .display_name = "A"}, {.uuid = "b", .display_name = "B"}};
    kfp_ok(kfps_task_update(session, level, 2, NULL, NULL, &error), &error);
    ck_assert_int_eq(kfp_count("SELECT COUNT(*) FROM \"tasks\" WHERE \"UUID\"='a' AND \"Fingerprint\"='f1' AND "
                               "\"DisplayName\"='A' AND \"LogicalKey\"='key-a' AND \"ParentTaskUUID\"='root'"),
                     1);
    kfp_task_json("a", "StateHistory", "[{\"state\":\"RUNNING\",\"updateTime\":\"2024-01-01T11:00:00Z\"}]");
}
END_TEST

START_TEST(a_parent_is_of_the_same_run)
{
    kfps_error error;
    ck_assert_int_eq(change_one((kfps_task_change){.uuid = "b", .parent_uuid = "other"}, &error), KFPS_FOREIGN_KEY);
    ck_assert_int_eq(error.element, 0);
    ck_assert_int_eq(change_one((kfps_task_change){.uuid = "b", .parent_uuid = "none"}, &error), KFPS_FOREIGN_KEY);
    ck_assert_int_eq(change_one((kfps_task_change){.uuid = "b", .parent_uuid = "b"}, &error), KFPS_INVALID);
    ck_assert_int_eq(change_one((kfps_task_change){.uuid = "a", .parent_uuid = "c"}, &error), KFPS_INVALID);
    const kfps_task_change cycle[] = {{.uuid = "a", .parent_uuid = "b"}, {.uuid = "b", .parent_uuid = "c"}};
    ck_assert_int_eq(kfps_task_update(session, cycle, 2, NULL, NULL, &error), KFPS_INVALID);
    ck_assert_int_eq(error.element, 1);
    kfp_ok(change_one((kfps_task_change){.uuid = "b", .parent_uuid = "c"}, &error), &error);
    char *text = kfp_task_text("b", "ParentTaskUUID");
    ck_assert_str_eq(text, "c");
    free(text);
    kfp_ok(change_one((kfps_task_change){.uuid = "b", .parent_uuid = ""}, &error), &error);
    ck_assert_int_eq(kfp_count("SELECT COUNT(*) FROM \"tasks\" WHERE \"UUID\"='b' AND \"ParentTaskUUID\" IS NULL"), 1);
}
END_TEST

START_TEST(refusals)
{
    kfps_error error;
    kfps_task_list *list = NULL;
    kfps_task_update_options none = {0};
    char text[300];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    const struct {
        kfps_task_change change;
        kfps_status status;
    } cases[] = {
        {{.uuid = NULL, .name = "x"}, KFPS_INVALID},
        {{.uuid = "", .name = "x"}, KFPS_INVALID},
        {{.uuid = "none", .name = "x"}, KFPS_NOT_FOUND},
        {{.uuid = "A", .name = "x"}, KFPS_NOT_FOUND}, /* equality is of bytes */
        {{.uuid = "a", .run_uuid = "run-2", .name = "x"}, KFPS_NOT_FOUND},
        {{.uuid = "a", .run_uuid = "no-run", .name = "x"}, KFPS_NOT_FOUND},
        {{.uuid = "a", .run_uuid = "run-2", .state = KFPS_TASK_SUCCEEDED}, KFPS_NOT_FOUND},
        {{.uuid = "late", .name = "x"}, KFPS_RUN_TERMINAL},
        {{.uuid = "late", .state = KFPS_TASK_FAILED}, KFPS_RUN_TERMINAL},
        {{.uuid = "a", .state = 6}, KFPS_INVALID},
        {{.uuid = "a", .state = -1}, KFPS_INVALID},
        {{.uuid = "a", .type = 9}, KFPS_INVALID},
        {{.uuid = "a", .clear = 32}, KFPS_INVALID},
        {{.uuid = "a", .started_at = -1}, KFPS_INVALID},
        {{.uuid = "a", .name = "\xff"}, KFPS_INVALID},
        {{.uuid = "a", .name = text}, KFPS_TOO_LARGE},
        {{.uuid = "a", .fingerprint = text}, KFPS_TOO_LARGE},
        {{.uuid = "a", .status_metadata_json = "[]"}, KFPS_INVALID},
        {{.uuid = "a", .pods_json = "[{]"}, KFPS_INVALID},
        {{.uuid = "a", .type_attributes_json = "1"}, KFPS_INVALID},
        {{.uuid = "a", .input_parameters_json = "{}"}, KFPS_INVALID},
        {{.uuid = "a", .output_parameters_json = "[1]"}, KFPS_INVALID},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        error.code = 0;
        ck_assert_msg(change_one(cases[i].change, &error) == cases[i].status, "case %zu: %s", i, error.message);
        ck_assert_msg(error.element == 0, "case %zu: element %d", i, error.element);
        ck_assert_int_eq(change_one(cases[i].change, NULL), cases[i].status);
    }
    const kfps_task_change two[] = {{.uuid = "a", .name = "x"}, {.uuid = "other", .name = "x"}};
    ck_assert_int_eq(kfps_task_update(session, two, 2, NULL, &list, &error), KFPS_INVALID);
    ck_assert_int_eq(error.element, 1);
    ck_assert_int_eq(kfps_task_update(session, two, 0, NULL, &list, &error), KFPS_INVALID);
    ck_assert_int_eq(kfps_task_update(session, NULL, 1, NULL, &list, &error), KFPS_INVALID);
    ck_assert_int_eq(kfps_task_update(NULL, two, 1, NULL, &list, &error), KFPS_INVALID);
    ck_assert_int_eq(kfps_task_update(session, two, 1, &none, &list, &error), KFPS_INVALID);
    ck_assert_int_eq(kfp_count("SELECT COUNT(*) FROM \"tasks\" WHERE \"Name\"='x'"), 0);
}
END_TEST

/* Which of both lists it is, and why; and nothing else of the change is written. */
START_TEST(parameters_that_are_refused)
{
    enum { DEEP = 600 };
    char deep[2 * DEEP + 1] = "";
    memset(deep, '[', DEEP);
    memset(deep + DEEP, ']', DEEP);
    const struct {
        const char *json, *why;
    } cases[] = {
        {"{}", "is JSON but not an array"},
        {" null", "is JSON but not an array"},
        {"x", "is not JSON that can be stored"},
        {" [{\"a\":1},", "is not JSON that can be stored"},
        {"[{\"a\":1e999}]", "is not JSON that can be stored"},
        {deep, "is nested deeper than"},
    };
    static const char *const names[] = {"input_parameters_json of element 1", "output_parameters_json of element 1"};
    for (size_t i = 0; i < 2 * (sizeof cases / sizeof cases[0]); i++) {
        kfps_error error = {0};
        kfps_task_change two[] = {{.uuid = "b", .name = "x"}, {.uuid = "a", .name = "x"}};
        *(i % 2 == 0 ? &two[1].input_parameters_json : &two[1].output_parameters_json) = cases[i / 2].json;
        ck_assert_int_eq(kfps_task_update(session, two, 2, NULL, NULL, &error), KFPS_INVALID);
        ck_assert_int_eq(error.element, 1);
        ck_assert_msg(strstr(error.message, names[i % 2]) != NULL && strstr(error.message, cases[i / 2].why) != NULL,
                      "case %zu: %s", i, error.message);
    }
    ck_assert_int_eq(kfp_count("SELECT COUNT(*) FROM \"tasks\" WHERE \"Name\"='x'"), 0);
}
END_TEST

static int32_t refuse(void *user, const kfps_access *access)
{
    *(kfps_access *) user = *access;
    return 1;
}

START_TEST(permission_and_namespaces)
{
    kfps_error error;
    kfps_store_options options;
    kfps_session_options scoped;
    kfps_access asked = {0};
    teardown();
    kfps_store_options_init(&options);
    options.authorize = refuse;
    options.authorize_user = &asked;
    open_store(&options);
    ck_assert_int_eq(change_one((kfps_task_change){.uuid = "a", .run_uuid = "run-1", .name = "x"}, &error),
                     KFPS_DENIED);
    ck_assert_int_eq(asked.verb, KFPS_VERB_UPDATE);
    ck_assert_int_eq(asked.resource, KFPS_RESOURCE_TASKS);
    teardown();
    open_store(NULL);
    kfps_session_close(session);
    kfps_session_options_init(&scoped);
    scoped.session_namespace = "elsewhere";
    kfp_ok(kfps_session_open(store, &scoped, &session, &error), &error);
    ck_assert_int_eq(change_one((kfps_task_change){.uuid = "a", .name = "x"}, &error), KFPS_NOT_FOUND);
    ck_assert_int_eq(change_one((kfps_task_change){.uuid = "a", .state = KFPS_TASK_FAILED}, &error), KFPS_NOT_FOUND);
    ck_assert_int_eq(kfp_task_int("a", "State"), KFPS_TASK_RUNNING);
}
END_TEST

static void count_statement(void *user, int32_t level, const char *facility, const char *message)
{
    (void) message;
    if (level == KFPS_LOG_DEBUG && strcmp(facility, "sql") == 0)
        ++*(int *) user;
}

/* A plain update is a read of the row, its run's lock and the write; 300 of one level are few statements more. */
START_TEST(statements)
{
    kfps_error error;
    kfps_store_options options;
    int statements = 0;
    enum { MANY = 300 };
    static kfps_task_change changes[MANY];
    static char ids[MANY][KFPS_UUID_SIZE];
    kfpb_conn *conn = test_open();
    test_exec(conn, "BEGIN");
    for (int i = 0; i < MANY; i++) {
        kfp_put_task(conn, (kfps_task){.uuid = kfp_id(ids[i], i), .parent_uuid = "root", .state = KFPS_TASK_RUNNING});
        changes[i] = (kfps_task_change){.uuid = ids[i], .display_name = ids[i], .started_at = i + 1};
    }
    test_exec(conn, "COMMIT");
    kfpb_close(&conn);
    teardown();
    kfps_store_options_init(&options);
    options.log = count_statement;
    options.log_user = &statements;
    options.log_level = KFPS_LOG_DEBUG;
    open_store(&options);
    kfp_ok(change_one((kfps_task_change){.uuid = "a", .name = "warm"}, &error), &error);
    statements = 0;
    kfp_ok(change_one((kfps_task_change){.uuid = "a", .run_uuid = "run-1", .name = "y"}, &error), &error);
    ck_assert_int_le(statements, 5); /* BEGIN, run, task, UPDATE, COMMIT */
    statements = 0;
    kfp_ok(change_one((kfps_task_change){.uuid = "root", .output_parameters_json = "[]"}, &error), &error);
    /* BEGIN, task and ancestors, run, UPDATE, COMMIT; and the row under its lock where there are locks */
    ck_assert_int_le(statements, test_engine_is("sqlite") ? 5 : 6);
    statements = 0;
    kfp_ok(change_one((kfps_task_change){.uuid = "b", .parent_uuid = "c"}, &error), &error);
    /* BEGIN, tasks and ancestors, run, the four of the new branch once each, UPDATE, COMMIT */
    ck_assert_int_le(statements, 9);
    statements = 0;
    kfp_ok(kfps_task_update(session, changes, MANY, NULL, NULL, &error), &error);
    ck_assert_int_le(statements, test_engine_is("sqlite") ? MANY + 8 : 8);
    ck_assert_int_eq(kfp_count("SELECT COUNT(*) FROM \"tasks\" WHERE \"DisplayName\"=\"UUID\""), MANY);
    ck_assert_int_eq(kfp_count("SELECT SUM(\"StartedInSec\") FROM \"tasks\" WHERE \"DisplayName\"=\"UUID\""),
                     MANY * (MANY + 1) / 2);
}
END_TEST

START_TEST(in_a_transaction_of_the_caller)
{
    kfps_error error;
    kfp_ok(kfps_txn_begin(session, &error), &error);
    kfp_ok(change_one((kfps_task_change){.uuid = "a", .name = "gone"}, &error), &error);
    kfps_txn_rollback(session);
    kfp_ok(kfps_txn_begin(session, &error), &error);
    kfp_ok(change_one((kfps_task_change){.uuid = "a", .display_name = "kept"}, &error), &error);
    kfp_ok(kfps_txn_commit(session, &error), &error);
    ck_assert_int_eq(kfp_count("SELECT COUNT(*) FROM \"tasks\" WHERE \"Name\"='train' AND \"DisplayName\"='kept'"), 1);
}
END_TEST

static Suite *update_suite(void)
{
    Suite *suite = suite_create("update");
    TCase *tc = tcase_create("update");
    tcase_set_timeout(tc, 120);
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, fields_are_kept_replaced_and_merged);
    tcase_add_test(tc, a_state_is_appended_once_and_failure_empties_the_fingerprint);
    tcase_add_test(tc, what_may_be_cleared_can_be);
    tcase_add_test(tc, several_changes_are_one_transaction_in_their_order);
    tcase_add_test(tc, a_parent_is_of_the_same_run);
    tcase_add_test(tc, refusals);
    tcase_add_test(tc, parameters_that_are_refused);
    tcase_add_test(tc, permission_and_namespaces);
    tcase_add_test(tc, statements);
    tcase_add_test(tc, in_a_transaction_of_the_caller);
    suite_add_tcase(suite, tc);
    return suite;
}

int main(void)
{
    return suite_main(update_suite());
}
