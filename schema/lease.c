/* SPDX-License-Identifier: Apache-2.0 */
/* lease.c: takes, renews, fences and gives back the lease of a database. */
#include "schema/lease.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "backends/base/fail.h"
#include "backends/sql.h"

enum {
    LIFETIME_S = 30,
    BEAT_S = 5,
    RETRY_S = 1,      /* after a beat that failed */
    DOUBT_MS = 25000, /* so long without a beat, and the lease may be another's before the next one */
    POLL_MS = 500,
    NAMELESS_MS = 2000, /* so long a holder may take from the lock to its name in the table */
    NAMELESS_POLL_MS = 50,
    RELEASE_TRIES = 5
};

/* A lock of the server that upstream's own migration tool takes; it lives as long as its connection. It is per server
 * node, so it only adds to the lease and never replaces it. Nor may it outlive the lease: the connection of a holder
 * that stands still, or whose machine is gone, is closed by the server after the lifetime of a lease. */
typedef struct server_lock {
    const char *engine;
    const char *take;
    const char *give_back;
    const char *expire;
} server_lock;

static const server_lock server_locks[] = {
    {"mysql", "SELECT GET_LOCK('kfp_mlmd_migration_lock', 0)", "SELECT RELEASE_LOCK('kfp_mlmd_migration_lock')",
     "SET SESSION wait_timeout = 30"},
};

struct schema_lease {
    const kfpb_dsn *dsn;
    kfpb_open_options open_options;
    kfpb_conn *conn; /* the heartbeat's */
    char owner[192];
    int64_t epoch;
    bool file; /* one writer at a time: nobody can take over while a transaction of ours is open */
    _Atomic bool lost;
    _Atomic int64_t beaten_at; /* ms, monotonic */
    pthread_t thread;
    bool thread_runs;
    pthread_mutex_t mutex; /* guards stopping */
    pthread_cond_t wake;
    bool stopping;
};

static int64_t monotonic_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t) now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void sleep_ms(int64_t ms)
{
    struct timespec pause = {.tv_sec = (time_t) (ms / 1000), .tv_nsec = (long) (ms % 1000) * 1000000};
    while (nanosleep(&pause, &pause) != 0 && errno == EINTR)
        ;
}

static void name_owner(schema_lease *lease, const char *purpose)
{
    char host[64] = "";
    uint32_t random = 0;
    if (gethostname(host, sizeof host - 1) != 0 || host[0] == '\0')
        strcpy(host, "unknown");
    if (getrandom(&random, sizeof random, 0) != (ssize_t) sizeof random)
        random = (uint32_t) monotonic_ms();
    snprintf(lease->owner, sizeof lease->owner, "%.60s %s:%ld %08x", purpose != NULL ? purpose : "kfp-migrate", host,
             (long) getpid(), random);
}

/* ---- the server's own lock ----------------------------------------------------------------------------------------
 */

/* NULL: the engine has none. */
static const server_lock *server_lock_of(const kfpb_conn *conn)
{
    for (size_t i = 0; i < sizeof server_locks / sizeof server_locks[0]; i++) {
        if (strcmp(server_locks[i].engine, conn->driver->name) == 0)
            return &server_locks[i];
    }
    return NULL;
}

static kfps_status take_server_lock(kfpb_conn *conn, kfps_error *error)
{
    const server_lock *lock = server_lock_of(conn);
    int64_t got = 0;
    if (lock == NULL)
        return KFPS_OK;
    const kfps_status status = kfpb_query_int(conn, lock->take, NULL, 0, &got, NULL, error);
    if (status != KFPS_OK || got == 1)
        return status;
    return kfpb_fail(
        error, KFPS_BUSY,
        "another migration holds the server's lock kfp_mlmd_migration_lock; wait for it to end, or give more "
        "seconds to wait");
}

static void give_back_server_lock(kfpb_conn *conn)
{
    const server_lock *lock = server_lock_of(conn);
    int64_t released = 0;
    if (lock != NULL && !conn->broken)
        (void) kfpb_query_int(conn, lock->give_back, NULL, 0, &released, NULL, NULL);
}

