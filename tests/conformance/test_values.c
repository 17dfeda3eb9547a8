/* SPDX-License-Identifier: Apache-2.0 */
/* test_values.c: what goes in comes out, to the byte and the bit, and the database's own client sees the same. */
#include <float.h>
#include <inttypes.h>
#include <locale.h>
#include <math.h>

#include "backends/sql.h"
#include "tests/harness/client.h"
#include "tests/harness/hostile.h"
#include "tests/harness/wipe.h"

enum { TEXTS = 10000, BIG = 20 * 1024 * 1024, NUMBERS = 64 };

/* ---- two tables -------------------------------------------------------------------------------------------------- */

typedef struct text_row {
    int64_t id;
    const char *body;
} text_row;

static const kfpb_column text_columns[] = {
    {.name = "id", .type = KFPB_COL_INT64, .offset = offsetof(text_row, id)},
    {.name = "body", .type = KFPB_COL_TEXT, .nullable = true, .offset = offsetof(text_row, body)},
};
static const kfpb_table text_table = {.name = "v_bulk", .columns = text_columns, .column_count = 2, .key_columns = 1};

typedef struct number_row {
    int64_t id;
    int32_t small;
    int64_t large;
    double real;
    double exact;
    int32_t has_exact;
} number_row;

static const kfpb_column number_columns[] = {
    {.name = "id", .type = KFPB_COL_INT64, .offset = offsetof(number_row, id)},
    {.name = "small", .type = KFPB_COL_INT32, .offset = offsetof(number_row, small)},
    {.name = "large", .type = KFPB_COL_INT64, .offset = offsetof(number_row, large)},
    {.name = "real_value", .type = KFPB_COL_DOUBLE, .offset = offsetof(number_row, real)},
    {.name = "exact",
     .type = KFPB_COL_DOUBLE,
     .nullable = true,
     .pgsql_cast = "numeric",
     .offset = offsetof(number_row, exact),
     .has_offset = offsetof(number_row, has_exact)},
};
static const kfpb_table number_table = {
    .name = "v_number", .columns = number_columns, .column_count = 5, .key_columns = 1};

static void make_tables(void)
{
    test_wipe();
    kfpb_conn *conn = test_open();
    const bool pgsql = test_engine_is("pgsql");
    test_exec(conn, pgsql ? "CREATE TABLE v_text (id BIGINT NOT NULL PRIMARY KEY, body TEXT)"
                          : "CREATE TABLE v_text (id BIGINT NOT NULL PRIMARY KEY, body LONGTEXT)");
    test_exec(conn, pgsql ? "CREATE TABLE v_bulk (id BIGINT NOT NULL PRIMARY KEY, body TEXT)"
                          : "CREATE TABLE v_bulk (id BIGINT NOT NULL PRIMARY KEY, body LONGTEXT)");
    test_exec(conn, pgsql ? "CREATE TABLE v_number (id BIGINT NOT NULL PRIMARY KEY, small INTEGER, large BIGINT,"
                            " real_value DOUBLE PRECISION, exact NUMERIC)"
                          : "CREATE TABLE v_number (id BIGINT NOT NULL PRIMARY KEY, small INTEGER, large BIGINT,"
                            " real_value DOUBLE PRECISION, exact DOUBLE PRECISION)");
    kfpb_close(&conn);
}

static void begin(kfpb_conn *conn)
{
    kfps_error error = {0};
    ck_assert_msg(kfpb_begin(conn, KFPB_TX_WRITE, &error) == KFPS_OK, "%s", error.message);
}

static void commit(kfpb_conn *conn)
{
    kfps_error error = {0};
    ck_assert_msg(kfpb_commit(conn, &error) == KFPS_OK, "%s", error.message);
}

static void bind_text(kfpb_conn *conn, int64_t id, const char *body)
{
    kfps_error error = {0};
    const kfpb_value values[] = {kfpb_int(id), kfpb_str(body)};
    ck_assert_msg(kfpb_exec(conn, "INSERT INTO v_text (id, body) VALUES (?, ?)", values, 2, NULL, &error) == KFPS_OK,
                  "text %" PRId64 ": %s", id, error.message);
}

