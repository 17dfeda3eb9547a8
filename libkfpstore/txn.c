/* SPDX-License-Identifier: Apache-2.0 */
/* txn.c: transactions over several calls, and the caller's own statements in them. */
#include <stdlib.h>

#include "backends/base/fail.h"
#include "libkfpstore/operation.h"
#include "libkfpstore/result.h"
#include "libkfpstore/schema_version.h"

static kfps_status begin(kfps_session *session, kfps_error *error)
{
    kfps_status status = kfpsi_attach(session, true, error);
    if (status != KFPS_OK)
        return status;
    if (!atomic_load(&session->store->schema_known)) {
        status = kfpsi_schema_require(session->conn, error);
        if (status == KFPS_OK)
            atomic_store(&session->store->schema_known, true);
    }
    if (status == KFPS_OK)
        status = kfpb_begin(session->conn, KFPB_TX_WRITE, error);
    if (status != KFPS_OK)
        kfpsi_detach(session);
    return status;
}

kfps_status kfps_txn_begin(kfps_session *session, kfps_error *error)
{
    kfpb_error_clear(error);
    if (session == NULL)
        return kfpb_fail(error, KFPS_INVALID, "kfps_txn_begin: session is NULL");
    if (session->txn)
        return kfpb_fail(error, KFPS_INVALID, "a transaction is open in this session already");
    kfps_status status = kfpsi_enter(session, error);
    if (status == KFPS_OK)
        status = begin(session, error);
    /* a connection that rested in the pool may have been closed by the server meanwhile */
    if (status == KFPS_CONNECTION_LOST && !atomic_load(&session->interrupted))
        status = begin(session, error);
    status = kfpsi_leave(session, status, error);
    session->txn = session->conn != NULL;
    session->spoilt = false;
    return status;
}

static void end(kfps_session *session)
{
    session->txn = session->spoilt = false;
    kfpsi_detach(session);
}

kfps_status kfps_txn_commit(kfps_session *session, kfps_error *error)
{
    kfpb_error_clear(error);
    if (session == NULL || !session->txn)
        return kfpb_fail(error, KFPS_INVALID, "no transaction is open in this session");
    kfps_status status = kfpsi_enter(session, error);
    if (status == KFPS_OK && session->spoilt)
        status = kfpb_fail(error, KFPS_INVALID,
                           "an operation of the transaction failed: it was rolled back instead of committed");
    if (status == KFPS_OK)
        status = kfpb_commit(session->conn, error);
    else
        kfpb_rollback(session->conn);
    status = kfpsi_leave(session, status, error);
    end(session);
    return status;
}

void kfps_txn_rollback(kfps_session *session)
{
    if (session == NULL || !session->txn)
        return;
    if (kfpsi_enter(session, NULL) == KFPS_OK)
        kfpb_rollback(session->conn);
    kfpsi_leave(session, KFPS_OK, NULL);
    end(session);
}

/* ---- the caller's own statements --------------------------------------------------------------------------------- */

typedef struct own_statement {
    const char *sql;
    kfpb_value *values;
    size_t count;
    int64_t affected;
    kfps_rowset *rowset;
} own_statement;

static kfps_status convert(const kfps_value *given, size_t count, kfpb_value **out, kfps_error *error)
{
    *out = calloc(count + 1, sizeof **out);
    if (*out == NULL)
        return kfpb_fail_no_memory(error);
    for (size_t i = 0; i < count; i++) {
        switch (given[i].kind) {
        case KFPS_VALUE_NULL:
            (*out)[i] = kfpb_null();
            break;
        case KFPS_VALUE_INT:
            (*out)[i] = kfpb_int(given[i].int_value);
            break;
        case KFPS_VALUE_DOUBLE:
            (*out)[i] = kfpb_double(given[i].double_value);
            break;
        case KFPS_VALUE_TEXT:
            (*out)[i] = kfpb_str(given[i].text_value);
            break;
        default:
            free(*out);
            *out = NULL;
            return kfpb_fail_at(error, i, KFPS_INVALID, "value %zu is of no known kind", i);
        }
    }
    return KFPS_OK;
}

static kfps_status exec_body(kfpsi_op *op, void *context, kfps_error *error)
{
    own_statement *own = context;
    return kfpb_exec(op->conn, own->sql, own->values, own->count, &own->affected, error);
}

static kfps_status query_body(kfpsi_op *op, void *context, kfps_error *error)
{
    own_statement *own = context;
    kfpb_rows *rows = NULL;
    kfpb_arena *arena = NULL;
    const char **cells = NULL;
    size_t count = 0, capacity = 0;
    int there = 0;
    kfps_status status = kfpb_query(op->conn, own->sql, own->values, own->count, &rows, error);
    if (status != KFPS_OK)
        return status;
    kfps_rowset *rowset = kfpsi_result_new(sizeof *rowset, &arena);
    if (rowset == NULL) {
        status = kfpb_fail_no_memory(error);
        goto out;
    }
    rowset->column_count = rows->columns;
    while ((there = kfpb_next(rows, error)) > 0) {
        for (size_t c = 0; c < rows->columns; c++) {
            size_t length;
            const char *text = kfpb_get_text(rows, c, &length);
            const char **cell = kfpsi_push(arena, &cells, &count, &capacity, sizeof *cells);
            if (cell != NULL)
                *cell = kfpb_arena_textn(arena, text, length);
        }
        rowset->row_count++;
    }
    if (there < 0)
        status = (kfps_status) error->code;
    else if (arena->out_of_memory)
        status = kfpb_fail_no_memory(error);
out:
    kfpb_rows_free(&rows);
    if (status != KFPS_OK) {
        kfpsi_result_free(rowset);
        return status;
    }
    rowset->cells = cells;
    own->rowset = rowset;
    return KFPS_OK;
}

static kfps_status run_own(kfps_session *session, kfpsi_op_body body, own_statement *own, const kfps_value *values,
                           kfps_error *error)
{
    kfpb_error_clear(error);
    if (session == NULL || !session->txn)
        return kfpb_fail(error, KFPS_INVALID, "no transaction is open in this session");
    if (own->sql == NULL || (values == NULL && own->count > 0))
        return kfpb_fail(error, KFPS_INVALID, "a statement needs its text and its values");
    kfps_status status = convert(values, own->count, &own->values, error);
    if (status == KFPS_OK)
        status = kfpsi_write(session, body, own, error);
    free(own->values);
    return status;
}

kfps_status kfps_txn_exec(kfps_session *session, const char *sql, const kfps_value *values, size_t count,
                          int64_t *affected, kfps_error *error)
{
    own_statement own = {.sql = sql, .count = count};
    const kfps_status status = run_own(session, exec_body, &own, values, error);
    if (affected != NULL)
        *affected = status == KFPS_OK ? own.affected : 0;
    return status;
}

kfps_status kfps_txn_query(kfps_session *session, const char *sql, const kfps_value *values, size_t count,
                           kfps_rowset **out, kfps_error *error)
{
    own_statement own = {.sql = sql, .count = count};
    if (out == NULL)
        return kfpb_fail(error, KFPS_INVALID, "kfps_txn_query: out is NULL");
    *out = NULL;
    const kfps_status status = run_own(session, query_body, &own, values, error);
    if (status == KFPS_OK)
        *out = own.rowset;
    return status;
}

void kfps_rowset_free(kfps_rowset *rowset)
{
    kfpsi_result_free(rowset);
}
