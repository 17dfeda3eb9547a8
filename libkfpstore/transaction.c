/* SPDX-License-Identifier: Apache-2.0 */
#include "libkfpstore/transaction.h"

#include <errno.h>
#include <sys/random.h>
#include <time.h>

#include "backends/base/fail.h"

const kfpsi_retry kfpsi_retry_default = {.attempts = 10, .first_ms = 5, .cap_ms = 1000};

/* Half of the pause is fixed and half is random, so that those who collided do not meet again. */
void kfpsi_pause(int attempt, const kfpsi_retry *retry)
{
    uint64_t ms = retry->first_ms;
    for (int i = 1; i < attempt && ms < retry->cap_ms; i++)
        ms *= 2;
    if (ms > retry->cap_ms)
        ms = retry->cap_ms;
    uint32_t random = 0;
    if (getrandom(&random, sizeof random, GRND_NONBLOCK) != (ssize_t) sizeof random)
        random = (uint32_t) clock();
    const uint64_t us = ms * 500 + (ms * 500) * (random % 1024) / 1024;
    struct timespec left = {.tv_sec = (time_t) (us / 1000000), .tv_nsec = (long) (us % 1000000) * 1000};
    while (nanosleep(&left, &left) != 0 && errno == EINTR)
        ;
}

static bool worth_another_try(kfps_status status, const kfpsi_retry *retry)
{
    switch (status) {
    case KFPS_BUSY:
    case KFPS_CONNECTION_LOST: /* before COMMIT was sent: nothing was kept */
        return true;
    case KFPS_WRITE_UNCERTAIN:
    case KFPS_UNAVAILABLE: /* a server that restarts refuses connections for a while */
        return retry->repeat_uncertain;
    default:
        return false;
    }
}

static kfps_status try_once(kfpsi_pool *pool, kfpsi_body body, void *context, kfps_error *error)
{
    kfpb_conn *conn = NULL;
    kfps_status status = kfpsi_pool_take(pool, true, &conn, error);
    if (status != KFPS_OK)
        return status;
    status = kfpb_begin(conn, KFPB_TX_WRITE, error);
    if (status == KFPS_OK)
        status = body(conn, context, error);
    if (status == KFPS_OK)
        status = kfpb_commit(conn, error);
    else
        kfpb_rollback(conn);
    kfpsi_pool_give(pool, &conn);
    return status;
}

kfps_status kfpsi_run(kfpsi_pool *pool, const kfpsi_retry *retry, kfpsi_body body, void *context, kfps_error *error)
{
    if (retry == NULL)
        retry = &kfpsi_retry_default;
    for (int attempt = 1;; attempt++) {
        kfpb_error_clear(error);
        const kfps_status status = try_once(pool, body, context, error);
        if (attempt >= retry->attempts || !worth_another_try(status, retry))
            return status;
        kfpsi_pause(attempt, retry);
    }
}
