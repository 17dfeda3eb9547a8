/* SPDX-License-Identifier: Apache-2.0 */
#include "migrate/map/artifact.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistr.h>

#include "migrate/map/ids.h"
#include "migrate/map/value.h"

enum { URI_LIMIT = 2048 };

static const struct {
    const char *title;
    int32_t type;
} types[] = {
    {"system.Artifact", KFPS_ARTIFACT_ARTIFACT},
    {"system.Model", KFPS_ARTIFACT_MODEL},
    {"system.Dataset", KFPS_ARTIFACT_DATASET},
    {"system.HTML", KFPS_ARTIFACT_HTML},
    {"system.Markdown", KFPS_ARTIFACT_MARKDOWN},
    {"system.Metrics", KFPS_ARTIFACT_METRIC},
    {"system.ClassificationMetrics", KFPS_ARTIFACT_CLASSIFICATION_METRIC},
    {"system.SlicedClassificationMetrics", KFPS_ARTIFACT_SLICED_CLASSIFICATION_METRIC},
};

/* MLMD's Artifact.state where it is not LIVE (2). */
static const char *const state_names[] = {
    [1] = "PENDING", [3] = "MARKED_FOR_DELETION", [4] = "DELETED", [5] = "ABANDONED", [6] = "REFERENCE",
};

static map_owner owner_of(const map_artifact *artifact)
{
    return (map_owner){"artifact", artifact->source->id};
}

/* Properties that have a place of their own, or none: the session names secrets. */
static bool is_metadata(const mlmd_property *property)
{
    if (strcmp(property->name, "display_name") == 0)
        return property->kind != MLMD_VALUE_STRING;
    return strcmp(property->name, "store_session_info") != 0 && strcmp(property->name, "_kfp_workspace") != 0;
}

/* The i-th property unless a custom one of the same name stands before it. */
static const mlmd_property *metadata_property(const map_artifact *artifact, size_t i)
{
    const mlmd_properties *properties = &artifact->source->properties;
    const mlmd_property *property = &properties->items[i];

    if (!is_metadata(property) || (i > 0 && strcmp(properties->items[i - 1].name, property->name) == 0))
        return NULL;
    return property;
}

static bool is_number(const mlmd_property *property)
{
    return property->kind == MLMD_VALUE_INT || property->kind == MLMD_VALUE_DOUBLE;
}

static bool uri_fits(const char *uri)
{
    const size_t length = strlen(uri);

    return length <= URI_LIMIT || u8_mbsnlen((const uint8_t *) uri, length) <= URI_LIMIT;
}

static int32_t type_of(map_context *context, const mlmd_artifact *source)
{
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        if (strcmp(source->type, types[i].title) == 0)
            return types[i].type;
    }
    if (source->type[0] == '\0')
        map_note(context, NOTE_MISSING_TYPE, "artifact", source->id, "%s", "");
    else
        map_note(context, NOTE_UNKNOWN_ARTIFACT_TYPE, "artifact", source->id, "%s", source->type);
    return KFPS_ARTIFACT_ARTIFACT;
}

/* What all rows of the artifact have: everything but the numbers that get rows of their own. */
static json_t *common_metadata(map_context *context, const map_artifact *artifact, int32_t type, bool metrics)
{
    const mlmd_artifact *source = artifact->source;
    const map_owner owner = owner_of(artifact);
    json_t *metadata = json_object();

    for (size_t i = 0; i < source->properties.count; i++) {
        const mlmd_property *property = metadata_property(artifact, i);
        if (property == NULL || (metrics && is_number(property)))
            continue;
        json_t *value = map_value_fit(context, map_value(context, property, owner), 1, owner, property->name);
        map_json_set(context, metadata, property->name, value);
    }
    if (type == KFPS_ARTIFACT_ARTIFACT && source->type[0] != '\0' && strcmp(source->type, types[0].title) != 0)
        map_json_set(context, metadata, "_kfp_schema_title", json_string(source->type));
    if (!metrics && source->uri != NULL && !uri_fits(source->uri)) {
        map_note(context, NOTE_URI_TOO_LONG, owner.kind, owner.id, "%zu bytes", strlen(source->uri));
        map_json_set(context, metadata, "_kfp_uri", json_string(source->uri));
    }
    if (source->state != 0 && source->state != 2) {
        const bool named = source->state > 0 && (size_t) source->state < sizeof state_names / sizeof state_names[0];
        char digits[16];
        snprintf(digits, sizeof digits, "%d", source->state);
        const char *state = named ? state_names[source->state] : digits;
        map_note(context, NOTE_ARTIFACT_STATE, owner.kind, owner.id, "%s", state);
        map_json_set(context, metadata, "_mlmd_state", json_string(state));
    }
    return metadata;
}

/* The last segment of the address, without its query. */
static const char *basename_of(map_context *context, const char *uri)
{
    size_t end = strcspn(uri, "?");

    while (end > 0 && uri[end - 1] == '/')
        end--;
    size_t begin = end;
    while (begin > 0 && uri[begin - 1] != '/')
        begin--;
    return kfpb_arena_textn(context->arena, uri + begin, end - begin);
}

