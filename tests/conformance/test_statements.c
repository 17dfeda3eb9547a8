/* SPDX-License-Identifier: Apache-2.0 */
/* test_statements.c: place-holders, bulk inserts and their checks, lists, and counts. */
#include "backends/sql.h"
#include "tests/harness/hostile.h"
#include "tests/harness/items.h"

enum { MANY = 5000 };

/* ---- place-holders ----------------------------------------------------------------------------------------------- */

START_TEST(only_bare_marks_are_values)
{
    static const struct {
        const char *sql;
        const char *before; /* what the column before the value's must be; NULL: there is none */
    } statements[] = {
        {"SELECT ' ? ', ?", " ? "},
        {"SELECT '?''?', ?", "?'?"},
        {"SELECT '\\', ?", "\\"},
        {"SELECT '''?', ?", "'?"},
        {"SELECT '-- ?', ?", "-- ?"},
        {"SELECT '/* ?', ? -- */ ?", "/* ?"},
        {"SELECT ? /* ? ' \" */", NULL},
        {"SELECT /* it's */ ?", NULL},
        {"SELECT ? -- ? isn't\n", NULL},
        {"SELECT -- don't ?\n '?', ?", "?"},
        {"SELECT \"a?b\", ? FROM (SELECT 'x' AS \"a?b\") AS t", "x"},
        {"SELECT 6 - 2, ?", "4"},
        {"SELECT 6 / 2 * 1, ?", NULL},
    };
    kfpb_conn *conn = test_open();
    const kfpb_value value = kfpb_str("?''? -- /* $1");
    for (size_t i = 0; i < sizeof statements / sizeof statements[0]; i++) {
        kfpb_rows *rows = rows_of(conn, statements[i].sql, &value, 1);
        ck_assert(next(rows));
        ck_assert_str_eq(kfpb_get_text(rows, rows->columns - 1, NULL), value.text);
        if (statements[i].before != NULL)
            ck_assert_str_eq(kfpb_get_text(rows, 0, NULL), statements[i].before);
        ck_assert(!next(rows));
        kfpb_rows_free(&rows);
    }
    if (test_engine_is("pgsql")) {
        kfpb_rows *rows = rows_of(conn, "SELECT $$?$$, $q$'?$$?$q$, ?", &value, 1);
        ck_assert(next(rows));
        ck_assert_str_eq(kfpb_get_text(rows, 0, NULL), "?");
        ck_assert_str_eq(kfpb_get_text(rows, 1, NULL), "'?$$?");
        ck_assert_str_eq(kfpb_get_text(rows, 2, NULL), value.text);
        kfpb_rows_free(&rows);
    }
    kfpb_close(&conn);
}
END_TEST

START_TEST(too_few_and_too_many_values)
{
    kfpb_conn *conn = test_open();
    const kfpb_value values[] = {kfpb_int(1), kfpb_int(2), kfpb_int(3)};
    for (size_t count = 0; count < 4; count++) {
        kfps_error error = {0};
        kfpb_rows *rows = NULL;
        const kfps_status status = kfpb_query(conn, "SELECT ?, ?", values, count, &rows, &error);
        ck_assert_msg(status == (count == 2 ? KFPS_OK : KFPS_INTERNAL), "%zu values: %s", count, error.message);
        kfpb_rows_free(&rows);
    }
    ck_assert_int_eq(number_of(conn, "SELECT 1"), 1);
    kfpb_close(&conn);
}
END_TEST

/* ---- bulk inserts ------------------------------------------------------------------------------------------------ */

