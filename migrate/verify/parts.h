/* SPDX-License-Identifier: Apache-2.0 */
/* parts.h: what the files of verify/ share. */
#ifndef KFPM_VERIFY_PARTS_H
#define KFPM_VERIFY_PARTS_H

#include "migrate/import/seen.h"
#include "migrate/source/audit.h"
#include "migrate/verify/verify.h"

/* What the ledger says of a run context. */
typedef enum verify_outcome { VERIFY_UNKNOWN, VERIFY_IMPORTED, VERIFY_SKIPPED, VERIFY_REJECTED } verify_outcome;

/* One run context of the page, as the target has it. */
typedef struct verify_run_facts {
    int64_t context_id;
    verify_outcome outcome;
    const char *reason;
    const char *uuid;          /* of the run row; NULL */
    const char *run_namespace; /* NULL: there is no such row */
    bool shared;               /* other contexts have been imported into the same run row */
    bool differs;
    bool mapped; /* --deep has compared it */
} verify_run_facts;

/* Rows of the target, the few columns that plain verification looks at; all sorted by UUID. */
typedef struct verify_task {
    const char *uuid; /* first: sorted by it */
    const char *run, *parent, *name, *fingerprint, *task_namespace;
    int32_t state, type;
    bool expected;
} verify_task;

typedef struct verify_link {
    const char *uuid;
    const char *artifact, *task, *run, *key;
    int32_t type;
    int64_t iteration;
    bool expected;
} verify_link;

typedef struct verify_artifact {
    const char *uuid;
    const char *artifact_namespace, *uri, *uri_hash;
    bool has_number, listed; /* listed: in kfpstore_migrated_artifact */
    double number;
} verify_artifact;

typedef struct verify_rows {
    verify_task *tasks;
    verify_link *links;
    verify_artifact *artifacts;
    size_t task_count, link_count, artifact_count;
} verify_rows;

/* A row about which --deep has said something: plain verification need not say it again. */
typedef struct verify_named verify_named;

typedef struct verify_job {
    const verify_options *options;
    verify_result *result;
    mlmd_source *source;
    kfpb_conn *target;
    kfpb_arena *arena;  /* of the page */
    seen_artifacts met; /* compared already: a row may be linked in many runs */
    cli_side side;      /* whose database is being read */
    /* --deep */
    struct plan *plan;        /* which run an execution of several belongs to */
    seen_artifacts deep_met;  /* artifacts that were compared */
    const char *legacy_table; /* NULL: there is none any more */
    verify_named *named;      /* of the page */
    bool naming;              /* differences are being remembered */
    bool stopped;             /* `see` said so */
    kfps_error *error;
} verify_job;

/* The text of a source-derived id, as M1 has it. */
const char *verify_uuid(verify_job *job, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Counts and hands on. `run` may be NULL: no fact about a run of the page. */
void verify_say(verify_job *job, verify_run_facts *run, const char *name, verify_kind kind, const char *row,
                const char *format, ...) __attribute__((format(printf, 6, 7)));

/* target_rows.c: statements on the target, none per row. */
kfps_status verify_read_facts(verify_job *job, const mlmd_audit *page, int64_t after, verify_run_facts *facts);
kfps_status verify_read_tasks(verify_job *job, const char *const *runs, size_t count, verify_rows *rows);
kfps_status verify_read_links(verify_job *job, const char *const *runs, size_t count, verify_rows *rows);
kfps_status verify_read_artifacts(verify_job *job, const char *const *uuids, size_t count, verify_rows *rows);
verify_task *verify_find_task(const verify_rows *rows, const char *uuid);
verify_link *verify_find_link(const verify_rows *rows, const char *uuid);
const verify_artifact *verify_find_artifact(const verify_rows *rows, const char *uuid);

/* plain.c: one page of runs. */
kfps_status verify_plain_page(verify_job *job, const mlmd_audit *page, verify_run_facts *facts);

#endif
