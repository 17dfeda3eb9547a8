/* SPDX-License-Identifier: Apache-2.0 */
/* test_verdict.c: what children make of their parent. */
#include "libkfpstore/task_update.h"
#include "tests/harness/suite.h"

static const struct {
    int64_t children[KFPSI_STATES]; /* unspecified, running, succeeded, skipped, failed, cached */
    int64_t expected;
    bool awaits;
    int32_t verdict;
} cases[] = {
    /* complete */
    {{0, 0, 3, 0, 0, 0}, 3, false, KFPS_TASK_SUCCEEDED},
    {{0, 0, 1, 1, 0, 1}, 3, false, KFPS_TASK_SUCCEEDED},
    {{0, 0, 0, 1, 0, 2}, 3, false, KFPS_TASK_SUCCEEDED},
    {{0, 0, 0, 3, 0, 0}, 3, false, KFPS_TASK_SKIPPED},
    {{0, 0, 0, 0, 0, 3}, 3, false, KFPS_TASK_CACHED},
    {{0, 0, 4, 0, 0, 0}, 3, false, KFPS_TASK_SUCCEEDED},
    {{0, 0, 0, 0, 0, 0}, 0, false, KFPS_TASK_SKIPPED}, /* a loop without iterations */
    /* not yet, or not known */
    {{0, 0, 2, 0, 0, 0}, 3, false, 0},
    {{0, 1, 2, 0, 0, 0}, 3, false, 0},
    {{1, 0, 3, 0, 0, 0}, 3, false, 0},
    {{0, 0, 3, 0, 0, 0}, -1, false, 0},
    {{0, 0, 0, 0, 0, 0}, -1, false, 0},
    /* failures */
    {{0, 0, 0, 0, 1, 0}, -1, false, KFPS_TASK_FAILED},
    {{0, 0, 1, 0, 1, 0}, 5, false, KFPS_TASK_FAILED},
    {{0, 0, 2, 1, 1, 1}, 5, false, KFPS_TASK_FAILED},
    {{0, 1, 0, 0, 1, 0}, 5, false, 0},
    {{1, 0, 0, 0, 1, 0}, -1, false, 0},
    {{0, 0, 1, 0, 1, 0}, 5, true, 0},
};

START_TEST(verdict)
{
    ck_assert_int_eq(kfpsi_verdict(cases[_i].children, cases[_i].expected, cases[_i].awaits), cases[_i].verdict);
}
END_TEST

static const struct {
    const char *json;
    bool found;
    int64_t value;
} attributes[] = {
    {"{\"iterationIndex\":\"3\"}", true, 3},
    {"{\"iterationIndex\":3}", true, 3},
    {"{\"iterationIndex\":\"0\"}", true, 0},
    {"{\"iterationIndex\":\"x\"}", false, 0},
    {"{\"iterationIndex\":1.5}", false, 0},
    {"{\"iterationCount\":\"3\"}", false, 0},
    {"[]", false, 0},
    {"null", false, 0},
    {"", false, 0},
    {NULL, false, 0},
};

START_TEST(attribute)
{
    int64_t value = 0;
    kfpb_arena arena;
    kfpb_arena_init(&arena);
    ck_assert(kfpsi_task_attribute(&arena, attributes[_i].json, "iterationIndex", &value) == attributes[_i].found);
    ck_assert_int_eq(value, attributes[_i].value);
    ck_assert(!arena.out_of_memory);
    kfpb_arena_free(&arena);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("verdict");
    TCase *tc = tcase_create("verdict");
    tcase_add_loop_test(tc, verdict, 0, (int) (sizeof cases / sizeof cases[0]));
    tcase_add_loop_test(tc, attribute, 0, (int) (sizeof attributes / sizeof attributes[0]));
    suite_add_tcase(suite, tc);
    return suite_main(suite);
}
