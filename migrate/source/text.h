/* SPDX-License-Identifier: Apache-2.0 */
/*
 * text.h: what MLMD stored as text, made into valid UTF-8 without NUL.
 *
 * MLMD's MySQL connector declares latin1 and sends UTF-8, so a MySQL server holds each non-ASCII text encoded twice, or
 * as raw bytes in latin1 columns; read through a utf8mb4 session both look the same. MySQL's latin1 is cp1252, with C1
 * controls in its five holes.
 */
#ifndef MLMD_TEXT_H
#define MLMD_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "migrate/notes.h"

/* What was done to a text. */
enum mlmd_text_flag {
    MLMD_TEXT_REPAIRED = 1,   /* read as twice encoded, or as cp1252 */
    MLMD_TEXT_INVALID = 2,    /* bytes replaced by U+FFFD */
    MLMD_TEXT_NUL_DROPPED = 4 /* U+0000 taken out */
};

typedef enum mlmd_text_rule {
    MLMD_TEXT_PLAIN, /* UTF-8 as it stands; what is not UTF-8 is replaced by U+FFFD */
    MLMD_TEXT_GUESS, /* the same, but text without any UTF-8 sequence is read as cp1252 */
    MLMD_TEXT_TWICE  /* GUESS, and text whose cp1252 bytes are non-ASCII UTF-8 is taken for encoded twice */
} mlmd_text_rule;

/* A copy in the arena; NULL for bytes NULL, or without memory (the arena's flag). Adds to *flags. */
const char *mlmd_text_read(const char *bytes, size_t length, mlmd_text_rule rule, kfpb_arena *arena, unsigned *flags);

/* One note for each flag. */
void mlmd_text_notes(note_list *notes, kfpb_arena *arena, unsigned flags, const char *kind, int64_t id,
                     const char *detail);

#endif
