/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bulk.c: kfpb_insert. The three forms of a bulk insert share the checks, the head and the tail of the statement; each
 * differs in what stands between.
 */
#include <stdlib.h>

#include "backends/backend.h"
#include "backends/base/fail.h"
#include "backends/literal.h"
#include "backends/record.h"
#include "backends/sql.h"

/* More bytes in one statement gain nothing on any engine. */
enum { CHUNK_BYTES = 1024 * 1024 };

typedef struct job {
    kfpb_conn *conn;
    const kfpb_table *table;
    const void *const *records;
    const size_t *sizes;
    size_t count;
    kfpb_conflict conflict;
    int64_t inserted;
} job;

/* ---- head and tail ----------------------------------------------------------------------------------------------- */

static void add_names(kfpb_sql *sql, const kfpb_table *table, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            kfpb_sql_add(sql, ",");
        kfpb_sql_name(sql, table->columns[i].name);
    }
}

static void add_head(kfpb_sql *sql, const kfpb_table *table)
{
    kfpb_sql_add(sql, "INSERT INTO ");
    kfpb_sql_name(sql, table->name);
    kfpb_sql_add(sql, " (");
    add_names(sql, table, table->column_count);
    kfpb_sql_add(sql, ")");
}

static void add_assignments(kfpb_sql *sql, const kfpb_table *table, const char *before, const char *after)
{
    for (size_t i = table->key_columns; i < table->column_count; i++) {
        if (i > table->key_columns)
            kfpb_sql_add(sql, ",");
        kfpb_sql_name(sql, table->columns[i].name);
        kfpb_sql_add(sql, before);
        kfpb_sql_name(sql, table->columns[i].name);
        kfpb_sql_add(sql, after);
    }
}

static void add_tail(kfpb_sql *sql, const kfpb_table *table, kfpb_conflict conflict)
{
    if (conflict == KFPB_CONFLICT_FAIL)
        return;
    /* A table that is nothing but its key has nothing to replace. */
    const bool keep = conflict != KFPB_CONFLICT_REPLACE || table->key_columns == table->column_count;
    const bool on_conflict = (sql->driver->capabilities & KFPB_CAP_ON_CONFLICT) != 0;
    if (on_conflict && conflict == KFPB_CONFLICT_SKIP) {
        kfpb_sql_add(sql, " ON CONFLICT DO NOTHING");
        return;
    }
    if (on_conflict) {
        kfpb_sql_add(sql, " ON CONFLICT (");
        add_names(sql, table, table->key_columns);
        kfpb_sql_add(sql, keep ? ") DO NOTHING" : ") DO UPDATE SET ");
        if (!keep)
            add_assignments(sql, table, "=excluded.", "");
        return;
    }
    kfpb_sql_add(sql, " ON DUPLICATE KEY UPDATE ");
    if (keep) {
        kfpb_sql_name(sql, table->columns[0].name);
        kfpb_sql_add(sql, "=");
        kfpb_sql_name(sql, table->columns[0].name);
    } else {
        add_assignments(sql, table, "=VALUES(", ")");
    }
}

/* How many records from `first` on go into one statement. */
static size_t chunk_length(const job *work, size_t first)
{
    const size_t allowed = work->conn->limits.statement_bytes;
    const size_t limit = allowed < CHUNK_BYTES ? allowed - allowed / 8 : CHUNK_BYTES; /* head and tail need some */
    size_t bytes = 0;
    size_t length = 0;
    while (first + length < work->count && length < work->conn->driver->dialect.bulk_rows) {
        bytes += work->sizes[first + length];
        if (length > 0 && bytes > limit)
            break;
        length++;
    }
    return length;
}

static kfps_status run(job *work, kfpb_sql *sql, kfps_error *error)
{
    int64_t affected = 0;
    if (kfpb_sql_out_of_memory(sql))
        return kfpb_fail_no_memory(error);
    const kfps_status status = kfpb_exec_checked(work->conn, kfpb_text_get(&sql->text), sql->values, sql->count,
                                                 &affected, error);
    if (status == KFPS_OK)
        work->inserted += affected;
    return status;
}

