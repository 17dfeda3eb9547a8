/* SPDX-License-Identifier: Apache-2.0 */
/* import.h: an import from beginning to end. */
#ifndef KFPM_IMPORT_H
#define KFPM_IMPORT_H

#include "migrate/import/report.h"

/* Fills the report, says errors on stderr, returns an exit code. */
int import_execute(const import_options *options, import_report *report);

#endif
