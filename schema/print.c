/* SPDX-License-Identifier: Apache-2.0 */
/* print.c: the steps as a script for the engine's own client. */
#include <string.h>

#include "backends/base/fail.h"
#include "schema/record.h"
#include "schema/schema.h"
#include "schema/steps.h"

/* Each client's way to stop at the first error (MySQL's does by itself), and to begin a transaction. */
static const struct {
    const char *engine;
    const char *preamble;
    const char *begin;
    const char *commit;
} clients[] = {
    {"sqlite", ".bail on\n", "BEGIN IMMEDIATE;\n", "COMMIT;\n"},
    {"pgsql", "\\set ON_ERROR_STOP on\n", "BEGIN;\n", "COMMIT;\n"},
    {"mysql", "", "", ""},
};

static void print_statements(const schema_step *step, const char *line_start, kfpb_text *out)
{
    const char *cursor = step->sql;
    kfpb_text sql = {0};
    while (schema_next_statement(&cursor, "", &sql)) {
        kfpb_text_add(out, line_start);
        kfpb_text_add(out, kfpb_text_get(&sql));
        kfpb_text_add(out, ";\n");
        if (sql.out_of_memory)
            out->out_of_memory = true;
    }
    kfpb_text_free(&sql);
}

kfps_status schema_print(const kfpb_driver *driver, int from, bool standalone, kfpb_text *out, kfps_error *error)
{
    size_t count = 0;
    const schema_step *steps = schema_steps(driver, &count);
    size_t client = 0;
    const size_t known = sizeof clients / sizeof clients[0];
    while (client < known && strcmp(clients[client].engine, driver->name) != 0)
        client++;
    if (steps == NULL || client == known)
        return kfpb_fail(error, KFPS_INTERNAL, "no schema is known for %s", driver->name);
    if (from < 1 || from > schema_version())
        return kfpb_fail(error, KFPS_INVALID, "there is no step %d; the steps are 1 to %d", from, schema_version());

    kfpb_text_printf(out, "-- The schema of libkfpstore, steps %d to %d, for %s.\n", from, schema_version(),
                     driver->name);
    kfpb_text_add(out, clients[client].preamble);
    for (size_t i = 0; i < count; i++) {
        const schema_step *step = &steps[i];
        const bool wanted = step->when == SCHEMA_ALWAYS || (step->when == SCHEMA_STANDALONE && standalone);
        if (step->number < from)
            continue;
        kfpb_text_printf(out, "\n-- step %d: %s\n", step->number, step->name);
        if (step->when == SCHEMA_LEGACY_TASKS) {
            kfpb_text_add(out,
                          "-- Where the table tasks of KFP up to 2.15 is, this has to make way for the new one:\n");
            print_statements(step, "-- ", out);
        }
        if (!wanted) {
            schema_record_script(driver, step, SCHEMA_NOT_NEEDED, out);
            continue;
        }
        kfpb_text_add(out, step->transaction ? clients[client].begin : "");
        print_statements(step, "", out);
        schema_record_script(driver, step, SCHEMA_APPLIED, out);
        kfpb_text_add(out, step->transaction ? clients[client].commit : "");
    }
    return out->out_of_memory ? kfpb_fail_no_memory(error) : KFPS_OK;
}
