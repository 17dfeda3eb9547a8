/* SPDX-License-Identifier: Apache-2.0 */
/* inspect_mysql.c: a table's picture from the information_schema of MySQL and MariaDB, which differ in how they spell
 * it. */
#include <string.h>
#include <strings.h>

#include "schema/inspect.h"

static bool is_mariadb(const kfpb_conn *conn)
{
    return strncmp(conn->server, "MariaDB", 7) == 0;
}

/* Whole numbers have a display width on MariaDB and older MySQL that means nothing: bigint(20). */
static const char *plain_type(kfpb_arena *arena, const char *type)
{
    const char *lower = schema_lower(arena, type);
    const char *width = strchr(lower, '(');
    if (width == NULL || strncmp(lower, "varchar", 7) == 0 || strncmp(lower, "char", 4) == 0)
        return lower;
    if (strstr(lower, "int(") == NULL)
        return lower;
    const char *end = strchr(width, ')');
    return kfpb_arena_printf(arena, "%.*s%s", (int) (width - lower), lower, end != NULL ? end + 1 : "");
}

/* MariaDB gives an expression ('x', NULL, 0), MySQL the bare value. */
static const char *literal(kfpb_arena *arena, const char *text, bool expression)
{
    if (text == NULL || (expression && strcmp(text, "NULL") == 0))
        return NULL;
    const size_t length = strlen(text);
    if (expression && length >= 2 && text[0] == '\'' && text[length - 1] == '\'')
        return kfpb_arena_textn(arena, text + 1, length - 2);
    return kfpb_arena_text(arena, text);
}

static kfps_status read_columns(kfpb_conn *conn, schema_reader *reader, kfps_error *error)
{
    const kfpb_value name = kfpb_str(reader->table->name);
    kfpb_rows *rows = NULL;
    kfps_status status = kfpb_query(
        conn,
        "SELECT CAST(COLUMN_NAME AS CHAR), CAST(COLUMN_TYPE AS CHAR), CAST(IS_NULLABLE AS CHAR), "
        "CAST(COLUMN_DEFAULT AS CHAR), CAST(CHARACTER_SET_NAME AS CHAR), CAST(COLLATION_NAME AS CHAR) "
        "FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = ? ORDER BY ORDINAL_POSITION",
        &name, 1, &rows, error);
    if (status != KFPS_OK)
        return status;
    int next;
    while ((next = kfpb_next(rows, error)) == 1) {
        schema_column *column = schema_add_column(reader, kfpb_get_text(rows, 0, NULL));
        if (column == NULL)
            break;
        column->type = plain_type(reader->arena, kfpb_get_text(rows, 1, NULL));
        column->nullable = strcmp(kfpb_get_text(rows, 2, NULL), "YES") == 0;
        column->initial = literal(reader->arena, kfpb_get_text(rows, 3, NULL), is_mariadb(conn));
        column->charset = kfpb_arena_text(reader->arena, kfpb_get_text(rows, 4, NULL));
        column->collation = kfpb_arena_text(reader->arena, kfpb_get_text(rows, 5, NULL));
    }
    return schema_rows_end(&rows, next, error);
}

/* `json_valid(?column?)`, with whatever quotes the session's sql_mode has. */
static bool checks_json(const char *clause, const char *column)
{
    static const char start[] = "json_valid(";
    const size_t length = strlen(column);
    if (strncasecmp(clause, start, sizeof start - 1) != 0)
        return false;
    clause += sizeof start - 1;
    return strchr("`\"", clause[0]) != NULL && strncmp(clause + 1, column, length) == 0 &&
           clause[length + 1] == clause[0] && strcmp(clause + length + 2, ")") == 0;
}

/* MariaDB's json is a longtext with a check. */
static kfps_status read_json_checks(kfpb_conn *conn, schema_reader *reader, kfps_error *error)
{
    const kfpb_value name = kfpb_str(reader->table->name);
    kfpb_rows *rows = NULL;
    kfps_status status = kfpb_query(conn,
                                    "SELECT CAST(CHECK_CLAUSE AS CHAR) FROM information_schema.CHECK_CONSTRAINTS "
                                    "WHERE CONSTRAINT_SCHEMA = DATABASE() AND TABLE_NAME = ?",
                                    &name, 1, &rows, error);
    if (status != KFPS_OK)
        return status;
    int next;
    while ((next = kfpb_next(rows, error)) == 1) {
        const char *clause = kfpb_get_text(rows, 0, NULL);
        for (size_t i = 0; clause != NULL && i < reader->table->column_count; i++) {
            schema_column *column = &reader->table->columns[i];
            if (column->type != NULL && strcmp(column->type, "longtext") == 0 && checks_json(clause, column->name))
                column->type = "json";
        }
    }
    return schema_rows_end(&rows, next, error);
}

