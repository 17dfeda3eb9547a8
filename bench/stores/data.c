/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/stores/data.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/floor.h"

enum { CHUNK = 1000 };

const char bench_metadata[] =
    "{\"accuracy\":0.973,\"epochs\":12,\"framework\":\"xgboost\",\"labels\":[\"alpha\",\"beta\",\"gamma\",\"delta\"],"
    "\"notes\":\"trained on the weekly snapshot; compare with the run of the week before and keep both for the "
    "audit\",\"parameters\":{\"booster\":\"gbtree\",\"depth\":6,\"eta\":0.3,\"lambda\":1,\"subsample\":0.8},\"stage\":"
    "\"candidate\"}";
const char bench_inputs[] =
    "[{\"parameterKey\":\"learning_rate\",\"type\":\"COMPONENT_INPUT\",\"value\":0.1},{\"parameterKey\":\"epochs\","
    "\"type\":\"COMPONENT_INPUT\",\"value\":12},{\"parameterKey\":\"dataset\",\"producer\":{\"taskName\":\"prepare\"},"
    "\"type\":\"TASK_OUTPUT_INPUT\",\"value\":\"s3://bucket/datasets/weekly/2026-11-27/part-0001.parquet\"},{"
    "\"parameterKey\":\"comment\",\"type\":\"RUNTIME_VALUE_INPUT\",\"value\":\"the same words for each, so that the text "
    "has the length of a usual one\"}]";
const char bench_outputs[] =
    "[{\"parameterKey\":\"accuracy\",\"producer\":{\"taskName\":\"trainer\"},\"type\":\"OUTPUT\",\"value\":0.973},{"
    "\"parameterKey\":\"model_path\",\"producer\":{\"taskName\":\"trainer\"},\"type\":\"OUTPUT\",\"value\":"
    "\"s3://bucket/models/weekly/2026-11-27/model.bst\"},{\"parameterKey\":\"loss\",\"producer\":{\"taskName\":"
    "\"trainer\"},\"type\":\"OUTPUT\",\"value\":0.0271}]";

void bench_ok(kfps_status status, const kfps_error *error, const char *what)
{
    if (status != KFPS_OK)
        floor_die(what, error->message);
}

const char *bench_run(size_t number, char out[32])
{
    snprintf(out, 32, "run-%06zu", number);
    return out;
}

const char *bench_namespace(size_t number, char out[16])
{
    snprintf(out, 16, "ns-%zu", number % BENCH_NAMESPACES);
    return out;
}

/* As an API server writes them, in a transaction of the library's. */
static void load_runs(kfps_session *session, size_t runs)
{
    static const char insert[] =
        "INSERT INTO \"run_details\" (\"UUID\",\"DisplayName\",\"Name\",\"Description\",\"Namespace\","
        "\"ExperimentUUID\",\"StorageState\",\"ServiceAccount\",\"PipelineId\",\"PipelineName\",\"CreatedAtInSec\","
        "\"Conditions\",\"State\",\"PipelineRuntimeManifest\",\"WorkflowRuntimeManifest\") VALUES "
        "(?,?,'run','',?,'exp','AVAILABLE','','pipeline-1','pipe',?,'','RUNNING','','')";
    kfps_error error;
    char uuid[32], space[16];
    bench_ok(kfps_txn_begin(session, &error), &error, "begin");
    for (size_t i = 0; i < runs; i++) {
        bench_run(i, uuid);
        const kfps_value values[] = {
            {.kind = KFPS_VALUE_TEXT, .text_value = uuid},
            {.kind = KFPS_VALUE_TEXT, .text_value = uuid},
            {.kind = KFPS_VALUE_TEXT, .text_value = bench_namespace(i, space)},
            {.kind = KFPS_VALUE_INT, .int_value = BENCH_START + (int64_t) i},
        };
        bench_ok(kfps_txn_exec(session, insert, values, 4, NULL, &error), &error, "run_details");
    }
    bench_ok(kfps_txn_commit(session, &error), &error, "commit");
}

static int32_t bench_clock(void *user, int64_t *seconds)
{
    *seconds = *(const int64_t *) user;
    return 0;
}

