/* SPDX-License-Identifier: Apache-2.0 */
/* artifact_read.c: artifacts by UUID and by URI. */
#include <stdlib.h>

#include "backends/base/fail.h"
#include "kfpstore/identity.h"
#include "libkfpstore/access.h"
#include "libkfpstore/artifact_check.h"
#include "libkfpstore/id_set.h"
#include "libkfpstore/query.h"
#include "libkfpstore/result.h"
#include "libkfpstore/view.h"

typedef struct reading {
    const kfps_session *session;
    const char *const *uuids;
    size_t count;
    const char *space;
    const char *uri;
    /* built anew by each attempt */
    kfps_artifact_list *list;
    kfpb_arena *arena;
    kfps_artifact *items;
    size_t capacity;
    kfpsi_id_set set;
    kfps_artifact **by_id; /* of set */
} reading;

static kfps_status begin(reading *r, kfps_error *error)
{
    kfps_artifact_list_free(r->list);
    r->items = NULL;
    r->capacity = 0;
    r->list = kfpsi_artifact_list_new(&r->arena);
    return r->list != NULL ? KFPS_OK : kfpb_fail_no_memory(error);
}

static kfps_artifact *append(reading *r)
{
    return kfpsi_push(r->arena, &r->items, &r->list->count, &r->capacity, sizeof *r->items);
}

static kfps_status finish(kfps_session *session, kfpsi_op_body body, reading *r, kfps_artifact_list **out,
                          kfps_error *error)
{
    const kfps_status status = kfpsi_read(session, body, r, error);
    if (status == KFPS_OK)
        *out = r->list;
    else
        kfps_artifact_list_free(r->list);
    return status;
}

/* "SELECT <every column> FROM artifacts WHERE ". */
static void add_select(kfpb_sql *sql)
{
    kfpb_sql_add(sql, "SELECT ");
    kfpsi_view_columns(sql, &kfpsi_view_artifact, NULL);
    kfpb_sql_add(sql, " FROM \"artifacts\" WHERE ");
}

/* ---- one --------------------------------------------------------------------------------------------------------- */

static kfps_status get_body(kfpsi_op *op, void *context, kfps_error *error)
{
    reading *r = context;
    kfpb_sql sql;
    kfpb_rows *rows = NULL;
    kfps_status status = begin(r, error);
    if (status != KFPS_OK)
        return status;
    kfpb_sql_init(&sql, op->conn);
    add_select(&sql);
    kfpb_sql_add(&sql, "\"UUID\"=");
    kfpb_sql_bind(&sql, kfpb_str(r->uuids[0]));
    status = kfpb_sql_query(op->conn, &sql, &rows, error);
    const int there = status == KFPS_OK ? kfpb_next(rows, error) : 0;
    kfps_artifact *item = there > 0 ? append(r) : NULL;
    if (item != NULL)
        kfpsi_view_read(rows, 0, &kfpsi_view_artifact, r->arena, item);
    if (there < 0)
        status = (kfps_status) error->code;
    else if (status == KFPS_OK && r->arena->out_of_memory)
        status = kfpb_fail_no_memory(error);
    else if (status == KFPS_OK && (item == NULL || strcmp(item->uuid, r->uuids[0]) != 0 ||
                                   !kfpsi_sees(op->session, item->artifact_namespace)))
        status = kfpb_fail(error, KFPS_NOT_FOUND, "there is no artifact %.64s", r->uuids[0]);
    kfpb_rows_free(&rows);
    kfpb_sql_free(&sql);
    r->list->items = r->items;
    return status;
}

kfps_status kfps_artifact_get(kfps_session *session, const char *uuid, kfps_artifact_list **out, kfps_error *error)
{
    kfps_error local;
    if (error == NULL)
        error = &local;
    kfpb_error_clear(error);
    if (out != NULL)
        *out = NULL;
    if (session == NULL || out == NULL)
        return kfpb_fail(error, KFPS_INVALID, "kfps_artifact_get: %s is NULL", session == NULL ? "session" : "out");
    if (uuid == NULL || uuid[0] == '\0')
        return kfpb_fail(error, KFPS_INVALID, "the UUID of the artifact is %s", uuid == NULL ? "NULL" : "empty");
    const kfps_status status = kfpsi_ask(session, KFPS_VERB_GET, KFPS_RESOURCE_ARTIFACTS, NULL, NULL, error);
    if (status != KFPS_OK)
        return status;
    reading r = {.uuids = &uuid, .count = 1};
    return finish(session, get_body, &r, out, error);
}

