/* SPDX-License-Identifier: Apache-2.0 */
#include "libkfpstore/links.h"

#include <jansson.h>
#include <math.h>

#include "backends/base/fail.h"
#include "backends/base/text.h"
#include "libkfpstore/id_set.h"
#include "libkfpstore/json_text.h"
#include "libkfpstore/tables.h"
#include "libkfpstore/view.h"

/* ---- preparing --------------------------------------------------------------------------------------------------- */

static bool iteration_of(const json_t *value, int64_t *iteration)
{
    if (value == NULL || json_is_null(value))
        return true;
    if (json_is_integer(value)) {
        *iteration = json_integer_value(value);
        return true;
    }
    if (json_is_string(value))
        return kfpb_parse_int(json_string_value(value), iteration);
    const double number = json_is_real(value) ? json_real_value(value) : NAN;
    if (!(fabs(number) < 9e15) || number != trunc(number))
        return false;
    *iteration = (int64_t) number;
    return true;
}

kfps_status kfpsi_producer_iteration(const char *producer_json, size_t element, int64_t *iteration, kfps_error *error)
{
    *iteration = -1;
    /* most producers have none: not parsed, unless the key could be written with escapes */
    if (producer_json == NULL || (strstr(producer_json, "iteration") == NULL && strchr(producer_json, '\\') == NULL))
        return KFPS_OK;
    json_t *json = NULL;
    const kfps_status status = kfpsi_json_load(producer_json, strlen(producer_json), JSON_DECODE_ANY | JSON_ALLOW_NUL,
                                               &json, NULL);
    if (status != KFPS_OK)
        return status == KFPS_NO_MEMORY
                   ? kfpb_fail_no_memory(error)
                   : kfpb_fail_at(error, element, KFPS_INVALID, "producer_json of element %zu is not JSON", element);
    const bool understood = iteration_of(json_object_get(json, "iteration"), iteration);
    json_decref(json);
    if (!understood)
        return kfpb_fail_at(error, element, KFPS_INVALID,
                            "producer_json of element %zu: \"iteration\" is neither a whole number nor the text of one",
                            element);
    return KFPS_OK;
}

static kfps_status need(const char *text, const char *field, size_t element, kfps_error *error)
{
    if (text != NULL && text[0] != '\0')
        return KFPS_OK;
    return kfpb_fail_at(error, element, KFPS_INVALID, "%s of link %zu is %s", field, element,
                        text == NULL ? "NULL" : "empty");
}

static kfps_status check_link(const kfpsi_op *op, const kfps_artifact_task *link, bool artifact_known, size_t i,
                              kfps_error *error)
{
    kfps_status status = KFPS_OK;
    if (link->type < KFPS_IO_COMPONENT_DEFAULT_INPUT || link->type > KFPS_IO_TASK_FINAL_STATUS_OUTPUT)
        return kfpb_fail_at(error, i, KFPS_INVALID, "the type of link %zu is %d, which is no IO type (1 to 11)", i,
                            (int) link->type);
    if (link->artifact_key == NULL)
        return kfpb_fail_at(error, i, KFPS_INVALID, "artifact_key of link %zu is NULL; use \"\" for none", i);
    if (!artifact_known)
        status = need(link->artifact_uuid, "artifact_uuid", i, error);
    if (status == KFPS_OK)
        status = need(link->task_uuid, "task_uuid", i, error);
    if (status == KFPS_OK)
        status = need(link->run_uuid, "run_uuid", i, error);
    if (status == KFPS_OK && link->producer_json != NULL && strcmp(link->producer_json, "null") != 0)
        status = kfpsi_json_check(link->producer_json, KFPSI_JSON_OBJECT, op->conn->limits.json_depth, "producer_json",
                                  i, error);
    return status;
}

static kfps_status prepare_link(const kfpsi_op *op, kfpb_arena *arena, const kfps_artifact_task *given,
                                const kfps_artifact *artifact, size_t i, kfps_artifact_task *link, kfps_error *error)
{
    kfps_status status = check_link(op, given, artifact != NULL, i, error);
    if (status == KFPS_OK)
        status = kfpsi_producer_iteration(given->producer_json, i, &link->iteration, error);
    if (status != KFPS_OK)
        return status;
    link->artifact_uuid = kfpb_arena_text(arena, artifact != NULL ? artifact->uuid : given->artifact_uuid);
    link->task_uuid = kfpb_arena_text(arena, given->task_uuid);
    link->run_uuid = kfpb_arena_text(arena, given->run_uuid);
    link->producer_json = kfpb_arena_text(arena, given->producer_json != NULL ? given->producer_json : "null");
    link->artifact_key = kfpb_arena_text(arena, given->artifact_key);
    link->type = given->type;
    return KFPS_OK;
}

