/* SPDX-License-Identifier: Apache-2.0 */
#include "migrate/source/audit_parts.h"

#include <stdlib.h>
#include <string.h>

enum { CONTEXTS_PER_PAGE = 500 };

void *mlmd_audit_grow(kfpb_arena *arena, void *items, size_t *capacity, size_t count, size_t size)
{
    if (count < *capacity)
        return items;
    const size_t wanted = *capacity == 0 ? 64 : *capacity * 2;
    void *grown = kfpb_arena_array(arena, wanted, size);
    if (grown == NULL)
        return NULL;
    if (count > 0)
        memcpy(grown, items, count * size);
    *capacity = wanted;
    return grown;
}

kfps_status mlmd_audit_select(mlmd_source *source, const char *text, const char *more, const int64_t *ids, size_t count,
                              mlmd_see_row see, void *context, kfps_error *error)
{
    kfps_status status = KFPS_OK;
    kfpb_sql sql;

    kfpb_sql_init(&sql, source->conn);
    for (size_t from = 0; from < count && status == KFPS_OK; from += MLMD_CHUNK_TEXT) {
        kfpb_sql_reset(&sql);
        mlmd_add_statement(source, &sql, text);
        kfpb_sql_in_ints(&sql, ids + from, count - from < MLMD_CHUNK_TEXT ? count - from : MLMD_CHUNK_TEXT);
        kfpb_sql_add(&sql, more);
        status = mlmd_query_rows(source, &sql, see, context, error);
    }
    kfpb_sql_free(&sql);
    return status;
}

const mlmd_audit_execution *mlmd_audit_execution_of(const mlmd_audit *audit, int64_t id)
{
    return mlmd_find(audit->executions, audit->execution_count, sizeof *audit->executions, id);
}

const mlmd_audit_artifact *mlmd_audit_artifact_of(const mlmd_audit *audit, int64_t id)
{
    return mlmd_find(audit->artifacts, audit->artifact_count, sizeof *audit->artifacts, id);
}

/* ---- contexts and associations ----------------------------------------------------------------------------------- */

static bool see_context(void *context, const kfpb_rows *rows)
{
    audit_reading *r = context;
    unsigned flags = 0;
    mlmd_audit_run *run = &r->out->runs[r->out->run_count];

    run->context_id = kfpb_get_int(rows, 0);
    run->type = mlmd_type_name(r->source, kfpb_get_int(rows, 1));
    run->name = mlmd_row_text(r->source, rows, 2, r->arena, &flags);
    if (run->name == NULL)
        run->name = "";
    r->out->run_count++;
    return !r->arena->out_of_memory;
}

static kfps_status read_contexts(audit_reading *r, int64_t after, kfps_error *error)
{
    kfpb_sql sql;

    kfpb_sql_init(&sql, r->source->conn);
    mlmd_add_statement(r->source, &sql,
                       "SELECT c.id AS id, c.type_id AS type_id, c.name AS name FROM %C c WHERE c.id > ");
    kfpb_sql_bind(&sql, kfpb_int(after));
    kfpb_sql_add(&sql, " AND c.type_id + 0"); /* by the key, and not by the index on the type */
    kfpb_sql_in_ints(&sql, r->source->run_type_ids.items, r->source->run_type_ids.count);
    kfpb_sql_add(&sql, " ORDER BY c.id LIMIT ");
    kfpb_sql_bind(&sql, kfpb_int(CONTEXTS_PER_PAGE));
    const kfps_status status = mlmd_query_rows(r->source, &sql, see_context, r, error);
    kfpb_sql_free(&sql);
    return status;
}

static bool see_count(void *context, const kfpb_rows *rows)
{
    const mlmd_audit *out = ((const audit_reading *) context)->out;
    const mlmd_audit_run *run = mlmd_find(out->runs, out->run_count, sizeof *out->runs, kfpb_get_int(rows, 0));

    if (run != NULL)
        out->runs[run - out->runs].count = (size_t) kfpb_get_int(rows, 1);
    return true;
}

/* Cuts the page where its executions become too many. */
static kfps_status cut_page(audit_reading *r, size_t executions, kfps_error *error)
{
    mlmd_audit *out = r->out;
    size_t total = 0, kept = 0;
    kfps_status status = mlmd_audit_select(
        r->source, "SELECT s.context_id AS context_id, COUNT(*) AS n FROM %S s WHERE s.context_id",
        " GROUP BY s.context_id", r->ids, out->run_count, see_count, r, error);

    while (kept < out->run_count && (kept == 0 || total + out->runs[kept].count <= executions))
        total += out->runs[kept++].count;
    out->run_count = kept;
    for (size_t i = 0; i < kept; i++)
        out->runs[i].count = 0;
    return status;
}

static bool see_association(void *context, const kfpb_rows *rows)
{
    audit_reading *r = context;
    mlmd_audit *out = r->out;
    mlmd_audit_association *items = mlmd_audit_grow(r->arena, out->associations, &r->capacity, out->association_count,
                                                    sizeof *items);

    if (items == NULL)
        return false;
    out->associations = items;
    items[out->association_count++] = (mlmd_audit_association){kfpb_get_int(rows, 0), kfpb_get_int(rows, 1)};
    return true;
}

