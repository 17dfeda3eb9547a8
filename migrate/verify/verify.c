/* SPDX-License-Identifier: Apache-2.0 */
#include "migrate/verify/verify.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <uthash.h>
#include <uuid/uuid.h>

#include "backends/base/fail.h"
#include "migrate/import/progress.h"
#include "migrate/verify/deep.h"
#include "schema/schema.h"

enum { EXECUTIONS_PER_PAGE = 2000 };

static const char *const kind_names[] = {
#define X(id, text, meaning) [VERIFY_##id] = text,
    VERIFY_KINDS(X)
#undef X
};

const char *verify_kind_name(verify_kind kind)
{
    return (unsigned) kind < VERIFY_KIND_COUNT ? kind_names[kind] : "?";
}

/* ---- what all parts use ------------------------------------------------------------------------------------------ */

const char *verify_uuid(verify_job *job, const char *format, ...)
{
    kfpb_text name = {0};
    char buffer[512];
    uuid_t id;
    char text[UUID_STR_LEN];
    va_list arguments;
    if (job->options->import->source_id[0] != '\0')
        kfpb_text_printf(&name, "%s:", job->options->import->source_id);
    va_start(arguments, format);
    const int length = vsnprintf(buffer, sizeof buffer, format, arguments);
    va_end(arguments);
    if (length >= 0 && (size_t) length < sizeof buffer) {
        kfpb_text_addn(&name, buffer, (size_t) length);
    } else if (length > 0 && kfpb_text_reserve(&name, (size_t) length + 1)) {
        va_start(arguments, format);
        vsnprintf(name.data + name.length, (size_t) length + 1, format, arguments);
        va_end(arguments);
        name.length += (size_t) length;
    }
    if (name.out_of_memory)
        job->arena->out_of_memory = true;
    uuid_generate_sha1(id, *uuid_get_template("dns"), kfpb_text_get(&name), name.length);
    uuid_unparse_lower(id, text);
    kfpb_text_free(&name);
    const char *copy = kfpb_arena_text(job->arena, text);
    return copy != NULL ? copy : "";
}

struct verify_named {
    const char *row;
    UT_hash_handle hh;
};

/* False: --deep has said something about this row before. */
static bool is_news(verify_job *job, const char *row)
{
    verify_named *found = NULL;
    if (row == NULL)
        return true;
    HASH_FIND_STR(job->named, row, found);
    if (found != NULL)
        return job->naming;
    if (job->naming && (found = kfpb_arena_alloc(job->arena, sizeof *found)) != NULL) {
        found->row = kfpb_arena_text(job->arena, row);
        if (found->row != NULL)
            HASH_ADD_KEYPTR(hh, job->named, found->row, strlen(found->row), found);
    }
    return true;
}