static void insert(kfpb_conn *conn, const kfpb_table *table, const void *rows, size_t size, size_t count)
{
    kfps_error error = {0};
    int64_t inserted = 0;
    const void **records = calloc(count, sizeof *records);
    ck_assert_ptr_nonnull(records);
    for (size_t i = 0; i < count; i++)
        records[i] = (const char *) rows + i * size;
    const kfps_status status = kfpb_insert(conn, table, records, count, KFPB_CONFLICT_FAIL, &inserted, &error);
    ck_assert_msg(status == KFPS_OK, "%s", error.message);
    ck_assert_int_eq(inserted, (int64_t) count);
    free(records);
}

static int64_t count_of(kfpb_conn *conn, const char *sql)
{
    kfps_error error = {0};
    int64_t count = -1;
    ck_assert_msg(kfpb_query_int(conn, sql, NULL, 0, &count, NULL, &error) == KFPS_OK, "%s: %s", sql, error.message);
    return count;
}

/* Both of the tables of texts hold exactly these; what kfpb reads, then what the client reads. */
static void check_texts(kfpb_conn *conn, const text_row *rows, size_t count)
{
    static const char *const tables[] = {"v_text", "v_bulk"};
    for (size_t t = 0; t < 2; t++) {
        char sql[512];
        kfps_error error = {0};
        kfpb_rows *found = NULL;
        size_t seen = 0;
        snprintf(sql, sizeof sql, "SELECT id, body FROM %s ORDER BY id", tables[t]);
        ck_assert_msg(kfpb_query(conn, sql, NULL, 0, &found, &error) == KFPS_OK, "%s", error.message);
        for (int there; (there = kfpb_next(found, &error)) != 0; seen++) {
            size_t length = 0;
            ck_assert_msg(there == 1 && seen < count, "row %zu: %s", seen, error.message);
            const char *body = kfpb_get_text(found, 1, &length);
            ck_assert_int_eq(kfpb_get_int(found, 0), rows[seen].id);
            ck_assert_msg(kfpb_is_null(found, 1) == (rows[seen].body == NULL), "%s, text %zu: NULL", tables[t], seen);
            if (rows[seen].body == NULL)
                ck_assert_ptr_null(body);
            else
                ck_assert_msg(length == strlen(rows[seen].body) && memcmp(body, rows[seen].body, length + 1) == 0,
                              "%s, text %zu came back changed: %.200s", tables[t], seen, rows[seen].body);
        }
        kfpb_rows_free(&found);
        ck_assert_uint_eq(seen, count);

        snprintf(sql, sizeof sql, "SELECT id, %s FROM %s ORDER BY id", test_client_hex("body"), tables[t]);
        char *printed = test_client(sql);
        char *line = printed;
        for (size_t i = 0; i < count; i++) {
            char *hex = NULL;
            ck_assert_msg(*line != '\0', "%s: the client saw %zu rows of %zu", tables[t], i, count);
            ck_assert_int_eq(strtoll(line, &hex, 10), rows[i].id);
            ck_assert_msg(test_hex_is(hex + 1, rows[i].body), "%s, text %zu: the client sees another text than %.200s",
                          tables[t], i, rows[i].body != NULL ? rows[i].body : "NULL");
            line += strcspn(line, "\n");
            line += *line == '\n';
        }
        ck_assert_msg(*line == '\0', "%s: the client saw more than %zu rows", tables[t], count);
        free(printed);
    }
}

static void store_both_ways(kfpb_conn *conn, const text_row *rows, size_t count)
{
    begin(conn);
    for (size_t i = 0; i < count; i++)
        bind_text(conn, rows[i].id, rows[i].body);
    insert(conn, &text_table, rows, sizeof *rows, count);
    commit(conn);
}

/* ---- texts ------------------------------------------------------------------------------------------------------- */

