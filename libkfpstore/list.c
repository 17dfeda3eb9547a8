/* SPDX-License-Identifier: Apache-2.0 */
/* list.c: reads the rows of a plan and a scope as a page. */
#include "libkfpstore/list.h"

#include "backends/base/fail.h"

static const kfpsi_field *sort_field(const kfpsi_plan *plan)
{
    return &plan->fields->items[plan->position.sort];
}

static const kfpb_column *sort_column(const kfpsi_plan *plan)
{
    return &plan->fields->table->columns[sort_field(plan)->column];
}

static const kfpb_column *key_column(const kfpsi_plan *plan)
{
    return &plan->fields->table->columns[0];
}

static bool has_null_part(const kfpsi_plan *plan)
{
    return sort_field(plan)->nullable;
}

kfps_status kfpsi_list_fetch(kfpsi_op *op, kfpb_sql *sql, const kfpsi_view *view, size_t stride, size_t limit,
                             kfpb_arena *arena, void *items, size_t *count, kfps_error *error)
{
    kfpb_rows *rows = NULL;
    int there = 0;
    kfps_status status = kfpb_sql_query(op->conn, sql, &rows, error);
    while (status == KFPS_OK && *count < limit && (there = kfpb_next(rows, error)) > 0)
        kfpsi_view_read(rows, 0, view, arena, (char *) items + (*count)++ * stride);
    if (there < 0)
        status = (kfps_status) error->code;
    else if (status == KFPS_OK && arena->out_of_memory)
        status = kfpb_fail_no_memory(error);
    kfpb_rows_free(&rows);
    return status;
}

/* The field of a record, as a value of the sort column. */
static kfpb_value value_in(const void *record, const kfpb_column *column)
{
    const char *at = (const char *) record + column->offset;
    const char *text;
    int32_t small;
    int64_t large;
    double real;
    switch (column->type) {
    case KFPB_COL_INT32:
        memcpy(&small, at, sizeof small);
        return kfpb_int(small);
    case KFPB_COL_INT64:
        memcpy(&large, at, sizeof large);
        return kfpb_int(large);
    case KFPB_COL_DOUBLE:
        memcpy(&real, at, sizeof real);
        return kfpb_double(real);
    default:
        memcpy(&text, at, sizeof text);
        return kfpb_str(text);
    }
}

kfps_status kfpsi_list_finish(kfpsi_op *op, const kfpsi_plan *plan, size_t stride, size_t nulls_from, kfpb_arena *arena,
                              kfpsi_page *out, kfps_error *error)
{
    out->next_page_token = "";
    if (out->count <= plan->size)
        return KFPS_OK;
    out->count = plan->size;
    const void *last = (const char *) out->items + (out->count - 1) * stride;
    kfpsi_position position = {
        .sort = plan->position.sort,
        .descending = plan->position.descending,
        .nulls = out->count - 1 >= nulls_from,
        .key = value_in(last, key_column(plan)).text,
    };
    if (!position.nulls && sort_field(plan)->column != 0)
        position.value = value_in(last, sort_column(plan));
    return kfpsi_token_write(op->store, plan->fields, &position, &plan->filter, plan->scope_digest, arena,
                             &out->next_page_token, error);
}

kfps_status kfpsi_list_count(kfpsi_op *op, const kfpsi_plan *plan, const kfpsi_scope *scope, int64_t *out,
                             kfps_error *error)
{
    kfpb_sql sql;
    kfpb_sql_init(&sql, op->conn);
    kfpb_sql_add(&sql, "SELECT COUNT(*) FROM ");
    kfpb_sql_name(&sql, plan->fields->table->name);
    kfpb_sql_add(&sql, " WHERE");
    kfpsi_scope_sql(&sql, plan->fields, scope);
    kfpsi_filter_sql(&sql, plan->fields, &plan->filter, NULL);
    kfpsi_sql_no_where(&sql);
    kfps_status status = KFPS_OK;
    if (kfpb_sql_out_of_memory(&sql))
        status = kfpb_fail_no_memory(error);
    else
        status = kfpb_query_int(op->conn, kfpb_text_get(&sql.text), sql.values, sql.count, out, NULL, error);
    kfpb_sql_free(&sql);
    return status;
}

kfps_status kfpsi_list_read(kfpsi_op *op, const kfpsi_plan *plan, const kfpsi_scope *scope, const kfpsi_view *view,
                            size_t stride, kfpb_arena *arena, kfpsi_page *out, kfps_error *error)
{
    const size_t limit = plan->size + 1;
    size_t nulls_from = SIZE_MAX;
    kfps_status status = KFPS_OK;
    kfpb_sql sql;
    *out = (kfpsi_page){.total_size = -1, .items = kfpb_arena_array(arena, limit, stride)};
    if (out->items == NULL)
        return kfpb_fail_no_memory(error);
    kfpb_sql_init(&sql, op->conn);
    for (int nulls = 0; nulls <= (has_null_part(plan) ? 1 : 0) && out->count < limit && status == KFPS_OK; nulls++) {
        if (plan->continued && plan->position.nulls && nulls == 0)
            continue;
        if (nulls != 0)
            nulls_from = out->count;
        const kfpsi_list_part p = {
            .plan = plan, .scope = scope, .view = view, .nulls = nulls != 0, .limit = limit - out->count};
        kfpb_sql_reset(&sql);
        kfpsi_list_sql(&sql, &p);
        status = kfpsi_list_fetch(op, &sql, view, stride, limit, arena, out->items, &out->count, error);
    }
    kfpb_sql_free(&sql);
    if (status == KFPS_OK)
        status = kfpsi_list_finish(op, plan, stride, nulls_from, arena, out, error);
    if (status == KFPS_OK && plan->want_total)
        status = kfpsi_list_count(op, plan, scope, &out->total_size, error);
    return status;
}
