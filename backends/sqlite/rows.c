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

/* sqlite3_column_…() would lock the connection for type, text and length each. The connection belongs to this thread
 * anyway, so a value is taken out once and asked without a lock. */
static sqlite3_value *value_of(const kfpb_rows *rows, size_t column)
{
    const sqlite_rows *self = (const sqlite_rows *) rows;
    return self->on_row ? sqlite3_column_value(self->handle, (int) column) : NULL;
}

static bool rows_is_null(const kfpb_rows *rows, size_t column)
{
    sqlite3_value *value = value_of(rows, column);
    return value == NULL || sqlite3_value_type(value) == SQLITE_NULL;
}

static int64_t rows_integer(const kfpb_rows *rows, size_t column)
{
    sqlite3_value *value = value_of(rows, column);
    return value != NULL ? sqlite3_value_int64(value) : 0;
}

static double rows_real(const kfpb_rows *rows, size_t column)
{
    sqlite3_value *value = value_of(rows, column);
    return value != NULL ? sqlite3_value_double(value) : 0;
}

static const char *rows_text(const kfpb_rows *rows, size_t column, size_t *length)
{
    sqlite3_value *value = value_of(rows, column);
    if (value == NULL || sqlite3_value_type(value) == SQLITE_NULL)
        return NULL;
    const char *text = (const char *) sqlite3_value_text(value);
    if (text == NULL) {
        ((sqlite_rows *) rows)->out_of_memory = true;
        return "";
    }
    if (length != NULL)
        *length = (size_t) sqlite3_value_bytes(value);
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
