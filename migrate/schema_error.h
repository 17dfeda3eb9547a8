/* SPDX-License-Identifier: Apache-2.0 */
/* schema_error.h: the exit code of a refused schema: one that is newer, and one that was changed, have their own. */
#ifndef KFPM_SCHEMA_ERROR_H
#define KFPM_SCHEMA_ERROR_H

#include "migrate/cli.h"

/* Says what is wrong, as cli_report_error does, and returns the exit code. */
int cli_report_schema_error(const cli_database *target, const kfps_error *error);

#endif
