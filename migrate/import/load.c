/* SPDX-License-Identifier: Apache-2.0 */
#include "migrate/import/job.h"

static kfps_status load_once(import_job *job, group *g, size_t first, size_t *next, size_t batch, size_t most,
                             bool *again, kfps_error *error)
{
    kfpb_conn *conn = NULL;
    kfps_status status = KFPS_OK;
    if (job->reading != NULL)
        status = kfpsi_pool_take(job->reading, false, &conn, error);
    if (status == KFPS_OK)
        status = group_load(g, &job->plan, first, next, batch, most, job->source, conn, job->legacy_table,
                            job->upgraded, job->options, job->json_depth, error);
    if (status == KFPS_OK)
        status = collision_find(&job->collisions, conn, g, error);
    for (size_t i = 0; status == KFPS_OK && i < g->count; i++)
        group_settle(g, &g->runs[i]);
    *again = (conn != NULL && conn->broken) || status == KFPS_CONNECTION_LOST || status == KFPS_UNAVAILABLE ||
             status == KFPS_BUSY;
    if (conn != NULL)
        kfpsi_pool_give(job->reading, &conn);
    return status;
}

bool job_load_group(import_job *job, group *g, size_t first, size_t *next, size_t batch, size_t most,
                    import_fault *fault)
{
    bool again = true;
    kfps_status status = KFPS_OK;
    for (int attempt = 1; attempt <= import_retry.attempts && again; attempt++) {
        kfpb_arena_reset(&g->arena);
        status = load_once(job, g, first, next, batch, most, &again, &fault->error);
        if (status == KFPS_OK)
            return true;
        if (job_stopping())
            break;
        if (again)
            kfpsi_pause(attempt, &import_retry); /* a database went away: it may come back */
    }
    fault->happened = true;
    fault->what = "reading a group of runs";
    return false;
}
