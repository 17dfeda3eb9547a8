/* SPDX-License-Identifier: Apache-2.0 */
/* kfp_rows.h: tasks, artifacts and links put in as another program would, and read back likewise. */
#ifndef KFPT_KFP_ROWS_H
#define KFPT_KFP_ROWS_H

#include <jansson.h>

#include "libkfpstore/tables.h"
#include "tests/harness/kfp.h"

/* ID(n): a UUID that tells its number. */
static inline const char *kfp_id(char *buffer, int number)
{
    snprintf(buffer, KFPS_UUID_SIZE, "%08d-0000-4000-8000-000000000000", number);
    return buffer;
}

/* Fills in what the columns need, unless the case says more, and inserts. */
static inline void kfp_put_task(kfpb_conn *conn, kfps_task task)
{
    kfps_error error = {0};
    const void *const record = &task;
    if (task.task_namespace == NULL)
        task.task_namespace = "ns";
    if (task.run_uuid == NULL)
        task.run_uuid = "run-1";
    if (task.pods_json == NULL)
        task.pods_json = "[]";
    if (task.created_at == 0)
        task.created_at = 1000;
    if (task.fingerprint == NULL)
        task.fingerprint = "";
    if (task.type_attributes_json == NULL)
        task.type_attributes_json = "{}";
    if (task.type == 0)
        task.type = KFPS_TASK_RUNTIME;
    kfp_ok(kfpb_insert(conn, &kfpsi_tasks, &record, 1, KFPB_CONFLICT_FAIL, NULL, &error), &error);
}

static inline void kfp_task(kfps_task task)
{
    kfpb_conn *conn = test_open();
    kfp_put_task(conn, task);
    kfpb_close(&conn);
}

static inline void kfp_artifact(const char *uuid)
{
    kfps_error error = {0};
    kfpb_conn *conn = test_open();
    const kfps_artifact artifact = {
        .uuid = uuid, .artifact_namespace = "ns", .type = KFPS_ARTIFACT_MODEL, .name = uuid};
    const void *const record = &artifact;
    kfp_ok(kfpb_insert(conn, &kfpsi_artifacts, &record, 1, KFPB_CONFLICT_FAIL, NULL, &error), &error);
    kfpb_close(&conn);
}

/* An OUTPUT link of the task itself. */
static inline void kfp_output(const char *artifact_uuid, const char *task_uuid, const char *key, int64_t iteration)
{
    kfps_error error = {0};
    kfpb_conn *conn = test_open();
    char uuid[256];
    snprintf(uuid, sizeof uuid, "%.60s/%.60s/%.60s", artifact_uuid, task_uuid, key);
    const kfps_artifact_task link = {.uuid = uuid,
                                     .artifact_uuid = artifact_uuid,
                                     .task_uuid = task_uuid,
                                     .run_uuid = "run-1",
                                     .artifact_key = key,
                                     .iteration = iteration,
                                     .type = KFPS_IO_OUTPUT};
    const void *const record = &link;
    kfp_ok(kfpb_insert(conn, &kfpsi_artifact_tasks, &record, 1, KFPB_CONFLICT_FAIL, NULL, &error), &error);
    kfpb_close(&conn);
}

/* A column of a task as text, "" for NULL; the caller frees. JSON comes as the engine gives it. */
static inline char *kfp_task_text(const char *uuid, const char *column)
{
    kfps_error error = {0};
    kfpb_rows *rows = NULL;
    char sql[256];
    kfpb_conn *conn = test_open();
    const char *cast = test_engine_is("mysql") ? "CHAR" : "text";
    const kfpb_value value = kfpb_str(uuid);
    snprintf(sql, sizeof sql, "SELECT CAST(\"%s\" AS %s) FROM \"tasks\" WHERE \"UUID\"=?", column, cast);
    kfp_ok(kfpb_query(conn, sql, &value, 1, &rows, &error), &error);
    ck_assert_int_eq(kfpb_next(rows, &error), 1);
    const char *text = kfpb_get_text(rows, 0, NULL);
    char *copy = strdup(text != NULL ? text : "");
    kfpb_rows_free(&rows);
    kfpb_close(&conn);
    return copy;
}

static inline int64_t kfp_task_int(const char *uuid, const char *column)
{
    char *text = kfp_task_text(uuid, column);
    const int64_t number = strtoll(text, NULL, 10);
    free(text);
    return number;
}

/* JSON is compared by what it says. */
static inline void kfp_json_is(const char *actual, const char *expected)
{
    json_t *a = json_loads(actual, JSON_DECODE_ANY, NULL);
    json_t *e = json_loads(expected, JSON_DECODE_ANY, NULL);
    ck_assert_msg(e != NULL, "the case's own JSON: %s", expected);
    ck_assert_msg(json_equal(a, e), "%s is not %s", actual, expected);
    json_decref(a);
    json_decref(e);
}

static inline void kfp_task_json(const char *uuid, const char *column, const char *expected)
{
    char *text = kfp_task_text(uuid, column);
    kfp_json_is(text, expected);
    free(text);
}

#endif
