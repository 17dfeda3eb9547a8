/* SPDX-License-Identifier: Apache-2.0 */
#include "migrate/source/survey.h"

#include <stdio.h>
#include <string.h>

#include "migrate/source/internal.h"

/* How many bytes a text has in UTF-8, and how many characters; %s is the column. */
static const struct {
    const char *driver;
    const char *bytes, *characters;
} lengths[] = {
    {"sqlite", "length(CAST(%s AS BLOB))", "length(%s)"},
    {"pgsql", "octet_length(%s)", "char_length(%s)"},
    {"mysql", "LENGTH(CONVERT(%s USING utf8mb4))", "CHAR_LENGTH(%s)"},
};

static const struct {
    mlmd_table table;
    int column;
    const char *name;
    bool property; /* its size counts */
} texts[] = {
    {MLMD_T_CONTEXT, MLMD_CONTEXT_NAME, "name", false},
    {MLMD_T_CONTEXT_PROPERTY, MLMD_PROPERTY_STRING, "string_value", true},
    {MLMD_T_EXECUTION, MLMD_EXECUTION_NAME, "name", false},
    {MLMD_T_EXECUTION_PROPERTY, MLMD_PROPERTY_STRING, "string_value", true},
    {MLMD_T_ARTIFACT, MLMD_ARTIFACT_NAME, "name", false},
    {MLMD_T_ARTIFACT, MLMD_ARTIFACT_URI, "uri", false},
    {MLMD_T_ARTIFACT_PROPERTY, MLMD_PROPERTY_STRING, "string_value", true},
};

static bool has_column(const mlmd_source *source, mlmd_table table, int column)
{
    return (source->catalog.tables[table].columns & (1u << column)) != 0;
}

typedef struct reading {
    mlmd_source *source;
    mlmd_survey *out;
} reading;

static bool see_text(void *context, const kfpb_rows *rows)
{
    const reading *r = context;
    kfpb_arena arena;
    unsigned flags = 0, twice = 0;
    size_t length = 0;
    const char *bytes = kfpb_get_text(rows, 0, &length);
    kfpb_arena_init(&arena);
    mlmd_text_read(bytes, length, r->source->text_rule, &arena, &flags);
    mlmd_text_read(bytes, length, MLMD_TEXT_TWICE, &arena, &twice);
    const bool well = !arena.out_of_memory;
    kfpb_arena_free(&arena);
    r->out->texts++;
    r->out->texts_repaired += (flags & MLMD_TEXT_REPAIRED) != 0;
    r->out->texts_twice += (twice & MLMD_TEXT_REPAIRED) != 0;
    r->out->texts_invalid += (flags & MLMD_TEXT_INVALID) != 0;
    return well;
}

static bool see_largest(void *context, const kfpb_rows *rows)
{
    const reading *r = context;
    const int64_t bytes = kfpb_get_int(rows, 0);
    if (bytes > r->out->largest)
        r->out->largest = bytes;
    return true;
}

static bool see_running(void *context, const kfpb_rows *rows)
{
    ((const reading *) context)->out->running = kfpb_get_int(rows, 0);
    return true;
}

static bool see_updated(void *context, const kfpb_rows *rows)
{
    ((const reading *) context)->out->updated_ms = kfpb_get_int(rows, 0);
    return true;
}

static bool see_type(void *context, const kfpb_rows *rows)
{
    static const char *const known[] = {"KfpRun", "pipeline_run", "run", "Pipeline_Stage"};
    const reading *r = context;
    const mlmd_type *type = mlmd_type_find(r->source, kfpb_get_int(rows, 0));
    const bool counted = type != NULL && type->context && !mlmd_ids_has(&r->source->run_type_ids, type->id);
    for (size_t i = 0; counted && i < sizeof known / sizeof known[0]; i++) {
        if (strcmp(known[i], type->name) != 0 || r->out->type_count == MLMD_SURVEY_TYPES)
            continue;
        r->out->types[r->out->type_count].name = type->name;
        r->out->types[r->out->type_count++].contexts = kfpb_get_int(rows, 1);
    }
    return true;
}

static kfps_status run(reading *r, const char *sql_text, mlmd_table table, const char *end, mlmd_see_row see,
                       kfps_error *error)
{
    kfpb_sql sql;
    kfpb_sql_init(&sql, r->source->conn);
    kfpb_sql_add(&sql, sql_text);
    mlmd_catalog_name(&r->source->catalog, &sql, table);
    kfpb_sql_add(&sql, end);
    const kfps_status status = mlmd_query_rows(r->source, &sql, see, r, error);
    kfpb_sql_free(&sql);
    return status;
}

static kfps_status read_texts(reading *r, size_t engine, kfps_error *error)
{
    kfps_status status = KFPS_OK;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0] && status == KFPS_OK; i++) {
        char select[64], bytes[64], characters[64], end[256];
        if (!has_column(r->source, texts[i].table, texts[i].column))
            continue;
        snprintf(bytes, sizeof bytes, lengths[engine].bytes, texts[i].name);
        snprintf(characters, sizeof characters, lengths[engine].characters, texts[i].name);
        snprintf(select, sizeof select, "SELECT %s FROM ", texts[i].name);
        snprintf(end, sizeof end, " WHERE %s <> %s LIMIT 1000", bytes, characters);
        status = run(r, select, texts[i].table, end, see_text, error);
        if (status != KFPS_OK || !texts[i].property)
            continue;
        snprintf(end, sizeof end, "SELECT MAX(%s) AS n FROM ", bytes);
        status = run(r, end, texts[i].table, "", see_largest, error);
    }
    return status;
}

kfps_status mlmd_source_survey(mlmd_source *source, mlmd_survey *out, kfps_error *error)
{
    reading r = {source, out};
    size_t engine = 0;
    *out = (mlmd_survey){0};
    kfpb_error_clear(error);
    while (engine + 1 < sizeof lengths / sizeof lengths[0] &&
           strcmp(lengths[engine].driver, source->conn->driver->name) != 0)
        engine++;
    kfps_status status = read_texts(&r, engine, error);
    if (status == KFPS_OK && has_column(source, MLMD_T_EXECUTION, MLMD_EXECUTION_STATE)) {
        char end[64];
        snprintf(end, sizeof end, " WHERE last_known_state = %d", (int) MLMD_STATE_RUNNING);
        status = run(&r, "SELECT COUNT(*) AS n FROM ", MLMD_T_EXECUTION, end, see_running, error);
    }
    if (status == KFPS_OK && has_column(source, MLMD_T_EXECUTION, MLMD_EXECUTION_UPDATED))
        status = run(&r, "SELECT MAX(last_update_time_since_epoch) AS n FROM ", MLMD_T_EXECUTION, "", see_updated,
                     error);
    if (status == KFPS_OK)
        status = run(&r, "SELECT type_id, COUNT(*) AS n FROM ", MLMD_T_CONTEXT, " GROUP BY type_id", see_type, error);
    return status;
}
