/* SPDX-License-Identifier: Apache-2.0 */
/*
 * writes.c: creation and update. Everything that is written belongs to a run of its own and is deleted before the next
 * repetition, so that the tables keep their size. The floor takes the same locks, does the same checks and writes the
 * same rows, in the fewest statements that its writer could think of.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench/stores/bench.h"
#include "libkfpstore/session.h"

enum { MOST = 1000 };

static const char run_uuid[] = "run-bench", space[] = "ns-0";

const char *bench_new_uuid(bench *b)
{
    kfps_error error;
    bench_ok(kfpsi_new_uuid(b->store, b->uuid, &error), &error, "UUID");
    return b->uuid;
}

static bool is_sqlite(const bench *b)
{
    return strcmp(b->ops->engine, "sqlite") == 0;
}

static const char *share(const bench *b)
{
    return is_sqlite(b) ? "" : strcmp(b->ops->engine, "mysql") == 0 ? " LOCK IN SHARE MODE" : " FOR SHARE";
}

static void command(bench *b, const char *sql)
{
    b->ops->exec(b->client, sql, NULL, 0);
}

static void begin(bench *b)
{
    command(b, is_sqlite(b) ? "BEGIN IMMEDIATE" : "BEGIN");
}

static void commit(bench *b)
{
    command(b, "COMMIT");
}

/* ---- rows -------------------------------------------------------------------------------------------------------- */

static const char *const artifact_columns[] = {"UUID",     "Namespace",  "Type",           "URI",
                                               "URIHash",  "Name",       "CreatedAtInSec", "LastUpdateInSec",
                                               "Metadata", "IdentityKey"};
static const char *const artifact_types[] = {"text", "text",   "int",    "text", "text",
                                             "text", "bigint", "bigint", "json", "text"};
static const char *const link_columns[] = {"UUID",      "ArtifactID", "TaskID",   "Type",
                                           "Iteration", "RunUUID",    "Producer", "ArtifactKey"};
static const char *const link_types[] = {"text", "text", "text", "int", "bigint", "text", "json", "text"};
enum { ARTIFACT_COLUMNS = 10, LINK_COLUMNS = 8 };

typedef struct rows {
    char uuids[MOST][KFPS_UUID_SIZE], link_uuids[MOST][KFPS_UUID_SIZE];
    char names[MOST][32], uris[MOST][96], hashes[MOST][KFPS_HASH_SIZE], keys[MOST][KFPS_HASH_SIZE];
    kfps_artifact artifacts[MOST];
    kfps_artifact_task links[MOST];
    kfps_value artifact_values[MOST * ARTIFACT_COLUMNS];
    kfps_value link_values[MOST * LINK_COLUMNS];
} rows;

static rows r;
static char tasks[MOST][KFPS_UUID_SIZE]; /* of the run, made once a repetition */
static size_t task_count;

/* `serial` makes the names; the same serial, the same artifact. */
static void make_records(size_t serial, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        snprintf(r.names[i], sizeof r.names[i], "bench-%zu-%zu", serial, i);
        snprintf(r.uris[i], sizeof r.uris[i], "s3://bucket/bench/weekly/%zu/%zu/model.bst", serial, i);
        r.artifacts[i] = (kfps_artifact){.artifact_namespace = space,
                                         .type = KFPS_ARTIFACT_MODEL,
                                         .uri = r.uris[i],
                                         .name = r.names[i],
                                         .metadata_json = bench_metadata};
        r.links[i] = (kfps_artifact_task){.task_uuid = tasks[i % task_count],
                                          .run_uuid = run_uuid,
                                          .producer_json = "{\"taskName\":\"trainer\"}",
                                          .artifact_key = "model",
                                          .type = KFPS_IO_OUTPUT};
    }
}

