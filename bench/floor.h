/* SPDX-License-Identifier: Apache-2.0 */
/*
 * floor.h: the same rows as an import wrote, put into a fresh database by the engine's own client library, in the same
 * order and in the same transactions. What an import takes beyond that is its own.
 */
#ifndef KFPBENCH_FLOOR_H
#define KFPBENCH_FLOOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum cell_kind { CELL_NULL, CELL_INT, CELL_REAL, CELL_TEXT } cell_kind;

typedef struct cell {
    cell_kind kind;
    size_t length; /* of a text */
    union {
        int64_t integer;
        double real;
        char *text;
    };
} cell;

typedef struct floor_table {
    const char *name;
    char **columns;
    size_t column_count;
    cell *cells; /* row after row */
    size_t row_count;
    size_t *ends; /* per group: the row after its last one */
} floor_table;

enum { FLOOR_TABLES = 5 };

/* The rows of one import. A group is what one transaction holds. */
typedef struct floor_rows {
    floor_table tables[FLOOR_TABLES]; /* in the order in which a group's rows go in */
    size_t group_count;
} floor_rows;

/* Reads what an import into the SQLite database `path` wrote; ends the program when it cannot. */
void floor_rows_read(floor_rows *rows, const char *path, int64_t batch);
size_t floor_rows_total(const floor_rows *rows);

static inline size_t floor_start(const floor_table *table, size_t group)
{
    return group > 0 ? table->ends[group - 1] : 0;
}

static inline const cell *floor_row(const floor_table *table, size_t row)
{
    return table->cells + row * table->column_count;
}

/* Each puts all rows into the database that `target` names; each ends the program when it cannot. */
void floor_sqlite(const floor_rows *rows, const char *target);
void floor_pgsql(const floor_rows *rows, const char *target);
void floor_mysql(const floor_rows *rows, const char *target);

_Noreturn void floor_die(const char *what, const char *why);
void *floor_grow(void *old, size_t count, size_t size);

#endif
