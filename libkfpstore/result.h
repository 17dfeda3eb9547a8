/* SPDX-License-Identifier: Apache-2.0 */
/* result.h: the results that callers get: a public struct in front of which its own arena lies, freed by one call. */
#ifndef KFPSI_RESULT_H
#define KFPSI_RESULT_H

#include "backends/base/arena.h"
#include "kfpstore/error.h"

/* A zeroed struct of `size` bytes and the arena that everything it points to comes from; NULL: no memory. */
void *kfpsi_result_new(size_t size, kfpb_arena **arena);
/* NULL-safe. */
void kfpsi_result_free(const void *result);

/* Room for one more element of `size` bytes at the end of an array in the arena; returns its place, NULL without
 * memory. The old array stays in the arena: it doubles, so at most as much again is lost. */
void *kfpsi_push(kfpb_arena *arena, void *array, size_t *count, size_t *capacity, size_t size);

#endif
