/* SPDX-License-Identifier: Apache-2.0 */
/*
 * artifact_once.c: an artifact and its link under a name that the caller chose, so that the call can be repeated
 * (upstream #14423). The name's row is of one transaction with both; its primary key decides between writers at once.
 */
#include <jansson.h>
#include <nettle/sha2.h>

#include "backends/base/fail.h"
#include "backends/base/text.h"
#include "backends/base/utf8.h"
#include "kfpstore/identity.h"
#include "libkfpstore/access.h"
#include "libkfpstore/artifact_check.h"
#include "libkfpstore/canonical_json.h"
#include "libkfpstore/id_set.h"
#include "libkfpstore/json_text.h"
#include "libkfpstore/links.h"
#include "libkfpstore/result.h"
#include "libkfpstore/view.h"

enum { OPERATION_ID_CHARS = 255 };

/* A row of kfpstore_write_identity. */
typedef struct name_row {
    const char *identity;
    const char *space;
    const char *run_uuid;
    const char *task_uuid;
    const char *operation_id;
    const char *payload_hash;
    const char *artifact_uuid;
    int64_t created_at;
    int64_t expires_at; /* 0: with the run */
} name_row;

#define TEXT(column, field, chars)                                                                        \
    {                                                                                                     \
        .name = column, .type = KFPB_COL_TEXT, .pgsql_cast = "text", .offset = offsetof(name_row, field), \
        .max_chars = chars                                                                                \
    }
#define INT64(column, field)                                                                                \
    {                                                                                                       \
        .name = column, .type = KFPB_COL_INT64, .pgsql_cast = "bigint", .offset = offsetof(name_row, field) \
    }

static const kfpb_column name_columns[] = {
    TEXT("Identity", identity, 64),
    TEXT("Namespace", space, 63),
    TEXT("RunUUID", run_uuid, 191),
    TEXT("TaskID", task_uuid, 191),
    TEXT("OperationID", operation_id, OPERATION_ID_CHARS),
    TEXT("PayloadHash", payload_hash, 64),
    TEXT("ArtifactID", artifact_uuid, 191),
    INT64("CreatedAtInSec", created_at),
    INT64("ExpiresAtInSec", expires_at),
};

static const kfpb_table names = {.name = "kfpstore_write_identity",
                                 .columns = name_columns,
                                 .column_count = sizeof name_columns / sizeof *name_columns,
                                 .key_columns = 1};

typedef struct once {
    const kfps_write_operation *operation;
    const kfps_artifact *artifact;
    const kfps_artifact_task *link;
    bool created;
    kfps_artifact_list *list;
    kfps_artifact_task_list *link_list;
    /* of one attempt */
    kfpb_arena *arena, *link_arena;
    kfps_artifact *items;
    kfps_artifact_task *link_items;
    char identity[KFPS_HASH_SIZE];
    char payload[KFPS_HASH_SIZE];
    bool forgotten; /* the name's row is there and its time is over */
} once;

static void forget(once *o)
{
    kfps_artifact_list_free(o->list);
    kfps_artifact_task_list_free(o->link_list);
    o->list = NULL;
    o->link_list = NULL;
    o->created = o->forgotten = false;
}

/* ---- hashes ------------------------------------------------------------------------------------------------------ */

/* lp(s) of upstream's identity recipes: a 32-bit big-endian length and the bytes. */
static void put(struct sha256_ctx *sha, const char *text)
{
    const size_t length = strlen(text);
    const uint8_t bytes[4] = {(uint8_t) (length >> 24), (uint8_t) (length >> 16), (uint8_t) (length >> 8),
                              (uint8_t) length};
    sha256_update(sha, sizeof bytes, bytes);
    sha256_update(sha, length, (const uint8_t *) text);
}

static void digest(struct sha256_ctx *sha, char out[KFPS_HASH_SIZE])
{
    uint8_t bytes[SHA256_DIGEST_SIZE];
    sha256_digest(sha, sizeof bytes, bytes);
    kfpb_hex(bytes, sizeof bytes, out);
}

static void put_nullable(struct sha256_ctx *sha, const char *text)
{
    put(sha, text != NULL ? "1" : "0");
    put(sha, text != NULL ? text : "");
}

static void put_int(struct sha256_ctx *sha, int64_t value)
{
    kfpb_text text = {0};
    kfpb_text_int(&text, value);
    put(sha, kfpb_text_get(&text));
    kfpb_text_free(&text);
}

static void put_number(struct sha256_ctx *sha, const kfps_artifact *artifact)
{
    char number[KFPB_DOUBLE_SIZE] = "";
    if (artifact->has_number_value != 0)
        kfpb_format_double(artifact->number_value, number);
    put(sha, number);
}

