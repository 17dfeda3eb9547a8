/* SPDX-License-Identifier: Apache-2.0 */
#include "migrate/names.h"

#include <stddef.h>

#include "kfpstore/merge.h"

static const char *known(const char *name)
{
    return name != NULL ? name : "?";
}

const char *name_of_task_state(int32_t state)
{
    return known(kfps_task_state_name(state));
}

const char *name_of_task_type(int32_t type)
{
    return known(kfps_task_type_name(type));
}
