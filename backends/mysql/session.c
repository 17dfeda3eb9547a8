/* SPDX-License-Identifier: Apache-2.0 */
/* session.c: one session's settings, set and then read back, and what the server is. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "backends/base/fail.h"
#include "backends/mysql/mysql.h"

enum {
    LOCK_TIMEOUT_MS = 5000,
    JSON_DEPTH_MARIADB = 31,
    JSON_DEPTH_MYSQL = 100,
    LEAST_PACKET = 64 * 1024,
    IDLE_WRITER_S = 30,
    IDLE_READER_S = 600,
};

bool kfpb_mysql_is_mariadb(const char *version)
{
    return version != NULL && (strstr(version, "MariaDB") != NULL || strstr(version, "mariadb") != NULL);
}

/* ---- what the server is --------------------------------------------------------------------------------------- */

static kfps_status read_server(kfpb_mysql *conn, kfps_error *error)
{
    kfpb_rows *rows = NULL;
    kfps_status status = kfpb_mysql_read(conn, "SELECT VERSION(), CONNECTION_ID()", &rows, error);
    if (status != KFPS_OK)
        return status;
    if (rows->ops->next(rows, NULL) == 1) {
        const char *version = rows->ops->text(rows, 0, NULL);
        conn->mariadb = kfpb_mysql_is_mariadb(version);
        snprintf(conn->base.server, sizeof conn->base.server, "%s %.*s", conn->mariadb ? "MariaDB" : "MySQL",
                 (int) strcspn(version, "-"), version);
        conn->id = rows->ops->integer(rows, 1);
    } else {
        status = kfpb_fail(error, KFPS_INTERNAL, "the server does not tell its version");
    }
    rows->ops->free(rows);
    conn->base.limits.json_depth = conn->mariadb ? JSON_DEPTH_MARIADB : JSON_DEPTH_MYSQL;
    return status;
}

/* ---- settings ------------------------------------------------------------------------------------------------- */

static kfps_status set_session(kfpb_mysql *conn, const kfpb_open_options *options, kfps_error *error)
{
    const uint32_t lock_ms = options->lock_timeout_ms != 0 ? options->lock_timeout_ms : LOCK_TIMEOUT_MS;
    const uint32_t lock_seconds = lock_ms / 1000 + (lock_ms % 1000 != 0);
    /* A client that died without a word, or stands still, must not hold its locks for ever. No writer of ours pauses
     * for as long as that; a reader does while its rows are written elsewhere. MySQL has no such setting. */
    const int idle_seconds = options->source || options->read_only ? IDLE_READER_S : IDLE_WRITER_S;
    char settings[1024];
    char limit[128];

    if (conn->mariadb)
        snprintf(limit, sizeof limit,
                 "max_statement_time=%" PRIu32 ".%03" PRIu32 ", SESSION idle_transaction_timeout=%d",
                 options->statement_timeout_ms / 1000, options->statement_timeout_ms % 1000, idle_seconds);
    else
        snprintf(limit, sizeof limit, "max_execution_time=%" PRIu32, options->statement_timeout_ms);
    snprintf(settings, sizeof settings,
             "SET SESSION sql_mode='ANSI_QUOTES,STRICT_ALL_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE,"
             "ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION,NO_BACKSLASH_ESCAPES', SESSION autocommit=1, "
             "SESSION foreign_key_checks=1, SESSION unique_checks=1, SESSION sql_safe_updates=0, "
             "SESSION sql_auto_is_null=0, SESSION lc_messages='en_US', SESSION time_zone='+00:00', "
             "SESSION wait_timeout=28800, SESSION innodb_lock_wait_timeout=%" PRIu32
             ", SESSION lock_wait_timeout=%" PRIu32 ", SESSION %s%s",
             lock_seconds, lock_seconds, limit, options->by_statistics ? ", SESSION eq_range_index_dive_limit=1" : "");

    const char *const statements[] = {
        "SET NAMES utf8mb4",
        settings,
        "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",
        options->read_only ? "SET SESSION TRANSACTION READ ONLY" : "SET SESSION TRANSACTION READ WRITE",
    };
    kfps_status status = KFPS_OK;
    for (size_t i = 0; i < sizeof statements / sizeof statements[0] && status == KFPS_OK; i++)
        status = kfpb_mysql_run(conn, statements[i], error);
    return status;
}

/* What is read back: `holds` is a part that the value must have. Further values are used below. */
static const struct {
    const char *name;
    const char *holds;
} variables[] = {
    {"sql_mode", "ANSI_QUOTES"},
    {"sql_mode", "NO_BACKSLASH_ESCAPES"},
    {"sql_mode", "STRICT_ALL_TABLES"},
    {"autocommit", "ON"},
    {"foreign_key_checks", "ON"},
    {"character_set_client", "utf8mb4"},
    {"character_set_connection", "utf8mb4"},
    {"character_set_results", "utf8mb4"},
    {"tx_isolation", "READ-COMMITTED"},
    {"transaction_isolation", "READ-COMMITTED"},
    {"time_zone", "+00:00"},
};

