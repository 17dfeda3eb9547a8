/* SPDX-License-Identifier: Apache-2.0 */
/* concurrency.c: updates from one thread and from eight, and a foreign UPDATE of the run row among them. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench/stores/bench.h"

enum { THREADS = 8, SECONDS = 5, TASKS = 64 };

static const char run_uuid[] = "run-concurrent";

typedef struct worker {
    bench *b;
    const char (*uuids)[KFPS_UUID_SIZE]; /* of the tasks that it updates in turn */
    size_t count;
    double until;
    size_t done;
    double longest;
} worker;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double) t.tv_sec + (double) t.tv_nsec / 1e9;
}

static void *work(void *argument)
{
    worker *w = argument;
    kfps_error error;
    kfps_session *session = NULL;
    bench_ok(kfps_session_open(w->b->store, NULL, &session, &error), &error, "session");
    for (double began = now(); began < w->until; began = now()) {
        char message[64];
        snprintf(message, sizeof message, "{\"message\":\"%zu\"}", w->done);
        const kfps_task_change change = {.uuid = w->uuids[w->done % w->count], .status_metadata_json = message};
        bench_ok(kfps_task_update(session, &change, 1, NULL, NULL, &error), &error, "kfps_task_update");
        const double spent = now() - began;
        w->longest = spent > w->longest ? spent : w->longest;
        w->done++;
    }
    kfps_session_close(session);
    return NULL;
}

static void make_tasks(bench *b, char (*uuids)[KFPS_UUID_SIZE])
{
    kfps_error error;
    kfps_task_list *list = NULL;
    kfps_task tasks[TASKS];
    char names[TASKS][16];
    const kfps_value run = v_text(run_uuid);
    b->ops->exec(b->client,
                 "INSERT INTO \"run_details\" (\"UUID\",\"DisplayName\",\"Name\",\"Description\",\"Namespace\","
                 "\"ExperimentUUID\",\"StorageState\",\"ServiceAccount\",\"PipelineId\",\"PipelineName\","
                 "\"CreatedAtInSec\",\"Conditions\",\"State\",\"PipelineRuntimeManifest\",\"WorkflowRuntimeManifest\") "
                 "VALUES (?,'bench','run','','ns-0','exp','AVAILABLE','','pipeline-1','pipe',1,'','RUNNING','','')",
                 &run, 1);
    for (size_t i = 0; i < TASKS; i++) {
        snprintf(names[i], sizeof names[i], "c-%zu", i);
        tasks[i] = (kfps_task){.task_namespace = "ns-0",
                               .run_uuid = run_uuid,
                               .fingerprint = "",
                               .name = names[i],
                               .scope_path = "root",
                               .input_parameters_json = bench_inputs,
                               .state = KFPS_TASK_RUNNING,
                               .type = KFPS_TASK_RUNTIME};
    }
    bench_ok(kfps_task_create(b->session, tasks, TASKS, NULL, &list, &error), &error, "kfps_task_create");
    for (size_t i = 0; i < TASKS; i++)
        memcpy(uuids[i], list->items[i].task.uuid, KFPS_UUID_SIZE);
    kfps_task_list_free(list);
}

/* Updates a second, and the longest wait; with the foreign writer also its longest. */
static double round_of(bench *b, const char (*uuids)[KFPS_UUID_SIZE], size_t threads, bool same, bool foreign)
{
    pthread_t ids[THREADS];
    worker workers[THREADS];
    size_t done = 0, updates = 0;
    double longest = 0, foreign_longest = 0;
    const double began = now(), until = began + SECONDS;
    for (size_t i = 0; i < threads; i++) {
        /* all update the same tasks, however many threads share them */
        const size_t count = same ? 1 : TASKS / threads;
        workers[i] = (worker){.b = b, .uuids = same ? uuids : uuids + i * count, .count = count, .until = until};
        pthread_create(&ids[i], NULL, work, &workers[i]);
    }
    while (foreign && now() < until - 1) {
        const kfps_value values[] = {v_int((int64_t) updates), v_text(run_uuid)};
        const double start = now();
        b->ops->exec(b->client, "UPDATE \"run_details\" SET \"FinishedAtInSec\"=? WHERE \"UUID\"=?", values, 2);
        const double spent = now() - start;
        foreign_longest = spent > foreign_longest ? spent : foreign_longest;
        updates++;
        nanosleep(&(struct timespec){.tv_nsec = 100000000}, NULL);
    }
    for (size_t i = 0; i < threads; i++) {
        pthread_join(ids[i], NULL);
        done += workers[i].done;
        longest = workers[i].longest > longest ? workers[i].longest : longest;
    }
    const double rate = (double) done / (now() - began);
    printf("%-7s %zu thread%s, %-16s %8.0f updates/s, longest %6.1f ms", b->ops->engine, threads,
           threads > 1 ? "s" : " ", same ? "one task:" : "different tasks:", rate, longest * 1000);
    if (foreign)
        printf("; %zu foreign updates of the run row, longest %.1f ms", updates, foreign_longest * 1000);
    printf("\n");
    return rate;
}

void bench_concurrency(bench *b)
{
    static char uuids[TASKS][KFPS_UUID_SIZE];
    make_tasks(b, uuids);
    for (int same = 0; same < 2; same++) {
        const double one = round_of(b, uuids, 1, same != 0, false);
        const double eight = round_of(b, uuids, THREADS, same != 0, false);
        round_of(b, uuids, THREADS, same != 0, true);
        printf("%-7s 8 threads : 1 thread = %.2f%s\n", b->ops->engine, eight / one,
               eight >= 0.9 * one ? "" : "  under the aim of 0.9");
    }
}
