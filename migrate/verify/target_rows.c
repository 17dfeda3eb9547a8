/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "backends/base/fail.h"
#include "backends/sql.h"
#include "migrate/import/ledger.h"
#include "migrate/source/ids.h"
#include "migrate/verify/parts.h"

enum { KEYS_PER_STATEMENT = 2000 };

typedef bool (*see_row)(verify_job *job, void *context, const kfpb_rows *rows);

static kfps_status read_rows(verify_job *job, kfpb_sql *sql, see_row see, void *context)
{
    kfpb_rows *rows = NULL;
    kfps_status status = kfpb_sql_query(job->target, sql, &rows, job->error);
    int got = 0;
    while (status == KFPS_OK && (got = kfpb_next(rows, job->error)) > 0) {
        if (!see(job, context, rows))
            status = kfpb_fail_no_memory(job->error);
    }
    if (got < 0)
        status = (kfps_status) job->error->code;
    if (status == KFPS_OK && job->arena->out_of_memory)
        status = kfpb_fail_no_memory(job->error);
    kfpb_rows_free(&rows);
    return status;
}

/* A statement for each chunk of keys. */
static kfps_status read_by_keys(verify_job *job, const char *text, const char *more, const char *const *keys,
                                size_t count, see_row see, void *context)
{
    kfps_status status = KFPS_OK;
    kfpb_sql sql;
    kfpb_sql_init(&sql, job->target);
    for (size_t from = 0; from < count && status == KFPS_OK; from += KEYS_PER_STATEMENT) {
        kfpb_sql_reset(&sql);
        kfpb_sql_add(&sql, text);
        kfpb_sql_in_texts(&sql, keys + from, count - from < KEYS_PER_STATEMENT ? count - from : KEYS_PER_STATEMENT);
        kfpb_sql_add(&sql, more);
        status = read_rows(job, &sql, see, context);
    }
    kfpb_sql_free(&sql);
    return status;
}

static const char *text_of(verify_job *job, const kfpb_rows *rows, size_t column)
{
    return kfpb_arena_text(job->arena, kfpb_get_text(rows, column, NULL));
}

static const char *word_of(verify_job *job, const kfpb_rows *rows, size_t column)
{
    const char *text = text_of(job, rows, column);
    return text != NULL ? text : "";
}

/* Room for one more, in the arena. */
static void *add_item(verify_job *job, void **items, size_t *count, size_t *capacity, size_t size)
{
    if (*count == *capacity) {
        const size_t wanted = *capacity == 0 ? 256 : *capacity * 2;
        void *grown = kfpb_arena_array(job->arena, wanted, size);
        if (grown == NULL)
            return NULL;
        if (*count > 0)
            memcpy(grown, *items, *count * size);
        *items = grown;
        *capacity = wanted;
    }
    return (char *) *items + (*count)++ * size;
}

/* Each of the row types begins with its UUID. */
static int compare_rows(const void *a, const void *b)
{
    return strcmp(*(const char *const *) a, *(const char *const *) b);
}

static void *find_row(const void *items, size_t count, size_t size, const char *uuid)
{
    return uuid != NULL && count > 0 ? bsearch(&uuid, items, count, size, compare_rows) : NULL;
}

/* ---- facts about the runs of a page ------------------------------------------------------------------------------ */

typedef struct facts_page {
    verify_run_facts *facts;
    size_t count;
} facts_page;

static verify_run_facts *find_facts(const facts_page *page, int64_t context_id)
{
    const verify_run_facts *found = mlmd_find(page->facts, page->count, sizeof *page->facts, context_id);
    return found != NULL ? &page->facts[found - page->facts] : NULL;
}

static bool see_ledger(verify_job *job, void *context, const kfpb_rows *rows)
{
    static const struct {
        const char *word;
        verify_outcome outcome;
    } outcomes[] = {
        {LEDGER_IMPORTED, VERIFY_IMPORTED}, {LEDGER_SKIPPED, VERIFY_SKIPPED}, {LEDGER_REJECTED, VERIFY_REJECTED}};
    verify_run_facts *fact = find_facts(context, kfpb_get_int(rows, 0));
    const char *word = word_of(job, rows, 1);
    verify_outcome outcome = VERIFY_UNKNOWN;
    for (size_t i = 0; i < sizeof outcomes / sizeof *outcomes; i++) {
        if (strcmp(outcomes[i].word, word) == 0)
            outcome = outcomes[i].outcome;
    }
    const char *uuid = text_of(job, rows, 3);
    if (fact == NULL) {
        if (outcome == VERIFY_IMPORTED)
            verify_say(job, NULL, uuid != NULL ? uuid : word_of(job, rows, 4), VERIFY_RUN_UNKNOWN, NULL,
                       "run context %lld is not in the source, or not of the types named with --run-contexts",
                       (long long) kfpb_get_int(rows, 0));
        return true;
    }
    fact->outcome = outcome;
    fact->reason = word_of(job, rows, 2);
    fact->uuid = uuid;
    return true;
}

