/* SPDX-License-Identifier: Apache-2.0 */
#include "migrate/import/digest.h"

#include <inttypes.h>
#include <jansson.h>
#include <nettle/sha2.h>
#include <stdio.h>
#include <string.h>

#include "backends/base/text.h"
#include "libkfpstore/canonical_json.h"
#include "libkfpstore/tables.h"

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

/* ---- what was made of it ------------------------------------------------------------------------------------------
 */

/* What the mapper writes has this form already. */
static void put_json(struct sha256_ctx *sha, const char *text)
{
    kfpb_text canonical = {0};
    json_t *json = text != NULL ? json_loads(text, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL) : NULL;
    const bool valid = json != NULL && kfpsi_canonical_json(json, KFPSI_NUMBERS_EXACT, &canonical, NULL) == KFPS_OK &&
                       !canonical.out_of_memory;
    put_text(sha, valid ? kfpb_text_get(&canonical) : text);
    json_decref(json);
    kfpb_text_free(&canonical);
}

static void put_field(struct sha256_ctx *sha, const kfpb_column *column, const void *record)
{
    const char *field = (const char *) record + column->offset;
    const char *text;
    int32_t small;
    int64_t big;
    double real;
    switch (column->type) {
    case KFPB_COL_INT32:
        memcpy(&small, field, sizeof small);
        put_int(sha, small);
        break;
    case KFPB_COL_INT64:
        memcpy(&big, field, sizeof big);
        put_int(sha, big);
        break;
    case KFPB_COL_DOUBLE:
        memcpy(&real, field, sizeof real);
        put_double(sha, real);
        break;
    case KFPB_COL_TEXT:
    case KFPB_COL_JSON:
        memcpy(&text, field, sizeof text);
        put_text(sha, text);
        break;
    }
}

static void put_value(struct sha256_ctx *sha, const kfpb_column *column, const kfpb_rows *row, size_t i)
{
    if (kfpb_is_null(row, i))
        put_text(sha, NULL);
    else if (column->type == KFPB_COL_INT32 || column->type == KFPB_COL_INT64)
        put_int(sha, kfpb_get_int(row, i));
    else if (column->type == KFPB_COL_DOUBLE)
        put_double(sha, kfpb_get_double(row, i));
    else if (column->type == KFPB_COL_JSON)
        put_json(sha, kfpb_get_text(row, i, NULL));
    else
        put_text(sha, kfpb_get_text(row, i, NULL));
}

static void add_words(rows_digest *sum, const uint64_t words[4])
{
    for (size_t i = 0; i < sizeof sum->words / sizeof *sum->words; i++)
        sum->words[i] += words[i];
}

static void add_hash(rows_digest *sum, struct sha256_ctx *sha)
{
    uint8_t digest[SHA256_DIGEST_SIZE];
    uint64_t words[4] = {0};
    sha256_digest(sha, sizeof digest, digest);
    for (size_t i = 0; i < sizeof digest; i++)
        words[i / 8] = words[i / 8] << 8 | digest[i];
    add_words(sum, words);
}

static void add_record(rows_digest *sum, const kfpb_table *table, const void *record)
{
    struct sha256_ctx sha;
    sha256_init(&sha);
    put_text(&sha, table->name);
    for (size_t i = 0; i < table->column_count; i++)
        put_field(&sha, &table->columns[i], record);
    add_hash(sum, &sha);
}

void rows_digest_run(const map_rows *rows, char out[KFPS_HASH_SIZE])
{
    rows_digest sum = {{0}};
    for (size_t i = 0; i < rows->task_count; i++)
        add_record(&sum, &kfpsi_tasks, &rows->tasks[i]);
    for (size_t i = 0; i < rows->link_count; i++)
        add_record(&sum, &kfpsi_artifact_tasks, &rows->links[i]);
    const uint64_t *w = sum.words;
    snprintf(out, KFPS_HASH_SIZE, "%016" PRIx64 "%016" PRIx64 "%016" PRIx64 "%016" PRIx64, w[0], w[1], w[2], w[3]);
}

void rows_digest_add_text(rows_digest *sum, const char *text)
{
    uint64_t w[4];
    if (sscanf(text, "%16" SCNx64 "%16" SCNx64 "%16" SCNx64 "%16" SCNx64, &w[0], &w[1], &w[2], &w[3]) == 4)
        add_words(sum, w);
}

void rows_digest_add_row(rows_digest *sum, const kfpb_table *table, const kfpb_rows *row)
{
    struct sha256_ctx sha;
    sha256_init(&sha);
    put_text(&sha, table->name);
    for (size_t i = 0; i < table->column_count; i++)
        put_value(&sha, &table->columns[i], row, i);
    add_hash(sum, &sha);
}