START_TEST(hostile_texts)
{
    kfpb_conn *conn = test_open();
    text_row *rows = calloc(TEXTS, sizeof *rows);
    ck_assert_ptr_nonnull(rows);
    for (size_t i = 0; i < TEXTS; i++) {
        rows[i] = (text_row){.id = (int64_t) i, .body = hostile_text(i)};
        ck_assert_ptr_nonnull(rows[i].body);
    }
    store_both_ways(conn, rows, TEXTS);
    check_texts(conn, rows, TEXTS);
    /* each is also found by itself, and by nothing else */
    for (size_t i = 0; i < 2 * HOSTILE_PIECES; i++) {
        const kfpb_value body = kfpb_str(rows[i].body);
        kfps_error error = {0};
        int64_t first = -1;
        const kfps_status status = kfpb_query_int(conn, "SELECT MIN(id) FROM v_text WHERE body = ?", &body, 1, &first,
                                                  NULL, &error);
        ck_assert_msg(status == KFPS_OK, "text %zu: %s", i, error.message);
        ck_assert_msg(first >= 0 && strcmp(rows[first].body, rows[i].body) == 0, "text %zu: %s", i, rows[i].body);
    }
    for (size_t i = 0; i < TEXTS; i++)
        free((char *) rows[i].body);
    free(rows);
    kfpb_close(&conn);
}
END_TEST

START_TEST(null_is_not_empty)
{
    static const text_row rows[] = {{1, NULL}, {2, ""}, {3, "NULL"}, {4, " "}, {5, "a "}, {6, "null"}, {7, "\\N"}};
    enum { COUNT = sizeof rows / sizeof rows[0] };
    kfpb_conn *conn = test_open();
    store_both_ways(conn, rows, COUNT);
    check_texts(conn, rows, COUNT);
    ck_assert_int_eq(count_of(conn, "SELECT id FROM v_bulk WHERE body IS NULL"), 1);
    ck_assert_int_eq(count_of(conn, "SELECT COUNT(*) FROM v_text WHERE body IS NULL"), 1);
    kfpb_close(&conn);
}
END_TEST

START_TEST(twenty_megabytes)
{
    kfpb_conn *conn = test_open();
    char *big = malloc(BIG + 1);
    ck_assert_ptr_nonnull(big);
    size_t length = 0;
    for (size_t n = 0; length < BIG - 8192; n++) {
        char *piece = hostile_text(n % 3000);
        ck_assert_ptr_nonnull(piece);
        length = (size_t) (stpcpy(big + length, piece) - big);
        free(piece);
    }
    memset(big + length, '.', BIG - length);
    big[BIG] = '\0';
    const text_row rows[] = {{1, "before"}, {2, big}, {3, "behind"}};
    store_both_ways(conn, rows, 3);
    check_texts(conn, rows, 3);
    free(big);
    kfpb_close(&conn);
}
END_TEST

/* ---- what is refused --------------------------------------------------------------------------------------------- */

static const struct {
    const char *text;
    size_t length;
} refused[] = {
    {"\xff", 1},
    {"a\xfe", 2},
    {"\xc0\x80", 2},
    {"\xc1\xbf", 2},
    {"\xed\xa0\x80", 3},
    {"\xed\xbf\xbf", 3},
    {"\xe0\x80\xaf", 3},
    {"\xf0\x80\x80\xaf", 4},
    {"\xe2\x82", 2},
    {"a\x80z", 3},
    {"\xbf'", 2},
    {"\xf4\x90\x80\x80", 4},
    {"\xf8\x88\x80\x80\x80", 5},
    {"\xbf\\'", 3},
    {"\0", 1},
    {"a\0b", 3},
    {"a\0", 2},
    {"\x81\x5c", 2},
    {"ok\xf0\x9f\x98", 5},
};
enum { REFUSED = sizeof refused / sizeof refused[0] };

