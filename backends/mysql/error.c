/* SPDX-License-Identifier: Apache-2.0 */
/*
 * error.c: what an error number means. The server's sentences often repeat a value that was sent, so for each number it
 * is said here which part of them may be shown; of a number that is not listed, nothing between quotes is.
 */
#include <stdio.h>
#include <string.h>

#include "backends/base/fail.h"
#include "backends/base/utf8.h"
#include "backends/mysql/mysql.h"

typedef enum text_kind {
    SERVER,     /* the server's own sentence holds names only; behind it the remedy, if there is one */
    FIXED,      /* our sentence */
    KEY,        /* our sentence and the key's name */
    CONSTRAINT, /* our sentence and the constraint's name */
    COLUMN      /* our sentence and the column's name */
} text_kind;

typedef struct number_rule {
    int number;
    kfps_status status;
    text_kind kind;
    const char *text;
} number_rule;

static const char reference_missing[] = "a referenced row is missing";
static const char reference_left[] = "the row is still referenced";

static const number_rule rules[] = {
    {1062, KFPS_EXISTS, KEY, "the key is taken"},
    {1586, KFPS_EXISTS, KEY, "the key is taken"},
    {1169, KFPS_EXISTS, FIXED, "the key is taken"},
    {1022, KFPS_EXISTS, FIXED, "the key is taken"},
    {1216, KFPS_FOREIGN_KEY, FIXED, reference_missing},
    {1217, KFPS_FOREIGN_KEY, FIXED, reference_left},
    {1451, KFPS_FOREIGN_KEY, CONSTRAINT, reference_left},
    {1452, KFPS_FOREIGN_KEY, CONSTRAINT, reference_missing},
    {1406, KFPS_TOO_LARGE, COLUMN, "a text is longer than its column"},
    {1264, KFPS_TOO_LARGE, COLUMN, "a number is out of its column's range"},
    {1153, KFPS_TOO_LARGE, FIXED, "a statement is larger than the server's max_allowed_packet: raise it there"},
    {2020, KFPS_TOO_LARGE, FIXED, "a row is larger than max_allowed_packet: raise it"},
    {1301, KFPS_TOO_LARGE, SERVER, NULL},
    {1118, KFPS_TOO_LARGE, SERVER, NULL},
    {1366, KFPS_INVALID, COLUMN, "a value has not the form of its column's type"},
    {1367, KFPS_INVALID, FIXED, "a number is out of range or malformed"},
    {1265, KFPS_INVALID, COLUMN, "a value has not the form of its column's type"},
    {1292, KFPS_INVALID, FIXED, "a value has not the form that its type needs"},
    {1300, KFPS_INVALID, FIXED, "a text is not valid UTF-8"},
    {1690, KFPS_INVALID, FIXED, "a number is out of range"},
    {1048, KFPS_INVALID, SERVER, NULL},
    {1364, KFPS_INVALID, SERVER, NULL},
    {3140, KFPS_INVALID, COLUMN, "a text is not valid JSON"},
    {3141, KFPS_INVALID, FIXED, "a text is not valid JSON"},
    {3144, KFPS_INVALID, FIXED, "a text is not valid JSON"},
    {3157, KFPS_INVALID, SERVER, NULL},
    {4025, KFPS_INVALID, SERVER, NULL},
    {3819, KFPS_INVALID, SERVER, NULL},
    {1205, KFPS_BUSY, SERVER, NULL},
    {1213, KFPS_BUSY, SERVER, NULL},
    {3572, KFPS_BUSY, SERVER, NULL},
    {3058, KFPS_BUSY, SERVER, NULL},
    {3101, KFPS_BUSY, SERVER, NULL},
    {1047, KFPS_BUSY, SERVER, NULL},
    {1020, KFPS_BUSY, SERVER, NULL},
    {1412, KFPS_BUSY, SERVER, NULL},
    {1637, KFPS_BUSY, SERVER, NULL},
    {1317, KFPS_INTERRUPTED, SERVER, NULL},
    {3024, KFPS_INTERRUPTED, SERVER, NULL},
    {1969, KFPS_INTERRUPTED, SERVER, NULL},
    {1049, KFPS_UNAVAILABLE, SERVER, NULL},
    {1040, KFPS_UNAVAILABLE, SERVER, NULL},
    {1203, KFPS_UNAVAILABLE, SERVER, NULL},
    {1226, KFPS_UNAVAILABLE, SERVER, NULL},
    {2002, KFPS_UNAVAILABLE, SERVER, NULL},
    {2003, KFPS_UNAVAILABLE, SERVER, NULL},
    {2005, KFPS_UNAVAILABLE, SERVER, NULL},
    {1044, KFPS_PERMISSION, SERVER, NULL},
    {1045, KFPS_PERMISSION, SERVER, NULL},
    {1129, KFPS_PERMISSION, SERVER, NULL},
    {1130, KFPS_PERMISSION, SERVER, NULL},
    {1142, KFPS_PERMISSION, SERVER, NULL},
    {1143, KFPS_PERMISSION, SERVER, NULL},
    {1227, KFPS_PERMISSION, SERVER, NULL},
    {1290, KFPS_PERMISSION, SERVER, NULL},
    {1370, KFPS_PERMISSION, SERVER, NULL},
    {1698, KFPS_PERMISSION, SERVER, NULL},
    {1792, KFPS_PERMISSION, SERVER, NULL},
    {1820, KFPS_PERMISSION, SERVER, NULL},
    {1836, KFPS_PERMISSION, SERVER, NULL},
    {1862, KFPS_PERMISSION, SERVER, NULL},
    {2059, KFPS_PERMISSION, SERVER, NULL},
    {2061, KFPS_PERMISSION, SERVER, NULL},
    {3118, KFPS_PERMISSION, SERVER, NULL},
    {3159, KFPS_PERMISSION, SERVER, NULL},
    {4151, KFPS_PERMISSION, SERVER, NULL},
    {1053, KFPS_CONNECTION_LOST, SERVER, NULL},
    {1158, KFPS_CONNECTION_LOST, SERVER, NULL},
    {1159, KFPS_CONNECTION_LOST, SERVER, NULL},
    {1160, KFPS_CONNECTION_LOST, SERVER, NULL},
    {1161, KFPS_CONNECTION_LOST, SERVER, NULL},
    {1927, KFPS_CONNECTION_LOST, SERVER, NULL},
    {2006, KFPS_CONNECTION_LOST, SERVER, NULL},
    {2013, KFPS_CONNECTION_LOST, SERVER, NULL},
    {2026, KFPS_CONNECTION_LOST, SERVER, NULL},
    {2027, KFPS_CONNECTION_LOST, SERVER, NULL},
    {4031, KFPS_CONNECTION_LOST, SERVER, NULL},
    {2008, KFPS_NO_MEMORY, FIXED, "the client library ran out of memory"},
    {1021, KFPS_INTERNAL, FIXED, "the server's disk is full: make room on it and run this again"},
    {1114, KFPS_INTERNAL, SERVER, "make room on the server's disk and run this again"},
    {1176, KFPS_SCHEMA, SERVER, "'kfp-migrate schema verify' says what is missing"},
    {1054, KFPS_INTERNAL, SERVER, NULL},
    {1146, KFPS_INTERNAL, SERVER, NULL},
    {1050, KFPS_INTERNAL, SERVER, NULL},
    {1060, KFPS_INTERNAL, SERVER, NULL},
    {1061, KFPS_INTERNAL, SERVER, NULL},
    {1091, KFPS_INTERNAL, SERVER, NULL},
    {1826, KFPS_INTERNAL, SERVER, NULL},
    {3780, KFPS_INTERNAL, SERVER, NULL},
    {1064, KFPS_INTERNAL, FIXED, "the server does not understand a statement"},
};

