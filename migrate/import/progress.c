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

static bool is_time(progress *p)
{
    const double now = progress_now();
    if (p->paused || now - p->said < (p->live ? live_interval : log_interval))
        return false;
    p->said = now;
    return true;
}

/* `more` and `fields` (taken over, may be NULL): what else is counted. */
static void say(progress *p, const char *what, uint64_t done, const char *more, json_t *fields)
{
    const double spent = p->said - p->started - p->waited;
    const double rate = spent > 0 ? (double) done / spent : 0;
    char eta[32] = "?", took[32];
    if (rate > 0 && p->total >= done)
        progress_format_duration((double) (p->total - done) / rate, eta, sizeof eta);
    progress_format_duration(spent, took, sizeof took);
    char line[256];
    snprintf(line, sizeof line, "%s %" PRIu64 "/%" PRIu64 " (%.1f%%) %.0f/s%s %s ETA %s", what, done, p->total,
             p->total > 0 ? 100.0 * (double) done / (double) p->total : 100.0, rate, more, took, eta);
    if (p->live) {
        fprintf(stderr, "\r%s\033[K", line);
        fflush(stderr);
        p->line_open = true;
        json_decref(fields);
        return;
    }
    json_t *all = json_pack("{s:I,s:I,s:f,s:f}", what, (json_int_t) done, "total", (json_int_t) p->total, "seconds",
                            spent, "per_second", rate);
    json_object_update_new(all, fields);
    log_line(LOG_LEVEL_INFO, all, "%s", line);
}

void progress_update(progress *p, uint64_t done, uint64_t skipped, uint64_t rejected)
{
    char more[80];
    if (!is_time(p))
        return;
    snprintf(more, sizeof more, " skipped %" PRIu64 " rejected %" PRIu64, skipped, rejected);
    say(p, "executions", done, more,
        json_pack("{s:I,s:I}", "skipped", (json_int_t) skipped, "rejected", (json_int_t) rejected));
}

void progress_count(progress *p, const char *what, uint64_t done)
{
    if (is_time(p))
        say(p, what, done, "", NULL);
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
