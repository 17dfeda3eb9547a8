/* SPDX-License-Identifier: Apache-2.0 */
/*
 * floor IMPORTED.db BATCH ENGINE TARGET: prints the seconds and the processor seconds from connecting to disconnecting,
 * and the rows written.
 *   sqlite: a file; pgsql: what libpq connects to; mysql: SOCKET:DATABASE
 */
#include "bench/floor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static double now(clockid_t clock)
{
    struct timespec time;
    clock_gettime(clock, &time);
    return (double) time.tv_sec + (double) time.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*insert)(const floor_rows *rows, const char *target);
    } engines[] = {{"sqlite", floor_sqlite}, {"pgsql", floor_pgsql}, {"mysql", floor_mysql}};
    floor_rows rows;

    if (argc != 5) {
        fputs("usage: floor IMPORTED.db BATCH sqlite|pgsql|mysql TARGET\n", stderr);
        return 2;
    }
    for (size_t i = 0; i < sizeof engines / sizeof engines[0]; i++) {
        if (strcmp(argv[3], engines[i].name) != 0)
            continue;
        floor_rows_read(&rows, argv[1], atoll(argv[2]));
        const double start = now(CLOCK_MONOTONIC), start_cpu = now(CLOCK_PROCESS_CPUTIME_ID);
        engines[i].insert(&rows, argv[4]);
        printf("%.3f %.3f %zu\n", now(CLOCK_MONOTONIC) - start, now(CLOCK_PROCESS_CPUTIME_ID) - start_cpu,
               floor_rows_total(&rows));
        return 0;
    }
    floor_die(argv[3], "no such engine");
}
