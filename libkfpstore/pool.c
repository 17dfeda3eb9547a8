/* SPDX-License-Identifier: Apache-2.0 */
#include "libkfpstore/pool.h"

#include <stdlib.h>
#include <string.h>

#include "backends/base/fail.h"
#include "libkfpstore/breather.h"
#include "libkfpstore/gate.h"

/* Longer than the longest sleep of one who waits for the file (SQLite's busy handler), or for the row. */
enum { FILE_PAUSE_MS = 110, SERVER_PAUSE_MS = 20 };

typedef struct slot {
    kfpb_conn *conn; /* NULL: not opened yet, or closed after a loss */
    bool taken;
    bool writer; /* has passed the gate of writers */
    bool breathes;
} slot;

struct kfpsi_pool {
    kfpb_dsn dsn;
    kfpb_open_options options;
    char *password;
    char *driver_dir;
    uint32_t wait_ms;
    bool one_writer; /* the database is a file */
    gate places;     /* one a slot */
    gate writers;
    bool breathes;
    breather air;
    pthread_mutex_t mutex; /* guards the slots */
    size_t size;
    slot slots[];
};

kfps_status kfpsi_pool_new(const kfpb_dsn *dsn, const kfpb_open_options *options, size_t size, uint32_t wait_ms,
                           kfpsi_pool **out, kfps_error *error)
{
    kfps_status status = KFPS_OK;
    *out = NULL;
    const kfpb_driver *driver = kfpb_driver_find(dsn->scheme);
    kfpsi_pool *pool = calloc(1, sizeof *pool + size * sizeof *pool->slots);
    if (pool == NULL)
        return kfpb_fail_no_memory(error);
    pool->options = *options;
    pool->size = size;
    pool->wait_ms = wait_ms;
    pool->one_writer = driver != NULL && (driver->capabilities & KFPB_CAP_FILE) != 0;
    if (gate_init(&pool->places, (unsigned) size) != 0 || gate_init(&pool->writers, 1) != 0 ||
        pthread_mutex_init(&pool->mutex, NULL) != 0) {
        free(pool);
        return kfpb_fail_no_memory(error);
    }
    status = kfpb_dsn_copy(dsn, &pool->dsn, error);
    if (status != KFPS_OK)
        goto out;
    if (options->password != NULL && (pool->password = strdup(options->password)) == NULL)
        status = kfpb_fail_no_memory(error);
    if (options->driver_dir != NULL && (pool->driver_dir = strdup(options->driver_dir)) == NULL)
        status = kfpb_fail_no_memory(error);
    pool->options.password = pool->password;
    pool->options.driver_dir = pool->driver_dir;
out:
    if (status != KFPS_OK)
        kfpsi_pool_free(pool);
    else
        *out = pool;
    return status;
}

kfps_status kfpsi_pool_breathe(kfpsi_pool *pool, kfps_error *error)
{
    if (breather_init(&pool->air, pool->one_writer ? FILE_PAUSE_MS : SERVER_PAUSE_MS) != 0)
        return kfpb_fail_no_memory(error);
    pool->breathes = true;
    return KFPS_OK;
}

void kfpsi_pool_free(kfpsi_pool *pool)
{
    if (pool == NULL)
        return;
    for (size_t i = 0; i < pool->size; i++)
        kfpb_close(&pool->slots[i].conn);
    gate_destroy(&pool->places);
    gate_destroy(&pool->writers);
    if (pool->breathes)
        breather_destroy(&pool->air);
    pthread_mutex_destroy(&pool->mutex);
    if (pool->password != NULL)
        explicit_bzero(pool->password, strlen(pool->password));
    free(pool->password);
    free(pool->driver_dir);
    kfpb_dsn_free(&pool->dsn);
    free(pool);
}

