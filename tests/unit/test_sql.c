/* SPDX-License-Identifier: Apache-2.0 */
/* The statement builder, bulk inserts and the connection's bookkeeping, against a connection that records what it gets.
 */
#include "tests/harness/suite.h"

#include <math.h>
#include <stddef.h>

#include "backends/base/fail.h"
#include "backends/sql.h"
#include "libkfpstore/tables.h"

/* ---- the recording connection ------------------------------------------------------------------------------------ */

typedef struct recorder {
    kfpb_conn base;
    kfpb_text log;      /* one line a call */
    kfps_status answer; /* of the next statements */
    int64_t affected;
} recorder;

static void log_value(kfpb_text *log, const kfpb_value *value)
{
    char number[KFPB_DOUBLE_SIZE];
    switch (value->kind) {
    case KFPB_NULL:
        kfpb_text_add(log, " NULL");
        break;
    case KFPB_INT:
        kfpb_text_printf(log, " %lld", (long long) value->integer);
        break;
    case KFPB_DOUBLE:
        kfpb_format_double(value->real, number);
        kfpb_text_printf(log, " %s", number);
        break;
    case KFPB_TEXT:
        kfpb_text_printf(log, " <%.*s>", (int) value->length, value->text);
        break;
    }
}

static kfps_status answer(recorder *self, kfps_error *error)
{
    return self->answer == KFPS_OK ? KFPS_OK : kfpb_fail(error, self->answer, "as the test wants");
}

static kfps_status rec_exec(kfpb_conn *conn, const char *sql, const kfpb_value *values, size_t count, int64_t *affected,
                            kfps_error *error)
{
    recorder *self = (recorder *) conn;
    kfpb_text_printf(&self->log, "%s |", sql);
    for (size_t i = 0; i < count; i++)
        log_value(&self->log, &values[i]);
    kfpb_text_add(&self->log, "\n");
    *affected = self->affected;
    return answer(self, error);
}

static kfps_status rec_query(kfpb_conn *conn, const char *sql, const kfpb_value *values, size_t count, kfpb_rows **out,
                             kfps_error *error)
{
    int64_t ignored;
    *out = NULL;
    return rec_exec(conn, sql, values, count, &ignored, error);
}

static kfps_status rec_begin(kfpb_conn *conn, kfpb_transaction kind, kfps_error *error)
{
    recorder *self = (recorder *) conn;
    kfpb_text_add(&self->log, kind == KFPB_TX_WRITE ? "begin\n" : "snapshot\n");
    return answer(self, error);
}

static kfps_status rec_commit(kfpb_conn *conn, kfps_error *error)
{
    recorder *self = (recorder *) conn;
    kfpb_text_add(&self->log, "commit\n");
    return answer(self, error);
}

static void rec_rollback(kfpb_conn *conn)
{
    kfpb_text_add(&((recorder *) conn)->log, "rollback\n");
}

static void rec_interrupt(kfpb_conn *conn)
{
    (void) conn;
}

static const kfpb_conn_ops rec_ops = {rec_exec,     rec_query,     rec_begin,     rec_commit,
                                      rec_rollback, rec_interrupt, rec_interrupt, rec_rollback};

static const kfpb_driver rows_driver = {
    .name = "rows",
    .capabilities = KFPB_CAP_ON_CONFLICT,
    .dialect = {.bulk = KFPB_BULK_ROWS, .in_list = KFPB_IN_JSON, .bulk_rows = 100},
};
static const kfpb_driver multi_driver = {
    .name = "multi",
    .dialect = {.bulk = KFPB_BULK_MULTI, .in_list = KFPB_IN_VALUES, .bulk_rows = 2},
};
static const kfpb_driver unnest_driver = {
    .name = "unnest",
    .capabilities = KFPB_CAP_ON_CONFLICT,
    .dialect = {.bulk = KFPB_BULK_UNNEST, .in_list = KFPB_IN_ARRAY, .bulk_rows = 2},
};

static recorder make(const kfpb_driver *driver)
{
    return (recorder){
        .base = {.driver = driver, .ops = &rec_ops, .limits = {.statement_bytes = SIZE_MAX, .json_depth = 10}},
        .affected = 1,
    };
}