/* The values of the floor's inserts; the hashes are its work too, and so are the UUIDs. */
static void make_values(bench *b, size_t count, bool with_key)
{
    const int64_t now = (int64_t) time(NULL);
    for (size_t i = 0; i < count; i++) {
        kfps_value *a = r.artifact_values + i * ARTIFACT_COLUMNS, *l = r.link_values + i * LINK_COLUMNS;
        kfps_uri_hash(r.uris[i], r.hashes[i]);
        if (with_key)
            kfps_artifact_identity_key(KFPS_ARTIFACT_MODEL, r.uris[i], r.names[i], NULL, bench_metadata, r.keys[i],
                                       NULL);
        memcpy(r.uuids[i], bench_new_uuid(b), KFPS_UUID_SIZE);
        memcpy(r.link_uuids[i], bench_new_uuid(b), KFPS_UUID_SIZE);
        const kfps_value artifact[] = {v_text(r.uuids[i]),
                                       v_text(space),
                                       v_int(KFPS_ARTIFACT_MODEL),
                                       v_text(r.uris[i]),
                                       v_text(r.hashes[i]),
                                       v_text(r.names[i]),
                                       v_int(now),
                                       v_int(now),
                                       v_text(bench_metadata),
                                       with_key ? v_text(r.keys[i]) : v_null()};
        const kfps_value link[] = {v_text(r.link_uuids[i]),
                                   v_text(r.uuids[i]),
                                   v_text(tasks[i % task_count]),
                                   v_int(KFPS_IO_OUTPUT),
                                   v_int(-1),
                                   v_text(run_uuid),
                                   v_text("{\"taskName\":\"trainer\"}"),
                                   v_text("model")};
        memcpy(a, artifact, sizeof artifact);
        memcpy(l, link, sizeof link);
    }
}

static void insert_artifacts(bench *b, size_t count)
{
    static const char one[] =
        "INSERT INTO \"artifacts\" (\"UUID\",\"Namespace\",\"Type\",\"URI\",\"URIHash\",\"Name\",\"CreatedAtInSec\","
        "\"LastUpdateInSec\",\"Metadata\",\"IdentityKey\") VALUES (?,?,?,?,?,?,?,?,?,?)";
    if (count == 1)
        b->ops->exec(b->client, one, r.artifact_values, ARTIFACT_COLUMNS);
    else
        b->ops->bulk(b->client, "artifacts", artifact_columns, artifact_types, ARTIFACT_COLUMNS, r.artifact_values,
                     count);
}

static void insert_links(bench *b, size_t count)
{
    static const char one[] = "INSERT INTO \"artifact_tasks\" (\"UUID\",\"ArtifactID\",\"TaskID\",\"Type\","
                              "\"Iteration\",\"RunUUID\",\"Producer\",\"ArtifactKey\") VALUES (?,?,?,?,?,?,?,?)";
    if (count == 1)
        b->ops->exec(b->client, one, r.link_values, LINK_COLUMNS);
    else
        b->ops->bulk(b->client, "artifact_tasks", link_columns, link_types, LINK_COLUMNS, r.link_values, count);
}

static void floor_lock_run(bench *b)
{
    static char sql[256];
    const kfps_value value = v_text(run_uuid);
    snprintf(sql, sizeof sql, "SELECT \"State\",\"Conditions\",\"Namespace\" FROM \"run_details\" WHERE \"UUID\"=?%s",
             share(b));
    b->ops->query(b->client, sql, &value, 1, NULL);
}

static void floor_read_tasks(bench *b, size_t count)
{
    char sql[2048];
    static kfps_value values[256];
    for (size_t first = 0; first < count && first < task_count; first += 200) {
        const size_t left = (count < task_count ? count : task_count) - first, n = left < 200 ? left : 200;
        int length = snprintf(sql, sizeof sql,
                              "SELECT \"UUID\",\"RunUUID\",\"Namespace\" FROM \"tasks\" WHERE \"UUID\" IN (");
        for (size_t i = 0; i < n; i++) {
            length += snprintf(sql + length, sizeof sql - (size_t) length, i > 0 ? ",?" : "?");
            values[i] = v_text(tasks[first + i]);
        }
        snprintf(sql + length, sizeof sql - (size_t) length, ")");
        b->ops->query(b->client, sql, values, n, NULL);
    }
}

/* ---- before a repetition ----------------------------------------------------------------------------------------- */

static void clean(bench *b)
{
    static const char *const statements[] = {
        "DELETE FROM \"artifact_tasks\" WHERE \"RunUUID\" LIKE 'run-bench%'",
        "UPDATE \"tasks\" SET \"ParentTaskUUID\"=NULL WHERE \"RunUUID\" LIKE 'run-bench%'",
        "DELETE FROM \"tasks\" WHERE \"RunUUID\" LIKE 'run-bench%'",
        "DELETE FROM \"run_details\" WHERE \"UUID\" LIKE 'run-bench%'",
        "DELETE FROM \"artifacts\" WHERE \"Name\" LIKE 'bench-%'",
    };
    for (size_t i = 0; i < sizeof statements / sizeof statements[0]; i++)
        command(b, statements[i]);
}

