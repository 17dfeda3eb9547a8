/* SPDX-License-Identifier: Apache-2.0 */
/* test_link_batches.c: many links at once, in one call and by several writers: cost, the one at fault, locks. */
#include <unistd.h>

#include "kfpstore.h"
#include "tests/harness/artifact_world.h"
#include "tests/harness/one_session.h"

static void setup(void)
{
    aw_world();
    open_session();
}

/* ---- batches ----------------------------------------------------------------------------------------------------- */

enum { MANY = 1000 };

typedef struct batch {
    kfps_artifact artifacts[MANY];
    kfps_artifact_task links[MANY];
    char key[MANY][16];
} batch;

static batch *make_batch(void)
{
    batch *b = calloc(1, sizeof *b);
    for (int i = 0; i < MANY; i++) {
        snprintf(b->key[i], sizeof b->key[i], "key-%d", i);
        b->artifacts[i] = aw_artifact(b->key[i]);
        b->links[i] = aw_link("ignored", i % 2 == 0 ? "task-1" : "task-2", b->key[i]);
        b->links[i].type = i % 3 == 0 ? KFPS_IO_ITERATOR_OUTPUT : KFPS_IO_OUTPUT;
    }
    return b;
}

START_TEST(a_thousand_artifacts_with_links_are_a_handful_of_statements)
{
    aw_counter counter = {0};
    kfps_store *counted = aw_counting_store(&counter);
    kfps_session *own = kfp_session(counted);
    batch *b = make_batch();
    kfps_artifact_list *made = NULL;
    kfps_artifact_task_list *links = NULL, *read = NULL;
    kfps_artifact_get(own, "x", &made, &error); /* looks at the schema once */
    aw_taken(&counter);
    kfp_ok(kfps_artifact_create_with_links(own, b->artifacts, b->links, MANY, &made, &links, &error), &error);
    /* BEGIN, run, tasks, their locks, 1 or 4 inserts each, COMMIT */
    const int taken = aw_taken(&counter);
    ck_assert_msg(taken >= 5 && taken <= (test_engine_is("mysql") ? 13 : 7), "%d statements", taken);
    ck_assert_int_eq(kfp_count("SELECT COUNT(*) FROM \"artifacts\""), MANY);
    ck_assert_int_eq(aw_links_there(), MANY);
    for (int i = 0; i < MANY; i++) {
        ck_assert_str_eq(made->items[i].name, b->key[i]);
        ck_assert_str_eq(links->items[i].artifact_key, b->key[i]);
        ck_assert_str_eq(links->items[i].artifact_uuid, made->items[i].uuid);
    }
    kfp_ok(kfps_artifact_task_get(own, links->items[417].uuid, &read, &error), &error);
    aw_same_link(&read->items[0], &links->items[417]);
    kfps_artifact_task_list_free(read);
    kfps_artifact_list_free(made);

    /* the links again, as they are */
    for (int i = 0; i < MANY; i++)
        b->links[i].artifact_uuid = links->items[i].artifact_uuid;
    int32_t *existed = calloc(MANY, sizeof *existed);
    aw_taken(&counter);
    kfp_ok(kfps_artifact_task_create(own, b->links, MANY, KFPS_EXISTING_RETURN, existed, &read, &error), &error);
    ck_assert_int_le(aw_taken(&counter), 24);
    for (int i = 0; i < MANY; i++) {
        ck_assert_int_eq(existed[i], 1);
        aw_same_link(&read->items[i], &links->items[i]);
    }
    ck_assert_int_eq(kfps_artifact_task_create(own, b->links, MANY, KFPS_EXISTING_FAIL, NULL, NULL, &error),
                     KFPS_EXISTS);
    ck_assert_int_eq(error.element, 0);
    kfps_artifact_task_list_free(read);
    kfps_artifact_task_list_free(links);
    free(existed);
    free(b);
    kfps_session_close(own);
    kfps_store_close(counted);
}
END_TEST

typedef enum fault { BAD_ARTIFACT, BAD_KEY, NO_TASK, NO_RUN, WRONG_RUN, BAD_JSON, TAKEN_KEY, FAULTS } fault;

static const struct {
    kfps_status status;
    const char *word;
} of_fault[] = {
    [BAD_ARTIFACT] = {KFPS_INVALID, "name"},          [BAD_KEY] = {KFPS_INVALID, "ArtifactKey"},
    [NO_TASK] = {KFPS_FOREIGN_KEY, "no task nobody"}, [NO_RUN] = {KFPS_FOREIGN_KEY, "no run nowhere"},
    [WRONG_RUN] = {KFPS_FOREIGN_KEY, "task-9"},       [BAD_JSON] = {KFPS_INVALID, "producer_json"},
    [TAKEN_KEY] = {KFPS_EXISTS, "identity key"},
};

