/* SPDX-License-Identifier: Apache-2.0 */
/* test_propagate_deep.c: a task that ends all of its ancestors, however many there are; and ancestors in a circle. */
#include "tests/harness/kfp_rows.h"
#include "tests/harness/one_session.h"

enum { DEEPEST = 6 };

static void setup(void)
{
    kfp_fresh();
    kfp_run("run-1", "ns", "RUNNING");
    open_session();
}

static const char *named(int tree, int level)
{
    static char names[2][32];
    static int turn;
    turn = 1 - turn;
    snprintf(names[turn], sizeof names[turn], "t%d-%d", tree, level);
    return names[turn];
}

/* `ancestors` DAGs, the first of them without a parent, and a task below the last one. */
static void make_tree(int tree, int ancestors)
{
    for (int level = 0; level <= ancestors; level++)
        kfp_task((kfps_task){.uuid = named(tree, level),
                             .parent_uuid = level > 0 ? named(tree, level - 1) : NULL,
                             .name = "x",
                             .type = level == ancestors ? KFPS_TASK_RUNTIME
                                     : level == 0       ? KFPS_TASK_ROOT
                                                        : KFPS_TASK_DAG,
                             .state = KFPS_TASK_RUNNING});
}

static void fail_task(int tree, int level)
{
    const kfps_task_change change = {.uuid = named(tree, level), .state = KFPS_TASK_FAILED};
    kfp_ok(kfps_task_update(session, &change, 1, NULL, NULL, &error), &error);
}

START_TEST(all_ancestors_end)
{
    for (int ancestors = 0; ancestors <= DEEPEST; ancestors++) {
        make_tree(ancestors, ancestors);
        fail_task(ancestors, ancestors);
        for (int level = 0; level <= ancestors; level++)
            ck_assert_msg(kfp_task_int(named(ancestors, level), "State") == KFPS_TASK_FAILED, "%d of %d", level,
                          ancestors);
    }
}
END_TEST

/* Only another program can close one. */
START_TEST(a_circle_does_no_harm)
{
    for (int ancestors = 1; ancestors <= DEEPEST; ancestors++) {
        char sql[160];
        make_tree(ancestors, ancestors);
        snprintf(sql, sizeof sql, "UPDATE \"tasks\" SET \"ParentTaskUUID\"='%s' WHERE \"UUID\"='%s'",
                 named(ancestors, ancestors), named(ancestors, 0));
        kfp_exec(sql);
        fail_task(ancestors, ancestors);
        ck_assert_int_eq(kfp_task_int(named(ancestors, ancestors), "State"), KFPS_TASK_FAILED);
        kfp_exec("UPDATE \"tasks\" SET \"ParentTaskUUID\"=NULL");
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("propagate_deep");
    TCase *tc = tcase_create("deep");
    tcase_add_checked_fixture(tc, setup, close_session);
    tcase_add_test(tc, all_ancestors_end);
    tcase_add_test(tc, a_circle_does_no_harm);
    suite_add_tcase(suite, tc);
    return suite_main(suite);
}
