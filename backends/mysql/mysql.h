/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mysql.h: the parts of the MySQL and MariaDB backend. Connections and statements that are text, with values that one
 * escaper makes, go through libdbi's driver, and their rows are read by the few functions of the client library that
 * the driver hands out. Statements that come again are prepared, on the driver's connection, by the client library that
 * this backend was linked with, if that is the driver's.
 */
#ifndef KFPB_MYSQL_H
#define KFPB_MYSQL_H

#include <dbi/dbi.h>
#include <mysql.h>

/* A text that could not be noted is sent as it is. */
#define HASH_NONFATAL_OOM 1
#define HASH_FUNCTION     HASH_SFH /* the quickest for texts as long as statements */
#include <uthash.h>

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

/* Of the driver's client library, whichever that is. Rows are arrays of texts. */
typedef struct kfpb_mysql_client {
    char **(*fetch_row)(void *result);
    unsigned long *(*fetch_lengths)(void *result);
    unsigned (*number)(void *connection);
    const char *(*message)(void *connection);
    const char *(*sqlstate)(void *connection);
    const char *(*version)(void);
} kfpb_mysql_client;

typedef struct kfpb_mysql_statement kfpb_mysql_statement;

typedef struct kfpb_mysql {
    kfpb_conn base;
    dbi_conn dbi;
    void *native;
    kfpb_mysql_client client;
    kfpb_mysql_target target;
    bool mariadb;
    bool prepares;               /* the driver's client library is ours */
    int socket;                  /* never changes after open: kfpb_conn_ops.abort reads it from any thread */
    int64_t id;                  /* CONNECTION_ID() */
    size_t packet;               /* @@max_allowed_packet */
    kfpb_text statement;         /* the text of the statement that runs, kept for the next */
    kfpb_mysql_statement *known; /* by SQL text */
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
/* No more than this is sent at once: the server answers a packet that is too large by hanging up. */
kfps_status kfpb_mysql_check_size(const kfpb_mysql *conn, size_t bytes, kfps_error *error);
/* A number that the server can store. */
kfps_status kfpb_mysql_check_finite(double number, kfps_error *error);

/* ---- statement.c: statements that come again ------------------------------------------------------------------- */

enum { KFPB_MYSQL_MOST_VALUES = 64 }; /* of a prepared statement */

typedef struct kfpb_mysql_columns kfpb_mysql_columns;

struct kfpb_mysql_statement {
    MYSQL_STMT *prepared;        /* NULL: seen once, or refused */
    kfpb_mysql_columns *columns; /* where its rows are read; may be NULL */
    bool refused;                /* by the server */
    bool reading;                /* its rows are open: it cannot be executed, nor go */
    uint64_t used;               /* by the connection's count: the lowest goes first */
    size_t count;                /* of values */
    UT_hash_handle hh;
    char sql[]; /* the key */
};

/* *out is NULL if the statement is to be sent with its values. */
kfps_status kfpb_mysql_find(kfpb_mysql *conn, const char *sql, size_t count, kfpb_mysql_statement **out,
                            kfps_error *error);
/* Whether executing it has just failed because the server does not know the statement or its tables any more; then it
 * is forgotten here, too, and nothing has happened. */
bool kfpb_mysql_forget_stale(kfpb_mysql *conn, kfpb_mysql_statement *statement);
void kfpb_mysql_forget_all(kfpb_mysql *conn);

/* ---- prepared.c: executing them --------------------------------------------------------------------------------- */

kfps_status kfpb_mysql_execute(kfpb_mysql *conn, kfpb_mysql_statement *statement, const kfpb_value *values,
                               size_t count, kfps_error *error);
/* NULL is none. */
void kfpb_mysql_columns_free(kfpb_mysql_columns *columns);
/* What it has changed; a result that nobody asked for is dropped. */
int64_t kfpb_mysql_affected(kfpb_mysql_statement *statement);
kfps_status kfpb_mysql_prepared_rows(kfpb_mysql *conn, kfpb_mysql_statement *statement, kfpb_rows **out,
                                     kfps_error *error);

/* ---- connection.c ---------------------------------------------------------------------------------------------- */

extern const kfpb_conn_ops kfpb_mysql_ops;
extern const kfpb_driver kfpb_mysql_driver;

/* Sends one statement that has no values. */
kfps_status kfpb_mysql_run(kfpb_mysql *conn, const char *sql, kfps_error *error);
/* Sends one query that has no values. */
kfps_status kfpb_mysql_read(kfpb_mysql *conn, const char *sql, kfpb_rows **out, kfps_error *error);

/* ---- rows.c ---------------------------------------------------------------------------------------------------- */

/* What rows of both kinds begin with, and how their current row is read. */
typedef struct kfpb_mysql_cells {
    kfpb_rows base;
    bool ended;
    char **row; /* NULL before the first; a text with a NUL behind it, or NULL */
    unsigned long *lengths;
} kfpb_mysql_cells;

bool kfpb_mysql_is_null(const kfpb_rows *rows, size_t column);
int64_t kfpb_mysql_integer(const kfpb_rows *rows, size_t column);
int64_t kfpb_mysql_whole(double real); /* without its fraction, and the nearest that there is */
double kfpb_mysql_real(const kfpb_rows *rows, size_t column);
const char *kfpb_mysql_text(const kfpb_rows *rows, size_t column, size_t *length);

/* Of a text that was sent. Takes over the result, also on failure. */
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
/* The same from that of a prepared statement. */
kfps_status kfpb_mysql_fail_prepared(kfpb_mysql *conn, MYSQL_STMT *statement, kfps_error *error);
/* The same from a number, a message and an SQLSTATE (may be NULL). */
kfps_status kfpb_mysql_fail_number(int number, const char *message, const char *sqlstate, kfpb_mysql_phase phase,
                                   kfps_error *error);

#endif
