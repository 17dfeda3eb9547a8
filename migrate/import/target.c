/* SPDX-License-Identifier: Apache-2.0 */
#include "migrate/import/target.h"

#include <stdlib.h>
#include <uthash.h>

#include "backends/base/fail.h"
#include "backends/base/text.h"
#include "backends/sql.h"

/* A run row under one of the texts it can be found by. */
typedef struct found_run {
    const char *key;
    target_run run;
    bool several; /* more than one row has this key */
    UT_hash_handle hh;
} found_run;

static const char run_columns[] =
    "SELECT r.\"UUID\", r.\"Name\", r.\"Namespace\", r.\"CreatedAtInSec\", r.\"FinishedAtInSec\", r.\"State\","
    " r.\"Conditions\", e.\"Namespace\" FROM \"run_details\" r"
    " LEFT JOIN \"experiments\" e ON e.\"UUID\" = r.\"ExperimentUUID\" WHERE r.";

static const char *or_empty(const char *s)
{
    return s != NULL ? s : "";
}

/* Adds the rows whose `column` is in the list to the table, keyed by the column of that number. */
static kfps_status read_runs(kfpb_conn *conn, const char *column, int key_column, const char *const *texts,
                             size_t count, kfpb_arena *arena, found_run **table, kfps_error *error)
{
    if (count == 0)
        return KFPS_OK;
    kfpb_rows *rows = NULL;
    kfpb_sql sql;
    kfpb_sql_init(&sql, conn);
    kfpb_sql_add(&sql, run_columns);
    kfpb_sql_name(&sql, column);
    kfpb_sql_in_texts(&sql, texts, count);
    kfps_status status = kfpb_sql_query(conn, &sql, &rows, error);
    int got = 0;
    while (status == KFPS_OK && (got = kfpb_next(rows, error)) > 0) {
        const char *key = kfpb_arena_text(arena, kfpb_get_text(rows, (size_t) key_column, NULL));
        found_run *f = NULL;
        if (key == NULL)
            continue;
        HASH_FIND_STR(*table, key, f);
        if (f != NULL) {
            f->several = true;
            continue;
        }
        f = kfpb_arena_alloc(arena, sizeof *f);
        if (f == NULL)
            break;
        const char *own = or_empty(kfpb_get_text(rows, 2, NULL));
        f->key = key;
        f->run = (target_run){
            .found = true,
            .uuid = kfpb_arena_text(arena, kfpb_get_text(rows, 0, NULL)),
            .run_namespace = kfpb_arena_text(arena, *own != '\0' ? own : or_empty(kfpb_get_text(rows, 7, NULL))),
            .created_at = kfpb_get_int(rows, 3),
            .finished_at = kfpb_get_int(rows, 4),
            .state = map_normalise_run_state(kfpb_get_text(rows, 5, NULL), kfpb_get_text(rows, 6, NULL)),
        };
        HASH_ADD_KEYPTR(hh, *table, f->key, strlen(f->key), f);
    }
    if (got < 0)
        status = (kfps_status) error->code;
    if (status == KFPS_OK && arena->out_of_memory)
        status = kfpb_fail_no_memory(error);
    kfpb_rows_free(&rows);
    kfpb_sql_free(&sql);
    return status;
}

static const target_run *lookup(found_run *table, const char *key)
{
    found_run *f = NULL;
    HASH_FIND_STR(table, key, f);
    return f != NULL && !f->several ? &f->run : NULL;
}

kfps_status target_find_runs(kfpb_conn *conn, const target_key *keys, size_t count, kfpb_arena *arena, target_run *out,
                             kfps_error *error)
{
    found_run *by_uuid = NULL, *by_name = NULL;
    size_t uuids = 0, names = 0;
    const char **uuid_texts = kfpb_arena_array(arena, 2 * count, sizeof *uuid_texts);
    const char **name_texts = kfpb_arena_array(arena, count, sizeof *name_texts);
    if (uuid_texts == NULL || name_texts == NULL)
        return kfpb_fail_no_memory(error);
    for (size_t i = 0; i < count; i++) {
        uuid_texts[uuids++] = keys[i].name;
        if (keys[i].made_uuid != NULL) {
            uuid_texts[uuids++] = keys[i].made_uuid;
            name_texts[names++] = keys[i].name;
        }
    }
    kfps_status status = read_runs(conn, "UUID", 0, uuid_texts, uuids, arena, &by_uuid, error);
    if (status == KFPS_OK)
        status = read_runs(conn, "Name", 1, name_texts, names, arena, &by_name, error);
    for (size_t i = 0; status == KFPS_OK && i < count; i++) {
        const target_run *run = NULL;
        if (keys[i].made_uuid != NULL)
            run = lookup(by_uuid, keys[i].made_uuid);
        if (run == NULL)
            run = lookup(by_uuid, keys[i].name);
        if (run == NULL && keys[i].made_uuid != NULL)
            run = lookup(by_name, keys[i].name);
        out[i] = run != NULL ? *run : (target_run){.found = false};
    }
    /* the entries live in the arena; only the tables themselves are uthash's */
    HASH_CLEAR(hh, by_uuid);
    HASH_CLEAR(hh, by_name);
    return status;
}

typedef void (*see_pair)(void *context, const char *first, const char *second);

