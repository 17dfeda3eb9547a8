/* SPDX-License-Identifier: Apache-2.0 */
#include "libkfpstore/run_shape_store.h"

#include <stdlib.h>

#include "backends/base/fail.h"
#include "kfpstore/run.h"
#include "libkfpstore/access.h"
#include "libkfpstore/run_row.h"

typedef struct shape_row {
    const char *run_uuid;
    const char *shape;
    int64_t created_at;
} shape_row;

static const kfpb_column columns[] = {
    {.name = "RunUUID",
     .type = KFPB_COL_TEXT,
     .pgsql_cast = "text",
     .offset = offsetof(shape_row, run_uuid),
     .max_chars = 191},
    {.name = "Shape", .type = KFPB_COL_TEXT, .pgsql_cast = "text", .offset = offsetof(shape_row, shape)},
    {.name = "CreatedAtInSec",
     .type = KFPB_COL_INT64,
     .pgsql_cast = "bigint",
     .offset = offsetof(shape_row, created_at)},
};

static const kfpb_table run_shapes = {.name = "kfpstore_run_shape",
                                      .columns = columns,
                                      .column_count = sizeof columns / sizeof columns[0],
                                      .key_columns = 1};

typedef struct request {
    const char *run_uuid;
    const char *given;
    char *found;
} request;

static kfps_status read_text(kfpb_conn *conn, const char *run_uuid, char **out, kfps_error *error)
{
    kfpb_rows *rows = NULL;
    const kfpb_value value = kfpb_str(run_uuid);
    *out = NULL;
    kfps_status status = kfpb_query(
        conn, "SELECT \"RunUUID\",\"Shape\" FROM \"kfpstore_run_shape\" WHERE \"RunUUID\"=?", &value, 1, &rows, error);
    int there = 0;
    while (status == KFPS_OK && (there = kfpb_next(rows, error)) > 0) {
        /* the column's collation may find another */
        if (strcmp(kfpb_get_text(rows, 0, NULL), run_uuid) == 0 && *out == NULL &&
            (*out = strdup(kfpb_get_text(rows, 1, NULL))) == NULL)
            status = kfpb_fail_no_memory(error);
    }
    if (there < 0)
        status = (kfps_status) error->code;
    kfpb_rows_free(&rows);
    if (status != KFPS_OK) {
        free(*out);
        *out = NULL;
    }
    return status;
}

kfps_status kfpsi_shape_of_run(kfpsi_op *op, const char *run_uuid, kfpsi_shape *out, kfps_error *error)
{
    char *text = NULL;
    out->json = NULL;
    kfps_status status = read_text(op->conn, run_uuid, &text, error);
    if (status != KFPS_OK || text == NULL)
        return status;
    status = kfpsi_shape_parse(text, strlen(text), out, error);
    free(text);
    if (status == KFPS_OK || status == KFPS_NO_MEMORY)
        return status;
    kfpsi_log(op->store, KFPS_LOG_WARNING, "store", "the stored shape of run %.64s counts as none: %s", run_uuid,
              error->message);
    kfpb_error_clear(error);
    return KFPS_OK;
}

static kfps_status set_body(kfpsi_op *op, void *context, kfps_error *error)
{
    const request *r = context;
    const shape_row row = {.run_uuid = r->run_uuid, .shape = r->given, .created_at = op->now};
    const void *const record = &row;
    kfpb_arena arena;
    kfpsi_run_row run;
    kfpb_arena_init(&arena);
    kfps_status status = kfpsi_runs_lock(op, &arena, &r->run_uuid, 1, &run, error);
    if (status == KFPS_OK)
        status = kfpsi_run_require(op, &run, 0, error);
    if (status == KFPS_OK)
        status = kfpb_insert(op->conn, &run_shapes, &record, 1, KFPB_CONFLICT_REPLACE, NULL, error);
    kfpb_arena_free(&arena);
    return status;
}

kfps_status kfps_run_set_shape(kfps_session *session, const char *run_uuid, const char *shape_json, kfps_error *error)
{
    kfpsi_shape shape;
    request r = {.run_uuid = run_uuid, .given = shape_json};
    kfpb_error_clear(error);
    if (session == NULL || run_uuid == NULL || run_uuid[0] == '\0' || shape_json == NULL)
        return kfpb_fail(error, KFPS_INVALID, "kfps_run_set_shape: session, run_uuid and shape_json must be given");
    kfps_status status = kfpsi_shape_parse(shape_json, strlen(shape_json), &shape, error);
    if (status != KFPS_OK)
        return status;
    kfpsi_shape_free(&shape);
    status = kfpsi_ask(session, KFPS_VERB_UPDATE, KFPS_RESOURCE_RUNS, NULL, run_uuid, error);
    return status == KFPS_OK ? kfpsi_write(session, set_body, &r, error) : status;
}

/* A session with a namespace sees the shapes of its own runs only. */
static kfps_status is_visible(kfpsi_op *op, const char *run_uuid, bool *out, kfps_error *error)
{
    kfpb_rows *rows = NULL;
    const kfpb_value value = kfpb_str(run_uuid);
    *out = op->session->space == NULL;
    if (*out)
        return KFPS_OK;
    kfps_status status = kfpb_query(op->conn, "SELECT \"UUID\",\"Namespace\" FROM \"run_details\" WHERE \"UUID\"=?",
                                    &value, 1, &rows, error);
    int there = 0;
    while (status == KFPS_OK && (there = kfpb_next(rows, error)) > 0) {
        if (strcmp(kfpb_get_text(rows, 0, NULL), run_uuid) == 0)
            *out = kfpsi_sees(op->session, kfpb_get_text(rows, 1, NULL));
    }
    if (there < 0)
        status = (kfps_status) error->code;
    kfpb_rows_free(&rows);
    return status;
}

static kfps_status get_body(kfpsi_op *op, void *context, kfps_error *error)
{
    request *r = context;
    bool visible = false;
    free(r->found);
    r->found = NULL;
    kfps_status status = is_visible(op, r->run_uuid, &visible, error);
    if (status == KFPS_OK && visible)
        status = read_text(op->conn, r->run_uuid, &r->found, error);
    return status;
}

kfps_status kfps_run_get_shape(kfps_session *session, const char *run_uuid, char **shape_json, kfps_error *error)
{
    kfpsi_shape shape;
    request r = {.run_uuid = run_uuid};
    kfps_error local;
    if (error == NULL)
        error = &local;
    kfpb_error_clear(error);
    if (shape_json != NULL)
        *shape_json = NULL;
    if (session == NULL || run_uuid == NULL || run_uuid[0] == '\0' || shape_json == NULL)
        return kfpb_fail(error, KFPS_INVALID, "kfps_run_get_shape: session, run_uuid and shape_json must be given");
    kfps_status status = kfpsi_ask(session, KFPS_VERB_GET, KFPS_RESOURCE_RUNS, NULL, run_uuid, error);
    if (status == KFPS_OK)
        status = kfpsi_read(session, get_body, &r, error);
    if (status == KFPS_OK && r.found != NULL) {
        status = kfpsi_shape_parse(r.found, strlen(r.found), &shape, error);
        if (status == KFPS_OK)
            kfpsi_shape_free(&shape);
        else if (status != KFPS_NO_MEMORY)
            status = kfpb_fail(error, KFPS_INTERNAL, "the stored shape of run %.64s cannot be read: set it again",
                               run_uuid);
    }
    if (status == KFPS_OK)
        *shape_json = r.found;
    else
        free(r.found);
    return status;
}
