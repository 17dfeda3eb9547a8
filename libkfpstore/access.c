/* SPDX-License-Identifier: Apache-2.0 */
#include "libkfpstore/access.h"

#include "backends/base/fail.h"

static const char *const verbs[] = {
    [KFPS_VERB_GET] = "get",       [KFPS_VERB_LIST] = "list",     [KFPS_VERB_CREATE] = "create",
    [KFPS_VERB_UPDATE] = "update", [KFPS_VERB_DELETE] = "delete",
};

static const char *const resources[] = {
    [KFPS_RESOURCE_ARTIFACTS] = "artifacts",
    [KFPS_RESOURCE_TASKS] = "tasks",
    [KFPS_RESOURCE_ARTIFACT_TASKS] = "artifact_tasks",
    [KFPS_RESOURCE_RUNS] = "runs",
};

kfps_status kfpsi_ask(const kfps_session *session, kfps_verb verb, kfps_resource resource, const char *space,
                      const char *run_uuid, kfps_error *error)
{
    const kfps_store *store = session->store;
    kfpb_error_clear(error);
    if (store->authorize == NULL)
        return KFPS_OK;
    const kfps_access access = {
        .verb = (int32_t) verb,
        .resource = (int32_t) resource,
        .access_namespace = space != NULL ? space : session->space,
        .run_uuid = run_uuid,
        .caller = session->caller,
    };
    if (store->authorize(store->authorize_user, &access) == 0)
        return KFPS_OK;
    return kfpb_fail(error, KFPS_DENIED, "the caller may not %s %s%s", verbs[verb], resources[resource],
                     access.access_namespace != NULL ? " in this namespace" : "");
}

kfps_status kfpsi_space(const kfps_session *session, const char *given, bool required, const char **out,
                        kfps_error *error)
{
    *out = given != NULL ? given : session->space;
    if (given != NULL && session->space != NULL && strcmp(given, session->space) != 0)
        return kfpb_fail(error, KFPS_INVALID, "the namespace asked for is not the session's");
    if (required && session->store->multi_user && (*out == NULL || (*out)[0] == '\0'))
        return kfpb_fail(error, KFPS_INVALID, "the store is in multi-user mode: a namespace is needed");
    return KFPS_OK;
}

bool kfpsi_sees(const kfps_session *session, const char *row_namespace)
{
    return session->space == NULL || (row_namespace != NULL && strcmp(session->space, row_namespace) == 0);
}
