/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plan.h: the whole import before it starts: every run context of the source with what is to become of it. Small: 24
 * bytes a run.
 */
#ifndef KFPM_PLAN_H
#define KFPM_PLAN_H

#include "migrate/import/options.h"
#include "migrate/import/target.h"

typedef enum plan_state {
    PLAN_NO_ROW, /* no row in run_details: skipped */
    PLAN_READY,  /* to be imported */
    PLAN_CREATE, /* to be imported, with a run row of our own */
    PLAN_AGAIN,  /* imported before; to be compared with what its source is now */
    PLAN_DONE    /* imported before */
} plan_state;

typedef struct plan_run {
    int64_t context_id;
    uint32_t executions;    /* associations: what a progress bar counts */
    uint16_t run_namespace; /* index into plan.namespaces */
    uint8_t state;          /* plan_state */
    uint8_t flags;          /* PLAN_NATIVE… */
    uint32_t imported_at;   /* by the ledger; seconds since 1970 */
} plan_run;

enum {
    PLAN_NATIVE = 1,         /* the run row is there, and not made by an import */
    PLAN_LEDGER_SKIPPED = 2, /* the ledger says already that the run was skipped for want of a row */
    PLAN_GONE = 4            /* imported before, and its row was deleted since: its namespace is not known */
};

typedef struct plan {
    plan_run *runs; /* by context id */
    size_t count, capacity;
    char **namespaces;
    size_t namespace_count;
    bool legacy_dropped;     /* the legacy tasks were there once, and a cleanup has dropped them; set by who knows */
    bool several_namespaces; /* an artifact may have to be split */
    size_t done;             /* runs imported before, those to be looked at again among them */
    bool completed;          /* an import of this source was finished before */
    uint64_t executions_to_do;
} plan;

/* target NULL: nothing is there (a dry run into a database that is still to be made). `upgraded`: the ledger's tables
 * are there. */
kfps_status plan_build(plan *p, mlmd_source *source, kfpb_conn *target, bool upgraded, const import_options *options,
                       kfps_error *error);
void plan_free(plan *p);

const plan_run *plan_find(const plan *p, int64_t context_id);
/* The run that an execution of several run contexts belongs to: the one that is in run_details; with none there, the
 * smallest that is imported; with several, none (NULL). NULL also for an execution in no run context. */
const plan_run *plan_owner(const plan *p, const mlmd_source *source, int64_t execution_id);
/* Whether the import reads the run. */
bool plan_is_due(const plan_run *run);
/* Whether runs[first] or one behind it is still to be read, as planned. */
bool plan_is_left(const plan *p, size_t first);
/* Whether the run is imported, was, or will be. */
bool plan_imports(const plan_run *run);

/* The key under which a context's run row is looked for. */
target_key plan_key(const char *context_type, const char *name, int64_t context_id, const char *source_id,
                    kfpb_arena *arena);

#endif
