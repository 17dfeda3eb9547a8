/* SPDX-License-Identifier: Apache-2.0 */
/* report.h: what an import came to, for people and as JSON. */
#ifndef KFPM_REPORT_H
#define KFPM_REPORT_H

#include <stdio.h>

#include "migrate/import/options.h"

typedef struct import_counts {
    uint64_t runs_compared; /* imported before, and looked at again */
    uint64_t runs_replaced; /* of these: changed, and imported anew */
    uint64_t runs_left;     /* of these: changed, but left as they were; the notes say why */
    uint64_t runs_imported, runs_before, runs_skipped, runs_rejected, runs_created;
    uint64_t executions;         /* of the imported runs */
    uint64_t executions_skipped; /* of the skipped and rejected ones */
    uint64_t tasks, artifacts, artifacts_reused, links;
    uint64_t tasks_by_state[6];
    uint64_t fingerprints;
    uint64_t notes[NOTE_REASON_COUNT];
} import_counts;

/* What a dry run expects of the import. */
typedef struct import_estimate {
    uint64_t value_bytes;  /* of the rows, as they would be sent; counted */
    uint64_t target_bytes; /* with indexes and the engine's own needs; estimated */
    double seconds;        /* by one connection; estimated */
} import_estimate;

typedef struct import_report {
    import_counts counts;
    mlmd_totals totals; /* of the source */
    int source_version;
    char source_server[96], target_server[96];
    int64_t started_at; /* seconds since 1970 */
    double seconds;     /* spent */
    bool stopped;       /* by a signal: the rest is still to do */
    const char *rejects_path;
    import_estimate estimate; /* of a dry run */
} import_report;

/* estimate.c: from what was counted and the time that was spent. */
void estimate_make(import_report *report, const kfpb_driver *target);

/* Reject-class notes and rejected runs: exit code 5. */
uint64_t report_rejects(const import_report *report);
void report_print(FILE *out, const import_report *report, const import_options *options);
/* One JSON object; NULL without memory. Freed with free(). */
char *report_json(const import_report *report, const import_options *options);

#endif
