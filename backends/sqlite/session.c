/* SPDX-License-Identifier: Apache-2.0 */
/* session.c: a new connection's settings, each of which is read back where a wrong one would do harm. */
#include <stdio.h>
#include <time.h>

#include "backends/base/fail.h"
#include "backends/sqlite/sqlite.h"

enum { DEFAULT_LOCK_TIMEOUT_MS = 5000, PROGRESS_STEPS = 1000, RETRY_MS = 20 };

/* Runs one pragma; `answer` (may be NULL) gets the first column of its first row. */
static kfps_status pragma(kfpb_sqlite_conn *conn, const char *sql, char *answer, size_t size, kfps_error *error)
{
    sqlite3_stmt *statement = NULL;
    int result = sqlite3_prepare_v2(conn->db, sql, -1, &statement, NULL);
    if (answer != NULL)
        answer[0] = '\0';
    if (result == SQLITE_OK) {
        result = sqlite3_step(statement);
        if (result == SQLITE_ROW && answer != NULL) {
            const char *text = (const char *) sqlite3_column_text(statement, 0);
            snprintf(answer, size, "%s", text != NULL ? text : "");
        }
    }
    const kfps_status status = result == SQLITE_OK || result == SQLITE_ROW || result == SQLITE_DONE
                                   ? KFPS_OK
                                   : kfpb_sqlite_fail(conn->db, result, error);
    sqlite3_finalize(statement);
    return status;
}

/* Several connections may open a new file at once. The change of mode needs the file alone and does not always wait as
 * the busy time-out says, so it is tried again. */
static kfps_status set_wal(kfpb_sqlite_conn *conn, uint32_t timeout_ms, kfps_error *error)
{
    const struct timespec pause = {.tv_nsec = RETRY_MS * 1000000L};
    char mode[16];
    kfps_status status = pragma(conn, "PRAGMA journal_mode", mode, sizeof mode, error);
    for (uint32_t waited = 0; status == KFPS_OK || status == KFPS_BUSY; waited += RETRY_MS) {
        if (status == KFPS_OK && strcmp(mode, "wal") == 0)
            return KFPS_OK;
        if (status == KFPS_BUSY) {
            if (waited >= timeout_ms)
                return status;
            nanosleep(&pause, NULL);
        } else if (waited > 0) {
            return kfpb_fail(error, KFPS_UNAVAILABLE,
                             "the database file does not take write-ahead logging (journal_mode is \"%s\"): put it on "
                             "a local file system",
                             mode);
        }
        status = pragma(conn, "PRAGMA journal_mode=WAL", mode, sizeof mode, error);
    }
    return status;
}

typedef struct setting {
    const char *sql;
    const char *expected; /* what reading it back must give; NULL: not read back */
    const char *read;
} setting;

static const setting always[] = {
    {"PRAGMA foreign_keys=ON", "1", "PRAGMA foreign_keys"},
    {"PRAGMA synchronous=NORMAL", "1", "PRAGMA synchronous"},
    {"PRAGMA temp_store=MEMORY", NULL, NULL},
    {"PRAGMA trusted_schema=OFF", NULL, NULL},
};

static const setting only_reading = {"PRAGMA query_only=ON", "1", "PRAGMA query_only"};

static kfps_status apply(kfpb_sqlite_conn *conn, const setting *wanted, kfps_error *error)
{
    char answer[16];
    kfps_status status = pragma(conn, wanted->sql, NULL, 0, error);
    if (status != KFPS_OK || wanted->expected == NULL)
        return status;
    status = pragma(conn, wanted->read, answer, sizeof answer, error);
    if (status == KFPS_OK && strcmp(answer, wanted->expected) != 0)
        status = kfpb_fail(error, KFPS_UNAVAILABLE, "this SQLite does not take \"%s\"", wanted->sql);
    return status;
}

kfps_status kfpb_sqlite_session(kfpb_sqlite_conn *conn, const kfpb_open_options *options, kfps_error *error)
{
    const uint32_t asked = options->lock_timeout_ms;
    const uint32_t timeout = asked == 0 ? DEFAULT_LOCK_TIMEOUT_MS : asked < INT32_MAX ? asked : INT32_MAX;
    sqlite3_extended_result_codes(conn->db, 1);
    sqlite3_busy_timeout(conn->db, (int) timeout);
    /* A misspelt column in double quotes is an error and not a text. */
    sqlite3_db_config(conn->db, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
    sqlite3_db_config(conn->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);

    /* The first read, which finds out whether the file is a database at all. */
    kfps_status status = pragma(conn, "PRAGMA schema_version", NULL, 0, error);
    for (size_t i = 0; i < sizeof always / sizeof always[0] && status == KFPS_OK; i++)
        status = apply(conn, &always[i], error);
    if (status == KFPS_OK)
        status = pragma(conn, options->source ? "PRAGMA cache_size=-8192" : "PRAGMA cache_size=-65536", NULL, 0, error);
    /* A source is somebody else's file: its journal mode stays as it is. */
    if (status == KFPS_OK && !conn->read_only && !options->source)
        status = set_wal(conn, timeout, error);
    if (status == KFPS_OK && conn->read_only)
        status = apply(conn, &only_reading, error);
    if (status == KFPS_OK && options->statement_timeout_ms > 0) {
        conn->timeout_ns = (int64_t) options->statement_timeout_ms * 1000000;
        conn->deadline_ns = INT64_MAX;
        sqlite3_progress_handler(conn->db, PROGRESS_STEPS, kfpb_sqlite_progress, conn);
    }
    return status;
}
