/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/deferred.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "backends/base/fail.h"
#include "schema/apply.h"
#include "schema/record.h"

enum { BUSY_TRIES = 60, BUSY_PAUSE_S = 1 };

static const char *const tables[] = {"artifacts", "tasks", "artifact_tasks"};
enum { TABLES = sizeof tables / sizeof tables[0] };

/* ---- which ------------------------------------------------------------------------------------------------------- */

static bool begins_with(const char *columns, const char *key)
{
    const size_t length = strlen(key);
    return strncmp(columns, key, length) == 0 && (columns[length] == '\0' || columns[length] == ',');
}

/* The index that stays for a foreign key: a unique one, which stays anyway, or else the first. */
static const schema_index *index_for(const schema_table *table, const char *key)
{
    const schema_index *first = NULL;
    for (size_t i = 0; i < table->index_count; i++) {
        const schema_index *index = &table->indexes[i];
        if (!begins_with(index->columns, key))
            continue;
        if (index->unique)
            return index;
        if (first == NULL)
            first = index;
    }
    return first;
}

static bool stays(const schema_table *table, const schema_index *index)
{
    bool needed = index->unique;
    for (size_t i = 0; !needed && i < table->foreign_key_count; i++)
        needed = index_for(table, table->foreign_keys[i].columns) == index;
    return needed;
}

static bool is_deferrable(const schema_table *table)
{
    bool known = false;
    for (size_t i = 0; i < TABLES; i++)
        known |= strcmp(tables[i], table->name) == 0;
    return known;
}

size_t schema_leave_out_deferred(schema_picture *promised, const schema_picture *found)
{
    size_t left_out = 0;
    for (size_t t = 0; t < promised->count; t++) {
        schema_table *table = &promised->tables[t];
        const schema_table *there = is_deferrable(table) ? schema_find_table(found, table->name) : NULL;
        schema_index *kept = there != NULL ? kfpb_arena_array(&promised->arena, table->index_count, sizeof *kept)
                                           : NULL;
        size_t count = 0;
        if (kept == NULL)
            continue;
        for (size_t i = 0; i < table->index_count; i++) {
            if (stays(table, &table->indexes[i]) || schema_find_index(there, table->indexes[i].name) != NULL)
                kept[count++] = table->indexes[i];
        }
        left_out += table->index_count - count;
        table->indexes = kept;
        table->index_count = count;
    }
    return left_out;
}

/* ---- the statements ---------------------------------------------------------------------------------------------- */

/* What is still to be dropped, or to be built. MySQL reads a table once for all indexes of one statement, and its drop
 * is one as well; elsewhere each index is a statement of its own. */
typedef struct work {
    bool build;
    bool together;
    kfpb_text sql;  /* of the first statement; empty: nothing is left */
    char table[32]; /* of it */
    char name[128]; /* of its first index */
    size_t indexes; /* in it */
    size_t left;    /* indexes, with these */
} work;

/* `a,b desc` as ("a", "b" desc) */
static void add_columns(kfpb_text *sql, const char *columns)
{
    static const char descending[] = " desc";
    const size_t tail = sizeof descending - 1;
    for (const char *at = columns; *at != '\0';) {
        const size_t length = strcspn(at, ",");
        const bool desc = length > tail && strncmp(at + length - tail, descending, tail) == 0;
        kfpb_text_printf(sql, "%s\"%.*s\"%s", at == columns ? "(" : ", ", (int) (desc ? length - tail : length), at,
                         desc ? descending : "");
        at += length + (at[length] == ',');
    }
    kfpb_text_char(sql, ')');
}

static void add_index(work *w, const schema_table *table, const schema_index *index)
{
    w->left++;
    if (w->indexes > 0 && (!w->together || strcmp(w->table, table->name) != 0))
        return; /* a later statement's */
    if (w->indexes++ == 0) {
        snprintf(w->table, sizeof w->table, "%s", table->name);
        snprintf(w->name, sizeof w->name, "%s", index->name);
        if (w->together)
            kfpb_text_printf(&w->sql, "ALTER TABLE \"%s\" ", table->name);
    } else {
        kfpb_text_add(&w->sql, ", ");
    }
    if (!w->build)
        kfpb_text_printf(&w->sql, "DROP INDEX \"%s\"", index->name);
    else if (w->together)
        kfpb_text_printf(&w->sql, "ADD INDEX \"%s\" ", index->name);
    else
        kfpb_text_printf(&w->sql, "CREATE INDEX \"%s\" ON \"%s\" ", index->name, table->name);
    if (w->build)
        add_columns(&w->sql, index->columns);
}