/* ---- taking ------------------------------------------------------------------------------------------------------ */

typedef struct holder {
    bool exists;
    char owner[192];
    int64_t epoch;
    int64_t expires_in; /* seconds; not above 0: free */
} holder;

static kfps_status read_holder(kfpb_conn *conn, bool lock, holder *out, kfps_error *error)
{
    kfpb_sql sql;
    kfpb_rows *rows = NULL;
    *out = (holder){0};
    kfpb_sql_init(&sql, conn);
    kfpb_sql_add(&sql, "SELECT \"Owner\", \"Epoch\", \"ExpiresAtInSec\", ");
    kfpb_sql_add(&sql, conn->driver->dialect.now_seconds);
    kfpb_sql_add(&sql, " FROM \"kfpstore_lease\" WHERE \"Slot\" = 0");
    if (lock)
        kfpb_sql_add(&sql, conn->driver->dialect.for_update);
    kfps_status status = kfpb_sql_query(conn, &sql, &rows, error);
    if (status == KFPS_OK) {
        const int next = kfpb_next(rows, error);
        if (next == 1) {
            const char *owner = kfpb_get_text(rows, 0, NULL);
            out->exists = true;
            snprintf(out->owner, sizeof out->owner, "%s", owner != NULL ? owner : "");
            out->epoch = kfpb_get_int(rows, 1);
            out->expires_in = kfpb_get_int(rows, 2) - kfpb_get_int(rows, 3);
        } else if (next < 0) {
            status = error != NULL && error->code != KFPS_OK ? (kfps_status) error->code : KFPS_INTERNAL;
        }
        kfpb_rows_free(&rows);
    }
    kfpb_sql_free(&sql);
    return status;
}

static kfps_status insert_slot(kfpb_conn *conn, int64_t slot, int64_t epoch, kfps_error *error)
{
    const kfpb_value values[] = {kfpb_int(slot), kfpb_int(epoch)};
    return kfpb_exec(conn,
                     "INSERT INTO \"kfpstore_lease\" (\"Slot\", \"Owner\", \"Epoch\", \"ExpiresAtInSec\", \"Beat\") "
                     "VALUES (?, '', ?, 0, 0)",
                     values, 2, NULL, error);
}

/* Renews slot 0, and with `owner` puts a new name there; *affected is 0 if the epoch is another's. */
static kfps_status renew(kfpb_conn *conn, int64_t epoch, const char *owner, int64_t *affected, kfps_error *error)
{
    kfpb_sql sql;
    kfpb_sql_init(&sql, conn);
    kfpb_sql_add(&sql, "UPDATE \"kfpstore_lease\" SET \"Beat\" = \"Beat\" + 1, \"ExpiresAtInSec\" = ");
    kfpb_sql_bind(&sql, kfpb_int(LIFETIME_S));
    kfpb_sql_add(&sql, " + ");
    kfpb_sql_add(&sql, conn->driver->dialect.now_seconds);
    if (owner != NULL) {
        kfpb_sql_add(&sql, ", \"Owner\" = ");
        kfpb_sql_bind(&sql, kfpb_str(owner));
    }
    kfpb_sql_add(&sql, " WHERE \"Slot\" = 0 AND \"Epoch\" = ");
    kfpb_sql_bind(&sql, kfpb_int(epoch));
    kfps_status status = kfpb_sql_exec(conn, &sql, affected, error);
    kfpb_sql_free(&sql);
    return status;
}

static kfps_status take_rows(schema_lease *lease, int slots, const holder *before, kfps_error *error)
{
    kfpb_conn *conn = lease->conn;
    int64_t last_slot = 0;
    int64_t affected = 0;
    kfps_status status = kfpb_query_int(conn, "SELECT MAX(\"Slot\") FROM \"kfpstore_lease\"", NULL, 0, &last_slot, NULL,
                                        error);
    lease->epoch = before->epoch + 1;
    /* Waits for a transaction of the old holder that has passed its fence and not yet ended; one that comes later fails
     * at it. */
    const kfpb_value epoch = kfpb_int(lease->epoch);
    if (status == KFPS_OK)
        status = kfpb_exec(conn, "UPDATE \"kfpstore_lease\" SET \"Epoch\" = ?", &epoch, 1, NULL, error);
    for (int64_t slot = last_slot + 1; status == KFPS_OK && slot <= slots; slot++)
        status = insert_slot(conn, slot, lease->epoch, error);
    if (status == KFPS_OK)
        status = renew(conn, lease->epoch, lease->owner, &affected, error);
    if (status == KFPS_OK && affected != 1)
        status = kfpb_fail(error, KFPS_INTERNAL, "the lease could not be written to kfpstore_lease");
    return status;
}

