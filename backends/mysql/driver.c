/* SPDX-License-Identifier: Apache-2.0 */
/* driver.c: MySQL 5.7 and later and MariaDB 10.3 and later, as the registry sees them. */
#include <stdlib.h>

#include "backends/base/fail.h"
#include "backends/mysql/mysql.h"

static kfps_status driver_open(const kfpb_dsn *dsn, const kfpb_open_options *options, kfpb_conn **out,
                               kfps_error *error)
{
    *out = NULL;
    kfpb_mysql *conn = calloc(1, sizeof *conn);
    if (conn == NULL)
        return kfpb_fail_no_memory(error);
    conn->base.driver = &kfpb_mysql_driver;
    conn->base.ops = &kfpb_mysql_ops;

    kfps_status status = kfpb_mysql_target_init(&conn->target, dsn, options, error);
    if (status == KFPS_OK)
        status = kfpb_mysql_attach(conn, options->create && dsn->database != NULL, error);
    if (status == KFPS_OK)
        status = kfpb_mysql_session(conn, options, error);
    if (status != KFPS_OK) {
        kfpb_mysql_ops.close(&conn->base);
        return status;
    }
    *out = &conn->base;
    return KFPS_OK;
}

static const char *const schemes[] = {"mysql", "mariadb", NULL};

const kfpb_driver kfpb_mysql_driver = {
    .name = "mysql",
    .schemes = schemes,
    .capabilities = KFPB_CAP_ROW_LOCKS | KFPB_CAP_SKIP_LOCKED,
    .dialect =
        {
            .bulk = KFPB_BULK_MULTI,
            .in_list = KFPB_IN_VALUES,
            .bulk_rows = 300,
            .now_seconds = "UNIX_TIMESTAMP()",
            .for_update = " FOR UPDATE",
            .for_share = " LOCK IN SHARE MODE",
            .for_share_of = " LOCK IN SHARE MODE",
            .for_key_share = " LOCK IN SHARE MODE",
            .keyset = KFPB_KEYSET_AND_OR,
            .index_hint = " FORCE INDEX (",
            .newest_by_max = true,
            .columns_of = "SELECT \"COLUMN_NAME\" FROM \"information_schema\".\"COLUMNS\" "
                          "WHERE \"TABLE_SCHEMA\"=DATABASE() AND \"TABLE_NAME\"=?",
            .text_bytes = "CAST(CONVERT(%s USING utf8mb4) AS BINARY)",
            /* the character set hebrew has lower case for ASCII letters alone, and takes any byte */
            .text_position =
                "INSTR(CAST(LOWER(CONVERT(CAST(CONVERT(%s USING utf8mb4) AS BINARY) USING hebrew)) AS BINARY),",
            .residual = "(%s)",
            .hidden = NULL,
            .number = "%s",
            .each = KFPB_EACH_UNION,
        },
    .open = driver_open,
    .compares_by_bytes = kfpb_mysql_compares_by_bytes,
    .weights = kfpb_mysql_weights,
};
