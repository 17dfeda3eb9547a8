/* SPDX-License-Identifier: Apache-2.0 */
#include "migrate/import/again.h"

#include <string.h>

#include "kfpstore.h"

enum { MARGIN_S = 3600 };

import_look again_how(const import_options *options, const mlmd_source *source)
{
    return options->look_again == LOOK_CHANGED && !mlmd_source_tells_changes(source) ? LOOK_ALL : options->look_again;
}

static int64_t since(const plan_run *run)
{
    return (int64_t) run->imported_at - MARGIN_S;
}

bool again_at_once(const plan_run *run, const ledger_entry *entry, const mlmd_run_context *context,
                   const target_run *row, import_look look)
{
    if (look == LOOK_NONE || !row->found) /* what users have deleted stays away */
        return false;
    return look == LOOK_ALL || !entry->terminal || row->state == MAP_RUN_ACTIVE ||
           strcmp(entry->tool_version, kfps_version()) != 0 || row->finished_at >= since(run) ||
           context->update_ms >= since(run) * 1000;
}

typedef struct finder {
    plan *p;
    const mlmd_source *source;
} finder;

static void see_change(void *context, int64_t execution_id, int64_t ms)
{
    const finder *f = context;
    size_t count = 0;
    const int64_t *contexts = mlmd_source_contexts_of(f->source, execution_id, &count);
    for (size_t i = 0; i < count; i++) {
        const plan_run *found = plan_find(f->p, contexts[i]);
        plan_run *run = found != NULL ? &f->p->runs[found - f->p->runs] : NULL;
        if (run != NULL && run->state == PLAN_DONE && (run->flags & PLAN_GONE) == 0 && ms >= since(run) * 1000)
            run->state = PLAN_AGAIN;
    }
}

kfps_status again_find(plan *p, mlmd_source *source, kfps_error *error)
{
    finder f = {p, source};
    int64_t first = INT64_MAX;
    for (size_t i = 0; i < p->count; i++) {
        const plan_run *run = &p->runs[i];
        if (run->state == PLAN_DONE && (run->flags & PLAN_GONE) == 0 && since(run) < first)
            first = since(run);
    }
    return first == INT64_MAX ? KFPS_OK : mlmd_source_changes(source, first * 1000, see_change, &f, error);
}
