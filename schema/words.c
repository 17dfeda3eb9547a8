/* SPDX-License-Identifier: Apache-2.0 */
/* words.c: reads SQL text word by word, as far as our own statements and CREATE TABLE texts of SQLite need it. */
#include "schema/words.h"

#include <ctype.h>
#include <string.h>

const char *schema_read_word(const char *at, char *word, size_t size)
{
    at += strspn(at, " \t\r\n");
    if (*at == '\0')
        return NULL;
    size_t length = 0;
    const char *quotes = strchr("\"`'", *at);
    if (quotes != NULL || *at == '[') {
        const char close = *at == '[' ? ']' : *at;
        for (at++; *at != '\0' && *at != close; at++) {
            if (length + 1 < size)
                word[length++] = *at;
        }
        at += *at != '\0';
    } else if (isalnum((unsigned char) *at) || *at == '_') {
        for (; isalnum((unsigned char) *at) || *at == '_'; at++) {
            if (length + 1 < size)
                word[length++] = *at;
        }
    } else {
        word[length++] = *at++;
    }
    word[length] = '\0';
    return at;
}
