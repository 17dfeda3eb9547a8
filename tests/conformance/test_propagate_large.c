/* SPDX-License-Identifier: Apache-2.0 */
/* test_propagate_large.c: a loop of many iterations, whose children end one by one: they are not counted each time. */
#include <stdatomic.h>
#include <time.h>

#include "libkfpstore/tables.h"
#include "tests/harness/kfp_rows.h"

enum { USUAL = 300, LONG = 5000 };

static const char shape[] = "{\"components\":{\"body\":{\"tasks\":{\"t\":{}}}},"
                            "\"root\":{\"tasks\":{\"loop\":{\"component\":\"body\",\"kind\":\"loop\"}}},\"version\":1}";

static kfps_store *store;
static kfps_session *session;
static atomic_int counted;
static int iterations;

static void see_statement(void *user, int32_t level, const char *facility, const char *message)
{
    (void) user;
    (void) level;
    if (strcmp(facility, "sql") == 0 && strstr(message, "COUNT(*)") != NULL)
        atomic_fetch_add(&counted, 1);
}

static void put_children(void)
{
    static kfps_task children[LONG];
    static char texts[LONG][2][48];
    static const void *records[LONG];
    kfps_error error;
    for (int i = 0; i < iterations; i++) {
        snprintf(texts[i][0], sizeof texts[i][0], "child-%05d", i);
        snprintf(texts[i][1], sizeof texts[i][1], "{\"iterationIndex\":\"%d\"}", i);
        children[i] = (kfps_task){.uuid = texts[i][0],
                                  .task_namespace = "ns",
                                  .run_uuid = "run-1",
                                  .pods_json = "[]",
                                  .fingerprint = "",
                                  .name = "t",
                                  .parent_uuid = "loop",
                                  .state = KFPS_TASK_RUNNING,
                                  .type = KFPS_TASK_RUNTIME,
                                  .type_attributes_json = texts[i][1],
                                  .created_at = 100 + i};
        records[i] = &children[i];
    }
    kfpb_conn *conn = test_open();
    kfp_ok(kfpb_insert(conn, &kfpsi_tasks, records, (size_t) iterations, KFPB_CONFLICT_FAIL, NULL, &error), &error);
    kfpb_close(&conn);
}

static void setup(void)
{
    char attributes[48];
    kfps_error error;
    kfps_store_options options;
    iterations = getenv("KFPSTORE_TEST_LONG") != NULL ? LONG : USUAL;
    snprintf(attributes, sizeof attributes, "{\"iterationCount\":\"%d\"}", iterations);
    kfp_fresh();
    kfp_run("run-1", "ns", "RUNNING");
    kfps_store_options_init(&options);
    options.log = see_statement;
    options.log_level = KFPS_LOG_DEBUG;
    store = kfp_store(&options);
    session = kfp_session(store);
    kfp_ok(kfps_run_set_shape(session, "run-1", shape, &error), &error);
    kfp_task((kfps_task){.uuid = "root", .name = "root", .type = KFPS_TASK_ROOT, .state = KFPS_TASK_RUNNING});
    kfp_task((kfps_task){.uuid = "loop",
                         .parent_uuid = "root",
                         .name = "loop",
                         .type = KFPS_TASK_LOOP,
                         .type_attributes_json = attributes,
                         .state = KFPS_TASK_RUNNING});
    put_children();
    counted = 0;
}

static void teardown(void)
{
    kfps_session_close(session);
    kfps_store_close(store);
}

static void end(int iteration, int32_t state)
{
    char uuid[32];
    kfps_error error;
    kfps_task_update_options options;
    kfps_task_update_options_init(&options);
    options.view = KFPS_VIEW_BASIC;
    snprintf(uuid, sizeof uuid, "child-%05d", iteration);
    kfp_ok(kfps_task_update(session, &(kfps_task_change){.uuid = uuid, .state = state}, 1, &options, NULL, &error),
           &error);
}

/* In the order in which they began: they are counted once, at the end. */
START_TEST(the_oldest_ends_first)
{
    struct timespec from, to;
    clock_gettime(CLOCK_MONOTONIC, &from);
    for (int i = 0; i < iterations - 1; i++)
        end(i, i == 7 ? KFPS_TASK_FAILED : KFPS_TASK_SUCCEEDED);
    clock_gettime(CLOCK_MONOTONIC, &to);
    fprintf(stderr, "%d children ended in %.1f s\n", iterations,
            (double) (to.tv_sec - from.tv_sec) + (double) (to.tv_nsec - from.tv_nsec) / 1e9);
    ck_assert_int_eq(counted, 0);
    ck_assert_int_eq(kfp_task_int("loop", "State"), KFPS_TASK_RUNNING);
    end(iterations - 1, KFPS_TASK_SUCCEEDED);
    ck_assert_int_eq(kfp_task_int("loop", "State"), KFPS_TASK_FAILED);
    ck_assert_int_eq(kfp_task_int("root", "State"), KFPS_TASK_FAILED);
    ck_assert_int_eq(counted, 2); /* of the loop and of the root */
}
END_TEST

/* In the other order the newest say nothing for most of the time, and the loop ends no sooner. */
START_TEST(the_newest_ends_first)
{
    for (int i = iterations - 1; i > 0; i--)
        end(i, KFPS_TASK_SUCCEEDED);
    ck_assert_int_eq(kfp_task_int("loop", "State"), KFPS_TASK_RUNNING);
    end(0, KFPS_TASK_SUCCEEDED);
    ck_assert_int_eq(kfp_task_int("loop", "State"), KFPS_TASK_SUCCEEDED);
    ck_assert_int_eq(kfp_task_int("root", "State"), KFPS_TASK_SUCCEEDED);
}
END_TEST

/* Children that are not there yet are awaited: that those there have all ended is not enough. */
START_TEST(one_is_made_late)
{
    kfp_exec("DELETE FROM \"tasks\" WHERE \"UUID\"='child-00003'");
    for (int i = 0; i < iterations; i++) {
        if (i != 3)
            end(i, KFPS_TASK_SUCCEEDED);
    }
    ck_assert_int_eq(kfp_task_int("loop", "State"), KFPS_TASK_RUNNING);
    kfp_task((kfps_task){.uuid = "child-00003",
                         .parent_uuid = "loop",
                         .name = "t",
                         .type = KFPS_TASK_RUNTIME,
                         .type_attributes_json = "{\"iterationIndex\":\"3\"}",
                         .state = KFPS_TASK_RUNNING});
    end(3, KFPS_TASK_SUCCEEDED);
    ck_assert_int_eq(kfp_task_int("loop", "State"), KFPS_TASK_SUCCEEDED);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("propagate_large");
    TCase *oldest = tcase_create("oldest"), *others = tcase_create("others");
    tcase_set_timeout(oldest, 280);
    tcase_set_timeout(others, 280);
    tcase_add_checked_fixture(oldest, setup, teardown);
    tcase_add_checked_fixture(others, setup, teardown);
    tcase_add_test(oldest, the_oldest_ends_first);
    tcase_add_test(others, the_newest_ends_first);
    tcase_add_test(others, one_is_made_late);
    suite_add_tcase(suite, oldest);
    suite_add_tcase(suite, others);
    return suite_main(suite);
}
