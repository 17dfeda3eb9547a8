/* SPDX-License-Identifier: Apache-2.0 */
/* names.h: the names of kfpstore/merge.h, and one for a number that has none: a table may hold any. */
#ifndef KFPM_NAMES_H
#define KFPM_NAMES_H

#include <stdint.h>

/* "RUNTIME_STATE_UNSPECIFIED" and "TASK_TYPE_UNSPECIFIED" for 0, "?" for a number that is none. */
const char *name_of_task_state(int32_t state);
const char *name_of_task_type(int32_t type);

#endif
