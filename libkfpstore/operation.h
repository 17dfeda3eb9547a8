/* SPDX-License-Identifier: Apache-2.0 */
/*
 * operation.h: how every public operation of the stores runs.
 *
 * A public function checks its arguments, asks for permission (access.h), and hands a body to kfpsi_write or
 * kfpsi_read. Its error is never NULL. It may be called several times (after a deadlock, a lost connection), so it
 * builds its result anew each time. In a session's transaction it runs on that transaction's connection, once.
 */
#ifndef KFPSI_OPERATION_H
#define KFPSI_OPERATION_H

#include "libkfpstore/session.h"

typedef struct kfpsi_op {
    kfps_session *session;
    kfps_store *store;
    kfpb_conn *conn;
    int64_t now;     /* the store's clock, read once for the operation; 0 in kfpsi_read */
    bool maybe_done; /* kfpsi_write_one only */
} kfpsi_op;

typedef kfps_status (*kfpsi_op_body)(kfpsi_op *op, void *context, kfps_error *error);

/* One transaction: BEGIN, body, COMMIT; again as a whole on KFPS_BUSY and on a connection lost before COMMIT. */
kfps_status kfpsi_write(kfps_session *session, kfpsi_op_body body, void *context, kfps_error *error);
/* For a body that sends one single statement that writes: it is a transaction by itself, and two round trips are saved.
 * After a lost connection it is called again with op->maybe_done: it has to look whether its rows (whose keys it chose
 * before) are there. */
kfps_status kfpsi_write_one(kfps_session *session, kfpsi_op_body body, void *context, kfps_error *error);
/* No transaction of its own: each statement sees the newest committed rows. Again on a lost connection. */
kfps_status kfpsi_read(kfps_session *session, kfpsi_op_body body, void *context, kfps_error *error);
/* As kfpsi_read, but without looking at the schema's version first. */
kfps_status kfpsi_read_any_schema(kfps_session *session, kfpsi_op_body body, void *context, kfps_error *error);

#endif
