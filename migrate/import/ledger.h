/* SPDX-License-Identifier: Apache-2.0 */
/* ledger.h: the import's own tables as data: which runs are done, which artifacts are ours, the mark of a finished
 * import. */
#ifndef KFPM_LEDGER_H
#define KFPM_LEDGER_H

#include "backends/backend.h"

/* kfpstore_migration_run.Outcome */
#define LEDGER_IMPORTED "imported"
#define LEDGER_SKIPPED  "skipped"
#define LEDGER_REJECTED "rejected"
/* .Reason of an imported run whose row in run_details the import made */
#define LEDGER_RUN_CREATED "run-created"

typedef struct ledger_run {
    const char *source;
    int64_t context_id;
    const char *run_uuid; /* NULL: unknown */
    const char *context_name;
    const char *outcome;
    const char *reason;      /* NULL */
    const char *digest;      /* NULL */
    const char *rows_digest; /* NULL */
    int64_t tasks, artifacts, links, executions, rejected;
    int64_t terminal;  /* 1: the run was over when it was imported */
    const char *notes; /* JSON object: how often each reason; NULL */
    int64_t imported_at;
    const char *tool_version;
} ledger_run;

typedef struct ledger_artifact {
    const char *artifact_uuid;
    const char *source;
    int64_t mlmd_id;
} ledger_artifact;

typedef struct ledger_migration {
    const char *source;
    const char *state; /* "importing", "complete", "rolling-back" */
    const char *report;
    int64_t started_at, completed_at;
    const char *tool_version;
} ledger_migration;

extern const kfpb_table ledger_runs;       /* kfpstore_migration_run */
extern const kfpb_table ledger_artifacts;  /* kfpstore_migrated_artifact */
extern const kfpb_table ledger_migrations; /* kfpstore_migration */

/* A row as it is read back; NULL is "". */
typedef struct ledger_entry {
    int64_t context_id;
    const char *outcome, *reason, *context_name, *tool_version;
    bool terminal;
    int64_t imported_at;
} ledger_entry;

/* Calls `see` for the ledger's rows of the source with first <= ContextID <= last. */
typedef void (*ledger_see)(void *context, const ledger_entry *entry);
kfps_status ledger_read(kfpb_conn *conn, const char *source, int64_t first, int64_t last, ledger_see see, void *context,
                        kfps_error *error);
/* A run that was imported, as the ledger has it; NULL is "". */
typedef struct ledger_import {
    int64_t context_id;
    const char *digest, *reason;
} ledger_import;
typedef void (*ledger_see_import)(void *context, const ledger_import *entry);
kfps_status ledger_read_imports(kfpb_conn *conn, const char *source, const int64_t *context_ids, size_t count,
                                ledger_see_import see, void *context, kfps_error *error);
/* Of whatever source: `see` gets each of these runs into which more than one context was imported; or the digest of
 * the rows of each import into these runs. */
typedef void (*ledger_see_run)(void *context, const char *run_uuid, const char *rows_digest);
kfps_status ledger_read_shared(kfpb_conn *conn, const char *const *run_uuids, size_t count, ledger_see_run see,
                               void *context, kfps_error *error);
kfps_status ledger_read_rows_digests(kfpb_conn *conn, const char *const *run_uuids, size_t count, ledger_see_run see,
                                     void *context, kfps_error *error);

/* How many of these contexts of the source the ledger has as imported. */
kfps_status ledger_count_imported(kfpb_conn *conn, const char *source, const int64_t *context_ids, size_t count,
                                  int64_t *imported, kfps_error *error);

#define LEDGER_IMPORTING    "importing" /* kfpstore_migration.State */
#define LEDGER_COMPLETE     "complete"
#define LEDGER_ROLLING_BACK "rolling-back"

/* Whether the source's mark is there and says this. */
kfps_status ledger_has_state(kfpb_conn *conn, const char *source, const char *state, bool *has, kfps_error *error);

#endif