START_TEST(bulk_and_conflicts)
{
    kfpb_conn *conn = test_open();
    item *old = make_items(MANY, 0, 2, "old", 1), *new = make_items(MANY, 0, 1, "new", 2);
    ck_assert_int_eq(inserted_by(conn, &items, old, 0, KFPB_CONFLICT_FAIL), 0);
    ck_assert_int_eq(inserted_by(conn, &items, old, 1, KFPB_CONFLICT_FAIL), 1);
    ck_assert_int_eq(inserted_by(conn, &items, old, MANY, KFPB_CONFLICT_KEEP), MANY - 1);
    ck_assert_int_eq(inserted_by(conn, &items, old, MANY, KFPB_CONFLICT_KEEP), 0);

    /* fail: nothing of the call stays, not even the rows before the one that is taken */
    kfps_error error = {0};
    int64_t inserted = -7;
    begin(conn);
    ck_assert_int_eq(insert(conn, &items, new + 1, MANY - 1, KFPB_CONFLICT_FAIL, &inserted, &error), KFPS_EXISTS);
    ck_assert_int_eq(inserted, 0);
    ck_assert_int_ne(kfpb_commit(conn, &error), KFPS_OK);
    ck_assert_int_eq(number_of(conn, "SELECT COUNT(*) FROM s_item"), MANY);

    /* keep: of the ids 0…4999 every second is there */
    ck_assert_int_eq(inserted_by(conn, &items, new, MANY, KFPB_CONFLICT_KEEP), MANY / 2);
    ck_assert_int_eq(number_of(conn, "SELECT COUNT(*) FROM s_item WHERE name = 'old' AND kind = 1"), MANY);
    ck_assert_int_eq(number_of(conn, "SELECT COUNT(*) FROM s_item WHERE name = 'new' AND kind = 2"), MANY / 2);

    /* replace */
    ck_assert_int_eq(inserted_by(conn, &items, new, MANY, KFPB_CONFLICT_REPLACE), -1);
    ck_assert_int_eq(number_of(conn, "SELECT COUNT(*) FROM s_item"), MANY + MANY / 2);
    ck_assert_int_eq(number_of(conn, "SELECT COUNT(*) FROM s_item WHERE name = 'new'"), MANY);
    ck_assert_int_eq(number_of(conn, "SELECT COUNT(*) FROM s_item WHERE name = 'new' AND data IS NULL"), MANY / 2);
    ck_assert_int_eq(number_of(conn, "SELECT MIN(id) FROM s_item WHERE name = 'old'"), MANY);

    /* a table that is nothing but its key */
    ck_assert_int_eq(inserted_by(conn, &keys, old, MANY, KFPB_CONFLICT_FAIL), MANY);
    ck_assert_int_eq(inserted_by(conn, &keys, new, MANY, KFPB_CONFLICT_KEEP), MANY / 2);
    ck_assert_int_eq(inserted_by(conn, &keys, new, MANY, KFPB_CONFLICT_REPLACE), -1);
    ck_assert_int_eq(number_of(conn, "SELECT COUNT(*) FROM s_key"), MANY + MANY / 2);
    free(old);
    free(new);
    kfpb_close(&conn);
}
END_TEST

/* Rows that differ a hundredfold in size: the statements are cut by bytes as well as by rows. */
START_TEST(bulk_of_mixed_sizes)
{
    enum { COUNT = 400, LONG = 60000 };
    kfpb_conn *conn = test_open();
    item *rows = make_items(COUNT, 0, 1, "mixed", 3);
    char *json = malloc(LONG + 1);
    ck_assert_ptr_nonnull(json);
    memset(json, 'x', LONG);
    json[0] = json[LONG - 1] = '"';
    json[LONG] = '\0';
    for (size_t i = 0; i < COUNT; i += 3)
        rows[i].data = json;
    ck_assert_int_eq(inserted_by(conn, &items, rows, COUNT, KFPB_CONFLICT_FAIL), COUNT);
    kfpb_rows *found = rows_of(conn, "SELECT id, data FROM s_item ORDER BY id", NULL, 0);
    for (size_t i = 0; i < COUNT; i++) {
        ck_assert(next(found));
        ck_assert_int_eq(kfpb_get_int(found, 0), (int64_t) i);
        const char *data = kfpb_get_text(found, 1, NULL);
        ck_assert(rows[i].data == NULL ? data == NULL : data != NULL && (i % 3 != 0 || strcmp(data, json) == 0));
    }
    kfpb_rows_free(&found);
    free(json);
    free(rows);
    kfpb_close(&conn);
}
END_TEST

