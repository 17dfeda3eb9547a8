/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_list_plans.c: with 100,000 artifacts and tasks and 300,000 links no list looks at more rows than a few pages
 * have, in any of the orders that kfpstore(7) calls served, at any depth, and no look-up scans a table. The statements
 * are the library's own, taken with their values from its connection; what the engine does with them is read from
 * EXPLAIN there and, on servers, from its counters of rows.
 */
#include "libkfpstore/session.h"
#include "tests/harness/lists.h"
#include "tests/harness/many_rows.h"
#include "tests/harness/plans.h"

enum { PAGE = 20 };

/* ---- the lists ----------------------------------------------------------------------------------------------------
 */

typedef struct list_case {
    list_scope scope;
    const char *sort_by;
    int64_t ids; /* that are merged; 1 */
} list_case;

/* The first of each has very many rows, the others few. */
static const char *const runs[] = {"run-big", "run-00000", "run-00001"};
static const char *const ids[] = {"00000", "50001", "50002"};
static const int32_t outputs[] = {KFPS_IO_OUTPUT, KFPS_IO_ITERATOR_OUTPUT};
static const int32_t inputs[] = {KFPS_IO_TASK_OUTPUT_INPUT, KFPS_IO_COMPONENT_INPUT};

static const list_case cases[] = {
    {{.kind = LIST_ARTIFACTS}, NULL, 1},
    {{.kind = LIST_ARTIFACTS}, "created_at desc", 1},
    {{.kind = LIST_ARTIFACTS}, "name", 1},
    {{.kind = LIST_ARTIFACTS}, "name desc", 1},
    {{.kind = LIST_ARTIFACTS, .artifacts.artifact_namespace = "team-4"}, NULL, 1},
    {{.kind = LIST_ARTIFACTS, .artifacts.artifact_namespace = "team-4"}, "created_at desc", 1},
    {{.kind = LIST_ARTIFACTS, .artifacts.artifact_namespace = "team-4"}, "name", 1},
    {{.kind = LIST_ARTIFACTS, .artifacts.artifact_namespace = "team-4"}, "name desc", 1},
    {{.kind = LIST_ARTIFACTS, .artifacts.artifact_type = 5}, NULL, 1},
    {{.kind = LIST_ARTIFACTS, .artifacts = {.artifact_namespace = "team-4", .artifact_type = 5}}, NULL, 1},
    {{.kind = LIST_ARTIFACTS, .artifacts.run_uuid = "run-big"}, NULL, 1},
    {{.kind = LIST_ARTIFACTS, .artifacts = {.run_uuid = "run-big", .direction = KFPS_DIRECTION_OUTPUT}}, "id desc", 1},
    {{.kind = LIST_TASKS}, NULL, 1},
    {{.kind = LIST_TASKS}, "create_time desc", 1},
    {{.kind = LIST_TASKS}, "name", 1},
    {{.kind = LIST_TASKS, .tasks.task_namespace = "team-4"}, NULL, 1},
    {{.kind = LIST_TASKS, .tasks.task_namespace = "team-4"}, "name desc", 1},
    {{.kind = LIST_TASKS, .tasks.run_uuid = "run-big"}, NULL, 1},
    {{.kind = LIST_TASKS, .tasks.run_uuid = "run-big"}, "create_time desc", 1},
    {{.kind = LIST_TASKS, .tasks = {.run_uuid = "run-big", .task_namespace = "team-4"}}, NULL, 1},
    {{.kind = LIST_TASKS, .tasks.parent_uuid = "00000"}, NULL, 1},
    {{.kind = LIST_TASKS, .tasks = {.run_uuid = "run-big", .parent_uuid = "00000"}}, "create_time desc", 1},
    {{.kind = LIST_LINKS, .links = {.run_uuids = runs, .run_count = 1}}, NULL, 1},
    {{.kind = LIST_LINKS, .links = {.run_uuids = runs, .run_count = 1}}, "id desc", 1},
    {{.kind = LIST_LINKS, .links = {.task_uuids = ids, .task_count = 1}}, NULL, 1},
    {{.kind = LIST_LINKS, .links = {.artifact_uuids = ids, .artifact_count = 1}}, NULL, 1},
    {{.kind = LIST_LINKS, .links = {.run_uuids = runs, .run_count = 3}}, NULL, 3},
    {{.kind = LIST_LINKS, .links = {.run_uuids = runs, .run_count = 3}}, "id desc", 3},
    {{.kind = LIST_LINKS, .links = {.task_uuids = ids, .task_count = 3}}, NULL, 3},
    {{.kind = LIST_LINKS, .links = {.task_uuids = ids, .task_count = 3}}, "id desc", 3},
    {{.kind = LIST_LINKS, .links = {.artifact_uuids = ids, .artifact_count = 3}}, NULL, 3},
    {{.kind = LIST_LINKS, .links = {.artifact_uuids = ids, .artifact_count = 3}}, "id desc", 3},
    {{.kind = LIST_LINKS, .links = {.run_uuids = runs, .run_count = 3, .direction = KFPS_DIRECTION_INPUT}}, NULL, 3},
    {{.kind = LIST_LINKS, .links = {.run_uuids = runs, .run_count = 3, .io_types = outputs, .io_type_count = 2}},
     NULL,
     3},
    {{.kind = LIST_LINKS, .links = {.task_uuids = ids, .task_count = 3, .io_types = inputs, .io_type_count = 2}},
     NULL,
     3},
    {{.kind = LIST_LINKS,
      .links = {.artifact_uuids = ids, .artifact_count = 2, .io_types = inputs, .io_type_count = 1}},
     NULL,
     2},
    {{.kind = LIST_LINKS,
      .links = {.artifact_uuids = ids,
                .artifact_count = 3,
                .run_uuids = runs,
                .run_count = 2,
                .io_types = inputs,
                .io_type_count = 2}},
     NULL,
     3},
    {{.kind = LIST_LINKS, .links = {.task_uuids = ids, .task_count = 3, .run_uuids = runs, .run_count = 1}}, NULL, 3},
};

