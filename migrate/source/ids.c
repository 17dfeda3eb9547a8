/* SPDX-License-Identifier: Apache-2.0 */
#include "migrate/source/ids.h"

#include <stdlib.h>
#include <string.h>

bool mlmd_grow(void **items, size_t *capacity, size_t count, size_t size)
{
    if (count < *capacity)
        return true;
    size_t wanted = *capacity < 16 ? 16 : *capacity * 2;
    void *grown = wanted > *capacity ? reallocarray(*items, wanted, size) : NULL;
    if (grown == NULL)
        return false;
    *items = grown;
    *capacity = wanted;
    return true;
}

void mlmd_ids_free(mlmd_ids *ids)
{
    free(ids->items);
    *ids = (mlmd_ids){0};
}

bool mlmd_ids_add(mlmd_ids *ids, int64_t id)
{
    void *items = ids->items;
    if (!mlmd_grow(&items, &ids->capacity, ids->count, sizeof *ids->items))
        return false;
    ids->items = items;
    ids->items[ids->count++] = id;
    return true;
}

static int64_t id_of(const void *item)
{
    int64_t id;
    memcpy(&id, item, sizeof id);
    return id;
}

int mlmd_compare_ids(const void *a, const void *b)
{
    int64_t x = id_of(a), y = id_of(b);
    return (x > y) - (x < y);
}

void mlmd_ids_sort(mlmd_ids *ids)
{
    size_t kept = 0;

    if (ids->count == 0)
        return;
    qsort(ids->items, ids->count, sizeof *ids->items, mlmd_compare_ids);
    for (size_t i = 1; i < ids->count; i++) {
        if (ids->items[i] != ids->items[kept])
            ids->items[++kept] = ids->items[i];
    }
    ids->count = kept + 1;
}

bool mlmd_ids_has(const mlmd_ids *ids, int64_t id)
{
    return mlmd_find(ids->items, ids->count, sizeof *ids->items, id) != NULL;
}

size_t mlmd_lower_bound(const void *items, size_t count, size_t size, int64_t id)
{
    size_t low = 0, high = count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (id_of((const char *) items + middle * size) < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

const void *mlmd_find(const void *items, size_t count, size_t size, int64_t id)
{
    size_t i = mlmd_lower_bound(items, count, size, id);
    const char *item = (const char *) items + i * size;

    return i < count && id_of(item) == id ? item : NULL;
}
