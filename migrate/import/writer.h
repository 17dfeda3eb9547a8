/* SPDX-License-Identifier: Apache-2.0 */
/* writer.h: the mapped runs of a group into the target, in the caller's transaction. */
#ifndef KFPM_WRITER_H
#define KFPM_WRITER_H

#include "migrate/import/group.h"
#include "migrate/import/ledger.h"

typedef struct write_result {
    int64_t new_artifacts; /* rows; those that another run had brought are not counted */
    char native[256];      /* replace_run: what a native server wrote, so that nothing was written; else "" */
} write_result;

/* Writes run rows (where the import makes them), tasks, artifacts, links, the list of our artifacts and the ledger of
 * runs[0…count). Runs that are not RUN_IMPORTED get their ledger row only. Everything is sorted by key, parents before
 * children. */
kfps_status write_runs(kfpb_conn *conn, group_run *const *runs, size_t count, const char *source_id, kfpb_arena *arena,
                       write_result *result, kfps_error *error);

/* What write_runs would refuse before it sends anything to a server with these limits, and about how many bytes it
 * would send. For dry runs: no connection. */
kfps_status check_runs(const kfpb_limits *limits, group_run *const *runs, size_t count, const char *source_id,
                       kfpb_arena *arena, size_t *bytes, kfps_error *error);

/* Ledger rows for contexts that are skipped for want of a run row. */
kfps_status write_skipped(kfpb_conn *conn, const int64_t *context_ids, size_t count, const char *source_id,
                          kfpb_arena *arena, kfps_error *error);

/* The mark of an import that goes on or is finished. */
kfps_status write_migration(kfpb_conn *conn, const ledger_migration *row, kfps_error *error);

#endif
