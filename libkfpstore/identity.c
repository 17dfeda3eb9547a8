/* SPDX-License-Identifier: Apache-2.0 */
#include "libkfpstore/identity.h"

#include <nettle/sha2.h>
#include <string.h>

#include "backends/base/fail.h"
#include "backends/base/text.h"
#include "libkfpstore/canonical_json.h"
#include "libkfpstore/json_text.h"

/* Upstream's preimages: lp(s) is a 32-bit big-endian length and the bytes; integers are big-endian two's complement. */

static void put_int32(struct sha256_ctx *sha, uint32_t value)
{
    const uint8_t bytes[4] = {(uint8_t) (value >> 24), (uint8_t) (value >> 16), (uint8_t) (value >> 8),
                              (uint8_t) value};
    sha256_update(sha, sizeof bytes, bytes);
}

static void put_textn(struct sha256_ctx *sha, const char *s, size_t length)
{
    put_int32(sha, (uint32_t) length);
    sha256_update(sha, length, (const uint8_t *) s);
}

static void put_text(struct sha256_ctx *sha, const char *s)
{
    if (s == NULL)
        s = "";
    put_textn(sha, s, strlen(s));
}

static void finish(struct sha256_ctx *sha, char out[KFPS_HASH_SIZE])
{
    uint8_t digest[SHA256_DIGEST_SIZE];
    sha256_digest(sha, sizeof digest, digest);
    kfpb_hex(digest, sizeof digest, out);
}

void kfps_uri_hash(const char *uri, char out[KFPS_HASH_SIZE])
{
    out[0] = '\0';
    if (uri == NULL || uri[0] == '\0')
        return;
    struct sha256_ctx sha;
    sha256_init(&sha);
    sha256_update(&sha, strlen(uri), (const uint8_t *) uri);
    finish(&sha, out);
}

/* Go's json.Marshal of the metadata map; a nil map is {}. */
static kfps_status metadata_form(const json_t *metadata, kfpb_text *form, kfps_error *error)
{
    kfps_status status = KFPS_OK;
    if (metadata == NULL || json_is_null(metadata))
        kfpb_text_add(form, "{}");
    else if (!json_is_object(metadata))
        status = kfpb_fail(error, KFPS_INVALID, "metadata is JSON but not an object");
    else
        status = kfpsi_canonical_json(metadata, KFPSI_NUMBERS_FLOAT64, form, error);
    if (status == KFPS_OK && form->out_of_memory)
        status = kfpb_fail_no_memory(error);
    return status;
}

kfps_status kfpsi_identity_key(int32_t type, const char *uri, const char *name, const char *description,
                               const json_t *metadata, char out[KFPS_HASH_SIZE], kfps_error *error)
{
    kfpb_text form = {0};
    const kfps_status status = metadata_form(metadata, &form, error);
    if (status == KFPS_OK) {
        struct sha256_ctx sha;
        sha256_init(&sha);
        put_int32(&sha, (uint32_t) type);
        put_text(&sha, uri);
        put_text(&sha, name);
        put_text(&sha, description);
        put_textn(&sha, form.data, form.length);
        finish(&sha, out);
    }
    kfpb_text_free(&form);
    return status;
}

kfps_status kfps_artifact_identity_key(int32_t type, const char *uri, const char *name, const char *description,
                                       const char *metadata_json, char out[KFPS_HASH_SIZE], kfps_error *error)
{
    json_error_t where;
    json_t *metadata = NULL;
    kfps_status status = KFPS_OK;
    kfpb_error_clear(error);
    out[0] = '\0';
    if (metadata_json != NULL && metadata_json[0] != '\0')
        status = kfpsi_json_load(metadata_json, strlen(metadata_json), KFPSI_JSON_FLOAT64, &metadata, &where);
    if (status == KFPS_NO_MEMORY)
        return kfpb_fail_no_memory(error);
    if (status != KFPS_OK)
        return kfpb_fail(error, KFPS_INVALID, "metadata is not JSON, at byte %d", where.position);
    status = kfpsi_identity_key(type, uri, name, description, metadata, out, error);
    json_decref(metadata);
    return status;
}

static int is_empty(const char *s)
{
    return s == NULL || s[0] == '\0';
}

void kfps_task_logical_key(const char *run_uuid, const char *parent_uuid, const char *scope_path, const char *name,
                           int32_t type, const int64_t *iteration_index, char out[KFPS_HASH_SIZE])
{
    out[0] = '\0';
    if (is_empty(run_uuid) || is_empty(scope_path) || is_empty(name) || type == 0)
        return;
    struct sha256_ctx sha;
    sha256_init(&sha);
    put_text(&sha, run_uuid);
    put_text(&sha, parent_uuid);
    put_text(&sha, scope_path);
    put_text(&sha, name);
    put_int32(&sha, (uint32_t) type);
    const uint8_t present = iteration_index != NULL;
    sha256_update(&sha, 1, &present);
    if (iteration_index != NULL) {
        const uint64_t index = (uint64_t) *iteration_index;
        put_int32(&sha, (uint32_t) (index >> 32));
        put_int32(&sha, (uint32_t) index);
    }
    finish(&sha, out);
}
