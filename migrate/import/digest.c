/* SPDX-License-Identifier: Apache-2.0 */
#include "migrate/import/digest.h"

#include <nettle/sha2.h>
#include <string.h>

#include "backends/base/text.h"

/* Every field goes in behind its length or in fixed width, so that no two different runs have the same preimage. */

static void put_int(struct sha256_ctx *sha, int64_t value)
{
    uint8_t bytes[8];
    for (int i = 0; i < 8; i++)
        bytes[i] = (uint8_t) ((uint64_t) value >> (56 - 8 * i));
    sha256_update(sha, sizeof bytes, bytes);
}

static void put_text(struct sha256_ctx *sha, const char *text)
{
    if (text == NULL) {
        put_int(sha, -1); /* NULL is not "" */
        return;
    }
    const size_t length = strlen(text);
    put_int(sha, (int64_t) length);
    sha256_update(sha, length, (const uint8_t *) text);
}

static void put_double(struct sha256_ctx *sha, double value)
{
    int64_t bits;
    memcpy(&bits, &value, sizeof bits);
    put_int(sha, bits);
}

static void put_properties(struct sha256_ctx *sha, const mlmd_properties *properties)
{
    put_int(sha, (int64_t) properties->count);
    for (size_t i = 0; i < properties->count; i++) {
        const mlmd_property *p = &properties->items[i];
        put_text(sha, p->name);
        put_int(sha, p->custom);
        put_int(sha, p->kind);
        put_int(sha, p->integer);
        put_double(sha, p->real);
        put_text(sha, p->text);
    }
}

static void put_executions(struct sha256_ctx *sha, const mlmd_execution *executions, size_t count)
{
    put_int(sha, (int64_t) count);
    for (size_t i = 0; i < count; i++) {
        const mlmd_execution *e = &executions[i];
        put_int(sha, e->id);
        put_text(sha, e->type);
        put_text(sha, e->name);
        put_int(sha, e->state_known ? e->state : -1);
        put_int(sha, e->create_ms);
        if (!e->foreign) /* of another run's, nothing is made of it, and it would replace every run that used its
                            outputs */
            put_int(sha, e->update_ms);
        put_properties(sha, &e->properties);
    }
}

static void put_events(struct sha256_ctx *sha, const mlmd_event *events, size_t count)
{
    put_int(sha, (int64_t) count);
    for (size_t i = 0; i < count; i++) {
        const mlmd_event *e = &events[i];
        put_int(sha, e->id);
        put_int(sha, e->artifact_id);
        put_int(sha, e->execution_id);
        put_int(sha, e->type);
        put_int(sha, e->ms);
        put_text(sha, e->key);
        put_int(sha, (e->execution != NULL) + 2 * (e->artifact != NULL));
    }
}

static void put_artifacts(struct sha256_ctx *sha, const mlmd_artifact *artifacts, size_t count)
{
    put_int(sha, (int64_t) count);
    for (size_t i = 0; i < count; i++) {
        const mlmd_artifact *a = &artifacts[i];
        put_int(sha, a->id);
        put_text(sha, a->type);
        put_text(sha, a->name);
        put_text(sha, a->uri);
        put_int(sha, a->state);
        put_int(sha, a->create_ms);
        put_int(sha, a->update_ms);
        put_text(sha, a->owner_namespace);
        put_properties(sha, &a->properties);
    }
}

void import_digest(const mlmd_run *run, const map_target *target, const map_options *options, char out[KFPS_HASH_SIZE])
{
    struct sha256_ctx sha;
    sha256_init(&sha);
    put_int(&sha, MAP_VERSION);
    put_text(&sha, options->source_id);
    put_int(&sha, options->canceled_is_failed);
    put_int(&sha, options->any_execution_type);

    put_text(&sha, target->run_uuid);
    put_text(&sha, target->run_namespace);
    put_int(&sha, target->state);
    put_int(&sha, target->created_at);
    put_int(&sha, target->finished_at);
    put_int(&sha, target->made);
    put_int(&sha, target->json_depth);
    put_int(&sha, (int64_t) target->legacy_count);
    for (size_t i = 0; i < target->legacy_count; i++) {
        put_int(&sha, target->legacy[i].execution_id);
        put_text(&sha, target->legacy[i].fingerprint);
    }

    put_int(&sha, run->context_id);
    put_text(&sha, run->context_type);
    put_text(&sha, run->name);
    put_properties(&sha, &run->properties);
    put_executions(&sha, run->executions, run->execution_count);
    put_events(&sha, run->events, run->event_count);
    put_artifacts(&sha, run->artifacts, run->artifact_count);
    put_executions(&sha, run->foreign, run->foreign_count);
    put_events(&sha, run->foreign_events, run->foreign_event_count);

    uint8_t digest[SHA256_DIGEST_SIZE];
    sha256_digest(&sha, sizeof digest, digest);
    kfpb_hex(digest, sizeof digest, out);
}