enum { CASES = sizeof cases / sizeof *cases };

/* Reads a page with the connection watched; each statement is explained, and the rows that it looked at are counted. */
static void check_page(kfps_session *session, size_t number, bool generic, const kfps_page *page, list_page *got)
{
    const list_case *c = &cases[number];
    kfps_error error;
    kfpb_conn *conn = session->conn;
    const int64_t before = rows_read(conn), between = rows_read(conn);
    watch(conn);
    const kfps_status status = list_read(session, &c->scope, page, got, &error);
    unwatch(conn);
    ck_assert_msg(status == KFPS_OK, "case %zu: %s", number, error.message);
    const int64_t looked_at = rows_read(conn) - between - (between - before);
    for (size_t i = 0; i < seen_count; i++)
        check_plan(conn, &seen[i], c->ids > 1, generic);
    /* an artifact of the run has several links, or very many; team-4 is a tenth of the run's tasks */
    const int pages = c->scope.tasks.task_namespace != NULL ? 40 : 16;
    ck_assert_msg(looked_at <= PAGE * pages * c->ids, "case %zu looked at %lld rows: %s%s", number,
                  (long long) looked_at, seen[0].sql, generic ? ", by its generic plan" : "");
    forget_statements();
}

/* Somewhere in the middle of the list: a token that a page at that depth gives. */
static void check_depths(kfps_session *session, size_t number, bool generic)
{
    static list_page got;
    kfps_error error;
    char token[LIST_TOKEN_SIZE] = "";
    const list_case *c = &cases[number];
    check_page(session, number, generic, &(kfps_page){.page_size = PAGE, .sort_by = c->sort_by}, &got);
    ck_assert_msg(got.count == PAGE, "case %zu has %zu rows", number, got.count);
    for (int pages = 0; pages < 10; pages++) {
        kfp_ok(list_read(session, &c->scope, &(kfps_page){.page_size = 200, .page_token = token, .sort_by = c->sort_by},
                         &got, &error),
               &error);
        if (got.token[0] == '\0')
            break;
        strcpy(token, got.token);
    }
    ck_assert_msg(token[0] != '\0', "case %zu is short", number);
    check_page(session, number, generic, &(kfps_page){.page_size = PAGE, .page_token = token}, &got);
}

/* ---- the look-ups -------------------------------------------------------------------------------------------------
 */

static const char *const few[] = {"10001", "10002", "nobody"};

static kfps_status get_artifacts(kfps_session *session, kfps_error *error)
{
    kfps_artifact_list *list = NULL;
    const kfps_status status = kfps_artifact_get_many(session, few, 3, &list, error);
    kfps_artifact_list_free(list);
    return status;
}

static kfps_status get_by_uri(kfps_session *session, kfps_error *error)
{
    kfps_artifact_list *list = NULL;
    const kfps_status status = kfps_artifact_get_by_uri(session, "team-1", "s3://bucket/none", &list, error);
    kfps_artifact_list_free(list);
    return status;
}

static kfps_status get_tasks(kfps_session *session, kfps_error *error)
{
    kfps_task_list *list = NULL;
    const kfps_status status = kfps_task_get_many(session, few, 3, KFPS_VIEW_FULL, &list, error);
    kfps_task_list_free(list);
    return status;
}

