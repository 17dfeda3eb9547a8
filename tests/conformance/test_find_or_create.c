/* SPDX-License-Identifier: Apache-2.0 */
/* test_find_or_create.c: an equal artifact is found or made, once, whoever asks at the same time. */
#include <sys/wait.h>
#include <unistd.h>

#include "kfpstore.h"
#include "tests/harness/artifact_world.h"
#include "tests/harness/one_session.h"

/* Of type 2, s3://bucket/model, "model", "", {"framework":"xgboost"}: upstream's recipe. */
#define MODEL_KEY "9d17f7ceea3eb65c1013958355b0dc504d2972347707d581014688415716c2e3"

static void setup(void)
{
    aw_world();
    open_session();
}

static kfps_artifact model(void)
{
    kfps_artifact a = aw_artifact("model");
    a.description = NULL;
    a.metadata_json = "{ \"framework\" : \"xgboost\" }";
    return a;
}

typedef struct answer {
    char uuid[64];
    char link[64];
    int32_t created;
} answer;

static answer ask(kfps_session *own, const kfps_artifact *a, const char *task, const char *key)
{
    answer got = {0};
    kfps_artifact_list *list = NULL;
    kfps_artifact_task_list *links = NULL;
    kfps_error e;
    const kfps_artifact_task link = aw_link("ignored", task, key);
    kfp_ok(kfps_artifact_find_or_create(own, a, &link, &got.created, &list, &links, &e), &e);
    ck_assert_uint_eq(list->count, 1);
    ck_assert_uint_eq(links->count, 1);
    ck_assert_str_eq(links->items[0].artifact_uuid, list->items[0].uuid);
    snprintf(got.uuid, sizeof got.uuid, "%s", list->items[0].uuid);
    snprintf(got.link, sizeof got.link, "%s", links->items[0].uuid);
    kfps_artifact_list_free(list);
    kfps_artifact_task_list_free(links);
    return got;
}

static int64_t artifacts_there(void)
{
    return kfp_count("SELECT COUNT(*) FROM \"artifacts\"");
}

START_TEST(an_equal_one_is_found_by_its_key)
{
    kfps_artifact a = model();
    const answer first = ask(session, &a, "task-1", "k");
    ck_assert_int_eq(first.created, 1);
    ck_assert_int_eq(kfp_count("SELECT COUNT(*) FROM \"artifacts\" WHERE \"IdentityKey\"='" MODEL_KEY "'"), 1);
    /* metadata in another form, another number: equal all the same; replayed, the link is the same */
    a.metadata_json = "{\"framework\":\"xgboost\"}";
    a.has_number_value = 1;
    a.number_value = 5;
    a.identity_key = "ignored";
    const answer replay = ask(session, &a, "task-1", "k");
    ck_assert_int_eq(replay.created, 0);
    ck_assert_str_eq(replay.uuid, first.uuid);
    ck_assert_str_eq(replay.link, first.link);
    const answer other = ask(session, &a, "task-2", "k");
    ck_assert_str_eq(other.uuid, first.uuid);
    ck_assert_str_ne(other.link, first.link);
    ck_assert_int_eq(artifacts_there(), 1);
    ck_assert_int_eq(kfp_count("SELECT COUNT(*) FROM \"artifact_tasks\""), 2);
}
END_TEST

START_TEST(what_differs_is_another_artifact)
{
    kfps_artifact kinds[7];
    for (int i = 0; i < 7; i++)
        kinds[i] = model();
    kinds[1].type = KFPS_ARTIFACT_DATASET;
    kinds[2].uri = "s3://bucket/model2";
    kinds[3].name = "Model";
    kinds[4].description = "d";
    kinds[5].metadata_json = "{\"framework\":\"torch\"}";
    kinds[6].artifact_namespace = "third";
    for (int i = 0; i < 7; i++)
        ck_assert_int_eq(ask(session, &kinds[i], "task-1", "k").created, 1);
    ck_assert_int_eq(artifacts_there(), 7);
    for (int i = 0; i < 7; i++)
        ck_assert_int_eq(ask(session, &kinds[i], "task-1", "k").created, 0);
}
END_TEST

