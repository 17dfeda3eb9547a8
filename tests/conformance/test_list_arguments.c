/* SPDX-License-Identifier: Apache-2.0 */
/* test_list_arguments.c: what a page may be asked for, and what is refused: filters, arguments, tokens, sizes. */
#include "tests/harness/hostile.h"
#include "tests/harness/lists.h"

static const kfpb_value no_value = {.kind = KFPB_NULL};

static const list_scope all_artifacts = {.kind = LIST_ARTIFACTS};

#define ONE(inside)    "{\"predicates\":[{" inside "}]}"
#define EQ(key, value) ONE("\"operation\":\"EQUALS\",\"key\":\"" key "\",\"string_value\":\"" value "\"")
#define SUB(value)     ONE("\"operation\":\"IS_SUBSTRING\",\"key\":\"name\",\"string_value\":\"" value "\"")

START_TEST(what_filters_find)
{
    static const struct {
        const char *id, *name;
        int64_t type;
    } rows[] = {
        {"01", "Alpha_1", 1},       {"02", "alphaX1", 2},     {"03", "ALPHA_1", 3},     {"04", "100%", 1},
        {"05", "100 pct", 1},       {"06", "back\\slash", 1}, {"07", "m\u00fcller", 1}, {"08", "M\u00dcLLER", 2},
        {"09", "abc", 2},           {"10", "abc ", 2},        {"11", NULL, 8},          {"12", "", 1},
        {"13", "\xe3\xa9\xbc?", 1},
    };
    static const struct {
        const char *filter, *ids;
    } cases[] = {
        {EQ("name", "Alpha_1"), "01"},
        {EQ("name", "alpha_1"), ""},
        {EQ("name", "abc"), "09"},
        {EQ("name", "abc "), "10"},
        {EQ("name", ""), "12"},
        {EQ("name", "muller"), ""},
        {ONE("\"operation\":\"NOT_EQUALS\",\"key\":\"name\",\"string_value\":\"ABC\""),
         "01 02 03 04 05 06 07 08 09 10 12 13"},
        {ONE("\"operation\":\"NOT_EQUALS\",\"key\":\"name\",\"string_value\":\"abc\""),
         "01 02 03 04 05 06 07 08 10 12 13"},
        {ONE("\"operation\":\"IN\",\"key\":\"name\",\"string_values\":{\"values\":[\"abc\",\"ALPHA_1\",\"100%\",\"x\"]}"),
         "03 04 09"},
        {ONE("\"operation\":\"IN\",\"key\":\"name\",\"string_values\":{\"values\":[]}"), ""},
        {ONE("\"operation\":\"IN\",\"key\":\"type\",\"int_values\":{}"), ""},
        {SUB("a_1"), "01 03"},
        {SUB("A_"), "01 03"},
        {SUB("%"), "04"},
        {SUB("0%"), "04"},
        {SUB("\\\\"), "06"},
        {SUB("K\\\\S"), "06"},
        {SUB("\u00fc"), "07"},
        {SUB("m\u00fcLL"), "07"},
        {SUB("m\u00dcll"), "08"},
        {SUB("c "), "10"},
        {SUB("?"), "13"},
        {SUB("\u00e9"), ""}, /* bytes that a fold of Latin letters would find in row 13 */
        {SUB(""), "01 02 03 04 05 06 07 08 09 10 12 13"},
        {EQ("type", "SlicedClassificationMetric"), "11"},
        {ONE("\"operation\":\"IN\",\"key\":\"type\",\"string_values\":{\"values\":[\"Model\",\"Dataset\"]}"),
         "02 03 08 09 10"},
        {"{\"predicates\":[{\"operation\":\"IN\",\"key\":\"type\",\"int_values\":{\"values\":[1,2]}},"
         "{\"operation\":\"IN\",\"key\":\"type\",\"int_values\":{\"values\":[2,3]}}]}",
         "02 08 09 10"},
        {"{\"predicates\":[{\"operation\":\"EQUALS\",\"key\":\"id\",\"string_value\":\"01\"},"
         "{\"operation\":\"EQUALS\",\"key\":\"artifact_id\",\"string_value\":\"02\"}]}",
         ""},
        {ONE("\"operation\":\"GREATER_THAN_EQUALS\",\"key\":\"created_at\",\"timestamp_value\":\"1970-01-01T00:00:10.9Z\""),
         "10 11 12 13"},
        {ONE("\"operation\":\"LESS_THAN\",\"key\":\"created_at\",\"int_value\":3"), "01 02"},
        {ONE("\"operation\":\"EQUALS\",\"key\":\"number_value\",\"double_value\":0.1"), "01"},
        {ONE("\"operation\":\"NOT_EQUALS\",\"key\":\"number_value\",\"double_value\":0.1"), "02 03"},
        {ONE("\"operation\":\"LESS_THAN_EQUALS\",\"key\":\"number_value\",\"int_value\":3"), "01 02"},
        {ONE("\"operation\":\"IN\",\"key\":\"number_value\",\"int_values\":{\"values\":[3,4]}"), "02"},
        {ONE("\"operation\":\"GREATER_THAN\",\"key\":\"number_value\",\"double_value\":1e20"), "03"},
    };
    const double numbers[] = {0.1, 3, 1e21};
    kfp_fresh();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        list_put_artifact(rows[i].id, "ns", rows[i].type, rows[i].name, (int64_t) i + 1,
                          i < 3 ? kfpb_double(numbers[i]) : no_value);
    kfps_store *store = kfp_store(NULL);
    kfps_session *session = kfp_session(store);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *got = list_line(session, &all_artifacts, &(kfps_page){.filter_json = cases[i].filter});
        ck_assert_msg(strcmp(got, cases[i].ids) == 0, "%s: found %s, not %s", cases[i].filter, got, cases[i].ids);
    }
    kfps_session_close(session);
    kfps_store_close(store);
}
END_TEST

