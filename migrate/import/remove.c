/* SPDX-License-Identifier: Apache-2.0 */
#include "migrate/import/remove.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "backends/base/fail.h"
#include "backends/sql.h"
#include "migrate/import/target.h"

enum { CHUNK = 1000 }; /* keys per statement */

typedef struct removal_row {
    const char *uuid, *artifact;
    const removal *run;
} removal_row;

typedef struct run_entry {
    removal *run;
    UT_hash_handle hh;
} run_entry;

typedef struct reader {
    removal_set *set;
    run_entry *runs; /* by run_uuid */
} reader;

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(const char *const *) a, *(const char *const *) b);
}

static const char **run_uuids(const removal_set *set)
{
    const char **uuids = kfpb_arena_array(set->arena, set->count, sizeof *uuids);
    for (size_t i = 0; uuids != NULL && i < set->count; i++)
        uuids[i] = set->runs[i].run_uuid;
    return uuids;
}

/* ---- statements over lists of keys --------------------------------------------------------------------------------
 */

typedef void (*see_row)(void *context, const kfpb_rows *rows);

/* `before` ends with the column that is to be in the list. */
static kfps_status query_chunks(kfpb_conn *conn, const char *before, const char *const *uuids, size_t count,
                                const char *after, see_row see, void *context, kfps_error *error)
{
    kfps_status status = KFPS_OK;
    kfpb_sql sql;
    kfpb_sql_init(&sql, conn);
    for (size_t first = 0; status == KFPS_OK && first < count; first += CHUNK) {
        kfpb_rows *rows = NULL;
        int got = 0;
        kfpb_sql_reset(&sql);
        kfpb_sql_add(&sql, before);
        kfpb_sql_in_texts(&sql, uuids + first, count - first < CHUNK ? count - first : CHUNK);
        kfpb_sql_add(&sql, after);
        status = kfpb_sql_query(conn, &sql, &rows, error);
        while (status == KFPS_OK && (got = kfpb_next(rows, error)) > 0)
            see(context, rows);
        if (got < 0)
            status = (kfps_status) error->code;
        kfpb_rows_free(&rows);
    }
    kfpb_sql_free(&sql);
    return status;
}

static kfps_status exec_chunks(kfpb_conn *conn, const char *before, const char *const *uuids, size_t count,
                               const char *after, kfps_error *error)
{
    kfps_status status = KFPS_OK;
    kfpb_sql sql;
    kfpb_sql_init(&sql, conn);
    for (size_t first = 0; status == KFPS_OK && first < count; first += CHUNK) {
        kfpb_sql_reset(&sql);
        kfpb_sql_add(&sql, before);
        kfpb_sql_in_texts(&sql, uuids + first, count - first < CHUNK ? count - first : CHUNK);
        kfpb_sql_add(&sql, after);
        status = kfpb_sql_exec(conn, &sql, NULL, error);
    }
    kfpb_sql_free(&sql);
    return status;
}

/* ---- lock and read ------------------------------------------------------------------------------------------------
 */

/* False without memory. */
static bool index_runs(reader *r)
{
    for (size_t i = 0; i < r->set->count; i++) {
        run_entry *entry = kfpb_arena_alloc(r->set->arena, sizeof *entry);
        if (entry == NULL)
            return false;
        entry->run = &r->set->runs[i];
        HASH_ADD_KEYPTR(hh, r->runs, entry->run->run_uuid, strlen(entry->run->run_uuid), entry);
    }
    return true;
}

static removal *find_run(const reader *r, const char *run_uuid)
{
    run_entry *entry = NULL;
    if (run_uuid != NULL)
        HASH_FIND_STR(r->runs, run_uuid, entry);
    return entry != NULL ? entry->run : NULL;
}

static void see_run(void *context, const kfpb_rows *rows)
{
    removal *run = find_run(context, kfpb_get_text(rows, 0, NULL));
    if (run != NULL)
        run->found = true;
}

kfps_status remove_lock(kfpb_conn *conn, removal_set *set, bool lock, kfps_error *error)
{
    reader r = {.set = set};
    const char **uuids = run_uuids(set);
    kfps_status status = uuids != NULL && index_runs(&r) ? KFPS_OK : kfpb_fail_no_memory(error);
    if (status == KFPS_OK) {
        qsort(uuids, set->count, sizeof *uuids, compare_texts);
        const char *after = kfpb_arena_printf(set->arena, " ORDER BY \"UUID\"%s",
                                              lock ? conn->driver->dialect.for_update : "");
        status = after != NULL ? query_chunks(conn, "SELECT \"UUID\" FROM \"run_details\" WHERE \"UUID\"", uuids,
                                              set->count, after, see_run, &r, error)
                               : kfpb_fail_no_memory(error);
    }
    HASH_CLEAR(hh, r.runs);
    return status;
}

