/* SPDX-License-Identifier: Apache-2.0 */
/* session.h: what a store and a session are inside. Only session.c, operation.c, watchdog.c and txn.c change them. */
#ifndef KFPSI_SESSION_H
#define KFPSI_SESSION_H

#include <pthread.h>
#include <stdatomic.h>

#include "backends/backend.h"
#include "kfpstore/store.h"
#include "libkfpstore/pool.h"
#include "libkfpstore/watchdog.h"

struct kfps_store {
    const kfpb_driver *driver;
    kfpsi_pool *pool;
    kfpsi_watchdog *watchdog;
    bool multi_user;
    uint32_t call_timeout_ms;
    int64_t slow_ns;
    int32_t log_level;
    kfps_log_fn log;
    void *log_user;
    kfps_authorize_fn authorize;
    void *authorize_user;
    uint8_t *token_key;
    size_t token_key_length;
    atomic_bool schema_known; /* the schema was looked at and is one that this library works with */
    pthread_mutex_t mutex;    /* guards the following */
    kfps_clock_fn clock;
    void *clock_user;
    kfps_uuid_fn uuid;
    void *uuid_user;
};

/* One kfps_interrupt under way; lives on that thread's stack. The operation must not give its connection to the pool
 * meanwhile: the server's cancelling may come late and would meet somebody else's statement. */
typedef struct kfpsi_pin {
    kfpb_conn *conn;
    bool owned; /* the operation has left: the connection is the interrupter's to close */
} kfpsi_pin;

struct kfps_session {
    kfps_store *store;
    char *space; /* its namespace; NULL: any */
    void *caller;
    uint32_t timeout_ms;
    bool txn;    /* kfps_txn_begin: conn stays */
    bool spoilt; /* an operation of the transaction failed */
    atomic_bool interrupted;
    kfpsi_watch watch;
    pthread_mutex_t mutex; /* guards the following, against kfps_interrupt and the watchdog */
    kfpb_conn *conn;       /* while an operation or a transaction is under way */
    bool in_call;
    bool overdue; /* the watchdog has cut the connection */
    kfpsi_pin *pin;
};

/* ---- session.c ---- */

kfps_status kfpsi_now(kfps_store *store, int64_t *seconds, kfps_error *error);
kfps_status kfpsi_new_uuid(kfps_store *store, char out[KFPS_UUID_SIZE], kfps_error *error);
void kfpsi_log(const kfps_store *store, int32_t level, const char *facility, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* ---- operation.c: who has the connection ---- */

/* Takes a connection for the session; kfps_interrupt and the watchdog reach it from then on. */
kfps_status kfpsi_attach(kfps_session *session, bool write, kfps_error *error);
void kfpsi_detach(kfps_session *session);
/* Around everything that may wait for the database. */
kfps_status kfpsi_enter(kfps_session *session, kfps_error *error);
/* Says KFPS_INTERRUPTED where the status comes of the watchdog's or an interrupter's cut. */
kfps_status kfpsi_leave(kfps_session *session, kfps_status status, kfps_error *error);

#endif
