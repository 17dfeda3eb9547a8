/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_prepared.c: statements that a connection keeps: their rows, open ones, how many, and what becomes of them when
 * types, tables or the server change. A statement may be sent in another way the first time than the second.
 */
#include "config.h"

#include <math.h>

#include "tests/harness/hostile.h"
#include "tests/harness/items.h"

#ifdef KFPB_WITH_MYSQL
#include "backends/mysql/mysql.h"
#endif

enum { TIMES = 4, LONG = 60000 };

/* ---- values and rows --------------------------------------------------------------------------------------------- */

static void make_columns(kfpb_conn *conn)
{
    char sql[256];
    snprintf(
        sql, sizeof sql,
        "CREATE TABLE s_row (id INTEGER, a BIGINT, b SMALLINT, c DOUBLE PRECISION, d DECIMAL(30,10), e VARCHAR(40),"
        " f TEXT, g JSON, h TIMESTAMP NULL, u %s)",
        test_engine_is("mysql") ? "BIGINT UNSIGNED" : "DECIMAL(20,0)");
    test_exec(conn, sql);
}

/* All that can be read of a result. */
static char *told(kfpb_conn *conn, const char *sql, const kfpb_value *value)
{
    kfpb_text out = {0};
    kfpb_rows *rows = rows_of(conn, sql, value, 1);
    while (next(rows)) {
        for (size_t c = 0; c < rows->columns; c++) {
            size_t length;
            const char *text = kfpb_get_text(rows, c, &length);
            ck_assert_int_eq(text == NULL, kfpb_is_null(rows, c));
            kfpb_text_printf(&out, "[%s %zu %lld %a] ", text != NULL ? text : "NULL", length,
                             (long long) kfpb_get_int(rows, c), kfpb_get_double(rows, c));
        }
    }
    kfpb_rows_free(&rows);
    ck_assert(!out.out_of_memory);
    return out.data;
}

START_TEST(rows_are_the_same_each_time)
{
    static const char *const queries[] = {
        "SELECT id, a, b, c, d, e, f, g, h, u FROM s_row WHERE id >= ? ORDER BY id",
        "SELECT COUNT(*), SUM(a), AVG(b), MAX(c), MIN(e), NULL, SUM(c), 1.5, 'x' FROM s_row WHERE id > ?",
        "SELECT f FROM s_row WHERE id = 1000 + ?",
    };
    static char text[LONG + 1];
    kfpb_conn *conn = test_open();
    const kfpb_value from = kfpb_int(0), long_text = kfpb_textn(text, LONG);
    make_columns(conn);
    test_exec(conn, "INSERT INTO s_row VALUES (0, 9223372036854775807, -32768, 0.1, 12345678901234567890.0123456789, "
                    "'it''s', '', '{\"a\": [1, 2.5, null]}', '2026-11-27 01:02:03', 18446744073709551615)");
    test_exec(conn, "INSERT INTO s_row VALUES (1, -9223372036854775807, 32767, 1e300, -0.5, ' blank ', 'f', '[]', "
                    "'1999-12-31 23:59:59', 0)");
    test_exec(conn, "INSERT INTO s_row (id) VALUES (2)");
    test_exec(conn, "INSERT INTO s_row (id, a, c, e) VALUES (3, 0, -1234567.875, '\xc3\xa9\xf0\x9f\x98\x80')");
    test_exec(conn, "INSERT INTO s_row (id, c) VALUES (4, 5e-324), (5, 123456789012345680), (6, 1e15), (7, 1e16)");
    memset(text, 'y', LONG);
    changed_by(conn, "UPDATE s_row SET f = ? WHERE id = 1", &long_text, 1);

    for (size_t q = 0; q < sizeof queries / sizeof queries[0]; q++) {
        char *first = told(conn, queries[q], &from);
        for (int i = 1; i < TIMES; i++) {
            char *again = told(conn, queries[q], &from);
            ck_assert_pstr_eq(again, first);
            free(again);
        }
        ck_assert_int_eq(first != NULL && strstr(first, "[9223372036854775807 19 9223372036854775807 ") != NULL,
                         q == 0);
        free(first);
    }
    /* other values, and other lengths than the first ones */
    for (int64_t id = 0; id < 8; id++) {
        const kfpb_value value = kfpb_int(id);
        kfpb_rows *rows = rows_of(conn, "SELECT f, id FROM s_row WHERE id = ?", &value, 1);
        size_t length;
        ck_assert(next(rows));
        kfpb_get_text(rows, 0, &length);
        ck_assert_uint_eq(length, id == 1 ? LONG : 0);
        ck_assert_int_eq(kfpb_get_int(rows, 1), id);
        ck_assert(!next(rows));
        kfpb_rows_free(&rows);
    }
    test_exec(conn, "DROP TABLE s_row");
    kfpb_close(&conn);
}
END_TEST

