/* SPDX-License-Identifier: Apache-2.0 */
#include "backends/placeholder.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

/* Behind the quoted text that begins at `s`, whose first character is the quote. A doubled quote inside reads as the
 * end of one quoted text and the begin of the next, which comes to the same. */
static const char *skip_quoted(const char *s)
{
    const char *end = strchr(s + 1, *s);
    return end != NULL ? end + 1 : s + strlen(s);
}

static const char *skip_comment(const char *s)
{
    if (s[0] == '-') {
        return s + strcspn(s, "\n");
    }
    const char *end = strstr(s + 2, "*/");
    return end != NULL ? end + 2 : s + strlen(s);
}

/* Behind PostgreSQL's $tag$ … $tag$; behind the `$` alone if it begins no such literal. */
static const char *skip_dollar(const char *s)
{
    const char *tag = s + 1;
    while (isalnum((unsigned char) *tag) || *tag == '_')
        tag++;
    if (*tag != '$' || isdigit((unsigned char) s[1]))
        return s + 1;
    size_t length = (size_t) (tag - s) + 1;
    for (const char *p = tag + 1; (p = strchr(p, '$')) != NULL; p++) {
        if (strncmp(p, s, length) == 0)
            return p + length;
    }
    return s + strlen(s);
}

const char *kfpb_placeholder_next(const char *sql)
{
    const char *s = sql;
    while (*(s += strcspn(s, "?'\"`-/$")) != '\0') {
        bool comment = (s[0] == '-' && s[1] == '-') || (s[0] == '/' && s[1] == '*');
        if (*s == '?')
            return s;
        if (comment)
            s = skip_comment(s);
        else if (*s == '$')
            s = skip_dollar(s);
        else if (*s == '-' || *s == '/')
            s++;
        else
            s = skip_quoted(s);
    }
    return NULL;
}
