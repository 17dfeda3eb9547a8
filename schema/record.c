/* SPDX-License-Identifier: Apache-2.0 */
/* record.c: writes down which steps were applied, and how far. */
#include "schema/record.h"

#include "backends/base/fail.h"
#include "kfpstore.h"

kfps_status schema_record(kfpb_conn *conn, const schema_step *step, schema_step_state state, int statements,
                          kfps_error *error)
{
    const char *now = conn->driver->dialect.now_seconds;
    const kfpb_value values[] = {kfpb_str(step->name),     kfpb_str(step->sha256),
                                 kfpb_int(statements),     kfpb_str(schema_step_state_name(state)),
                                 kfpb_str(kfps_version()), kfpb_int(step->min_reader),
                                 kfpb_int(step->number)};
    const kfpb_value number = kfpb_int(step->number);
    int64_t there = 0;
    bool found = false;
    kfpb_text sql = {0};
    kfps_status status = kfpb_query_int(conn, "SELECT 1 FROM \"kfpstore_schema\" WHERE \"Step\" = ?", &number, 1,
                                        &there, &found, error);
    if (status != KFPS_OK)
        return status;
    if (found)
        kfpb_text_printf(
            &sql,
            "UPDATE \"kfpstore_schema\" SET \"Name\" = ?, \"Checksum\" = ?, \"Statement\" = ?, \"State\" = ?, "
            "\"ToolVersion\" = ?, \"MinReader\" = ?, \"AppliedAtInSec\" = %s WHERE \"Step\" = ?",
            now);
    else
        kfpb_text_printf(
            &sql,
            "INSERT INTO \"kfpstore_schema\" (\"Name\", \"Checksum\", \"Statement\", \"State\", \"ToolVersion\", "
            "\"MinReader\", \"Step\", \"AppliedAtInSec\") VALUES (?, ?, ?, ?, ?, ?, ?, %s)",
            now);
    status = sql.out_of_memory
                 ? kfpb_fail_no_memory(error)
                 : kfpb_exec(conn, kfpb_text_get(&sql), values, sizeof values / sizeof values[0], NULL, error);
    kfpb_text_free(&sql);
    return status;
}

void schema_record_script(const kfpb_driver *driver, const schema_step *step, schema_step_state state, kfpb_text *out)
{
    const bool backticks = !(driver->capabilities & KFPB_CAP_ON_CONFLICT);
    const int statements = state == SCHEMA_APPLIED ? schema_count_statements(step) : 0;
    kfpb_text line = {0};
    kfpb_text_printf(
        &line,
        "INSERT INTO \"kfpstore_schema\" (\"Step\", \"Name\", \"Checksum\", \"Statement\", \"State\", \"AppliedAtInSec\", "
        "\"ToolVersion\", \"MinReader\")\n    VALUES (%d, '%s', '%s', %d, '%s', %s, '%s', %d);\n",
        step->number, step->name, step->sha256, statements, schema_step_state_name(state), driver->dialect.now_seconds,
        kfps_version(), step->min_reader);
    /* A client of MySQL reads "x" as text unless told otherwise. */
    for (char *c = line.data; backticks && c != NULL && *c != '\0'; c++) {
        if (*c == '"')
            *c = '`';
    }
    kfpb_text_add(out, kfpb_text_get(&line));
    if (line.out_of_memory)
        out->out_of_memory = true;
    kfpb_text_free(&line);
}
