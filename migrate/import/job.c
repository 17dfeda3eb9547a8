/* SPDX-License-Identifier: Apache-2.0 */
#include "migrate/import/job.h"

#include <string.h>

#include "backends/base/fail.h"

/* The work is idempotent (ids are derived, the ledger is looked at), so that an uncertain write is simply done again: a
 * server that is restarted is waited for, for about a minute. */
const kfpsi_retry import_retry = {.attempts = 40, .first_ms = 20, .cap_ms = 2000, .repeat_uncertain = true};

bool job_fail(import_job *job, const char *what)
{
    progress_end(&job->progress);
    job->exit_code = cli_report_error(what, &job->error);
    return false;
}

bool job_fail_write(import_job *job)
{
    static const char said[] = "this work was not kept, start again";
    const bool lost = job->lease != NULL && !schema_lease_held(job->lease);
    const kfps_error error = job->error;
    /* What the new holder has written stands in the way of what the old one wakes up with. */
    if (lost && strstr(error.message, said) == NULL)
        kfpb_fail(&job->error, KFPS_INTERNAL, "the lease was lost; %s (%.300s)", said, error.message);
    job_fail(job, job->options->target.text);
    if (lost)
        job->exit_code = EXIT_LOCKED;
    return false;
}

bool job_refuse(import_job *job, int code, const char *sentence)
{
    log_line(LOG_LEVEL_ERROR, NULL, "%s: %s", job->options->target.text, sentence);
    job->exit_code = code;
    return false;
}

bool job_fail_with(import_job *job, const import_fault *fault)
{
    job->error = fault->error;
    return fault->writing ? job_fail_write(job) : job_fail(job, fault->what);
}

bool job_stopping(void)
{
    return __atomic_load_n(&cli_stop, __ATOMIC_RELAXED) != 0;
}
