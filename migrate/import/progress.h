/* SPDX-License-Identifier: Apache-2.0 */
/* progress.h: how far an import or a rollback is, on stderr: a live line on a terminal, a line every 30 s elsewhere. */
#ifndef KFPM_PROGRESS_H
#define KFPM_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct progress {
    bool live;      /* stderr is a terminal */
    double started; /* monotonic seconds */
    double said;    /* when the last line went out */
    uint64_t total; /* to do */
    bool line_open; /* a live line stands there */
    bool paused;
    double waited; /* seconds, in pauses that are over */
    double paused_at;
} progress;

void progress_start(progress *p, uint64_t total);
/* Cheap: says something only when it is time. The first is an import's; `what` names what is counted. */
void progress_update(progress *p, uint64_t done, uint64_t skipped, uint64_t rejected);
void progress_count(progress *p, const char *what, uint64_t done);
/* The import waits while that file is there; NULL: it goes on. Said at once. */
void progress_pause(progress *p, const char *file);
/* Wipes the live line. */
void progress_end(progress *p);
/* "1m05s", "2h00m". */
void progress_format_duration(double seconds, char *out, size_t size);
/* Monotonic seconds. */
double progress_now(void);

#endif
