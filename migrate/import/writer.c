/* SPDX-License-Identifier: Apache-2.0 */
#include "migrate/import/writer.h"

#include <stdlib.h>
#include <time.h>

#include "backends/base/fail.h"
#include "backends/base/text.h"
#include "libkfpstore/tables.h"
#include "migrate/import/replace.h"
#include "migrate/import/run_rows.h"

/* A task with its depth in the tree: no statement may hold a parent and its child. */
typedef struct deep_task {
    const kfps_task *task;
    int depth;
} deep_task;

typedef struct writer {
    kfpb_conn *conn;           /* NULL: nothing is written, only looked at */
    const kfpb_limits *limits; /* of the server that it would be written to */
    size_t *bytes;             /* that would be sent */
    group_run *const *runs;
    size_t count;
    const char *source_id;
    kfpb_arena *arena;
    kfps_error *error;
} writer;

static bool is_written(const group_run *run)
{
    return run->outcome == RUN_IMPORTED;
}

/* A run of which nothing is there yet has only new keys: a taken one is an error. */
static kfpb_conflict conflict_of(const writer *w)
{
    for (size_t i = 0; i < w->count; i++) {
        if (w->runs[i]->rows_exist)
            return KFPB_CONFLICT_KEEP;
    }
    return KFPB_CONFLICT_FAIL;
}

static kfps_status put(const writer *w, const kfpb_table *table, const void *const *records, size_t count,
                       kfpb_conflict conflict, int64_t *inserted)
{
    if (w->conn != NULL)
        return kfpb_insert(w->conn, table, records, count, conflict, inserted, w->error);
    size_t bytes = 0;
    const kfps_status status = kfpb_check_records(table, records, count, w->limits, &bytes, w->error);
    *w->bytes += bytes;
    if (inserted != NULL)
        *inserted = (int64_t) count;
    return status;
}

static int compare_tasks(const void *a, const void *b)
{
    const deep_task *x = a, *y = b;
    if (x->depth != y->depth)
        return x->depth < y->depth ? -1 : 1;
    return strcmp(x->task->uuid, y->task->uuid);
}

static kfps_status write_tasks(const writer *w)
{
    size_t total = 0, n = 0;
    for (size_t i = 0; i < w->count; i++)
        total += is_written(w->runs[i]) ? w->runs[i]->rows.task_count : 0;
    deep_task *tasks = kfpb_arena_array(w->arena, total, sizeof *tasks);
    const void **records = kfpb_arena_array(w->arena, total, sizeof *records);
    if (tasks == NULL || records == NULL)
        return kfpb_fail_no_memory(w->error);
    for (size_t i = 0; i < w->count; i++) {
        const map_rows *rows = &w->runs[i]->rows;
        for (size_t j = 0; is_written(w->runs[i]) && j < rows->task_count; j++)
            tasks[n++] = (deep_task){&rows->tasks[j], rows->task_depths[j]};
    }
    if (n > 1)
        qsort(tasks, n, sizeof *tasks, compare_tasks);
    for (size_t i = 0; i < n; i++)
        records[i] = tasks[i].task;
    for (size_t from = 0, to = 0; from < n; from = to) {
        while (to < n && tasks[to].depth == tasks[from].depth)
            to++;
        const kfps_status status = put(w, &kfpsi_tasks, records + from, to - from, conflict_of(w), NULL);
        if (status != KFPS_OK)
            return status;
    }
    return KFPS_OK;
}

/* An artifact row with the MLMD artifact it came from. */
typedef struct known_artifact {
    const kfps_artifact *artifact;
    int64_t mlmd_id;
} known_artifact;

static int compare_artifacts(const void *a, const void *b)
{
    const known_artifact *x = a, *y = b;
    return strcmp(x->artifact->uuid, y->artifact->uuid);
}

/* All artifacts of the group, each once. */
static known_artifact *gather_artifacts(const writer *w, size_t *count)
{
    size_t total = 0, n = 0, unique = 0;
    for (size_t i = 0; i < w->count; i++)
        total += is_written(w->runs[i]) ? w->runs[i]->rows.artifact_count : 0;
    known_artifact *all = kfpb_arena_array(w->arena, total, sizeof *all);
    if (all == NULL)
        return NULL;
    for (size_t i = 0; i < w->count; i++) {
        const map_rows *rows = &w->runs[i]->rows;
        for (size_t j = 0; is_written(w->runs[i]) && j < rows->artifact_count; j++)
            all[n++] = (known_artifact){&rows->artifacts[j], rows->artifact_ids[j]};
    }
    if (n > 1)
        qsort(all, n, sizeof *all, compare_artifacts);
    for (size_t i = 0; i < n; i++) {
        if (unique == 0 || strcmp(all[unique - 1].artifact->uuid, all[i].artifact->uuid) != 0)
            all[unique++] = all[i];
    }
    *count = unique;
    return all;
}

