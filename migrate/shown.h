/* SPDX-License-Identifier: Apache-2.0 */
/* shown.h: what the database says, as people may see it. */
#ifndef KFPM_SHOWN_H
#define KFPM_SHOWN_H

#include <stdint.h>

#include "backends/base/arena.h"
#include "backends/base/text.h"

/* Adds the text, of each URI and each end of one in it without the query string, which may be a signature, and without
 * a user and password. */
void shown_without_secrets(kfpb_text *out, const char *text);
/* A copy of the same; NULL of NULL, and without memory, which shows in the arena's flag. */
const char *shown_copy(kfpb_arena *arena, const char *text);

enum { SHOWN_TIME_SIZE = 48 };
/* "3s", "1m22s", "2h03m04s" */
void shown_duration(int64_t seconds, char out[SHOWN_TIME_SIZE]);
/* "2026-11-24 10:20:30 UTC"; "" for no time. */
void shown_time(int64_t seconds, char out[SHOWN_TIME_SIZE]);

#endif