/* Group Replication's and Galera's "Got error 149 - 'Lock deadlock; Retry transaction' during COMMIT" */
static const number_rule conflict_at_commit = {1180, KFPS_BUSY, SERVER, NULL};
static const number_rule disk_full = {1030, KFPS_INTERNAL, FIXED,
                                      "the server's disk is full: make room on it and run this again"};

static const number_rule unknown_character = {1366, KFPS_INVALID, COLUMN,
                                              "a text has a character that its column's character set cannot hold"};

static const number_rule *rule_of(int number, const char *message)
{
    if (number == unknown_character.number && strncmp(message, "Incorrect string value", 22) == 0)
        return &unknown_character;
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        if (rules[i].number == number)
            return &rules[i];
    }
    if (number == conflict_at_commit.number && strstr(message, "149") != NULL)
        return &conflict_at_commit;
    if (number == disk_full.number && strstr(message, "error 28 ") != NULL)
        return &disk_full;
    return NULL;
}

/* What stands in the message between the last `before` and the first `after` behind it (or the end). The last one:
 * the name comes after the value in every sentence, whatever the value holds. */
static const char *name_in(const char *message, const char *before, const char *after, char *buf, size_t size)
{
    const char *name = NULL;
    for (const char *p = message; (p = strstr(p, before)) != NULL; p++)
        name = p + strlen(before);
    if (name == NULL)
        return "?";
    const char *end = strstr(name, after);
    size_t length = end != NULL ? (size_t) (end - name) : strlen(name);
    if (length >= size)
        length = kfpb_utf8_cut(name, size - 1);
    if (length > 0 && name[length - 1] == '.')
        length--;
    memcpy(buf, name, length);
    buf[length] = '\0';
    return buf;
}

