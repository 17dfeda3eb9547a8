/* SPDX-License-Identifier: Apache-2.0 */
/* literal.h: items of the two list texts that are sent as one value: JSON arrays and PostgreSQL array literals. */
#ifndef KFPB_LITERAL_H
#define KFPB_LITERAL_H

#include "backends/base/text.h"

/* A JSON string; `null` for NULL. */
void kfpb_literal_json(kfpb_text *out, const char *text);
/* An item of an array literal, always quoted; the bare word NULL for NULL. */
void kfpb_literal_array_item(kfpb_text *out, const char *text);

#endif
