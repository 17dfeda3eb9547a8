/* SPDX-License-Identifier: Apache-2.0 */
/*
 * statement.c: values as libpq wants them, and the prepared statements of a connection.
 *
 * Every value travels as text. Integers are declared bigint, so that they mean the same wherever they stand; all else
 * is left to the server, which reads a text as what the column is: a double keeps its digits in a numeric column, too.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HASH_NONFATAL_OOM 1
#define HASH_FUNCTION     HASH_SFH /* the quickest for texts as long as statements */
#include <uthash.h>

#include "backends/base/fail.h"
#include "backends/base/text.h"
#include "backends/pgsql/pgsql.h"
#include "backends/placeholder.h"

enum { CACHE_SIZE = 64, NUMBER_SIZE = 40, MAX_VALUES = 65535 };

struct kfpb_pgsql_statement {
    char *sql;
    char name[16];
    Oid *types;
    size_t count;
    uint64_t used; /* by the connection's count: the lowest goes first */
    UT_hash_handle hh;
};

/* ---- values --------------------------------------------------------------------------------------------------- */

static size_t text_size(const kfpb_value *value)
{
    return value->kind == KFPB_TEXT ? value->length + 1 : NUMBER_SIZE;
}

/* Writes the value and its NUL; returns the bytes used. */
static size_t write_text(const kfpb_value *value, char *out)
{
    if (value->kind == KFPB_INT)
        return (size_t) snprintf(out, NUMBER_SIZE, "%" PRId64, value->integer) + 1;
    if (value->kind == KFPB_TEXT) {
        memcpy(out, value->text, value->length);
        out[value->length] = '\0';
        return value->length + 1;
    }
    if (!isfinite(value->real))
        return (size_t) snprintf(out, NUMBER_SIZE, "%s",
                                 isnan(value->real) ? "NaN"
                                 : value->real > 0  ? "Infinity"
                                                    : "-Infinity") +
               1;
    return kfpb_format_double(value->real, out) + 1;
}

kfps_status kfpb_pgsql_bind(const kfpb_value *values, size_t count, size_t limit, const char ***out, kfps_error *error)
{
    size_t size = count * sizeof(char *);
    *out = NULL;
    if (count == 0)
        return KFPS_OK;
    if (count > MAX_VALUES)
        return kfpb_fail(error, KFPS_TOO_LARGE, "a statement has %zu values; PostgreSQL takes %d", count, MAX_VALUES);
    for (size_t i = 0; i < count; i++) {
        if (__builtin_add_overflow(size, text_size(&values[i]), &size) || size > limit)
            return kfpb_fail(error, KFPS_TOO_LARGE, "the values of a statement have more than %zu bytes", limit);
    }
    const char **texts = malloc(size);
    if (texts == NULL)
        return kfpb_fail_no_memory(error);
    char *p = (char *) (texts + count);
    for (size_t i = 0; i < count; i++) {
        texts[i] = values[i].kind != KFPB_NULL ? p : NULL;
        if (values[i].kind != KFPB_NULL)
            p += write_text(&values[i], p);
    }
    *out = texts;
    return KFPS_OK;
}

/* ---- statements ----------------------------------------------------------------------------------------------- */

const char *kfpb_pgsql_statement_name(const kfpb_pgsql_statement *statement)
{
    return statement->name;
}

static void statement_free(kfpb_pgsql_statement *statement)
{
    if (statement == NULL)
        return;
    free(statement->sql);
    free(statement->types);
    free(statement);
}

/* `?` becomes $1, $2, … */
static kfps_status translate(const char *sql, size_t count, kfpb_text *out, kfps_error *error)
{
    size_t found = 0;
    for (const char *next; (next = kfpb_placeholder_next(sql)) != NULL; sql = next + 1) {
        kfpb_text_addn(out, sql, (size_t) (next - sql));
        kfpb_text_printf(out, "$%zu", ++found);
    }
    kfpb_text_add(out, sql);
    if (out->out_of_memory)
        return kfpb_fail_no_memory(error);
    if (found != count)
        return kfpb_fail(error, KFPS_INTERNAL, "a statement with %zu place-holders was given %zu values", found, count);
    return KFPS_OK;
}

static Oid type_of(const kfpb_value *value)
{
    return value->kind == KFPB_INT ? KFPB_PGSQL_INT8 : 0;
}

/* A statement that was prepared with other types, or with NULL where a value's type now counts, must not be used. */
static bool fits(const kfpb_pgsql_statement *statement, const kfpb_value *values, size_t count)
{
    for (size_t i = 0; i < count && count == statement->count; i++) {
        if (values[i].kind != KFPB_NULL && type_of(&values[i]) != statement->types[i])
            return false;
    }
    return count == statement->count;
}