static void expect(recorder *self, const char *wanted)
{
    ck_assert_str_eq(kfpb_text_get(&self->log), wanted);
    kfpb_text_clear(&self->log);
}

/* ---- the table --------------------------------------------------------------------------------------------------- */

typedef struct item {
    const char *key;
    const char *json;
    int64_t large;
    double score;
    int32_t has_score;
    int32_t small;
} item;

static const kfpb_column columns[] = {
    {.name = "Key", .type = KFPB_COL_TEXT, .offset = offsetof(item, key), .max_chars = 5},
    {.name = "Json", .type = KFPB_COL_JSON, .nullable = true, .offset = offsetof(item, json), .pgsql_cast = "jsonb"},
    {.name = "Large", .type = KFPB_COL_INT64, .offset = offsetof(item, large)},
    {.name = "Score",
     .type = KFPB_COL_DOUBLE,
     .nullable = true,
     .offset = offsetof(item, score),
     .has_offset = offsetof(item, has_score)},
    {.name = "Small", .type = KFPB_COL_INT32, .offset = offsetof(item, small)},
};
static const kfpb_table items = {.name = "items", .columns = columns, .column_count = 5, .key_columns = 1};
static const kfpb_table keys_only = {.name = "keys", .columns = columns, .column_count = 1, .key_columns = 1};

static const item a = {"a", "{\"x\":\"\\\\\"}", INT64_MIN, 0.1, 1, -1};
static const item b = {"b", NULL, INT64_MAX, 7, 0, 2};
static const item c = {"\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4", "", 0, -0.5, 1, 3};
static const void *const three[] = {&a, &b, &c};

/* ---- the builder ------------------------------------------------------------------------------------------------- */

START_TEST(lists_take_the_form_of_the_engine)
{
    const int64_t ids[] = {1, -2, INT64_MAX};
    const char *const names[] = {"a\"b", "c\\d", "\x01\n", "\xc3\xbc"};
    const kfpb_driver *const drivers[] = {&rows_driver, &multi_driver, &unnest_driver};
    static const char *const wanted[] = {
        "id IN (SELECT value FROM json_each(?)) AND n IN (SELECT value FROM json_each(?)) | <[1,-2,9223372036854775807]> "
        "<[\"a\\\"b\",\"c\\\\d\",\"\\u0001\\u000a\",\"\xc3\xbc\"]>\n",
        "id IN (?,?,?) AND n IN (?,?,?,?) | 1 -2 9223372036854775807 <a\"b> <c\\d> <\x01\n> <\xc3\xbc>\n",
        "id = ANY(?::bigint[]) AND n = ANY(?::text[]) | <{1,-2,9223372036854775807}> "
        "<{\"a\\\"b\",\"c\\\\d\",\"\x01\n\",\"\xc3\xbc\"}>\n",
    };
    for (size_t i = 0; i < 3; i++) {
        recorder conn = make(drivers[i]);
        kfpb_sql sql;
        kfpb_sql_init(&sql, &conn.base);
        kfpb_sql_add(&sql, "left over");
        kfpb_sql_bind(&sql, kfpb_int(9));
        kfpb_sql_reset(&sql);
        kfpb_sql_add(&sql, "id");
        kfpb_sql_in_ints(&sql, ids, 3);
        kfpb_sql_add(&sql, " AND n");
        kfpb_sql_in_texts(&sql, names, 4);
        ck_assert_int_eq(kfpb_sql_exec(&conn.base, &sql, NULL, NULL), KFPS_OK);
        expect(&conn, wanted[i]);
        kfpb_sql_reset(&sql);
        kfpb_sql_in_texts(&sql, NULL, 0);
        ck_assert_int_eq(kfpb_sql_exec(&conn.base, &sql, NULL, NULL), KFPS_OK);
        expect(&conn, " IN (NULL) |\n");
        kfpb_sql_free(&sql);
        kfpb_text_free(&conn.log);
    }
}
END_TEST

