/* SPDX-License-Identifier: Apache-2.0 */
/*
 * native.h: an engine's own client library, as somebody would use it by hand for speed: prepared statements that are
 * kept, rows read as they come. It is the floor that the library is measured against. Every failure ends the program.
 */
#ifndef KFPBENCH_NATIVE_H
#define KFPBENCH_NATIVE_H

#include <stdbool.h>
#include <stddef.h>

#include "bench/floor.h"
#include "kfpstore.h"

typedef struct native native;

typedef struct native_ops {
    const char *engine;
    native *(*open)(const char *target);
    void (*close)(native *n);
    /* A statement with `?` for values; kept prepared by its text. */
    void (*exec)(native *n, const char *sql, const kfps_value *values, size_t count);
    /* Reads every column of every row; returns the number of rows. `first` (may be NULL, of 64 bytes): the first row's
     * first column. */
    size_t (*query)(native *n, const char *sql, const kfps_value *values, size_t count, char *first);
    /* Many rows into a table: `rows` times `count` values. `columns` is "a,b,c". */
    void (*bulk)(native *n, const char *table, const char *const *columns, const char *const *types, size_t count,
                 const kfps_value *values, size_t rows);
} native_ops;

extern const native_ops native_sqlite, native_pgsql, native_mysql;

static inline kfps_value v_text(const char *text)
{
    return (kfps_value){.kind = text != NULL ? KFPS_VALUE_TEXT : KFPS_VALUE_NULL, .text_value = text};
}
static inline kfps_value v_int(int64_t number)
{
    return (kfps_value){.kind = KFPS_VALUE_INT, .int_value = number};
}
static inline kfps_value v_null(void)
{
    return (kfps_value){.kind = KFPS_VALUE_NULL};
}

#endif
