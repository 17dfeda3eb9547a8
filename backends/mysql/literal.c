/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <string.h>

#include "backends/base/fail.h"
#include "backends/mysql/mysql.h"
#include "backends/placeholder.h"

enum { NUMBER_SIZE = 40 };

kfps_status kfpb_mysql_check_finite(double number, kfps_error *error)
{
    if (isfinite(number))
        return KFPS_OK;
    return kfpb_fail(error, KFPS_INVALID, "MySQL and MariaDB cannot store a number that is not finite");
}

kfps_status kfpb_mysql_check_size(const kfpb_mysql *conn, size_t bytes, kfps_error *error)
{
    if (bytes < conn->packet)
        return KFPS_OK;
    return kfpb_fail(error, KFPS_TOO_LARGE,
                     "a statement of %zu bytes is more than the server's max_allowed_packet, %zu: raise it there",
                     bytes, conn->packet);
}

static void add_text(kfpb_text *out, const char *text, size_t length)
{
    const char *end = text + length;
    kfpb_text_char(out, '\'');
    for (const char *quote; (quote = memchr(text, '\'', (size_t) (end - text))) != NULL; text = quote + 1) {
        kfpb_text_addn(out, text, (size_t) (quote + 1 - text));
        kfpb_text_char(out, '\'');
    }
    kfpb_text_addn(out, text, (size_t) (end - text));
    kfpb_text_char(out, '\'');
}

/* Always with an exponent: a literal without one is a decimal number, which the server may round on its way. */
static void add_double(kfpb_text *out, double value)
{
    char digits[KFPB_DOUBLE_SIZE];
    kfpb_format_double(value, digits);
    kfpb_text_add(out, digits);
    if (strchr(digits, 'e') == NULL)
        kfpb_text_add(out, "e0");
}

static kfps_status add_value(kfpb_text *out, const kfpb_value *value, kfps_error *error)
{
    switch (value->kind) {
    case KFPB_NULL:
        kfpb_text_add(out, "NULL");
        break;
    case KFPB_INT:
        kfpb_text_int(out, value->integer);
        break;
    case KFPB_TEXT:
        add_text(out, value->text, value->length);
        break;
    case KFPB_DOUBLE:
        add_double(out, value->real);
        return kfpb_mysql_check_finite(value->real, error);
    }
    return KFPS_OK;
}

static size_t estimate(const char *sql, const kfpb_value *values, size_t count)
{
    size_t size = strlen(sql);
    for (size_t i = 0; i < count; i++)
        size += values[i].kind == KFPB_TEXT ? values[i].length + 4 : NUMBER_SIZE;
    return size;
}

kfps_status kfpb_mysql_literal(kfpb_text *out, const char *sql, const kfpb_value *values, size_t count,
                               kfps_error *error)
{
    size_t used = 0;
    kfps_status status = KFPS_OK;

    kfpb_text_clear(out);
    kfpb_text_reserve(out, estimate(sql, values, count));
    for (const char *next; (next = kfpb_placeholder_next(sql)) != NULL && status == KFPS_OK; sql = next + 1) {
        kfpb_text_addn(out, sql, (size_t) (next - sql));
        if (used < count)
            status = add_value(out, &values[used], error);
        used++;
    }
    kfpb_text_add(out, sql);
    if (status != KFPS_OK)
        return status;
    if (out->out_of_memory)
        return kfpb_fail_no_memory(error);
    if (used != count)
        return kfpb_fail(error, KFPS_INTERNAL, "a statement with %zu place-holders was given %zu values", used, count);
    return KFPS_OK;
}
