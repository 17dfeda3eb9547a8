/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_lineage.c: the graph of every case is drawn here, and what a walk must find follows from the drawing.
 *
 *   data -> train(run-1) -> model -> serve(run-2) -> report
 *                 \-> metrics    \-> tune(run-2) -> model2
 */
#include "tests/harness/one_session.h"
#include "tests/harness/task_tests.h"

static void task(const char *uuid, const char *run)
{
    char sql[1024];
    snprintf(sql, sizeof sql,
             "INSERT INTO \"tasks\" (\"UUID\",\"Namespace\",\"RunUUID\",\"pods\",\"CreatedAtInSec\",\"Fingerprint\","
             "\"Name\",\"State\",\"Type\",\"TypeAttrs\") VALUES ('%s','ns','%s','[]',1,'','name-%s',2,2,'{}')",
             uuid, run, uuid);
    kfp_exec(sql);
}

static void begin(void)
{
    kfp_fresh();
    open_session();
    kfp_run("run-1", "ns", "RUNNING");
    kfp_run("run-2", "ns", "RUNNING");
    static const char *const artifacts[] = {"data", "model", "metrics", "report", "model2"};
    for (size_t i = 0; i < 5; i++)
        tt_artifact(artifacts[i], "ns", KFPS_ARTIFACT_MODEL);
    task("train", "run-1");
    task("serve", "run-2");
    task("tune", "run-2");
    tt_link("data", "train", "run-1", KFPS_IO_COMPONENT_INPUT, "in", NULL, -1);
    tt_link("model", "train", "run-1", KFPS_IO_OUTPUT, "out", NULL, -1);
    tt_link("metrics", "train", "run-1", KFPS_IO_OUTPUT, "m", NULL, 4);
    tt_link("model", "serve", "run-2", KFPS_IO_TASK_OUTPUT_INPUT, "in", NULL, -1);
    tt_link("model", "serve", "run-2", KFPS_IO_TASK_OUTPUT_INPUT, "again", NULL, -1);
    tt_link("report", "serve", "run-2", KFPS_IO_OUTPUT, "out", NULL, -1);
    tt_link("model", "tune", "run-2", KFPS_IO_COLLECTED_INPUTS, "in", NULL, -1);
    tt_link("model2", "tune", "run-2", KFPS_IO_ONE_OF_OUTPUT, "out", NULL, -1);
}

/* "name@depth name@depth …" in the order of the result */
static void expect_walk_in(kfps_session *in, kfps_lineage_start start, const char *nodes, size_t edges, int more)
{
    kfps_lineage *lineage = NULL;
    char got[1024] = "";
    kfp_ok(kfps_lineage_walk(in, &start, &lineage, &error), &error);
    for (size_t i = 0; i < lineage->node_count; i++)
        snprintf(got + strlen(got), sizeof got - strlen(got), "%s%s@%d", i > 0 ? " " : "", lineage->nodes[i].uuid,
                 lineage->nodes[i].depth);
    ck_assert_str_eq(got, nodes);
    ck_assert_uint_eq(lineage->edge_count, edges);
    ck_assert_int_eq(lineage->more, more);
    for (size_t i = 0; i < lineage->edge_count; i++) {
        ck_assert_int_eq(lineage->nodes[lineage->edges[i].artifact].kind, KFPS_NODE_ARTIFACT);
        ck_assert_int_eq(lineage->nodes[lineage->edges[i].task].kind, KFPS_NODE_TASK);
    }
    kfps_lineage_free(lineage);
}

static void expect_walk(kfps_lineage_start start, const char *nodes, size_t edges, int more)
{
    expect_walk_in(session, start, nodes, edges, more);
}

