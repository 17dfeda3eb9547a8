/* SPDX-License-Identifier: Apache-2.0 */
/* test_create_once.c: a creation under a name of the caller's, repeated, contradicted, forgotten. */
#include "kfpstore.h"
#include "tests/harness/artifact_world.h"

static kfps_store *store;
static kfps_session *session;
static kfps_error error;
static int64_t now;

static void setup(void)
{
    aw_world();
    now = 1000;
    store = kfp_store(NULL);
    kfps_store_set_clock(store, aw_clock, &now);
    session = kfp_session(store);
}

static void teardown(void)
{
    kfps_session_close(session);
    kfps_store_close(store);
}

typedef struct answer {
    kfps_status status;
    char uuid[64];
    char link[64];
    int32_t created;
} answer;

static answer once(kfps_session *own, const char *operation, int64_t retention, const kfps_artifact *a,
                   const kfps_artifact_task *link, kfps_error *e)
{
    answer got = {.created = 7};
    kfps_artifact_list *list = NULL;
    kfps_artifact_task_list *links = NULL;
    const kfps_write_operation op = {operation, retention};
    got.status = kfps_artifact_create_once(own, &op, a, link, &got.created, &list, &links, e);
    if (got.status != KFPS_OK) {
        ck_assert(list == NULL && links == NULL && got.created == 0);
        return got;
    }
    ck_assert_str_eq(links->items[0].artifact_uuid, list->items[0].uuid);
    snprintf(got.uuid, sizeof got.uuid, "%s", list->items[0].uuid);
    snprintf(got.link, sizeof got.link, "%s", links->items[0].uuid);
    kfps_artifact_list_free(list);
    kfps_artifact_task_list_free(links);
    return got;
}

static answer expect(const char *operation, int64_t retention, const kfps_artifact *a, const kfps_artifact_task *link,
                     kfps_status status)
{
    const answer got = once(session, operation, retention, a, link, &error);
    ck_assert_msg(got.status == status, "%s: %s", kfps_status_name(got.status), error.message);
    return got;
}

static int64_t count(const char *table)
{
    char sql[128];
    snprintf(sql, sizeof sql, "SELECT COUNT(*) FROM \"%s\"", table);
    return kfp_count(sql);
}

START_TEST(a_repeated_create_gives_the_same_artifact)
{
    kfps_artifact a = aw_artifact("a");
    kfps_artifact_task link = aw_link(NULL, "task-1", "k");
    const answer first = expect("op", 0, &a, &link, KFPS_OK);
    ck_assert_int_eq(first.created, 1);
    /* the same JSON, written otherwise */
    a.metadata_json = "{\"n\":[1.0,2.5],\"framework\":\"xgboost\"}";
    link.producer_json = "{ \"taskName\" : \"train\" }";
    now += 100000;
    const answer again = expect("op", 0, &a, &link, KFPS_OK);
    ck_assert_int_eq(again.created, 0);
    ck_assert_str_eq(again.uuid, first.uuid);
    ck_assert_str_eq(again.link, first.link);
    ck_assert_int_eq(count("artifacts"), 1);
    ck_assert_int_eq(count("artifact_tasks"), 1);
    ck_assert_int_eq(count("kfpstore_write_identity"), 1);
    /* the name is its own for each operation and task */
    ck_assert_int_eq(expect("op2", 0, &a, &link, KFPS_OK).created, 1);
    link.task_uuid = "task-2";
    ck_assert_int_eq(expect("op", 0, &a, &link, KFPS_OK).created, 1);
    ck_assert_int_eq(count("artifacts"), 3);
    /* also when the run is over */
    kfp_exec("UPDATE \"run_details\" SET \"State\"='SUCCEEDED' WHERE \"UUID\"='run-1'");
    ck_assert_int_eq(expect("op", 0, &a, &link, KFPS_OK).created, 0);
    expect("op3", 0, &a, &link, KFPS_RUN_TERMINAL);
    ck_assert_int_eq(count("kfpstore_write_identity"), 3);
}
END_TEST

/* sha256(lp("ns") lp("run-1") lp("task-1") lp("op")), computed apart from the library */
#define IDENTITY "b88cd8f29b08947237b101208bf69e5f3ac59e71dc77d0dd9049ce88941991bf"

START_TEST(the_identity_is_upstreams)
{
    const kfps_artifact a = aw_artifact("a");
    const kfps_artifact_task link = aw_link(NULL, "task-1", "k");
    expect("op", 60, &a, &link, KFPS_OK);
    ck_assert_int_eq(kfp_count("SELECT COUNT(*) FROM \"kfpstore_write_identity\" WHERE \"Identity\"='" IDENTITY "' AND "
                               "\"Namespace\"='ns' AND \"RunUUID\"='run-1' AND \"TaskID\"='task-1' AND "
                               "\"OperationID\"='op' AND \"CreatedAtInSec\"=1000 AND \"ExpiresAtInSec\"=1060"),
                     1);
}
END_TEST

