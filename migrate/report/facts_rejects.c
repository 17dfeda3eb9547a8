/* SPDX-License-Identifier: Apache-2.0 */
/* facts_rejects.c: the rejected rows one by one, as an import's reject file lists them. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/base/fail.h"
#include "migrate/report/facts.h"

/* One line's row, with the members that the page shows; NULL if it is none, or not rejected. */
static json_t *read_line(const char *line, size_t length, bool *valid)
{
    json_t *row = json_loadb(line, length, 0, NULL);
    const char *class = json_string_value(json_object_get(row, "class"));
    json_t *entry = NULL;
    *valid = class != NULL;
    if (class != NULL && strcmp(class, "rejected") == 0) {
        static const char *const texts[] = {"reason", "kind", "run", "detail"};
        static const char *const numbers[] = {"mlmd_id", "context_id"};
        entry = json_object();
        for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
            json_object_set_new(entry, texts[i], facts_text(json_string_value(json_object_get(row, texts[i]))));
        for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
            json_object_set(entry, numbers[i], json_object_get(row, numbers[i]));
    }
    json_decref(row);
    return entry;
}

kfps_status report_facts_rejects(const char *path, json_t *facts, kfps_error *error)
{
    FILE *file = fopen(path, "re");
    json_t *list = json_array();
    json_int_t count = 0;
    char *line = NULL;
    size_t capacity = 0, number = 0;
    kfps_status status = KFPS_OK;
    if (file == NULL)
        status = kfpb_fail(error, KFPS_INVALID, "%s", strerror(errno));
    for (ssize_t length; status == KFPS_OK && (length = getline(&line, &capacity, file)) > 0;) {
        bool valid = false;
        json_t *row = read_line(line, (size_t) length, &valid);
        number++;
        if (!valid)
            status = kfpb_fail(error, KFPS_INVALID, "line %zu is not one of a reject file", number);
        count += row != NULL;
        if (row != NULL && json_array_size(list) < FACTS_REJECTED)
            json_array_append(list, row);
        json_decref(row);
    }
    if (status == KFPS_OK && ferror(file) != 0)
        status = kfpb_fail(error, KFPS_INVALID, "%s", strerror(errno));
    json_object_set_new(facts, "rejected_rows", list);
    json_object_set_new(facts, "rejected_row_count", json_integer(count));
    free(line);
    if (file != NULL)
        fclose(file);
    return status;
}
