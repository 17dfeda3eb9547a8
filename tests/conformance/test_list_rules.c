/* SPDX-License-Identifier: Apache-2.0 */
/* test_list_rules.c: what filters find, what scopes mean, who may list, what is refused, and how many statements it
 * takes. */
#include "tests/harness/hostile.h"
#include "tests/harness/lists.h"

static const kfpb_value no_value = {.kind = KFPB_NULL};

static void artifact(const char *id, const char *space, int64_t type, const char *name, int64_t created,
                     kfpb_value number)
{
    kfps_error error = {0};
    kfpb_conn *conn = test_open();
    const kfpb_value values[] = {kfpb_str(id),   kfpb_str(space),   kfpb_int(type),
                                 kfpb_str(name), kfpb_int(created), number};
    kfp_ok(kfpb_exec(
               conn,
               "INSERT INTO \"artifacts\" (\"UUID\",\"Namespace\",\"Type\",\"Name\",\"CreatedAtInSec\",\"NumberValue\")"
               " VALUES (?,?,?,?,?,?)",
               values, 6, NULL, &error),
           &error);
    kfpb_close(&conn);
}

static void task(const char *id, const char *space, const char *run, const char *name, int64_t type, int64_t created)
{
    kfps_error error = {0};
    kfpb_conn *conn = test_open();
    const kfpb_value values[] = {kfpb_str(id),   kfpb_str(space), kfpb_str(run),
                                 kfpb_str(name), kfpb_int(type),  kfpb_int(created)};
    kfp_ok(kfpb_exec(conn,
                     "INSERT INTO \"tasks\" (\"UUID\",\"Namespace\",\"RunUUID\",\"Name\",\"Type\",\"CreatedAtInSec\","
                     "\"Fingerprint\",\"State\",\"pods\",\"TypeAttrs\") VALUES (?,?,?,?,?,?,'',1,'[]','{}')",
                     values, 6, NULL, &error),
           &error);
    kfpb_close(&conn);
}

static void link_row(const char *id, const char *artifact_id, const char *task_id, const char *run, int64_t type)
{
    kfps_error error = {0};
    kfpb_conn *conn = test_open();
    const kfpb_value values[] = {kfpb_str(id), kfpb_str(artifact_id), kfpb_str(task_id), kfpb_str(run), kfpb_int(type)};
    kfp_ok(
        kfpb_exec(
            conn,
            "INSERT INTO \"artifact_tasks\" (\"UUID\",\"ArtifactID\",\"TaskID\",\"RunUUID\",\"Type\",\"ArtifactKey\")"
            " VALUES (?,?,?,?,?,'model')",
            values, 5, NULL, &error),
        &error);
    kfpb_close(&conn);
}

static kfps_session *session_in(kfps_store *store, const char *space)
{
    kfps_error error;
    kfps_session *session = NULL;
    kfps_session_options options;
    kfps_session_options_init(&options);
    options.session_namespace = space;
    kfp_ok(kfps_session_open(store, &options, &session, &error), &error);
    return session;
}

