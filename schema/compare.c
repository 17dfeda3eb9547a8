/* SPDX-License-Identifier: Apache-2.0 */
/* compare.c: says how one picture of a schema differs from another. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "schema/inspect.h"

typedef struct listener {
    schema_say say;
    void *context;
    size_t differences;
} listener;

static void differ(listener *to, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void differ(listener *to, const char *format, ...)
{
    char line[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    to->differences++;
    if (to->say != NULL)
        to->say(to->context, line);
}

static bool same(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static const char *shown(const char *initial)
{
    return initial == NULL ? "none" : *initial == '\0' ? "''" : initial;
}

static void compare_columns(const schema_table *expected, const schema_table *found, listener *to)
{
    for (size_t i = 0; i < expected->column_count; i++) {
        const schema_column *want = &expected->columns[i];
        const schema_column *have = schema_find_column(found, want->name);
        if (have == NULL) {
            differ(to, "%s.%s: is missing, should be %s", found->name, want->name, want->type);
            continue;
        }
        if (!same(want->type, have->type))
            differ(to, "%s.%s: is %s, should be %s", found->name, want->name, have->type, want->type);
        if (want->nullable != have->nullable)
            differ(to, "%s.%s: is %s, should be %s", found->name, want->name, have->nullable ? "nullable" : "NOT NULL",
                   want->nullable ? "nullable" : "NOT NULL");
        if (!same(want->initial, have->initial))
            differ(to, "%s.%s: its default is %s, should be %s", found->name, want->name, shown(have->initial),
                   shown(want->initial));
    }
    for (size_t i = 0; i < found->column_count; i++) {
        const schema_column *have = &found->columns[i];
        if (schema_find_column(expected, have->name) == NULL && !have->nullable && have->initial == NULL)
            differ(to, "%s.%s: is not expected, and is NOT NULL without a default", found->name, have->name);
    }
}

static const char *unique_word(bool unique)
{
    return unique ? "unique " : "";
}

static void compare_indexes(const schema_table *expected, const schema_table *found, listener *to)
{
    for (size_t i = 0; i < expected->index_count; i++) {
        const schema_index *want = &expected->indexes[i];
        const schema_index *have = schema_find_index(found, want->name);
        if (have == NULL)
            differ(to, "%s: the %sindex %s (%s) is missing", found->name, unique_word(want->unique), want->name,
                   want->columns);
        else if (want->unique != have->unique || !same(want->columns, have->columns))
            differ(to, "%s: the index %s is %s(%s), should be %s(%s)", found->name, want->name,
                   unique_word(have->unique), have->columns, unique_word(want->unique), want->columns);
        else if (!have->valid)
            differ(to, "%s: the index %s is invalid; drop it and create it again", found->name, want->name);
    }
    for (size_t i = 0; i < found->index_count; i++) {
        const schema_index *have = &found->indexes[i];
        if (have->unique && schema_find_index(expected, have->name) == NULL)
            differ(to, "%s: the unique index %s (%s) is not expected", found->name, have->name, have->columns);
    }
}

static void compare_foreign_keys(const schema_table *expected, const schema_table *found, listener *to)
{
    for (size_t i = 0; i < expected->foreign_key_count; i++) {
        const schema_foreign_key *want = &expected->foreign_keys[i];
        const schema_foreign_key *have = schema_find_foreign_key(found, want->name);
        if (have == NULL) {
            differ(to, "%s: the foreign key %s (%s) to %s (%s) is missing", found->name, want->name, want->columns,
                   want->table, want->table_columns);
        } else if (!same(want->columns, have->columns) || !same(want->table, have->table) ||
                   !same(want->table_columns, have->table_columns)) {
            differ(to, "%s: the foreign key %s is (%s) to %s (%s), should be (%s) to %s (%s)", found->name, want->name,
                   have->columns, have->table, have->table_columns, want->columns, want->table, want->table_columns);
        } else if (!same(want->on_delete, have->on_delete) || !same(want->on_update, have->on_update)) {
            differ(to, "%s: the foreign key %s is on delete %s on update %s, should be on delete %s on update %s",
                   found->name, want->name, have->on_delete, have->on_update, want->on_delete, want->on_update);
        }
    }
    for (size_t i = 0; i < found->foreign_key_count; i++) {
        const schema_foreign_key *have = &found->foreign_keys[i];
        if (schema_find_foreign_key(expected, have->name) == NULL)
            differ(to, "%s: the foreign key %s (%s) to %s is not expected", found->name, have->name, have->columns,
                   have->table);
    }
}

size_t schema_compare(const schema_picture *expected, const schema_picture *found, schema_say say, void *context)
{
    listener to = {say, context, 0};
    for (size_t i = 0; i < expected->count; i++) {
        const schema_table *want = &expected->tables[i];
        const schema_table *have = schema_find_table(found, want->name);
        if (have == NULL) {
            differ(&to, "%s: the table is missing", want->name);
            continue;
        }
        compare_columns(want, have, &to);
        compare_indexes(want, have, &to);
        compare_foreign_keys(want, have, &to);
    }
    return to.differences;
}
