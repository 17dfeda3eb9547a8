/* SPDX-License-Identifier: Apache-2.0 */
/* Filters: what upstream's JSON means and what is refused, the same from C predicates, and their one order. */
#include "tests/harness/suite.h"

#include "backends/base/text.h"
#include "libkfpstore/filter.h"
#include "libkfpstore/rfc3339.h"

typedef struct reading {
    kfpb_arena arena;
    kfpsi_filter filter;
    kfps_error error;
    kfps_status status;
} reading;

static void read_page(reading *r, const kfpsi_fields *fields, const kfps_page *page)
{
    kfpb_arena_init(&r->arena);
    r->status = kfpsi_filter_read(fields, page, &r->arena, &r->filter, &r->error);
}

static void read_json(reading *r, const kfpsi_fields *fields, const char *json)
{
    read_page(r, fields, &(kfps_page){.filter_json = json});
}

/* "EQ name 'x'; IN type 1,2": the conditions as a person would write them. */
static const char *words(const reading *r)
{
    static char buffer[4096];
    static const char *const names[] = {"?", "EQ", "NE", "GT", "?", "GE", "LT", "LE", "IN", "SUB"};
    kfpb_text out = {0};
    for (size_t i = 0; i < r->filter.count; i++) {
        const kfpsi_condition *c = &r->filter.items[i];
        kfpb_text_printf(&out, "%s%s %s ", i > 0 ? "; " : "", names[c->operation], c->field->key);
        for (size_t k = 0; k < c->count; k++) {
            char number[KFPB_DOUBLE_SIZE];
            if (k > 0)
                kfpb_text_char(&out, ',');
            if (c->values[k].kind == KFPB_TEXT) {
                kfpb_text_printf(&out, "'%s'", c->values[k].text);
            } else if (c->values[k].kind == KFPB_INT) {
                kfpb_text_int(&out, c->values[k].integer);
            } else {
                kfpb_format_double(c->values[k].real, number);
                kfpb_text_add(&out, number);
            }
        }
    }
    snprintf(buffer, sizeof buffer, "%s", kfpb_text_get(&out));
    kfpb_text_free(&out);
    return buffer;
}

#define ONE(inside) "{\"predicates\":[{" inside "}]}"

