/* SPDX-License-Identifier: Apache-2.0 */
/* reads.c: look-ups by key, by URI, by fingerprint. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/stores/bench.h"

const char bench_artifact_columns[] =
    "\"UUID\",\"Namespace\",\"Type\",\"URI\",\"URIHash\",\"Name\",\"Description\",\"CreatedAtInSec\","
    "\"LastUpdateInSec\",\"Metadata\",\"NumberValue\",\"IdentityKey\"";
const char bench_task_columns[] =
    "\"UUID\",\"Namespace\",\"RunUUID\",\"pods\",\"CreatedAtInSec\",\"StartedInSec\",\"FinishedInSec\",\"Fingerprint\","
    "\"Name\",\"DisplayName\",\"ParentTaskUUID\",\"State\",\"StatusMetadata\",\"StateHistory\",\"InputParameters\","
    "\"OutputParameters\",\"Type\",\"TypeAttrs\",\"ScopePath\",\"LogicalKey\"";
const char bench_link_columns[] = "\"UUID\",\"ArtifactID\",\"TaskID\",\"Type\",\"Iteration\",\"RunUUID\",\"Producer\","
                                  "\"ArtifactKey\"";

/* A number that goes all over the table. */
static size_t scattered(const bench *b, size_t call)
{
    return call * 7919 % b->data.count;
}

/* "SELECT columns FROM …", made once: the client keeps statements by their text. */
#define STATEMENT(name, ...)                          \
    static char name[2048];                           \
    do {                                              \
        if (name[0] == '\0')                          \
            snprintf(name, sizeof name, __VA_ARGS__); \
    } while (0)

/* ---- by key ------------------------------------------------------------------------------------------------------ */

static void get_artifact(bench *b, const operation *op, size_t call)
{
    kfps_error error;
    kfps_artifact_list *list = NULL;
    bench_ok(kfps_artifact_get(b->session, b->data.artifacts[scattered(b, call)], &list, &error), &error, op->name);
    kfps_artifact_list_free(list);
}

static void floor_get_artifact(bench *b, const operation *op, size_t call)
{
    (void) op;
    STATEMENT(sql, "SELECT %s FROM \"artifacts\" WHERE \"UUID\"=?", bench_artifact_columns);
    const kfps_value value = v_text(b->data.artifacts[scattered(b, call)]);
    b->ops->query(b->client, sql, &value, 1, NULL);
}

static void get_by_uri(bench *b, const operation *op, size_t call)
{
    kfps_error error;
    kfps_artifact_list *list = NULL;
    char uri[96], space[16];
    const size_t number = scattered(b, call);
    snprintf(uri, sizeof uri, "s3://bucket/pipelines/weekly/%06zu/model.bst", number);
    bench_ok(kfps_artifact_get_by_uri(b->session, bench_namespace(number, space), uri, &list, &error), &error,
             op->name);
    if (list->count != 1)
        floor_die(op->name, "not one artifact");
    kfps_artifact_list_free(list);
}

static void floor_get_by_uri(bench *b, const operation *op, size_t call)
{
    (void) op;
    char uri[96], space[16], hash[KFPS_HASH_SIZE];
    const size_t number = scattered(b, call);
    STATEMENT(sql, "SELECT %s FROM \"artifacts\" WHERE \"Namespace\"=? AND \"URIHash\"=?", bench_artifact_columns);
    snprintf(uri, sizeof uri, "s3://bucket/pipelines/weekly/%06zu/model.bst", number);
    kfps_uri_hash(uri, hash);
    const kfps_value values[] = {v_text(bench_namespace(number, space)), v_text(hash)};
    b->ops->query(b->client, sql, values, 2, NULL);
}

/* op->size: 1 with ten artifacts, or many without. */
static void get_task(bench *b, const operation *op, size_t call)
{
    kfps_error error;
    kfps_task_list *list = NULL;
    const size_t number = scattered(b, call) / 100 * 100; /* those have ten links */
    bench_ok(kfps_task_get(b->session, b->data.tasks[number], KFPS_VIEW_FULL, &list, &error), &error, op->name);
    if (list->items[0].input_count + list->items[0].output_count != 10)
        floor_die(op->name, "not ten artifacts");
    kfps_task_list_free(list);
}

static const char link_columns[] =
    "l.\"UUID\",l.\"TaskID\",l.\"Type\",l.\"Iteration\",l.\"Producer\",l.\"ArtifactKey\",l.\"RunUUID\","
    "a.\"UUID\",a.\"Namespace\",a.\"Type\",a.\"URI\",a.\"URIHash\",a.\"Name\",a.\"Description\","
    "a.\"CreatedAtInSec\",a.\"LastUpdateInSec\",a.\"Metadata\",a.\"NumberValue\",a.\"IdentityKey\"";

