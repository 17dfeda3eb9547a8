/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client.h: the database's own command-line client, as the second opinion on what a test wrote.
 */
#ifndef KFPT_CLIENT_H
#define KFPT_CLIENT_H

#include "tests/harness/suite.h"

/* Runs SQL text with the client and returns what it printed; the caller frees. Fails the case if the client fails. */
static inline char *test_client(const char *sql)
{
    char path[4096], command[8192];
    snprintf(path, sizeof path, "%s/client.sql", test_env("KFPSTORE_TEST_TMP"));
    snprintf(command, sizeof command, "%s <%s", test_env("KFPSTORE_TEST_CLIENT"), path);
    FILE *file = fopen(path, "w");
    ck_assert_msg(file != NULL, "cannot write %s", path);
    fprintf(file, "%s;\n", sql);
    fclose(file);

    size_t length = 0, capacity = 1 << 16, got;
    char *output = malloc(capacity);
    fflush(stdout);
    FILE *client = popen(command, "r");
    ck_assert_msg(client != NULL && output != NULL, "cannot run %s", command);
    while ((got = fread(output + length, 1, capacity - length - 1, client)) > 0) {
        length += got;
        if (capacity - length < 2) {
            capacity *= 2;
            output = realloc(output, capacity);
            ck_assert_ptr_nonnull(output);
        }
    }
    output[length] = '\0';
    ck_assert_msg(pclose(client) == 0, "the client failed: %s: %s", command, sql);
    return output;
}

/* An expression that prints the bytes of a text column as hexadecimal digits (of either case), '-' for NULL. */
static inline const char *test_client_hex(const char *column)
{
    static char buffer[256];
    const char *form = test_engine_is("pgsql") ? "encode(convert_to(%s, 'UTF8'), 'hex')" : "hex(%s)";
    char hex[128];
    snprintf(hex, sizeof hex, form, column);
    snprintf(buffer, sizeof buffer, "CASE WHEN %s IS NULL THEN '-' ELSE %s END", column, hex);
    return buffer;
}

/* Whether `hex`, up to a line's end, is what test_client_hex prints for the text. */
static inline bool test_hex_is(const char *hex, const char *text)
{
    if (text == NULL)
        return hex[0] == '-' && (hex[1] == '\n' || hex[1] == '\0');
    for (; *text != '\0'; text++, hex += 2) {
        static const char digits[] = "0123456789ABCDEF0123456789abcdef";
        const unsigned char c = (unsigned char) *text;
        if ((hex[0] != digits[c >> 4] && hex[0] != digits[16 + (c >> 4)]) ||
            (hex[1] != digits[c & 15] && hex[1] != digits[16 + (c & 15)]))
            return false;
    }
    return *hex == '\n' || *hex == '\0';
}

#endif
