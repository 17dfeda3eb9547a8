/* SPDX-License-Identifier: Apache-2.0 */
/* apply.c: applies one step: as one transaction where the engine undoes DDL, else statement by statement with a record
 * after each. */
#include "schema/apply.h"

#include <string.h>
#include <time.h>

#include "backends/base/fail.h"
#include "schema/record.h"
#include "schema/words.h"

enum { BUSY_TRIES = 5, BUSY_PAUSE_S = 1 };

/* A table that somebody reads for long must not make everybody else wait behind our DDL: give up soon, try again. What
 * runs outside a transaction (CREATE INDEX CONCURRENTLY) stops nobody and may wait. */
static const struct {
    const char *engine;
    const char *inside;
    const char *outside;
} lock_waits[] = {
    {"pgsql", "SET lock_timeout TO 5000", "SET lock_timeout TO 0"},
    {"mysql", "SET SESSION lock_wait_timeout = 5", "SET SESSION lock_wait_timeout = 5"},
};

kfps_status schema_wait_for_locks(kfpb_conn *conn, bool inside, kfps_error *error)
{
    for (size_t i = 0; i < sizeof lock_waits / sizeof lock_waits[0]; i++) {
        if (strcmp(lock_waits[i].engine, conn->driver->name) == 0)
            return kfpb_exec(conn, inside ? lock_waits[i].inside : lock_waits[i].outside, NULL, 0, NULL, error);
    }
    return KFPS_OK;
}

/* ---- character set --------------------------------------------------------------------------------------------------
 */