static kfps_status get_children(kfps_session *session, kfps_error *error)
{
    kfps_task_list *list = NULL;
    const kfps_status status = kfps_task_children(session, few[0], runs[1], KFPS_VIEW_FULL, &list, error);
    kfps_task_list_free(list);
    return status;
}

static kfps_status get_link(kfps_session *session, kfps_error *error)
{
    kfps_artifact_task_list *list = NULL;
    const kfps_status status = kfps_artifact_task_get(session, "10001a", &list, error);
    kfps_artifact_task_list_free(list);
    return status;
}

static kfps_status count_tasks(kfps_session *session, kfps_error *error)
{
    int64_t counts[2];
    return kfps_task_count(session, runs + 1, 2, counts, error);
}

static kfps_status walk_lineage(kfps_session *session, kfps_error *error)
{
    kfps_lineage *lineage = NULL;
    const kfps_lineage_start start = {
        .artifact_uuid = few[0], .direction = KFPS_LINEAGE_DOWNSTREAM, .max_depth = 3, .max_nodes = 10};
    const kfps_status status = kfps_lineage_walk(session, &start, &lineage, error);
    kfps_lineage_free(lineage);
    return status;
}

/* None of them scans a table, say EXPLAIN of SQLite and of PostgreSQL, also of its generic plans. */
static void check_look_ups(kfps_session *session, bool generic)
{
    static kfps_status (*const all[])(kfps_session *, kfps_error *) = {
        get_artifacts, get_by_uri, get_tasks, get_children, get_link, count_tasks, walk_lineage};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        kfps_error error;
        kfpb_conn *conn = session->conn;
        watch(conn);
        const kfps_status status = all[i](session, &error);
        unwatch(conn);
        ck_assert_msg(status == KFPS_OK, "look-up %zu: %s", i, error.message);
        ck_assert_uint_gt(seen_count, 0);
        for (size_t k = 0; k < seen_count; k++)
            check_plan(conn, &seen[k], true, generic);
        forget_statements();
    }
}

/* The newest of a tenth of all tasks: nothing is sorted, and no more than that one is looked at. */
static void check_cached(kfps_session *session, const char *space, const char *fingerprint, bool generic)
{
    kfps_error error;
    kfps_task_list *list = NULL;
    kfpb_conn *conn = session->conn;
    const int64_t before = rows_read(conn), between = rows_read(conn);
    watch(conn);
    kfp_ok(kfps_task_find_cached(session, space, fingerprint, KFPS_VIEW_RUNTIME, &list, &error), &error);
    unwatch(conn);
    const int64_t looked_at = rows_read(conn) - between - (between - before);
    ck_assert_uint_eq(list->count, strcmp(fingerprint, "alike") == 0);
    ck_assert_uint_eq(seen_count, 1);
    check_plan(conn, &seen[0], false, generic);
    ck_assert_msg(looked_at <= 4, "%lld rows looked at: %s", (long long) looked_at, seen[0].sql);
    kfps_task_list_free(list);
    forget_statements();
}

static void check_cache(kfps_session *session, bool generic)
{
    check_cached(session, "team-1", "alike", generic);
    check_cached(session, "team-1", "none", generic);
    check_cached(session, NULL, "alike", generic);
    check_cached(session, NULL, "none", generic);
}

/* Of a pipeline that has one run: its tasks are found by the run, not in the order of the batch. */
static void check_invalidation(kfps_session *session, bool generic)
{
    static const char one_run[] = "UPDATE \"run_details\" SET \"PipelineId\"='small' WHERE \"UUID\"='run-00000'";
    kfps_error error;
    int64_t changed = 0;
    size_t checked = 0;
    kfpb_conn *conn = session->conn;
    kfp_ok(kfpb_exec(conn, one_run, NULL, 0, NULL, &error), &error);
    const int64_t before = rows_read(conn), between = rows_read(conn);
    watch(conn);
    kfp_ok(kfps_task_invalidate_pipeline(session, NULL, "small", &changed, &error), &error);
    unwatch(conn);
    const int64_t looked_at = rows_read(conn) - between - (between - before);
    ck_assert_int_ge(changed, 10);
    for (size_t i = 0; i < seen_count; i++) {
        if (strstr(seen[i].sql, "\"Fingerprint\"<>''") == NULL)
            continue;
        check_plan(conn, &seen[i], true, generic);
        checked++;
    }
    ck_assert_uint_eq(checked, 1);
    /* PostgreSQL reads a table of this size whole where it looks for the depths of tasks that are to be locked */
    ck_assert_msg(test_engine_is("pgsql") || looked_at < 5000, "%lld rows looked at for %lld tasks",
                  (long long) looked_at, (long long) changed);
    forget_statements();
}

/* PostgreSQL plans a statement anew five times, then only if that promises more than the average plan: for a look-up it
 * would take longer than finding the row. It seems to, of a value that is rarer than the average, here because one task
 * has a quarter of all links, and of a frequent one. */
