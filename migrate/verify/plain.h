/* SPDX-License-Identifier: Apache-2.0 */
/* plain.h: between the two files of the plain comparison. */
#ifndef KFPM_VERIFY_PLAIN_H
#define KFPM_VERIFY_PLAIN_H

#include "kfpstore/types.h"
#include "migrate/verify/expect.h"

typedef struct plain_run {
    verify_job *job;
    const char *name; /* of the context */
    const mlmd_audit *page;
    verify_run_facts *facts;
    expect_run expected;
} plain_run;

/* plain_links.c: the links that the runs' events demand, what else is linked, and the artifacts behind them. */
kfps_status plain_compare_links(verify_job *job, plain_run *runs, size_t count, verify_rows *rows);

#endif
