/* SPDX-License-Identifier: Apache-2.0 */
/* rows.c: the rows of a PGresult, read where they lie. */
#include <stdlib.h>
#include <string.h>

#include "backends/base/fail.h"
#include "backends/base/text.h"
#include "backends/pgsql/pgsql.h"

typedef struct pgsql_rows {
    kfpb_rows base;
    PGresult *result;
    int row;
    int count;
} pgsql_rows;

static const pgsql_rows *of(const kfpb_rows *rows)
{
    return (const pgsql_rows *) rows;
}

static int rows_next(kfpb_rows *base, kfps_error *error)
{
    pgsql_rows *rows = (pgsql_rows *) base;
    (void) error;
    if (rows->row < rows->count)
        rows->row++;
    return rows->row < rows->count ? 1 : 0;
}

static bool rows_is_null(const kfpb_rows *base, size_t column)
{
    return PQgetisnull(of(base)->result, of(base)->row, (int) column) != 0;
}

static const char *value(const kfpb_rows *base, size_t column)
{
    return PQgetvalue(of(base)->result, of(base)->row, (int) column);
}

static double rows_real(const kfpb_rows *base, size_t column)
{
    double real;
    if (rows_is_null(base, column) || !kfpb_parse_double(value(base, column), &real))
        return 0;
    return real;
}

static int64_t rows_integer(const kfpb_rows *base, size_t column)
{
    if (rows_is_null(base, column))
        return 0;
    const char *text = value(base, column);
    if (PQftype(of(base)->result, (int) column) == KFPB_PGSQL_BOOL)
        return *text == 't';
    int64_t integer;
    if (kfpb_parse_int(text, &integer))
        return integer;
    /* a numeric or a double that was asked for as an integer */
    const double real = rows_real(base, column);
    if (!(real >= -0x1p63))
        return INT64_MIN;
    return real < 0x1p63 ? (int64_t) real : INT64_MAX;
}

static const char *rows_text(const kfpb_rows *base, size_t column, size_t *length)
{
    if (rows_is_null(base, column)) {
        if (length != NULL)
            *length = 0;
        return NULL;
    }
    if (length != NULL)
        *length = (size_t) PQgetlength(of(base)->result, of(base)->row, (int) column);
    return value(base, column);
}

static void rows_free(kfpb_rows *base)
{
    PQclear(((pgsql_rows *) base)->result);
    free(base);
}

static const kfpb_rows_ops ops = {
    .next = rows_next,
    .is_null = rows_is_null,
    .integer = rows_integer,
    .real = rows_real,
    .text = rows_text,
    .free = rows_free,
};

kfps_status kfpb_pgsql_rows(kfpb_pgsql *conn, PGresult *result, kfpb_rows **out, kfps_error *error)
{
    pgsql_rows *rows = malloc(sizeof *rows);
    if (rows == NULL) {
        PQclear(result);
        return kfpb_fail_no_memory(error);
    }
    *rows = (pgsql_rows){
        .base = {.ops = &ops, .conn = &conn->base, .columns = (size_t) PQnfields(result)},
        .result = result,
        .row = -1,
        .count = PQntuples(result),
    };
    *out = &rows->base;
    return KFPS_OK;
}
