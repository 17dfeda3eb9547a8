/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_list_plans.c: with 100,000 artifacts and tasks and 300,000 links no list looks at more rows than a few pages
 * have, in any of the orders that kfpstore(7) calls served, at any depth, and no look-up scans a table. The statements
 * are the library's own, taken with their values from its connection; what the engine does with them is read from
 * EXPLAIN there and, on servers, from its counters of rows.
 */
#include <stdarg.h>

#include "backends/base/text.h"
#include "libkfpstore/session.h"
#include "tests/harness/lists.h"

enum { PAGE = 20, STATEMENTS = 16 };

/* The tables of upstream have the same indexes: there a fifth of it shows that collations do not matter. */
static int all_rows(void)
{
    return kfp_is_adopted() ? 20000 : 100000;
}

/* ---- the data -----------------------------------------------------------------------------------------------------
 */

static kfpb_conn *filler;

static void run(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void run(const char *format, ...)
{
    char sql[4096];
    va_list list;
    va_start(list, format);
    vsnprintf(sql, sizeof sql, format, list);
    va_end(list);
    test_exec(filler, sql);
}

/* A letter before a text, in the engine's way. */
static const char *with(const char *letter, const char *column)
{
    static char buffers[8][64];
    static int next;
    char *out = buffers[next = (next + 1) % 8];
    snprintf(out, sizeof buffers[0], test_engine_is("mysql") ? "CONCAT('%s',%s)" : "'%s'||(%s)", letter, column);
    return out;
}

/* A letter behind it: ids of links are spread as UUIDs are. */
static const char *id_with(const char *column, const char *letter)
{
    static char buffers[8][64];
    static int next;
    char *out = buffers[next = (next + 1) % 8];
    snprintf(out, sizeof buffers[0], test_engine_is("mysql") ? "CONCAT(%s,'%s')" : "(%s)||'%s'", column, letter);
    return out;
}

/* 0 to 99,999 (19,999), each with a text "00042" that is another number's: ids are in no order that the others have. */
static void numbers(void)
{
    const char *text = test_engine_is("sqlite")  ? "printf('%05d',%s)"
                       : test_engine_is("pgsql") ? "lpad((%s)::text,5,'0')"
                                                 : "LPAD(%s,5,'0')";
    const char *i = "(a.d+10*b.d+100*c.d+1000*e.d+10000*f.d)";
    char id[256], permuted[128];
    run("CREATE TABLE kfpt_digits (d INTEGER)");
    run("INSERT INTO kfpt_digits VALUES (0),(1),(2),(3),(4),(5),(6),(7),(8),(9)");
    run("CREATE TABLE kfpt_numbers (i INTEGER PRIMARY KEY, id VARCHAR(64))");
    snprintf(permuted, sizeof permuted, "(%s*7919)%%%d", i, all_rows());
    const char *place = strstr(text, "%s");
    snprintf(id, sizeof id, "%.*s%s%s", (int) (place - text), text, permuted, place + 2);
    run("INSERT INTO kfpt_numbers SELECT %s,%s FROM kfpt_digits a,kfpt_digits b,kfpt_digits c,kfpt_digits e,kfpt_digits f "
        "WHERE f.d<%d",
        i, id, all_rows() / 10000);
}

/* A quarter of everything has the same second. One run has a fifth of the tasks, one task has half of those as
 * children, one artifact as many links as there are tasks, one task a tenth of that; all tasks of team-1 have succeeded
 * and have one fingerprint; the rest is spread over 1,000 runs and 10 namespaces. */
static void fill(void)
{
    const int rows = all_rows();
    char age[64], of_run[128];
    snprintf(age, sizeof age, "CASE WHEN n.i%%4=0 THEN %d ELSE n.i END", rows / 2);
    snprintf(of_run, sizeof of_run, "CASE WHEN n.i<%d THEN 'run-big' ELSE %s END", rows / 5, with("run-", "n3.id"));
    if (test_engine_is("mysql")) /* they refer to what is there */
        run("SET foreign_key_checks=0, unique_checks=0");
    numbers();
    kfp_run("run-big", "team-1", "RUNNING");
    run("INSERT INTO \"run_details\" (\"UUID\",\"DisplayName\",\"Name\",\"Description\",\"Namespace\",\"ExperimentUUID\","
        "\"StorageState\",\"ServiceAccount\",\"PipelineId\",\"PipelineName\",\"CreatedAtInSec\",\"Conditions\","
        "\"PipelineRuntimeManifest\",\"WorkflowRuntimeManifest\") SELECT %s,'r','r','','team-1','e','','','p','p',n.i,'','',"
        "'' FROM kfpt_numbers n WHERE n.i<1000",
        with("run-", "n.id"));
    run("INSERT INTO \"artifacts\" (\"UUID\",\"Namespace\",\"Type\",\"Name\",\"CreatedAtInSec\",\"URIHash\",\"Metadata\") "
        "SELECT n.id,%s,1+n.i%%8,CASE WHEN n.i%%100=0 THEN NULL ELSE n2.id END,%s,'','{}' FROM kfpt_numbers n "
        "JOIN kfpt_numbers n2 ON n2.i=n.i%%5000",
        with("team-", test_engine_is("pgsql") ? "(n.i%10)::text" : "n.i%10"), age);
    run("INSERT INTO \"tasks\" (\"UUID\",\"Namespace\",\"RunUUID\",\"Name\",\"CreatedAtInSec\",\"Fingerprint\",\"State\","
        "\"Type\",\"pods\",\"TypeAttrs\") SELECT n.id,%s,%s,n2.id,%s,CASE WHEN n.i%%10=1 THEN 'alike' ELSE n.id END,"
        "CASE WHEN n.i%%10=1 THEN 2 ELSE 1 END,2,'[]','{}' FROM kfpt_numbers n "
        "JOIN kfpt_numbers n2 ON n2.i=n.i%%5000 JOIN kfpt_numbers n3 ON n3.i=n.i%%1000",
        with("team-", test_engine_is("pgsql") ? "(n.i%10)::text" : "n.i%10"), of_run, age);
    run("UPDATE \"tasks\" SET \"ParentTaskUUID\"='00000' WHERE \"RunUUID\"='run-big' AND \"UUID\"<'%05d' AND "
        "\"UUID\"<>'00000'",
        rows / 2);
    const char *into =
        "INSERT INTO \"artifact_tasks\" (\"UUID\",\"ArtifactID\",\"TaskID\",\"Type\",\"Iteration\",\"RunUUID\","
        "\"ArtifactKey\") SELECT";
    run("%s %s,n.id,t.\"UUID\",9,n.i,t.\"RunUUID\",'k' FROM kfpt_numbers n JOIN \"tasks\" t ON t.\"UUID\"=n.id", into,
        id_with("n.id", "a"));
    run("%s %s,'00000',t.\"UUID\",2,n.i,t.\"RunUUID\",'k' FROM kfpt_numbers n JOIN \"tasks\" t ON t.\"UUID\"=n.id",
        into, id_with("n.id", "b"));
    run("%s %s,n.id,t.\"UUID\",3,n.i,t.\"RunUUID\",'k' FROM kfpt_numbers n JOIN \"tasks\" t ON "
        "t.\"UUID\"=CASE WHEN n.i<%d THEN '00000' ELSE n.id END",
        into, id_with("n.id", "c"), rows / 10);
}

static void gather_statistics(void)
{
    static const char *const tables[] = {"artifacts", "tasks", "artifact_tasks", "run_details"};
    for (int i = 0; i < 4; i++) {
        if (test_engine_is("mysql")) {
            char sql[64];
            snprintf(sql, sizeof sql, "ANALYZE TABLE %s", tables[i]);
            free(test_client(sql));
        } else {
            run("ANALYZE \"%s\"", tables[i]);
        }
    }
}

/* ---- the library's connection, watched ----------------------------------------------------------------------------
 */

typedef struct statement {
    char *sql;
    kfpb_value *values;
    char **texts;
    size_t count;
} statement;

static statement seen[STATEMENTS];
static size_t seen_count;
static kfpb_conn_ops spy;
static const kfpb_conn_ops *real;

static kfps_status watched_query(kfpb_conn *conn, const char *sql, const kfpb_value *values, size_t count,
                                 kfpb_rows **out, kfps_error *error)
{
    ck_assert_uint_lt(seen_count, STATEMENTS);
    statement *s = &seen[seen_count++];
    *s = (statement){.sql = strdup(sql), .values = calloc(count + 1, sizeof *values), .count = count};
    s->texts = calloc(count + 1, sizeof *s->texts);
    for (size_t i = 0; i < count; i++) {
        s->values[i] = values[i];
        if (values[i].kind == KFPB_TEXT)
            s->values[i].text = s->texts[i] = strndup(values[i].text, values[i].length);
    }
    return real->query(conn, sql, values, count, out, error);
}

static void forget_statements(void)
{
    for (size_t i = 0; i < seen_count; i++) {
        for (size_t k = 0; k < seen[i].count; k++)
            free(seen[i].texts[k]);
        free(seen[i].texts);
        free(seen[i].values);
        free(seen[i].sql);
    }
    seen_count = 0;
}

/* All columns of all rows of a query, as text. */
static void query_text(kfpb_conn *conn, const char *before, const statement *s, kfpb_text *out)
{
    kfps_error error = {0};
    kfpb_rows *rows = NULL;
    kfpb_text sql = {0};
    kfpb_text_printf(&sql, "%s%s", before, s != NULL ? s->sql : "");
    const kfps_status status = real->query(conn, sql.data, s != NULL ? s->values : NULL, s != NULL ? s->count : 0,
                                           &rows, &error);
    ck_assert_msg(status == KFPS_OK, "%s: %s", sql.data, error.message);
    while (kfpb_next(rows, &error) > 0) {
        for (size_t i = 0; i < rows->columns; i++) {
            const char *text = kfpb_get_text(rows, i, NULL);
            kfpb_text_printf(out, "%s|", text != NULL ? text : "");
        }
        kfpb_text_char(out, '\n');
    }
    kfpb_rows_free(&rows);
    kfpb_text_free(&sql);
}

/* Rows and index entries that this session looked at so far; 0 where the engine does not count. */
static int64_t rows_read(kfpb_conn *conn)
{
    kfpb_text text = {0};
    int64_t sum = 0;
    if (test_engine_is("pgsql")) {
        query_text(
            conn,
            "SELECT sum(pg_stat_get_xact_tuples_returned(oid))+sum(CASE WHEN relkind='r' THEN "
            "pg_stat_get_xact_tuples_fetched(oid) ELSE 0 END) FROM pg_class WHERE oid IN (SELECT oid FROM pg_class "
            "WHERE relname IN ('artifacts','tasks','artifact_tasks') UNION ALL SELECT indexrelid FROM pg_index "
            "WHERE indrelid IN (SELECT oid FROM pg_class WHERE relname IN ('artifacts','tasks','artifact_tasks')))",
            NULL, &text);
        sum = atoll(kfpb_text_get(&text));
    } else if (test_engine_is("mysql")) {
        query_text(conn,
                   "SHOW SESSION STATUS WHERE Variable_name IN ('Handler_read_first','Handler_read_key',"
                   "'Handler_read_last','Handler_read_next','Handler_read_prev')",
                   NULL, &text);
        for (const char *at = kfpb_text_get(&text); (at = strchr(at, '|')) != NULL; at++)
            sum += atoll(at + 1);
    }
    kfpb_text_free(&text);
    return sum;
}

/* ---- what EXPLAIN must not say ------------------------------------------------------------------------------------
 */

static void no_full_scan(const char *plan, const char *sql)
{
    static const char *const tables[] = {"artifacts", "tasks", "artifact_tasks", "l", "a", "run_details"};
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        char words[64];
        snprintf(words, sizeof words, test_engine_is("sqlite") ? "SCAN %s|" : "Seq Scan on %s ", tables[i]);
        ck_assert_msg(strstr(plan, words) == NULL, "%s\n%s", sql, plan);
    }
}

