/* SPDX-License-Identifier: Apache-2.0 */
/* driver.c: PostgreSQL 12 and later, as the registry sees it. */
#include <stdlib.h>

#include "backends/base/fail.h"
#include "backends/dbi.h"
#include "backends/pgsql/pgsql.h"

enum {
    JSON_DEPTH = 512,
    STATEMENT_BYTES = 500 * 1024 * 1024, /* the server takes 1 GB in one message */
};

/* Tries the DSN's database. If that fails and it may be made, whether it was missing is asked of the server, since the
 * failure has no SQLSTATE; if that does not help, the first failure is the one to report. */
static kfps_status connect_or_create(kfpb_pgsql *conn, const kfpb_dsn *dsn, const kfpb_open_options *options,
                                     kfps_error *error)
{
    kfps_error first = {0};
    kfps_error second = {0};
    kfps_status status = kfpb_pgsql_connect(dsn, options, dsn->database, &conn->dbi, &conn->native, &first);

    if (status == KFPS_UNAVAILABLE && options->create && dsn->database != NULL) {
        status = kfpb_pgsql_create_database(dsn, options, &second);
        if (status == KFPS_OK)
            status = kfpb_pgsql_connect(dsn, options, dsn->database, &conn->dbi, &conn->native, &first);
        else if (second.sqlstate[0] != '\0') /* the server was there and refused to make it */
            first = second;
        else
            status = (kfps_status) first.code;
    }
    if (status != KFPS_OK && error != NULL)
        *error = first;
    return status;
}

static kfps_status driver_open(const kfpb_dsn *dsn, const kfpb_open_options *options, kfpb_conn **out,
                               kfps_error *error)
{
    *out = NULL;
    kfpb_pgsql *conn = calloc(1, sizeof *conn);
    if (conn == NULL)
        return kfpb_fail_no_memory(error);
    conn->base.driver = &kfpb_pgsql_driver;
    conn->base.ops = &kfpb_pgsql_ops;
    conn->base.limits = (kfpb_limits){.statement_bytes = STATEMENT_BYTES, .json_depth = JSON_DEPTH};

    kfps_status status = connect_or_create(conn, dsn, options, error);
    if (status == KFPS_OK)
        status = kfpb_pgsql_session(conn, dsn, options, error);
    if (status == KFPS_OK && (conn->cancel = PQgetCancel(conn->native)) == NULL)
        status = kfpb_fail_no_memory(error);
    if (status != KFPS_OK) {
        kfpb_pgsql_ops.close(&conn->base);
        return status;
    }
    *out = &conn->base;
    return KFPS_OK;
}

static const char *const schemes[] = {"postgresql", "postgres", "pgsql", NULL};

const kfpb_driver kfpb_pgsql_driver = {
    .name = "pgsql",
    .schemes = schemes,
    .capabilities = KFPB_CAP_TRANSACTIONAL_DDL | KFPB_CAP_ON_CONFLICT | KFPB_CAP_RETURNING | KFPB_CAP_ROW_LOCKS |
                    KFPB_CAP_SKIP_LOCKED,
    .dialect =
        {
            .bulk = KFPB_BULK_UNNEST,
            .in_list = KFPB_IN_ARRAY,
            .bulk_rows = 1000,
            .now_seconds = "CAST(floor(extract(epoch FROM clock_timestamp())) AS bigint)",
            .for_update = " FOR UPDATE",
            .for_share = " FOR SHARE",
            .for_share_of = " FOR SHARE OF %s",
            .for_key_share = " FOR KEY SHARE",
            .keyset = KFPB_KEYSET_ROW,
            .index_hint = "",
            .columns_of = "SELECT attname FROM pg_attribute WHERE attrelid=to_regclass(quote_ident(?)) AND attnum>0 "
                          "AND NOT attisdropped",
            .text_bytes = "%s",
            .text_position = "strpos(lower(%s COLLATE \"C\"),",
            .residual = "COALESCE(%s,false)", /* half of the rows, the planner thinks */
            .hidden = "(SELECT %s)",
            .number = "CAST(%s AS double precision)",
            .each = KFPB_EACH_LATERAL,
        },
    .open = driver_open,
};