/* A client that repeats itself may write the same JSON with other blanks and another order of keys. */
static kfps_status put_json(struct sha256_ctx *sha, const char *json_text, kfps_error *error)
{
    kfpb_text form = {0};
    json_t *json = NULL;
    kfps_status status = kfpsi_json_load(json_text, strlen(json_text), KFPSI_JSON_FLOAT64, &json, NULL);
    if (status != KFPS_OK)
        status = kfpb_fail_no_memory(error); /* it was JSON before */
    else
        status = kfpsi_canonical_json(json, KFPSI_NUMBERS_FLOAT64, &form, error);
    if (status == KFPS_OK && form.out_of_memory)
        status = kfpb_fail_no_memory(error);
    if (status == KFPS_OK)
        put(sha, kfpb_text_get(&form));
    json_decref(json);
    kfpb_text_free(&form);
    return status;
}

static kfps_status hash(once *o, kfps_error *error)
{
    const kfps_artifact *a = o->items;
    const kfps_artifact_task *l = o->link_items;
    struct sha256_ctx sha;
    sha256_init(&sha);
    put(&sha, a->artifact_namespace);
    put(&sha, l->run_uuid);
    put(&sha, l->task_uuid);
    put(&sha, o->operation->operation_id);
    digest(&sha, o->identity);

    sha256_init(&sha);
    put_int(&sha, a->type);
    put_nullable(&sha, a->uri);
    put(&sha, a->name);
    put_nullable(&sha, a->description);
    put_number(&sha, a);
    put_nullable(&sha, a->identity_key);
    kfps_status status = put_json(&sha, a->metadata_json, error);
    put_int(&sha, l->type);
    put(&sha, l->artifact_key);
    if (status == KFPS_OK)
        status = put_json(&sha, l->producer_json, error);
    digest(&sha, o->payload);
    return status;
}

/* ---- the name ---------------------------------------------------------------------------------------------------- */

/* KFPS_NOT_FOUND: nobody has used it, or it is forgotten. Else the artifact that it stands for takes the place of the
 * prepared one. */
static kfps_status recall(once *o, kfpsi_op *op, kfps_error *error)
{
    kfpb_sql sql;
    kfpb_rows *rows = NULL;
    const size_t columns = kfpsi_view_count(&kfpsi_view_artifact);
    kfpb_sql_init(&sql, op->conn);
    kfpb_sql_add(&sql, "SELECT ");
    kfpsi_view_columns(&sql, &kfpsi_view_artifact, "a.");
    kfpb_sql_add(&sql,
                 ",w.\"PayloadHash\",w.\"ExpiresAtInSec\" FROM \"kfpstore_write_identity\" w JOIN \"artifacts\" a "
                 "ON a.\"UUID\"=w.\"ArtifactID\" WHERE w.\"Identity\"=");
    kfpb_sql_bind(&sql, kfpb_str(o->identity));
    kfps_status status = kfpb_sql_query(op->conn, &sql, &rows, error);
    const int there = status == KFPS_OK ? kfpb_next(rows, error) : 0;
    if (there < 0) {
        status = (kfps_status) error->code;
    } else if (status == KFPS_OK && there == 0) {
        status = KFPS_NOT_FOUND;
    } else if (status == KFPS_OK) {
        const char *payload = kfpb_get_text(rows, columns, NULL);
        const int64_t expires_at = kfpb_get_int(rows, columns + 1);
        o->forgotten = expires_at != 0 && expires_at <= op->now;
        if (o->forgotten)
            status = KFPS_NOT_FOUND;
        else if (payload == NULL || strcmp(payload, o->payload) != 0)
            status = kfpb_fail(error, KFPS_CONFLICT,
                               "the operation id was used for this task before, with another payload");
        else
            kfpsi_view_read(rows, 0, &kfpsi_view_artifact, o->arena, o->items);
    }
    if (status == KFPS_OK && o->arena->out_of_memory)
        status = kfpb_fail_no_memory(error);
    kfpb_rows_free(&rows);
    kfpb_sql_free(&sql);
    return status;
}

static kfps_status take_name(once *o, kfpsi_op *op, kfps_error *error)
{
    const int64_t keep = o->operation->retention_seconds;
    const name_row row = {
        .identity = o->identity,
        .space = o->items->artifact_namespace,
        .run_uuid = o->link_items->run_uuid,
        .task_uuid = o->link_items->task_uuid,
        .operation_id = o->operation->operation_id,
        .payload_hash = o->payload,
        .artifact_uuid = o->items->uuid,
        .created_at = op->now,
        .expires_at = keep == 0                    ? 0
                      : keep > INT64_MAX - op->now ? INT64_MAX
                                                   : op->now + keep,
    };
    const void *record = &row;
    int64_t inserted = 0;
    kfps_status status = KFPS_OK;
    /* deleted with its condition, not replaced: of two writers one finds the other's row */
    if (o->forgotten) {
        const kfpb_value values[] = {kfpb_str(o->identity), kfpb_int(op->now)};
        status = kfpb_exec(op->conn,
                           "DELETE FROM \"kfpstore_write_identity\" WHERE \"Identity\"=? AND \"ExpiresAtInSec\"<>0 AND "
                           "\"ExpiresAtInSec\"<=?",
                           values, 2, NULL, error);
    }
    if (status == KFPS_OK)
        status = kfpb_insert(op->conn, &names, &record, 1, KFPB_CONFLICT_SKIP, &inserted, error);
    if (status != KFPS_OK)
        return kfpsi_race(op, status, error);
    if (inserted == 0)
        return kfpb_fail(error, KFPS_BUSY, "another writer used the operation id at the same time");
    return KFPS_OK;
}

