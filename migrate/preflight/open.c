/* SPDX-License-Identifier: Apache-2.0 */
/* open.c: both databases, opened so that they cannot be written. */
#include <inttypes.h>
#include <stdint.h>

#include "migrate/preflight/preflight.h"

/* No statement of a look around may hold a server up for longer. */
enum { STATEMENT_MS = 120000 };

static kfpb_open_options how(const cli_database *database)
{
    kfpb_open_options options = cli_open_options(database);
    options.read_only = true;
    options.statement_timeout_ms = STATEMENT_MS;
    return options;
}

static bool is_away(kfps_status status)
{
    return status == KFPS_UNAVAILABLE || status == KFPS_CONNECTION_LOST;
}

kfps_status preflight_open_source(preflight *p)
{
    const import_options *o = p->options;
    const mlmd_source_options options = {.run_context_types = o->run_context_types,
                                         .run_context_type_count = o->run_context_type_count,
                                         .encoding = o->encoding,
                                         .password = o->source.password};
    kfps_status status = mlmd_source_open(&o->source.dsn, &options, &p->source, &p->error);
    if (status != KFPS_OK) {
        preflight_say(p,
                      is_away(status)             ? FIND_SOURCE_UNREACHABLE
                      : status == KFPS_PERMISSION ? FIND_SOURCE_DENIED
                                                  : FIND_SOURCE_UNREADABLE,
                      "%s", p->error.message);
        return KFPS_OK;
    }
    const kfpb_open_options open_options = how(&o->source);
    status = kfpb_open(&o->source.dsn, &open_options, &p->source_conn, &p->error);
    if (status == KFPS_OK)
        status = mlmd_source_totals(p->source, &p->totals, &p->error);
    if (status == KFPS_PERMISSION) {
        preflight_say(p, FIND_SOURCE_DENIED, "%s", p->error.message);
        mlmd_source_close(&p->source);
        return KFPS_OK;
    }
    if (status != KFPS_OK)
        return status;
    preflight_say(p, FIND_SOURCE,
                  "MLMD schema %d on %s: %" PRId64 " runs, %" PRId64 " executions, %" PRId64 " artifacts, %" PRId64
                  " events",
                  mlmd_source_version(p->source), mlmd_source_server(p->source), p->totals.run_contexts,
                  p->totals.executions, p->totals.artifacts, p->totals.events);
    return KFPS_OK;
}

kfps_status preflight_open_target(preflight *p)
{
    const import_options *o = p->options;
    const kfpb_open_options open_options = how(&o->target);
    const kfps_status status = kfpb_open(&o->target.dsn, &open_options, &p->target, &p->error);
    if (status == KFPS_OK) {
        char bytes[48] = "of any size";
        if (p->target->limits.statement_bytes < SIZE_MAX)
            snprintf(bytes, sizeof bytes, "up to %zu bytes", p->target->limits.statement_bytes);
        preflight_say(p, FIND_TARGET, "%s: rows %s, JSON of up to %d levels", p->target->server, bytes,
                      p->target->limits.json_depth);
    } else if (o->create_target && cli_database_missing(&o->target, &p->error)) {
        preflight_say(p, FIND_TARGET_NEW, "the database is not there yet");
    } else {
        preflight_say(p, status == KFPS_PERMISSION ? FIND_TARGET_DENIED : FIND_TARGET_UNREACHABLE, "%s",
                      p->error.message);
    }
    return KFPS_OK;
}
