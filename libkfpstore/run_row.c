/* SPDX-License-Identifier: Apache-2.0 */
#include "libkfpstore/run_row.h"

#include "backends/base/fail.h"
#include "backends/sql.h"
#include "libkfpstore/run_state.h"

kfps_status kfpsi_runs_lock(kfpsi_op *op, kfpb_arena *arena, const char *const *uuids, size_t count,
                            kfpsi_run_row *rows, kfps_error *error)
{
    kfpb_sql sql;
    kfpb_rows *result = NULL;
    int there = 0;
    for (size_t i = 0; i < count; i++)
        rows[i] = (kfpsi_run_row){.uuid = uuids[i]};
    kfpb_sql_init(&sql, op->conn);
    kfpb_sql_add(&sql, "SELECT \"UUID\",\"Namespace\",\"State\",\"Conditions\" FROM \"run_details\" WHERE \"UUID\"");
    if (count == 1) {
        kfpb_sql_add(&sql, "=");
        kfpb_sql_bind(&sql, kfpb_str(uuids[0]));
    } else {
        kfpb_sql_in_texts(&sql, uuids, count);
        kfpb_sql_add(&sql, " ORDER BY \"UUID\"");
    }
    kfpb_sql_add(&sql, op->conn->driver->dialect.for_share);
    kfps_status status = kfpb_sql_query(op->conn, &sql, &result, error);
    while (status == KFPS_OK && (there = kfpb_next(result, error)) > 0) {
        const char *uuid = kfpb_get_text(result, 0, NULL);
        for (size_t i = 0; i < count; i++) {
            if (strcmp(rows[i].uuid, uuid) != 0)
                continue;
            rows[i].found = true;
            rows[i].run_namespace = kfpb_arena_text(arena, kfpb_get_text(result, 1, NULL));
            rows[i].over = kfpsi_run_state_of(kfpb_get_text(result, 2, NULL), kfpb_get_text(result, 3, NULL)) !=
                           KFPSI_RUN_ACTIVE;
        }
    }
    if (there < 0)
        status = (kfps_status) error->code;
    else if (status == KFPS_OK && arena->out_of_memory)
        status = kfpb_fail_no_memory(error);
    kfpb_rows_free(&result);
    kfpb_sql_free(&sql);
    return status;
}

kfps_status kfpsi_run_require(const kfpsi_op *op, const kfpsi_run_row *row, size_t element, kfps_error *error)
{
    const kfps_session *session = op->session;
    const bool hidden = session->space != NULL && row->found && strcmp(session->space, row->run_namespace) != 0;
    if (!row->found || hidden)
        return kfpb_fail_at(error, element, KFPS_FOREIGN_KEY, "there is no run %.64s", row->uuid);
    if (row->over)
        return kfpb_fail_at(error, element, KFPS_RUN_TERMINAL, "the run %.64s is over: its tasks take no more changes",
                            row->uuid);
    return KFPS_OK;
}
