/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kfpstore/store.h: opening a database, sessions, transactions over several calls, interruption, log.
 *
 * A store is one database with a pool of connections. It may be used by any number of threads at once.
 * A session is one caller's way through the store: its transaction, its time-out, its namespace, its identity for the
 * authorisation callback. A session belongs to one thread at a time (kfps_interrupt excepted), is cheap, and holds a
 * connection only while a call runs or a transaction is open. Every operation of the library takes a session.
 */
#ifndef KFPSTORE_STORE_H
#define KFPSTORE_STORE_H

#include <stddef.h>
#include <stdint.h>

#include "kfpstore/error.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct kfps_store kfps_store;
typedef struct kfps_session kfps_session;

/** The bytes a UUID as text needs: 36 characters and a NUL. */
enum { KFPS_UUID_SIZE = 37 };

/* ---- callbacks --------------------------------------------------------------------------------------------------- */

/** The time, in seconds since 1970-01-01 UTC. Read once per operation. Returns 0; anything else makes the operation
 * fail with KFPS_INTERNAL before it writes. Called on the operation's thread; must be thread safe. */
typedef int32_t (*kfps_clock_fn)(void *user, int64_t *seconds);
/** Writes a new UUID, 36 lower-case characters and a NUL. Returns 0, or anything else as kfps_clock_fn. */
typedef int32_t (*kfps_uuid_fn)(void *user, char *out);

typedef enum kfps_log_level {
    KFPS_LOG_DEBUG = 0, /**< every statement: its text without values, its time */
    KFPS_LOG_INFO = 1,
    KFPS_LOG_WARNING = 2, /**< slow statements, repeated transactions, lost connections */
    KFPS_LOG_ERROR = 3
} kfps_log_level;

/** `facility` is "sql", "pool" or "store". The message has no values, no passwords and no URIs. Called on the thread of
 *  the operation, or on the store's own; must be thread safe and must not call the library. */
typedef void (*kfps_log_fn)(void *user, int32_t level, const char *facility, const char *message);

typedef enum kfps_verb {
    KFPS_VERB_GET = 1,
    KFPS_VERB_LIST = 2, /**< asked by everything that enumerates a namespace, a run or a lineage */
    KFPS_VERB_CREATE = 3,
    KFPS_VERB_UPDATE = 4,
    KFPS_VERB_DELETE = 5
} kfps_verb;

typedef enum kfps_resource {
    KFPS_RESOURCE_ARTIFACTS = 1,
    KFPS_RESOURCE_TASKS = 2,
    KFPS_RESOURCE_ARTIFACT_TASKS = 3,
    KFPS_RESOURCE_RUNS = 4
} kfps_resource;

/** What the authorisation callback is asked. The texts are valid during the call. */
typedef struct kfps_access {
    int32_t verb;                 /**< kfps_verb */
    int32_t resource;             /**< kfps_resource */
    const char *access_namespace; /**< of the record or of the session; NULL: not known before reading */
    const char *run_uuid;         /**< NULL: not known before reading, or in no run */
    void *caller;                 /**< kfps_session_options.caller */
} kfps_access;

/** Returns 0 to allow; anything else makes the operation end with KFPS_DENIED, with nothing read or written. Called on
 *  the operation's thread, before the operation touches the database; must be thread safe and must not call the
 *  library. Operations that do not know the namespace beforehand (by UUID) ask with the session's namespace, and a row
 *  of another namespace is then KFPS_NOT_FOUND. */
typedef int32_t (*kfps_authorize_fn)(void *user, const kfps_access *access);

/* ---- the store --------------------------------------------------------------------------------------------------- */

/** Initialise with kfps_store_options_init. All text is borrowed during kfps_store_open only. */
typedef struct kfps_store_options {
    uint32_t struct_size; /**< set by kfps_store_options_init */
    int32_t multi_user; /**< 0: single user; else lists need a namespace, and namespaces must agree (see kfpstore(7)) */
    uint32_t pool_size; /**< connections at most; 8 */
    uint32_t pool_timeout_ms;   /**< waiting for a connection, then KFPS_BUSY; 30,000 */
    uint32_t call_timeout_ms;   /**< one operation, then KFPS_INTERRUPTED; 0: none. A session may set its own */
    uint32_t lock_timeout_ms;   /**< waiting for a lock once, then the transaction is tried again; 5,000 */
    uint32_t slow_statement_ms; /**< slower statements are logged as warnings; 0: none; 1,000 */
    int32_t log_level;          /**< the least kfps_log_level that is logged; KFPS_LOG_WARNING */
    const char *password;       /**< NULL: from password_file, else the client's own password file */
    const char *password_file;  /**< its first line is the password; NULL: none */
    const char *driver_dir;     /**< folder of libdbi's drivers; NULL: KFPSTORE_DRIVER_DIR, else the built-in one */
    const uint8_t *token_key;   /**< HMAC-SHA-256 key for page tokens; NULL: tokens have a checksum only */
    size_t token_key_length;    /**< bytes; at least 16 if token_key is not NULL */
    kfps_clock_fn clock;        /**< NULL: the system's */
    void *clock_user;
    kfps_uuid_fn uuid; /**< NULL: random UUIDs, version 4 */
    void *uuid_user;
    kfps_log_fn log; /**< NULL: nothing is logged */
    void *log_user;
    kfps_authorize_fn authorize; /**< NULL: everything is allowed */
    void *authorize_user;
} kfps_store_options;

/** Fills in the defaults. `options` must not be NULL. */
void kfps_store_options_init(kfps_store_options *options);