static kfps_status create(once *o, kfpsi_op *op, kfps_error *error)
{
    o->created = true;
    kfps_status status = kfpsi_links_check(op, o->link_arena, o->link_items, 1, o->items, error);
    if (status == KFPS_OK)
        status = kfpsi_artifacts_insert(op, o->arena, o->items, 1, error);
    if (status == KFPS_OK)
        status = take_name(o, op, error);
    if (status == KFPS_OK)
        status = kfpsi_links_insert(op, o->link_arena, o->link_items, 1, KFPS_EXISTING_FAIL, NULL, error);
    return status;
}

/* The artifact is there; its link is too, unless somebody deleted it: then it is made again. */
static kfps_status repeat(once *o, kfpsi_op *op, kfps_error *error)
{
    kfps_artifact_task found = {0};
    o->link_items->artifact_uuid = kfpb_arena_text(o->link_arena, o->items->uuid);
    if (o->link_items->artifact_uuid == NULL)
        return kfpb_fail_no_memory(error);
    kfps_status status = kfpsi_link_find(op, o->link_arena, o->link_items, &found, error);
    if (status == KFPS_OK && found.uuid != NULL) {
        *o->link_items = found;
        return KFPS_OK;
    }
    if (status == KFPS_OK)
        status = kfpsi_links_check(op, o->link_arena, o->link_items, 1, o->items, error);
    if (status == KFPS_OK)
        status = kfpsi_links_insert(op, o->link_arena, o->link_items, 1, KFPS_EXISTING_RETURN, NULL, error);
    return status;
}

static kfps_status once_body(kfpsi_op *op, void *context, kfps_error *error)
{
    once *o = context;
    forget(o);
    o->list = kfpsi_artifact_list_new(&o->arena);
    o->link_list = kfpsi_artifact_task_list_new(&o->link_arena);
    if (o->list == NULL || o->link_list == NULL)
        return kfpb_fail_no_memory(error);
    kfps_status status = kfpsi_artifacts_prepare(op, o->arena, o->artifact, 1, &o->items, error);
    if (status == KFPS_OK)
        status = kfpsi_links_prepare(op, o->link_arena, o->link, 1, o->items, &o->link_items, error);
    if (status == KFPS_OK)
        status = hash(o, error);
    if (status == KFPS_OK)
        status = recall(o, op, error);
    if (status == KFPS_OK)
        status = repeat(o, op, error);
    else if (status == KFPS_NOT_FOUND)
        status = create(o, op, error);
    o->list->items = o->items;
    o->link_list->items = o->link_items;
    o->list->count = o->link_list->count = 1;
    return status;
}

static kfps_status check_operation(const kfps_write_operation *operation, kfps_error *error)
{
    const char *id = operation->operation_id;
    if (id == NULL || id[0] == '\0')
        return kfpb_fail(error, KFPS_INVALID, "operation_id is %s", id == NULL ? "NULL" : "empty");
    if (!kfpb_utf8_valid(id, strlen(id)))
        return kfpb_fail(error, KFPS_INVALID, "operation_id is not valid UTF-8");
    if (kfpb_utf8_count(id, strlen(id)) > OPERATION_ID_CHARS)
        return kfpb_fail(error, KFPS_TOO_LARGE, "operation_id has more than %d characters", OPERATION_ID_CHARS);
    if (operation->retention_seconds < 0)
        return kfpb_fail(error, KFPS_INVALID, "retention_seconds is negative; 0 keeps the name as long as the run");
    return KFPS_OK;
}

kfps_status kfps_artifact_create_once(kfps_session *session, const kfps_write_operation *operation,
                                      const kfps_artifact *artifact, const kfps_artifact_task *link, int32_t *created,
                                      kfps_artifact_list **out, kfps_artifact_task_list **link_out, kfps_error *error)
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
    if (session == NULL || operation == NULL || artifact == NULL || link == NULL)
        return kfpb_fail(error, KFPS_INVALID, "kfps_artifact_create_once: %s is NULL",
                         session == NULL     ? "session"
                         : operation == NULL ? "operation"
                         : artifact == NULL  ? "artifact"
                                             : "link");
    once o = {.operation = operation, .artifact = artifact, .link = link};
    kfps_status status = check_operation(operation, error);
    if (status == KFPS_OK)
        status = kfpsi_artifacts_ask(session, artifact, link, 1, error);
    if (status == KFPS_OK)
        status = kfpsi_write(session, once_body, &o, error);
    if (status == KFPS_OK && created != NULL)
        *created = o.created;
    if (status == KFPS_OK && out != NULL) {
        *out = o.list;
        o.list = NULL;
    }
    if (status == KFPS_OK && link_out != NULL) {
        *link_out = o.link_list;
        o.link_list = NULL;
    }
    forget(&o);
    return status;
}
