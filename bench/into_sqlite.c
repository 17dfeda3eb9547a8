/* SPDX-License-Identifier: Apache-2.0 */
/* into_sqlite.c: one prepared statement a table, a step a row; the pragmas are those of the SQLite backend. */
#include "bench/floor.h"

#include <sqlite3.h>
#include <stdio.h>

static void run(sqlite3 *db, const char *sql)
{
    if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
        floor_die(sql, sqlite3_errmsg(db));
}

static sqlite3_stmt *prepare(sqlite3 *db, const floor_table *table)
{
    char sql[2048];
    sqlite3_stmt *statement = NULL;
    int length = snprintf(sql, sizeof sql, "INSERT INTO \"%s\" (", table->name);
    for (size_t c = 0; c < table->column_count; c++)
        length += snprintf(sql + length, sizeof sql - (size_t) length, "%s\"%s\"", c > 0 ? "," : "", table->columns[c]);
    length += snprintf(sql + length, sizeof sql - (size_t) length, ") VALUES (?");
    for (size_t c = 1; c < table->column_count; c++)
        length += snprintf(sql + length, sizeof sql - (size_t) length, ",?");
    snprintf(sql + length, sizeof sql - (size_t) length, ")");
    if (sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, NULL) != SQLITE_OK)
        floor_die(sql, sqlite3_errmsg(db));
    return statement;
}

static void bind(sqlite3_stmt *statement, int place, const cell *c)
{
    switch (c->kind) {
    case CELL_NULL:
        sqlite3_bind_null(statement, place);
        break;
    case CELL_INT:
        sqlite3_bind_int64(statement, place, c->integer);
        break;
    case CELL_REAL:
        sqlite3_bind_double(statement, place, c->real);
        break;
    case CELL_TEXT:
        sqlite3_bind_text(statement, place, c->text, (int) c->length, SQLITE_STATIC);
        break;
    }
}

static void insert(sqlite3 *db, sqlite3_stmt *statement, const floor_table *table, size_t group)
{
    for (size_t r = floor_start(table, group); r < table->ends[group]; r++) {
        const cell *row = floor_row(table, r);
        for (size_t c = 0; c < table->column_count; c++)
            bind(statement, (int) c + 1, &row[c]);
        if (sqlite3_step(statement) != SQLITE_DONE)
            floor_die(table->name, sqlite3_errmsg(db));
        sqlite3_reset(statement);
    }
}

void floor_sqlite(const floor_rows *rows, const char *target)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *statements[FLOOR_TABLES];
    if (sqlite3_open_v2(target, &db, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK)
        floor_die(target, sqlite3_errmsg(db));
    run(db, "PRAGMA foreign_keys=ON; PRAGMA synchronous=NORMAL; PRAGMA temp_store=MEMORY; PRAGMA cache_size=-65536;"
            "PRAGMA journal_mode=WAL");
    for (size_t i = 0; i < FLOOR_TABLES; i++)
        statements[i] = prepare(db, &rows->tables[i]);
    for (size_t g = 0; g < rows->group_count; g++) {
        run(db, "BEGIN IMMEDIATE");
        for (size_t i = 0; i < FLOOR_TABLES; i++)
            insert(db, statements[i], &rows->tables[i], g);
        run(db, "COMMIT");
    }
    for (size_t i = 0; i < FLOOR_TABLES; i++)
        sqlite3_finalize(statements[i]);
    sqlite3_close(db);
}
