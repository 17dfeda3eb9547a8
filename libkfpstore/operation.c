/* SPDX-License-Identifier: Apache-2.0 */
#include "libkfpstore/operation.h"

#include "backends/base/fail.h"
#include "libkfpstore/schema_version.h"
#include "libkfpstore/transaction.h"

/* ---- who has the connection -------------------------------------------------------------------------------------- */

kfps_status kfpsi_attach(kfps_session *session, bool write, kfps_error *error)
{
    kfpb_conn *conn = NULL;
    const kfps_status status = kfpsi_pool_take_unless(session->store->pool, write, &session->interrupted, &conn, error);
    if (status != KFPS_OK)
        return status;
    pthread_mutex_lock(&session->mutex);
    session->conn = conn;
    pthread_mutex_unlock(&session->mutex);
    return KFPS_OK;
}

void kfpsi_detach(kfps_session *session)
{
    pthread_mutex_lock(&session->mutex);
    kfpb_conn *conn = session->conn;
    kfpsi_pin *pin = session->pin;
    session->conn = NULL;
    session->pin = NULL;
    if (pin != NULL) {
        pin->owned = true;
        kfpsi_pool_lose(session->store->pool, &conn);
    }
    pthread_mutex_unlock(&session->mutex);
    kfpsi_pool_give(session->store->pool, &conn);
}

/* Of the watchdog. */
static void cut(void *what)
{
    kfps_session *session = what;
    /* first, so that who finds the connection cut does not try again; it also ends a wait for a connection */
    atomic_store(&session->interrupted, true);
    pthread_mutex_lock(&session->mutex);
    session->overdue = true;
    if (session->conn != NULL && session->in_call)
        session->conn->ops->abort(session->conn);
    pthread_mutex_unlock(&session->mutex);
}

kfps_status kfpsi_enter(kfps_session *session, kfps_error *error)
{
    const uint32_t ms = session->timeout_ms != 0 ? session->timeout_ms : session->store->call_timeout_ms;
    pthread_mutex_lock(&session->mutex);
    session->in_call = true;
    session->overdue = false;
    pthread_mutex_unlock(&session->mutex);
    atomic_store(&session->interrupted, false);
    session->watch.cut = cut;
    session->watch.what = session;
    if (ms != 0 && !kfpsi_watch_begin(session->store->watchdog, &session->watch, ms))
        return kfpb_fail_no_memory(error);
    return KFPS_OK;
}

kfps_status kfpsi_leave(kfps_session *session, kfps_status status, kfps_error *error)
{
    kfpsi_watch_end(session->store->watchdog, &session->watch);
    pthread_mutex_lock(&session->mutex);
    const bool overdue = session->overdue;
    session->in_call = false;
    pthread_mutex_unlock(&session->mutex);
    const bool interrupted = atomic_exchange(&session->interrupted, false);
    /* WRITE_UNCERTAIN stays: whether the transaction was kept is not known */
    const bool cut_off = status == KFPS_CONNECTION_LOST || status == KFPS_BUSY || status == KFPS_UNAVAILABLE;
    if (overdue && (cut_off || status == KFPS_INTERRUPTED))
        return kfpb_fail(error, KFPS_INTERRUPTED, "the operation took longer than its time-out");
    if (interrupted && cut_off)
        return kfpb_fail(error, KFPS_INTERRUPTED, "the operation was interrupted");
    return status;
}

/* ---- running a body ---------------------------------------------------------------------------------------------- */

typedef struct plan {
    kfpsi_op_body body;
    void *context;
    bool write;
    bool one;        /* statement, which commits itself */
    bool maybe_done; /* … and was on its way when the connection was lost */
    bool any_schema;
} plan;

static kfps_status look_at_schema(kfpsi_op *op, const plan *work, kfps_error *error)
{
    if (work->any_schema || atomic_load(&op->store->schema_known))
        return KFPS_OK;
    const kfps_status status = kfpsi_schema_require(op->conn, error);
    if (status == KFPS_OK)
        atomic_store(&op->store->schema_known, true);
    return status;
}

static kfps_status run_body(kfps_session *session, plan *work, int64_t now, kfps_error *error)
{
    kfpsi_op op = {
        .session = session, .store = session->store, .conn = session->conn, .now = now, .maybe_done = work->maybe_done};
    kfps_status status = look_at_schema(&op, work, error);
    if (status != KFPS_OK)
        return status;
    status = work->body(&op, work->context, error);
    if (work->one && status == KFPS_CONNECTION_LOST)
        work->maybe_done = true;
    return status;
}