START_TEST(hostile_texts_are_found_and_nothing_else)
{
    enum { TEXTS = 60 };
    char *texts[TEXTS];
    kfp_fresh();
    for (int i = 0; i < TEXTS; i++) {
        char id[8];
        texts[i] = hostile_text((size_t) i * 37);
        snprintf(id, sizeof id, "%02d", i);
        list_put_artifact(id, "ns", 1, texts[i], i, no_value);
    }
    kfps_store *store = kfp_store(NULL);
    kfps_session *session = kfp_session(store);
    for (int i = 0; i < TEXTS; i++) {
        char wanted[512] = "";
        for (int k = 0; k < TEXTS; k++) {
            if (strcmp(texts[i], texts[k]) == 0)
                sprintf(wanted + strlen(wanted), "%s%02d", wanted[0] != '\0' ? " " : "", k);
        }
        const char *const list[] = {texts[i], "nothing'; DROP TABLE artifacts"};
        const kfps_predicate equals = {
            .key = "name", .operation = KFPS_OP_EQUALS, .operand = KFPS_OPERAND_STRING, .string_value = texts[i]};
        const kfps_predicate in = {.key = "name",
                                   .operation = KFPS_OP_IN,
                                   .operand = KFPS_OPERAND_STRINGS,
                                   .string_values = list,
                                   .value_count = 2};
        ck_assert_str_eq(list_line(session, &all_artifacts,
                                   &(kfps_page){.page_size = 200, .predicates = &equals, .predicate_count = 1}),
                         wanted);
        ck_assert_str_eq(
            list_line(session, &all_artifacts, &(kfps_page){.page_size = 200, .predicates = &in, .predicate_count = 1}),
            wanted);
        const kfps_predicate part = {
            .key = "name", .operation = KFPS_OP_IS_SUBSTRING, .operand = KFPS_OPERAND_STRING, .string_value = texts[i]};
        char own[8];
        snprintf(own, sizeof own, "%02d", i);
        ck_assert_ptr_nonnull(
            strstr(list_line(session, &all_artifacts,
                             &(kfps_page){.page_size = 200, .predicates = &part, .predicate_count = 1}),
                   own));
    }
    for (int i = 0; i < TEXTS; i++)
        free(texts[i]);
    kfps_session_close(session);
    kfps_store_close(store);
}
END_TEST

/* ---- what is refused ----------------------------------------------------------------------------------------------
 */

