/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "backends/base/fail.h"
#include "migrate/import/job.h"
#include "migrate/import/rejects.h"
#include "migrate/import/replace.h"
#include "migrate/import/writer.h"

typedef struct write_job {
    const import_job *job;
    group_run **runs;
    size_t count;
    int slot;
    int attempts;
    write_result result;
} write_job;

/* After an uncertain COMMIT: the runs are all there, or none is. */
static kfps_status was_committed(const write_job *w, kfpb_conn *conn, kfpb_arena *arena, bool *committed,
                                 kfps_error *error)
{
    size_t expected = 0;
    int64_t found = 0;
    int64_t *ids = kfpb_arena_array(arena, w->count, sizeof *ids);
    *committed = false;
    if (ids == NULL)
        return kfpb_fail_no_memory(error);
    for (size_t i = 0; i < w->count; i++) {
        if (w->runs[i]->outcome == RUN_IMPORTED)
            ids[expected++] = w->runs[i]->source->context_id;
    }
    if (expected == 0)
        return KFPS_OK;
    if (w->count == 1 && w->runs[0]->replace)
        return replace_was_done(conn, w->runs[0], w->job->options->source_id, committed, error);
    const kfps_status status = ledger_count_imported(conn, w->job->options->source_id, ids, expected, &found, error);
    *committed = status == KFPS_OK && (size_t) found == expected;
    return status;
}

static kfps_status write_body(kfpb_conn *conn, void *context, kfps_error *error)
{
    write_job *w = context;
    kfpb_arena arena;
    kfpb_arena_init(&arena);
    kfps_status status = KFPS_OK;
    bool committed = false;
    if (w->attempts++ > 0)
        status = was_committed(w, conn, &arena, &committed, error);
    if (status == KFPS_OK && !committed) {
        status = w->count == 1 && w->runs[0]->replace
                     ? replace_run(conn, w->runs[0], w->job->options->source_id, &arena, &w->result, error)
                     : write_runs(conn, w->runs, w->count, w->job->options->source_id, &arena, &w->result, error);
        if (status == KFPS_OK)
            status = schema_lease_fence(w->job->lease, conn, w->slot, error);
    }
    kfpb_arena_free(&arena);
    return status;
}

/* A group's way into the target. */
typedef struct group_job {
    const import_job *job;
    group *g;
    int slot;
    kfps_error *error;
} group_job;

static kfps_status write_some(const group_job *w, group_run **runs, size_t count)
{
    write_job one = {.job = w->job, .runs = runs, .count = count, .slot = w->slot};
    const kfps_status status = kfpsi_run(w->job->pool, &import_retry, write_body, &one, w->error);
    if (status == KFPS_OK && one.result.native[0] != '\0')
        group_leave(w->g, runs[0], RUN_SKIPPED, NOTE_CHANGED_NATIVE, one.result.native);
    if (status == KFPS_OK) {
        for (size_t i = 0; i < count; i++)
            w->g->artifacts += runs[i]->outcome == RUN_IMPORTED ? runs[i]->rows.artifact_count : 0;
        w->g->new_artifacts += (uint64_t) one.result.new_artifacts;
    }
    return status;
}

/* A full disk or a damaged file says nothing about a run, although a smaller one might still pass. */
static bool is_about_storage(const kfps_error *error)
{
    enum { SQLITE_IO = 10, SQLITE_DAMAGED = 11, SQLITE_DISK_FULL = 13 };
    enum { MYSQL_DISK_FULL = 1021, MYSQL_ENGINE = 1030, MYSQL_TABLE_FULL = 1114 };
    if (error->sqlstate[0] == '\0') {
        const int code = error->vendor_code & 0xff;
        return code == SQLITE_IO || code == SQLITE_DAMAGED || code == SQLITE_DISK_FULL;
    }
    return error->vendor_code == MYSQL_DISK_FULL || error->vendor_code == MYSQL_ENGINE ||
           error->vendor_code == MYSQL_TABLE_FULL || strncmp(error->sqlstate, "53", 2) == 0 ||
           strncmp(error->sqlstate, "58", 2) == 0 || strncmp(error->sqlstate, "XX", 2) == 0;
}

/* What the target says about the rows themselves, so that another run may pass. */
bool job_is_about_rows(const import_job *job, kfps_status status, const kfps_error *error)
{
    if (job->lease != NULL && !schema_lease_held(job->lease))
        return false;
    if (status == KFPS_INTERNAL)
        return !is_about_storage(error);
    return status == KFPS_INVALID || status == KFPS_TOO_LARGE || status == KFPS_EXISTS || status == KFPS_FOREIGN_KEY;
}

void job_refuse_run(group *g, group_run *run, kfps_status status, const kfps_error *error)
{
    const bool key = status == KFPS_EXISTS && strstr(error->message, "UniqueLink") != NULL;
    run->outcome = RUN_REJECTED;
    run->reason = key ? NOTE_KEY_COLLISION : NOTE_TARGET_REFUSED;
    run->detail = kfpb_arena_text(&g->arena, error->message);
    note_add(&run->notes, &g->arena, run->reason, "context", run->source->context_id, run->detail);
    group_settle(g, run);
}

