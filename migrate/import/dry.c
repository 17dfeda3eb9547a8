/* SPDX-License-Identifier: Apache-2.0 */
/* dry.c: what job_commit_group would do with a group, without writing. */
#include "backends/base/fail.h"
#include "migrate/import/job.h"
#include "migrate/import/target.h"
#include "migrate/import/writer.h"

/* What the writer would refuse to send is known without sending it. */
static kfps_status check_run(import_job *job, group *g, group_run *run)
{
    size_t bytes = 0;
    kfps_status status = check_runs(&job->limits, &run, 1, job->options->source_id, &g->arena, &bytes, &job->error);
    if (run->outcome == RUN_IMPORTED && job_is_about_rows(job, status, &job->error)) {
        job_refuse_run(g, run, status, &job->error);
        status = check_runs(&job->limits, &run, 1, job->options->source_id, &g->arena, &bytes, &job->error);
    }
    job->report->estimate.value_bytes += bytes;
    return status;
}

static void see_artifact(void *context, const char *uuid, const char *artifact_namespace)
{
    (void) artifact_namespace;
    seen_before(context, uuid);
}

/* Artifacts that the target has already are not new, whoever brought them. */
static kfps_status look_at_target(import_job *job, group *g)
{
    size_t total = 0, n = 0;
    kfpb_conn *conn = NULL;
    for (size_t i = 0; i < g->count; i++)
        total += g->runs[i].outcome == RUN_IMPORTED ? g->runs[i].rows.artifact_count : 0;
    const char **uuids = kfpb_arena_array(&g->arena, total, sizeof *uuids);
    if (uuids == NULL)
        return kfpb_fail_no_memory(&job->error);
    for (size_t i = 0; i < g->count; i++) {
        for (size_t j = 0; g->runs[i].outcome == RUN_IMPORTED && j < g->runs[i].rows.artifact_count; j++)
            uuids[n++] = g->runs[i].rows.artifacts[j].uuid;
    }
    kfps_status status = kfpsi_pool_take(job->pool, false, &conn, &job->error);
    if (status == KFPS_OK)
        status = target_existing_artifacts(conn, uuids, n, see_artifact, &job->seen, &job->error);
    kfpsi_pool_give(job->pool, &conn);
    return status;
}

static void count_artifacts(import_job *job, const group_run *run)
{
    for (size_t i = 0; run->outcome == RUN_IMPORTED && i < run->rows.artifact_count; i++) {
        const int before = seen_before(&job->seen, run->rows.artifacts[i].uuid);
        job->report->counts.artifacts += before == 0;
        job->report->counts.artifacts_reused += before != 0;
    }
}

bool job_try_group(import_job *job, group *g)
{
    kfps_status status = KFPS_OK;
    for (size_t i = 0; status == KFPS_OK && i < g->count; i++)
        status = check_run(job, g, &g->runs[i]);
    if (status == KFPS_OK && job->pool != NULL && job->upgraded)
        status = look_at_target(job, g);
    if (status != KFPS_OK)
        return job_fail(job, job->options->target.text);
    for (size_t i = 0; i < g->count; i++)
        count_artifacts(job, &g->runs[i]);
    return true;
}