START_TEST(directions)
{
    expect_walk((kfps_lineage_start){.artifact_uuid = "model", .direction = KFPS_LINEAGE_UPSTREAM},
                "model@0 train@1 data@2", 2, 0);
    expect_walk((kfps_lineage_start){.artifact_uuid = "model", .direction = KFPS_LINEAGE_DOWNSTREAM},
                "model@0 serve@1 tune@1 model2@2 report@2", 5, 0);
    expect_walk((kfps_lineage_start){.artifact_uuid = "model"},
                "model@0 serve@1 train@1 tune@1 data@2 model2@2 report@2", 7, 0);
    expect_walk((kfps_lineage_start){.task_uuid = "train", .direction = KFPS_LINEAGE_DOWNSTREAM},
                "train@0 metrics@1 model@1 serve@2 tune@2 model2@3 report@3", 7, 0);
    expect_walk((kfps_lineage_start){.task_uuid = "serve", .direction = KFPS_LINEAGE_UPSTREAM},
                "serve@0 model@1 train@2 data@3", 4, 0);
    expect_walk((kfps_lineage_start){.artifact_uuid = "data", .direction = KFPS_LINEAGE_UPSTREAM}, "data@0", 0, 0);
    expect_walk((kfps_lineage_start){.artifact_uuid = "report", .direction = KFPS_LINEAGE_UPSTREAM},
                "report@0 serve@1 model@2 train@3 data@4", 5, 0);
}
END_TEST

START_TEST(nodes_and_edges_are_whole)
{
    kfps_lineage *lineage = NULL;
    const kfps_lineage_start start = {.task_uuid = "train"};
    kfp_ok(kfps_lineage_walk(session, &start, &lineage, &error), &error);
    ck_assert_uint_eq(lineage->node_count, 8);
    const kfps_lineage_node *train = &lineage->nodes[0], *data = &lineage->nodes[1];
    ck_assert_int_eq(train->kind, KFPS_NODE_TASK);
    ck_assert_int_eq(train->type, KFPS_TASK_RUNTIME);
    ck_assert_int_eq(train->state, KFPS_TASK_SUCCEEDED);
    ck_assert_str_eq(train->run_uuid, "run-1");
    ck_assert_str_eq(train->name, "name-train");
    ck_assert_str_eq(train->node_namespace, "ns");
    ck_assert_str_eq(data->uuid, "data");
    ck_assert_int_eq(data->kind, KFPS_NODE_ARTIFACT);
    ck_assert_int_eq(data->type, KFPS_ARTIFACT_MODEL);
    ck_assert_int_eq(data->state, 0);
    ck_assert_ptr_null(data->run_uuid);
    ck_assert_str_eq(data->name, "name-data");
    bool seen = false;
    for (size_t i = 0; i < lineage->edge_count; i++) {
        const kfps_lineage_edge *edge = &lineage->edges[i];
        if (strcmp(lineage->nodes[edge->artifact].uuid, "metrics") != 0)
            continue;
        seen = true;
        ck_assert_str_eq(lineage->nodes[edge->task].uuid, "train");
        ck_assert_int_eq(edge->io_type, KFPS_IO_OUTPUT);
        ck_assert_int_eq(edge->iteration, 4);
        ck_assert_str_eq(edge->artifact_key, "m");
    }
    ck_assert(seen);
    kfps_lineage_free(lineage);
    kfps_lineage_free(NULL);
}
END_TEST

START_TEST(bounds)
{
    kfps_lineage_start start = {.artifact_uuid = "report", .direction = KFPS_LINEAGE_UPSTREAM, .max_depth = 2};
    expect_walk(start, "report@0 serve@1 model@2", 3, 1);
    start.max_depth = 4;
    expect_walk(start, "report@0 serve@1 model@2 train@3 data@4", 5, 0);
    start.max_depth = 1;
    expect_walk(start, "report@0 serve@1", 1, 1);
    start = (kfps_lineage_start){.artifact_uuid = "model", .max_nodes = 3};
    expect_walk(start, "model@0 serve@1 train@1", 3, 1);
    start.max_nodes = 7;
    expect_walk(start, "model@0 serve@1 train@1 tune@1 data@2 model2@2 report@2", 7, 0);
    start.max_nodes = 1;
    expect_walk(start, "model@0", 0, 1);
}
END_TEST

