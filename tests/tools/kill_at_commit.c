/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kill_at_commit.c: preloaded into a program, it kills it (SIGKILL) at its n-th COMMIT, or ALTER TABLE, which is one on
 * MySQL: before the database has heard of it, or after it has answered. KILL_AT=n       0: never KILL_WHEN=before|after
 */
#include <dlfcn.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

static atomic_int commits;

static int is_commit(const char *sql)
{
    return sql != NULL && (strncasecmp(sql, "COMMIT", 6) == 0 || strncasecmp(sql, "ALTER TABLE", 11) == 0);
}

/* The number of this COMMIT if it is the one, else 0. */
static int counted(const char *sql)
{
    const char *at = getenv("KILL_AT");
    if (!is_commit(sql) || at == NULL)
        return 0;
    const int number = ++commits;
    return number == atoi(at) ? number : 0;
}

static void die_if(int hit, const char *when)
{
    const char *asked = getenv("KILL_WHEN");
    if (hit && asked != NULL && strcmp(asked, when) == 0)
        kill(getpid(), SIGKILL);
}

int sqlite3_step(void *statement)
{
    static int (*real)(void *);
    static const char *(*text_of)(void *);
    if (real == NULL) {
        text_of = (const char *(*) (void *) ) dlsym(RTLD_NEXT, "sqlite3_sql");
        real = (int (*)(void *)) dlsym(RTLD_NEXT, "sqlite3_step");
    }
    const int hit = counted(text_of(statement));
    die_if(hit, "before");
    const int result = real(statement);
    die_if(hit, "after");
    return result;
}

void *PQexec(void *connection, const char *sql)
{
    static void *(*real)(void *, const char *);
    if (real == NULL)
        real = (void *(*) (void *, const char *) ) dlsym(RTLD_NEXT, "PQexec");
    const int hit = counted(sql);
    die_if(hit, "before");
    void *result = real(connection, sql);
    die_if(hit, "after");
    return result;
}

void *dbi_conn_query_null(void *connection, const unsigned char *sql, size_t length)
{
    static void *(*real)(void *, const unsigned char *, size_t);
    if (real == NULL)
        real = (void *(*) (void *, const unsigned char *, size_t)) dlsym(RTLD_NEXT, "dbi_conn_query_null");
    const int hit = length == 6 || length > 11 ? counted((const char *) sql) : 0;
    die_if(hit, "before");
    void *result = real(connection, sql, length);
    die_if(hit, "after");
    return result;
}
