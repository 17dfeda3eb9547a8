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

typedef struct prepared_rows {
    kfpb_mysql_cells cells;
    kfpb_mysql *mysql;
    kfpb_mysql_statement *statement;
    char **texts; /* where the client library puts a column */
    my_bool *nulls;
    MYSQL_BIND binds[]; /* and behind them what they point to */
} prepared_rows;

/* What the client library measured, not less than a number or a time needs; and a NUL. */
static size_t text_size(const MYSQL_FIELD *field)
{
    enum { NUMBER_SIZE = 64 };
    return (field->max_length < NUMBER_SIZE ? NUMBER_SIZE : field->max_length) + 1;
}

static int rows_next(kfpb_rows *base, kfps_error *error)
{
    prepared_rows *rows = (prepared_rows *) base;
    const int fetched = rows->cells.ended ? MYSQL_NO_DATA : mysql_stmt_fetch(rows->statement->prepared);
    rows->cells.ended = fetched != 0;
    if (fetched == MYSQL_DATA_TRUNCATED)
        kfpb_fail(error, KFPS_INTERNAL, "a column is longer than the client library had measured");
    else if (fetched != 0 && fetched != MYSQL_NO_DATA)
        kfpb_mysql_fail_prepared(rows->mysql, rows->statement->prepared, error);
    if (fetched != 0)
        return fetched == MYSQL_NO_DATA ? 0 : -1;
    for (size_t i = 0; i < base->columns; i++) {
        rows->cells.row[i] = rows->nulls[i] ? NULL : rows->texts[i];
        if (!rows->nulls[i])
            rows->texts[i][rows->cells.lengths[i]] = '\0';
    }
    return 1;
}

static void rows_free(kfpb_rows *base)
{
    prepared_rows *rows = (prepared_rows *) base;
    mysql_stmt_free_result(rows->statement->prepared);
    rows->statement->reading = false;
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

/* One block: the struct and for each column its bind, pointers, length, text and mark of NULL, in the order of their
 * alignment. */
static prepared_rows *rows_new(const MYSQL_FIELD *fields, size_t columns)
{
    prepared_rows *rows = NULL;
    size_t size = sizeof *rows;
    for (size_t i = 0; i < columns; i++)
        size += sizeof *rows->binds + 2 * sizeof(char *) + sizeof(unsigned long) + text_size(&fields[i]) + 1;
    rows = calloc(1, size);
    if (rows == NULL)
        return NULL;
    rows->cells.row = (char **) (rows->binds + columns);
    rows->texts = rows->cells.row + columns;
    rows->cells.lengths = (unsigned long *) (rows->texts + columns);
    char *text = (char *) (rows->cells.lengths + columns);
    for (size_t i = 0; i < columns; i++) {
        rows->texts[i] = text;
        text += text_size(&fields[i]);
    }
    rows->nulls = (my_bool *) text;
    for (size_t i = 0; i < columns; i++) {
        rows->binds[i] = (MYSQL_BIND){.buffer_type = MYSQL_TYPE_STRING,
                                      .buffer = rows->texts[i],
                                      .buffer_length = text_size(&fields[i]) - 1,
                                      .length = &rows->cells.lengths[i],
                                      .is_null = &rows->nulls[i]};
    }
    return rows;
}

kfps_status kfpb_mysql_prepared_rows(kfpb_mysql *conn, kfpb_mysql_statement *statement, kfpb_rows **out,
                                     kfps_error *error)
{
    MYSQL_STMT *prepared = statement->prepared;
    prepared_rows *rows = NULL;
    kfps_status status = KFPS_OK;
    const size_t columns = mysql_stmt_field_count(prepared);

    if (columns > 0 && mysql_stmt_store_result(prepared) != 0)
        return kfpb_mysql_fail_prepared(conn, prepared, error);
    /* its types may be others than when it was prepared */
    rows = rows_new(prepared->fields, columns);
    if (rows == NULL)
        status = kfpb_fail_no_memory(error);
    else if (columns > 0 && mysql_stmt_bind_result(prepared, rows->binds) != 0)
        status = kfpb_mysql_fail_prepared(conn, prepared, error);
    if (status != KFPS_OK) {
        mysql_stmt_free_result(prepared);
        free(rows);
        return status;
    }
    rows->cells.base = (kfpb_rows){.ops = &ops, .conn = &conn->base, .columns = columns};
    rows->cells.ended = columns == 0;
    rows->mysql = conn;
    rows->statement = statement;
    statement->reading = true;
    *out = &rows->cells.base;
    return KFPS_OK;
}
