/* SPDX-License-Identifier: Apache-2.0 */
/* owners.c: an artifact of several namespaces has a row in each, and one of them has the plain id. */
#include <inttypes.h>
#include <uthash.h>

#include "migrate/import/loader.h"
#include "migrate/map/ids.h"

typedef struct owner {
    int64_t artifact_id;
    const plan_run *smallest; /* the linking run with the smallest context id that is imported */
    const char *existing;     /* the namespace of a target row with the plain id */
    const char *uuid;
    UT_hash_handle hh_id, hh_uuid;
} owner;

typedef struct owners {
    loader *l;
    owner *by_id, *by_uuid;
} owners;

static void see_link(void *context, int64_t artifact_id, int64_t execution_id)
{
    owners *all = context;
    owner *o = NULL;
    HASH_FIND(hh_id, all->by_id, &artifact_id, sizeof artifact_id, o);
    const plan_run *run = o != NULL ? plan_owner(all->l->p, all->l->source, execution_id) : NULL;
    if (run != NULL && (run->flags & PLAN_GONE) == 0 &&
        (o->smallest == NULL || run->context_id < o->smallest->context_id))
        o->smallest = run;
}

static void see_artifact(void *context, const char *uuid, const char *artifact_namespace)
{
    owners *all = context;
    owner *o = NULL;
    HASH_FIND(hh_uuid, all->by_uuid, uuid, strlen(uuid), o);
    if (o != NULL)
        o->existing = kfpb_arena_text(&all->l->g->arena, artifact_namespace);
}

kfps_status loader_find_owners(loader *l, bool upgraded, kfps_error *error)
{
    group *g = l->g;
    kfps_status status = KFPS_OK;
    owners all = {.l = l};
    const map_options id_options = {.source_id = l->options->source_id};
    map_context ids_of = {.options = &id_options, .arena = &g->arena};
    size_t total = 0, count = 0;
    for (size_t i = 0; i < g->count; i++)
        total += g->runs[i].source->artifact_count;
    int64_t *ids = kfpb_arena_array(&g->arena, total, sizeof *ids);
    const char **uuids = kfpb_arena_array(&g->arena, total, sizeof *uuids);
    if (ids == NULL || uuids == NULL)
        return kfpb_fail_no_memory(error);
    for (size_t i = 0; i < g->count; i++) {
        for (size_t j = 0; j < g->runs[i].source->artifact_count; j++) {
            const int64_t id = g->runs[i].source->artifacts[j].id;
            owner *o = NULL;
            HASH_FIND(hh_id, all.by_id, &id, sizeof id, o);
            if (o != NULL)
                continue;
            if ((o = kfpb_arena_alloc(&g->arena, sizeof *o)) == NULL) {
                status = kfpb_fail_no_memory(error);
                goto out;
            }
            o->artifact_id = ids[count] = id;
            o->uuid = uuids[count] = map_uuid(&ids_of, "artifact:%" PRId64, id);
            count++;
            HASH_ADD(hh_id, all.by_id, artifact_id, sizeof o->artifact_id, o);
            HASH_ADD_KEYPTR(hh_uuid, all.by_uuid, o->uuid, strlen(o->uuid), o);
        }
    }
    if (count == 0)
        goto out;
    status = mlmd_source_links_of(l->source, ids, count, see_link, &all, error);
    if (status == KFPS_OK && l->target != NULL && upgraded)
        status = target_existing_artifacts(l->target, uuids, count, see_artifact, &all, error);
    for (size_t i = 0; status == KFPS_OK && i < g->count; i++) {
        for (size_t j = 0; j < g->runs[i].source->artifact_count; j++) {
            mlmd_artifact *artifact = &g->runs[i].source->artifacts[j];
            owner *o = NULL;
            HASH_FIND(hh_id, all.by_id, &artifact->id, sizeof artifact->id, o);
            if (o->existing != NULL)
                artifact->owner_namespace = o->existing;
            else if (o->smallest != NULL)
                artifact->owner_namespace = l->p->namespaces[o->smallest->run_namespace];
        }
    }
out:
    HASH_CLEAR(hh_id, all.by_id);
    HASH_CLEAR(hh_uuid, all.by_uuid);
    return status;
}
