/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sqlite.h: the SQLite backend's own structures. libdbi opens and closes the connection; statements are prepared, bound
 * and stepped on its sqlite3 handle, because libdbi's own query path guesses column types by reading the SQL text and
 * cannot be trusted with anything that returns columns.
 */
#ifndef KFPB_SQLITE_H
#define KFPB_SQLITE_H

#include <dbi/dbi.h>
#include <sqlite3.h>

#include "backends/backend.h"

typedef struct kfpb_sqlite_statement kfpb_sqlite_statement;

typedef struct kfpb_sqlite_conn {
    kfpb_conn base;
    dbi_conn dbi;
    sqlite3 *db;
    kfpb_sqlite_statement *cache;  /* by SQL text */
    kfpb_sqlite_statement *recent; /* its last one; NULL: not known */
    uint64_t uses;                 /* of statements, so far */
    bool read_only;
    bool snapshot;       /* the open transaction is one: query_only is on until it ends */
    int64_t timeout_ns;  /* of one statement; 0: none */
    int64_t deadline_ns; /* of the running one, on the monotonic clock */
} kfpb_sqlite_conn;

extern const kfpb_driver kfpb_sqlite_driver;
extern const kfpb_conn_ops kfpb_sqlite_conn_ops;

/* ---- error.c ---- */

/* Turns the error that the handle holds now into a status; result is what the failed call returned. */
kfps_status kfpb_sqlite_fail(sqlite3 *db, int result, kfps_error *error);

/* ---- statement.c ---- */

/* Prepares or finds the statement, marks it as taken and binds the values. `copy`: the texts may go away before the
 * statement has run. *out is NULL, with KFPS_OK, for text that holds no statement. */
kfps_status kfpb_sqlite_take(kfpb_sqlite_conn *conn, const char *sql, const kfpb_value *values, size_t count, bool copy,
                             kfpb_sqlite_statement **out, kfps_error *error);
/* Resets it and gives it back to the cache. */
void kfpb_sqlite_give(kfpb_sqlite_conn *conn, kfpb_sqlite_statement *statement);
sqlite3_stmt *kfpb_sqlite_handle(const kfpb_sqlite_statement *statement);
/* SQLITE_ROW, SQLITE_DONE or an error; *spent_ns collects the time of one statement over several steps. */
int kfpb_sqlite_step(kfpb_sqlite_conn *conn, const kfpb_sqlite_statement *statement, int64_t *spent_ns);
/* For sqlite3_progress_handler: stops a statement at its deadline. */
int kfpb_sqlite_progress(void *conn);
void kfpb_sqlite_cache_free(kfpb_sqlite_conn *conn);

/* ---- rows.c ---- */

/* Owns the statement from here on, also on failure. */
kfps_status kfpb_sqlite_rows_new(kfpb_sqlite_conn *conn, kfpb_sqlite_statement *statement, kfpb_rows **out,
                                 kfps_error *error);

/* ---- session.c ---- */

kfps_status kfpb_sqlite_session(kfpb_sqlite_conn *conn, const kfpb_open_options *options, kfps_error *error);

#endif
