/* SPDX-License-Identifier: Apache-2.0 */
/*
 * session.c: one session's settings, set in one statement and read back in another. A pooler that gives each statement
 * another server session is found out here: on such a connection neither settings nor prepared statements hold.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/base/fail.h"
#include "backends/base/text.h"
#include "backends/dbi.h"
#include "backends/pgsql/pgsql.h"

enum {
    OLDEST_VERSION = 120000,
    LOCK_TIMEOUT_MS = 5000,
    /* A client that died without a word, or stands still, must not hold its locks for ever. No writer of ours pauses
     * for as long as that; a reader does while its rows are written elsewhere. */
    IDLE_WRITER_MS = 30000,
    IDLE_READER_MS = 600000,
};

typedef struct setting {
    const char *name;
    char value[24];
    int since; /* the server version that knows it */
} setting;

enum { SETTINGS = 11 };

static void choose_settings(const kfpb_open_options *options, setting out[SETTINGS])
{
    const uint32_t lock = options->lock_timeout_ms != 0 ? options->lock_timeout_ms : LOCK_TIMEOUT_MS;
    const setting chosen[SETTINGS] = {
        {"client_min_messages", "error", 0},
        {"standard_conforming_strings", "on", 0},
        {"extra_float_digits", "1", 0}, /* doubles as the shortest text that reads back as the same */
        {"default_transaction_isolation", "read committed", 0},
        {"default_transaction_read_only", "", 0},
        {"lock_timeout", "", 0},
        {"statement_timeout", "", 0},
        {"idle_in_transaction_session_timeout", "", 0},
        {"idle_session_timeout", "0", 140000}, /* pooled connections rest */
        {"jit", "off", 0},                     /* no statement of ours is long enough to gain by it */
        /* by an average it sorts few rows for each value of an index, and all rows of one that has very many */
        {"enable_incremental_sort", "off", 130000},
    };
    memcpy(out, chosen, sizeof chosen);
    snprintf(out[4].value, sizeof out[4].value, "%s", options->read_only ? "on" : "off");
    snprintf(out[5].value, sizeof out[5].value, "%" PRIu32, lock);
    snprintf(out[6].value, sizeof out[6].value, "%" PRIu32, options->statement_timeout_ms);
    snprintf(out[7].value, sizeof out[7].value, "%d",
             options->source || options->read_only ? IDLE_READER_MS : IDLE_WRITER_MS);
}

static kfps_status run(kfpb_pgsql *conn, const char *sql, PGresult **out, kfps_error *error)
{
    PGresult *result = PQexec(conn->native, sql);
    if (kfpb_pgsql_ok(result) && PQntuples(result) == 1) {
        *out = result;
        return KFPS_OK;
    }
    const kfps_status status = kfpb_pgsql_fail(conn, result, KFPB_PGSQL_STATEMENT, error);
    PQclear(result);
    return status;
}

static kfps_status set_and_verify(kfpb_pgsql *conn, const setting *settings, kfps_error *error)
{
    kfps_status status;
    kfpb_text set = {0};
    kfpb_text read = {0};
    PGresult *wanted = NULL;
    PGresult *found = NULL;

    kfpb_text_add(&set, "SELECT 1");
    kfpb_text_add(&read, "SELECT 1");
    for (size_t i = 0; i < SETTINGS; i++) {
        if (PQserverVersion(conn->native) < settings[i].since)
            continue;
        kfpb_text_printf(&set, ", pg_catalog.set_config('%s', '%s', false) AS %s", settings[i].name, settings[i].value,
                         settings[i].name);
        kfpb_text_printf(&read, ", pg_catalog.current_setting('%s')", settings[i].name);
    }
    if (set.out_of_memory || read.out_of_memory) {
        status = kfpb_fail_no_memory(error);
        goto out;
    }
    if ((status = run(conn, set.data, &wanted, error)) != KFPS_OK ||
        (status = run(conn, read.data, &found, error)) != KFPS_OK)
        goto out;
    for (int i = 1; i < PQnfields(wanted) && status == KFPS_OK; i++) {
        if (strcmp(PQgetvalue(wanted, 0, i), PQgetvalue(found, 0, i)) != 0)
            status = kfpb_fail(error, KFPS_UNAVAILABLE,
                               "the session's setting %s does not hold: connect to PostgreSQL itself, or through a "
                               "pooler in session mode",
                               PQfname(wanted, i));
    }
out:
    PQclear(wanted);
    PQclear(found);
    kfpb_text_free(&set);
    kfpb_text_free(&read);
    return status;
}

