/* SPDX-License-Identifier: Apache-2.0 */
/*
 * statement.c: statements that come again are prepared, so that the server reads and resolves them once. What comes
 * once is sent as text: preparing it would be a round trip more.
 */
#include <stdlib.h>
#include <string.h>

#include "backends/base/fail.h"
#include "backends/mysql/mysql.h"

enum { KNOWN_STATEMENTS = 64 };

static void forget(kfpb_mysql *conn, kfpb_mysql_statement *statement)
{
    HASH_DELETE(hh, conn->known, statement);
    if (statement->prepared != NULL)
        mysql_stmt_close(statement->prepared);
    kfpb_mysql_columns_free(statement->columns);
    free(statement);
}

void kfpb_mysql_forget_all(kfpb_mysql *conn)
{
    kfpb_mysql_statement *statement = NULL;
    kfpb_mysql_statement *next = NULL;
    HASH_ITER(hh, conn->known, statement, next)
    {
        forget(conn, statement);
    }
}

/* False if all of them are being read. */
static bool drop_oldest(kfpb_mysql *conn)
{
    kfpb_mysql_statement *oldest = NULL;
    for (kfpb_mysql_statement *s = conn->known; s != NULL; s = s->hh.next) {
        if (!s->reading && (oldest == NULL || s->used < oldest->used))
            oldest = s;
    }
    if (oldest != NULL)
        forget(conn, oldest);
    return oldest != NULL;
}

static void note(kfpb_mysql *conn, const char *sql, size_t length, size_t count)
{
    if (HASH_COUNT(conn->known) >= KNOWN_STATEMENTS && !drop_oldest(conn))
        return;
    kfpb_mysql_statement *statement = calloc(1, sizeof *statement + length + 1);
    if (statement == NULL)
        return;
    memcpy(statement->sql, sql, length);
    statement->count = count;
    statement->used = ++conn->uses;
    HASH_ADD(hh, conn->known, sql, (unsigned) length, statement);
    if (statement->hh.tbl == NULL)
        free(statement);
}

static kfps_status prepare(kfpb_mysql *conn, kfpb_mysql_statement *statement, kfps_error *error)
{
    enum { TOO_MANY = 1461, NOT_PREPARABLE = 1295 };
    MYSQL_STMT *prepared = mysql_stmt_init(conn->native);
    kfps_status status = KFPS_OK;

    if (prepared == NULL)
        return kfpb_fail_no_memory(error);
    if (mysql_stmt_prepare(prepared, statement->sql, (unsigned long) strlen(statement->sql)) == 0) {
        statement->prepared = prepared;
        return KFPS_OK;
    }
    const unsigned number = mysql_stmt_errno(prepared);
    if (number == TOO_MANY || number == NOT_PREPARABLE)
        statement->refused = true;
    else
        status = kfpb_mysql_fail_prepared(conn, prepared, error);
    mysql_stmt_close(prepared);
    return status;
}

kfps_status kfpb_mysql_find(kfpb_mysql *conn, const char *sql, size_t count, kfpb_mysql_statement **out,
                            kfps_error *error)
{
    const size_t length = strlen(sql);
    kfpb_mysql_statement *statement = NULL;
    kfps_status status = KFPS_OK;
    *out = NULL;
    if (!conn->prepares || count == 0 || count > KFPB_MYSQL_MOST_VALUES)
        return KFPS_OK;
    HASH_FIND(hh, conn->known, sql, (unsigned) length, statement);
    if (statement == NULL) {
        note(conn, sql, length, count);
        return KFPS_OK;
    }
    statement->used = ++conn->uses;
    /* another count is a mistake, which the literals' way tells */
    if (statement->count != count || statement->reading || statement->refused)
        return KFPS_OK;
    if (statement->prepared == NULL)
        status = prepare(conn, statement, error);
    if (statement->prepared != NULL)
        *out = statement;
    return status;
}

bool kfpb_mysql_forget_stale(kfpb_mysql *conn, kfpb_mysql_statement *statement)
{
    enum { UNKNOWN = 1243, CHANGED = 1615, OTHER_COLUMNS = 2057 };
    const unsigned number = mysql_stmt_errno(statement->prepared);
    if (number != UNKNOWN && number != CHANGED && number != OTHER_COLUMNS)
        return false;
    forget(conn, statement);
    return true;
}
