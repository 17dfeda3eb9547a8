/* SPDX-License-Identifier: Apache-2.0 */
/* source.c: how the source holds text, and whether it stands still. */
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "backends/base/text.h"
#include "migrate/preflight/preflight.h"

/* The character sets of MLMD's own columns, on MySQL. */
static kfps_status read_charsets(preflight *p, bool *latin1, bool *utf8mb3)
{
    static const char sql[] =
        "SELECT DISTINCT CHARACTER_SET_NAME FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE() AND"
        " TABLE_NAME IN ('Context', 'ContextProperty', 'Execution', 'ExecutionProperty', 'Artifact', 'ArtifactProperty',"
        " 'EventPath', 'Type') AND CHARACTER_SET_NAME IS NOT NULL";
    kfpb_rows *rows = NULL;
    kfps_status status = kfpb_query(p->source_conn, sql, NULL, 0, &rows, &p->error);
    int got = 0;
    while (status == KFPS_OK && (got = kfpb_next(rows, &p->error)) > 0) {
        const char *name = kfpb_get_text(rows, 0, NULL);
        *latin1 |= strcmp(name, "latin1") == 0;
        *utf8mb3 |= strcmp(name, "utf8mb3") == 0 || strcmp(name, "utf8") == 0;
    }
    if (got < 0)
        status = (kfps_status) p->error.code;
    kfpb_rows_free(&rows);
    return status;
}

kfps_status preflight_source_text(preflight *p)
{
    bool latin1 = false, utf8mb3 = false;
    const bool mysql = strcmp(p->source_conn->driver->name, "mysql") == 0;
    const mlmd_survey *s = &p->survey;
    kfps_status status = mlmd_source_survey(p->source, &p->survey, &p->error);
    if (status == KFPS_OK && mysql)
        status = read_charsets(p, &latin1, &utf8mb3);
    if (status != KFPS_OK)
        return status;
    if (latin1)
        preflight_say(p, FIND_LATIN1, "columns of the source are latin1; MLMD's connector puts UTF-8 bytes into them");
    if (utf8mb3)
        preflight_say(p, FIND_UTF8MB3, "columns of the source are utf8mb3, which has no characters of four bytes");
    if (s->texts_repaired > 0)
        preflight_say(p, FIND_ENCODED_TWICE,
                      "%" PRId64 " of %" PRId64 " texts with other than ASCII characters are encoded twice, or cp1252",
                      s->texts_repaired, s->texts);
    else if (mysql && s->texts_twice > 0)
        preflight_say(
            p, FIND_KEPT_TWICE,
            "%" PRId64 " of %" PRId64
            " texts with other than ASCII characters look encoded twice, and --source-encoding=utf8 keeps them so",
            s->texts_twice, s->texts);
    if (s->texts_invalid > 0)
        preflight_say(p, FIND_NOT_TEXT,
                      "%" PRId64 " of %" PRId64 " values with other than ASCII characters are no text in any encoding",
                      s->texts_invalid, s->texts);
    return KFPS_OK;
}

kfps_status preflight_source_activity(preflight *p)
{
    enum { RECENT_S = 600 };
    const mlmd_survey *s = &p->survey;
    const int64_t now = (int64_t) time(NULL);
    const int64_t ago = now - s->updated_ms / 1000;
    if (s->updated_ms > 0 && ago >= -RECENT_S && ago < RECENT_S)
        preflight_say(p, FIND_SOURCE_LIVE,
                      "an execution was updated %" PRId64 " seconds ago, and %" PRId64
                      " are RUNNING: the source is in use",
                      ago > 0 ? ago : 0, s->running);
    return KFPS_OK;
}

kfps_status preflight_source_types(preflight *p)
{
    kfpb_text list = {0};
    for (size_t i = 0; i < p->survey.type_count; i++)
        kfpb_text_printf(&list, "%s%s (%" PRId64 ")", i > 0 ? ", " : "", p->survey.types[i].name,
                         p->survey.types[i].contexts);
    if (p->survey.type_count > 0)
        preflight_say(p, FIND_OTHER_RUN_TYPES, "contexts of other tools that may be runs: %s", kfpb_text_get(&list));
    if (p->totals.run_contexts == 0)
        preflight_say(p, FIND_NOTHING, "the source has no run of the types that are imported");
    kfpb_text_free(&list);
    return KFPS_OK;
}
