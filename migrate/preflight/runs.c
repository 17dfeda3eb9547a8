/* SPDX-License-Identifier: Apache-2.0 */
/* runs.c: which runs an import would take, and which not. */
#include <inttypes.h>

#include "migrate/import/plan.h"
#include "migrate/preflight/preflight.h"

static void say_skipped(preflight *p, note_reason reason, int64_t count)
{
    if (count > 0)
        preflight_say(p, FIND_WOULD_SKIP, "%" PRId64 " times %s: %s", count, note_info(reason)->text,
                      note_info(reason)->meaning);
}

kfps_status preflight_runs(preflight *p)
{
    plan plan;
    const bool kfp = p->target != NULL && p->has_schema && p->schema.has_run_details;
    const bool upgraded = kfp && !p->schema.pending && !p->schema.newer && !p->schema.changed;
    const kfps_status status = plan_build(&plan, p->source, kfp ? p->target : NULL, upgraded, p->options, &p->error);
    int64_t no_row = 0;
    for (size_t i = 0; i < plan.count; i++)
        no_row += plan.runs[i].state == PLAN_NO_ROW;
    if (status == KFPS_OK && plan.done > 0)
        preflight_say(p, FIND_IMPORTED_BEFORE, "%zu of %zu runs were imported before", plan.done, plan.count);
    plan_free(&plan);
    if (status == KFPS_INVALID) {
        preflight_say(p, FIND_OTHER_SOURCE, "%s", p->error.message);
        return KFPS_OK;
    }
    if (status != KFPS_OK)
        return status;
    if (kfp || p->options->create_target)
        say_skipped(p, NOTE_NO_RUN_ROW, no_row);
    say_skipped(p, NOTE_FOREIGN_EXECUTION, p->totals.foreign_executions);
    say_skipped(p, NOTE_ARTIFACT_WITHOUT_EVENT, p->totals.artifacts_without_event);
    say_skipped(p, NOTE_EVENT_WITHOUT_EXECUTION, p->totals.events_without_execution);
    return KFPS_OK;
}

kfps_status preflight_running_runs(preflight *p)
{
    kfpb_rows *rows = NULL;
    int64_t running = 0;
    int got = 0;
    if (!p->has_schema || !p->schema.has_run_details)
        return KFPS_OK;
    kfps_status status = kfpb_query(p->target,
                                    "SELECT \"State\", \"Conditions\", COUNT(*) FROM \"run_details\""
                                    " GROUP BY \"State\", \"Conditions\"",
                                    NULL, 0, &rows, &p->error);
    while (status == KFPS_OK && (got = kfpb_next(rows, &p->error)) > 0) {
        if (map_normalise_run_state(kfpb_get_text(rows, 0, NULL), kfpb_get_text(rows, 1, NULL)) == MAP_RUN_ACTIVE)
            running += kfpb_get_int(rows, 2);
    }
    if (got < 0)
        status = (kfps_status) p->error.code;
    kfpb_rows_free(&rows);
    if (status == KFPS_OK && running > 0)
        preflight_say(p, FIND_RUNNING_RUNS, "%" PRId64 " runs of the target are not over", running);
    return status;
}
