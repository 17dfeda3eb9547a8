/* SPDX-License-Identifier: Apache-2.0 */
/* artifacts.c: the artifacts that the imports of the source have brought, page by page, once the runs are done. One
 * that a link leads to stays, and stays in the list of our artifacts: a later rollback takes it. */
#include <stdlib.h>
#include <string.h>

#include "backends/base/fail.h"
#include "backends/sql.h"
#include "migrate/import/ledger.h"
#include "migrate/import/remove.h"
#include "migrate/rollback/job.h"

enum { PAGE = 1000 };

typedef struct kept_artifact {
    const char *uuid, *run_uuid;
} kept_artifact;

typedef struct page {
    rollback_job *job;
    int attempts;
    const char *after; /* the page begins behind this one */
    const char *last;  /* of the page, as the database orders them */
    const char *probe;
    const char **uuids; /* by bytes */
    size_t count;
    kept_artifact *kept;
    size_t kept_count;
    int64_t removed;
    kfpb_arena arena;
} page;

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(const char *const *) a, *(const char *const *) b);
}

static kfps_status read_page(page *p, kfpb_conn *conn, kfps_error *error)
{
    const kfpb_value values[] = {kfpb_str(p->job->options->source_id), kfpb_str(p->after), kfpb_int(PAGE)};
    kfpb_rows *rows = NULL;
    int got = 0;
    p->uuids = kfpb_arena_array(&p->arena, PAGE, sizeof *p->uuids);
    p->kept = kfpb_arena_array(&p->arena, PAGE, sizeof *p->kept);
    if (p->uuids == NULL || p->kept == NULL)
        return kfpb_fail_no_memory(error);
    kfps_status status = kfpb_query(conn,
                                    "SELECT \"ArtifactID\" FROM \"kfpstore_migrated_artifact\" WHERE \"Source\" = ?"
                                    " AND \"ArtifactID\" > ? ORDER BY \"ArtifactID\" LIMIT ?",
                                    values, sizeof values / sizeof *values, &rows, error);
    while (status == KFPS_OK && p->count < PAGE && (got = kfpb_next(rows, error)) > 0)
        p->uuids[p->count++] = kfpb_arena_text(&p->arena, kfpb_get_text(rows, 0, NULL));
    p->last = p->count > 0 ? p->uuids[p->count - 1] : NULL;
    if (got < 0)
        status = (kfps_status) error->code;
    kfpb_rows_free(&rows);
    if (status == KFPS_OK && p->arena.out_of_memory)
        status = kfpb_fail_no_memory(error);
    if (status == KFPS_OK && p->count > 1)
        qsort(p->uuids, p->count, sizeof *p->uuids, compare_texts);
    return status;
}

static void see_kept(void *context, const char *artifact_uuid, const char *run_uuid)
{
    page *p = context;
    if (p->kept_count < PAGE)
        p->kept[p->kept_count++] = (kept_artifact){artifact_uuid, run_uuid};
}

/* What remove_artifacts would find after the runs are gone: a link stays if its run does, and that is every run that
 * this source has not imported, or that is among those kept. */
static kfps_status foresee(page *p, kfpb_conn *conn, kfps_error *error)
{
    kfpb_rows *rows = NULL;
    kfpb_sql sql;
    int got = 0;
    size_t n = 0;
    const char *last = NULL;
    const char **runs = kfpb_arena_array(&p->arena, (size_t) p->job->report->counts.runs_kept, sizeof *runs);
    if (runs == NULL)
        return kfpb_fail_no_memory(error);
    for (const rollback_kept *k = p->job->report->kept; k != NULL; k = k->next) {
        if (strcmp(k->kind, "run") == 0)
            runs[n++] = k->uuid;
    }
    kfpb_sql_init(&sql, conn);
    kfpb_sql_add(&sql, "SELECT l.\"ArtifactID\", l.\"RunUUID\" FROM \"artifact_tasks\" l LEFT JOIN"
                       " \"kfpstore_migration_run\" m ON m.\"RunUUID\" = l.\"RunUUID\" AND m.\"Outcome\" = ");
    kfpb_sql_bind(&sql, kfpb_str(LEDGER_IMPORTED));
    kfpb_sql_add(&sql, " AND m.\"Source\" = ");
    kfpb_sql_bind(&sql, kfpb_str(p->job->options->source_id));
    kfpb_sql_add(&sql, " WHERE l.\"ArtifactID\"");
    kfpb_sql_in_texts(&sql, p->uuids, p->count);
    kfpb_sql_add(&sql, " AND (m.\"RunUUID\" IS NULL OR l.\"RunUUID\"");
    kfpb_sql_in_texts(&sql, runs, n);
    kfpb_sql_add(&sql, ") ORDER BY l.\"ArtifactID\", l.\"RunUUID\"");
    kfps_status status = kfpb_sql_query(conn, &sql, &rows, error);
    while (status == KFPS_OK && (got = kfpb_next(rows, error)) > 0) {
        const char *uuid = kfpb_get_text(rows, 0, NULL);
        if (last != NULL && strcmp(last, uuid) == 0)
            continue;
        last = kfpb_arena_text(&p->arena, uuid);
        see_kept(p, last, kfpb_arena_text(&p->arena, kfpb_get_text(rows, 1, NULL)));
    }
    if (got < 0)
        status = (kfps_status) error->code;
    kfpb_rows_free(&rows);
    kfpb_sql_free(&sql);
    p->removed = (int64_t) (p->count - p->kept_count);
    return status;
}

