/* SPDX-License-Identifier: Apache-2.0 */
#include "migrate/source/events.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define OUTPUT_TYPES " AND \"type\" IN (1, 4, 6)"

bool mlmd_event_rows_add(mlmd_event_rows *rows, const mlmd_event_row *row)
{
    void *items = rows->items;
    if (!mlmd_grow(&items, &rows->capacity, rows->count, sizeof *rows->items))
        return false;
    rows->items = items;
    rows->items[rows->count++] = *row;
    return true;
}

void mlmd_event_rows_free(mlmd_event_rows *rows)
{
    free(rows->items);
    *rows = (mlmd_event_rows){0};
}

static bool see_event(void *context, const kfpb_rows *rows)
{
    int64_t type = kfpb_get_int(rows, MLMD_EVENT_TYPE);
    mlmd_event_row row = {
        .id = kfpb_get_int(rows, MLMD_EVENT_ID),
        .artifact_id = kfpb_get_int(rows, MLMD_EVENT_ARTIFACT),
        .execution_id = kfpb_get_int(rows, MLMD_EVENT_EXECUTION),
        .ms = kfpb_get_int(rows, MLMD_EVENT_TIME),
        .type = type >= 0 && type <= INT32_MAX ? (int) type : MLMD_EVENT_UNKNOWN,
    };
    return mlmd_event_rows_add(context, &row);
}

kfps_status mlmd_events_read(mlmd_source *source, mlmd_event_side side, const mlmd_ids *ids, mlmd_event_rows *out,
                             kfps_error *error)
{
    static const mlmd_selection sides[] = {
        [MLMD_EVENTS_OF_EXECUTIONS] = {MLMD_T_EVENT, MLMD_EVENT_EXECUTION, NULL, MLMD_CHUNK_NUMBERS},
        [MLMD_EVENTS_OF_ARTIFACTS] = {MLMD_T_EVENT, MLMD_EVENT_ARTIFACT, NULL, MLMD_CHUNK_NUMBERS},
        [MLMD_OUTPUTS_OF_ARTIFACTS] = {MLMD_T_EVENT, MLMD_EVENT_ARTIFACT, OUTPUT_TYPES, MLMD_CHUNK_NUMBERS},
    };

    if (source->version >= MLMD_INDEXED_EVENTS)
        return mlmd_select_rows(source, &sides[side], ids, see_event, out, error);
    kfps_status status = mlmd_event_store_open(source, error);
    if (status == KFPS_OK && !mlmd_event_store_find(source->events, side, ids, out))
        status = kfpb_fail_no_memory(error);
    return status;
}

/* ---- keys -------------------------------------------------------------------------------------------------------- */

bool mlmd_path_step(const mlmd_source *source, const kfpb_rows *rows, kfpb_arena *arena, mlmd_path *path)
{
    bool is_index = kfpb_get_int(rows, MLMD_PATH_IS_INDEX) != 0;
    unsigned flags = 0;

    if (is_index && !path->has_key) {
        path->key = kfpb_arena_printf(arena, "%" PRId64, kfpb_get_int(rows, MLMD_PATH_INDEX));
    } else if (!is_index && !kfpb_is_null(rows, MLMD_PATH_KEY)) {
        path->key = mlmd_row_text(source, rows, MLMD_PATH_KEY, arena, &flags);
        path->flags = flags;
        path->has_key = true;
    }
    return !arena->out_of_memory;
}

const char *mlmd_path_order(const mlmd_source *source, bool whole)
{
    const char *driver = source->conn->driver->name;

    if (source->catalog.tables[MLMD_T_EVENT_PATH].has_id)
        return whole ? " ORDER BY \"id\"" : " ORDER BY \"event_id\", \"id\"";
    if (strcmp(driver, "sqlite") == 0)
        return whole ? " ORDER BY rowid" : " ORDER BY \"event_id\", rowid";
    if (strcmp(driver, "pgsql") == 0)
        return whole ? " ORDER BY ctid" : " ORDER BY \"event_id\", ctid";
    /* InnoDB's index on event_id ends with the hidden row id, and a scan follows it as well: their own order is the
     * one. */
    return "";
}

typedef struct key_reader {
    const mlmd_source *source;
    kfpb_arena *arena;
    mlmd_event_rows *rows;
    mlmd_path *paths; /* one for each event row */
} key_reader;

static bool see_step(void *context, const kfpb_rows *rows)
{
    key_reader *reader = context;
    const mlmd_event_row *row = mlmd_find(reader->rows->items, reader->rows->count, sizeof *reader->rows->items,
                                          kfpb_get_int(rows, MLMD_PATH_EVENT));

    return row == NULL ||
           mlmd_path_step(reader->source, rows, reader->arena, &reader->paths[row - reader->rows->items]);
}

kfps_status mlmd_events_keys(mlmd_source *source, mlmd_event_rows *rows, kfpb_arena *arena, kfps_error *error)
{
    const mlmd_selection paths = {MLMD_T_EVENT_PATH, MLMD_PATH_EVENT, mlmd_path_order(source, false),
                                  MLMD_CHUNK_NUMBERS};
    key_reader reader = {.source = source, .arena = arena, .rows = rows};
    mlmd_ids ids = {0};
    kfps_status status = KFPS_OK;

    if (source->version < MLMD_INDEXED_EVENTS || rows->count == 0)
        return KFPS_OK; /* the store's rows have theirs */
    reader.paths = calloc(rows->count, sizeof *reader.paths);
    bool room = reader.paths != NULL;
    for (size_t i = 0; i < rows->count && room; i++)
        room = mlmd_ids_add(&ids, rows->items[i].id);
    status = room ? mlmd_select_rows(source, &paths, &ids, see_step, &reader, error) : kfpb_fail_no_memory(error);
    for (size_t i = 0; i < rows->count && status == KFPS_OK; i++) {
        rows->items[i].key = reader.paths[i].key != NULL ? reader.paths[i].key : "";
        rows->items[i].flags = reader.paths[i].flags;
    }
    mlmd_ids_free(&ids);
    free(reader.paths);
    return status;
}