static kfps_status fail_setting(const char *name, kfps_error *error)
{
    return kfpb_fail(error, KFPS_UNAVAILABLE,
                     "the session's setting %s does not hold: connect to the server itself, not to a proxy", name);
}

static kfps_status check_variable(kfpb_mysql *conn, bool read_only, const char *name, const char *value,
                                  size_t *checked, kfps_error *error)
{
    for (size_t i = 0; i < sizeof variables / sizeof variables[0]; i++) {
        if (strcasecmp(variables[i].name, name) != 0)
            continue;
        if (strstr(value, variables[i].holds) == NULL)
            return fail_setting(name, error);
        ++*checked;
    }
    if (strcasecmp(name, "tx_read_only") == 0 || strcasecmp(name, "transaction_read_only") == 0) {
        if (strcmp(value, read_only ? "ON" : "OFF") != 0)
            return fail_setting(name, error);
        ++*checked;
    }
    int64_t number;
    if (strcasecmp(name, "max_allowed_packet") == 0 && kfpb_parse_int(value, &number) && number >= LEAST_PACKET)
        conn->packet = (size_t) number;
    else if (strcasecmp(name, "wsrep_on") == 0)
        conn->base.cluster |= strcmp(value, "ON") == 0;
    else if (strcasecmp(name, "group_replication_group_name") == 0)
        conn->base.cluster |= value[0] != '\0';
    return KFPS_OK;
}

/* SHOW and not SELECT @@…: it leaves out what this server does not have instead of failing. */
static kfps_status verify_session(kfpb_mysql *conn, bool read_only, kfps_error *error)
{
    static const char sql[] =
        "SHOW SESSION VARIABLES WHERE Variable_name IN ('sql_mode', 'autocommit', 'foreign_key_checks', "
        "'character_set_client', 'character_set_connection', 'character_set_results', 'tx_isolation', "
        "'transaction_isolation', 'tx_read_only', 'transaction_read_only', 'time_zone', 'max_allowed_packet', 'wsrep_on', 'group_replication_group_name')";
    enum { LEAST_CHECKED = 11 }; /* all but one of the two names of the isolation level, and of being read-only */
    kfpb_rows *rows = NULL;
    size_t checked = 0;
    kfps_status status = kfpb_mysql_read(conn, sql, &rows, error);

    if (status != KFPS_OK)
        return status;
    while (status == KFPS_OK && rows->ops->next(rows, NULL) == 1) {
        const char *name = rows->ops->text(rows, 0, NULL);
        const char *value = rows->ops->text(rows, 1, NULL);
        if (name != NULL && value != NULL)
            status = check_variable(conn, read_only, name, value, &checked, error);
    }
    rows->ops->free(rows);
    if (status == KFPS_OK && (checked < LEAST_CHECKED || conn->packet == 0))
        status = kfpb_fail(error, KFPS_UNAVAILABLE, "the server does not tell its session's settings");
    conn->base.limits.statement_bytes = conn->packet / 2;
    return status;
}

/* An unknown TLS option is ignored by the client library, so what came of it is looked at. */
static kfps_status verify_tls(kfpb_mysql *conn, kfps_error *error)
{
    kfpb_rows *rows = NULL;
    bool encrypted = false;
    if (!conn->target.tls)
        return KFPS_OK;
    kfps_status status = kfpb_mysql_read(conn, "SHOW SESSION STATUS LIKE 'Ssl_cipher'", &rows, error);
    if (status != KFPS_OK)
        return status;
    if (rows->ops->next(rows, NULL) == 1) {
        const char *cipher = rows->ops->text(rows, 1, NULL);
        encrypted = cipher != NULL && cipher[0] != '\0';
    }
    rows->ops->free(rows);
    if (encrypted)
        return KFPS_OK;
    return kfpb_fail(error, KFPS_UNAVAILABLE,
                     "the connection is not encrypted though the DSN asks for TLS: MariaDB Connector/C 3.3 or later is "
                     "needed as the client library");
}

kfps_status kfpb_mysql_session(kfpb_mysql *conn, const kfpb_open_options *options, kfps_error *error)
{
    kfps_status status = verify_tls(conn, error);
    if (status == KFPS_OK)
        status = read_server(conn, error);
    if (status == KFPS_OK)
        status = set_session(conn, options, error);
    if (status == KFPS_OK)
        status = verify_session(conn, options->read_only, error);
    return status;
}
