/* SPDX-License-Identifier: Apache-2.0 */
#include "migrate/schema_error.h"

#include "schema/schema.h"

int cli_report_schema_error(const cli_database *target, const kfps_error *error)
{
    int code = cli_report_error(target->text, error);
    if (error->code != KFPS_SCHEMA)
        return code;
    kfpb_conn *conn = NULL;
    schema_status status = {0};
    kfpb_open_options open_options = cli_open_options(target);
    open_options.read_only = true;
    if (kfpb_open(&target->dsn, &open_options, &conn, NULL) == KFPS_OK &&
        schema_status_read(conn, &status, NULL) == KFPS_OK) {
        if (status.newer)
            code = EXIT_NEWER;
        else if (status.changed)
            code = EXIT_CHECKSUM;
    }
    schema_status_free(&status);
    kfpb_close(&conn);
    return code;
}
