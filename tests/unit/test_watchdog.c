/* SPDX-License-Identifier: Apache-2.0 */
/* test_watchdog.c: what is watched is cut at its time and not otherwise, and calls that end in time wake no thread. */
#include <stdatomic.h>
#include <sys/resource.h>
#include <time.h>

#include "libkfpstore/watchdog.h"
#include "tests/harness/suite.h"

/* Whoever was forgotten is seen then; other programs may run beside us. */
enum { SOON_MS = 20, LATER_MS = 60000, PATIENCE_MS = 20000, CALLS = 10000 };

static kfpsi_watchdog *dog;

static void begin(void)
{
    kfps_error error;
    ck_assert_int_eq(kfpsi_watchdog_new(&dog, &error), KFPS_OK);
}

static void end(void)
{
    kfpsi_watchdog_free(dog);
}

static void count(void *what)
{
    atomic_fetch_add((atomic_int *) what, 1);
}

static void sleep_ms(long ms)
{
    nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000}, NULL);
}

static int cut_within(const atomic_int *cuts, int ms)
{
    for (int waited = 0; atomic_load(cuts) == 0 && waited < ms; waited++)
        sleep_ms(1);
    return atomic_load(cuts);
}

START_TEST(a_call_is_cut_once)
{
    atomic_int cuts = 0;
    kfpsi_watch watch = {.cut = count, .what = &cuts};
    const int64_t began = kfpsi_monotonic_ns();
    ck_assert(kfpsi_watch_begin(dog, &watch, SOON_MS));
    ck_assert_int_eq(cut_within(&cuts, PATIENCE_MS), 1);
    ck_assert_int_ge(kfpsi_monotonic_ns() - began, (int64_t) SOON_MS * 1000000);
    kfpsi_watch_end(dog, &watch);
    ck_assert_int_eq(atomic_load(&cuts), 1);
}
END_TEST

/* The thread sleeps until a time that is late for it. */
START_TEST(a_shorter_time_is_not_slept_through)
{
    atomic_int cuts = 0, others = 0;
    kfpsi_watch later = {.cut = count, .what = &others}, gone = later, soon = {.cut = count, .what = &cuts};
    ck_assert(kfpsi_watch_begin(dog, &later, LATER_MS));
    sleep_ms(SOON_MS);
    ck_assert(kfpsi_watch_begin(dog, &soon, SOON_MS));
    ck_assert_int_eq(cut_within(&cuts, PATIENCE_MS), 1);
    /* the same one, which is watched already */
    atomic_store(&cuts, 0);
    ck_assert(kfpsi_watch_begin(dog, &soon, LATER_MS));
    ck_assert(kfpsi_watch_begin(dog, &soon, LATER_MS * 2));
    ck_assert(kfpsi_watch_begin(dog, &soon, SOON_MS));
    ck_assert_int_eq(cut_within(&cuts, PATIENCE_MS), 1);
    /* after all have ended, and while the thread sleeps for the one that was first */
    kfpsi_watch_end(dog, &later);
    ck_assert(kfpsi_watch_begin(dog, &gone, LATER_MS / 2));
    kfpsi_watch_end(dog, &gone);
    atomic_store(&cuts, 0);
    ck_assert(kfpsi_watch_begin(dog, &soon, SOON_MS));
    ck_assert_int_eq(cut_within(&cuts, PATIENCE_MS), 1);
    ck_assert_int_eq(atomic_load(&others), 0);
}
END_TEST

/* The thread wakes when the first of these times has come, and then it sleeps on for the last. */
START_TEST(who_ended_is_not_cut)
{
    bool in_time = false;
    for (int i = 0; i < 20 && !in_time; i++) { /* on a busy machine the end may come late */
        atomic_int cuts = 0, last = 0;
        kfpsi_watch watch = {.cut = count, .what = &cuts}, lasting = {.cut = count, .what = &last};
        const int64_t began = kfpsi_monotonic_ns();
        ck_assert(kfpsi_watch_begin(dog, &watch, SOON_MS));
        ck_assert(kfpsi_watch_begin(dog, &lasting, SOON_MS * 5));
        kfpsi_watch_end(dog, &watch);
        in_time = kfpsi_monotonic_ns() - began < (int64_t) SOON_MS * 1000000;
        ck_assert_int_eq(cut_within(&last, PATIENCE_MS), 1);
        if (in_time)
            ck_assert_int_eq(atomic_load(&cuts), 0);
        kfpsi_watch_end(dog, &lasting);
    }
    ck_assert(in_time);
}
END_TEST

START_TEST(calls_in_time_wake_nobody)
{
    atomic_int cuts = 0;
    kfpsi_watch watch = {.cut = count, .what = &cuts};
    struct rusage before, after;
    ck_assert(kfpsi_watch_begin(dog, &watch, LATER_MS));
    kfpsi_watch_end(dog, &watch);
    sleep_ms(SOON_MS);
    getrusage(RUSAGE_SELF, &before);
    for (int i = 0; i < CALLS; i++) {
        ck_assert(kfpsi_watch_begin(dog, &watch, LATER_MS));
        if (i % 100 == 0)
            sleep_ms(1); /* who was woken goes to sleep again */
        kfpsi_watch_end(dog, &watch);
    }
    getrusage(RUSAGE_SELF, &after);
    ck_assert_int_le(after.ru_nvcsw - before.ru_nvcsw, CALLS / 100 + 20); /* our own sleeping is all */
    ck_assert_int_eq(atomic_load(&cuts), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("watchdog");
    TCase *all = tcase_create("watchdog");
    tcase_set_timeout(all, 120);
    tcase_add_checked_fixture(all, begin, end);
    tcase_add_test(all, a_call_is_cut_once);
    tcase_add_test(all, a_shorter_time_is_not_slept_through);
    tcase_add_test(all, who_ended_is_not_cut);
    tcase_add_test(all, calls_in_time_wake_nobody);
    suite_add_tcase(suite, all);
    return suite_main(suite);
}
