/* SPDX-License-Identifier: Apache-2.0 */
#include "migrate/shown.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

void shown_without_queries(kfpb_text *out, const char *text)
{
    for (const char *c = text; *c != '\0';) {
        const size_t word = strcspn(c, " \t\n\"'<>");
        const char *scheme = strstr(c, "://");
        const size_t query = strcspn(c, "?");
        const char *equals = strchr(c + query, '='); /* the end of a URI, as names are made of it, has no scheme */
        if (query < word && ((scheme != NULL && scheme < c + word) || (equals != NULL && equals < c + word))) {
            kfpb_text_addn(out, c, query);
            kfpb_text_add(out, "?…");
        } else {
            kfpb_text_addn(out, c, word);
        }
        c += word;
        if (*c != '\0')
            kfpb_text_char(out, *c++);
    }
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
