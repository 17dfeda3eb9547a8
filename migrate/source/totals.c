/* SPDX-License-Identifier: Apache-2.0 */
#include "migrate/source/internal.h"

static kfps_status run_count(mlmd_source *source, kfpb_sql *sql, int64_t *out, kfps_error *error)
{
    kfpb_rows *rows = NULL;

    kfps_status status = kfpb_sql_query(source->conn, sql, &rows, error);
    if (status != KFPS_OK)
        return status;
    int more = kfpb_next(rows, error);
    if (more == 1)
        *out = kfpb_get_int(rows, 0);
    kfpb_rows_free(&rows);
    if (more == 1)
        return KFPS_OK;
    return more < 0 && error != NULL ? (kfps_status) error->code
                                     : kfpb_fail(error, KFPS_INTERNAL, "a count gave no row");
}

/* A text with `%` before the letter of a table: one letter each keeps the statements readable below. */
void mlmd_add_statement(const mlmd_source *source, kfpb_sql *sql, const char *text)
{
    static const struct {
        char letter;
        mlmd_table table;
    } letters[] = {{'A', MLMD_T_ARTIFACT},           {'C', MLMD_T_CONTEXT},           {'E', MLMD_T_EVENT},
                   {'P', MLMD_T_EXECUTION_PROPERTY}, {'Q', MLMD_T_ARTIFACT_PROPERTY}, {'X', MLMD_T_EXECUTION},
                   {'S', MLMD_T_ASSOCIATION}};

    for (const char *s = text; *s != '\0'; s++) {
        const char one[2] = {*s, '\0'};
        if (*s != '%') {
            kfpb_sql_add(sql, one);
            continue;
        }
        s++;
        for (size_t i = 0; i < sizeof letters / sizeof letters[0]; i++) {
            if (letters[i].letter == *s)
                mlmd_catalog_name(&source->catalog, sql, letters[i].table);
        }
    }
}

static kfps_status count(mlmd_source *source, const char *text, int64_t *out, kfps_error *error)
{
    kfpb_sql sql;

    kfpb_sql_init(&sql, source->conn);
    mlmd_add_statement(source, &sql, text);
    kfps_status status = run_count(source, &sql, out, error);
    kfpb_sql_free(&sql);
    return status;
}

/* `text` ends where the list of the run contexts' type ids goes. */
static kfps_status count_of_runs(mlmd_source *source, const char *text, int64_t *out, kfps_error *error)
{
    kfpb_sql sql;

    kfpb_sql_init(&sql, source->conn);
    mlmd_add_statement(source, &sql, text);
    kfpb_sql_in_ints(&sql, source->run_type_ids.items, source->run_type_ids.count);
    kfps_status status = run_count(source, &sql, out, error);
    kfpb_sql_free(&sql);
    return status;
}

/* Each join goes by a primary key: old schemas have no other index, and anti-joins by unindexed columns take hours on
 * some engine. What is wanted is the difference of two such counts. */
kfps_status mlmd_source_totals(mlmd_source *source, mlmd_totals *out, kfps_error *error)
{
    int64_t artifacts_with_event = 0, dangling = 0, dangling_associated = 0, in_runs = 0;
    const struct {
        const char *text;
        int64_t *out;
    } counts[] = {
        {"SELECT COUNT(*) AS n FROM %X", &out->executions},
        {"SELECT COUNT(*) AS n FROM %A", &out->artifacts},
        {"SELECT COUNT(*) AS n FROM %E", &out->events},
        {"SELECT COUNT(DISTINCT e.artifact_id) AS n FROM %E e JOIN %A a ON a.id = e.artifact_id",
         &artifacts_with_event},
        {"SELECT COUNT(*) AS n FROM %E e LEFT JOIN %X x ON x.id = e.execution_id WHERE x.id IS NULL", &dangling},
        {"SELECT COUNT(*) AS n FROM %E e JOIN (SELECT DISTINCT s.execution_id FROM %S s LEFT JOIN %X x ON x.id = s.execution_id "
         "WHERE x.id IS NULL) d ON d.execution_id = e.execution_id",
         &dangling_associated},
    };

    *out = (mlmd_totals){0};
    kfpb_error_clear(error);
    kfps_status status = count_of_runs(source, "SELECT COUNT(*) AS n FROM %C WHERE \"type_id\"", &out->run_contexts,
                                       error);
    if (status == KFPS_OK)
        status = count_of_runs(source,
                               "SELECT COUNT(DISTINCT s.execution_id) AS n FROM %S s JOIN %C c ON c.id = s.context_id"
                               " JOIN %X x ON x.id = s.execution_id WHERE c.type_id",
                               &in_runs, error);
    for (size_t i = 0; i < sizeof counts / sizeof counts[0] && status == KFPS_OK; i++)
        status = count(source, counts[i].text, counts[i].out, error);
    out->events_without_execution = dangling - dangling_associated;
    out->foreign_executions = out->executions - in_runs;
    out->artifacts_without_event = out->artifacts - artifacts_with_event;
    return status;
}
