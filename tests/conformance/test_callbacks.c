/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_callbacks.c: what a store is told and asks: clock and UUIDs (a replay gives the same bytes; failures end the
 * operation before it writes), the log (statements without values), permission (before anything is read), and two
 * stores of different modes on one database.
 */
#include "tests/fault/scenarios.h"

/* ---- clock and UUIDs --------------------------------------------------------------------------------------------- */

typedef struct replay {
    int64_t now;
    unsigned serial;
    bool clock_fails, uuid_fails;
} replay;

static int32_t replay_clock(void *user, int64_t *seconds)
{
    replay *r = user;
    *seconds = r->now++;
    return r->clock_fails;
}

static int32_t replay_uuid(void *user, char *out)
{
    replay *r = user;
    snprintf(out, KFPS_UUID_SIZE, "%08x-0000-4000-8000-000000000000", r->serial++);
    return r->uuid_fails;
}

/* Every column of every row that an operation may have written. */
static char *dump(void)
{
    return test_client(
        test_engine_is("mysql")
            ? "SELECT * FROM artifacts ORDER BY 1; SELECT * FROM tasks ORDER BY 1; SELECT * FROM artifact_tasks ORDER BY "
              "1; SELECT * FROM kfpstore_write_identity ORDER BY 1"
            : "SELECT * FROM \"artifacts\" ORDER BY 1; SELECT * FROM \"tasks\" ORDER BY 1; SELECT * FROM "
              "\"artifact_tasks\" ORDER BY 1; SELECT * FROM \"kfpstore_write_identity\" ORDER BY 1");
}

static kfps_status (*const writes[])(kfps_error *) = {
    call_artifact_create,
    call_artifact_create_with_links,
    call_artifact_find_or_create,
    call_artifact_create_once,
    call_link_create,
    call_task_create,
    call_task_update,
};
enum { WRITES = sizeof writes / sizeof writes[0] };

START_TEST(a_replay_gives_the_same_bytes)
{
    kfps_error error;
    char *dumps[2];
    scenario_open();
    for (int round = 0; round < 2; round++) {
        replay r = {.now = 1700000000, .serial = 1};
        kfps_store_set_clock(fault_store, replay_clock, &r);
        kfps_store_set_uuid(fault_store, replay_uuid, &r);
        scenario_fixture();
        for (size_t i = 0; i < WRITES; i++)
            kfp_ok(writes[i](&error), &error);
        dumps[round] = dump();
    }
    ck_assert_ptr_nonnull(strstr(dumps[0], "00000001-0000-4000-8000-000000000000"));
    ck_assert_ptr_nonnull(strstr(dumps[0], "1700000000"));
    ck_assert_str_eq(dumps[0], dumps[1]);
    kfps_store_set_clock(fault_store, NULL, NULL);
    kfps_store_set_uuid(fault_store, NULL, NULL);
    kfp_ok(call_artifact_create(&error), &error);
    ck_assert_int_eq(kfp_count("SELECT COUNT(*) FROM \"artifacts\" WHERE \"CreatedAtInSec\">1750000000"), 2);
    scenario_close();
    free(dumps[0]);
    free(dumps[1]);
}
END_TEST

START_TEST(a_callback_that_fails_ends_the_operation)
{
    kfps_error error;
    char before[256], after[256];
    scenario_open();
    scenario_fixture();
    scenario_digest(before);
    for (int way = 0; way < 2; way++) {
        replay r = {.now = 1700000000, .serial = 1, .clock_fails = way == 0, .uuid_fails = way == 1};
        kfps_store_set_clock(fault_store, replay_clock, &r);
        kfps_store_set_uuid(fault_store, replay_uuid, &r);
        for (size_t i = 0; i < WRITES; i++) {
            if (way == 1 && writes[i] == call_task_update) /* it makes no UUID here */
                continue;
            ck_assert_int_eq(writes[i](&error), KFPS_INTERNAL);
            ck_assert_ptr_nonnull(strstr(error.message, way == 0 ? "clock" : "UUID"));
        }
    }
    scenario_digest(after);
    ck_assert_str_eq(before, after);
    scenario_close();
}
END_TEST

/* ---- the log ----------------------------------------------------------------------------------------------------- */

typedef struct journal {
    char *text;
    size_t length;
    size_t lines, slow;
} journal;