/* Letters, digits and underscores: it goes into a statement's text. */
static bool plain_name(const char *name)
{
    return name != NULL && *name != '\0' &&
           name[strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")] == '\0';
}

kfps_status schema_table_options(kfpb_conn *conn, kfpb_text *out, kfps_error *error)
{
    static const char *const name = "run_details";
    schema_picture picture;
    kfpb_text_clear(out);
    kfps_status status = schema_inspect(conn, &name, 1, &picture, error);
    if (status != KFPS_OK)
        return status;
    const schema_table *runs = schema_find_table(&picture, name);
    const schema_column *key = runs != NULL ? schema_find_column(runs, "UUID") : NULL;
    if (key != NULL && plain_name(key->charset) && plain_name(key->collation))
        kfpb_text_printf(out, " DEFAULT CHARACTER SET %s COLLATE %s", key->charset, key->collation);
    schema_picture_free(&picture);
    return out->out_of_memory ? kfpb_fail_no_memory(error) : KFPS_OK;
}

/* ---- resuming
 * -------------------------------------------------------------------------------------------------------- */

enum { WORD = 128 };

static kfps_status table_done(kfpb_conn *conn, const schema_picture *found, const char *name, bool *done,
                              kfps_error *error)
{
    schema_picture promise;
    *done = false;
    if (schema_find_table(found, name) == NULL)
        return KFPS_OK;
    kfps_status status = schema_promise(conn->driver, &promise, error);
    if (status != KFPS_OK)
        return status;
    schema_table *promised = (schema_table *) schema_find_table(&promise, name);
    const schema_picture alone = {.tables = promised, .count = 1};
    *done = promised == NULL || schema_compare(&alone, found, NULL, NULL) == 0;
    schema_picture_free(&promise);
    return KFPS_OK;
}

static kfps_status index_done(kfpb_conn *conn, const schema_picture *found, const char *table_name, const char *name,
                              const char *columns, bool *done, kfps_error *error)
{
    const schema_table *table = schema_find_table(found, table_name);
    const schema_index *index = table != NULL ? schema_find_index(table, name) : NULL;
    *done = false;
    if (index == NULL)
        return KFPS_OK;
    if (index->valid) {
        *done = strcmp(index->columns, columns) == 0;
        return KFPS_OK;
    }
    kfpb_text drop = {0};
    kfpb_text_printf(&drop, "DROP INDEX CONCURRENTLY \"%s\"", name);
    kfps_status status = drop.out_of_memory ? kfpb_fail_no_memory(error)
                                            : kfpb_exec(conn, kfpb_text_get(&drop), NULL, 0, NULL, error);
    kfpb_text_free(&drop);
    return status;
}

/* `(a, b)` as "a,b" */
static const char *read_columns(const char *at, kfpb_arena *arena)
{
    char word[WORD];
    const char *columns = "";
    while ((at = schema_read_word(at, word, sizeof word)) != NULL && strcmp(word, ")") != 0) {
        if (strcmp(word, "(") != 0 && strcmp(word, ",") != 0)
            columns = schema_join(arena, columns, word, "");
    }
    return columns;
}

kfps_status schema_statement_done(kfpb_conn *conn, const char *sql, bool *done, kfps_error *error)
{
    enum { MOST = 8 };
    char words[MOST][WORD] = {{0}};
    const char *at = sql;
    size_t count = 0;
    /* The words that say what it does, without those that change nothing here. */
    while (count < MOST && (at = schema_read_word(at, words[count], WORD)) != NULL) {
        if (strcmp(words[count], "(") == 0)
            break;
        if (strcmp(words[count], "UNIQUE") != 0 && strcmp(words[count], "CONCURRENTLY") != 0)
            count++;
    }
    *done = false;
    const bool table = count >= 3 && strcmp(words[0], "CREATE") == 0 && strcmp(words[1], "TABLE") == 0;
    const bool index = count >= 5 && strcmp(words[0], "CREATE") == 0 && strcmp(words[1], "INDEX") == 0;
    const bool rename = count >= 5 && strcmp(words[0], "RENAME") == 0 && strcmp(words[1], "TABLE") == 0;
    if (!table && !index && !rename)
        return KFPS_OK;

    /* CREATE TABLE name; CREATE INDEX name ON table (…); RENAME TABLE old TO new */
    const char *const names[] = {words[2], words[4]};
    schema_picture found;
    kfps_status status = schema_inspect(conn, names, 2, &found, error);
    if (status != KFPS_OK)
        return status;
    if (table)
        status = table_done(conn, &found, names[0], done, error);
    else if (index)
        status = index_done(conn, &found, names[1], names[0], at != NULL ? read_columns(at, &found.arena) : "", done,
                            error);
    else
        *done = schema_find_table(&found, names[0]) == NULL && schema_find_table(&found, names[1]) != NULL;
    schema_picture_free(&found);
    return status;
}

/* ---- applying
 * -------------------------------------------------------------------------------------------------------- */

static bool stopped(const schema_upgrade_options *options)
{
    return options->stop != NULL && *options->stop != 0;
}

static void pause_for_others(const schema_step *step, const schema_upgrade_options *options)
{
    const struct timespec pause = {.tv_sec = BUSY_PAUSE_S};
    schema_tell(options, "step %d (%s): a table is locked by others; trying again", step->number, step->name);
    nanosleep(&pause, NULL);
}

static kfps_status apply_at_once(kfpb_conn *conn, const schema_step *step, const char *table_options,
                                 const schema_lease *lease, kfps_error *error)
{
    kfpb_text sql = {0};
    const char *cursor = step->sql;
    int number = 0;
    kfps_status status = kfpb_begin(conn, KFPB_TX_WRITE, error);
    while (status == KFPS_OK && schema_next_statement(&cursor, table_options, &sql)) {
        number++;
        status = sql.out_of_memory ? kfpb_fail_no_memory(error)
                                   : kfpb_exec(conn, kfpb_text_get(&sql), NULL, 0, NULL, error);
        if (status != KFPS_OK)
            kfpb_error_prefix(error, "statement %d", number);
    }
    if (status == KFPS_OK)
        status = schema_record(conn, step, SCHEMA_APPLIED, number, error);
    status = schema_lease_commit(lease, conn, status, error);
    kfpb_text_free(&sql);
    return status;
}

/* One statement of a step that is recorded by itself; `again`: it may have run before. */
static kfps_status run_one(kfpb_conn *conn, const char *sql, const schema_step *step, bool again,
                           const schema_lease *lease, const schema_upgrade_options *options, kfps_error *error)
{
    kfps_status status = KFPS_OK;
    for (int i = 0; i < BUSY_TRIES; i++) {
        bool done = false;
        if (again || i > 0)
            status = schema_statement_done(conn, sql, &done, error);
        if (status == KFPS_OK && !done)
            status = schema_lease_fence(lease, conn, 1, error);
        if (status == KFPS_OK && !done)
            status = kfpb_exec(conn, sql, NULL, 0, NULL, error);
        if (status != KFPS_BUSY || stopped(options))
            break;
        if (i + 1 < BUSY_TRIES) {
            pause_for_others(step, options);
            status = KFPS_OK;
        }
    }
    return status;
}

static kfps_status apply_one_by_one(kfpb_conn *conn, const schema_step_status *from, const char *table_options,
                                    const schema_lease *lease, const schema_upgrade_options *options, kfps_error *error)
{
    const schema_step *step = from->step;
    const int total = schema_count_statements(step);
    const bool resumed = from->state == SCHEMA_PARTIAL;
    const int done = resumed ? from->statements_done : 0;
    const char *cursor = step->sql;
    kfpb_text sql = {0};
    kfps_status status = KFPS_OK;
    if (resumed)
        schema_tell(options, "step %d (%s): was cut off, goes on at statement %d of %d", step->number, step->name,
                    done + 1, total);
    else
        status = schema_record(conn, step, SCHEMA_PARTIAL, 0, error);
    for (int i = 0; status == KFPS_OK && schema_next_statement(&cursor, table_options, &sql); i++) {
        if (i < done)
            continue;
        if (stopped(options)) {
            status = kfpb_fail(error, KFPS_INTERRUPTED,
                               "stopped before statement %d of %d; run it again, it goes on there", i + 1, total);
            break;
        }
        status = sql.out_of_memory
                     ? kfpb_fail_no_memory(error)
                     : run_one(conn, kfpb_text_get(&sql), step, resumed && i == done, lease, options, error);
        if (status == KFPS_OK)
            status = schema_record(conn, step, i + 1 == total ? SCHEMA_APPLIED : SCHEMA_PARTIAL, i + 1, error);
        if (status != KFPS_OK)
            kfpb_error_prefix(error, "statement %d of %d", i + 1, total);
    }
    /* A record edited by hand may say that all was done. */
    if (status == KFPS_OK && done >= total)
        status = schema_record(conn, step, SCHEMA_APPLIED, total, error);
    kfpb_text_free(&sql);
    return status;
}

kfps_status schema_apply(kfpb_conn *conn, const schema_step_status *from, const schema_lease *lease,
                         const schema_upgrade_options *options, kfps_error *error)
{
    const schema_step *step = from->step;
    const bool at_once = step->transaction && (conn->driver->capabilities & KFPB_CAP_TRANSACTIONAL_DDL) != 0;
    kfpb_text table_options = {0};
    kfps_status status = schema_table_options(conn, &table_options, error);
    if (status == KFPS_OK)
        status = schema_wait_for_locks(conn, at_once, error);
    if (status == KFPS_OK && !at_once)
        status = apply_one_by_one(conn, from, kfpb_text_get(&table_options), lease, options, error);
    for (int i = 0; status == KFPS_OK && at_once; i++) {
        status = apply_at_once(conn, step, kfpb_text_get(&table_options), lease, error);
        if (status != KFPS_BUSY || i + 1 == BUSY_TRIES || stopped(options))
            break;
        pause_for_others(step, options);
        status = KFPS_OK;
    }
    if (status != KFPS_OK)
        kfpb_error_prefix(error, "step %d (%s)", step->number, step->name);
    kfpb_text_free(&table_options);
    return status;
}
