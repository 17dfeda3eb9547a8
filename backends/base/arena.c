/* SPDX-License-Identifier: Apache-2.0 */
/* arena.c: a chain of blocks; the head is the one that is filled. */
#include "backends/base/arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_BLOCK = 16 * 1024, LARGEST_BLOCK = 1024 * 1024 };

struct kfpb_arena_block {
    kfpb_arena_block *next;
    size_t capacity;
    size_t filled;
    max_align_t data[];
};

void kfpb_arena_init(kfpb_arena *arena)
{
    *arena = (kfpb_arena){0};
}

static void free_chain(kfpb_arena_block *block)
{
    while (block != NULL) {
        kfpb_arena_block *next = block->next;
        free(block);
        block = next;
    }
}

void kfpb_arena_free(kfpb_arena *arena)
{
    free_chain(arena->head);
    kfpb_arena_init(arena);
}

void kfpb_arena_reset(kfpb_arena *arena)
{
    kfpb_arena_block *keep = arena->head;
    /* One unusually large allocation must not pin its memory for the rest of the loop. */
    if (keep != NULL && keep->capacity <= LARGEST_BLOCK) {
        free_chain(keep->next);
        keep->next = NULL;
        keep->filled = 0;
    } else {
        free_chain(keep);
        keep = NULL;
    }
    kfpb_arena_init(arena);
    arena->head = keep;
}

static kfpb_arena_block *new_block(size_t capacity)
{
    if (capacity > SIZE_MAX - sizeof(kfpb_arena_block))
        return NULL;
    kfpb_arena_block *block = malloc(sizeof(kfpb_arena_block) + capacity);
    if (block != NULL)
        *block = (kfpb_arena_block){.capacity = capacity};
    return block;
}

/* A block with room for `size` bytes. A large allocation gets a block of its own behind the head, so that the rest of
 * the head is not lost. */
static kfpb_arena_block *block_for(kfpb_arena *arena, size_t size)
{
    kfpb_arena_block *head = arena->head;
    if (head != NULL && head->capacity - head->filled >= size)
        return head;

    size_t capacity = FIRST_BLOCK;
    if (head != NULL)
        capacity = head->capacity < LARGEST_BLOCK / 2 ? head->capacity * 2 : LARGEST_BLOCK;
    const bool own = head != NULL && size > capacity / 2;
    kfpb_arena_block *block = new_block(own || size > capacity ? size : capacity);
    if (block == NULL)
        return NULL;
    if (own) {
        block->next = head->next;
        head->next = block;
    } else {
        block->next = head;
        arena->head = block;
    }
    return block;
}

/* `*rounded`: what was taken. */
static void *take(kfpb_arena *arena, size_t size, size_t *rounded)
{
    const size_t step = sizeof(max_align_t);
    if (size > SIZE_MAX - step) {
        arena->out_of_memory = true;
        return NULL;
    }
    *rounded = size == 0 ? step : (size + step - 1) / step * step;
    kfpb_arena_block *block = block_for(arena, *rounded);
    if (block == NULL) {
        arena->out_of_memory = true;
        return NULL;
    }
    void *memory = (char *) block->data + block->filled;
    block->filled += *rounded;
    arena->used += *rounded;
    return memory;
}

void *kfpb_arena_alloc(kfpb_arena *arena, size_t size)
{
    size_t rounded;
    void *memory = take(arena, size, &rounded);
    return memory != NULL ? memset(memory, 0, rounded) : NULL;
}

void *kfpb_arena_array(kfpb_arena *arena, size_t count, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes)) {
        arena->out_of_memory = true;
        return NULL;
    }
    return kfpb_arena_alloc(arena, bytes);
}

char *kfpb_arena_textn(kfpb_arena *arena, const char *text, size_t length)
{
    if (text == NULL)
        return NULL;
    if (length == SIZE_MAX) {
        arena->out_of_memory = true;
        return NULL;
    }
    size_t rounded;
    char *copy = take(arena, length + 1, &rounded);
    if (copy == NULL)
        return NULL;
    memcpy(copy, text, length);
    copy[length] = '\0';
    return copy;
}

char *kfpb_arena_text(kfpb_arena *arena, const char *text)
{
    return text == NULL ? NULL : kfpb_arena_textn(arena, text, strlen(text));
}

char *kfpb_arena_printf(kfpb_arena *arena, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    const int length = vsnprintf(NULL, 0, format, list);
    va_end(list);
    char *text = length < 0 ? NULL : kfpb_arena_alloc(arena, (size_t) length + 1);
    if (text == NULL) {
        arena->out_of_memory = true;
        return NULL;
    }
    va_start(list, format);
    vsnprintf(text, (size_t) length + 1, format, list);
    va_end(list);
    return text;
}
