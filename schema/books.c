/* SPDX-License-Identifier: Apache-2.0 */
/* books.c: makes kfpstore_schema and kfpstore_lease, beside others that do the same at the same time. */
#include <time.h>

#include "backends/base/fail.h"
#include "schema/apply.h"
#include "schema/record.h"

enum { TRIES = 20, PAUSE_MS = 150 };

static kfps_status make_books(kfpb_conn *conn, const schema_step *step, const char *options, kfps_error *error)
{
    const bool transaction = (conn->driver->capabilities & KFPB_CAP_TRANSACTIONAL_DDL) != 0;
    kfpb_text sql = {0};
    const char *cursor = step->sql;
    kfps_status status = transaction ? kfpb_begin(conn, KFPB_TX_WRITE, error) : KFPS_OK;
    while (status == KFPS_OK && schema_next_statement(&cursor, options, &sql))
        status = sql.out_of_memory ? kfpb_fail_no_memory(error)
                                   : kfpb_exec(conn, kfpb_text_get(&sql), NULL, 0, NULL, error);
    if (status == KFPS_OK)
        status = schema_record(conn, step, SCHEMA_APPLIED, schema_count_statements(step), error);
    if (status == KFPS_OK && transaction)
        status = kfpb_commit(conn, error);
    if (status != KFPS_OK)
        kfpb_rollback(conn);
    kfpb_text_free(&sql);
    return status;
}

/* Two that make one table at once can fail in several ways, some of them internal ones of the server: look again. */
static bool may_be_a_race(kfps_status status)
{
    return status == KFPS_EXISTS || status == KFPS_BUSY || status == KFPS_INTERNAL;
}

kfps_status schema_ensure_books(kfpb_conn *conn, kfps_error *error)
{
    kfpb_text options = {0};
    kfps_status status = schema_table_options(conn, &options, error);
    for (int i = 0; status == KFPS_OK && i < TRIES; i++) {
        schema_status now;
        status = schema_status_read(conn, &now, error);
        if (status != KFPS_OK)
            break;
        const schema_step *step = now.steps[SCHEMA_STEP_LEDGER - 1].step;
        const bool done = now.has_books && now.steps[SCHEMA_STEP_LEDGER - 1].state == SCHEMA_APPLIED;
        schema_status_free(&now);
        if (done)
            break;
        status = make_books(conn, step, kfpb_text_get(&options), error);
        if (status == KFPS_OK)
            break;
        kfpb_error_prefix(error, "step %d (%s)", step->number, step->name);
        if (i + 1 < TRIES && may_be_a_race(status)) {
            const struct timespec pause = {.tv_nsec = PAUSE_MS * 1000000L};
            nanosleep(&pause, NULL);
            status = KFPS_OK;
        }
    }
    kfpb_text_free(&options);
    if (status == KFPS_OK)
        kfpb_error_clear(error);
    return status;
}
