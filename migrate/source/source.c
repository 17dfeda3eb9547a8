/* SPDX-License-Identifier: Apache-2.0 */
#include "migrate/source/events.h"

#include <stdlib.h>
#include <string.h>

static const char run_type[] = "system.PipelineRun";

/* ---- opening ------------------------------------------------------------------------------------------------------
 */

static mlmd_text_rule rule_of(mlmd_encoding encoding, const kfpb_driver *driver)
{
    switch (encoding) {
    case MLMD_ENCODING_UTF8:
        return MLMD_TEXT_PLAIN;
    case MLMD_ENCODING_LATIN1:
        return MLMD_TEXT_TWICE;
    case MLMD_ENCODING_AUTO:
        break;
    }
    return strcmp(driver->name, "mysql") == 0 ? MLMD_TEXT_TWICE : MLMD_TEXT_GUESS;
}

static bool take_run_types(mlmd_source *source, const mlmd_source_options *options)
{
    size_t more = options != NULL ? options->run_context_type_count : 0;

    source->run_types = kfpb_arena_array(&source->arena, more + 1, sizeof *source->run_types);
    if (source->run_types == NULL)
        return false;
    source->run_types[source->run_type_count++] = run_type;
    for (size_t i = 0; i < more; i++)
        source->run_types[source->run_type_count++] = kfpb_arena_text(&source->arena, options->run_context_types[i]);
    return !source->arena.out_of_memory;
}

static kfps_status look_around(mlmd_source *source, kfps_error *error)
{
    kfps_status status = mlmd_catalog_read(source->conn, &source->catalog, error);
    if (status == KFPS_OK)
        status = mlmd_version_read(source->conn, &source->catalog, &source->version, error);
    if (status == KFPS_OK)
        status = mlmd_catalog_check(&source->catalog, source->version, error);
    if (status == KFPS_OK)
        status = mlmd_types_read(source, error);
    return status;
}

static kfps_status remember_database(mlmd_source *source, const kfpb_dsn *dsn, const mlmd_source_options *options,
                                     kfps_error *error)
{
    const kfps_status status = kfpb_dsn_copy(dsn, &source->dsn, error);
    if (status != KFPS_OK)
        return status;
    if ((options->password != NULL && (source->password = strdup(options->password)) == NULL) ||
        (options->driver_dir != NULL && (source->driver_dir = strdup(options->driver_dir)) == NULL))
        return kfpb_fail_no_memory(error);
    source->open_options = (kfpb_open_options){
        .read_only = true, .source = true, .password = source->password, .driver_dir = source->driver_dir};
    return KFPS_OK;
}

kfps_status mlmd_source_ready(mlmd_source *source, kfps_error *error)
{
    kfpb_conn *anew = NULL;
    if (!source->conn->broken)
        return KFPS_OK;
    const kfps_status status = kfpb_open(&source->dsn, &source->open_options, &anew, error);
    if (status != KFPS_OK)
        return status;
    kfpb_close(&source->conn);
    source->conn = anew;
    return KFPS_OK;
}

kfps_status mlmd_source_open(const kfpb_dsn *dsn, const mlmd_source_options *options, mlmd_source **out,
                             kfps_error *error)
{
    const mlmd_source_options none = {0};
    const mlmd_source_options *given = options != NULL ? options : &none;

    *out = NULL;
    kfpb_error_clear(error);
    mlmd_source *source = calloc(1, sizeof *source);
    if (source == NULL)
        return kfpb_fail_no_memory(error);
    kfpb_arena_init(&source->arena);
    kfps_status status = take_run_types(source, given) ? KFPS_OK : kfpb_fail_no_memory(error);
    if (status == KFPS_OK)
        status = remember_database(source, dsn, given, error);
    if (status == KFPS_OK)
        status = kfpb_open(&source->dsn, &source->open_options, &source->conn, error);
    if (status == KFPS_OK) {
        source->text_rule = rule_of(given->encoding, source->conn->driver);
        status = look_around(source, error);
    }
    if (status == KFPS_OK)
        *out = source;
    else
        mlmd_source_close(&source);
    return status;
}

void mlmd_source_close(mlmd_source **source)
{
    mlmd_source *s = *source;

    if (s == NULL)
        return;
    kfpb_close(&s->conn);
    mlmd_event_store_free(s->events);
    mlmd_members_free(&s->members);
    mlmd_ids_free(&s->run_type_ids);
    free(s->types);
    kfpb_arena_free(&s->arena);
    if (s->password != NULL)
        explicit_bzero(s->password, strlen(s->password));
    free(s->password);
    free(s->driver_dir);
    kfpb_dsn_free(&s->dsn);
    free(s);
    *source = NULL;
}

int mlmd_source_version(const mlmd_source *source)
{
    return source->version;
}

const char *mlmd_source_server(const mlmd_source *source)
{
    return source->conn->server;
}

/* ---- links --------------------------------------------------------------------------------------------------------
 */

kfps_status mlmd_source_links_of(mlmd_source *source, const int64_t *artifact_ids, size_t count, mlmd_see_link see,
                                 void *see_context, kfps_error *error)
{
    mlmd_event_rows rows = {0};
    mlmd_ids ids = {0};
    bool room = true;

    kfpb_error_clear(error);
    for (size_t i = 0; i < count && room; i++)
        room = mlmd_ids_add(&ids, artifact_ids[i]);
    mlmd_ids_sort(&ids);
    kfps_status status = room ? mlmd_source_ready(source, error) : kfpb_fail_no_memory(error);
    if (status == KFPS_OK)
        status = mlmd_events_read(source, MLMD_EVENTS_OF_ARTIFACTS, &ids, &rows, error);
    for (size_t i = 0; i < rows.count && status == KFPS_OK; i++)
        see(see_context, rows.items[i].artifact_id, rows.items[i].execution_id);
    mlmd_event_rows_free(&rows);
    mlmd_ids_free(&ids);
    return status;
}
