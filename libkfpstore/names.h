/* SPDX-License-Identifier: Apache-2.0 */
/* names.h: the integers of names, the other way round than kfpstore/merge.h gives them. */
#ifndef KFPSI_NAMES_H
#define KFPSI_NAMES_H

#include <stdint.h>

/* -1: no such name, or NULL. Case counts. */
int32_t kfpsi_task_state_of(const char *name);
int32_t kfpsi_task_type_of(const char *name);
int32_t kfpsi_io_type_of(const char *name);
int32_t kfpsi_artifact_type_of(const char *name);

#endif
