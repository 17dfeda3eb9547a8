/* SPDX-License-Identifier: Apache-2.0 */
/* task_cache.c: the cache look-up. */
#include "backends/base/fail.h"
#include "kfpstore/task.h"
#include "libkfpstore/access.h"
#include "libkfpstore/filter.h"
#include "libkfpstore/index_range.h"
#include "libkfpstore/query.h"
#include "libkfpstore/result.h"
#include "libkfpstore/tables.h"
#include "libkfpstore/task_rows.h"

enum { FURTHER_ROWS = 500 };

typedef struct cache_key {
    const char *fingerprint;
    const char *space; /* NULL: any */
    int32_t view;
    kfps_task_list *list;
} cache_key;

/* The latest of those rows whose fingerprint and namespace are equal byte for byte. */
typedef struct cache_page {
    const cache_key *key;
    kfpsi_task_rows *rows;
    bool newest; /* asked for is one task, in the way of write_newest */
    size_t seen;
    int64_t last_created;
    const char *last_uuid;
} cache_page;

static bool has_links(const cache_page *page)
{
    return page->newest && page->rows->view == KFPS_VIEW_FULL;
}

static kfps_status take_if_equal(cache_page *page, const kfpb_rows *row, kfps_error *error)
{
    const cache_key *key = page->key;
    kfpsi_task_rows *rows = page->rows;
    kfps_status status = kfpsi_task_rows_see(rows, row, error);
    if (status != KFPS_OK)
        return status;
    const kfps_task *task = &rows->items[0].task; /* also if the session must not see it */
    page->last_created = task->created_at;
    page->last_uuid = task->uuid;
    if (strcmp(task->fingerprint, key->fingerprint) != 0 ||
        (key->space != NULL && strcmp(task->task_namespace, key->space) != 0))
        rows->count = 0;
    if (rows->count > 0 && has_links(page))
        status = kfpsi_hydration_new(rows->session, rows->arena, rows->items, 1, &rows->links, error);
    return status;
}

static kfps_status see_candidate(void *context, const kfpb_rows *row, kfps_error *error)
{
    cache_page *page = context;
    const kfpsi_task_rows *rows = page->rows;
    kfps_status status = KFPS_OK;
    page->seen++;
    if (rows->count == 0)
        status = take_if_equal(page, row, error);
    if (status == KFPS_OK && rows->links != NULL)
        status = kfpsi_hydration_see(rows->links, row, kfpsi_view_count(rows->columns), error);
    return status;
}

/* Where in the index: what all hits have in common, then behind which row it goes on. */
typedef struct lookup {
    kfpsi_place places[5];
    size_t same, count;
} lookup;

/* PostgreSQL computes each hidden value by a plan of its own, so the state is a constant. */
static const char succeeded[] = "2";
_Static_assert(KFPS_TASK_SUCCEEDED == 2, "the constant is the state");

static lookup lookup_of(const cache_page *page)
{
    const kfpb_column *columns = kfpsi_tasks.columns;
    const cache_key *key = page->key;
    const bool continued = page->last_uuid != NULL;
    lookup l = {0};
    l.places[l.count++] = (kfpsi_place){&columns[KFPSI_TASK_FINGERPRINT], NULL, kfpb_str(key->fingerprint), true};
    l.places[l.count++] = (kfpsi_place){&columns[KFPSI_TASK_STATE], succeeded, kfpb_null(), false};
    if (key->space != NULL)
        l.places[l.count++] = (kfpsi_place){&columns[KFPSI_TASK_NAMESPACE], NULL, kfpb_str(key->space), true};
    l.same = l.count;
    if (continued)
        l.places[l.count++] = (kfpsi_place){&columns[KFPSI_TASK_CREATED], NULL, kfpb_int(page->last_created), false};
    l.places[l.count++] = (kfpsi_place){&columns[KFPSI_TASK_UUID], NULL, kfpb_str(continued ? page->last_uuid : ""),
                                        false};
    return l;
}

static const char *index_of(const cache_page *page)
{
    return page->key->space != NULL ? "kfpstore_tasks_cache_ns" : "kfpstore_tasks_cache";
}

static void write_equal(kfpb_sql *sql, const lookup *l)
{
    for (size_t i = 0; i < l->same; i++) {
        kfpsi_sql_and(sql);
        kfpb_sql_name(sql, l->places[i].column->name);
        kfpb_sql_add(sql, "=");
        kfpsi_place_sql(sql, &l->places[i]);
    }
}

/* The same without row values, which MySQL and MariaDB do not see an index in. */
static void write_behind(kfpb_sql *sql, const cache_page *page)
{
    kfpb_sql_add(sql, " AND \"CreatedAtInSec\"<=");
    kfpb_sql_bind(sql, kfpb_int(page->last_created));
    kfpb_sql_add(sql, " AND (\"CreatedAtInSec\"<");
    kfpb_sql_bind(sql, kfpb_int(page->last_created));
    kfpb_sql_add(sql, " OR \"UUID\"<");
    kfpb_sql_bind(sql, kfpb_str(page->last_uuid));
    kfpb_sql_add(sql, ")");
}

/* The index has the whole order, so that one row is read however many have the fingerprint; which of its indexes it
 * takes, MariaDB must be told. PostgreSQL sorts all of them where it thinks they are few, and plans anew for each
 * fingerprint where it sees how frequent that is or does not see how few are wanted: it walks the index. */
