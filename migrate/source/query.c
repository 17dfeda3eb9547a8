/* SPDX-License-Identifier: Apache-2.0 */
#include "migrate/source/internal.h"

kfps_status mlmd_query_rows(mlmd_source *source, kfpb_sql *sql, mlmd_see_row see, void *context, kfps_error *error)
{
    kfps_error local = {0};
    kfps_error *where = error != NULL ? error : &local;
    kfpb_rows *rows = NULL;
    int more = 0;

    kfps_status status = kfpb_sql_query(source->conn, sql, &rows, where);
    if (status != KFPS_OK)
        return status;
    while ((more = kfpb_next(rows, where)) == 1) {
        if (!see(context, rows)) {
            status = kfpb_fail_no_memory(where);
            break;
        }
    }
    if (more < 0)
        status = where->code != KFPS_OK ? (kfps_status) where->code : KFPS_INTERNAL;
    kfpb_rows_free(&rows);
    return status;
}

kfps_status mlmd_select_rows(mlmd_source *source, const mlmd_selection *selection, const mlmd_ids *ids,
                             mlmd_see_row see, void *context, kfps_error *error)
{
    kfps_status status = KFPS_OK;
    kfpb_sql sql;

    kfpb_sql_init(&sql, source->conn);
    for (size_t from = 0; from < ids->count && status == KFPS_OK; from += selection->chunk) {
        size_t count = ids->count - from < selection->chunk ? ids->count - from : selection->chunk;
        kfpb_sql_reset(&sql);
        mlmd_catalog_select(&source->catalog, &sql, selection->table);
        kfpb_sql_add(&sql, " WHERE ");
        mlmd_catalog_column(&sql, selection->table, selection->column);
        kfpb_sql_in_ints(&sql, ids->items + from, count);
        if (selection->more != NULL)
            kfpb_sql_add(&sql, selection->more);
        status = mlmd_query_rows(source, &sql, see, context, error);
    }
    kfpb_sql_free(&sql);
    return status;
}
