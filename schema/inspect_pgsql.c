/* SPDX-License-Identifier: Apache-2.0 */
/* inspect_pgsql.c: a table's picture from PostgreSQL's catalogue; the table is the one that its bare name means in the
 * session. */
#include <string.h>

#include "schema/inspect.h"

#define THE_TABLE "to_regclass(quote_ident(?::text))"

/* "character varying(191)" is upstream's varchar(191). */
static const char *short_type(kfpb_arena *arena, const char *type)
{
    static const char long_name[] = "character varying";
    if (strncmp(type, long_name, sizeof long_name - 1) == 0)
        return kfpb_arena_printf(arena, "varchar%s", type + sizeof long_name - 1);
    return kfpb_arena_text(arena, type);
}

/* `'x'::character varying`, `'-1'::integer`, `NULL::character varying`, `0`. */
static const char *literal(kfpb_arena *arena, const char *text)
{
    if (text == NULL || strncmp(text, "NULL", 4) == 0)
        return NULL;
    if (text[0] == '\'') {
        const char *end = strrchr(text + 1, '\'');
        return kfpb_arena_textn(arena, text + 1, end != NULL ? (size_t) (end - text - 1) : strlen(text + 1));
    }
    const char *cast = strstr(text, "::");
    return kfpb_arena_textn(arena, text, cast != NULL ? (size_t) (cast - text) : strlen(text));
}

static kfps_status read_columns(kfpb_conn *conn, schema_reader *reader, kfps_error *error)
{
    const kfpb_value name = kfpb_str(reader->table->name);
    kfpb_rows *rows = NULL;
    kfps_status status = kfpb_query(conn,
                                    "SELECT a.attname::text, format_type(a.atttypid, a.atttypmod), a.attnotnull::int, "
                                    "pg_get_expr(d.adbin, d.adrelid) FROM pg_attribute a LEFT JOIN pg_attrdef d "
                                    "ON d.adrelid = a.attrelid AND d.adnum = a.attnum WHERE a.attrelid = " THE_TABLE
                                    " AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum",
                                    &name, 1, &rows, error);
    if (status != KFPS_OK)
        return status;
    int next;
    while ((next = kfpb_next(rows, error)) == 1) {
        schema_column *column = schema_add_column(reader, kfpb_get_text(rows, 0, NULL));
        if (column == NULL)
            break;
        column->type = short_type(reader->arena, kfpb_get_text(rows, 1, NULL));
        column->nullable = kfpb_get_int(rows, 2) == 0;
        column->initial = literal(reader->arena, kfpb_get_text(rows, 3, NULL));
    }
    return schema_rows_end(&rows, next, error);
}

static kfps_status read_indexes(kfpb_conn *conn, schema_reader *reader, kfps_error *error)
{
    const kfpb_value name = kfpb_str(reader->table->name);
    kfpb_rows *rows = NULL;
    kfps_status status = kfpb_query(
        conn,
        "SELECT c.relname::text, i.indisprimary::int, i.indisunique::int, i.indisvalid::int, a.attname::text, "
        "(i.indoption[k.place - 1] & 1)::int FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid "
        "CROSS JOIN LATERAL unnest(i.indkey::int2[]) WITH ORDINALITY AS k(number, place) "
        "LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.number "
        "WHERE k.place <= i.indnkeyatts AND i.indrelid = " THE_TABLE " ORDER BY c.relname, k.place",
        &name, 1, &rows, error);
    if (status != KFPS_OK)
        return status;
    int next;
    while ((next = kfpb_next(rows, error)) == 1) {
        const bool primary = kfpb_get_int(rows, 1) != 0;
        schema_index *index = schema_add_index(reader, primary ? "PRIMARY" : kfpb_get_text(rows, 0, NULL));
        if (index == NULL)
            break;
        const char *column = kfpb_get_text(rows, 4, NULL);
        index->unique = kfpb_get_int(rows, 2) != 0;
        index->valid = kfpb_get_int(rows, 3) != 0;
        index->columns = schema_join(reader->arena, index->columns, column != NULL ? column : "(expression)",
                                     kfpb_get_int(rows, 5) != 0 ? " desc" : "");
    }
    return schema_rows_end(&rows, next, error);
}

static const char *action(const char *letter)
{
    switch (letter != NULL ? letter[0] : '\0') {
    case 'c':
        return "cascade";
    case 'n':
        return "set null";
    case 'd':
        return "set default";
    case 'r':
        return "restrict";
    default:
        return "no action";
    }
}

static kfps_status read_foreign_keys(kfpb_conn *conn, schema_reader *reader, kfps_error *error)
{
    const kfpb_value name = kfpb_str(reader->table->name);
    kfpb_rows *rows = NULL;
    kfps_status status = kfpb_query(
        conn,
        "SELECT f.conname::text, a.attname::text, t.relname::text, b.attname::text, f.confdeltype::text, "
        "f.confupdtype::text FROM pg_constraint f JOIN pg_class t ON t.oid = f.confrelid "
        "CROSS JOIN LATERAL unnest(f.conkey, f.confkey) WITH ORDINALITY AS k(here, there, place) "
        "JOIN pg_attribute a ON a.attrelid = f.conrelid AND a.attnum = k.here "
        "JOIN pg_attribute b ON b.attrelid = f.confrelid AND b.attnum = k.there "
        "WHERE f.contype = 'f' AND f.conrelid = " THE_TABLE " ORDER BY f.conname, k.place",
        &name, 1, &rows, error);
    if (status != KFPS_OK)
        return status;
    int next;
    while ((next = kfpb_next(rows, error)) == 1) {
        schema_foreign_key *key = schema_add_foreign_key(reader, kfpb_get_text(rows, 0, NULL));
        if (key == NULL)
            break;
        key->columns = schema_join(reader->arena, key->columns, kfpb_get_text(rows, 1, NULL), "");
        key->table = kfpb_arena_text(reader->arena, kfpb_get_text(rows, 2, NULL));
        key->table_columns = schema_join(reader->arena, key->table_columns, kfpb_get_text(rows, 3, NULL), "");
        key->on_delete = action(kfpb_get_text(rows, 4, NULL));
        key->on_update = action(kfpb_get_text(rows, 5, NULL));
    }
    return schema_rows_end(&rows, next, error);
}

kfps_status schema_read_pgsql(kfpb_conn *conn, schema_reader *reader, kfps_error *error)
{
    kfps_status status = read_columns(conn, reader, error);
    if (status == KFPS_OK && reader->table->column_count > 0)
        status = read_indexes(conn, reader, error);
    if (status == KFPS_OK && reader->table->column_count > 0)
        status = read_foreign_keys(conn, reader, error);
    return status;
}