/* The plan for whatever values: PostgreSQL takes it from the sixth time on if it looks cheaper. */
static void generic_plan(kfpb_conn *conn, const statement *s, kfpb_text *out)
{
    kfps_error error;
    kfpb_text prepare = {0}, explain = {0};
    const char *from = s->sql;
    size_t number = 0;
    kfpb_text_add(&prepare, "PREPARE kfpt AS ");
    kfpb_text_add(&explain, "EXPLAIN EXECUTE kfpt");
    for (const char *at; (at = strchr(from, '?')) != NULL; from = at + 1) {
        kfpb_text_addn(&prepare, from, (size_t) (at - from));
        kfpb_text_printf(&prepare, s->values[number].kind == KFPB_INT ? "CAST($%zu AS bigint)" : "$%zu", number + 1);
        kfpb_text_add(&explain, number == 0 ? "(NULL" : ",NULL");
        number++;
    }
    kfpb_text_add(&prepare, from);
    kfpb_text_add(&explain, number > 0 ? ")" : "");
    ck_assert_uint_eq(number, s->count);
    kfp_ok(real->exec(conn, prepare.data, NULL, 0, NULL, &error), &error);
    query_text(conn, explain.data, NULL, out);
    kfp_ok(real->exec(conn, "DEALLOCATE kfpt", NULL, 0, NULL, &error), &error);
    kfpb_text_free(&prepare);
    kfpb_text_free(&explain);
}

