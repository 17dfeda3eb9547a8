/* SPDX-License-Identifier: Apache-2.0 */
/*
 * statement.c: statements that come again are prepared, so that the server reads and resolves them once. Text all the
 * same: EXECUTE with the values as literals, whose rows come as those of any query. MySQL's EXECUTE takes variables
 * only, and setting those would be a statement more than was saved: there nothing is prepared.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/base/fail.h"
#include "backends/mysql/mysql.h"

/* A text that could not be noted is sent as it is. */
#define HASH_NONFATAL_OOM 1
#include <uthash.h>

enum {
    KNOWN_STATEMENTS = 64,
    MOST_VALUES = 64, /* of many rows the values are the work, and their number seldom comes again */
};

struct kfpb_mysql_statement {
    UT_hash_handle hh;
    uint64_t used; /* by the connection's count: the lowest goes first */
    size_t count;  /* of values */
    unsigned name; /* a number; 0: seen once, not prepared yet */
    bool refused;  /* by the server */
    char sql[];    /* the key */
};

static void forget(kfpb_mysql *conn, kfpb_mysql_statement *statement)
{
    HASH_DELETE(hh, conn->known, statement);
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

static void drop_oldest(kfpb_mysql *conn)
{
    char command[48];
    kfpb_mysql_statement *oldest = conn->known;
    for (kfpb_mysql_statement *s = conn->known; s != NULL; s = s->hh.next) {
        if (s->used < oldest->used)
            oldest = s;
    }
    if (oldest->name != 0) {
        snprintf(command, sizeof command, "DEALLOCATE PREPARE kfp%u", oldest->name);
        kfpb_mysql_run(conn, command, NULL); /* the name never comes again, so nothing is wrong if it stays */
    }
    forget(conn, oldest);
}

static void note(kfpb_mysql *conn, const char *sql, size_t length, size_t count)
{
    if (HASH_COUNT(conn->known) >= KNOWN_STATEMENTS)
        drop_oldest(conn);
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
    kfpb_text text = {0};
    const unsigned name = ++conn->prepared;
    kfpb_text_printf(&text, "PREPARE kfp%u FROM ", name);
    kfpb_mysql_add_text(&text, statement->sql, strlen(statement->sql));
    kfps_error reason = {0};
    kfps_status status = text.out_of_memory ? kfpb_fail_no_memory(&reason) : kfpb_mysql_run(conn, text.data, &reason);
    kfpb_text_free(&text);
    if (status == KFPS_OK) {
        statement->name = name;
    } else if (reason.vendor_code == TOO_MANY || reason.vendor_code == NOT_PREPARABLE) {
        statement->refused = true;
        status = KFPS_OK;
    } else if (error != NULL) {
        *error = reason;
    }
    return status;
}

kfps_status kfpb_mysql_prepared(kfpb_mysql *conn, const char *sql, size_t count, unsigned *name, kfps_error *error)
{
    const size_t length = strlen(sql);
    kfpb_mysql_statement *statement = NULL;
    kfps_status status = KFPS_OK;
    *name = 0;
    if (!conn->mariadb || count == 0 || count > MOST_VALUES)
        return KFPS_OK;
    HASH_FIND(hh, conn->known, sql, (unsigned) length, statement);
    if (statement == NULL) {
        note(conn, sql, length, count);
        return KFPS_OK;
    }
    statement->used = ++conn->uses;
    if (statement->count != count)
        return KFPS_OK; /* a mistake, which the literals' way tells */
    if (statement->name == 0 && !statement->refused)
        status = prepare(conn, statement, error);
    *name = statement->name;
    return status;
}

bool kfpb_mysql_forget_stale(kfpb_mysql *conn, const char *sql)
{
    enum { UNKNOWN = 1243, CHANGED = 1615 };
    kfpb_mysql_statement *statement = NULL;
    const unsigned number = conn->client.number(conn->native);
    if (number != UNKNOWN && number != CHANGED)
        return false;
    HASH_FIND(hh, conn->known, sql, (unsigned) strlen(sql), statement);
    if (statement != NULL)
        forget(conn, statement);
    return true;
}
