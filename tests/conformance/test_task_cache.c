/* SPDX-License-Identifier: Apache-2.0 */
/* test_task_cache.c: the cache look-up, also among many rows, and taking tasks out of the cache. */
#include <time.h>

#include "tests/harness/one_session.h"
#include "tests/harness/task_tests.h"

static void begin(void)
{
    kfp_fresh();
    open_session();
    kfp_run("run-1", "ns", "RUNNING");
    kfp_run("run-2", "other", "SUCCEEDED");
}

static void make(const char *name, const char *space, const char *fingerprint, int32_t state, int64_t created)
{
    kfps_task task = tt_task("run-1", NULL, name, state);
    task.task_namespace = space;
    task.fingerprint = fingerprint;
    task.created_at = created;
    kfp_ok(kfps_task_create(session, &task, 1, NULL, NULL, &error), &error);
}

/* NULL: nothing is found */
static void expect_hit(const char *space, const char *fingerprint, const char *name)
{
    for (int view = KFPS_VIEW_BASIC; view <= KFPS_VIEW_FULL; view++) {
        kfps_task_list *list = NULL;
        kfp_ok(kfps_task_find_cached(session, space, fingerprint, view, &list, &error), &error);
        ck_assert_msg(list->count == (name != NULL), "%s in %s: %zu hits", fingerprint, space != NULL ? space : "any",
                      list->count);
        if (name != NULL)
            ck_assert_str_eq(list->items[0].task.name, name);
        kfps_task_list_free(list);
    }
}

START_TEST(the_latest_that_succeeded)
{
    make("old", "ns", "fp", KFPS_TASK_SUCCEEDED, 10);
    make("new", "ns", "fp", KFPS_TASK_SUCCEEDED, 30);
    make("middle", "ns", "fp", KFPS_TASK_SUCCEEDED, 20);
    make("cached", "ns", "fp", KFPS_TASK_CACHED, 99);
    make("failed", "ns", "fp", KFPS_TASK_FAILED, 98);
    make("running", "ns", "fp", KFPS_TASK_RUNNING, 97);
    make("elsewhere", "other", "fp", KFPS_TASK_SUCCEEDED, 40);
    make("blank", "ns", "", KFPS_TASK_SUCCEEDED, 100);
    expect_hit("ns", "fp", "new");
    expect_hit("other", "fp", "elsewhere");
    expect_hit(NULL, "fp", "elsewhere");
    expect_hit("none", "fp", NULL);
    expect_hit("ns", "none", NULL);
    expect_hit("ns", "it's", NULL);
    kfps_task_list *list = NULL;
    ck_assert_int_eq(kfps_task_find_cached(session, "ns", "", 1, &list, &error), KFPS_INVALID);
    ck_assert_int_eq(kfps_task_find_cached(session, "ns", NULL, 1, &list, &error), KFPS_INVALID);
    ck_assert_int_eq(kfps_task_find_cached(session, "ns", "fp", 0, &list, &error), KFPS_INVALID);
    ck_assert_int_eq(kfps_task_find_cached(session, "ns", "fp", 1, NULL, &error), KFPS_INVALID);
    ck_assert_int_eq(kfps_task_find_cached(NULL, "ns", "fp", 1, &list, NULL), KFPS_INVALID);
}
END_TEST

START_TEST(of_one_second_the_last_uuid)
{
    char uuids[4][KFPS_UUID_SIZE];
    const char *last = uuids[0];
    kfps_task_list *list = NULL;
    for (int i = 0; i < 4; i++) {
        char name[8];
        snprintf(name, sizeof name, "t%d", i);
        kfps_task task = tt_task("run-1", NULL, name, KFPS_TASK_SUCCEEDED);
        task.fingerprint = "fp";
        task.created_at = 10;
        tt_create(session, &task, uuids[i]);
        if (strcmp(uuids[i], last) > 0)
            last = uuids[i];
    }
    kfp_ok(kfps_task_find_cached(session, "ns", "fp", KFPS_VIEW_BASIC, &list, &error), &error);
    ck_assert_str_eq(list->items[0].task.uuid, last);
    ck_assert_ptr_null(list->items[0].task.pods_json);
    kfps_task_list_free(list);
}
END_TEST

