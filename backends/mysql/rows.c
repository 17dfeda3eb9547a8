/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rows.c: the rows of a result, read where the client library keeps them. libdbi's own getters would copy each field,
 * read doubles in the process's locale and clamp unsigned numbers; here every field is the server's text, with its
 * length and a NUL behind it, whatever its type (a JSON column is "binary" on MySQL, text on MariaDB).
 */
#include <stdlib.h>

#include <dbi/dbi-dev.h>

#include "backends/base/fail.h"
#include "backends/base/text.h"
#include "backends/mysql/mysql.h"

typedef struct mysql_rows {
    kfpb_mysql_cells cells;
    const kfpb_mysql_client *client;
    dbi_result result;
    void *native;
} mysql_rows;

/* ---- cells ---------------------------------------------------------------------------------------------------- */

static const kfpb_mysql_cells *cells_of(const kfpb_rows *rows)
{
    return (const kfpb_mysql_cells *) rows;
}

static const char *value(const kfpb_rows *base, size_t column)
{
    const kfpb_mysql_cells *cells = cells_of(base);
    return !cells->ended && cells->row != NULL && column < base->columns ? cells->row[column] : NULL;
}

bool kfpb_mysql_is_null(const kfpb_rows *base, size_t column)
{
    return value(base, column) == NULL;
}

double kfpb_mysql_real(const kfpb_rows *base, size_t column)
{
    const char *text = value(base, column);
    double real;
    return text != NULL && kfpb_parse_double(text, &real) ? real : 0;
}

int64_t kfpb_mysql_whole(double real)
{
    if (!(real >= -0x1p63))
        return INT64_MIN;
    return real < 0x1p63 ? (int64_t) real : INT64_MAX;
}

int64_t kfpb_mysql_integer(const kfpb_rows *base, size_t column)
{
    const char *text = value(base, column);
    int64_t integer;
    if (text == NULL)
        return 0;
    if (kfpb_parse_int(text, &integer))
        return integer;
    /* a decimal, a double or a large unsigned number that was asked for as an integer */
    return kfpb_mysql_whole(kfpb_mysql_real(base, column));
}

const char *kfpb_mysql_text(const kfpb_rows *base, size_t column, size_t *length)
{
    const char *text = value(base, column);
    if (length != NULL)
        *length = text != NULL ? cells_of(base)->lengths[column] : 0;
    return text;
}

/* ---- rows of a text that was sent ------------------------------------------------------------------------------ */

static int rows_next(kfpb_rows *base, kfps_error *error)
{
    mysql_rows *rows = (mysql_rows *) base;
    (void) error; /* the whole result is here already */
    rows->cells.row = rows->cells.ended ? NULL : rows->client->fetch_row(rows->native);
    rows->cells.ended = rows->cells.row == NULL;
    if (rows->cells.ended)
        return 0;
    rows->cells.lengths = rows->client->fetch_lengths(rows->native);
    return 1;
}

static void rows_free(kfpb_rows *base)
{
    dbi_result_free(((mysql_rows *) base)->result);
    free(base);
}

static const kfpb_rows_ops ops = {
    .next = rows_next,
    .is_null = kfpb_mysql_is_null,
    .integer = kfpb_mysql_integer,
    .real = kfpb_mysql_real,
    .text = kfpb_mysql_text,
    .free = rows_free,
};

kfps_status kfpb_mysql_rows(kfpb_mysql *conn, dbi_result result, kfpb_rows **out, kfps_error *error)
{
    mysql_rows *rows = calloc(1, sizeof *rows);
    if (rows == NULL) {
        dbi_result_free(result);
        return kfpb_fail_no_memory(error);
    }
    rows->client = &conn->client;
    rows->result = result;
    rows->native = ((const dbi_result_t *) result)->result_handle;
    rows->cells.ended = rows->native == NULL; /* the statement gave no columns */
    rows->cells.base = (kfpb_rows){.ops = &ops, .conn = &conn->base};
    rows->cells.base.columns = rows->native != NULL ? dbi_result_get_numfields(result) : 0;
    *out = &rows->cells.base;
    return KFPS_OK;
}