/* Each value some times by one statement, and read back by another. */
static void put_often(kfpb_conn *conn, const char *put, const char *get, kfpb_value value)
{
    for (int i = 0; i < TIMES; i++) {
        ck_assert_int_eq(changed_by(conn, put, (const kfpb_value[]){kfpb_int(i), value}, 2), 1);
        kfpb_rows *rows = rows_of(conn, get, NULL, 0);
        ck_assert(next(rows));
        switch (value.kind) {
        case KFPB_NULL:
            ck_assert(kfpb_is_null(rows, 0));
            break;
        case KFPB_INT:
            ck_assert_int_eq(kfpb_get_int(rows, 0), value.integer);
            break;
        case KFPB_DOUBLE:
            ck_assert_msg(kfpb_get_double(rows, 0) == value.real, "%a", value.real);
            break;
        case KFPB_TEXT: {
            size_t length;
            const char *text = kfpb_get_text(rows, 0, &length);
            ck_assert_uint_eq(length, value.length);
            ck_assert_mem_eq(text, value.text, length);
            break;
        }
        }
        kfpb_rows_free(&rows);
        changed_by(conn, "DELETE FROM s_row", NULL, 0);
    }
}

START_TEST(values_arrive_the_same_each_time)
{
    static const int64_t integers[] = {0, -1, INT64_MIN, INT64_MAX};
    static const double reals[] = {0.1, -2.5, 5e-324, 1.7976931348623157e308, 1e15, 123456789012345680.0};
    static char text[LONG + 1];
    kfpb_conn *conn = test_open();
    make_columns(conn);
    for (size_t i = 0; i < sizeof integers / sizeof integers[0]; i++)
        put_often(conn, "INSERT INTO s_row (id, a) VALUES (?, ?)", "SELECT a FROM s_row", kfpb_int(integers[i]));
    for (size_t i = 0; i < sizeof reals / sizeof reals[0]; i++)
        put_often(conn, "INSERT INTO s_row (id, c) VALUES (?, ?)", "SELECT c FROM s_row", kfpb_double(reals[i]));
    for (size_t i = 0; i < HOSTILE_PIECES; i++)
        put_often(conn, "INSERT INTO s_row (id, f) VALUES (?, ?)", "SELECT f FROM s_row", kfpb_str(hostile_pieces[i]));
    memset(text, '\'', LONG);
    put_often(conn, "INSERT INTO s_row (id, f) VALUES (?, ?)", "SELECT f FROM s_row", kfpb_textn(text, LONG));
    put_often(conn, "INSERT INTO s_row (id, f) VALUES (?, ?)", "SELECT f FROM s_row", kfpb_null());
    put_often(conn, "INSERT INTO s_row (id, a) VALUES (?, ?)", "SELECT a FROM s_row", kfpb_null());
    test_exec(conn, "DROP TABLE s_row");
    kfpb_close(&conn);
}
END_TEST