/* A case-insensitive collation finds 'FP' for 'fp', and any number of them may stand before the right one. */
static void many_that_look_alike(void)
{
    enum { OTHERS = 700 };
    static char names[OTHERS][16];
    static kfps_task tasks[OTHERS];
    make("right", "ns", "fp", KFPS_TASK_SUCCEEDED, 10);
    for (int i = 0; i < OTHERS; i++) {
        snprintf(names[i], sizeof names[i], "wrong%d", i);
        tasks[i] = tt_task("run-1", NULL, names[i], KFPS_TASK_SUCCEEDED);
        tasks[i].fingerprint = i % 2 ? "FP" : "Fp";
        tasks[i].task_namespace = i % 3 ? "ns" : "NS";
        tasks[i].created_at = 20 + i / 400;
    }
    kfp_ok(kfps_task_create(session, tasks, OTHERS, NULL, NULL, &error), &error);
    expect_hit("ns", "fp", "right");
    expect_hit(NULL, "fp", "right");
    expect_hit("ns", "fP", NULL);
    expect_hit("nS", "fp", NULL);
    expect_hit("ns", "fp ", NULL);
}

START_TEST(fingerprints_are_equal_by_bytes)
{
    many_that_look_alike();
}
END_TEST

/* PostgreSQL compares bytes, unless somebody has given the column a collation that does not. */
START_TEST(fingerprints_are_equal_by_bytes_in_any_collation)
{
    kfpb_conn *conn = test_open();
    test_exec(conn, "CREATE COLLATION kfpt_any_case (provider=icu, locale='und-u-ks-level2', deterministic=false)");
    test_exec(conn, "ALTER TABLE \"tasks\" ALTER \"Fingerprint\" TYPE varchar(255) COLLATE kfpt_any_case");
    many_that_look_alike();
    ck_assert_int_eq(kfp_count("SELECT COUNT(*) FROM \"tasks\" WHERE \"Fingerprint\"='fp'"), 701);
    test_exec(conn, "ALTER TABLE \"tasks\" ALTER \"Fingerprint\" TYPE varchar(255)");
    test_exec(conn, "DROP COLLATION kfpt_any_case");
    kfpb_close(&conn);
}
END_TEST

/* ---- the full view ----------------------------------------------------------------------------------------------- */

static void same_artifacts(const kfps_task_artifact *a, size_t a_count, const kfps_task_artifact *b, size_t b_count)
{
    ck_assert_uint_eq(a_count, b_count);
    for (size_t i = 0; i < a_count; i++) {
        ck_assert_str_eq(a[i].link.uuid, b[i].link.uuid);
        ck_assert_str_eq(a[i].link.task_uuid, b[i].link.task_uuid);
        ck_assert_str_eq(a[i].link.artifact_key, b[i].link.artifact_key);
        ck_assert_int_eq(a[i].link.iteration, b[i].link.iteration);
        ck_assert_str_eq(a[i].artifact.uuid, b[i].artifact.uuid);
        ck_assert_str_eq(a[i].artifact.uri, b[i].artifact.uri);
        ck_assert_pstr_eq(a[i].producer_task_name, b[i].producer_task_name);
        ck_assert_int_eq(a[i].group, b[i].group);
    }
}

/* As kfps_task_get reads it. */
static void expect_full(kfps_session *from, const char *fingerprint, const char *uuid, size_t inputs, size_t outputs)
{
    kfps_task_list *hit = NULL, *got = NULL;
    kfp_ok(kfps_task_find_cached(from, "ns", fingerprint, KFPS_VIEW_FULL, &hit, &error), &error);
    kfp_ok(kfps_task_get(from, uuid, KFPS_VIEW_FULL, &got, &error), &error);
    ck_assert_uint_eq(hit->count, 1);
    const kfps_task_item *a = &hit->items[0], *b = &got->items[0];
    ck_assert_str_eq(a->task.uuid, uuid);
    ck_assert_str_eq(a->task.state_history_json, b->task.state_history_json);
    ck_assert_uint_eq(a->input_count, inputs);
    ck_assert_uint_eq(a->output_count, outputs);
    same_artifacts(a->inputs, a->input_count, b->inputs, b->input_count);
    same_artifacts(a->outputs, a->output_count, b->outputs, b->output_count);
    kfps_task_list_free(hit);
    kfps_task_list_free(got);
}

static void make_full(const char *name, const char *fingerprint, int64_t created, char uuid[KFPS_UUID_SIZE])
{
    kfps_task task = tt_task("run-1", NULL, name, KFPS_TASK_SUCCEEDED);
    task.fingerprint = fingerprint;
    task.created_at = created;
    tt_create(session, &task, uuid);
}