/* In the session's transaction. A write that failed may have written a part; a read spoils it only if the database
 * says so. */
static kfps_status run_in_transaction(kfps_session *session, plan *work, int64_t now, kfps_error *error)
{
    if (session->spoilt)
        return kfpb_fail(error, KFPS_INVALID, "an operation of this transaction failed: roll it back");
    const kfps_status status = run_body(session, work, now, error);
    if (status != KFPS_OK && (work->write || session->conn->failed || session->conn->broken))
        session->spoilt = true;
    return status;
}

static kfps_status run_alone(kfps_session *session, plan *work, int64_t now, kfps_error *error)
{
    const bool transaction = work->write && !work->one;
    kfps_status status = KFPS_OK;
    if (transaction)
        status = kfpb_begin(session->conn, KFPB_TX_WRITE, error);
    if (status == KFPS_OK)
        status = run_body(session, work, now, error);
    if (transaction && status == KFPS_OK)
        status = kfpb_commit(session->conn, error);
    else if (transaction)
        kfpb_rollback(session->conn);
    return status;
}

static bool again(const kfps_session *session, kfps_status status, int attempt)
{
    return (status == KFPS_BUSY || status == KFPS_CONNECTION_LOST) && attempt < kfpsi_retry_default.attempts &&
           !atomic_load(&session->interrupted);
}

static kfps_status run_until_done(kfps_session *session, plan *work, int64_t now, kfps_error *error)
{
    for (int attempt = 1;; attempt++) {
        kfpb_error_clear(error);
        kfps_status status = kfpsi_attach(session, work->write, error);
        if (status != KFPS_OK)
            return status; /* who waited for a connection in vain has waited long enough */
        status = run_alone(session, work, now, error);
        kfpsi_detach(session);
        if (!again(session, status, attempt))
            return status;
        kfpsi_log(session->store, attempt < 3 ? KFPS_LOG_INFO : KFPS_LOG_WARNING, "store",
                  "%s: the operation is tried again (%d)", kfps_status_name(status), attempt);
        kfpsi_pause(attempt, &kfpsi_retry_default);
    }
}

/* A statement that commits itself was on its way when a connection was lost, and nobody could look what became of it.
 */
static bool is_uncertain(const kfps_session *session, const plan *work, kfps_status status)
{
    return work->maybe_done && !session->txn &&
           (status == KFPS_CONNECTION_LOST || status == KFPS_UNAVAILABLE || status == KFPS_BUSY ||
            status == KFPS_INTERRUPTED);
}

static kfps_status run(kfps_session *session, plan *work, kfps_error *error)
{
    int64_t now = 0;
    kfps_error local;
    if (error == NULL)
        error = &local;
    kfpb_error_clear(error);
    kfps_status status = work->write ? kfpsi_now(session->store, &now, error) : KFPS_OK;
    if (status != KFPS_OK)
        return status;
    status = kfpsi_enter(session, error);
    if (status == KFPS_OK)
        status = session->txn ? run_in_transaction(session, work, now, error)
                              : run_until_done(session, work, now, error);
    if (is_uncertain(session, work, status))
        status = kfpb_fail(error, KFPS_WRITE_UNCERTAIN,
                           "the connection was lost during the statement; whether it took place is unknown");
    return kfpsi_leave(session, status, error);
}

kfps_status kfpsi_write(kfps_session *session, kfpsi_op_body body, void *context, kfps_error *error)
{
    return run(session, &(plan){.body = body, .context = context, .write = true}, error);
}

kfps_status kfpsi_write_one(kfps_session *session, kfpsi_op_body body, void *context, kfps_error *error)
{
    return run(session, &(plan){.body = body, .context = context, .write = true, .one = true}, error);
}

kfps_status kfpsi_read(kfps_session *session, kfpsi_op_body body, void *context, kfps_error *error)
{
    return run(session, &(plan){.body = body, .context = context}, error);
}

kfps_status kfpsi_read_any_schema(kfps_session *session, kfpsi_op_body body, void *context, kfps_error *error)
{
    return run(session, &(plan){.body = body, .context = context, .any_schema = true}, error);
}