/* The ledger between two pages' ends, so that what is in it and not in the source shows. */
static kfps_status read_ledger(verify_job *job, int64_t after, int64_t last, facts_page *page)
{
    kfpb_sql sql;
    kfpb_sql_init(&sql, job->target);
    kfpb_sql_add(&sql, "SELECT \"ContextID\", \"Outcome\", \"Reason\", \"RunUUID\", \"ContextName\""
                       " FROM \"kfpstore_migration_run\" WHERE \"Source\" = ");
    kfpb_sql_bind(&sql, kfpb_str(job->options->import->source_id));
    kfpb_sql_add(&sql, " AND \"ContextID\" > ");
    kfpb_sql_bind(&sql, kfpb_int(after));
    kfpb_sql_add(&sql, " AND \"ContextID\" <= ");
    kfpb_sql_bind(&sql, kfpb_int(last));
    const kfps_status status = read_rows(job, &sql, see_ledger, page);
    kfpb_sql_free(&sql);
    return status;
}

static bool see_run_row(verify_job *job, void *context, const kfpb_rows *rows)
{
    const facts_page *page = context;
    const char *uuid = kfpb_get_text(rows, 0, NULL);
    const char *own = kfpb_get_text(rows, 1, NULL), *outer = kfpb_get_text(rows, 2, NULL);
    const char *name = kfpb_arena_text(job->arena, own != NULL && own[0] != '\0' ? own : outer != NULL ? outer : "");
    for (size_t i = 0; i < page->count; i++) {
        if (page->facts[i].uuid != NULL && strcmp(page->facts[i].uuid, uuid) == 0)
            page->facts[i].run_namespace = name;
    }
    return true;
}

static bool see_shared(verify_job *job, void *context, const kfpb_rows *rows)
{
    (void) job;
    const facts_page *page = context;
    const char *uuid = kfpb_get_text(rows, 0, NULL);
    for (size_t i = 0; i < page->count; i++) {
        if (page->facts[i].uuid != NULL && strcmp(page->facts[i].uuid, uuid) == 0)
            page->facts[i].shared = true;
    }
    return true;
}

kfps_status verify_read_facts(verify_job *job, const mlmd_audit *audit, int64_t after, verify_run_facts *facts)
{
    facts_page page = {facts, audit->run_count};
    const char **uuids = kfpb_arena_array(job->arena, page.count, sizeof *uuids);
    size_t count = 0;
    if (uuids == NULL)
        return kfpb_fail_no_memory(job->error);
    for (size_t i = 0; i < page.count; i++)
        facts[i] = (verify_run_facts){.context_id = audit->runs[i].context_id};
    const int64_t last = page.count > 0 ? facts[page.count - 1].context_id : INT64_MAX;
    kfps_status status = read_ledger(job, after, last, &page);
    for (size_t i = 0; i < page.count; i++) {
        /* of a run that was left out: whether its row has come since */
        if (facts[i].uuid == NULL)
            facts[i].uuid = audit->runs[i].name;
        uuids[count++] = facts[i].uuid;
    }
    if (status == KFPS_OK)
        status = read_by_keys(job,
                              "SELECT r.\"UUID\", r.\"Namespace\", e.\"Namespace\" FROM \"run_details\" r"
                              " LEFT JOIN \"experiments\" e ON e.\"UUID\" = r.\"ExperimentUUID\" WHERE r.\"UUID\"",
                              "", uuids, count, see_run_row, &page);
    if (status == KFPS_OK)
        status = read_by_keys(job, "SELECT \"RunUUID\" FROM \"kfpstore_migration_run\" WHERE \"RunUUID\"",
                              " AND \"Outcome\" = 'imported' GROUP BY \"RunUUID\" HAVING COUNT(\"ContextID\") > 1",
                              uuids, count, see_shared, &page);
    return status;
}

/* ---- the rows ---------------------------------------------------------------------------------------------------- */

typedef struct growing {
    verify_rows *rows;
    size_t capacity;
} growing;

