/* SPDX-License-Identifier: Apache-2.0 */
/*
 * watchdog.h: a thread that cuts calls that are overdue. No client library can be trusted with a time-out: a server
 * that hangs is never heard of again. So the socket is shut down, which no client library can ignore.
 */
#ifndef KFPSI_WATCHDOG_H
#define KFPSI_WATCHDOG_H

#include <stdbool.h>
#include <stdint.h>

#include "kfpstore/error.h"

typedef struct kfpsi_watchdog kfpsi_watchdog;

/* One call that is watched; part of whatever is to be cut. Zeroed before its first use. */
typedef struct kfpsi_watch {
    struct kfpsi_watch *prev, *next;
    int64_t deadline_ns; /* on the monotonic clock; 0: not watched */
    void (*cut)(void *what);
    void *what;
} kfpsi_watch;

/* The thread is started by the first call that is watched. */
kfps_status kfpsi_watchdog_new(kfpsi_watchdog **out, kfps_error *error);
/* Nothing may be watched any more. NULL-safe. */
void kfpsi_watchdog_free(kfpsi_watchdog *dog);
/* Calls watch->cut on the watchdog's thread, once, `ms` from now, unless kfpsi_watch_end comes before. If it is watched
 * already the earlier time counts. False: no memory for the thread. */
bool kfpsi_watch_begin(kfpsi_watchdog *dog, kfpsi_watch *watch, uint32_t ms);
/* When it returns, `cut` is not running and will not. */
void kfpsi_watch_end(kfpsi_watchdog *dog, kfpsi_watch *watch);

int64_t kfpsi_monotonic_ns(void);

#endif
