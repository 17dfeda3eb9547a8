/* SPDX-License-Identifier: Apache-2.0 */
#include "libkfpstore/task_change.h"

#include <string.h>

#include "backends/base/fail.h"
#include "backends/base/utf8.h"
#include "kfpstore/merge.h"
#include "libkfpstore/json_text.h"

static const uint32_t all_clears = KFPS_CLEAR_FINGERPRINT | KFPS_CLEAR_DISPLAY_NAME | KFPS_CLEAR_STARTED_AT |
                                   KFPS_CLEAR_FINISHED_AT | KFPS_CLEAR_STATUS_METADATA;

/* ---- the check --------------------------------------------------------------------------------------------------- */

typedef struct text_rule {
    const char *name;
    size_t offset;
    size_t most; /* characters */
} text_rule;

static const text_rule text_rules[] = {
    {"fingerprint", offsetof(kfps_task_change, fingerprint), 255},
    {"name", offsetof(kfps_task_change, name), 128},
    {"display_name", offsetof(kfps_task_change, display_name), 128},
    {"parent_uuid", offsetof(kfps_task_change, parent_uuid), 191},
};

static kfps_status check_texts(const kfps_task_change *change, size_t element, kfps_error *error)
{
    for (size_t i = 0; i < sizeof text_rules / sizeof text_rules[0]; i++) {
        const text_rule *rule = &text_rules[i];
        const char *text;
        memcpy(&text, (const char *) change + rule->offset, sizeof text);
        if (text == NULL)
            continue;
        const size_t length = strlen(text);
        if (!kfpb_utf8_valid(text, length))
            return kfpb_fail_at(error, element, KFPS_INVALID, "%s of change %zu is not valid UTF-8", rule->name,
                                element);
        if (length > rule->most && kfpb_utf8_count(text, length) > rule->most)
            return kfpb_fail_at(error, element, KFPS_TOO_LARGE, "%s of change %zu has %zu characters; %zu are the most",
                                rule->name, element, kfpb_utf8_count(text, length), rule->most);
    }
    return KFPS_OK;
}

/* A field that is given and cleared at once. */
static bool contradicts(const kfps_task_change *change)
{
    const uint32_t clear = change->clear;
    const bool fingerprint = change->fingerprint != NULL && change->fingerprint[0] != '\0';
    const bool display_name = change->display_name != NULL && change->display_name[0] != '\0';
    return ((clear & KFPS_CLEAR_FINGERPRINT) != 0 && fingerprint) ||
           ((clear & KFPS_CLEAR_DISPLAY_NAME) != 0 && display_name) ||
           ((clear & KFPS_CLEAR_STARTED_AT) != 0 && change->started_at != 0) ||
           ((clear & KFPS_CLEAR_FINISHED_AT) != 0 && change->finished_at != 0) ||
           ((clear & KFPS_CLEAR_STATUS_METADATA) != 0 && change->status_metadata_json != NULL &&
            change->status_metadata_json[0] != '\0');
}

static kfps_status check_one(const kfps_task_change *change, size_t element, kfps_error *error)
{
    if (change->uuid == NULL || change->uuid[0] == '\0')
        return kfpb_fail_at(error, element, KFPS_INVALID, "change %zu names no task", element);
    if (change->state < 0 || change->state > KFPS_TASK_CACHED)
        return kfpb_fail_at(error, element, KFPS_INVALID, "change %zu has %d for a state", element, change->state);
    if (change->type < 0 || change->type > KFPS_TASK_DAG)
        return kfpb_fail_at(error, element, KFPS_INVALID, "change %zu has %d for a type", element, change->type);
    if (change->started_at < 0 || change->finished_at < 0)
        return kfpb_fail_at(error, element, KFPS_INVALID, "change %zu has a time before 1970", element);
    if ((change->clear & ~all_clears) != 0)
        return kfpb_fail_at(error, element, KFPS_INVALID, "change %zu clears what is no kfps_task_clear", element);
    if (contradicts(change))
        return kfpb_fail_at(error, element, KFPS_INVALID, "change %zu gives and clears the same field", element);
    return check_texts(change, element, error);
}

kfps_status kfpsi_task_change_check(const kfps_task_change *changes, size_t count, kfps_error *error)
{
    for (size_t i = 0; i < count; i++) {
        const kfps_status status = check_one(&changes[i], i, error);
        if (status != KFPS_OK)
            return status;
        for (size_t j = i; j > 0; j--) { /* the last one that names a run */
            if (changes[i].run_uuid == NULL || changes[j - 1].run_uuid == NULL)
                continue;
            if (strcmp(changes[i].run_uuid, changes[j - 1].run_uuid) != 0)
                return kfpb_fail_at(error, i, KFPS_INVALID, "change %zu is of another run than the one before", i);
            break;
        }
    }
    return KFPS_OK;
}

/* ---- the merge --------------------------------------------------------------------------------------------------- */

