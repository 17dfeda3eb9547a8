/* SPDX-License-Identifier: Apache-2.0 */
/* rollback.h: takes out of the target what imports of one source have brought. */
#ifndef KFPM_ROLLBACK_H
#define KFPM_ROLLBACK_H

#include <stdio.h>

#include "backends/base/arena.h"
#include "migrate/cli.h"

typedef struct rollback_options {
    cli_database target;
    const char *source_id;
    long batch;  /* tasks per transaction; a run is never split */
    long wait_s; /* for another holder of the lease */
    bool dry_run;
    bool json;
} rollback_options;

/* Something that stays, and why. */
typedef struct rollback_kept {
    const char *kind; /* "run", "run-row", "artifact" — static */
    const char *uuid;
    const char *why;
    struct rollback_kept *next;
} rollback_kept;

typedef struct rollback_counts {
    uint64_t runs;      /* whose rows are gone */
    uint64_t runs_gone; /* which users had deleted before */
    uint64_t runs_kept;
    uint64_t run_rows, run_rows_kept; /* of run_details, made by the import */
    uint64_t tasks, links;
    uint64_t artifacts, artifacts_kept;
    uint64_t experiments;
} rollback_counts;

typedef struct rollback_report {
    rollback_counts counts;
    rollback_kept *kept, **kept_end;
    kfpb_arena arena; /* of the list above */
    char target_server[96];
    double seconds;
    bool found;   /* there is an import of this source */
    bool stopped; /* by a signal */
} rollback_report;

/* An exit code; the report is filled for EXIT_DONE, EXIT_REJECTS and EXIT_STOPPED, and is freed by the caller always.
 */
int rollback_execute(const rollback_options *options, rollback_report *report);
void rollback_report_free(rollback_report *report);

void rollback_print(FILE *out, const rollback_report *report, const rollback_options *options);
/* NULL without memory. */
char *rollback_json(const rollback_report *report, const rollback_options *options);

#endif