/* The ids of a page, in order, with blanks in between. */
static const char *listed(kfps_session *session, const list_scope *scope, const kfps_page *page)
{
    static list_page got;
    static char text[4096];
    kfps_error error;
    kfp_ok(list_read(session, scope, page, &got, &error), &error);
    text[0] = '\0';
    for (size_t i = 0; i < got.count; i++) {
        strcat(text, i > 0 ? " " : "");
        strcat(text, got.ids[i]);
    }
    return text;
}

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
        artifact(rows[i].id, "ns", rows[i].type, rows[i].name, (int64_t) i + 1,
                 i < 3 ? kfpb_double(numbers[i]) : no_value);
    kfps_store *store = kfp_store(NULL);
    kfps_session *session = kfp_session(store);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *got = listed(session, &all_artifacts, &(kfps_page){.filter_json = cases[i].filter});
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
        artifact(id, "ns", 1, texts[i], i, no_value);
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
        ck_assert_str_eq(listed(session, &all_artifacts,
                                &(kfps_page){.page_size = 200, .predicates = &equals, .predicate_count = 1}),
                         wanted);
        ck_assert_str_eq(
            listed(session, &all_artifacts, &(kfps_page){.page_size = 200, .predicates = &in, .predicate_count = 1}),
            wanted);
        const kfps_predicate part = {
            .key = "name", .operation = KFPS_OP_IS_SUBSTRING, .operand = KFPS_OPERAND_STRING, .string_value = texts[i]};
        char own[8];
        snprintf(own, sizeof own, "%02d", i);
        ck_assert_ptr_nonnull(strstr(
            listed(session, &all_artifacts, &(kfps_page){.page_size = 200, .predicates = &part, .predicate_count = 1}),
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

static void refused(kfps_session *session, const list_scope *scope, const kfps_page *page, const char *words)
{
    static list_page got;
    kfps_error error;
    ck_assert_int_eq(list_read(session, scope, page, &got, &error), KFPS_INVALID);
    ck_assert_msg(strstr(error.message, words) != NULL, "%s: %s", words, error.message);
}

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

    refused(session, &all_artifacts, &(kfps_page){.page_size = -1}, "page_size");
    refused(session, &all_artifacts, &(kfps_page){.sort_by = "name asc please"}, "two words");
    refused(session, &all_artifacts, &(kfps_page){.sort_by = "name up"}, "asc or desc");
    refused(session, &all_artifacts, &(kfps_page){.sort_by = "Name_ desc"}, "no such field");
    refused(session, &all_artifacts, &(kfps_page){.sort_by = "CreatedAtInSec"}, "created_at");
    refused(session, &all_artifacts, &(kfps_page){.sort_by = "metadata"}, "holds JSON");
    refused(session, &all_artifacts, &(kfps_page){.filter_json = "nonsense"}, "not JSON");
    refused(session, &all_artifacts, &(kfps_page){.page_token = "nonsense"}, "page_token");
    refused(session, &(list_scope){.kind = LIST_ARTIFACTS, .artifacts.run_uuid = ""}, NULL, "run_uuid is empty");
    refused(session, &(list_scope){.kind = LIST_ARTIFACTS, .artifacts.task_name = "t"}, NULL, "run_uuid is needed");
    refused(session, &(list_scope){.kind = LIST_ARTIFACTS, .artifacts.direction = 1}, NULL, "run_uuid is needed");
    refused(session, &(list_scope){.kind = LIST_ARTIFACTS, .artifacts = {.run_uuid = "r", .direction = 3}}, NULL,
            "direction");
    refused(session, &(list_scope){.kind = LIST_ARTIFACTS, .artifacts.artifact_type = -1}, NULL, "type");
    refused(session, &(list_scope){.kind = LIST_TASKS, .tasks.run_uuid = ""}, NULL, "run_uuid is empty");
    refused(session, &(list_scope){.kind = LIST_TASKS, .tasks.parent_uuid = "\xc3"}, NULL, "not UTF-8");
    refused(session, &(list_scope){.kind = LIST_LINKS}, NULL, "none is given");
    const char *const ids[] = {"a", ""};
    refused(session, &(list_scope){.kind = LIST_LINKS, .links = {.run_uuids = ids, .run_count = 2}}, NULL,
            "element 1 is empty");
    refused(session, &(list_scope){.kind = LIST_LINKS, .links = {.task_count = 2}}, NULL, "task_uuids is NULL");
    refused(session, &(list_scope){.kind = LIST_LINKS, .links = {.artifact_uuids = ids, .artifact_count = 2001}}, NULL,
            "2000 are the most");
    const int32_t type = 12;
    refused(session,
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
        artifact(id, i % 2 != 0 ? "ns" : "other", 1 + i % 3, "n", i, no_value);
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
    ck_assert_str_eq(listed(session, &all_artifacts, &(kfps_page){.page_size = 3, .page_token = token}), next);
    ck_assert_str_eq(
        listed(session, &all_artifacts,
               &(kfps_page){.page_size = 3, .page_token = token, .sort_by = "NAME DESC", .filter_json = filter}),
        next);
    ck_assert_str_eq(listed(session, &all_artifacts,
                            &(kfps_page){.page_size = 3,
                                         .page_token = token,
                                         .filter_json = ONE("\"longValue\":\"3\",\"key\":\"type\",\"operation\":6")}),
                     next);
    ck_assert_str_eq(listed(session, &all_artifacts, &(kfps_page){.page_size = 2, .page_token = token}), "24 22");
    refused(session, &all_artifacts, &(kfps_page){.page_token = token, .sort_by = "name"}, "sort_by is not that");
    refused(session, &all_artifacts, &(kfps_page){.page_token = token, .sort_by = "id desc"}, "sort_by is not that");
    refused(session, &all_artifacts,
            &(kfps_page){.page_token = token,
                         .filter_json = ONE("\"operation\":\"LESS_THAN\",\"key\":\"type\",\"int_value\":4")},
            "the filter is not that");
    refused(session, &(list_scope){.kind = LIST_ARTIFACTS, .artifacts.artifact_namespace = "ns"},
            &(kfps_page){.page_token = token}, "other conditions");
    refused(session, &(list_scope){.kind = LIST_ARTIFACTS, .artifacts.artifact_type = 1},
            &(kfps_page){.page_token = token}, "other conditions");
    refused(session, &(list_scope){.kind = LIST_ARTIFACTS, .artifacts.run_uuid = "run"},
            &(kfps_page){.page_token = token}, "other conditions");
    refused(session, &(list_scope){.kind = LIST_TASKS}, &(kfps_page){.page_token = token}, "none that this store gave");
    /* the row at the border goes: the page begins behind it all the same */
    kfp_exec("DELETE FROM \"artifacts\" WHERE \"UUID\" IN ('25','24')");
    ck_assert_str_eq(listed(session, &all_artifacts, &(kfps_page){.page_size = 3, .page_token = token}), "22 21 19");
    /* sizes */
    kfp_ok(list_read(session, &all_artifacts, &(kfps_page){.page_size = 0}, &got, &error), &error);
    ck_assert_uint_eq(got.count, 20);
    kfp_ok(list_read(session, &all_artifacts, &(kfps_page){.page_size = 100000}, &got, &error), &error);
    ck_assert_uint_eq(got.count, 28);
    kfps_session_close(session);
    kfps_store_close(store);
}
END_TEST

/* ---- namespaces and permission ------------------------------------------------------------------------------------
 */

static void two_teams(void)
{
    kfp_fresh();
    kfp_run("run-a", "team-a", "RUNNING");
    kfp_run("run-b", "team-b", "RUNNING");
    task("ta", "team-a", "run-a", "train", KFPS_TASK_RUNTIME, 5);
    task("tb", "team-b", "run-b", "train", KFPS_TASK_RUNTIME, 6);
    artifact("aa", "team-a", 2, "model", 1, no_value);
    artifact("ab", "team-b", 2, "model", 2, no_value);
    link_row("la", "aa", "ta", "run-a", KFPS_IO_OUTPUT);
    link_row("lb", "ab", "tb", "run-b", KFPS_IO_OUTPUT);
    link_row("lx", "ab", "ta", "run-a", KFPS_IO_COMPONENT_INPUT);
}

START_TEST(namespaces)
{
    const char *const runs[] = {"run-a", "run-b"}, *const artifacts[] = {"aa", "ab"};
    const list_scope of_runs = {.kind = LIST_LINKS, .links = {.run_uuids = runs, .run_count = 2}};
    const list_scope of_artifacts = {.kind = LIST_LINKS, .links = {.artifact_uuids = artifacts, .artifact_count = 2}};
    kfps_error error;
    kfps_artifact_list *list = NULL;
    two_teams();
    kfps_store_options options;
    kfps_store_options_init(&options);
    options.multi_user = 1;
    kfps_store *single = kfp_store(NULL), *multi = kfp_store(&options);
    kfps_session *any = kfp_session(single), *nobody = kfp_session(multi), *team = session_in(multi, "team-a");
    ck_assert_str_eq(listed(any, &all_artifacts, NULL), "aa ab");
    refused(nobody, &all_artifacts, NULL, "a namespace is needed");
    refused(nobody, &(list_scope){.kind = LIST_TASKS}, NULL, "a namespace is needed");
    ck_assert_int_eq(kfps_artifact_list_unlinked(nobody, NULL, NULL, 0, 0, &list, &error), KFPS_INVALID);
    ck_assert_str_eq(
        listed(nobody, &(list_scope){.kind = LIST_ARTIFACTS, .artifacts.artifact_namespace = "team-b"}, NULL), "ab");
    ck_assert_str_eq(listed(nobody, &(list_scope){.kind = LIST_ARTIFACTS, .artifacts.run_uuid = "run-a"}, NULL),
                     "aa ab");
    ck_assert_str_eq(listed(nobody, &(list_scope){.kind = LIST_TASKS, .tasks.run_uuid = "run-b"}, NULL), "tb");
    ck_assert_str_eq(listed(team, &all_artifacts, NULL), "aa");
    ck_assert_str_eq(listed(team, &(list_scope){.kind = LIST_TASKS}, NULL), "ta");
    refused(team, &(list_scope){.kind = LIST_ARTIFACTS, .artifacts.artifact_namespace = "team-b"}, NULL,
            "not the session's");
    refused(team, &(list_scope){.kind = LIST_TASKS, .tasks.task_namespace = "team-b"}, NULL, "not the session's");
    /* by ids of others: as if they were not there */
    ck_assert_str_eq(listed(team, &(list_scope){.kind = LIST_ARTIFACTS, .artifacts.run_uuid = "run-a"}, NULL), "aa");
    ck_assert_str_eq(listed(team, &(list_scope){.kind = LIST_ARTIFACTS, .artifacts.run_uuid = "run-b"}, NULL), "");
    ck_assert_str_eq(listed(team, &(list_scope){.kind = LIST_TASKS, .tasks.run_uuid = "run-b"}, NULL), "");
    ck_assert_str_eq(listed(any, &of_runs, NULL), "la lb lx");
    ck_assert_str_eq(listed(team, &of_runs, NULL), "la lx");
    ck_assert_str_eq(listed(team, &of_artifacts, NULL), "la lx");
    /* text is compared byte by byte, in ids too */
    ck_assert_str_eq(listed(any, &(list_scope){.kind = LIST_TASKS, .tasks.run_uuid = "RUN-A"}, NULL), "");
    ck_assert_str_eq(listed(any, &(list_scope){.kind = LIST_ARTIFACTS, .artifacts.artifact_namespace = "Team-A"}, NULL),
                     "");
    ck_assert_str_eq(listed(any, &(list_scope){.kind = LIST_ARTIFACTS, .artifacts.run_uuid = "Run-A"}, NULL), "");
    ck_assert_str_eq(
        listed(any,
               &(list_scope){.kind = LIST_LINKS,
                             .links = {.run_uuids = (const char *const[]){"Run-A", "run-b "}, .run_count = 2}},
               NULL),
        "");
    kfps_session_close(any);
    kfps_session_close(nobody);
    kfps_session_close(team);
    kfps_store_close(single);
    kfps_store_close(multi);
}
END_TEST

typedef struct asked {
    char text[512];
    int statements;
    int32_t answer;
} asked;

static int32_t authorize(void *user, const kfps_access *access)
{
    asked *a = user;
    snprintf(a->text + strlen(a->text), sizeof a->text - strlen(a->text), "%d/%d/%s/%s ", access->verb,
             access->resource, access->access_namespace != NULL ? access->access_namespace : "-",
             access->run_uuid != NULL ? access->run_uuid : "-");
    return a->answer;
}

static void count_statements(void *user, int32_t level, const char *facility, const char *message)
{
    (void) level;
    (void) message;
    if (strcmp(facility, "sql") == 0)
        ((asked *) user)->statements++;
}

static kfps_store *watched_store(asked *a)
{
    kfps_store_options options;
    kfps_store_options_init(&options);
    options.authorize = authorize;
    options.authorize_user = a;
    options.log = count_statements;
    options.log_user = a;
    options.log_level = KFPS_LOG_DEBUG;
    return kfp_store(&options);
}

START_TEST(permission_is_asked_before_anything_is_read)
{
    static list_page got;
    kfps_error error;
    const char *const runs[] = {"run-b", "run-a"};
    asked a = {.answer = 0};
    two_teams();
    kfps_store *store = watched_store(&a);
    kfps_session *session = kfp_session(store);
    const struct {
        list_scope scope;
        const char *asked;
    } cases[] = {
        {{.kind = LIST_ARTIFACTS, .artifacts.artifact_namespace = "team-a"}, "2/1/team-a/- "},
        {{.kind = LIST_ARTIFACTS, .artifacts.run_uuid = "run-a"}, "2/1/-/run-a "},
        {{.kind = LIST_TASKS, .tasks = {.run_uuid = "run-a", .task_namespace = "team-a"}}, "2/2/team-a/run-a "},
        {{.kind = LIST_LINKS, .links = {.run_uuids = runs, .run_count = 2}}, "2/3/-/run-b 2/3/-/run-a "},
        {{.kind = LIST_LINKS, .links = {.task_uuids = runs, .task_count = 2}}, "2/3/-/- "},
    };
    kfp_ok(list_read(session, &cases[0].scope, NULL, &got, &error), &error);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        a = (asked){.answer = 0};
        kfp_ok(list_read(session, &cases[i].scope, NULL, &got, &error), &error);
        ck_assert_str_eq(a.text, cases[i].asked);
        ck_assert_int_gt(a.statements, 0);
        a = (asked){.answer = 1};
        ck_assert_int_eq(list_read(session, &cases[i].scope, NULL, &got, &error), KFPS_DENIED);
        ck_assert_int_eq(a.statements, 0);
    }
    kfps_artifact_list *list = NULL;
    ck_assert_int_eq(kfps_artifact_list_unlinked(session, "team-a", NULL, 0, 0, &list, &error), KFPS_DENIED);
    ck_assert_ptr_null(list);
    kfps_session_close(session);
    kfps_store_close(store);
}
END_TEST

START_TEST(a_page_is_few_statements)
{
    static list_page got;
    kfps_error error;
    asked a = {0};
    kfps_task_list *tasks = NULL;
    kfps_artifact_list *artifacts = NULL;
    two_teams();
    kfps_store *store = watched_store(&a);
    kfps_session *session = kfp_session(store);
    kfp_ok(list_read(session, &all_artifacts, NULL, &got, &error), &error);
    const struct {
        list_scope scope;
        kfps_page page;
        int statements;
    } cases[] = {
        {{.kind = LIST_ARTIFACTS}, {0}, 1},
        {{.kind = LIST_ARTIFACTS}, {.page_size = 1, .sort_by = "name"}, 1},
        {{.kind = LIST_ARTIFACTS}, {.sort_by = "name"}, 2}, /* the last page looks for rows without a name */
        {{.kind = LIST_ARTIFACTS}, {.want_total = 1}, 2},
        {{.kind = LIST_ARTIFACTS, .artifacts.run_uuid = "run-a"}, {0}, 2},
        {{.kind = LIST_TASKS, .tasks.run_uuid = "run-a"}, {0}, 1},
        {{.kind = LIST_LINKS, .links = {.artifact_uuids = (const char *const[]){"aa", "ab"}, .artifact_count = 2}},
         {0},
         1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        a.statements = 0;
        kfp_ok(list_read(session, &cases[i].scope, &cases[i].page, &got, &error), &error);
        ck_assert_msg(a.statements == cases[i].statements, "case %zu: %d statements", i, a.statements);
    }
    a.statements = 0;
    kfp_ok(kfps_task_list_page(session, NULL, KFPS_VIEW_FULL, NULL, &tasks, &error), &error);
    ck_assert_int_eq(a.statements, 2);
    kfps_task_list_free(tasks);
    a.statements = 0;
    kfp_ok(kfps_artifact_list_page(session, &(kfps_artifact_scope){.with_producer = 1}, NULL, &artifacts, &error),
           &error);
    ck_assert_int_eq(a.statements, 2);
    kfps_artifact_list_free(artifacts);
    kfps_session_close(session);
    kfps_store_close(store);
}
END_TEST

/* ---- what rows hold -----------------------------------------------------------------------------------------------
 */

START_TEST(views_of_tasks)
{
    kfps_error error;
    two_teams();
    kfps_store *store = kfp_store(NULL);
    kfps_session *session = kfp_session(store);
    for (int32_t view = KFPS_VIEW_BASIC; view <= KFPS_VIEW_FULL; view++) {
        kfps_task_list *list = NULL;
        kfp_ok(kfps_task_list_page(session, &(kfps_task_scope){.run_uuid = "run-a"}, view, NULL, &list, &error),
               &error);
        ck_assert_uint_eq(list->count, 1);
        const kfps_task_item *item = &list->items[0];
        ck_assert_str_eq(item->task.name, "train");
        ck_assert_int_eq(item->task.created_at, 5);
        ck_assert((item->task.pods_json != NULL) == (view >= KFPS_VIEW_RUNTIME));
        ck_assert_uint_eq(item->input_count, view == KFPS_VIEW_FULL ? 1 : 0);
        ck_assert_uint_eq(item->output_count, view == KFPS_VIEW_FULL ? 1 : 0);
        if (view == KFPS_VIEW_FULL) {
            ck_assert_str_eq(item->inputs[0].artifact.uuid, "ab");
            ck_assert_str_eq(item->outputs[0].artifact.uuid, "aa");
        }
        kfps_task_list_free(list);
    }
    kfps_session_close(session);
    kfps_store_close(store);
}
END_TEST

START_TEST(producers)
{
    kfps_error error;
    kfps_artifact_list *list = NULL;
    two_teams();
    /* run-c is older than the others, which kfp_run gives the age 1 */
    kfp_run("run-c", "team-a", "RUNNING");
    kfp_exec("UPDATE \"run_details\" SET \"CreatedAtInSec\"=0,\"DisplayName\"='Nightly' WHERE \"UUID\"='run-c'");
    task("tc-dag", "team-a", "run-c", "loop", KFPS_TASK_LOOP, 1);
    task("tc", "team-a", "run-c", "fit", KFPS_TASK_RUNTIME, 3);
    task("tc-later", "team-a", "run-c", "refit", KFPS_TASK_RUNTIME, 4);
    link_row("00", "aa", "tc-dag", "run-c", KFPS_IO_ITERATOR_OUTPUT);
    link_row("01", "aa", "tc-later", "run-c", KFPS_IO_OUTPUT);
    link_row("02", "aa", "tc", "run-c", KFPS_IO_ONE_OF_OUTPUT);
    kfp_exec("UPDATE \"artifact_tasks\" SET \"Iteration\"=7 WHERE \"UUID\"='02'");
    artifact("ac", "team-a", 2, "alone", 9, no_value);
    kfps_store *store = kfp_store(NULL);
    kfps_session *session = kfp_session(store);
    kfp_ok(kfps_artifact_list_page(session, &(kfps_artifact_scope){.with_producer = 1}, NULL, &list, &error), &error);
    ck_assert_uint_eq(list->count, 3);
    ck_assert_str_eq(list->producers[0].run_uuid, "run-c");
    ck_assert_str_eq(list->producers[0].run_name, "Nightly");
    ck_assert_str_eq(list->producers[0].pipeline_name, "pipe");
    ck_assert_str_eq(list->producers[0].task_uuid, "tc");
    ck_assert_str_eq(list->producers[0].task_name, "fit");
    ck_assert_str_eq(list->producers[0].artifact_key, "model");
    ck_assert_int_eq(list->producers[0].io_type, KFPS_IO_ONE_OF_OUTPUT);
    ck_assert_int_eq(list->producers[0].iteration, 7);
    ck_assert_str_eq(list->producers[1].task_uuid, "tb");
    ck_assert_int_eq(list->producers[1].iteration, -1);
    ck_assert_ptr_null(list->producers[2].run_uuid);
    kfps_artifact_list_free(list);
    /* within a run, of that run */
    kfp_ok(kfps_artifact_list_page(session, &(kfps_artifact_scope){.run_uuid = "run-a", .with_producer = 1}, NULL,
                                   &list, &error),
           &error);
    ck_assert_uint_eq(list->count, 2);
    ck_assert_str_eq(list->producers[0].task_uuid, "ta");
    ck_assert_ptr_null(list->producers[1].run_uuid); /* read by the run, made by another */
    kfps_artifact_list_free(list);
    kfp_ok(kfps_artifact_list_page(session, NULL, NULL, &list, &error), &error);
    ck_assert_ptr_null(list->producers);
    kfps_artifact_list_free(list);
    kfps_session_close(session);
    kfps_store_close(store);
}
END_TEST

START_TEST(artifacts_without_links)
{
    kfps_error error;
    kfps_artifact_list *list = NULL;
    char found[512] = "", after[64] = "";
    int calls = 0;
    two_teams();
    for (int i = 0; i < 9; i++) {
        char id[8];
        snprintf(id, sizeof id, "u%d", i);
        artifact(id, i % 3 == 0 ? "team-b" : "team-a", 1, "free", 10 + i, no_value);
    }
    kfps_store *store = kfp_store(NULL);
    kfps_session *session = kfp_session(store);
    do {
        kfp_ok(kfps_artifact_list_unlinked(session, NULL, after, 0, 2, &list, &error), &error);
        ck_assert_uint_le(list->count, 2);
        for (size_t i = 0; i < list->count; i++) {
            strcat(found, list->items[i].uuid);
            strcat(found, " ");
        }
        snprintf(after, sizeof after, "%s", list->next_page_token);
        kfps_artifact_list_free(list);
        calls++;
    } while (after[0] != '\0');
    ck_assert_str_eq(found, "u0 u1 u2 u3 u4 u5 u6 u7 u8 ");
    ck_assert_int_eq(calls, 6); /* 11 artifacts, two at a time */
    kfp_ok(kfps_artifact_list_unlinked(session, "team-a", "u1", 17, 0, &list, &error), &error);
    ck_assert_uint_eq(list->count, 3);
    ck_assert_str_eq(list->items[0].uuid, "u2");
    ck_assert_str_eq(list->items[1].uuid, "u4");
    ck_assert_str_eq(list->items[2].uuid, "u5");
    ck_assert_str_eq(list->next_page_token, "");
    kfps_artifact_list_free(list);
    kfps_session_close(session);
    kfps_store_close(store);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("list_rules");
    TCase *all = tcase_create("list_rules");
    tcase_set_timeout(all, 60);
    tcase_add_test(all, what_filters_find);
    tcase_add_test(all, hostile_texts_are_found_and_nothing_else);
    tcase_add_test(all, arguments_are_checked);
    tcase_add_test(all, tokens_belong_to_their_list);
    tcase_add_test(all, namespaces);
    tcase_add_test(all, permission_is_asked_before_anything_is_read);
    tcase_add_test(all, a_page_is_few_statements);
    tcase_add_test(all, views_of_tasks);
    tcase_add_test(all, producers);
    tcase_add_test(all, artifacts_without_links);
    suite_add_tcase(suite, all);
    return suite_main(suite);
}