typedef struct read_back {
    const known_artifact *artifacts;
    size_t count;
    size_t found;
} read_back;

static void see_artifact(void *context, const char *uuid, const char *artifact_namespace)
{
    (void) artifact_namespace;
    read_back *all = context;
    const kfps_artifact wanted = {.uuid = uuid};
    const known_artifact key = {.artifact = &wanted};
    if (bsearch(&key, all->artifacts, all->count, sizeof *all->artifacts, compare_artifacts) != NULL)
        all->found++;
}

static kfps_status write_artifacts(const writer *w, write_result *result)
{
    size_t count = 0;
    const known_artifact *all = gather_artifacts(w, &count);
    const void **records = kfpb_arena_array(w->arena, count, sizeof *records);
    const char **uuids = kfpb_arena_array(w->arena, count, sizeof *uuids);
    ledger_artifact *ours = kfpb_arena_array(w->arena, count, sizeof *ours);
    if (all == NULL || records == NULL || uuids == NULL || ours == NULL)
        return kfpb_fail_no_memory(w->error);
    for (size_t i = 0; i < count; i++) {
        records[i] = all[i].artifact;
        uuids[i] = all[i].artifact->uuid;
    }
    int64_t inserted = 0;
    kfps_status status = w->conn != NULL && w->count == 1 && w->runs[0]->replace
                             ? replace_artifacts(w->conn, records, uuids, count, &inserted, w->error)
                             : put(w, &kfpsi_artifacts, records, count, KFPB_CONFLICT_KEEP, &inserted);
    if (status != KFPS_OK)
        return status;
    result->new_artifacts = inserted;
    if (inserted != (int64_t) count) {
        /* kept rows: a collation that ignores case takes another key for ours in silence */
        read_back check = {all, count, 0};
        status = target_existing_artifacts(w->conn, uuids, count, see_artifact, &check, w->error);
        if (status != KFPS_OK)
            return status;
        if (check.found != count)
            return kfpb_fail(w->error, KFPS_EXISTS, "artifacts: %zu of %zu rows were taken for rows with other keys",
                             count - check.found, count);
    }
    for (size_t i = 0; i < count; i++) {
        ours[i] = (ledger_artifact){all[i].artifact->uuid, w->source_id, all[i].mlmd_id};
        records[i] = &ours[i];
    }
    return put(w, &ledger_artifacts, records, count, KFPB_CONFLICT_KEEP, NULL);
}

static int compare_links(const void *a, const void *b)
{
    return strcmp((*(const kfps_artifact_task *const *) a)->uuid, (*(const kfps_artifact_task *const *) b)->uuid);
}

static kfps_status write_links(const writer *w)
{
    size_t total = 0, n = 0;
    for (size_t i = 0; i < w->count; i++)
        total += is_written(w->runs[i]) ? w->runs[i]->rows.link_count : 0;
    const void **records = kfpb_arena_array(w->arena, total, sizeof *records);
    if (records == NULL)
        return kfpb_fail_no_memory(w->error);
    for (size_t i = 0; i < w->count; i++) {
        for (size_t j = 0; is_written(w->runs[i]) && j < w->runs[i]->rows.link_count; j++)
            records[n++] = &w->runs[i]->rows.links[j];
    }
    if (n > 1)
        qsort(records, n, sizeof *records, compare_links);
    return put(w, &kfpsi_artifact_tasks, records, n, conflict_of(w), NULL);
}

/* {"dangling-event":3,…}, or NULL without notes. */
static const char *notes_json(const note_list *notes, kfpb_arena *arena, int64_t *rejected)
{
    unsigned counts[NOTE_REASON_COUNT] = {0};
    for (size_t i = 0; i < notes->count; i++)
        counts[notes->items[i].reason]++;
    kfpb_text text = {0};
    for (int r = 0; r < NOTE_REASON_COUNT; r++) {
        if (counts[r] == 0)
            continue;
        if (note_info((note_reason) r)->class == NOTE_REJECT)
            *rejected += counts[r];
        kfpb_text_printf(&text, "%c\"%s\":%u", text.length == 0 ? '{' : ',', note_info((note_reason) r)->text,
                         counts[r]);
    }
    const char *json = NULL;
    if (text.length > 0) {
        kfpb_text_char(&text, '}');
        json = kfpb_arena_text(arena, text.data);
    }
    kfpb_text_free(&text);
    return json;
}

