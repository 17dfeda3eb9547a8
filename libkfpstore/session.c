/* SPDX-License-Identifier: Apache-2.0 */
/* session.c: opening and closing stores and sessions, their callbacks, and kfps_interrupt. */
#include "libkfpstore/session.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>
#include <uuid/uuid.h>

#include "backends/base/fail.h"
#include "backends/base/secret.h"

enum {
    POOL_SIZE = 8,
    POOL_SIZE_MAX = 1024,
    POOL_TIMEOUT_MS = 30000,
    LOCK_TIMEOUT_MS = 5000,
    SLOW_STATEMENT_MS = 1000,
    TOKEN_KEY_LEAST = 16,
    CONNECT_SECONDS_MOST = 10,
    CUT_AFTER_MS = 1000, /* a server that does not react to an interrupt */
};

/* ---- callbacks --------------------------------------------------------------------------------------------------- */

kfps_status kfpsi_now(kfps_store *store, int64_t *seconds, kfps_error *error)
{
    pthread_mutex_lock(&store->mutex);
    const kfps_clock_fn clock = store->clock;
    void *user = store->clock_user;
    pthread_mutex_unlock(&store->mutex);
    *seconds = 0;
    if (clock == NULL)
        *seconds = (int64_t) time(NULL);
    else if (clock(user, seconds) != 0)
        return kfpb_fail(error, KFPS_INTERNAL, "the caller's clock failed");
    return KFPS_OK;
}

/* Of version 4. From the system: libuuid's generator asks it, too, and then stirs for seven times as long. */
static kfps_status random_uuid(char out[KFPS_UUID_SIZE], kfps_error *error)
{
    uuid_t bytes;
    if (getrandom(bytes, sizeof bytes, 0) != (ssize_t) sizeof bytes)
        return kfpb_fail(error, KFPS_INTERNAL, "the system gives no random bytes for a UUID");
    bytes[6] = (unsigned char) ((bytes[6] & 0x0f) | 0x40);
    bytes[8] = (unsigned char) ((bytes[8] & 0x3f) | 0x80);
    uuid_unparse_lower(bytes, out);
    return KFPS_OK;
}

kfps_status kfpsi_new_uuid(kfps_store *store, char out[KFPS_UUID_SIZE], kfps_error *error)
{
    pthread_mutex_lock(&store->mutex);
    const kfps_uuid_fn generate = store->uuid;
    void *user = store->uuid_user;
    pthread_mutex_unlock(&store->mutex);
    out[0] = '\0';
    if (generate != NULL) {
        if (generate(user, out) != 0 || memchr(out, '\0', KFPS_UUID_SIZE) == NULL || out[0] == '\0')
            return kfpb_fail(error, KFPS_INTERNAL, "the caller's UUID generator failed");
        return KFPS_OK;
    }
    return random_uuid(out, error);
}

void kfpsi_log(const kfps_store *store, int32_t level, const char *facility, const char *format, ...)
{
    char message[1024];
    va_list list;
    if (store->log == NULL || level < store->log_level)
        return;
    va_start(list, format);
    vsnprintf(message, sizeof message, format, list);
    va_end(list);
    store->log(store->log_user, level, facility, message);
}

/* Of the backend, after each statement. */
static void statement_ran(void *user, const char *sql, int64_t nanoseconds, kfps_status status)
{
    const kfps_store *store = user;
    const bool slow = store->slow_ns > 0 && nanoseconds >= store->slow_ns;
    const int32_t level = slow ? KFPS_LOG_WARNING : KFPS_LOG_DEBUG;
    if (level < store->log_level)
        return;
    kfpsi_log(store, level, "sql", "%s%.3f ms%s%s: %.900s", slow ? "slow: " : "", (double) nanoseconds / 1e6,
              status != KFPS_OK ? ", " : "", status != KFPS_OK ? kfps_status_name(status) : "", sql);
}

void kfps_store_set_clock(kfps_store *store, kfps_clock_fn clock, void *user)
{
    pthread_mutex_lock(&store->mutex);
    store->clock = clock;
    store->clock_user = user;
    pthread_mutex_unlock(&store->mutex);
}

void kfps_store_set_uuid(kfps_store *store, kfps_uuid_fn uuid, void *user)
{
    pthread_mutex_lock(&store->mutex);
    store->uuid = uuid;
    store->uuid_user = user;
    pthread_mutex_unlock(&store->mutex);
}

