/* SPDX-License-Identifier: Apache-2.0 */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "backends/base/fail.h"
#include "backends/sql.h"
#include "libkfpstore/tables.h"
#include "migrate/verify/deep.h"

enum { KEYS_PER_STATEMENT = 1000 };

/* ---- values ------------------------------------------------------------------------------------------------------ */

/* As values: engines write numbers and the order of keys in their own ways. How deep it goes jansson has bounded. */
static bool same_json(const json_t *a, const json_t *b)
{
    if (json_is_number(a) && json_is_number(b))
        return json_is_integer(a) && json_is_integer(b) ? json_integer_value(a) == json_integer_value(b)
                                                        : json_number_value(a) == json_number_value(b);
    if (json_typeof(a) != json_typeof(b))
        return false;
    if (json_is_array(a)) {
        const size_t count = json_array_size(a);
        bool same = count == json_array_size(b);
        for (size_t i = 0; same && i < count; i++)
            same = same_json(json_array_get(a, i), json_array_get(b, i));
        return same;
    }
    if (json_is_object(a)) {
        bool same = json_object_size(a) == json_object_size(b);
        const char *key;
        size_t length;
        json_t *value;
        json_object_keylen_foreach((json_t *) (uintptr_t) a, key, length, value)
        {
            const json_t *other = json_object_getn(b, key, length);
            same = same && other != NULL && same_json(value, other);
        }
        return same;
    }
    return json_equal(a, b) != 0;
}

