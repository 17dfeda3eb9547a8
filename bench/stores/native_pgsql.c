/* SPDX-License-Identifier: Apache-2.0 */
/* native_pgsql.c: libpq's prepared statements; many rows as one INSERT … SELECT FROM unnest. */
#include <inttypes.h>
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/buffer.h"
#include "bench/stores/native.h"

enum { STATEMENTS = 64, MOST_VALUES = 512, MOST_COLUMNS = 32, BULK_ROWS = 1000 };

struct native {
    PGconn *conn;
    char *kept[STATEMENTS]; /* the statement s<index> */
    size_t count;
    buffer arrays[MOST_COLUMNS];
};

static native *open_server(const char *target)
{
    native *n = calloc(1, sizeof *n);
    if (n == NULL || PQstatus(n->conn = PQconnectdb(target)) != CONNECTION_OK)
        floor_die(target, n != NULL ? PQerrorMessage(n->conn) : "no memory");
    PQclear(PQexec(n->conn, "SET jit = off"));
    return n;
}

static void close_server(native *n)
{
    for (size_t i = 0; i < n->count; i++)
        free(n->kept[i]);
    for (size_t c = 0; c < MOST_COLUMNS; c++)
        free(n->arrays[c].data);
    PQfinish(n->conn);
    free(n);
}

static const char *prepared(native *n, const char *sql, char name[16])
{
    size_t i = 0;
    while (i < n->count && strcmp(n->kept[i], sql) != 0)
        i++;
    snprintf(name, 16, "s%zu", i);
    if (i < n->count)
        return name;
    if (n->count == STATEMENTS)
        floor_die(sql, "too many statements");
    buffer text = {0};
    char place[16];
    int number = 0;
    for (const char *p = sql; *p != '\0'; p++) {
        if (*p == '?') {
            snprintf(place, sizeof place, "$%d", ++number);
            buffer_text(&text, place);
        } else {
            buffer_char(&text, *p);
        }
    }
    buffer_char(&text, '\0');
    PGresult *result = PQprepare(n->conn, name, text.data, 0, NULL);
    if (PQresultStatus(result) != PGRES_COMMAND_OK)
        floor_die(sql, PQerrorMessage(n->conn));
    PQclear(result);
    free(text.data);
    n->kept[n->count++] = strdup(sql);
    return name;
}

static PGresult *run(native *n, const char *sql, const kfps_value *values, size_t count)
{
    char name[16];
    char numbers[MOST_VALUES][32];
    const char *texts[MOST_VALUES];
    if (count > MOST_VALUES)
        floor_die(sql, "too many values");
    for (size_t i = 0; i < count; i++) {
        texts[i] = values[i].kind == KFPS_VALUE_NULL ? NULL : values[i].text_value;
        if (values[i].kind == KFPS_VALUE_INT)
            snprintf(numbers[i], sizeof numbers[i], "%" PRId64, values[i].int_value);
        if (values[i].kind == KFPS_VALUE_DOUBLE)
            snprintf(numbers[i], sizeof numbers[i], "%.17g", values[i].double_value);
        if (values[i].kind == KFPS_VALUE_INT || values[i].kind == KFPS_VALUE_DOUBLE)
            texts[i] = numbers[i];
    }
    PGresult *result = count == 0 && strncmp(sql, "SELECT", 6) != 0
                           ? PQexec(n->conn, sql)
                           : PQexecPrepared(n->conn, prepared(n, sql, name), (int) count, texts, NULL, NULL, 0);
    if (PQresultStatus(result) != PGRES_COMMAND_OK && PQresultStatus(result) != PGRES_TUPLES_OK)
        floor_die(sql, PQerrorMessage(n->conn));
    return result;
}

static void exec(native *n, const char *sql, const kfps_value *values, size_t count)
{
    PQclear(run(n, sql, values, count));
}

static size_t query(native *n, const char *sql, const kfps_value *values, size_t count, char *first)
{
    PGresult *result = run(n, sql, values, count);
    const size_t rows = (size_t) PQntuples(result);
    if (first != NULL && rows > 0)
        snprintf(first, 64, "%s", PQgetvalue(result, 0, 0));
    PQclear(result);
    return rows;
}

static void add_item(buffer *b, const kfps_value *v)
{
    char number[32];
    if (v->kind == KFPS_VALUE_NULL) {
        buffer_text(b, "NULL");
    } else if (v->kind == KFPS_VALUE_INT) {
        snprintf(number, sizeof number, "%" PRId64, v->int_value);
        buffer_text(b, number);
    } else if (v->kind == KFPS_VALUE_DOUBLE) {
        snprintf(number, sizeof number, "%.17g", v->double_value);
        buffer_text(b, number);
    } else {
        buffer_char(b, '"');
        for (const char *p = v->text_value; *p != '\0'; p++) {
            if (*p == '"' || *p == '\\')
                buffer_char(b, '\\');
            buffer_char(b, *p);
        }
        buffer_char(b, '"');
    }
}

static void bulk(native *n, const char *table, const char *const *columns, const char *const *types, size_t count,
                 const kfps_value *values, size_t rows)
{
    kfps_value arrays[MOST_COLUMNS];
    buffer sql = {0};
    buffer_text(&sql, "INSERT INTO \"");
    buffer_text(&sql, table);
    for (size_t c = 0; c < count; c++) {
        buffer_text(&sql, c > 0 ? "\",\"" : "\" (\"");
        buffer_text(&sql, columns[c]);
    }
    buffer_text(&sql, "\") SELECT * FROM unnest(");
    for (size_t c = 0; c < count; c++) {
        buffer_text(&sql, c > 0 ? ",?::" : "?::");
        buffer_text(&sql, types[c]);
        buffer_text(&sql, "[]");
    }
    buffer_text(&sql, ")");
    buffer_char(&sql, '\0');
    for (size_t first = 0; first < rows; first += BULK_ROWS) {
        const size_t end = first + BULK_ROWS < rows ? first + BULK_ROWS : rows;
        for (size_t c = 0; c < count; c++) {
            buffer *b = &n->arrays[c];
            b->length = 0;
            for (size_t r = first; r < end; r++) {
                buffer_char(b, r == first ? '{' : ',');
                add_item(b, &values[r * count + c]);
            }
            buffer_text(b, "}");
            buffer_char(b, '\0');
            arrays[c] = v_text(b->data);
        }
        exec(n, sql.data, arrays, count);
    }
    free(sql.data);
}

const native_ops native_pgsql = {"pgsql", open_server, close_server, exec, query, bulk};
