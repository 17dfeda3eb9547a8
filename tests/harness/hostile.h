/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hostile.h: valid UTF-8 texts that a careless layer between a program and its database would change, cut or run.
 * The same ones every time.
 */
#ifndef KFPT_HOSTILE_H
#define KFPT_HOSTILE_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static const char *const hostile_pieces[] = {
    /* quoting */
    "'",
    "''",
    "\"",
    "`",
    "\\",
    "\\\\",
    "\\'",
    "'\\",
    "\\\"",
    "\\0",
    "\\Z",
    "\\n",
    "E'\\x41'",
    "N'",
    "X'00'",
    "$$",
    "$t$",
    "$1",
    "$2::text",
    "?",
    "??",
    ":a",
    "@a",
    "@@version",
    "%s",
    "%n",
    "%",
    "_",
    "%00",
    "&#39;",
    "\\u0000",
    "\\u0027",
    /* comments and statements */
    "/*",
    "*/",
    "/*!50000 ",
    "/*+",
    "--",
    "-- ",
    "--\n",
    "#",
    ";",
    "; DROP TABLE v_text; --",
    "');",
    "' OR '1'='1",
    "' UNION SELECT ",
    " from ",
    "from ",
    "valid_from",
    " FROM",
    "select (",
    " select ((",
    " SELECT *",
    " join (",
    " on (",
    "limit ",
    " as ",
    "where",
    "(",
    ")",
    "BEGIN",
    "COMMIT;",
    "\n\\.\n",
    "\\copy",
    "COPY v_text FROM STDIN;",
    ".quit\n",
    "delimiter //",
    "\\q\n",
    /* lists and JSON */
    "{",
    "}",
    "{}",
    "{\"",
    "[",
    "]",
    ",",
    ",,",
    "NULL",
    "null",
    "\"NULL\"",
    "{NULL}",
    ":",
    "\\\"}",
    /* control characters and blanks */
    "\x01",
    "\x07",
    "\x08",
    "\t",
    "\n",
    "\r",
    "\r\n",
    "\x0b",
    "\x0c",
    "\x1a",
    "\x1b[31m",
    "\x1f",
    "\x7f",
    " ",
    "  ",
    "\xc2\xa0",
    "\xe2\x80\xa8",
    /* characters whose last byte is a lead byte of GBK, Big5 or Shift-JIS, before a quote or a backslash */
    "\xc2\xbf'",
    "\xc2\xbf\\",
    "\xc2\x81'",
    "\xc2\x95\\'",
    "\xe7\xb8\x97'",
    "\xe7\xb8\x97\\'",
    "\xe8\xa1\xa8\\",
    "\xe8\xa1\xa8'",
    "\xe3\x81\x95\\'",
    "\xe5\x8f\xbe\\'",
    "\xef\xbc\x87",
    "\xef\xbc\xbc",
    "\xca\xbc",
    "\xe2\x80\x99",
    "\xe5\x98\x8a'",
    "\xc3\xa0\\",
    /* the rest of Unicode */
    "\xf0\x9f\x98\x80",
    "\xf0\x9f\x91\xa8\xe2\x80\x8d\xf0\x9f\x91\xa9",
    "\xf4\x8f\xbf\xbf",
    "\xf0\x90\x80\x80",
    "\xf0\xa0\x80\x80'",
    "\xed\x9f\xbf",
    "\xee\x80\x80",
    "\xef\xbb\xbf",
    "\xef\xbf\xbd",
    "\xef\xbf\xbe",
    "\xef\xbf\xbf",
    "\xe2\x80\xae",
    "\xe2\x80\xab",
    "\xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d",
    "\xd9\x85\xd8\xb1\xd8\xad\xd8\xa8\xd8\xa7",
    "e\xcc\x81",
    "\xcc\x81",
    "o\xcc\x88\xcc\x84",
    "\xc3\xa9",
    "\xc4\xb0",
    "\xc5\xbf",
    "\xc3\x9f",
    "\xe1\xba\x9e",
    "\xe0\xb8\x81\xe0\xb8\xb3",
    "\xc2\x80",
    "\xdf\xbf",
    "\xe0\xa0\x80",
    "\xc2\xad",
};
enum { HOSTILE_PIECES = sizeof hostile_pieces / sizeof hostile_pieces[0], HOSTILE_PARTS = 12 };

static inline uint32_t hostile_random(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t) (*state >> 33);
}

/* Appends one character, never NUL, never a surrogate; of each length in bytes equally often. */
static inline char *hostile_character(char *out, uint64_t *state)
{
    static const uint32_t first[] = {1, 0x80, 0x800, 0x10000}, behind[] = {0x80, 0x800, 0x10000, 0x110000};
    const uint32_t kind = hostile_random(state) % 4;
    uint32_t c = first[kind] + hostile_random(state) % (behind[kind] - first[kind]);
    if (c >= 0xD800 && c <= 0xDFFF)
        c -= 0x800;
    if (kind == 0) {
        *out++ = (char) c;
        return out;
    }
    static const uint32_t marks[] = {0, 0xC0, 0xE0, 0xF0};
    *out++ = (char) (marks[kind] | c >> 6 * kind);
    for (uint32_t left = kind; left-- > 0;)
        *out++ = (char) (0x80 | (c >> 6 * left & 0x3F));
    return out;
}

/* Text number `n`: first every piece alone, then between letters, then anything. malloc'd; NULL if there is no memory.
 */
static inline char *hostile_text(size_t n)
{
    enum { LONGEST_PART = 48, LONG_RUN = 4000 };
    const char *piece = hostile_pieces[n % HOSTILE_PIECES];
    char *text = calloc(1, HOSTILE_PARTS * LONGEST_PART + LONG_RUN + 1);
    char *end = text;
    if (text == NULL || n < HOSTILE_PIECES)
        return text != NULL ? strcpy(text, piece) : NULL;
    if (n < 2 * HOSTILE_PIECES) {
        end = stpcpy(text, "a");
        end = stpcpy(end, piece);
        strcpy(end, "z");
        return text;
    }
    uint64_t state = n * 2654435761u;
    for (uint32_t left = 1 + hostile_random(&state) % HOSTILE_PARTS; left > 0; left--) {
        if (hostile_random(&state) % 3 > 0)
            end = stpcpy(end, hostile_pieces[hostile_random(&state) % HOSTILE_PIECES]);
        else
            end = hostile_character(end, &state);
    }
    /* now and then a long run of one of the characters that are doubled on their way */
    if (n % 499 == 0) {
        memset(end, "'\\\"?"[n / 499 % 4], LONG_RUN);
        end[LONG_RUN] = '\0';
    }
    return text;
}

#endif
