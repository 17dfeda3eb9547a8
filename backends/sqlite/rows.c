/* SPDX-License-Identifier: Apache-2.0 */
/* rows.c: rows are stepped as they are asked for; only the first one is fetched by the query, so that it reports
 * errors. */
#include <stdlib.h>

#include "backends/base/fail.h"
#include "backends/sqlite/sqlite.h"

typedef struct sqlite_rows {
    kfpb_rows base;
    kfpb_sqlite_statement *statement;
    sqlite3_stmt *handle;
    int64_t spent_ns;
    int stepped; /* the result of a step that nobody has seen yet; 0: none */
    bool on_row;
    bool out_of_memory; /* a text could not be made: the next step reports it */
} sqlite_rows;

static int rows_next(kfpb_rows *rows, kfps_error *error)
{
    sqlite_rows *self = (sqlite_rows *) rows;
    kfpb_sqlite_conn *conn = (kfpb_sqlite_conn *) rows->conn;
    self->on_row = false;
    if (self->out_of_memory) {
        kfpb_fail_no_memory(error);
        return -1;
    }
    /* Stepping a finished statement would start it again. */
    int result = self->stepped;
    if (result == 0)
        result = kfpb_sqlite_step(conn, self->statement, &self->spent_ns);
    self->stepped = result == SQLITE_DONE ? SQLITE_DONE : 0;
    if (result == SQLITE_ROW) {
        self->on_row = true;
        return 1;
    }
    if (result == SQLITE_DONE)
        return 0;
    self->stepped = result;
    kfpb_sqlite_fail(conn->db, result, error);
    return -1;
}

static bool rows_is_null(const kfpb_rows *rows, size_t column)
{
    const sqlite_rows *self = (const sqlite_rows *) rows;
    return !self->on_row || sqlite3_column_type(self->handle, (int) column) == SQLITE_NULL;
}

static int64_t rows_integer(const kfpb_rows *rows, size_t column)
{
    return sqlite3_column_int64(((const sqlite_rows *) rows)->handle, (int) column);
}

static double rows_real(const kfpb_rows *rows, size_t column)
{
    return sqlite3_column_double(((const sqlite_rows *) rows)->handle, (int) column);
}

static const char *rows_text(const kfpb_rows *rows, size_t column, size_t *length)
{
    const sqlite_rows *self = (const sqlite_rows *) rows;
    const char *text = (const char *) sqlite3_column_text(self->handle, (int) column);
    if (text == NULL) {
        if (sqlite3_errcode(((const kfpb_sqlite_conn *) rows->conn)->db) == SQLITE_NOMEM)
            ((sqlite_rows *) rows)->out_of_memory = true;
        return "";
    }
    *length = (size_t) sqlite3_column_bytes(self->handle, (int) column);
    return text;
}

static void rows_free(kfpb_rows *rows)
{
    sqlite_rows *self = (sqlite_rows *) rows;
    kfpb_sqlite_give((kfpb_sqlite_conn *) rows->conn, self->statement);
    free(self);
}

static const kfpb_rows_ops rows_ops = {
    .next = rows_next,
    .is_null = rows_is_null,
    .integer = rows_integer,
    .real = rows_real,
    .text = rows_text,
    .free = rows_free,
};

kfps_status kfpb_sqlite_rows_new(kfpb_sqlite_conn *conn, kfpb_sqlite_statement *statement, kfpb_rows **out,
                                 kfps_error *error)
{
    sqlite_rows *self = calloc(1, sizeof *self);
    if (self == NULL) {
        kfpb_sqlite_give(conn, statement);
        return kfpb_fail_no_memory(error);
    }
    self->base = (kfpb_rows){.ops = &rows_ops, .conn = &conn->base};
    self->statement = statement;
    self->handle = kfpb_sqlite_handle(statement);
    self->stepped = kfpb_sqlite_step(conn, statement, &self->spent_ns);
    if (self->stepped != SQLITE_ROW && self->stepped != SQLITE_DONE) {
        const kfps_status status = kfpb_sqlite_fail(conn->db, self->stepped, error);
        rows_free(&self->base);
        return status;
    }
    /* Counted after the first step, which prepares the statement anew if a table has changed meanwhile. */
    self->base.columns = (size_t) sqlite3_column_count(self->handle);
    *out = &self->base;
    return KFPS_OK;
}