static void write_ordered(kfpb_sql *sql, const cache_page *page, const lookup *l, int64_t limit)
{
    const bool range = sql->driver->dialect.hidden != NULL, continued = page->last_uuid != NULL;
    kfpb_sql_add(sql, "SELECT ");
    kfpsi_view_columns(sql, page->rows->columns, NULL);
    kfpb_sql_add(sql, " FROM \"tasks\"");
    kfpsi_index_hint(sql, index_of(page));
    kfpb_sql_add(sql, " WHERE");
    if (range)
        kfpsi_range_sql(sql, NULL, l->places, l->same, l->count, kfpsi_range_of(continued, true));
    else
        write_equal(sql, l);
    if (!range && continued)
        write_behind(sql, page);
    kfpb_sql_add(sql, " ORDER BY ");
    for (size_t i = 0; range && i < l->same; i++) {
        kfpb_sql_name(sql, l->places[i].column->name);
        kfpb_sql_add(sql, " DESC,");
    }
    kfpb_sql_add(sql, "\"CreatedAtInSec\" DESC,\"UUID\" DESC LIMIT ");
    kfpb_text_int(&sql->text, limit);
}

/* MAX is the end of a range of the index, so that no order is planned. The links come with the task: a statement for
 * them costs the server more than the rows that repeat the task. There is one way to join them, and planning it anew
 * for each call is most of the work: nothing is left to find out. */
static void write_newest(kfpb_sql *sql, const cache_page *page, const lookup *l)
{
    static const char *const columns[] = {"UUID", "CreatedAtInSec"};
    kfpb_sql_add(sql, has_links(page) ? "SELECT STRAIGHT_JOIN " : "SELECT ");
    kfpsi_view_columns(sql, page->rows->columns, "t.");
    if (has_links(page)) {
        kfpb_sql_add(sql, ",");
        kfpsi_hydration_columns(sql);
    }
    kfpb_sql_add(sql, " FROM \"tasks\" t");
    kfpsi_index_hint(sql, "PRIMARY");
    if (has_links(page))
        kfpsi_hydration_join(sql);
    kfpb_sql_add(sql, " WHERE t.\"UUID\"");
    for (size_t i = 0; i < 2; i++) {
        kfpb_sql_add(sql, "=(SELECT MAX(");
        kfpb_sql_name(sql, columns[i]);
        kfpb_sql_add(sql, ") FROM \"tasks\"");
        kfpsi_index_hint(sql, index_of(page));
        kfpb_sql_add(sql, " WHERE");
        write_equal(sql, l);
        kfpb_sql_add(sql, i == 0 ? " AND \"CreatedAtInSec\"" : "))");
    }
}

static void write_lookup(kfpb_sql *sql, const cache_page *page, int64_t limit)
{
    const lookup l = lookup_of(page);
    kfpb_sql_reset(sql);
    if (page->newest)
        write_newest(sql, page, &l);
    else
        write_ordered(sql, page, &l, limit);
}

/* One row is enough where the collation compares bytes; elsewhere another fingerprint may stand before ours. */
static kfps_status look_up(kfpsi_op *op, void *context, kfps_error *error)
{
    cache_key *key = context;
    kfpsi_task_rows rows;
    kfpb_sql sql;
    kfpsi_result_free(key->list);
    key->list = NULL;
    kfps_status status = kfpsi_task_rows_new(&rows, op->session, key->view, error);
    if (status != KFPS_OK)
        return status;
    cache_page page = {.key = key, .rows = &rows, .newest = op->conn->driver->dialect.newest_by_max};
    kfpb_sql_init(&sql, op->conn);
    for (int64_t limit = 1;; limit = FURTHER_ROWS) {
        page.seen = 0;
        write_lookup(&sql, &page, limit);
        status = kfpsi_each(op->conn, &sql, see_candidate, &page, error);
        if (status != KFPS_OK || rows.count > 0 || page.seen < (size_t) limit)
            break;
        page.newest = false;
    }
    if (status == KFPS_OK)
        status = kfpsi_task_rows_finish(op, &rows, error);
    kfpb_sql_free(&sql);
    if (status == KFPS_OK)
        key->list = rows.list;
    else
        kfpsi_task_rows_free(&rows);
    return status;
}

kfps_status kfps_task_find_cached(kfps_session *session, const char *task_namespace, const char *fingerprint,
                                  int32_t view, kfps_task_list **out, kfps_error *error)
{
    cache_key key = {.fingerprint = fingerprint, .view = view};
    kfpb_error_clear(error);
    if (out != NULL)
        *out = NULL;
    if (session == NULL || out == NULL || fingerprint == NULL || fingerprint[0] == '\0')
        return kfpb_fail(error, KFPS_INVALID,
                         "kfps_task_find_cached: session, fingerprint and out must not be NULL or empty");
    kfps_status status = kfpsi_task_view_check(view, error);
    if (status == KFPS_OK)
        status = kfpsi_space(session, task_namespace, true, &key.space, error);
    if (status == KFPS_OK)
        status = kfpsi_ask(session, KFPS_VERB_GET, KFPS_RESOURCE_TASKS, key.space, NULL, error);
    if (status == KFPS_OK)
        status = kfpsi_read(session, look_up, &key, error);
    if (status == KFPS_OK)
        *out = key.list;
    else
        kfpsi_result_free(key.list);
    return status;
}
