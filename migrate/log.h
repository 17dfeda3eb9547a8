/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log.h: what a command says beside its result, on stderr: lines for people, or with --log-format=json one JSON object
 * a line (time, level, message, fields).
 */
#ifndef KFPM_LOG_H
#define KFPM_LOG_H

#include <jansson.h>
#include <stdbool.h>

typedef enum log_level { LOG_LEVEL_INFO, LOG_LEVEL_WARNING, LOG_LEVEL_ERROR } log_level;

/* "text" or "json"; false for anything else. Set once, from the command line, before there is a second thread. */
bool log_set_format(const char *name);
bool log_is_json(void);
/* Whether a line that is written over and over belongs on stderr: on a terminal, as text. */
bool log_is_live(void);

/* One line. As text, warnings and errors begin with the program's name. `fields` (may be NULL; taken over) repeats
 * parts of the message as values and is shown in JSON only. */
void log_line(log_level level, json_t *fields, const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
