/* SPDX-License-Identifier: Apache-2.0 */
/* runs.c: the runs of the ledger, in groups; a group's rows and its lines in the ledger go in one transaction, so that
 * what is still in the ledger is what is still to do. */
#include <stdlib.h>
#include <string.h>

#include "backends/base/fail.h"
#include "backends/sql.h"
#include "migrate/import/ledger.h"
#include "migrate/import/remove.h"
#include "migrate/rollback/job.h"

enum { MAX_CONTEXTS = 500 };

/* A line of the ledger. */
typedef struct line {
    int64_t context_id;
    const char *run_uuid; /* NULL: not imported, or unknown */
    bool run_created;
    removal *run; /* NULL: there is nothing to remove */
} line;

typedef struct group {
    rollback_job *job;
    int64_t after;
    int attempts;
    line *lines; /* by context id */
    size_t count;
    removal_set set;
    bool *row_stays; /* per run of the set: something refers to its row */
    kfpb_arena arena;
} group;

static int compare_runs(const void *a, const void *b)
{
    return strcmp(((const removal *) a)->run_uuid, ((const removal *) b)->run_uuid);
}

static removal *find_run(const group *g, const char *run_uuid)
{
    const removal key = {.run_uuid = run_uuid};
    return g->set.count > 0 ? bsearch(&key, g->set.runs, g->set.count, sizeof key, compare_runs) : NULL;
}

static bool is_kept(const line *l)
{
    return l->run != NULL && l->run->native != NULL;
}

/* ---- what is to do ------------------------------------------------------------------------------------------------
 */

static kfps_status read_lines(group *g, kfpb_conn *conn, kfps_error *error)
{
    const rollback_options *o = g->job->options;
    const kfpb_value values[] = {kfpb_str(o->source_id), kfpb_int(g->after), kfpb_int(MAX_CONTEXTS)};
    int64_t tasks = 0;
    int got = 0;
    kfpb_rows *rows = NULL;
    g->count = 0;
    g->lines = kfpb_arena_array(&g->arena, MAX_CONTEXTS, sizeof *g->lines);
    if (g->lines == NULL)
        return kfpb_fail_no_memory(error);
    kfps_status status = kfpb_query(
        conn,
        "SELECT \"ContextID\", \"RunUUID\", \"Outcome\", \"Reason\", \"Tasks\" FROM \"kfpstore_migration_run\""
        " WHERE \"Source\" = ? AND \"ContextID\" > ? ORDER BY \"ContextID\" LIMIT ?",
        values, sizeof values / sizeof *values, &rows, error);
    while (status == KFPS_OK && g->count < MAX_CONTEXTS && (got = kfpb_next(rows, error)) > 0) {
        const char *outcome = kfpb_get_text(rows, 2, NULL), *reason = kfpb_get_text(rows, 3, NULL);
        const bool imported = strcmp(outcome, LEDGER_IMPORTED) == 0;
        tasks += imported ? kfpb_get_int(rows, 4) : 0;
        if (g->count > 0 && tasks > o->batch)
            break;
        g->lines[g->count++] = (line){
            .context_id = kfpb_get_int(rows, 0),
            .run_uuid = imported ? kfpb_arena_text(&g->arena, kfpb_get_text(rows, 1, NULL)) : NULL,
            .run_created = imported && reason != NULL && strcmp(reason, LEDGER_RUN_CREATED) == 0,
        };
    }
    if (got < 0)
        status = (kfps_status) error->code;
    kfpb_rows_free(&rows);
    return status;
}

/* Several contexts may mean one run. */
static kfps_status list_runs(group *g, kfps_error *error)
{
    size_t n = 0;
    g->set = (removal_set){.arena = &g->arena};
    g->set.runs = kfpb_arena_array(&g->arena, g->count, sizeof *g->set.runs);
    g->row_stays = kfpb_arena_array(&g->arena, g->count, sizeof *g->row_stays);
    if (g->set.runs == NULL || g->row_stays == NULL || g->arena.out_of_memory)
        return kfpb_fail_no_memory(error);
    for (size_t i = 0; i < g->count; i++) {
        if (g->lines[i].run_uuid != NULL)
            g->set.runs[n++] = (removal){.run_uuid = g->lines[i].run_uuid};
    }
    if (n > 1)
        qsort(g->set.runs, n, sizeof *g->set.runs, compare_runs);
    for (size_t i = 0; i < n; i++) {
        if (g->set.count == 0 || compare_runs(&g->set.runs[g->set.count - 1], &g->set.runs[i]) != 0)
            g->set.runs[g->set.count++] = g->set.runs[i];
    }
    for (size_t i = 0; i < g->count; i++) {
        if (g->lines[i].run_uuid != NULL)
            g->lines[i].run = find_run(g, g->lines[i].run_uuid);
    }
    return KFPS_OK;
}

static const char **uuids_of(group *g, bool (*wanted)(const group *g, const removal *run), size_t *count)
{
    const char **uuids = kfpb_arena_array(&g->arena, g->set.count, sizeof *uuids);
    *count = 0;
    for (size_t i = 0; uuids != NULL && i < g->set.count; i++) {
        if (wanted(g, &g->set.runs[i]))
            uuids[(*count)++] = g->set.runs[i].run_uuid;
    }
    return uuids;
}