static void make_run(bench *b, const char *uuid)
{
    static const char sql[] =
        "INSERT INTO \"run_details\" (\"UUID\",\"DisplayName\",\"Name\",\"Description\",\"Namespace\","
        "\"ExperimentUUID\",\"StorageState\",\"ServiceAccount\",\"PipelineId\",\"PipelineName\",\"CreatedAtInSec\","
        "\"Conditions\",\"State\",\"PipelineRuntimeManifest\",\"WorkflowRuntimeManifest\") VALUES "
        "(?,'bench','run','',?,'exp','AVAILABLE','','pipeline-1','pipe',1,'','RUNNING','','')";
    const kfps_value values[] = {v_text(uuid), v_text(space)};
    b->ops->exec(b->client, sql, values, 2);
}

static void make_tasks(bench *b, size_t count)
{
    static kfps_task records[MOST];
    static char names[MOST][32];
    kfps_error error;
    kfps_task_list *list = NULL;
    task_count = count;
    for (size_t i = 0; i < count; i++) {
        snprintf(names[i], sizeof names[i], "bench-%zu", i);
        records[i] = (kfps_task){.task_namespace = space,
                                 .run_uuid = run_uuid,
                                 .fingerprint = "",
                                 .name = names[i],
                                 .scope_path = "root",
                                 .input_parameters_json = bench_inputs,
                                 .state = KFPS_TASK_RUNNING,
                                 .type = KFPS_TASK_RUNTIME};
    }
    bench_ok(kfps_task_create(b->session, records, count, NULL, &list, &error), &error, "kfps_task_create");
    for (size_t i = 0; i < count; i++)
        memcpy(tasks[i], list->items[i].task.uuid, KFPS_UUID_SIZE);
    kfps_task_list_free(list);
}

static void prepare(bench *b, const operation *op, size_t calls)
{
    (void) op;
    (void) calls;
    clean(b);
    make_run(b, run_uuid);
    make_tasks(b, MOST);
    b->serial++;
}

/* ---- artifacts --------------------------------------------------------------------------------------------------- */

static void create_artifacts(bench *b, const operation *op, size_t call)
{
    kfps_error error;
    kfps_artifact_list *list = NULL;
    make_records(b->serial * 100000 + call, op->size);
    bench_ok(kfps_artifact_create(b->session, r.artifacts, op->size, &list, &error), &error, op->name);
    kfps_artifact_list_free(list);
}

static void floor_create_artifacts(bench *b, const operation *op, size_t call)
{
    make_records(b->serial * 100000 + call, op->size);
    make_values(b, op->size, false);
    if (op->size > 1)
        begin(b);
    insert_artifacts(b, op->size);
    if (op->size > 1)
        commit(b);
}

static void create_with_links(bench *b, const operation *op, size_t call)
{
    kfps_error error;
    kfps_artifact_list *list = NULL;
    make_records(b->serial * 100000 + call, op->size);
    bench_ok(kfps_artifact_create_with_links(b->session, r.artifacts, r.links, op->size, &list, NULL, &error), &error,
             op->name);
    kfps_artifact_list_free(list);
}

static void floor_create_with_links(bench *b, const operation *op, size_t call)
{
    make_records(b->serial * 100000 + call, op->size);
    make_values(b, op->size, false);
    begin(b);
    floor_lock_run(b);
    floor_read_tasks(b, op->size);
    insert_artifacts(b, op->size);
    insert_links(b, op->size);
    commit(b);
}

/* op->text: "miss": each artifact is new; "link": it is there, the link is new; "replay": both are there. */
static void find_or_create(bench *b, const operation *op, size_t call)
{
    kfps_error error;
    kfps_artifact_list *list = NULL;
    const size_t which = op->text[0] == 'm' ? call : 0;
    make_records(b->serial * 100000 + which, 1);
    if (op->text[0] == 'l')
        r.links[0].task_uuid = tasks[call % task_count];
    bench_ok(kfps_artifact_find_or_create(b->session, &r.artifacts[0], &r.links[0], NULL, &list, NULL, &error), &error,
             op->name);
    kfps_artifact_list_free(list);
}

static void prepare_found(bench *b, const operation *op, size_t calls)
{
    prepare(b, op, calls);
    if (op->text[0] != 'm')
        find_or_create(b, op, MOST - 1);
}