static void check_plans_are_kept(void)
{
    static const char *const skewed[] = {
        "INSERT INTO \"artifact_tasks\" (\"UUID\",\"ArtifactID\",\"TaskID\",\"Type\",\"Iteration\",\"RunUUID\","
        "\"ArtifactKey\") SELECT id||'s',id,'00000',2,i,'run-big','s' FROM kfpt_numbers",
        "ANALYZE \"artifact_tasks\""};
    kfps_error error;
    kfpb_text text = {0};
    kfps_store *store = kfp_store(NULL);
    kfps_session *session = kfp_session(store);
    kfp_ok(kfps_txn_begin(session, &error), &error);
    for (size_t i = 0; i < 2; i++)
        kfp_ok(kfpb_exec(session->conn, skewed[i], NULL, 0, NULL, &error), &error);
    for (int i = 0; i < 20; i++) {
        kfps_task_list *list = NULL;
        kfp_ok(kfps_task_find_cached(session, i % 2 ? "team-1" : NULL, "alike", KFPS_VIEW_FULL, &list, &error), &error);
        kfps_task_list_free(list);
        kfp_ok(kfps_task_get(session, few[i % 2], KFPS_VIEW_FULL, &list, &error), &error);
        kfps_task_list_free(list);
        kfp_ok(get_link(session, &error), &error);
    }
    query_text(session->conn, "SELECT statement FROM pg_prepared_statements WHERE custom_plans>5", NULL, &text);
    ck_assert_msg(text.length == 0, "planned anew each time: %s", kfpb_text_get(&text));
    query_text(session->conn, "SELECT count(*) FROM pg_prepared_statements WHERE generic_plans>0", NULL, &text);
    ck_assert_int_ge(atoi(kfpb_text_get(&text)), 5); /* two look-ups, the task, its links, the link */
    kfpb_text_free(&text);
    kfps_txn_rollback(session);
    kfps_session_close(session);
    kfps_store_close(store);
}

/* Which of two values is the frequent one is nothing that a plan of a store may hang on. */
static void check_no_dives(kfps_session *session)
{
    kfps_error error;
    int64_t limit;
    kfp_ok(kfpb_query_int(session->conn, "SELECT @@eq_range_index_dive_limit", NULL, 0, &limit, NULL, &error), &error);
    ck_assert_int_eq(limit, 1); /* never */
}

/* `space`: of the session, or NULL. `plans`: what PostgreSQL's plan_cache_mode is to be, or NULL. */
static void check_all(const char *space, const char *plans)
{
    kfps_error error;
    kfps_store *store = kfp_store(NULL);
    kfps_session *session = NULL;
    kfp_ok(kfps_session_open(
               store, &(kfps_session_options){.struct_size = sizeof(kfps_session_options), .session_namespace = space},
               &session, &error),
           &error);
    kfp_ok(kfps_txn_begin(session, &error), &error);
    if (plans != NULL) {
        char sql[64];
        snprintf(sql, sizeof sql, "SET LOCAL plan_cache_mode=%s", plans);
        kfp_ok(kfpb_exec(session->conn, sql, NULL, 0, NULL, &error), &error);
    }
    if (test_engine_is("mysql"))
        check_no_dives(session);
    const bool generic = plans != NULL && strcmp(plans, "force_generic_plan") == 0;
    for (size_t i = 0; i < CASES; i++) {
        if (space == NULL || cases[i].scope.kind == LIST_LINKS)
            check_depths(session, i, generic);
    }
    if (space == NULL) {
        check_look_ups(session, generic);
        check_cache(session, generic);
        check_invalidation(session, generic);
    }
    kfps_txn_rollback(session);
    kfps_session_close(session);
    kfps_store_close(store);
}

static void check_ways(void)
{
    if (test_engine_is("pgsql")) {
        check_all(NULL, "force_custom_plan");
        check_all(NULL, "force_generic_plan");
        check_all("team-1", "force_generic_plan");
        check_plans_are_kept();
    } else {
        check_all(NULL, NULL);
        check_all("team-1", NULL);
    }
}

START_TEST(no_list_looks_at_more_than_its_pages)
{
    kfp_fresh();
    filler = test_open();
    fill();
    if (!test_engine_is("pgsql"))
        check_ways(); /* nobody gathers statistics on SQLite; servers do, soon after many rows came */
    gather_statistics();
    kfpb_close(&filler);
    check_ways();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("list_plans");
    TCase *all = tcase_create("list_plans");
    tcase_set_timeout(all, 800);
    tcase_add_test(all, no_list_looks_at_more_than_its_pages);
    suite_add_tcase(suite, all);
    return suite_main(suite);
}
