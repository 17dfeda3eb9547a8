/* SPDX-License-Identifier: Apache-2.0 */
/* write_identity.c: takes away the names of creations whose time is over. */
#include <stdio.h>

#include "backends/base/fail.h"
#include "kfpstore/artifact.h"
#include "libkfpstore/access.h"
#include "libkfpstore/id_set.h"
#include "libkfpstore/operation.h"
#include "libkfpstore/query.h"
#include "libkfpstore/result.h"

enum { MOST_AT_ONCE = 10000 };

typedef struct purge {
    int64_t limit;
    int64_t deleted;
    /* of one attempt */
    const kfps_session *session;
    kfpb_arena arena;
    const char **ids;
    size_t count;
    size_t capacity;
} purge;

static void see_name(purge *p, const kfpb_rows *row)
{
    if (!kfpsi_sees(p->session, kfpb_get_text(row, 1, NULL)))
        return;
    const char **id = kfpsi_push(&p->arena, &p->ids, &p->count, &p->capacity, sizeof *p->ids);
    if (id != NULL)
        *id = kfpb_arena_text(&p->arena, kfpb_get_text(row, 0, NULL));
}

/* Not locked: the delete looks again. */
static kfps_status find_old(purge *p, kfpsi_op *op, kfps_error *error)
{
    kfpb_sql sql;
    kfpb_rows *rows = NULL;
    int there = 0;
    kfpb_sql_init(&sql, op->conn);
    kfpb_sql_add(&sql, "SELECT \"Identity\",\"Namespace\" FROM \"kfpstore_write_identity\" WHERE \"ExpiresAtInSec\">0 "
                       "AND \"ExpiresAtInSec\"<=");
    kfpb_sql_bind(&sql, kfpb_int(op->now));
    if (op->session->space != NULL) {
        kfpb_sql_add(&sql, " AND \"Namespace\"=");
        kfpb_sql_bind(&sql, kfpb_str(op->session->space));
    }
    kfpb_sql_add(&sql, " ORDER BY \"ExpiresAtInSec\" LIMIT ");
    kfpb_sql_bind(&sql, kfpb_int(p->limit));
    kfps_status status = kfpb_sql_query(op->conn, &sql, &rows, error);
    while (status == KFPS_OK && (there = kfpb_next(rows, error)) > 0)
        see_name(p, rows);
    if (there < 0)
        status = (kfps_status) error->code;
    kfpb_rows_free(&rows);
    kfpb_sql_free(&sql);
    return status;
}

static kfps_status purge_body(kfpsi_op *op, void *context, kfps_error *error)
{
    purge *p = context;
    kfpsi_id_set set;
    char tail[64];
    kfpb_arena_reset(&p->arena);
    p->session = op->session;
    p->ids = NULL;
    p->count = p->capacity = 0;
    p->deleted = 0;
    kfps_status status = find_old(p, op, error);
    if (status != KFPS_OK)
        return status;
    if (p->arena.out_of_memory || !kfpsi_id_set_make(&p->arena, p->ids, p->count, sizeof *p->ids, 0, &set))
        return kfpb_fail_no_memory(error);
    /* a name that was used again meanwhile has a new time */
    snprintf(tail, sizeof tail, " AND \"ExpiresAtInSec\">0 AND \"ExpiresAtInSec\"<=%lld", (long long) op->now);
    return kfpsi_exec_in(op->conn, "DELETE FROM \"kfpstore_write_identity\" WHERE \"Identity\"", set.ids, set.count,
                         tail, &p->deleted, error);
}

kfps_status kfps_write_operation_purge(kfps_session *session, int64_t limit, int64_t *deleted, kfps_error *error)
{
    kfps_error local;
    if (error == NULL)
        error = &local;
    kfpb_error_clear(error);
    if (deleted != NULL)
        *deleted = 0;
    if (session == NULL)
        return kfpb_fail(error, KFPS_INVALID, "kfps_write_operation_purge: session is NULL");
    if (limit < 1 || limit > MOST_AT_ONCE)
        return kfpb_fail(error, KFPS_INVALID, "the limit must be 1 to %d", MOST_AT_ONCE);
    purge p = {.limit = limit};
    kfpb_arena_init(&p.arena);
    kfps_status status = kfpsi_ask(session, KFPS_VERB_DELETE, KFPS_RESOURCE_ARTIFACTS, NULL, NULL, error);
    if (status == KFPS_OK)
        status = kfpsi_write(session, purge_body, &p, error);
    if (status == KFPS_OK && deleted != NULL)
        *deleted = p.deleted;
    kfpb_arena_free(&p.arena);
    return status;
}