static int compare_associations(const void *a, const void *b)
{
    const mlmd_audit_association *x = a, *y = b;

    if (x->context_id != y->context_id)
        return x->context_id < y->context_id ? -1 : 1;
    return (x->execution_id > y->execution_id) - (x->execution_id < y->execution_id);
}

static kfps_status read_associations(audit_reading *r, kfps_error *error)
{
    mlmd_audit *out = r->out;
    kfps_status status = mlmd_audit_select(
        r->source, "SELECT s.context_id AS context_id, s.execution_id AS execution_id FROM %S s WHERE s.context_id", "",
        r->ids, out->run_count, see_association, r, error);

    if (out->association_count > 1)
        qsort(out->associations, out->association_count, sizeof *out->associations, compare_associations);
    for (size_t i = 0, at = 0; i < out->run_count; i++) {
        mlmd_audit_run *run = &out->runs[i];
        while (at < out->association_count && out->associations[at].context_id < run->context_id)
            at++;
        run->first = at;
        while (at < out->association_count && out->associations[at].context_id == run->context_id)
            at++;
        run->count = at - run->first;
    }
    return status;
}

/* ---- executions, events, artifacts ------------------------------------------------------------------------------- */

/* Sorted, each once; into r->ids. */
static bool gather(audit_reading *r, const void *items, size_t count, size_t size, size_t offset)
{
    mlmd_ids ids = {0};
    bool room = true;

    for (size_t i = 0; i < count && room; i++) {
        int64_t id;
        memcpy(&id, (const char *) items + i * size + offset, sizeof id);
        room = mlmd_ids_add(&ids, id);
    }
    mlmd_ids_sort(&ids);
    r->id_count = ids.count;
    r->ids = kfpb_arena_array(r->arena, ids.count, sizeof *r->ids);
    if (r->ids != NULL && ids.count > 0)
        memcpy(r->ids, ids.items, ids.count * sizeof *r->ids);
    mlmd_ids_free(&ids);
    return room && r->ids != NULL;
}

static bool see_execution(void *context, const kfpb_rows *rows)
{
    audit_reading *r = context;
    const char *name = kfpb_get_text(rows, MLMD_EXECUTION_NAME, NULL);

    r->out->executions[r->out->execution_count++] = (mlmd_audit_execution){
        .id = kfpb_get_int(rows, MLMD_EXECUTION_ID),
        .type = mlmd_type_name(r->source, kfpb_get_int(rows, MLMD_EXECUTION_TYPE)),
        .named_root = name != NULL && strncmp(name, "run/", 4) == 0,
        .state = (int) kfpb_get_int(rows, MLMD_EXECUTION_STATE),
    };
    return r->out->execution_count <= r->id_count;
}

static kfps_status read_executions(audit_reading *r, kfps_error *error)
{
    static const mlmd_selection by_id = {MLMD_T_EXECUTION, MLMD_EXECUTION_ID, NULL, MLMD_CHUNK_TEXT};
    const mlmd_ids ids = {.items = r->ids, .count = r->id_count};

    r->out->executions = kfpb_arena_array(r->arena, r->id_count + 1, sizeof *r->out->executions);
    if (r->out->executions == NULL)
        return kfpb_fail_no_memory(error);
    const kfps_status status = mlmd_select_rows(r->source, &by_id, &ids, see_execution, r, error);
    if (r->out->execution_count > 1)
        qsort(r->out->executions, r->out->execution_count, sizeof *r->out->executions, mlmd_compare_ids);
    return status;
}

static bool see_event(void *context, const kfpb_rows *rows)
{
    audit_reading *r = context;
    mlmd_audit *out = r->out;
    mlmd_audit_event *items = mlmd_audit_grow(r->arena, out->events, &r->capacity, out->event_count, sizeof *items);

    if (items == NULL)
        return false;
    out->events = items;
    items[out->event_count++] = (mlmd_audit_event){kfpb_get_int(rows, 0), kfpb_get_int(rows, 1), kfpb_get_int(rows, 2),
                                                   (int) kfpb_get_int(rows, 3)};
    return true;
}

static int compare_events(const void *a, const void *b)
{
    const mlmd_audit_event *x = a, *y = b;

    if (x->execution_id != y->execution_id)
        return x->execution_id < y->execution_id ? -1 : 1;
    return (x->id > y->id) - (x->id < y->id);
}

static bool see_artifact(void *context, const kfpb_rows *rows)
{
    audit_reading *r = context;
    unsigned flags = 0;

    r->out->artifacts[r->out->artifact_count++] = (mlmd_audit_artifact){
        .id = kfpb_get_int(rows, 0),
        .type = mlmd_type_name(r->source, kfpb_get_int(rows, 1)),
        .uri = mlmd_row_text(r->source, rows, 2, r->arena, &flags),
    };
    return r->out->artifact_count <= r->id_count && !r->arena->out_of_memory;
}

