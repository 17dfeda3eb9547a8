/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verify.h: holds the target against the source: whether every run is there as the source has it. Reads both, writes
 * nothing, and trusts nothing that the import counted: of the ledger it takes only which runs were left out, and why.
 */
#ifndef KFPM_VERIFY_H
#define KFPM_VERIFY_H

#include "migrate/import/options.h"

/* X(id, text, what it means) */
#define VERIFY_KINDS(X)                                                                                   \
    X(RUN_MISSING, "run-missing", "a run of the source that is neither imported nor skipped or rejected") \
    X(RUN_UNKNOWN, "run-unknown", "a run that the ledger has as imported, and the source has not")        \
    X(RUN_CHANGED, "run-changed", "the run row is not the one that the source names")                     \
    X(TASK_MISSING, "task-missing", "an execution without its task")                                      \
    X(TASK_EXTRA, "task-extra", "a task of an imported run that no execution is behind")                  \
    X(TASK_CHANGED, "task-changed", "a task that is not as its execution demands")                        \
    X(ARTIFACT_MISSING, "artifact-missing", "an artifact that is linked, and not there")                  \
    X(ARTIFACT_CHANGED, "artifact-changed", "an artifact that is not as the source has it")               \
    X(LINK_MISSING, "link-missing", "an event without its link")                                          \
    X(LINK_EXTRA, "link-extra", "a link of an imported run that no event is behind")                      \
    X(LINK_CHANGED, "link-changed", "a link that is not as its event demands")

typedef enum verify_kind {
#define X(id, text, meaning) VERIFY_##id,
    VERIFY_KINDS(X)
#undef X
        VERIFY_KIND_COUNT
} verify_kind;

/* "task-missing" … */
const char *verify_kind_name(verify_kind kind);

/* One difference. Texts live as long as the call that hands it out. */
typedef struct verify_difference {
    const char *run; /* its UUID; the context's name where it has none */
    int64_t context_id;
    verify_kind kind;
    const char *row;  /* the row's UUID; NULL */
    const char *what; /* a short sentence; never a stored value */
} verify_difference;
/* False: stop. */
typedef bool (*verify_see)(void *context, const verify_difference *difference);

typedef struct verify_options {
    const import_options *import; /* the databases, and the options that the source was imported with */
    bool deep;                    /* map every run again and compare row by row */
    verify_see see;               /* may be NULL: differences are counted only */
    void *see_context;
    const volatile int *stop; /* set by a signal handler; NULL */
} verify_options;

/* Why runs were left out, by the ledger's reason. */
typedef struct verify_reason {
    char reason[64];
    bool rejected;
    uint64_t runs;
} verify_reason;

enum { VERIFY_REASONS = 48 };

typedef struct verify_pair {
    uint64_t expected, found;
} verify_pair;

typedef struct verify_result {
    char source_server[96], target_server[96];
    int source_version;
    uint64_t runs;     /* run contexts of the source */
    uint64_t compared; /* imported, and compared row by row of their ids */
    uint64_t skipped, rejected;
    uint64_t deleted;            /* imported, and deleted by users since */
    uint64_t differing;          /* runs with a difference */
    uint64_t executions, events; /* of the compared runs */
    verify_pair tasks, artifacts, links;
    uint64_t propagated; /* links of DAGs that follow from other rows */
    uint64_t differences, by_kind[VERIFY_KIND_COUNT];
    verify_reason reasons[VERIFY_REASONS];
    size_t reason_count;
    double seconds;
} verify_result;

/* KFPS_OK also with differences: result->differences says how many. KFPS_SCHEMA: the target's schema is not what this
 * version works with (see cli_report_schema_error). KFPS_INTERRUPTED: stopped. Else what a database said; `side` is the
 * one that it was then. */
kfps_status verify_run(const verify_options *options, verify_result *result, cli_side *side, kfps_error *error);

#endif