/* ---- several ----------------------------------------------------------------------------------------------------- */

static kfps_status see_artifact(void *context, const kfpb_rows *row, kfps_error *error)
{
    reading *r = context;
    const size_t place = kfpsi_id_set_find(&r->set, kfpb_get_text(row, 0, NULL));
    if (place == SIZE_MAX)
        return KFPS_OK;
    kfps_artifact *item = kfpb_arena_alloc(r->arena, sizeof *item);
    if (item == NULL)
        return kfpb_fail_no_memory(error);
    kfpsi_view_read(row, 0, &kfpsi_view_artifact, r->arena, item);
    if (kfpsi_sees(r->session, item->artifact_namespace))
        r->by_id[place] = item;
    return r->arena->out_of_memory ? kfpb_fail_no_memory(error) : KFPS_OK;
}

/* From the order of the set to the order asked for; what was asked for twice comes once. */
static kfps_status arrange(reading *r, kfps_error *error)
{
    bool *done = kfpb_arena_array(r->arena, r->set.count, sizeof *done);
    const char **absent = kfpb_arena_array(r->arena, r->set.count, sizeof *absent);
    if (done == NULL || absent == NULL)
        return kfpb_fail_no_memory(error);
    for (size_t i = 0; i < r->count; i++) {
        const size_t place = kfpsi_id_set_find(&r->set, r->uuids[i]);
        kfps_artifact *item = NULL;
        if (done[place])
            continue;
        done[place] = true;
        if (r->by_id[place] == NULL)
            absent[r->list->absent_count++] = kfpb_arena_text(r->arena, r->uuids[i]);
        else if ((item = append(r)) != NULL)
            *item = *r->by_id[place];
    }
    r->list->absent = absent;
    r->list->items = r->items;
    return r->arena->out_of_memory ? kfpb_fail_no_memory(error) : KFPS_OK;
}

static kfps_status get_many_body(kfpsi_op *op, void *context, kfps_error *error)
{
    reading *r = context;
    kfpb_sql head;
    kfps_status status = begin(r, error);
    if (status != KFPS_OK)
        return status;
    r->session = op->session;
    const bool made = kfpsi_id_set_make(r->arena, r->uuids, r->count, sizeof *r->uuids, 0, &r->set);
    r->by_id = made ? kfpb_arena_array(r->arena, r->set.count, sizeof(kfps_artifact *)) : NULL;
    if (r->by_id == NULL)
        return kfpb_fail_no_memory(error);
    kfpb_sql_init(&head, op->conn);
    add_select(&head);
    kfpb_sql_add(&head, "\"UUID\"");
    status = kfpb_sql_out_of_memory(&head) ? kfpb_fail_no_memory(error)
                                           : kfpsi_each_in(op->conn, kfpb_text_get(&head.text), r->set.ids,
                                                           r->set.count, "", see_artifact, r, error);
    kfpb_sql_free(&head);
    return status == KFPS_OK ? arrange(r, error) : status;
}

kfps_status kfps_artifact_get_many(kfps_session *session, const char *const *uuids, size_t count,
                                   kfps_artifact_list **out, kfps_error *error)
{
    kfps_error local;
    if (error == NULL)
        error = &local;
    kfpb_error_clear(error);
    if (out != NULL)
        *out = NULL;
    if (session == NULL || out == NULL || (uuids == NULL && count > 0))
        return kfpb_fail(error, KFPS_INVALID, "kfps_artifact_get_many: %s is NULL",
                         session == NULL ? "session"
                         : out == NULL   ? "out"
                                         : "uuids");
    for (size_t i = 0; i < count; i++) {
        if (uuids[i] == NULL || uuids[i][0] == '\0')
            return kfpb_fail_at(error, i, KFPS_INVALID, "UUID %zu is %s", i, uuids[i] == NULL ? "NULL" : "empty");
    }
    const kfps_status status = kfpsi_ask(session, KFPS_VERB_GET, KFPS_RESOURCE_ARTIFACTS, NULL, NULL, error);
    if (status != KFPS_OK)
        return status;
    reading r = {.uuids = uuids, .count = count};
    return finish(session, get_many_body, &r, out, error);
}