/* An open connection if there is one, else an empty slot: connections are opened only when they are needed. */
static slot *choose_slot(kfpsi_pool *pool)
{
    slot *chosen = NULL;
    pthread_mutex_lock(&pool->mutex);
    for (size_t i = 0; i < pool->size; i++) {
        slot *s = &pool->slots[i];
        if (!s->taken && (chosen == NULL || (chosen->conn == NULL && s->conn != NULL)))
            chosen = s;
    }
    if (chosen != NULL)
        chosen->taken = true;
    pthread_mutex_unlock(&pool->mutex);
    return chosen;
}

/* Of a slot that is taken: its holder reads the connection without the lock, the others look for theirs under it. */
static void set_conn(kfpsi_pool *pool, slot *s, kfpb_conn *conn)
{
    pthread_mutex_lock(&pool->mutex);
    s->conn = conn;
    pthread_mutex_unlock(&pool->mutex);
}

static void free_slot(kfpsi_pool *pool, slot *s)
{
    pthread_mutex_lock(&pool->mutex);
    const bool writer = s->writer, breathes = s->breathes;
    s->taken = s->writer = s->breathes = false;
    pthread_mutex_unlock(&pool->mutex);
    if (breathes)
        breather_leave(&pool->air);
    gate_leave(&pool->places);
    if (writer)
        gate_leave(&pool->writers);
}

kfps_status kfpsi_pool_take_unless(kfpsi_pool *pool, bool write, const atomic_bool *cancelled, kfpb_conn **out,
                                   kfps_error *error)
{
    *out = NULL;
    const bool queue = write && pool->one_writer;
    if (queue && !gate_enter(&pool->writers, pool->wait_ms, cancelled))
        return kfpb_fail(error, KFPS_BUSY, "waited %u ms for the other writers of this store", pool->wait_ms);
    if (!gate_enter(&pool->places, pool->wait_ms, cancelled)) {
        if (queue)
            gate_leave(&pool->writers);
        return kfpb_fail(error, KFPS_BUSY, "waited %u ms for one of the pool's %zu connections", pool->wait_ms,
                         pool->size);
    }
    slot *s = choose_slot(pool); /* never NULL: the gate lets in as many as there are slots */
    s->writer = queue;
    s->breathes = write && pool->breathes;
    if (s->breathes)
        breather_enter(&pool->air, cancelled);
    if (s->conn == NULL) {
        kfpb_conn *opened = NULL;
        const kfps_status status = kfpb_open(&pool->dsn, &pool->options, &opened, error);
        if (status != KFPS_OK) {
            free_slot(pool, s);
            return status;
        }
        set_conn(pool, s, opened);
    }
    *out = s->conn;
    return KFPS_OK;
}

kfps_status kfpsi_pool_take(kfpsi_pool *pool, bool write, kfpb_conn **out, kfps_error *error)
{
    return kfpsi_pool_take_unless(pool, write, NULL, out, error);
}

static slot *slot_of(kfpsi_pool *pool, const kfpb_conn *conn)
{
    slot *found = NULL;
    pthread_mutex_lock(&pool->mutex);
    for (size_t i = 0; i < pool->size && found == NULL; i++) {
        if (pool->slots[i].conn == conn)
            found = &pool->slots[i];
    }
    pthread_mutex_unlock(&pool->mutex);
    return found;
}

void kfpsi_pool_lose(kfpsi_pool *pool, kfpb_conn **conn)
{
    slot *s = *conn != NULL ? slot_of(pool, *conn) : NULL;
    *conn = NULL;
    if (s == NULL)
        return;
    set_conn(pool, s, NULL);
    free_slot(pool, s);
}

void kfpsi_pool_give(kfpsi_pool *pool, kfpb_conn **conn)
{
    kfpb_conn *given = *conn;
    *conn = NULL;
    if (given == NULL)
        return;
    slot *s = slot_of(pool, given);
    if (s == NULL)
        return;
    if (given->in_transaction)
        kfpb_rollback(given);
    if (given->broken) {
        set_conn(pool, s, NULL);
        kfpb_close(&given);
    }
    free_slot(pool, s);
}