static void floor_find_or_create(bench *b, const operation *op, size_t call)
{
    static char by_key[1024], by_uri[1024], link[1024];
    char found[64] = "";
    const kfps_value task = v_text(tasks[op->text[0] == 'l' ? call % task_count : 0]);
    make_records(b->serial * 100000 + (op->text[0] == 'm' ? call : 0), 1);
    make_values(b, 1, true);
    snprintf(by_key, sizeof by_key, "SELECT %s FROM \"artifacts\" WHERE \"Namespace\"=? AND \"IdentityKey\"=?",
             bench_artifact_columns);
    snprintf(by_uri, sizeof by_uri,
             "SELECT %s FROM \"artifacts\" WHERE \"Namespace\"=? AND \"URIHash\"=? AND \"IdentityKey\" IS NULL",
             bench_artifact_columns);
    snprintf(link, sizeof link,
             "SELECT %s FROM \"artifact_tasks\" WHERE \"ArtifactID\"=? AND \"TaskID\"=? AND \"Type\"=? AND "
             "\"Iteration\"=? AND \"ArtifactKey\"=?",
             bench_link_columns);
    const kfps_value key[] = {v_text(space), v_text(r.keys[0])}, uri[] = {v_text(space), v_text(r.hashes[0])};
    begin(b);
    floor_lock_run(b);
    b->ops->query(b->client, "SELECT \"RunUUID\",\"Namespace\" FROM \"tasks\" WHERE \"UUID\"=?", &task, 1, NULL);
    if (b->ops->query(b->client, by_key, key, 2, found) == 0) {
        b->ops->query(b->client, by_uri, uri, 2, NULL);
        insert_artifacts(b, 1);
        insert_links(b, 1);
    } else {
        const kfps_value same[] = {v_text(found), task, v_int(KFPS_IO_OUTPUT), v_int(-1), v_text("model")};
        if (b->ops->query(b->client, link, same, 5, NULL) == 0) {
            r.link_values[1] = v_text(found);
            r.link_values[2] = task;
            insert_links(b, 1);
        }
    }
    commit(b);
}

/* ---- links ------------------------------------------------------------------------------------------------------- */

static void create_links(bench *b, const operation *op, size_t call)
{
    kfps_error error;
    make_records(0, op->size);
    for (size_t i = 0; i < op->size; i++)
        r.links[i].artifact_uuid = b->data.artifacts[(call * op->size + i) % b->data.count];
    bench_ok(kfps_artifact_task_create(b->session, r.links, op->size, KFPS_EXISTING_FAIL, NULL, NULL, &error), &error,
             op->name);
}

static void floor_create_links(bench *b, const operation *op, size_t call)
{
    static kfps_value values[256];
    char sql[2048];
    make_records(0, op->size);
    make_values(b, op->size, false);
    begin(b);
    floor_lock_run(b);
    floor_read_tasks(b, op->size);
    for (size_t first = 0; first < op->size; first += 200) {
        const size_t n = op->size - first < 200 ? op->size - first : 200;
        int length = snprintf(sql, sizeof sql, "SELECT \"UUID\",\"Namespace\" FROM \"artifacts\" WHERE \"UUID\" IN (");
        for (size_t i = 0; i < n; i++) {
            values[i] = v_text(b->data.artifacts[(call * op->size + first + i) % b->data.count]);
            r.link_values[(first + i) * LINK_COLUMNS + 1] = values[i];
            length += snprintf(sql + length, sizeof sql - (size_t) length, i > 0 ? ",?" : "?");
        }
        snprintf(sql + length, sizeof sql - (size_t) length, ")");
        b->ops->query(b->client, sql, values, n, NULL);
    }
    insert_links(b, op->size);
    commit(b);
}

/* ---- tasks ------------------------------------------------------------------------------------------------------- */

/* op->text: "new" or "replay". */
static void create_task(bench *b, const operation *op, size_t call)
{
    kfps_error error;
    kfps_task_list *list = NULL;
    char name[48];
    snprintf(name, sizeof name, "bench-%s-%zu", op->text, op->text[0] == 'n' ? call : 0);
    const kfps_task task = {.task_namespace = space,
                            .run_uuid = run_uuid,
                            .fingerprint = "",
                            .name = name,
                            .display_name = name,
                            .scope_path = "root",
                            .input_parameters_json = bench_inputs,
                            .state = KFPS_TASK_RUNNING,
                            .type = KFPS_TASK_RUNTIME};
    bench_ok(kfps_task_create(b->session, &task, 1, NULL, &list, &error), &error, op->name);
    kfps_task_list_free(list);
}