START_TEST(an_error_in_element_417_says_so)
{
    batch *b = make_batch();
    kfps_artifact keyed = aw_artifact("keyed");
    keyed.identity_key = "taken";
    kfp_ok(kfps_artifact_create(session, &keyed, 1, NULL, &error), &error);
    for (int f = 0; f < FAULTS; f++) {
        const kfps_artifact artifact = b->artifacts[417];
        const kfps_artifact_task link = b->links[417];
        kfps_artifact_list *made = NULL;
        kfps_artifact_task_list *links = NULL;
        switch ((fault) f) {
        case BAD_ARTIFACT:
            b->artifacts[417].name = NULL;
            break;
        case BAD_KEY:
            b->links[417].artifact_key = "\xc0";
            break;
        case NO_TASK:
            b->links[417].task_uuid = "nobody";
            break;
        case NO_RUN:
            b->links[417].run_uuid = "nowhere";
            break;
        case WRONG_RUN:
            b->links[417].task_uuid = "task-9";
            break;
        case BAD_JSON:
            b->links[417].producer_json = "{";
            break;
        default:
            b->artifacts[417].identity_key = "taken";
        }
        ck_assert_int_eq(kfps_artifact_create_with_links(session, b->artifacts, b->links, MANY, &made, &links, &error),
                         of_fault[f].status);
        ck_assert_int_eq(error.element, 417);
        ck_assert_msg(strstr(error.message, of_fault[f].word) != NULL, "%s", error.message);
        ck_assert(made == NULL && links == NULL);
        ck_assert_int_eq(kfp_count("SELECT COUNT(*) FROM \"artifacts\""), 1);
        ck_assert_int_eq(aw_links_there(), 0);
        b->artifacts[417] = artifact;
        b->links[417] = link;
    }
    free(b);
}
END_TEST

START_TEST(a_duplicate_inside_a_batch)
{
    enum { SOME = 500 };
    kfps_artifact_task *links = calloc(SOME, sizeof *links);
    char(*key)[16] = calloc(SOME, sizeof *key);
    int32_t existed[SOME];
    kfps_artifact_task_list *made = NULL;
    aw_artifacts(1, "ns");
    for (int i = 0; i < SOME; i++) {
        snprintf(key[i], sizeof key[i], "%d", i);
        links[i] = aw_link("a-0", "task-1", key[i]);
    }
    links[417].artifact_key = "3";
    ck_assert_int_eq(kfps_artifact_task_create(session, links, SOME, KFPS_EXISTING_FAIL, NULL, NULL, &error),
                     KFPS_EXISTS);
    ck_assert_int_eq(error.element, 417);
    ck_assert_int_eq(aw_links_there(), 0);
    kfp_ok(kfps_artifact_task_create(session, links, SOME, KFPS_EXISTING_RETURN, existed, &made, &error), &error);
    ck_assert_int_eq(aw_links_there(), SOME - 1);
    for (int i = 0; i < SOME; i++)
        ck_assert_int_eq(existed[i], i == 417);
    aw_same_link(&made->items[417], &made->items[3]);
    kfps_artifact_task_list_free(made);
    /* and one that was there before, among new ones */
    for (int i = 0; i < SOME; i++)
        links[i].type = i == 77 ? KFPS_IO_OUTPUT : KFPS_IO_COMPONENT_INPUT;
    links[417].artifact_key = key[417];
    ck_assert_int_eq(kfps_artifact_task_create(session, links, SOME, KFPS_EXISTING_FAIL, NULL, NULL, &error),
                     KFPS_EXISTS);
    ck_assert_int_eq(error.element, 77);
    ck_assert_int_eq(aw_links_there(), SOME - 1);
    free(links);
    free(key);
}
END_TEST

/* ---- locks ------------------------------------------------------------------------------------------------------- */

typedef struct late {
    pthread_t thread;
    kfps_status status;
    kfps_error error;
} late;

static void *link_parent_and_child(void *argument)
{
    late *l = argument;
    kfps_session *own = kfp_session(store);
    /* by UUID alone "root" would come before "task-1" */
    const kfps_artifact_task links[] = {aw_link("a-0", "root", "k"), aw_link("a-0", "task-1", "k")};
    l->status = kfps_artifact_task_create(own, links, 2, KFPS_EXISTING_FAIL, NULL, NULL, &l->error);
    kfps_session_close(own);
    return NULL;
}

/* Another program locks child and then parent, as an update with propagation does. Whoever locked the parent first
 * would be in its way. */
