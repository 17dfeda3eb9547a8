/* SPDX-License-Identifier: Apache-2.0 */
/*
 * page_token.h: where a list goes on, as opaque text. Base64url of: version, resource, sort field, direction and part,
 * the sort value and the key of the last row, a digest of the scope, the filter; and behind it an HMAC of all that if
 * the store has a key for tokens, else a checksum. A token holds no SQL and no name; every field is checked again.
 */
#ifndef KFPSI_PAGE_TOKEN_H
#define KFPSI_PAGE_TOKEN_H

#include "libkfpstore/filter.h"
#include "libkfpstore/session.h"

enum { KFPSI_SCOPE_DIGEST = 16 };

typedef struct kfpsi_position {
    uint8_t sort; /* a field */
    bool descending;
    bool nulls;       /* in the part of the list whose sort value is NULL, which is the last */
    kfpb_value value; /* of the last row; KFPB_NULL with `nulls` and where the list is sorted by the key */
    const char *key;  /* of the last row */
} kfpsi_position;

/* *out in the arena. */
kfps_status kfpsi_token_write(const kfps_store *store, const kfpsi_fields *fields, const kfpsi_position *position,
                              const kfpsi_filter *filter, const uint8_t scope[KFPSI_SCOPE_DIGEST], kfpb_arena *arena,
                              const char **out, kfps_error *error);
/* KFPS_INVALID: not a token of this store, this resource and this scope. */
kfps_status kfpsi_token_read(const kfps_store *store, const kfpsi_fields *fields, const char *token,
                             const uint8_t scope[KFPSI_SCOPE_DIGEST], kfpb_arena *arena, kfpsi_position *position,
                             kfpsi_filter *filter, kfps_error *error);

#endif
