/* SPDX-License-Identifier: Apache-2.0 */
#include "backends/literal.h"

#include <string.h>

void kfpb_literal_json(kfpb_text *out, const char *text)
{
    if (text == NULL) {
        kfpb_text_add(out, "null");
        return;
    }
    kfpb_text_char(out, '"');
    for (const char *p = text; *p != '\0';) {
        size_t plain = 0;
        while ((unsigned char) p[plain] >= 0x20 && p[plain] != '"' && p[plain] != '\\')
            plain++;
        kfpb_text_addn(out, p, plain);
        p += plain;
        if (*p == '"' || *p == '\\') {
            kfpb_text_char(out, '\\');
            kfpb_text_char(out, *p++);
        } else if (*p != '\0') {
            kfpb_text_printf(out, "\\u%04x", (unsigned) (unsigned char) *p++);
        }
    }
    kfpb_text_char(out, '"');
}

void kfpb_literal_array_item(kfpb_text *out, const char *text)
{
    if (text == NULL) {
        kfpb_text_add(out, "NULL");
        return;
    }
    kfpb_text_char(out, '"');
    for (const char *p = text; *p != '\0';) {
        const size_t plain = strcspn(p, "\"\\");
        kfpb_text_addn(out, p, plain);
        p += plain;
        if (*p != '\0') {
            kfpb_text_char(out, '\\');
            kfpb_text_char(out, *p++);
        }
    }
    kfpb_text_char(out, '"');
}