static void add_row(removal_set *set, removal_row **list, size_t *count, removal_row row)
{
    if ((*count & (*count - 1)) == 0) { /* full at each power of two */
        removal_row *grown = kfpb_arena_array(set->arena, *count == 0 ? 1 : *count * 2, sizeof *grown);
        if (grown == NULL)
            return;
        if (*count > 0)
            memcpy(grown, *list, *count * sizeof *grown);
        *list = grown;
    }
    (*list)[(*count)++] = row;
}

static bool is_wanted(const removal *run, const char *task_uuid)
{
    return run->only == NULL ||
           bsearch(&task_uuid, run->only, run->only_count, sizeof *run->only, compare_texts) != NULL;
}

static void see_task(void *context, const char *run_uuid, const char *task_uuid)
{
    reader *r = context;
    removal *run = find_run(r, run_uuid);
    if (run == NULL)
        return;
    if (!target_is_derived(task_uuid)) {
        if (run->native == NULL)
            run->native = kfpb_arena_printf(r->set->arena, "task %s", task_uuid);
    } else if (is_wanted(run, task_uuid)) {
        const char *uuid = kfpb_arena_text(r->set->arena, task_uuid);
        add_row(r->set, &r->set->tasks, &r->set->task_count, (removal_row){.uuid = uuid, .run = run});
        run->tasks++;
    }
}

static void see_link(void *context, const kfpb_rows *rows)
{
    reader *r = context;
    const char *link_uuid = kfpb_get_text(rows, 1, NULL);
    removal *run = find_run(r, kfpb_get_text(rows, 0, NULL));
    if (run == NULL)
        return;
    if (!target_is_derived(link_uuid)) {
        if (run->native == NULL)
            run->native = kfpb_arena_printf(r->set->arena, "link %s", link_uuid);
    } else if (is_wanted(run, kfpb_get_text(rows, 2, NULL))) {
        const removal_row row = {.uuid = kfpb_arena_text(r->set->arena, link_uuid),
                                 .artifact = kfpb_arena_text(r->set->arena, kfpb_get_text(rows, 3, NULL)),
                                 .run = run};
        add_row(r->set, &r->set->links, &r->set->link_count, row);
        run->links++;
    }
}

/* False without memory. */
static bool gather_artifacts(removal_set *set)
{
    size_t n = 0;
    set->artifacts = kfpb_arena_array(set->arena, set->link_count, sizeof *set->artifacts);
    if (set->artifacts == NULL || set->arena->out_of_memory)
        return false;
    for (size_t i = 0; i < set->link_count; i++) {
        if (set->links[i].run->native == NULL)
            set->artifacts[n++] = set->links[i].artifact;
    }
    if (n > 1)
        qsort(set->artifacts, n, sizeof *set->artifacts, compare_texts);
    set->artifact_count = 0;
    for (size_t i = 0; i < n; i++) {
        if (i == 0 || strcmp(set->artifacts[i], set->artifacts[i - 1]) != 0)
            set->artifacts[set->artifact_count++] = set->artifacts[i];
    }
    return true;
}

kfps_status remove_read(kfpb_conn *conn, removal_set *set, kfps_error *error)
{
    reader r = {.set = set};
    const char **uuids = run_uuids(set);
    kfps_status status = uuids != NULL && index_runs(&r) ? KFPS_OK : kfpb_fail_no_memory(error);
    if (status == KFPS_OK)
        status = target_existing_tasks(conn, uuids, set->count, see_task, &r, error);
    if (status == KFPS_OK)
        status = query_chunks(conn,
                              "SELECT \"RunUUID\", \"UUID\", \"TaskID\", \"ArtifactID\" FROM \"artifact_tasks\""
                              " WHERE \"RunUUID\"",
                              uuids, set->count, "", see_link, &r, error);
    if (status == KFPS_OK && !gather_artifacts(set))
        status = kfpb_fail_no_memory(error);
    HASH_CLEAR(hh, r.runs);
    return status;
}

/* ---- delete -------------------------------------------------------------------------------------------------------
 */

/* The rows of runs that may go, sorted. NULL without memory. */
static const char **row_uuids(const removal_set *set, const removal_row *rows, size_t count, size_t *out_count)
{
    const char **uuids = kfpb_arena_array(set->arena, count, sizeof *uuids);
    *out_count = 0;
    for (size_t i = 0; uuids != NULL && i < count; i++) {
        if (rows[i].run->native == NULL)
            uuids[(*out_count)++] = rows[i].uuid;
    }
    if (*out_count > 1)
        qsort(uuids, *out_count, sizeof *uuids, compare_texts);
    return uuids;
}

