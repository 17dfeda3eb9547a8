/* SPDX-License-Identifier: Apache-2.0 */
/* test_list_rules.c: what scopes mean, who may list, what rows hold, and how many statements it takes. */
#include "tests/harness/lists.h"

static const kfpb_value no_value = {.kind = KFPB_NULL};

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

static const list_scope all_artifacts = {.kind = LIST_ARTIFACTS};

/* ---- namespaces and permission ------------------------------------------------------------------------------------
 */

static void two_teams(void)
{
    kfp_fresh();
    kfp_run("run-a", "team-a", "RUNNING");
    kfp_run("run-b", "team-b", "RUNNING");
    task("ta", "team-a", "run-a", "train", KFPS_TASK_RUNTIME, 5);
    task("tb", "team-b", "run-b", "train", KFPS_TASK_RUNTIME, 6);
    list_put_artifact("aa", "team-a", 2, "model", 1, no_value);
    list_put_artifact("ab", "team-b", 2, "model", 2, no_value);
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
    ck_assert_str_eq(list_line(any, &all_artifacts, NULL), "aa ab");
    list_refused(nobody, &all_artifacts, NULL, "a namespace is needed");
    list_refused(nobody, &(list_scope){.kind = LIST_TASKS}, NULL, "a namespace is needed");
    ck_assert_int_eq(kfps_artifact_list_unlinked(nobody, NULL, NULL, 0, 0, &list, &error), KFPS_INVALID);
    ck_assert_str_eq(
        list_line(nobody, &(list_scope){.kind = LIST_ARTIFACTS, .artifacts.artifact_namespace = "team-b"}, NULL), "ab");
    ck_assert_str_eq(list_line(nobody, &(list_scope){.kind = LIST_ARTIFACTS, .artifacts.run_uuid = "run-a"}, NULL),
                     "aa ab");
    ck_assert_str_eq(list_line(nobody, &(list_scope){.kind = LIST_TASKS, .tasks.run_uuid = "run-b"}, NULL), "tb");
    ck_assert_str_eq(list_line(team, &all_artifacts, NULL), "aa");
    ck_assert_str_eq(list_line(team, &(list_scope){.kind = LIST_TASKS}, NULL), "ta");
    list_refused(team, &(list_scope){.kind = LIST_ARTIFACTS, .artifacts.artifact_namespace = "team-b"}, NULL,
                 "not the session's");
    list_refused(team, &(list_scope){.kind = LIST_TASKS, .tasks.task_namespace = "team-b"}, NULL, "not the session's");
    /* by ids of others: as if they were not there */
    ck_assert_str_eq(list_line(team, &(list_scope){.kind = LIST_ARTIFACTS, .artifacts.run_uuid = "run-a"}, NULL), "aa");
    ck_assert_str_eq(list_line(team, &(list_scope){.kind = LIST_ARTIFACTS, .artifacts.run_uuid = "run-b"}, NULL), "");
    ck_assert_str_eq(list_line(team, &(list_scope){.kind = LIST_TASKS, .tasks.run_uuid = "run-b"}, NULL), "");
    ck_assert_str_eq(list_line(any, &of_runs, NULL), "la lb lx");
    ck_assert_str_eq(list_line(team, &of_runs, NULL), "la lx");
    ck_assert_str_eq(list_line(team, &of_artifacts, NULL), "la lx");
    /* text is compared byte by byte, in ids too */
    ck_assert_str_eq(list_line(any, &(list_scope){.kind = LIST_TASKS, .tasks.run_uuid = "RUN-A"}, NULL), "");
    ck_assert_str_eq(
        list_line(any, &(list_scope){.kind = LIST_ARTIFACTS, .artifacts.artifact_namespace = "Team-A"}, NULL), "");
    ck_assert_str_eq(list_line(any, &(list_scope){.kind = LIST_ARTIFACTS, .artifacts.run_uuid = "Run-A"}, NULL), "");
    ck_assert_str_eq(
        list_line(any,
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
    list_put_artifact("ac", "team-a", 2, "alone", 9, no_value);
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
        list_put_artifact(id, i % 3 == 0 ? "team-b" : "team-a", 1, "free", 10 + i, no_value);
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
    tcase_add_test(all, namespaces);
    tcase_add_test(all, permission_is_asked_before_anything_is_read);
    tcase_add_test(all, a_page_is_few_statements);
    tcase_add_test(all, views_of_tasks);
    tcase_add_test(all, producers);
    tcase_add_test(all, artifacts_without_links);
    suite_add_tcase(suite, all);
    return suite_main(suite);
}
