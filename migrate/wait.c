/* SPDX-License-Identifier: Apache-2.0 */
/* wait.c: a database that is not there yet is waited for, as a job that starts beside its server has to. */
#include <string.h>
#include <time.h>

#include "migrate/cli.h"

enum { PAUSE_MS = 500, REPEAT_S = 10 };

bool cli_database_missing(const cli_database *database, const kfps_error *error)
{
    enum { MYSQL_UNKNOWN_DATABASE = 1049 };
    return error->code == KFPS_UNAVAILABLE &&
           (strcmp(database->dsn.scheme, "sqlite") == 0 || error->vendor_code == MYSQL_UNKNOWN_DATABASE ||
            strstr(error->message, "\" does not exist") != NULL); /* libpq gives no code when a connection fails */
}

static bool answers(const cli_database *database, bool makes, kfps_error *error)
{
    kfpb_conn *conn = NULL;
    kfpb_open_options options = cli_open_options(database);
    options.read_only = true;
    const kfps_status status = kfpb_open(&database->dsn, &options, &conn, error);
    kfpb_close(&conn);
    if (status == KFPS_OK || (makes && cli_database_missing(database, error)))
        return true;
    return status != KFPS_UNAVAILABLE && status != KFPS_CONNECTION_LOST; /* time does not heal it */
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double) t.tv_sec + (double) t.tv_nsec / 1e9;
}

int cli_wait(const cli_database *database, long seconds, bool makes)
{
    const struct timespec pause = {.tv_nsec = PAUSE_MS * 1000000L};
    const double start = now(), end = start + (double) seconds;
    double said = 0;
    kfps_error error = {0};

    if (seconds == 0)
        return EXIT_DONE;
    while (!answers(database, makes, &error)) {
        const double at = now();
        if (at >= end)
            return EXIT_DONE; /* the command itself says why it cannot go on */
        if (at - said >= REPEAT_S) {
            said = at;
            log_line(LOG_LEVEL_INFO, json_pack("{s:f,s:i}", "waited_s", at - start, "wait_s", (int) seconds),
                     "waiting for %s, up to %.0f s more: %s", database->text, end - at, error.message);
        }
        nanosleep(&pause, NULL);
        if (cli_stop) {
            log_line(LOG_LEVEL_ERROR, NULL, "stopped while waiting for %s", database->text);
            return EXIT_STOPPED;
        }
    }
    if (said > 0)
        log_line(LOG_LEVEL_INFO, json_pack("{s:f}", "waited_s", now() - start), "%s answers", database->text);
    return EXIT_DONE;
}
