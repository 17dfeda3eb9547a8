/* SPDX-License-Identifier: Apache-2.0 */
/*
 * prepared.c: values and rows of prepared statements. They travel in the server's binary form; the client library makes
 * of each column the text that the server would have sent for it, so that rows are the same either way.
 */
#include <stdlib.h>

#include "backends/base/fail.h"
#include "backends/mysql/mysql.h"

/* ---- values --------------------------------------------------------------------------------------------------- */

/* The client library takes what it only reads without const. */
static void *readable(const void *value)
{
    return (void *) (uintptr_t) value;
}

static MYSQL_BIND bound(const kfpb_value *value)
{
    switch (value->kind) {
    case KFPB_INT:
        return (MYSQL_BIND){.buffer_type = MYSQL_TYPE_LONGLONG, .buffer = readable(&value->integer)};
    case KFPB_DOUBLE:
        return (MYSQL_BIND){.buffer_type = MYSQL_TYPE_DOUBLE, .buffer = readable(&value->real)};
    case KFPB_TEXT:
        return (MYSQL_BIND){
            .buffer_type = MYSQL_TYPE_STRING, .buffer = readable(value->text), .buffer_length = value->length};
    case KFPB_NULL:
        break;
    }
    return (MYSQL_BIND){.buffer_type = MYSQL_TYPE_NULL};
}

kfps_status kfpb_mysql_execute(kfpb_mysql *conn, kfpb_mysql_statement *statement, const kfpb_value *values,
                               size_t count, kfps_error *error)
{
    enum { EACH = 16 }; /* bytes of a value beside its text, at most */
    MYSQL_BIND binds[KFPB_MYSQL_MOST_VALUES];
    size_t bytes = 0;
    kfps_status status = KFPS_OK;

    for (size_t i = 0; i < count && status == KFPS_OK; i++) {
        binds[i] = bound(&values[i]);
        bytes += EACH + binds[i].buffer_length;
        if (values[i].kind == KFPB_DOUBLE)
            status = kfpb_mysql_check_finite(values[i].real, error);
    }
    if (status == KFPS_OK)
        status = kfpb_mysql_check_size(conn, bytes, error);
    if (status != KFPS_OK)
        return status;
    if (mysql_stmt_bind_param(statement->prepared, binds) != 0 || mysql_stmt_execute(statement->prepared) != 0)
        return kfpb_mysql_fail_prepared(conn, statement->prepared, error);
    return KFPS_OK;
}

int64_t kfpb_mysql_affected(kfpb_mysql_statement *statement)
{
    const int64_t rows = (int64_t) mysql_stmt_affected_rows(statement->prepared);
    if (mysql_stmt_field_count(statement->prepared) > 0)
        mysql_stmt_free_result(statement->prepared);
    return rows;
}

/* ---- rows ----------------------------------------------------------------------------------------------------- */

/* Made by the first result and kept for the next ones of the statement. */
struct kfpb_mysql_columns {
    size_t count;
    size_t bytes; /* of all texts */
    char **row;
    unsigned long *lengths;
    my_bool *nulls;
    MYSQL_BIND binds[]; /* and behind them the arrays */
};

typedef struct prepared_rows {
    kfpb_mysql_cells cells;
    kfpb_mysql *mysql;
    kfpb_mysql_statement *statement;
} prepared_rows;

void kfpb_mysql_columns_free(kfpb_mysql_columns *columns)
{
    for (size_t i = 0; columns != NULL && i < columns->count; i++)
        free(columns->binds[i].buffer);
    free(columns);
}

/* Room for a text of `length` bytes and a NUL. */
static bool widen(kfpb_mysql_columns *columns, size_t column, size_t length)
{
    MYSQL_BIND *bind = &columns->binds[column];
    char *text = realloc(bind->buffer, length + 1);
    if (text == NULL)
        return false;
    columns->bytes += length - bind->buffer_length;
    bind->buffer = text;
    bind->buffer_length = length;
    return true;
}

static kfpb_mysql_columns *columns_new(size_t count)
{
    enum { USUAL_LENGTH = 200 }; /* more than any number or time takes */
    const size_t each = sizeof(MYSQL_BIND) + sizeof(char *) + sizeof(unsigned long) + sizeof(my_bool);
    kfpb_mysql_columns *columns = calloc(1, sizeof *columns + count * each);
    if (columns == NULL)
        return NULL;
    columns->count = count;
    columns->row = (char **) (columns->binds + count);
    columns->lengths = (unsigned long *) (columns->row + count);
    columns->nulls = (my_bool *) (columns->lengths + count);
    for (size_t i = 0; i < count; i++) {
        columns->binds[i] = (MYSQL_BIND){
            .buffer_type = MYSQL_TYPE_STRING, .length = &columns->lengths[i], .is_null = &columns->nulls[i]};
        if (!widen(columns, i, USUAL_LENGTH)) {
            kfpb_mysql_columns_free(columns);
            return NULL;
        }
    }
    return columns;
}

