/* SPDX-License-Identifier: Apache-2.0 */
/* items.h: two small tables and their rows, for tests of what a connection does with statements. */
#ifndef KFPT_ITEMS_H
#define KFPT_ITEMS_H

#include "tests/harness/suite.h"
#include "tests/harness/wipe.h"

typedef struct item {
    int64_t id;
    const char *name;
    const char *data;
    int32_t kind;
} item;

static const kfpb_column item_columns[] = {
    {.name = "id", .type = KFPB_COL_INT64, .offset = offsetof(item, id)},
    {.name = "name", .type = KFPB_COL_TEXT, .offset = offsetof(item, name), .max_chars = 20},
    {.name = "data", .type = KFPB_COL_JSON, .nullable = true, .offset = offsetof(item, data)},
    {.name = "kind", .type = KFPB_COL_INT32, .offset = offsetof(item, kind)},
};
static const kfpb_table items = {.name = "s_item", .columns = item_columns, .column_count = 4, .key_columns = 1};
static const kfpb_column key_columns[] = {{.name = "id", .type = KFPB_COL_INT64, .offset = offsetof(item, id)}};
static const kfpb_table keys = {.name = "s_key", .columns = key_columns, .column_count = 1, .key_columns = 1};

static inline void make_tables(void)
{
    test_wipe();
    kfpb_conn *conn = test_open();
    test_exec(conn, "CREATE TABLE s_item (id BIGINT NOT NULL PRIMARY KEY, name VARCHAR(20) NOT NULL, data JSON,"
                    " kind INTEGER NOT NULL)");
    test_exec(conn, "CREATE TABLE s_key (id BIGINT NOT NULL PRIMARY KEY)");
    kfpb_close(&conn);
}

static inline void begin(kfpb_conn *conn)
{
    kfps_error error = {0};
    ck_assert_msg(kfpb_begin(conn, KFPB_TX_WRITE, &error) == KFPS_OK, "%s", error.message);
}

static inline void commit(kfpb_conn *conn)
{
    kfps_error error = {0};
    ck_assert_msg(kfpb_commit(conn, &error) == KFPS_OK, "%s", error.message);
}

static inline int64_t number_of(kfpb_conn *conn, const char *sql)
{
    kfps_error error = {0};
    int64_t number = -1;
    ck_assert_msg(kfpb_query_int(conn, sql, NULL, 0, &number, NULL, &error) == KFPS_OK, "%s: %s", sql, error.message);
    return number;
}

static inline int64_t changed_by(kfpb_conn *conn, const char *sql, const kfpb_value *values, size_t count)
{
    kfps_error error = {0};
    int64_t affected = -1;
    ck_assert_msg(kfpb_exec(conn, sql, values, count, &affected, &error) == KFPS_OK, "%s: %s", sql, error.message);
    return affected;
}

static inline kfpb_rows *rows_of(kfpb_conn *conn, const char *sql, const kfpb_value *values, size_t count)
{
    kfps_error error = {0};
    kfpb_rows *rows = NULL;
    ck_assert_msg(kfpb_query(conn, sql, values, count, &rows, &error) == KFPS_OK, "%s: %s", sql, error.message);
    return rows;
}

static inline bool next(kfpb_rows *rows)
{
    kfps_error error = {0};
    const int there = kfpb_next(rows, &error);
    ck_assert_msg(there >= 0, "%s", error.message);
    return there == 1;
}

static inline kfps_status insert(kfpb_conn *conn, const kfpb_table *table, const item *rows, size_t count,
                                 kfpb_conflict conflict, int64_t *inserted, kfps_error *error)
{
    const void **records = calloc(count + 1, sizeof *records);
    ck_assert_ptr_nonnull(records);
    for (size_t i = 0; i < count; i++)
        records[i] = &rows[i];
    const kfps_status status = kfpb_insert(conn, table, records, count, conflict, inserted, error);
    free(records);
    return status;
}

static inline int64_t inserted_by(kfpb_conn *conn, const kfpb_table *table, const item *rows, size_t count,
                                  kfpb_conflict conflict)
{
    kfps_error error = {0};
    int64_t inserted = -7;
    begin(conn);
    ck_assert_msg(insert(conn, table, rows, count, conflict, &inserted, &error) == KFPS_OK, "%s", error.message);
    commit(conn);
    return inserted;
}

/* Rows with the ids first, first + step, … */
static inline item *make_items(size_t count, int64_t first, int64_t step, const char *name, int32_t kind)
{
    item *rows = calloc(count, sizeof *rows);
    ck_assert_ptr_nonnull(rows);
    for (size_t i = 0; i < count; i++)
        rows[i] = (item){
            .id = first + step * (int64_t) i, .name = name, .data = i % 2 == 0 ? "{\"a\": 1}" : NULL, .kind = kind};
    return rows;
}

#endif
