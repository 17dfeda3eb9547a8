/* SPDX-License-Identifier: Apache-2.0 */
#include "backends/mysql/option_file.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "backends/base/text.h"

static char *trim(char *text)
{
    static const char blanks[] = " \t\r\n";
    text += strspn(text, blanks);
    size_t length = strlen(text);
    while (length > 0 && strchr(blanks, text[length - 1]) != NULL)
        length--;
    text[length] = '\0';
    return text;
}

static bool is_client_group(const char *line)
{
    static const char *const groups[] = {"[client]", "[client-server]", "[client-mariadb]"};
    for (size_t i = 0; i < sizeof groups / sizeof *groups; i++) {
        if (strcmp(line, groups[i]) == 0)
            return true;
    }
    return false;
}

/* Takes a pair of quotes off, and resolves the escapes that option files know, in place. */
static char *unquote(char *value)
{
    static const char codes[] = "nrtbs\\", meant[] = "\n\r\t\b \\";
    const size_t length = strlen(value);
    if (length >= 2 && (value[0] == '"' || value[0] == '\'') && value[length - 1] == value[0]) {
        value[length - 1] = '\0';
        value++;
    }
    char *to = value;
    for (const char *from = value; *from != '\0'; from++) {
        const char *code = *from == '\\' && from[1] != '\0' ? strchr(codes, from[1]) : NULL;
        *to++ = code != NULL ? meant[code - codes] : *from;
        from += code != NULL;
    }
    *to = '\0';
    return value;
}

char *kfpb_mysql_option_password(const char *path)
{
    struct stat facts;
    char *line = NULL, *password = NULL;
    size_t capacity = 0;
    bool ours = false;
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return NULL;
    if (fstat(fileno(file), &facts) != 0 || !S_ISREG(facts.st_mode) || (facts.st_mode & S_IWOTH) != 0)
        goto out;
    while (getline(&line, &capacity, file) >= 0) {
        char *text = trim(line);
        if (text[0] == '[') {
            ours = is_client_group(text);
            continue;
        }
        char *equals = strchr(text, '=');
        if (!ours || equals == NULL || text[0] == '#' || text[0] == ';')
            continue;
        *equals = '\0';
        if (strcmp(trim(text), "password") != 0)
            continue;
        free(password);
        password = strdup(unquote(trim(equals + 1)));
    }
out:
    if (line != NULL)
        explicit_bzero(line, capacity);
    free(line);
    fclose(file);
    return password;
}

char *kfpb_mysql_own_password(void)
{
    const char *home = getenv("HOME");
    if (home == NULL || home[0] == '\0')
        return NULL;
    kfpb_text path = {0};
    kfpb_text_printf(&path, "%s/.my.cnf", home);
    char *password = path.out_of_memory ? NULL : kfpb_mysql_option_password(kfpb_text_get(&path));
    kfpb_text_free(&path);
    return password;
}
