/* SPDX-License-Identifier: Apache-2.0 */
#include "migrate/names.h"

#include <stddef.h>

#include "kfpstore/types.h"

static const char *const states[] = {
    [KFPS_TASK_STATE_UNSPECIFIED] = "RUNTIME_STATE_UNSPECIFIED",
    [KFPS_TASK_RUNNING] = "RUNNING",
    [KFPS_TASK_SUCCEEDED] = "SUCCEEDED",
    [KFPS_TASK_SKIPPED] = "SKIPPED",
    [KFPS_TASK_FAILED] = "FAILED",
    [KFPS_TASK_CACHED] = "CACHED",
};

static const char *const types[] = {
    [KFPS_TASK_TYPE_UNSPECIFIED] = "TASK_TYPE_UNSPECIFIED",
    [KFPS_TASK_ROOT] = "ROOT",
    [KFPS_TASK_RUNTIME] = "RUNTIME",
    [KFPS_TASK_CONDITION_BRANCH] = "CONDITION_BRANCH",
    [KFPS_TASK_CONDITION] = "CONDITION",
    [KFPS_TASK_LOOP] = "LOOP",
    [KFPS_TASK_EXIT_HANDLER] = "EXIT_HANDLER",
    [KFPS_TASK_IMPORTER] = "IMPORTER",
    [KFPS_TASK_DAG] = "DAG",
};

static const char *name_in(const char *const *names, size_t count, int32_t value)
{
    return value >= 0 && (size_t) value < count ? names[value] : "?";
}

const char *name_of_task_state(int32_t state)
{
    return name_in(states, sizeof states / sizeof *states, state);
}

const char *name_of_task_type(int32_t type)
{
    return name_in(types, sizeof types / sizeof *types, type);
}
