/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stores ENGINE DSN TARGET [--size N] [--only TEXT] [--repeat N] [--server PID]: the operations of the library beside
 * the engine's own client, on an empty database that has the schema. TARGET is what the client connects to: a file, a
 * libpq string, SOCKET:DATABASE. Prints a line an operation: the median of the pairs, each pair measured one right
 * after the other.
 *
 * With --server, the program and that process share one core until the threads' turn: a call then costs what both
 * compute. On two cores it mostly costs waking the other one, which is several times as much and depends on where the
 * scheduler happens to keep each connection.
 */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bench/stores/bench.h"

enum { MOST_REPEATS = 25 };

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double) t.tv_sec + (double) t.tv_nsec / 1e9;
}

static int compare(const void *a, const void *b)
{
    const double left = *(const double *) a, right = *(const double *) b;
    return left < right ? -1 : left > right;
}

double bench_median(double *numbers, size_t count)
{
    qsort(numbers, count, sizeof *numbers, compare);
    return numbers[count / 2];
}

/* MariaDB takes deleted rows out of the indexes later, in bursts of some ms on the core that it has in common with us:
 * a call that writes nothing took twice as long in the turns which they fell into. */
static void await_purge(bench *b)
{
    enum { LONGEST_MS = 1000, STEP_MS = 20, FEW = 20 };
    static const char left[] = "SELECT \"VARIABLE_VALUE\" FROM \"information_schema\".\"GLOBAL_STATUS\" WHERE "
                               "\"VARIABLE_NAME\"='INNODB_HISTORY_LIST_LENGTH'";
    if (strcmp(b->ops->engine, "mysql") != 0)
        return;
    for (int waited = 0; waited < LONGEST_MS; waited += STEP_MS) {
        char number[64] = "0";
        b->ops->query(b->client, left, NULL, 0, number);
        if (atoi(number) < FEW)
            return;
        nanosleep(&(struct timespec){.tv_nsec = STEP_MS * 1000000L}, NULL);
    }
}

static double timed(bench *b, const operation *op, size_t calls, bool library)
{
    void (*run)(bench *, const operation *, size_t) = library ? op->library : op->floor;
    if (op->prepare != NULL) {
        op->prepare(b, op, calls);
        await_purge(b);
    }
    run(b, op, calls); /* one to warm up: statements are prepared, pages are read */
    const double began = now();
    for (size_t i = 0; i < calls; i++)
        run(b, op, i);
    return (now() - began) / (double) calls;
}

static void measure(bench *b, const operation *op, size_t repeat)
{
    double ratios[MOST_REPEATS], mine[MOST_REPEATS], theirs[MOST_REPEATS];
    for (size_t i = 0; i < repeat; i++) {
        for (size_t turn = 0; turn < 2; turn++) {
            const bool library = (i + turn) % 2 == 0;
            (library ? mine : theirs)[i] = timed(b, op, op->calls, library);
        }
        ratios[i] = mine[i] / theirs[i];
    }
    const double ratio = bench_median(ratios, repeat);
    printf("%-7s %-44s %9.3f ms %9.3f ms  %5.2f%s\n", b->ops->engine, op->name, bench_median(mine, repeat) * 1000,
           bench_median(theirs, repeat) * 1000, ratio, op->aim > 0 && ratio > op->aim ? "  over the aim" : "");
    fflush(stdout);
}

/* All threads of a process, and those that it makes later. */
static void keep_on(long pid, const cpu_set_t *cores)
{
    char folder[64];
    snprintf(folder, sizeof folder, "/proc/%ld/task", pid);
    DIR *threads = opendir(folder);
    if (threads == NULL)
        floor_die(folder, "there is no such process");
    for (const struct dirent *entry; (entry = readdir(threads)) != NULL;) {
        const bool set = entry->d_name[0] == '.' || sched_setaffinity(atoi(entry->d_name), sizeof *cores, cores) == 0;
        if (!set && errno != ESRCH) /* a thread may have ended since */
            floor_die(folder, strerror(errno));
    }
    closedir(threads);
}

/* The first that this program may run on. */
static cpu_set_t one_of(const cpu_set_t *cores)
{
    cpu_set_t one;
    size_t i = 0;
    CPU_ZERO(&one);
    while (i < CPU_SETSIZE - 1 && !CPU_ISSET(i, cores))
        i++;
    CPU_SET(i, &one);
    return one;
}

static const native_ops *ops_of(const char *engine)
{
    const native_ops *const all[] = {&native_sqlite, &native_pgsql, &native_mysql};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        if (strcmp(all[i]->engine, engine) == 0)
            return all[i];
    }
    floor_die(engine, "no such engine");
}

int main(int argc, char **argv)
{
    const operation *const groups[] = {bench_reads, bench_lists, bench_writes};
    size_t size = 100000, repeat = 9;
    long server = 0;
    const char *only = "";
    kfps_error error;
    bench b = {0};
    for (int i = 4; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--size") == 0)
            size = (size_t) atoll(argv[i + 1]);
        else if (strcmp(argv[i], "--only") == 0)
            only = argv[i + 1];
        else if (strcmp(argv[i], "--repeat") == 0)
            repeat = (size_t) atoll(argv[i + 1]);
        else if (strcmp(argv[i], "--server") == 0)
            server = atol(argv[i + 1]);
    }
    if (argc < 4 || repeat < 1 || repeat > MOST_REPEATS) {
        fputs("usage: stores sqlite|pgsql|mysql DSN TARGET [--size N] [--only TEXT] [--repeat N] [--server PID]\n",
              stderr);
        return 2;
    }
    b.ops = ops_of(argv[1]);
    cpu_set_t cores;
    if (sched_getaffinity(0, sizeof cores, &cores) != 0)
        floor_die("the cores", strerror(errno));
    if (server != 0) {
        const cpu_set_t one = one_of(&cores);
        keep_on(server, &one);
        keep_on(getpid(), &one);
    }
    bench_ok(kfps_store_open(argv[2], NULL, &b.store, &error), &error, argv[2]);
    bench_ok(kfps_session_open(b.store, NULL, &b.session, &error), &error, "session");
    const double began = now();
    bench_load(b.store, b.session, &b.data, size);
    b.client = b.ops->open(argv[3]);
    b.ops->exec(b.client,
                strcmp(argv[1], "mysql") == 0 ? "ANALYZE TABLE \"artifacts\",\"tasks\",\"artifact_tasks\"" : "ANALYZE",
                NULL, 0);
    printf("%-7s loaded %zu artifacts, %zu tasks and their links in %.1f s\n", argv[1], size, size, now() - began);
    for (size_t g = 0; g < sizeof groups / sizeof groups[0]; g++) {
        for (const operation *op = groups[g]; op->name != NULL; op++) {
            if (strstr(op->name, only) != NULL && (groups[g] != bench_lists || op->size < size * 19 / 20))
                measure(&b, op, repeat);
        }
    }
    if (server != 0) {
        keep_on(server, &cores);
        keep_on(getpid(), &cores);
    }
    if (strstr("threads", only) != NULL)
        bench_concurrency(&b);
    b.ops->close(b.client);
    kfps_session_close(b.session);
    kfps_store_close(b.store);
    return 0;
}
