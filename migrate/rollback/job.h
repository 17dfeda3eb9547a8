/* SPDX-License-Identifier: Apache-2.0 */
/* job.h: a rollback under way: what its files share. Each step returns false after it has said what is wrong and set
 * the exit code. */
#ifndef KFPM_ROLLBACK_JOB_H
#define KFPM_ROLLBACK_JOB_H

#include "libkfpstore/transaction.h"
#include "migrate/import/progress.h"
#include "migrate/rollback/rollback.h"
#include "schema/lease.h"

/* A table with a column that names runs: a run row that one refers to stays. */
typedef struct rollback_referrer {
    const char *table, *column;
    bool there;
} rollback_referrer;

enum { ROLLBACK_REFERRERS = 3 };

typedef struct rollback_job {
    const rollback_options *options;
    rollback_report *report;
    kfpsi_pool *pool;
    schema_lease *lease; /* NULL in a dry run */
    rollback_referrer referrers[ROLLBACK_REFERRERS];
    bool has_jobs; /* KFP's recurring runs, which name an experiment too */
    progress progress;
    uint64_t lines, artifacts; /* of this source when it began */
    kfps_error error;
    int exit_code;
} rollback_job;

/* Runs the body as one transaction that ends with the fence of the lease; in a dry run without a transaction, on a
 * connection that cannot write. */
bool rollback_step(rollback_job *job, kfpsi_body body, void *context);
/* Adds to the list of what stays; `uuid` and `why` are copied. */
void rollback_keep(rollback_report *report, const char *kind, const char *uuid, const char *why);

/* runs.c: the rows of the runs, group by group, with the ledger's rows of each group. */
bool rollback_runs(rollback_job *job);
/* artifacts.c: the artifacts that nothing is linked to any more. */
bool rollback_artifacts(rollback_job *job);

#endif
