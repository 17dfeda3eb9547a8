/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pool.h: connections to one database, opened when needed, handed out one thread at a time. Thread safe.
 */
#ifndef KFPSI_POOL_H
#define KFPSI_POOL_H

#include <stdatomic.h>

#include "backends/backend.h"

typedef struct kfpsi_pool kfpsi_pool;

/* Copies the DSN and the options (the password too). `size` connections at most; a caller that finds none free waits up
 * to `wait_ms` and then gets KFPS_BUSY. Writers of a SQLite pool queue for a fair in-process lock inside
 * kfpsi_pool_take. */
kfps_status kfpsi_pool_new(const kfpb_dsn *dsn, const kfpb_open_options *options, size_t size, uint32_t wait_ms,
                           kfpsi_pool **out, kfps_error *error);
/* Writers that follow each other without a gap let others in once a second (breather.h). Before the first is taken. */
kfps_status kfpsi_pool_breathe(kfpsi_pool *pool, kfps_error *error);
/* Every connection must have been given back. NULL-safe. */
void kfpsi_pool_free(kfpsi_pool *pool);

/* `write`: the caller will open a write transaction (matters on SQLite only). */
kfps_status kfpsi_pool_take(kfpsi_pool *pool, bool write, kfpb_conn **out, kfps_error *error);
/* The same, but *cancelled ends the wait, with KFPS_BUSY, when another thread makes it true. */
kfps_status kfpsi_pool_take_unless(kfpsi_pool *pool, bool write, const atomic_bool *cancelled, kfpb_conn **out,
                                   kfps_error *error);
/* A broken connection is closed, any other rolled back (if need be) and kept. Sets *conn to NULL. */
void kfpsi_pool_give(kfpsi_pool *pool, kfpb_conn **conn);
/* The connection leaves the pool: whoever else holds it closes it. Sets *conn to NULL. */
void kfpsi_pool_lose(kfpsi_pool *pool, kfpb_conn **conn);

#endif
