/* SPDX-License-Identifier: Apache-2.0 */
/* into_pgsql.c: a prepared INSERT … SELECT FROM unnest a table, 1,000 rows at a time: libpq's fastest way in that can
 * also say ON CONFLICT. (COPY, which cannot, is about a tenth faster.) */
#include <libpq-fe.h>
#include <stdlib.h>

#include "bench/buffer.h"

enum { ROWS = 1000, MOST_COLUMNS = 32 };

static PGresult *checked(PGconn *conn, PGresult *result, ExecStatusType expected, const char *what)
{
    if (PQresultStatus(result) != expected)
        floor_die(what, PQerrorMessage(conn));
    return result;
}

static void run(PGconn *conn, const char *sql)
{
    PQclear(checked(conn, PQexec(conn, sql), PGRES_COMMAND_OK, sql));
}

static void prepare(PGconn *conn, const floor_table *table)
{
    static const char types[] = "SELECT pg_catalog.format_type(a.atttypid, NULL) FROM pg_catalog.pg_attribute a"
                                " WHERE a.attrelid = pg_catalog.quote_ident($1)::regclass AND a.attname = $2";
    buffer sql = {0};
    buffer_text(&sql, "INSERT INTO \"");
    buffer_text(&sql, table->name);
    buffer_text(&sql, "\" (");
    for (size_t c = 0; c < table->column_count; c++) {
        buffer_text(&sql, c > 0 ? ",\"" : "\"");
        buffer_text(&sql, table->columns[c]);
        buffer_char(&sql, '"');
    }
    buffer_text(&sql, ") SELECT * FROM unnest(");
    for (size_t c = 0; c < table->column_count; c++) {
        const char *const values[] = {table->name, table->columns[c]};
        char place[32];
        PGresult *type = checked(conn, PQexecParams(conn, types, 2, NULL, values, NULL, NULL, 0), PGRES_TUPLES_OK,
                                 table->name);
        if (PQntuples(type) != 1)
            floor_die(table->columns[c], "no such column");
        snprintf(place, sizeof place, "%s$%zu::", c > 0 ? "," : "", c + 1);
        buffer_text(&sql, place);
        buffer_text(&sql, PQgetvalue(type, 0, 0));
        buffer_text(&sql, "[]");
        PQclear(type);
    }
    buffer_char(&sql, ')');
    PQclear(checked(conn, PQprepare(conn, table->name, sql.data, 0, NULL), PGRES_COMMAND_OK, sql.data));
    free(sql.data);
}

static void add_item(buffer *b, const cell *c)
{
    if (c->kind == CELL_NULL) {
        buffer_text(b, "NULL");
    } else if (c->kind != CELL_TEXT) {
        buffer_number(b, c);
    } else {
        char *out = buffer_room(b, c->length * 2 + 2);
        *out++ = '"';
        for (size_t i = 0; i < c->length; i++) {
            if (c->text[i] == '"' || c->text[i] == '\\')
                *out++ = '\\';
            *out++ = c->text[i];
        }
        *out++ = '"';
        b->length = (size_t) (out - b->data);
    }
}

static void insert(PGconn *conn, const floor_table *table, size_t first, size_t end, buffer *arrays)
{
    const char *values[MOST_COLUMNS];
    for (size_t c = 0; c < table->column_count; c++) {
        arrays[c].length = 0;
        for (size_t r = first; r < end; r++) {
            buffer_char(&arrays[c], r == first ? '{' : ',');
            add_item(&arrays[c], &floor_row(table, r)[c]);
        }
        buffer_char(&arrays[c], '}');
        values[c] = arrays[c].data;
    }
    PQclear(checked(conn, PQexecPrepared(conn, table->name, (int) table->column_count, values, NULL, NULL, 0),
                    PGRES_COMMAND_OK, table->name));
}

void floor_pgsql(const floor_rows *rows, const char *target)
{
    buffer arrays[MOST_COLUMNS] = {{0}};
    PGconn *conn = PQconnectdb(target);
    if (PQstatus(conn) != CONNECTION_OK)
        floor_die("connecting", PQerrorMessage(conn));
    run(conn, "SET jit = off");
    for (size_t i = 0; i < FLOOR_TABLES; i++)
        prepare(conn, &rows->tables[i]);
    for (size_t g = 0; g < rows->group_count; g++) {
        run(conn, "BEGIN");
        for (size_t i = 0; i < FLOOR_TABLES; i++) {
            const floor_table *table = &rows->tables[i];
            const size_t end = table->ends[g];
            for (size_t first = floor_start(table, g); first < end; first += ROWS)
                insert(conn, table, first, end - first > ROWS ? first + ROWS : end, arrays);
        }
        run(conn, "COMMIT");
    }
    PQfinish(conn);
    for (size_t c = 0; c < MOST_COLUMNS; c++)
        free(arrays[c].data);
}