static kfps_status read_artifacts(audit_reading *r, kfps_error *error)
{
    r->out->artifacts = kfpb_arena_array(r->arena, r->id_count + 1, sizeof *r->out->artifacts);
    if (r->out->artifacts == NULL)
        return kfpb_fail_no_memory(error);
    const kfps_status status = mlmd_audit_select(
        r->source, "SELECT a.id AS id, a.type_id AS type_id, a.uri AS uri FROM %A a WHERE a.id", "", r->ids,
        r->id_count, see_artifact, r, error);
    if (r->out->artifact_count > 1)
        qsort(r->out->artifacts, r->out->artifact_count, sizeof *r->out->artifacts, mlmd_compare_ids);
    return status;
}

static kfps_status read_page(audit_reading *r, int64_t after, size_t executions, kfps_error *error)
{
    mlmd_audit *out = r->out;
    kfps_status status = read_contexts(r, after, error);
    if (status != KFPS_OK || out->run_count == 0)
        return status;
    if (!gather(r, out->runs, out->run_count, sizeof *out->runs, offsetof(mlmd_audit_run, context_id)))
        return kfpb_fail_no_memory(error);
    status = cut_page(r, executions, error);
    if (status == KFPS_OK)
        status = read_associations(r, error);
    if (status == KFPS_OK && !gather(r, out->associations, out->association_count, sizeof *out->associations,
                                     offsetof(mlmd_audit_association, execution_id)))
        status = kfpb_fail_no_memory(error);
    if (status == KFPS_OK)
        status = read_executions(r, error);
    if (status == KFPS_OK)
        status = mlmd_audit_properties(r, error);
    r->capacity = 0;
    if (status == KFPS_OK)
        status = mlmd_audit_select(r->source,
                                   "SELECT e.id AS id, e.artifact_id AS artifact_id, e.execution_id AS execution_id,"
                                   " e.type AS type FROM %E e WHERE e.execution_id",
                                   "", r->ids, r->id_count, see_event, r, error);
    if (status == KFPS_OK && out->event_count > 1)
        qsort(out->events, out->event_count, sizeof *out->events, compare_events);
    if (status == KFPS_OK &&
        !gather(r, out->events, out->event_count, sizeof *out->events, offsetof(mlmd_audit_event, artifact_id)))
        status = kfpb_fail_no_memory(error);
    if (status == KFPS_OK)
        status = read_artifacts(r, error);
    if (status == KFPS_OK)
        status = mlmd_audit_metrics(r, error);
    return status;
}

kfps_status mlmd_audit_read(mlmd_source *source, int64_t after, size_t executions, kfpb_arena *arena, mlmd_audit *out,
                            kfps_error *error)
{
    audit_reading r = {.source = source, .arena = arena, .out = out};

    kfpb_error_clear(error);
    *out = (mlmd_audit){0};
    out->runs = kfpb_arena_array(arena, CONTEXTS_PER_PAGE, sizeof *out->runs);
    if (out->runs == NULL)
        return kfpb_fail_no_memory(error);
    kfps_status status = mlmd_types_read(source, error);
    if (status != KFPS_OK || source->run_type_ids.count == 0)
        return status;
    status = kfpb_begin(source->conn, KFPB_TX_SNAPSHOT, error);
    if (status == KFPS_OK)
        status = read_page(&r, after, executions, error);
    kfpb_rollback(source->conn); /* nothing was written: it ends the snapshot */
    if (status == KFPS_OK && arena->out_of_memory)
        status = kfpb_fail_no_memory(error);
    return status;
}

/* ---- where else -------------------------------------------------------------------------------------------------- */

typedef struct elsewhere {
    mlmd_source *source;
    kfpb_arena arena;
    mlmd_see_context see;
    void *context;
} elsewhere;

static bool see_elsewhere(void *context, const kfpb_rows *rows)
{
    elsewhere *e = context;
    unsigned flags = 0;
    const char *name = mlmd_row_text(e->source, rows, 1, &e->arena, &flags);

    if (name != NULL && mlmd_ids_has(&e->source->run_type_ids, kfpb_get_int(rows, 2)))
        e->see(e->context, kfpb_get_int(rows, 0), name);
    return !e->arena.out_of_memory;
}

kfps_status mlmd_audit_contexts(mlmd_source *source, const int64_t *execution_ids, size_t count, mlmd_see_context see,
                                void *see_context, kfps_error *error)
{
    elsewhere e = {.source = source, .see = see, .context = see_context};

    kfpb_arena_init(&e.arena);
    const kfps_status status = mlmd_audit_select(
        source,
        "SELECT s.execution_id AS execution_id, c.name AS name, c.type_id AS type_id FROM %S s"
        " JOIN %C c ON c.id = s.context_id WHERE s.execution_id",
        "", execution_ids, count, see_elsewhere, &e, error);
    kfpb_arena_free(&e.arena);
    return status;
}