/* Rows of upstream's unconditional creates and of the import have no key. */
START_TEST(rows_without_a_key_are_found_by_uri)
{
    kfps_artifact a = model(), same_hash = model(), other = model();
    kfps_artifact_list *made = NULL;
    int64_t now = 1000;
    same_hash.uri = "s3://bucket/else";
    other.metadata_json = "{\"framework\":\"torch\"}";
    kfps_store_set_clock(store, aw_clock, &now);
    const kfps_artifact strangers[] = {same_hash, other};
    kfp_ok(kfps_artifact_create(session, strangers, 2, NULL, &error), &error);
    kfp_exec("UPDATE \"artifacts\" SET \"URIHash\"='d270957640e91cf0b9aa7120434c3379c4beb021b2997c47a4767efc83ff6ffe'");
    now = 3000;
    kfp_ok(kfps_artifact_create(session, &a, 1, NULL, &error), &error);
    now = 2000;
    kfp_ok(kfps_artifact_create(session, &a, 1, &made, &error), &error);
    const answer got = ask(session, &a, "task-1", "k");
    ck_assert_int_eq(got.created, 0);
    ck_assert_str_eq(got.uuid, made->items[0].uuid); /* the oldest */
    ck_assert_int_eq(artifacts_there(), 4);
    kfps_artifact_list_free(made);
    /* without a URI nothing is looked for beside the key */
    kfps_artifact bare = model();
    bare.uri = NULL;
    kfp_ok(kfps_artifact_create(session, &bare, 1, NULL, &error), &error);
    ck_assert_int_eq(ask(session, &bare, "task-1", "k").created, 1);
    ck_assert_int_eq(ask(session, &bare, "task-1", "k").created, 0);
}
END_TEST

START_TEST(a_failed_link_makes_no_artifact)
{
    const kfps_artifact a = model();
    kfps_artifact_list *list = NULL;
    kfps_artifact_task link = aw_link(NULL, "none", "k");
    int32_t created = 7;
    ck_assert_int_eq(kfps_artifact_find_or_create(session, &a, &link, &created, &list, NULL, &error), KFPS_FOREIGN_KEY);
    ck_assert_int_eq(created, 0);
    ck_assert_ptr_null(list);
    link = aw_link(NULL, "task-over", "k");
    link.run_uuid = "over";
    ck_assert_int_eq(kfps_artifact_find_or_create(session, &a, &link, NULL, NULL, NULL, &error), KFPS_RUN_TERMINAL);
    link = aw_link(NULL, "task-1", "k");
    link.type = 0;
    ck_assert_int_eq(kfps_artifact_find_or_create(session, &a, &link, NULL, NULL, NULL, &error), KFPS_INVALID);
    ck_assert_int_eq(kfps_artifact_find_or_create(NULL, &a, &link, NULL, NULL, NULL, &error), KFPS_INVALID);
    ck_assert_int_eq(kfps_artifact_find_or_create(session, NULL, &link, NULL, NULL, NULL, &error), KFPS_INVALID);
    ck_assert_int_eq(kfps_artifact_find_or_create(session, &a, NULL, NULL, NULL, NULL, &error), KFPS_INVALID);
    ck_assert_int_eq(artifacts_there(), 0);
}
END_TEST

START_TEST(it_takes_few_statements)
{
    aw_counter counter = {0};
    kfps_store *counted = aw_counting_store(&counter);
    kfps_session *own = kfp_session(counted);
    const kfps_artifact a = model();
    ask(own, &a, "task-2", "warm");
    kfp_exec("DELETE FROM \"artifacts\"");
    aw_taken(&counter);
    ask(own, &a, "task-1", "k");
    ck_assert_int_eq(aw_taken(&counter), 7); /* BEGIN, run and task, by key, by URI, artifact, link, COMMIT */
    ask(own, &a, "task-1", "l");
    ck_assert_int_eq(aw_taken(&counter), 6); /* BEGIN, run and task, by key, look for the link, link, COMMIT */
    ask(own, &a, "task-1", "l");
    ck_assert_int_eq(aw_taken(&counter), 5);
    kfps_session_close(own);
    kfps_store_close(counted);
}
END_TEST

/* ---- at once ----------------------------------------------------------------------------------------------------- */

enum { THREADS = 8, ROUNDS = 12 };

typedef struct racer {
    pthread_t thread;
    pthread_barrier_t *start;
    int number;
    answer answers[ROUNDS];
} racer;