/* What cannot be sent is refused the second time as the first, and the connection goes on. */
START_TEST(refused_each_time)
{
    static const char put[] = "INSERT INTO s_item (id, name, kind, data) VALUES (?, ?, ?, ?)";
    kfpb_conn *conn = test_open();
    const size_t packet = conn->limits.statement_bytes * 2;
    char *text = NULL;
    if (test_engine_is("mysql")) {
        text = malloc(packet);
        ck_assert_ptr_nonnull(text);
        memset(text, ' ', packet);
    }
    for (int64_t i = 0; i < TIMES; i++) {
        kfps_error error = {0};
        const kfpb_value twice[] = {kfpb_int(0), kfpb_str("a"), kfpb_int(1), kfpb_str("{}")};
        const kfpb_value fine[] = {kfpb_int(1 + i), kfpb_str("a"), kfpb_int(1), kfpb_str("{}")};
        const kfpb_value endless[] = {kfpb_int(9), kfpb_str("a"), kfpb_double(INFINITY), kfpb_str("{}")};
        ck_assert_int_eq(kfpb_exec(conn, put, twice, 4, NULL, &error), i == 0 ? KFPS_OK : KFPS_EXISTS);
        if (test_engine_is("mysql")) {
            const kfpb_value large[] = {kfpb_int(9), kfpb_str("a"), kfpb_int(1), kfpb_textn(text, packet)};
            ck_assert_int_eq(kfpb_exec(conn, put, endless, 4, NULL, &error), KFPS_INVALID);
            ck_assert_int_eq(kfpb_exec(conn, put, large, 4, NULL, &error), KFPS_TOO_LARGE);
        }
        ck_assert_int_eq(changed_by(conn, put, fine, 4), 1);
    }
    ck_assert_int_eq(number_of(conn, "SELECT COUNT(*) FROM s_item"), 1 + TIMES);
    free(text);
    kfpb_close(&conn);
}
END_TEST

/* ---- open rows ---------------------------------------------------------------------------------------
 */

START_TEST(several_open_rows)
{
    static const char sql[] = "SELECT id, name FROM s_item WHERE id >= ? ORDER BY id";
    kfpb_conn *conn = test_open();
    item *items_made = make_items(100, 0, 1, "row", 1);
    inserted_by(conn, &items, items_made, 100, KFPB_CONFLICT_FAIL);
    const kfpb_value from[] = {kfpb_int(0), kfpb_int(50), kfpb_int(98)};
    begin(conn);
    kfpb_rows *a = rows_of(conn, sql, &from[0], 1), *b = rows_of(conn, sql, &from[1], 1),
              *c = rows_of(conn, sql, &from[2], 1);
    for (int64_t i = 0; i < 50; i++) {
        ck_assert(next(a) && next(b));
        ck_assert_int_eq(kfpb_get_int(a, 0), i);
        ck_assert_int_eq(kfpb_get_int(b, 0), i + 50);
        ck_assert_int_eq(next(c), i < 2);
        /* what is written meanwhile disturbs nobody */
        const kfpb_value values[] = {kfpb_int(i), kfpb_int(1000 + i)};
        ck_assert_int_eq(
            changed_by(conn, "UPDATE s_item SET kind = ? WHERE id = ?", (const kfpb_value[]){values[1], values[0]}, 2),
            1);
        ck_assert_str_eq(kfpb_get_text(a, 1, NULL), "row");
    }
    ck_assert(!next(b) && !next(b) && !next(c)); /* the end stays the end */
    kfpb_rows_free(&a);                          /* before its end */
    kfpb_rows *d = rows_of(conn, sql, &from[2], 1);
    ck_assert(next(d));
    ck_assert_int_eq(kfpb_get_int(d, 0), 98);
    kfpb_rows_free(&c);
    kfpb_rows_free(&c);
    kfpb_rows_free(&d); /* with a row unread */
    kfpb_rows_free(&b);
    commit(conn);
    ck_assert_int_eq(number_of(conn, "SELECT SUM(kind) FROM s_item"), 1000 * 50 + 49 * 25 + 50);
    free(items_made);
    kfpb_close(&conn);
}
END_TEST

