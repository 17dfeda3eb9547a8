/* SPDX-License-Identifier: Apache-2.0 */
/* connection.c: statements and transactions on a connection that is set up. */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "backends/base/fail.h"
#include "backends/base/text.h"
#include "backends/dbi.h"
#include "backends/pgsql/pgsql.h"

static kfpb_pgsql *of(kfpb_conn *conn)
{
    return (kfpb_pgsql *) conn;
}

/* The server no longer knows the statement (someone ran DISCARD), or a table that it names has another shape now. */
static bool stale(const PGresult *result)
{
    return kfpb_pgsql_state_is(result, "0A000") || kfpb_pgsql_state_is(result, "26000");
}

/* Runs a prepared statement. One that has gone stale is prepared anew once, or, where that would be inside of a
 * transaction that has failed by it, the transaction as a whole is to be tried again. */
static kfps_status run_prepared(kfpb_pgsql *conn, const char *sql, const kfpb_value *values, size_t count,
                                const char *const *texts, PGresult **out, kfps_error *error)
{
    for (bool again = true;; again = false) {
        const kfpb_pgsql_statement *statement;
        bool fresh;
        const kfps_status status = kfpb_pgsql_prepare(conn, sql, values, count, &statement, &fresh, error);
        if (status != KFPS_OK)
            return status;
        PGresult *result = PQexecPrepared(conn->native, kfpb_pgsql_statement_name(statement), (int) count, texts, NULL,
                                          NULL, 0);
        if (kfpb_pgsql_ok(result)) {
            *out = result;
            return KFPS_OK;
        }
        if (fresh || !stale(result)) {
            kfps_status failed = kfpb_pgsql_fail(conn, result, KFPB_PGSQL_STATEMENT, error);
            PQclear(result);
            return failed;
        }
        PQclear(result);
        kfpb_pgsql_forget(conn, statement);
        if (!again || PQtransactionStatus(conn->native) != PQTRANS_IDLE)
            return kfpb_fail(error, KFPS_BUSY, "a table changed under a prepared statement: try again");
    }
}

static kfps_status run(kfpb_pgsql *conn, const char *sql, const kfpb_value *values, size_t count, bool prepared,
                       PGresult **out, kfps_error *error)
{
    const char **texts;
    kfps_status status = kfpb_pgsql_bind(values, count, conn->base.limits.statement_bytes, &texts, error);
    if (status != KFPS_OK)
        return status;
    if (prepared) {
        status = run_prepared(conn, sql, values, count, texts, out, error);
    } else {
        PGresult *result = PQexecParams(conn->native, sql, 0, NULL, NULL, NULL, NULL, 0);
        if (kfpb_pgsql_ok(result)) {
            *out = result;
        } else {
            status = kfpb_pgsql_fail(conn, result, KFPB_PGSQL_STATEMENT, error);
            PQclear(result);
        }
    }
    free(texts);
    return status;
}

static kfps_status conn_exec(kfpb_conn *base, const char *sql, const kfpb_value *values, size_t count,
                             int64_t *affected, kfps_error *error)
{
    PGresult *result = NULL;
    const kfps_status status = run(of(base), sql, values, count, count > 0, &result, error);
    int64_t rows;
    if (status != KFPS_OK)
        return status;
    if (affected != NULL)
        *affected = kfpb_parse_int(PQcmdTuples(result), &rows) ? rows : 0;
    PQclear(result);
    return KFPS_OK;
}

static kfps_status conn_query(kfpb_conn *base, const char *sql, const kfpb_value *values, size_t count, kfpb_rows **out,
                              kfps_error *error)
{
    PGresult *result = NULL;
    const kfps_status status = run(of(base), sql, values, count, true, &result, error);
    return status == KFPS_OK ? kfpb_pgsql_rows(of(base), result, out, error) : status;
}

static kfps_status conn_begin(kfpb_conn *base, kfpb_transaction kind, kfps_error *error)
{
    /* The picture is taken by the first statement, so one is made here. Another transaction is READ COMMITTED by the
     * session's settings. */
    const char *sql = kind == KFPB_TX_SNAPSHOT ? "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SELECT 1" : "BEGIN";
    PGresult *result = PQexec(of(base)->native, sql);
    kfps_status status = KFPS_OK;
    if (!kfpb_pgsql_ok(result))
        status = kfpb_pgsql_fail(of(base), result, KFPB_PGSQL_STATEMENT, error);
    PQclear(result);
    return status;
}

static kfps_status conn_commit(kfpb_conn *base, kfps_error *error)
{
    PGresult *result = PQexec(of(base)->native, "COMMIT");
    kfps_status status = KFPS_OK;
    if (!kfpb_pgsql_ok(result))
        status = kfpb_pgsql_fail(of(base), result, KFPB_PGSQL_COMMIT, error);
    else if (strcmp(PQcmdStatus(result), "COMMIT") != 0) /* "ROLLBACK": a statement had failed before */
        status = kfpb_fail(error, KFPS_INTERNAL, "the transaction had failed before and was rolled back");
    PQclear(result);
    return status;
}

static void conn_rollback(kfpb_conn *base)
{
    if (PQtransactionStatus(of(base)->native) == PQTRANS_IDLE)
        return;
    PGresult *result = PQexec(of(base)->native, "ROLLBACK");
    if (!kfpb_pgsql_ok(result))
        base->broken = true;
    PQclear(result);
}

static void conn_interrupt(kfpb_conn *base)
{
    char ignored[256];
    PQcancel(of(base)->cancel, ignored, sizeof ignored);
}

static void conn_abort(kfpb_conn *base)
{
    shutdown(PQsocket(of(base)->native), SHUT_RDWR);
}

static void conn_close(kfpb_conn *base)
{
    kfpb_pgsql *conn = of(base);
    kfpb_pgsql_forget_all(conn);
    if (conn->cancel != NULL)
        PQfreeCancel(conn->cancel);
    kfpb_dbi_close(conn->dbi);
    free(conn);
}

const kfpb_conn_ops kfpb_pgsql_ops = {
    .exec = conn_exec,
    .query = conn_query,
    .begin = conn_begin,
    .commit = conn_commit,
    .rollback = conn_rollback,
    .interrupt = conn_interrupt,
    .abort = conn_abort,
    .close = conn_close,
};
