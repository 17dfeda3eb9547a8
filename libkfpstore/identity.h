/* SPDX-License-Identifier: Apache-2.0 */
/* identity.h: the identity key of an artifact whose metadata has been parsed. */
#ifndef KFPSI_IDENTITY_H
#define KFPSI_IDENTITY_H

#include <jansson.h>

#include "kfpstore/identity.h"

/* kfps_artifact_identity_key of parsed metadata; NULL counts as {}. */
kfps_status kfpsi_identity_key(int32_t type, const char *uri, const char *name, const char *description,
                               const json_t *metadata, char out[KFPS_HASH_SIZE], kfps_error *error);

#endif