START_TEST(another_payload_is_a_conflict)
{
    const kfps_artifact a = aw_artifact("a");
    const kfps_artifact_task link = aw_link(NULL, "task-1", "k");
    kfps_artifact others[8];
    kfps_artifact_task links[4];
    for (int i = 0; i < 8; i++)
        others[i] = a;
    for (int i = 0; i < 4; i++)
        links[i] = link;
    others[0].name = "b";
    others[1].uri = "s3://bucket/else";
    others[2].uri = NULL;
    others[3].type = KFPS_ARTIFACT_DATASET;
    others[4].description = NULL;
    others[5].metadata_json = NULL;
    others[6].has_number_value = 1;
    others[7].identity_key = "key";
    links[0].type = KFPS_IO_ITERATOR_OUTPUT;
    links[1].artifact_key = "l";
    links[2].producer_json = NULL;
    links[3].producer_json = "{\"taskName\":\"train\",\"iteration\":1}";
    expect("op", 0, &a, &link, KFPS_OK);
    for (int i = 0; i < 8; i++)
        expect("op", 0, &others[i], &link, KFPS_CONFLICT);
    for (int i = 0; i < 4; i++)
        expect("op", 0, &a, &links[i], KFPS_CONFLICT);
    ck_assert_int_eq(count("artifacts"), 1);
    ck_assert_int_eq(count("artifact_tasks"), 1);
}
END_TEST

START_TEST(arguments_are_checked)
{
    char large[300];
    const kfps_artifact a = aw_artifact("a");
    const kfps_artifact_task link = aw_link(NULL, "task-1", "k");
    const kfps_write_operation op = {"op", 0};
    int64_t deleted = 7;
    memset(large, 'x', 256);
    large[256] = '\0';
    expect(NULL, 0, &a, &link, KFPS_INVALID);
    expect("", 0, &a, &link, KFPS_INVALID);
    expect("\xff", 0, &a, &link, KFPS_INVALID);
    expect("op", -1, &a, &link, KFPS_INVALID);
    expect(large, 0, &a, &link, KFPS_TOO_LARGE);
    expect(large + 1, 0, &a, &link, KFPS_OK);
    ck_assert_int_eq(kfps_artifact_create_once(NULL, &op, &a, &link, NULL, NULL, NULL, &error), KFPS_INVALID);
    ck_assert_int_eq(kfps_artifact_create_once(session, NULL, &a, &link, NULL, NULL, NULL, &error), KFPS_INVALID);
    ck_assert_int_eq(kfps_artifact_create_once(session, &op, NULL, &link, NULL, NULL, NULL, &error), KFPS_INVALID);
    ck_assert_int_eq(kfps_artifact_create_once(session, &op, &a, NULL, NULL, NULL, NULL, &error), KFPS_INVALID);
    ck_assert_int_eq(kfps_write_operation_purge(NULL, 1, &deleted, &error), KFPS_INVALID);
    ck_assert_int_eq(deleted, 0);
    ck_assert_int_eq(kfps_write_operation_purge(session, 0, NULL, &error), KFPS_INVALID);
    ck_assert_int_eq(kfps_write_operation_purge(session, 10001, NULL, &error), KFPS_INVALID);
    ck_assert_int_eq(count("artifacts"), 1);
}
END_TEST

START_TEST(a_name_is_forgotten_and_purged)
{
    const kfps_artifact a = aw_artifact("a"), b = aw_artifact("b");
    const kfps_artifact_task link = aw_link(NULL, "task-1", "k");
    int64_t deleted = 0;
    const answer first = expect("op", 60, &a, &link, KFPS_OK);
    expect("forever", 0, &a, &link, KFPS_OK);
    now += 59;
    expect("op", 60, &b, &link, KFPS_CONFLICT);
    now += 1;
    const answer second = expect("op", 60, &b, &link, KFPS_OK);
    ck_assert_int_eq(second.created, 1);
    ck_assert_str_ne(second.uuid, first.uuid);
    ck_assert_int_eq(expect("op", 60, &b, &link, KFPS_OK).created, 0);
    for (int i = 0; i < 5; i++) {
        char name[8];
        snprintf(name, sizeof name, "n%d", i);
        expect(name, 10 + i, &a, &link, KFPS_OK);
    }
    kfp_ok(kfps_write_operation_purge(session, 100, &deleted, &error), &error);
    ck_assert_int_eq(deleted, 0);
    now += 13;
    kfp_ok(kfps_write_operation_purge(session, 3, &deleted, &error), &error);
    ck_assert_int_eq(deleted, 3);
    ck_assert_int_eq(kfp_count("SELECT COUNT(*) FROM \"kfpstore_write_identity\" WHERE \"OperationID\" IN "
                               "('n0','n1','n2')"),
                     0);
    kfp_ok(kfps_write_operation_purge(session, 100, &deleted, &error), &error);
    ck_assert_int_eq(deleted, 1);
    now += 1000000;
    kfp_ok(kfps_write_operation_purge(session, 100, &deleted, &error), &error);
    ck_assert_int_eq(deleted, 2);
    ck_assert_int_eq(count("kfpstore_write_identity"), 1);
    ck_assert_int_eq(count("artifacts"), 8);
}
END_TEST

