/* SPDX-License-Identifier: Apache-2.0 */
#include "migrate/shown.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* Adds [text, end), of which each "user:password@" behind a scheme is hidden. */
static void add_without_users(kfpb_text *out, const char *text, const char *end)
{
    const char *scheme;
    while ((scheme = memmem(text, (size_t) (end - text), "://", 3)) != NULL) {
        const char *host = scheme + 3;
        const size_t most = (size_t) (end - host), part = strcspn(host, "/?#");
        const char *at = memrchr(host, '@', part < most ? part : most);
        kfpb_text_addn(out, text, (size_t) (host - text));
        if (at != NULL && memchr(host, ':', (size_t) (at - host)) != NULL) {
            kfpb_text_add(out, "…");
            host = at;
        }
        text = host;
    }
    kfpb_text_addn(out, text, (size_t) (end - text));
}

void shown_without_secrets(kfpb_text *out, const char *text)
{
    const char *scheme = strstr(text, "://"), *query = strchr(text, '?');
    for (const char *c = text; *c != '\0';) {
        const char *end = c + strcspn(c, " \t\n\"'<>");
        if (scheme != NULL && scheme < c)
            scheme = strstr(c, "://");
        if (query != NULL && query < c)
            query = strchr(c, '?');
        /* the end of a URI, as names are made of it, has no scheme */
        if (query != NULL && query < end &&
            ((scheme != NULL && scheme < end) || memchr(query, '=', (size_t) (end - query)) != NULL)) {
            add_without_users(out, c, query);
            kfpb_text_add(out, "?…");
        } else {
            add_without_users(out, c, end);
        }
        c = end;
        if (*c != '\0')
            kfpb_text_char(out, *c++);
    }
}

const char *shown_copy(kfpb_arena *arena, const char *text)
{
    kfpb_text shown = {0};
    if (text == NULL)
        return NULL;
    shown_without_secrets(&shown, text);
    const char *copy = shown.out_of_memory ? NULL : kfpb_arena_text(arena, kfpb_text_get(&shown));
    arena->out_of_memory |= shown.out_of_memory;
    kfpb_text_free(&shown);
    return copy;
}

void shown_duration(int64_t seconds, char out[SHOWN_TIME_SIZE])
{
    if (seconds >= 3600)
        snprintf(out, SHOWN_TIME_SIZE, "%" PRId64 "h%02" PRId64 "m%02" PRId64 "s", seconds / 3600, seconds / 60 % 60,
                 seconds % 60);
    else if (seconds >= 60)
        snprintf(out, SHOWN_TIME_SIZE, "%" PRId64 "m%02" PRId64 "s", seconds / 60, seconds % 60);
    else
        snprintf(out, SHOWN_TIME_SIZE, "%" PRId64 "s", seconds);
}

void shown_time(int64_t seconds, char out[SHOWN_TIME_SIZE])
{
    const time_t at = (time_t) seconds;
    struct tm utc;
    if (seconds <= 0 || gmtime_r(&at, &utc) == NULL ||
        strftime(out, SHOWN_TIME_SIZE, "%Y-%m-%d %H:%M:%S UTC", &utc) == 0)
        out[0] = '\0';
}
