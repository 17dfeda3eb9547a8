/* SPDX-License-Identifier: Apache-2.0 */
/* digest.h: a run's source rows and whatever else decides its mapping as one SHA-256: equal digests, equal result. */
#ifndef KFPM_DIGEST_H
#define KFPM_DIGEST_H

#include "kfpstore/identity.h"
#include "migrate/map/map.h"

void import_digest(const mlmd_run *run, const map_target *target, const map_options *options, char out[KFPS_HASH_SIZE]);

#endif
