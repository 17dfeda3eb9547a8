/* SPDX-License-Identifier: Apache-2.0 */
/* rejects.h: the file that lists every note, one JSON object a line. */
#ifndef KFPM_REJECTS_H
#define KFPM_REJECTS_H

#include <stdio.h>

#include "migrate/import/group.h"

/* file NULL: nothing. False when it cannot be written (errno says why). */
bool rejects_write(FILE *file, const group_run *run);
/* A line about something that is not loaded at all; context_id 0: in no run context. */
bool rejects_write_outside(FILE *file, note_reason reason, const char *kind, int64_t id, int64_t context_id);

#endif
