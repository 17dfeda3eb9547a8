/* SPDX-License-Identifier: Apache-2.0 */
/* job.h: one import under way: what its files share. Each step returns false after it has said what is wrong and set
 * the exit code; those that run in threads leave a fault instead, which the caller's thread says. */
#ifndef KFPM_IMPORT_JOB_H
#define KFPM_IMPORT_JOB_H

#include "libkfpstore/transaction.h"
#include "migrate/import/collision.h"
#include "migrate/import/group.h"
#include "migrate/import/progress.h"
#include "migrate/import/report.h"
#include "migrate/import/seen.h"
#include "schema/deferred.h"
#include "schema/lease.h"

/* The plain indexes of the target's large tables. */
typedef struct import_indexes {
    schema_deferrable found; /* before the first row */
    bool begun;              /* an import of this source has begun before, and may have ended */
    bool deferring;          /* they are to be dropped before the rows */
    bool deferred;           /* they are to be built after them, by whomever they were dropped */
} import_indexes;

typedef struct import_job {
    const import_options *options;
    import_report *report;
    mlmd_source *source;
    kfpsi_pool *pool; /* of the target; NULL: a dry run into a database that is still to be made */
    kfpsi_pool
        *reading; /* of the target, for who loads groups beside that: a connection that only reads; NULL as above */
    schema_lease *lease; /* NULL in a dry run */
    plan plan;
    collision_check collisions;
    import_indexes indexes;
    seen_artifacts seen; /* dry run: which artifacts were counted */
    progress progress;
    FILE *rejects;
    int jobs;                 /* connections that write; 0 in a dry run */
    const char *legacy_table; /* NULL: none */
    bool legacy_dropped;      /* there was one, and a cleanup has dropped it */
    bool upgraded;            /* the target has our tables */
    int json_depth;
    kfpb_limits limits; /* of the target; without one, none */
    kfps_error error;
    int exit_code; /* what the command ends with, unless it went well */
} import_job;

/* Why a thread of the import cannot go on. */
typedef struct import_fault {
    bool happened;
    bool writing;     /* in a write to the target: a lost lease explains it */
    const char *what; /* NULL: the target */
    kfps_error error;
} import_fault;

/* How a transaction is tried again. */
extern const kfpsi_retry import_retry;

/* job.c */
bool job_fail(import_job *job, const char *what);
/* A write that failed: if the lease was lost meanwhile, that is why. */
bool job_fail_write(import_job *job);
bool job_refuse(import_job *job, int code, const char *sentence);
/* Says what a thread left. */
bool job_fail_with(import_job *job, const import_fault *fault);
/* SIGTERM or SIGINT came. Any thread. */
bool job_stopping(void);

/* open.c: everything that is there before the first run is read. */
bool job_open(import_job *job);
/* False: the reject file could not be written to its end. */
bool job_close(import_job *job);

/* defer.c: looks at the target's indexes, and refuses --defer-indexes where there are rows; then drops them; builds
 * what is deferred once the rows are there, unless the import was *stopped, or sets that. */
bool job_look_at_indexes(import_job *job);
bool job_defer_indexes(import_job *job);
bool job_build_indexes(import_job *job, bool *stopped);

/* load.c: reads and maps the next group, again while one of the databases is away. *next: see group_load. The reader's
 * thread only. */
bool job_load_group(import_job *job, group *g, size_t first, size_t *next, size_t batch, size_t most,
                    import_fault *fault);

/* commit.c: a group's runs into the target, all in one transaction; run by run where one of them is refused. `slot`: of
 * the lease, 1 … jobs; one thread at a time for each. False: *fault says why. */
bool job_commit_group(const import_job *job, group *g, int slot, import_fault *fault);
/* Whether the target's answer is about the rows themselves, so that another run may pass; then the run is rejected. */
bool job_is_about_rows(const import_job *job, kfps_status status, const kfps_error *error);
void job_refuse_run(group *g, group_run *run, kfps_status status, const kfps_error *error);
/* dry.c: a dry run's part of the same: what the target would refuse before it is sent, which artifacts are new, how
 * many bytes there are. */
bool job_try_group(import_job *job, group *g);
/* The ledger says of every run context what became of it; what it says already is not said again. */
bool job_commit_skipped(import_job *job);
/* The mark of an import that goes on, or that is complete. */
bool job_commit_mark(import_job *job, const char *state);

#endif
