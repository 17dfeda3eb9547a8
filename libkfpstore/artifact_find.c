/* SPDX-License-Identifier: Apache-2.0 */
/*
 * artifact_find.c: find an equal artifact or create it, and link it. The unique index over namespace and identity key
 * decides between writers at once: the insert leaves the row out that lost, and what won is read back.
 */
#include <jansson.h>

#include "backends/base/fail.h"
#include "backends/base/text.h"
#include "libkfpstore/artifact_check.h"
#include "libkfpstore/canonical_json.h"
#include "libkfpstore/json_text.h"
#include "libkfpstore/links.h"
#include "libkfpstore/result.h"
#include "libkfpstore/tables.h"
#include "libkfpstore/view.h"

typedef struct search {
    const kfps_artifact *artifact;
    const kfps_artifact_task *link;
    bool created;
    kfps_artifact_list *list;
    kfps_artifact_task_list *link_list;
    /* of one attempt */
    kfpb_arena *arena;
    kfps_artifact *wanted; /* prepared, with its identity key */
    kfpb_text form;        /* of its metadata, once it was needed */
    kfps_artifact *found;  /* NULL: none */
    bool collides;         /* a row that only the collation takes for equal */
} search;

static void forget(search *s)
{
    kfps_artifact_list_free(s->list);
    kfps_artifact_task_list_free(s->link_list);
    s->list = NULL;
    s->link_list = NULL;
    s->found = NULL;
    s->collides = false;
    s->created = false;
}

/* ---- equality ---------------------------------------------------------------------------------------------------- */

/* The form that upstream compares; metadata of a database that is no JSON equals nothing. */
static bool canonical(const char *json_text, kfpb_text *out)
{
    const size_t flags = KFPSI_JSON_FLOAT64;
    json_t *json = json_null();
    kfpb_text_clear(out);
    if (json_text != NULL) {
        const kfps_status status = kfpsi_json_load(json_text, strlen(json_text), flags, &json, NULL);
        out->out_of_memory = out->out_of_memory || status == KFPS_NO_MEMORY;
        if (status != KFPS_OK)
            return false;
    }
    if (json_is_null(json))
        kfpb_text_add(out, "{}");
    const bool made = json_is_null(json) || kfpsi_canonical_json(json, KFPSI_NUMBERS_FLOAT64, out, NULL) == KFPS_OK;
    json_decref(json);
    return made && !out->out_of_memory;
}

static bool same(const char *a, const char *b)
{
    return strcmp(a != NULL ? a : "", b != NULL ? b : "") == 0;
}

/* A row from before there were identity keys. */
static bool is_equal(search *s, const kfps_artifact *row)
{
    const kfps_artifact *wanted = s->wanted;
    kfpb_text form = {0};
    bool equal = row->type == wanted->type && same(row->artifact_namespace, wanted->artifact_namespace) &&
                 same(row->uri, wanted->uri) && same(row->name, wanted->name) &&
                 same(row->description, wanted->description);
    if (equal && s->form.length == 0)
        equal = canonical(s->artifact->metadata_json, &s->form);
    equal = equal && canonical(row->metadata_json, &form) && strcmp(kfpb_text_get(&form), kfpb_text_get(&s->form)) == 0;
    if (form.out_of_memory)
        s->arena->out_of_memory = true;
    kfpb_text_free(&form);
    return equal;
}

/* ---- looking ----------------------------------------------------------------------------------------------------- */

/* The one with the key, which is looked for first; of those without a key the oldest. */
static void consider(search *s, const kfps_artifact *row)
{
    const kfps_artifact *best = s->found;
    if (row->identity_key != NULL) {
        if (!same(row->identity_key, s->wanted->identity_key) ||
            !same(row->artifact_namespace, s->wanted->artifact_namespace)) {
            s->collides = true;
            return;
        }
    } else if (!is_equal(s, row)) {
        return;
    } else if (best != NULL && (best->created_at < row->created_at ||
                                (best->created_at == row->created_at && strcmp(best->uuid, row->uuid) < 0))) {
        return;
    }
    kfps_artifact *copy = kfpb_arena_alloc(s->arena, sizeof *copy);
    if (copy != NULL) {
        *copy = *row;
        s->found = copy;
    }
}

static void select_from_namespace(kfpb_sql *sql, const search *s)
{
    kfpb_sql_add(sql, "SELECT ");
    kfpsi_view_columns(sql, &kfpsi_view_artifact, NULL);
    kfpb_sql_add(sql, " FROM \"artifacts\" WHERE \"Namespace\"=");
    kfpb_sql_bind(sql, kfpb_str(s->wanted->artifact_namespace));
}

static void by_key(kfpb_sql *sql, const search *s)
{
    select_from_namespace(sql, s);
    kfpb_sql_add(sql, " AND \"IdentityKey\"=");
    kfpb_sql_bind(sql, kfpb_str(s->wanted->identity_key));
}

/* Rows without a key and with the URI; what makes them differ for certain is left to the database. */
static void by_uri(kfpb_sql *sql, const search *s)
{
    select_from_namespace(sql, s);
    kfpb_sql_add(sql, " AND \"URIHash\"=");
    kfpb_sql_bind(sql, kfpb_str(s->wanted->uri_hash));
    kfpb_sql_add(sql, " AND \"IdentityKey\" IS NULL AND \"Type\"=");
    kfpb_sql_bind(sql, kfpb_int(s->wanted->type));
    kfpb_sql_add(sql, " AND \"Name\"=");
    kfpb_sql_bind(sql, kfpb_str(s->wanted->name));
}