static const char *name_of(map_context *context, const map_artifact *artifact)
{
    const mlmd_artifact *source = artifact->source;
    const map_edge *producer = artifact->producer;
    const char *name = map_property_text(&source->properties, "display_name");

    if (name == NULL || name[0] == '\0')
        name = source->name;
    if ((name == NULL || name[0] == '\0') && producer != NULL) {
        if (producer->node->kind == MAP_KIND_IMPORTER && source->uri != NULL)
            name = basename_of(context, source->uri);
        if (name == NULL || name[0] == '\0')
            name = producer->event->key;
    }
    return name != NULL ? name : "";
}

static const char *cut_name(map_context *context, const map_artifact *artifact, const char *name)
{
    const char *cut = map_cut(context, name, MAP_NAME_LIMIT);

    if (cut != name)
        map_note(context, NOTE_NAME_CUT, "artifact", artifact->source->id, "%s", cut);
    return cut;
}

static void set_times(map_context *context, const map_artifact *artifact, kfps_artifact *row)
{
    const mlmd_artifact *source = artifact->source;

    row->created_at = map_seconds(context, source->create_ms, "artifact", source->id);
    if (row->created_at == 0 && artifact->producer != NULL) {
        const mlmd_event *event = artifact->producer->event;
        row->created_at = map_seconds(context, event->ms, "event", event->id);
        if (row->created_at == 0)
            row->created_at = map_seconds(context, artifact->producer->node->execution->create_ms, "artifact",
                                          source->id);
    }
    if (row->created_at == 0)
        row->created_at = context->target->created_at;
    row->last_update = map_seconds(context, source->update_ms, "artifact", source->id);
    if (row->last_update < row->created_at)
        row->last_update = row->created_at;
}

/* The namespace that had the artifact first has the plain ids; each further one has its own, made with its name. */
static const char *stem_of(map_context *context, const mlmd_artifact *source)
{
    const char *mine = context->target->run_namespace;

    if (source->owner_namespace == NULL || strcmp(source->owner_namespace, mine) == 0)
        return kfpb_arena_printf(context->arena, "artifact:%" PRId64, source->id);
    map_note(context, NOTE_ARTIFACT_SPLIT, "artifact", source->id, "%s", mine);
    return kfpb_arena_printf(context->arena, "artifact:%" PRId64 ":ns:%s", source->id, mine);
}

static void metric_row(map_context *context, const map_artifact *artifact, const mlmd_property *property,
                       json_t *common, kfps_artifact *row)
{
    json_t *metadata = json_copy(common);

    map_json_set(context, metadata, property->name, map_value(context, property, owner_of(artifact)));
    row->metadata_json = map_json_text(context, metadata);
    row->number_value = property->kind == MLMD_VALUE_INT ? (double) property->integer : property->real;
    row->has_number_value = isfinite(row->number_value);
    if (!row->has_number_value)
        row->number_value = 0;
    row->name = cut_name(context, artifact, property->name);
}

static size_t count_metrics(const map_artifact *artifact)
{
    size_t count = 0;

    for (size_t i = 0; i < artifact->source->properties.count; i++) {
        const mlmd_property *property = metadata_property(artifact, i);
        count += property != NULL && is_number(property);
    }
    return count;
}

void map_artifact_rows(map_context *context, map_artifact *artifact)
{
    const mlmd_artifact *source = artifact->source;
    kfps_artifact base = {
        .artifact_namespace = context->target->run_namespace, .type = type_of(context, source), .uri_hash = ""};
    const size_t metrics = base.type == KFPS_ARTIFACT_METRIC ? count_metrics(artifact) : 0;
    const char *stem = stem_of(context, source);
    const char **keys = kfpb_arena_array(context->arena, metrics, sizeof *keys);

    artifact->row_count = metrics > 0 ? metrics : 1;
    artifact->rows = kfpb_arena_array(context->arena, artifact->row_count, sizeof *artifact->rows);
    if (artifact->rows == NULL || keys == NULL || stem == NULL) {
        artifact->row_count = 0;
        return;
    }
    set_times(context, artifact, &base);
    json_t *common = common_metadata(context, artifact, base.type, metrics > 0);
    if (metrics == 0) {
        kfps_artifact *row = &artifact->rows[0];
        *row = base;
        row->uuid = map_uuid(context, "%s", stem);
        row->name = cut_name(context, artifact, name_of(context, artifact));
        row->metadata_json = map_json_text(context, common);
        if (source->uri != NULL && source->uri[0] != '\0' && uri_fits(source->uri)) {
            char hash[KFPS_HASH_SIZE];
            kfps_uri_hash(source->uri, hash);
            row->uri = source->uri;
            row->uri_hash = kfpb_arena_text(context->arena, hash);
        }
        return;
    }
    size_t n = 0;
    for (size_t i = 0; i < source->properties.count; i++) {
        const mlmd_property *property = metadata_property(artifact, i);
        if (property == NULL || !is_number(property))
            continue;
        kfps_artifact *row = &artifact->rows[n];
        *row = base;
        /* the first keeps the plain id: it is the one that who knows only the artifact's id finds */
        row->uuid = n == 0 ? map_uuid(context, "%s", stem) : map_uuid(context, "%s:metric:%s", stem, property->name);
        metric_row(context, artifact, property, common, row);
        keys[n++] = property->name;
    }
    artifact->metrics = keys;
    json_decref(common);
}