static void write_journal(void *user, int32_t level, const char *facility, const char *message)
{
    journal *j = user;
    const size_t more = strlen(facility) + strlen(message) + 4;
    j->text = realloc(j->text, j->length + more);
    ck_assert_ptr_nonnull(j->text);
    j->length += (size_t) snprintf(j->text + j->length, more, "%s: %s\n", facility, message);
    j->lines++;
    j->slow += level == KFPS_LOG_WARNING && strncmp(message, "slow: ", 6) == 0;
}

START_TEST(the_log_has_statements_without_values)
{
    static const char *const planted[] = {"s3://bucket/", "\"a\":", "run-1", "child", "key", "fp"};
    kfps_store_options options;
    kfps_error error;
    journal j = {0};
    scenario_open();
    scenario_fixture();
    kfps_session_close(fault_session);
    kfps_store_close(fault_store);
    kfps_store_options_init(&options);
    options.log = write_journal;
    options.log_user = &j;
    options.log_level = KFPS_LOG_DEBUG;
    fault_store = kfp_store(&options);
    fault_session = kfp_session(fault_store);
    for (size_t i = 0; i < SCENARIOS; i++) {
        if (scenarios[i].outside || scenarios[i].call == call_transaction)
            continue; /* a caller's own statements are the caller's */
        scenario_fixture();
        kfp_ok(scenarios[i].call(&error), &error);
    }
    ck_assert_uint_gt(j.lines, 60);
    ck_assert_ptr_nonnull(strstr(j.text, "\"artifact_tasks\""));
    ck_assert_ptr_nonnull(strstr(j.text, "COMMIT"));
    for (size_t i = 0; i < sizeof planted / sizeof planted[0]; i++) {
        char quoted[64];
        snprintf(quoted, sizeof quoted, "'%s", planted[i]);
        ck_assert_msg(strstr(j.text, quoted) == NULL, "%s is in the log", quoted);
        if (i < 3) /* the others are words of statements, too */
            ck_assert_msg(strstr(j.text, planted[i]) == NULL, "%s is in the log", planted[i]);
    }
    scenario_close();
    free(j.text);
}
END_TEST

START_TEST(a_slow_statement_is_a_warning)
{
    static const struct {
        const char *engine, *sql;
    } slow[] = {
        {"sqlite",
         "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<300000) SELECT count(*) FROM n"},
        {"pgsql", "SELECT pg_sleep(0.1)"},
        {"mysql", "SELECT SLEEP(0.1)"},
    };
    kfps_store_options options;
    kfps_error error;
    journal j = {0};
    kfp_fresh();
    kfps_store_options_init(&options);
    options.log = write_journal;
    options.log_user = &j;
    options.slow_statement_ms = 10;
    kfps_store *store = kfp_store(&options);
    kfps_session *session = kfp_session(store);
    kfps_rowset *rows = NULL;
    kfp_ok(kfps_txn_begin(session, &error), &error);
    const size_t before = j.slow;
    for (size_t i = 0; i < sizeof slow / sizeof slow[0]; i++) {
        if (test_engine_is(slow[i].engine))
            kfp_ok(kfps_txn_query(session, slow[i].sql, NULL, 0, &rows, &error), &error);
    }
    ck_assert_uint_eq(j.slow, before + 1);
    kfps_rowset_free(rows);
    kfps_session_close(session);
    kfps_store_close(store);
    free(j.text);
}
END_TEST

/* ---- permission -------------------------------------------------------------------------------------------------- */

typedef struct gatekeeper {
    size_t asked;
    kfps_access last;
    bool allows;
} gatekeeper;

static int32_t ask_gatekeeper(void *user, const kfps_access *access)
{
    gatekeeper *g = user;
    g->asked++;
    g->last = *access;
    return g->allows ? 0 : 1;
}

static const struct {
    kfps_status (*call)(kfps_error *);
    int32_t verb;
} demands[] = {
    {call_artifact_create, KFPS_VERB_CREATE},
    {call_artifact_get, KFPS_VERB_GET},
    {call_artifact_get_many, KFPS_VERB_GET},
    {call_artifact_get_by_uri, KFPS_VERB_LIST},
    {call_artifact_list, KFPS_VERB_LIST},
    {call_artifact_list_of_run, KFPS_VERB_LIST},
    {call_artifact_list_unlinked, KFPS_VERB_LIST},
    {call_artifact_delete_unlinked, KFPS_VERB_DELETE},
    {call_link_create, KFPS_VERB_CREATE},
    {call_link_get, KFPS_VERB_GET},
    {call_link_list, KFPS_VERB_LIST},
    {call_link_delete, KFPS_VERB_DELETE},
    {call_task_create, KFPS_VERB_CREATE},
    {call_task_get, KFPS_VERB_GET},
    {call_task_get_many, KFPS_VERB_GET},
    {call_task_list, KFPS_VERB_LIST},
    {call_task_children, KFPS_VERB_LIST},
    {call_task_update, KFPS_VERB_UPDATE},
    {call_task_reset, KFPS_VERB_UPDATE},
    {call_task_delete_for_run, KFPS_VERB_DELETE},
    {call_run_delete, KFPS_VERB_DELETE},
    {call_lineage, KFPS_VERB_LIST},
};

