/* SPDX-License-Identifier: Apache-2.0 */
/* artifact_create.c: artifacts alone, and with one link each. */
#include "backends/base/fail.h"
#include "libkfpstore/artifact_check.h"
#include "libkfpstore/links.h"
#include "libkfpstore/result.h"

typedef struct creation {
    const kfps_artifact *artifacts;
    const kfps_artifact_task *links; /* NULL: none */
    size_t count;
    kfps_artifact_list *list;
    kfps_artifact_task_list *link_list;
    bool alone;                /* one artifact and nothing else: its INSERT is the whole transaction */
    char uuid[KFPS_UUID_SIZE]; /* of that one */
} creation;

static void forget(creation *c)
{
    kfps_artifact_list_free(c->list);
    kfps_artifact_task_list_free(c->link_list);
    c->list = NULL;
    c->link_list = NULL;
}

/* After a lost connection the one artifact may be there already, under the UUID that it was given then. */
static kfps_status insert_alone(kfpsi_op *op, creation *c, kfpb_arena *arena, kfps_artifact *artifact,
                                kfps_error *error)
{
    int64_t there = 0;
    kfps_status status = KFPS_OK;
    if (!op->maybe_done) {
        memcpy(c->uuid, artifact->uuid, sizeof c->uuid);
    } else {
        const kfpb_value uuid = kfpb_str(c->uuid);
        artifact->uuid = kfpb_arena_text(arena, c->uuid);
        if (artifact->uuid == NULL)
            return kfpb_fail_no_memory(error);
        status = kfpb_query_int(op->conn, "SELECT COUNT(*) FROM \"artifacts\" WHERE \"UUID\"=?", &uuid, 1, &there, NULL,
                                error);
    }
    return status == KFPS_OK && there == 0 ? kfpsi_artifacts_insert(op, arena, artifact, 1, error) : status;
}

static kfps_status create_body(kfpsi_op *op, void *context, kfps_error *error)
{
    creation *c = context;
    kfpb_arena *arena = NULL, *link_arena = NULL;
    kfps_artifact *artifacts = NULL;
    kfps_artifact_task *links = NULL;
    forget(c);
    c->list = kfpsi_artifact_list_new(&arena);
    c->link_list = kfpsi_artifact_task_list_new(&link_arena);
    if (c->list == NULL || c->link_list == NULL)
        return kfpb_fail_no_memory(error);
    if (c->count == 0)
        return KFPS_OK;
    kfps_status status = kfpsi_artifacts_prepare(op, arena, c->artifacts, c->count, &artifacts, error);
    if (status == KFPS_OK && c->links != NULL) {
        status = kfpsi_links_prepare(op, link_arena, c->links, c->count, artifacts, &links, error);
        if (status == KFPS_OK)
            status = kfpsi_links_check(op, link_arena, links, c->count, artifacts, error);
    }
    if (status == KFPS_OK)
        status = c->alone ? insert_alone(op, c, arena, artifacts, error)
                          : kfpsi_artifacts_insert(op, arena, artifacts, c->count, error);
    if (status == KFPS_OK && links != NULL)
        status = kfpsi_links_insert(op, link_arena, links, c->count, KFPS_EXISTING_FAIL, NULL, error);
    c->list->items = artifacts;
    c->list->count = c->count;
    c->link_list->items = links;
    c->link_list->count = links != NULL ? c->count : 0;
    return status;
}

static kfps_status create(kfps_session *session, creation *c, kfps_artifact_list **out,
                          kfps_artifact_task_list **links_out, kfps_error *error)
{
    kfps_status status = kfpsi_artifacts_ask(session, c->artifacts, c->links, c->count, error);
    if (status == KFPS_OK)
        status = (c->alone ? kfpsi_write_one : kfpsi_write)(session, create_body, c, error);
    if (status == KFPS_OK && out != NULL) {
        *out = c->list;
        c->list = NULL;
    }
    if (status == KFPS_OK && links_out != NULL) {
        *links_out = c->link_list;
        c->link_list = NULL;
    }
    forget(c);
    return status;
}

kfps_status kfps_artifact_create(kfps_session *session, const kfps_artifact *artifacts, size_t count,
                                 kfps_artifact_list **out, kfps_error *error)
{
    kfps_error local;
    if (error == NULL)
        error = &local;
    kfpb_error_clear(error);
    if (out != NULL)
        *out = NULL;
    if (session == NULL || (artifacts == NULL && count > 0))
        return kfpb_fail(error, KFPS_INVALID, "kfps_artifact_create: %s is NULL",
                         session == NULL ? "session" : "artifacts");
    creation c = {.artifacts = artifacts, .count = count, .alone = count == 1};
    return create(session, &c, out, NULL, error);
}

kfps_status kfps_artifact_create_with_links(kfps_session *session, const kfps_artifact *artifacts,
                                            const kfps_artifact_task *links, size_t count, kfps_artifact_list **out,
                                            kfps_artifact_task_list **links_out, kfps_error *error)
{
    kfps_error local;
    if (error == NULL)
        error = &local;
    kfpb_error_clear(error);
    if (out != NULL)
        *out = NULL;
    if (links_out != NULL)
        *links_out = NULL;
    if (session == NULL || (count > 0 && (artifacts == NULL || links == NULL)))
        return kfpb_fail(error, KFPS_INVALID, "kfps_artifact_create_with_links: %s is NULL",
                         session == NULL     ? "session"
                         : artifacts == NULL ? "artifacts"
                                             : "links");
    creation c = {.artifacts = artifacts, .links = links, .count = count};
    return create(session, &c, out, links_out, error);
}
