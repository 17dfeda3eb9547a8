/* SPDX-License-Identifier: Apache-2.0 */
/* list.c: a plan and a scope as statements, and their rows as a page. */
#include "libkfpstore/list.h"

#include "backends/base/fail.h"

/* One part of a list: the rows with a sort value, or those without. */
typedef struct part {
    const kfpsi_plan *plan;
    const kfpsi_scope *scope;
    const kfpsi_view *view;
    bool nulls;
    size_t limit;
} part;

enum { GROUP = 100 }; /* subqueries in one UNION: SQLite takes 500 */

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

/* Whether the part is in the order of the key alone. */
static bool by_key(const part *p)
{
    return p->nulls || sort_field(p->plan)->column == 0;
}

/* Several ids choose the index: the first rows of each are merged. */
static bool merges(const kfpsi_scope *scope)
{
    return scope->count > 0 && scope->terms[0].texts != NULL && scope->terms[0].count > 1;
}

/* ---- conditions ---------------------------------------------------------------------------------------------------
 */

static void term_sql(kfpb_sql *sql, const kfpsi_fields *fields, const kfpsi_term *term)
{
    const kfpb_column *column = &fields->table->columns[term->column];
    if (term->texts != NULL && term->residual) {
        kfpsi_sql_residual(sql, column, term->texts, term->count);
    } else if (term->texts != NULL && term->count == 1) {
        kfpsi_sql_equals(sql, column, NULL, term->texts[0]);
    } else if (term->texts != NULL) {
        kfpsi_sql_in(sql, column, NULL, term->texts, term->count);
    } else {
        kfpsi_sql_and(sql);
        kfpb_sql_name(sql, column->name);
        if (term->count == 1) {
            kfpb_sql_add(sql, "=");
            kfpb_sql_bind(sql, kfpb_int(term->ints[0]));
        } else {
            kfpb_sql_in_ints(sql, term->ints, term->count);
        }
    }
}

static void terms_from(kfpb_sql *sql, const kfpsi_fields *fields, const kfpsi_scope *scope, size_t first)
{
    for (size_t i = first; i < scope->count; i++)
        term_sql(sql, fields, &scope->terms[i]);
    if (scope->more != NULL)
        scope->more(sql, scope->context);
}

void kfpsi_scope_sql(kfpb_sql *sql, const kfpsi_fields *fields, const kfpsi_scope *scope)
{
    terms_from(sql, fields, scope, 0);
}

/* S, or the key, a comparison and its value. */
static void compare(kfpb_sql *sql, const kfpb_column *column, const char *operator, kfpb_value value)
{
    kfpsi_sql_operand(sql, column, NULL);
    kfpb_sql_add(sql, operator);
    kfpb_sql_bind(sql, value);
}

/* Behind the last row of the page before, in the form that the engine's optimiser understands. */
static void behind_sql(kfpb_sql *sql, const part *p)
{
    const kfpsi_position *last = &p->plan->position;
    const kfpb_column *sort = sort_column(p->plan), *key = key_column(p->plan);
    const char *beyond = last->descending ? "<" : ">";
    if (!p->plan->continued || last->nulls != p->nulls)
        return;
    kfpsi_sql_and(sql);
    if (by_key(p)) {
        compare(sql, key, beyond, kfpb_str(last->key));
    } else if (sql->driver->dialect.keyset == KFPB_KEYSET_ROW) {
        kfpb_sql_add(sql, "(");
        kfpsi_sql_operand(sql, sort, NULL);
        kfpb_sql_add(sql, ",");
        kfpsi_sql_operand(sql, key, NULL);
        kfpb_sql_add(sql, last->descending ? ")<(" : ")>(");
        kfpb_sql_bind(sql, last->value);
        kfpb_sql_add(sql, ",");
        kfpb_sql_bind(sql, kfpb_str(last->key));
        kfpb_sql_add(sql, ")");
    } else {
        compare(sql, sort, last->descending ? "<=" : ">=", last->value);
        kfpb_sql_add(sql, " AND (");
        compare(sql, sort, beyond, last->value);
        kfpb_sql_add(sql, " OR (");
        compare(sql, sort, "=", last->value);
        kfpb_sql_add(sql, " AND ");
        compare(sql, key, beyond, kfpb_str(last->key));
        kfpb_sql_add(sql, "))");
    }
}

static void null_sql(kfpb_sql *sql, const part *p)
{
    if (!has_null_part(p->plan))
        return;
    kfpsi_sql_and(sql);
    kfpb_sql_name(sql, sort_column(p->plan)->name);
    kfpb_sql_add(sql, p->nulls ? " IS NULL" : " IS NOT NULL");
}

static void order_sql(kfpb_sql *sql, const part *p)
{
    const char *direction = p->plan->position.descending ? " DESC" : "";
    kfpb_sql_add(sql, " ORDER BY ");
    if (!by_key(p)) {
        kfpsi_sql_operand(sql, sort_column(p->plan), NULL);
        kfpb_sql_add(sql, direction);
        kfpb_sql_add(sql, ",");
    }
    kfpb_sql_name(sql, key_column(p->plan)->name);
    kfpb_sql_add(sql, direction);
    /* a number of ours, 1 to 201: as a value it would hide from PostgreSQL's planner how little is wanted */
    kfpb_sql_add(sql, " LIMIT ");
    kfpb_text_int(&sql->text, (int64_t) p->limit);
}

