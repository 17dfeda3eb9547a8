/* SPDX-License-Identifier: Apache-2.0 */
/*
 * canonical_json.h: JSON text in the form of Go's json.Marshal: keys sorted by bytes, no white space, `<`, `>`, `&`,
 * U+2028 and U+2029 escaped. Upstream hashes this form and stores it.
 */
#ifndef KFPSI_CANONICAL_JSON_H
#define KFPSI_CANONICAL_JSON_H

#include <jansson.h>

#include "backends/base/text.h"
#include "kfpstore/error.h"

typedef enum kfpsi_numbers {
    KFPSI_NUMBERS_FLOAT64, /* every number as Go prints a float64: what upstream hashes */
    KFPSI_NUMBERS_EXACT    /* integers keep all their digits: what we store */
} kfpsi_numbers;

/* Appends to `out`. KFPS_INVALID: nested deeper than 512 levels; KFPS_NO_MEMORY. */
kfps_status kfpsi_canonical_json(const json_t *json, kfpsi_numbers numbers, kfpb_text *out, kfps_error *error);

#endif