/* ---- by URI ------------------------------------------------------------------------------------------------------ */

static int older_first(const void *a, const void *b)
{
    const kfps_artifact *x = a, *y = b;
    const int order = (x->created_at > y->created_at) - (x->created_at < y->created_at);
    return order != 0 ? order : strcmp(x->uuid, y->uuid);
}

/* Few have the same URI: sorted here, since any order of the database's costs more than reading the one row that there
 * usually is. */
static kfps_status by_uri_body(kfpsi_op *op, void *context, kfps_error *error)
{
    reading *r = context;
    char hash[KFPS_HASH_SIZE];
    kfpb_sql sql;
    kfpb_rows *rows = NULL;
    int there = 0;
    kfps_status status = begin(r, error);
    if (status != KFPS_OK)
        return status;
    kfps_uri_hash(r->uri, hash);
    kfpb_sql_init(&sql, op->conn);
    add_select(&sql);
    kfpb_sql_add(&sql, "\"Namespace\"=");
    kfpb_sql_bind(&sql, kfpb_str(r->space));
    kfpb_sql_add(&sql, " AND \"URIHash\"=");
    kfpb_sql_bind(&sql, kfpb_str(hash));
    status = kfpb_sql_query(op->conn, &sql, &rows, error);
    while (status == KFPS_OK && (there = kfpb_next(rows, error)) > 0) {
        kfps_artifact row = {0};
        kfpsi_view_read(rows, 0, &kfpsi_view_artifact, r->arena, &row);
        const bool equal = row.uri != NULL && row.artifact_namespace != NULL && strcmp(row.uri, r->uri) == 0 &&
                           strcmp(row.artifact_namespace, r->space) == 0;
        kfps_artifact *item = equal ? append(r) : NULL;
        if (item != NULL)
            *item = row;
    }
    if (there < 0)
        status = (kfps_status) error->code;
    else if (status == KFPS_OK && r->arena->out_of_memory)
        status = kfpb_fail_no_memory(error);
    kfpb_rows_free(&rows);
    kfpb_sql_free(&sql);
    if (r->list->count > 1)
        qsort(r->items, r->list->count, sizeof *r->items, older_first);
    r->list->items = r->items;
    return status;
}

kfps_status kfps_artifact_get_by_uri(kfps_session *session, const char *artifact_namespace, const char *uri,
                                     kfps_artifact_list **out, kfps_error *error)
{
    kfps_error local;
    const char *space = NULL;
    if (error == NULL)
        error = &local;
    kfpb_error_clear(error);
    if (out != NULL)
        *out = NULL;
    if (session == NULL || out == NULL)
        return kfpb_fail(error, KFPS_INVALID, "kfps_artifact_get_by_uri: %s is NULL",
                         session == NULL ? "session" : "out");
    if (uri == NULL || uri[0] == '\0')
        return kfpb_fail(error, KFPS_INVALID, "the URI to look for is %s", uri == NULL ? "NULL" : "empty");
    kfps_status status = kfpsi_space(session, artifact_namespace, true, &space, error);
    if (status == KFPS_OK && space == NULL)
        status = kfpb_fail(error, KFPS_INVALID, "a namespace is needed (\"\" in single-user mode)");
    if (status == KFPS_OK)
        status = kfpsi_ask(session, KFPS_VERB_LIST, KFPS_RESOURCE_ARTIFACTS, space, NULL, error);
    if (status != KFPS_OK)
        return status;
    reading r = {.space = space, .uri = uri};
    return finish(session, by_uri_body, &r, out, error);
}
