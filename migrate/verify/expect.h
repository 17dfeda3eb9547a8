/* SPDX-License-Identifier: Apache-2.0 */
/* expect.h: what a run's executions demand of the target's tasks, worked out from the second reading alone. */
#ifndef KFPM_VERIFY_EXPECT_H
#define KFPM_VERIFY_EXPECT_H

#include "migrate/verify/parts.h"

typedef enum expect_kind {
    EXPECT_NONE, /* a type that is not imported */
    EXPECT_ROOT,
    EXPECT_LOOP,
    EXPECT_ITERATION, /* no task of its own: its LOOP stands for it */
    EXPECT_DAG,       /* any other */
    EXPECT_RUNTIME,
    EXPECT_IMPORTER
} expect_kind;

typedef struct expect_node {
    int64_t id; /* first: sorted by it */
    const mlmd_audit_execution *execution;
    expect_kind kind;
    bool foreign;                 /* not one of KFP v2's types */
    bool odd;                     /* a cycle, or a chain of parents that is cut: its place is not foretold */
    struct expect_node *parent;   /* as MLMD has it; the ROOT where that is missing; NULL */
    struct expect_node *stand_in; /* whose task it is: itself, or the LOOP */
    int64_t iteration;            /* of the nearest iteration; -1 */
    const char *uuid;             /* NULL for those without a task */
    bool absent;                  /* its task is with another run, or with none: it was in several */
} expect_node;

typedef struct expect_run {
    expect_node *nodes;
    size_t count;
    expect_node *root; /* NULL */
} expect_run;

/* Everything in the job's arena; false without memory. */
bool expect_build(verify_job *job, const mlmd_audit *page, const mlmd_audit_run *run, expect_run *out);
expect_node *expect_find(const expect_run *run, int64_t execution_id);

/* The state that MLMD itself says is final, as a kfps_task_state; 0: the import had to derive it. */
int32_t expect_state(const verify_job *job, const expect_node *node);
/* NULL: not foretold. */
const char *expect_name(const expect_node *node);

#endif