START_TEST(columns_are_named_in_their_order)
{
    recorder conn = make(&multi_driver);
    kfpb_sql sql;
    kfpb_sql_init(&sql, &conn.base);
    kfpb_sql_columns(&sql, &items, "t.");
    ck_assert_str_eq(kfpb_text_get(&sql.text), "t.\"Key\",t.\"Json\",t.\"Large\",t.\"Score\",t.\"Small\"");
    kfpb_sql_free(&sql);
    conn = make(&rows_driver);
    kfpb_sql_init(&sql, &conn.base);
    kfpb_sql_columns(&sql, &items, NULL);
    ck_assert_str_eq(kfpb_text_get(&sql.text), "\"Key\",\"Json\",\"Large\",\"Score\",\"Small\"");
    kfpb_sql_free(&sql);
}
END_TEST

/* What the tables have ready is what would be put together. */
START_TEST(ready_names_are_those_of_the_columns)
{
    const kfpb_table *const tables[] = {&kfpsi_artifacts, &kfpsi_tasks, &kfpsi_artifact_tasks};
    recorder conn = make(&rows_driver);
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        kfpb_table bare = *tables[i];
        bare.names = bare.prefixed = NULL;
        const char *const prefixes[] = {NULL, bare.prefix, "x."};
        for (size_t p = 0; p < sizeof prefixes / sizeof *prefixes; p++) {
            kfpb_sql ready, built;
            kfpb_sql_init(&ready, &conn.base);
            kfpb_sql_init(&built, &conn.base);
            kfpb_sql_columns(&ready, tables[i], prefixes[p]);
            kfpb_sql_columns(&built, &bare, prefixes[p]);
            ck_assert_str_eq(kfpb_text_get(&ready.text), kfpb_text_get(&built.text));
            kfpb_sql_free(&ready);
            kfpb_sql_free(&built);
        }
    }
}
END_TEST

START_TEST(a_build_that_ran_out_of_memory_is_not_sent)
{
    recorder conn = make(&rows_driver);
    kfps_error error = {0};
    kfpb_rows *rows = NULL;
    kfpb_sql sql;
    kfpb_sql_init(&sql, &conn.base);
    kfpb_sql_add(&sql, "SELECT 1");
    sql.text.out_of_memory = true;
    ck_assert_int_eq(kfpb_sql_exec(&conn.base, &sql, NULL, &error), KFPS_NO_MEMORY);
    ck_assert_int_eq(kfpb_sql_query(&conn.base, &sql, &rows, &error), KFPS_NO_MEMORY);
    expect(&conn, "");
    kfpb_sql_free(&sql);
}
END_TEST

/* ---- bulk inserts ------------------------------------------------------------------------------------------------ */

#define HEAD  "INSERT INTO \"items\" (\"Key\",\"Json\",\"Large\",\"Score\",\"Small\")"
#define ROW_A " <a> <{\"x\":\"\\\\\"}> -9223372036854775808 0.1 -1"
#define ROW_B " <b> NULL 9223372036854775807 NULL 2"
#define ROW_C " <\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4> <> 0 -0.5 3"

static int64_t insert(recorder *conn, const kfpb_table *table, kfpb_conflict conflict)
{
    int64_t inserted = 99;
    kfps_error error = {0};
    ck_assert_msg(kfpb_insert(&conn->base, table, three, 3, conflict, &inserted, &error) == KFPS_OK, "%s",
                  error.message);
    return inserted;
}

START_TEST(rows_go_one_by_one_through_one_text)
{
    recorder conn = make(&rows_driver);
    ck_assert_int_eq(insert(&conn, &items, KFPB_CONFLICT_FAIL), 3);
    expect(&conn, HEAD " VALUES (?,?,?,?,?) |" ROW_A "\n" HEAD " VALUES (?,?,?,?,?) |" ROW_B "\n" HEAD
                       " VALUES (?,?,?,?,?) |" ROW_C "\n");
    conn.affected = 0;
    ck_assert_int_eq(insert(&conn, &keys_only, KFPB_CONFLICT_KEEP), 0);
    kfpb_text_clear(&conn.log);
    ck_assert_int_eq(insert(&conn, &keys_only, KFPB_CONFLICT_REPLACE), -1);
#define KEYS "INSERT INTO \"keys\" (\"Key\") VALUES (?) ON CONFLICT (\"Key\") DO NOTHING |"
    expect(&conn, KEYS " <a>\n" KEYS " <b>\n" KEYS " <\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4>\n");
    ck_assert_int_eq(insert(&conn, &items, KFPB_CONFLICT_SKIP), 0);
    ck_assert_ptr_nonnull(strstr(kfpb_text_get(&conn.log), "VALUES (?,?,?,?,?) ON CONFLICT DO NOTHING |"));
    kfpb_text_free(&conn.log);
}
END_TEST

