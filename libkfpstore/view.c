/* SPDX-License-Identifier: Apache-2.0 */
#include "libkfpstore/view.h"

#include "libkfpstore/tables.h"

/* Of kfpsi_tasks: without the JSON columns. */
static const uint8_t task_basic[] = {0, 1, 2, 4, 5, 6, 7, 8, 9, 10, 11, 16, 18, 19};

const kfpsi_view kfpsi_view_artifact = {.table = &kfpsi_artifacts};
const kfpsi_view kfpsi_view_artifact_task = {.table = &kfpsi_artifact_tasks};
const kfpsi_view kfpsi_view_task = {.table = &kfpsi_tasks};
const kfpsi_view kfpsi_view_task_basic = {&kfpsi_tasks, task_basic, sizeof task_basic};

size_t kfpsi_view_count(const kfpsi_view *view)
{
    return view->columns != NULL ? view->count : view->table->column_count;
}

static const kfpb_column *column_of(const kfpsi_view *view, size_t i)
{
    return &view->table->columns[view->columns != NULL ? view->columns[i] : i];
}

void kfpsi_view_columns(kfpb_sql *sql, const kfpsi_view *view, const char *prefix)
{
    if (view->columns == NULL) {
        kfpb_sql_columns(sql, view->table, prefix);
        return;
    }
    for (size_t i = 0; i < view->count; i++) {
        if (i > 0)
            kfpb_text_char(&sql->text, ',');
        kfpb_sql_column(sql, prefix, column_of(view, i)->name);
    }
}

static void put(void *record, size_t offset, const void *value, size_t size)
{
    memcpy((char *) record + offset, value, size);
}

static void read_column(const kfpb_rows *rows, size_t place, const kfpb_column *column, kfpb_arena *arena, void *record)
{
    switch (column->type) {
    case KFPB_COL_TEXT:
    case KFPB_COL_JSON: {
        size_t length;
        const char *text = kfpb_get_text(rows, place, &length);
        const char *copy = kfpb_arena_textn(arena, text, length);
        put(record, column->offset, &copy, sizeof copy);
        break;
    }
    case KFPB_COL_INT32: {
        const int32_t value = (int32_t) kfpb_get_int(rows, place);
        put(record, column->offset, &value, sizeof value);
        break;
    }
    case KFPB_COL_INT64: {
        const int64_t value = kfpb_get_int(rows, place);
        put(record, column->offset, &value, sizeof value);
        break;
    }
    case KFPB_COL_DOUBLE: {
        const double value = kfpb_get_double(rows, place);
        const int32_t has = !kfpb_is_null(rows, place);
        put(record, column->offset, &value, sizeof value);
        if (column->nullable)
            put(record, column->has_offset, &has, sizeof has);
        break;
    }
    }
}

void kfpsi_view_read(const kfpb_rows *rows, size_t first, const kfpsi_view *view, kfpb_arena *arena, void *record)
{
    const size_t count = kfpsi_view_count(view);
    for (size_t i = 0; i < count; i++)
        read_column(rows, first + i, column_of(view, i), arena, record);
}

void kfpsi_record_own(const kfpsi_view *view, kfpb_arena *arena, void *record)
{
    const size_t count = kfpsi_view_count(view);
    for (size_t i = 0; i < count; i++) {
        const kfpb_column *column = column_of(view, i);
        if (column->type != KFPB_COL_TEXT && column->type != KFPB_COL_JSON)
            continue;
        const char *text;
        memcpy(&text, (const char *) record + column->offset, sizeof text);
        text = kfpb_arena_text(arena, text);
        put(record, column->offset, &text, sizeof text);
    }
}

void kfpsi_record_copy(const kfpsi_view *view, kfpb_arena *arena, const void *from, void *to, size_t size)
{
    memcpy(to, from, size);
    kfpsi_record_own(view, arena, to);
}
