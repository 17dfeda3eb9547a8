/* SPDX-License-Identifier: Apache-2.0 */
/* test_gate.c: whoever waits gets a place that is free, and gets in although others pass it for a while. */
#include <pthread.h>
#include <time.h>

#include "libkfpstore/gate.h"
#include "tests/harness/suite.h"

/* A lost wake-up ends the wait only then; the tests' own work takes a thousandth of it. */
enum { WAIT_MS = 20000, ROUNDS = 500 };

typedef struct scene {
    gate g;
    atomic_bool stop;
    atomic_bool missed; /* a place that was not had within WAIT_MS */
    atomic_int inside, most, passed;
} scene;

static void pass(scene *s)
{
    if (!gate_enter(&s->g, WAIT_MS, NULL)) {
        atomic_store(&s->missed, true);
        return;
    }
    const int inside = atomic_fetch_add(&s->inside, 1) + 1;
    for (int most = atomic_load(&s->most); inside > most && !atomic_compare_exchange_weak(&s->most, &most, inside);)
        ;
    atomic_fetch_sub(&s->inside, 1);
    gate_leave(&s->g);
}

static void sleep_us(long us)
{
    nanosleep(&(struct timespec){.tv_nsec = us * 1000}, NULL);
}

static void *pass_once(void *argument)
{
    scene *s = argument;
    pass(s);
    atomic_fetch_add(&s->passed, 1);
    return NULL;
}

static void *pass_on(void *argument)
{
    scene *s = argument;
    while (!atomic_load(&s->stop))
        pass(s);
    return NULL;
}

/* One waits; who is inside leaves and comes by again before it has woken, some times, then leaves for good at a moment
 * when the other has just woken in vain: nobody will wake it, so it must look. */
START_TEST(who_woke_in_vain_looks_again)
{
    static scene s;
    ck_assert_int_eq(gate_init(&s.g, 1), 0);
    for (int round = 0; round < ROUNDS; round++) {
        pthread_t waiter;
        ck_assert(gate_enter(&s.g, WAIT_MS, NULL));
        ck_assert_int_eq(pthread_create(&waiter, NULL, pass_once, &s), 0);
        sleep_us(50);
        for (int i = 0; i < round % 5; i++) {
            gate_leave(&s.g);
            ck_assert(gate_enter(&s.g, WAIT_MS, NULL));
            sleep_us(round % 7 * 20);
        }
        gate_leave(&s.g);
        pthread_join(waiter, NULL);
        ck_assert(!atomic_load(&s.missed));
    }
    ck_assert_int_eq(atomic_load(&s.passed), ROUNDS);
    gate_destroy(&s.g);
}
END_TEST

/* Two who never pause do not keep a third out, and no more are inside than there are places. */
static void crowd(unsigned places)
{
    static scene s;
    pthread_t busy[3];
    s = (scene){.stop = false};
    ck_assert_int_eq(gate_init(&s.g, places), 0);
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(pthread_create(&busy[i], NULL, pass_on, &s), 0);
    for (int i = 0; i < ROUNDS; i++)
        pass(&s);
    atomic_store(&s.stop, true);
    for (int i = 0; i < 3; i++)
        pthread_join(busy[i], NULL);
    ck_assert(!atomic_load(&s.missed));
    ck_assert_int_ge(atomic_load(&s.most), 1);
    ck_assert_int_le(atomic_load(&s.most), (int) places);
    gate_destroy(&s.g);
}

START_TEST(nobody_is_kept_out)
{
    crowd(1);
    crowd(2);
}
END_TEST

START_TEST(time_and_cancellation_end_a_wait)
{
    gate g;
    atomic_bool cancelled = false;
    ck_assert_int_eq(gate_init(&g, 1), 0);
    ck_assert(gate_enter(&g, 0, NULL));
    ck_assert(!gate_enter(&g, 1, NULL));
    atomic_store(&cancelled, true);
    ck_assert(!gate_enter(&g, WAIT_MS, &cancelled));
    gate_leave(&g);
    ck_assert(gate_enter(&g, 0, NULL));
    gate_leave(&g);
    gate_destroy(&g);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("gate");
    TCase *all = tcase_create("gate");
    tcase_set_timeout(all, 60);
    tcase_add_test(all, who_woke_in_vain_looks_again);
    tcase_add_test(all, nobody_is_kept_out);
    tcase_add_test(all, time_and_cancellation_end_a_wait);
    suite_add_tcase(suite, all);
    return suite_main(suite);
}
