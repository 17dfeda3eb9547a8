/* SPDX-License-Identifier: Apache-2.0 */
/* merge.c: the rules of an update. What they write is in the form that upstream stores: keys sorted, no white space. */
#include "kfpstore/merge.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define HASH_NONFATAL_OOM         1
#define uthash_nonfatal_oom(item) ((item)->refused = true)
#include <uthash.h>

#include "backends/base/fail.h"
#include "backends/base/text.h"
#include "libkfpstore/canonical_json.h"
#include "libkfpstore/json_text.h"
#include "libkfpstore/names.h"

/* protobuf's timestamps: the years 1 to 9999 */
static const int64_t first_second = -62135596800;
static const int64_t last_second = 253402300799;

void kfps_free(void *text)
{
    free(text);
}

static bool is_empty(const char *json)
{
    return json == NULL || json[0] == '\0' || strcmp(json, "null") == 0;
}

/* NULL: it is not JSON, or *no_memory. */
static json_t *parse(const char *text, bool *no_memory)
{
    json_t *json = NULL;
    *no_memory = kfpsi_json_load(text, strlen(text), JSON_DECODE_ANY | JSON_ALLOW_NUL, &json, NULL) == KFPS_NO_MEMORY;
    return json;
}

static kfps_status give(kfpb_text *text, kfps_status status, char **out, kfps_error *error)
{
    if (status == KFPS_OK && text->out_of_memory)
        status = kfpb_fail_no_memory(error);
    if (status == KFPS_OK)
        *out = text->data;
    else
        kfpb_text_free(text);
    return status;
}

/* ---- parameters -------------------------------------------------------------------------------------------------- */

typedef struct parameter {
    char *key;
    size_t key_length;
    const json_t *json;
    bool refused; /* by uthash, for lack of memory */
    UT_hash_handle hh;
} parameter;

typedef struct merge {
    parameter *items; /* in the order of the result */
    size_t count;
    parameter *by_key;
} merge;

static kfps_status read_parameters(const char *text, const char *which, json_t **out, kfps_error *error)
{
    bool no_memory = false;
    if (is_empty(text))
        return KFPS_OK;
    *out = parse(text, &no_memory);
    if (no_memory)
        return kfpb_fail_no_memory(error);
    if (*out == NULL)
        return kfpb_fail(error, KFPS_INVALID, "the %s parameters are not JSON", which);
    if (!json_is_array(*out) && !json_is_null(*out))
        return kfpb_fail(error, KFPS_INVALID, "the %s parameters are JSON but not an array", which);
    for (size_t i = 0; i < json_array_size(*out); i++) {
        if (!json_is_object(json_array_get(*out, i)))
            return kfpb_fail(error, KFPS_INVALID, "the %s parameters: element %zu is not an object", which, i);
    }
    return KFPS_OK;
}

/* protojson takes both spellings of a name. */
static const json_t *field(const json_t *object, const char *name, const char *proto_name)
{
    const json_t *value = json_object_get(object, name);
    return value != NULL ? value : json_object_get(object, proto_name);
}

static void add_number(kfpb_text *key, char kind, int64_t number)
{
    kfpb_text_char(key, kind);
    kfpb_text_int(key, number);
    kfpb_text_char(key, ';');
}

/* A part of a key: with its length before it, no two lists of parts look alike. Absent is not the same as empty. */
static void add_part(kfpb_text *key, const json_t *value)
{
    if (value == NULL || json_is_null(value))
        kfpb_text_add(key, "-;");
    else if (json_is_integer(value))
        add_number(key, 'i', json_integer_value(value));
    else if (json_is_string(value)) {
        add_number(key, 's', (int64_t) json_string_length(value));
        kfpb_text_addn(key, json_string_value(value), json_string_length(value));
        kfpb_text_char(key, ';');
    } else
        kfpb_text_add(key, "?;");
}

