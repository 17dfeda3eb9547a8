/* SPDX-License-Identifier: Apache-2.0 */
/* native_mysql.c: MariaDB's own client: prepared statements, and multi-row INSERTs as text, which is its fastest way in
 * that every server takes. */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/buffer.h"
#include "bench/stores/native.h"

#ifdef KFPB_WITH_MYSQL
#include <mysql.h>

enum { STATEMENTS = 64, MOST_VALUES = 512, MOST_COLUMNS = 48, BULK_ROWS = 300, CELL_BYTES = 4096 };

typedef struct kept_statement {
    char *sql;
    MYSQL_STMT *statement;
    MYSQL_BIND columns[MOST_COLUMNS];
    unsigned long lengths[MOST_COLUMNS];
    my_bool nulls[MOST_COLUMNS];
    unsigned column_count;
} kept_statement;

struct native {
    MYSQL *conn;
    kept_statement kept[STATEMENTS];
    size_t count;
    buffer text;
    char cells[MOST_COLUMNS][CELL_BYTES];
};

static void command(native *n, const char *sql, size_t length)
{
    if (mysql_real_query(n->conn, sql, (unsigned long) length) != 0)
        floor_die("a statement", mysql_error(n->conn));
    mysql_free_result(mysql_store_result(n->conn)); /* ANALYZE gives rows */
}

static native *open_server(const char *target)
{
    static const char set[] = "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED";
    static const char mode[] = "SET SESSION sql_mode='ANSI_QUOTES,STRICT_ALL_TABLES'";
    const char *colon = strrchr(target, ':');
    native *n = calloc(1, sizeof *n);
    if (n == NULL || colon == NULL)
        floor_die(target, "SOCKET:DATABASE is expected");
    char *socket = strndup(target, (size_t) (colon - target));
    n->conn = mysql_init(NULL);
    mysql_options(n->conn, MYSQL_SET_CHARSET_NAME, "utf8mb4");
    if (mysql_real_connect(n->conn, NULL, "root", NULL, colon + 1, 0, socket, 0) == NULL)
        floor_die(target, mysql_error(n->conn));
    free(socket);
    command(n, set, sizeof set - 1);
    command(n, mode, sizeof mode - 1);
    return n;
}

static void close_server(native *n)
{
    for (size_t i = 0; i < n->count; i++) {
        mysql_stmt_close(n->kept[i].statement);
        free(n->kept[i].sql);
    }
    mysql_close(n->conn);
    free(n->text.data);
    free(n);
}

static kept_statement *prepared(native *n, const char *sql)
{
    for (size_t i = 0; i < n->count; i++) {
        if (strcmp(n->kept[i].sql, sql) == 0)
            return &n->kept[i];
    }
    if (n->count == STATEMENTS)
        floor_die(sql, "too many statements");
    kept_statement *k = &n->kept[n->count++];
    k->sql = strdup(sql);
    k->statement = mysql_stmt_init(n->conn);
    if (mysql_stmt_prepare(k->statement, sql, (unsigned long) strlen(sql)) != 0)
        floor_die(sql, mysql_stmt_error(k->statement));
    k->column_count = mysql_stmt_field_count(k->statement);
    for (unsigned c = 0; c < k->column_count; c++) {
        k->columns[c] = (MYSQL_BIND){.buffer_type = MYSQL_TYPE_STRING,
                                     .buffer = n->cells[c],
                                     .buffer_length = CELL_BYTES,
                                     .length = &k->lengths[c],
                                     .is_null = &k->nulls[c]};
    }
    return k;
}

