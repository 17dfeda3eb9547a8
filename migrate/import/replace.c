/* SPDX-License-Identifier: Apache-2.0 */
#include "migrate/import/replace.h"

#include <stdlib.h>
#include <string.h>

#include "backends/base/fail.h"
#include "libkfpstore/tables.h"
#include "migrate/import/ledger.h"
#include "migrate/import/remove.h"
#include "migrate/import/run_rows.h"
#include "migrate/import/target.h"
#include "migrate/import/touched.h"

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(const char *const *) a, *(const char *const *) b);
}

kfps_status replace_tasks_of(const group_run *run, kfpb_arena *arena, const char *const **out, kfps_error *error)
{
    const char **uuids = kfpb_arena_array(arena, run->rows.task_count, sizeof *uuids);
    if (uuids == NULL)
        return kfpb_fail_no_memory(error);
    for (size_t i = 0; i < run->rows.task_count; i++)
        uuids[i] = run->rows.tasks[i].uuid;
    if (run->rows.task_count > 1)
        qsort(uuids, run->rows.task_count, sizeof *uuids, compare_texts);
    *out = uuids;
    return KFPS_OK;
}

/* ---- artifacts ----------------------------------------------------------------------------------------------------
 */

static void see_existing(void *context, const char *uuid, const char *artifact_namespace)
{
    int64_t *found = context;
    (void) uuid;
    (void) artifact_namespace;
    (*found)++;
}

kfps_status replace_artifacts(kfpb_conn *conn, const void *const *records, const char *const *uuids, size_t count,
                              int64_t *inserted, kfps_error *error)
{
    int64_t found = 0;
    kfps_status status = target_existing_artifacts(conn, uuids, count, see_existing, &found, error);
    if (status == KFPS_OK)
        status = kfpb_insert(conn, &kfpsi_artifacts, records, count, KFPB_CONFLICT_REPLACE, NULL, error);
    *inserted = (int64_t) count - found;
    return status;
}

/* Those of the old rows that the new ones do not use. NULL without memory. */
static const char **no_longer_used(const removal_set *set, const group_run *run, kfpb_arena *arena, size_t *count)
{
    const char **uuids = kfpb_arena_array(arena, set->artifact_count, sizeof *uuids);
    size_t j = 0;
    *count = 0;
    for (size_t i = 0; uuids != NULL && i < set->artifact_count; i++) {
        while (j < run->rows.artifact_count && strcmp(run->rows.artifacts[j].uuid, set->artifacts[i]) < 0)
            j++;
        if (j == run->rows.artifact_count || strcmp(run->rows.artifacts[j].uuid, set->artifacts[i]) != 0)
            uuids[(*count)++] = set->artifacts[i];
    }
    return uuids;
}

/* ---- the whole ----------------------------------------------------------------------------------------------------
 */

kfps_status replace_run(kfpb_conn *conn, group_run *run, const char *source_id, kfpb_arena *arena, write_result *result,
                        kfps_error *error)
{
    removal old = {.run_uuid = run->row.uuid, .only_count = run->rows.task_count};
    removal_set set = {.runs = &old, .count = 1, .arena = arena};
    int64_t removed = 0;
    size_t count = 0;
    *result = (write_result){0};
    kfps_status status = run->shared ? replace_tasks_of(run, arena, &old.only, error) : KFPS_OK;
    if (status == KFPS_OK)
        status = remove_lock(conn, &set, true, error);
    if (status == KFPS_OK)
        status = remove_read(conn, &set, error);
    if (status == KFPS_OK)
        status = touched_find(conn, &set, error);
    if (status == KFPS_OK && touched_by(&old) != NULL) {
        snprintf(result->native, sizeof result->native, "%s", touched_by(&old));
        return KFPS_OK;
    }
    if (status == KFPS_OK)
        status = remove_rows(conn, &set, error);
    if (status == KFPS_OK)
        status = write_runs(conn, &run, 1, source_id, arena, result, error);
    if (status == KFPS_OK && run->was_created)
        status = update_run_row(conn, run, error);
    const char **gone = no_longer_used(&set, run, arena, &count);
    if (status == KFPS_OK && gone == NULL)
        status = kfpb_fail_no_memory(error);
    if (status == KFPS_OK && count > 0)
        status = remove_artifacts(conn, source_id, gone, count, arena, NULL, NULL, &removed, error);
    return status;
}

typedef struct expected {
    const group_run *run;
    bool found;
} expected;

static void see_import(void *context, const ledger_import *entry)
{
    expected *e = context;
    e->found = strcmp(entry->digest, e->run->digest) == 0;
}

kfps_status replace_was_done(kfpb_conn *conn, const group_run *run, const char *source_id, bool *done,
                             kfps_error *error)
{
    expected e = {.run = run};
    const int64_t id = run->source->context_id;
    const kfps_status status = ledger_read_imports(conn, source_id, &id, 1, see_import, &e, error);
    *done = status == KFPS_OK && e.found;
    return status;
}
