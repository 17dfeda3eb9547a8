/* SPDX-License-Identifier: Apache-2.0 */
#include "map_fixture.h"

static void check_parent(const fixture *f, int64_t id, int64_t parent, const char *scope)
{
    const kfps_task *task = fx_task(f, id);

    ck_assert_ptr_nonnull(task);
    if (parent == 0)
        ck_assert_ptr_null(task->parent_uuid);
    else
        ck_assert_str_eq(task->parent_uuid, fx_task(f, parent)->uuid);
    ck_assert_str_eq(task->scope_path, scope);
}

/* Parents before children, by depth, then id. */
static void check_order(const fixture *f)
{
    for (size_t i = 0; i < f->rows.task_count; i++) {
        const kfps_task *task = &f->rows.tasks[i];
        if (i > 0 && f->rows.task_depths[i] == f->rows.task_depths[i - 1])
            ck_assert_str_lt(f->rows.tasks[i - 1].uuid, task->uuid);
        else if (i > 0)
            ck_assert_int_gt(f->rows.task_depths[i], f->rows.task_depths[i - 1]);
        for (size_t k = i; task->parent_uuid != NULL && k < f->rows.task_count; k++)
            ck_assert_str_ne(f->rows.tasks[k].uuid, task->parent_uuid);
    }
}

START_TEST(kinds_by_property_and_name)
{
    fixture f;

    fx_init(&f);
    fx_root(&f);
    fx_execution(&f, 2, CONTAINER, "train", 1, MLMD_STATE_COMPLETE);
    fx_execution(&f, 3, IMPORTER, "importer", 1, MLMD_STATE_COMPLETE);
    fx_execution(&f, 4, "system.ImporterWorkspaceExecution", "importer-2", 1, MLMD_STATE_COMPLETE);
    fx_execution(&f, 5, DAG, "exit-handler-1", 1, MLMD_STATE_COMPLETE);
    fx_execution(&f, 6, DAG, "condition-branches-1", 1, MLMD_STATE_COMPLETE);
    fx_execution(&f, 7, DAG, "condition-2", 6, MLMD_STATE_COMPLETE);
    fx_execution(&f, 8, DAG, "conditional", 1, MLMD_STATE_COMPLETE);
    mlmd_execution *loop = fx_execution(&f, 9, DAG, "condition-like", 1, MLMD_STATE_COMPLETE);
    fx_integer(&f, &loop->properties, "iteration_count", 3);
    fx_execution(&f, 10, DAG, "for-loop-4", 1, MLMD_STATE_CANCELED);
    fx_map(&f);
    static const int32_t wanted[] = {KFPS_TASK_ROOT,      KFPS_TASK_RUNTIME,      KFPS_TASK_IMPORTER,
                                     KFPS_TASK_IMPORTER,  KFPS_TASK_EXIT_HANDLER, KFPS_TASK_CONDITION_BRANCH,
                                     KFPS_TASK_CONDITION, KFPS_TASK_DAG,          KFPS_TASK_LOOP,
                                     KFPS_TASK_LOOP};
    for (int64_t id = 1; id <= 10; id++)
        ck_assert_int_eq(fx_task(&f, id)->type, wanted[id - 1]);
    ck_assert_str_eq(fx_task(&f, 1)->name, "ROOT");
    ck_assert_str_eq(fx_task(&f, 1)->display_name, "");
    ck_assert_str_eq(fx_task(&f, 2)->type_attributes_json, "{}");
    ck_assert_str_eq(fx_task(&f, 4)->type_attributes_json, "{\"downloadToWorkspace\":true}");
    ck_assert_str_eq(fx_task(&f, 9)->type_attributes_json, "{\"iterationCount\":\"3\"}");
    check_parent(&f, 7, 6, "root.condition-branches-1");
    check_order(&f);
    fx_free(&f);
}
END_TEST

/* LOOP 2 -> iterations 3, 4 -> containers 5, 6; in 3 a nested LOOP 7 -> iteration 8 -> DAG 9 -> container 10. */
static void nested_loops(fixture *f)
{
    fx_root(f);
    mlmd_execution *e = fx_execution(f, 2, DAG, "for-loop-1", 1, MLMD_STATE_COMPLETE);
    fx_integer(f, &e->properties, "iteration_count", 2);
    for (int i = 0; i < 2; i++) {
        e = fx_execution(f, 3 + i, DAG, "for-loop-1", 2, MLMD_STATE_COMPLETE);
        fx_integer(f, &e->properties, "iteration_index", i);
    }
    fx_execution(f, 5, CONTAINER, "each", 3, MLMD_STATE_COMPLETE);
    fx_execution(f, 6, CONTAINER, "each", 4, MLMD_STATE_COMPLETE);
    e = fx_execution(f, 7, DAG, "for-loop-2", 3, MLMD_STATE_COMPLETE);
    fx_integer(f, &e->properties, "iteration_count", 1);
    e = fx_execution(f, 8, DAG, "for-loop-2", 7, MLMD_STATE_COMPLETE);
    fx_integer(f, &e->properties, "iteration_index", 5);
    fx_execution(f, 9, DAG, "sub", 8, MLMD_STATE_COMPLETE);
    fx_execution(f, 10, CONTAINER, "leaf", 9, MLMD_STATE_COMPLETE);
}

