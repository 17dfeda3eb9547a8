/* SPDX-License-Identifier: Apache-2.0 */
#include "migrate/import/plan.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "backends/base/fail.h"
#include "migrate/import/again.h"
#include "migrate/import/ledger.h"
#include "migrate/map/ids.h"

enum { CENSUS_PAGE = 500 };

target_key plan_key(const char *context_type, const char *name, int64_t context_id, const char *source_id,
                    kfpb_arena *arena)
{
    target_key key = {.name = name};
    if (strcmp(context_type, "system.PipelineRun") != 0) {
        const map_options options = {.source_id = source_id};
        map_context ids = {.options = &options, .arena = arena};
        key.made_uuid = map_uuid(&ids, "context:%" PRId64, context_id);
    }
    return key;
}

bool plan_imports(const plan_run *run)
{
    return run->state != PLAN_NO_ROW;
}

bool plan_is_due(const plan_run *run)
{
    return run->state == PLAN_READY || run->state == PLAN_CREATE || run->state == PLAN_AGAIN;
}

bool plan_is_left(const plan *p, size_t first)
{
    for (size_t i = first; i < p->count; i++) {
        if (plan_is_due(&p->runs[i]))
            return true;
    }
    return false;
}

static int compare_run(const void *key, const void *element)
{
    const int64_t a = *(const int64_t *) key, b = ((const plan_run *) element)->context_id;
    return (a > b) - (a < b);
}

static plan_run *find(const plan *p, int64_t context_id)
{
    if (p->count == 0)
        return NULL;
    return bsearch(&context_id, p->runs, p->count, sizeof *p->runs, compare_run);
}

const plan_run *plan_find(const plan *p, int64_t context_id)
{
    return find(p, context_id);
}

const plan_run *plan_owner(const plan *p, const mlmd_source *source, int64_t execution_id)
{
    size_t count = 0;
    const int64_t *contexts = mlmd_source_contexts_of(source, execution_id, &count);
    const plan_run *native = NULL, *smallest = NULL;
    size_t natives = 0;
    for (size_t i = 0; i < count; i++) {
        const plan_run *run = plan_find(p, contexts[i]);
        if (run == NULL || !plan_imports(run))
            continue;
        if ((run->flags & PLAN_NATIVE) != 0) {
            native = run;
            natives++;
        } else if (smallest == NULL) {
            smallest = run;
        }
    }
    if (natives > 1)
        return NULL;
    return native != NULL ? native : smallest;
}

static kfps_status intern_namespace(plan *p, const char *name, uint16_t *index, kfps_error *error)
{
    for (size_t i = 0; i < p->namespace_count; i++) {
        if (strcmp(p->namespaces[i], name) == 0) {
            *index = (uint16_t) i;
            return KFPS_OK;
        }
    }
    if (p->namespace_count == UINT16_MAX)
        return kfpb_fail(error, KFPS_INTERNAL, "more than %d namespaces", UINT16_MAX);
    char **grown = realloc(p->namespaces, (p->namespace_count + 1) * sizeof *grown);
    if (grown == NULL)
        return kfpb_fail_no_memory(error);
    p->namespaces = grown;
    if ((grown[p->namespace_count] = strdup(name)) == NULL)
        return kfpb_fail_no_memory(error);
    *index = (uint16_t) p->namespace_count++;
    return KFPS_OK;
}

static kfps_status add_run(plan *p, const mlmd_run_context *context, const target_run *facts,
                           const import_options *options, kfps_error *error)
{
    if (p->count == p->capacity) {
        const size_t capacity = p->capacity == 0 ? CENSUS_PAGE : p->capacity * 2;
        plan_run *grown = realloc(p->runs, capacity * sizeof *grown);
        if (grown == NULL)
            return kfpb_fail_no_memory(error);
        p->runs = grown;
        p->capacity = capacity;
    }
    plan_run *run = &p->runs[p->count];
    *run = (plan_run){
        .context_id = context->id,
        .executions = context->execution_count < UINT32_MAX ? (uint32_t) context->execution_count : UINT32_MAX,
        .state = facts->found                   ? PLAN_READY
                 : options->create_missing_runs ? PLAN_CREATE
                                                : PLAN_NO_ROW,
        .flags = facts->found ? PLAN_NATIVE : 0,
    };
    p->count++;
    return intern_namespace(p, facts->found ? facts->run_namespace : "", &run->run_namespace, error);
}

/* A page of the census beside the ledger's rows of the same contexts. */
typedef struct ledger_page {
    plan *p;
    const mlmd_run_context *contexts; /* by id */
    const target_run *facts;          /* of each */
    size_t count;
    import_look look;
    int64_t other; /* a context that has another name in the ledger; 0: none */
} ledger_page;

static int compare_context(const void *key, const void *element)
{
    const int64_t a = *(const int64_t *) key, b = ((const mlmd_run_context *) element)->id;
    return (a > b) - (a < b);
}

