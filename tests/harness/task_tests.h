/* SPDX-License-Identifier: Apache-2.0 */
/* task_tests.h: tasks and links as the tests of the stores make them, and JSON that is compared by its meaning. */
#ifndef KFPT_TASK_TESTS_H
#define KFPT_TASK_TESTS_H

#include <jansson.h>
#include <pthread.h>

#include "tests/harness/kfp.h"

/* The meaning is the same: MySQL gives JSON back in a form of its own. */
static inline void tt_json_is(const char *got, const char *expected)
{
    json_t *a = got != NULL ? json_loads(got, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL) : NULL;
    json_t *b = expected != NULL ? json_loads(expected, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL) : NULL;
    ck_assert_msg((got == NULL) == (expected == NULL) && (got == NULL || (a != NULL && json_equal(a, b))),
                  "JSON is %s and not %s", got != NULL ? got : "NULL", expected != NULL ? expected : "NULL");
    json_decref(a);
    json_decref(b);
}

/* Empty tables but for the runs "run-1" and "run-2" of namespace ns, "run-over" of it that is, "run-other" of other. */
static inline void tt_runs(void)
{
    kfp_fresh();
    kfp_run("run-1", "ns", "RUNNING");
    kfp_run("run-2", "ns", "RUNNING");
    kfp_run("run-over", "ns", "FAILED");
    kfp_run("run-other", "other", "RUNNING");
}

static inline kfps_task tt_task(const char *run, const char *parent, const char *name, int32_t state)
{
    return (kfps_task){.task_namespace = "ns",
                       .run_uuid = run,
                       .parent_uuid = parent,
                       .name = name,
                       .display_name = name,
                       .scope_path = "root",
                       .state = state,
                       .type = KFPS_TASK_RUNTIME};
}

/* Creates one and gives its UUID. */
static inline void tt_create(kfps_session *session, const kfps_task *task, char uuid[KFPS_UUID_SIZE])
{
    kfps_error error;
    kfps_task_list *list = NULL;
    kfp_ok(kfps_task_create(session, task, 1, NULL, &list, &error), &error);
    snprintf(uuid, KFPS_UUID_SIZE, "%s", list->items[0].task.uuid);
    kfps_task_list_free(list);
}

/* A row of artifacts, and of artifact_tasks, as another program would write it. */
static inline void tt_artifact(const char *uuid, const char *space, int32_t type)
{
    char sql[1024];
    snprintf(sql, sizeof sql,
             "INSERT INTO \"artifacts\" (\"UUID\",\"Namespace\",\"Type\",\"URI\",\"URIHash\",\"Name\",\"Description\","
             "\"CreatedAtInSec\",\"LastUpdateInSec\",\"Metadata\") VALUES "
             "('%s','%s',%d,'s3://b/%s','h','name-%s','said',5,6,'{\"a\":1}')",
             uuid, space, type, uuid, uuid);
    kfp_exec(sql);
}

static inline void tt_link(const char *artifact, const char *task, const char *run, int32_t type, const char *key,
                           const char *producer, int64_t iteration)
{
    char sql[1024];
    snprintf(sql, sizeof sql,
             "INSERT INTO \"artifact_tasks\" (\"UUID\",\"ArtifactID\",\"TaskID\",\"Type\",\"Iteration\",\"RunUUID\","
             "\"Producer\",\"ArtifactKey\") VALUES ('l%d-%.20s-%.36s-%s','%s','%s',%d,%" PRId64 ",'%s',%s%s%s,'%s')",
             type, artifact, task, key, artifact, task, type, iteration, run, producer != NULL ? "'" : "",
             producer != NULL ? producer : "NULL", producer != NULL ? "'" : "", key);
    kfp_exec(sql);
}

static inline int64_t tt_tasks_where(const char *where)
{
    char sql[512];
    snprintf(sql, sizeof sql, "SELECT COUNT(*) FROM \"tasks\" WHERE %s", where);
    return kfp_count(sql);
}

/* Counts statements through the log. */
typedef struct tt_statements {
    pthread_mutex_t mutex;
    int count;
    int plain; /* without BEGIN, COMMIT and the like */
} tt_statements;

static inline void tt_statement(void *user, int32_t level, const char *facility, const char *message)
{
    tt_statements *s = user;
    (void) level;
    if (strcmp(facility, "sql") != 0)
        return;
    pthread_mutex_lock(&s->mutex);
    s->count++;
    if (strstr(message, "SELECT") != NULL || strstr(message, "INSERT") != NULL || strstr(message, "UPDATE") != NULL ||
        strstr(message, "DELETE") != NULL)
        s->plain++;
    pthread_mutex_unlock(&s->mutex);
}

static inline kfps_store *tt_counted_store(tt_statements *statements)
{
    kfps_store_options options;
    kfps_store_options_init(&options);
    options.log = tt_statement;
    options.log_user = statements;
    options.log_level = KFPS_LOG_DEBUG;
    options.slow_statement_ms = 0;
    return kfp_store(&options);
}

/* A clock that stands still. */
static inline int32_t tt_clock(void *user, int64_t *seconds)
{
    *seconds = *(const int64_t *) user;
    return 0;
}

/* Refuses everything, and remembers what it was asked. */
typedef struct tt_guard {
    int32_t verb, resource;
    char space[64], run[64];
    int asked;
} tt_guard;

static inline int32_t tt_refuse(void *user, const kfps_access *access)
{
    tt_guard *guard = user;
    guard->asked++;
    guard->verb = access->verb;
    guard->resource = access->resource;
    snprintf(guard->space, sizeof guard->space, "%s",
             access->access_namespace != NULL ? access->access_namespace : "-");
    snprintf(guard->run, sizeof guard->run, "%s", access->run_uuid != NULL ? access->run_uuid : "-");
    return 1;
}

#endif