/* As hydrate.c has it: on MariaDB with the index, on PostgreSQL with one plan for all tasks. */
static void floor_links(bench *b, const char *task)
{
    const kfps_value value = v_text(task);
    const char *hint = strcmp(b->ops->engine, "mysql") == 0 ? "FORCE INDEX (\"kfpstore_links_task\")" : "";
    const char *key = hint[0] != '\0' ? "FORCE INDEX (PRIMARY)" : "";
    const char *place = strcmp(b->ops->engine, "pgsql") == 0 ? "(SELECT ?)" : "?";
    STATEMENT(links,
              "SELECT %s FROM \"artifact_tasks\" l %s JOIN \"artifacts\" a %s ON a.\"UUID\"=l.\"ArtifactID\" "
              "WHERE l.\"TaskID\"=%s",
              link_columns, hint, key, place);
    b->ops->query(b->client, links, &value, 1, NULL);
}

static void floor_get_task(bench *b, const operation *op, size_t call)
{
    (void) op;
    const kfps_value value = v_text(b->data.tasks[scattered(b, call) / 100 * 100]);
    STATEMENT(task, "SELECT %s FROM \"tasks\" WHERE \"UUID\"=?", bench_task_columns);
    b->ops->query(b->client, task, &value, 1, NULL);
    floor_links(b, value.text_value);
}

static void get_tasks(bench *b, const operation *op, size_t call)
{
    kfps_error error;
    kfps_task_list *list = NULL;
    const char *uuids[256];
    for (size_t i = 0; i < op->size; i++)
        uuids[i] = b->data.tasks[scattered(b, call * op->size + i)];
    bench_ok(kfps_task_get_many(b->session, uuids, op->size, KFPS_VIEW_RUNTIME, &list, &error), &error, op->name);
    kfps_task_list_free(list);
}

static void floor_get_tasks(bench *b, const operation *op, size_t call)
{
    static char sql[4096];
    kfps_value values[256];
    if (sql[0] == '\0') {
        int length = snprintf(sql, sizeof sql, "SELECT %s FROM \"tasks\" WHERE \"UUID\" IN (", bench_task_columns);
        for (size_t i = 0; i < op->size; i++)
            length += snprintf(sql + length, sizeof sql - (size_t) length, i > 0 ? ",?" : "?");
        snprintf(sql + length, sizeof sql - (size_t) length, ")");
    }
    for (size_t i = 0; i < op->size; i++)
        values[i] = v_text(b->data.tasks[scattered(b, call * op->size + i)]);
    b->ops->query(b->client, sql, values, op->size, NULL);
}

/* ---- the cache --------------------------------------------------------------------------------------------------- */

enum { DISTINCT, SHARED, MISS };

/* op->size says which kind; op->text: with the namespace, or NULL. Without printf: its code, in no cache after a
 * statement, took 3 of a call's 121 us, which the floor does not spend. */
static const char *fingerprint_of(const bench *b, const operation *op, size_t call, char out[80])
{
    enum { DIGITS = 64 };
    size_t number = op->size == SHARED ? 0xabc : op->size == MISS ? 0 : call % (b->data.count / 10) + 0x1000;
    memset(out, '0', DIGITS);
    out[DIGITS] = '\0';
    for (char *digit = out + DIGITS - 1; number > 0; number /= 16)
        *digit-- = "0123456789abcdef"[number % 16];
    return out;
}

static void find_cached(bench *b, const operation *op, size_t call)
{
    kfps_error error;
    char fingerprint[80];
    kfps_task_list *list = NULL;
    const int32_t view = op->text != NULL && strstr(op->text, "full") != NULL ? KFPS_VIEW_FULL : KFPS_VIEW_RUNTIME;
    const char *space = op->text != NULL && strncmp(op->text, "ns", 2) == 0 ? (op->size == SHARED ? "ns-1" : "ns-0")
                                                                            : NULL;
    bench_ok(kfps_task_find_cached(b->session, space, fingerprint_of(b, op, call, fingerprint), view, &list, &error),
             &error, op->name);
    if (list->count != (op->size == MISS ? 0 : 1))
        floor_die(op->name, "found too many or too few");
    kfps_task_list_free(list);
}