static void prepare_task(bench *b, const operation *op, size_t calls)
{
    prepare(b, op, calls);
    if (op->text[0] == 'r')
        create_task(b, op, 0);
}

static void floor_create_task(bench *b, const operation *op, size_t call)
{
    static char by_key[1024];
    static const char insert[] =
        "INSERT INTO \"tasks\" (\"UUID\",\"Namespace\",\"RunUUID\",\"pods\",\"CreatedAtInSec\",\"StartedInSec\","
        "\"FinishedInSec\",\"Fingerprint\",\"Name\",\"DisplayName\",\"State\",\"StatusMetadata\",\"StateHistory\","
        "\"InputParameters\",\"OutputParameters\",\"Type\",\"TypeAttrs\",\"ScopePath\",\"LogicalKey\") VALUES "
        "(?,?,?,'[]',?,?,0,'',?,?,1,'null',?,?,'null',2,'{}','root',?)";
    char name[48], key[KFPS_HASH_SIZE];
    snprintf(name, sizeof name, "bench-%s-%zu", op->text, op->text[0] == 'n' ? call : 0);
    kfps_task_logical_key(run_uuid, NULL, "root", name, KFPS_TASK_RUNTIME, NULL, key);
    snprintf(by_key, sizeof by_key, "SELECT %s FROM \"tasks\" WHERE \"LogicalKey\"=?", bench_task_columns);
    const kfps_value same = v_text(key);
    const int64_t now = (int64_t) time(NULL);
    begin(b);
    floor_lock_run(b);
    if (b->ops->query(b->client, by_key, &same, 1, NULL) == 0) {
        const kfps_value values[] = {v_text(bench_new_uuid(b)),
                                     v_text(space),
                                     v_text(run_uuid),
                                     v_int(now),
                                     v_int(now),
                                     v_text(name),
                                     v_text(name),
                                     v_text("[{\"state\":\"RUNNING\",\"updateTime\":\"2026-11-27T00:00:00Z\"}]"),
                                     v_text(bench_inputs),
                                     same};
        b->ops->exec(b->client, insert, values, sizeof values / sizeof values[0]);
    }
    commit(b);
}

static void update_task(bench *b, const operation *op, size_t call)
{
    kfps_error error;
    const kfps_task_change change = {.uuid = tasks[call % task_count],
                                     .state = KFPS_TASK_SUCCEEDED,
                                     .finished_at = 1764201600,
                                     .output_parameters_json = bench_outputs};
    bench_ok(kfps_task_update(b->session, &change, 1, NULL, NULL, &error), &error, op->name);
}

static void floor_update_task(bench *b, const operation *op, size_t call)
{
    static char select[1024];
    static const char update[] = "UPDATE \"tasks\" SET \"State\"=2,\"FinishedInSec\"=?,\"StateHistory\"=?,"
                                 "\"OutputParameters\"=? WHERE \"UUID\"=?";
    const kfps_value key = v_text(tasks[call % task_count]);
    (void) op;
    snprintf(select, sizeof select, "SELECT %s FROM \"tasks\" WHERE \"UUID\"=?%s", bench_task_columns,
             is_sqlite(b) ? "" : " FOR UPDATE");
    const kfps_value values[] = {
        v_int(1764201600),
        v_text("[{\"state\":\"RUNNING\",\"updateTime\":\"2026-11-27T00:00:00Z\"},{\"state\":\"SUCCEEDED\","
               "\"updateTime\":\"2026-11-27T00:00:09Z\"}]"),
        v_text(bench_outputs), key};
    begin(b);
    /* whose run it is, has to be read before the run can be locked */
    b->ops->query(b->client, "SELECT \"RunUUID\" FROM \"tasks\" WHERE \"UUID\"=?", &key, 1, NULL);
    floor_lock_run(b);
    b->ops->query(b->client, select, &key, 1, NULL);
    b->ops->exec(b->client, update, values, 4);
    commit(b);
}

/* ---- propagation: root, DAG, task; the task ends both -------------------------------------------------------------
 */

static const char spec[] =
    "{\"root\":{\"dag\":{\"tasks\":{\"inner\":{\"componentRef\":{\"name\":\"comp-inner\"},\"taskInfo\":{\"name\":"
    "\"inner\"}}}}},\"components\":{\"comp-inner\":{\"dag\":{\"tasks\":{\"train\":{\"componentRef\":{\"name\":"
    "\"comp-train\"},\"taskInfo\":{\"name\":\"train\"}}}}},\"comp-train\":{\"executorLabel\":\"exec-train\"}},"
    "\"pipelineInfo\":{\"name\":\"bench\"},\"schemaVersion\":\"2.1.0\"}";

