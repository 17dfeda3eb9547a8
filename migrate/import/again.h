/* SPDX-License-Identifier: Apache-2.0 */
/*
 * again.h: which of the runs that were imported before may have changed in their source. A run that is looked at again
 * is read and compared by its digest; only if that differs is it mapped, and its rows replaced.
 *
 * With --look-again=changed these are looked at: a run that was not over when it was imported, or is not over now; one
 * that another version of this program imported; one that run_details says has ended since; one for which MLMD says
 * that its context, an execution or an artifact was changed since, or an execution of another run that shares an
 * artifact with it. "Since" is an hour before the import by our own clock: clocks differ, and a run was read before it
 * was written. A source that keeps no times has all its runs looked at.
 */
#ifndef KFPM_AGAIN_H
#define KFPM_AGAIN_H

#include "migrate/import/ledger.h"
#include "migrate/import/plan.h"

/* What --look-again comes to with this source. */
import_look again_how(const import_options *options, const mlmd_source *source);
/* What can be said of an imported run when its lines of the census and the ledger are read. */
bool again_at_once(const plan_run *run, const ledger_entry *entry, const mlmd_run_context *context,
                   const target_run *row, import_look look);
/* After the census: what the times of executions and artifacts say. */
kfps_status again_find(plan *p, mlmd_source *source, kfps_error *error);

#endif
