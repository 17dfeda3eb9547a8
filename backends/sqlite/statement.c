/* SPDX-License-Identifier: Apache-2.0 */
/* statement.c: prepared statements, cached by their text. */
#include <stdlib.h>
#include <time.h>

#include "backends/base/fail.h"
#include "backends/sqlite/sqlite.h"

/* An entry that could not be added is used once and not cached. */
#define HASH_NONFATAL_OOM 1
#define HASH_FUNCTION     HASH_SFH /* the quickest for texts as long as statements */
#include <uthash.h>

enum { CACHED_STATEMENTS = 64 };

struct kfpb_sqlite_statement {
    UT_hash_handle hh;
    sqlite3_stmt *handle;
    uint64_t used; /* by the connection's count: the lowest goes first */
    bool cached;
    bool taken;
    char sql[]; /* the key */
};

sqlite3_stmt *kfpb_sqlite_handle(const kfpb_sqlite_statement *statement)
{
    return statement->handle;
}

/* ---- the cache --------------------------------------------------------------------------------------------------- */

static void discard(kfpb_sqlite_statement *statement)
{
    sqlite3_finalize(statement->handle);
    free(statement);
}

static void uncache(kfpb_sqlite_conn *conn, kfpb_sqlite_statement *statement)
{
    HASH_DELETE(hh, conn->cache, statement);
    statement->cached = false;
    if (conn->recent == statement)
        conn->recent = NULL;
}

static void cache_insert(kfpb_sqlite_conn *conn, kfpb_sqlite_statement *statement, size_t length)
{
    HASH_ADD(hh, conn->cache, sql, (unsigned) length, statement);
    statement->cached = statement->hh.tbl != NULL;
    conn->recent = statement->cached ? statement : NULL;
}

void kfpb_sqlite_cache_free(kfpb_sqlite_conn *conn)
{
    kfpb_sqlite_statement *statement = NULL;
    kfpb_sqlite_statement *next = NULL;
    HASH_ITER(hh, conn->cache, statement, next)
    {
        uncache(conn, statement);
        discard(statement);
    }
}

static void evict_oldest(kfpb_sqlite_conn *conn)
{
    kfpb_sqlite_statement *oldest = NULL;
    for (kfpb_sqlite_statement *s = conn->cache; s != NULL; s = s->hh.next) {
        if (!s->taken && (oldest == NULL || s->used < oldest->used))
            oldest = s;
    }
    if (oldest == NULL)
        return;
    uncache(conn, oldest);
    discard(oldest);
}

/* ---- preparing --------------------------------------------------------------------------------------------------- */

/* Whether anything but blanks, semicolons and comments follows the first statement. */
static bool has_more(sqlite3 *db, const char *tail)
{
    tail += strspn(tail, " \t\r\n;");
    if (*tail == '\0')
        return false;
    sqlite3_stmt *rest = NULL;
    const int result = sqlite3_prepare_v2(db, tail, -1, &rest, NULL);
    const bool more = result != SQLITE_OK || rest != NULL;
    sqlite3_finalize(rest);
    return more;
}

static kfps_status prepare(kfpb_sqlite_conn *conn, const char *sql, size_t length, kfpb_sqlite_statement **out,
                           kfps_error *error)
{
    *out = NULL;
    kfpb_sqlite_statement *statement = calloc(1, sizeof *statement + length + 1);
    if (statement == NULL)
        return kfpb_fail_no_memory(error);
    memcpy(statement->sql, sql, length);
    const char *tail = NULL;
    const int bytes = length < INT32_MAX ? (int) length + 1 : -1;
    const int result = sqlite3_prepare_v3(conn->db, statement->sql, bytes, SQLITE_PREPARE_PERSISTENT,
                                          &statement->handle, &tail);
    kfps_status status = KFPS_OK;
    if (result != SQLITE_OK)
        status = kfpb_sqlite_fail(conn->db, result, error);
    else if (statement->handle != NULL && has_more(conn->db, tail))
        status = kfpb_fail(error, KFPS_INVALID, "more than one statement in one call");
    if (status != KFPS_OK || statement->handle == NULL) {
        discard(statement);
        return status;
    }
    *out = statement;
    return KFPS_OK;
}

/* ---- binding ----------------------------------------------------------------------------------------------------- */

