/* SPDX-License-Identifier: Apache-2.0 */
#include "migrate/report/html.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

void html_text(kfpb_text *out, const char *text)
{
    static const struct {
        char c;
        const char *entity;
    } entities[] = {{'&', "&amp;"}, {'<', "&lt;"}, {'>', "&gt;"}, {'"', "&quot;"}, {'\'', "&#39;"}, {'`', "&#96;"}};
    for (const char *c = text != NULL ? text : ""; *c != '\0'; c++) {
        const char *entity = (unsigned char) *c < 0x20 || *c == 0x7f ? "\xef\xbf\xbd" : NULL;
        for (size_t i = 0; i < sizeof entities / sizeof *entities; i++)
            entity = entities[i].c == *c ? entities[i].entity : entity;
        if (entity != NULL)
            kfpb_text_add(out, entity);
        else
            kfpb_text_char(out, *c);
    }
}

void html_name(kfpb_text *out, const char *text)
{
    kfpb_text_add(out, "<bdi>");
    html_text(out, text);
    kfpb_text_add(out, "</bdi>");
}

void html_number(kfpb_text *out, json_int_t number)
{
    char digits[32];
    const int length = snprintf(digits, sizeof digits, "%" PRId64, (int64_t) number);
    const int sign = digits[0] == '-';
    for (int i = 0; i < length; i++) {
        if (i > sign && (length - i) % 3 == 0)
            kfpb_text_char(out, ',');
        kfpb_text_char(out, digits[i]);
    }
}

const char *fact_text(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text != NULL ? text : "";
}

json_int_t fact_number(const json_t *object, const char *key)
{
    return json_integer_value(json_object_get(object, key));
}