static kfps_status read_indexes(kfpb_conn *conn, schema_reader *reader, kfps_error *error)
{
    const kfpb_value name = kfpb_str(reader->table->name);
    kfpb_rows *rows = NULL;
    kfps_status status = kfpb_query(
        conn,
        "SELECT CAST(INDEX_NAME AS CHAR), NON_UNIQUE, CAST(COLUMN_NAME AS CHAR), CAST(COLLATION AS CHAR), SUB_PART "
        "FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = ? "
        "ORDER BY INDEX_NAME, SEQ_IN_INDEX",
        &name, 1, &rows, error);
    if (status != KFPS_OK)
        return status;
    int next;
    while ((next = kfpb_next(rows, error)) == 1) {
        schema_index *index = schema_add_index(reader, kfpb_get_text(rows, 0, NULL));
        if (index == NULL)
            break;
        const char *column = kfpb_get_text(rows, 2, NULL);
        const char *order = kfpb_get_text(rows, 3, NULL);
        const bool prefix = !kfpb_is_null(rows, 4);
        index->unique = kfpb_get_int(rows, 1) == 0;
        index->columns = schema_join(reader->arena, index->columns, column != NULL ? column : "(expression)",
                                     prefix                                     ? "(prefix)"
                                     : order != NULL && strcmp(order, "D") == 0 ? " desc"
                                                                                : "");
    }
    return schema_rows_end(&rows, next, error);
}

/* RESTRICT and NO ACTION are the same here; MariaDB says the one, MySQL the other. */
static const char *action(kfpb_arena *arena, const char *rule)
{
    const char *lower = schema_lower(arena, rule);
    return strcmp(lower, "restrict") == 0 ? "no action" : lower;
}

static kfps_status read_foreign_keys(kfpb_conn *conn, schema_reader *reader, kfps_error *error)
{
    const kfpb_value name = kfpb_str(reader->table->name);
    kfpb_rows *rows = NULL;
    kfps_status status = kfpb_query(
        conn,
        "SELECT CAST(k.CONSTRAINT_NAME AS CHAR), CAST(k.COLUMN_NAME AS CHAR), CAST(k.REFERENCED_TABLE_NAME AS CHAR), "
        "CAST(k.REFERENCED_COLUMN_NAME AS CHAR), CAST(r.DELETE_RULE AS CHAR), CAST(r.UPDATE_RULE AS CHAR) "
        "FROM information_schema.KEY_COLUMN_USAGE k JOIN information_schema.REFERENTIAL_CONSTRAINTS r "
        "ON r.CONSTRAINT_SCHEMA = k.CONSTRAINT_SCHEMA AND r.CONSTRAINT_NAME = k.CONSTRAINT_NAME "
        "AND r.TABLE_NAME = k.TABLE_NAME WHERE k.TABLE_SCHEMA = DATABASE() AND k.TABLE_NAME = ? "
        "AND k.REFERENCED_TABLE_NAME IS NOT NULL ORDER BY k.CONSTRAINT_NAME, k.ORDINAL_POSITION",
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
        key->on_delete = action(reader->arena, kfpb_get_text(rows, 4, NULL));
        key->on_update = action(reader->arena, kfpb_get_text(rows, 5, NULL));
    }
    return schema_rows_end(&rows, next, error);
}

kfps_status schema_read_mysql(kfpb_conn *conn, schema_reader *reader, kfps_error *error)
{
    kfps_status status = read_columns(conn, reader, error);
    if (status == KFPS_OK && reader->table->column_count > 0 && is_mariadb(conn))
        status = read_json_checks(conn, reader, error);
    if (status == KFPS_OK && reader->table->column_count > 0)
        status = read_indexes(conn, reader, error);
    if (status == KFPS_OK && reader->table->column_count > 0)
        status = read_foreign_keys(conn, reader, error);
    return status;
}
