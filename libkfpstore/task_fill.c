/* SPDX-License-Identifier: Apache-2.0 */
#include "libkfpstore/task_fill.h"

#include <jansson.h>

#include "backends/base/fail.h"
#include "backends/base/text.h"
#include "kfpstore/identity.h"
#include "kfpstore/merge.h"
#include "libkfpstore/json_text.h"

typedef struct filling {
    const kfpsi_op *op;
    kfpb_arena *arena;
    size_t element;
    kfps_error *error;
} filling;

static const struct {
    const char *name;
    size_t offset;
    kfpsi_json_kind kind;
    const char *otherwise; /* what upstream stores for nothing */
} json_fields[] = {
    {"pods_json", offsetof(kfps_task, pods_json), KFPSI_JSON_ARRAY, "[]"},
    {"status_metadata_json", offsetof(kfps_task, status_metadata_json), KFPSI_JSON_OBJECT, "null"},
    {"state_history_json", offsetof(kfps_task, state_history_json), KFPSI_JSON_ARRAY, "null"},
    {"input_parameters_json", offsetof(kfps_task, input_parameters_json), KFPSI_JSON_ARRAY, "null"},
    {"output_parameters_json", offsetof(kfps_task, output_parameters_json), KFPSI_JSON_ARRAY, "null"},
    {"type_attributes_json", offsetof(kfps_task, type_attributes_json), KFPSI_JSON_OBJECT, "{}"},
};

static kfps_status fill_json(const filling *a, kfps_task *row)
{
    for (size_t f = 0; f < sizeof json_fields / sizeof *json_fields; f++) {
        const char *text;
        memcpy(&text, (char *) row + json_fields[f].offset, sizeof text);
        if (text == NULL || strcmp(text, "null") == 0) {
            text = json_fields[f].otherwise;
            memcpy((char *) row + json_fields[f].offset, &text, sizeof text);
            continue;
        }
        const kfps_status status = kfpsi_json_check(text, json_fields[f].kind, a->op->conn->limits.json_depth,
                                                    json_fields[f].name, a->element, a->error);
        if (status != KFPS_OK)
            return status;
    }
    return KFPS_OK;
}

/* A JSON number or decimal digits, as upstream reads it. */
static bool read_index(const json_t *value, int64_t *index)
{
    if (json_is_string(value))
        return kfpb_parse_int(json_string_value(value), index);
    if (json_is_integer(value)) {
        *index = json_integer_value(value);
        return true;
    }
    const double real = json_real_value(value);
    if (!json_is_real(value) || !(real >= -9e18 && real <= 9e18) || real != (double) (int64_t) real)
        return false;
    *index = (int64_t) real;
    return true;
}

static kfps_status fill_key(const filling *a, kfps_task *row)
{
    int64_t index = 0;
    char key[KFPS_HASH_SIZE];
    json_t *attributes = NULL;
    row->logical_key = NULL;
    if (strstr(row->type_attributes_json, "iterationIndex") != NULL) {
        if (kfpsi_json_load(row->type_attributes_json, strlen(row->type_attributes_json), JSON_ALLOW_NUL, &attributes,
                            NULL) != KFPS_OK)
            return kfpb_fail_no_memory(a->error); /* it was JSON before */
    }
    const json_t *value = json_object_get(attributes, "iterationIndex");
    const bool in_loop = value != NULL;
    const bool readable = !in_loop || read_index(value, &index);
    json_decref(attributes);
    if (!readable)
        return kfpb_fail_at(a->error, a->element, KFPS_INVALID,
                            "type_attributes_json of element %zu: iterationIndex is not a whole number", a->element);
    kfps_task_logical_key(row->run_uuid, row->parent_uuid, row->scope_path, row->name, row->type,
                          in_loop ? &index : NULL, key);
    if (key[0] == '\0')
        return KFPS_OK;
    row->logical_key = kfpb_arena_text(a->arena, key);
    return row->logical_key != NULL ? KFPS_OK : kfpb_fail_no_memory(a->error);
}

static kfps_status fill_history(const filling *a, kfps_task *row)
{
    char *history = NULL;
    if (row->state == KFPS_TASK_STATE_UNSPECIFIED)
        return KFPS_OK;
    const kfps_status status = kfps_state_history_append(row->state_history_json, row->state, a->op->now, &history,
                                                         a->error);
    if (status != KFPS_OK)
        return status;
    row->state_history_json = kfpb_arena_text(a->arena, history);
    kfps_free(history);
    return row->state_history_json != NULL ? KFPS_OK : kfpb_fail_no_memory(a->error);
}

static void fill_times(const filling *a, kfps_task *row)
{
    if (row->created_at != 0)
        return;
    if (row->started_at == 0)
        row->started_at = a->op->now;
    row->created_at = row->started_at;
}

kfps_status kfpsi_task_fill(const kfpsi_op *op, kfpb_arena *arena, const kfps_task *given, size_t element,
                            kfps_task *row, kfps_error *error)
{
    const filling a = {op, arena, element, error};
    *row = *given;
    row->uuid = "";
    if (row->fingerprint == NULL)
        row->fingerprint = "";
    if (row->parent_uuid != NULL && row->parent_uuid[0] == '\0')
        row->parent_uuid = NULL;
    fill_times(&a, row);
    kfps_status status = fill_json(&a, row);
    if (status == KFPS_OK)
        status = fill_key(&a, row);
    return status == KFPS_OK ? fill_history(&a, row) : status;
}
