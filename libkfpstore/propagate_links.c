/* SPDX-License-Identifier: Apache-2.0 */
/* propagate_links.c: the links that outputs got on their way up, written at the end: artifacts are the last that a
 * transaction locks. */
#include <stdlib.h>

#include "backends/base/fail.h"
#include "backends/base/utf8.h"
#include "libkfpstore/query.h"
#include "libkfpstore/tables.h"
#include "libkfpstore/task_update.h"

enum { KEY_CHARACTERS = 191, CHUNK = 500 };

static int compare_links(const void *a, const void *b)
{
    const kfps_artifact_task *left = a, *right = b;
    int order = strcmp(left->artifact_uuid, right->artifact_uuid);
    if (order == 0)
        order = strcmp(left->task_uuid, right->task_uuid);
    if (order == 0 && left->type != right->type)
        order = left->type < right->type ? -1 : 1;
    if (order == 0 && left->iteration != right->iteration)
        order = left->iteration < right->iteration ? -1 : 1;
    return order != 0 ? order : strcmp(left->artifact_key, right->artifact_key);
}

/* Sorted, each once, those that the column cannot hold left out: the run must be able to end all the same. */
static void tidy(kfpsi_update *u)
{
    size_t kept = 0;
    if (u->link_count > 1)
        qsort(u->links, u->link_count, sizeof *u->links, compare_links);
    for (size_t i = 0; i < u->link_count; i++) {
        const char *key = u->links[i].artifact_key;
        if (kept > 0 && compare_links(&u->links[kept - 1], &u->links[i]) == 0)
            continue;
        if (kfpb_utf8_count(key, strlen(key)) > KEY_CHARACTERS)
            kfpsi_log(u->op->store, KFPS_LOG_WARNING, "store", "an output of run %.64s has a key of over %d characters",
                      u->run_uuid, KEY_CHARACTERS);
        else
            u->links[kept++] = u->links[i];
    }
    u->link_count = kept;
}

/* uuid is used as the mark. */
static kfps_status see_existing(void *context, const kfpb_rows *row, kfps_error *error)
{
    kfpsi_update *u = context;
    (void) error;
    const kfps_artifact_task wanted = {.artifact_uuid = kfpb_get_text(row, 0, NULL),
                                       .task_uuid = kfpb_get_text(row, 1, NULL),
                                       .type = (int32_t) kfpb_get_int(row, 2),
                                       .iteration = kfpb_get_int(row, 3),
                                       .artifact_key = kfpb_get_text(row, 4, NULL)};
    kfps_artifact_task *found = bsearch(&wanted, u->links, u->link_count, sizeof *u->links, compare_links);
    if (found != NULL)
        found->uuid = "";
    return KFPS_OK;
}

static kfps_status find_existing(kfpsi_update *u, kfps_error *error)
{
    kfps_status status = KFPS_OK;
    kfpb_sql sql;
    size_t artifact_count = 0, task_count = 0;
    const char **texts = kfpb_arena_array(u->arena, u->link_count, sizeof *texts);
    if (texts == NULL)
        return kfpb_fail_no_memory(error);
    for (size_t i = 0; i < u->link_count; i++)
        texts[i] = u->links[i].artifact_uuid;
    const char **artifacts = kfpsi_sorted_texts(u->arena, texts, u->link_count, &artifact_count);
    for (size_t i = 0; i < u->link_count; i++)
        texts[i] = u->links[i].task_uuid;
    const char **tasks = kfpsi_sorted_texts(u->arena, texts, u->link_count, &task_count);
    if (artifacts == NULL || tasks == NULL)
        return kfpb_fail_no_memory(error);
    kfpb_sql_init(&sql, u->op->conn);
    for (size_t first = 0; status == KFPS_OK && first < artifact_count; first += CHUNK) {
        const size_t left = artifact_count - first;
        kfpb_sql_reset(&sql);
        kfpb_sql_add(&sql, "SELECT \"ArtifactID\",\"TaskID\",\"Type\",\"Iteration\",\"ArtifactKey\" FROM "
                           "\"artifact_tasks\" WHERE \"ArtifactID\"");
        kfpb_sql_in_texts(&sql, artifacts + first, left < CHUNK ? left : CHUNK);
        kfpb_sql_add(&sql, " AND \"TaskID\"");
        kfpb_sql_in_texts(&sql, tasks, task_count);
        status = kfpsi_each(u->op->conn, &sql, see_existing, u, error);
    }
    kfpb_sql_free(&sql);
    return status;
}

static kfps_status insert_new(kfpsi_update *u, kfps_error *error)
{
    const void **records = kfpb_arena_array(u->arena, u->link_count, sizeof *records);
    size_t count = 0;
    if (records == NULL)
        return kfpb_fail_no_memory(error);
    for (size_t i = 0; i < u->link_count; i++) {
        char *uuid = kfpb_arena_alloc(u->arena, KFPS_UUID_SIZE);
        if (u->links[i].uuid != NULL)
            continue;
        if (uuid == NULL)
            return kfpb_fail_no_memory(error);
        const kfps_status status = kfpsi_new_uuid(u->op->store, uuid, error);
        if (status != KFPS_OK)
            return status;
        u->links[i].uuid = uuid;
        records[count++] = &u->links[i];
    }
    if (count == 0)
        return KFPS_OK;
    const kfps_status status = kfpb_insert(u->op->conn, &kfpsi_artifact_tasks, records, count, KFPB_CONFLICT_FAIL, NULL,
                                           error);
    if (status == KFPS_EXISTS) /* another program was quicker: the next try sees its link */
        return kfpb_fail(error, KFPS_BUSY, "a link of the run %.64s was made at the same time", u->run_uuid);
    error->element = -1;
    return status;
}

kfps_status kfpsi_write_links(kfpsi_update *u, kfps_error *error)
{
    tidy(u);
    if (u->link_count == 0)
        return KFPS_OK;
    const kfps_status status = find_existing(u, error);
    return status == KFPS_OK ? insert_new(u, error) : status;
}
