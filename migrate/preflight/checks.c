/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "migrate/preflight/preflight.h"

enum { NEEDS_NOTHING = 0, NEEDS_SOURCE = 1, NEEDS_TARGET = 2, NEEDS_BOTH = NEEDS_SOURCE | NEEDS_TARGET };

/* In this order: a later one may use what an earlier one has read. */
static const struct {
    const char *about; /* "not looked at: ABOUT" */
    unsigned needs;
    preflight_check run;
} checks[] = {
    {"the source", NEEDS_NOTHING, preflight_open_source},
    {"the target", NEEDS_NOTHING, preflight_open_target},
    {"the source's texts", NEEDS_SOURCE, preflight_source_text},
    {"what still writes to the source", NEEDS_SOURCE, preflight_source_activity},
    {"the source's types of runs", NEEDS_SOURCE, preflight_source_types},
    {"the target's schema", NEEDS_TARGET, preflight_schema},
    {"the target's tables", NEEDS_TARGET, preflight_target_tables},
    {"whether the target can be written", NEEDS_TARGET, preflight_writable},
    {"the account's rights on the target", NEEDS_TARGET, preflight_rights},
    {"locks", NEEDS_TARGET, preflight_locks},
    {"the sizes of values", NEEDS_BOTH, preflight_value_sizes},
    {"free space", NEEDS_NOTHING, preflight_space},
    {"the runs", NEEDS_SOURCE, preflight_runs},
    {"runs that are not over", NEEDS_TARGET, preflight_running_runs},
};

void preflight_say(preflight *p, finding_id id, const char *format, ...)
{
    char message[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    if (p->count < PREFLIGHT_FINDINGS)
        p->findings[p->count++] = (finding){id, kfpb_arena_text(&p->arena, message)};
}

void preflight_run(preflight *p, const import_options *options)
{
    memset(p, 0, sizeof *p);
    p->options = options;
    kfpb_arena_init(&p->arena);
    for (size_t i = 0; i < sizeof checks / sizeof *checks; i++) {
        const unsigned there = (p->source != NULL ? NEEDS_SOURCE : 0u) | (p->target != NULL ? NEEDS_TARGET : 0u);
        if ((checks[i].needs & ~there) != 0)
            continue;
        if (checks[i].run(p) != KFPS_OK)
            preflight_say(p, FIND_NOT_LOOKED_AT, "%s: %s", checks[i].about, p->error.message);
    }
}

void preflight_free(preflight *p)
{
    if (p->has_schema)
        schema_status_free(&p->schema);
    kfpb_close(&p->target);
    kfpb_close(&p->source_conn);
    mlmd_source_close(&p->source);
    kfpb_arena_free(&p->arena);
}

size_t preflight_count(const preflight *p, finding_severity severity)
{
    size_t count = 0;
    for (size_t i = 0; i < p->count; i++)
        count += finding_about(p->findings[i].id)->severity == severity;
    return count;
}

int preflight_exit_code(const preflight *p)
{
    int code = EXIT_DONE;
    for (size_t i = 0; i < p->count; i++) {
        const finding_info *about = finding_about(p->findings[i].id);
        if (about->severity == FINDING_BLOCKER && (code == EXIT_DONE || code == EXIT_PENDING))
            code = about->exit_code;
    }
    return code;
}