typedef struct work {
    const kfps_task_change *change;
    kfpb_arena *arena;
    int json_depth;
    size_t element;
    kfps_error *error;
} work;

static void set_text(const work *w, const char *given, const char **field)
{
    if (given != NULL && given[0] != '\0')
        *field = kfpb_arena_text(w->arena, given);
}

static kfps_status replace(const work *w, const char *given, kfpsi_json_kind kind, const char *what, const char **field)
{
    if (given == NULL || given[0] == '\0')
        return KFPS_OK;
    const kfps_status status = kfpsi_json_check(given, kind, w->json_depth, what, w->element, w->error);
    if (status == KFPS_OK)
        *field = kfpb_arena_text(w->arena, given);
    return status;
}

static kfps_status check_parameters(const work *w, const char *given, const char *what)
{
    return kfpsi_json_check(given, KFPSI_JSON_ARRAY, w->json_depth, what, w->element, w->error);
}

static kfps_status merge(const work *w, const char *given, const char *what, const char **field)
{
    char *merged = NULL;
    if (given == NULL || given[0] == '\0')
        return KFPS_OK;
    /* The merge parses it: only what it does not look at is looked at before. */
    kfps_status status = kfpsi_json_begins_an_array(given, w->json_depth) ? KFPS_OK : check_parameters(w, given, what);
    if (status != KFPS_OK)
        return status;
    status = kfps_parameters_merge(*field, given, &merged, w->error);
    if (status == KFPS_OK)
        *field = kfpb_arena_text(w->arena, merged);
    else
        w->error->element = (int32_t) w->element;
    /* if it is no JSON, in a sentence that names the field and the place */
    if (status == KFPS_INVALID && check_parameters(w, given, what) == KFPS_NO_MEMORY)
        status = KFPS_NO_MEMORY;
    kfps_free(merged);
    return status;
}

static void clear(const kfps_task_change *change, kfps_task *row)
{
    if ((change->clear & KFPS_CLEAR_FINGERPRINT) != 0)
        row->fingerprint = "";
    if ((change->clear & KFPS_CLEAR_DISPLAY_NAME) != 0)
        row->display_name = NULL;
    if ((change->clear & KFPS_CLEAR_STARTED_AT) != 0)
        row->started_at = 0;
    if ((change->clear & KFPS_CLEAR_FINISHED_AT) != 0)
        row->finished_at = 0;
    if ((change->clear & KFPS_CLEAR_STATUS_METADATA) != 0)
        row->status_metadata_json = NULL;
}

kfps_status kfpsi_task_set_state(kfps_task *row, int32_t state, int64_t now, kfpb_arena *arena, kfps_error *error)
{
    char *history = NULL;
    const kfps_status status = kfps_state_history_append(row->state_history_json, state, now, &history, error);
    if (status == KFPS_OK) {
        row->state_history_json = kfpb_arena_text(arena, history);
        row->state = state;
        if (state == KFPS_TASK_FAILED)
            row->fingerprint = "";
    }
    kfps_free(history);
    return status;
}

kfps_status kfpsi_task_change_apply(const kfps_task_change *change, int64_t now, int json_depth, size_t element,
                                    kfpb_arena *arena, kfps_task *row, kfps_error *error)
{
    const work w = {change, arena, json_depth, element, error};
    set_text(&w, change->fingerprint, &row->fingerprint);
    set_text(&w, change->name, &row->name);
    set_text(&w, change->display_name, &row->display_name);
    if (change->parent_uuid != NULL)
        row->parent_uuid = change->parent_uuid[0] != '\0' ? kfpb_arena_text(arena, change->parent_uuid) : NULL;
    if (change->started_at != 0)
        row->started_at = change->started_at;
    if (change->finished_at != 0)
        row->finished_at = change->finished_at;
    if (change->type != 0)
        row->type = change->type;
    clear(change, row);
    kfps_status status = replace(&w, change->status_metadata_json, KFPSI_JSON_OBJECT, "status_metadata_json",
                                 &row->status_metadata_json);
    if (status == KFPS_OK)
        status = replace(&w, change->pods_json, KFPSI_JSON_ARRAY, "pods_json", &row->pods_json);
    if (status == KFPS_OK)
        status = replace(&w, change->type_attributes_json, KFPSI_JSON_OBJECT, "type_attributes_json",
                         &row->type_attributes_json);
    if (status == KFPS_OK)
        status = merge(&w, change->input_parameters_json, "input_parameters_json", &row->input_parameters_json);
    if (status == KFPS_OK)
        status = merge(&w, change->output_parameters_json, "output_parameters_json", &row->output_parameters_json);
    if (status == KFPS_OK && change->state != 0)
        status = kfpsi_task_set_state(row, change->state, now, arena, error);
    if (status == KFPS_OK && arena->out_of_memory)
        status = kfpb_fail_no_memory(error);
    return status;
}