static bool any(const group *g, const removal *run)
{
    (void) g;
    return run->run_uuid != NULL;
}

static bool removable(const group *g, const removal *run)
{
    (void) g;
    return run->native == NULL;
}

static bool row_removable(const group *g, const removal *run)
{
    bool made = false;
    for (size_t i = 0; i < g->count; i++)
        made |= g->lines[i].run == run && g->lines[i].run_created;
    return made && run->found && run->native == NULL && !g->row_stays[run - g->set.runs];
}

/* Whose rows of such a run are whose cannot be told. */
static kfps_status find_other_sources(group *g, kfpb_conn *conn, kfps_error *error)
{
    size_t count = 0;
    const char **uuids = uuids_of(g, any, &count);
    kfpb_rows *rows = NULL;
    kfpb_sql sql;
    int got = 0;
    if (uuids == NULL)
        return kfpb_fail_no_memory(error);
    if (count == 0)
        return KFPS_OK;
    kfpb_sql_init(&sql, conn);
    kfpb_sql_add(&sql, "SELECT \"RunUUID\", \"Source\" FROM \"kfpstore_migration_run\" WHERE \"Source\" <> ");
    kfpb_sql_bind(&sql, kfpb_str(g->job->options->source_id));
    kfpb_sql_add(&sql, " AND \"Outcome\" = ");
    kfpb_sql_bind(&sql, kfpb_str(LEDGER_IMPORTED));
    kfpb_sql_add(&sql, " AND \"RunUUID\"");
    kfpb_sql_in_texts(&sql, uuids, count);
    kfps_status status = kfpb_sql_query(conn, &sql, &rows, error);
    while (status == KFPS_OK && (got = kfpb_next(rows, error)) > 0) {
        removal *run = find_run(g, kfpb_get_text(rows, 0, NULL));
        if (run != NULL)
            run->native = kfpb_arena_printf(&g->arena, "an import of the source '%s'", kfpb_get_text(rows, 1, NULL));
    }
    if (got < 0)
        status = (kfps_status) error->code;
    kfpb_rows_free(&rows);
    kfpb_sql_free(&sql);
    return status;
}

static kfps_status find_referrers(group *g, kfpb_conn *conn, kfps_error *error)
{
    size_t count = 0;
    const char **uuids = uuids_of(g, row_removable, &count);
    kfps_status status = uuids != NULL ? KFPS_OK : kfpb_fail_no_memory(error);
    for (size_t i = 0; status == KFPS_OK && count > 0 && i < ROLLBACK_REFERRERS; i++) {
        const rollback_referrer *r = &g->job->referrers[i];
        kfpb_rows *rows = NULL;
        kfpb_sql sql;
        int got = 0;
        if (!r->there)
            continue;
        kfpb_sql_init(&sql, conn);
        kfpb_sql_add(&sql, "SELECT DISTINCT ");
        kfpb_sql_name(&sql, r->column);
        kfpb_sql_add(&sql, " FROM ");
        kfpb_sql_name(&sql, r->table);
        kfpb_sql_add(&sql, " WHERE ");
        kfpb_sql_name(&sql, r->column);
        kfpb_sql_in_texts(&sql, uuids, count);
        status = kfpb_sql_query(conn, &sql, &rows, error);
        while (status == KFPS_OK && (got = kfpb_next(rows, error)) > 0) {
            const removal *run = find_run(g, kfpb_get_text(rows, 0, NULL));
            if (run != NULL)
                g->row_stays[run - g->set.runs] = true;
        }
        if (got < 0)
            status = (kfps_status) error->code;
        kfpb_rows_free(&rows);
        kfpb_sql_free(&sql);
    }
    return status;
}

/* ---- doing it -----------------------------------------------------------------------------------------------------
 */

/* `statement` ends with the column that is to be in the list. */
static kfps_status delete_texts(kfpb_conn *conn, const char *statement, const char *source_id, const char *const *texts,
                                size_t count, kfps_error *error)
{
    if (count == 0)
        return KFPS_OK;
    kfpb_sql sql;
    kfpb_sql_init(&sql, conn);
    kfpb_sql_add(&sql, statement);
    kfpb_sql_in_texts(&sql, texts, count);
    if (source_id != NULL) {
        kfpb_sql_add(&sql, " AND \"Source\" = ");
        kfpb_sql_bind(&sql, kfpb_str(source_id));
    }
    const kfps_status status = kfpb_sql_exec(conn, &sql, NULL, error);
    kfpb_sql_free(&sql);
    return status;
}

