/* SPDX-License-Identifier: Apache-2.0 */
/*
 * audit.h: a second reading of the source, for who distrusts the first. Statements of its own, few columns, no model:
 * which executions, events and metrics a page of run contexts has.
 */
#ifndef MLMD_AUDIT_H
#define MLMD_AUDIT_H

#include "migrate/source/source.h"

typedef struct mlmd_audit_run {
    int64_t context_id;
    const char *type, *name;
    size_t first, count; /* of associations[] */
} mlmd_audit_run;

typedef struct mlmd_audit_association {
    int64_t context_id, execution_id;
} mlmd_audit_association;

typedef struct mlmd_audit_execution {
    int64_t id;
    const char *type; /* "" if its row is missing */
    bool named_root;  /* the execution's own name begins with "run/" */
    int state;        /* 0 for none */
    /* A property that is there, and one that is an integer: MLMD's own precedence, custom before typed. */
    bool has_parent, parent_known, has_index, has_count;
    int64_t parent, index;
    const char *task_name, *display_name, *fingerprint; /* NULL: not there, or no text */
} mlmd_audit_execution;

typedef struct mlmd_audit_event {
    int64_t id, artifact_id, execution_id;
    int type;
} mlmd_audit_event;

typedef struct mlmd_audit_metric {
    const char *key;
    double value;
} mlmd_audit_metric;

typedef struct mlmd_audit_artifact {
    int64_t id;
    const char *type;
    const char *uri;                  /* NULL */
    const mlmd_audit_metric *metrics; /* the numbers of a system.Metrics artifact, by key */
    size_t metric_count;
} mlmd_audit_artifact;

typedef struct mlmd_audit {
    mlmd_audit_run *runs; /* by context id */
    size_t run_count;
    mlmd_audit_association *associations; /* by context, then execution; those whose execution is missing too */
    size_t association_count;
    mlmd_audit_execution *executions; /* by id, those that are there */
    size_t execution_count;
    mlmd_audit_event *events; /* of those executions, by execution, then id */
    size_t event_count;
    mlmd_audit_artifact *artifacts; /* of those events, by id, those that are there */
    size_t artifact_count;
} mlmd_audit;

/* The run contexts behind `after`, by id: as many as stay within `executions` associations, at least one; none at the
 * end. In one snapshot; everything in the arena. */
kfps_status mlmd_audit_read(mlmd_source *source, int64_t after, size_t executions, kfpb_arena *arena, mlmd_audit *out,
                            kfps_error *error);

/* Which run contexts, by name, these executions are in; for the few whose rows are not where they were looked for. */
typedef void (*mlmd_see_context)(void *context, int64_t execution_id, const char *name);
kfps_status mlmd_audit_contexts(mlmd_source *source, const int64_t *execution_ids, size_t count, mlmd_see_context see,
                                void *see_context, kfps_error *error);

/* NULL: no such row. */
const mlmd_audit_execution *mlmd_audit_execution_of(const mlmd_audit *audit, int64_t id);
const mlmd_audit_artifact *mlmd_audit_artifact_of(const mlmd_audit *audit, int64_t id);

#endif