kfps_status remove_rows(kfpb_conn *conn, const removal_set *set, kfps_error *error)
{
    size_t task_count = 0, link_count = 0;
    const char **tasks = row_uuids(set, set->tasks, set->task_count, &task_count);
    const char **links = row_uuids(set, set->links, set->link_count, &link_count);
    if (tasks == NULL || links == NULL)
        return kfpb_fail_no_memory(error);
    kfps_status status = exec_chunks(conn, "DELETE FROM \"artifact_tasks\" WHERE \"UUID\"", links, link_count, "",
                                     error);
    /* a cascade over more than 15 levels fails on InnoDB: so there is none */
    if (status == KFPS_OK)
        status = exec_chunks(conn, "UPDATE \"tasks\" SET \"ParentTaskUUID\" = NULL WHERE \"UUID\"", tasks, task_count,
                             " AND \"ParentTaskUUID\" IS NOT NULL", error);
    if (status == KFPS_OK)
        status = exec_chunks(conn, "DELETE FROM \"tasks\" WHERE \"UUID\"", tasks, task_count, "", error);
    return status;
}

/* ---- artifacts ----------------------------------------------------------------------------------------------------
 */

typedef struct artifact_fate {
    const char *uuid;
    const char *linked; /* by a task of this run */
    bool there, ours, others;
} artifact_fate;

typedef struct fates {
    artifact_fate *items; /* by uuid */
    size_t count;
    const char *source_id;
    kfpb_arena *arena;
} fates;

static int compare_fates(const void *a, const void *b)
{
    return strcmp(((const artifact_fate *) a)->uuid, ((const artifact_fate *) b)->uuid);
}

static artifact_fate *find_fate(const fates *all, const kfpb_rows *rows)
{
    const artifact_fate key = {.uuid = kfpb_get_text(rows, 0, NULL)};
    return all->count > 0 ? bsearch(&key, all->items, all->count, sizeof key, compare_fates) : NULL;
}

static void see_there(void *context, const kfpb_rows *rows)
{
    artifact_fate *fate = find_fate(context, rows);
    if (fate != NULL)
        fate->there = true;
}

static void see_linked(void *context, const kfpb_rows *rows)
{
    const fates *all = context;
    artifact_fate *fate = find_fate(all, rows);
    if (fate != NULL)
        fate->linked = kfpb_arena_text(all->arena, kfpb_get_text(rows, 1, NULL));
}

static void see_listed(void *context, const kfpb_rows *rows)
{
    const fates *all = context;
    artifact_fate *fate = find_fate(all, rows);
    if (fate == NULL)
        return;
    if (strcmp(kfpb_get_text(rows, 1, NULL), all->source_id) == 0)
        fate->ours = true;
    else
        fate->others = true;
}

/* Locked first and looked at in statements of their own: a link that another transaction was about to commit is seen,
 * and none can come after. */
static kfps_status read_fates(kfpb_conn *conn, fates *all, const char *const *uuids, size_t count, kfps_error *error)
{
    const char *lock = kfpb_arena_printf(all->arena, " ORDER BY \"UUID\"%s", conn->driver->dialect.for_update);
    if (lock == NULL)
        return kfpb_fail_no_memory(error);
    kfps_status status = query_chunks(conn, "SELECT \"UUID\" FROM \"artifacts\" WHERE \"UUID\"", uuids, count, lock,
                                      see_there, all, error);
    if (status == KFPS_OK)
        status = query_chunks(conn,
                              "SELECT \"ArtifactID\", MIN(\"RunUUID\") FROM \"artifact_tasks\" WHERE \"ArtifactID\"",
                              uuids, count, " GROUP BY \"ArtifactID\"", see_linked, all, error);
    if (status == KFPS_OK)
        status = query_chunks(conn,
                              "SELECT \"ArtifactID\", \"Source\" FROM \"kfpstore_migrated_artifact\""
                              " WHERE \"ArtifactID\"",
                              uuids, count, "", see_listed, all, error);
    if (status == KFPS_OK && all->arena->out_of_memory)
        status = kfpb_fail_no_memory(error);
    return status;
}

kfps_status remove_artifacts(kfpb_conn *conn, const char *source_id, const char *const *uuids, size_t count,
                             kfpb_arena *arena, remove_see_kept see, void *context, int64_t *removed, kfps_error *error)
{
    fates all = {.count = count, .source_id = source_id, .arena = arena};
    all.items = kfpb_arena_array(arena, count, sizeof *all.items);
    const char **gone = kfpb_arena_array(arena, count, sizeof *gone);
    size_t n = 0;
    *removed = 0;
    if (all.items == NULL || gone == NULL)
        return kfpb_fail_no_memory(error);
    for (size_t i = 0; i < count; i++)
        all.items[i].uuid = uuids[i];
    kfps_status status = read_fates(conn, &all, uuids, count, error);
    for (size_t i = 0; status == KFPS_OK && i < count; i++) {
        const artifact_fate *fate = &all.items[i];
        if (!fate->there || !fate->ours || fate->others)
            continue;
        if (fate->linked == NULL)
            gone[n++] = fate->uuid;
        else if (see != NULL)
            see(context, fate->uuid, fate->linked);
    }
    if (status == KFPS_OK)
        status = exec_chunks(conn, "DELETE FROM \"artifacts\" WHERE \"UUID\"", gone, n, "", error);
    if (status == KFPS_OK)
        *removed = (int64_t) n;
    return status;
}
