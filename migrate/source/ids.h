/* SPDX-License-Identifier: Apache-2.0 */
/* ids.h: growing lists of ids, and of anything else. */
#ifndef MLMD_IDS_H
#define MLMD_IDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Makes room for one more item of `size` bytes behind `count`; false without memory, and *items stays. */
bool mlmd_grow(void **items, size_t *capacity, size_t count, size_t size);

/* {0} is an empty list. */
typedef struct mlmd_ids {
    int64_t *items;
    size_t count;
    size_t capacity;
} mlmd_ids;

void mlmd_ids_free(mlmd_ids *ids);
bool mlmd_ids_add(mlmd_ids *ids, int64_t id);
/* Ascending, each once. */
void mlmd_ids_sort(mlmd_ids *ids);
/* Of a sorted list. */
bool mlmd_ids_has(const mlmd_ids *ids, int64_t id);

/* The index of the first of `count` items of `size` bytes, sorted by the int64_t that each begins with, that is not
 * below `id`; count if all are below. */
size_t mlmd_lower_bound(const void *items, size_t count, size_t size, int64_t id);
/* The item with that id, or NULL. */
const void *mlmd_find(const void *items, size_t count, size_t size, int64_t id);
/* For qsort: by the int64_t that each item begins with. */
int mlmd_compare_ids(const void *a, const void *b);

#endif