START_TEST(several_rows_in_one_statement)
{
    recorder conn = make(&multi_driver);
    conn.affected = 2;
    ck_assert_int_eq(insert(&conn, &items, KFPB_CONFLICT_KEEP), 4);
    expect(&conn, HEAD " VALUES (?,?,?,?,?),(?,?,?,?,?) ON DUPLICATE KEY UPDATE \"Key\"=\"Key\" |" ROW_A ROW_B "\n" HEAD
                       " VALUES (?,?,?,?,?) ON DUPLICATE KEY UPDATE \"Key\"=\"Key\" |" ROW_C "\n");
    kfpb_text_clear(&conn.log);
    ck_assert_int_eq(insert(&conn, &items, KFPB_CONFLICT_SKIP), 4);
    ck_assert_ptr_nonnull(strstr(kfpb_text_get(&conn.log), "(?,?,?,?,?) ON DUPLICATE KEY UPDATE \"Key\"=\"Key\" |"));
    ck_assert_int_eq(insert(&conn, &items, KFPB_CONFLICT_REPLACE), -1);
    ck_assert_ptr_nonnull(strstr(kfpb_text_get(&conn.log),
                                 "ON DUPLICATE KEY UPDATE \"Json\"=VALUES(\"Json\"),\"Large\"=VALUES(\"Large\"),"
                                 "\"Score\"=VALUES(\"Score\"),\"Small\"=VALUES(\"Small\") |"));
    kfpb_text_free(&conn.log);
}
END_TEST

START_TEST(one_array_per_column)
{
    recorder conn = make(&unnest_driver);
    ck_assert_int_eq(insert(&conn, &items, KFPB_CONFLICT_REPLACE), -1);
#define SELECT                                                                                      \
    " SELECT c0,c1::jsonb,c2,c3::double precision,c4 FROM "                                         \
    "unnest(?::text[],?::text[],?::bigint[],?::text[],?::bigint[]) AS t(c0,c1,c2,c3,c4)"            \
    " ON CONFLICT (\"Key\") DO UPDATE SET \"Json\"=excluded.\"Json\",\"Large\"=excluded.\"Large\"," \
    "\"Score\"=excluded.\"Score\",\"Small\"=excluded.\"Small\" |"
    expect(&conn, HEAD SELECT " <{\"a\",\"b\"}> <{\"{\\\"x\\\":\\\"\\\\\\\\\\\"}\",NULL}>"
                              " <{-9223372036854775808,9223372036854775807}> <{0.1,NULL}> <{-1,2}>\n" HEAD SELECT
                              " <{\"\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\"}> <{\"\"}> <{0}> <{-0.5}> <{3}>\n");
    ck_assert_int_eq(insert(&conn, &items, KFPB_CONFLICT_KEEP), 2);
    kfpb_text_free(&conn.log);
}
END_TEST