/* `merges`: the first rows of several ids may be sorted. */
static void check_plan(kfpb_conn *conn, const statement *s, bool merges, bool generic)
{
    kfpb_text plan = {0};
    if (generic)
        generic_plan(conn, s, &plan);
    else
        query_text(conn, test_engine_is("sqlite") ? "EXPLAIN QUERY PLAN " : "EXPLAIN ", s, &plan);
    const char *text = kfpb_text_get(&plan);
    if (getenv("KFPSTORE_TEST_SHOW_PLANS") != NULL)
        printf("%s\n%s\n", s->sql, text);
    no_full_scan(text, s->sql);
    const char *sort = test_engine_is("sqlite") ? "USE TEMP B-TREE" : test_engine_is("pgsql") ? "Sort Key" : "filesort";
    const char *found = strstr(text, sort);
    /* rows of a page by their ids, and a merge: the only sorts */
    const bool by_ids = strstr(s->sql, "\"UUID\" IN (") != NULL || strstr(s->sql, "\"UUID\" = ANY(") != NULL;
    ck_assert_msg(found == NULL || merges || by_ids, "sorted: %s\n%s", s->sql, text);
    kfpb_text_free(&plan);
}

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
    real = conn->ops;
    spy = *real;
    spy.query = watched_query;
    conn->ops = &spy;
    const kfps_status status = list_read(session, &c->scope, page, got, &error);
    conn->ops = real;
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
        spy = *real;
        spy.query = watched_query;
        conn->ops = &spy;
        const kfps_status status = all[i](session, &error);
        conn->ops = real;
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
    spy = *real;
    spy.query = watched_query;
    conn->ops = &spy;
    kfp_ok(kfps_task_find_cached(session, space, fingerprint, KFPS_VIEW_RUNTIME, &list, &error), &error);
    conn->ops = real;
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
    real = session->conn->ops;
    query_text(session->conn, "SELECT statement FROM pg_prepared_statements WHERE custom_plans>5", NULL, &text);
    ck_assert_msg(text.length == 0, "planned anew each time: %s", kfpb_text_get(&text));
    kfpb_text_free(&text);
    kfps_txn_rollback(session);
    kfps_session_close(session);
    kfps_store_close(store);
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
    real = session->conn->ops;
    if (plans != NULL) {
        char sql[64];
        snprintf(sql, sizeof sql, "SET LOCAL plan_cache_mode=%s", plans);
        kfp_ok(real->exec(session->conn, sql, NULL, 0, NULL, &error), &error);
    }
    const bool generic = plans != NULL && strcmp(plans, "force_generic_plan") == 0;
    for (size_t i = 0; i < CASES; i++) {
        if (space == NULL || cases[i].scope.kind == LIST_LINKS)
            check_depths(session, i, generic);
    }
    if (space == NULL) {
        check_look_ups(session, generic);
        check_cache(session, generic);
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
    if (test_engine_is("sqlite"))
        check_ways(); /* nobody gathers statistics there; servers do, soon after many rows came */
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
