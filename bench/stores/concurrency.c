/* SPDX-License-Identifier: Apache-2.0 */
/* concurrency.c: updates from one thread and from eight in turns, and a foreign UPDATE of the run row among them. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench/stores/bench.h"

enum { THREADS = 8, PAIRS = 7, SECONDS = 2, FOREIGN_SECONDS = 5, TASKS = 64 };

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

typedef struct result {
    double rate;    /* updates a second */
    double longest; /* seconds of one */
} result;

/* All update the same tasks, however many threads share them. */
static void start(bench *b, const char (*uuids)[KFPS_UUID_SIZE], size_t threads, bool same, double until,
                  worker *workers, pthread_t *ids)
{
    for (size_t i = 0; i < threads; i++) {
        const size_t count = same ? 1 : TASKS / threads;
        workers[i] = (worker){.b = b, .uuids = same ? uuids : uuids + i * count, .count = count, .until = until};
        pthread_create(&ids[i], NULL, work, &workers[i]);
    }
}

static result finish(size_t threads, double began, const worker *workers, const pthread_t *ids)
{
    result all = {0};
    size_t done = 0;
    for (size_t i = 0; i < threads; i++) {
        pthread_join(ids[i], NULL);
        done += workers[i].done;
        all.longest = workers[i].longest > all.longest ? workers[i].longest : all.longest;
    }
    all.rate = (double) done / (now() - began);
    return all;
}

static result round_of(bench *b, const char (*uuids)[KFPS_UUID_SIZE], size_t threads, bool same)
{
    pthread_t ids[THREADS];
    worker workers[THREADS];
    const double began = now();
    start(b, uuids, threads, same, began + SECONDS, workers, ids);
    return finish(threads, began, workers, ids);
}

/* Another client updates the run's row meanwhile, ten times a second if it is let. */
static void foreign_round(bench *b, const char (*uuids)[KFPS_UUID_SIZE], bool same)
{
    pthread_t ids[THREADS];
    worker workers[THREADS];
    size_t updates = 0;
    double longest = 0;
    const double began = now(), until = began + FOREIGN_SECONDS;
    start(b, uuids, THREADS, same, until, workers, ids);
    while (now() < until - 1) {
        const kfps_value values[] = {v_int((int64_t) updates), v_text(run_uuid)};
        const double sent = now();
        b->ops->exec(b->client, "UPDATE \"run_details\" SET \"FinishedAtInSec\"=? WHERE \"UUID\"=?", values, 2);
        const double spent = now() - sent;
        longest = spent > longest ? spent : longest;
        updates++;
        nanosleep(&(struct timespec){.tv_nsec = 100000000}, NULL);
    }
    const result ours = finish(THREADS, began, workers, ids);
    printf("%-7s %zu foreign updates of the run row beside %.0f updates/s, longest %.1f ms, of ours %.1f ms\n",
           b->ops->engine, updates, ours.rate, longest * 1000, ours.longest * 1000);
}

static void measure(bench *b, const char (*uuids)[KFPS_UUID_SIZE], bool same)
{
    double one[PAIRS], eight[PAIRS], ratios[PAIRS], longest = 0;
    for (size_t i = 0; i < PAIRS; i++) {
        const result alone = round_of(b, uuids, 1, same), together = round_of(b, uuids, THREADS, same);
        one[i] = alone.rate;
        eight[i] = together.rate;
        ratios[i] = together.rate / alone.rate;
        longest = together.longest > longest ? together.longest : longest;
    }
    const double ratio = bench_median(ratios, PAIRS);
    printf("%-7s %-44s %6.0f updates/s of 8 threads, %6.0f of 1: %.2f%s; longest %.1f ms\n", b->ops->engine,
           same ? "8 threads update one task" : "8 threads update different tasks", bench_median(eight, PAIRS),
           bench_median(one, PAIRS), ratio, ratio < 0.9 ? "  under the aim of 0.9" : "", longest * 1000);
    fflush(stdout);
}

void bench_concurrency(bench *b)
{
    static char uuids[TASKS][KFPS_UUID_SIZE];
    make_tasks(b, uuids);
    for (int same = 0; same < 2; same++) {
        measure(b, uuids, same != 0);
        foreign_round(b, uuids, same != 0);
    }
}