START_TEST(a_hit_has_its_artifacts)
{
    char full[KFPS_UUID_SIZE], bare[KFPS_UUID_SIZE], alike[KFPS_UUID_SIZE];
    static const char trainer[] = "{\"taskName\":\"trainer\"}";
    make_full("full", "fp", 10, full);
    make_full("alike", "FP", 20, alike); /* which a collation may find first */
    make_full("bare", "bare", 10, bare);
    tt_artifact("art-1", "ns", KFPS_ARTIFACT_MODEL);
    tt_artifact("art-2", "ns", KFPS_ARTIFACT_METRIC);
    tt_artifact("art-3", "ns", KFPS_ARTIFACT_METRIC);
    tt_artifact("art-4", "other", KFPS_ARTIFACT_MODEL);
    tt_link("art-1", full, "run-1", KFPS_IO_OUTPUT, "model", "{\"iteration\":\"3\",\"taskName\":\"trainer\"}", 3);
    tt_link("art-3", full, "run-1", KFPS_IO_OUTPUT, "metrics", trainer, -1);
    tt_link("art-2", full, "run-1", KFPS_IO_OUTPUT, "metrics", trainer, -1);
    tt_link("art-1", full, "run-1", KFPS_IO_TASK_OUTPUT_INPUT, "m", NULL, -1);
    tt_link("art-4", full, "run-1", KFPS_IO_COMPONENT_INPUT, "x", NULL, -1);
    tt_link("art-1", alike, "run-1", KFPS_IO_OUTPUT, "of-alike", trainer, -1);
    tt_link("art-2", alike, "run-1", KFPS_IO_OUTPUT, "of-alike", trainer, -1);
    expect_full(session, "fp", full, 2, 3);
    expect_full(session, "FP", alike, 0, 2);
    expect_full(session, "bare", bare, 0, 0);
    /* a session of one namespace is not shown the artifact of another */
    kfps_session_options options;
    kfps_session_options_init(&options);
    options.session_namespace = "ns";
    kfps_session *mine = NULL;
    kfp_ok(kfps_session_open(store, &options, &mine, &error), &error);
    expect_full(mine, "fp", full, 1, 3);
    kfps_session_close(mine);
}
END_TEST

/* Where a server takes longer to begin a statement than to find more rows with it, there is one. */
START_TEST(the_statements_of_a_look_up_are_few)
{
    tt_statements statements = {.mutex = PTHREAD_MUTEX_INITIALIZER};
    kfps_store *counted = tt_counted_store(&statements);
    kfps_session *of_it = kfp_session(counted);
    char uuid[KFPS_UUID_SIZE];
    make_full("full", "fp", 10, uuid);
    tt_artifact("art-1", "ns", KFPS_ARTIFACT_MODEL);
    tt_link("art-1", uuid, "run-1", KFPS_IO_OUTPUT, "model", NULL, -1);
    expect_full(of_it, "fp", uuid, 0, 1); /* and the schema is known from now on */
    for (int view = KFPS_VIEW_BASIC; view <= KFPS_VIEW_FULL; view++) {
        kfps_task_list *list = NULL;
        const int before = statements.plain;
        kfp_ok(kfps_task_find_cached(of_it, "ns", "fp", view, &list, &error), &error);
        ck_assert_uint_eq(list->items[0].output_count, view == KFPS_VIEW_FULL);
        kfps_task_list_free(list);
        ck_assert_int_eq(statements.plain - before, view == KFPS_VIEW_FULL && !test_engine_is("mysql") ? 2 : 1);
    }
    kfps_session_close(of_it);
    kfps_store_close(counted);
}
END_TEST

START_TEST(a_namespace_is_needed_in_multi_user_mode)
{
    kfps_store_options options;
    kfps_session_options of_session;
    kfps_store_options_init(&options);
    kfps_session_options_init(&of_session);
    options.multi_user = 1;
    of_session.session_namespace = "ns";
    kfps_store *many = kfp_store(&options);
    kfps_session *any = kfp_session(many), *mine = NULL;
    kfps_task_list *list = NULL;
    int64_t changed = 0;
    kfp_ok(kfps_session_open(many, &of_session, &mine, &error), &error);
    make("t", "ns", "fp", KFPS_TASK_SUCCEEDED, 1);
    make("u", "other", "fp", KFPS_TASK_SUCCEEDED, 2);
    ck_assert_int_eq(kfps_task_find_cached(any, NULL, "fp", 1, &list, &error), KFPS_INVALID);
    ck_assert_int_eq(kfps_task_find_cached(any, "", "fp", 1, &list, &error), KFPS_INVALID);
    ck_assert_int_eq(kfps_task_find_cached(mine, "other", "fp", 1, &list, &error), KFPS_INVALID);
    ck_assert_int_eq(kfps_task_invalidate_pipeline(any, NULL, "pipeline-1", &changed, &error), KFPS_INVALID);
    kfp_ok(kfps_task_find_cached(mine, NULL, "fp", 1, &list, &error), &error);
    ck_assert_str_eq(list->items[0].task.name, "t");
    kfps_task_list_free(list);
    kfps_session_close(mine);
    kfps_session_close(any);
    kfps_store_close(many);
}
END_TEST

