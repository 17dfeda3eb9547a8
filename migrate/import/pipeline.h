/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pipeline.h: the groups on their way. One thread reads and maps, `jobs` threads write, each with a connection and a
 * slot of the lease of its own, and the caller's thread counts what is written, in the order of the plan. What is
 * loaded and not yet counted is bounded: a group for each writer, and one or two more.
 */
#ifndef KFPM_PIPELINE_H
#define KFPM_PIPELINE_H

#include "migrate/import/job.h"

enum { PIPELINE_MOST_JOBS = 16 };

/* Imports all groups of the plan, or as many as there are until SIGTERM, SIGINT or --max-runs; *more: some are left.
 * Returns once every transaction has ended. False: said. */
bool pipeline_run(import_job *job, bool *more);

#endif
