/* SPDX-License-Identifier: Apache-2.0 */
/* plans.h: the library's own statements, taken with their values from its connection, and what the engine does with
 * them: its plan, and the rows that it looked at. */
#ifndef KFPT_PLANS_H
#define KFPT_PLANS_H

#include "backends/base/text.h"
#include "tests/harness/kfp.h"

enum { STATEMENTS = 16 };

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

static void watch(kfpb_conn *conn)
{
    real = conn->ops;
    spy = *real;
    spy.query = watched_query;
    conn->ops = &spy;
}

static void unwatch(kfpb_conn *conn)
{
    conn->ops = real;
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
    const kfps_status status = kfpb_query(conn, sql.data, s != NULL ? s->values : NULL, s != NULL ? s->count : 0, &rows,
                                          &error);
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
    kfp_ok(kfpb_exec(conn, prepare.data, NULL, 0, NULL, &error), &error);
    query_text(conn, explain.data, NULL, out);
    kfp_ok(kfpb_exec(conn, "DEALLOCATE kfpt", NULL, 0, NULL, &error), &error);
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

#endif