kfps_status kfpsi_links_prepare(kfpsi_op *op, kfpb_arena *arena, const kfps_artifact_task *given, size_t count,
                                const kfps_artifact *artifacts, kfps_artifact_task **out, kfps_error *error)
{
    size_t bytes;
    const char **uuids;
    kfps_status status = kfpsi_new_uuids(op->store, arena, count, &uuids, error);
    kfps_artifact_task *links = kfpb_arena_array(arena, count, sizeof *links);
    const void **records = kfpb_arena_array(arena, count, sizeof *records);
    *out = links;
    if (status == KFPS_OK && (links == NULL || records == NULL))
        status = kfpb_fail_no_memory(error);
    for (size_t i = 0; status == KFPS_OK && i < count; i++) {
        links[i].uuid = uuids[i];
        status = prepare_link(op, arena, &given[i], artifacts != NULL ? &artifacts[i] : NULL, i, &links[i], error);
        records[i] = &links[i];
    }
    if (status == KFPS_OK && arena->out_of_memory)
        status = kfpb_fail_no_memory(error);
    /* lengths and encoding, in the caller's order, so that the element is the caller's too */
    if (status == KFPS_OK)
        status = kfpb_check_records(&kfpsi_artifact_tasks, records, count, &op->conn->limits, &bytes, error);
    return status;
}

/* ---- inserting --------------------------------------------------------------------------------------------------- */

enum { GROUPS = 200 }; /* of alternatives in one look-up */

typedef struct insertion {
    kfpsi_op *op;
    kfpb_arena *arena;
    kfps_artifact_task *links;
    size_t count;
    bool *missing; /* links[i] was not inserted: something of its key is there */
} insertion;

static bool same_but_key(const kfps_artifact_task *a, const kfps_artifact_task *b)
{
    return a->type == b->type && a->iteration == b->iteration && strcmp(a->artifact_uuid, b->artifact_uuid) == 0 &&
           strcmp(a->task_uuid, b->task_uuid) == 0;
}

/* A count of inserted rows says that some are missing, not which. */
static kfps_status find_missing(insertion *work, kfps_error *error)
{
    size_t missing = 0;
    bool *there = work->missing;
    kfps_status status = kfpsi_uuids_there(work->op->conn, work->arena,
                                           "SELECT \"UUID\" FROM \"artifact_tasks\" WHERE \"UUID\"", work->links,
                                           work->count, sizeof *work->links, there, error);
    for (size_t i = 0; status == KFPS_OK && i < work->count; i++) {
        work->missing[i] = !there[i];
        missing += work->missing[i];
    }
    if (status == KFPS_OK && missing == 0)
        status = kfpb_fail(error, KFPS_EXISTS, "a new link's UUID is taken: the generator of UUIDs repeats itself");
    return status;
}

/* The rows that the collation takes for the links: occupied; and of them those with the same bytes: found. */
static kfps_status read_equal(insertion *work, const size_t *places, size_t count, kfps_artifact_task *found,
                              bool *occupied, kfps_error *error)
{
    kfpb_sql sql;
    kfpb_rows *rows = NULL;
    int there = 0;
    kfpb_sql_init(&sql, work->op->conn);
    kfpb_sql_add(&sql, "SELECT ");
    kfpsi_view_columns(&sql, &kfpsi_view_artifact_task, NULL);
    kfpb_sql_add(&sql, " FROM \"artifact_tasks\" WHERE ");
    for (size_t i = 0; i < count; i++) {
        const kfps_artifact_task *link = &work->links[places[i]];
        kfpb_sql_add(&sql, i == 0 ? "(\"ArtifactID\"=" : " OR (\"ArtifactID\"=");
        kfpb_sql_bind(&sql, kfpb_str(link->artifact_uuid));
        kfpb_sql_add(&sql, " AND \"TaskID\"=");
        kfpb_sql_bind(&sql, kfpb_str(link->task_uuid));
        kfpb_sql_add(&sql, " AND \"Type\"=");
        kfpb_sql_bind(&sql, kfpb_int(link->type));
        kfpb_sql_add(&sql, " AND \"Iteration\"=");
        kfpb_sql_bind(&sql, kfpb_int(link->iteration));
        kfpb_sql_add(&sql, " AND \"ArtifactKey\"=");
        kfpb_sql_bind(&sql, kfpb_str(link->artifact_key));
        kfpb_sql_add(&sql, ")");
    }
    kfps_status status = kfpb_sql_query(work->op->conn, &sql, &rows, error);
    while (status == KFPS_OK && (there = kfpb_next(rows, error)) > 0) {
        kfps_artifact_task row = {0};
        kfpsi_view_read(rows, 0, &kfpsi_view_artifact_task, work->arena, &row);
        if (work->arena->out_of_memory)
            break;
        for (size_t i = 0; i < count; i++) {
            const kfps_artifact_task *link = &work->links[places[i]];
            if (!same_but_key(link, &row))
                continue;
            occupied[i] = true;
            if (strcmp(link->artifact_key, row.artifact_key) == 0)
                found[i] = row;
        }
    }
    if (there < 0)
        status = (kfps_status) error->code;
    else if (status == KFPS_OK && work->arena->out_of_memory)
        status = kfpb_fail_no_memory(error);
    kfpb_rows_free(&rows);
    kfpb_sql_free(&sql);
    return status;
}