START_TEST(what_json_means)
{
    static const struct {
        const char *json, *words;
    } cases[] = {
        {"", ""},
        {"  ", ""},
        {"{}", ""},
        {"%7B%7D", ""},
        {"{\"predicates\":[]}", ""},
        {"{\"predicates\":null}", ""},
        {ONE("\"operation\":\"EQUALS\",\"key\":\"type\",\"int_value\":2"), "EQ type 2"},
        {ONE("\"operation\":1,\"key\":\"type\",\"intValue\":\"2\""), "EQ type 2"},
        {ONE("\"operation\":\"EQUALS\",\"key\":\"type\",\"int_value\":2.0"), "EQ type 2"},
        {ONE("\"operation\":\"EQUALS\",\"key\":\"type\",\"string_value\":\"Model\""), "EQ type 2"},
        {ONE("\"operation\":\"IN\",\"key\":\"type\",\"string_values\":{\"values\":[\"Dataset\",\"Metric\"]}"),
         "IN type 3,6"},
        {ONE("\"operation\":\"IN\",\"key\":\"type\",\"int_values\":{\"values\":[1,3]}"), "IN type 1,3"},
        {ONE("\"operation\":\"IN\",\"key\":\"type\",\"int_values\":{\"values\":[]}"), "IN type "},
        {ONE("\"operation\":\"IN\",\"key\":\"type\",\"int_values\":{}"), "IN type "},
        {ONE("\"operation\":\"IN\",\"key\":\"created_at\",\"longValues\":{\"values\":[\"9007199254740993\",-1]}"),
         "IN created_at 9007199254740993,-1"},
        {ONE("\"operation\":\"IS_SUBSTRING\",\"key\":\"name\",\"stringValue\":\"100%\""), "SUB name '100%'"},
        {ONE("\"operation\":\"GREATER_THAN\",\"key\":\"created_at\",\"timestamp_value\":\"1970-01-01T00:00:02.9Z\""),
         "GT created_at 2"},
        {ONE("\"operation\":\"LESS_THAN_EQUALS\",\"key\":\"last_update\",\"string_value\":\"1970-01-01T01:00:00+01:00\""),
         "LE last_update 0"},
        {ONE("\"operation\":\"NOT_EQUALS\",\"key\":\"number_value\",\"double_value\":0.5"), "NE number_value 0.5"},
        {ONE("\"operation\":\"LESS_THAN\",\"key\":\"number_value\",\"int_value\":-3"), "LT number_value -3"},
        {ONE("\"operation\":\"GREATER_THAN_EQUALS\",\"key\":\"artifact_id\",\"string_value\":\"x\",\"int_value\":null"),
         "GE artifact_id 'x'"},
        /* URL-encoded, plus for a blank; the same text raw is taken as it is */
        {"%7B%22predicates%22:[%7B%22operation%22:%22EQUALS%22,%22key%22:%22name%22,%22string_value%22:%22a+b%2B%25%22%7D]%7D",
         "EQ name 'a b+%'"},
        {ONE("\"operation\":\"EQUALS\",\"key\":\"name\",\"string_value\":\"a+b%2B\""), "EQ name 'a+b%2B'"},
        /* two names of one column, and two predicates on one field: both count, in one order */
        {"{\"predicates\":[{\"operation\":\"EQUALS\",\"key\":\"id\",\"string_value\":\"b\"},"
         "{\"operation\":\"EQUALS\",\"key\":\"artifact_id\",\"string_value\":\"a\"}]}",
         "EQ artifact_id 'a'; EQ artifact_id 'b'"},
        {"{\"predicates\":[{\"operation\":\"IS_SUBSTRING\",\"key\":\"uri\",\"string_value\":\"s3\"},"
         "{\"operation\":\"EQUALS\",\"key\":\"name\",\"string_value\":\"a\"},"
         "{\"operation\":\"EQUALS\",\"key\":\"type\",\"int_value\":1}]}",
         "EQ type 1; EQ name 'a'; SUB uri 's3'"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        reading r;
        read_json(&r, &kfpsi_fields_artifact, cases[i].json);
        ck_assert_msg(r.status == KFPS_OK, "%s: %s", cases[i].json, r.error.message);
        ck_assert_str_eq(words(&r), cases[i].words);
        kfpb_arena_free(&r.arena);
    }
}
END_TEST

START_TEST(what_json_is_refused)
{
    static const struct {
        const char *json, *words;
    } cases[] = {
        {"{", "not JSON"},
        {"null", "not JSON"},
        {"[]", "not a JSON object"},
        {"{} {}", "not JSON"},
        {"%7B%7", "begins no escape"},
        {"%", "begins no escape"},
        {"%00", "begins no escape"},
        {"{\"predicate\":[]}", "beside \"predicates\""},
        {"{\"predicates\":[],\"filter\":1}", "beside \"predicates\""},
        {"{\"predicates\":{}}", "not an array"},
        {"{\"predicates\":[1]}", "not an object"},
        {ONE("\"operation\":\"EQUALS\",\"key\":\"name\""), "no value"},
        {ONE("\"operation\":\"EQUALS\",\"key\":\"name\",\"string_value\":null"), "no value"},
        {ONE("\"key\":\"name\",\"string_value\":\"a\""), "no operation"},
        {ONE("\"operation\":0,\"key\":\"name\",\"string_value\":\"a\""), "no operation"},
        {ONE("\"operation\":4,\"key\":\"name\",\"string_value\":\"a\""), "no operation"},
        {ONE("\"operation\":10,\"key\":\"name\",\"string_value\":\"a\""), "no operation"},
        {ONE("\"operation\":\"equals\",\"key\":\"name\",\"string_value\":\"a\""), "no such operation"},
        {ONE("\"op\":\"EQUALS\",\"key\":\"name\",\"string_value\":\"a\""), "none of operation"},
        {ONE("\"operation\":\"EQUALS\",\"string_value\":\"a\""), "no such key"},
        {ONE("\"operation\":\"EQUALS\",\"key\":\"\",\"string_value\":\"a\""), "no such key"},
        {ONE("\"operation\":\"EQUALS\",\"key\":\"Name\",\"string_value\":\"a\""), "no such key"},
        {ONE("\"operation\":\"EQUALS\",\"key\":\"UUID\",\"string_value\":\"a\""), "artifact_id, id, namespace"},
        {ONE("\"operation\":\"EQUALS\",\"key\":\"name\",\"string_value\":\"a\",\"stringValue\":\"b\""),
         "more than one"},
        {ONE("\"operation\":\"EQUALS\",\"key\":\"name\",\"string_value\":\"a\",\"int_value\":1"), "more than one"},
        {ONE("\"operation\":\"EQUALS\",\"key\":\"name\",\"key\":\"name\",\"string_value\":\"a\""), "not JSON"},
        {ONE("\"operation\":\"EQUALS\",\"key\":\"type\",\"int_value\":2147483648"), "32 bits"},
        {ONE("\"operation\":\"EQUALS\",\"key\":\"type\",\"long_value\":2147483648"), "32 bits"},
        {ONE("\"operation\":\"EQUALS\",\"key\":\"type\",\"int_value\":1.5"), "32 bits"},
        {ONE("\"operation\":\"EQUALS\",\"key\":\"created_at\",\"long_value\":9223372036854775808"), "64 bits"},
        {ONE("\"operation\":\"EQUALS\",\"key\":\"created_at\",\"long_value\":\"9223372036854775808\""), "64 bits"},
        {ONE("\"operation\":\"EQUALS\",\"key\":\"created_at\",\"timestamp_value\":\"yesterday\""), "RFC 3339"},
        {ONE("\"operation\":\"EQUALS\",\"key\":\"created_at\",\"string_value\":\"yesterday\""), "RFC 3339"},
        {ONE("\"operation\":\"EQUALS\",\"key\":\"created_at\",\"double_value\":1.0"), "a time"},
        {ONE("\"operation\":\"EQUALS\",\"key\":\"type\",\"timestamp_value\":\"1970-01-01T00:00:02Z\""),
         "an enumeration"},
        {ONE("\"operation\":\"EQUALS\",\"key\":\"type\",\"string_value\":\"2\""), "an enumeration"},
        {ONE("\"operation\":\"EQUALS\",\"key\":\"type\",\"string_value\":\"model\""), "an enumeration"},
        {ONE("\"operation\":\"EQUALS\",\"key\":\"name\",\"int_value\":0"), "text: a string"},
        {ONE("\"operation\":\"EQUALS\",\"key\":\"name\",\"string_value\":1"), "not a string"},
        {ONE("\"operation\":\"EQUALS\",\"key\":\"name\",\"string_value\":\"a\\u0000b\""), "not JSON"},
        {ONE("\"operation\":\"EQUALS\",\"key\":\"number_value\",\"string_value\":\"1\""), "a number"},
        {ONE("\"operation\":\"EQUALS\",\"key\":\"number_value\",\"double_value\":\"inf\""), "number"},
        {ONE("\"operation\":\"EQUALS\",\"key\":\"metadata\",\"string_value\":\"{}\""), "holds JSON"},
        {ONE("\"operation\":\"IN\",\"key\":\"name\",\"string_value\":\"a\""), "IN needs a list"},
        {ONE("\"operation\":\"EQUALS\",\"key\":\"name\",\"string_values\":{\"values\":[\"a\"]}"), "IN alone"},
        {ONE("\"operation\":\"IN\",\"key\":\"name\",\"string_values\":[\"a\"]"), "not a list"},
        {ONE("\"operation\":\"IN\",\"key\":\"name\",\"string_values\":{\"value\":[\"a\"]}"), "not a list"},
        {ONE("\"operation\":\"IN\",\"key\":\"name\",\"string_values\":{\"values\":[null]}"), "not a string"},
        {ONE("\"operation\":\"IS_SUBSTRING\",\"key\":\"type\",\"int_value\":1"), "IS_SUBSTRING is for text"},
        {ONE("\"operation\":\"IS_SUBSTRING\",\"key\":\"name\",\"int_value\":1"), "text: a string"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        reading r;
        read_json(&r, &kfpsi_fields_artifact, cases[i].json);
        ck_assert_msg(r.status == KFPS_INVALID, "%s: %s", cases[i].json, kfps_status_name(r.status));
        ck_assert_msg(strstr(r.error.message, cases[i].words) != NULL, "%s: %s", cases[i].json, r.error.message);
        kfpb_arena_free(&r.arena);
    }
    reading r;
    read_json(&r, &kfpsi_fields_artifact,
              "{\"predicates\":[{\"operation\":\"EQUALS\",\"key\":\"name\",\"string_value\":\"a\"},"
              "{\"operation\":\"EQUALS\",\"key\":\"type\",\"string_value\":\"secret\"}]}");
    ck_assert_int_eq(r.error.element, 1);
    ck_assert_ptr_null(strstr(r.error.message, "secret"));
    kfpb_arena_free(&r.arena);
}
END_TEST

START_TEST(predicates_of_c_callers)
{
    static const char *const texts[] = {"SUCCEEDED", "CACHED"};
    static const int64_t ints[] = {5, 6};
    const kfps_predicate good[] = {
        {.key = "status",
         .operation = KFPS_OP_IN,
         .operand = KFPS_OPERAND_STRINGS,
         .string_values = texts,
         .value_count = 2},
        {.key = "start_time",
         .operation = KFPS_OP_IN,
         .operand = KFPS_OPERAND_INTS,
         .int_values = ints,
         .value_count = 2},
        {.key = "end_time",
         .operation = KFPS_OP_LESS_THAN,
         .operand = KFPS_OPERAND_STRING,
         .string_value = "1970-01-02T00:00:00Z"},
        {.key = "scope_path", .operation = KFPS_OP_IN, .operand = KFPS_OPERAND_STRINGS},
    };
    reading r;
    read_page(&r, &kfpsi_fields_task,
              &(kfps_page){.filter_json = ONE("\"operation\":\"EQUALS\",\"key\":\"name\",\"string_value\":\"t\""),
                           .predicates = good,
                           .predicate_count = 4});
    ck_assert_msg(r.status == KFPS_OK, "%s", r.error.message);
    ck_assert_str_eq(words(&r), "EQ name 't'; LT end_time 86400; IN status 2,5; IN start_time 5,6; IN scope_path ");
    kfpb_arena_free(&r.arena);
    const kfps_predicate bad[] = {
        {.key = NULL, .operation = KFPS_OP_EQUALS, .operand = KFPS_OPERAND_INT},
        {.key = "status", .operation = KFPS_OP_EQUALS},
        {.key = "status", .operation = KFPS_OP_EQUALS, .operand = 6},
        {.key = "name", .operation = KFPS_OP_EQUALS, .operand = KFPS_OPERAND_STRING},
        {.key = "name", .operation = KFPS_OP_EQUALS, .operand = KFPS_OPERAND_STRING, .string_value = "\xff"},
        {.key = "name", .operation = KFPS_OP_IN, .operand = KFPS_OPERAND_STRINGS, .value_count = 1},
        {.key = "start_time", .operation = KFPS_OP_IN, .operand = KFPS_OPERAND_INTS, .value_count = 1},
        {.key = "name",
         .operation = KFPS_OP_IN,
         .operand = KFPS_OPERAND_STRINGS,
         .string_values = (const char *const[]){NULL},
         .value_count = 1},
        {.key = "pods", .operation = KFPS_OP_EQUALS, .operand = KFPS_OPERAND_STRING, .string_value = "[]"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        read_page(&r, &kfpsi_fields_task, &(kfps_page){.predicates = &bad[i], .predicate_count = 1});
        ck_assert_msg(r.status == KFPS_INVALID, "predicate %zu", i);
        ck_assert_int_eq(r.error.element, 0);
        kfpb_arena_free(&r.arena);
    }
    read_page(&r, &kfpsi_fields_task, &(kfps_page){.predicate_count = 1});
    ck_assert_int_eq(r.status, KFPS_INVALID);
    kfpb_arena_free(&r.arena);
    read_page(&r, &kfpsi_fields_task, &(kfps_page){.predicates = good, .predicate_count = SIZE_MAX});
    ck_assert_int_eq(r.status, KFPS_INVALID);
    kfpb_arena_free(&r.arena);
    /* too many values: none of them is looked at */
    const kfps_predicate many = {.key = "start_time",
                                 .operation = KFPS_OP_IN,
                                 .operand = KFPS_OPERAND_INTS,
                                 .int_values = ints,
                                 .value_count = KFPSI_FILTER_VALUES + 1};
    read_page(&r, &kfpsi_fields_task, &(kfps_page){.predicates = &many, .predicate_count = 1});
    ck_assert_int_eq(r.status, KFPS_INVALID);
    kfpb_arena_free(&r.arena);
}
END_TEST

START_TEST(the_form_in_tokens)
{
    static const char *const orders[] = {
        "{\"predicates\":[{\"operation\":\"EQUALS\",\"key\":\"name\",\"string_value\":\"\u00fc\"},{\"operation\":\"IN\","
        "\"key\":\"type\",\"int_values\":{\"values\":[1,2]}},{\"operation\":\"LESS_THAN\",\"key\":\"number_value\","
        "\"double_value\":-0.5}]}",
        "{\"predicates\":[{\"doubleValue\":-0.5,\"operation\":6,\"key\":\"number_value\"},{\"operation\":8,"
        "\"key\":\"type\",\"long_values\":{\"values\":[\"1\",2.0]}},{\"operation\":\"EQUALS\",\"key\":\"name\","
        "\"string_value\":\"\\u00fc\"}]}",
        ONE("\"operation\":\"EQUALS\",\"key\":\"name\",\"string_value\":\"u\""),
    };
    reading r[3];
    for (int i = 0; i < 3; i++) {
        read_json(&r[i], &kfpsi_fields_artifact, orders[i]);
        ck_assert_int_eq(r[i].status, KFPS_OK);
    }
    ck_assert(kfpsi_filter_equal(&r[0].filter, &r[1].filter));
    ck_assert(!kfpsi_filter_equal(&r[0].filter, &r[2].filter));
    kfpb_text form = {0};
    kfpsi_filter_write(&r[0].filter, &form);
    reading back = {0};
    kfpb_arena_init(&back.arena);
    ck_assert(kfpsi_filter_parse(&kfpsi_fields_artifact, form.data, form.length, &back.arena, &back.filter));
    ck_assert(kfpsi_filter_equal(&r[0].filter, &back.filter));
    ck_assert_str_eq(words(&back), "EQ name '\u00fc'; LT number_value -0.5; IN type 1,2");
    for (size_t length = 1; length < form.length; length++) {
        kfpsi_filter part;
        /* a part is nothing, or the conditions before */
        if (kfpsi_filter_parse(&kfpsi_fields_artifact, form.data, length, &back.arena, &part))
            ck_assert_uint_lt(part.count, 3);
    }
    kfpb_arena_free(&back.arena);
    kfpb_text_free(&form);
    for (int i = 0; i < 3; i++)
        kfpb_arena_free(&r[i].arena);
}
END_TEST

START_TEST(time_stamps)
{
    static const struct {
        const char *text;
        int64_t seconds;
    } good[] = {
        {"1970-01-01T00:00:00Z", 0},
        {"2024-02-29T12:34:56.123456789Z", 1709210096},
        {"2024-02-29T12:34:56+02:30", 1709201096},
        {"2024-02-29T12:34:56-00:30", 1709211896},
        {"0001-01-01T00:00:00Z", -62135596800},
        {"9999-12-31T23:59:59Z", 253402300799},
        {"1969-12-31T23:59:59.9Z", -1},
    };
    static const char *const bad[] = {
        "",
        "1970-01-01",
        "1970-01-01T00:00:00",
        "1970-01-01 00:00:00Z",
        "1970-13-01T00:00:00Z",
        "1970-00-01T00:00:00Z",
        "1970-02-30T00:00:00Z",
        "2023-02-29T00:00:00Z",
        "1900-02-29T00:00:00Z",
        "1970-01-01T24:00:00Z",
        "1970-01-01T00:60:00Z",
        "1970-01-01T00:00:60Z",
        "1970-01-01T00:00:00.Z",
        "1970-01-01T00:00:00.1234567890Z",
        "1970-01-01T00:00:00z",
        "1970-01-01T00:00:00+1:00",
        "1970-01-01T00:00:00+24:00",
        "1970-01-01T00:00:00+01:00x",
        "0000-01-01T00:00:00Z",
        "1970-01-01T00:00:00Zx",
        "+970-01-01T00:00:00Z",
    };
    int64_t seconds;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        ck_assert_msg(kfpsi_rfc3339(good[i].text, &seconds), "%s", good[i].text);
        ck_assert_int_eq(seconds, good[i].seconds);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        ck_assert_msg(!kfpsi_rfc3339(bad[i], &seconds), "%s", bad[i]);
}
END_TEST

/* ---- the tables of fields -----------------------------------------------------------------------------------------
 */

static const kfpsi_fields *const resources[] = {&kfpsi_fields_artifact, &kfpsi_fields_task,
                                                &kfpsi_fields_artifact_task};

static char *read_manual(void)
{
    static char text[256 * 1024];
    char path[4096];
    snprintf(path, sizeof path, "%s/man/kfpstore.7",
             test_env("KFPSTORE_SRC")[0] != '\0' ? test_env("KFPSTORE_SRC") : ".");
    FILE *file = fopen(path, "r");
    ck_assert_msg(file != NULL, "%s", path);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    return text;
}

START_TEST(the_manual_has_the_fields)
{
    static const char *const kinds[] = {"text", "enumeration", "time", "number", "JSON"};
    const char *manual = read_manual();
    for (size_t i = 0; i < 3; i++) {
        char wanted[16384];
        const kfpsi_fields *fields = resources[i];
        size_t used = (size_t) snprintf(wanted, sizeof wanted, ".Ss Fields of %s\n", fields->name);
        const char *section = strstr(manual, wanted);
        ck_assert_msg(section != NULL, "%s", wanted);
        const char *at = strstr(section, ".It Li ");
        used = 0;
        for (size_t k = 0; k < fields->count; k++) {
            const kfpsi_field *field = &fields->items[k];
            used += (size_t) snprintf(wanted + used, sizeof wanted - used, ".It Li %s Ta Li %s Ta %s Ta %s\n",
                                      field->key, fields->table->columns[field->column].name, kinds[field->kind],
                                      field->nullable ? "nullable" : "-");
        }
        snprintf(wanted + used, sizeof wanted - used, ".El\n");
        ck_assert_ptr_nonnull(at);
        ck_assert_msg(strncmp(at, wanted, strlen(wanted)) == 0, "kfpstore(7) is to have:\n%s", wanted);
    }
}
END_TEST

START_TEST(the_tables_are_sound)
{
    for (size_t i = 0; i < 3; i++) {
        const kfpsi_fields *fields = resources[i];
        for (size_t k = 0; k < fields->count; k++) {
            const kfpsi_field *field = &fields->items[k];
            ck_assert_uint_lt(field->column, fields->table->column_count);
            const kfpb_column *column = &fields->table->columns[field->column];
            static const int kinds[] = {KFPB_COL_TEXT, KFPB_COL_INT32, KFPB_COL_INT64, KFPB_COL_DOUBLE, KFPB_COL_JSON};
            ck_assert_msg((int) column->type == kinds[field->kind], "%s.%s", fields->name, field->key);
            ck_assert((field->kind == KFPSI_KIND_ENUM) == (field->value_of != NULL));
            ck_assert_msg(!column->nullable || field->nullable, "%s.%s", fields->name, field->key);
            ck_assert_ptr_eq(kfpsi_field_find(fields, field->key, strlen(field->key)), field);
        }
        ck_assert_uint_lt(fields->default_sort, fields->count);
        ck_assert_ptr_null(kfpsi_field_find(fields, "namex", 5));
    }
    ck_assert_str_eq(kfpsi_fields_task.items[kfpsi_fields_task.default_sort].key, "create_time");
    ck_assert_str_eq(kfpsi_fields_artifact.items[kfpsi_fields_artifact.default_sort].key, "created_at");
    ck_assert_str_eq(kfpsi_fields_artifact_task.items[kfpsi_fields_artifact_task.default_sort].key, "id");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("filter");
    TCase *all = tcase_create("filter");
    tcase_add_test(all, what_json_means);
    tcase_add_test(all, what_json_is_refused);
    tcase_add_test(all, predicates_of_c_callers);
    tcase_add_test(all, the_form_in_tokens);
    tcase_add_test(all, time_stamps);
    tcase_add_test(all, the_manual_has_the_fields);
    tcase_add_test(all, the_tables_are_sound);
    suite_add_tcase(suite, all);
    return suite_main(suite);
}