static bool is_held(const holder *now)
{
    return now->owner[0] != '\0' && now->expires_in > 0;
}

static kfps_status fail_held(const holder *now, kfps_error *error)
{
    return kfpb_fail(
        error, KFPS_BUSY,
        "the database is locked by \"%s\" (its lease runs for another %d s unless renewed); wait for it to end, or "
        "give more seconds to wait",
        now->owner, (int) now->expires_in);
}

/* One try. KFPS_BUSY: another holds it, or is just taking it. */
static kfps_status try_take(schema_lease *lease, int slots, kfps_error *error)
{
    kfpb_conn *conn = lease->conn;
    holder now;
    kfps_status status = read_holder(conn, false, &now, error);
    if (status != KFPS_OK)
        return status;
    /* Before anything is locked: who waits must not stand in the way of the one that works. */
    if (is_held(&now))
        return fail_held(&now, error);
    if (!now.exists) {
        status = insert_slot(conn, 0, 0, error);
        if (status != KFPS_OK && status != KFPS_EXISTS)
            return status;
    }
    status = kfpb_begin(conn, KFPB_TX_WRITE, error);
    if (status == KFPS_OK)
        status = read_holder(conn, true, &now, error);
    if (status == KFPS_OK && is_held(&now))
        status = fail_held(&now, error);
    if (status == KFPS_OK)
        status = take_rows(lease, slots, &now, error);
    if (status == KFPS_OK)
        status = kfpb_commit(conn, error);
    if (status != KFPS_OK)
        kfpb_rollback(conn);
    return status;
}

static kfps_status wait_and_take(schema_lease *lease, const schema_lease_options *options, kfps_error *error)
{
    const int64_t named_at = monotonic_ms() + NAMELESS_MS;
    const int64_t give_up_at = monotonic_ms() + (int64_t) options->wait_s * 1000;
    for (;;) {
        if (options->stop != NULL && *options->stop != 0)
            return kfpb_fail(error, KFPS_INTERRUPTED, "stopped while waiting for the lease");
        kfps_status status = take_server_lock(lease->conn, error);
        if (status == KFPS_OK) {
            status = try_take(lease, options->slots, error);
            if (status != KFPS_OK)
                give_back_server_lock(lease->conn);
        }
        /* A lock has no name; if its holder is one of ours, the lease has. */
        holder now;
        const bool named = status == KFPS_BUSY && read_holder(lease->conn, false, &now, NULL) == KFPS_OK &&
                           is_held(&now);
        if (named)
            status = fail_held(&now, error);
        if (status != KFPS_BUSY)
            return status;
        /* One that is just taking it has no name yet. */
        const bool nameless = !named && monotonic_ms() < named_at;
        if (!nameless && monotonic_ms() >= give_up_at)
            return status;
        sleep_ms(nameless ? NAMELESS_POLL_MS : POLL_MS + (int64_t) (monotonic_ms() % 200));
    }
}

/* ---- the heartbeat ------------------------------------------------------------------------------------------------
 */

static kfps_status open_heartbeat(schema_lease *lease, kfps_error *error)
{
    kfps_status status = kfpb_open(lease->dsn, &lease->open_options, &lease->conn, error);
    const server_lock *lock = status == KFPS_OK ? server_lock_of(lease->conn) : NULL;
    if (lock != NULL)
        status = kfpb_exec(lease->conn, lock->expire, NULL, 0, NULL, error);
    if (status != KFPS_OK)
        kfpb_close(&lease->conn);
    return status;
}

