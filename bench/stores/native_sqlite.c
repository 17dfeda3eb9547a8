/* SPDX-License-Identifier: Apache-2.0 */
/* native_sqlite.c: sqlite3's prepared statements, with the session's settings of the library. */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/stores/native.h"

enum { STATEMENTS = 64, MOST_COLUMNS = 32 };

struct native {
    sqlite3 *db;
    struct {
        char *sql;
        sqlite3_stmt *statement;
    } kept[STATEMENTS];
    size_t count;
};

static void command(native *n, const char *sql)
{
    char *why = NULL;
    if (sqlite3_exec(n->db, sql, NULL, NULL, &why) != SQLITE_OK)
        floor_die(sql, why);
}

static native *open_file(const char *target)
{
    native *n = calloc(1, sizeof *n);
    if (n == NULL || sqlite3_open(target, &n->db) != SQLITE_OK)
        floor_die(target, "cannot open");
    sqlite3_busy_timeout(n->db, 5000);
    command(n, "PRAGMA foreign_keys=ON; PRAGMA synchronous=NORMAL; PRAGMA temp_store=MEMORY; PRAGMA cache_size=-65536; "
               "PRAGMA journal_mode=WAL");
    return n;
}

static void close_file(native *n)
{
    for (size_t i = 0; i < n->count; i++) {
        sqlite3_finalize(n->kept[i].statement);
        free(n->kept[i].sql);
    }
    sqlite3_close(n->db);
    free(n);
}

static sqlite3_stmt *prepared(native *n, const char *sql)
{
    for (size_t i = 0; i < n->count; i++) {
        if (strcmp(n->kept[i].sql, sql) == 0)
            return n->kept[i].statement;
    }
    if (n->count == STATEMENTS)
        floor_die(sql, "too many statements");
    if (sqlite3_prepare_v2(n->db, sql, -1, &n->kept[n->count].statement, NULL) != SQLITE_OK)
        floor_die(sql, sqlite3_errmsg(n->db));
    n->kept[n->count].sql = strdup(sql);
    return n->kept[n->count++].statement;
}

static void bind(sqlite3_stmt *s, const kfps_value *values, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const int place = (int) i + 1;
        if (values[i].kind == KFPS_VALUE_TEXT)
            sqlite3_bind_text(s, place, values[i].text_value, -1, SQLITE_STATIC);
        else if (values[i].kind == KFPS_VALUE_INT)
            sqlite3_bind_int64(s, place, values[i].int_value);
        else if (values[i].kind == KFPS_VALUE_DOUBLE)
            sqlite3_bind_double(s, place, values[i].double_value);
        else
            sqlite3_bind_null(s, place);
    }
}

static size_t query(native *n, const char *sql, const kfps_value *values, size_t count, char *first)
{
    sqlite3_stmt *s = prepared(n, sql);
    size_t rows = 0;
    int result;
    bind(s, values, count);
    while ((result = sqlite3_step(s)) == SQLITE_ROW) {
        for (int c = 0; c < sqlite3_column_count(s); c++) {
            const char *text = (const char *) sqlite3_column_text(s, c);
            if (first != NULL && rows == 0 && c == 0)
                snprintf(first, 64, "%s", text != NULL ? text : "");
        }
        rows++;
    }
    if (result != SQLITE_DONE)
        floor_die(sql, sqlite3_errmsg(n->db));
    sqlite3_reset(s);
    return rows;
}

static void exec(native *n, const char *sql, const kfps_value *values, size_t count)
{
    query(n, sql, values, count, NULL);
}

/* A prepared statement stepped for each row is SQLite's fastest way in. */
static void bulk(native *n, const char *table, const char *const *columns, const char *const *types, size_t count,
                 const kfps_value *values, size_t rows)
{
    char sql[2048];
    int length = snprintf(sql, sizeof sql, "INSERT INTO \"%s\" (", table);
    (void) types;
    for (size_t c = 0; c < count; c++)
        length += snprintf(sql + length, sizeof sql - (size_t) length, "%s\"%s\"", c > 0 ? "," : "", columns[c]);
    length += snprintf(sql + length, sizeof sql - (size_t) length, ") VALUES (");
    for (size_t c = 0; c < count; c++)
        length += snprintf(sql + length, sizeof sql - (size_t) length, c > 0 ? ",?" : "?");
    snprintf(sql + length, sizeof sql - (size_t) length, ")");
    for (size_t r = 0; r < rows; r++)
        exec(n, sql, values + r * count, count);
}

const native_ops native_sqlite = {"sqlite", open_file, close_file, exec, query, bulk};
