/* SPDX-License-Identifier: Apache-2.0 */
/* tally.h: what became of a group, for the report and the reject file. */
#ifndef KFPM_TALLY_H
#define KFPM_TALLY_H

#include "migrate/import/job.h"

/* A group that was written or, in a dry run, loaded. False: said. */
bool tally_group(import_job *job, const group *g);

#endif