/* True once the lease is certainly another's. */
static bool beat(schema_lease *lease)
{
    int64_t affected = 0;
    if (lease->conn != NULL && lease->conn->broken)
        kfpb_close(&lease->conn);
    const bool anew = lease->conn == NULL;
    if (anew && open_heartbeat(lease, NULL) != KFPS_OK)
        return false;
    /* The server may not have noticed yet that the old connection is gone, or another has the lock now: no beat then.
     */
    const bool locked = !anew || take_server_lock(lease->conn, NULL) == KFPS_OK;
    if (renew(lease->conn, lease->epoch, NULL, &affected, NULL) != KFPS_OK)
        return false;
    if (affected == 0)
        return true;
    if (locked)
        atomic_store(&lease->beaten_at, monotonic_ms());
    else
        kfpb_close(&lease->conn);
    return false;
}

static void *heartbeat(void *argument)
{
    schema_lease *lease = argument;
    int64_t last = atomic_load(&lease->beaten_at);
    pthread_mutex_lock(&lease->mutex);
    while (!lease->stopping) {
        const bool fresh = atomic_load(&lease->beaten_at) >= last;
        struct timespec until;
        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_sec += fresh ? BEAT_S : RETRY_S;
        while (!lease->stopping && pthread_cond_timedwait(&lease->wake, &lease->mutex, &until) != ETIMEDOUT)
            ;
        if (lease->stopping)
            break;
        pthread_mutex_unlock(&lease->mutex);
        last = monotonic_ms();
        const bool lost = beat(lease);
        if (lost)
            atomic_store(&lease->lost, true);
        pthread_mutex_lock(&lease->mutex);
        if (lost)
            break;
    }
    pthread_mutex_unlock(&lease->mutex);
    return NULL;
}

static kfps_status start_heartbeat(schema_lease *lease, kfps_error *error)
{
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    /* Signals are for the threads that know what to do about them. */
    pthread_sigmask(SIG_SETMASK, &all, &before);
    const int failed = pthread_create(&lease->thread, NULL, heartbeat, lease);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (failed != 0)
        return kfpb_fail(error, KFPS_INTERNAL, "the heartbeat's thread could not be started: %s", strerror(failed));
    lease->thread_runs = true;
    return KFPS_OK;
}

static void stop_heartbeat(schema_lease *lease)
{
    if (!lease->thread_runs)
        return;
    pthread_mutex_lock(&lease->mutex);
    lease->stopping = true;
    pthread_cond_signal(&lease->wake);
    pthread_mutex_unlock(&lease->mutex);
    pthread_join(lease->thread, NULL);
    lease->thread_runs = false;
}

/* ---- the interface ------------------------------------------------------------------------------------------------
 */

kfps_status schema_lease_take(const kfpb_dsn *dsn, const kfpb_open_options *open_options,
                              const schema_lease_options *options, schema_lease **out, kfps_error *error)
{
    *out = NULL;
    schema_lease *lease = calloc(1, sizeof *lease);
    if (lease == NULL)
        return kfpb_fail_no_memory(error);
    pthread_condattr_t clock;
    pthread_mutex_init(&lease->mutex, NULL);
    pthread_condattr_init(&clock);
    pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
    pthread_cond_init(&lease->wake, &clock);
    pthread_condattr_destroy(&clock);
    lease->dsn = dsn;
    lease->open_options = *open_options;
    lease->open_options.read_only = false;
    lease->open_options.create = false;
    lease->open_options.source = false;
    lease->open_options.lock_timeout_ms = 2000;
    name_owner(lease, options->purpose);

    kfps_status status = open_heartbeat(lease, error);
    if (status == KFPS_OK) {
        lease->file = (lease->conn->driver->capabilities & KFPB_CAP_FILE) != 0;
        status = wait_and_take(lease, options, error);
    }
    if (status == KFPS_OK) {
        atomic_store(&lease->beaten_at, monotonic_ms());
        status = start_heartbeat(lease, error);
        if (status == KFPS_OK) {
            *out = lease;
            return KFPS_OK;
        }
        atomic_store(&lease->lost, false);
        schema_lease_release(&lease);
        return status;
    }
    atomic_store(&lease->lost, true);
    schema_lease_release(&lease);
    return status;
}

