/* SPDX-License-Identifier: Apache-2.0 */
#include "migrate/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "backends/base/utf8.h"

/* stderr's own property, as it were: like the stream itself it is the process's and not a command's. */
static bool as_json;

bool log_set_format(const char *name)
{
    as_json = strcmp(name, "json") == 0;
    return as_json || strcmp(name, "text") == 0;
}

bool log_is_json(void)
{
    return as_json;
}

bool log_is_live(void)
{
    return !as_json && isatty(STDERR_FILENO);
}

static json_t *time_now(void)
{
    struct timespec now;
    struct tm utc;
    char day[32] = "", text[48];
    clock_gettime(CLOCK_REALTIME, &now);
    if (gmtime_r(&now.tv_sec, &utc) != NULL)
        strftime(day, sizeof day, "%Y-%m-%dT%H:%M:%S", &utc);
    snprintf(text, sizeof text, "%s.%03ldZ", day, now.tv_nsec / 1000000);
    return json_string(text);
}

/* The names of files may be any bytes; JSON is UTF-8. */
static json_t *message_of(char *text)
{
    if (!kfpb_utf8_valid(text, strlen(text))) {
        for (char *p = text; *p != '\0'; p++)
            *p = (unsigned char) *p < 0x80 ? *p : '?';
    }
    return json_string(text);
}

static bool print_json(log_level level, json_t *fields, char *text)
{
    static const char *const names[] = {
        [LOG_LEVEL_INFO] = "info", [LOG_LEVEL_WARNING] = "warning", [LOG_LEVEL_ERROR] = "error"};
    json_t *line = json_pack("{s:o,s:s,s:o,s:o*}", "time", time_now(), "level", names[level], "message",
                             message_of(text), "fields", fields);
    char *printed = line != NULL ? json_dumps(line, JSON_COMPACT) : NULL;
    json_decref(line);
    if (printed == NULL)
        return false;
    fprintf(stderr, "%s\n", printed); /* in one piece: threads may speak at once */
    free(printed);
    return true;
}

void log_line(log_level level, json_t *fields, const char *format, ...)
{
    char *text = NULL;
    va_list arguments;
    va_start(arguments, format);
    const int length = vasprintf(&text, format, arguments);
    va_end(arguments);
    if (length < 0)
        text = NULL;
    if (text == NULL || !as_json) {
        json_decref(fields);
        fprintf(stderr, "%s%s%s\n", log_is_live() ? "\r\033[K" : "",
                level == LOG_LEVEL_INFO ? "" : "kfp-migrate: ", text != NULL ? text : "out of memory");
    } else if (!print_json(level, fields, text)) {
        fputs("{\"level\":\"error\",\"message\":\"out of memory\"}\n", stderr);
    }
    free(text);
}