static void *race(void *argument)
{
    racer *r = argument;
    kfps_session *own = kfp_session(store);
    for (int round = 0; round < ROUNDS; round++) {
        char name[32], key[32];
        snprintf(name, sizeof name, "model-%d", round);
        snprintf(key, sizeof key, "key-%d", r->number);
        kfps_artifact a = model();
        a.name = name;
        pthread_barrier_wait(r->start);
        r->answers[round] = ask(own, &a, r->number % 2 == 0 ? "task-1" : "task-2", key);
    }
    kfps_session_close(own);
    return NULL;
}

START_TEST(eight_threads_make_one_artifact_and_all_links)
{
    racer *racers = calloc(THREADS, sizeof *racers);
    pthread_barrier_t start;
    pthread_barrier_init(&start, NULL, THREADS);
    for (int i = 0; i < THREADS; i++) {
        racers[i].number = i;
        racers[i].start = &start;
        pthread_create(&racers[i].thread, NULL, race, &racers[i]);
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(racers[i].thread, NULL);
    for (int round = 0; round < ROUNDS; round++) {
        int created = 0;
        for (int i = 0; i < THREADS; i++) {
            created += racers[i].answers[round].created;
            ck_assert_str_eq(racers[i].answers[round].uuid, racers[0].answers[round].uuid);
        }
        ck_assert_int_eq(created, 1);
    }
    ck_assert_int_eq(artifacts_there(), ROUNDS);
    ck_assert_int_eq(kfp_count("SELECT COUNT(*) FROM \"artifact_tasks\""), ROUNDS * THREADS);
    pthread_barrier_destroy(&start);
    free(racers);
}
END_TEST

static int work_alone(const char *key)
{
    kfps_store *own_store = NULL;
    kfps_session *own = NULL;
    kfps_error e;
    kfps_status status = kfps_store_open(test_dsn(), NULL, &own_store, &e);
    if (status == KFPS_OK)
        status = kfps_session_open(own_store, NULL, &own, &e);
    for (int i = 0; status == KFPS_OK && i < 40; i++) {
        char name[32];
        snprintf(name, sizeof name, "model-%d", i);
        kfps_artifact a = model();
        a.name = name;
        const kfps_artifact_task link = aw_link(NULL, "task-1", key);
        status = kfps_artifact_find_or_create(own, &a, &link, NULL, NULL, NULL, &e);
    }
    if (status != KFPS_OK)
        fprintf(stderr, "%s: %s\n", kfps_status_name(status), e.message);
    kfps_session_close(own);
    kfps_store_close(own_store);
    return status == KFPS_OK ? 0 : 1;
}

START_TEST(two_processes_make_one_artifact_each_time)
{
    pid_t children[2];
    close_session(); /* no connection is shared with a child */
    for (int i = 0; i < 2; i++) {
        children[i] = fork();
        if (children[i] == 0)
            _exit(work_alone(i == 0 ? "a" : "b"));
        ck_assert_int_gt(children[i], 0);
    }
    for (int i = 0; i < 2; i++) {
        int status = 0;
        ck_assert_int_eq(waitpid(children[i], &status, 0), children[i]);
        ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
    store = kfp_store(NULL);
    session = kfp_session(store);
    ck_assert_int_eq(artifacts_there(), 40);
    ck_assert_int_eq(kfp_count("SELECT COUNT(*) FROM \"artifact_tasks\""), 80);
}
END_TEST

static Suite *find_suite(void)
{
    Suite *suite = suite_create("find_or_create");
    TCase *tests = tcase_create("find_or_create");
    tcase_set_timeout(tests, 120);
    tcase_add_checked_fixture(tests, setup, close_session);
    tcase_add_test(tests, an_equal_one_is_found_by_its_key);
    tcase_add_test(tests, what_differs_is_another_artifact);
    tcase_add_test(tests, rows_without_a_key_are_found_by_uri);
    tcase_add_test(tests, a_failed_link_makes_no_artifact);
    tcase_add_test(tests, it_takes_few_statements);
    tcase_add_test(tests, eight_threads_make_one_artifact_and_all_links);
    tcase_add_test(tests, two_processes_make_one_artifact_each_time);
    suite_add_tcase(suite, tests);
    return suite;
}

int main(void)
{
    return suite_main(find_suite());
}