static void unlink_statement(kfpb_pgsql *conn, kfpb_pgsql_statement *statement)
{
    HASH_DEL(conn->cache, statement);
}

static void drop(kfpb_pgsql *conn, kfpb_pgsql_statement *statement)
{
    char command[32];
    unlink_statement(conn, statement);
    /* In a transaction that has failed this fails, too; the name is never used again, so nothing is wrong then. */
    snprintf(command, sizeof command, "DEALLOCATE %s", statement->name);
    PQclear(PQexec(conn->native, command));
    statement_free(statement);
}

static kfpb_pgsql_statement *oldest(const kfpb_pgsql *conn)
{
    kfpb_pgsql_statement *found = conn->cache;
    for (kfpb_pgsql_statement *s = conn->cache; s != NULL; s = s->hh.next) {
        if (s->used < found->used)
            found = s;
    }
    return found;
}

static kfpb_pgsql_statement *statement_new(const char *sql, const kfpb_value *values, size_t count,
                                           const kfpb_pgsql_statement *old)
{
    kfpb_pgsql_statement *statement = calloc(1, sizeof *statement);
    if (statement == NULL)
        return NULL;
    statement->sql = strdup(sql);
    statement->types = calloc(count + 1, sizeof *statement->types);
    statement->count = count;
    if (statement->sql == NULL || statement->types == NULL) {
        statement_free(statement);
        return NULL;
    }
    for (size_t i = 0; i < count; i++) {
        /* what was an integer once will be one again: a column that is now and then NULL settles */
        const bool known = values[i].kind == KFPB_NULL && old != NULL && old->count == count;
        statement->types[i] = known ? old->types[i] : type_of(&values[i]);
    }
    return statement;
}

static bool cache_add(kfpb_pgsql *conn, kfpb_pgsql_statement *statement)
{
    HASH_ADD_KEYPTR(hh, conn->cache, statement->sql, strlen(statement->sql), statement);
    return statement->hh.tbl != NULL;
}

kfps_status kfpb_pgsql_prepare(kfpb_pgsql *conn, const char *sql, const kfpb_value *values, size_t count,
                               const kfpb_pgsql_statement **out, bool *fresh, kfps_error *error)
{
    kfpb_pgsql_statement *statement = NULL;
    kfpb_pgsql_statement *old = NULL;
    PGresult *result = NULL;
    kfpb_text text = {0};
    kfps_status status;

    *fresh = false;
    HASH_FIND(hh, conn->cache, sql, strlen(sql), old);
    if (old != NULL && fits(old, values, count)) {
        old->used = ++conn->uses;
        *out = old;
        return KFPS_OK;
    }

    statement = statement_new(sql, values, count, old);
    if (statement == NULL)
        return kfpb_fail_no_memory(error);
    if (old != NULL)
        drop(conn, old);
    else if (HASH_COUNT(conn->cache) >= CACHE_SIZE)
        drop(conn, oldest(conn));
    status = translate(sql, count, &text, error);
    if (status != KFPS_OK)
        goto out;
    snprintf(statement->name, sizeof statement->name, "kfp%u", ++conn->prepared);
    result = PQprepare(conn->native, statement->name, text.data, (int) count, statement->types);
    if (!kfpb_pgsql_ok(result)) {
        status = kfpb_pgsql_fail(conn, result, KFPB_PGSQL_STATEMENT, error);
        goto out;
    }
    if (!cache_add(conn, statement)) {
        status = kfpb_fail_no_memory(error);
        goto out;
    }
    statement->used = ++conn->uses;
    *out = statement;
    *fresh = true;
    statement = NULL;
out:
    statement_free(statement);
    PQclear(result);
    kfpb_text_free(&text);
    return status;
}

void kfpb_pgsql_forget(kfpb_pgsql *conn, const kfpb_pgsql_statement *statement)
{
    kfpb_pgsql_statement *cached = NULL;
    HASH_FIND(hh, conn->cache, statement->sql, strlen(statement->sql), cached);
    if (cached != NULL)
        drop(conn, cached);
}

void kfpb_pgsql_forget_all(kfpb_pgsql *conn)
{
    kfpb_pgsql_statement *statement = NULL;
    kfpb_pgsql_statement *next = NULL;
    HASH_ITER(hh, conn->cache, statement, next)
    {
        unlink_statement(conn, statement);
        statement_free(statement);
    }
}
