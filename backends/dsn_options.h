/* SPDX-License-Identifier: Apache-2.0 */
/* dsn_options.h: what may stand behind the `?` of a DSN, per engine. */
#ifndef KFPB_DSN_OPTIONS_H
#define KFPB_DSN_OPTIONS_H

#include <stdbool.h>

#include "kfpstore/error.h"

/* Checks one option of a DSN of `scheme` (aliases resolved). Messages name the option, never its value. */
kfps_status kfpb_dsn_option_check(const char *scheme, const char *name, const char *value, kfps_error *error);

#endif
