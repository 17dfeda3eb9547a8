/* SPDX-License-Identifier: Apache-2.0 */
#include "libkfpstore/query.h"

#include <stdlib.h>

#include "backends/base/fail.h"

/* Where each id is a value of its own: MariaDB makes a subquery of 1,000, and MySQL scans the table when the ranges of
 * all indexes that fit take more than 8 MB, which 900 ids of 191 characters do. Elsewhere a list is one value. */
static size_t chunk_of(const kfpb_conn *conn)
{
    return conn->driver->dialect.in_list == KFPB_IN_VALUES ? 250 : 10000;
}

kfps_status kfpsi_each(kfpb_conn *conn, kfpb_sql *sql, kfpsi_see see, void *context, kfps_error *error)
{
    kfpb_rows *rows = NULL;
    int there = 0;
    kfps_status status = kfpb_sql_query(conn, sql, &rows, error);
    while (status == KFPS_OK && (there = kfpb_next(rows, error)) > 0)
        status = see != NULL ? see(context, rows, error) : KFPS_OK;
    if (there < 0)
        status = (kfps_status) error->code;
    kfpb_rows_free(&rows);
    return status;
}

static void write_in(kfpb_sql *sql, const char *before, const char *const *texts, size_t count, const char *after)
{
    kfpb_sql_reset(sql);
    kfpb_sql_add(sql, before);
    if (count == 1) { /* the most frequent case, and a list is slower on every engine */
        kfpb_sql_add(sql, "=");
        kfpb_sql_bind(sql, kfpb_str(texts[0]));
    } else {
        kfpb_sql_in_texts(sql, texts, count);
    }
    kfpb_sql_add(sql, after);
}

kfps_status kfpsi_each_in(kfpb_conn *conn, const char *before, const char *const *texts, size_t count,
                          const char *after, kfpsi_see see, void *context, kfps_error *error)
{
    kfps_status status = KFPS_OK;
    kfpb_sql sql;
    const size_t chunk = chunk_of(conn);
    kfpb_sql_init(&sql, conn);
    for (size_t first = 0; status == KFPS_OK && first < count; first += chunk) {
        write_in(&sql, before, texts + first, count - first < chunk ? count - first : chunk, after);
        status = kfpsi_each(conn, &sql, see, context, error);
    }
    kfpb_sql_free(&sql);
    return status;
}

kfps_status kfpsi_exec_in(kfpb_conn *conn, const char *before, const char *const *texts, size_t count,
                          const char *after, int64_t *affected, kfps_error *error)
{
    kfps_status status = KFPS_OK;
    kfpb_sql sql;
    if (affected != NULL)
        *affected = 0;
    const size_t chunk = chunk_of(conn);
    kfpb_sql_init(&sql, conn);
    for (size_t first = 0; status == KFPS_OK && first < count; first += chunk) {
        int64_t some = 0;
        write_in(&sql, before, texts + first, count - first < chunk ? count - first : chunk, after);
        status = kfpb_sql_exec(conn, &sql, &some, error);
        if (affected != NULL)
            *affected += some;
    }
    kfpb_sql_free(&sql);
    return status;
}

void kfpsi_form_before(kfpb_sql *sql, const char *form)
{
    const char *place = strstr(form, "%s");
    kfpb_text_addn(&sql->text, form, (size_t) (place - form));
}

void kfpsi_form_behind(kfpb_sql *sql, const char *form)
{
    kfpb_sql_add(sql, strstr(form, "%s") + 2);
}

void kfpsi_index_hint(kfpb_sql *sql, const char *index)
{
    const char *hint = sql->driver->dialect.index_hint;
    if (hint[0] == '\0')
        return;
    kfpb_sql_add(sql, hint);
    kfpb_sql_add(sql, index);
    kfpb_sql_add(sql, ")");
}

void kfpsi_sql_hidden(kfpb_sql *sql, kfpb_value value)
{
    /* a double would lose its type, and is no place in any of the indices */
    const char *form = value.kind == KFPB_DOUBLE ? NULL : sql->driver->dialect.hidden;
    if (form != NULL)
        kfpsi_form_before(sql, form);
    kfpb_sql_bind(sql, value);
    if (form != NULL)
        kfpsi_form_behind(sql, form);
}

void kfpsi_columns_of(kfpb_sql *sql, const char *table)
{
    const char *form = sql->driver->dialect.columns_of;
    const char *value = strchr(form, '?');
    kfpb_text_addn(&sql->text, form, (size_t) (value - form));
    kfpb_sql_bind(sql, kfpb_str(table));
    kfpb_sql_add(sql, value + 1);
}

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(const char *const *) a, *(const char *const *) b);
}

const char **kfpsi_sorted_texts(kfpb_arena *arena, const char *const *texts, size_t count, size_t *sorted_count)
{
    const char **sorted = kfpb_arena_array(arena, count, sizeof *sorted);
    size_t n = 0, kept = 0;
    *sorted_count = 0;
    if (sorted == NULL)
        return NULL;
    for (size_t i = 0; i < count; i++) {
        if (texts[i] != NULL)
            sorted[n++] = texts[i];
    }
    if (n > 1)
        qsort(sorted, n, sizeof *sorted, compare_texts);
    for (size_t i = 0; i < n; i++) {
        if (kept == 0 || strcmp(sorted[kept - 1], sorted[i]) != 0)
            sorted[kept++] = sorted[i];
    }
    *sorted_count = kept;
    return sorted;
}

ptrdiff_t kfpsi_find_text(const char *const *sorted, size_t count, const char *text)
{
    if (count == 0 || text == NULL)
        return -1;
    const char *const *found = bsearch(&text, sorted, count, sizeof *sorted, compare_texts);
    return found != NULL ? found - sorted : -1;
}
