/* SPDX-License-Identifier: Apache-2.0 */
/* secret.h: passwords in files. */
#ifndef KFPB_SECRET_H
#define KFPB_SECRET_H

#include "kfpstore/error.h"

/* The file's first line, without its line end; "" for an empty file. KFPS_INVALID: it cannot be read; the message names
 * the file. */
kfps_status kfpb_secret_read(const char *path, char **out, kfps_error *error);
/* Wipes it. NULL-safe. */
void kfpb_secret_free(char *secret);

#endif
