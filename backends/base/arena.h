/* SPDX-License-Identifier: Apache-2.0 */
/*
 * arena.h: memory that is freed all at once. Results and the rows of one import group live in one arena each.
 * Not thread safe: one arena belongs to one thread at a time.
 */
#ifndef KFPB_ARENA_H
#define KFPB_ARENA_H

#include <stdbool.h>
#include <stddef.h>

typedef struct kfpb_arena_block kfpb_arena_block;

typedef struct kfpb_arena {
    kfpb_arena_block *head;
    size_t used;        /* bytes handed out since init or reset */
    bool out_of_memory; /* sticky: set by any failed allocation, so that a long build checks once at its end */
} kfpb_arena;

void kfpb_arena_init(kfpb_arena *arena);
/* Frees everything and leaves an arena that can be used again. */
void kfpb_arena_free(kfpb_arena *arena);
/* Forgets everything but keeps one block, for a loop that fills the arena again and again. */
void kfpb_arena_reset(kfpb_arena *arena);

/* Zeroed memory, aligned for any type; NULL (and out_of_memory set) when there is none. size 0 gives a valid pointer.
 */
void *kfpb_arena_alloc(kfpb_arena *arena, size_t size);
/* count * size, checked for overflow. */
void *kfpb_arena_array(kfpb_arena *arena, size_t count, size_t size);
/* A copy with a NUL behind it. text NULL gives NULL. */
char *kfpb_arena_text(kfpb_arena *arena, const char *text);
char *kfpb_arena_textn(kfpb_arena *arena, const char *text, size_t length);
char *kfpb_arena_printf(kfpb_arena *arena, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
