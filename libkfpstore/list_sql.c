/* SPDX-License-Identifier: Apache-2.0 */
/* list_sql.c: a plan and a scope as statements that stop after a page. */
#include "libkfpstore/index_range.h"
#include "libkfpstore/list.h"
#include "libkfpstore/query.h"

enum { GROUP = 100 }; /* subqueries in one UNION: SQLite takes 500 */

static const kfpsi_field *sort_field(const kfpsi_list_part *p)
{
    return &p->plan->fields->items[p->plan->position.sort];
}

static const kfpb_column *column_of(const kfpsi_list_part *p, int column)
{
    return &p->plan->fields->table->columns[column];
}

static const kfpb_column *sort_column(const kfpsi_list_part *p)
{
    return column_of(p, sort_field(p)->column);
}

static const kfpb_column *key_column(const kfpsi_list_part *p)
{
    return column_of(p, 0);
}

/* Whether the part is in the order of the key alone. */
static bool by_key(const kfpsi_list_part *p)
{
    return p->nulls || sort_field(p)->column == 0;
}

/* Several ids choose the index: the first rows of each are merged. */
static bool merges(const kfpsi_scope *scope)
{
    return scope->count > 0 && scope->terms[0].texts != NULL && scope->terms[0].count > 1;
}

/* The index that fits scope and order, if nothing else could choose a better one; else NULL. */
static const kfpsi_path *path_of(const kfpsi_list_part *p)
{
    int scope = -1, also = -1;
    if (p->plan->filter.count > 0 || p->scope->narrows)
        return NULL;
    for (size_t i = 0; i < p->scope->count; i++) {
        const kfpsi_term *term = &p->scope->terms[i];
        if (term->texts == NULL && term->count == 1)
            also = term->column;
        else if (term->texts != NULL && i == 0)
            scope = term->column;
    }
    return kfpsi_path_find(p->plan->fields, scope, also, sort_field(p)->column);
}

/* The index that is walked from a place to a place; NULL: the engine finds rows by what they have. Where rows without
 * a sort value are behind the others, such a walk would go on through all of them. */
static const kfpsi_path *walk_of(const kfpb_sql *sql, const kfpsi_list_part *p)
{
    if (sql->driver->dialect.hidden == NULL || sort_field(p)->nullable)
        return NULL;
    const kfpsi_path *path = path_of(p);
    return path != NULL && (path->scope >= 0 || path->also >= 0) ? path : NULL;
}

/* ---- conditions ---------------------------------------------------------------------------------------------------
 */