START_TEST(arguments_are_checked)
{
    kfps_error error;
    kfps_artifact_list *artifacts = NULL;
    kfps_task_list *tasks = NULL;
    kfps_artifact_task_list *links = NULL;
    kfp_fresh();
    kfps_store *store = kfp_store(NULL);
    kfps_session *session = kfp_session(store);
    ck_assert_int_eq(kfps_artifact_list_page(NULL, NULL, NULL, &artifacts, &error), KFPS_INVALID);
    ck_assert_int_eq(kfps_artifact_list_page(session, NULL, NULL, NULL, NULL), KFPS_INVALID);
    ck_assert_int_eq(kfps_task_list_page(session, NULL, 0, NULL, &tasks, &error), KFPS_INVALID);
    ck_assert_int_eq(kfps_task_list_page(session, NULL, 4, NULL, &tasks, &error), KFPS_INVALID);
    ck_assert_int_eq(kfps_task_list_page(NULL, NULL, 1, NULL, &tasks, &error), KFPS_INVALID);
    ck_assert_int_eq(kfps_artifact_task_list_page(session, NULL, NULL, &links, &error), KFPS_INVALID);
    ck_assert_int_eq(kfps_artifact_list_unlinked(session, NULL, NULL, 0, -1, &artifacts, &error), KFPS_INVALID);
    ck_assert_int_eq(kfps_artifact_list_unlinked(session, NULL, "\xff", 0, 1, &artifacts, &error), KFPS_INVALID);
    kfp_ok(kfps_artifact_list_page(session, NULL, NULL, &artifacts, NULL), &error);
    ck_assert_uint_eq(artifacts->count, 0);
    ck_assert_str_eq(artifacts->next_page_token, "");
    kfps_artifact_list_free(artifacts);
    kfps_artifact_list_free(NULL);
    kfps_artifact_task_list_free(NULL);

    list_refused(session, &all_artifacts, &(kfps_page){.page_size = -1}, "page_size");
    list_refused(session, &all_artifacts, &(kfps_page){.sort_by = "name asc please"}, "two words");
    list_refused(session, &all_artifacts, &(kfps_page){.sort_by = "name up"}, "asc or desc");
    list_refused(session, &all_artifacts, &(kfps_page){.sort_by = "Name_ desc"}, "no such field");
    list_refused(session, &all_artifacts, &(kfps_page){.sort_by = "CreatedAtInSec"}, "created_at");
    list_refused(session, &all_artifacts, &(kfps_page){.sort_by = "metadata"}, "holds JSON");
    list_refused(session, &all_artifacts, &(kfps_page){.filter_json = "nonsense"}, "not JSON");
    list_refused(session, &all_artifacts, &(kfps_page){.page_token = "nonsense"}, "page_token");
    list_refused(session, &(list_scope){.kind = LIST_ARTIFACTS, .artifacts.run_uuid = ""}, NULL, "run_uuid is empty");
    list_refused(session, &(list_scope){.kind = LIST_ARTIFACTS, .artifacts.task_name = "t"}, NULL,
                 "run_uuid is needed");
    list_refused(session, &(list_scope){.kind = LIST_ARTIFACTS, .artifacts.direction = 1}, NULL, "run_uuid is needed");
    list_refused(session, &(list_scope){.kind = LIST_ARTIFACTS, .artifacts = {.run_uuid = "r", .direction = 3}}, NULL,
                 "direction");
    list_refused(session, &(list_scope){.kind = LIST_ARTIFACTS, .artifacts.artifact_type = -1}, NULL, "type");
    list_refused(session, &(list_scope){.kind = LIST_TASKS, .tasks.run_uuid = ""}, NULL, "run_uuid is empty");
    list_refused(session, &(list_scope){.kind = LIST_TASKS, .tasks.parent_uuid = "\xc3"}, NULL, "not UTF-8");
    list_refused(session, &(list_scope){.kind = LIST_LINKS}, NULL, "none is given");
    const char *const ids[] = {"a", ""};
    list_refused(session, &(list_scope){.kind = LIST_LINKS, .links = {.run_uuids = ids, .run_count = 2}}, NULL,
                 "element 1 is empty");
    list_refused(session, &(list_scope){.kind = LIST_LINKS, .links = {.task_count = 2}}, NULL, "task_uuids is NULL");
    list_refused(session, &(list_scope){.kind = LIST_LINKS, .links = {.artifact_uuids = ids, .artifact_count = 2001}},
                 NULL, "2000 are the most");
    const int32_t type = 12;
    list_refused(session,
                 &(list_scope){.kind = LIST_LINKS,
                               .links = {.run_uuids = ids, .run_count = 1, .io_types = &type, .io_type_count = 1}},
                 NULL, "IO type");
    kfps_session_close(session);
    kfps_store_close(store);
}
END_TEST

