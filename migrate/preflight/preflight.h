/* SPDX-License-Identifier: Apache-2.0 */
/*
 * preflight.h: looks at source and target before an import, without writing, and collects findings. Each file of this
 * room is a group of checks; checks.c lists them.
 */
#ifndef KFPM_PREFLIGHT_H
#define KFPM_PREFLIGHT_H

#include "migrate/import/options.h"
#include "migrate/preflight/findings.h"
#include "migrate/source/survey.h"
#include "schema/schema.h"

enum { PREFLIGHT_FINDINGS = 64 };

typedef struct finding {
    finding_id id;
    const char *message; /* in the arena */
} finding;

typedef struct preflight {
    const import_options *options;
    mlmd_source *source;    /* NULL: not there, or not readable */
    kfpb_conn *source_conn; /* a second session, for what is the server's and not MLMD's */
    kfpb_conn *target;      /* NULL: not there */
    mlmd_totals totals;
    mlmd_survey survey;
    bool has_schema; /* the next field is filled */
    schema_status schema;
    kfpb_arena arena;
    finding findings[PREFLIGHT_FINDINGS];
    size_t count;
    kfps_error error; /* of the check under way */
} preflight;

/* One check: says what it finds. An error is not a finding of its own: the caller reports that it was not looked at. */
typedef kfps_status (*preflight_check)(preflight *p);

void preflight_say(preflight *p, finding_id id, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Opens what can be opened, runs all checks that apply. */
void preflight_run(preflight *p, const import_options *options);
void preflight_free(preflight *p);
size_t preflight_count(const preflight *p, finding_severity severity);
/* 0, or what the import would end with; a pending schema only if nothing else hinders. */
int preflight_exit_code(const preflight *p);

/* print.c */
void preflight_print(FILE *out, const preflight *p);
/* False without memory. */
bool preflight_print_json(FILE *out, const preflight *p);

/* ---- the checks -------------------------------------------------------------------------------------------------- */

/* open.c */
kfps_status preflight_open_source(preflight *p);
kfps_status preflight_open_target(preflight *p);
/* source.c */
kfps_status preflight_source_text(preflight *p);
kfps_status preflight_source_activity(preflight *p);
kfps_status preflight_source_types(preflight *p);
/* schema.c */
kfps_status preflight_schema(preflight *p);
kfps_status preflight_target_tables(preflight *p);
/* rights.c */
kfps_status preflight_rights(preflight *p);
/* server.c */
kfps_status preflight_writable(preflight *p);
kfps_status preflight_locks(preflight *p);
kfps_status preflight_value_sizes(preflight *p);
/* space.c */
kfps_status preflight_space(preflight *p);
/* runs.c */
kfps_status preflight_runs(preflight *p);
kfps_status preflight_running_runs(preflight *p);

#endif
