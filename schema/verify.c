/* SPDX-License-Identifier: Apache-2.0 */
/* verify.c: a database against what its recorded steps have promised. */
#include <stdio.h>

#include "backends/base/fail.h"
#include "schema/apply.h"
#include "schema/deferred.h"

static size_t say_unfinished(const schema_status *status, schema_say say, void *context)
{
    size_t count = 0;
    for (size_t i = 0; i < status->count; i++) {
        char line[128];
        const schema_step_status *s = &status->steps[i];
        if (s->state != SCHEMA_PARTIAL)
            continue;
        snprintf(line, sizeof line, "step %d (%s): was cut off after statement %d; run: kfp-migrate schema upgrade",
                 s->step->number, s->step->name, s->statements_done);
        say(context, line);
        count++;
    }
    return count;
}

/* One difference, however many they are. */
static size_t say_deferred(size_t missing, schema_say say, void *context)
{
    char line[192];
    snprintf(line, sizeof line,
             "%zu indexes are deferred by an import that has not ended; run the import again, or: kfp-migrate schema "
             "upgrade",
             missing);
    say(context, line);
    return 1;
}

static kfps_status inspect_same(kfpb_conn *conn, const schema_picture *promised, schema_picture *found,
                                kfps_error *error)
{
    enum { MOST = 64 };
    const char *names[MOST];
    for (size_t i = 0; i < promised->count; i++)
        names[i] = promised->tables[i].name;
    return schema_inspect(conn, names, promised->count, found, error);
}

kfps_status schema_verify(kfpb_conn *conn, schema_say say, void *context, schema_verify_result *out, kfps_error *error)
{
    schema_status status = {0};
    schema_picture promised, found;
    *out = (schema_verify_result){0};
    kfps_status result = schema_status_read(conn, &status, error);
    if (result == KFPS_OK)
        result = schema_refuse_foreign(&status, error);
    if (result != KFPS_OK)
        goto out;
    for (size_t i = 0; i < status.count; i++) {
        out->steps += schema_is_promised(status.steps[i].state);
        out->pending += status.steps[i].state == SCHEMA_PENDING;
    }
    out->differences = say_unfinished(&status, say, context);
    result = schema_promised_by(&status, conn->driver, &promised, error);
    if (result != KFPS_OK)
        goto out;
    result = inspect_same(conn, &promised, &found, error);
    if (result == KFPS_OK) {
        if (status.deferred)
            out->differences += say_deferred(schema_leave_out_deferred(&promised, &found), say, context);
        out->differences += schema_compare(&promised, &found, say, context);
        out->tables = promised.count;
        schema_picture_free(&found);
    }
    schema_picture_free(&promised);
out:
    schema_status_free(&status);
    return result;
}
