/* SPDX-License-Identifier: Apache-2.0 */
/* Which groups of runs must not pass each other. */
#include "migrate/import/order.h"
#include "tests/harness/suite.h"

/* A group of one run with one artifact. */
typedef struct one {
    group g;
    group_run run;
    kfps_artifact artifact;
    order_keys keys;
} one;

static void make(one *o, const char *run, const char *artifact, bool makes_row)
{
    *o = (one){
        .artifact = {.uuid = artifact, .artifact_namespace = "ns", .name = "a", .uri = "s3://a", .created_at = 7}};
    o->run = (group_run){.row = {.found = true, .uuid = run}, .create_row = makes_row, .outcome = RUN_IMPORTED};
    o->run.rows.artifacts = &o->artifact;
    o->run.rows.artifact_count = 1;
    o->g.runs = &o->run;
    o->g.count = 1;
    kfpb_arena_init(&o->g.arena);
}

static void drop(one *o)
{
    kfpb_arena_free(&o->g.arena);
}

static bool waits(one *later, one *earlier, bool experiment_made)
{
    ck_assert(order_keys_make(&later->keys, &later->g));
    ck_assert(order_keys_make(&earlier->keys, &earlier->g));
    return order_must_wait(&later->keys, &earlier->keys, experiment_made);
}

START_TEST(strangers_pass)
{
    one a, b;
    make(&a, "run-1", "artifact-1", false);
    make(&b, "run-2", "artifact-2", true);
    ck_assert(!waits(&b, &a, false));
    drop(&a);
    drop(&b);
}
END_TEST

START_TEST(who_shares_a_run_row_waits)
{
    one a, b;
    make(&a, "run-1", "artifact-1", false);
    make(&b, "run-1", "artifact-2", false);
    ck_assert(waits(&b, &a, true));
    a.run.outcome = RUN_SKIPPED; /* of a run that is left out nothing is written but its line in the ledger */
    ck_assert(!waits(&b, &a, true));
    drop(&a);
    drop(&b);
}
END_TEST

START_TEST(an_artifact_that_both_see_alike_holds_nobody_up)
{
    one a, b;
    make(&a, "run-1", "artifact-1", false);
    make(&b, "run-2", "artifact-1", false);
    ck_assert(!waits(&b, &a, true));
    drop(&a);
    drop(&b);
}
END_TEST

START_TEST(one_that_they_see_differently_does)
{
    one a, b;
    make(&a, "run-1", "artifact-1", false);
    make(&b, "run-2", "artifact-1", false);
    b.artifact.created_at = 8;
    ck_assert(waits(&b, &a, true));
    b.artifact.created_at = 7;
    b.artifact.name = "b";
    ck_assert(waits(&b, &a, true));
    b.artifact.name = "a";
    b.artifact.uri = NULL;
    ck_assert(waits(&b, &a, true));
    b.artifact.uri = "s3://a";
    b.artifact.has_number_value = 1;
    ck_assert(waits(&b, &a, true));
    drop(&a);
    drop(&b);
}
END_TEST

START_TEST(also_where_only_one_run_of_a_group_does)
{
    one a, b;
    make(&a, "run-1", "artifact-2", false);
    make(&b, "run-2", "artifact-2", false);
    kfps_artifact others[] = {a.artifact, a.artifact, a.artifact};
    others[0].uuid = "artifact-1";
    others[2].created_at = 8;
    a.run.rows.artifacts = others;
    a.run.rows.artifact_count = 3;
    ck_assert(waits(&b, &a, true));
    ck_assert(waits(&a, &b, true));
    others[2].created_at = 7;
    ck_assert(!waits(&b, &a, true));
    drop(&a);
    drop(&b);
}
END_TEST

START_TEST(the_first_that_makes_rows_makes_their_experiment)
{
    one a, b;
    make(&a, "run-1", "artifact-1", true);
    make(&b, "run-2", "artifact-2", true);
    ck_assert(waits(&b, &a, false));
    ck_assert(!waits(&b, &a, true));
    a.run.outcome = RUN_REJECTED;
    ck_assert(!waits(&b, &a, false));
    drop(&a);
    drop(&b);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("order");
    TCase *rules = tcase_create("rules");
    tcase_add_test(rules, strangers_pass);
    tcase_add_test(rules, who_shares_a_run_row_waits);
    tcase_add_test(rules, an_artifact_that_both_see_alike_holds_nobody_up);
    tcase_add_test(rules, one_that_they_see_differently_does);
    tcase_add_test(rules, also_where_only_one_run_of_a_group_does);
    tcase_add_test(rules, the_first_that_makes_rows_makes_their_experiment);
    suite_add_tcase(suite, rules);
    return suite_main(suite);
}
