/* SPDX-License-Identifier: Apache-2.0 */
/* seen.h: a set of UUIDs in 8 bytes each, for the exact counts of a dry run. */
#ifndef KFPM_SEEN_H
#define KFPM_SEEN_H

#include <stddef.h>
#include <stdint.h>

/* Initialised with {0}. */
typedef struct seen_artifacts {
    uint64_t *slots; /* 0: free */
    size_t count, capacity;
} seen_artifacts;

/* 1: the UUID was there; 0: it is there now; -1: no memory, it was not kept. */
int seen_before(seen_artifacts *set, const char *uuid);
void seen_free(seen_artifacts *set);

#endif
