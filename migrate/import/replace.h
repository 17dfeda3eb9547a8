/* SPDX-License-Identifier: Apache-2.0 */
/* replace.h: a run that was imported before and has changed in its source since: its old rows go and the new ones come
 * in one transaction. */
#ifndef KFPM_REPLACE_H
#define KFPM_REPLACE_H

#include "migrate/import/group.h"
#include "migrate/import/writer.h"

/* In the caller's transaction. If a native server wrote to the run, nothing is changed and result->native says
 * what. Artifacts get the new values; those that only the old rows used go with them. */
kfps_status replace_run(kfpb_conn *conn, group_run *run, const char *source_id, kfpb_arena *arena, write_result *result,
                        kfps_error *error);
/* After an uncertain COMMIT. */
kfps_status replace_was_done(kfpb_conn *conn, const group_run *run, const char *source_id, bool *done,
                             kfps_error *error);

/* Inserts artifacts, or gives those that are there the new values. *inserted: new ones. */
kfps_status replace_artifacts(kfpb_conn *conn, const void *const *records, const char *const *uuids, size_t count,
                              int64_t *inserted, kfps_error *error);

/* The tasks of the run as it is now, sorted, for a run that has those of other contexts as well. */
kfps_status replace_tasks_of(const group_run *run, kfpb_arena *arena, const char *const **out, kfps_error *error);

#endif