static kfps_status delete_lines(group *g, kfpb_conn *conn, kfps_error *error)
{
    int64_t *ids = kfpb_arena_array(&g->arena, g->count, sizeof *ids);
    size_t n = 0, count = 0;
    const char **uuids = uuids_of(g, removable, &count);
    if (ids == NULL || uuids == NULL)
        return kfpb_fail_no_memory(error);
    for (size_t i = 0; i < g->count; i++) {
        if (!is_kept(&g->lines[i]))
            ids[n++] = g->lines[i].context_id;
    }
    kfps_status status = KFPS_OK;
    if (n > 0) {
        kfpb_sql sql;
        kfpb_sql_init(&sql, conn);
        kfpb_sql_add(&sql, "DELETE FROM \"kfpstore_migration_run\" WHERE \"Source\" = ");
        kfpb_sql_bind(&sql, kfpb_str(g->job->options->source_id));
        kfpb_sql_add(&sql, " AND \"ContextID\"");
        kfpb_sql_in_ints(&sql, ids, n);
        status = kfpb_sql_exec(conn, &sql, NULL, error);
        kfpb_sql_free(&sql);
    }
    /* a context of a later group that means the same run: its rows are gone with this one's */
    if (status == KFPS_OK)
        status = delete_texts(conn,
                              "DELETE FROM \"kfpstore_migration_run\" WHERE \"Outcome\" = 'imported' AND \"RunUUID\"",
                              g->job->options->source_id, uuids, count, error);
    return status;
}

static kfps_status remove_group(group *g, kfpb_conn *conn, kfps_error *error)
{
    size_t count = 0;
    kfps_status status = remove_rows(conn, &g->set, error);
    const char **uuids = uuids_of(g, row_removable, &count);
    if (status == KFPS_OK && uuids == NULL)
        status = kfpb_fail_no_memory(error);
    if (status == KFPS_OK)
        status = delete_texts(conn, "DELETE FROM \"run_details\" WHERE \"UUID\"", NULL, uuids, count, error);
    if (status == KFPS_OK)
        status = delete_lines(g, conn, error);
    return status;
}

/* After an uncertain COMMIT: the lines that were to go are all gone, or none is. */
static kfps_status was_committed(const group *g, kfpb_conn *conn, bool *committed, kfps_error *error)
{
    *committed = false;
    for (size_t i = 0; i < g->count; i++) {
        const kfpb_value values[] = {kfpb_str(g->job->options->source_id), kfpb_int(g->lines[i].context_id)};
        int64_t left = 0;
        if (is_kept(&g->lines[i]))
            continue;
        const kfps_status status = kfpb_query_int(
            conn,
            "SELECT COUNT(\"ContextID\") FROM \"kfpstore_migration_run\" WHERE \"Source\" = ? AND \"ContextID\" = ?",
            values, 2, &left, NULL, error);
        *committed = status == KFPS_OK && left == 0;
        return status;
    }
    return KFPS_OK;
}

static kfps_status group_body(kfpb_conn *conn, void *context, kfps_error *error)
{
    group *g = context;
    const bool dry_run = g->job->options->dry_run;
    bool committed = false;
    kfps_status status = KFPS_OK;
    if (g->attempts++ > 0 && g->count > 0)
        status = was_committed(g, conn, &committed, error);
    if (status != KFPS_OK || committed)
        return status;
    kfpb_arena_reset(&g->arena);
    g->count = 0;
    status = read_lines(g, conn, error);
    if (status == KFPS_OK)
        status = list_runs(g, error);
    if (status == KFPS_OK && g->set.count > 0) {
        status = remove_lock(conn, &g->set, !dry_run, error);
        if (status == KFPS_OK)
            status = remove_read(conn, &g->set, error);
        if (status == KFPS_OK)
            status = find_other_sources(g, conn, error);
        if (status == KFPS_OK)
            status = find_referrers(g, conn, error);
    }
    if (status == KFPS_OK && g->count > 0 && !dry_run)
        status = remove_group(g, conn, error);
    if (status == KFPS_OK && g->arena.out_of_memory)
        status = kfpb_fail_no_memory(error);
    return status;
}

static void count_group(const group *g)
{
    rollback_report *report = g->job->report;
    rollback_counts *c = &report->counts;
    for (size_t i = 0; i < g->set.count; i++) {
        const removal *run = &g->set.runs[i];
        if (run->native != NULL) {
            c->runs_kept++;
            rollback_keep(report, "run", run->run_uuid, run->native);
            continue;
        }
        c->runs += run->found;
        c->runs_gone += !run->found;
        c->tasks += run->tasks;
        c->links += run->links;
        c->run_rows += row_removable(g, run);
        if (g->row_stays[i]) {
            c->run_rows_kept++;
            rollback_keep(report, "run-row", run->run_uuid, "other tables refer to it");
        }
    }
}

bool rollback_runs(rollback_job *job)
{
    group g = {.job = job, .after = INT64_MIN};
    uint64_t done = 0;
    bool well = true;
    kfpb_arena_init(&g.arena);
    progress_start(&job->progress, job->lines);
    while (well && !cli_stop) {
        g.attempts = 0;
        g.count = 0;
        well = rollback_step(job, group_body, &g);
        if (!well || g.count == 0)
            break;
        count_group(&g);
        progress_count(&job->progress, "runs", done += g.count);
        g.after = g.lines[g.count - 1].context_id;
    }
    kfpb_arena_free(&g.arena);
    return well;
}
