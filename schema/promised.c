/* SPDX-License-Identifier: Apache-2.0 */
/*
 * promised.c: what the steps of a database promise, read from their own SQL. So a new step is verified without a second
 * list of what it makes; a statement that cannot be read here is an error, and a test reads them all.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "backends/base/fail.h"
#include "schema/inspect.h"
#include "schema/steps.h"
#include "schema/words.h"

enum { WORD = 128, MAX_TABLES = 64 };

typedef struct drawing {
    const kfpb_driver *driver;
    schema_picture *picture;
    schema_reader readers[MAX_TABLES]; /* of picture->tables[i] */
    const char *at;                    /* in the statement */
    char word[WORD];
} drawing;

/* ---- words ------------------------------------------------------------------------------------------------------- */

static bool read(drawing *d)
{
    const char *next = schema_read_word(d->at, d->word, sizeof d->word);
    if (next != NULL)
        d->at = next;
    return next != NULL;
}

/* The next word, if it is this keyword and not a quoted name. */
static bool take(drawing *d, const char *keyword)
{
    char word[WORD];
    const char *begin = d->at + strspn(d->at, " \t\r\n");
    const char *next = schema_read_word(begin, word, sizeof word);
    if (next == NULL || strchr("\"`'[", *begin) != NULL || strcasecmp(word, keyword) != 0)
        return false;
    d->at = next;
    return true;
}

/* `("a", "b" desc)` as "a,b desc"; NULL if it is none. */
static const char *read_list(drawing *d)
{
    kfpb_arena *arena = &d->picture->arena;
    const char *list = "";
    if (!take(d, "("))
        return NULL;
    do {
        if (!read(d))
            return NULL;
        const char *name = kfpb_arena_text(arena, d->word);
        if (name == NULL)
            return NULL;
        list = schema_join(arena, list, name, take(d, "desc") ? " desc" : "");
    } while (take(d, ","));
    return take(d, ")") ? list : NULL;
}

/* ---- parts of CREATE TABLE --------------------------------------------------------------------------------------- */

static bool read_index(drawing *d, schema_reader *reader, const char *name, bool unique)
{
    schema_index *index = schema_add_index(reader, name);
    const char *columns = read_list(d);
    if (index == NULL || columns == NULL)
        return false;
    index->unique = unique;
    index->columns = columns;
    return true;
}

static const char *read_action(drawing *d)
{
    return take(d, "CASCADE")                   ? "cascade"
           : take(d, "SET") && take(d, "NULL")  ? "set null"
           : take(d, "RESTRICT")                ? "restrict"
           : take(d, "NO") && take(d, "ACTION") ? "no action"
                                                : NULL;
}

static bool read_foreign_key(drawing *d, schema_reader *reader)
{
    schema_foreign_key *key = read(d) ? schema_add_foreign_key(reader, d->word) : NULL;
    if (key == NULL || !take(d, "FOREIGN") || !take(d, "KEY"))
        return false;
    key->columns = read_list(d);
    if (key->columns == NULL || !take(d, "REFERENCES") || !read(d))
        return false;
    key->table = kfpb_arena_text(reader->arena, d->word);
    key->table_columns = read_list(d);
    key->on_delete = key->on_update = "no action";
    while (take(d, "ON")) {
        const char **action = take(d, "DELETE") ? &key->on_delete : take(d, "UPDATE") ? &key->on_update : NULL;
        if (action == NULL || (*action = read_action(d)) == NULL)
            return false;
    }
    return key->table_columns != NULL;
}

/* As the engine names it afterwards. */
static const char *read_type(drawing *d)
{
    kfpb_arena *arena = &d->picture->arena;
    if (!read(d))
        return NULL;
    const char *type = schema_lower(arena, d->word);
    if (strcmp(type, "decimal") == 0)
        type = "numeric";
    if (!take(d, "("))
        return type;
    if (!read(d))
        return NULL;
    type = kfpb_arena_printf(arena, "%s(%s)", type, d->word);
    return take(d, ")") ? type : NULL;
}

static bool read_default(drawing *d, schema_column *column)
{
    if (take(d, "null"))
        return true;
    const char *sign = take(d, "-") ? "-" : "";
    if (!read(d))
        return false;
    column->initial = kfpb_arena_printf(&d->picture->arena, "%s%s", sign, d->word);
    return column->initial != NULL;
}

static bool read_column(drawing *d, schema_reader *reader)
{
    schema_column *column = read(d) ? schema_add_column(reader, d->word) : NULL;
    if (column == NULL || (column->type = read_type(d)) == NULL)
        return false;
    column->nullable = true;
    for (;;) {
        if (take(d, "NOT") && take(d, "NULL"))
            column->nullable = false;
        else if (take(d, "DEFAULT")) {
            if (!read_default(d, column))
                return false;
        } else if (!(take(d, "CHARACTER") && take(d, "SET") && read(d)) && !(take(d, "COLLATE") && read(d)))
            return true; /* what follows is judged by the caller */
    }
}

