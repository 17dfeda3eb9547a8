/* SPDX-License-Identifier: Apache-2.0 */
#include "migrate/source/audit_parts.h"

#include <stdlib.h>
#include <string.h>

/* ---- the properties that place and name an execution --------------------------------------------------------------
 */

enum { P_OWNER, P_NAME, P_INT, P_DOUBLE, P_TEXT };

static const char *text_of(audit_reading *r, const kfpb_rows *rows)
{
    unsigned flags = 0;
    if (!kfpb_is_null(rows, P_INT) || !kfpb_is_null(rows, P_DOUBLE))
        return NULL;
    const char *text = mlmd_row_text(r->source, rows, P_TEXT, r->arena, &flags);
    return text != NULL && strcmp(text, "__MLMD_NULL__") == 0 ? NULL : text;
}

/* Typed ones come first, so that the custom one of the same name stands in the end. */
static bool see_property(void *context, const kfpb_rows *rows)
{
    audit_reading *r = context;
    const mlmd_audit_execution *found = mlmd_audit_execution_of(r->out, kfpb_get_int(rows, P_OWNER));
    const char *name = kfpb_get_text(rows, P_NAME, NULL);
    const bool known = !kfpb_is_null(rows, P_INT);

    if (found == NULL || name == NULL)
        return true;
    mlmd_audit_execution *x = &r->out->executions[found - r->out->executions];
    if (strcmp(name, "parent_dag_id") == 0) {
        x->has_parent = true;
        x->parent_known = known;
        x->parent = kfpb_get_int(rows, P_INT);
    } else if (strcmp(name, "iteration_index") == 0) {
        x->index = kfpb_get_int(rows, P_INT);
        x->has_index = known && x->index >= 0;
    } else if (strcmp(name, "iteration_count") == 0) {
        x->has_count = true;
    } else if (strcmp(name, "task_name") == 0) {
        x->task_name = text_of(r, rows);
    } else if (strcmp(name, "display_name") == 0) {
        x->display_name = text_of(r, rows);
    } else if (strcmp(name, "cache_fingerprint") == 0) {
        x->fingerprint = text_of(r, rows);
    }
    return !r->arena->out_of_memory;
}

kfps_status mlmd_audit_properties(audit_reading *r, kfps_error *error)
{
    return mlmd_audit_select(r->source,
                             "SELECT p.execution_id AS owner, p.name AS name, p.int_value AS int_value,"
                             " p.double_value AS double_value, p.string_value AS string_value FROM %P p WHERE p.name IN"
                             " ('parent_dag_id', 'iteration_index', 'iteration_count', 'task_name', 'display_name',"
                             " 'cache_fingerprint') AND p.execution_id",
                             " ORDER BY p.is_custom_property", r->ids, r->id_count, see_property, r, error);
}

/* ---- the numbers of metrics -------------------------------------------------------------------------------------- */

typedef struct number {
    int64_t artifact_id; /* first: sorted by it */
    mlmd_audit_metric metric;
    bool custom, is_number;
} number;

typedef struct numbers {
    audit_reading *r;
    number *items;
    size_t count, capacity;
} numbers;

static bool see_number(void *context, const kfpb_rows *rows)
{
    numbers *n = context;
    unsigned flags = 0;
    number *items = mlmd_audit_grow(n->r->arena, n->items, &n->capacity, n->count, sizeof *items);

    if (items == NULL)
        return false;
    n->items = items;
    const bool whole = !kfpb_is_null(rows, 3);
    items[n->count] = (number){
        .artifact_id = kfpb_get_int(rows, 0),
        .metric = {mlmd_row_text(n->r->source, rows, 1, n->r->arena, &flags),
                   whole ? (double) kfpb_get_int(rows, 3) : kfpb_get_double(rows, 4)},
        .custom = kfpb_get_int(rows, 2) != 0,
        .is_number = whole || !kfpb_is_null(rows, 4),
    };
    n->count += items[n->count].metric.key != NULL;
    return !n->r->arena->out_of_memory;
}

static int compare_numbers(const void *a, const void *b)
{
    const number *x = a, *y = b;

    if (x->artifact_id != y->artifact_id)
        return x->artifact_id < y->artifact_id ? -1 : 1;
    const int order = strcmp(x->metric.key, y->metric.key);
    return order != 0 ? order : (int) y->custom - (int) x->custom;
}

static bool hand_out(numbers *n)
{
    mlmd_audit *out = n->r->out;
    mlmd_audit_metric *all = kfpb_arena_array(n->r->arena, n->count, sizeof *all);
    size_t kept = 0;

    for (size_t from = 0, to; all != NULL && from < n->count; from = to) {
        const mlmd_audit_artifact *owner = mlmd_audit_artifact_of(out, n->items[from].artifact_id);
        const size_t first = kept;
        for (to = from; to < n->count && n->items[to].artifact_id == n->items[from].artifact_id; to++) {
            const bool hidden = to > from && strcmp(n->items[to].metric.key, n->items[to - 1].metric.key) == 0;
            if (n->items[to].is_number && !hidden)
                all[kept++] = n->items[to].metric;
        }
        if (owner == NULL)
            continue;
        mlmd_audit_artifact *artifact = &out->artifacts[owner - out->artifacts];
        artifact->metrics = all + first;
        artifact->metric_count = kept - first;
    }
    return all != NULL;
}

kfps_status mlmd_audit_metrics(audit_reading *r, kfps_error *error)
{
    numbers n = {.r = r};
    size_t count = 0;
    int64_t *ids = kfpb_arena_array(r->arena, r->out->artifact_count, sizeof *ids);

    if (ids == NULL)
        return kfpb_fail_no_memory(error);
    for (size_t i = 0; i < r->out->artifact_count; i++) {
        if (strcmp(r->out->artifacts[i].type, "system.Metrics") == 0)
            ids[count++] = r->out->artifacts[i].id;
    }
    kfps_status status = mlmd_audit_select(
        r->source,
        "SELECT q.artifact_id AS owner, q.name AS name, q.is_custom_property AS custom, q.int_value AS int_value,"
        " q.double_value AS double_value FROM %Q q WHERE q.name NOT IN ('store_session_info', '_kfp_workspace')"
        " AND q.artifact_id",
        "", ids, count, see_number, &n, error);
    if (status == KFPS_OK && n.count > 1)
        qsort(n.items, n.count, sizeof *n.items, compare_numbers);
    if (status == KFPS_OK && !hand_out(&n))
        status = kfpb_fail_no_memory(error);
    return status;
}