START_TEST(large_records_get_statements_of_their_own)
{
    recorder conn = make(&multi_driver);
    char *text = malloc(700001);
    memset(text, 'x', 700000);
    text[700000] = '\0';
    const item large = {"l", text, 0, 0, 0, 0};
    const void *const records[] = {&large, &large};
    conn.affected = 1;
    int64_t inserted = 0;
    ck_assert_int_eq(kfpb_insert(&conn.base, &items, records, 2, KFPB_CONFLICT_FAIL, &inserted, NULL), KFPS_OK);
    ck_assert_int_eq(inserted, 2);
    kfpb_text_clear(&conn.log);
    conn.base.limits.statement_bytes = 600000;
    kfps_error error = {0};
    ck_assert_int_eq(kfpb_insert(&conn.base, &items, records, 2, KFPB_CONFLICT_FAIL, &inserted, &error),
                     KFPS_TOO_LARGE);
    ck_assert_ptr_nonnull(strstr(error.message, "record 0 of items"));
    ck_assert_int_eq(inserted, 0);
    expect(&conn, "");
    kfpb_text_free(&conn.log);
    free(text);
}
END_TEST

START_TEST(bad_records_are_named_and_nothing_is_sent)
{
    static const struct {
        item record;
        kfps_status status;
        const char *says;
    } bad[] = {
        {{NULL, NULL, 0, 0, 0, 0}, KFPS_INVALID, "items.Key of record 1 is NULL"},
        {{"\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4x", NULL, 0, 0, 0, 0},
         KFPS_TOO_LARGE,
         "items.Key of record 1 has 6"},
        {{"\xff", NULL, 0, 0, 0, 0}, KFPS_INVALID, "items.Key of record 1 is not valid UTF-8"},
        {{"k", "\xc3", 0, 0, 0, 0}, KFPS_INVALID, "items.Json of record 1 is not valid UTF-8"},
        {{"k", NULL, 0, INFINITY, 1, 0}, KFPS_INVALID, "items.Score of record 1 is not a finite number"},
    };
    recorder conn = make(&rows_driver);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        const void *const records[] = {&a, &bad[i].record};
        kfps_error error = {0};
        ck_assert_int_eq(kfpb_insert(&conn.base, &items, records, 2, KFPB_CONFLICT_FAIL, NULL, &error), bad[i].status);
        ck_assert_msg(strstr(error.message, bad[i].says) != NULL, "%s", error.message);
    }
    ck_assert_int_eq(kfpb_insert(&conn.base, &items, NULL, 0, KFPB_CONFLICT_FAIL, NULL, NULL), KFPS_OK);
    expect(&conn, "");
}
END_TEST

/* ---- the bookkeeping --------------------------------------------------------------------------------------------- */

START_TEST(bad_values_are_refused_by_number)
{
    recorder conn = make(&rows_driver);
    const kfpb_value bad[] = {kfpb_textn("a\0b", 3), kfpb_str("\xed\xa0\x80"), kfpb_double(NAN)};
    static const char *const says[] = {"value 2 holds a NUL", "value 2 is not valid UTF-8", "value 2 is not a finite"};
    conn.base.in_transaction = true;
    for (size_t i = 0; i < 3; i++) {
        const kfpb_value values[] = {kfpb_int(1), bad[i]};
        kfps_error error = {0};
        ck_assert_int_eq(kfpb_exec(&conn.base, "x", values, 2, NULL, &error), KFPS_INVALID);
        ck_assert_msg(strstr(error.message, says[i]) != NULL, "%s", error.message);
    }
    ck_assert(!conn.base.failed); /* nothing was sent, so the transaction is whole */
    expect(&conn, "");
    conn.base.limits.statement_bytes = 100;
    const kfpb_value longer = kfpb_str(
        "12345678901234567890123456789012345678901234567890123456789012345678901234567890"
        "12345678901234567890");
    ck_assert_int_eq(kfpb_exec(&conn.base, "x", &longer, 1, NULL, NULL), KFPS_TOO_LARGE);
    expect(&conn, "");
}
END_TEST

