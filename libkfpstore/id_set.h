/* SPDX-License-Identifier: Apache-2.0 */
/* id_set.h: the distinct ids among many, sorted by bytes: what an IN list, locks in order and a look-up need. */
#ifndef KFPSI_ID_SET_H
#define KFPSI_ID_SET_H

#include "backends/base/arena.h"
#include "libkfpstore/session.h"

typedef struct kfpsi_id_set {
    const char **ids; /* borrowed texts */
    size_t count;
} kfpsi_id_set;

/* `field`: the ids are at this offset of `count` structs of `stride` bytes; NULL ones are left out. False: no memory.
 */
bool kfpsi_id_set_make(kfpb_arena *arena, const void *records, size_t count, size_t stride, size_t field,
                       kfpsi_id_set *out);
/* SIZE_MAX: it is not there. */
size_t kfpsi_id_set_find(const kfpsi_id_set *set, const char *id);

/* there[i]: whether `head IN (…)`, a query for a column of ids, gives the UUID that the i-th struct begins with. */
kfps_status kfpsi_uuids_there(kfpb_conn *conn, kfpb_arena *arena, const char *head, const void *records, size_t count,
                              size_t stride, bool *there, kfps_error *error);

/* New UUIDs, in their order. Records that get them in the order in which they were given are inserted in that order
 * too, so that of two with one key the first wins. KFPS_INTERNAL, KFPS_NO_MEMORY. */
kfps_status kfpsi_new_uuids(kfps_store *store, kfpb_arena *arena, size_t count, const char ***out, kfps_error *error);

/* Pointers to `count` structs of `stride` bytes that begin with their UUID, in the order of the UUIDs: what kfpb_insert
 * wants. NULL: no memory. */
const void **kfpsi_by_uuid(kfpb_arena *arena, const void *records, size_t count, size_t stride);

#endif
