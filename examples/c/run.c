/* SPDX-License-Identifier: Apache-2.0 */
/*
 * run.c: the life of one pipeline run, as an API server writes it with libkfpstore.
 *
 *   cc run.c $(pkg-config --cflags --libs kfpstore) -o run
 *   kfp-migrate schema upgrade --standalone --target sqlite:///tmp/kfp.db
 *   ./run sqlite:///tmp/kfp.db
 *
 * It creates the run's row and its root in one transaction, two tasks below, an artifact that one makes and the other
 * reads, ends both tasks (the root ends by itself), lists the artifacts page by page and prints the tree.
 */
#include <kfpstore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const char spec[] =
    "{\"pipelineInfo\":{\"name\":\"example\"},\"schemaVersion\":\"2.1.0\",\"root\":{\"dag\":{\"tasks\":{"
    "\"prepare\":{\"componentRef\":{\"name\":\"comp-prepare\"},\"taskInfo\":{\"name\":\"prepare\"}},"
    "\"train\":{\"componentRef\":{\"name\":\"comp-train\"},\"dependentTasks\":[\"prepare\"],\"taskInfo\":{\"name\":"
    "\"train\"}}}}},\"components\":{\"comp-prepare\":{\"executorLabel\":\"exec-prepare\"},\"comp-train\":{"
    "\"executorLabel\":\"exec-train\"}}}";

static void must(kfps_status status, const kfps_error *error, const char *what)
{
    if (status == KFPS_OK)
        return;
    fprintf(stderr, "%s: %s: %s\n", what, kfps_status_name(status), error->message);
    exit(1);
}

/* The row that the API server itself owns, and ours, in one transaction. */
static void create_run(kfps_session *session, const char *run, char root[KFPS_UUID_SIZE])
{
    kfps_error error;
    char *shape = NULL;
    kfps_task_list *list = NULL;
    const kfps_value values[] = {{.kind = KFPS_VALUE_TEXT, .text_value = run},
                                 {.kind = KFPS_VALUE_INT, .int_value = (int64_t) time(NULL)}};
    const kfps_task task = {.task_namespace = "team-a",
                            .run_uuid = run,
                            .fingerprint = "",
                            .name = "root",
                            .scope_path = "root",
                            .type = KFPS_TASK_ROOT,
                            .state = KFPS_TASK_RUNNING};
    must(kfps_run_shape_from_spec(spec, &shape, &error), &error, "shape");
    must(kfps_txn_begin(session, &error), &error, "begin");
    must(kfps_txn_exec(session,
                       "INSERT INTO \"run_details\" (\"UUID\",\"DisplayName\",\"Name\",\"Description\",\"Namespace\","
                       "\"ExperimentUUID\",\"StorageState\",\"ServiceAccount\",\"PipelineId\",\"PipelineName\","
                       "\"CreatedAtInSec\",\"Conditions\",\"State\",\"PipelineRuntimeManifest\","
                       "\"WorkflowRuntimeManifest\") VALUES (?,'example','example','','team-a','','AVAILABLE','','',"
                       "'example',?,'','RUNNING','','')",
                       values, 2, NULL, &error),
         &error, "run row");
    must(kfps_run_set_shape(session, run, shape, &error), &error, "set shape");
    must(kfps_task_create(session, &task, 1, NULL, &list, &error), &error, "root");
    memcpy(root, list->items[0].task.uuid, KFPS_UUID_SIZE);
    must(kfps_txn_commit(session, &error), &error, "commit");
    kfps_task_list_free(list);
    kfps_free(shape);
}

static void create_tasks(kfps_session *session, const char *run, const char *root, char uuids[2][KFPS_UUID_SIZE])
{
    static const char *const names[] = {"prepare", "train"};
    static const char *const scopes[] = {"root.prepare", "root.train"};
    kfps_error error;
    kfps_task tasks[2];
    kfps_task_list *list = NULL;
    for (int i = 0; i < 2; i++)
        tasks[i] = (kfps_task){.task_namespace = "team-a",
                               .run_uuid = run,
                               .fingerprint = "",
                               .name = names[i],
                               .display_name = names[i],
                               .scope_path = scopes[i],
                               .parent_uuid = root,
                               .type = KFPS_TASK_RUNTIME,
                               .state = KFPS_TASK_RUNNING};
    must(kfps_task_create(session, tasks, 2, NULL, &list, &error), &error, "tasks");
    for (int i = 0; i < 2; i++)
        memcpy(uuids[i], list->items[i].task.uuid, KFPS_UUID_SIZE);
    kfps_task_list_free(list);
}

