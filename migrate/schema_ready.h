/* SPDX-License-Identifier: Apache-2.0 */
/* schema_ready.h: whether a target has the import's tables, for the commands that work on what was imported. */
#ifndef KFPM_SCHEMA_READY_H
#define KFPM_SCHEMA_READY_H

#include "migrate/cli.h"

/* EXIT_DONE; else says what to do and returns EXIT_PENDING, EXIT_NEWER, or the code of an error. */
int schema_ready(kfpb_conn *conn, const cli_database *target);

#endif