START_TEST(more_statements_than_the_cache_keeps)
{
    enum { STATEMENTS = 200, OPEN = 90 };
    static kfpb_rows *open[OPEN];
    kfpb_conn *conn = test_open();
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < STATEMENTS; i++) {
            char sql[64];
            const kfpb_value value = kfpb_int(i);
            int64_t number = 0;
            snprintf(sql, sizeof sql, "SELECT %d + ?", i);
            /* again at once: one that comes twice may be kept in another way than one that came once */
            for (int again = 0; again < 3; again++) {
                ck_assert_int_eq(kfpb_query_int(conn, sql, &value, 1, &number, NULL, NULL), KFPS_OK);
                ck_assert_int_eq(number, 2 * i);
            }
        }
    }
    /* more of them open at once than the cache has places, and some of them twice */
    for (int i = 0; i < OPEN; i++) {
        char sql[64];
        const kfpb_value value = kfpb_int(i);
        snprintf(sql, sizeof sql, "SELECT %d + ?", i % 80);
        open[i] = rows_of(conn, sql, &value, 1);
    }
    for (int i = OPEN - 1; i >= 0; i--) {
        ck_assert(next(open[i]));
        ck_assert_int_eq(kfpb_get_int(open[i], 0), i % 80 + i);
        kfpb_rows_free(&open[i]);
    }
    kfpb_close(&conn);
}
END_TEST

START_TEST(types_of_a_value_change)
{
    static const char sql[] = "INSERT INTO s_item (id, name, kind, data) VALUES (?, ?, ?, ?)";
    kfpb_conn *conn = test_open();
    const kfpb_value texts[] = {kfpb_int(1), kfpb_str("a"), kfpb_int(1), kfpb_str("{}")};
    const kfpb_value nulls[] = {kfpb_int(2), kfpb_str("b"), kfpb_int(2), kfpb_null()};
    const kfpb_value numbers[] = {kfpb_str("3"), kfpb_str("c"), kfpb_str("3"), kfpb_str("[1]")};
    const kfpb_value doubles[] = {kfpb_double(4), kfpb_str("d"), kfpb_int(4), kfpb_null()};
    for (int round = 0; round < 2; round++) {
        ck_assert_int_eq(changed_by(conn, sql, texts, 4), 1);
        ck_assert_int_eq(changed_by(conn, sql, nulls, 4), 1);
        ck_assert_int_eq(changed_by(conn, sql, numbers, 4), 1);
        ck_assert_int_eq(changed_by(conn, sql, doubles, 4), 1);
        ck_assert_int_eq(number_of(conn, "SELECT SUM(kind) FROM s_item WHERE id IN (1, 2, 3, 4)"), 10);
        ck_assert_int_eq(changed_by(conn, "DELETE FROM s_item", NULL, 0), 4);
    }
    kfpb_close(&conn);
}
END_TEST