static bool see_task(verify_job *job, void *context, const kfpb_rows *rows)
{
    growing *g = context;
    void *items = g->rows->tasks;
    verify_task *task = add_item(job, &items, &g->rows->task_count, &g->capacity, sizeof *task);
    if (task == NULL)
        return false;
    g->rows->tasks = items;
    *task = (verify_task){
        .uuid = word_of(job, rows, 0),
        .run = word_of(job, rows, 1),
        .parent = text_of(job, rows, 2),
        .name = word_of(job, rows, 3),
        .fingerprint = word_of(job, rows, 4),
        .task_namespace = word_of(job, rows, 5),
        .state = (int32_t) kfpb_get_int(rows, 6),
        .type = (int32_t) kfpb_get_int(rows, 7),
    };
    return true;
}

kfps_status verify_read_tasks(verify_job *job, const char *const *runs, size_t count, verify_rows *rows)
{
    growing g = {.rows = rows};
    const kfps_status status = read_by_keys(
        job,
        "SELECT \"UUID\", \"RunUUID\", \"ParentTaskUUID\", \"Name\", \"Fingerprint\", \"Namespace\", \"State\", \"Type\""
        " FROM \"tasks\" WHERE \"RunUUID\"",
        "", runs, count, see_task, &g);
    if (rows->task_count > 1)
        qsort(rows->tasks, rows->task_count, sizeof *rows->tasks, compare_rows);
    return status;
}

static bool see_link(verify_job *job, void *context, const kfpb_rows *rows)
{
    growing *g = context;
    void *items = g->rows->links;
    verify_link *link = add_item(job, &items, &g->rows->link_count, &g->capacity, sizeof *link);
    if (link == NULL)
        return false;
    g->rows->links = items;
    *link = (verify_link){
        .uuid = word_of(job, rows, 0),
        .artifact = word_of(job, rows, 1),
        .task = word_of(job, rows, 2),
        .run = word_of(job, rows, 3),
        .key = word_of(job, rows, 4),
        .type = (int32_t) kfpb_get_int(rows, 5),
        .iteration = kfpb_get_int(rows, 6),
    };
    return true;
}

kfps_status verify_read_links(verify_job *job, const char *const *runs, size_t count, verify_rows *rows)
{
    growing g = {.rows = rows};
    const kfps_status status = read_by_keys(
        job,
        "SELECT \"UUID\", \"ArtifactID\", \"TaskID\", \"RunUUID\", \"ArtifactKey\", \"Type\", \"Iteration\""
        " FROM \"artifact_tasks\" WHERE \"RunUUID\"",
        "", runs, count, see_link, &g);
    if (rows->link_count > 1)
        qsort(rows->links, rows->link_count, sizeof *rows->links, compare_rows);
    return status;
}

static bool see_artifact(verify_job *job, void *context, const kfpb_rows *rows)
{
    growing *g = context;
    void *items = g->rows->artifacts;
    verify_artifact *artifact = add_item(job, &items, &g->rows->artifact_count, &g->capacity, sizeof *artifact);
    if (artifact == NULL)
        return false;
    g->rows->artifacts = items;
    *artifact = (verify_artifact){
        .uuid = word_of(job, rows, 0),
        .artifact_namespace = word_of(job, rows, 1),
        .uri = text_of(job, rows, 2),
        .uri_hash = word_of(job, rows, 3),
        .has_number = !kfpb_is_null(rows, 4),
        .number = kfpb_get_double(rows, 4),
        .listed = !kfpb_is_null(rows, 5),
    };
    return true;
}

kfps_status verify_read_artifacts(verify_job *job, const char *const *uuids, size_t count, verify_rows *rows)
{
    growing g = {.rows = rows};
    /* of whatever source: an artifact that two of them bring is listed twice */
    const kfps_status status = read_by_keys(
        job,
        "SELECT a.\"UUID\", a.\"Namespace\", a.\"URI\", a.\"URIHash\", a.\"NumberValue\","
        " (SELECT MIN(m.\"MLMDID\") FROM \"kfpstore_migrated_artifact\" m WHERE m.\"ArtifactID\" = a.\"UUID\")"
        " FROM \"artifacts\" a WHERE a.\"UUID\"",
        "", uuids, count, see_artifact, &g);
    if (rows->artifact_count > 1)
        qsort(rows->artifacts, rows->artifact_count, sizeof *rows->artifacts, compare_rows);
    return status;
}

verify_task *verify_find_task(const verify_rows *rows, const char *uuid)
{
    return find_row(rows->tasks, rows->task_count, sizeof *rows->tasks, uuid);
}

verify_link *verify_find_link(const verify_rows *rows, const char *uuid)
{
    return find_row(rows->links, rows->link_count, sizeof *rows->links, uuid);
}

const verify_artifact *verify_find_artifact(const verify_rows *rows, const char *uuid)
{
    return find_row(rows->artifacts, rows->artifact_count, sizeof *rows->artifacts, uuid);
}
