/* SPDX-License-Identifier: Apache-2.0 */
/* inspect.c: the picture of a database's tables: what all engines share. */
#include "schema/inspect.h"

#include <ctype.h>
#include <string.h>

#include "backends/base/fail.h"

static const struct {
    const char *engine;
    schema_read_table read;
} readers[] = {
    {"sqlite", schema_read_sqlite},
    {"pgsql", schema_read_pgsql},
    {"mysql", schema_read_mysql},
};

static schema_read_table find_reader(const kfpb_driver *driver)
{
    for (size_t i = 0; i < sizeof readers / sizeof readers[0]; i++) {
        if (strcmp(readers[i].engine, driver->name) == 0)
            return readers[i].read;
    }
    return NULL;
}

/* ---- building ---------------------------------------------------------------------------------------------------- */

/* The array with room for one more item; the arena keeps the old one until it is freed. */
static void *grow(kfpb_arena *arena, void *items, size_t count, size_t *capacity, size_t size)
{
    if (count < *capacity)
        return items;
    const size_t wanted = *capacity == 0 ? 16 : *capacity * 2;
    void *bigger = kfpb_arena_array(arena, wanted, size);
    if (bigger == NULL)
        return NULL;
    if (count > 0)
        memcpy(bigger, items, count * size);
    *capacity = wanted;
    return bigger;
}

schema_column *schema_add_column(schema_reader *reader, const char *name)
{
    schema_table *table = reader->table;
    schema_column *columns = grow(reader->arena, table->columns, table->column_count, &reader->column_capacity,
                                  sizeof *columns);
    if (columns == NULL)
        return NULL;
    table->columns = columns;
    schema_column *added = &columns[table->column_count++];
    added->name = kfpb_arena_text(reader->arena, name);
    return added->name != NULL ? added : NULL;
}

schema_index *schema_add_index(schema_reader *reader, const char *name)
{
    schema_table *table = reader->table;
    for (size_t i = 0; i < table->index_count; i++) {
        if (strcmp(table->indexes[i].name, name) == 0)
            return &table->indexes[i];
    }
    schema_index *indexes = grow(reader->arena, table->indexes, table->index_count, &reader->index_capacity,
                                 sizeof *indexes);
    const char *kept = kfpb_arena_text(reader->arena, name);
    if (indexes == NULL || kept == NULL)
        return NULL;
    table->indexes = indexes;
    schema_index *added = &indexes[table->index_count++];
    *added = (schema_index){.name = kept, .columns = "", .valid = true};
    return added;
}

schema_foreign_key *schema_add_foreign_key(schema_reader *reader, const char *name)
{
    schema_table *table = reader->table;
    for (size_t i = 0; i < table->foreign_key_count; i++) {
        if (strcmp(table->foreign_keys[i].name, name) == 0)
            return &table->foreign_keys[i];
    }
    schema_foreign_key *keys = grow(reader->arena, table->foreign_keys, table->foreign_key_count,
                                    &reader->foreign_key_capacity, sizeof *keys);
    const char *kept = kfpb_arena_text(reader->arena, name);
    if (keys == NULL || kept == NULL)
        return NULL;
    table->foreign_keys = keys;
    schema_foreign_key *added = &keys[table->foreign_key_count++];
    *added = (schema_foreign_key){
        .name = kept, .columns = "", .table = "", .table_columns = "", .on_delete = "", .on_update = ""};
    return added;
}

const char *schema_join(kfpb_arena *arena, const char *list, const char *column, const char *suffix)
{
    const char *joined = kfpb_arena_printf(arena, "%s%s%s%s", list, *list != '\0' ? "," : "", column, suffix);
    return joined != NULL ? joined : "";
}

const char *schema_lower(kfpb_arena *arena, const char *text)
{
    char *copy = kfpb_arena_text(arena, text);
    if (copy == NULL)
        return "";
    for (char *c = copy; *c != '\0'; c++)
        *c = (char) tolower((unsigned char) *c);
    return copy;
}

kfps_status schema_rows_end(kfpb_rows **rows, int next, kfps_error *error)
{
    kfpb_rows_free(rows);
    if (next >= 0)
        return KFPS_OK;
    return error != NULL && error->code != KFPS_OK ? (kfps_status) error->code : KFPS_INTERNAL;
}

/* ---- reading ----------------------------------------------------------------------------------------------------- */

kfps_status schema_inspect(kfpb_conn *conn, const char *const *names, size_t count, schema_picture *out,
                           kfps_error *error)
{
    const schema_read_table read = find_reader(conn->driver);
    if (read == NULL)
        return kfpb_fail(error, KFPS_INTERNAL, "the schema of a %s database cannot be read", conn->driver->name);
    *out = (schema_picture){0};
    kfpb_arena_init(&out->arena);
    kfps_status status = KFPS_OK;
    out->tables = kfpb_arena_array(&out->arena, count + 1, sizeof *out->tables);
    for (size_t i = 0; i < count && status == KFPS_OK && !out->arena.out_of_memory; i++) {
        schema_table *table = &out->tables[out->count];
        *table = (schema_table){.name = kfpb_arena_text(&out->arena, names[i])};
        schema_reader reader = {.arena = &out->arena, .table = table};
        if (table->name != NULL)
            status = read(conn, &reader, error);
        if (table->column_count > 0)
            out->count++;
    }
    if (status == KFPS_OK && out->arena.out_of_memory)
        status = kfpb_fail_no_memory(error);
    if (status != KFPS_OK)
        schema_picture_free(out);
    return status;
}

void schema_picture_free(schema_picture *picture)
{
    kfpb_arena_free(&picture->arena);
    *picture = (schema_picture){0};
}

/* ---- finding ----------------------------------------------------------------------------------------------------- */

const schema_table *schema_find_table(const schema_picture *picture, const char *name)
{
    for (size_t i = 0; i < picture->count; i++) {
        if (strcmp(picture->tables[i].name, name) == 0)
            return &picture->tables[i];
    }
    return NULL;
}

const schema_column *schema_find_column(const schema_table *table, const char *name)
{
    for (size_t i = 0; i < table->column_count; i++) {
        if (strcmp(table->columns[i].name, name) == 0)
            return &table->columns[i];
    }
    return NULL;
}

const schema_index *schema_find_index(const schema_table *table, const char *name)
{
    for (size_t i = 0; i < table->index_count; i++) {
        if (strcmp(table->indexes[i].name, name) == 0)
            return &table->indexes[i];
    }
    return NULL;
}

const schema_foreign_key *schema_find_foreign_key(const schema_table *table, const char *name)
{
    for (size_t i = 0; i < table->foreign_key_count; i++) {
        if (strcmp(table->foreign_keys[i].name, name) == 0)
            return &table->foreign_keys[i];
    }
    return NULL;
}