/* `prepare` makes a dataset; `train` reads it. */
static void create_artifact(kfps_session *session, const char *run, char uuids[2][KFPS_UUID_SIZE])
{
    kfps_error error;
    kfps_artifact_list *list = NULL;
    const kfps_artifact dataset = {.artifact_namespace = "team-a",
                                   .type = KFPS_ARTIFACT_DATASET,
                                   .name = "weekly",
                                   .uri = "s3://bucket/weekly.parquet",
                                   .metadata_json = "{\"rows\":1000}"};
    kfps_artifact_task link = {.task_uuid = uuids[0],
                               .run_uuid = run,
                               .type = KFPS_IO_OUTPUT,
                               .artifact_key = "dataset",
                               .producer_json = "{\"taskName\":\"prepare\"}"};
    must(kfps_artifact_create_with_links(session, &dataset, &link, 1, &list, NULL, &error), &error, "artifact");
    link.artifact_uuid = list->items[0].uuid;
    link.task_uuid = uuids[1];
    link.type = KFPS_IO_TASK_OUTPUT_INPUT;
    must(kfps_artifact_task_create(session, &link, 1, KFPS_EXISTING_RETURN, NULL, NULL, &error), &error, "link");
    kfps_artifact_list_free(list);
}

static void end_task(kfps_session *session, const char *uuid)
{
    kfps_error error;
    const kfps_task_change change = {.uuid = uuid, .state = KFPS_TASK_SUCCEEDED, .finished_at = (int64_t) time(NULL)};
    must(kfps_task_update(session, &change, 1, NULL, NULL, &error), &error, "update");
}

static void list_artifacts(kfps_session *session)
{
    kfps_error error;
    char *token = NULL;
    const kfps_artifact_scope scope = {.artifact_namespace = "team-a"};
    do {
        kfps_artifact_list *list = NULL;
        const kfps_page page = {.page_size = 2, .page_token = token};
        must(kfps_artifact_list_page(session, &scope, &page, &list, &error), &error, "list");
        for (size_t i = 0; i < list->count; i++)
            printf("artifact %s: %s\n", list->items[i].name, kfps_artifact_type_name(list->items[i].type));
        free(token);
        token = list->next_page_token[0] != '\0' ? strdup(list->next_page_token) : NULL;
        kfps_artifact_list_free(list);
    } while (token != NULL);
}

static void print_run(kfps_session *session, const char *run)
{
    kfps_error error;
    kfps_task_list *list = NULL;
    const kfps_task_scope scope = {.run_uuid = run};
    must(kfps_task_list_page(session, &scope, KFPS_VIEW_FULL, NULL, &list, &error), &error, "tasks");
    for (size_t i = 0; i < list->count; i++) {
        const kfps_task_item *item = &list->items[i];
        printf("task %s: %s, %zu in, %zu out\n", item->task.name, kfps_task_state_name(item->task.state),
               item->input_count, item->output_count);
    }
    kfps_task_list_free(list);
}

int main(int argc, char **argv)
{
    kfps_error error;
    kfps_store *store = NULL;
    kfps_session *session = NULL;
    kfps_readiness ready;
    char run[64], root[KFPS_UUID_SIZE], tasks[2][KFPS_UUID_SIZE];
    if (argc != 2) {
        fprintf(stderr, "usage: run DSN\n");
        return 2;
    }
    must(kfps_store_open(argv[1], NULL, &store, &error), &error, "open");
    must(kfps_session_open(store, NULL, &session, &error), &error, "session");
    must(kfps_check(session, 0, &ready, &error), &error, "check");
    if (ready.state != KFPS_READY) {
        fprintf(stderr, "%s\nRun: %s\n", ready.sentence, ready.command);
        return 1;
    }
    snprintf(run, sizeof run, "example-%lld", (long long) time(NULL));
    create_run(session, run, root);
    create_tasks(session, run, root, tasks);
    create_artifact(session, run, tasks);
    end_task(session, tasks[0]);
    end_task(session, tasks[1]); /* the last one: the root ends with it */
    list_artifacts(session);
    print_run(session, run);
    kfps_session_close(session);
    kfps_store_close(store);
    return 0;
}
