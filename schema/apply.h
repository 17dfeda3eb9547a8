/* SPDX-License-Identifier: Apache-2.0 */
/* apply.h: what upgrade and adopt share: refusals, the books, one step. Private to schema/. */
#ifndef KFPSCHEMA_APPLY_H
#define KFPSCHEMA_APPLY_H

#include "schema/inspect.h"
#include "schema/lease.h"
#include "schema/steps.h"

/* Says one line, if anybody listens. */
void schema_tell(const schema_upgrade_options *options, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* KFPS_SCHEMA if a newer tool made the schema, or a step that was applied is another in this build. */
kfps_status schema_refuse_foreign(const schema_status *status, kfps_error *error);
/* KFPS_SCHEMA also if something is in the way of the steps that are pending; differences go through `options`. */
kfps_status schema_refuse_upgrade(kfpb_conn *conn, const schema_status *status, const schema_upgrade_options *options,
                                  kfps_error *error);

/* Where the database refused a statement of ours for want of a right: which ones are needed. */
void schema_explain_rights(kfps_status result, kfps_error *error);

/* Makes the tables of step 1 unless they are there: the lease needs them, so this works without it, beside others. */
kfps_status schema_ensure_books(kfpb_conn *conn, kfps_error *error);

/* What CREATE TABLE statements end with: the character set and collation of run_details.UUID on MySQL, because foreign
 * keys need the same; nothing elsewhere. */
kfps_status schema_table_options(kfpb_conn *conn, kfpb_text *out, kfps_error *error);

/* True if what the statement makes is there already, as it makes it: a step that was cut off between a statement and
 * its record must not fail on it. Removes an invalid index that a cut-off build left behind. */
kfps_status schema_statement_done(kfpb_conn *conn, const char *sql, bool *done, kfps_error *error);

/* How long a statement waits for a table that others use: inside a transaction, where everybody waits behind it, or
 * not. */
kfps_status schema_wait_for_locks(kfpb_conn *conn, bool inside, kfps_error *error);

/* Applies one pending or partial step and records it. */
kfps_status schema_apply(kfpb_conn *conn, const schema_step_status *step, const schema_lease *lease,
                         const schema_upgrade_options *options, kfps_error *error);

#endif