static ledger_run ledger_row(const group_run *run, const char *source_id, kfpb_arena *arena)
{
    static const char *const outcomes[] = {
        [RUN_IMPORTED] = LEDGER_IMPORTED, [RUN_SKIPPED] = LEDGER_SKIPPED, [RUN_REJECTED] = LEDGER_REJECTED};
    ledger_run row = {
        .source = source_id,
        .context_id = run->source->context_id,
        .run_uuid = run->row.found ? run->row.uuid : NULL,
        .context_name = run->source->name,
        .outcome = outcomes[run->outcome],
        .executions = (int64_t) run->source->execution_count,
        .imported_at = time(NULL),
        .tool_version = kfps_version(),
    };
    if (is_written(run)) {
        row.reason = run->create_row ? LEDGER_RUN_CREATED : NULL;
        row.digest = run->digest;
        row.rows_digest = run->rows_digest;
        row.tasks = (int64_t) run->rows.task_count;
        row.artifacts = (int64_t) run->rows.artifact_count;
        row.links = (int64_t) run->rows.link_count;
        row.terminal = run->row.state != MAP_RUN_ACTIVE;
    } else {
        row.reason = note_info(run->reason)->text;
    }
    row.notes = notes_json(&run->notes, arena, &row.rejected);
    return row;
}

static kfps_status write_ledger(const writer *w)
{
    ledger_run *rows = kfpb_arena_array(w->arena, w->count, sizeof *rows);
    const void **records = kfpb_arena_array(w->arena, w->count, sizeof *records);
    size_t n = 0;
    if (rows == NULL || records == NULL)
        return kfpb_fail_no_memory(w->error);
    for (size_t i = 0; i < w->count; i++) {
        if (!group_run_is_written(w->runs[i]))
            continue;
        rows[n] = ledger_row(w->runs[i], w->source_id, w->arena);
        records[n] = &rows[n];
        n++;
    }
    return put(w, &ledger_runs, records, n, KFPB_CONFLICT_REPLACE, NULL);
}

static kfps_status write_rows(const writer *w, write_result *result)
{
    kfps_status status = write_tasks(w);
    if (status == KFPS_OK)
        status = write_artifacts(w, result);
    if (status == KFPS_OK)
        status = write_links(w);
    if (status == KFPS_OK)
        status = write_ledger(w);
    return status;
}

kfps_status write_runs(kfpb_conn *conn, group_run *const *runs, size_t count, const char *source_id, kfpb_arena *arena,
                       write_result *result, kfps_error *error)
{
    const writer w = {
        .conn = conn, .runs = runs, .count = count, .source_id = source_id, .arena = arena, .error = error};
    *result = (write_result){0};
    const kfps_status status = write_run_rows(conn, runs, count, arena, error);
    return status == KFPS_OK ? write_rows(&w, result) : status;
}

kfps_status check_runs(const kfpb_limits *limits, group_run *const *runs, size_t count, const char *source_id,
                       kfpb_arena *arena, size_t *bytes, kfps_error *error)
{
    const writer w = {.limits = limits,
                      .bytes = bytes,
                      .runs = runs,
                      .count = count,
                      .source_id = source_id,
                      .arena = arena,
                      .error = error};
    write_result ignored = {0};
    *bytes = 0;
    return write_rows(&w, &ignored);
}

kfps_status write_skipped(kfpb_conn *conn, const int64_t *context_ids, size_t count, const char *source_id,
                          kfpb_arena *arena, kfps_error *error)
{
    ledger_run *rows = kfpb_arena_array(arena, count, sizeof *rows);
    const void **records = kfpb_arena_array(arena, count, sizeof *records);
    if (rows == NULL || records == NULL)
        return kfpb_fail_no_memory(error);
    for (size_t i = 0; i < count; i++) {
        rows[i] = (ledger_run){
            .source = source_id,
            .context_id = context_ids[i],
            .outcome = LEDGER_SKIPPED,
            .reason = note_info(NOTE_NO_RUN_ROW)->text,
            .imported_at = time(NULL),
            .tool_version = kfps_version(),
        };
        records[i] = &rows[i];
    }
    return kfpb_insert(conn, &ledger_runs, records, count, KFPB_CONFLICT_REPLACE, NULL, error);
}

kfps_status write_migration(kfpb_conn *conn, const ledger_migration *row, kfps_error *error)
{
    const void *record = row;
    return kfpb_insert(conn, &ledger_migrations, &record, 1, KFPB_CONFLICT_REPLACE, NULL, error);
}