START_TEST(bad_texts_are_not_sent)
{
    kfpb_conn *conn = test_open();
    begin(conn);
    bind_text(conn, 1, "good");
    for (size_t i = 0; i < REFUSED; i++) {
        const kfpb_value values[] = {kfpb_int((int64_t) i + 100), kfpb_textn(refused[i].text, refused[i].length)};
        const text_row good = {(int64_t) i + 200, "good"}, bad = {(int64_t) i + 300, refused[i].text};
        const void *const records[] = {&good, &bad};
        kfps_error error = {0};
        kfpb_rows *rows = NULL;
        int64_t inserted = -7;
        ck_assert_msg(kfpb_exec(conn, "INSERT INTO v_text (id, body) VALUES (?, ?)", values, 2, NULL, &error) ==
                          KFPS_INVALID,
                      "refused text %zu went through exec", i);
        ck_assert_int_eq(error.code, KFPS_INVALID);
        ck_assert_ptr_nonnull(strstr(error.message, "value 2"));
        ck_assert_msg(kfpb_query(conn, "SELECT id FROM v_text WHERE id = ? AND body = ?", values, 2, &rows, &error) ==
                          KFPS_INVALID,
                      "refused text %zu went through query", i);
        ck_assert_ptr_null(rows);
        if (memchr(refused[i].text, '\0', refused[i].length) != NULL)
            continue; /* a record's texts end at a NUL */
        ck_assert_msg(kfpb_insert(conn, &text_table, records, 2, KFPB_CONFLICT_FAIL, &inserted, &error) == KFPS_INVALID,
                      "refused text %zu went through insert", i);
        ck_assert_int_eq(inserted, 0);
        ck_assert_ptr_nonnull(strstr(error.message, "v_bulk.body of record 1"));
    }
    /* nothing was sent: the transaction is as it was, and so is the connection */
    bind_text(conn, 2, "good too");
    commit(conn);
    ck_assert_int_eq(count_of(conn, "SELECT COUNT(*) FROM v_text"), 2);
    ck_assert_int_eq(count_of(conn, "SELECT COUNT(*) FROM v_bulk"), 0);
    kfpb_close(&conn);
}
END_TEST

START_TEST(numbers_that_are_none)
{
    static const double none[] = {(double) INFINITY, -(double) INFINITY, (double) NAN};
    kfpb_conn *conn = test_open();
    for (size_t i = 0; i < 3; i++) {
        const kfpb_value value = kfpb_double(none[i]);
        const number_row row = {.id = 1, .real = none[i]};
        const void *record = &row;
        kfps_error error = {0};
        ck_assert_int_eq(
            kfpb_exec(conn, "INSERT INTO v_number (id, real_value) VALUES (1, ?)", &value, 1, NULL, &error),
            KFPS_INVALID);
        ck_assert_int_eq(kfpb_insert(conn, &number_table, &record, 1, KFPB_CONFLICT_FAIL, NULL, &error), KFPS_INVALID);
        ck_assert_ptr_nonnull(strstr(error.message, "v_number.real_value of record 0"));
    }
    ck_assert_int_eq(count_of(conn, "SELECT COUNT(*) FROM v_number"), 0);
    kfpb_close(&conn);
}
END_TEST

/* ---- numbers ----------------------------------------------------------------------------------------------------- */

static const double doubles[] = {
    0.0,
    -0.0,
    1.0,
    -1.0,
    0.1,
    0.2,
    0.30000000000000004,
    1.0 / 3,
    1e-7,
    1e7,
    1e15,
    1e16,
    1e17,
    1e21,
    1e22,
    123456789012345678.0,
    9007199254740993.0,
    9223372036854775807.0,
    -9223372036854775808.0,
    18446744073709551616.0,
    5e-324,
    -5e-324,
    2.2250738585072009e-308 /* the largest subnormal */,
    DBL_MIN,
    DBL_MAX,
    -DBL_MAX,
    DBL_EPSILON,
    1 + DBL_EPSILON,
    0.9999999999999999,
    1.7976931348623155e308,
    9.5367431640625e-07,
    4.35,
    2.675,
    1.005,
    0.93899999999999995,
    1e100,
    1e-100,
    6.62607015e-34,
    1.5e300,
    -2.5e-200,
};
static const int64_t integers[] = {INT64_MIN,
                                   INT64_MIN + 1,
                                   INT64_MAX,
                                   INT64_MAX - 1,
                                   0,
                                   -1,
                                   1,
                                   INT32_MIN,
                                   INT32_MAX,
                                   (int64_t) UINT32_MAX + 1,
                                   9007199254740993,
                                   -9007199254740993};