/* After an uncertain COMMIT: the artifacts that were to go are all gone, or none is. */
static kfps_status was_committed(const page *p, kfpb_conn *conn, bool *committed, kfps_error *error)
{
    const kfpb_value values[] = {kfpb_str(p->probe), kfpb_str(p->job->options->source_id)};
    int64_t left = 0;
    const kfps_status status = kfpb_query_int(
        conn,
        "SELECT COUNT(\"MLMDID\") FROM \"kfpstore_migrated_artifact\" WHERE \"ArtifactID\" = ? AND \"Source\" = ?",
        values, 2, &left, NULL, error);
    *committed = status == KFPS_OK && left == 0;
    return status;
}

/* One that is to go, to look for after an uncertain COMMIT. */
static const char *probe_of(const page *p)
{
    for (size_t i = 0, k = 0; i < p->count; i++) {
        while (k < p->kept_count && strcmp(p->kept[k].uuid, p->uuids[i]) < 0)
            k++;
        if (k == p->kept_count || strcmp(p->kept[k].uuid, p->uuids[i]) != 0)
            return p->uuids[i];
    }
    return NULL;
}

static kfps_status page_body(kfpb_conn *conn, void *context, kfps_error *error)
{
    page *p = context;
    const rollback_options *o = p->job->options;
    bool committed = false;
    kfps_status status = KFPS_OK;
    if (p->attempts++ > 0 && p->probe != NULL)
        status = was_committed(p, conn, &committed, error);
    if (status != KFPS_OK || committed)
        return status;
    kfpb_arena_reset(&p->arena);
    p->count = p->kept_count = 0;
    p->removed = 0;
    p->probe = NULL;
    status = read_page(p, conn, error);
    if (status != KFPS_OK || p->count == 0)
        return status;
    if (o->dry_run)
        return foresee(p, conn, error);
    status = remove_artifacts(conn, o->source_id, p->uuids, p->count, &p->arena, see_kept, p, &p->removed, error);
    p->probe = probe_of(p);
    return status;
}

bool rollback_artifacts(rollback_job *job)
{
    page p = {.job = job};
    kfpb_text after = {0};
    uint64_t done = 0;
    bool well = true;
    kfpb_arena_init(&p.arena);
    progress_start(&job->progress, job->artifacts);
    while (well && !cli_stop) {
        p.attempts = 0;
        p.probe = NULL;
        p.after = kfpb_text_get(&after);
        p.count = p.kept_count = 0;
        well = rollback_step(job, page_body, &p);
        if (!well || p.count == 0)
            break;
        job->report->counts.artifacts += (uint64_t) p.removed;
        job->report->counts.artifacts_kept += p.kept_count;
        progress_count(&job->progress, "artifacts", done += p.count);
        for (size_t i = 0; i < p.kept_count; i++)
            rollback_keep(job->report, "artifact", p.kept[i].uuid,
                          kfpb_arena_printf(&p.arena, "a task of run %s is linked to it", p.kept[i].run_uuid));
        kfpb_text_clear(&after);
        kfpb_text_add(&after, p.last);
        if (after.out_of_memory || job->report->arena.out_of_memory) {
            kfpb_fail_no_memory(&job->error);
            job->exit_code = cli_report_error(NULL, &job->error);
            well = false;
        }
    }
    kfpb_text_free(&after);
    kfpb_arena_free(&p.arena);
    return well;
}
