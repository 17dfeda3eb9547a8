/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lease.h: the one lock of a database, the same on every engine: rows of kfpstore_lease with owner, epoch and expiry by
 * the server's clock.
 *
 * Slot 0 is the heartbeat, written every 5 s by a thread with a connection of its own; it expires after 30 s. Slots 1 …
 * N fence the workers: a worker ends each transaction with lease_fence(), and if the lease was taken over meanwhile (a
 * takeover raises the epoch of all rows) the transaction is rolled back.
 */
#ifndef KFPSCHEMA_LEASE_H
#define KFPSCHEMA_LEASE_H

#include "backends/backend.h"

typedef struct schema_lease schema_lease;

typedef struct schema_lease_options {
    const char *purpose; /* "import", "schema upgrade": part of the owner's text */
    int slots;           /* workers */
    int wait_s;          /* wait so long for another holder, then KFPS_BUSY with the holder's name in the message */
    const volatile int *stop; /* may be NULL; set: stop waiting (KFPS_INTERRUPTED) */
} schema_lease_options;

/* Needs the table kfpstore_lease. Starts the heartbeat; dsn, open_options and what they point to are borrowed until the
 * release. On MySQL also takes GET_LOCK('kfp_mlmd_migration_lock'), so that upstream's tool and ours exclude each
 * other. */
kfps_status schema_lease_take(const kfpb_dsn *dsn, const kfpb_open_options *open_options,
                              const schema_lease_options *options, schema_lease **out, kfps_error *error);
/* The last statement of a worker's transaction, on the worker's own connection; slot is 1 … slots. KFPS_INTERNAL with a
 * message "the lease was taken over by …" if it is lost. On SQLite, where the transaction holds the only write lock and
 * the heartbeat waits for it, this renews the lease as well. */
kfps_status schema_lease_fence(const schema_lease *lease, kfpb_conn *conn, int slot, kfps_error *error);
/* The end of a transaction of slot 1: if all went well so far, the fence and the COMMIT; else, or if these fail, it is
 * rolled back. */
kfps_status schema_lease_commit(const schema_lease *lease, kfpb_conn *conn, kfps_status so_far, kfps_error *error);
/* False once another took the lease over, or it could not be renewed before it expired; cheap, any thread. */
bool schema_lease_held(const schema_lease *lease);
/* Stops the heartbeat and gives the lease back. NULL-safe. */
void schema_lease_release(schema_lease **lease);

#endif