/* ---- the store --------------------------------------------------------------------------------------------------- */

void kfps_store_options_init(kfps_store_options *options)
{
    *options = (kfps_store_options){
        .struct_size = sizeof *options,
        .pool_size = POOL_SIZE,
        .pool_timeout_ms = POOL_TIMEOUT_MS,
        .lock_timeout_ms = LOCK_TIMEOUT_MS,
        .slow_statement_ms = SLOW_STATEMENT_MS,
        .log_level = KFPS_LOG_WARNING,
    };
}

/* A caller that was compiled against an older header gives a shorter struct; the rest are the defaults. */
static kfps_status take_options(const kfps_store_options *given, kfps_store_options *out, kfps_error *error)
{
    kfps_store_options_init(out);
    if (given == NULL)
        return KFPS_OK;
    if (given->struct_size == 0)
        return kfpb_fail(error, KFPS_INVALID, "initialise the options with kfps_store_options_init");
    memcpy(out, given, given->struct_size < sizeof *out ? given->struct_size : sizeof *out);
    if (out->pool_size == 0 || out->pool_size > POOL_SIZE_MAX)
        return kfpb_fail(error, KFPS_INVALID, "pool_size is %u, not 1 to %d", out->pool_size, POOL_SIZE_MAX);
    if (out->token_key != NULL && out->token_key_length < TOKEN_KEY_LEAST)
        return kfpb_fail(error, KFPS_INVALID, "token_key has %zu bytes; %d are the least", out->token_key_length,
                         TOKEN_KEY_LEAST);
    return KFPS_OK;
}

static kfps_status copy_options(kfps_store *store, const kfps_store_options *options, kfps_error *error)
{
    store->multi_user = options->multi_user != 0;
    store->call_timeout_ms = options->call_timeout_ms;
    store->slow_ns = (int64_t) options->slow_statement_ms * 1000000;
    store->log_level = options->log_level;
    store->log = options->log;
    store->log_user = options->log_user;
    store->authorize = options->authorize;
    store->authorize_user = options->authorize_user;
    store->clock = options->clock;
    store->clock_user = options->clock_user;
    store->uuid = options->uuid;
    store->uuid_user = options->uuid_user;
    if (options->token_key == NULL)
        return KFPS_OK;
    store->token_key = malloc(options->token_key_length);
    if (store->token_key == NULL)
        return kfpb_fail_no_memory(error);
    memcpy(store->token_key, options->token_key, options->token_key_length);
    store->token_key_length = options->token_key_length;
    return KFPS_OK;
}

/* A call that has to open a connection must not wait for it longer than its time-out; the clients count in seconds. */
static uint32_t connect_seconds(uint32_t call_timeout_ms)
{
    const uint32_t seconds = call_timeout_ms / 1000 + (call_timeout_ms % 1000 != 0);
    return seconds < CONNECT_SECONDS_MOST ? seconds : CONNECT_SECONDS_MOST;
}

static kfps_status open_pool(kfps_store *store, const char *dsn_text, const kfps_store_options *options,
                             kfps_error *error)
{
    kfpb_dsn dsn = {0};
    char *password = NULL;
    kfps_status status = kfpb_dsn_parse(dsn_text, &dsn, error);
    if (status != KFPS_OK)
        return status;
    store->driver = kfpb_driver_find(dsn.scheme);
    if (options->password == NULL && options->password_file != NULL)
        status = kfpb_secret_read(options->password_file, &password, error);
    if (status == KFPS_OK) {
        const bool observed = options->log != NULL;
        const kfpb_open_options open_options = {
            .by_statistics = true, /* whatever the value, there is one good index, which most statements name */
            .password = options->password != NULL ? options->password : password,
            .driver_dir = options->driver_dir,
            .lock_timeout_ms = options->lock_timeout_ms,
            .connect_seconds = connect_seconds(options->call_timeout_ms),
            .statement_timeout_ms = options->call_timeout_ms,
            .observer = {.statement = observed ? statement_ran : NULL, .user = store},
        };
        status = kfpsi_pool_new(&dsn, &open_options, options->pool_size, options->pool_timeout_ms, &store->pool, error);
        if (status == KFPS_OK)
            status = kfpsi_pool_breathe(store->pool, error);
    }
    kfpb_secret_free(password);
    kfpb_dsn_free(&dsn);
    return status;
}