START_TEST(iterations_give_way_to_their_loop)
{
    fixture f;

    fx_init(&f);
    nested_loops(&f);
    fx_map(&f);
    ck_assert_uint_eq(f.rows.task_count, 7);
    ck_assert_ptr_null(fx_task(&f, 3));
    ck_assert_ptr_null(fx_task(&f, 8));
    ck_assert_uint_eq(fx_notes(&f, NOTE_ITERATION_FLATTENED), 3);
    check_parent(&f, 5, 2, "root.for-loop-1");
    check_parent(&f, 6, 2, "root.for-loop-1");
    check_parent(&f, 7, 2, "root.for-loop-1");
    check_parent(&f, 9, 7, "root.for-loop-1.for-loop-2");
    check_parent(&f, 10, 9, "root.for-loop-1.for-loop-2.sub");
    ck_assert_str_eq(fx_task(&f, 5)->type_attributes_json, "{\"iterationIndex\":\"0\"}");
    ck_assert_str_eq(fx_task(&f, 6)->type_attributes_json, "{\"iterationIndex\":\"1\"}");
    ck_assert_str_eq(fx_task(&f, 7)->type_attributes_json, "{\"iterationCount\":\"1\",\"iterationIndex\":\"0\"}");
    ck_assert_str_eq(fx_task(&f, 10)->type_attributes_json, "{\"iterationIndex\":\"5\"}");
    ck_assert_str_eq(fx_task(&f, 2)->type_attributes_json, "{\"iterationCount\":\"2\"}");
    /* the index keeps the two apart */
    ck_assert_str_ne(fx_task(&f, 5)->logical_key, fx_task(&f, 6)->logical_key);
    check_order(&f);
    fx_free(&f);
}
END_TEST

START_TEST(containers_may_stand_directly_in_a_loop)
{
    fixture f;

    fx_init(&f);
    fx_root(&f);
    mlmd_execution *e = fx_execution(&f, 2, DAG, "for-loop-1", 1, MLMD_STATE_COMPLETE);
    fx_integer(&f, &e->properties, "iteration_count", 1);
    e = fx_execution(&f, 3, CONTAINER, "each", 2, MLMD_STATE_COMPLETE);
    fx_integer(&f, &e->properties, "iteration_index", 0);
    fx_map(&f);
    check_parent(&f, 3, 2, "root.for-loop-1");
    ck_assert_str_eq(fx_task(&f, 3)->type_attributes_json, "{\"iterationIndex\":\"0\"}");
    fx_free(&f);
}
END_TEST

START_TEST(missing_parents_become_the_root)
{
    fixture f;

    fx_init(&f);
    fx_root(&f);
    fx_execution(&f, 2, CONTAINER, "lost", 99, MLMD_STATE_COMPLETE);
    fx_execution(&f, 3, CONTAINER, "without", 0, MLMD_STATE_COMPLETE);
    fx_map(&f);
    check_parent(&f, 2, 1, "root");
    check_parent(&f, 3, 1, "root");
    ck_assert_uint_eq(fx_notes(&f, NOTE_PARENT_MISSING), 2);
    fx_free(&f);

    fx_init(&f); /* no root either */
    fx_execution(&f, 2, CONTAINER, "lost", 99, MLMD_STATE_COMPLETE);
    fx_map(&f);
    check_parent(&f, 2, 0, "root");
    fx_free(&f);
}
END_TEST