static schema_reader *find_table(drawing *d, const char *name, bool make)
{
    schema_picture *p = d->picture;
    for (size_t i = 0; i < p->count; i++) {
        if (strcmp(p->tables[i].name, name) == 0)
            return &d->readers[i];
    }
    if (!make || p->count == MAX_TABLES)
        return NULL;
    p->tables[p->count] = (schema_table){.name = kfpb_arena_text(&p->arena, name)};
    d->readers[p->count] = (schema_reader){.arena = &p->arena, .table = &p->tables[p->count]};
    return p->tables[p->count].name != NULL ? &d->readers[p->count++] : NULL;
}

static void skip_if_not_exists(drawing *d)
{
    if (take(d, "IF") && take(d, "NOT"))
        take(d, "EXISTS");
}

static bool read_part(drawing *d, schema_reader *reader)
{
    if (take(d, "PRIMARY"))
        return take(d, "KEY") && read_index(d, reader, "PRIMARY", true);
    if (take(d, "CONSTRAINT"))
        return read_foreign_key(d, reader);
    const bool unique = take(d, "UNIQUE");
    if (take(d, "INDEX"))
        return read(d) && read_index(d, reader, d->word, unique);
    return !unique && read_column(d, reader);
}

static bool read_table(drawing *d)
{
    skip_if_not_exists(d);
    schema_reader *reader = read(d) ? find_table(d, d->word, true) : NULL;
    if (reader == NULL || !take(d, "("))
        return false;
    do {
        if (!read_part(d, reader))
            return false;
    } while (take(d, ","));
    return take(d, ")") && !read(d);
}

static bool read_create_index(drawing *d, bool unique)
{
    char name[WORD];
    take(d, "CONCURRENTLY");
    skip_if_not_exists(d);
    if (!read(d))
        return false;
    memcpy(name, d->word, sizeof name);
    schema_reader *reader = take(d, "ON") && read(d) ? find_table(d, d->word, false) : NULL;
    return reader != NULL && read_index(d, reader, name, unique) && !read(d);
}

static bool read_statement(drawing *d)
{
    if (!take(d, "CREATE"))
        return false;
    if (take(d, "TABLE"))
        return read_table(d);
    const bool unique = take(d, "UNIQUE");
    return take(d, "INDEX") && read_create_index(d, unique);
}

/* ---- the steps --------------------------------------------------------------------------------------------------- */

static kfps_status read_step(drawing *d, const schema_step *step, kfps_error *error)
{
    const char *cursor = step->sql;
    kfpb_text sql = {0};
    kfps_status status = KFPS_OK;
    int number = 0;
    while (status == KFPS_OK && schema_next_statement(&cursor, "", &sql)) {
        number++;
        d->at = kfpb_text_get(&sql);
        if (sql.out_of_memory || d->picture->arena.out_of_memory)
            status = kfpb_fail_no_memory(error);
        else if (!read_statement(d))
            status = kfpb_fail(error, KFPS_INTERNAL, "statement %d of step %d (%s) cannot be verified", number,
                               step->number, step->name);
    }
    kfpb_text_free(&sql);
    return status;
}

kfps_status schema_promised(const kfpb_driver *driver, const schema_step *const *steps, size_t count,
                            schema_picture *out, kfps_error *error)
{
    drawing d = {.driver = driver, .picture = out};
    kfps_status status = KFPS_OK;
    *out = (schema_picture){0};
    kfpb_arena_init(&out->arena);
    out->tables = kfpb_arena_array(&out->arena, MAX_TABLES, sizeof *out->tables);
    if (out->tables == NULL)
        status = kfpb_fail_no_memory(error);
    for (size_t i = 0; i < count && status == KFPS_OK; i++) {
        /* the old table makes way; what becomes of it later is the administrator's */
        if (steps[i]->when != SCHEMA_LEGACY_TASKS)
            status = read_step(&d, steps[i], error);
    }
    if (status == KFPS_OK && out->arena.out_of_memory)
        status = kfpb_fail_no_memory(error);
    if (status != KFPS_OK)
        schema_picture_free(out);
    return status;
}

bool schema_is_promised(schema_step_state state)
{
    return state == SCHEMA_APPLIED || state == SCHEMA_ADOPTED || state == SCHEMA_DEFERRED;
}

kfps_status schema_promised_by(const schema_status *status, const kfpb_driver *driver, schema_picture *out,
                               kfps_error *error)
{
    const schema_step **steps = calloc(status->count + 1, sizeof *steps);
    size_t count = 0;
    if (steps == NULL)
        return kfpb_fail_no_memory(error);
    for (size_t i = 0; i < status->count; i++) {
        if (schema_is_promised(status->steps[i].state))
            steps[count++] = status->steps[i].step;
    }
    const kfps_status result = schema_promised(driver, steps, count, out, error);
    free(steps);
    return result;
}