/* ---- the three forms --------------------------------------------------------------------------------------------- */

static void add_row(kfpb_sql *sql, const job *work, size_t index)
{
    kfpb_sql_add(sql, "(");
    for (size_t c = 0; c < work->table->column_count; c++) {
        if (c > 0)
            kfpb_sql_add(sql, ",");
        kfpb_sql_bind(sql, kfpb_record_value(&work->table->columns[c], work->records[index]));
    }
    kfpb_sql_add(sql, ")");
}

/* INSERT … VALUES (…),(…). */
static kfps_status insert_multi(job *work, kfpb_sql *sql, kfps_error *error)
{
    kfps_status status = KFPS_OK;
    for (size_t first = 0; first < work->count && status == KFPS_OK;) {
        const size_t length = chunk_length(work, first);
        kfpb_sql_reset(sql);
        add_head(sql, work->table);
        kfpb_sql_add(sql, " VALUES ");
        for (size_t i = 0; i < length; i++) {
            if (i > 0)
                kfpb_sql_add(sql, ",");
            add_row(sql, work, first + i);
        }
        add_tail(sql, work->table, work->conflict);
        status = run(work, sql, error);
        first += length;
    }
    return status;
}

/* The text is made once; only the values change. */
static kfps_status insert_rows(job *work, kfpb_sql *sql, kfps_error *error)
{
    kfpb_sql_reset(sql);
    add_head(sql, work->table);
    kfpb_sql_add(sql, " VALUES ");
    add_row(sql, work, 0);
    add_tail(sql, work->table, work->conflict);
    kfps_status status = run(work, sql, error);
    for (size_t i = 1; i < work->count && status == KFPS_OK; i++) {
        for (size_t c = 0; c < work->table->column_count; c++)
            sql->values[c] = kfpb_record_value(&work->table->columns[c], work->records[i]);
        status = run(work, sql, error);
    }
    return status;
}

static const char *array_type(const kfpb_column *column)
{
    return column->type == KFPB_COL_INT32 || column->type == KFPB_COL_INT64 ? "bigint[]" : "text[]";
}

/* The cast of one column of the unnested rows: text does not fit json or double precision by itself. */
static const char *column_cast(const kfpb_column *column)
{
    if (column->pgsql_cast != NULL)
        return column->pgsql_cast;
    return column->type == KFPB_COL_DOUBLE ? "double precision" : column->type == KFPB_COL_JSON ? "json" : NULL;
}

static void add_array_item(kfpb_text *array, const kfpb_value *value)
{
    char number[KFPB_DOUBLE_SIZE];
    switch (value->kind) {
    case KFPB_NULL:
        kfpb_literal_array_item(array, NULL);
        break;
    case KFPB_INT:
        kfpb_text_int(array, value->integer);
        break;
    case KFPB_DOUBLE:
        kfpb_text_addn(array, number, kfpb_format_double(value->real, number));
        break;
    case KFPB_TEXT:
        kfpb_literal_array_item(array, value->text);
        break;
    }
}

/* One column of a chunk as an array literal in `array`, which keeps its memory from chunk to chunk. */
static void bind_array(kfpb_sql *sql, const job *work, size_t column, size_t first, size_t length, kfpb_text *array)
{
    kfpb_text_clear(array);
    kfpb_text_char(array, '{');
    for (size_t i = first; i < first + length; i++) {
        const kfpb_value value = kfpb_record_value(&work->table->columns[column], work->records[i]);
        if (i > first)
            kfpb_text_char(array, ',');
        add_array_item(array, &value);
    }
    kfpb_text_char(array, '}');
    if (array->out_of_memory)
        sql->out_of_memory = true;
    kfpb_sql_bind(sql, kfpb_textn(kfpb_text_get(array), array->length));
}

