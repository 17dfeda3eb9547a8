/* SPDX-License-Identifier: Apache-2.0 */
#include "libkfpstore/id_set.h"

#include <stdlib.h>

#include "backends/base/fail.h"
#include "libkfpstore/query.h"

bool kfpsi_id_set_make(kfpb_arena *arena, const void *records, size_t count, size_t stride, size_t field,
                       kfpsi_id_set *out)
{
    const char **ids = kfpb_arena_array(arena, count, sizeof *ids);
    *out = (kfpsi_id_set){0};
    if (ids == NULL)
        return false;
    for (size_t i = 0; i < count; i++)
        memcpy(&ids[i], (const char *) records + i * stride + field, sizeof *ids);
    out->ids = kfpsi_sorted_texts(arena, ids, count, &out->count);
    return out->ids != NULL;
}

size_t kfpsi_id_set_find(const kfpsi_id_set *set, const char *id)
{
    const ptrdiff_t place = id != NULL ? kfpsi_find_text(set->ids, set->count, id) : -1;
    return place >= 0 ? (size_t) place : SIZE_MAX;
}

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(const char *const *) a, *(const char *const *) b);
}

typedef struct arrivals {
    kfpsi_id_set set;
    bool *there;
} arrivals;

static kfps_status see_arrival(void *context, const kfpb_rows *row, kfps_error *error)
{
    const arrivals *a = context;
    const size_t place = kfpsi_id_set_find(&a->set, kfpb_get_text(row, 0, NULL));
    if (place != SIZE_MAX)
        a->there[place] = true;
    (void) error;
    return KFPS_OK;
}

kfps_status kfpsi_uuids_there(kfpb_conn *conn, kfpb_arena *arena, const char *head, const void *records, size_t count,
                              size_t stride, bool *there, kfps_error *error)
{
    arrivals a;
    const bool made = kfpsi_id_set_make(arena, records, count, stride, 0, &a.set);
    a.there = made ? kfpb_arena_array(arena, a.set.count, sizeof *a.there) : NULL;
    if (a.there == NULL)
        return kfpb_fail_no_memory(error);
    const kfps_status status = kfpsi_each_in(conn, head, a.set.ids, a.set.count, "", see_arrival, &a, error);
    for (size_t i = 0; status == KFPS_OK && i < count; i++) {
        const char *uuid;
        memcpy(&uuid, (const char *) records + i * stride, sizeof uuid);
        there[i] = a.there[kfpsi_id_set_find(&a.set, uuid)];
    }
    return status;
}

kfps_status kfpsi_new_uuids(kfps_store *store, kfpb_arena *arena, size_t count, const char ***out, kfps_error *error)
{
    const char **uuids = kfpb_arena_array(arena, count, sizeof *uuids);
    char *texts = kfpb_arena_array(arena, count, KFPS_UUID_SIZE);
    *out = uuids;
    if (uuids == NULL || texts == NULL)
        return kfpb_fail_no_memory(error);
    for (size_t i = 0; i < count; i++) {
        char *text = texts + i * KFPS_UUID_SIZE;
        const kfps_status status = kfpsi_new_uuid(store, text, error);
        if (status != KFPS_OK)
            return status;
        uuids[i] = text;
    }
    if (count > 1)
        qsort(uuids, count, sizeof *uuids, compare_texts);
    return KFPS_OK;
}

/* The records begin with their UUID. */
static int compare_records(const void *a, const void *b)
{
    return compare_texts(*(const void *const *) a, *(const void *const *) b);
}

const void **kfpsi_by_uuid(kfpb_arena *arena, const void *records, size_t count, size_t stride)
{
    const void **sorted = kfpb_arena_array(arena, count, sizeof *sorted);
    if (sorted == NULL)
        return NULL;
    for (size_t i = 0; i < count; i++)
        sorted[i] = (const char *) records + i * stride;
    qsort(sorted, count, sizeof *sorted, compare_records);
    return sorted;
}