START_TEST(tokens_belong_to_their_list)
{
    static list_page got;
    kfps_error error;
    kfp_fresh();
    for (int i = 0; i < 30; i++) {
        char id[8];
        snprintf(id, sizeof id, "%02d", i);
        list_put_artifact(id, i % 2 != 0 ? "ns" : "other", 1 + i % 3, "n", i, no_value);
    }
    kfps_store *store = kfp_store(NULL);
    kfps_session *session = kfp_session(store);
    const char *filter = ONE("\"operation\":\"LESS_THAN\",\"key\":\"type\",\"int_value\":3");
    kfp_ok(list_read(session, &all_artifacts,
                     &(kfps_page){.page_size = 3, .sort_by = "name desc", .filter_json = filter}, &got, &error),
           &error);
    char token[LIST_TOKEN_SIZE];
    strcpy(token, got.token);
    ck_assert_str_ne(token, "");
    const char *next = "24 22 21";
    /* sort and filter repeated in other words, or left out; the size may change */
    ck_assert_str_eq(list_line(session, &all_artifacts, &(kfps_page){.page_size = 3, .page_token = token}), next);
    ck_assert_str_eq(
        list_line(session, &all_artifacts,
                  &(kfps_page){.page_size = 3, .page_token = token, .sort_by = "NAME DESC", .filter_json = filter}),
        next);
    ck_assert_str_eq(
        list_line(session, &all_artifacts,
                  &(kfps_page){.page_size = 3,
                               .page_token = token,
                               .filter_json = ONE("\"longValue\":\"3\",\"key\":\"type\",\"operation\":6")}),
        next);
    ck_assert_str_eq(list_line(session, &all_artifacts, &(kfps_page){.page_size = 2, .page_token = token}), "24 22");
    list_refused(session, &all_artifacts, &(kfps_page){.page_token = token, .sort_by = "name"}, "sort_by is not that");
    list_refused(session, &all_artifacts, &(kfps_page){.page_token = token, .sort_by = "id desc"},
                 "sort_by is not that");
    list_refused(session, &all_artifacts,
                 &(kfps_page){.page_token = token,
                              .filter_json = ONE("\"operation\":\"LESS_THAN\",\"key\":\"type\",\"int_value\":4")},
                 "the filter is not that");
    list_refused(session, &(list_scope){.kind = LIST_ARTIFACTS, .artifacts.artifact_namespace = "ns"},
                 &(kfps_page){.page_token = token}, "other conditions");
    list_refused(session, &(list_scope){.kind = LIST_ARTIFACTS, .artifacts.artifact_type = 1},
                 &(kfps_page){.page_token = token}, "other conditions");
    list_refused(session, &(list_scope){.kind = LIST_ARTIFACTS, .artifacts.run_uuid = "run"},
                 &(kfps_page){.page_token = token}, "other conditions");
    list_refused(session, &(list_scope){.kind = LIST_TASKS}, &(kfps_page){.page_token = token},
                 "none that this store gave");
    /* the row at the border goes: the page begins behind it all the same */
    kfp_exec("DELETE FROM \"artifacts\" WHERE \"UUID\" IN ('25','24')");
    ck_assert_str_eq(list_line(session, &all_artifacts, &(kfps_page){.page_size = 3, .page_token = token}), "22 21 19");
    /* sizes */
    kfp_ok(list_read(session, &all_artifacts, &(kfps_page){.page_size = 0}, &got, &error), &error);
    ck_assert_uint_eq(got.count, 20);
    kfp_ok(list_read(session, &all_artifacts, &(kfps_page){.page_size = 100000}, &got, &error), &error);
    ck_assert_uint_eq(got.count, 28);
    kfps_session_close(session);
    kfps_store_close(store);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("list_arguments");
    TCase *all = tcase_create("list_arguments");
    tcase_set_timeout(all, 60);
    tcase_add_test(all, what_filters_find);
    tcase_add_test(all, hostile_texts_are_found_and_nothing_else);
    tcase_add_test(all, arguments_are_checked);
    tcase_add_test(all, tokens_belong_to_their_list);
    suite_add_tcase(suite, all);
    return suite_main(suite);
}
