/* SPDX-License-Identifier: Apache-2.0 */
/* touched.h: whether somebody has changed or deleted rows that imports brought, without adding any of its own: a server
 * that ends an imported task, or tries it again. */
#ifndef KFPM_TOUCHED_H
#define KFPM_TOUCHED_H

#include "migrate/import/remove.h"

/* Compares the tasks and links of the runs with what the ledger says was written, and sets `touched`. Behind
 * remove_read. At most as many runs as a group has. */
kfps_status touched_find(kfpb_conn *conn, removal_set *set, kfps_error *error);

/* Why the run must not be replaced; NULL: it may be. */
const char *touched_by(const removal *run);

#endif
