/* SPDX-License-Identifier: Apache-2.0 */
/*
 * filter.h: the conditions of a list, from the caller's JSON, predicates or page token, checked against the table of
 * fields, to SQL. They are brought into one order, so that the same conditions are the same statement.
 */
#ifndef KFPSI_FILTER_H
#define KFPSI_FILTER_H

#include "backends/sql.h"
#include "libkfpstore/fields.h"

enum {
    KFPSI_FILTER_PREDICATES = 100,
    KFPSI_FILTER_VALUES = 1000,   /* in all */
    KFPSI_OPERAND_TIMESTAMP = 100 /* of JSON: as KFPS_OPERAND_INT, for times alone */
};

typedef struct kfpsi_condition {
    const kfpsi_field *field;
    int32_t operation; /* kfps_operation */
    const kfpb_value *values;
    size_t count;      /* 1, but for KFPS_OP_IN */
    const char *bytes; /* its form in page tokens */
    size_t length;
} kfpsi_condition;

typedef struct kfpsi_filter {
    kfpsi_condition *items;
    size_t count;
} kfpsi_filter;

/* filter_json and predicates of a page, all of them; texts are borrowed from both or are in the arena. KFPS_INVALID,
 * with the predicate's index in error->element. */
kfps_status kfpsi_filter_read(const kfpsi_fields *fields, const kfps_page *page, kfpb_arena *arena, kfpsi_filter *out,
                              kfps_error *error);

/* filter_json.c: the predicates of a JSON filter, in the arena. */
kfps_status kfpsi_filter_json(const char *text, kfpb_arena *arena, kfps_predicate **out, size_t *count,
                              kfps_error *error);

/* The form in page tokens, and back: false unless it is what kfpsi_filter_write writes of allowed conditions. */
void kfpsi_filter_write(const kfpsi_filter *filter, kfpb_text *out);
bool kfpsi_filter_parse(const kfpsi_fields *fields, const char *bytes, size_t length, kfpb_arena *arena,
                        kfpsi_filter *out);
bool kfpsi_filter_equal(const kfpsi_filter *a, const kfpsi_filter *b);

/* ---- filter_sql.c: each adds conditions behind ` WHERE`, with ` AND ` in between; `prefix` of columns ("a."), or NULL
 */

void kfpsi_filter_sql(kfpb_sql *sql, const kfpsi_fields *fields, const kfpsi_filter *filter, const char *prefix);
/* Text equality is byte by byte: an index of whatever collation finds, the bytes decide. */
void kfpsi_sql_equals(kfpb_sql *sql, const kfpb_column *column, const char *prefix, const char *text);
void kfpsi_sql_in(kfpb_sql *sql, const kfpb_column *column, const char *prefix, const char *const *texts, size_t count);
/* Around conditions that are not to choose the index. */
void kfpsi_sql_residual(kfpb_sql *sql);
void kfpsi_sql_residual_end(kfpb_sql *sql);
/* The ` AND ` itself: a blank directly behind ` WHERE`, nothing behind `(`. */
void kfpsi_sql_and(kfpb_sql *sql);
/* Takes a ` WHERE` without conditions back. */
void kfpsi_sql_no_where(kfpb_sql *sql);
/* A column as it is compared and sorted: a number as a double. */
void kfpsi_sql_operand(kfpb_sql *sql, const kfpb_column *column, const char *prefix);

#endif