static void term_sql(kfpb_sql *sql, const kfpsi_fields *fields, const kfpsi_term *term, bool residual)
{
    const kfpb_column *column = &fields->table->columns[term->column];
    if (residual)
        kfpsi_sql_residual(sql);
    if (term->texts != NULL && term->count == 1) {
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
    if (residual)
        kfpsi_sql_residual_end(sql);
}

void kfpsi_scope_sql(kfpb_sql *sql, const kfpsi_fields *fields, const kfpsi_scope *scope)
{
    for (size_t i = 0; i < scope->count; i++)
        term_sql(sql, fields, &scope->terms[i], scope->terms[i].residual);
    if (scope->more != NULL)
        scope->more(sql, scope->context);
}

/* S, or the key, a comparison and its value. */
static void compare(kfpb_sql *sql, const kfpb_column *column, const char *operator, kfpb_value value)
{
    kfpsi_sql_operand(sql, column, NULL);
    kfpb_sql_add(sql, operator);
    kfpb_sql_bind(sql, value);
}

/* Behind the last row of the page before, in the form that the engine's optimiser understands. */
static void behind_sql(kfpb_sql *sql, const kfpsi_list_part *p)
{
    const kfpsi_position *last = &p->plan->position;
    const kfpb_column *sort = sort_column(p), *key = key_column(p);
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
        /* hidden: planning anew for each depth takes as long as reading the page, and finds the same plan */
        kfpsi_sql_hidden(sql, last->value);
        kfpb_sql_add(sql, ",");
        kfpsi_sql_hidden(sql, kfpb_str(last->key));
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

static void null_sql(kfpb_sql *sql, const kfpsi_list_part *p)
{
    if (!sort_field(p)->nullable)
        return;
    kfpsi_sql_and(sql);
    kfpb_sql_name(sql, sort_column(p)->name);
    kfpb_sql_add(sql, p->nulls ? " IS NULL" : " IS NOT NULL");
}

/* ---- an index as a range ------------------------------------------------------------------------------------------
 */

static const kfpsi_term *term_of(const kfpsi_scope *scope, int column)
{
    size_t i = 0;
    while (scope->terms[i].column != column)
        i++;
    return &scope->terms[i];
}

/* Where all rows of the range are the same. */
static kfpsi_place place_of(const kfpb_column *column, const kfpsi_term *term)
{
    if (term->texts != NULL && term->count > 1)
        return (kfpsi_place){column, "i.id", {0}, false}; /* of the lateral join */
    return (kfpsi_place){column, NULL, term->texts != NULL ? kfpb_str(term->texts[0]) : kfpb_int(term->ints[0]), true};
}

/* From the first row of the scope, or behind the last one of the page before, to its last row. */
static void walk_sql(kfpb_sql *sql, const kfpsi_list_part *p, const kfpsi_path *path)
{
    const kfpsi_position *last = &p->plan->position;
    const bool continued = p->plan->continued;
    kfpsi_place places[4];
    size_t count = 0;
    for (int i = 0; i < 2; i++) {
        const int column = i == 0 ? path->scope : path->also;
        if (column >= 0)
            places[count++] = place_of(column_of(p, column), term_of(p->scope, column));
    }
    const size_t same = count;
    if (continued && !by_key(p))
        places[count++] = (kfpsi_place){sort_column(p), NULL, last->value, false};
    places[count++] = (kfpsi_place){key_column(p), NULL, kfpb_str(continued ? last->key : ""), false};
    kfpsi_range_sql(sql, NULL, places, same, count, kfpsi_range_of(continued, last->descending));
}

/* ---- statements ---------------------------------------------------------------------------------------------------
 */

static void ordered_by(kfpb_sql *sql, const kfpsi_list_part *p, const kfpb_column *column, const char *before)
{
    kfpb_sql_add(sql, before);
    kfpsi_sql_operand(sql, column, NULL);
    kfpb_sql_add(sql, p->plan->position.descending ? " DESC" : "");
}

/* `walk`: the order of the whole index, which is that of the list within the range; may be NULL. */
static void order_sql(kfpb_sql *sql, const kfpsi_list_part *p, const kfpsi_path *walk)
{
    const char *before = " ORDER BY ";
    for (int i = 0; i < 2 && walk != NULL; i++) {
        const int column = i == 0 ? walk->scope : walk->also;
        if (column < 0)
            continue;
        ordered_by(sql, p, column_of(p, column), before);
        before = ",";
    }
    if (!by_key(p)) {
        ordered_by(sql, p, sort_column(p), before);
        before = ",";
    }
    ordered_by(sql, p, key_column(p), before);
    /* a number of ours, 1 to 201: as a value it would hide from PostgreSQL's planner how little is wanted */
    kfpb_sql_add(sql, " LIMIT ");
    kfpb_text_int(&sql->text, (int64_t) p->limit);
}

static void from_sql(kfpb_sql *sql, const kfpsi_list_part *p)
{
    const char *hint = sql->driver->dialect.index_hint;
    const kfpsi_path *path = *hint != '\0' ? path_of(p) : NULL;
    kfpb_sql_add(sql, " FROM ");
    kfpb_sql_name(sql, p->plan->fields->table->name);
    if (path != NULL)
        kfpsi_index_hint(sql, path->index);
}

static void select_columns(kfpb_sql *sql, const kfpsi_list_part *p)
{
    kfpb_sql_add(sql, "SELECT ");
    kfpsi_view_columns(sql, p->view, NULL);
}

/* The rows of one id of a scope that merges (NULL: of the row `i` of a lateral join), or of the whole scope. */
static void select_sql(kfpb_sql *sql, const kfpsi_list_part *p, const char *id)
{
    const kfpsi_plan *plan = p->plan;
    const kfpsi_scope *scope = p->scope;
    const kfpsi_path *walk = walk_of(sql, p);
    select_columns(sql, p);
    from_sql(sql, p);
    kfpb_sql_add(sql, " WHERE");
    if (walk != NULL)
        walk_sql(sql, p, walk);
    for (size_t i = 0; i < scope->count; i++) {
        const kfpsi_term *term = &scope->terms[i];
        if (walk != NULL && (term->column == walk->scope || term->column == walk->also))
            continue;
        if (i == 0 && merges(scope) && id != NULL) {
            kfpsi_sql_equals(sql, column_of(p, term->column), NULL, id);
        } else if (i == 0 && merges(scope)) {
            kfpsi_sql_and(sql);
            kfpb_sql_name(sql, column_of(p, term->column)->name);
            kfpb_sql_add(sql, "=i.id");
        } else {
            term_sql(sql, plan->fields, term, term->residual || walk != NULL);
        }
    }
    if (scope->more != NULL)
        scope->more(sql, scope->context);
    kfpsi_filter_sql(sql, plan->fields, &plan->filter, NULL);
    null_sql(sql, p);
    if (walk == NULL)
        behind_sql(sql, p);
    kfpsi_sql_no_where(sql);
    order_sql(sql, p, walk);
}

static void lateral_sql(kfpb_sql *sql, const kfpsi_list_part *p)
{
    const kfpsi_term *ids = &p->scope->terms[0];
    select_columns(sql, p);
    kfpb_sql_add(sql, " FROM unnest(");
    kfpb_sql_array(sql, ids->texts, ids->count);
    kfpb_sql_add(sql, ") AS i(id) CROSS JOIN LATERAL (");
    select_sql(sql, p, NULL);
    kfpb_sql_add(sql, ") AS u");
    order_sql(sql, p, NULL);
}

/* Of ids[from…to); more than GROUP of them as unions of unions. */
static void union_sql(kfpb_sql *sql, const kfpsi_list_part *p, size_t from, size_t to)
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
    order_sql(sql, p, NULL);
}

void kfpsi_list_sql(kfpb_sql *sql, const kfpsi_list_part *p)
{
    if (!merges(p->scope))
        select_sql(sql, p, NULL);
    else if (sql->driver->dialect.each == KFPB_EACH_LATERAL)
        lateral_sql(sql, p);
    else
        union_sql(sql, p, 0, p->scope->terms[0].count);
}