/* ---- invalidation ------------------------------------------------------------------------------------------------ */

START_TEST(invalidated_tasks_are_no_hits)
{
    char uuids[3][KFPS_UUID_SIZE];
    static const char *const fingerprints[] = {"a", "b", ""};
    int64_t changed = 9;
    for (int i = 0; i < 3; i++) {
        char name[8];
        snprintf(name, sizeof name, "t%d", i);
        kfps_task task = tt_task("run-1", NULL, name, KFPS_TASK_SUCCEEDED);
        task.fingerprint = fingerprints[i];
        tt_create(session, &task, uuids[i]);
    }
    kfp_exec("UPDATE \"run_details\" SET \"State\"='SUCCEEDED' WHERE \"UUID\"='run-1'"); /* it does not matter */
    const char *const ids[] = {uuids[2], uuids[0], "nobody", uuids[0]};
    kfp_ok(kfps_task_invalidate(session, ids, 4, &changed, &error), &error);
    ck_assert_int_eq(changed, 1);
    ck_assert_int_eq(tt_tasks_where("\"Fingerprint\"=''"), 2);
    kfp_ok(kfps_task_invalidate(session, ids, 4, &changed, &error), &error);
    ck_assert_int_eq(changed, 0);
    kfp_ok(kfps_task_invalidate(session, NULL, 0, NULL, &error), &error);
    const char *const bad[] = {uuids[1], NULL};
    changed = 9;
    ck_assert_int_eq(kfps_task_invalidate(session, bad, 2, &changed, &error), KFPS_INVALID);
    ck_assert_int_eq(error.element, 1);
    ck_assert_int_eq(changed, 0);
    ck_assert_int_eq(kfps_task_invalidate(session, NULL, 1, &changed, &error), KFPS_INVALID);
    ck_assert_int_eq(kfps_task_invalidate(NULL, bad, 1, &changed, NULL), KFPS_INVALID);
    ck_assert_int_eq(tt_tasks_where("\"Fingerprint\"='b'"), 1);
}
END_TEST

START_TEST(all_tasks_of_a_pipeline)
{
    enum { RUNS = 250, EACH = 10 };
    static kfps_task tasks[RUNS * EACH];
    static char runs[RUNS][16], names[EACH][8];
    int64_t changed = 0;
    for (int i = 0; i < EACH; i++)
        snprintf(names[i], sizeof names[i], "t%d", i);
    for (int r = 0; r < RUNS; r++) {
        char sql[512];
        snprintf(runs[r], sizeof runs[r], "many-%03d", r);
        snprintf(sql, sizeof sql,
                 "INSERT INTO \"run_details\" (\"UUID\",\"DisplayName\",\"Name\",\"Description\",\"Namespace\","
                 "\"ExperimentUUID\",\"StorageState\",\"ServiceAccount\",\"PipelineId\",\"PipelineName\","
                 "\"CreatedAtInSec\",\"Conditions\",\"State\",\"PipelineRuntimeManifest\",\"WorkflowRuntimeManifest\") "
                 "VALUES ('%s','','','','%s','e','AVAILABLE','','%s','p',1,'','RUNNING','','')",
                 runs[r], r == 0 ? "other" : "ns", r == 1 ? "PIPE-A" : "pipe-a");
        kfp_exec(sql);
        for (int i = 0; i < EACH; i++) {
            kfps_task *task = &tasks[r * EACH + i];
            *task = tt_task(runs[r], NULL, names[i], KFPS_TASK_SUCCEEDED);
            task->fingerprint = i == 0 ? "" : "fp";
        }
    }
    kfp_ok(kfps_task_create(session, tasks, RUNS * EACH, NULL, NULL, &error), &error);
    make("keeps", "ns", "fp", KFPS_TASK_SUCCEEDED, 1); /* of pipeline-1 */
    kfp_ok(kfps_task_invalidate_pipeline(session, "ns", "pipe-a", &changed, &error), &error);
    ck_assert_int_eq(changed, (RUNS - 2) * (EACH - 1));
    ck_assert_int_eq(tt_tasks_where("\"Fingerprint\"<>''"), 2 * (EACH - 1) + 1);
    kfp_ok(kfps_task_invalidate_pipeline(session, "ns", "pipe-a", &changed, &error), &error);
    ck_assert_int_eq(changed, 0);
    kfp_ok(kfps_task_invalidate_pipeline(session, NULL, "pipe-a", &changed, &error), &error);
    ck_assert_int_eq(changed, EACH - 1);
    kfp_ok(kfps_task_invalidate_pipeline(session, "ns", "nothing", NULL, &error), &error);
    ck_assert_int_eq(kfps_task_invalidate_pipeline(session, "ns", "", &changed, &error), KFPS_INVALID);
    ck_assert_int_eq(kfps_task_invalidate_pipeline(session, "ns", NULL, &changed, NULL), KFPS_INVALID);
    ck_assert_int_eq(kfps_task_invalidate_pipeline(NULL, "ns", "x", &changed, &error), KFPS_INVALID);
}
END_TEST

