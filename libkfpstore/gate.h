/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gate.h: lets a number of threads pass at once, the others in the order they came, but for those who come by while the
 * first in line has waited for a few ms only. A plain mutex, or a file lock, lets some threads starve for seconds.
 */
#ifndef KFPSI_GATE_H
#define KFPSI_GATE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct gate_waiter gate_waiter;

typedef struct gate {
    pthread_mutex_t mutex;
    unsigned free;
    gate_waiter *first, *last;
} gate;

/* `places` threads may be inside at once. 0, or an errno. */
int gate_init(gate *g, unsigned places);
void gate_destroy(gate *g);
/* False after timeout_ms without a place, or soon after *cancelled (may be NULL) became true. */
bool gate_enter(gate *g, uint32_t timeout_ms, const atomic_bool *cancelled);
void gate_leave(gate *g);

#endif
