/* SPDX-License-Identifier: Apache-2.0 */
/* sql.c: the statement builder. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "backends/sql.h"

#include <stdlib.h>
#include <string.h>

#include "backends/base/fail.h"
#include "backends/literal.h"

enum { USUAL_LENGTH = 1000 };

void kfpb_sql_init(kfpb_sql *sql, const kfpb_conn *conn)
{
    *sql = (kfpb_sql){.driver = conn->driver};
    kfpb_arena_init(&sql->lists);
    kfpb_text_reserve(&sql->text, USUAL_LENGTH);
}

void kfpb_sql_free(kfpb_sql *sql)
{
    if (sql == NULL)
        return;
    kfpb_text_free(&sql->text);
    kfpb_arena_free(&sql->lists);
    free(sql->values);
    *sql = (kfpb_sql){.driver = sql->driver};
}

void kfpb_sql_reset(kfpb_sql *sql)
{
    kfpb_text_clear(&sql->text);
    kfpb_arena_reset(&sql->lists);
    sql->count = 0;
    sql->out_of_memory = false;
}

void kfpb_sql_add(kfpb_sql *sql, const char *constant)
{
    kfpb_text_add(&sql->text, constant);
}

static void quoted(kfpb_text *text, const char *prefix, const char *name)
{
    const size_t before = prefix != NULL ? strlen(prefix) : 0, length = strlen(name);
    if (!kfpb_text_reserve(text, before + length + 2))
        return;
    char *p = text->data + text->length;
    if (before > 0)
        p = mempcpy(p, prefix, before);
    *p++ = '"';
    p = mempcpy(p, name, length);
    *p++ = '"';
    *p = '\0';
    text->length = (size_t) (p - text->data);
}

void kfpb_sql_name(kfpb_sql *sql, const char *name)
{
    quoted(&sql->text, NULL, name);
}

/* The value of a `?` that stands in the text already. */
static void push(kfpb_sql *sql, kfpb_value value)
{
    if (sql->count == sql->capacity) {
        const size_t capacity = sql->capacity == 0 ? 16 : sql->capacity * 2;
        kfpb_value *values = reallocarray(sql->values, capacity, sizeof *values);
        if (values == NULL) {
            sql->out_of_memory = true;
            return;
        }
        sql->values = values;
        sql->capacity = capacity;
    }
    sql->values[sql->count++] = value;
}

void kfpb_sql_bind(kfpb_sql *sql, kfpb_value value)
{
    kfpb_text_char(&sql->text, '?');
    push(sql, value);
}

/* ---- lists ------------------------------------------------------------------------------------------------------- */

/* A list of either kind, so that one function serves both. */
typedef struct list {
    const int64_t *ints;
    const char *const *texts;
    size_t count;
} list;

static void in_values(kfpb_sql *sql, const list *items)
{
    kfpb_sql_add(sql, " IN (");
    for (size_t i = 0; i < items->count; i++) {
        if (i > 0)
            kfpb_text_char(&sql->text, ',');
        kfpb_sql_bind(sql, items->ints != NULL ? kfpb_int(items->ints[i]) : kfpb_str(items->texts[i]));
    }
    kfpb_sql_add(sql, ")");
}

/* The list as one text, which the builder keeps: `[1,2]` or `{1,2}`. */
static void bind_list(kfpb_sql *sql, const list *items, bool json)
{
    kfpb_text text = {0};
    kfpb_text_char(&text, json ? '[' : '{');
    for (size_t i = 0; i < items->count; i++) {
        if (i > 0)
            kfpb_text_char(&text, ',');
        if (items->ints != NULL)
            kfpb_text_int(&text, items->ints[i]);
        else if (json)
            kfpb_literal_json(&text, items->texts[i]);
        else
            kfpb_literal_array_item(&text, items->texts[i]);
    }
    kfpb_text_char(&text, json ? ']' : '}');
    const char *copy = text.out_of_memory ? NULL : kfpb_arena_textn(&sql->lists, text.data, text.length);
    if (copy == NULL)
        sql->out_of_memory = true;
    kfpb_sql_bind(sql, kfpb_textn(copy, text.length));
    kfpb_text_free(&text);
}

static void in_list(kfpb_sql *sql, const list *items)
{
    if (items->count == 0) {
        kfpb_sql_add(sql, " IN (NULL)");
        return;
    }
    switch (sql->driver->dialect.in_list) {
    case KFPB_IN_VALUES:
        in_values(sql, items);
        break;
    case KFPB_IN_JSON:
        kfpb_sql_add(sql, " IN (SELECT value FROM json_each(");
        bind_list(sql, items, true);
        kfpb_sql_add(sql, "))");
        break;
    case KFPB_IN_ARRAY:
        kfpb_sql_add(sql, " = ANY(");
        bind_list(sql, items, false);
        kfpb_sql_add(sql, items->ints != NULL ? "::bigint[])" : "::text[])");
        break;
    }
}

void kfpb_sql_in_ints(kfpb_sql *sql, const int64_t *ids, size_t count)
{
    in_list(sql, &(list){.ints = ids, .count = count});
}

void kfpb_sql_in_texts(kfpb_sql *sql, const char *const *texts, size_t count)
{
    in_list(sql, &(list){.texts = texts, .count = count});
}

void kfpb_sql_array(kfpb_sql *sql, const char *const *texts, size_t count)
{
    bind_list(sql, &(list){.texts = texts, .count = count}, false);
    kfpb_sql_add(sql, "::text[]");
}

/* ---- columns ----------------------------------------------------------------------------------------------------- */

void kfpb_sql_column(kfpb_sql *sql, const char *prefix, const char *name)
{
    quoted(&sql->text, prefix, name);
}

/* As constants have them, or NULL. */
static const char *all_names(const kfpb_table *table, const char *prefix)
{
    if (prefix == NULL)
        return table->names;
    return table->prefix != NULL && strcmp(prefix, table->prefix) == 0 ? table->prefixed : NULL;
}

void kfpb_sql_columns(kfpb_sql *sql, const kfpb_table *table, const char *prefix)
{
    const char *names = all_names(table, prefix);
    if (names != NULL) {
        kfpb_sql_add(sql, names);
        return;
    }
    for (size_t i = 0; i < table->column_count; i++) {
        if (i > 0)
            kfpb_text_char(&sql->text, ',');
        quoted(&sql->text, prefix, table->columns[i].name);
    }
}

/* ---- running it -------------------------------------------------------------------------------------------------- */

bool kfpb_sql_out_of_memory(const kfpb_sql *sql)
{
    return sql->out_of_memory || sql->text.out_of_memory || sql->lists.out_of_memory;
}

kfps_status kfpb_sql_exec(kfpb_conn *conn, kfpb_sql *sql, int64_t *affected, kfps_error *error)
{
    if (kfpb_sql_out_of_memory(sql))
        return kfpb_fail_no_memory(error);
    return kfpb_exec(conn, kfpb_text_get(&sql->text), sql->values, sql->count, affected, error);
}

kfps_status kfpb_sql_query(kfpb_conn *conn, kfpb_sql *sql, kfpb_rows **out, kfps_error *error)
{
    *out = NULL;
    if (kfpb_sql_out_of_memory(sql))
        return kfpb_fail_no_memory(error);
    return kfpb_query(conn, kfpb_text_get(&sql->text), sql->values, sql->count, out, error);
}
