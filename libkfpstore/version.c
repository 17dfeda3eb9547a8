/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"
#include <stddef.h>

#include "kfpstore.h"

const char *kfps_version(void)
{
    return PACKAGE_VERSION;
}

static const char *const names[] = {
    [KFPS_OK] = "OK",
    [KFPS_NOT_FOUND] = "NOT_FOUND",
    [KFPS_EXISTS] = "EXISTS",
    [KFPS_FOREIGN_KEY] = "FOREIGN_KEY",
    [KFPS_INVALID] = "INVALID",
    [KFPS_TOO_LARGE] = "TOO_LARGE",
    [KFPS_BUSY] = "BUSY",
    [KFPS_CONNECTION_LOST] = "CONNECTION_LOST",
    [KFPS_WRITE_UNCERTAIN] = "WRITE_UNCERTAIN",
    [KFPS_NO_MEMORY] = "NO_MEMORY",
    [KFPS_INTERNAL] = "INTERNAL",
    [KFPS_UNAVAILABLE] = "UNAVAILABLE",
    [KFPS_PERMISSION] = "PERMISSION",
    [KFPS_SCHEMA] = "SCHEMA",
    [KFPS_INTERRUPTED] = "INTERRUPTED",
    [KFPS_RUN_TERMINAL] = "RUN_TERMINAL",
    [KFPS_DENIED] = "DENIED",
    [KFPS_CONFLICT] = "CONFLICT",
};

const char *kfps_status_name(int32_t status)
{
    if (status < 0 || (size_t) status >= sizeof names / sizeof *names)
        return "UNKNOWN";
    return names[status];
}
