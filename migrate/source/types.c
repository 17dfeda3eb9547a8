/* SPDX-License-Identifier: Apache-2.0 */
#include "migrate/source/internal.h"

#include <stdlib.h>
#include <string.h>

enum { KIND_CONTEXT = 2 };

static bool is_run_type(const mlmd_source *source, const char *name)
{
    for (size_t i = 0; i < source->run_type_count; i++) {
        if (strcmp(source->run_types[i], name) == 0)
            return true;
    }
    return false;
}

/* Types that are known already stay as they are: others hold their names. */
static bool see_type(void *context, const kfpb_rows *rows)
{
    mlmd_source *source = context;
    unsigned flags = 0;
    int64_t id = kfpb_get_int(rows, MLMD_TYPE_ID);

    if (mlmd_type_find(source, id) != NULL)
        return true;
    void *types = source->types;
    if (!mlmd_grow(&types, &source->type_capacity, source->type_count, sizeof *source->types))
        return false;
    source->types = types;
    const char *name = mlmd_row_text(source, rows, MLMD_TYPE_NAME, &source->arena, &flags);
    if (source->arena.out_of_memory)
        return false;
    mlmd_type type = {
        .id = id,
        .name = name != NULL ? name : "",
        .context = kfpb_get_int(rows, MLMD_TYPE_KIND) == KIND_CONTEXT,
    };
    size_t at = mlmd_lower_bound(source->types, source->type_count, sizeof *source->types, id);
    memmove(&source->types[at + 1], &source->types[at], (source->type_count - at) * sizeof *source->types);
    source->types[at] = type;
    source->type_count++;
    if (type.context && is_run_type(source, type.name)) {
        if (!mlmd_ids_add(&source->run_type_ids, id))
            return false;
        mlmd_ids_sort(&source->run_type_ids);
    }
    return true;
}

kfps_status mlmd_types_read(mlmd_source *source, kfps_error *error)
{
    kfpb_sql sql;

    kfpb_sql_init(&sql, source->conn);
    mlmd_catalog_select(&source->catalog, &sql, MLMD_T_TYPE);
    kfpb_sql_add(&sql, " ORDER BY ");
    mlmd_catalog_column(&sql, MLMD_T_TYPE, MLMD_TYPE_ID);
    kfps_status status = mlmd_query_rows(source, &sql, see_type, source, error);
    kfpb_sql_free(&sql);
    return status;
}

const mlmd_type *mlmd_type_find(const mlmd_source *source, int64_t id)
{
    return mlmd_find(source->types, source->type_count, sizeof *source->types, id);
}

const char *mlmd_type_name(const mlmd_source *source, int64_t id)
{
    const mlmd_type *type = mlmd_type_find(source, id);
    return type != NULL ? type->name : "";
}
