/* SPDX-License-Identifier: Apache-2.0 */
#include "migrate/import/seen.h"

#include <stdlib.h>
#include <string.h>

/* The first 15 digits of a UUIDv5, less the version: 56 bits of a SHA-1. Among a million the odds of two alike are 1 in
 * 100,000. */
static uint64_t key_of(const char *uuid)
{
    uint64_t key = 0;
    int digits = 0;
    for (const char *c = uuid; *c != '\0' && digits < 19; c++) {
        if (*c == '-')
            continue;
        digits++;
        if (digits == 13 || digits == 17) /* version and variant say nothing */
            continue;
        key = key << 4 | (uint64_t) (*c <= '9' ? *c - '0' : (*c & 0xf) + 9);
    }
    return key | 1;
}

static int insert(uint64_t *slots, size_t capacity, uint64_t key)
{
    size_t i = (size_t) (key * 0x9e3779b97f4a7c15u) & (capacity - 1);
    while (slots[i] != 0) {
        if (slots[i] == key)
            return 1;
        i = (i + 1) & (capacity - 1);
    }
    slots[i] = key;
    return 0;
}

static int grow(seen_artifacts *set)
{
    const size_t capacity = set->capacity == 0 ? 1024 : set->capacity * 2;
    uint64_t *slots = calloc(capacity, sizeof *slots);
    if (slots == NULL)
        return -1;
    for (size_t i = 0; i < set->capacity; i++) {
        if (set->slots[i] != 0)
            insert(slots, capacity, set->slots[i]);
    }
    free(set->slots);
    set->slots = slots;
    set->capacity = capacity;
    return 0;
}

int seen_before(seen_artifacts *set, const char *uuid)
{
    if (set->count * 2 >= set->capacity && grow(set) != 0)
        return -1;
    const int before = insert(set->slots, set->capacity, key_of(uuid));
    set->count += before == 0;
    return before;
}

void seen_free(seen_artifacts *set)
{
    free(set->slots);
    memset(set, 0, sizeof *set);
}
