/* SPDX-License-Identifier: Apache-2.0 */
/* into_mysql.c: INSERT statements of up to 300 rows as text, the fastest form of MariaDB's own client. */
#include "config.h"

#include <stdlib.h>

#include "bench/buffer.h"

#ifdef KFPB_WITH_MYSQL
#include <mysql.h>

enum { ROWS = 300, MOST_BYTES = 1024 * 1024 };

static void run(MYSQL *conn, const char *sql, size_t length, const char *what)
{
    if (mysql_real_query(conn, sql, (unsigned long) length) != 0)
        floor_die(what, mysql_error(conn));
}

static void command(MYSQL *conn, const char *sql)
{
    run(conn, sql, strlen(sql), sql);
}

static MYSQL *connect_to(const char *target)
{
    const char *colon = strrchr(target, ':');
    if (colon == NULL)
        floor_die(target, "SOCKET:DATABASE is expected");
    char *socket = strndup(target, (size_t) (colon - target));
    MYSQL *conn = mysql_init(NULL);
    if (conn == NULL || socket == NULL)
        floor_die("memory", "not enough");
    mysql_options(conn, MYSQL_SET_CHARSET_NAME, "utf8mb4");
    if (mysql_real_connect(conn, NULL, "root", NULL, colon + 1, 0, socket, 0) == NULL)
        floor_die(target, mysql_error(conn));
    free(socket);
    command(conn, "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED");
    command(conn, "SET SESSION foreign_key_checks=1, SESSION unique_checks=1, SESSION autocommit=1");
    return conn;
}

static void add_head(buffer *sql, const floor_table *table)
{
    sql->length = 0;
    buffer_text(sql, "INSERT INTO `");
    buffer_text(sql, table->name);
    for (size_t c = 0; c < table->column_count; c++) {
        buffer_text(sql, c > 0 ? "`,`" : "` (`");
        buffer_text(sql, table->columns[c]);
    }
    buffer_text(sql, "`) VALUES ");
}

static void add_row(MYSQL *conn, buffer *sql, const floor_table *table, const cell *row)
{
    for (size_t c = 0; c < table->column_count; c++) {
        buffer_char(sql, c > 0 ? ',' : '(');
        if (row[c].kind == CELL_NULL) {
            buffer_text(sql, "NULL");
        } else if (row[c].kind != CELL_TEXT) {
            buffer_number(sql, &row[c]);
        } else {
            buffer_char(sql, '\'');
            char *room = buffer_room(sql, row[c].length * 2);
            sql->length += mysql_real_escape_string(conn, room, row[c].text, (unsigned long) row[c].length);
            buffer_char(sql, '\'');
        }
    }
    buffer_char(sql, ')');
}

static void insert(MYSQL *conn, const floor_table *table, size_t group, buffer *sql)
{
    const size_t end = table->ends[group];
    for (size_t r = floor_start(table, group); r < end;) {
        add_head(sql, table);
        for (size_t n = 0; r < end && n < ROWS && sql->length < MOST_BYTES; n++, r++) {
            if (n > 0)
                buffer_char(sql, ',');
            add_row(conn, sql, table, floor_row(table, r));
        }
        run(conn, sql->data, sql->length, table->name);
    }
}

void floor_mysql(const floor_rows *rows, const char *target)
{
    MYSQL *conn = connect_to(target);
    buffer sql = {0};
    for (size_t g = 0; g < rows->group_count; g++) {
        command(conn, "START TRANSACTION");
        for (size_t i = 0; i < FLOOR_TABLES; i++)
            insert(conn, &rows->tables[i], g, &sql);
        command(conn, "COMMIT");
    }
    mysql_close(conn);
    free(sql.data);
}

#else

void floor_mysql(const floor_rows *rows, const char *target)
{
    (void) rows;
    floor_die(target, "built without the MySQL and MariaDB backend");
}

#endif