void verify_say(verify_job *job, verify_run_facts *run, const char *name, verify_kind kind, const char *row,
                const char *format, ...)
{
    char what[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    if (!is_news(job, row))
        return;
    job->result->differences++;
    job->result->by_kind[kind]++;
    if (run == NULL || !run->differs)
        job->result->differing++;
    if (run != NULL)
        run->differs = true;
    const verify_difference difference = {
        .run = run != NULL && run->uuid != NULL ? run->uuid : name,
        .context_id = run != NULL ? run->context_id : 0,
        .kind = kind,
        .row = row,
        .what = what,
    };
    if (job->options->see != NULL && !job->stopped && !job->options->see(job->options->see_context, &difference))
        job->stopped = true;
}

/* ---- the databases ----------------------------------------------------------------------------------------------- */

static kfps_status open_source(verify_job *job)
{
    const import_options *o = job->options->import;
    const mlmd_source_options options = {
        .run_context_types = o->run_context_types,
        .run_context_type_count = o->run_context_type_count,
        .encoding = o->encoding,
        .password = o->source.password,
    };
    job->side = CLI_SOURCE;
    const kfps_status status = mlmd_source_open(&o->source.dsn, &options, &job->source, job->error);
    if (status != KFPS_OK)
        return status;
    job->result->source_version = mlmd_source_version(job->source);
    snprintf(job->result->source_server, sizeof job->result->source_server, "%s", mlmd_source_server(job->source));
    return KFPS_OK;
}

static kfps_status open_target(verify_job *job)
{
    const import_options *o = job->options->import;
    kfpb_open_options open_options = cli_open_options(&o->target);
    schema_status schema = {0};
    open_options.read_only = true;
    job->side = CLI_TARGET;
    kfps_status status = kfpb_open(&o->target.dsn, &open_options, &job->target, job->error);
    if (status != KFPS_OK)
        return status;
    snprintf(job->result->target_server, sizeof job->result->target_server, "%s", job->target->server);
    status = schema_status_read(job->target, &schema, job->error);
    if (status == KFPS_OK && schema.newer)
        status = kfpb_fail(job->error, KFPS_SCHEMA, "its schema is newer than this kfp-migrate");
    else if (status == KFPS_OK && schema.changed)
        status = kfpb_fail(job->error, KFPS_SCHEMA, "an applied schema step is not the one this kfp-migrate knows");
    else if (status == KFPS_OK && schema.pending)
        status = kfpb_fail(job->error, KFPS_SCHEMA,
                           "its schema is not up to date; run 'kfp-migrate schema upgrade' first");
    job->legacy_table = schema.has_pre_migration ? "tasks_pre_migration" : NULL;
    schema_status_free(&schema);
    return status;
}

/* ---- the walk ---------------------------------------------------------------------------------------------------- */

static bool is_stopped(const verify_job *job)
{
    return job->options->stop != NULL && *job->options->stop != 0;
}

static kfps_status walk(verify_job *job)
{
    int64_t after = INT64_MIN;
    kfps_status status = KFPS_OK;
    for (bool more = true; more && status == KFPS_OK && !job->stopped;) {
        mlmd_audit page;
        if (is_stopped(job))
            return kfpb_fail(job->error, KFPS_INTERRUPTED, "stopped before everything was compared");
        kfpb_arena_reset(job->arena);
        job->side = CLI_SOURCE;
        status = mlmd_audit_read(job->source, after, EXECUTIONS_PER_PAGE, job->arena, &page, job->error);
        if (status != KFPS_OK)
            break;
        job->side = CLI_TARGET;
        more = page.run_count > 0;
        verify_run_facts *facts = kfpb_arena_array(job->arena, page.run_count, sizeof *facts);
        status = facts != NULL ? verify_read_facts(job, &page, after, facts) : kfpb_fail_no_memory(job->error);
        job->naming = true;
        if (status == KFPS_OK && more && job->options->deep)
            status = verify_deep_page(job, &page, facts);
        job->naming = false;
        if (status == KFPS_OK && more)
            status = verify_plain_page(job, &page, facts);
        HASH_CLEAR(hh, job->named);
        if (more)
            after = page.runs[page.run_count - 1].context_id;
    }
    return status;
}

kfps_status verify_run(const verify_options *options, verify_result *result, cli_side *side, kfps_error *error)
{
    kfpb_arena arena;
    kfps_error local;
    verify_job job = {.options = options, .result = result, .arena = &arena, .error = error != NULL ? error : &local};
    *result = (verify_result){.seconds = progress_now()};
    kfpb_arena_init(&arena);
    kfpb_error_clear(job.error);
    kfps_status status = open_source(&job);
    if (status == KFPS_OK)
        status = open_target(&job);
    if (status == KFPS_OK && options->deep)
        status = verify_deep_open(&job);
    if (status == KFPS_OK)
        status = walk(&job);
    verify_deep_close(&job);
    result->seconds = progress_now() - result->seconds;
    if (side != NULL)
        *side = job.side;
    kfpb_close(&job.target);
    mlmd_source_close(&job.source);
    seen_free(&job.met);
    seen_free(&job.deep_met);
    kfpb_arena_free(&arena);
    return status;
}
