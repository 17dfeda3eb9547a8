/* SPDX-License-Identifier: Apache-2.0 */
/* test_breather.c: writers without a gap leave one about once a second, and none waits long for another. */
#include <time.h>

#include "libkfpstore/breather.h"
#include "tests/harness/suite.h"

enum { THREADS = 4, PAUSE_MS = 120 };

typedef struct scene {
    breather air;
    atomic_bool stop;
    atomic_int inside;
    int64_t longest_wait_ns[THREADS];
    atomic_int next;
} scene;

static int64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t) t.tv_sec * 1000000000 + t.tv_nsec;
}

static void sleep_ms(long ms)
{
    nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000}, NULL);
}

static void *write_on(void *argument)
{
    scene *s = argument;
    const int own = atomic_fetch_add(&s->next, 1);
    while (!atomic_load(&s->stop)) {
        const int64_t began = now_ns();
        breather_enter(&s->air, NULL);
        const int64_t waited = now_ns() - began;
        if (waited > s->longest_wait_ns[own])
            s->longest_wait_ns[own] = waited;
        atomic_fetch_add(&s->inside, 1);
        sleep_ms(3);
        atomic_fetch_sub(&s->inside, 1);
        breather_leave(&s->air);
    }
    return NULL;
}

START_TEST(a_gap_about_once_a_second)
{
    static scene s;
    pthread_t threads[THREADS];
    int gaps = 0;
    int64_t empty_since = 0;
    ck_assert_int_eq(breather_init(&s.air, PAUSE_MS), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, write_on, &s);
    const int64_t end = now_ns() + 3600000000LL;
    while (now_ns() < end) {
        const int64_t now = now_ns();
        if (atomic_load(&s.inside) > 0)
            empty_since = 0;
        else if (empty_since == 0)
            empty_since = now;
        else if (empty_since > 0 && now - empty_since > PAUSE_MS / 2 * 1000000LL) {
            gaps++;
            empty_since = -1; /* counted */
        }
        sleep_ms(1);
    }
    atomic_store(&s.stop, true);
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        ck_assert_msg(s.longest_wait_ns[i] < 3000000000, "%lld ns", (long long) s.longest_wait_ns[i]);
    }
    ck_assert_msg(gaps >= 2 && gaps <= 4, "%d gaps", gaps);
    breather_destroy(&s.air);
}
END_TEST

/* Who stays inside for long, a transaction over several calls, holds the others up once and for a bounded time. */
START_TEST(a_long_stay_does_not_shut_the_others_out)
{
    breather air;
    ck_assert_int_eq(breather_init(&air, PAUSE_MS), 0);
    breather_enter(&air, NULL);
    sleep_ms(1100);
    const int64_t began = now_ns();
    breather_enter(&air, NULL);
    const int64_t first = now_ns() - began;
    breather_leave(&air);
    breather_enter(&air, NULL);
    const int64_t second = now_ns() - began - first;
    ck_assert_msg(first > 100000000 && first < 3000000000, "%lld ns", (long long) first);
    ck_assert_msg(second < 100000000, "%lld ns", (long long) second);
    breather_leave(&air);
    breather_leave(&air);
    breather_destroy(&air);
}
END_TEST

START_TEST(who_comes_after_a_gap_does_not_wait)
{
    breather air;
    ck_assert_int_eq(breather_init(&air, PAUSE_MS), 0);
    breather_enter(&air, NULL);
    breather_leave(&air);
    sleep_ms(1200);
    const int64_t began = now_ns();
    breather_enter(&air, NULL);
    ck_assert_int_lt(now_ns() - began, (PAUSE_MS - 20) * 1000000LL);
    breather_leave(&air);
    breather_destroy(&air);
}
END_TEST

START_TEST(cancelled_it_does_not_wait)
{
    breather air;
    const atomic_bool cancelled = true;
    ck_assert_int_eq(breather_init(&air, PAUSE_MS), 0);
    breather_enter(&air, NULL);
    sleep_ms(1100);
    const int64_t began = now_ns();
    breather_enter(&air, &cancelled);
    ck_assert_int_lt(now_ns() - began, 100000000);
    breather_leave(&air);
    breather_leave(&air);
    breather_destroy(&air);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("breather");
    TCase *tc = tcase_create("breather");
    tcase_set_timeout(tc, 30);
    tcase_add_test(tc, a_gap_about_once_a_second);
    tcase_add_test(tc, a_long_stay_does_not_shut_the_others_out);
    tcase_add_test(tc, who_comes_after_a_gap_does_not_wait);
    tcase_add_test(tc, cancelled_it_does_not_wait);
    suite_add_tcase(suite, tc);
    return suite_main(suite);
}