START_TEST(columns_are_checked_first)
{
    static const char at_limit[] = "\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80"
                                   "\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80"
                                   "e\xcc\x81"
                                   "e\xcc\x81"
                                   "e\xcc\x81"
                                   "e\xcc\x81"
                                   "e\xcc\x81"; /* 20 characters, 55 bytes */
    kfpb_conn *conn = test_open();
    item *rows = make_items(1000, 0, 1, at_limit, 1);
    kfps_error error = {0};
    int64_t inserted = -7;
    ck_assert_int_eq(inserted_by(conn, &items, rows, 1000, KFPB_CONFLICT_FAIL), 1000);
    for (size_t i = 0; i < 1000; i++)
        rows[i].id += 1000;

    char over[sizeof at_limit + 1];
    snprintf(over, sizeof over, "%sx", at_limit);
    rows[777].name = over;
    begin(conn);
    ck_assert_int_eq(insert(conn, &items, rows, 1000, KFPB_CONFLICT_KEEP, &inserted, &error), KFPS_TOO_LARGE);
    ck_assert_msg(strstr(error.message, "s_item.name of record 777") != NULL, "%s", error.message);
    ck_assert_msg(strstr(error.message, "21") != NULL && strstr(error.message, at_limit) == NULL, "%s", error.message);

    rows[777].name = NULL;
    ck_assert_int_eq(insert(conn, &items, rows, 1000, KFPB_CONFLICT_KEEP, &inserted, &error), KFPS_INVALID);
    ck_assert_msg(strstr(error.message, "s_item.name of record 777") != NULL, "%s", error.message);
    commit(conn); /* the refusals did not spoil it */
    ck_assert_int_eq(number_of(conn, "SELECT COUNT(*) FROM s_item"), 1000);
    free(rows);
    kfpb_close(&conn);
}
END_TEST

/* What the server refuses is an error with a conflict clause, too. */
START_TEST(keep_hides_no_other_error)
{
    kfpb_conn *conn = test_open();
    test_exec(conn, "CREATE TABLE s_parent (id BIGINT NOT NULL PRIMARY KEY)");
    test_exec(conn, "DROP TABLE s_key");
    test_exec(conn, "CREATE TABLE s_key (id BIGINT NOT NULL PRIMARY KEY,"
                    " CONSTRAINT fk_s_key FOREIGN KEY (id) REFERENCES s_parent (id))");
    test_exec(conn, "INSERT INTO s_parent (id) VALUES (0)");
    item *rows = make_items(10, 0, 1, "x", 1);
    static const kfpb_conflict modes[] = {KFPB_CONFLICT_FAIL, KFPB_CONFLICT_KEEP, KFPB_CONFLICT_REPLACE};
    for (size_t m = 0; m < 3; m++) {
        kfps_error error = {0};
        int64_t inserted = -7;
        begin(conn);
        kfps_status status = insert(conn, &keys, rows, 10, modes[m], &inserted, &error);
        if (status == KFPS_OK)
            status = kfpb_commit(conn, &error);
        else
            kfpb_rollback(conn);
        ck_assert_msg(status == KFPS_FOREIGN_KEY, "mode %zu: %d %s", m, (int) status, error.message);
        ck_assert_int_eq(number_of(conn, "SELECT COUNT(*) FROM s_key"), 0);
    }
    free(rows);
    kfpb_close(&conn);
}
END_TEST

/* ---- lists ------------------------------------------------------------------------------------------------------- */

static int64_t count_in(kfpb_conn *conn, const char *column, const int64_t *ints, const char *const *texts,
                        size_t count)
{
    kfpb_sql sql;
    kfps_error error = {0};
    kfpb_rows *rows = NULL;
    kfpb_sql_init(&sql, conn);
    kfpb_sql_add(&sql, "SELECT COUNT(*) FROM ");
    kfpb_sql_name(&sql, "s_item");
    kfpb_sql_add(&sql, " WHERE ");
    kfpb_sql_name(&sql, column);
    if (ints != NULL)
        kfpb_sql_in_ints(&sql, ints, count);
    else
        kfpb_sql_in_texts(&sql, texts, count);
    kfpb_sql_add(&sql, " AND kind = ");
    kfpb_sql_bind(&sql, kfpb_int(1));
    ck_assert_msg(kfpb_sql_query(conn, &sql, &rows, &error) == KFPS_OK, "%s", error.message);
    ck_assert(next(rows));
    const int64_t found = kfpb_get_int(rows, 0);
    kfpb_rows_free(&rows);
    kfpb_sql_free(&sql);
    return found;
}