START_TEST(tasks_are_locked_deepest_first)
{
    late l = {0};
    kfps_error own = {0};
    if (test_engine_is("sqlite"))
        return;
    aw_artifacts(1, "ns");
    kfpb_conn *conn = test_open();
    kfp_ok(kfpb_begin(conn, KFPB_TX_WRITE, &own), &own);
    kfp_ok(kfpb_exec(conn, "UPDATE \"tasks\" SET \"UUID\"=\"UUID\",\"State\"=2 WHERE \"UUID\"='task-1'", NULL, 0, NULL,
                     &own),
           &own);
    kfpb_rows *rows = NULL;
    char sql[256];
    snprintf(sql, sizeof sql, "SELECT 1 FROM \"tasks\" WHERE \"UUID\"='task-1'%s", conn->driver->dialect.for_update);
    kfp_ok(kfpb_query(conn, sql, NULL, 0, &rows, &own), &own);
    kfpb_rows_free(&rows);
    pthread_create(&l.thread, NULL, link_parent_and_child, &l);
    usleep(400000); /* it waits for the child now, and holds no task */
    snprintf(sql, sizeof sql, "SELECT 1 FROM \"tasks\" WHERE \"UUID\"='root'%s%s", conn->driver->dialect.for_update,
             " NOWAIT");
    kfp_ok(kfpb_query(conn, sql, NULL, 0, &rows, &own), &own);
    kfpb_rows_free(&rows);
    kfp_ok(kfpb_commit(conn, &own), &own);
    kfpb_close(&conn);
    pthread_join(l.thread, NULL);
    ck_assert_msg(l.status == KFPS_OK, "%s", l.error.message);
    ck_assert_int_eq(aw_links_there(), 2);
}
END_TEST

/* A run that ends while the link waits for its row is over for the link. */
START_TEST(the_guard_waits_for_whoever_ends_the_run)
{
    late l = {0};
    kfps_error own = {0};
    if (test_engine_is("sqlite"))
        return;
    aw_artifacts(1, "ns");
    kfpb_conn *conn = test_open();
    kfp_ok(kfpb_begin(conn, KFPB_TX_WRITE, &own), &own);
    kfp_ok(
        kfpb_exec(conn, "UPDATE \"run_details\" SET \"State\"='SUCCEEDED' WHERE \"UUID\"='run-1'", NULL, 0, NULL, &own),
        &own);
    pthread_create(&l.thread, NULL, link_parent_and_child, &l);
    usleep(300000);
    kfp_ok(kfpb_commit(conn, &own), &own);
    kfpb_close(&conn);
    pthread_join(l.thread, NULL);
    ck_assert_int_eq(l.status, KFPS_RUN_TERMINAL);
    ck_assert_int_eq(aw_links_there(), 0);
}
END_TEST

typedef struct writer {
    pthread_t thread;
    int number;
} writer;

static void *link_many(void *argument)
{
    const writer *w = argument;
    kfps_session *own = kfp_session(store);
    for (int round = 0; round < 10; round++) {
        kfps_artifact_task links[12];
        char key[12][16], id[12][16];
        kfps_error e;
        for (int i = 0; i < 12; i++) {
            const int place = w->number % 2 == 0 ? i : 11 - i;
            static const char *const tasks[] = {"root", "task-1", "task-2"};
            snprintf(key[i], sizeof key[i], "r%d-%d", round, place);
            snprintf(id[i], sizeof id[i], "a-%d", place);
            links[i] = aw_link(id[i], tasks[place % 3], key[i]);
        }
        const kfps_status status = kfps_artifact_task_create(own, links, 12, KFPS_EXISTING_RETURN, NULL, NULL, &e);
        ck_assert_msg(status == KFPS_OK, "%s: %s", kfps_status_name(status), e.message);
    }
    kfps_session_close(own);
    return NULL;
}

START_TEST(eight_threads_make_the_same_links)
{
    writer writers[8];
    aw_artifacts(12, "ns");
    for (int i = 0; i < 8; i++) {
        writers[i].number = i;
        pthread_create(&writers[i].thread, NULL, link_many, &writers[i]);
    }
    for (int i = 0; i < 8; i++)
        pthread_join(writers[i].thread, NULL);
    ck_assert_int_eq(aw_links_there(), 120);
}
END_TEST

static Suite *link_batches_suite(void)
{
    Suite *suite = suite_create("link batches");
    TCase *tests = tcase_create("link batches");
    tcase_set_timeout(tests, 120);
    tcase_add_checked_fixture(tests, setup, close_session);
    tcase_add_test(tests, a_thousand_artifacts_with_links_are_a_handful_of_statements);
    tcase_add_test(tests, an_error_in_element_417_says_so);
    tcase_add_test(tests, a_duplicate_inside_a_batch);
    tcase_add_test(tests, tasks_are_locked_deepest_first);
    tcase_add_test(tests, the_guard_waits_for_whoever_ends_the_run);
    tcase_add_test(tests, eight_threads_make_the_same_links);
    suite_add_tcase(suite, tests);
    return suite;
}

int main(void)
{
    return suite_main(link_batches_suite());
}