static void add_unnest(kfpb_sql *sql, const job *work, size_t first, size_t length, kfpb_text *arrays)
{
    const kfpb_table *table = work->table;
    kfpb_sql_add(sql, " SELECT ");
    for (size_t c = 0; c < table->column_count; c++) {
        const char *cast = column_cast(&table->columns[c]);
        kfpb_text_printf(&sql->text, "%sc%zu%s%s", c > 0 ? "," : "", c, cast != NULL ? "::" : "",
                         cast != NULL ? cast : "");
    }
    kfpb_sql_add(sql, " FROM unnest(");
    for (size_t c = 0; c < table->column_count; c++) {
        if (c > 0)
            kfpb_sql_add(sql, ",");
        bind_array(sql, work, c, first, length, &arrays[c]);
        kfpb_sql_add(sql, "::");
        kfpb_sql_add(sql, array_type(&table->columns[c]));
    }
    kfpb_sql_add(sql, ") AS t(");
    for (size_t c = 0; c < table->column_count; c++)
        kfpb_text_printf(&sql->text, "%sc%zu", c > 0 ? "," : "", c);
    kfpb_sql_add(sql, ")");
}

static kfps_status insert_unnest(job *work, kfpb_sql *sql, kfps_error *error)
{
    kfps_status status = KFPS_OK;
    kfpb_text *arrays = calloc(work->table->column_count, sizeof *arrays);
    if (arrays == NULL)
        return kfpb_fail_no_memory(error);
    for (size_t first = 0; first < work->count && status == KFPS_OK;) {
        const size_t length = chunk_length(work, first);
        kfpb_sql_reset(sql);
        add_head(sql, work->table);
        add_unnest(sql, work, first, length, arrays);
        add_tail(sql, work->table, work->conflict);
        status = run(work, sql, error);
        first += length;
    }
    for (size_t c = 0; c < work->table->column_count; c++)
        kfpb_text_free(&arrays[c]);
    free(arrays);
    return status;
}

/* ---- the door ---------------------------------------------------------------------------------------------------- */

kfps_status kfpb_insert(kfpb_conn *conn, const kfpb_table *table, const void *const *records, size_t count,
                        kfpb_conflict conflict, int64_t *inserted, kfps_error *error)
{
    static kfps_status (*const forms[])(job *, kfpb_sql *, kfps_error *) = {
        [KFPB_BULK_ROWS] = insert_rows,
        [KFPB_BULK_MULTI] = insert_multi,
        [KFPB_BULK_UNNEST] = insert_unnest,
    };
    kfpb_error_clear(error);
    if (inserted != NULL)
        *inserted = 0;
    if (count == 0)
        return KFPS_OK;
    size_t *sizes = reallocarray(NULL, count, sizeof *sizes);
    if (sizes == NULL)
        return kfpb_fail_no_memory(error);

    kfpb_sql sql;
    kfpb_sql_init(&sql, conn);
    job work = {.conn = conn, .table = table, .records = records, .sizes = sizes, .count = count, .conflict = conflict};
    kfps_status status = kfpb_record_check(table, records, count, &conn->limits, sizes, error);
    /* one row needs no form for many: PostgreSQL would make arrays of it, and read them again */
    if (status == KFPS_OK)
        status = (count == 1 ? insert_rows : forms[conn->driver->dialect.bulk])(&work, &sql, error);
    if (status != KFPS_OK)
        work.inserted = 0;
    else if (conflict == KFPB_CONFLICT_REPLACE)
        work.inserted = -1; /* a replaced row is counted like a new one */
    if (inserted != NULL)
        *inserted = work.inserted;
    kfpb_sql_free(&sql);
    free(sizes);
    return status;
}

kfps_status kfpb_check_records(const kfpb_table *table, const void *const *records, size_t count,
                               const kfpb_limits *limits, size_t *bytes, kfps_error *error)
{
    *bytes = 0;
    kfpb_error_clear(error);
    if (count == 0)
        return KFPS_OK;
    size_t *sizes = reallocarray(NULL, count, sizeof *sizes);
    if (sizes == NULL)
        return kfpb_fail_no_memory(error);
    const kfps_status status = kfpb_record_check(table, records, count, limits, sizes, error);
    for (size_t i = 0; status == KFPS_OK && i < count; i++)
        *bytes += sizes[i];
    free(sizes);
    return status;
}
