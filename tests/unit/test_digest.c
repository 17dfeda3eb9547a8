/* SPDX-License-Identifier: Apache-2.0 */
/* A run's digest: it changes with everything that its rows are made from, and with nothing else. */
#include "map_fixture.h"
#include "migrate/import/digest.h"

typedef struct digests {
    char text[KFPS_HASH_SIZE];
} digests;

static void build(fixture *f)
{
    fx_init(f);
    fx_root(f);
    fx_text(f, &fx_execution(f, 2, CONTAINER, "train", 1, MLMD_STATE_COMPLETE)->properties, "pod_name", "pod");
    mlmd_artifact *a = fx_artifact(f, 7, "system.Model", "s3://bucket/model");
    fx_real(f, &a->properties, "rows", 12);
    fx_event(f, 3, 2, 7, MLMD_EVENT_INPUT, "model");
    f->foreign[0] = (mlmd_execution){.id = 90,
                                     .type = CONTAINER,
                                     .state = MLMD_STATE_COMPLETE,
                                     .state_known = true,
                                     .create_ms = FX_TIME * 1000,
                                     .update_ms = (FX_TIME + 1) * 1000,
                                     .foreign = true};
    fx_text(f, &f->foreign[0].properties, "task_name", "make");
    f->run.foreign_count = 1;
    f->foreign_events[0] = (mlmd_event){
        .id = 1, .artifact_id = 7, .execution_id = 90, .type = MLMD_EVENT_OUTPUT, .ms = FX_TIME * 1000, .key = "out"};
    f->run.foreign_event_count = 1;
    fx_text(f, &f->run.properties, "namespace", "team");
}

static digests digest_of(fixture *f)
{
    digests d;
    fx_wire(f, f->events, f->run.event_count, f->executions, f->run.execution_count);
    fx_wire(f, f->foreign_events, f->run.foreign_event_count, f->foreign, f->run.foreign_count);
    f->run.executions = f->executions;
    f->run.events = f->events;
    f->run.artifacts = f->artifacts;
    f->run.foreign = f->foreign;
    f->run.foreign_events = f->foreign_events;
    import_digest(&f->run, &f->target, &f->options, d.text);
    return d;
}

static void change(fixture *f, int what)
{
    static const map_legacy_fingerprint legacy = {2, "00ff"};
    switch (what) {
    case 0:
        f->executions[1].state = MLMD_STATE_FAILED;
        break;
    case 1:
        f->executions[1].update_ms++;
        break;
    case 2:
        f->executions[1].state_known = false;
        break;
    case 3:
        fx_text(f, &f->executions[1].properties, "image", "");
        break;
    case 4:
        f->events[0].key = "models";
        break;
    case 5:
        f->events[0].type = MLMD_EVENT_OUTPUT;
        break;
    case 6:
        f->run.event_count = 0;
        break;
    case 7:
        f->artifacts[0].uri = NULL;
        break;
    case 8:
        f->artifacts[0].update_ms++;
        break;
    case 9:
        f->artifacts[0].owner_namespace = "other";
        break;
    case 10:
        f->foreign[0].state = MLMD_STATE_FAILED;
        break;
    case 11:
        f->foreign[0].create_ms++;
        break;
    case 12:
        f->run.foreign_event_count = 0;
        break;
    case 13:
        f->target.state = MAP_RUN_FAILED;
        break;
    case 14:
        f->target.finished_at++;
        break;
    case 15:
        f->target.run_namespace = "";
        break;
    case 16:
        f->options.canceled_is_failed = true;
        break;
    case 17:
        f->options.any_execution_type = true;
        break;
    case 18:
        f->options.source_id = "second";
        break;
    case 19:
        f->target.legacy = &legacy;
        f->target.legacy_count = 1;
        break;
    case 20:
        fx_text(f, &f->run.properties, "resource_name", "x");
        break;
    case 21:
        f->executions[1].name = "";
        break;
    default:
        ck_abort();
    }
}

enum { CHANGES = 22 };

START_TEST(everything_that_rows_are_made_from_counts)
{
    fixture plain, changed;

    build(&plain);
    build(&changed);
    const digests before = digest_of(&plain);
    change(&changed, _i);
    const digests after = digest_of(&changed);
    ck_assert_str_ne(before.text, after.text);
    fx_free(&plain);
    fx_free(&changed);
}
END_TEST

