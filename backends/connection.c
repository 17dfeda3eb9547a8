/* SPDX-License-Identifier: Apache-2.0 */
/*
 * connection.c: what is the same on every engine around a connection's slots: checks of arguments and values, and the
 * three flags. A failed statement spoils its transaction everywhere, although only PostgreSQL would insist on it: code
 * above must not learn to rely on the other two.
 */
#include <math.h>
#include <time.h>

#include "backends/backend.h"
#include "backends/base/fail.h"
#include "backends/base/utf8.h"
#include "backends/record.h"

/* ---- checks before a call ---------------------------------------------------------------------------------------- */

static kfps_status check_usable(const kfpb_conn *conn, kfps_error *error)
{
    if (conn->broken)
        return kfpb_fail(error, KFPS_CONNECTION_LOST, "the connection to %s is lost; open a new one", conn->server);
    if (conn->failed)
        return kfpb_fail(error, KFPS_INVALID,
                         "a statement of this transaction failed before; the transaction must be rolled back");
    return KFPS_OK;
}

static kfps_status check_value(const kfpb_value *value, size_t number, kfps_error *error)
{
    switch (value->kind) {
    case KFPB_NULL:
    case KFPB_INT:
        return KFPS_OK;
    case KFPB_DOUBLE:
        if (isfinite(value->real))
            return KFPS_OK;
        return kfpb_fail(error, KFPS_INVALID, "value %zu is not a finite number, which SQL cannot hold", number);
    case KFPB_TEXT:
        if (memchr(value->text, '\0', value->length) != NULL)
            return kfpb_fail(error, KFPS_INVALID, "value %zu holds a NUL character, which text cannot hold", number);
        if (!kfpb_utf8_valid(value->text, value->length))
            return kfpb_fail(error, KFPS_INVALID, "value %zu is not valid UTF-8", number);
        return KFPS_OK;
    }
    return kfpb_fail(error, KFPS_INVALID, "value %zu is of no known kind", number);
}

/* `checked`: somebody has looked at each value before. */
static kfps_status check_statement(const kfpb_conn *conn, const char *sql, const kfpb_value *values, size_t count,
                                   bool checked, kfps_error *error)
{
    kfps_status status = check_usable(conn, error);
    if (status != KFPS_OK)
        return status;
    if (sql == NULL || (values == NULL && count > 0))
        return kfpb_fail(error, KFPS_INVALID, "a statement needs its text and its values");
    size_t bytes = strlen(sql);
    for (size_t i = 0; i < count; i++) {
        if (!checked && (status = check_value(&values[i], i + 1, error)) != KFPS_OK)
            return status;
        bytes += values[i].kind == KFPB_TEXT ? values[i].length : 8;
    }
    if (bytes > conn->limits.statement_bytes)
        return kfpb_fail(error, KFPS_TOO_LARGE, "a statement of %zu bytes is over the limit of %zu that %s takes%s",
                         bytes, conn->limits.statement_bytes, conn->server,
                         strcmp(conn->driver->name, "mysql") == 0 ? " (half of max_allowed_packet)" : "");
    return KFPS_OK;
}

/* ---- bookkeeping after a call ------------------------------------------------------------------------------------ */

static kfps_status note(kfpb_conn *conn, kfps_status status)
{
    if (status == KFPS_CONNECTION_LOST || status == KFPS_WRITE_UNCERTAIN)
        conn->broken = true;
    if (status != KFPS_OK && conn->in_transaction)
        conn->failed = true;
    return status;
}

static void end_transaction(kfpb_conn *conn)
{
    conn->in_transaction = false;
    conn->failed = false;
}

/* ---- the observer ------------------------------------------------------------------------------------------------ */

static int64_t clock_ns(const kfpb_conn *conn)
{
    struct timespec now;
    if (conn->observer.statement == NULL)
        return 0;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t) now.tv_sec * 1000000000 + now.tv_nsec;
}

static kfps_status observe(const kfpb_conn *conn, const char *sql, int64_t began, kfps_status status)
{
    if (conn->observer.statement != NULL)
        conn->observer.statement(conn->observer.user, sql, clock_ns(conn) - began, status);
    return status;
}

/* ---- statements -------------------------------------------------------------------------------------------------- */

static kfps_status execute(kfpb_conn *conn, const char *sql, const kfpb_value *values, size_t count, bool checked,
                           int64_t *affected, kfps_error *error)
{
    int64_t ignored;
    if (affected == NULL)
        affected = &ignored;
    *affected = 0;
    kfpb_error_clear(error);
    const kfps_status status = check_statement(conn, sql, values, count, checked, error);
    if (status != KFPS_OK)
        return status;
    const int64_t began = clock_ns(conn);
    return observe(conn, sql, began, note(conn, conn->ops->exec(conn, sql, values, count, affected, error)));
}

kfps_status kfpb_exec(kfpb_conn *conn, const char *sql, const kfpb_value *values, size_t count, int64_t *affected,
                      kfps_error *error)
{
    return execute(conn, sql, values, count, false, affected, error);
}

kfps_status kfpb_exec_checked(kfpb_conn *conn, const char *sql, const kfpb_value *values, size_t count,
                              int64_t *affected, kfps_error *error)
{
    return execute(conn, sql, values, count, true, affected, error);
}

static bool rows_complete(const kfpb_rows *rows)
{
    const kfpb_rows_ops *ops = rows->ops;
    return ops != NULL && ops->next != NULL && ops->is_null != NULL && ops->integer != NULL && ops->real != NULL &&
           ops->text != NULL && ops->free != NULL;
}