/* A point read of one task; two of them where the library hydrates. */
static void floor_find_cached(bench *b, const operation *op, size_t call)
{
    const kfps_value value = v_text(op->size == MISS ? "no such task" : b->data.tasks[scattered(b, call)]);
    STATEMENT(sql, "SELECT %s FROM \"tasks\" WHERE \"UUID\"=?", bench_task_columns);
    b->ops->query(b->client, sql, &value, 1, NULL);
    if (op->text != NULL && strstr(op->text, "full") != NULL)
        b->ops->query(b->client, sql, &value, 1, NULL);
}

/* How the newest task of a fingerprint is found, as task_cache.c has it. */
static const char *newest_of(const char *engine)
{
    return strcmp(engine, "pgsql") == 0 ? "WHERE (\"Fingerprint\",\"State\")<=((SELECT ?),2) AND "
                                          "(\"Fingerprint\",\"State\",\"UUID\")>=((SELECT ?),2,'') "
                                          "ORDER BY \"Fingerprint\" DESC,\"State\" DESC,"
                                        : "WHERE \"Fingerprint\"=? AND \"State\"=2 ORDER BY ";
}

/* Not two reads by key, but what is really needed: that task, and its links and their artifacts; on MariaDB, where a
 * statement costs more than a wider one, all in one. */
static void floor_find_hydrated(bench *b, const operation *op, size_t call)
{
    char fingerprint[80], uuid[64] = "";
    const kfps_value value = v_text(fingerprint_of(b, op, call, fingerprint)), values[] = {value, value};
    if (strcmp(b->ops->engine, "mysql") == 0) {
        STATEMENT(all,
                  "SELECT STRAIGHT_JOIN t.*,%s FROM \"tasks\" t FORCE INDEX (PRIMARY) "
                  "LEFT JOIN \"artifact_tasks\" l FORCE INDEX (\"kfpstore_links_task\") ON l.\"TaskID\"=t.\"UUID\" "
                  "LEFT JOIN \"artifacts\" a FORCE INDEX (PRIMARY) ON a.\"UUID\"=l.\"ArtifactID\" WHERE t.\"UUID\"="
                  "(SELECT MAX(\"UUID\") FROM \"tasks\" FORCE INDEX (\"kfpstore_tasks_cache\") WHERE "
                  "\"Fingerprint\"=? AND \"State\"=2 AND \"CreatedAtInSec\"="
                  "(SELECT MAX(\"CreatedAtInSec\") FROM \"tasks\" FORCE INDEX (\"kfpstore_tasks_cache\") WHERE "
                  "\"Fingerprint\"=? AND \"State\"=2))",
                  link_columns);
        b->ops->query(b->client, all, values, 2, NULL);
        return;
    }
    STATEMENT(sql, "SELECT %s FROM \"tasks\" %s\"CreatedAtInSec\" DESC,\"UUID\" DESC LIMIT 1", bench_task_columns,
              newest_of(b->ops->engine));
    b->ops->query(b->client, sql, values, strcmp(b->ops->engine, "pgsql") == 0 ? 2 : 1, uuid);
    floor_links(b, uuid);
}

const operation bench_reads[] = {
    {"get artifact", 1.25, 2000, NULL, get_artifact, floor_get_artifact, 0, NULL},
    {"get artifacts by URI", 1.25, 2000, NULL, get_by_uri, floor_get_by_uri, 0, NULL},
    {"get task with 10 artifacts", 1.25, 1000, NULL, get_task, floor_get_task, 0, NULL},
    {"get 100 tasks", 1.25, 100, NULL, get_tasks, floor_get_tasks, 100, NULL},
    {"find cached: distinct, namespace", 2, 2000, NULL, find_cached, floor_find_cached, DISTINCT, "ns"},
    {"find cached: distinct", 2, 2000, NULL, find_cached, floor_find_cached, DISTINCT, NULL},
    {"find cached: none", 2, 2000, NULL, find_cached, floor_find_cached, MISS, NULL},
    {"find cached: 10,000 alike, namespace", 2, 2000, NULL, find_cached, floor_find_cached, SHARED, "ns"},
    {"find cached: 10,000 alike", 2, 2000, NULL, find_cached, floor_find_cached, SHARED, NULL},
    {"find cached: 10,000 alike, hydrated", 2, 1000, NULL, find_cached, floor_find_cached, SHARED, "full"},
    {"find cached: hydrated, by its statements", 1.25, 1000, NULL, find_cached, floor_find_hydrated, SHARED, "full"},
    {NULL, 0, 0, NULL, NULL, NULL, 0, NULL},
};