static size_t query(native *n, const char *sql, const kfps_value *values, size_t count, char *first)
{
    MYSQL_BIND in[MOST_VALUES];
    unsigned long lengths[MOST_VALUES];
    size_t rows = 0;
    kept_statement *k = prepared(n, sql);
    memset(in, 0, count * sizeof *in);
    for (size_t i = 0; i < count; i++) {
        if (values[i].kind == KFPS_VALUE_NULL) {
            in[i].buffer_type = MYSQL_TYPE_NULL;
        } else if (values[i].kind == KFPS_VALUE_TEXT) {
            lengths[i] = (unsigned long) strlen(values[i].text_value);
            in[i].buffer_type = MYSQL_TYPE_STRING;
            in[i].buffer = (char *) (uintptr_t) values[i].text_value;
            in[i].buffer_length = lengths[i];
            in[i].length = &lengths[i];
        } else {
            in[i].buffer_type = values[i].kind == KFPS_VALUE_INT ? MYSQL_TYPE_LONGLONG : MYSQL_TYPE_DOUBLE;
            in[i].buffer = values[i].kind == KFPS_VALUE_INT ? (void *) (uintptr_t) &values[i].int_value
                                                            : (void *) (uintptr_t) &values[i].double_value;
        }
    }
    if ((count > 0 && mysql_stmt_bind_param(k->statement, in) != 0) || mysql_stmt_execute(k->statement) != 0)
        floor_die(sql, mysql_stmt_error(k->statement));
    if (k->column_count == 0)
        return 0;
    mysql_stmt_bind_result(k->statement, k->columns);
    mysql_stmt_store_result(k->statement);
    while (mysql_stmt_fetch(k->statement) != MYSQL_NO_DATA) {
        if (first != NULL && rows == 0)
            snprintf(first, 64, "%.*s", (int) (k->lengths[0] < 63 ? k->lengths[0] : 63), n->cells[0]);
        rows++;
    }
    mysql_stmt_free_result(k->statement);
    return rows;
}

static void exec(native *n, const char *sql, const kfps_value *values, size_t count)
{
    if (count == 0)
        command(n, sql, strlen(sql));
    else
        query(n, sql, values, count, NULL);
}

static void add_value(native *n, const kfps_value *v)
{
    char number[32];
    buffer *b = &n->text;
    if (v->kind == KFPS_VALUE_NULL) {
        buffer_text(b, "NULL");
    } else if (v->kind == KFPS_VALUE_INT) {
        snprintf(number, sizeof number, "%" PRId64, v->int_value);
        buffer_text(b, number);
    } else if (v->kind == KFPS_VALUE_DOUBLE) {
        snprintf(number, sizeof number, "%.17g", v->double_value);
        buffer_text(b, number);
    } else {
        const size_t length = strlen(v->text_value);
        buffer_char(b, '\'');
        char *room = buffer_room(b, length * 2 + 1);
        b->length += mysql_real_escape_string(n->conn, room, v->text_value, (unsigned long) length);
        buffer_char(b, '\'');
    }
}

static void bulk(native *n, const char *table, const char *const *columns, const char *const *types, size_t count,
                 const kfps_value *values, size_t rows)
{
    (void) types;
    for (size_t first = 0; first < rows; first += BULK_ROWS) {
        const size_t end = first + BULK_ROWS < rows ? first + BULK_ROWS : rows;
        n->text.length = 0;
        buffer_text(&n->text, "INSERT INTO \"");
        buffer_text(&n->text, table);
        for (size_t c = 0; c < count; c++) {
            buffer_text(&n->text, c > 0 ? "\",\"" : "\" (\"");
            buffer_text(&n->text, columns[c]);
        }
        buffer_text(&n->text, "\") VALUES ");
        for (size_t r = first; r < end; r++) {
            for (size_t c = 0; c < count; c++) {
                buffer_text(&n->text, c > 0 ? "," : r > first ? ",(" : "(");
                add_value(n, &values[r * count + c]);
            }
            buffer_char(&n->text, ')');
        }
        command(n, n->text.data, n->text.length);
    }
}

const native_ops native_mysql = {"mysql", open_server, close_server, exec, query, bulk};

#else

static native *open_server(const char *target)
{
    floor_die(target, "built without the MySQL and MariaDB backend");
}

const native_ops native_mysql = {.engine = "mysql", .open = open_server};

#endif