static void load_tasks(kfps_session *session, bench_data *data)
{
    kfps_error error;
    static kfps_task tasks[CHUNK];
    static char names[CHUNK][32], fingerprints[CHUNK][80], runs[CHUNK][32], spaces[CHUNK][16];
    for (size_t first = 0; first < data->count; first += CHUNK) {
        const size_t n = data->count - first < CHUNK ? data->count - first : CHUNK;
        kfps_task_list *list = NULL;
        for (size_t i = 0; i < n; i++) {
            const size_t number = first + i;
            const size_t tenth = number * 10 / data->count;
            snprintf(names[i], sizeof names[i], "task-%06zu", number);
            snprintf(fingerprints[i], sizeof fingerprints[i], "%064zx", tenth == 1 ? (size_t) 0xabc : number + 0x1000);
            tasks[i] = (kfps_task){
                .task_namespace = tenth < 2 ? bench_namespace(tenth, spaces[i])
                                            : bench_namespace(number / BENCH_RUN_TASKS, spaces[i]),
                .run_uuid = bench_run(number / BENCH_RUN_TASKS, runs[i]),
                .fingerprint = fingerprints[i],
                .name = names[i],
                .display_name = names[i],
                .scope_path = "root",
                .input_parameters_json = bench_inputs,
                .output_parameters_json = tenth < 2 ? bench_outputs : NULL,
                .state = tenth < 2 ? KFPS_TASK_SUCCEEDED : KFPS_TASK_RUNNING,
                .type = KFPS_TASK_RUNTIME,
                .created_at = BENCH_START + (int64_t) number / 5,
                .started_at = BENCH_START + (int64_t) number / 5,
            };
        }
        bench_ok(kfps_task_create(session, tasks, n, NULL, &list, &error), &error, "kfps_task_create");
        for (size_t i = 0; i < n; i++)
            memcpy(data->tasks[first + i], list->items[i].task.uuid, KFPS_UUID_SIZE);
        kfps_task_list_free(list);
    }
}

static void load_artifacts(kfps_session *session, bench_data *data, int64_t *now)
{
    kfps_error error;
    static kfps_artifact artifacts[CHUNK];
    static char names[CHUNK][32], uris[CHUNK][96], spaces[CHUNK][16];
    for (size_t first = 0; first < data->count;) {
        kfps_artifact_list *list = NULL;
        size_t n = 0;
        *now = BENCH_START + (int64_t) first / 5;
        for (; n < 5 && first + n < data->count; n++) {
            const size_t number = first + n;
            snprintf(names[n], sizeof names[n], "artifact-%06zu", (number * 7919) % data->count);
            snprintf(uris[n], sizeof uris[n], "s3://bucket/pipelines/weekly/%06zu/model.bst", number);
            artifacts[n] = (kfps_artifact){
                .artifact_namespace = bench_namespace(number, spaces[n]),
                .type = (int32_t) (number / BENCH_NAMESPACES % 8) + 1,
                .uri = uris[n],
                .name = names[n],
                .metadata_json = bench_metadata,
                .has_number_value = 1,
                .number_value = (double) number / 3,
            };
        }
        bench_ok(kfps_artifact_create(session, artifacts, n, &list, &error), &error, "kfps_artifact_create");
        for (size_t i = 0; i < n; i++)
            memcpy(data->artifacts[first + i], list->items[i].uuid, KFPS_UUID_SIZE);
        kfps_artifact_list_free(list);
        first += n;
    }
}

/* 1,000 tasks with ten links each, most others with three. */
static size_t links_of(const bench_data *data, size_t task)
{
    return task % 100 == 0 ? 10 : task * 100 / data->count < 93 ? 3 : 2;
}

static void load_links(kfps_session *session, const bench_data *data)
{
    kfps_error error;
    static kfps_artifact_task links[CHUNK];
    static char runs[CHUNK][32];
    size_t n = 0;
    for (size_t task = 0; task < data->count; task++) {
        for (size_t k = 0; k < links_of(data, task); k++) {
            links[n] = (kfps_artifact_task){
                .artifact_uuid = data->artifacts[(task * 13 + k * 1009) % data->count],
                .task_uuid = data->tasks[task],
                .run_uuid = bench_run(task / BENCH_RUN_TASKS, runs[n]),
                .producer_json = "{\"taskName\":\"trainer\"}",
                .artifact_key = "model",
                .type = k == 0 ? KFPS_IO_OUTPUT : KFPS_IO_COMPONENT_INPUT,
            };
            n++;
        }
        if (n + 10 > CHUNK || task + 1 == data->count) {
            bench_ok(kfps_artifact_task_create(session, links, n, KFPS_EXISTING_FAIL, NULL, NULL, &error), &error,
                     "kfps_artifact_task_create");
            n = 0;
        }
    }
}

void bench_load(kfps_store *store, kfps_session *session, bench_data *data, size_t count)
{
    kfps_error error;
    int64_t now = BENCH_START;
    data->count = count;
    data->runs = count / BENCH_RUN_TASKS + 1;
    data->artifacts = floor_grow(NULL, count, sizeof *data->artifacts);
    data->tasks = floor_grow(NULL, count, sizeof *data->tasks);
    load_runs(session, data->runs);
    load_tasks(session, data);
    kfps_store_set_clock(store, bench_clock, &now);
    /* one transaction for many calls: this is the loading, not what is measured */
    bench_ok(kfps_txn_begin(session, &error), &error, "begin");
    load_artifacts(session, data, &now);
    bench_ok(kfps_txn_commit(session, &error), &error, "commit");
    kfps_store_set_clock(store, NULL, NULL);
    load_links(session, data);
}
