/* SPDX-License-Identifier: Apache-2.0 */
#include "migrate/source/internal.h"

/* What is in no run, page by page: a reject file has a line for each. */

enum { PAGE = 10000 };

typedef struct page {
    mlmd_source *source;
    mlmd_see_outside see;
    void *context;
    const char *kind;
    int64_t last;
    size_t count;
    bool by_members; /* the second column is an execution: only those in no run context count */
    bool well;
} page;

static bool see_id(void *context, const kfpb_rows *rows)
{
    page *p = context;
    size_t contexts = 0;

    p->last = kfpb_get_int(rows, 0);
    p->count++;
    if (p->by_members)
        mlmd_source_contexts_of(p->source, kfpb_get_int(rows, 1), &contexts);
    if (contexts == 0 && p->well)
        p->well = p->see(p->context, p->kind, p->last);
    return true;
}

static kfps_status walk(page *p, const char *before, const char *after, kfps_error *error)
{
    kfps_status status = KFPS_OK;
    kfpb_sql sql;

    kfpb_sql_init(&sql, p->source->conn);
    p->last = INT64_MIN;
    do {
        p->count = 0;
        kfpb_sql_reset(&sql);
        mlmd_add_statement(p->source, &sql, before);
        kfpb_sql_bind(&sql, kfpb_int(p->last));
        kfpb_sql_add(&sql, after);
        status = mlmd_query_rows(p->source, &sql, see_id, p, error);
    } while (status == KFPS_OK && p->count == PAGE && p->well);
    kfpb_sql_free(&sql);
    return status;
}

kfps_status mlmd_source_outside(mlmd_source *source, mlmd_see_outside see, void *context, bool *well, kfps_error *error)
{
    static const struct {
        const char *kind, *before, *after;
        bool by_members;
    } walks[] = {
        {"execution", "SELECT x.id AS id, x.id AS execution_id FROM %X x WHERE x.id > ", " ORDER BY x.id LIMIT 10000",
         true},
        {"artifact", "SELECT a.id AS id FROM %A a WHERE a.id NOT IN (SELECT e.artifact_id FROM %E e) AND a.id > ",
         " ORDER BY a.id LIMIT 10000", false},
        {"event",
         "SELECT e.id AS id, e.execution_id AS execution_id FROM %E e LEFT JOIN %X x ON x.id = e.execution_id"
         " WHERE x.id IS NULL AND e.id > ",
         " ORDER BY e.id LIMIT 10000", true},
    };
    kfps_status status = mlmd_source_ready(source, error);

    *well = true;
    for (size_t i = 0; i < sizeof walks / sizeof walks[0] && status == KFPS_OK && *well; i++) {
        page p = {.source = source,
                  .see = see,
                  .context = context,
                  .kind = walks[i].kind,
                  .by_members = walks[i].by_members,
                  .well = true};
        status = walk(&p, walks[i].before, walks[i].after, error);
        *well = p.well;
    }
    return status;
}
