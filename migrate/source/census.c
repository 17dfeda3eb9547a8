/* SPDX-License-Identifier: Apache-2.0 */
#include "migrate/source/internal.h"

/* Contexts per statement that reads their executions' ids: it bounds what one result holds. */
enum { CONTEXTS_PER_STATEMENT = 500 };

typedef struct page {
    mlmd_source *source;
    kfpb_arena *arena;
    mlmd_run_context *items; /* by id */
    size_t count, limit;
    size_t first_number; /* of items[0] among the members' contexts */
} page;

static bool see_context(void *context, const kfpb_rows *rows)
{
    page *p = context;
    unsigned flags = 0;

    if (p->count == p->limit)
        return true;
    mlmd_run_context *item = &p->items[p->count];
    item->id = kfpb_get_int(rows, MLMD_CONTEXT_ID);
    item->type = mlmd_type_name(p->source, kfpb_get_int(rows, MLMD_CONTEXT_TYPE));
    item->name = mlmd_row_text(p->source, rows, MLMD_CONTEXT_NAME, p->arena, &flags);
    item->create_ms = kfpb_get_int(rows, MLMD_CONTEXT_CREATED);
    item->update_ms = kfpb_get_int(rows, MLMD_CONTEXT_UPDATED);
    if (item->name == NULL)
        item->name = "";
    p->count++;
    return !p->arena->out_of_memory && mlmd_members_context(&p->source->members, item->id);
}

static bool see_association(void *context, const kfpb_rows *rows)
{
    page *p = context;
    const mlmd_run_context *item = mlmd_find(p->items, p->count, sizeof *p->items,
                                             kfpb_get_int(rows, MLMD_ASSOCIATION_CONTEXT));

    if (item == NULL)
        return true;
    size_t index = (size_t) (item - p->items);
    p->items[index].execution_count++;
    return mlmd_members_add(&p->source->members, p->first_number + index,
                            kfpb_get_int(rows, MLMD_ASSOCIATION_EXECUTION));
}

/* The primary key is walked: by the index on type_id each page would sort all contexts that are left. */
static kfps_status read_contexts(page *p, int64_t after, kfps_error *error)
{
    mlmd_source *source = p->source;
    kfpb_sql sql;

    kfpb_sql_init(&sql, source->conn);
    mlmd_catalog_select(&source->catalog, &sql, MLMD_T_CONTEXT);
    kfpb_sql_add(&sql, " WHERE ");
    mlmd_catalog_column(&sql, MLMD_T_CONTEXT, MLMD_CONTEXT_TYPE);
    kfpb_sql_add(&sql, " + 0");
    kfpb_sql_in_ints(&sql, source->run_type_ids.items, source->run_type_ids.count);
    kfpb_sql_add(&sql, " AND ");
    mlmd_catalog_column(&sql, MLMD_T_CONTEXT, MLMD_CONTEXT_ID);
    kfpb_sql_add(&sql, " > ");
    kfpb_sql_bind(&sql, kfpb_int(after));
    kfpb_sql_add(&sql, " ORDER BY ");
    mlmd_catalog_column(&sql, MLMD_T_CONTEXT, MLMD_CONTEXT_ID);
    kfpb_sql_add(&sql, " LIMIT ");
    kfpb_sql_bind(&sql, kfpb_int((int64_t) p->limit));
    kfps_status status = mlmd_query_rows(source, &sql, see_context, p, error);
    kfpb_sql_free(&sql);
    return status;
}

kfps_status mlmd_source_census(mlmd_source *source, int64_t after, size_t limit, kfpb_arena *arena,
                               mlmd_run_context **out, size_t *count, kfps_error *error)
{
    static const mlmd_selection associations = {
        .table = MLMD_T_ASSOCIATION, .column = MLMD_ASSOCIATION_CONTEXT, .chunk = CONTEXTS_PER_STATEMENT};
    page p = {.source = source, .arena = arena, .limit = limit};
    mlmd_ids ids = {0};
    kfps_status status = KFPS_OK;

    *out = NULL;
    *count = 0;
    kfpb_error_clear(error);
    if (after <= 0) {
        mlmd_members_free(&source->members);
        status = mlmd_types_read(source, error);
    }
    if (status != KFPS_OK || source->run_type_ids.count == 0 || limit == 0)
        goto out;
    p.first_number = source->members.contexts.count;
    p.items = kfpb_arena_array(arena, limit, sizeof *p.items);
    if (p.items == NULL) {
        status = kfpb_fail_no_memory(error);
        goto out;
    }
    status = read_contexts(&p, after, error);
    for (size_t i = 0; i < p.count && status == KFPS_OK; i++) {
        if (!mlmd_ids_add(&ids, p.items[i].id))
            status = kfpb_fail_no_memory(error);
    }
    if (status == KFPS_OK)
        status = mlmd_select_rows(source, &associations, &ids, see_association, &p, error);
    if (status == KFPS_OK) {
        *out = p.items;
        *count = p.count;
    }
out:
    mlmd_ids_free(&ids);
    return status;
}

const int64_t *mlmd_source_contexts_of(const mlmd_source *source, int64_t execution_id, size_t *count)
{
    return mlmd_members_of(&source->members, execution_id, count);
}
