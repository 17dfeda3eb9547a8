/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pgsql.h: the parts of the PostgreSQL backend. libdbi's driver makes and closes the connection; statements are
 * prepared, bound and run on its PGconn.
 */
#ifndef KFPB_PGSQL_H
#define KFPB_PGSQL_H

#include <dbi/dbi.h>
#include <libpq-fe.h>

#include "backends/backend.h"

/* Type numbers of PostgreSQL's catalogue; they never change. */
enum { KFPB_PGSQL_BOOL = 16, KFPB_PGSQL_INT8 = 20 };

typedef struct kfpb_pgsql_statement kfpb_pgsql_statement;

typedef struct kfpb_pgsql {
    kfpb_conn base;
    dbi_conn dbi;
    PGconn *native;
    PGcancel *cancel;            /* made once, so that interrupt touches nothing else */
    kfpb_pgsql_statement *cache; /* prepared statements by SQL text */
    unsigned prepared;           /* so far, for names that never come twice */
    uint64_t uses;               /* of statements, so far */
} kfpb_pgsql;

/* ---- connect.c: from a DSN to a session that is set up and verified ------------------------------------------ */

/* `database` replaces the DSN's. On failure *dbi is NULL. */
kfps_status kfpb_pgsql_connect(const kfpb_dsn *dsn, const kfpb_open_options *options, const char *database,
                               dbi_conn *dbi, PGconn **native, kfps_error *error);
/* Makes the DSN's database; one that is there already is no error. */
kfps_status kfpb_pgsql_create_database(const kfpb_dsn *dsn, const kfpb_open_options *options, kfps_error *error);

/* ---- session.c ------------------------------------------------------------------------------------------------ */

kfps_status kfpb_pgsql_session(kfpb_pgsql *conn, const kfpb_dsn *dsn, const kfpb_open_options *options,
                               kfps_error *error);

/* ---- statement.c: parameters and the cache of prepared statements --------------------------------------------- */

/* The values as libpq takes them, all as text: one block of memory, freed with free(); NULL for none. More than `limit`
 * bytes in all are refused. */
kfps_status kfpb_pgsql_bind(const kfpb_value *values, size_t count, size_t limit, const char ***out, kfps_error *error);

/* Finds or prepares a statement. *fresh says that it was prepared by this call. Valid until the next call. */
kfps_status kfpb_pgsql_prepare(kfpb_pgsql *conn, const char *sql, const kfpb_value *values, size_t count,
                               const kfpb_pgsql_statement **out, bool *fresh, kfps_error *error);
const char *kfpb_pgsql_statement_name(const kfpb_pgsql_statement *statement);
/* Drops one statement from the cache and from the server. */
void kfpb_pgsql_forget(kfpb_pgsql *conn, const kfpb_pgsql_statement *statement);
/* Drops the whole cache, on the client's side alone: the session is about to end. */
void kfpb_pgsql_forget_all(kfpb_pgsql *conn);

/* ---- rows.c --------------------------------------------------------------------------------------------------- */

/* Takes over the result, also on failure. */
kfps_status kfpb_pgsql_rows(kfpb_pgsql *conn, PGresult *result, kfpb_rows **out, kfps_error *error);

/* ---- error.c -------------------------------------------------------------------------------------------------- */

typedef enum kfpb_pgsql_phase { KFPB_PGSQL_STATEMENT, KFPB_PGSQL_COMMIT } kfpb_pgsql_phase;

/* True for a result that means success. */
bool kfpb_pgsql_ok(const PGresult *result);
bool kfpb_pgsql_state_is(const PGresult *result, const char *sqlstate);
/* Fills the error from a failed result (NULL: libpq had no memory or no connection), marks a lost connection. */
kfps_status kfpb_pgsql_fail(kfpb_pgsql *conn, const PGresult *result, kfpb_pgsql_phase phase, kfps_error *error);
/* The same for a connection that is not a kfpb_pgsql yet; *lost says that it is gone. */
kfps_status kfpb_pgsql_fail_native(PGconn *native, const PGresult *result, kfpb_pgsql_phase phase, bool *lost,
                                   kfps_error *error);
/* The status that a failure to connect stands for. libpq gives no SQLSTATE for those, only the server's text. */
kfps_status kfpb_pgsql_connect_status(const char *message);
/* A copy of libpq's message on one line without the blank end; cut to fit. Returns buf. */
const char *kfpb_pgsql_one_line(const char *message, char *buf, size_t size);

/* ---- connection.c ---------------------------------------------------------------------------------------------- */

extern const kfpb_conn_ops kfpb_pgsql_ops;
extern const kfpb_driver kfpb_pgsql_driver;

#endif