kfps_status kfps_store_open(const char *dsn, const kfps_store_options *options, kfps_store **out, kfps_error *error)
{
    kfps_store_options taken;
    kfpb_conn *conn = NULL;
    kfpb_error_clear(error);
    if (out == NULL || dsn == NULL)
        return kfpb_fail(error, KFPS_INVALID, "kfps_store_open: dsn and out must not be NULL");
    *out = NULL;
    kfps_status status = take_options(options, &taken, error);
    if (status != KFPS_OK)
        return status;
    kfps_store *store = calloc(1, sizeof *store);
    if (store == NULL)
        return kfpb_fail_no_memory(error);
    pthread_mutex_init(&store->mutex, NULL);
    status = copy_options(store, &taken, error);
    if (status == KFPS_OK)
        status = kfpsi_watchdog_new(&store->watchdog, error);
    if (status == KFPS_OK)
        status = open_pool(store, dsn, &taken, error);
    if (status == KFPS_OK)
        status = kfpsi_pool_take(store->pool, false, &conn, error);
    if (status == KFPS_OK)
        kfpsi_pool_give(store->pool, &conn);
    if (status != KFPS_OK)
        kfps_store_close(store);
    else
        *out = store;
    return status;
}

void kfps_store_close(kfps_store *store)
{
    if (store == NULL)
        return;
    kfpsi_watchdog_free(store->watchdog);
    kfpsi_pool_free(store->pool);
    pthread_mutex_destroy(&store->mutex);
    if (store->token_key != NULL)
        explicit_bzero(store->token_key, store->token_key_length);
    free(store->token_key);
    free(store);
}

/* ---- sessions ---------------------------------------------------------------------------------------------------- */

void kfps_session_options_init(kfps_session_options *options)
{
    *options = (kfps_session_options){.struct_size = sizeof *options};
}

kfps_status kfps_session_open(kfps_store *store, const kfps_session_options *options, kfps_session **out,
                              kfps_error *error)
{
    kfps_session_options taken;
    kfpb_error_clear(error);
    if (store == NULL || out == NULL)
        return kfpb_fail(error, KFPS_INVALID, "kfps_session_open: store and out must not be NULL");
    *out = NULL;
    kfps_session_options_init(&taken);
    if (options != NULL && options->struct_size == 0)
        return kfpb_fail(error, KFPS_INVALID, "initialise the options with kfps_session_options_init");
    if (options != NULL)
        memcpy(&taken, options, options->struct_size < sizeof taken ? options->struct_size : sizeof taken);
    kfps_session *session = calloc(1, sizeof *session);
    if (session == NULL)
        return kfpb_fail_no_memory(error);
    session->store = store;
    session->caller = taken.caller;
    session->timeout_ms = taken.call_timeout_ms;
    if (taken.session_namespace != NULL && (session->space = strdup(taken.session_namespace)) == NULL) {
        free(session);
        return kfpb_fail_no_memory(error);
    }
    pthread_mutex_init(&session->mutex, NULL);
    *out = session;
    return KFPS_OK;
}

void kfps_session_close(kfps_session *session)
{
    if (session == NULL)
        return;
    kfps_txn_rollback(session);
    pthread_mutex_destroy(&session->mutex);
    free(session->space);
    free(session);
}

/* Asking the server may itself take long, so the session is not locked meanwhile; the pin keeps the connection from
 * being used by somebody else, and the watchdog cuts it if the server does not react. */
void kfps_interrupt(kfps_session *session)
{
    kfpsi_pin pin = {0};
    if (session == NULL)
        return;
    pthread_mutex_lock(&session->mutex);
    if (session->in_call) {
        atomic_store(&session->interrupted, true);
        if (session->conn != NULL && session->pin == NULL) {
            pin.conn = session->conn;
            session->pin = &pin;
        }
    }
    pthread_mutex_unlock(&session->mutex);
    if (pin.conn == NULL)
        return;
    kfpsi_watch_begin(session->store->watchdog, &session->watch, CUT_AFTER_MS);
    pin.conn->ops->interrupt(pin.conn);
    pthread_mutex_lock(&session->mutex);
    if (session->pin == &pin)
        session->pin = NULL;
    const bool owned = pin.owned;
    pthread_mutex_unlock(&session->mutex);
    if (owned)
        kfpb_close(&pin.conn);
}