/* Which indexes the recorded steps promise and may be deferred, and of these, which are there. */
static kfps_status read_pictures(kfpb_conn *conn, schema_picture *promised, schema_picture *found, kfps_error *error)
{
    schema_status status;
    kfps_status result = schema_status_read(conn, &status, error);
    if (result != KFPS_OK)
        return result;
    result = schema_promised_by(&status, conn->driver, promised, error);
    schema_status_free(&status);
    if (result != KFPS_OK)
        return result;
    result = schema_inspect(conn, tables, TABLES, found, error);
    if (result != KFPS_OK)
        schema_picture_free(promised);
    return result;
}

typedef void (*see_index)(void *context, const schema_table *table, const schema_index *index, bool there);

static kfps_status each_deferrable(kfpb_conn *conn, see_index see, void *context, kfps_error *error)
{
    schema_picture promised, found;
    const kfps_status status = read_pictures(conn, &promised, &found, error);
    if (status != KFPS_OK)
        return status;
    for (size_t t = 0; t < promised.count; t++) {
        const schema_table *table = &promised.tables[t];
        const schema_table *there = is_deferrable(table) ? schema_find_table(&found, table->name) : NULL;
        for (size_t i = 0; there != NULL && i < table->index_count; i++) {
            if (!stays(table, &table->indexes[i]))
                see(context, table, &table->indexes[i], schema_find_index(there, table->indexes[i].name) != NULL);
        }
    }
    schema_picture_free(&promised);
    schema_picture_free(&found);
    return KFPS_OK;
}

static void see_work(void *context, const schema_table *table, const schema_index *index, bool there)
{
    work *w = context;
    if (there != w->build)
        add_index(w, table, index);
}

static kfps_status find_work(kfpb_conn *conn, work *w, kfps_error *error)
{
    const bool together = (conn->driver->capabilities & KFPB_CAP_TRANSACTIONAL_DDL) == 0;
    kfpb_text_clear(&w->sql);
    *w = (work){.build = w->build, .together = together, .sql = w->sql};
    const kfps_status status = each_deferrable(conn, see_work, w, error);
    return status == KFPS_OK && w->sql.out_of_memory ? kfpb_fail_no_memory(error) : status;
}

/* ---- the session -------------------------------------------------------------------------------------------------
 */

/* SQLite sorts a whole index in memory where temporary files are kept there, else in parts as large as its cache: with
 * the usual 64 MB both are memory on top of the cache's own. What is sorted is then written from left to right, which
 * needs no cache; nothing that this connection does afterwards does. */
static kfps_status prepare_session(kfpb_conn *conn, kfps_error *error)
{
    static const struct {
        const char *engine;
        const char *statement;
    } settings[] = {{"sqlite", "PRAGMA temp_store=FILE"}, {"sqlite", "PRAGMA cache_size=-4096"}};
    kfps_status status = schema_wait_for_locks(conn, false, error);
    for (size_t i = 0; status == KFPS_OK && i < sizeof settings / sizeof settings[0]; i++) {
        if (strcmp(settings[i].engine, conn->driver->name) == 0)
            status = kfpb_exec(conn, settings[i].statement, NULL, 0, NULL, error);
    }
    return status;
}

/* ---- running them ------------------------------------------------------------------------------------------------ */

static kfps_status run_statement(kfpb_conn *conn, const char *sql, const schema_lease *lease, kfps_error *error)
{
    const bool undone = (conn->driver->capabilities & KFPB_CAP_TRANSACTIONAL_DDL) != 0;
    kfps_status status = undone ? kfpb_begin(conn, KFPB_TX_WRITE, error) : schema_lease_fence(lease, conn, 1, error);
    if (status == KFPS_OK)
        status = kfpb_exec(conn, sql, NULL, 0, NULL, error);
    return undone ? schema_lease_commit(lease, conn, status, error) : status;
}

/* Until nothing is left. What is left is looked for anew each time: on a server the statement of one who was cut off
 * may go on for a while, and what it makes is then in the way, or there. */
static kfps_status run_all(kfpb_conn *conn, bool build, const schema_lease *lease,
                           const schema_upgrade_options *options, kfps_error *error)
{
    work w = {.build = build};
    kfps_status status = build ? prepare_session(conn, error) : schema_wait_for_locks(conn, true, error);
    for (int busy = 0; status == KFPS_OK;) {
        status = find_work(conn, &w, error);
        if (status != KFPS_OK || w.left == 0)
            break;
        if (options->stop != NULL && *options->stop != 0) {
            status = kfpb_fail(error, KFPS_INTERRUPTED, "stopped with %zu indexes still deferred", w.left);
            break;
        }
        if (build)
            schema_tell(options, "%s: building %s%s (%zu left)", w.table, w.indexes > 1 ? "its indexes" : "index ",
                        w.indexes > 1 ? "" : w.name, w.left);
        status = run_statement(conn, kfpb_text_get(&w.sql), lease, error);
        if (status == KFPS_OK)
            busy = 0;
        if ((status == KFPS_BUSY || status == KFPS_EXISTS) && ++busy < BUSY_TRIES) {
            const struct timespec pause = {.tv_sec = BUSY_PAUSE_S};
            schema_tell(options, "%s is locked by others; trying again", w.table);
            nanosleep(&pause, NULL);
            status = KFPS_OK;
        }
    }
    kfpb_text_free(&w.sql);
    return status;
}