START_TEST(a_cycle_does_no_harm)
{
    /* model2 is the data that train reads: round and round */
    tt_link("model2", "train", "run-1", KFPS_IO_COMPONENT_INPUT, "seed", NULL, -1);
    /* and train reads what it writes */
    tt_link("model", "train", "run-1", KFPS_IO_COMPONENT_INPUT, "own", NULL, -1);
    expect_walk((kfps_lineage_start){.artifact_uuid = "model", .direction = KFPS_LINEAGE_UPSTREAM},
                "model@0 train@1 data@2 model2@2 tune@3", 6, 0);
    expect_walk((kfps_lineage_start){.artifact_uuid = "model", .direction = KFPS_LINEAGE_DOWNSTREAM},
                "model@0 serve@1 train@1 tune@1 metrics@2 model2@2 report@2", 9, 0);
    expect_walk((kfps_lineage_start){.artifact_uuid = "model", .max_depth = 100},
                "model@0 serve@1 train@1 tune@1 data@2 metrics@2 model2@2 report@2", 10, 0);
}
END_TEST

START_TEST(an_artifact_and_a_task_of_one_name)
{
    task("model", "run-1");
    tt_link("model", "model", "run-1", KFPS_IO_OUTPUT, "k", NULL, -1);
    tt_link("data", "model", "run-1", KFPS_IO_COMPONENT_INPUT, "k", NULL, -1);
    expect_walk((kfps_lineage_start){.artifact_uuid = "model", .direction = KFPS_LINEAGE_UPSTREAM},
                "model@0 model@1 train@1 data@2", 4, 0);
}
END_TEST

START_TEST(nodes_of_other_namespaces_are_left_out)
{
    kfps_session_options options;
    kfps_session *mine = NULL;
    kfps_lineage *lineage = NULL;
    kfps_session_options_init(&options);
    options.session_namespace = "ns";
    kfp_ok(kfps_session_open(store, &options, &mine, &error), &error);
    kfp_exec("UPDATE \"tasks\" SET \"Namespace\"='other' WHERE \"UUID\"='serve'");
    kfp_exec("UPDATE \"artifacts\" SET \"Namespace\"='NS' WHERE \"UUID\"='data'");
    expect_walk_in(mine, (kfps_lineage_start){.artifact_uuid = "model"}, "model@0 train@1 tune@1 model2@2", 3, 0);
    const kfps_lineage_start start = {.artifact_uuid = "data"};
    ck_assert_int_eq(kfps_lineage_walk(mine, &start, &lineage, &error), KFPS_NOT_FOUND);
    kfps_session_close(mine);
}
END_TEST

START_TEST(arguments)
{
    static const kfps_lineage_start bad[] = {
        {0},
        {.artifact_uuid = "model", .task_uuid = "train"},
        {.artifact_uuid = ""},
        {.task_uuid = ""},
        {.artifact_uuid = "model", .direction = 3},
        {.artifact_uuid = "model", .direction = -1},
        {.artifact_uuid = "model", .max_nodes = 10001},
    };
    kfps_lineage *lineage = NULL;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        ck_assert_int_eq(kfps_lineage_walk(session, &bad[i], &lineage, &error), KFPS_INVALID);
        ck_assert_ptr_null(lineage);
    }
    static const kfps_lineage_start absent[] = {{.artifact_uuid = "MODEL"}, {.task_uuid = "model"}, {.task_uuid = "'"}};
    for (size_t i = 0; i < sizeof absent / sizeof *absent; i++)
        ck_assert_int_eq(kfps_lineage_walk(session, &absent[i], &lineage, &error), KFPS_NOT_FOUND);
    ck_assert_int_eq(kfps_lineage_walk(session, NULL, &lineage, &error), KFPS_INVALID);
    ck_assert_int_eq(kfps_lineage_walk(session, &bad[5], NULL, NULL), KFPS_INVALID);
    ck_assert_int_eq(kfps_lineage_walk(NULL, &absent[0], &lineage, &error), KFPS_INVALID);
}
END_TEST

