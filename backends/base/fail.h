/* SPDX-License-Identifier: Apache-2.0 */
/* fail.h: fills a kfps_error. `error` may be NULL everywhere: a caller that wants only the status passes none. */
#ifndef KFPB_FAIL_H
#define KFPB_FAIL_H

#include <stddef.h>

#include "kfpstore/error.h"

/* Sets code and message (cut at a character's end, never in the middle of one), empties vendor_code, element and
 * sqlstate (set them after the call), and returns the code. */
kfps_status kfpb_fail(kfps_error *error, kfps_status code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* The same, and says which element of a batch it was. */
kfps_status kfpb_fail_at(kfps_error *error, size_t element, kfps_status code, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
kfps_status kfpb_fail_no_memory(kfps_error *error);
void kfpb_error_clear(kfps_error *error);
/* Puts "<prefix>: " before the message, keeps the codes, returns error->code. */
kfps_status kfpb_error_prefix(kfps_error *error, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