START_TEST(permission_is_asked_before_anything_is_read)
{
    kfps_store_options options;
    kfps_error error;
    char before[256], after[256];
    journal j = {0};
    gatekeeper g = {.allows = true};
    scenario_open();
    scenario_fixture();
    scenario_digest(before);
    kfps_session_close(fault_session);
    kfps_store_close(fault_store);
    kfps_store_options_init(&options);
    options.log = write_journal;
    options.log_user = &j;
    options.log_level = KFPS_LOG_DEBUG;
    options.authorize = ask_gatekeeper;
    options.authorize_user = &g;
    fault_store = kfp_store(&options);
    fault_session = kfp_session(fault_store);
    kfp_ok(call_task_get(&error), &error);
    ck_assert_uint_gt(j.lines, 0);
    g.allows = false;
    for (size_t i = 0; i < sizeof demands / sizeof demands[0]; i++) {
        j.lines = g.asked = 0;
        const kfps_status status = demands[i].call(&error);
        ck_assert_msg(status == KFPS_DENIED, "demand %zu: %s: %s", i, kfps_status_name(status), error.message);
        ck_assert_uint_ge(g.asked, 1);
        ck_assert_msg(g.last.verb == demands[i].verb, "demand %zu asked for %d", i, g.last.verb);
        ck_assert_msg(j.lines == 0, "demand %zu: a statement was sent", i);
    }
    scenario_digest(after);
    ck_assert_str_eq(before, after);
    scenario_close();
    free(j.text);
}
END_TEST

/* ---- two modes --------------------------------------------------------------------------------------------------- */

START_TEST(two_stores_in_two_modes)
{
    kfps_store_options options;
    kfps_error error;
    kfps_artifact_list *list = NULL;
    scenario_open();
    scenario_fixture();
    kfps_store_options_init(&options);
    options.multi_user = 1;
    kfps_store *store = kfp_store(&options);
    kfps_session *session = kfp_session(store);
    kfp_ok(kfps_artifact_list_page(fault_session, NULL, NULL, &list, &error), &error);
    ck_assert_uint_eq(list->count, 2);
    kfps_artifact_list_free(list);
    ck_assert_int_eq(kfps_artifact_list_page(session, NULL, NULL, &list, &error), KFPS_INVALID);
    ck_assert_ptr_nonnull(strstr(error.message, "namespace"));
    ck_assert_ptr_null(list);
    const kfps_artifact_scope scope = {.artifact_namespace = "ns"};
    kfp_ok(kfps_artifact_list_page(session, &scope, NULL, &list, &error), &error);
    ck_assert_uint_eq(list->count, 2);
    kfps_artifact_list_free(list);
    /* an artifact of another namespace than its run's */
    kfps_artifact artifact = fault_new_artifact;
    kfps_artifact_task link = fault_new_link();
    artifact.artifact_namespace = "elsewhere";
    ck_assert_int_eq(kfps_artifact_create_with_links(session, &artifact, &link, 1, NULL, NULL, &error), KFPS_INVALID);
    artifact.artifact_namespace = "ns";
    kfp_ok(kfps_artifact_create_with_links(session, &artifact, &link, 1, NULL, NULL, &error), &error);
    kfps_session_close(session);
    kfps_store_close(store);
    scenario_close();
}
END_TEST

static Suite *callbacks_suite(void)
{
    Suite *suite = suite_create("callbacks");
    TCase *tests = tcase_create("callbacks");
    tcase_add_test(tests, a_replay_gives_the_same_bytes);
    tcase_add_test(tests, a_callback_that_fails_ends_the_operation);
    tcase_add_test(tests, the_log_has_statements_without_values);
    tcase_add_test(tests, a_slow_statement_is_a_warning);
    tcase_add_test(tests, permission_is_asked_before_anything_is_read);
    tcase_add_test(tests, two_stores_in_two_modes);
    suite_add_tcase(suite, tests);
    return suite;
}

int main(void)
{
    return suite_main(callbacks_suite());
}
