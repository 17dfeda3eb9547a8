/* SPDX-License-Identifier: Apache-2.0 */
/* options.h: what an import is told to do. */
#ifndef KFPM_IMPORT_OPTIONS_H
#define KFPM_IMPORT_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "migrate/cli.h"
#include "migrate/source/source.h"

/* Which of the runs that were imported before are compared with their source again. */
typedef enum import_look {
    LOOK_NONE,
    LOOK_CHANGED, /* those for which anything says that they may have changed: see again.h */
    LOOK_ALL
} import_look;

typedef struct import_options {
    cli_database source;
    cli_database target;
    bool create_target;
    bool create_missing_runs;
    bool canceled_is_failed;
    import_look look_again;
    bool dry_run;
    bool defer_indexes;
    bool json;
    const char *source_id;                /* "" by default */
    const char *const *run_context_types; /* beside system.PipelineRun */
    size_t run_context_type_count;
    mlmd_encoding encoding;
    long batch;               /* executions per transaction; a run is never split */
    long jobs;                /* connections that write, if the target takes several writers */
    long max_runs;            /* stop after so many imported runs; 0: never */
    double sleep_ratio;       /* after each group, so many times as long as it took */
    const char *pause_file;   /* while it is there, no group is begun; NULL: none */
    long wait_s;              /* for another holder of the lease */
    const char *rejects_path; /* NULL: none */
} import_options;

#endif
