/* SPDX-License-Identifier: Apache-2.0 */
/* schema_version.h: which schema this library works with, and whether a database has it. */
#ifndef KFPSI_SCHEMA_VERSION_H
#define KFPSI_SCHEMA_VERSION_H

#include "backends/backend.h"

/* The last step that the stores know, and the first that they cannot do without. */
enum { KFPSI_SCHEMA_VERSION = 8, KFPSI_SCHEMA_OLDEST = 8 };

/* KFPS_OK, or KFPS_SCHEMA with a message that names the command which mends it. */
kfps_status kfpsi_schema_require(kfpb_conn *conn, kfps_error *error);

#endif