enum { DOUBLES = sizeof doubles / sizeof doubles[0], INTEGERS = sizeof integers / sizeof integers[0] };

static size_t make_numbers(number_row rows[NUMBERS])
{
    for (size_t i = 0; i < DOUBLES; i++)
        rows[i] = (number_row){.id = (int64_t) i,
                               .small = i % 2 == 0 ? INT32_MIN : INT32_MAX,
                               .large = integers[i % INTEGERS],
                               .real = doubles[i],
                               .exact = doubles[i],
                               .has_exact = i % 7 != 6};
    return DOUBLES;
}

/* SQLite and MariaDB keep no sign of a zero, and neither does a decimal number of PostgreSQL. */
static bool same_double(double found, double wanted, bool decimal)
{
    const bool keeps_sign = strcmp(test_flavour(), "mysql") == 0 || (test_engine_is("pgsql") && !decimal);
    if (wanted == 0 && !keeps_sign)
        return found == 0;
    return memcmp(&found, &wanted, sizeof found) == 0;
}

static void check_numbers(kfpb_conn *conn, const number_row *rows, size_t count)
{
    kfps_error error = {0};
    kfpb_rows *found = NULL;
    size_t i = 0;
    ck_assert_msg(kfpb_query(conn, "SELECT id, small, large, real_value, exact FROM v_number ORDER BY id", NULL, 0,
                             &found, &error) == KFPS_OK,
                  "%s", error.message);
    for (; kfpb_next(found, &error) == 1; i++) {
        ck_assert_uint_lt(i, count);
        ck_assert_int_eq(kfpb_get_int(found, 0), rows[i].id);
        ck_assert_int_eq(kfpb_get_int(found, 1), rows[i].small);
        ck_assert_int_eq(kfpb_get_int(found, 2), rows[i].large);
        ck_assert_msg(same_double(kfpb_get_double(found, 3), rows[i].real, false), "%.17g (%a) came back as %.17g",
                      rows[i].real, rows[i].real, kfpb_get_double(found, 3));
        ck_assert_int_eq(kfpb_is_null(found, 4), !rows[i].has_exact);
        if (rows[i].has_exact)
            ck_assert_msg(same_double(kfpb_get_double(found, 4), rows[i].exact, true),
                          "%.17g (%a) came back as %.17g from the exact column", rows[i].exact, rows[i].exact,
                          kfpb_get_double(found, 4));
    }
    kfpb_rows_free(&found);
    ck_assert_uint_eq(i, count);
}

static void bind_numbers(kfpb_conn *conn, const number_row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const kfpb_value values[] = {kfpb_int(rows[i].id), kfpb_int(rows[i].small), kfpb_int(rows[i].large),
                                     kfpb_double(rows[i].real),
                                     rows[i].has_exact ? kfpb_double(rows[i].exact) : kfpb_null()};
        kfps_error error = {0};
        ck_assert_msg(kfpb_exec(conn, "INSERT INTO v_number (id, small, large, real_value, exact) VALUES (?,?,?,?,?)",
                                values, 5, NULL, &error) == KFPS_OK,
                      "%g: %s", rows[i].real, error.message);
    }
}

/* SQLite's shell prints a double's last digit wrong now and then, so it is believed to 15 digits only. */
static void check_numbers_by_client(const number_row *rows, size_t count)
{
    const bool sqlite = test_engine_is("sqlite");
    char *printed = test_client(sqlite ? "SELECT id, large, printf('%!.17g', real_value) FROM v_number ORDER BY id"
                                       : "SELECT id, large, real_value FROM v_number ORDER BY id");
    char *p = printed;
    for (size_t i = 0; i < count; i++) {
        ck_assert_int_eq(strtoll(p, &p, 10), rows[i].id);
        ck_assert_int_eq(strtoll(p + 1, &p, 10), rows[i].large);
        const double real = strtod(p + 1, &p), wanted = rows[i].real;
        ck_assert_msg(sqlite ? fabs(real - wanted) <= fabs(wanted) * 1e-15 || fabs(wanted) < DBL_MIN
                             : same_double(real, wanted, false),
                      "the client sees %.17g where %.17g was stored", real, wanted);
        ck_assert_int_eq(*p++, '\n');
    }
    free(printed);
}

