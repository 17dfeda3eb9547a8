/* SPDX-License-Identifier: Apache-2.0 */
/* rfc3339.h: a time stamp as protobuf's JSON writes it. */
#ifndef KFPSI_RFC3339_H
#define KFPSI_RFC3339_H

#include <stdbool.h>
#include <stdint.h>

/* "2024-01-01T12:00:00.5Z", "…+02:00": seconds since 1970-01-01 UTC, the fraction dropped. False for anything else. */
bool kfpsi_rfc3339(const char *text, int64_t *seconds);

#endif
