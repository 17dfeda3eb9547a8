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
    size_t seen;
    int64_t last_created;
    const char *last_uuid;
} cache_page;

static kfps_status see_candidate(void *context, const kfpb_rows *row, kfps_error *error)
{
    cache_page *page = context;
    kfpsi_task_rows *rows = page->rows;
    kfps_task task = {0};
    page->seen++;
    if (rows->count > 0)
        return KFPS_OK;
    kfpsi_view_read(row, 0, rows->columns, rows->arena, &task);
    if (rows->arena->out_of_memory)
        return kfpb_fail_no_memory(error);
    page->last_created = task.created_at;
    page->last_uuid = task.uuid;
    const bool equal = strcmp(task.fingerprint, page->key->fingerprint) == 0 &&
                       (page->key->space == NULL || strcmp(task.task_namespace, page->key->space) == 0);
    return equal ? kfpsi_task_rows_see(rows, row, error) : KFPS_OK;
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

/* The same without row values, which MySQL and MariaDB do not see an index in. */
static void write_equal(kfpb_sql *sql, const lookup *l)
{
    for (size_t i = 0; i < l->same; i++) {
        kfpsi_sql_and(sql);
        kfpb_sql_name(sql, l->places[i].column->name);
        kfpb_sql_add(sql, "=");
        kfpsi_place_sql(sql, &l->places[i]);
    }
    if (l->count < l->same + 2)
        return;
    const kfpb_value created = l->places[l->same].value, uuid = l->places[l->same + 1].value;
    kfpb_sql_add(sql, " AND \"CreatedAtInSec\"<=");
    kfpb_sql_bind(sql, created);
    kfpb_sql_add(sql, " AND (\"CreatedAtInSec\"<");
    kfpb_sql_bind(sql, created);
    kfpb_sql_add(sql, " OR \"UUID\"<");
    kfpb_sql_bind(sql, uuid);
    kfpb_sql_add(sql, ")");
}

/* The index has the whole order, so that one row is read however many have the fingerprint; which of its indexes it
 * takes, MariaDB must be told. PostgreSQL sorts all of them where it thinks they are few, and plans anew for each
 * fingerprint where it sees how frequent that is or does not see how few are wanted: it walks the index. */
static void write_lookup(kfpb_sql *sql, const cache_page *page, int64_t limit)
{
    const lookup l = lookup_of(page);
    const bool range = sql->driver->dialect.hidden != NULL;
    kfpb_sql_reset(sql);
    kfpb_sql_add(sql, "SELECT ");
    kfpsi_view_columns(sql, page->rows->columns, NULL);
    kfpb_sql_add(sql, " FROM \"tasks\"");
    kfpsi_index_hint(sql, page->key->space != NULL ? "kfpstore_tasks_cache_ns" : "kfpstore_tasks_cache");
    kfpb_sql_add(sql, " WHERE");
    if (range)
        kfpsi_range_sql(sql, NULL, l.places, l.same, l.count, kfpsi_range_of(page->last_uuid != NULL, true));
    else
        write_equal(sql, &l);
    kfpb_sql_add(sql, " ORDER BY ");
    for (size_t i = 0; range && i < l.same; i++) {
        kfpb_sql_name(sql, l.places[i].column->name);
        kfpb_sql_add(sql, " DESC,");
    }
    kfpb_sql_add(sql, "\"CreatedAtInSec\" DESC,\"UUID\" DESC LIMIT ");
    kfpb_text_int(&sql->text, limit);
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
    cache_page page = {.key = key, .rows = &rows};
    kfpb_sql_init(&sql, op->conn);
    for (int64_t limit = 1;; limit = FURTHER_ROWS) {
        page.seen = 0;
        write_lookup(&sql, &page, limit);
        status = kfpsi_each(op->conn, &sql, see_candidate, &page, error);
        if (status != KFPS_OK || rows.count > 0 || page.seen < (size_t) limit)
            break;
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
