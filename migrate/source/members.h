/* SPDX-License-Identifier: Apache-2.0 */
/*
 * members.h: which run contexts an execution is in, for all executions of the database: 4 bytes each, and a short list
 * for those in several.
 */
#ifndef MLMD_MEMBERS_H
#define MLMD_MEMBERS_H

#include "migrate/source/ids.h"

typedef struct mlmd_member_block mlmd_member_block;

/* {0} is empty. */
typedef struct mlmd_members {
    mlmd_ids contexts;         /* in the order of their numbers */
    mlmd_member_block *blocks; /* by the ids they cover */
    size_t block_count, block_capacity;
    mlmd_ids *several; /* the contexts of each execution that is in more than one */
    size_t several_count, several_capacity;
} mlmd_members;

void mlmd_members_free(mlmd_members *members);
/* Begins a context; its executions follow. */
bool mlmd_members_context(mlmd_members *members, int64_t context_id);
/* Puts an execution into the context with that number (0 is the first one begun), once. */
bool mlmd_members_add(mlmd_members *members, size_t context, int64_t execution_id);
/* By id. */
const int64_t *mlmd_members_of(const mlmd_members *members, int64_t execution_id, size_t *count);

#endif
