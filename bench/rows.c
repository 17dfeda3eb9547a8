/* SPDX-License-Identifier: Apache-2.0 */
/* rows.c: an import's rows in memory. The order of insertion is that of the rowids; which rows went in together is
 * worked out again as the import does it: runs in the order of their contexts, until a batch is full; the first three
 * are smaller (migrate/import/reader.c). */
#include "bench/floor.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

static sqlite3_stmt *prepare(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *statement = NULL;
    if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) != SQLITE_OK)
        floor_die(sql, sqlite3_errmsg(db));
    return statement;
}

static void run(sqlite3 *db, const char *sql)
{
    if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
        floor_die(sql, sqlite3_errmsg(db));
}

static int64_t batch_of(size_t group, int64_t batch)
{
    enum { DOUBLINGS = 3, LEAST = 100 };
    const int64_t part = group < DOUBLINGS ? batch >> (DOUBLINGS - group) : batch;
    return part >= LEAST ? part : batch < LEAST ? batch : LEAST;
}

static size_t number_groups(sqlite3 *db, int64_t batch)
{
    run(db, "CREATE TEMP TABLE grouped (run TEXT PRIMARY KEY, number INTEGER NOT NULL)");
    sqlite3_stmt *runs = prepare(db, "SELECT RunUUID, Executions FROM kfpstore_migration_run"
                                     " WHERE Outcome = 'imported' ORDER BY ContextID");
    sqlite3_stmt *add = prepare(db, "INSERT INTO grouped VALUES (?, ?)");
    size_t group = 0;
    int64_t filled = 0;
    for (bool first = true; sqlite3_step(runs) == SQLITE_ROW; first = false) {
        const int64_t executions = sqlite3_column_int64(runs, 1);
        if (!first && filled + executions > batch_of(group, batch)) {
            group++;
            filled = 0;
        }
        filled += executions;
        sqlite3_bind_text(add, 1, (const char *) sqlite3_column_text(runs, 0), -1, SQLITE_TRANSIENT);
        sqlite3_bind_int64(add, 2, (sqlite3_int64) group);
        if (sqlite3_step(add) != SQLITE_DONE)
            floor_die("grouped", sqlite3_errmsg(db));
        sqlite3_reset(add);
    }
    sqlite3_finalize(runs);
    sqlite3_finalize(add);
    run(db, "CREATE TEMP TABLE grouped_artifact (artifact TEXT PRIMARY KEY, number INTEGER NOT NULL);"
            "INSERT INTO grouped_artifact SELECT l.ArtifactID, min(g.number) FROM artifact_tasks l"
            " JOIN grouped g ON g.run = l.RunUUID GROUP BY 1");
    return group + 1;
}

static cell read_cell(sqlite3_stmt *statement, int column)
{
    cell c = {.kind = CELL_NULL};
    switch (sqlite3_column_type(statement, column)) {
    case SQLITE_INTEGER:
        c.kind = CELL_INT;
        c.integer = sqlite3_column_int64(statement, column);
        break;
    case SQLITE_FLOAT:
        c.kind = CELL_REAL;
        c.real = sqlite3_column_double(statement, column);
        break;
    case SQLITE_TEXT:
        c.kind = CELL_TEXT;
        c.length = (size_t) sqlite3_column_bytes(statement, column);
        c.text = floor_grow(NULL, c.length + 1, 1);
        memcpy(c.text, sqlite3_column_text(statement, column), c.length + 1);
        break;
    default:
        break;
    }
    return c;
}

static void read_table(sqlite3 *db, floor_table *table, const char *name, const char *sql, size_t group_count)
{
    sqlite3_stmt *statement = prepare(db, sql);
    size_t capacity = 0, group = 0;
    *table = (floor_table){.name = name, .column_count = (size_t) sqlite3_column_count(statement) - 1};
    table->columns = floor_grow(NULL, table->column_count, sizeof *table->columns);
    table->ends = floor_grow(NULL, group_count, sizeof *table->ends);
    for (size_t c = 0; c < table->column_count; c++) {
        table->columns[c] = strdup(sqlite3_column_name(statement, (int) c + 1));
        if (table->columns[c] == NULL)
            floor_die("memory", "not enough");
    }
    while (sqlite3_step(statement) == SQLITE_ROW) {
        const size_t number = (size_t) sqlite3_column_int64(statement, 0);
        if (number < group)
            floor_die(name, "its rows do not lie in the order of the import's groups");
        while (group < number)
            table->ends[group++] = table->row_count;
        if (table->row_count == capacity) {
            capacity = capacity * 2 + 1000;
            table->cells = floor_grow(table->cells, capacity, table->column_count * sizeof *table->cells);
        }
        cell *row = table->cells + table->row_count++ * table->column_count;
        for (size_t c = 0; c < table->column_count; c++)
            row[c] = read_cell(statement, (int) c + 1);
    }
    while (group < group_count)
        table->ends[group++] = table->row_count;
    if (sqlite3_finalize(statement) != SQLITE_OK)
        floor_die(name, sqlite3_errmsg(db));
}

void floor_rows_read(floor_rows *rows, const char *path, int64_t batch)
{
    static const struct {
        const char *name, *sql;
    } tables[FLOOR_TABLES] = {
        {"tasks", "SELECT g.number, t.* FROM tasks t JOIN grouped g ON g.run = t.RunUUID ORDER BY t.rowid"},
        {"artifacts", "SELECT g.number, a.* FROM artifacts a JOIN grouped_artifact g ON g.artifact = a.UUID"
                      " ORDER BY a.rowid"},
        {"kfpstore_migrated_artifact", "SELECT g.number, m.* FROM kfpstore_migrated_artifact m"
                                       " JOIN grouped_artifact g ON g.artifact = m.ArtifactID ORDER BY m.rowid"},
        {"artifact_tasks", "SELECT g.number, l.* FROM artifact_tasks l JOIN grouped g ON g.run = l.RunUUID"
                           " ORDER BY l.rowid"},
        {"kfpstore_migration_run", "SELECT g.number, r.* FROM kfpstore_migration_run r"
                                   " JOIN grouped g ON g.run = r.RunUUID ORDER BY r.rowid"},
    };
    sqlite3 *db = NULL;
    if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK)
        floor_die(path, sqlite3_errmsg(db));
    rows->group_count = number_groups(db, batch);
    for (size_t i = 0; i < FLOOR_TABLES; i++)
        read_table(db, &rows->tables[i], tables[i].name, tables[i].sql, rows->group_count);
    sqlite3_close(db);
}

size_t floor_rows_total(const floor_rows *rows)
{
    size_t total = 0;
    for (size_t i = 0; i < FLOOR_TABLES; i++)
        total += rows->tables[i].row_count;
    return total;
}
