/* SPDX-License-Identifier: Apache-2.0 */
/* record.h: the fields of a caller's struct as values, by the table's description. */
#ifndef KFPB_RECORD_H
#define KFPB_RECORD_H

#include "backends/backend.h"

/* Text is borrowed from the record. */
kfpb_value kfpb_record_value(const kfpb_column *column, const void *record);

/* Checks every value of every record against its column and `limits`; fills sizes[i] (about the bytes that record i
 * takes in a statement). Messages name table, column and record. */
kfps_status kfpb_record_check(const kfpb_table *table, const void *const *records, size_t count,
                              const kfpb_limits *limits, size_t *sizes, kfps_error *error);

/* kfpb_exec for values of records that were checked so, or that were made of such: they are not looked at again. */
kfps_status kfpb_exec_checked(kfpb_conn *conn, const char *sql, const kfpb_value *values, size_t count,
                              int64_t *affected, kfps_error *error);

#endif
