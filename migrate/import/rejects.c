/* SPDX-License-Identifier: Apache-2.0 */
#include "migrate/import/rejects.h"

#include <jansson.h>

static const char *const class_names[] = {[NOTE_INFO] = "info", [NOTE_SKIP] = "skipped", [NOTE_REJECT] = "rejected"};

static bool write_line(FILE *file, note_reason reason, const char *kind, int64_t id, int64_t context_id,
                       const char *run_uuid, const char *detail)
{
    json_t *line = json_pack("{s:s,s:s,s:s,s:I,s:I,s:s?,s:s?}", "class", class_names[note_info(reason)->class],
                             "reason", note_info(reason)->text, "kind", kind, "mlmd_id", (json_int_t) id, "context_id",
                             (json_int_t) context_id, "run", run_uuid, "detail", detail);
    if (line == NULL)
        return false;
    const bool written = json_dumpf(line, file, JSON_COMPACT) == 0 && fputc('\n', file) != EOF;
    json_decref(line);
    return written;
}

bool rejects_write(FILE *file, const group_run *run)
{
    if (file == NULL)
        return true;
    for (size_t i = 0; i < run->notes.count; i++) {
        const note *n = &run->notes.items[i];
        if (!write_line(file, n->reason, n->kind, n->id, run->source->context_id, run->row.uuid, n->detail))
            return false;
    }
    return true;
}

bool rejects_write_outside(FILE *file, note_reason reason, const char *kind, int64_t id, int64_t context_id)
{
    return file == NULL || write_line(file, reason, kind, id, context_id, NULL, NULL);
}