/* `select` ends with the column that is to be in the list. */
static kfps_status each_pair(kfpb_conn *conn, const char *select, const char *const *texts, size_t count, see_pair see,
                             void *context, kfps_error *error)
{
    if (count == 0)
        return KFPS_OK;
    kfpb_rows *rows = NULL;
    kfpb_sql sql;
    kfpb_sql_init(&sql, conn);
    kfpb_sql_add(&sql, select);
    kfpb_sql_in_texts(&sql, texts, count);
    kfps_status status = kfpb_sql_query(conn, &sql, &rows, error);
    int got = 0;
    while (status == KFPS_OK && (got = kfpb_next(rows, error)) > 0)
        see(context, kfpb_get_text(rows, 0, NULL), kfpb_get_text(rows, 1, NULL));
    if (got < 0)
        status = (kfps_status) error->code;
    kfpb_rows_free(&rows);
    kfpb_sql_free(&sql);
    return status;
}

bool target_is_derived(const char *uuid)
{
    enum { VERSION_DIGIT = 14 };
    return uuid != NULL && strlen(uuid) > VERSION_DIGIT && uuid[VERSION_DIGIT] == '5';
}

kfps_status target_existing_tasks(kfpb_conn *conn, const char *const *run_uuids, size_t count, target_see_task see,
                                  void *context, kfps_error *error)
{
    return each_pair(conn, "SELECT \"RunUUID\", \"UUID\" FROM \"tasks\" WHERE \"RunUUID\"", run_uuids, count, see,
                     context, error);
}

kfps_status target_legacy_fingerprints(kfpb_conn *conn, const char *table, const char *const *run_uuids, size_t count,
                                       target_see_fingerprint see, void *context, kfps_error *error)
{
    kfpb_rows *rows = NULL;
    kfpb_sql sql;
    kfpb_sql_init(&sql, conn);
    kfpb_sql_add(&sql, "SELECT \"RunUUID\", \"MLMDExecutionID\", \"Fingerprint\" FROM ");
    kfpb_sql_name(&sql, table);
    kfpb_sql_add(&sql, " WHERE \"Fingerprint\" <> '' AND \"RunUUID\"");
    kfpb_sql_in_texts(&sql, run_uuids, count);
    kfps_status status = kfpb_sql_query(conn, &sql, &rows, error);
    int got = 0;
    while (status == KFPS_OK && (got = kfpb_next(rows, error)) > 0) {
        int64_t execution_id = 0; /* the column is text, and empty in rows of the persistence agent */
        if (kfpb_parse_int(or_empty(kfpb_get_text(rows, 1, NULL)), &execution_id))
            see(context, or_empty(kfpb_get_text(rows, 0, NULL)), execution_id, or_empty(kfpb_get_text(rows, 2, NULL)));
    }
    if (got < 0)
        status = (kfps_status) error->code;
    kfpb_rows_free(&rows);
    kfpb_sql_free(&sql);
    return status;
}

kfps_status target_task_fingerprints(kfpb_conn *conn, const char *const *run_uuids, size_t count,
                                     target_see_task_fingerprint see, void *context, kfps_error *error)
{
    kfpb_rows *rows = NULL;
    kfpb_sql sql;
    int got = 0;
    kfpb_sql_init(&sql, conn);
    kfpb_sql_add(&sql, "SELECT \"RunUUID\", \"UUID\", \"Fingerprint\" FROM \"tasks\""
                       " WHERE \"Fingerprint\" <> '' AND \"RunUUID\"");
    kfpb_sql_in_texts(&sql, run_uuids, count);
    kfps_status status = kfpb_sql_query(conn, &sql, &rows, error);
    while (status == KFPS_OK && (got = kfpb_next(rows, error)) > 0)
        see(context, or_empty(kfpb_get_text(rows, 0, NULL)), or_empty(kfpb_get_text(rows, 1, NULL)),
            or_empty(kfpb_get_text(rows, 2, NULL)));
    if (got < 0)
        status = (kfps_status) error->code;
    kfpb_rows_free(&rows);
    kfpb_sql_free(&sql);
    return status;
}

kfps_status target_existing_artifacts(kfpb_conn *conn, const char *const *uuids, size_t count, target_see_artifact see,
                                      void *context, kfps_error *error)
{
    return each_pair(conn, "SELECT \"UUID\", \"Namespace\" FROM \"artifacts\" WHERE \"UUID\"", uuids, count, see,
                     context, error);
}

kfps_status target_has_other_namespace(kfpb_conn *conn, const char *run_namespace, bool *other, kfps_error *error)
{
    /* the two ends of an index; in one SELECT they would read all of it on SQLite */
    kfpb_rows *rows = NULL;
    kfps_status status = kfpb_query(
        conn, "SELECT (SELECT MIN(\"Namespace\") FROM \"artifacts\"), (SELECT MAX(\"Namespace\") FROM \"artifacts\")",
        NULL, 0, &rows, error);
    const int got = status == KFPS_OK ? kfpb_next(rows, error) : 0;
    *other = false;
    if (got < 0)
        status = (kfps_status) error->code;
    for (size_t i = 0; got > 0 && i < 2; i++) {
        if (!kfpb_is_null(rows, i) && strcmp(kfpb_get_text(rows, i, NULL), run_namespace) != 0)
            *other = true;
    }
    kfpb_rows_free(&rows);
    return status;
}