static kfps_status look(search *s, kfpsi_op *op, void (*how)(kfpb_sql *sql, const search *s), kfps_error *error)
{
    kfpb_sql sql;
    kfpb_rows *rows = NULL;
    int there = 0;
    kfpb_sql_init(&sql, op->conn);
    how(&sql, s);
    kfps_status status = kfpb_sql_query(op->conn, &sql, &rows, error);
    while (status == KFPS_OK && (there = kfpb_next(rows, error)) > 0) {
        kfps_artifact row = {0};
        kfpsi_view_read(rows, 0, &kfpsi_view_artifact, s->arena, &row);
        if (s->arena->out_of_memory)
            break;
        consider(s, &row);
    }
    if (there < 0)
        status = (kfps_status) error->code;
    else if (status == KFPS_OK && (s->arena->out_of_memory || s->form.out_of_memory))
        status = kfpb_fail_no_memory(error);
    kfpb_rows_free(&rows);
    kfpb_sql_free(&sql);
    return status;
}

/* ---- creating ---------------------------------------------------------------------------------------------------- */

static kfps_status create(search *s, kfpsi_op *op, kfps_error *error)
{
    const void *record = s->wanted;
    int64_t inserted = 0;
    kfps_status status = kfpb_insert(op->conn, &kfpsi_artifacts, &record, 1, KFPB_CONFLICT_SKIP, &inserted, error);
    if (status != KFPS_OK)
        return status;
    if (inserted == 1) {
        s->found = s->wanted;
        s->created = true;
        return KFPS_OK;
    }
    status = look(s, op, by_key, error);
    if (status != KFPS_OK || s->found != NULL)
        return status;
    if (s->collides)
        return kfpb_fail_at(error, 0, KFPS_EXISTS,
                            "an equal artifact is in a namespace that this database's collation takes for this one");
    return kfpb_fail_at(error, 0, KFPS_BUSY, "an equal artifact was there and is gone again: another writer");
}

/* Of an artifact that was there the link may be, too: looked at before it is written, since a call that is repeated
 * finds it. */
static kfps_status link_to_found(search *s, kfpsi_op *op, kfpb_arena *arena, kfps_artifact_task *link,
                                 kfps_error *error)
{
    kfps_artifact_task there = {0};
    kfps_status status = KFPS_OK;
    link->artifact_uuid = kfpb_arena_text(arena, s->found->uuid);
    if (link->artifact_uuid == NULL)
        return kfpb_fail_no_memory(error);
    if (!s->created)
        status = kfpsi_link_find(op, arena, link, &there, error);
    if (status == KFPS_OK && there.uuid == NULL)
        return kfpsi_links_insert(op, arena, link, 1, KFPS_EXISTING_RETURN, NULL, error);
    if (status == KFPS_OK)
        *link = there;
    return status;
}

static kfps_status find_body(kfpsi_op *op, void *context, kfps_error *error)
{
    search *s = context;
    kfpb_arena *link_arena = NULL;
    kfps_artifact_task *link = NULL;
    forget(s);
    s->list = kfpsi_artifact_list_new(&s->arena);
    s->link_list = kfpsi_artifact_task_list_new(&link_arena);
    if (s->list == NULL || s->link_list == NULL)
        return kfpb_fail_no_memory(error);
    kfps_status status = kfpsi_artifact_prepare_identified(op, s->arena, s->artifact, &s->wanted, error);
    if (status == KFPS_OK)
        status = kfpsi_links_prepare(op, link_arena, s->link, 1, s->wanted, &link, error);
    if (status == KFPS_OK)
        status = kfpsi_links_check(op, link_arena, link, 1, s->wanted, error);
    if (status == KFPS_OK)
        status = look(s, op, by_key, error);
    if (status == KFPS_OK && s->found == NULL && s->wanted->uri_hash[0] != '\0')
        status = look(s, op, by_uri, error);
    if (status == KFPS_OK && s->found == NULL)
        status = create(s, op, error);
    if (status == KFPS_OK)
        status = link_to_found(s, op, link_arena, link, error);
    s->list->items = s->found;
    s->list->count = s->found != NULL;
    s->link_list->items = link;
    s->link_list->count = link != NULL;
    return status;
}

kfps_status kfps_artifact_find_or_create(kfps_session *session, const kfps_artifact *artifact,
                                         const kfps_artifact_task *link, int32_t *created, kfps_artifact_list **out,
                                         kfps_artifact_task_list **link_out, kfps_error *error)
{
    kfps_error local;
    if (error == NULL)
        error = &local;
    kfpb_error_clear(error);
    if (created != NULL)
        *created = 0;
    if (out != NULL)
        *out = NULL;
    if (link_out != NULL)
        *link_out = NULL;
    if (session == NULL || artifact == NULL || link == NULL)
        return kfpb_fail(error, KFPS_INVALID, "kfps_artifact_find_or_create: %s is NULL",
                         session == NULL    ? "session"
                         : artifact == NULL ? "artifact"
                                            : "link");
    search s = {.artifact = artifact, .link = link};
    kfps_status status = kfpsi_artifacts_ask(session, artifact, link, 1, error);
    if (status == KFPS_OK)
        status = kfpsi_write(session, find_body, &s, error);
    if (status == KFPS_OK && created != NULL)
        *created = s.created;
    if (status == KFPS_OK && out != NULL) {
        *out = s.list;
        s.list = NULL;
    }
    if (status == KFPS_OK && link_out != NULL) {
        *link_out = s.link_list;
        s.link_list = NULL;
    }
    forget(&s);
    kfpb_text_free(&s.form);
    return status;
}