static kfps_status write_one_by_one(const group_job *w)
{
    group *g = w->g;
    kfps_status status = KFPS_OK;
    for (size_t i = 0; i < g->count && status == KFPS_OK; i++) {
        group_run *run = &g->runs[i];
        if (!group_run_is_written(run))
            continue;
        status = write_some(w, &run, 1);
        if (run->outcome == RUN_IMPORTED && job_is_about_rows(w->job, status, w->error)) {
            job_refuse_run(g, run, status, w->error);
            status = group_run_is_written(run) ? write_some(w, &run, 1) : KFPS_OK; /* its line in the ledger */
        }
    }
    return status;
}

static kfps_status write_group(const group_job *w)
{
    group *g = w->g;
    group_run **runs = kfpb_arena_array(&g->arena, g->count, sizeof *runs);
    if (runs == NULL)
        return kfpb_fail_no_memory(w->error);
    size_t count = 0;
    bool alone = false;
    for (size_t i = 0; i < g->count; i++) {
        if (group_run_is_written(&g->runs[i]))
            runs[count++] = &g->runs[i];
        alone |= g->runs[i].rows_exist || (g->runs[i].replace && g->runs[i].outcome == RUN_IMPORTED);
    }
    if (alone)
        return write_one_by_one(w);
    const kfps_status status = count > 0 ? write_some(w, runs, count) : KFPS_OK;
    return job_is_about_rows(w->job, status, w->error) ? write_one_by_one(w) : status;
}

bool job_commit_group(const import_job *job, group *g, int slot, import_fault *fault)
{
    const group_job w = {.job = job, .g = g, .slot = slot, .error = &fault->error};
    fault->happened = fault->writing = write_group(&w) != KFPS_OK;
    return !fault->happened;
}

/* ---- contexts without a run row -----------------------------------------------------------------------------------
 */

typedef struct skip_job {
    import_job *job;
    const int64_t *ids;
    size_t count;
} skip_job;

static kfps_status skip_body(kfpb_conn *conn, void *context, kfps_error *error)
{
    const skip_job *s = context;
    kfpb_arena arena;
    kfpb_arena_init(&arena);
    kfps_status status = write_skipped(conn, s->ids, s->count, s->job->options->source_id, &arena, error);
    if (status == KFPS_OK)
        status = schema_lease_fence(s->job->lease, conn, 1, error);
    kfpb_arena_free(&arena);
    return status;
}

bool job_commit_skipped(import_job *job)
{
    enum { PAGE = 500 };
    int64_t ids[PAGE];
    import_counts *c = &job->report->counts;
    size_t n = 0;
    for (size_t i = 0; i <= job->plan.count; i++) {
        const bool end = i == job->plan.count;
        if (!end && job->plan.runs[i].state == PLAN_NO_ROW) {
            const plan_run *run = &job->plan.runs[i];
            c->runs_skipped++;
            c->executions_skipped += run->executions;
            c->notes[NOTE_NO_RUN_ROW]++;
            if (!rejects_write_outside(job->rejects, NOTE_NO_RUN_ROW, "context", run->context_id, run->context_id))
                return job_fail(job, job->options->rejects_path);
            if ((run->flags & PLAN_LEDGER_SKIPPED) == 0)
                ids[n++] = run->context_id;
        }
        if (job->options->dry_run) {
            n = 0;
        } else if (n == PAGE || (end && n > 0)) {
            skip_job skip = {job, ids, n};
            if (kfpsi_run(job->pool, &import_retry, skip_body, &skip, &job->error) != KFPS_OK)
                return job_fail_write(job);
            n = 0;
        }
    }
    return true;
}

/* ---- the completion row -------------------------------------------------------------------------------------------
 */

typedef struct mark_job {
    import_job *job;
    ledger_migration row;
} mark_job;

static kfps_status mark_body(kfpb_conn *conn, void *context, kfps_error *error)
{
    const mark_job *m = context;
    const kfps_status status = write_migration(conn, &m->row, error);
    return status == KFPS_OK ? schema_lease_fence(m->job->lease, conn, 1, error) : status;
}

bool job_commit_mark(import_job *job, const char *state)
{
    const bool complete = strcmp(state, LEDGER_COMPLETE) == 0;
    if (job->options->dry_run)
        return true;
    char *json = complete ? report_json(job->report, job->options) : NULL;
    mark_job m = {job,
                  {.source = job->options->source_id,
                   .state = state,
                   .report = json,
                   .started_at = job->report->started_at,
                   .completed_at = complete ? time(NULL) : 0,
                   .tool_version = kfps_version()}};
    const kfps_status status = kfpsi_run(job->pool, &import_retry, mark_body, &m, &job->error);
    free(json);
    return status == KFPS_OK || job_fail_write(job);
}