/* ---- the mark ---------------------------------------------------------------------------------------------------- */

/* The last step that is applied is deferred, or what is deferred is applied. */
static kfps_status mark(kfpb_conn *conn, bool deferred, const schema_lease *lease, kfps_error *error)
{
    schema_status status;
    kfps_status result = schema_status_read(conn, &status, error);
    if (result != KFPS_OK)
        return result;
    const schema_step_state from = deferred ? SCHEMA_APPLIED : SCHEMA_DEFERRED;
    const schema_step_status *step = NULL;
    for (size_t i = 0; i < status.count; i++) {
        if (status.steps[i].state == from)
            step = &status.steps[i];
    }
    if (step != NULL && !(deferred && status.deferred)) {
        result = kfpb_begin(conn, KFPB_TX_WRITE, error);
        if (result == KFPS_OK)
            result = schema_record(conn, step->step, deferred ? SCHEMA_DEFERRED : SCHEMA_APPLIED, step->statements_done,
                                   error);
        result = schema_lease_commit(lease, conn, result, error);
    }
    schema_status_free(&status);
    return result;
}

kfps_status schema_defer_indexes(kfpb_conn *conn, const schema_lease *lease, const schema_upgrade_options *options,
                                 kfps_error *error)
{
    kfps_error ignored;
    work missing = {.build = true};
    kfps_status status = mark(conn, true, lease, error);
    if (status == KFPS_OK)
        status = run_all(conn, false, lease, options, error);
    /* refused at the first one: as if nobody had asked */
    if (status != KFPS_OK && find_work(conn, &missing, &ignored) == KFPS_OK && missing.left == 0)
        mark(conn, false, lease, &ignored);
    kfpb_text_free(&missing.sql);
    schema_explain_rights(status, error);
    return status;
}

kfps_status schema_build_deferred(kfpb_conn *conn, const schema_lease *lease, const schema_upgrade_options *options,
                                  kfps_error *error)
{
    kfps_status status = run_all(conn, true, lease, options, error);
    if (status == KFPS_OK)
        status = mark(conn, false, lease, error);
    schema_explain_rights(status, error);
    return status;
}

/* ---- looking ----------------------------------------------------------------------------------------------------- */

static void count_index(void *context, const schema_table *table, const schema_index *index, bool there)
{
    schema_deferrable *d = context;
    (void) table;
    (void) index;
    *(there ? &d->there : &d->missing) += 1;
}

kfps_status schema_deferrable_read(kfpb_conn *conn, schema_deferrable *out, kfps_error *error)
{
    static const char *const looks[TABLES] = {"SELECT 1 FROM \"artifacts\" LIMIT 1", "SELECT 1 FROM \"tasks\" LIMIT 1",
                                              "SELECT 1 FROM \"artifact_tasks\" LIMIT 1"};
    *out = (schema_deferrable){0};
    kfps_status status = each_deferrable(conn, count_index, out, error);
    for (size_t i = 0; status == KFPS_OK && !out->has_rows && i < TABLES; i++) {
        int64_t one = 0;
        status = kfpb_query_int(conn, looks[i], NULL, 0, &one, &out->has_rows, error);
    }
    return status;
}

typedef struct telling {
    const schema_upgrade_options *options;
    kfpb_text sql;
} telling;

static void tell_index(void *context, const schema_table *table, const schema_index *index, bool there)
{
    telling *t = context;
    if (there)
        return;
    kfpb_text_clear(&t->sql);
    kfpb_text_printf(&t->sql, "CREATE INDEX \"%s\" ON \"%s\" ", index->name, table->name);
    add_columns(&t->sql, index->columns);
    schema_tell(t->options, "%s;", kfpb_text_get(&t->sql));
}

kfps_status schema_tell_deferred(kfpb_conn *conn, const schema_upgrade_options *options, kfps_error *error)
{
    telling t = {.options = options};
    schema_tell(options, "-- indexes that an import has deferred");
    const kfps_status status = each_deferrable(conn, tell_index, &t, error);
    kfpb_text_free(&t.sql);
    return status;
}
