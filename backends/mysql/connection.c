/* SPDX-License-Identifier: Apache-2.0 */
/* connection.c: statements and transactions on a connection that is set up. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "backends/base/fail.h"
#include "backends/dbi.h"
#include "backends/mysql/mysql.h"

enum { KEEP_STATEMENT_BYTES = 4 * 1024 * 1024 };

static kfpb_mysql *of(kfpb_conn *conn)
{
    return (kfpb_mysql *) conn;
}

static kfps_status send_text(kfpb_mysql *conn, const char *text, size_t length, kfpb_mysql_phase phase, dbi_result *out,
                             kfps_error *error)
{
    dbi_result result = dbi_conn_query_null(conn->dbi, (const unsigned char *) text, length);
    *out = NULL;
    /* libdbi's driver takes a query that failed while its rows were on their way (time-out, deadlock, lost connection)
     * for one without rows: only the client library's own number tells. */
    if (result != NULL && conn->client.number(conn->native) == 0) {
        *out = result;
        return KFPS_OK;
    }
    const kfps_status status = kfpb_mysql_fail(conn, phase, error);
    if (result != NULL)
        dbi_result_free(result);
    return status;
}

static kfps_status send_literal(kfpb_mysql *conn, const char *sql, const kfpb_value *values, size_t count,
                                dbi_result *out, kfps_error *error)
{
    kfpb_text *text = &conn->statement;
    kfps_status status = kfpb_mysql_literal(text, sql, values, count, error);
    *out = NULL;
    if (status == KFPS_OK)
        status = kfpb_mysql_check_size(conn, text->length + 1, error);
    if (status == KFPS_OK)
        status = send_text(conn, text->data, text->length, KFPB_MYSQL_STATEMENT, out, error);
    if (text->capacity > KEEP_STATEMENT_BYTES)
        kfpb_text_free(text);
    return status;
}

/* One of *prepared, which has been executed, and *result is not NULL afterwards. */
static kfps_status send_values(kfpb_mysql *conn, const char *sql, const kfpb_value *values, size_t count,
                               kfpb_mysql_statement **prepared, dbi_result *result, kfps_error *error)
{
    kfps_status status = kfpb_mysql_find(conn, sql, count, prepared, error);
    *result = NULL;
    if (status == KFPS_OK && *prepared != NULL) {
        status = kfpb_mysql_execute(conn, *prepared, values, count, error);
        if (status == KFPS_OK || conn->base.broken || !kfpb_mysql_forget_stale(conn, *prepared))
            return status;
        kfpb_error_clear(error);
        *prepared = NULL;
        status = KFPS_OK;
    }
    return status == KFPS_OK ? send_literal(conn, sql, values, count, result, error) : status;
}

static kfps_status send_command(kfpb_mysql *conn, const char *sql, kfpb_mysql_phase phase, kfps_error *error)
{
    dbi_result result;
    const kfps_status status = send_text(conn, sql, strlen(sql), phase, &result, error);
    if (status == KFPS_OK)
        dbi_result_free(result);
    return status;
}

kfps_status kfpb_mysql_run(kfpb_mysql *conn, const char *sql, kfps_error *error)
{
    return send_command(conn, sql, KFPB_MYSQL_STATEMENT, error);
}

kfps_status kfpb_mysql_read(kfpb_mysql *conn, const char *sql, kfpb_rows **out, kfps_error *error)
{
    dbi_result result;
    const kfps_status status = send_text(conn, sql, strlen(sql), KFPB_MYSQL_STATEMENT, &result, error);
    return status == KFPS_OK ? kfpb_mysql_rows(conn, result, out, error) : status;
}

static kfps_status conn_exec(kfpb_conn *base, const char *sql, const kfpb_value *values, size_t count,
                             int64_t *affected, kfps_error *error)
{
    kfpb_mysql_statement *prepared;
    dbi_result result;
    const kfps_status status = send_values(of(base), sql, values, count, &prepared, &result, error);
    if (status != KFPS_OK)
        return status;
    const int64_t rows = prepared != NULL ? kfpb_mysql_affected(prepared)
                                          : (int64_t) dbi_result_get_numrows_affected(result);
    if (affected != NULL)
        *affected = rows;
    if (result != NULL)
        dbi_result_free(result);
    return KFPS_OK;
}

static kfps_status conn_query(kfpb_conn *base, const char *sql, const kfpb_value *values, size_t count, kfpb_rows **out,
                              kfps_error *error)
{
    kfpb_mysql_statement *prepared;
    dbi_result result;
    const kfps_status status = send_values(of(base), sql, values, count, &prepared, &result, error);
    if (status != KFPS_OK)
        return status;
    return prepared != NULL ? kfpb_mysql_prepared_rows(of(base), prepared, out, error)
                            : kfpb_mysql_rows(of(base), result, out, error);
}

static kfps_status conn_begin(kfpb_conn *base, kfpb_transaction kind, kfps_error *error)
{
    if (kind == KFPB_TX_WRITE)
        return kfpb_mysql_run(of(base), "START TRANSACTION", error);
    /* for the next transaction alone */
    const kfps_status status = kfpb_mysql_run(of(base), "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ", error);
    if (status != KFPS_OK)
        return status;
    return kfpb_mysql_run(of(base), "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY", error);
}

static kfps_status conn_commit(kfpb_conn *base, kfps_error *error)
{
    return send_command(of(base), "COMMIT", KFPB_MYSQL_COMMIT, error);
}

static void conn_rollback(kfpb_conn *base)
{
    if (!base->broken && kfpb_mysql_run(of(base), "ROLLBACK", NULL) != KFPS_OK)
        base->broken = true;
}

/* Only what never changes after open is read: this runs beside the thread that waits for the statement. */
static void conn_interrupt(kfpb_conn *base)
{
    const kfpb_mysql *conn = of(base);
    dbi_conn other;
    char command[48];

    if (kfpb_mysql_connect(&conn->target, true, &other, NULL) != KFPS_OK)
        return;
    snprintf(command, sizeof command, "KILL QUERY %" PRId64, conn->id);
    dbi_result result = dbi_conn_query(other, command);
    if (result != NULL)
        dbi_result_free(result);
    kfpb_dbi_close(other);
}

static void conn_abort(kfpb_conn *base)
{
    shutdown(of(base)->socket, SHUT_RDWR);
}

static void conn_close(kfpb_conn *base)
{
    kfpb_mysql *conn = of(base);
    kfpb_mysql_forget_all(conn);
    kfpb_dbi_close(conn->dbi);
    kfpb_mysql_target_free(&conn->target);
    kfpb_text_free(&conn->statement);
    free(conn);
}

const kfpb_conn_ops kfpb_mysql_ops = {
    .exec = conn_exec,
    .query = conn_query,
    .begin = conn_begin,
    .commit = conn_commit,
    .rollback = conn_rollback,
    .interrupt = conn_interrupt,
    .abort = conn_abort,
    .close = conn_close,
};
