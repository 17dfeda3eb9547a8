/* SPDX-License-Identifier: Apache-2.0 */
/*
 * error.c: what an SQLSTATE means. Messages are made here for every state whose server text repeats values, and the
 * DETAIL, which always does, is never used.
 */
#include <stdio.h>
#include <string.h>

#include "backends/base/fail.h"
#include "backends/pgsql/pgsql.h"

typedef enum text_kind {
    SERVER,     /* the server's own sentence holds names only */
    FIXED,      /* our sentence, for the server's repeats the value */
    CONSTRAINT, /* our sentence with the constraint and the table */
    COLUMN      /* our sentence with the column and the table */
} text_kind;

typedef struct state_rule {
    const char *state; /* five characters, or the two of a class */
    kfps_status status;
    text_kind kind;
    const char *text;
} state_rule;

/* The first that matches counts. */
static const state_rule rules[] = {
    {"23505", KFPS_EXISTS, CONSTRAINT, "the key is taken"},
    {"23P01", KFPS_EXISTS, CONSTRAINT, "the key is taken"},
    {"23503", KFPS_FOREIGN_KEY, CONSTRAINT, "a referenced row is missing, or the row is still referenced"},
    {"23502", KFPS_INVALID, COLUMN, "a value is required"},
    {"23514", KFPS_INVALID, CONSTRAINT, "a check of the table failed"},
    {"23", KFPS_INVALID, CONSTRAINT, "a constraint of the table failed"},
    {"22001", KFPS_TOO_LARGE, FIXED, "a text is longer than its column"},
    {"22003", KFPS_TOO_LARGE, FIXED, "a number is out of its column's range"},
    {"22021", KFPS_INVALID, FIXED, "a text is not valid UTF-8"},
    {"22P02", KFPS_INVALID, FIXED, "a value has not the form of its column's type"},
    {"22P05", KFPS_INVALID, FIXED, "a text has a character that the database cannot store"},
    {"22030", KFPS_INVALID, FIXED, "a JSON object has a key twice"},
    {"22032", KFPS_INVALID, FIXED, "a text is not valid JSON"},
    {"22", KFPS_INVALID, FIXED, "a value is not acceptable for its column"},
    {"54", KFPS_TOO_LARGE, SERVER, NULL},
    {"40001", KFPS_BUSY, SERVER, NULL},
    {"40P01", KFPS_BUSY, SERVER, NULL},
    {"40", KFPS_BUSY, SERVER, NULL},
    {"55P03", KFPS_BUSY, SERVER, NULL},
    {"55006", KFPS_BUSY, SERVER, NULL},
    {"57014", KFPS_INTERRUPTED, SERVER, NULL},
    {"57P05", KFPS_CONNECTION_LOST, SERVER, NULL},
    {"57P", KFPS_CONNECTION_LOST, SERVER, NULL},
    {"25P03", KFPS_CONNECTION_LOST, SERVER, NULL},
    {"08", KFPS_CONNECTION_LOST, SERVER, NULL},
    {"25006", KFPS_PERMISSION, FIXED, "the session or the server is read-only"},
    {"42501", KFPS_PERMISSION, SERVER, NULL},
    {"28", KFPS_PERMISSION, SERVER, NULL},
    {"3D000", KFPS_UNAVAILABLE, SERVER, NULL},
    {"53300", KFPS_UNAVAILABLE, SERVER, NULL},
    {"53100", KFPS_INTERNAL, FIXED, "the server's disk is full: make room on it and run this again"},
};

static const state_rule *rule_of(const char *state)
{
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        if (strncmp(state, rules[i].state, strlen(rules[i].state)) == 0)
            return &rules[i];
    }
    return NULL;
}

static const char *field(const PGresult *result, int which)
{
    const char *text = result != NULL ? PQresultErrorField(result, which) : NULL;
    return text != NULL ? text : "";
}

bool kfpb_pgsql_ok(const PGresult *result)
{
    const ExecStatusType status = PQresultStatus(result);
    return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
}

bool kfpb_pgsql_state_is(const PGresult *result, const char *sqlstate)
{
    return strcmp(field(result, PG_DIAG_SQLSTATE), sqlstate) == 0;
}

