/* SPDX-License-Identifier: Apache-2.0 */
#include "libkfpstore/task_write.h"

#include <stdlib.h>

#include "backends/base/fail.h"
#include "backends/record.h"
#include "libkfpstore/query.h"
#include "libkfpstore/tables.h"
#include "libkfpstore/view.h"

static kfps_status see(void *context, const kfpb_rows *row, kfps_error *error)
{
    kfpsi_update *u = context;
    kfpsi_task_node *node = kfpsi_tree_find(&u->tree, kfpb_get_text(row, 0, NULL));
    if (node == NULL) /* the collation found it, the bytes do not */
        return KFPS_OK;
    node->was = (kfps_task){0};
    kfpsi_view_read(row, 0, &kfpsi_view_task, u->arena, &node->was);
    node->row = node->was;
    return u->arena->out_of_memory ? kfpb_fail_no_memory(error) : KFPS_OK;
}

kfps_status kfpsi_level_lock(kfpsi_update *u, kfpsi_task_node *const *level, size_t level_count, kfps_error *error)
{
    kfps_status status = KFPS_OK;
    kfpb_sql before, after;
    const char **uuids = kfpb_arena_array(u->arena, level_count, sizeof *uuids);
    size_t count = 0;
    if (uuids == NULL)
        return kfpb_fail_no_memory(error);
    for (size_t i = 0; i < level_count; i++) {
        if (level[i]->was.uuid == NULL)
            uuids[count++] = level[i]->uuid;
    }
    if (count == 0)
        return KFPS_OK;
    kfpb_sql_init(&before, u->op->conn);
    kfpb_sql_init(&after, u->op->conn);
    kfpb_sql_add(&before, "SELECT ");
    kfpsi_view_columns(&before, &kfpsi_view_task, NULL);
    kfpb_sql_add(&before, " FROM \"tasks\" WHERE \"UUID\"");
    if (count == 1) {
        kfpb_sql_add(&before, "=");
        kfpb_sql_bind(&before, kfpb_str(uuids[0]));
        kfpb_sql_add(&before, u->op->conn->driver->dialect.for_update);
        status = kfpsi_each(u->op->conn, &before, see, u, error);
    } else {
        kfpb_sql_add(&after, " ORDER BY \"UUID\"");
        kfpb_sql_add(&after, u->op->conn->driver->dialect.for_update);
        if (kfpb_sql_out_of_memory(&before) || kfpb_sql_out_of_memory(&after))
            status = kfpb_fail_no_memory(error);
        else
            status = kfpsi_each_in(u->op->conn, kfpb_text_get(&before.text), uuids, count, kfpb_text_get(&after.text),
                                   see, u, error);
    }
    kfpb_sql_free(&before);
    kfpb_sql_free(&after);
    return status;
}

/* ---- writing ----------------------------------------------------------------------------------------------------- */

static bool same_value(const kfpb_value *a, const kfpb_value *b)
{
    if (a->kind != b->kind)
        return false;
    if (a->kind == KFPB_TEXT)
        return a->text == b->text || (a->length == b->length && memcmp(a->text, b->text, a->length) == 0);
    return a->integer == b->integer;
}

static bool differs(const kfpsi_task_node *node, size_t column)
{
    const kfpb_value was = kfpb_record_value(&kfpsi_tasks.columns[column], &node->was);
    const kfpb_value is = kfpb_record_value(&kfpsi_tasks.columns[column], &node->row);
    return !same_value(&was, &is);
}

static bool is_changed(const kfpsi_task_node *node)
{
    for (size_t c = kfpsi_tasks.key_columns; c < kfpsi_tasks.column_count; c++) {
        if (differs(node, c))
            return true;
    }
    return false;
}

static kfps_status write_one(kfpsi_update *u, const kfpsi_task_node *node, kfps_error *error)
{
    kfpb_sql sql;
    bool first = true;
    kfpb_sql_init(&sql, u->op->conn);
    kfpb_sql_add(&sql, "UPDATE \"tasks\" SET ");
    for (size_t c = kfpsi_tasks.key_columns; c < kfpsi_tasks.column_count; c++) {
        if (!differs(node, c))
            continue;
        if (!first)
            kfpb_sql_add(&sql, ",");
        first = false;
        kfpb_sql_name(&sql, kfpsi_tasks.columns[c].name);
        kfpb_sql_add(&sql, "=");
        kfpb_sql_bind(&sql, kfpb_record_value(&kfpsi_tasks.columns[c], &node->row));
    }
    kfpb_sql_add(&sql, " WHERE \"UUID\"=");
    kfpb_sql_bind(&sql, kfpb_str(node->uuid));
    const kfps_status status = kfpb_sql_exec(u->op->conn, &sql, NULL, error);
    kfpb_sql_free(&sql);
    return status;
}

/* `element` of a level as the change that the task has last. */
static void name_change(const kfpsi_update *u, const kfpsi_task_node *node, kfps_error *error)
{
    size_t change = node->first_change;
    while (change != SIZE_MAX && u->next_change[change] != SIZE_MAX)
        change = u->next_change[change];
    error->element = change != SIZE_MAX ? (int32_t) change : -1;
}

kfps_status kfpsi_level_write(kfpsi_update *u, kfpsi_task_node *const *level, size_t count, kfps_error *error)
{
    const void **records = kfpb_arena_array(u->arena, count, sizeof *records);
    const kfpsi_task_node **nodes = kfpb_arena_array(u->arena, count, sizeof *nodes);
    size_t changed = 0, bytes = 0;
    if (records == NULL || nodes == NULL)
        return kfpb_fail_no_memory(error);
    for (size_t i = 0; i < count; i++) {
        if (!is_changed(level[i]))
            continue;
        records[changed] = &level[i]->row;
        nodes[changed++] = level[i];
    }
    if (changed == 0)
        return KFPS_OK;
    kfps_status status = kfpb_check_records(&kfpsi_tasks, records, changed, &u->op->conn->limits, &bytes, error);
    if (status != KFPS_OK) {
        if (error->element >= 0 && (size_t) error->element < changed)
            name_change(u, nodes[error->element], error);
        return status;
    }
    if (changed == 1) {
        status = write_one(u, nodes[0], error);
        if (status != KFPS_OK)
            name_change(u, nodes[0], error);
        return status;
    }
    status = kfpb_insert(u->op->conn, &kfpsi_tasks, records, changed, KFPB_CONFLICT_REPLACE, NULL, error);
    if (status != KFPS_OK)
        error->element = -1;
    return status;
}
