/* SPDX-License-Identifier: Apache-2.0 */
#include "migrate/schema_ready.h"

#include "schema/schema.h"

int schema_ready(kfpb_conn *conn, const cli_database *target)
{
    kfps_error error;
    schema_status status = {0};
    int code = EXIT_DONE;
    if (schema_status_read(conn, &status, &error) != KFPS_OK)
        code = cli_report_error(target->text, &error);
    else if (status.newer)
        code = EXIT_NEWER;
    else if (status.pending)
        code = EXIT_PENDING;
    if (code == EXIT_NEWER)
        log_line(LOG_LEVEL_ERROR, NULL, "%s: its schema is newer than this kfp-migrate", target->text);
    if (code == EXIT_PENDING)
        log_line(LOG_LEVEL_ERROR, NULL, "%s: its schema is not up to date; run 'kfp-migrate schema upgrade' first",
                 target->text);
    schema_status_free(&status);
    return code;
}