static kfps_status check_server(kfpb_pgsql *conn, kfps_error *error)
{
    const char *version = PQparameterStatus(conn->native, "server_version");
    const char *encoding = PQparameterStatus(conn->native, "server_encoding");

    snprintf(conn->base.server, sizeof conn->base.server, "PostgreSQL %.*s",
             version != NULL ? (int) strcspn(version, " ") : 1, version != NULL ? version : "?");
    if (PQserverVersion(conn->native) < OLDEST_VERSION)
        return kfpb_fail(error, KFPS_UNAVAILABLE, "%s is too old: version 12 or later is needed", conn->base.server);
    if (encoding == NULL || strcmp(encoding, "UTF8") != 0)
        return kfpb_fail(error, KFPS_UNAVAILABLE,
                         "the database \"%s\" has the encoding %s: one that was created with ENCODING 'UTF8' is needed",
                         PQdb(conn->native), encoding != NULL ? encoding : "?");
    return KFPS_OK;
}

/* ---- poolers -------------------------------------------------------------------------------------------------- */

/* The process that serves this statement; 0 on failure. */
static int server_process(PGconn *native)
{
    PGresult *result = PQexec(native, "SELECT pg_catalog.pg_backend_pid()");
    int64_t pid = 0;
    if (!kfpb_pgsql_ok(result) || PQntuples(result) != 1 || !kfpb_parse_int(PQgetvalue(result, 0, 0), &pid))
        pid = 0;
    PQclear(result);
    return (int) pid;
}

/* A pooler gives its clients process numbers of its own, so a difference shows that there is one. It is harmless if it
 * keeps one server session for each client: then two clients that take turns never meet the same server process, and
 * each always meets its own. (The odd turn is for poolers that go round in a circle of two.) */
static kfps_status refuse_transaction_pooler(kfpb_pgsql *conn, const kfpb_dsn *dsn, const kfpb_open_options *options,
                                             kfps_error *error)
{
    const int first = server_process(conn->native);
    dbi_conn dbi;
    PGconn *other;

    if (first == PQbackendPID(conn->native))
        return KFPS_OK;
    kfps_status status = kfpb_pgsql_connect(dsn, options, dsn->database, &dbi, &other, error);
    if (status != KFPS_OK)
        return status;
    const int second = server_process(other);
    PGconn *const turns[] = {conn->native, conn->native, other, conn->native, other};
    bool shared = first == 0 || second == 0 || first == second;
    for (size_t i = 0; i < sizeof turns / sizeof turns[0] && !shared; i++)
        shared = server_process(turns[i]) != (turns[i] == other ? second : first);
    kfpb_dbi_close(dbi);
    if (!shared)
        return KFPS_OK;
    return kfpb_fail(error, KFPS_UNAVAILABLE,
                     "a pooler in transaction or statement mode stands before PostgreSQL; sessions do not hold there: "
                     "connect to the server itself, or to a pool with pool_mode = session");
}

kfps_status kfpb_pgsql_session(kfpb_pgsql *conn, const kfpb_dsn *dsn, const kfpb_open_options *options,
                               kfps_error *error)
{
    setting settings[SETTINGS];
    kfps_status status = check_server(conn, error);
    if (status != KFPS_OK)
        return status;
    status = refuse_transaction_pooler(conn, dsn, options, error);
    if (status != KFPS_OK)
        return status;
    choose_settings(options, settings);
    return set_and_verify(conn, settings, error);
}