/**
 * Opens a store and one connection, to see that the database answers. Reads no table: see kfps_check for the schema.
 * @param dsn      sqlite:///path, postgresql://user@host:port/database?…, mysql://user@host:port/database?…; without a
 *                 password (kfpstore(7) lists the options)
 * @param options  NULL: the defaults
 * @param out      set to NULL on failure; free with kfps_store_close
 * @return KFPS_OK, KFPS_INVALID (DSN, options), KFPS_UNAVAILABLE, KFPS_PERMISSION, KFPS_NO_MEMORY, KFPS_INTERNAL
 */
kfps_status kfps_store_open(const char *dsn, const kfps_store_options *options, kfps_store **out, kfps_error *error);

/** Closes every connection. All sessions must have been closed before, and no call may be running. NULL is allowed. */
void kfps_store_close(kfps_store *store);

/** Replaces the clock on a live store; NULL: the system's. Operations that run already may still use the old one. */
void kfps_store_set_clock(kfps_store *store, kfps_clock_fn clock, void *user);
/** Replaces the UUID generator on a live store; NULL: random UUIDs. As kfps_store_set_clock. */
void kfps_store_set_uuid(kfps_store *store, kfps_uuid_fn uuid, void *user);

/* ---- sessions ---------------------------------------------------------------------------------------------------- */

/** Initialise with kfps_session_options_init. */
typedef struct kfps_session_options {
    uint32_t struct_size;          /**< set by kfps_session_options_init */
    uint32_t call_timeout_ms;      /**< one operation (of a transaction: each); 0: the store's */
    const char *session_namespace; /**< NULL: any; else rows of other namespaces are not found. Copied */
    void *caller;                  /**< handed to the authorisation callback */
} kfps_session_options;

void kfps_session_options_init(kfps_session_options *options);

/** @param options  NULL: the defaults
 *  @return KFPS_OK, KFPS_INVALID, KFPS_NO_MEMORY */
kfps_status kfps_session_open(kfps_store *store, const kfps_session_options *options, kfps_session **out,
                              kfps_error *error);
/** Rolls an open transaction back. NULL is allowed. */
void kfps_session_close(kfps_session *session);

/**
 * Ends the operation that the session runs now: it returns KFPS_INTERRUPTED, and its transaction is rolled back. Does
 * nothing if none runs; the next operation is not affected. From any thread; the session must not be closed meanwhile.
 * May take as long as a connection to the server takes, because it asks the server to stop the statement.
 */
void kfps_interrupt(kfps_session *session);

/* ---- transactions over several calls ----------------------------------------------------------------------------- */

/**
 * Begins a transaction: the session's operations join it until kfps_txn_commit or kfps_txn_rollback. Without it every
 * operation is a transaction of its own and is repeated as a whole after a deadlock; inside it the caller has to repeat
 * the whole when an operation says KFPS_BUSY. After a failed operation only kfps_txn_rollback is possible.
 * Lock order (kfpstore(7)): the run row first, then tasks, artifacts last; one transaction should change one run.
 * @return KFPS_OK, KFPS_INVALID (one is open), KFPS_BUSY, KFPS_CONNECTION_LOST, KFPS_UNAVAILABLE, KFPS_PERMISSION,
 *         KFPS_SCHEMA, KFPS_INTERRUPTED, KFPS_NO_MEMORY, KFPS_INTERNAL
 */
kfps_status kfps_txn_begin(kfps_session *session, kfps_error *error);
/** @return KFPS_OK, KFPS_INVALID (none is open, or an operation failed: it was rolled back), KFPS_BUSY (rolled back),
 *          KFPS_FOREIGN_KEY, KFPS_WRITE_UNCERTAIN, KFPS_CONNECTION_LOST, KFPS_INTERRUPTED, KFPS_INTERNAL.
 *  The transaction is over in every case. */
kfps_status kfps_txn_commit(kfps_session *session, kfps_error *error);
/** Safe with no transaction open. */
void kfps_txn_rollback(kfps_session *session);

typedef enum kfps_value_kind {
    KFPS_VALUE_NULL = 0,
    KFPS_VALUE_INT = 1,
    KFPS_VALUE_DOUBLE = 2,
    KFPS_VALUE_TEXT = 3
} kfps_value_kind;

/** A value of the caller's own statement. */
typedef struct kfps_value {
    int32_t kind; /**< kfps_value_kind */
    int64_t int_value;
    double double_value;
    const char *text_value; /**< UTF-8, NUL-terminated; borrowed */
} kfps_value;

/** The rows of the caller's own query, as text. Owns its memory; free with kfps_rowset_free. */
typedef struct kfps_rowset {
    const char *const *cells; /**< row by row; NULL is SQL NULL */
    size_t row_count;
    size_t column_count;
} kfps_rowset;

/**
 * Runs a statement of the caller's own in the open transaction, so that the API server's rows and the library's are
 * committed together. `?` stands for a value; identifiers may be double-quoted on every engine.
 * @param affected  rows changed; NULL: not wanted
 * @return KFPS_OK, KFPS_INVALID (no transaction is open; a value), and every code of error.h that a statement can give
 */
kfps_status kfps_txn_exec(kfps_session *session, const char *sql, const kfps_value *values, size_t count,
                          int64_t *affected, kfps_error *error);
/** Likewise for a query. @param out  set to NULL on failure */
kfps_status kfps_txn_query(kfps_session *session, const char *sql, const kfps_value *values, size_t count,
                           kfps_rowset **out, kfps_error *error);
void kfps_rowset_free(kfps_rowset *rowset);

#ifdef __cplusplus
}
#endif
#endif