/* The columns that were longer than their room are fetched again, and all are bound anew, as they have moved. */
static kfps_status fetch_long(prepared_rows *rows, kfps_error *error)
{
    kfpb_mysql_columns *columns = rows->statement->columns;
    MYSQL_STMT *prepared = rows->statement->prepared;
    bool longer = false;
    for (size_t i = 0; i < columns->count; i++) {
        MYSQL_BIND *bind = &columns->binds[i];
        if (columns->nulls[i] || columns->lengths[i] <= bind->buffer_length)
            continue;
        if (!widen(columns, i, columns->lengths[i]))
            return kfpb_fail_no_memory(error);
        if (mysql_stmt_fetch_column(prepared, bind, (unsigned) i, 0) != 0)
            return kfpb_mysql_fail_prepared(rows->mysql, prepared, error);
        longer = true;
    }
    if (!longer)
        return kfpb_fail(error, KFPS_INTERNAL, "the client library cut a column that is not long");
    return mysql_stmt_bind_result(prepared, columns->binds) == 0
               ? KFPS_OK
               : kfpb_mysql_fail_prepared(rows->mysql, prepared, error);
}

static kfps_status fetch(prepared_rows *rows, kfps_error *error)
{
    const int fetched = mysql_stmt_fetch(rows->statement->prepared);
    rows->cells.ended = fetched == MYSQL_NO_DATA;
    if (fetched == 0 || fetched == MYSQL_NO_DATA)
        return KFPS_OK;
    return fetched == MYSQL_DATA_TRUNCATED ? fetch_long(rows, error)
                                           : kfpb_mysql_fail_prepared(rows->mysql, rows->statement->prepared, error);
}

static int rows_next(kfpb_rows *base, kfps_error *error)
{
    prepared_rows *rows = (prepared_rows *) base;
    const kfpb_mysql_columns *columns = rows->statement->columns;
    if (rows->cells.ended)
        return 0;
    if (fetch(rows, error) != KFPS_OK) {
        rows->cells.ended = true;
        return -1;
    }
    if (rows->cells.ended)
        return 0;
    for (size_t i = 0; i < base->columns; i++) {
        char *text = columns->nulls[i] ? NULL : columns->binds[i].buffer;
        columns->row[i] = text;
        if (text != NULL)
            text[columns->lengths[i]] = '\0';
    }
    rows->cells.row = columns->row;
    return 1;
}

/* What only large values needed is not kept. */
static void drop_large(kfpb_mysql_statement *statement)
{
    enum { KEPT_BYTES = 64 * 1024 };
    if (statement->columns == NULL || statement->columns->bytes <= KEPT_BYTES)
        return;
    kfpb_mysql_columns_free(statement->columns);
    statement->columns = NULL;
}

static void rows_free(kfpb_rows *base)
{
    prepared_rows *rows = (prepared_rows *) base;
    mysql_stmt_free_result(rows->statement->prepared);
    rows->statement->reading = false;
    drop_large(rows->statement);
    free(rows);
}

static const kfpb_rows_ops ops = {
    .next = rows_next,
    .is_null = kfpb_mysql_is_null,
    .integer = kfpb_mysql_integer,
    .real = kfpb_mysql_real,
    .text = kfpb_mysql_text,
    .free = rows_free,
};

/* The statement's own, for a result of so many columns. */
static kfpb_mysql_columns *columns_for(kfpb_mysql_statement *statement, size_t count)
{
    if (statement->columns != NULL && statement->columns->count != count) {
        kfpb_mysql_columns_free(statement->columns);
        statement->columns = NULL;
    }
    if (statement->columns == NULL)
        statement->columns = columns_new(count);
    return statement->columns;
}

kfps_status kfpb_mysql_prepared_rows(kfpb_mysql *conn, kfpb_mysql_statement *statement, kfpb_rows **out,
                                     kfps_error *error)
{
    MYSQL_STMT *prepared = statement->prepared;
    kfps_status status = KFPS_OK;
    const size_t count = mysql_stmt_field_count(prepared);

    if (count > 0 && mysql_stmt_store_result(prepared) != 0)
        return kfpb_mysql_fail_prepared(conn, prepared, error);
    prepared_rows *rows = calloc(1, sizeof *rows);
    kfpb_mysql_columns *columns = columns_for(statement, count);
    if (rows == NULL || columns == NULL)
        status = kfpb_fail_no_memory(error);
    else if (count > 0 && mysql_stmt_bind_result(prepared, columns->binds) != 0)
        status = kfpb_mysql_fail_prepared(conn, prepared, error);
    if (status != KFPS_OK) {
        mysql_stmt_free_result(prepared);
        free(rows);
        return status;
    }
    rows->cells.base = (kfpb_rows){.ops = &ops, .conn = &conn->base, .columns = count};
    rows->cells.ended = count == 0;
    rows->cells.lengths = columns->lengths;
    rows->mysql = conn;
    rows->statement = statement;
    statement->reading = true;
    *out = &rows->cells.base;
    return KFPS_OK;
}