START_TEST(cycles_are_cut_at_the_smallest_id)
{
    fixture f;

    fx_init(&f);
    fx_root(&f);
    fx_execution(&f, 2, DAG, "self", 2, MLMD_STATE_COMPLETE);
    fx_execution(&f, 3, DAG, "a", 5, MLMD_STATE_COMPLETE);
    fx_execution(&f, 4, DAG, "b", 3, MLMD_STATE_COMPLETE);
    fx_execution(&f, 5, DAG, "c", 4, MLMD_STATE_COMPLETE);
    fx_execution(&f, 6, CONTAINER, "below", 5, MLMD_STATE_COMPLETE);
    fx_map(&f);
    check_parent(&f, 2, 1, "root");
    check_parent(&f, 3, 1, "root");
    check_parent(&f, 4, 3, "root.a");
    check_parent(&f, 5, 4, "root.a.b");
    check_parent(&f, 6, 5, "root.a.b.c");
    ck_assert_uint_eq(fx_notes(&f, NOTE_PARENT_CYCLE), 2);
    check_order(&f);
    fx_free(&f);
}
END_TEST

START_TEST(chains_are_cut_below_128)
{
    fixture f;

    fx_init(&f);
    fx_root(&f);
    for (int64_t id = 2; id <= 400; id++)
        fx_execution(&f, id, DAG, "d", id - 1, MLMD_STATE_COMPLETE);
    fx_map(&f);
    ck_assert_str_eq(fx_task(&f, 129)->parent_uuid, fx_task(&f, 128)->uuid);
    ck_assert_str_eq(fx_task(&f, 130)->parent_uuid, fx_task(&f, 1)->uuid);
    ck_assert_str_eq(fx_task(&f, 131)->parent_uuid, fx_task(&f, 130)->uuid);
    ck_assert_uint_eq(fx_notes(&f, NOTE_PARENT_CYCLE), 3);
    ck_assert_int_eq(f.rows.task_depths[f.rows.task_count - 1], 128);
    check_order(&f);
    fx_free(&f);
}
END_TEST

START_TEST(names_before_and_after_214)
{
    fixture f;

    fx_init(&f);
    fx_root(&f);
    mlmd_execution *e = fx_execution(&f, 2, CONTAINER, "key", 1, MLMD_STATE_COMPLETE);
    fx_text(&f, &e->properties, "display_name", "Shown");
    e = fx_execution(&f, 3, CONTAINER, "key-2", 1, MLMD_STATE_COMPLETE);
    fx_text(&f, &e->properties, "display_name", "");
    e = fx_execution(&f, 4, CONTAINER, "", 1, MLMD_STATE_COMPLETE);
    fx_text(&f, &e->properties, "display_name", "Only shown");
    fx_execution(&f, 5, CONTAINER, "key-3", 1, MLMD_STATE_COMPLETE);
    fx_execution(&f, 6, CONTAINER, NULL, 1, MLMD_STATE_COMPLETE);
    fx_map(&f);
    static const char *const wanted[][2] = {
        {"key", "Shown"}, {"key-2", ""}, {"Only shown", "Only shown"}, {"key-3", "key-3"}, {"", ""}};
    for (int64_t id = 2; id <= 6; id++) {
        ck_assert_str_eq(fx_task(&f, id)->name, wanted[id - 2][0]);
        ck_assert_str_eq(fx_task(&f, id)->display_name, wanted[id - 2][1]);
    }
    ck_assert_ptr_null(fx_task(&f, 6)->logical_key);
    fx_free(&f);
}
END_TEST

START_TEST(logical_keys_are_the_servers)
{
    fixture f;
    char key[KFPS_HASH_SIZE];
    const int64_t index = 5;

    fx_init(&f);
    nested_loops(&f);
    fx_map(&f);
    const kfps_task *leaf = fx_task(&f, 10);
    kfps_task_logical_key(RUN_ID, leaf->parent_uuid, "root.for-loop-1.for-loop-2.sub", "leaf", KFPS_TASK_RUNTIME,
                          &index, key);
    ck_assert_str_eq(leaf->logical_key, key);
    kfps_task_logical_key(RUN_ID, NULL, "root", "ROOT", KFPS_TASK_ROOT, NULL, key);
    ck_assert_str_eq(fx_task(&f, 1)->logical_key, key);
    fx_free(&f);
}
END_TEST

static Suite *graph_suite(void)
{
    Suite *suite = suite_create("map graph");
    TCase *tc = tcase_create("graph");

    tcase_add_test(tc, kinds_by_property_and_name);
    tcase_add_test(tc, iterations_give_way_to_their_loop);
    tcase_add_test(tc, containers_may_stand_directly_in_a_loop);
    tcase_add_test(tc, missing_parents_become_the_root);
    tcase_add_test(tc, cycles_are_cut_at_the_smallest_id);
    tcase_add_test(tc, chains_are_cut_below_128);
    tcase_add_test(tc, names_before_and_after_214);
    tcase_add_test(tc, logical_keys_are_the_servers);
    suite_add_tcase(suite, tc);
    return suite;
}

int main(void)
{
    return suite_main(graph_suite());
}
