/* SPDX-License-Identifier: Apache-2.0 */
/* buffer.h: a text that grows. */
#ifndef KFPBENCH_BUFFER_H
#define KFPBENCH_BUFFER_H

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "bench/floor.h"

typedef struct buffer {
    char *data;
    size_t length, size;
} buffer;

static inline char *buffer_room(buffer *b, size_t more)
{
    if (b->length + more + 1 > b->size) {
        b->size = (b->length + more + 1) * 2;
        b->data = floor_grow(b->data, b->size, 1);
    }
    return b->data + b->length;
}

static inline void buffer_add(buffer *b, const char *text, size_t length)
{
    memcpy(buffer_room(b, length), text, length);
    b->length += length;
    b->data[b->length] = '\0';
}

static inline void buffer_text(buffer *b, const char *text)
{
    buffer_add(b, text, strlen(text));
}

static inline void buffer_char(buffer *b, char c)
{
    buffer_add(b, &c, 1);
}

/* A number as SQL has it. */
static inline void buffer_number(buffer *b, const cell *c)
{
    enum { NUMBER_SIZE = 40 };
    char *room = buffer_room(b, NUMBER_SIZE);
    b->length += (size_t) (c->kind == CELL_INT ? snprintf(room, NUMBER_SIZE, "%" PRId64, c->integer)
                                               : snprintf(room, NUMBER_SIZE, "%.17g", c->real));
}

#endif