static kfps_status taken_over(kfpb_conn *conn, kfps_error *error)
{
    holder now;
    if (read_holder(conn, false, &now, error) != KFPS_OK)
        return kfpb_error_prefix(error, "the lease was lost");
    if (now.owner[0] == '\0')
        return kfpb_fail(
            error, KFPS_INTERNAL,
            "the lease had expired, and another took it and has ended since; this work was not kept, start again");
    return kfpb_fail(error, KFPS_INTERNAL, "the lease was taken over by \"%s\"; this work was not kept, start again",
                     now.owner);
}

kfps_status schema_lease_fence(const schema_lease *lease, kfpb_conn *conn, int slot, kfps_error *error)
{
    int64_t affected = 0;
    kfps_status status;
    int64_t rows = 1;
    if (lease->file) {
        kfpb_sql sql;
        rows = 2;
        kfpb_sql_init(&sql, conn);
        kfpb_sql_add(
            &sql,
            "UPDATE \"kfpstore_lease\" SET \"Beat\" = \"Beat\" + 1, \"ExpiresAtInSec\" = CASE WHEN \"Slot\" = 0 THEN ");
        kfpb_sql_bind(&sql, kfpb_int(LIFETIME_S));
        kfpb_sql_add(&sql, " + ");
        kfpb_sql_add(&sql, conn->driver->dialect.now_seconds);
        kfpb_sql_add(&sql, " ELSE \"ExpiresAtInSec\" END WHERE \"Slot\" IN (0, ");
        kfpb_sql_bind(&sql, kfpb_int(slot));
        kfpb_sql_add(&sql, ") AND \"Epoch\" = ");
        kfpb_sql_bind(&sql, kfpb_int(lease->epoch));
        status = kfpb_sql_exec(conn, &sql, &affected, error);
        kfpb_sql_free(&sql);
    } else {
        const kfpb_value values[] = {kfpb_int(slot), kfpb_int(lease->epoch)};
        status = kfpb_exec(conn,
                           "UPDATE \"kfpstore_lease\" SET \"Beat\" = \"Beat\" + 1 WHERE \"Slot\" = ? AND \"Epoch\" = ?",
                           values, 2, &affected, error);
    }
    if (status == KFPS_OK && affected != rows)
        status = taken_over(conn, error);
    return status;
}

kfps_status schema_lease_commit(const schema_lease *lease, kfpb_conn *conn, kfps_status so_far, kfps_error *error)
{
    kfps_status status = so_far;
    if (status == KFPS_OK)
        status = schema_lease_fence(lease, conn, 1, error);
    if (status == KFPS_OK)
        status = kfpb_commit(conn, error);
    if (status != KFPS_OK)
        kfpb_rollback(conn);
    return status;
}

bool schema_lease_held(const schema_lease *lease)
{
    if (atomic_load(&lease->lost))
        return false;
    return lease->file || monotonic_ms() - atomic_load(&lease->beaten_at) < DOUBT_MS;
}

void schema_lease_release(schema_lease **lease)
{
    schema_lease *own = *lease;
    if (own == NULL)
        return;
    *lease = NULL;
    stop_heartbeat(own);
    if (own->conn != NULL && !own->conn->broken && !atomic_load(&own->lost)) {
        const kfpb_value epoch = kfpb_int(own->epoch);
        for (int i = 0; i < RELEASE_TRIES; i++) {
            const kfps_status status = kfpb_exec(
                own->conn,
                "UPDATE \"kfpstore_lease\" SET \"Owner\" = '', \"ExpiresAtInSec\" = 0 WHERE \"Slot\" = 0 AND \"Epoch\" = ?",
                &epoch, 1, NULL, NULL);
            if (status != KFPS_BUSY)
                break;
        }
    }
    kfpb_close(&own->conn);
    pthread_cond_destroy(&own->wake);
    pthread_mutex_destroy(&own->mutex);
    free(own);
}
