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

enum { TYPE_ATTRIBUTES = 5 }; /* its place in json_fields */

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
    [TYPE_ATTRIBUTES] = {"type_attributes_json", offsetof(kfps_task, type_attributes_json), KFPSI_JSON_OBJECT, "{}"},
};

static const char *json_of(const kfps_task *row, size_t field)
{
    const char *text;
    memcpy(&text, (const char *) row + json_fields[field].offset, sizeof text);
    return text;
}

static kfps_status check_json(const filling *a, const kfps_task *row, size_t field)
{
    return kfpsi_json_check(json_of(row, field), json_fields[field].kind, a->op->conn->limits.json_depth,
                            json_fields[field].name, a->element, a->error);
}

static kfps_status fill_json(const filling *a, kfps_task *row)
{
    kfps_status status = KFPS_OK;
    for (size_t f = 0; status == KFPS_OK && f < sizeof json_fields / sizeof *json_fields; f++) {
        const char *text = json_of(row, f);
        if (text == NULL || strcmp(text, "null") == 0)
            memcpy((char *) row + json_fields[f].offset, &json_fields[f].otherwise, sizeof text);
        else
            status = check_json(a, row, f);
    }
    return status;
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

/* Most tasks are in no loop: not parsed, unless the key could be written with escapes. */
static bool may_be_in_loop(const char *attributes_json)
{
    return strstr(attributes_json, "iterationIndex") != NULL || strchr(attributes_json, '\\') != NULL;
}

static kfps_status fill_key(const filling *a, kfps_task *row)
{
    int64_t index = 0;
    char key[KFPS_HASH_SIZE];
    json_t *attributes = NULL;
    kfps_status status = KFPS_OK;
    row->logical_key = NULL;
    if (row->type_attributes_json != NULL && may_be_in_loop(row->type_attributes_json)) {
        status = check_json(a, row, TYPE_ATTRIBUTES);
        if (status == KFPS_OK && kfpsi_json_load(row->type_attributes_json, strlen(row->type_attributes_json),
                                                 JSON_ALLOW_NUL, &attributes, NULL) != KFPS_OK)
            status = kfpb_fail_no_memory(a->error); /* it was JSON a moment ago */
    }
    const json_t *value = json_object_get(attributes, "iterationIndex");
    const bool in_loop = value != NULL;
    if (status == KFPS_OK && in_loop && !read_index(value, &index))
        status = kfpb_fail_at(a->error, a->element, KFPS_INVALID,
                              "type_attributes_json of element %zu: iterationIndex is not a whole number", a->element);
    json_decref(attributes);
    if (status != KFPS_OK)
        return status;
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

kfps_status kfpsi_task_identify(const kfpsi_op *op, kfpb_arena *arena, const kfps_task *given, size_t element,
                                kfps_task *row, kfps_error *error)
{
    const filling a = {op, arena, element, error};
    *row = *given;
    row->uuid = "";
    if (row->parent_uuid != NULL && row->parent_uuid[0] == '\0')
        row->parent_uuid = NULL;
    return fill_key(&a, row);
}

kfps_status kfpsi_task_fill(const kfpsi_op *op, kfpb_arena *arena, size_t element, kfps_task *row, kfps_error *error)
{
    const filling a = {op, arena, element, error};
    if (row->fingerprint == NULL)
        row->fingerprint = "";
    fill_times(&a, row);
    const kfps_status status = fill_json(&a, row);
    return status == KFPS_OK ? fill_history(&a, row) : status;
}
