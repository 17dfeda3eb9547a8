/* SPDX-License-Identifier: Apache-2.0 */
/* tables.h: upstream's three tables as data: how a record of kfpstore/types.h lies in memory and in SQL. */
#ifndef KFPSI_TABLES_H
#define KFPSI_TABLES_H

#include "backends/backend.h"

extern const kfpb_table kfpsi_artifacts;      /* kfps_artifact */
extern const kfpb_table kfpsi_tasks;          /* kfps_task */
extern const kfpb_table kfpsi_artifact_tasks; /* kfps_artifact_task */

#endif
