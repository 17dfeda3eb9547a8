/* SPDX-License-Identifier: Apache-2.0 */
#include "libkfpstore/result.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef struct holder {
    kfpb_arena arena;
    max_align_t content[];
} holder;

void *kfpsi_result_new(size_t size, kfpb_arena **arena)
{
    holder *h = calloc(1, sizeof *h + size);
    if (h == NULL)
        return NULL;
    kfpb_arena_init(&h->arena);
    *arena = &h->arena;
    return h->content;
}

void kfpsi_result_free(const void *result)
{
    if (result == NULL)
        return;
    holder *h = (holder *) ((char *) (uintptr_t) result - offsetof(holder, content));
    kfpb_arena_free(&h->arena);
    free(h);
}

/* `array` is the address of a pointer to whatever; it is read and written as bytes, which any pointer may be. */
void *kfpsi_push(kfpb_arena *arena, void *array, size_t *count, size_t *capacity, size_t size)
{
    char *items;
    memcpy(&items, array, sizeof items);
    if (*count == *capacity) {
        const size_t wanted = *capacity == 0 ? 2 : *capacity * 2;
        char *grown = kfpb_arena_array(arena, wanted, size);
        if (grown == NULL)
            return NULL;
        if (*count > 0)
            memcpy(grown, items, *count * size);
        items = grown;
        memcpy(array, &items, sizeof items);
        *capacity = wanted;
    }
    return items + (*count)++ * size;
}