START_TEST(what_was_deleted_is_made_again)
{
    const kfps_artifact a = aw_artifact("a");
    const kfps_artifact_task link = aw_link(NULL, "task-1", "k");
    const answer first = expect("op", 0, &a, &link, KFPS_OK);
    kfp_exec("DELETE FROM \"artifact_tasks\"");
    const answer second = expect("op", 0, &a, &link, KFPS_OK);
    ck_assert_int_eq(second.created, 0);
    ck_assert_str_eq(second.uuid, first.uuid);
    ck_assert_str_ne(second.link, first.link);
    kfp_exec("DELETE FROM \"artifacts\"");
    ck_assert_int_eq(count("kfpstore_write_identity"), 0);
    const answer third = expect("op", 0, &a, &link, KFPS_OK);
    ck_assert_int_eq(third.created, 1);
    ck_assert_str_ne(third.uuid, first.uuid);
}
END_TEST

typedef struct racer {
    pthread_t thread;
    pthread_barrier_t *start;
    answer answers[10];
} racer;

static void *race(void *argument)
{
    racer *r = argument;
    kfps_session *own = kfp_session(store);
    for (int round = 0; round < 10; round++) {
        char name[32];
        kfps_error e;
        /* the second half: names that are there and forgotten */
        snprintf(name, sizeof name, "op-%d", round);
        const kfps_artifact a = aw_artifact("a");
        const kfps_artifact_task link = aw_link(NULL, "task-1", "k");
        pthread_barrier_wait(r->start);
        r->answers[round] = once(own, name, 60, &a, &link, &e);
        ck_assert_msg(r->answers[round].status == KFPS_OK, "%s", e.message);
    }
    kfps_session_close(own);
    return NULL;
}

START_TEST(eight_threads_with_one_name_make_one_artifact)
{
    racer racers[8];
    pthread_barrier_t start;
    const kfps_artifact a = aw_artifact("a");
    const kfps_artifact_task link = aw_link(NULL, "task-1", "k");
    for (int round = 5; round < 10; round++) {
        char name[32];
        snprintf(name, sizeof name, "op-%d", round);
        expect(name, 60, &a, &link, KFPS_OK);
    }
    now += 60;
    pthread_barrier_init(&start, NULL, 8);
    for (int i = 0; i < 8; i++) {
        racers[i].start = &start;
        pthread_create(&racers[i].thread, NULL, race, &racers[i]);
    }
    for (int i = 0; i < 8; i++)
        pthread_join(racers[i].thread, NULL);
    pthread_barrier_destroy(&start);
    for (int round = 0; round < 10; round++) {
        int created = 0;
        for (int i = 0; i < 8; i++) {
            created += racers[i].answers[round].created;
            ck_assert_str_eq(racers[i].answers[round].uuid, racers[0].answers[round].uuid);
            ck_assert_str_eq(racers[i].answers[round].link, racers[0].answers[round].link);
        }
        ck_assert_int_eq(created, 1);
    }
    ck_assert_int_eq(count("artifacts"), 15);
    ck_assert_int_eq(count("artifact_tasks"), 15);
    ck_assert_int_eq(count("kfpstore_write_identity"), 10);
}
END_TEST

static Suite *once_suite(void)
{
    Suite *suite = suite_create("create_once");
    TCase *tests = tcase_create("create_once");
    tcase_set_timeout(tests, 120);
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, a_repeated_create_gives_the_same_artifact);
    tcase_add_test(tests, the_identity_is_upstreams);
    tcase_add_test(tests, another_payload_is_a_conflict);
    tcase_add_test(tests, arguments_are_checked);
    tcase_add_test(tests, a_name_is_forgotten_and_purged);
    tcase_add_test(tests, what_was_deleted_is_made_again);
    tcase_add_test(tests, eight_threads_with_one_name_make_one_artifact);
    suite_add_tcase(suite, tests);
    return suite;
}

int main(void)
{
    return suite_main(once_suite());
}