START_TEST(a_failed_statement_spoils_its_transaction)
{
    recorder conn = make(&rows_driver);
    kfps_error error = {0};
    ck_assert_int_eq(kfpb_commit(&conn.base, NULL), KFPS_INVALID);
    ck_assert_int_eq(kfpb_begin(&conn.base, KFPB_TX_WRITE, &error), KFPS_OK);
    ck_assert_int_eq(kfpb_begin(&conn.base, KFPB_TX_WRITE, NULL), KFPS_INVALID);
    conn.answer = KFPS_EXISTS;
    ck_assert_int_eq(kfpb_exec(&conn.base, "x", NULL, 0, NULL, &error), KFPS_EXISTS);
    conn.answer = KFPS_OK;
    ck_assert_int_eq(kfpb_exec(&conn.base, "y", NULL, 0, NULL, &error), KFPS_INVALID);
    ck_assert_int_eq(kfpb_commit(&conn.base, &error), KFPS_INTERNAL);
    expect(&conn, "begin\nx |\nrollback\n");
    ck_assert(!conn.base.in_transaction && !conn.base.failed);
    ck_assert_int_eq(kfpb_begin(&conn.base, KFPB_TX_SNAPSHOT, &error), KFPS_OK);
    ck_assert_int_eq(kfpb_commit(&conn.base, &error), KFPS_OK);
    kfpb_rollback(&conn.base);
    expect(&conn, "snapshot\ncommit\n");
    /* a COMMIT that is refused */
    ck_assert_int_eq(kfpb_begin(&conn.base, KFPB_TX_WRITE, &error), KFPS_OK);
    conn.answer = KFPS_FOREIGN_KEY;
    ck_assert_int_eq(kfpb_commit(&conn.base, &error), KFPS_FOREIGN_KEY);
    expect(&conn, "begin\ncommit\nrollback\n");
    ck_assert(!conn.base.in_transaction && !conn.base.failed);
    kfpb_text_free(&conn.log);
}
END_TEST

START_TEST(a_lost_connection_takes_no_more_calls)
{
    recorder conn = make(&rows_driver);
    kfps_error error = {0};
    kfpb_rows *rows = NULL;
    ck_assert_int_eq(kfpb_begin(&conn.base, KFPB_TX_WRITE, &error), KFPS_OK);
    conn.answer = KFPS_WRITE_UNCERTAIN;
    ck_assert_int_eq(kfpb_commit(&conn.base, &error), KFPS_WRITE_UNCERTAIN);
    ck_assert(conn.base.broken && !conn.base.in_transaction);
    expect(&conn, "begin\ncommit\n"); /* nobody is there to roll back */
    ck_assert_int_eq(kfpb_exec(&conn.base, "x", NULL, 0, NULL, &error), KFPS_CONNECTION_LOST);
    ck_assert_int_eq(kfpb_query(&conn.base, "x", NULL, 0, &rows, &error), KFPS_CONNECTION_LOST);
    ck_assert_int_eq(kfpb_begin(&conn.base, KFPB_TX_WRITE, &error), KFPS_CONNECTION_LOST);
    expect(&conn, "");

    recorder second = make(&rows_driver);
    ck_assert_int_eq(kfpb_begin(&second.base, KFPB_TX_WRITE, &error), KFPS_OK);
    second.answer = KFPS_CONNECTION_LOST;
    ck_assert_int_eq(kfpb_exec(&second.base, "x", NULL, 0, NULL, &error), KFPS_CONNECTION_LOST);
    ck_assert_int_eq(kfpb_commit(&second.base, &error), KFPS_CONNECTION_LOST);
    expect(&second, "begin\nx |\n");
    kfpb_text_free(&conn.log);
    kfpb_text_free(&second.log);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("sql");
    TCase *all = tcase_create("sql");
    tcase_add_test(all, lists_take_the_form_of_the_engine);
    tcase_add_test(all, columns_are_named_in_their_order);
    tcase_add_test(all, ready_names_are_those_of_the_columns);
    tcase_add_test(all, a_build_that_ran_out_of_memory_is_not_sent);
    tcase_add_test(all, rows_go_one_by_one_through_one_text);
    tcase_add_test(all, several_rows_in_one_statement);
    tcase_add_test(all, one_array_per_column);
    tcase_add_test(all, large_records_get_statements_of_their_own);
    tcase_add_test(all, bad_records_are_named_and_nothing_is_sent);
    tcase_add_test(all, bad_values_are_refused_by_number);
    tcase_add_test(all, a_failed_statement_spoils_its_transaction);
    tcase_add_test(all, a_lost_connection_takes_no_more_calls);
    suite_add_tcase(suite, all);
    return suite_main(suite);
}
