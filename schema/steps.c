/* SPDX-License-Identifier: Apache-2.0 */
/* steps.c: looks the embedded steps up and cuts them into statements. */
#include "schema/steps.h"

#include <string.h>

static const char options_mark[] = " /*table-options*/";

const schema_step *schema_steps(const kfpb_driver *driver, size_t *count)
{
    for (const schema_step_set *set = schema_step_sets; set->engine != NULL; set++) {
        if (strcmp(set->engine, driver->name) == 0) {
            *count = set->count;
            return set->steps;
        }
    }
    *count = 0;
    return NULL;
}

int schema_version(void)
{
    const schema_step_set *set = &schema_step_sets[0];
    return set->steps[set->count - 1].number;
}

const char *schema_step_state_name(schema_step_state state)
{
    static const char *const names[] = {"pending", "applied",  "partial", "not-needed",
                                        "adopted", "deferred", "changed"};
    return names[state];
}

static const char *skip_comments(const char *text)
{
    for (;;) {
        text += strspn(text, " \t\r\n");
        if (strncmp(text, "--", 2) != 0)
            return text;
        text += strcspn(text, "\n");
    }
}

bool schema_next_statement(const char **cursor, const char *table_options, kfpb_text *out)
{
    const char *start = skip_comments(*cursor);
    if (*start == '\0')
        return false;
    const char *end = strstr(start, ";\n");
    if (end == NULL)
        end = start + strlen(start);
    *cursor = *end == ';' ? end + 1 : end;

    kfpb_text_clear(out);
    const size_t mark_length = sizeof options_mark - 1;
    const size_t length = (size_t) (end - start);
    if (length > mark_length && memcmp(end - mark_length, options_mark, mark_length) == 0) {
        kfpb_text_addn(out, start, length - mark_length);
        kfpb_text_add(out, table_options);
    } else {
        kfpb_text_addn(out, start, length);
    }
    return true;
}

int schema_count_statements(const schema_step *step)
{
    int count = 0;
    for (const char *at = skip_comments(step->sql); *at != '\0'; count++) {
        const char *end = strstr(at, ";\n");
        at = end != NULL ? skip_comments(end + 1) : at + strlen(at);
    }
    return count;
}
