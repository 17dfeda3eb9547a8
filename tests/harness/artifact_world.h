/* SPDX-License-Identifier: Apache-2.0 */
/* artifact_world.h: what the tests of artifacts and links share: tasks as another program writes them, records with
 * everything in them, and a count of the statements that a call took. */
#ifndef KFPT_ARTIFACT_WORLD_H
#define KFPT_ARTIFACT_WORLD_H

#include <jansson.h>
#include <pthread.h>
#include <stdatomic.h>

#include "tests/harness/kfp.h"

/* parent NULL: none. */
static inline void aw_task(const char *uuid, const char *run, const char *space, const char *parent)
{
    kfps_error error = {0};
    kfpb_conn *conn = test_open();
    const kfpb_value values[] = {kfpb_str(uuid), kfpb_str(space), kfpb_str(run), kfpb_str(uuid), kfpb_str(parent)};
    kfp_ok(kfpb_exec(conn,
                     "INSERT INTO \"tasks\" (\"UUID\",\"Namespace\",\"RunUUID\",\"pods\",\"CreatedAtInSec\","
                     "\"Fingerprint\",\"Name\",\"ParentTaskUUID\",\"State\",\"Type\",\"TypeAttrs\") VALUES "
                     "(?,?,?,'[]',1,'',?,?,1,2,'{}')",
                     values, 5, NULL, &error),
           &error);
    kfpb_close(&conn);
}

/* A run "run-1" of namespace ns with tasks "root", and "task-1", "task-2" below it; a run "run-2" of other with
 * "task-9"; a run "over" that is, with "task-over". */
static inline void aw_world(void)
{
    kfp_fresh();
    kfp_run("run-1", "ns", "RUNNING");
    kfp_run("run-2", "other", "RUNNING");
    kfp_run("over", "ns", "SUCCEEDED");
    aw_task("root", "run-1", "ns", NULL);
    aw_task("task-1", "run-1", "ns", "root");
    aw_task("task-2", "run-1", "ns", "root");
    aw_task("task-9", "run-2", "other", NULL);
    aw_task("task-over", "over", "ns", NULL);
}

static inline kfps_artifact aw_artifact(const char *name)
{
    return (kfps_artifact){
        .artifact_namespace = "ns",
        .type = KFPS_ARTIFACT_MODEL,
        .uri = "s3://bucket/model",
        .name = name,
        .description = "a model",
        .metadata_json = "{\"framework\": \"xgboost\", \"n\": [1, 2.5]}",
    };
}

static inline kfps_artifact_task aw_link(const char *artifact, const char *task, const char *key)
{
    return (kfps_artifact_task){
        .artifact_uuid = artifact,
        .task_uuid = task,
        .run_uuid = "run-1",
        .producer_json = "{\"taskName\":\"train\"}",
        .artifact_key = key,
        .type = KFPS_IO_OUTPUT,
    };
}

/* Artifacts "a-0" … as another program writes them, in namespace `space`. */
static inline void aw_artifacts(int count, const char *space)
{
    kfps_error error = {0};
    kfpb_conn *conn = test_open();
    for (int i = 0; i < count; i++) {
        char uuid[32];
        snprintf(uuid, sizeof uuid, "a-%d", i);
        const kfpb_value values[] = {kfpb_str(uuid), kfpb_str(space), kfpb_str(uuid)};
        kfp_ok(kfpb_exec(conn, "INSERT INTO \"artifacts\" (\"UUID\",\"Namespace\",\"Type\",\"Name\") VALUES (?,?,1,?)",
                         values, 3, NULL, &error),
               &error);
    }
    kfpb_close(&conn);
}

static inline int64_t aw_links_there(void)
{
    return kfp_count("SELECT COUNT(*) FROM \"artifact_tasks\"");
}

/* Equal as JSON: MySQL writes it anew. */
static inline void aw_same_json(const char *a, const char *b)
{
    ck_assert_ptr_nonnull(a);
    json_t *left = json_loads(a, JSON_DECODE_ANY | JSON_DECODE_INT_AS_REAL, NULL),
           *right = json_loads(b, JSON_DECODE_ANY | JSON_DECODE_INT_AS_REAL, NULL);
    ck_assert_ptr_nonnull(left);
    ck_assert_msg(json_equal(left, right), "%s is not %s", a, b);
    json_decref(left);
    json_decref(right);
}

static inline void aw_same_text(const char *a, const char *b)
{
    if (a == NULL || b == NULL)
        ck_assert_msg(a == b, "%s is not %s", a != NULL ? a : "NULL", b != NULL ? b : "NULL");
    else
        ck_assert_str_eq(a, b);
}

static inline void aw_same_artifact(const kfps_artifact *a, const kfps_artifact *b)
{
    aw_same_text(a->uuid, b->uuid);
    aw_same_text(a->artifact_namespace, b->artifact_namespace);
    ck_assert_int_eq(a->type, b->type);
    aw_same_text(a->uri, b->uri);
    aw_same_text(a->uri_hash, b->uri_hash);
    aw_same_text(a->name, b->name);
    aw_same_text(a->description, b->description);
    ck_assert_int_eq(a->created_at, b->created_at);
    ck_assert_int_eq(a->last_update, b->last_update);
    aw_same_json(a->metadata_json, b->metadata_json);
    ck_assert_int_eq(a->has_number_value, b->has_number_value);
    ck_assert_double_eq(a->number_value, b->number_value);
    aw_same_text(a->identity_key, b->identity_key);
}

static inline void aw_same_link(const kfps_artifact_task *a, const kfps_artifact_task *b)
{
    aw_same_text(a->uuid, b->uuid);
    aw_same_text(a->artifact_uuid, b->artifact_uuid);
    aw_same_text(a->task_uuid, b->task_uuid);
    aw_same_text(a->run_uuid, b->run_uuid);
    aw_same_json(a->producer_json, b->producer_json);
    aw_same_text(a->artifact_key, b->artifact_key);
    ck_assert_int_eq(a->iteration, b->iteration);
    ck_assert_int_eq(a->type, b->type);
}

/* ---- statements that a call takes -------------------------------------------------------------------------------- */

typedef struct aw_counter {
    atomic_int statements; /* a prepared INSERT that is run again at once counts once: that is SQLite's bulk */
    char last[256];
} aw_counter;

static inline void aw_count(void *user, int32_t level, const char *facility, const char *message)
{
    aw_counter *counter = user;
    const char *text = strstr(message, ": ");
    (void) level;
    if (strcmp(facility, "sql") != 0 || text == NULL)
        return;
    text += 2;
    if (strncmp(text, "INSERT", 6) == 0 && strncmp(text, counter->last, sizeof counter->last - 1) == 0)
        return;
    snprintf(counter->last, sizeof counter->last, "%s", text);
    atomic_fetch_add(&counter->statements, 1);
}

static inline kfps_store *aw_counting_store(aw_counter *counter)
{
    kfps_store_options options;
    kfps_store_options_init(&options);
    options.log = aw_count;
    options.log_user = counter;
    options.log_level = KFPS_LOG_DEBUG;
    return kfp_store(&options);
}

static inline int aw_taken(aw_counter *counter)
{
    counter->last[0] = '\0';
    return atomic_exchange(&counter->statements, 0);
}

/* ---- a clock that stands ----------------------------------------------------------------------------------------- */

static inline int32_t aw_clock(void *user, int64_t *seconds)
{
    *seconds = *(const int64_t *) user;
    return 0;
}

#endif
