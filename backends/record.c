/* SPDX-License-Identifier: Apache-2.0 */
#include "backends/record.h"

#include <math.h>

#include "backends/base/fail.h"
#include "backends/base/utf8.h"

enum { NUMBER_BYTES = 24 }; /* of the longest number as text */

static int32_t read_int32(const void *record, size_t offset)
{
    int32_t value;
    memcpy(&value, (const char *) record + offset, sizeof value);
    return value;
}

kfpb_value kfpb_record_value(const kfpb_column *column, const void *record)
{
    const char *field = (const char *) record + column->offset;
    switch (column->type) {
    case KFPB_COL_TEXT:
    case KFPB_COL_JSON: {
        const char *text;
        memcpy(&text, field, sizeof text);
        return kfpb_str(text);
    }
    case KFPB_COL_INT32:
        return kfpb_int(read_int32(record, column->offset));
    case KFPB_COL_INT64: {
        int64_t value;
        memcpy(&value, field, sizeof value);
        return kfpb_int(value);
    }
    case KFPB_COL_DOUBLE: {
        double value;
        if (column->nullable && column->has_offset != 0 && read_int32(record, column->has_offset) == 0)
            return kfpb_null();
        memcpy(&value, field, sizeof value);
        return kfpb_double(value);
    }
    }
    return kfpb_null();
}

static kfps_status check_one(const kfpb_table *table, const kfpb_column *column, const kfpb_value *value, size_t index,
                             kfps_error *error)
{
    if (value->kind == KFPB_NULL && !column->nullable)
        return kfpb_fail_at(error, index, KFPS_INVALID, "%s.%s of record %zu is NULL, which the column does not take",
                            table->name, column->name, index);
    if (value->kind == KFPB_DOUBLE && !isfinite(value->real))
        return kfpb_fail_at(error, index, KFPS_INVALID,
                            "%s.%s of record %zu is not a finite number, which SQL cannot hold", table->name,
                            column->name, index);
    if (value->kind != KFPB_TEXT)
        return KFPS_OK;
    if (!kfpb_utf8_valid(value->text, value->length))
        return kfpb_fail_at(error, index, KFPS_INVALID, "%s.%s of record %zu is not valid UTF-8", table->name,
                            column->name, index);
    /* No text has more characters than bytes. */
    if (column->max_chars == 0 || value->length <= column->max_chars)
        return KFPS_OK;
    const size_t characters = kfpb_utf8_count(value->text, value->length);
    if (characters <= column->max_chars)
        return KFPS_OK;
    return kfpb_fail_at(error, index, KFPS_TOO_LARGE, "%s.%s of record %zu has %zu characters; the column takes %u",
                        table->name, column->name, index, characters, column->max_chars);
}

kfps_status kfpb_record_check(const kfpb_table *table, const void *const *records, size_t count,
                              const kfpb_limits *limits, size_t *sizes, kfps_error *error)
{
    for (size_t i = 0; i < count; i++) {
        size_t bytes = 0;
        for (size_t c = 0; records[i] != NULL && c < table->column_count; c++) {
            const kfpb_value value = kfpb_record_value(&table->columns[c], records[i]);
            const kfps_status status = check_one(table, &table->columns[c], &value, i, error);
            if (status != KFPS_OK)
                return status;
            bytes += value.kind == KFPB_TEXT ? value.length + 3 : NUMBER_BYTES;
        }
        if (bytes > limits->statement_bytes)
            return kfpb_fail_at(error, i, KFPS_TOO_LARGE,
                                "record %zu of %s has %zu bytes, more than the %zu that a statement may have here", i,
                                table->name, bytes, limits->statement_bytes);
        sizes[i] = bytes;
    }
    return KFPS_OK;
}
