/* SPDX-License-Identifier: Apache-2.0 */
#include "migrate/source/members.h"

#include <stdlib.h>
#include <string.h>

enum { BLOCK = 256 };

/* The executions BLOCK * number … + BLOCK - 1. An entry is 0: in none; n > 0: in context n - 1; n < 0: in several[-n -
 * 1]. */
struct mlmd_member_block {
    int64_t number; /* first: sorted by it */
    int32_t *entries;
};

void mlmd_members_free(mlmd_members *members)
{
    for (size_t i = 0; i < members->block_count; i++)
        free(members->blocks[i].entries);
    for (size_t i = 0; i < members->several_count; i++)
        mlmd_ids_free(&members->several[i]);
    free(members->blocks);
    free(members->several);
    mlmd_ids_free(&members->contexts);
    *members = (mlmd_members){0};
}

bool mlmd_members_context(mlmd_members *members, int64_t context_id)
{
    return members->contexts.count < INT32_MAX - 1 && mlmd_ids_add(&members->contexts, context_id);
}

/* Rounds down, also below zero. */
static int64_t block_number(int64_t execution_id)
{
    return execution_id >= 0 ? execution_id / BLOCK : -((-(execution_id + 1)) / BLOCK) - 1;
}

static int32_t *entry_of(const mlmd_members *members, int64_t execution_id)
{
    int64_t number = block_number(execution_id);
    const mlmd_member_block *block = mlmd_find(members->blocks, members->block_count, sizeof *members->blocks, number);

    return block != NULL ? &block->entries[execution_id - number * BLOCK] : NULL;
}

static bool add_block(mlmd_members *members, int64_t number)
{
    void *blocks = members->blocks;
    if (!mlmd_grow(&blocks, &members->block_capacity, members->block_count, sizeof *members->blocks))
        return false;
    members->blocks = blocks;
    int32_t *entries = calloc(BLOCK, sizeof *entries);
    if (entries == NULL)
        return false;
    size_t at = mlmd_lower_bound(members->blocks, members->block_count, sizeof *members->blocks, number);
    memmove(&members->blocks[at + 1], &members->blocks[at], (members->block_count - at) * sizeof *members->blocks);
    members->blocks[at] = (mlmd_member_block){.number = number, .entries = entries};
    members->block_count++;
    return true;
}

/* From one context to two. */
static bool add_several(mlmd_members *members, int32_t *entry)
{
    void *several = members->several;
    if (!mlmd_grow(&several, &members->several_capacity, members->several_count, sizeof *members->several))
        return false;
    members->several = several;
    mlmd_ids *list = &members->several[members->several_count];
    *list = (mlmd_ids){0};
    if (!mlmd_ids_add(list, members->contexts.items[*entry - 1]))
        return false;
    members->several_count++;
    *entry = -(int32_t) members->several_count;
    return true;
}

bool mlmd_members_add(mlmd_members *members, size_t context, int64_t execution_id)
{
    int32_t *entry = entry_of(members, execution_id);

    if (entry == NULL) {
        if (!add_block(members, block_number(execution_id)))
            return false;
        entry = entry_of(members, execution_id);
    }
    if (*entry == 0) {
        *entry = (int32_t) context + 1;
        return true;
    }
    if (*entry == (int32_t) context + 1)
        return true;
    if (*entry > 0 && !add_several(members, entry))
        return false;
    mlmd_ids *list = &members->several[-*entry - 1];
    if (!mlmd_ids_add(list, members->contexts.items[context]))
        return false;
    mlmd_ids_sort(list);
    return true;
}

const int64_t *mlmd_members_of(const mlmd_members *members, int64_t execution_id, size_t *count)
{
    const int32_t *entry = entry_of(members, execution_id);

    *count = 0;
    if (entry == NULL || *entry == 0)
        return NULL;
    if (*entry > 0) {
        *count = 1;
        return &members->contexts.items[*entry - 1];
    }
    const mlmd_ids *list = &members->several[-*entry - 1];
    *count = list->count;
    return list->items;
}