const char *kfpb_pgsql_one_line(const char *message, char *buf, size_t size)
{
    size_t length = 0;
    for (const char *p = message; *p != '\0' && length + 1 < size; p++) {
        const bool blank = strchr(" \t\r\n", *p) != NULL;
        if (!blank)
            buf[length++] = *p;
        else if (length > 0 && buf[length - 1] != ' ')
            buf[length++] = ' ';
    }
    while (length > 0 && buf[length - 1] == ' ')
        length--;
    buf[length] = '\0';
    return buf;
}

static kfps_status fail_by_rule(const PGresult *result, const state_rule *rule, const char *state, kfps_error *error)
{
    const kfps_status status = rule != NULL ? rule->status : KFPS_INTERNAL;
    const char *table = field(result, PG_DIAG_TABLE_NAME);

    switch (rule != NULL ? rule->kind : SERVER) {
    case FIXED:
        return kfpb_fail(error, status, "%s (SQLSTATE %s)", rule->text, state);
    case CONSTRAINT:
        return kfpb_fail(error, status, "%s: constraint \"%s\" of table \"%s\"", rule->text,
                         field(result, PG_DIAG_CONSTRAINT_NAME), table);
    case COLUMN:
        return kfpb_fail(error, status, "%s: column \"%s\" of table \"%s\"", rule->text,
                         field(result, PG_DIAG_COLUMN_NAME), table);
    case SERVER:
        break;
    }
    return kfpb_fail(error, status, "PostgreSQL: %s (SQLSTATE %s)", field(result, PG_DIAG_MESSAGE_PRIMARY), state);
}

/* What libpq adds to the server's last word are guesses. */
static const char *first_line(const char *message, char *buf, size_t size)
{
    char first[256];
    snprintf(first, sizeof first, "%.*s", (int) strcspn(message, "\n"), message);
    return kfpb_pgsql_one_line(first, buf, size);
}

static kfps_status fail_lost(const PGresult *result, PGconn *native, kfpb_pgsql_phase phase, kfps_error *error)
{
    char line[256];
    const char *reason = field(result, PG_DIAG_MESSAGE_PRIMARY);
    if (*reason == '\0')
        reason = first_line(PQerrorMessage(native), line, sizeof line);
    if (phase == KFPB_PGSQL_COMMIT) {
        return kfpb_fail(error, KFPS_WRITE_UNCERTAIN,
                         "the connection to PostgreSQL was lost during COMMIT; whether it took place is unknown: %s",
                         reason);
    }
    return kfpb_fail(error, KFPS_CONNECTION_LOST, "the connection to PostgreSQL was lost: %s", reason);
}

kfps_status kfpb_pgsql_fail_native(PGconn *native, const PGresult *result, kfpb_pgsql_phase phase, bool *lost,
                                   kfps_error *error)
{
    const char *state = field(result, PG_DIAG_SQLSTATE);
    const state_rule *rule = rule_of(state);
    kfps_status status;

    *lost = PQstatus(native) == CONNECTION_BAD || (rule != NULL && rule->status == KFPS_CONNECTION_LOST);
    if (*lost)
        status = fail_lost(result, native, phase, error);
    else if (result == NULL)
        status = kfpb_fail_no_memory(error);
    else if (*state == '\0') /* libpq itself refused; its text names the reason, not the values */
        status = kfpb_fail(error, KFPS_INTERNAL, "libpq: %s",
                           kfpb_pgsql_one_line(PQresultErrorMessage(result), (char[256]){0}, 256));
    else
        status = fail_by_rule(result, rule, state, error);
    if (error != NULL)
        snprintf(error->sqlstate, sizeof error->sqlstate, "%.5s", state);
    return status;
}

kfps_status kfpb_pgsql_fail(kfpb_pgsql *conn, const PGresult *result, kfpb_pgsql_phase phase, kfps_error *error)
{
    bool lost;
    const kfps_status status = kfpb_pgsql_fail_native(conn->native, result, phase, &lost, error);
    if (lost)
        conn->base.broken = true;
    return status;
}

kfps_status kfpb_pgsql_connect_status(const char *message)
{
    static const char *const refused[] = {"authentication", "password", "pg_hba.conf", "permission denied", "role \""};
    /* libpq names host and address before it, and they are anything */
    const char *reason = strstr(message, " failed: ");
    if (reason != NULL)
        message = reason;
    if (strstr(message, "database \"") != NULL && strstr(message, "\" does not exist") != NULL)
        return KFPS_UNAVAILABLE;
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        if (strstr(message, refused[i]) != NULL)
            return KFPS_PERMISSION;
    }
    return KFPS_UNAVAILABLE;
}