enum { TREES = 100 };

static char leaves[TREES][KFPS_UUID_SIZE];

static void create_node(bench *b, const char *run, const char *name, const char *scope, const char *parent,
                        int32_t type, char out[KFPS_UUID_SIZE])
{
    kfps_error error;
    kfps_task_list *list = NULL;
    const kfps_task task = {.task_namespace = space,
                            .run_uuid = run,
                            .fingerprint = "",
                            .name = name,
                            .scope_path = scope,
                            .parent_uuid = parent,
                            .input_parameters_json = bench_inputs,
                            .state = KFPS_TASK_RUNNING,
                            .type = type};
    bench_ok(kfps_task_create(b->session, &task, 1, NULL, &list, &error), &error, "kfps_task_create");
    memcpy(out, list->items[0].task.uuid, KFPS_UUID_SIZE);
    kfps_task_list_free(list);
}

static void prepare_trees(bench *b, const operation *op, size_t calls)
{
    kfps_error error;
    char *shape = NULL;
    prepare(b, op, calls);
    bench_ok(kfps_run_shape_from_spec(spec, &shape, &error), &error, "kfps_run_shape_from_spec");
    for (size_t i = 0; i < TREES; i++) {
        char run[32], root[KFPS_UUID_SIZE], dag[KFPS_UUID_SIZE];
        snprintf(run, sizeof run, "run-bench-%zu", i);
        make_run(b, run);
        bench_ok(kfps_run_set_shape(b->session, run, shape, &error), &error, "kfps_run_set_shape");
        create_node(b, run, "root", "root", NULL, KFPS_TASK_ROOT, root);
        create_node(b, run, "inner", "root.inner", root, KFPS_TASK_DAG, dag);
        create_node(b, run, "train", "root.inner.train", dag, KFPS_TASK_RUNTIME, leaves[i]);
    }
    kfps_free(shape);
}

static void update_leaf(bench *b, const operation *op, size_t call, int32_t propagate)
{
    kfps_error error;
    kfps_task_update_options options;
    kfps_task_update_options_init(&options);
    options.propagate = propagate;
    const kfps_task_change change = {.uuid = leaves[call % TREES],
                                     .state = KFPS_TASK_SUCCEEDED,
                                     .finished_at = 1764201600,
                                     .output_parameters_json = bench_outputs};
    bench_ok(kfps_task_update(b->session, &change, 1, &options, NULL, &error), &error, op->name);
}

static void update_and_propagate(bench *b, const operation *op, size_t call)
{
    update_leaf(b, op, call, 1);
}

static void update_alone(bench *b, const operation *op, size_t call)
{
    update_leaf(b, op, call, 0);
}

const operation bench_writes[] = {
    {"create artifact", 1.25, 1000, prepare, create_artifacts, floor_create_artifacts, 1, NULL},
    {"create artifact with link", 1.25, 1000, prepare, create_with_links, floor_create_with_links, 1, NULL},
    {"create 100 artifacts with links", 1.25, 30, prepare, create_with_links, floor_create_with_links, 100, NULL},
    {"create 1,000 artifacts with links", 1.25, 4, prepare, create_with_links, floor_create_with_links, 1000, NULL},
    {"find or create artifact: new", 1.25, 500, prepare_found, find_or_create, floor_find_or_create, 1, "miss"},
    {"find or create artifact: new link", 1.25, 500, prepare_found, find_or_create, floor_find_or_create, 1, "link"},
    {"find or create artifact: repeated", 1.25, 500, prepare_found, find_or_create, floor_find_or_create, 1, "replay"},
    {"create 100 links", 1.25, 30, prepare, create_links, floor_create_links, 100, NULL},
    {"create 1,000 links", 1.25, 4, prepare, create_links, floor_create_links, 1000, NULL},
    {"create task", 1.25, 500, prepare_task, create_task, floor_create_task, 1, "new"},
    {"create task: repeated", 1.25, 500, prepare_task, create_task, floor_create_task, 1, "replay"},
    {"update task with 3 outputs", 1.25, 900, prepare, update_task, floor_update_task, 1, NULL},
    {"update and end two ancestors : update", 3, TREES, prepare_trees, update_and_propagate, update_alone, 1, NULL},
    {NULL, 0, 0, NULL, NULL, NULL, 0, NULL},
};