START_TEST(lists)
{
    static int64_t ids[MANY];
    static const char *texts[2 * HOSTILE_PIECES];
    kfpb_conn *conn = test_open();
    item *rows = make_items(MANY, INT64_MAX - 3 * MANY, 3, "plain", 1);
    size_t hostile = 0;
    for (size_t i = 0; i < MANY; i++)
        ids[i] = rows[i].id + (i % 5 == 0); /* every fifth is not there */
    for (size_t i = 0; i < HOSTILE_PIECES; i++) {
        if (strlen(hostile_pieces[i]) > 20)
            continue;
        rows[hostile].name = hostile_pieces[i];
        texts[hostile++] = hostile_pieces[i];
    }
    inserted_by(conn, &items, rows, MANY, KFPB_CONFLICT_FAIL);

    ck_assert_int_eq(count_in(conn, "id", ids, NULL, 0), 0);
    ck_assert_int_eq(count_in(conn, "id", ids + 1, NULL, 1), 1);
    ck_assert_int_eq(count_in(conn, "id", ids, NULL, 1), 0);
    ck_assert_int_eq(count_in(conn, "id", ids, NULL, MANY), MANY - MANY / 5);
    ck_assert_int_eq(count_in(conn, "id", (const int64_t[]){INT64_MIN, INT64_MAX, rows[0].id}, NULL, 3), 1);

    ck_assert_int_eq(count_in(conn, "name", NULL, texts, 0), 0);
    for (size_t i = 0; i < hostile; i++)
        ck_assert_msg(count_in(conn, "name", NULL, texts + i, 1) == 1, "%s", texts[i]);
    ck_assert_int_eq(count_in(conn, "name", NULL, texts, hostile), (int64_t) hostile);
    free(rows);
    kfpb_close(&conn);
}
END_TEST

/* ---- counts ------------------------------------------------------------------------------------------------------ */

START_TEST(affected_rows)
{
    kfpb_conn *conn = test_open();
    item *rows = make_items(100, 0, 1, "n", 1);
    inserted_by(conn, &items, rows, 100, KFPB_CONFLICT_FAIL);
    const kfpb_value ten = kfpb_int(10);
    ck_assert_int_eq(changed_by(conn, "UPDATE s_item SET kind = 2 WHERE id < ?", &ten, 1), 10);
    ck_assert_int_eq(changed_by(conn, "UPDATE s_item SET kind = 2 WHERE id < 0", NULL, 0), 0);
    ck_assert_int_eq(number_of(conn, "SELECT COUNT(*) FROM s_item"), 100);
    ck_assert_int_eq(changed_by(conn, "DELETE FROM s_item WHERE id >= ?", &ten, 1), 90);
    ck_assert_int_eq(changed_by(conn, "DELETE FROM s_item WHERE id >= ?", &ten, 1), 0);
    ck_assert_int_eq(changed_by(conn, "CREATE TABLE s_new (id INTEGER)", NULL, 0), 0);
    ck_assert_int_eq(changed_by(conn, "INSERT INTO s_new (id) SELECT id FROM s_item", NULL, 0), 10);
    ck_assert_int_eq(changed_by(conn, "DROP TABLE s_new", NULL, 0), 0);
    free(rows);
    kfpb_close(&conn);
}
END_TEST

START_TEST(one_integer)
{
    kfpb_conn *conn = test_open();
    int64_t number = 7;
    bool found = true;
    kfps_error error = {0};
    ck_assert_int_eq(kfpb_query_int(conn, "SELECT id FROM s_item", NULL, 0, &number, &found, &error), KFPS_OK);
    ck_assert(!found && number == 0);
    ck_assert_int_eq(kfpb_query_int(conn, "SELECT id FROM s_item", NULL, 0, &number, NULL, &error), KFPS_NOT_FOUND);
    ck_assert_int_eq(error.code, KFPS_NOT_FOUND);
    ck_assert_int_eq(kfpb_query_int(conn, "SELECT MAX(id) FROM s_item", NULL, 0, &number, &found, &error), KFPS_OK);
    ck_assert(found && number == 0); /* NULL */
    ck_assert_int_eq(number_of(conn, "SELECT '-9223372036854775808'"), INT64_MIN);
    ck_assert_int_eq(number_of(conn, "SELECT COUNT(*) + 12 FROM s_item"), 12);
    /* columns that are not there read as NULL */
    kfpb_rows *rows = rows_of(conn, "SELECT 1", NULL, 0);
    ck_assert(next(rows));
    size_t length = 7;
    ck_assert(kfpb_is_null(rows, 1) && kfpb_get_text(rows, 9, &length) == NULL && length == 0 &&
              kfpb_get_int(rows, 1) == 0);
    kfpb_rows_free(&rows);
    kfpb_close(&conn);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        only_bare_marks_are_values,
        too_few_and_too_many_values,
        bulk_and_conflicts,
        bulk_of_mixed_sizes,
        columns_are_checked_first,
        keep_hides_no_other_error,
        lists,
        affected_rows,
        one_integer,
    };
    return suite_main(suite_of("statements", tests, sizeof tests / sizeof tests[0], make_tables, NULL));
}