/* ---- many rows of one fingerprint -------------------------------------------------------------------------------- */

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double) now.tv_sec + (double) now.tv_nsec / 1e9;
}

/* 10,000 rows have the fingerprint, and newer ones have others: what makes a planner walk the wrong index. A look-up
 * that reads or sorts them takes 10 ms and more; other programs may run beside us, so the best of some counts. */
START_TEST(ten_thousand_of_one_fingerprint)
{
    enum { MANY = 10000, NEWER = 10000, BATCH = 1000 };
    static kfps_task tasks[BATCH];
    static char names[BATCH][16];
    kfps_task_list *list = NULL;
    for (int done = 0; done < MANY + NEWER; done += BATCH) {
        for (int i = 0; i < BATCH; i++) {
            snprintf(names[i], sizeof names[i], "t%d", done + i);
            tasks[i] = tt_task("run-1", NULL, names[i], done < MANY ? KFPS_TASK_SUCCEEDED : KFPS_TASK_RUNNING);
            tasks[i].fingerprint = done < MANY ? "shared" : names[i];
            tasks[i].created_at = 1000 + (done + i) / 5;
        }
        kfp_ok(kfps_task_create(session, tasks, BATCH, NULL, NULL, &error), &error);
    }
    if (test_engine_is("mysql"))
        kfp_exec("ANALYZE TABLE \"tasks\"");
    else
        kfp_exec("ANALYZE");
    for (int with_space = 0; with_space < 2; with_space++) {
        double best = 1e9;
        for (int i = 0; i < 20; i++) {
            const double from = seconds();
            kfp_ok(kfps_task_find_cached(session, with_space ? "ns" : NULL, "shared", KFPS_VIEW_BASIC, &list, &error),
                   &error);
            const double took = seconds() - from;
            best = took < best ? took : best;
            ck_assert_int_eq(list->items[0].task.created_at, 1000 + (MANY - 1) / 5);
            kfps_task_list_free(list);
        }
        ck_assert_msg(best < 0.008, "the look-up took %.2f ms", best * 1e3);
    }
}
END_TEST

static Suite *cache_suite(void)
{
    Suite *suite = suite_create("task_cache");
    TCase *tests = tcase_create("task_cache");
    tcase_set_timeout(tests, 240);
    tcase_add_checked_fixture(tests, begin, close_session);
    tcase_add_test(tests, the_latest_that_succeeded);
    tcase_add_test(tests, of_one_second_the_last_uuid);
    tcase_add_test(tests, fingerprints_are_equal_by_bytes);
    tcase_add_test(tests, a_hit_has_its_artifacts);
    tcase_add_test(tests, the_statements_of_a_look_up_are_few);
    tcase_add_test(tests, a_namespace_is_needed_in_multi_user_mode);
    tcase_add_test(tests, invalidated_tasks_are_no_hits);
    tcase_add_test(tests, all_tasks_of_a_pipeline);
    tcase_add_test(tests, ten_thousand_of_one_fingerprint);
    if (test_engine_is("pgsql"))
        tcase_add_test(tests, fingerprints_are_equal_by_bytes_in_any_collation);
    suite_add_tcase(suite, tests);
    return suite;
}

int main(void)
{
    return suite_main(cache_suite());
}
