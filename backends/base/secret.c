/* SPDX-License-Identifier: Apache-2.0 */
#include "backends/base/secret.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/base/fail.h"

kfps_status kfpb_secret_read(const char *path, char **out, kfps_error *error)
{
    *out = NULL;
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return kfpb_fail(error, KFPS_INVALID, "the password file %s cannot be read: %m", path);
    char *line = NULL;
    size_t capacity = 0;
    const ssize_t length = getline(&line, &capacity, file);
    fclose(file);
    if (length < 0) {
        free(line);
        line = strdup("");
        if (line == NULL)
            return kfpb_fail_no_memory(error);
    }
    line[strcspn(line, "\r\n")] = '\0';
    *out = line;
    return KFPS_OK;
}

void kfpb_secret_free(char *secret)
{
    if (secret == NULL)
        return;
    explicit_bzero(secret, strlen(secret));
    free(secret);
}
