/* SPDX-License-Identifier: Apache-2.0 */
/* record.h: the rows of kfpstore_schema. Private to schema/. */
#ifndef KFPSCHEMA_RECORD_H
#define KFPSCHEMA_RECORD_H

#include "schema/steps.h"

/* Writes the row of a step, or renews it. Waits for nothing; the caller holds the lease or its own transaction. */
kfps_status schema_record(kfpb_conn *conn, const schema_step *step, schema_step_state state, int statements,
                          kfps_error *error);
/* The same as a statement for a script, for a step that is not yet recorded. */
void schema_record_script(const kfpb_driver *driver, const schema_step *step, schema_step_state state, kfpb_text *out);

#endif