static int bind_one(sqlite3_stmt *handle, int place, const kfpb_value *value, sqlite3_destructor_type texts)
{
    switch (value->kind) {
    case KFPB_NULL:
        return sqlite3_bind_null(handle, place);
    case KFPB_INT:
        return sqlite3_bind_int64(handle, place, value->integer);
    case KFPB_DOUBLE:
        return sqlite3_bind_double(handle, place, value->real);
    case KFPB_TEXT:
        return sqlite3_bind_text64(handle, place, value->text, value->length, texts, SQLITE_UTF8);
    }
    return SQLITE_MISUSE;
}

static kfps_status bind(kfpb_sqlite_conn *conn, sqlite3_stmt *handle, const kfpb_value *values, size_t count, bool copy,
                        kfps_error *error)
{
    const int places = sqlite3_bind_parameter_count(handle);
    if ((size_t) places != count)
        return kfpb_fail(error, KFPS_INTERNAL, "a statement with %d place-holders was given %zu values", places, count);
    for (int i = 0; i < places; i++) {
        const int result = bind_one(handle, i + 1, &values[i], copy ? SQLITE_TRANSIENT : SQLITE_STATIC);
        if (result != SQLITE_OK)
            return kfpb_sqlite_fail(conn->db, result, error);
    }
    return KFPS_OK;
}

/* The statement with this text, not bound yet; NULL, with KFPS_OK, for text that holds none. */
static kfps_status find(kfpb_sqlite_conn *conn, const char *sql, kfpb_sqlite_statement **out, kfps_error *error)
{
    const size_t length = strlen(sql);
    kfpb_sqlite_statement *statement = NULL;
    *out = NULL;
    HASH_FIND(hh, conn->cache, sql, (unsigned) length, statement);
    if (statement != NULL && !statement->taken) {
        conn->recent = statement;
    } else {
        const bool twin_is_open = statement != NULL;
        const kfps_status status = prepare(conn, sql, length, &statement, error);
        if (status != KFPS_OK || statement == NULL)
            return status;
        if (!twin_is_open) {
            if (HASH_COUNT(conn->cache) >= CACHED_STATEMENTS)
                evict_oldest(conn);
            cache_insert(conn, statement, length);
        }
    }
    *out = statement;
    return KFPS_OK;
}

kfps_status kfpb_sqlite_take(kfpb_sqlite_conn *conn, const char *sql, const kfpb_value *values, size_t count, bool copy,
                             kfpb_sqlite_statement **out, kfps_error *error)
{
    kfpb_sqlite_statement *statement = conn->recent;
    *out = NULL;
    /* Row after row goes through the same statement. */
    if (statement == NULL || statement->taken || strcmp(statement->sql, sql) != 0) {
        const kfps_status status = find(conn, sql, &statement, error);
        if (status != KFPS_OK || statement == NULL)
            return status;
    }
    statement->taken = true;
    statement->used = ++conn->uses;
    const kfps_status status = bind(conn, statement->handle, values, count, copy, error);
    if (status != KFPS_OK) {
        kfpb_sqlite_give(conn, statement);
        return status;
    }
    *out = statement;
    return KFPS_OK;
}

void kfpb_sqlite_give(kfpb_sqlite_conn *conn, kfpb_sqlite_statement *statement)
{
    (void) conn;
    statement->taken = false;
    sqlite3_reset(statement->handle);
    if (statement->cached)
        sqlite3_clear_bindings(statement->handle);
    else
        discard(statement);
}

/* ---- stepping ---------------------------------------------------------------------------------------------------- */

static int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t) now.tv_sec * 1000000000 + now.tv_nsec;
}

int kfpb_sqlite_progress(void *conn)
{
    return now_ns() > ((const kfpb_sqlite_conn *) conn)->deadline_ns;
}

int kfpb_sqlite_step(kfpb_sqlite_conn *conn, const kfpb_sqlite_statement *statement, int64_t *spent_ns)
{
    if (conn->timeout_ns == 0)
        return sqlite3_step(statement->handle);
    /* Time that the caller spends between two rows is not the statement's. */
    const int64_t start = now_ns();
    conn->deadline_ns = start + conn->timeout_ns - *spent_ns;
    const int result = sqlite3_step(statement->handle);
    conn->deadline_ns = INT64_MAX;
    *spent_ns += now_ns() - start;
    return result;
}
