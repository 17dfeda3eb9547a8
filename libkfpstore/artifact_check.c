/* SPDX-License-Identifier: Apache-2.0 */
#include "libkfpstore/artifact_check.h"

#include <stdio.h>

#include "backends/base/fail.h"
#include "libkfpstore/access.h"
#include "libkfpstore/id_set.h"
#include "libkfpstore/identity.h"
#include "libkfpstore/json_text.h"
#include "libkfpstore/links.h"
#include "libkfpstore/result.h"
#include "libkfpstore/tables.h"

/* ---- before the database ----------------------------------------------------------------------------------------- */

static bool same_text(const char *a, const char *b)
{
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static kfps_status ask_one(const kfps_session *session, const kfps_artifact *artifact, const kfps_artifact_task *link,
                           size_t i, kfps_error *error)
{
    const char *space = NULL;
    const char *run = link != NULL ? link->run_uuid : NULL;
    kfps_status status = kfpsi_space(session, artifact->artifact_namespace, true, &space, error);
    if (status == KFPS_OK && space == NULL)
        status = kfpb_fail(error, KFPS_INVALID, "artifact %zu has no namespace (\"\" in single-user mode)", i);
    if (status == KFPS_OK)
        status = kfpsi_ask(session, KFPS_VERB_CREATE, KFPS_RESOURCE_ARTIFACTS, space, run, error);
    if (status == KFPS_OK && link != NULL)
        status = kfpsi_ask(session, KFPS_VERB_CREATE, KFPS_RESOURCE_ARTIFACT_TASKS, space, run, error);
    if (status != KFPS_OK)
        error->element = i <= INT32_MAX ? (int32_t) i : -1;
    return status;
}

kfps_status kfpsi_artifacts_ask(const kfps_session *session, const kfps_artifact *artifacts,
                                const kfps_artifact_task *links, size_t count, kfps_error *error)
{
    kfps_status status = KFPS_OK;
    for (size_t i = 0; status == KFPS_OK && i < count; i++) {
        /* batches are of one namespace and run nearly always */
        if (i > 0 && same_text(artifacts[i].artifact_namespace, artifacts[i - 1].artifact_namespace) &&
            (links == NULL || same_text(links[i].run_uuid, links[i - 1].run_uuid)))
            continue;
        status = ask_one(session, &artifacts[i], links != NULL ? &links[i] : NULL, i, error);
    }
    return status;
}

/* ---- the record -------------------------------------------------------------------------------------------------- */

/* Types whose content is a number or lies in the metadata. */
static bool needs_number(int32_t type)
{
    return type == KFPS_ARTIFACT_METRIC;
}

static bool needs_metadata(int32_t type)
{
    return type == KFPS_ARTIFACT_CLASSIFICATION_METRIC || type == KFPS_ARTIFACT_SLICED_CLASSIFICATION_METRIC;
}

static kfps_status check_artifact(const kfpsi_op *op, const kfps_artifact *artifact, size_t i, json_t **metadata,
                                  kfps_error *error)
{
    const bool no_metadata = artifact->metadata_json == NULL || strcmp(artifact->metadata_json, "null") == 0;
    if (artifact->type < KFPS_ARTIFACT_ARTIFACT || artifact->type > KFPS_ARTIFACT_SLICED_CLASSIFICATION_METRIC)
        return kfpb_fail_at(error, i, KFPS_INVALID, "the type of artifact %zu is %d, which is none (1 to 8)", i,
                            (int) artifact->type);
    if (artifact->name == NULL || artifact->name[0] == '\0')
        return kfpb_fail_at(error, i, KFPS_INVALID, "artifact %zu has no name", i);
    if (artifact->identity_key != NULL && artifact->identity_key[0] == '\0')
        return kfpb_fail_at(error, i, KFPS_INVALID, "identity_key of artifact %zu is empty; use NULL for none", i);
    if (needs_number(artifact->type) && artifact->has_number_value == 0)
        return kfpb_fail_at(error, i, KFPS_INVALID, "artifact %zu is a metric and has no number_value", i);
    if (needs_metadata(artifact->type) && no_metadata)
        return kfpb_fail_at(error, i, KFPS_INVALID, "artifact %zu is a classification metric and has no metadata", i);
    if (no_metadata)
        return KFPS_OK;
    return kfpsi_json_parse(artifact->metadata_json, KFPSI_JSON_OBJECT, op->conn->limits.json_depth, "metadata_json", i,
                            metadata, error);
}

static void copy_artifact(const kfpsi_op *op, kfpb_arena *arena, const kfps_artifact *given, const char *identity_key,
                          kfps_artifact *out)
{
    char hash[KFPS_HASH_SIZE];
    const char *space = given->artifact_namespace != NULL ? given->artifact_namespace : op->session->space;
    kfps_uri_hash(given->uri, hash);
    *out = (kfps_artifact){
        .uuid = out->uuid,
        .artifact_namespace = kfpb_arena_text(arena, space),
        .type = given->type,
        .has_number_value = given->has_number_value != 0,
        .uri = kfpb_arena_text(arena, given->uri),
        .uri_hash = kfpb_arena_text(arena, hash),
        .name = kfpb_arena_text(arena, given->name),
        .description = kfpb_arena_text(arena, given->description),
        .created_at = op->now,
        .last_update = op->now,
        .metadata_json = kfpb_arena_text(arena, given->metadata_json != NULL ? given->metadata_json : "null"),
        .number_value = given->has_number_value != 0 ? given->number_value : 0,
        .identity_key = kfpb_arena_text(arena, identity_key),
    };
}

static kfps_status prepare_one(const kfpsi_op *op, kfpb_arena *arena, const kfps_artifact *given, size_t i,
                               bool identified, kfps_artifact *out, kfps_error *error)
{
    char key[KFPS_HASH_SIZE];
    json_t *metadata = NULL;
    kfps_status status = check_artifact(op, given, i, &metadata, error);
    if (status == KFPS_OK && identified)
        status = kfpsi_identity_key(given->type, given->uri, given->name, given->description, metadata, key, error);
    if (status == KFPS_OK)
        copy_artifact(op, arena, given, identified ? key : given->identity_key, out);
    json_decref(metadata);
    return status;
}

static kfps_status prepare(kfpsi_op *op, kfpb_arena *arena, const kfps_artifact *given, size_t count, bool identified,
                           kfps_artifact **out, kfps_error *error)
{
    size_t bytes;
    const char **uuids;
    kfps_status status = kfpsi_new_uuids(op->store, arena, count, &uuids, error);
    kfps_artifact *artifacts = kfpb_arena_array(arena, count, sizeof *artifacts);
    const void **records = kfpb_arena_array(arena, count, sizeof *records);
    *out = artifacts;
    if (status == KFPS_OK && (artifacts == NULL || records == NULL))
        status = kfpb_fail_no_memory(error);
    for (size_t i = 0; status == KFPS_OK && i < count; i++) {
        artifacts[i].uuid = uuids[i];
        status = prepare_one(op, arena, &given[i], i, identified, &artifacts[i], error);
        records[i] = &artifacts[i];
    }
    if (status == KFPS_OK && arena->out_of_memory)
        status = kfpb_fail_no_memory(error);
    /* lengths and encoding, in the caller's order, so that the element is the caller's too */
    if (status == KFPS_OK)
        status = kfpb_check_records(&kfpsi_artifacts, records, count, &op->conn->limits, &bytes, error);
    return status;
}

kfps_status kfpsi_artifacts_prepare(kfpsi_op *op, kfpb_arena *arena, const kfps_artifact *given, size_t count,
                                    kfps_artifact **out, kfps_error *error)
{
    return prepare(op, arena, given, count, false, out, error);
}

kfps_status kfpsi_artifact_prepare_identified(kfpsi_op *op, kfpb_arena *arena, const kfps_artifact *given,
                                              kfps_artifact **out, kfps_error *error)
{
    kfps_artifact one = *given;
    one.identity_key = NULL;
    return prepare(op, arena, &one, 1, true, out, error);
}

/* ---- inserting --------------------------------------------------------------------------------------------------- */

static kfps_status key_taken(kfpsi_op *op, kfpb_arena *arena, const kfps_artifact *artifacts, size_t count,
                             kfps_error *error)
{
    bool *there = kfpb_arena_array(arena, count, sizeof *there);
    if (there == NULL)
        return kfpb_fail_no_memory(error);
    const kfps_status status = kfpsi_uuids_there(op->conn, arena, "SELECT \"UUID\" FROM \"artifacts\" WHERE \"UUID\"",
                                                 artifacts, count, sizeof *artifacts, there, error);
    if (status != KFPS_OK)
        return status;
    for (size_t i = 0; i < count; i++) {
        if (!there[i])
            return kfpb_fail_at(error, i, KFPS_EXISTS,
                                "the identity key of artifact %zu is taken in its namespace (idx_artifact_identity)",
                                i);
    }
    return kfpb_fail(error, KFPS_EXISTS, "a new artifact's UUID is taken: the generator of UUIDs repeats itself");
}

kfps_status kfpsi_artifacts_insert(kfpsi_op *op, kfpb_arena *arena, const kfps_artifact *artifacts, size_t count,
                                   kfps_error *error)
{
    int64_t inserted = 0;
    const void **records = kfpsi_by_uuid(arena, artifacts, count, sizeof *artifacts);
    if (records == NULL)
        return kfpb_fail_no_memory(error);
    const kfps_status status = kfpb_insert(op->conn, &kfpsi_artifacts, records, count, KFPB_CONFLICT_SKIP, &inserted,
                                           error);
    if (status != KFPS_OK || inserted == (int64_t) count)
        return status;
    return key_taken(op, arena, artifacts, count, error);
}

/* ---- results ----------------------------------------------------------------------------------------------------- */

kfps_artifact_list *kfpsi_artifact_list_new(kfpb_arena **arena)
{
    kfps_artifact_list *list = kfpsi_result_new(sizeof *list, arena);
    if (list != NULL)
        *list = (kfps_artifact_list){.next_page_token = "", .total_size = -1};
    return list;
}

kfps_artifact_task_list *kfpsi_artifact_task_list_new(kfpb_arena **arena)
{
    kfps_artifact_task_list *list = kfpsi_result_new(sizeof *list, arena);
    if (list != NULL)
        *list = (kfps_artifact_task_list){.next_page_token = "", .total_size = -1};
    return list;
}
