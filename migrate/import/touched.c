/* SPDX-License-Identifier: Apache-2.0 */
#include "migrate/import/touched.h"

#include <string.h>
#include <uthash.h>

#include "backends/base/fail.h"
#include "backends/sql.h"
#include "libkfpstore/tables.h"
#include "migrate/import/digest.h"
#include "migrate/import/ledger.h"
#include "migrate/import/target.h"

typedef struct run_sums {
    removal *run;
    rows_digest written, found; /* of all contexts that were imported into the run */
    UT_hash_handle hh;
} run_sums;

typedef struct sums {
    run_sums *runs; /* by run_uuid */
    const char **uuids;
    size_t count;
} sums;

/* False without memory. */
static bool index_runs(sums *all, removal_set *set)
{
    all->uuids = kfpb_arena_array(set->arena, set->count, sizeof *all->uuids);
    for (size_t i = 0; all->uuids != NULL && i < set->count; i++) {
        run_sums *one = kfpb_arena_alloc(set->arena, sizeof *one);
        if (one == NULL)
            return false;
        *one = (run_sums){.run = &set->runs[i]};
        HASH_ADD_KEYPTR(hh, all->runs, one->run->run_uuid, strlen(one->run->run_uuid), one);
        all->uuids[all->count++] = one->run->run_uuid;
    }
    return all->uuids != NULL;
}

static run_sums *find_run(const sums *all, const char *run_uuid)
{
    run_sums *one = NULL;
    if (run_uuid != NULL)
        HASH_FIND_STR(all->runs, run_uuid, one);
    return one;
}

static void see_written(void *context, const char *run_uuid, const char *digest)
{
    run_sums *one = find_run(context, run_uuid);
    if (one != NULL)
        rows_digest_add_text(&one->written, digest);
}

static kfps_status read_table(kfpb_conn *conn, const kfpb_table *table, const sums *all, kfps_error *error)
{
    size_t run = 0;
    while (strcmp(table->columns[run].name, "RunUUID") != 0)
        run++;
    kfpb_rows *rows = NULL;
    kfpb_sql sql;
    int got = 0;
    kfpb_sql_init(&sql, conn);
    kfpb_sql_add(&sql, "SELECT ");
    kfpb_sql_columns(&sql, table, NULL);
    kfpb_sql_add(&sql, " FROM ");
    kfpb_sql_name(&sql, table->name);
    kfpb_sql_add(&sql, " WHERE \"RunUUID\"");
    kfpb_sql_in_texts(&sql, all->uuids, all->count);
    kfps_status status = kfpb_sql_query(conn, &sql, &rows, error);
    while (status == KFPS_OK && (got = kfpb_next(rows, error)) > 0) {
        run_sums *one = find_run(all, kfpb_get_text(rows, run, NULL));
        if (one != NULL && target_is_derived(kfpb_get_text(rows, 0, NULL)))
            rows_digest_add_row(&one->found, table, rows);
    }
    if (got < 0)
        status = (kfps_status) error->code;
    kfpb_rows_free(&rows);
    kfpb_sql_free(&sql);
    return status;
}

kfps_status touched_find(kfpb_conn *conn, removal_set *set, kfps_error *error)
{
    sums all = {0};
    kfps_status status = index_runs(&all, set) ? KFPS_OK : kfpb_fail_no_memory(error);
    if (status == KFPS_OK && all.count > 0)
        status = ledger_read_rows_digests(conn, all.uuids, all.count, see_written, &all, error);
    if (status == KFPS_OK && all.count > 0)
        status = read_table(conn, &kfpsi_tasks, &all, error);
    if (status == KFPS_OK && all.count > 0)
        status = read_table(conn, &kfpsi_artifact_tasks, &all, error);
    for (run_sums *one = all.runs; status == KFPS_OK && one != NULL; one = one->hh.next)
        one->run->touched = memcmp(&one->written, &one->found, sizeof one->found) != 0;
    HASH_CLEAR(hh, all.runs);
    return status;
}

const char *touched_by(const removal *run)
{
    if (run->native != NULL)
        return run->native;
    return run->touched ? "rows that were imported have been changed or deleted since" : NULL;
}
