/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mysql.h: the parts of the MySQL and MariaDB backend. Everything goes through libdbi's driver: statements as text that
 * one escaper makes, rows by the few functions of the client library that the driver hands out.
 */
#ifndef KFPB_MYSQL_H
#define KFPB_MYSQL_H

#include <dbi/dbi.h>

#include "backends/backend.h"
#include "backends/base/text.h"

/* How to reach a server: kept, since interrupting a statement takes a second connection. */
typedef struct kfpb_mysql_target {
    char *host; /* or Connector/C's "host=…;ssl-ca=…" */
    char *user;
    char *password;
    char *database;
    char *socket;
    char *driver_dir;
    int port;
    int connect_seconds;
    bool tls; /* asked for: verified after connecting */
} kfpb_mysql_target;

/* Of the client library, by way of libdbi's driver. MYSQL and MYSQL_RES stay opaque; rows are arrays of texts. */
typedef struct kfpb_mysql_client {
    char **(*fetch_row)(void *result);
    unsigned long *(*fetch_lengths)(void *result);
    unsigned (*number)(void *connection);
    const char *(*message)(void *connection);
    const char *(*sqlstate)(void *connection);
} kfpb_mysql_client;

typedef struct kfpb_mysql_statement kfpb_mysql_statement;

typedef struct kfpb_mysql {
    kfpb_conn base;
    dbi_conn dbi;
    void *native;
    kfpb_mysql_client client;
    kfpb_mysql_target target;
    bool mariadb;
    int socket;                  /* never changes after open: kfpb_conn_ops.abort reads it from any thread */
    int64_t id;                  /* CONNECTION_ID() */
    size_t packet;               /* @@max_allowed_packet */
    kfpb_text statement;         /* the text of the statement that runs, kept for the next */
    kfpb_mysql_statement *known; /* by SQL text */
    unsigned prepared;           /* so far, for names that never come twice */
    uint64_t uses;               /* of known statements, so far */
} kfpb_mysql;

/* ---- connect.c ------------------------------------------------------------------------------------------------ */

kfps_status kfpb_mysql_target_init(kfpb_mysql_target *target, const kfpb_dsn *dsn, const kfpb_open_options *options,
                                   kfps_error *error);
void kfpb_mysql_target_free(kfpb_mysql_target *target);
/* Without the database if `bare`. On failure *dbi is NULL. */
kfps_status kfpb_mysql_connect(const kfpb_mysql_target *target, bool bare, dbi_conn *dbi, kfps_error *error);
/* Connects, makes the target's database if it is missing and `create`, fills dbi, native and client. */
kfps_status kfpb_mysql_attach(kfpb_mysql *conn, bool create, kfps_error *error);

/* ---- session.c ------------------------------------------------------------------------------------------------ */

kfps_status kfpb_mysql_session(kfpb_mysql *conn, const kfpb_open_options *options, kfps_error *error);
/* Whether what VERSION() said is MariaDB's. */
bool kfpb_mysql_is_mariadb(const char *version);

/* ---- literal.c: the one place where values become SQL text ----------------------------------------------------- */

/* Replaces the text in `out` by `sql` with its values in place of `?`. The session has NO_BACKSLASH_ESCAPES and
 * utf8mb4: a text literal needs its single quotes doubled and nothing else. */
kfps_status kfpb_mysql_literal(kfpb_text *out, const char *sql, const kfpb_value *values, size_t count,
                               kfps_error *error);
/* The same with EXECUTE of a statement that is prepared. */
kfps_status kfpb_mysql_execute(kfpb_text *out, unsigned name, const kfpb_value *values, size_t count,
                               kfps_error *error);
/* A text as a literal. */
void kfpb_mysql_add_text(kfpb_text *out, const char *text, size_t length);

/* ---- statement.c: statements that come again ------------------------------------------------------------------- */

/* *name is that of the prepared statement, 0 if it is to be sent with its values. */
kfps_status kfpb_mysql_prepared(kfpb_mysql *conn, const char *sql, size_t count, unsigned *name, kfps_error *error);
/* Whether EXECUTE has just failed because the server does not know the statement or its tables any more; then it is
 * forgotten here, too, and nothing has happened. */
bool kfpb_mysql_forget_stale(kfpb_mysql *conn, const char *sql);
/* On the client's side alone: the session is about to end. */
void kfpb_mysql_forget_all(kfpb_mysql *conn);

/* ---- connection.c ---------------------------------------------------------------------------------------------- */

extern const kfpb_conn_ops kfpb_mysql_ops;
extern const kfpb_driver kfpb_mysql_driver;

/* Sends one statement that has no values. */
kfps_status kfpb_mysql_run(kfpb_mysql *conn, const char *sql, kfps_error *error);
/* Sends one query that has no values. */
kfps_status kfpb_mysql_read(kfpb_mysql *conn, const char *sql, kfpb_rows **out, kfps_error *error);

/* ---- rows.c ---------------------------------------------------------------------------------------------------- */

/* Takes over the result, also on failure. */
kfps_status kfpb_mysql_rows(kfpb_mysql *conn, dbi_result result, kfpb_rows **out, kfps_error *error);

/* ---- collation.c: the driver's slots of these names ---- */

kfps_status kfpb_mysql_compares_by_bytes(kfpb_conn *conn, const char *table, const char *column, bool *bytes,
                                         kfps_error *error);
kfps_status kfpb_mysql_weights(kfpb_conn *conn, const char *table, const char *column, const char *const *texts,
                               size_t count, kfpb_arena *arena, const char **out, kfps_error *error);

/* ---- error.c --------------------------------------------------------------------------------------------------- */

typedef enum kfpb_mysql_phase { KFPB_MYSQL_CONNECT, KFPB_MYSQL_STATEMENT, KFPB_MYSQL_COMMIT } kfpb_mysql_phase;

/* Fills the error from the connection's last failure and marks a lost connection. */
kfps_status kfpb_mysql_fail(kfpb_mysql *conn, kfpb_mysql_phase phase, kfps_error *error);
/* The same from a number, a message and an SQLSTATE (may be NULL). */
kfps_status kfpb_mysql_fail_number(int number, const char *message, const char *sqlstate, kfpb_mysql_phase phase,
                                   kfps_error *error);

#endif