/* The sentence without what stands between its first and last quote of either kind. */
static const char *without_quoted(const char *message, char *buf, size_t size)
{
    const size_t first = strcspn(message, "'\"");
    size_t last = strlen(message);
    while (last > first && message[last - 1] != '\'' && message[last - 1] != '"')
        last--;
    if (last > first)
        snprintf(buf, size, "%.*s…%s", (int) first, message, message + last);
    else
        snprintf(buf, size, "%s", message);
    return buf;
}

static kfps_status fail_by_rule(const number_rule *rule, int number, const char *message, kfps_error *error)
{
    char part[300];
    switch (rule != NULL ? rule->kind : SERVER) {
    case FIXED:
        return kfpb_fail(error, rule->status, "%s (error %d)", rule->text, number);
    case KEY:
        return kfpb_fail(error, rule->status, "%s: key %s", rule->text,
                         name_in(message, " for key ", "\n", part, sizeof part));
    case CONSTRAINT:
        return kfpb_fail(error, rule->status, "%s: constraint %s", rule->text,
                         name_in(message, "CONSTRAINT ", " FOREIGN KEY", part, sizeof part));
    case COLUMN:
        return kfpb_fail(error, rule->status, "%s: column %s (error %d)", rule->text,
                         name_in(message, " column ", " at row", part, sizeof part), number);
    case SERVER:
        break;
    }
    if (rule == NULL)
        return kfpb_fail(error, KFPS_INTERNAL, "the server refused a statement: %s (error %d)",
                         without_quoted(message, part, sizeof part), number);
    if (rule->text != NULL)
        return kfpb_fail(error, rule->status, "%s (error %d): %s", message, number, rule->text);
    return kfpb_fail(error, rule->status, "%s (error %d)", message, number);
}

static kfps_status fail_lost(int number, const char *message, kfpb_mysql_phase phase, kfps_error *error)
{
    switch (phase) {
    case KFPB_MYSQL_CONNECT:
        return kfpb_fail(error, KFPS_UNAVAILABLE, "%s (error %d)", message, number);
    case KFPB_MYSQL_COMMIT:
        return kfpb_fail(error, KFPS_WRITE_UNCERTAIN,
                         "the connection was lost during COMMIT; whether it took place is unknown: %s (error %d)",
                         message, number);
    case KFPB_MYSQL_STATEMENT:
        break;
    }
    return kfpb_fail(error, KFPS_CONNECTION_LOST, "the connection was lost: %s (error %d)", message, number);
}

kfps_status kfpb_mysql_fail_number(int number, const char *message, const char *sqlstate, kfpb_mysql_phase phase,
                                   kfps_error *error)
{
    const number_rule *rule = rule_of(number, message);
    kfps_status status;
    if (rule != NULL && rule->status == KFPS_CONNECTION_LOST)
        status = fail_lost(number, message, phase, error);
    else
        status = fail_by_rule(rule, number, message, error);
    if (error != NULL) {
        error->vendor_code = number;
        snprintf(error->sqlstate, sizeof error->sqlstate, "%.5s", sqlstate != NULL ? sqlstate : "");
    }
    return status;
}

static kfps_status fail_here(kfpb_mysql *conn, unsigned number, const char *message, const char *sqlstate,
                             kfpb_mysql_phase phase, kfps_error *error)
{
    if (number == 0) /* there is no result though the server did not complain */
        return kfpb_fail_no_memory(error);
    const kfps_status status = kfpb_mysql_fail_number((int) number, message, sqlstate, phase, error);
    if (status == KFPS_CONNECTION_LOST || status == KFPS_WRITE_UNCERTAIN)
        conn->base.broken = true;
    return status;
}

kfps_status kfpb_mysql_fail(kfpb_mysql *conn, kfpb_mysql_phase phase, kfps_error *error)
{
    return fail_here(conn, conn->client.number(conn->native), conn->client.message(conn->native),
                     conn->client.sqlstate(conn->native), phase, error);
}

kfps_status kfpb_mysql_fail_prepared(kfpb_mysql *conn, MYSQL_STMT *statement, kfps_error *error)
{
    return fail_here(conn, mysql_stmt_errno(statement), mysql_stmt_error(statement), mysql_stmt_sqlstate(statement),
                     KFPB_MYSQL_STATEMENT, error);
}