/* Contexts are told apart by numbers that each MLMD database counts from 1: taken for the runs of the database that was
 * imported first, those of a second one would be left out in silence. */
static void check_name(ledger_page *page, const ledger_entry *entry)
{
    const mlmd_run_context *context = bsearch(&entry->context_id, page->contexts, page->count, sizeof *page->contexts,
                                              compare_context);
    if (context != NULL && strcmp(context->name, entry->context_name) != 0)
        page->other = entry->context_id;
}

static void see_ledger(void *context, const ledger_entry *entry)
{
    ledger_page *page = context;
    plan_run *run = find(page->p, entry->context_id);
    if (run == NULL)
        return;
    if (strcmp(entry->outcome, LEDGER_SKIPPED) == 0)
        run->flags |= PLAN_LEDGER_SKIPPED;
    if (strcmp(entry->outcome, LEDGER_IMPORTED) != 0)
        return;
    check_name(page, entry);
    if ((run->flags & PLAN_NATIVE) == 0)
        run->flags |= PLAN_GONE;
    run->state = PLAN_DONE;
    run->imported_at = entry->imported_at > 0 && entry->imported_at <= UINT32_MAX ? (uint32_t) entry->imported_at : 0;
    const mlmd_run_context *c = bsearch(&entry->context_id, page->contexts, page->count, sizeof *c, compare_context);
    if (c != NULL && again_at_once(run, entry, c, &page->facts[c - page->contexts], page->look))
        run->state = PLAN_AGAIN;
    if (strcmp(entry->reason, LEDGER_RUN_CREATED) == 0)
        run->flags &= (uint8_t) ~PLAN_NATIVE;
    page->p->done++;
}

static kfps_status add_page(plan *p, const mlmd_run_context *contexts, size_t count, kfpb_conn *target, bool upgraded,
                            import_look look, const import_options *options, kfpb_arena *arena, kfps_error *error)
{
    target_key *keys = kfpb_arena_array(arena, count, sizeof *keys);
    target_run *facts = kfpb_arena_array(arena, count, sizeof *facts);
    if (keys == NULL || facts == NULL)
        return kfpb_fail_no_memory(error);
    for (size_t i = 0; i < count; i++)
        keys[i] = plan_key(contexts[i].type, contexts[i].name, contexts[i].id, options->source_id, arena);
    kfps_status status = KFPS_OK;
    if (target != NULL)
        status = target_find_runs(target, keys, count, arena, facts, error);
    for (size_t i = 0; status == KFPS_OK && i < count; i++)
        status = add_run(p, &contexts[i], &facts[i], options, error);
    if (status == KFPS_OK && target != NULL && upgraded) {
        ledger_page page = {.p = p, .contexts = contexts, .facts = facts, .count = count, .look = look};
        status = ledger_read(target, options->source_id, contexts[0].id, contexts[count - 1].id, see_ledger, &page,
                             error);
        if (status == KFPS_OK && page.other != 0)
            status = kfpb_fail(
                error, KFPS_INVALID,
                "run context %" PRId64 " has another name here than in the source that was imported into this "
                "target before: give another MLMD database a --source-id of its own (and the same one the "
                "--source-encoding it had then)",
                page.other);
    }
    return status;
}

kfps_status plan_build(plan *p, mlmd_source *source, kfpb_conn *target, bool upgraded, const import_options *options,
                       kfps_error *error)
{
    memset(p, 0, sizeof *p);
    kfpb_arena arena;
    kfpb_arena_init(&arena);
    kfps_status status = KFPS_OK;
    const import_look look = again_how(options, source);
    int64_t after = INT64_MIN;
    for (;;) {
        mlmd_run_context *contexts = NULL;
        size_t count = 0;
        kfpb_arena_reset(&arena);
        status = mlmd_source_census(source, after, CENSUS_PAGE, &arena, &contexts, &count, error);
        if (status != KFPS_OK || count == 0)
            break;
        after = contexts[count - 1].id;
        status = add_page(p, contexts, count, target, upgraded, look, options, &arena, error);
        if (status != KFPS_OK)
            break;
    }
    p->several_namespaces = p->namespace_count > 1;
    if (status == KFPS_OK && target != NULL && upgraded && p->namespace_count == 1)
        status = target_has_other_namespace(target, p->namespaces[0], &p->several_namespaces, error);
    if (status == KFPS_OK && target != NULL && upgraded)
        status = ledger_has_state(target, options->source_id, LEDGER_COMPLETE, &p->completed, error);
    if (status == KFPS_OK && look == LOOK_CHANGED)
        status = again_find(p, source, error);
    for (size_t i = 0; i < p->count; i++) {
        if (plan_is_due(&p->runs[i]))
            p->executions_to_do += p->runs[i].executions;
    }
    kfpb_arena_free(&arena);
    return status;
}

void plan_free(plan *p)
{
    for (size_t i = 0; i < p->namespace_count; i++)
        free(p->namespaces[i]);
    free(p->namespaces);
    free(p->runs);
    memset(p, 0, sizeof *p);
}
