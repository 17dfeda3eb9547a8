/* SPDX-License-Identifier: Apache-2.0 */
/* artifact_unlinked_list.c: artifacts that no task links to, a bounded part of the table at a time. */
#include "backends/base/fail.h"
#include "backends/base/utf8.h"
#include "kfpstore/artifact.h"
#include "libkfpstore/access.h"
#include "libkfpstore/list.h"
#include "libkfpstore/query.h"
#include "libkfpstore/result.h"
#include "libkfpstore/tables.h"

enum { LIMIT_DEFAULT = 1000 };

typedef struct job {
    const char *space, *after;
    int64_t created_before, limit;
    kfps_artifact_list *out;
} job;

static void after_sql(kfpb_sql *sql, const job *j)
{
    if (j->after == NULL || j->after[0] == '\0')
        return;
    kfpsi_sql_and(sql);
    kfpb_sql_add(sql, "a.\"UUID\">");
    kfpb_sql_bind(sql, kfpb_str(j->after));
}

/* The last of the artifacts that are looked at, whosever they are; "" if that is the end of the table. */
static kfps_status find_end(kfpsi_op *op, const job *j, kfpb_arena *arena, const char **end, kfps_error *error)
{
    kfpb_sql sql;
    kfpb_rows *rows = NULL;
    kfpb_sql_init(&sql, op->conn);
    kfpb_sql_add(&sql, "SELECT a.\"UUID\" FROM \"artifacts\" a WHERE");
    after_sql(&sql, j);
    kfpsi_sql_no_where(&sql);
    kfpb_sql_add(&sql, " ORDER BY a.\"UUID\" LIMIT 1 OFFSET ");
    kfpb_sql_bind(&sql, kfpb_int(j->limit - 1));
    kfps_status status = kfpb_sql_query(op->conn, &sql, &rows, error);
    const int there = status == KFPS_OK ? kfpb_next(rows, error) : 0;
    if (there < 0)
        status = (kfps_status) error->code;
    *end = there > 0 ? kfpb_arena_text(arena, kfpb_get_text(rows, 0, NULL)) : "";
    if (status == KFPS_OK && *end == NULL)
        status = kfpb_fail_no_memory(error);
    kfpb_rows_free(&rows);
    kfpb_sql_free(&sql);
    return status;
}

static void unlinked_sql(kfpb_sql *sql, const job *j, const char *end)
{
    kfpb_sql_add(sql, "SELECT ");
    kfpsi_view_columns(sql, &kfpsi_view_artifact, "a.");
    kfpb_sql_add(sql, " FROM \"artifacts\" a WHERE");
    after_sql(sql, j);
    if (end[0] != '\0') {
        kfpsi_sql_and(sql);
        kfpb_sql_add(sql, "a.\"UUID\"<=");
        kfpb_sql_bind(sql, kfpb_str(end));
    }
    if (j->space != NULL) {
        kfpsi_sql_residual(sql);
        kfpsi_sql_in(sql, &kfpsi_artifacts.columns[KFPSI_ARTIFACT_NAMESPACE], "a.", &j->space, 1);
        kfpsi_sql_residual_end(sql);
    }
    if (j->created_before != 0) {
        kfpsi_sql_and(sql);
        kfpb_sql_add(sql, "a.\"CreatedAtInSec\"+0<"); /* no index but the key's */
        kfpb_sql_bind(sql, kfpb_int(j->created_before));
    }
    kfpsi_sql_and(sql);
    kfpb_sql_add(sql, "NOT EXISTS (SELECT 1 FROM \"artifact_tasks\" l WHERE l.\"ArtifactID\"=a.\"UUID\")"
                      " ORDER BY a.\"UUID\"");
}

typedef struct rows_of {
    kfpb_arena *arena;
    kfps_artifact *items;
    size_t count, capacity;
} rows_of;

static kfps_status take_row(void *context, const kfpb_rows *row, kfps_error *error)
{
    rows_of *r = context;
    kfps_artifact *item = kfpsi_push(r->arena, &r->items, &r->count, &r->capacity, sizeof *item);
    if (item == NULL)
        return kfpb_fail_no_memory(error);
    kfpsi_view_read(row, 0, &kfpsi_view_artifact, r->arena, item);
    return r->arena->out_of_memory ? kfpb_fail_no_memory(error) : KFPS_OK;
}

static kfps_status body(kfpsi_op *op, void *context, kfps_error *error)
{
    job *j = context;
    kfpb_arena *arena;
    const char *end = "";
    kfpb_sql sql;
    rows_of rows = {0};
    kfps_artifact_list *list = kfpsi_result_new(sizeof *list, &arena);
    if (list == NULL)
        return kfpb_fail_no_memory(error);
    rows.arena = arena;
    kfpb_sql_init(&sql, op->conn);
    kfps_status status = find_end(op, j, arena, &end, error);
    if (status == KFPS_OK) {
        unlinked_sql(&sql, j, end);
        status = kfpsi_each(op->conn, &sql, take_row, &rows, error);
    }
    kfpb_sql_free(&sql);
    if (status != KFPS_OK) {
        kfpsi_result_free(list);
        return status;
    }
    list->items = rows.items;
    list->count = rows.count;
    list->next_page_token = end;
    list->total_size = -1;
    j->out = list;
    return KFPS_OK;
}

kfps_status kfps_artifact_list_unlinked(kfps_session *session, const char *artifact_namespace, const char *after_uuid,
                                        int64_t created_before, int64_t limit, kfps_artifact_list **out,
                                        kfps_error *error)
{
    job j = {.after = after_uuid, .created_before = created_before, .limit = limit != 0 ? limit : LIMIT_DEFAULT};
    kfpb_error_clear(error);
    if (out != NULL)
        *out = NULL;
    if (session == NULL || out == NULL)
        return kfpb_fail(error, KFPS_INVALID, "kfps_artifact_list_unlinked: session and out must not be NULL");
    if (limit < 0)
        return kfpb_fail(error, KFPS_INVALID, "kfps_artifact_list_unlinked: limit is negative");
    if (after_uuid != NULL && !kfpb_utf8_valid(after_uuid, strlen(after_uuid)))
        return kfpb_fail(error, KFPS_INVALID, "kfps_artifact_list_unlinked: after_uuid is not UTF-8");
    kfps_status status = kfpsi_space(session, artifact_namespace, true, &j.space, error);
    if (status == KFPS_OK)
        status = kfpsi_ask(session, KFPS_VERB_LIST, KFPS_RESOURCE_ARTIFACTS, j.space, NULL, error);
    if (status == KFPS_OK)
        status = kfpsi_read(session, body, &j, error);
    *out = j.out;
    return status;
}