/* ---- statements ---------------------------------------------------------------------------------------------------
 */

/* An optimiser that has to be told gets the index that fits scope and order, if nothing else could choose a better. */
static void from_sql(kfpb_sql *sql, const part *p)
{
    const kfpsi_plan *plan = p->plan;
    const char *hint = sql->driver->dialect.index_hint;
    int scope = -1, also = -1;
    kfpb_sql_add(sql, " FROM ");
    kfpb_sql_name(sql, plan->fields->table->name);
    if (*hint == '\0' || plan->filter.count > 0 || p->scope->narrows)
        return;
    for (size_t i = 0; i < p->scope->count; i++) {
        const kfpsi_term *term = &p->scope->terms[i];
        if (term->texts == NULL && term->count == 1)
            also = term->column;
        else if (term->texts != NULL && i == 0)
            scope = term->column;
    }
    const char *index = kfpsi_path_index(plan->fields, scope, also, sort_field(plan)->column);
    if (index != NULL)
        kfpb_text_printf(&sql->text, hint, index);
}

static void select_columns(kfpb_sql *sql, const part *p)
{
    kfpb_sql_add(sql, "SELECT ");
    kfpsi_view_columns(sql, p->view, NULL);
}

/* The rows of one id of a scope that merges (NULL: of the row `i` of a lateral join), or of the whole scope. */
static void select_sql(kfpb_sql *sql, const part *p, const char *id)
{
    const kfpsi_plan *plan = p->plan;
    const bool merge = merges(p->scope);
    select_columns(sql, p);
    from_sql(sql, p);
    kfpb_sql_add(sql, " WHERE");
    if (merge && id != NULL) {
        kfpsi_sql_equals(sql, &plan->fields->table->columns[p->scope->terms[0].column], NULL, id);
    } else if (merge) {
        kfpsi_sql_and(sql);
        kfpb_sql_name(sql, plan->fields->table->columns[p->scope->terms[0].column].name);
        kfpb_sql_add(sql, "=i.id");
    }
    terms_from(sql, plan->fields, p->scope, merge ? 1 : 0);
    kfpsi_filter_sql(sql, plan->fields, &plan->filter, NULL);
    null_sql(sql, p);
    behind_sql(sql, p);
    kfpsi_sql_no_where(sql);
    order_sql(sql, p);
}

static void lateral_sql(kfpb_sql *sql, const part *p)
{
    const kfpsi_term *ids = &p->scope->terms[0];
    select_columns(sql, p);
    kfpb_sql_add(sql, " FROM unnest(");
    kfpb_sql_array(sql, ids->texts, ids->count);
    kfpb_sql_add(sql, ") AS i(id) CROSS JOIN LATERAL (");
    select_sql(sql, p, NULL);
    kfpb_sql_add(sql, ") AS u");
    order_sql(sql, p);
}

/* Of ids[from…to); more than GROUP of them as unions of unions. */
static void union_sql(kfpb_sql *sql, const part *p, size_t from, size_t to)
{
    const bool groups = to - from > GROUP;
    const size_t step = groups ? GROUP : 1;
    select_columns(sql, p);
    kfpb_sql_add(sql, " FROM (");
    for (size_t i = from; i < to; i += step) {
        if (i > from)
            kfpb_sql_add(sql, " UNION ALL ");
        select_columns(sql, p);
        kfpb_sql_add(sql, " FROM (");
        if (groups)
            union_sql(sql, p, i, i + step < to ? i + step : to);
        else
            select_sql(sql, p, p->scope->terms[0].texts[i]);
        kfpb_sql_add(sql, ") AS b");
    }
    kfpb_sql_add(sql, ") AS u");
    order_sql(sql, p);
}

static void part_sql(kfpb_sql *sql, const part *p)
{
    if (!merges(p->scope))
        select_sql(sql, p, NULL);
    else if (sql->driver->dialect.each == KFPB_EACH_LATERAL)
        lateral_sql(sql, p);
    else
        union_sql(sql, p, 0, p->scope->terms[0].count);
}

/* ---- rows ---------------------------------------------------------------------------------------------------------
 */

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
        const part p = {.plan = plan, .scope = scope, .view = view, .nulls = nulls != 0, .limit = limit - out->count};
        kfpb_sql_reset(&sql);
        part_sql(&sql, &p);
        status = kfpsi_list_fetch(op, &sql, view, stride, limit, arena, out->items, &out->count, error);
    }
    kfpb_sql_free(&sql);
    if (status == KFPS_OK)
        status = kfpsi_list_finish(op, plan, stride, nulls_from, arena, out, error);
    if (status == KFPS_OK && plan->want_total)
        status = kfpsi_list_count(op, plan, scope, &out->total_size, error);
    return status;
}