/* Another program adds a column between two runs of one statement. */
START_TEST(schema_changes_under_a_statement)
{
    static const char sql[] = "SELECT * FROM s_item WHERE id = ?",
                      put[] = "INSERT INTO s_item (id, name, kind) VALUES (?, 'x', 1)";
    kfpb_conn *conn = test_open(), *other = test_open();
    kfpb_value id = kfpb_int(1);
    ck_assert_int_eq(changed_by(conn, put, &id, 1), 1);
    kfpb_rows *rows = NULL;
    for (int i = 0; i < 3; i++) {
        rows = rows_of(conn, sql, &id, 1);
        ck_assert(next(rows));
        ck_assert_uint_eq(rows->columns, 4);
        kfpb_rows_free(&rows);
    }

    test_exec(other, "ALTER TABLE s_item ADD COLUMN extra INTEGER DEFAULT 42");
    rows = rows_of(conn, sql, &id, 1);
    ck_assert(next(rows));
    ck_assert_uint_eq(rows->columns, 5);
    ck_assert_int_eq(kfpb_get_int(rows, 4), 42);
    kfpb_rows_free(&rows);
    id = kfpb_int(2);
    ck_assert_int_eq(changed_by(conn, put, &id, 1), 1);

    /* inside of a transaction an engine may ask for the whole to be tried again */
    test_exec(other, "ALTER TABLE s_item ADD COLUMN more INTEGER DEFAULT 43");
    kfps_status status = KFPS_BUSY;
    kfps_error error = {0};
    for (int attempt = 0; attempt < 2 && status == KFPS_BUSY; attempt++) {
        begin(conn);
        rows = NULL;
        status = kfpb_query(conn, sql, &id, 1, &rows, &error);
        if (status == KFPS_OK) {
            ck_assert(next(rows));
            ck_assert_uint_eq(rows->columns, 6);
            ck_assert_int_eq(kfpb_get_int(rows, 5), 43);
        }
        kfpb_rows_free(&rows);
        kfpb_rollback(conn);
    }
    ck_assert_msg(status == KFPS_OK, "%s", error.message);
    kfpb_close(&other);
    kfpb_close(&conn);
}
END_TEST

/* A proxy or a reset takes prepared statements away. */
static void take_statements(kfpb_conn *conn)
{
    if (test_engine_is("pgsql"))
        test_exec(conn, "DEALLOCATE ALL");
#ifdef KFPB_WITH_MYSQL
    if (!test_engine_is("mysql"))
        return;
    /* there is no command for it: the server is asked for statements by numbers that it does not know */
    for (kfpb_mysql_statement *s = ((kfpb_mysql *) conn)->known; s != NULL; s = s->hh.next) {
        if (s->prepared != NULL)
            s->prepared->stmt_id += 1000000;
    }
#endif
}

START_TEST(the_server_forgets_statements)
{
    static const char put[] = "INSERT INTO s_item (id, name, kind) VALUES (?, 'x', 1)";
    kfpb_conn *conn = test_open();
    for (int64_t id = 0; id < 12; id++) {
        const kfpb_value value = kfpb_int(id);
        ck_assert_int_eq(changed_by(conn, put, &value, 1), 1);
        if (id % 4 == 3)
            take_statements(conn);
    }
    ck_assert_int_eq(number_of(conn, "SELECT SUM(id) FROM s_item"), 66);
    kfpb_close(&conn);
}
END_TEST

/* A server may allow no more of them. */
START_TEST(the_server_refuses_statements)
{
    static const char put[] = "INSERT INTO s_item (id, name, kind) VALUES (?, 'x', 1)";
    kfps_status status[TIMES];
    kfpb_conn *conn = test_open();
    if (test_engine_is("mysql"))
        test_exec(conn, "SET GLOBAL max_prepared_stmt_count=0");
    for (int64_t id = 0; id < TIMES; id++)
        status[id] = kfpb_exec(conn, put, &(const kfpb_value){.kind = KFPB_INT, .integer = id}, 1, NULL, NULL);
    if (test_engine_is("mysql"))
        test_exec(conn, "SET GLOBAL max_prepared_stmt_count=DEFAULT");
    for (size_t i = 0; i < TIMES; i++)
        ck_assert_int_eq(status[i], KFPS_OK);
    ck_assert_int_eq(number_of(conn, "SELECT COUNT(*) FROM s_item"), TIMES);
    kfpb_close(&conn);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        rows_are_the_same_each_time,
        values_arrive_the_same_each_time,
        refused_each_time,
        several_open_rows,
        more_statements_than_the_cache_keeps,
        types_of_a_value_change,
        schema_changes_under_a_statement,
        the_server_forgets_statements,
        the_server_refuses_statements,
    };
    return suite_main(suite_of("prepared", tests, sizeof tests / sizeof tests[0], make_tables, NULL));
}
