/* SPDX-License-Identifier: Apache-2.0 */
/*
 * transaction.h: "run this as one transaction, and again if the database says so".
 */
#ifndef KFPSI_TRANSACTION_H
#define KFPSI_TRANSACTION_H

#include "backends/backend.h"
#include "libkfpstore/pool.h"

/* The body. It may be called several times, so it must build its result anew each time. It does not begin, commit or
 * roll back. */
typedef kfps_status (*kfpsi_body)(kfpb_conn *conn, void *context, kfps_error *error);

typedef struct kfpsi_retry {
    int attempts;          /* in all; 1: never again */
    uint32_t first_ms;     /* the first pause, doubled each time, with jitter of half its length */
    uint32_t cap_ms;       /* no pause is longer */
    bool repeat_uncertain; /* the body is idempotent: WRITE_UNCERTAIN and CONNECTION_LOST are tried again too */
} kfpsi_retry;

extern const kfpsi_retry kfpsi_retry_default; /* 10 attempts, 5 ms doubling to 1 s, uncertain writes are reported */

/* Sleeps before the next try. `attempt` counts from 1. */
void kfpsi_pause(int attempt, const kfpsi_retry *retry);

/* Takes a connection from the pool, begins (KFPB_TX_WRITE), calls the body, commits. On KFPS_BUSY rolls back and tries
 * the whole again; a lost connection before COMMIT is replaced and tried again. The last attempt's error is the
 * caller's. */
kfps_status kfpsi_run(kfpsi_pool *pool, const kfpsi_retry *retry, kfpsi_body body, void *context, kfps_error *error);

#endif
