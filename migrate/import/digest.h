/* SPDX-License-Identifier: Apache-2.0 */
/*
 * digest.h: a run's source rows and whatever else decides its mapping as one SHA-256: equal digests, equal result. And
 * a sum over the rows that were made of it, by which it is seen whether somebody has changed them since.
 */
#ifndef KFPM_DIGEST_H
#define KFPM_DIGEST_H

#include "backends/backend.h"
#include "kfpstore/identity.h"
#include "migrate/map/map.h"

void import_digest(const mlmd_run *run, const map_target *target, const map_options *options, char out[KFPS_HASH_SIZE]);

/* The sum of the SHA-256 of each row: in whatever order they come, and those of several contexts can be added up. */
typedef struct rows_digest {
    uint64_t words[4];
} rows_digest;

/* Of the run's tasks and links, as the ledger keeps it. */
void rows_digest_run(const map_rows *rows, char out[KFPS_HASH_SIZE]);
/* Adds what the ledger keeps; nothing if the text is no digest. */
void rows_digest_add_text(rows_digest *sum, const char *text);
/* Adds a row that was read back, with the columns of the table in their order. JSON counts as a value: engines write it
 * in their own ways. */
void rows_digest_add_row(rows_digest *sum, const kfpb_table *table, const kfpb_rows *row);

#endif