/* An enumeration is its name or its number, and 0 has no key; 64-bit integers are numbers or digits. */
static int32_t io_type_of(const json_t *type)
{
    if (json_is_integer(type))
        return (int32_t) json_integer_value(type);
    return json_is_string(type) ? kfpsi_io_type_of(json_string_value(type)) : 0;
}

static void add_type(kfpb_text *key, const json_t *type, int32_t number)
{
    if (number >= 0)
        add_number(key, 't', number);
    else
        add_part(key, type);
}

static void add_iteration(kfpb_text *key, const json_t *iteration)
{
    int64_t number;
    if (json_is_string(iteration) && kfpb_parse_int(json_string_value(iteration), &number))
        add_number(key, 'i', number);
    else
        add_part(key, iteration);
}

static bool value_counts(int32_t type, bool has_iteration)
{
    return type == KFPS_IO_COLLECTED_INPUTS || type == KFPS_IO_ITERATOR_INPUT || type == KFPS_IO_ITERATOR_INPUT_RAW ||
           (type == KFPS_IO_ITERATOR_OUTPUT && !has_iteration);
}

static kfps_status make_key(const json_t *item, kfpb_text *key, kfps_error *error)
{
    const json_t *type = json_object_get(item, "type");
    const json_t *producer = json_object_get(item, "producer");
    const json_t *iteration = json_object_get(producer, "iteration");
    const json_t *value = json_object_get(item, "value");
    const bool produced = json_is_object(producer);
    const int32_t number = io_type_of(type);
    add_type(key, type, number);
    add_part(key, field(item, "parameterKey", "parameter_key"));
    const json_t *task = field(producer, "taskName", "task_name");
    if (produced && task == NULL)
        kfpb_text_add(key, "s0;;"); /* proto3 leaves an empty text out */
    else
        add_part(key, task);
    add_iteration(key, iteration);
    if (!value_counts(number, iteration != NULL && !json_is_null(iteration)))
        return KFPS_OK;
    kfpb_text_add(key, value != NULL ? "v" : "-");
    return value != NULL ? kfpsi_canonical_json(value, KFPSI_NUMBERS_FLOAT64, key, error) : KFPS_OK;
}

static kfps_status merge_one(merge *m, const json_t *json, kfps_error *error)
{
    kfpb_text key = {0};
    parameter *found = NULL;
    const kfps_status status = make_key(json, &key, error);
    if (status != KFPS_OK || key.out_of_memory) {
        kfpb_text_free(&key);
        return status != KFPS_OK ? status : kfpb_fail_no_memory(error);
    }
    HASH_FIND(hh, m->by_key, key.data, key.length, found);
    if (found != NULL) {
        found->json = json;
        kfpb_text_free(&key);
        return KFPS_OK;
    }
    parameter *item = &m->items[m->count++];
    *item = (parameter){.key = key.data, .key_length = key.length, .json = json};
    HASH_ADD_KEYPTR(hh, m->by_key, item->key, item->key_length, item);
    return item->refused ? kfpb_fail_no_memory(error) : KFPS_OK;
}

static void merge_free(merge *m)
{
    HASH_CLEAR(hh, m->by_key);
    for (size_t i = 0; i < m->count; i++)
        free(m->items[i].key);
    free(m->items);
}

static kfps_status write_parameters(const merge *m, kfpb_text *text, kfps_error *error)
{
    kfps_status status = KFPS_OK;
    kfpb_text_char(text, '[');
    for (size_t i = 0; i < m->count && status == KFPS_OK; i++) {
        if (i > 0)
            kfpb_text_char(text, ',');
        status = kfpsi_canonical_json(m->items[i].json, KFPSI_NUMBERS_EXACT, text, error);
    }
    kfpb_text_char(text, ']');
    return status;
}

