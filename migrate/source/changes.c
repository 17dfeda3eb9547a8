/* SPDX-License-Identifier: Apache-2.0 */
/* changes.c: what MLMD says was changed since a time: executions and artifacts, and from there, by way of the artifacts
 * that they share, the executions of other runs whose rows tell of them. */
#include <stdlib.h>

#include "migrate/source/events.h"

enum { CHUNK = 1000 }; /* executions or artifacts whose events are held at once */

typedef struct change {
    int64_t id; /* first: sorted by it */
    int64_t ms;
} change;

typedef struct changes {
    change *items;
    size_t count, capacity;
} changes;

static bool add_change(changes *list, int64_t id, int64_t ms)
{
    void *items = list->items;
    if (!mlmd_grow(&items, &list->capacity, list->count, sizeof *list->items))
        return false;
    list->items = items;
    list->items[list->count++] = (change){id, ms};
    return true;
}

/* By id, each once with its latest time. */
static void settle(changes *list)
{
    size_t n = 0;
    if (list->count > 1)
        qsort(list->items, list->count, sizeof *list->items, mlmd_compare_ids);
    for (size_t i = 0; i < list->count; i++) {
        if (n == 0 || list->items[n - 1].id != list->items[i].id)
            list->items[n++] = list->items[i];
        else if (list->items[n - 1].ms < list->items[i].ms)
            list->items[n - 1].ms = list->items[i].ms;
    }
    list->count = n;
}

static bool see_row(void *context, const kfpb_rows *rows)
{
    return add_change(context, kfpb_get_int(rows, 0), kfpb_get_int(rows, 1));
}

static kfps_status read_changed(mlmd_source *source, const char *text, int64_t since_ms, changes *out,
                                kfps_error *error)
{
    kfpb_sql sql;
    kfpb_sql_init(&sql, source->conn);
    mlmd_add_statement(source, &sql, text);
    kfpb_sql_bind(&sql, kfpb_int(since_ms));
    const kfps_status status = mlmd_query_rows(source, &sql, see_row, out, error);
    kfpb_sql_free(&sql);
    return status;
}

/* The events of items[first …] of the list; *next is behind them. */
static kfps_status read_events(mlmd_source *source, mlmd_event_side side, const changes *list, size_t first,
                               size_t *next, mlmd_event_rows *out, kfps_error *error)
{
    mlmd_ids ids = {0};
    bool room = true;
    *next = list->count - first < CHUNK ? list->count : first + CHUNK;
    for (size_t i = first; i < *next && room; i++)
        room = mlmd_ids_add(&ids, list->items[i].id);
    const kfps_status status = room ? mlmd_events_read(source, side, &ids, out, error) : kfpb_fail_no_memory(error);
    mlmd_ids_free(&ids);
    return status;
}

static int64_t time_of(const changes *list, int64_t id)
{
    const change *found = mlmd_find(list->items, list->count, sizeof *list->items, id);
    return found != NULL ? found->ms : 0;
}

/* What an execution has made changes with it: other runs tell of its producer. */
static kfps_status add_outputs(mlmd_source *source, const changes *executions, changes *artifacts, kfps_error *error)
{
    kfps_status status = KFPS_OK;
    for (size_t first = 0, next = 0; status == KFPS_OK && first < executions->count; first = next) {
        mlmd_event_rows rows = {0};
        status = read_events(source, MLMD_EVENTS_OF_EXECUTIONS, executions, first, &next, &rows, error);
        for (size_t i = 0; status == KFPS_OK && i < rows.count; i++) {
            if (mlmd_event_is_output(rows.items[i].type) &&
                !add_change(artifacts, rows.items[i].artifact_id, time_of(executions, rows.items[i].execution_id)))
                status = kfpb_fail_no_memory(error);
        }
        mlmd_event_rows_free(&rows);
    }
    return status;
}

static kfps_status see_users(mlmd_source *source, const changes *artifacts, mlmd_see_change see, void *context,
                             kfps_error *error)
{
    kfps_status status = KFPS_OK;
    for (size_t first = 0, next = 0; status == KFPS_OK && first < artifacts->count; first = next) {
        mlmd_event_rows rows = {0};
        status = read_events(source, MLMD_EVENTS_OF_ARTIFACTS, artifacts, first, &next, &rows, error);
        for (size_t i = 0; status == KFPS_OK && i < rows.count; i++)
            see(context, rows.items[i].execution_id, time_of(artifacts, rows.items[i].artifact_id));
        mlmd_event_rows_free(&rows);
    }
    return status;
}

bool mlmd_source_tells_changes(const mlmd_source *source)
{
    const mlmd_catalog_table *tables = source->catalog.tables;
    return (tables[MLMD_T_EXECUTION].columns >> MLMD_EXECUTION_UPDATED & 1u) != 0 &&
           (tables[MLMD_T_ARTIFACT].columns >> MLMD_ARTIFACT_UPDATED & 1u) != 0;
}

kfps_status mlmd_source_changes(mlmd_source *source, int64_t since_ms, mlmd_see_change see, void *context,
                                kfps_error *error)
{
    changes executions = {0}, artifacts = {0};
    kfpb_error_clear(error);
    kfps_status status = read_changed(
        source,
        "SELECT x.id AS id, x.last_update_time_since_epoch AS ms FROM %X x WHERE x.last_update_time_since_epoch >= ",
        since_ms, &executions, error);
    if (status == KFPS_OK)
        status = read_changed(source,
                              "SELECT a.id AS id, a.last_update_time_since_epoch AS ms FROM %A a"
                              " WHERE a.last_update_time_since_epoch >= ",
                              since_ms, &artifacts, error);
    settle(&executions);
    for (size_t i = 0; status == KFPS_OK && i < executions.count; i++)
        see(context, executions.items[i].id, executions.items[i].ms);
    if (status == KFPS_OK)
        status = add_outputs(source, &executions, &artifacts, error);
    settle(&artifacts);
    if (status == KFPS_OK)
        status = see_users(source, &artifacts, see, context, error);
    free(executions.items);
    free(artifacts.items);
    return status;
}