/* 1,500 tasks read one artifact: one or two statements a level, and the bound holds. */
START_TEST(a_wide_level_is_a_few_statements)
{
    static tt_statements statements = {.mutex = PTHREAD_MUTEX_INITIALIZER};
    kfps_store *counted = tt_counted_store(&statements);
    kfps_session *s = kfp_session(counted);
    kfps_lineage *lineage = NULL;
    enum { WIDE = 1500 };
    kfpb_conn *conn = test_open();
    test_exec(conn, "BEGIN");
    for (int i = 0; i < WIDE; i++) {
        char sql[512];
        snprintf(sql, sizeof sql,
                 "INSERT INTO \"tasks\" (\"UUID\",\"Namespace\",\"RunUUID\",\"pods\",\"CreatedAtInSec\","
                 "\"Fingerprint\",\"State\",\"Type\",\"TypeAttrs\") VALUES ('wide-%04d','ns','run-1','[]',1,'',1,2,"
                 "'{}')",
                 i);
        test_exec(conn, sql);
        snprintf(sql, sizeof sql,
                 "INSERT INTO \"artifact_tasks\" (\"UUID\",\"ArtifactID\",\"TaskID\",\"Type\",\"RunUUID\","
                 "\"ArtifactKey\") VALUES ('w-%04d','data','wide-%04d',3,'run-1','k')",
                 i, i);
        test_exec(conn, sql);
    }
    test_exec(conn, "COMMIT");
    kfpb_close(&conn);
    kfps_lineage_start start = {.artifact_uuid = "data", .direction = KFPS_LINEAGE_DOWNSTREAM, .max_nodes = 5000};
    kfp_ok(kfps_lineage_walk(s, &start, &lineage, &error), &error); /* a connection */
    kfps_lineage_free(lineage);
    statements.plain = 0;
    kfp_ok(kfps_lineage_walk(s, &start, &lineage, &error), &error);
    ck_assert_uint_eq(lineage->node_count, WIDE + 1 + 7);
    ck_assert_int_eq(lineage->more, 0);
    ck_assert_msg(statements.plain <= 16, "%d statements", statements.plain);
    kfps_lineage_free(lineage);
    start.max_nodes = 100;
    kfp_ok(kfps_lineage_walk(s, &start, &lineage, &error), &error);
    ck_assert_uint_eq(lineage->node_count, 100);
    ck_assert_int_eq(lineage->more, 1);
    ck_assert_str_eq(lineage->nodes[1].uuid, "train");
    ck_assert_str_eq(lineage->nodes[99].uuid, "wide-0097");
    kfps_lineage_free(lineage);
    kfps_session_close(s);
    kfps_store_close(counted);
}
END_TEST

static Suite *lineage_suite(void)
{
    Suite *suite = suite_create("lineage");
    TCase *tests = tcase_create("lineage");
    tcase_set_timeout(tests, 120);
    tcase_add_checked_fixture(tests, begin, close_session);
    tcase_add_test(tests, directions);
    tcase_add_test(tests, nodes_and_edges_are_whole);
    tcase_add_test(tests, bounds);
    tcase_add_test(tests, a_cycle_does_no_harm);
    tcase_add_test(tests, an_artifact_and_a_task_of_one_name);
    tcase_add_test(tests, nodes_of_other_namespaces_are_left_out);
    tcase_add_test(tests, arguments);
    tcase_add_test(tests, a_wide_level_is_a_few_statements);
    suite_add_tcase(suite, tests);
    return suite;
}

int main(void)
{
    return suite_main(lineage_suite());
}
