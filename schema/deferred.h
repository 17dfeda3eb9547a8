/* SPDX-License-Identifier: Apache-2.0 */
/*
 * deferred.h: the plain indexes of the three large tables, dropped before an import into an empty database and built
 * after its rows, which is faster than to keep them row by row.
 *
 * The mark that they are deferred is the state SCHEMA_DEFERRED of a step, set before the first one is dropped and taken
 * back after the last one is built; which are missing, the database says. So whoever finds the mark goes on, whatever
 * was under way when the one before was cut off.
 *
 * Unique indexes stay, and for each foreign key one index that begins with its columns: InnoDB needs it, and what the
 * import looks up goes by these columns too.
 */
#ifndef KFPSCHEMA_DEFERRED_H
#define KFPSCHEMA_DEFERRED_H

#include "schema/inspect.h"
#include "schema/lease.h"

typedef struct schema_deferrable {
    size_t there, missing; /* indexes */
    bool has_rows;         /* any of the three tables has one */
} schema_deferrable;

/* What could be deferred, or is. Reads only; the baseline is applied or adopted. */
kfps_status schema_deferrable_read(kfpb_conn *conn, schema_deferrable *out, kfps_error *error);

/* Marks and drops. The tables should be empty; the caller holds the lease, with slot 1 for this. Of `options` say,
 * say_context and stop are used. */
kfps_status schema_defer_indexes(kfpb_conn *conn, const schema_lease *lease, const schema_upgrade_options *options,
                                 kfps_error *error);
/* Builds what is missing and takes the mark back; the same about the caller. KFPS_INTERRUPTED: some are left. */
kfps_status schema_build_deferred(kfpb_conn *conn, const schema_lease *lease, const schema_upgrade_options *options,
                                  kfps_error *error);
/* Says the statements of schema_build_deferred. */
kfps_status schema_tell_deferred(kfpb_conn *conn, const schema_upgrade_options *options, kfps_error *error);

/* Takes out of the promise what may be missing in `found` while indexes are deferred, and is; returns how many. */
size_t schema_leave_out_deferred(schema_picture *promised, const schema_picture *found);

#endif