START_TEST(nothing_else_does)
{
    fixture plain, changed;

    build(&plain);
    build(&changed);
    const digests before = digest_of(&plain);
    ck_assert_str_eq(before.text, digest_of(&changed).text);
    /* when another run's execution was last touched says nothing about this run */
    changed.foreign[0].update_ms += 1000;
    ck_assert_str_eq(before.text, digest_of(&changed).text);
    fx_free(&plain);
    fx_free(&changed);
}
END_TEST

/* ---- the rows that were made --------------------------------------------------------------------------------------
 */

typedef struct made {
    kfps_task tasks[2];
    kfps_artifact_task link;
    map_rows rows;
    digests before;
} made;

static digests rows_digest_of(const map_rows *rows)
{
    digests d;
    rows_digest_run(rows, d.text);
    return d;
}

static void make_rows(made *m)
{
    m->tasks[0] = (kfps_task){.uuid = "a", .run_uuid = "r", .pods_json = "[]", .name = "root", .state = 1};
    m->tasks[1] = (kfps_task){.uuid = "b", .run_uuid = "r", .pods_json = "[]", .parent_uuid = "a", .state = 3};
    m->link = (kfps_artifact_task){.uuid = "l", .artifact_uuid = "x", .task_uuid = "b", .run_uuid = "r"};
    m->rows = (map_rows){.tasks = m->tasks, .task_count = 2, .links = &m->link, .link_count = 1};
    m->before = rows_digest_of(&m->rows);
}

START_TEST(any_change_of_a_row_counts)
{
    made m;
    make_rows(&m);
    switch (_i) {
    case 0:
        m.tasks[1].state = 4;
        break;
    case 1:
        m.tasks[1].finished_at = 1;
        break;
    case 2:
        m.tasks[1].pods_json = "[1]";
        break;
    case 3:
        m.tasks[1].parent_uuid = NULL;
        break;
    case 4:
        m.tasks[1].parent_uuid = "";
        break;
    case 5: /* a text that goes to the next column */
        m.tasks[0].name = NULL;
        m.tasks[0].display_name = "root";
        break;
    case 6:
        m.link.iteration = 1;
        break;
    case 7:
        m.rows.link_count = 0;
        break;
    default:
        m.rows.task_count = 1;
        break;
    }
    ck_assert_str_ne(m.before.text, rows_digest_of(&m.rows).text);
}
END_TEST

START_TEST(the_order_of_rows_does_not_count)
{
    made m;
    make_rows(&m);
    const kfps_task first = m.tasks[0];
    m.tasks[0] = m.tasks[1];
    m.tasks[1] = first;
    ck_assert_str_eq(m.before.text, rows_digest_of(&m.rows).text);
}
END_TEST

START_TEST(digests_of_parts_add_up)
{
    made m;
    rows_digest whole = {{0}}, parts = {{0}};
    make_rows(&m);
    rows_digest_add_text(&whole, m.before.text);
    m.rows.task_count = 1;
    rows_digest_add_text(&parts, rows_digest_of(&m.rows).text);
    m.rows = (map_rows){.tasks = &m.tasks[1], .task_count = 1};
    rows_digest_add_text(&parts, rows_digest_of(&m.rows).text);
    ck_assert_mem_eq(&whole, &parts, sizeof whole);
    rows_digest_add_text(&parts, "");
    rows_digest_add_text(&parts, "no digest");
    ck_assert_mem_eq(&whole, &parts, sizeof whole);
}
END_TEST

static Suite *digest_suite(void)
{
    Suite *suite = suite_create("digest");
    TCase *tc = tcase_create("digest");

    tcase_add_loop_test(tc, everything_that_rows_are_made_from_counts, 0, CHANGES);
    tcase_add_test(tc, nothing_else_does);
    tcase_add_loop_test(tc, any_change_of_a_row_counts, 0, 9);
    tcase_add_test(tc, the_order_of_rows_does_not_count);
    tcase_add_test(tc, digests_of_parts_add_up);
    suite_add_tcase(suite, tc);
    return suite;
}

int main(void)
{
    return suite_main(digest_suite());
}
