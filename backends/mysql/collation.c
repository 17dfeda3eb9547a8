/* SPDX-License-Identifier: Apache-2.0 */
#include "backends/mysql/mysql.h"

#include "backends/base/fail.h"
#include "backends/sql.h"

/* The character set and collation of a column; both in the arena. KFPS_NOT_FOUND without such a column. */
static kfps_status column_collation(kfpb_conn *conn, const char *table, const char *column, kfpb_arena *arena,
                                    const char **charset, const char **collation, kfps_error *error)
{
    const kfpb_value values[] = {kfpb_str(table), kfpb_str(column)};
    kfpb_rows *rows = NULL;
    kfps_status status = kfpb_query(conn,
                                    "SELECT CHARACTER_SET_NAME, COLLATION_NAME FROM information_schema.COLUMNS"
                                    " WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = ? AND COLUMN_NAME = ?",
                                    values, 2, &rows, error);
    const int got = status == KFPS_OK ? kfpb_next(rows, error) : 0;
    if (got < 0) {
        status = (kfps_status) error->code;
    } else if (status == KFPS_OK && (got == 0 || kfpb_is_null(rows, 1))) {
        status = kfpb_fail(error, KFPS_NOT_FOUND, "%s.%s: no such text column", table, column);
    } else if (status == KFPS_OK) {
        *charset = kfpb_arena_text(arena, kfpb_get_text(rows, 0, NULL));
        *collation = kfpb_arena_text(arena, kfpb_get_text(rows, 1, NULL));
    }
    kfpb_rows_free(&rows);
    return status;
}

/* Whether blanks at the end count for nothing: so in all collations but MariaDB's "nopad" ones and MySQL's of
 * Unicode 9. */
static bool pads(const char *collation)
{
    return strstr(collation, "_nopad_") == NULL && strstr(collation, "_0900_") == NULL;
}

kfps_status kfpb_mysql_compares_by_bytes(kfpb_conn *conn, const char *table, const char *column, bool *bytes,
                                         kfps_error *error)
{
    kfpb_arena arena;
    const char *charset = NULL, *collation = NULL;
    kfpb_arena_init(&arena);
    kfps_status status = column_collation(conn, table, column, &arena, &charset, &collation, error);
    if (status == KFPS_NOT_FOUND) { /* no such table yet: nothing to collide with */
        *bytes = true;
        status = KFPS_OK;
    } else if (status == KFPS_OK) {
        const size_t length = collation != NULL ? strlen(collation) : 0;
        *bytes = length > 4 && strcmp(collation + length - 4, "_bin") == 0 && !pads(collation);
    }
    kfpb_arena_free(&arena);
    return status;
}

/* The names come from the server's own catalogue; still nothing but a name may become part of a statement. */
static bool is_plain_name(const char *name)
{
    return name != NULL && name[0] != '\0' &&
           strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == strlen(name);
}

kfps_status kfpb_mysql_weights(kfpb_conn *conn, const char *table, const char *column, const char *const *texts,
                               size_t count, kfpb_arena *arena, const char **out, kfps_error *error)
{
    const char *charset = NULL, *collation = NULL;
    kfpb_rows *rows = NULL;
    kfpb_sql sql;
    kfps_status status = column_collation(conn, table, column, arena, &charset, &collation, error);
    if (status != KFPS_OK)
        return status;
    if (!is_plain_name(charset) || !is_plain_name(collation))
        return kfpb_fail(error, KFPS_INTERNAL, "%s.%s: the server names no collation", table, column);
    kfpb_sql_init(&sql, conn);
    const bool trim = pads(collation);
    for (size_t i = 0; i < count; i++) {
        kfpb_text_printf(&sql.text, "%s HEX(WEIGHT_STRING(%sCONVERT(", i == 0 ? "SELECT" : ",",
                         trim ? "TRIM(TRAILING ' ' FROM " : "");
        kfpb_sql_bind(&sql, kfpb_str(texts[i]));
        kfpb_text_printf(&sql.text, " USING %s) COLLATE %s%s))", charset, collation, trim ? ")" : "");
    }
    status = kfpb_sql_query(conn, &sql, &rows, error);
    const int got = status == KFPS_OK ? kfpb_next(rows, error) : 0;
    if (got < 0)
        status = (kfps_status) error->code;
    for (size_t i = 0; got > 0 && i < count; i++) {
        const char *weight = kfpb_get_text(rows, i, NULL);
        /* a key that the character set cannot hold has no weight; the insert will say so */
        out[i] = kfpb_arena_text(arena, weight != NULL ? weight : "");
        if (out[i] == NULL)
            status = kfpb_fail_no_memory(error);
    }
    kfpb_rows_free(&rows);
    kfpb_sql_free(&sql);
    return status;
}
