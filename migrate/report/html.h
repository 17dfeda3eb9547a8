/* SPDX-License-Identifier: Apache-2.0 */
/* html.h: text for a page. Whatever came from a database goes through html_text. */
#ifndef KFPM_REPORT_HTML_H
#define KFPM_REPORT_HTML_H

#include <jansson.h>

#include "backends/base/text.h"

/* Escaped, also for use in a quoted attribute; control characters become U+FFFD. NULL adds nothing. */
void html_text(kfpb_text *out, const char *text);
/* The same inside <bdi>: text that runs from right to left does not turn its surroundings round. */
void html_name(kfpb_text *out, const char *text);
/* "12,345" */
void html_number(kfpb_text *out, json_int_t number);

/* A member of an object; "" and 0 where it is not there. */
const char *fact_text(const json_t *object, const char *key);
json_int_t fact_number(const json_t *object, const char *key);

/* chart.c: runs over time as an inline SVG, with its words around it. */
void html_chart(kfpb_text *out, const json_t *timeline);
/* chart.c: parts of a whole as one bar with a legend. */
void html_shares(kfpb_text *out, const json_t *parts);

#endif