static bool same_json_text(const char *a, const char *b)
{
    if (strcmp(a, b) == 0)
        return true;
    json_t *x = json_loads(a, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
    json_t *y = json_loads(b, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
    const bool same = x != NULL && y != NULL && same_json(x, y);
    json_decref(x);
    json_decref(y);
    return same;
}

static bool same_value(const kfpb_column *column, const void *record, const kfpb_rows *rows, size_t i)
{
    const char *field = (const char *) record + column->offset;
    const bool null = kfpb_is_null(rows, i);
    const char *text;
    int32_t small, has;
    int64_t big;
    double real;
    switch (column->type) {
    case KFPB_COL_INT32:
        memcpy(&small, field, sizeof small);
        return !null && kfpb_get_int(rows, i) == small;
    case KFPB_COL_INT64:
        memcpy(&big, field, sizeof big);
        return !null && kfpb_get_int(rows, i) == big;
    case KFPB_COL_DOUBLE:
        memcpy(&real, field, sizeof real);
        memcpy(&has, (const char *) record + column->has_offset, sizeof has);
        return null ? has == 0 : has != 0 && kfpb_get_double(rows, i) == real;
    case KFPB_COL_TEXT:
    case KFPB_COL_JSON:
        break;
    }
    memcpy(&text, field, sizeof text);
    if (null || text == NULL)
        return null && text == NULL;
    const char *found = kfpb_get_text(rows, i, NULL);
    return column->type == KFPB_COL_JSON ? same_json_text(text, found) : strcmp(text, found) == 0;
}

/* Once tasks_pre_migration was dropped, nothing says any more what a fingerprint that came from it should be. */
static bool is_unknowable(const verify_job *job, const deep_table *how, const kfpb_column *column, const void *record)
{
    if (how->table != &kfpsi_tasks || job->legacy_table != NULL || column->offset != offsetof(kfps_task, fingerprint))
        return false;
    const kfps_task *task = record;
    return task->fingerprint[0] == '\0' && task->state == KFPS_TASK_SUCCEEDED && task->type == KFPS_TASK_RUNTIME;
}

/* ---- rows -------------------------------------------------------------------------------------------------------- */

static int compare_rows(const void *a, const void *b)
{
    return strcmp(((const deep_row *) a)->uuid, ((const deep_row *) b)->uuid);
}

static void compare_row(verify_job *job, const deep_table *how, const kfpb_rows *rows, deep_row *row)
{
    kfpb_text columns = {0};
    size_t differing = 0;
    row->seen = true;
    for (size_t i = 0; i < how->table->column_count; i++) {
        const kfpb_column *column = &how->table->columns[i];
        if (same_value(column, row->record, rows, i) || is_unknowable(job, how, column, row->record))
            continue;
        kfpb_text_printf(&columns, "%s%s", differing++ > 0 ? ", " : "", column->name);
    }
    if (differing > 0)
        verify_say(job, row->facts, row->name, how->changed, row->uuid, "%s differ%s", kfpb_text_get(&columns),
                   differing == 1 ? "s" : "");
    job->arena->out_of_memory |= columns.out_of_memory;
    kfpb_text_free(&columns);
}

static verify_run_facts *facts_of(verify_run_facts *facts, size_t count, const char *run)
{
    for (size_t i = 0; i < count; i++) {
        if (facts[i].mapped && facts[i].uuid != NULL && strcmp(facts[i].uuid, run) == 0)
            return &facts[i];
    }
    return NULL;
}

static size_t column_of(const kfpb_table *table, const char *name)
{
    size_t i = 0;
    while (i < table->column_count && strcmp(table->columns[i].name, name) != 0)
        i++;
    return i;
}

static kfps_status read_chunk(verify_job *job, const deep_table *how, const char *const *keys, size_t count,
                              deep_rows *wanted, verify_run_facts *facts, size_t fact_count)
{
    const size_t run_column = column_of(how->table, "RunUUID");
    kfpb_rows *rows = NULL;
    kfpb_sql sql;
    kfpb_sql_init(&sql, job->target);
    kfpb_sql_add(&sql, "SELECT ");
    kfpb_sql_columns(&sql, how->table, NULL);
    kfpb_sql_add(&sql, " FROM ");
    kfpb_sql_name(&sql, how->table->name);
    kfpb_sql_add(&sql, " WHERE ");
    kfpb_sql_name(&sql, how->key);
    kfpb_sql_in_texts(&sql, keys, count);
    kfps_status status = kfpb_sql_query(job->target, &sql, &rows, job->error);
    int got = 0;
    while (status == KFPS_OK && (got = kfpb_next(rows, job->error)) > 0) {
        const deep_row key = {.uuid = kfpb_get_text(rows, 0, NULL)};
        deep_row *row = wanted->count > 0
                            ? bsearch(&key, wanted->items, wanted->count, sizeof *wanted->items, compare_rows)
                            : NULL;
        if (row != NULL) {
            compare_row(job, how, rows, row);
            continue;
        }
        verify_run_facts *run = how->extras ? facts_of(facts, fact_count, kfpb_get_text(rows, run_column, NULL)) : NULL;
        if (run != NULL && !run->shared)
            verify_say(job, run, run->uuid, how->extra, key.uuid, "nothing in the source is behind it");
    }
    if (got < 0)
        status = (kfps_status) job->error->code;
    kfpb_rows_free(&rows);
    kfpb_sql_free(&sql);
    return status;
}

kfps_status deep_compare_rows(verify_job *job, const deep_table *how, const char *const *keys, size_t count,
                              deep_rows *rows, verify_run_facts *facts, size_t fact_count)
{
    kfps_status status = KFPS_OK;
    if (rows->count > 1)
        qsort(rows->items, rows->count, sizeof *rows->items, compare_rows);
    for (size_t from = 0; from < count && status == KFPS_OK; from += KEYS_PER_STATEMENT)
        status = read_chunk(job, how, keys + from,
                            count - from < KEYS_PER_STATEMENT ? count - from : KEYS_PER_STATEMENT, rows, facts,
                            fact_count);
    for (size_t i = 0; status == KFPS_OK && i < rows->count; i++) {
        const deep_row *row = &rows->items[i];
        if (!row->seen)
            verify_say(job, row->facts, row->name, how->missing, row->uuid, "the row is missing");
    }
    if (status == KFPS_OK && job->arena->out_of_memory)
        status = kfpb_fail_no_memory(job->error);
    return status;
}