/* What is there instead of links[place]. */
static kfps_status settle(insertion *work, size_t place, const kfps_artifact_task *found, bool occupied,
                          kfps_on_existing on_existing, int32_t *existed, kfps_error *error)
{
    if (found->uuid == NULL && occupied)
        return kfpb_fail_at(error, place, KFPS_EXISTS,
                            "the key of link %zu differs from that of another link of the same artifact, task, type "
                            "and iteration, but this database's collation takes them for one",
                            place);
    if (found->uuid == NULL)
        return kfpb_fail_at(error, place, KFPS_BUSY, "link %zu was there and is gone again: another writer", place);
    if (on_existing == KFPS_EXISTING_FAIL)
        return kfpb_fail_at(error, place, KFPS_EXISTS,
                            "link %zu is there already (UniqueLink: artifact, task, type, iteration and key)", place);
    work->links[place] = *found;
    if (existed != NULL)
        existed[place] = 1;
    return KFPS_OK;
}

static kfps_status look_at_missing(insertion *work, kfps_on_existing on_existing, int32_t *existed, kfps_error *error)
{
    kfps_status status = KFPS_OK;
    for (size_t next = 0; status == KFPS_OK && next < work->count;) {
        size_t places[GROUPS];
        kfps_artifact_task found[GROUPS] = {{0}};
        bool occupied[GROUPS] = {false};
        size_t count = 0;
        /* who must not find one needs to look at the first only */
        const size_t most = on_existing == KFPS_EXISTING_FAIL ? 1 : GROUPS;
        for (; next < work->count && count < most; next++) {
            if (work->missing[next])
                places[count++] = next;
        }
        if (count == 0)
            break;
        status = read_equal(work, places, count, found, occupied, error);
        for (size_t i = 0; status == KFPS_OK && i < count; i++)
            status = settle(work, places[i], &found[i], occupied[i], on_existing, existed, error);
    }
    return status;
}

kfps_status kfpsi_links_insert(kfpsi_op *op, kfpb_arena *arena, kfps_artifact_task *links, size_t count,
                               kfps_on_existing on_existing, int32_t *existed, kfps_error *error)
{
    int64_t inserted = 0;
    insertion work = {op, arena, links, count, kfpb_arena_array(arena, count, sizeof(bool))};
    const void **records = kfpsi_by_uuid(arena, links, count, sizeof *links);
    if (records == NULL || work.missing == NULL)
        return kfpb_fail_no_memory(error);
    for (size_t i = 0; existed != NULL && i < count; i++)
        existed[i] = 0;
    kfps_status status = kfpb_insert(op->conn, &kfpsi_artifact_tasks, records, count, KFPB_CONFLICT_SKIP, &inserted,
                                     error);
    if (status != KFPS_OK)
        return kfpsi_race(op, status, error);
    if (inserted == (int64_t) count)
        return KFPS_OK;
    if (count == 1)
        work.missing[0] = true;
    else
        status = find_missing(&work, error);
    return status == KFPS_OK ? look_at_missing(&work, on_existing, existed, error) : status;
}

kfps_status kfpsi_link_find(kfpsi_op *op, kfpb_arena *arena, kfps_artifact_task *link, kfps_artifact_task *found,
                            kfps_error *error)
{
    insertion work = {.op = op, .arena = arena, .links = link, .count = 1};
    bool occupied = false;
    *found = (kfps_artifact_task){0};
    return read_equal(&work, &(size_t){0}, 1, found, &occupied, error);
}

kfps_status kfpsi_race(const kfpsi_op *op, kfps_status status, kfps_error *error)
{
    if ((status != KFPS_FOREIGN_KEY && status != KFPS_EXISTS) || op->session->txn)
        return status;
    error->code = KFPS_BUSY;
    return KFPS_BUSY;
}
