/* SPDX-License-Identifier: Apache-2.0 */
/* artifact_delete.c: artifacts that no task links to. */
#include <stdio.h>

#include "backends/base/fail.h"
#include "kfpstore/artifact.h"
#include "libkfpstore/access.h"
#include "libkfpstore/id_set.h"
#include "libkfpstore/operation.h"
#include "libkfpstore/query.h"

typedef struct deletion {
    const char *const *uuids;
    size_t count;
    int64_t deleted;
    /* of one attempt */
    const kfps_session *session;
    kfpsi_id_set asked;
    kfpsi_id_set locked;
} deletion;

static kfps_status see_artifact(void *context, const kfpb_rows *row, kfps_error *error)
{
    deletion *d = context;
    const size_t place = kfpsi_id_set_find(&d->asked, kfpb_get_text(row, 0, NULL));
    if (place != SIZE_MAX && kfpsi_sees(d->session, kfpb_get_text(row, 1, NULL)))
        d->locked.ids[d->locked.count++] = d->asked.ids[place];
    (void) error;
    return KFPS_OK;
}

/* Locked first, looked at in a later statement: a link that waited for the lock, or that the lock waited for, is seen.
 */
static kfps_status delete_body(kfpsi_op *op, void *context, kfps_error *error)
{
    deletion *d = context;
    kfpb_arena arena;
    char tail[64];
    kfps_status status = KFPS_OK;
    snprintf(tail, sizeof tail, " ORDER BY \"UUID\"%s", op->conn->driver->dialect.for_update);
    kfpb_arena_init(&arena);
    d->session = op->session;
    d->deleted = 0;
    d->locked = (kfpsi_id_set){.ids = kfpb_arena_array(&arena, d->count, sizeof *d->locked.ids)};
    if (d->locked.ids == NULL || !kfpsi_id_set_make(&arena, d->uuids, d->count, sizeof *d->uuids, 0, &d->asked))
        status = kfpb_fail_no_memory(error);
    if (status == KFPS_OK)
        status = kfpsi_each_in(op->conn, "SELECT \"UUID\",\"Namespace\" FROM \"artifacts\" WHERE \"UUID\"",
                               d->asked.ids, d->asked.count, tail, see_artifact, d, error);
    if (status == KFPS_OK)
        status = kfpsi_exec_in(op->conn, "DELETE FROM \"artifacts\" WHERE \"UUID\"", d->locked.ids, d->locked.count,
                               " AND NOT EXISTS (SELECT 1 FROM \"artifact_tasks\" l WHERE l.\"ArtifactID\"="
                               "\"artifacts\".\"UUID\")",
                               &d->deleted, error);
    kfpb_arena_free(&arena);
    return status;
}

kfps_status kfps_artifact_delete_unlinked(kfps_session *session, const char *const *uuids, size_t count,
                                          int64_t *deleted, kfps_error *error)
{
    kfps_error local;
    if (error == NULL)
        error = &local;
    kfpb_error_clear(error);
    if (deleted != NULL)
        *deleted = 0;
    if (session == NULL || (uuids == NULL && count > 0))
        return kfpb_fail(error, KFPS_INVALID, "kfps_artifact_delete_unlinked: %s is NULL",
                         session == NULL ? "session" : "uuids");
    for (size_t i = 0; i < count; i++) {
        if (uuids[i] == NULL || uuids[i][0] == '\0')
            return kfpb_fail_at(error, i, KFPS_INVALID, "UUID %zu is %s", i, uuids[i] == NULL ? "NULL" : "empty");
    }
    kfps_status status = kfpsi_ask(session, KFPS_VERB_DELETE, KFPS_RESOURCE_ARTIFACTS, NULL, NULL, error);
    deletion d = {.uuids = uuids, .count = count};
    if (status == KFPS_OK && count > 0)
        status = kfpsi_write(session, delete_body, &d, error);
    if (status == KFPS_OK && deleted != NULL)
        *deleted = d.deleted;
    return status;
}