kfps_status kfps_parameters_merge(const char *stored_json, const char *given_json, char **out, kfps_error *error)
{
    json_t *both[2] = {0};
    merge m = {0};
    kfpb_text text = {0};
    kfpb_error_clear(error);
    if (out == NULL)
        return kfpb_fail(error, KFPS_INVALID, "kfps_parameters_merge: out must not be NULL");
    *out = NULL;
    kfps_status status = read_parameters(stored_json, "stored", &both[0], error);
    if (status == KFPS_OK)
        status = read_parameters(given_json, "given", &both[1], error);
    if (status != KFPS_OK)
        goto out;
    m.items = calloc(json_array_size(both[0]) + json_array_size(both[1]) + 1, sizeof *m.items);
    if (m.items == NULL)
        status = kfpb_fail_no_memory(error);
    for (size_t w = 0; w < 2; w++) {
        for (size_t i = 0; i < json_array_size(both[w]) && status == KFPS_OK; i++)
            status = merge_one(&m, json_array_get(both[w], i), error);
    }
    if (status == KFPS_OK)
        status = write_parameters(&m, &text, error);
    status = give(&text, status, out, error);
out:
    merge_free(&m);
    json_decref(both[0]);
    json_decref(both[1]);
    return status;
}

/* ---- state history ----------------------------------------------------------------------------------------------- */

static int32_t state_of(const json_t *entry)
{
    const json_t *state = json_object_get(entry, "state");
    if (json_is_integer(state))
        return (int32_t) json_integer_value(state);
    const int32_t number = kfpsi_task_state_of(json_string_value(state));
    return number > 0 ? number : 0;
}

static void write_entry(kfpb_text *text, int32_t state, int64_t seconds)
{
    struct tm tm;
    char when[32];
    const time_t time = (time_t) seconds;
    gmtime_r(&time, &tm);
    strftime(when, sizeof when, "-%m-%dT%H:%M:%SZ", &tm);
    const char *name = kfps_task_state_name(state);
    kfpb_text_add(text, "{\"state\":");
    if (name != NULL) {
        kfpb_text_char(text, '"');
        kfpb_text_add(text, name);
        kfpb_text_char(text, '"');
    } else { /* protojson writes the number of a value that it does not know */
        kfpb_text_int(text, state);
    }
    kfpb_text_add(text, ",\"updateTime\":\"");
    for (int place = 1000; place > 0; place /= 10) /* %Y does not fill up to four digits everywhere */
        kfpb_text_char(text, (char) ('0' + (tm.tm_year + 1900) / place % 10));
    kfpb_text_add(text, when);
    kfpb_text_add(text, "\"}");
}

kfps_status kfps_state_history_append(const char *history_json, int32_t state, int64_t seconds, char **out,
                                      kfps_error *error)
{
    kfpb_text text = {0};
    kfps_status status = KFPS_OK;
    kfpb_error_clear(error);
    if (out == NULL)
        return kfpb_fail(error, KFPS_INVALID, "kfps_state_history_append: out must not be NULL");
    *out = NULL;
    if (seconds < first_second || seconds > last_second)
        return kfpb_fail(error, KFPS_INVALID, "the time of a state is not within the years 1 to 9999");
    if (state == 0) {
        kfpb_text_add(&text, is_empty(history_json) ? "[]" : history_json);
        return give(&text, KFPS_OK, out, error);
    }
    bool no_memory = false;
    json_t *history = is_empty(history_json) ? NULL : parse(history_json, &no_memory);
    if (no_memory)
        return kfpb_fail_no_memory(error);
    const size_t count = json_array_size(history); /* 0 of what is no array */
    kfpb_text_char(&text, '[');
    for (size_t i = 0; i < count && status == KFPS_OK; i++) {
        if (i > 0)
            kfpb_text_char(&text, ',');
        status = kfpsi_canonical_json(json_array_get(history, i), KFPSI_NUMBERS_EXACT, &text, error);
    }
    if (count == 0 || state_of(json_array_get(history, count - 1)) != state) {
        if (count > 0)
            kfpb_text_char(&text, ',');
        write_entry(&text, state, seconds);
    }
    kfpb_text_char(&text, ']');
    json_decref(history);
    return give(&text, status, out, error);
}
