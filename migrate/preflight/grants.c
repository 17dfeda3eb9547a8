/* SPDX-License-Identifier: Apache-2.0 */
/*
 * grants.c: one line of SHOW GRANTS. It is read for rights on whole tables only: a right on some columns is none for
 * us. The server quotes names by ` or, under ANSI_QUOTES, by ".
 */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "migrate/preflight/rights.h"

static const struct {
    const char *name;
    unsigned right;
} names[] = {
    {"SELECT", RIGHT_SELECT},         {"INSERT", RIGHT_INSERT},      {"UPDATE", RIGHT_UPDATE}, {"DELETE", RIGHT_DELETE},
    {"CREATE", RIGHT_CREATE},         {"ALTER", RIGHT_ALTER},        {"DROP", RIGHT_DROP},     {"INDEX", RIGHT_INDEX},
    {"REFERENCES", RIGHT_REFERENCES}, {"ALL PRIVILEGES", RIGHT_ALL}, {"ALL", RIGHT_ALL},
};

const char *rights_text(unsigned rights, char *buf, size_t size)
{
    size_t length = 0;
    buf[0] = '\0';
    for (size_t i = 0; i < sizeof names / sizeof *names && names[i].right != RIGHT_ALL; i++) {
        if ((rights & names[i].right) != 0 && length < size)
            length += (size_t) snprintf(buf + length, size - length, "%s%s", length > 0 ? ", " : "", names[i].name);
    }
    return buf;
}

/* The privileges up to " ON "; a name with a list of columns behind it does not count. NULL: there is no ON. */
static const char *read_privileges(const char *p, unsigned *rights)
{
    *rights = 0;
    for (;;) {
        p += strspn(p, " ");
        if (*p == '`' || *p == '"' || *p == '\'' || *p == '\0')
            return NULL; /* a role's name */
        size_t length = strcspn(p, ",(");
        const char *on = strstr(p, " ON ");
        const bool last = on != NULL && (size_t) (on - p) <= length;
        if (last)
            length = (size_t) (on - p);
        while (length > 0 && p[length - 1] == ' ')
            length--;
        const char *end = p + length;
        end += strspn(end, " ");
        const bool columns = *end == '(';
        for (size_t i = 0; !columns && i < sizeof names / sizeof *names; i++) {
            if (strlen(names[i].name) == length && strncasecmp(p, names[i].name, length) == 0)
                *rights |= names[i].right;
        }
        if (columns) {
            char quote = '\0';
            for (; *end != '\0' && (quote != '\0' || *end != ')'); end++) {
                if (quote == '\0' && (*end == '`' || *end == '"'))
                    quote = *end;
                else if (*end == quote)
                    quote = '\0';
            }
            if (*end == '\0')
                return NULL;
            end++;
        }
        if (strncmp(end, " ON ", 4) == 0)
            return end + 4;
        if (strncmp(end, "ON ", 3) == 0)
            return end + 3;
        if (*end != ',')
            return NULL;
        p = end + 1;
    }
}

/* "*", or a quoted name without its quotes. */
static const char *read_name(const char *p, char *out, size_t size)
{
    size_t n = 0;
    if (*p == '*') {
        snprintf(out, size, "*");
        return p + 1;
    }
    const char quote = *p;
    if (quote != '`' && quote != '"')
        return NULL;
    for (p++; *p != '\0'; p++) {
        if (*p == quote && p[1] != quote)
            break;
        if (*p == quote)
            p++;
        if (n + 1 < size)
            out[n++] = *p;
    }
    out[n] = '\0';
    return *p == quote ? p + 1 : NULL;
}

/* A database in a grant is a pattern: % and _, and a backslash before those that stand for themselves. */
static bool matches(const char *pattern, const char *text)
{
    for (; *pattern != '\0'; pattern++, text++) {
        if (*pattern == '%') {
            while (pattern[1] == '%')
                pattern++;
            for (;; text++) {
                if (matches(pattern + 1, text))
                    return true;
                if (*text == '\0')
                    return false;
            }
        }
        if (*text == '\0')
            return false;
        if (*pattern == '_')
            continue;
        if (*pattern == '\\' && pattern[1] != '\0')
            pattern++;
        if (*pattern != *text)
            return false;
    }
    return *text == '\0';
}

void rights_read_grant(const char *line, const char *database, const char *table, unsigned *rights)
{
    char on_database[256], on_table[256];
    unsigned given = 0;
    const bool revoke = strncmp(line, "REVOKE ", 7) == 0;
    if (!revoke && strncmp(line, "GRANT ", 6) != 0)
        return;
    const char *p = read_privileges(line + (revoke ? 7 : 6), &given);
    if (p != NULL)
        p = read_name(p, on_database, sizeof on_database);
    if (p == NULL || *p != '.' || read_name(p + 1, on_table, sizeof on_table) == NULL)
        return; /* a role, PROXY, a procedure */
    const bool all_tables = strcmp(on_table, "*") == 0;
    const bool ours = strcmp(on_database, "*") == 0 ||
                      (all_tables ? matches(on_database, database) : strcmp(on_database, database) == 0);
    if (!ours || (!all_tables && strcmp(on_table, table) != 0))
        return;
    if (revoke)
        *rights &= ~given;
    else
        *rights |= given;
}
