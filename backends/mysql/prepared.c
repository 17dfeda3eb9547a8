/* SPDX-License-Identifier: Apache-2.0 */
/*
 * prepared.c: values and rows of prepared statements. They travel in the server's binary form; the client library makes
 * of each column the text that the server would have sent for it, so that rows are the same either way. Of a number it
 * does so when it is asked for: as a number it is there already.
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
    bool bound; /* the client library knows these rooms and types: it must be told before a row, not while it is read */
    char **row;
    unsigned long *lengths;
    my_bool *nulls;
    MYSQL_BIND binds[]; /* and behind them the arrays */
};

enum { USUAL_LENGTH = 200 }; /* of a column's room: more than any number or time takes as text */

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
    columns->bound = false;
    return true;
}

static kfpb_mysql_columns *columns_new(size_t count)
{
    const size_t each = sizeof(MYSQL_BIND) + sizeof(char *) + sizeof(unsigned long) + sizeof(my_bool);
    kfpb_mysql_columns *columns = calloc(1, sizeof *columns + count * each);
    if (columns == NULL)
        return NULL;
    columns->count = count;
    columns->row = (char **) (columns->binds + count);
    columns->lengths = (unsigned long *) (columns->row + count);
    columns->nulls = (my_bool *) (columns->lengths + count);
    for (size_t i = 0; i < count; i++) {
        columns->binds[i] = (MYSQL_BIND){.length = &columns->lengths[i], .is_null = &columns->nulls[i]};
        if (!widen(columns, i, USUAL_LENGTH)) {
            kfpb_mysql_columns_free(columns);
            return NULL;
        }
    }
    return columns;
}

/* What holds every value of the column. */
static enum enum_field_types type_for(const MYSQL_FIELD *field)
{
    switch (field->type) {
    case MYSQL_TYPE_TINY:
    case MYSQL_TYPE_SHORT:
    case MYSQL_TYPE_INT24:
    case MYSQL_TYPE_LONG:
    case MYSQL_TYPE_LONGLONG:
        return (field->flags & UNSIGNED_FLAG) == 0 ? MYSQL_TYPE_LONGLONG : MYSQL_TYPE_STRING;
    case MYSQL_TYPE_DOUBLE:
        return MYSQL_TYPE_DOUBLE;
    default:
        return MYSQL_TYPE_STRING;
    }
}

/* Each result may have types of its own: that of an expression hangs on the values. */
static void take_types(MYSQL_STMT *prepared, kfpb_mysql_columns *columns)
{
    const MYSQL_FIELD *fields = mariadb_stmt_fetch_fields(prepared);
    for (size_t i = 0; i < columns->count; i++) {
        const enum enum_field_types type = type_for(&fields[i]);
        columns->bound = columns->bound && columns->binds[i].buffer_type == type;
        columns->binds[i].buffer_type = type;
    }
}

/* The columns that were longer than their room are fetched again. */
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
    return longer ? KFPS_OK : kfpb_fail(error, KFPS_INTERNAL, "the client library cut a column that is not long");
}

static kfps_status fetch(prepared_rows *rows, kfps_error *error)
{
    MYSQL_STMT *prepared = rows->statement->prepared;
    kfpb_mysql_columns *columns = rows->statement->columns;
    if (!columns->bound && mysql_stmt_bind_result(prepared, columns->binds) != 0)
        return kfpb_mysql_fail_prepared(rows->mysql, prepared, error);
    columns->bound = true;
    const int fetched = mysql_stmt_fetch(prepared);
    rows->cells.ended = fetched == MYSQL_NO_DATA;
    if (fetched == 0 || fetched == MYSQL_NO_DATA)
        return KFPS_OK;
    return fetched == MYSQL_DATA_TRUNCATED ? fetch_long(rows, error)
                                           : kfpb_mysql_fail_prepared(rows->mysql, prepared, error);
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
        if (text != NULL && columns->binds[i].buffer_type == MYSQL_TYPE_STRING)
            text[columns->lengths[i]] = '\0';
    }
    rows->cells.row = columns->row;
    return 1;
}

/* ---- numbers -------------------------------------------------------------------------------------------------- */

/* Of the current row, if it is a number; else NULL. */
static const MYSQL_BIND *number_of(const kfpb_rows *base, size_t column)
{
    const kfpb_mysql_columns *columns = ((const prepared_rows *) base)->statement->columns;
    if (kfpb_mysql_is_null(base, column) || columns->binds[column].buffer_type == MYSQL_TYPE_STRING)
        return NULL;
    return &columns->binds[column];
}

static int64_t rows_integer(const kfpb_rows *base, size_t column)
{
    const MYSQL_BIND *number = number_of(base, column);
    if (number == NULL)
        return kfpb_mysql_integer(base, column);
    return number->buffer_type == MYSQL_TYPE_LONGLONG ? *(const int64_t *) number->buffer
                                                      : kfpb_mysql_whole(*(const double *) number->buffer);
}

static double rows_real(const kfpb_rows *base, size_t column)
{
    const MYSQL_BIND *number = number_of(base, column);
    if (number == NULL)
        return kfpb_mysql_real(base, column);
    return number->buffer_type == MYSQL_TYPE_DOUBLE ? *(const double *) number->buffer
                                                    : (double) *(const int64_t *) number->buffer;
}

/* Behind the number, in the same room. */
static const char *rows_text(const kfpb_rows *base, size_t column, size_t *length)
{
    const MYSQL_BIND *number = number_of(base, column);
    if (number == NULL)
        return kfpb_mysql_text(base, column, length);
    unsigned long bytes = 0;
    char *text = (char *) number->buffer + sizeof(double);
    MYSQL_BIND as_text = {.buffer_type = MYSQL_TYPE_STRING,
                          .buffer = text,
                          .buffer_length = USUAL_LENGTH - sizeof(double),
                          .length = &bytes};
    MYSQL_STMT *prepared = ((const prepared_rows *) base)->statement->prepared;
    if (mysql_stmt_fetch_column(prepared, &as_text, (unsigned) column, 0) != 0 || bytes > as_text.buffer_length)
        bytes = 0; /* there is such a column, and its text is short: it does not come to this */
    text[bytes] = '\0';
    if (length != NULL)
        *length = bytes;
    return text;
}

/* ---- a result ------------------------------------------------------------------------------------------------- */

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
    .integer = rows_integer,
    .real = rows_real,
    .text = rows_text,
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
    const size_t count = mysql_stmt_field_count(prepared);

    if (count > 0 && mysql_stmt_store_result(prepared) != 0)
        return kfpb_mysql_fail_prepared(conn, prepared, error);
    prepared_rows *rows = calloc(1, sizeof *rows);
    kfpb_mysql_columns *columns = columns_for(statement, count);
    if (rows == NULL || columns == NULL) {
        mysql_stmt_free_result(prepared);
        free(rows);
        return kfpb_fail_no_memory(error);
    }
    take_types(prepared, columns);
    rows->cells.base = (kfpb_rows){.ops = &ops, .conn = &conn->base, .columns = count};
    rows->cells.ended = count == 0;
    rows->cells.lengths = columns->lengths;
    rows->mysql = conn;
    rows->statement = statement;
    statement->reading = true;
    *out = &rows->cells.base;
    return KFPS_OK;
}
