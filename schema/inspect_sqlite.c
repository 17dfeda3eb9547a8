/* SPDX-License-Identifier: Apache-2.0 */
/* inspect_sqlite.c: a table's picture from SQLite's pragmas; names of foreign keys stand in the table's own text only.
 */
#include <string.h>
#include <strings.h>

#include "schema/inspect.h"
#include "schema/words.h"

static const char *literal(kfpb_arena *arena, const char *text)
{
    if (text == NULL || strcasecmp(text, "null") == 0)
        return NULL;
    const size_t length = strlen(text);
    if (length >= 2 && (text[0] == '\'' || text[0] == '"') && text[length - 1] == text[0])
        return kfpb_arena_textn(arena, text + 1, length - 2);
    return kfpb_arena_text(arena, text);
}

static kfps_status read_columns(kfpb_conn *conn, schema_reader *reader, kfps_error *error)
{
    const kfpb_value name = kfpb_str(reader->table->name);
    kfpb_rows *rows = NULL;
    kfps_status status = kfpb_query(
        conn, "SELECT name, type, \"notnull\", dflt_value, pk FROM pragma_table_info(?) ORDER BY cid", &name, 1, &rows,
        error);
    if (status != KFPS_OK)
        return status;
    /* The key's columns by their place in it. */
    const char *key[16] = {NULL};
    int next;
    while ((next = kfpb_next(rows, error)) == 1) {
        schema_column *column = schema_add_column(reader, kfpb_get_text(rows, 0, NULL));
        if (column == NULL)
            break;
        column->type = schema_lower(reader->arena, kfpb_get_text(rows, 1, NULL));
        column->nullable = kfpb_get_int(rows, 2) == 0;
        column->initial = literal(reader->arena, kfpb_get_text(rows, 3, NULL));
        const int64_t place = kfpb_get_int(rows, 4);
        if (place > 0 && place <= (int64_t) (sizeof key / sizeof key[0]))
            key[place - 1] = column->name;
    }
    status = schema_rows_end(&rows, next, error);
    if (status != KFPS_OK)
        return status;
    if (key[0] == NULL)
        return KFPS_OK;
    schema_index *primary = schema_add_index(reader, "PRIMARY");
    if (primary == NULL)
        return KFPS_OK;
    primary->unique = true;
    for (size_t i = 0; i < sizeof key / sizeof key[0] && key[i] != NULL; i++)
        primary->columns = schema_join(reader->arena, primary->columns, key[i], "");
    return KFPS_OK;
}

static kfps_status read_indexes(kfpb_conn *conn, schema_reader *reader, kfps_error *error)
{
    const kfpb_value name = kfpb_str(reader->table->name);
    kfpb_rows *rows = NULL;
    kfps_status status = kfpb_query(
        conn,
        "SELECT l.name, l.\"unique\", x.name, x.\"desc\" FROM pragma_index_list(?) l, "
        "pragma_index_xinfo(l.name) x WHERE l.origin <> 'pk' AND x.key = 1 ORDER BY l.name, x.seqno",
        &name, 1, &rows, error);
    if (status != KFPS_OK)
        return status;
    int next;
    while ((next = kfpb_next(rows, error)) == 1) {
        schema_index *index = schema_add_index(reader, kfpb_get_text(rows, 0, NULL));
        if (index == NULL)
            break;
        const char *column = kfpb_get_text(rows, 2, NULL);
        index->unique = kfpb_get_int(rows, 1) != 0;
        index->columns = schema_join(reader->arena, index->columns, column != NULL ? column : "(expression)",
                                     kfpb_get_int(rows, 3) != 0 ? " desc" : "");
    }
    return schema_rows_end(&rows, next, error);
}

/* ---- foreign keys ------------------------------------------------------------------------------------------------ */

/* The name of the constraint `CONSTRAINT name FOREIGN KEY (columns)` in a table's text; NULL if it has none. */
static const char *constraint_name(kfpb_arena *arena, const char *text, const char *columns)
{
    char name[128];
    char word[128];
    const char *at = text;
    while (at != NULL && (at = schema_read_word(at, word, sizeof word)) != NULL) {
        if (strcasecmp(word, "constraint") != 0)
            continue;
        const char *here = schema_read_word(at, name, sizeof name);
        if (here != NULL)
            here = schema_read_word(here, word, sizeof word);
        if (here == NULL || strcasecmp(word, "foreign") != 0)
            continue;
        at = here;
        here = schema_read_word(here, word, sizeof word); /* KEY */
        if (here != NULL)
            here = schema_read_word(here, word, sizeof word); /* ( */
        const char *found = "";
        while (here != NULL && (here = schema_read_word(here, word, sizeof word)) != NULL && strcmp(word, ")") != 0) {
            if (strcmp(word, ",") != 0)
                found = schema_join(arena, found, word, "");
        }
        if (strcmp(found, columns) == 0)
            return kfpb_arena_text(arena, name);
    }
    return NULL;
}

static kfps_status read_foreign_keys(kfpb_conn *conn, schema_reader *reader, kfps_error *error)
{
    const kfpb_value name = kfpb_str(reader->table->name);
    kfpb_rows *rows = NULL;
    kfps_status status = kfpb_query(
        conn,
        "SELECT id, \"from\", \"table\", \"to\", on_delete, on_update FROM pragma_foreign_key_list(?) ORDER BY id, seq",
        &name, 1, &rows, error);
    if (status != KFPS_OK)
        return status;
    int next;
    while ((next = kfpb_next(rows, error)) == 1) {
        const char *number = kfpb_arena_printf(reader->arena, "#%d", (int) kfpb_get_int(rows, 0));
        schema_foreign_key *key = number != NULL ? schema_add_foreign_key(reader, number) : NULL;
        if (key == NULL)
            break;
        const char *to = kfpb_get_text(rows, 3, NULL);
        key->columns = schema_join(reader->arena, key->columns, kfpb_get_text(rows, 1, NULL), "");
        key->table = kfpb_arena_text(reader->arena, kfpb_get_text(rows, 2, NULL));
        key->table_columns = schema_join(reader->arena, key->table_columns, to != NULL ? to : "", "");
        key->on_delete = schema_lower(reader->arena, kfpb_get_text(rows, 4, NULL));
        key->on_update = schema_lower(reader->arena, kfpb_get_text(rows, 5, NULL));
    }
    status = schema_rows_end(&rows, next, error);
    if (status != KFPS_OK)
        return status;
    if (reader->table->foreign_key_count == 0)
        return KFPS_OK;

    status = kfpb_query(conn, "SELECT sql FROM sqlite_master WHERE type = 'table' AND name = ?", &name, 1, &rows,
                        error);
    if (status != KFPS_OK)
        return status;
    next = kfpb_next(rows, error);
    const char *text = next == 1 ? kfpb_arena_text(reader->arena, kfpb_get_text(rows, 0, NULL)) : NULL;
    status = schema_rows_end(&rows, next, error);
    for (size_t i = 0; text != NULL && i < reader->table->foreign_key_count; i++) {
        schema_foreign_key *key = &reader->table->foreign_keys[i];
        const char *found = constraint_name(reader->arena, text, key->columns);
        if (found != NULL)
            key->name = found;
    }
    return status;
}

kfps_status schema_read_sqlite(kfpb_conn *conn, schema_reader *reader, kfps_error *error)
{
    kfps_status status = read_columns(conn, reader, error);
    if (status == KFPS_OK && reader->table->column_count > 0)
        status = read_indexes(conn, reader, error);
    if (status == KFPS_OK && reader->table->column_count > 0)
        status = read_foreign_keys(conn, reader, error);
    return status;
}
