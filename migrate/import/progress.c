/* SPDX-License-Identifier: Apache-2.0 */
#include "migrate/import/progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "migrate/log.h"

static const double live_interval = 0.2, log_interval = 30;

double progress_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double) now.tv_sec + (double) now.tv_nsec / 1e9;
}

void progress_start(progress *p, uint64_t total)
{
    memset(p, 0, sizeof *p);
    p->live = log_is_live();
    p->started = progress_now();
    p->said = p->live ? 0 : p->started;
    p->total = total;
}

void progress_format_duration(double seconds, char *out, size_t size)
{
    const long s = (long) seconds;
    if (s >= 3600)
        snprintf(out, size, "%ldh%02ldm", s / 3600, s / 60 % 60);
    else
        snprintf(out, size, "%ldm%02lds", s / 60, s % 60);
}

void progress_update(progress *p, uint64_t done, uint64_t skipped, uint64_t rejected)
{
    const double now = progress_now();
    if (p->paused || now - p->said < (p->live ? live_interval : log_interval))
        return;
    p->said = now;
    const double spent = now - p->started - p->waited;
    const double rate = spent > 0 ? (double) done / spent : 0;
    char eta[32] = "?", took[32];
    if (rate > 0 && p->total >= done)
        progress_format_duration((double) (p->total - done) / rate, eta, sizeof eta);
    progress_format_duration(spent, took, sizeof took);
    char line[256];
    snprintf(line, sizeof line,
             "executions %" PRIu64 "/%" PRIu64 " (%.1f%%) %.0f/s skipped %" PRIu64 " rejected %" PRIu64 " %s ETA %s",
             done, p->total, p->total > 0 ? 100.0 * (double) done / (double) p->total : 100.0, rate, skipped, rejected,
             took, eta);
    if (p->live) {
        fprintf(stderr, "\r%s\033[K", line);
        fflush(stderr);
        p->line_open = true;
        return;
    }
    json_t *fields = json_pack("{s:I,s:I,s:I,s:I,s:f,s:f}", "executions", (json_int_t) done, "total",
                               (json_int_t) p->total, "skipped", (json_int_t) skipped, "rejected",
                               (json_int_t) rejected, "seconds", spent, "per_second", rate);
    log_line(LOG_LEVEL_INFO, fields, "%s", line);
}

void progress_pause(progress *p, const char *file)
{
    const double now = progress_now();
    progress_end(p);
    if (file != NULL)
        log_line(LOG_LEVEL_INFO, NULL, "paused: the import goes on when %s is removed", file);
    else
        log_line(LOG_LEVEL_INFO, NULL, "the import goes on");
    if (p->paused)
        p->waited += now - p->paused_at;
    p->paused = file != NULL;
    p->paused_at = now;
    p->said = now;
}

void progress_end(progress *p)
{
    if (p->line_open)
        fputs("\r\033[K", stderr);
    p->line_open = false;
}
