/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dbi.h: what the backends share of libdbi. For the folders below backends/ only.
 *
 * libdbi keeps its connections in an unlocked list, so creating, connecting and closing run under one process-wide
 * mutex. Everything else on a connection needs no lock. libdbi is initialised once per driver folder, at the first use,
 * and stays so until the process ends.
 */
#ifndef KFPB_DBI_H
#define KFPB_DBI_H

#include <dbi/dbi.h>

#include "kfpstore/error.h"

/* An unconnected connection of a libdbi driver ("sqlite3", "pgsql", "mysql"). driver_dir NULL or "": the environment's
 * KFPSTORE_DRIVER_DIR, else the folder that the build or libdbi itself was given. */
kfps_status kfpb_dbi_new(const char *driver_name, const char *driver_dir, dbi_conn *out, kfps_error *error);

/* Set one option before connecting. KFPS_NO_MEMORY if libdbi could not store it. */
kfps_status kfpb_dbi_option(dbi_conn conn, const char *name, const char *value, kfps_error *error);
kfps_status kfpb_dbi_option_int(dbi_conn conn, const char *name, int value, kfps_error *error);

/* Connects. On failure the message is libdbi's, the code KFPS_UNAVAILABLE and vendor_code the driver's number, for the
 * backend to refine; the caller still closes the connection. */
kfps_status kfpb_dbi_connect(dbi_conn conn, kfps_error *error);

/* Frees the connection, connected or not; NULL is allowed. Results must have been freed before. */
void kfpb_dbi_close(dbi_conn conn);

/* The client library's own handle: sqlite3 *, PGconn * or MYSQL *. NULL if not connected, or if this libdbi lays out
 * its structures in another way than the one it was compiled for. */
void *kfpb_dbi_native(dbi_conn conn);

#endif