START_TEST(numbers_by_bind)
{
    number_row rows[NUMBERS];
    const size_t count = make_numbers(rows);
    kfpb_conn *conn = test_open();
    begin(conn);
    bind_numbers(conn, rows, count);
    commit(conn);
    check_numbers(conn, rows, count);
    check_numbers_by_client(rows, count);
    kfpb_close(&conn);
}
END_TEST

START_TEST(numbers_by_insert)
{
    number_row rows[NUMBERS];
    const size_t count = make_numbers(rows);
    kfpb_conn *conn = test_open();
    begin(conn);
    insert(conn, &number_table, rows, sizeof *rows, count);
    commit(conn);
    check_numbers(conn, rows, count);
    check_numbers_by_client(rows, count);
    kfpb_close(&conn);
}
END_TEST

START_TEST(integers_without_a_column)
{
    kfpb_conn *conn = test_open();
    for (size_t i = 0; i < INTEGERS; i++) {
        const kfpb_value value = kfpb_int(integers[i]);
        kfps_error error = {0};
        int64_t back = 7;
        ck_assert_msg(kfpb_query_int(conn, "SELECT ?", &value, 1, &back, NULL, &error) == KFPS_OK, "%s", error.message);
        ck_assert_int_eq(back, integers[i]);
    }
    kfpb_close(&conn);
}
END_TEST

/* Makes a locale with a decimal comma if the system has the means. */
static bool use_comma(void)
{
    char command[8192];
    const char *folder = test_env("KFPSTORE_TEST_TMP");
    snprintf(command, sizeof command,
             "localedef --no-archive -i de_DE -f UTF-8 '%s/de_DE.UTF-8' >'%s/localedef.log' 2>&1", folder, folder);
    if (system(command) == -1 || setenv("LOCPATH", folder, 1) != 0)
        return false;
    return setlocale(LC_ALL, "de_DE.UTF-8") != NULL && strcmp(localeconv()->decimal_point, ",") == 0;
}

START_TEST(decimal_comma)
{
    if (!use_comma()) {
        printf("skip: no locale with a decimal comma can be made here (localedef, Debian: locales)\n");
        return;
    }
    char text[8];
    snprintf(text, sizeof text, "%.1f", 0.5);
    ck_assert_str_eq(text, "0,5");
    number_row rows[NUMBERS];
    const size_t count = make_numbers(rows), half = count / 2;
    kfpb_conn *conn = test_open();
    begin(conn);
    bind_numbers(conn, rows, half);
    insert(conn, &number_table, rows + half, sizeof *rows, count - half);
    commit(conn);
    check_numbers(conn, rows, count);
    setlocale(LC_ALL, "C");
    check_numbers_by_client(rows, count);
    kfpb_close(&conn);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("values");
    TCase *texts = tcase_create("texts");
    tcase_add_checked_fixture(texts, make_tables, NULL);
    tcase_add_test(texts, hostile_texts);
    tcase_add_test(texts, null_is_not_empty);
    tcase_add_test(texts, twenty_megabytes);
    tcase_add_test(texts, bad_texts_are_not_sent);
    suite_add_tcase(suite, texts);
    TCase *numbers = tcase_create("numbers");
    tcase_add_checked_fixture(numbers, make_tables, NULL);
    tcase_add_test(numbers, numbers_that_are_none);
    tcase_add_test(numbers, numbers_by_bind);
    tcase_add_test(numbers, numbers_by_insert);
    tcase_add_test(numbers, integers_without_a_column);
    tcase_add_test(numbers, decimal_comma);
    suite_add_tcase(suite, numbers);
    return suite_main(suite);
}
