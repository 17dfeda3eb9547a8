/* SPDX-License-Identifier: Apache-2.0 */
/* connection.c: statements and transactions on one SQLite connection. */
#include <stdlib.h>

#include "backends/base/fail.h"
#include "backends/dbi.h"
#include "backends/sqlite/sqlite.h"

static kfpb_sqlite_conn *self_of(kfpb_conn *conn)
{
    return (kfpb_sqlite_conn *) conn;
}

static kfps_status sqlite_exec(kfpb_conn *conn, const char *sql, const kfpb_value *values, size_t count,
                               int64_t *affected, kfps_error *error)
{
    kfpb_sqlite_conn *self = self_of(conn);
    kfpb_sqlite_statement *statement = NULL;
    const kfps_status status = kfpb_sqlite_take(self, sql, values, count, false, &statement, error);
    if (status != KFPS_OK || statement == NULL)
        return status;

    /* sqlite3_changes() keeps the count of an earlier statement when this one changes no rows by its nature. */
    const sqlite3_int64 before = sqlite3_total_changes64(self->db);
    int64_t spent_ns = 0;
    int result;
    do {
        result = kfpb_sqlite_step(self, statement, &spent_ns);
    } while (result == SQLITE_ROW);
    kfps_status done = KFPS_OK;
    if (result != SQLITE_DONE)
        done = kfpb_sqlite_fail(self->db, result, error);
    else if (affected != NULL)
        *affected = sqlite3_total_changes64(self->db) == before ? 0 : sqlite3_changes64(self->db);
    kfpb_sqlite_give(self, statement);
    return done;
}

static kfps_status sqlite_query(kfpb_conn *conn, const char *sql, const kfpb_value *values, size_t count,
                                kfpb_rows **out, kfps_error *error)
{
    kfpb_sqlite_statement *statement = NULL;
    const kfps_status status = kfpb_sqlite_take(self_of(conn), sql, values, count, true, &statement, error);
    if (status != KFPS_OK)
        return status;
    if (statement == NULL)
        return kfpb_fail(error, KFPS_INVALID, "the query is empty");
    return kfpb_sqlite_rows_new(self_of(conn), statement, out, error);
}

/* ---- transactions ------------------------------------------------------------------------------------------------ */

static kfps_status simple(kfpb_conn *conn, const char *sql, kfps_error *error)
{
    return sqlite_exec(conn, sql, NULL, 0, NULL, error);
}

static void end_snapshot(kfpb_sqlite_conn *self)
{
    if (self->snapshot && !self->read_only)
        simple(&self->base, "PRAGMA query_only=OFF", NULL);
    self->snapshot = false;
}

static void sqlite_rollback(kfpb_conn *conn)
{
    kfpb_sqlite_conn *self = self_of(conn);
    /* SQLite ends a transaction by itself after some errors: an interrupted write, a full disk. */
    if (sqlite3_get_autocommit(self->db) == 0)
        simple(conn, "ROLLBACK", NULL);
    end_snapshot(self);
}

static kfps_status sqlite_begin(kfpb_conn *conn, kfpb_transaction kind, kfps_error *error)
{
    kfpb_sqlite_conn *self = self_of(conn);
    /* A transaction that begins deferred and writes later cannot wait for the lock: it fails at once. */
    if (kind == KFPB_TX_WRITE)
        return simple(conn, "BEGIN IMMEDIATE", error);

    kfps_status status = simple(conn, "BEGIN", error);
    if (status != KFPS_OK)
        return status;
    self->snapshot = true;
    if (!self->read_only)
        status = simple(conn, "PRAGMA query_only=ON", error);
    /* The picture is taken by the first read, so one is made here. */
    if (status == KFPS_OK)
        status = simple(conn, "SELECT 1 FROM sqlite_schema LIMIT 1", error);
    if (status != KFPS_OK)
        sqlite_rollback(conn);
    return status;
}

static kfps_status sqlite_commit(kfpb_conn *conn, kfps_error *error)
{
    const kfps_status status = simple(conn, "COMMIT", error);
    if (status == KFPS_OK)
        end_snapshot(self_of(conn));
    return status;
}

/* ---- the end ----------------------------------------------------------------------------------------------------- */

static void sqlite_interrupt(kfpb_conn *conn)
{
    sqlite3_interrupt(self_of(conn)->db);
}

/* A file cannot hang as a server can. */
static void sqlite_abort(kfpb_conn *conn)
{
    sqlite3_interrupt(self_of(conn)->db);
}

static void sqlite_close(kfpb_conn *conn)
{
    kfpb_sqlite_conn *self = self_of(conn);
    if (self->db != NULL) {
        if (sqlite3_get_autocommit(self->db) == 0)
            sqlite_rollback(conn);
        kfpb_sqlite_cache_free(self); /* an open statement would keep the file open */
        sqlite3_progress_handler(self->db, 0, NULL, NULL);
    }
    kfpb_dbi_close(self->dbi);
    free(self);
}

const kfpb_conn_ops kfpb_sqlite_conn_ops = {
    .exec = sqlite_exec,
    .query = sqlite_query,
    .begin = sqlite_begin,
    .commit = sqlite_commit,
    .rollback = sqlite_rollback,
    .interrupt = sqlite_interrupt,
    .abort = sqlite_abort,
    .close = sqlite_close,
};
