/* SPDX-License-Identifier: Apache-2.0 */
#include "migrate/mapping_arguments.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_SOURCE_ID = 64 };

bool mapping_has(int key)
{
    return key >= MAPPING_SOURCE && key <= MAPPING_WAIT;
}

bool mapping_choice(const char *text, const char *no, const char *yes, bool *out)
{
    *out = strcmp(text, yes) == 0;
    return *out || strcmp(text, no) == 0;
}

static bool read_encoding(const char *text, mlmd_encoding *out)
{
    static const char *const names[] = {
        [MLMD_ENCODING_AUTO] = "auto", [MLMD_ENCODING_UTF8] = "utf8", [MLMD_ENCODING_LATIN1] = "latin1"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcmp(text, names[i]) == 0) {
            *out = (mlmd_encoding) i;
            return true;
        }
    }
    return false;
}

static bool read_run_contexts(mapping_arguments *a, const char *text, import_options *options)
{
    size_t n = 0;
    free(a->run_contexts);
    if ((a->run_contexts = strdup(text)) == NULL)
        return false;
    char *rest = a->run_contexts;
    for (char *type; (type = strsep(&rest, ",")) != NULL;) {
        if (*type == '\0' || n == MAPPING_RUN_TYPES)
            return false;
        a->run_types[n++] = type;
    }
    options->run_context_types = a->run_types;
    options->run_context_type_count = n;
    return true;
}

bool mapping_read(mapping_arguments *a, int key, const char *value, import_options *options)
{
    switch (key) {
    case MAPPING_SOURCE:
        a->source = value;
        return true;
    case MAPPING_TARGET:
        a->target = value;
        return true;
    case MAPPING_RUN_CONTEXTS:
        return read_run_contexts(a, value, options);
    case MAPPING_CANCELED:
        return mapping_choice(value, "skipped", "failed", &options->canceled_is_failed);
    case MAPPING_SOURCE_ID:
        options->source_id = value;
        return strlen(value) <= MAX_SOURCE_ID && strchr(value, ':') == NULL;
    case MAPPING_SOURCE_ENCODING:
        return read_encoding(value, &options->encoding);
    case MAPPING_WAIT:
        return cli_parse_number(value, 0, 86400, &a->wait_s);
    default:
        return false;
    }
}

int mapping_open(const cli_command *command, const mapping_arguments *a, import_options *options)
{
    if (a->source == NULL || a->target == NULL)
        return cli_usage(command, "%s needs --source and --target", command->name);
    const int code = cli_database_init(&options->source, CLI_SOURCE, a->source);
    return code == EXIT_DONE ? cli_database_init(&options->target, CLI_TARGET, a->target) : code;
}

int mapping_wait(const mapping_arguments *a, const import_options *options)
{
    const int code = cli_wait(&options->source, a->wait_s, false);
    return code == EXIT_DONE ? cli_wait(&options->target, a->wait_s, options->create_target) : code;
}

void mapping_free(mapping_arguments *a, import_options *options)
{
    cli_database_free(&options->source);
    cli_database_free(&options->target);
    free(a->run_contexts);
    *a = (mapping_arguments){0};
}