kfps_status kfpb_query(kfpb_conn *conn, const char *sql, const kfpb_value *values, size_t count, kfpb_rows **out,
                       kfps_error *error)
{
    *out = NULL;
    kfpb_error_clear(error);
    kfps_status status = check_statement(conn, sql, values, count, false, error);
    if (status != KFPS_OK)
        return status;
    kfpb_rows *rows = NULL;
    const int64_t began = clock_ns(conn);
    status = observe(conn, sql, began, note(conn, conn->ops->query(conn, sql, values, count, &rows, error)));
    if (status != KFPS_OK)
        return status;
    if (rows == NULL || !rows_complete(rows))
        return kfpb_fail(error, KFPS_INTERNAL, "the backend %s leaves a function of its rows empty",
                         conn->driver->name);
    *out = rows;
    return KFPS_OK;
}

kfps_status kfpb_query_int(kfpb_conn *conn, const char *sql, const kfpb_value *values, size_t count, int64_t *out,
                           bool *found, kfps_error *error)
{
    kfpb_rows *rows = NULL;
    kfps_error local;
    if (error == NULL)
        error = &local;
    *out = 0;
    if (found != NULL)
        *found = false;
    kfps_status status = kfpb_query(conn, sql, values, count, &rows, error);
    if (status != KFPS_OK)
        return status;
    const int there = kfpb_next(rows, error);
    if (there < 0) {
        status = (kfps_status) error->code;
    } else if (there > 0) {
        *out = kfpb_get_int(rows, 0);
        if (found != NULL)
            *found = true;
    } else if (found == NULL) {
        status = kfpb_fail(error, KFPS_NOT_FOUND, "the query gave no row");
    }
    kfpb_rows_free(&rows);
    return status;
}

/* ---- transactions ------------------------------------------------------------------------------------------------ */

kfps_status kfpb_begin(kfpb_conn *conn, kfpb_transaction kind, kfps_error *error)
{
    kfpb_error_clear(error);
    const kfps_status status = check_usable(conn, error);
    if (status != KFPS_OK)
        return status;
    if (conn->in_transaction)
        return kfpb_fail(error, KFPS_INVALID, "a transaction is open on this connection already");
    const int64_t began = clock_ns(conn);
    const kfps_status begun = observe(conn, "BEGIN", began, note(conn, conn->ops->begin(conn, kind, error)));
    conn->in_transaction = begun == KFPS_OK;
    /* It may have begun all the same: a snapshot is taken by a statement of its own. */
    if (begun != KFPS_OK && !conn->broken)
        conn->ops->rollback(conn);
    return begun;
}

kfps_status kfpb_commit(kfpb_conn *conn, kfps_error *error)
{
    kfpb_error_clear(error);
    if (!conn->in_transaction)
        return kfpb_fail(error, KFPS_INVALID, "no transaction is open on this connection");
    if (conn->broken || conn->failed) {
        const bool lost = conn->broken;
        kfpb_rollback(conn);
        return kfpb_fail(error, lost ? KFPS_CONNECTION_LOST : KFPS_INTERNAL,
                         "a statement of the transaction failed before: it was rolled back instead of committed");
    }
    const int64_t began = clock_ns(conn);
    const kfps_status status = observe(conn, "COMMIT", began, note(conn, conn->ops->commit(conn, error)));
    /* A refused COMMIT leaves the transaction open on some engines. */
    if (status != KFPS_OK)
        kfpb_rollback(conn);
    end_transaction(conn);
    return status;
}

void kfpb_rollback(kfpb_conn *conn)
{
    if (conn == NULL || !conn->in_transaction)
        return;
    if (!conn->broken)
        conn->ops->rollback(conn);
    end_transaction(conn);
}

void kfpb_close(kfpb_conn **conn)
{
    if (conn == NULL || *conn == NULL)
        return;
    kfpb_rollback(*conn);
    (*conn)->ops->close(*conn);
    *conn = NULL;
}

/* ---- rows -------------------------------------------------------------------------------------------------------- */

int kfpb_next(kfpb_rows *rows, kfps_error *error)
{
    kfps_error local;
    if (error == NULL)
        error = &local;
    kfpb_error_clear(error);
    const int there = rows->ops->next(rows, error);
    if (there < 0) {
        if (error->code == KFPS_OK)
            kfpb_fail(error, KFPS_INTERNAL, "the backend failed to read a row and gave no reason");
        note(rows->conn, (kfps_status) error->code);
    }
    return there;
}

bool kfpb_is_null(const kfpb_rows *rows, size_t column)
{
    return column >= rows->columns || rows->ops->is_null(rows, column);
}

int64_t kfpb_get_int(const kfpb_rows *rows, size_t column)
{
    return column < rows->columns ? rows->ops->integer(rows, column) : 0;
}

double kfpb_get_double(const kfpb_rows *rows, size_t column)
{
    return column < rows->columns ? rows->ops->real(rows, column) : 0;
}

const char *kfpb_get_text(const kfpb_rows *rows, size_t column, size_t *length)
{
    size_t ignored;
    if (length == NULL)
        length = &ignored;
    *length = 0;
    return column < rows->columns ? rows->ops->text(rows, column, length) : NULL;
}

void kfpb_rows_free(kfpb_rows **rows)
{
    if (rows == NULL || *rows == NULL)
        return;
    (*rows)->ops->free(*rows);
    *rows = NULL;
}
