/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_lists.c: every list in every order is what one SELECT in this order gives, page by page, also while rows come
 * and go.
 */
#include <pthread.h>
#include <stdatomic.h>

#include "tests/harness/lists.h"

enum { ARTIFACTS = 260, TASKS = 240, LINKS = 500, RUNS = 3 };

static char artifact_ids[ARTIFACTS][37], task_ids[TASKS][37], link_ids[LINKS][37];
static const char *const runs[RUNS] = {"run-a", "run-b", "run-c"};
static const char *const spaces[] = {"team-a", "team-b"};

static void new_id(uint32_t *random, char out[37])
{
    snprintf(out, 37, "%08x-%04x-4%03x-8%03x-%08x%04x", list_random(random), list_random(random) & 0xFFFF,
             list_random(random) & 0xFFF, list_random(random) & 0xFFF, list_random(random),
             list_random(random) & 0xFFFF);
}

/* Few different ones, with such as a collation takes for equal, and NULL. */
static kfpb_value name_of(uint32_t *random)
{
    static const char *const names[] = {"model",      "Model", "MODEL", "data", "modell",
                                        "m\u00f6del", "100%",  "a_b",   "",     "zz"};
    const uint32_t i = list_random(random) % 14;
    return kfpb_str(i < 10 ? names[i] : NULL);
}

static void insert(kfpb_conn *conn, const char *table, const char *columns, const kfpb_value *values, size_t count)
{
    kfps_error error = {0};
    char sql[1024], marks[64] = "?";
    for (size_t i = 1; i < count; i++)
        strcat(marks, ",?");
    snprintf(sql, sizeof sql, "INSERT INTO \"%s\" (%s) VALUES (%s)", table, columns, marks);
    kfp_ok(kfpb_exec(conn, sql, values, count, NULL, &error), &error);
}

static void insert_artifact(kfpb_conn *conn, uint32_t *random, char id[37])
{
    static const double numbers[] = {0.1, -2.5, 1e21, 0, 3};
    const uint32_t number = list_random(random) % 8;
    new_id(random, id);
    const kfpb_value values[] = {
        kfpb_str(id),
        kfpb_str(spaces[list_random(random) % 2]),
        list_random(random) % 10 == 0 ? kfpb_null() : kfpb_int(list_random(random) % 9),
        name_of(random),
        name_of(random),
        name_of(random),
        kfpb_int(1000 + list_random(random) % 12),
        kfpb_int(2000 + list_random(random) % 5),
        number < 5 ? kfpb_double(numbers[number]) : kfpb_null(),
    };
    insert(conn, "artifacts",
           "\"UUID\",\"Namespace\",\"Type\",\"URI\",\"Name\",\"Description\",\"CreatedAtInSec\",\"LastUpdateInSec\","
           "\"NumberValue\"",
           values, 9);
}

static void insert_task(kfpb_conn *conn, uint32_t *random, size_t i)
{
    new_id(random, task_ids[i]);
    const kfpb_value values[] = {
        kfpb_str(task_ids[i]),
        kfpb_str(spaces[i % 2]),
        kfpb_str(runs[i % RUNS]),
        kfpb_int(1000 + list_random(random) % 9),
        list_random(random) % 6 == 0 ? kfpb_null() : kfpb_int(list_random(random) % 5),
        kfpb_int(list_random(random) % 4),
        kfpb_str(list_random(random) % 3 == 0 ? "" : "f00d"),
        name_of(random),
        name_of(random),
        i > 10 && list_random(random) % 3 != 0 ? kfpb_str(task_ids[list_random(random) % 10]) : kfpb_null(),
        kfpb_int(list_random(random) % 6),
        kfpb_int(1 + list_random(random) % 8),
        name_of(random),
    };
    insert(conn, "tasks",
           "\"UUID\",\"Namespace\",\"RunUUID\",\"CreatedAtInSec\",\"StartedInSec\",\"FinishedInSec\",\"Fingerprint\","
           "\"Name\",\"DisplayName\",\"ParentTaskUUID\",\"State\",\"Type\",\"ScopePath\",\"pods\",\"TypeAttrs\"",
           (const kfpb_value[]){values[0], values[1], values[2], values[3], values[4], values[5], values[6], values[7],
                                values[8], values[9], values[10], values[11], values[12], kfpb_str("[]"),
                                kfpb_str("{}")},
           15);
}

static void insert_link(kfpb_conn *conn, uint32_t *random, size_t i)
{
    char key[16];
    const size_t task = list_random(random) % TASKS;
    new_id(random, link_ids[i]);
    snprintf(key, sizeof key, "key-%zu", i % 40);
    insert(conn, "artifact_tasks",
           "\"UUID\",\"ArtifactID\",\"TaskID\",\"Type\",\"RunUUID\",\"ArtifactKey\",\"Iteration\"",
           (const kfpb_value[]){kfpb_str(link_ids[i]), kfpb_str(artifact_ids[list_random(random) % ARTIFACTS]),
                                kfpb_str(task_ids[task]), kfpb_int(1 + list_random(random) % 11),
                                kfpb_str(runs[task % RUNS]), kfpb_str(key), kfpb_int((int64_t) i)},
           7);
}

static void fill(uint32_t seed)
{
    kfps_error error = {0};
    kfp_fresh();
    for (int i = 0; i < RUNS; i++)
        kfp_run(runs[i], spaces[i % 2], "RUNNING");
    kfpb_conn *conn = test_open();
    kfp_ok(kfpb_begin(conn, KFPB_TX_WRITE, &error), &error);
    for (size_t i = 0; i < ARTIFACTS; i++)
        insert_artifact(conn, &seed, artifact_ids[i]);
    for (size_t i = 0; i < TASKS; i++)
        insert_task(conn, &seed, i);
    for (size_t i = 0; i < LINKS; i++)
        insert_link(conn, &seed, i);
    kfp_ok(kfpb_commit(conn, &error), &error);
    kfpb_close(&conn);
}

/* ---- each list in each order --------------------------------------------------------------------------------------
 */

typedef struct order {
    const char *field, *column;
} order;

static const order artifact_orders[] = {
    {"artifact_id", "UUID"},
    {"namespace", "Namespace"},
    {"type", "Type"},
    {"uri", "URI"},
    {"name", "Name"},
    {"description", "Description"},
    {"created_at", "CreatedAtInSec"},
    {"last_update", "LastUpdateInSec"},
    {"number_value", "NumberValue"},
};
static const order task_orders[] = {
    {"task_id", "UUID"},
    {"run_id", "RunUUID"},
    {"name", "Name"},
    {"display_name", "DisplayName"},
    {"parent_task_id", "ParentTaskUUID"},
    {"status", "State"},
    {"type", "Type"},
    {"cache_fingerprint", "Fingerprint"},
    {"create_time", "CreatedAtInSec"},
    {"start_time", "StartedInSec"},
    {"end_time", "FinishedInSec"},
    {"scope_path", "ScopePath"},
};
static const order link_orders[] = {
    {"id", "UUID"},   {"artifact_id", "ArtifactID"}, {"task_id", "TaskID"},
    {"type", "Type"}, {"run_id", "RunUUID"},         {"key", "ArtifactKey"},
};

static const char *const tables[] = {"artifacts", "tasks", "artifact_tasks"};

/* `where`: the same rows as scope and filter mean. */
static void check_list(kfps_session *session, const list_scope *scope, const char *filter, const char *where,
                       const order *orders, size_t count, const char *default_order, uint32_t *random)
{
    static char sql[20000];
    char sort_by[64];
    list_ids got = {0}, wanted = {0};
    for (size_t i = 0; i < count; i++) {
        for (int descending = 0; descending < 2; descending++) {
            snprintf(sort_by, sizeof sort_by, "%s%s", orders[i].field, descending ? " DESC" : i % 2 != 0 ? " asc" : "");
            snprintf(sql, sizeof sql,
                     "SELECT \"UUID\" FROM \"%s\" x WHERE %s ORDER BY CASE WHEN \"%s\" IS NULL THEN 1 ELSE 0 END,"
                     "\"%s\"%s,\"UUID\"%s",
                     tables[scope->kind], where, orders[i].column, orders[i].column, descending ? " DESC" : "",
                     descending ? " DESC" : "");
            list_select(sql, &wanted);
            list_walk(session, scope, sort_by, filter, 0, random, &got);
            list_equal(&got, &wanted, sort_by);
        }
    }
    snprintf(sql, sizeof sql, "SELECT \"UUID\" FROM \"%s\" x WHERE %s ORDER BY %s", tables[scope->kind], where,
             default_order);
    list_select(sql, &wanted);
    list_walk(session, scope, NULL, filter, 0, random, &got);
    list_equal(&got, &wanted, "default order");
    /* every page counts the whole */
    static list_page page;
    kfps_error error;
    kfp_ok(
        list_read(session, scope, &(kfps_page){.page_size = 7, .want_total = 1, .filter_json = filter}, &page, &error),
        &error);
    ck_assert_int_eq(page.total, (int64_t) wanted.count);
    ck_assert_uint_gt(wanted.count, 1);
    kfp_ok(list_read(session, scope, &(kfps_page){.page_size = 7, .filter_json = filter}, &page, &error), &error);
    ck_assert_int_eq(page.total, -1);
    list_ids_free(&got);
    list_ids_free(&wanted);
}

#define ORDERS(a) (a), sizeof(a) / sizeof *(a)

START_TEST(artifacts_in_every_order)
{
    uint32_t random = 77;
    fill(1);
    kfps_store *store = kfp_store(NULL);
    kfps_session *session = kfp_session(store);
    const char *by_age = "\"CreatedAtInSec\",\"UUID\"";
    check_list(session, &(list_scope){.kind = LIST_ARTIFACTS}, NULL, "1=1", ORDERS(artifact_orders), by_age, &random);
    check_list(session, &(list_scope){.kind = LIST_ARTIFACTS, .artifacts.artifact_namespace = "team-a"}, NULL,
               "\"Namespace\"='team-a'", ORDERS(artifact_orders), by_age, &random);
    check_list(session,
               &(list_scope){.kind = LIST_ARTIFACTS,
                             .artifacts = {.artifact_namespace = "team-b", .artifact_type = KFPS_ARTIFACT_MODEL}},
               NULL, "\"Namespace\"='team-b' AND \"Type\"=2", ORDERS(artifact_orders), by_age, &random);
    check_list(session, &(list_scope){.kind = LIST_ARTIFACTS},
               "{\"predicates\":[{\"operation\":\"IN\",\"key\":\"type\",\"int_values\":{\"values\":[1,2,3,4]}},"
               "{\"operation\":\"GREATER_THAN\",\"key\":\"created_at\",\"long_value\":\"1003\"}]}",
               "\"Type\" IN (1,2,3,4) AND \"CreatedAtInSec\">1003", ORDERS(artifact_orders), by_age, &random);
    kfps_session_close(session);
    kfps_store_close(store);
}
END_TEST

START_TEST(artifacts_of_a_run_in_every_order)
{
    uint32_t random = 78;
    fill(2);
    kfps_store *store = kfp_store(NULL);
    kfps_session *session = kfp_session(store);
    check_list(
        session, &(list_scope){.kind = LIST_ARTIFACTS, .artifacts.run_uuid = "run-b"}, NULL,
        "EXISTS (SELECT 1 FROM \"artifact_tasks\" l WHERE l.\"RunUUID\"='run-b' AND l.\"ArtifactID\"=x.\"UUID\")",
        ORDERS(artifact_orders), "\"UUID\"", &random);
    check_list(
        session,
        &(list_scope){.kind = LIST_ARTIFACTS,
                      .artifacts = {.run_uuid = "run-a", .direction = KFPS_DIRECTION_OUTPUT, .task_name = "data"}},
        NULL,
        "EXISTS (SELECT 1 FROM \"artifact_tasks\" l JOIN \"tasks\" t ON t.\"UUID\"=l.\"TaskID\" WHERE "
        "l.\"RunUUID\"='run-a' AND l.\"ArtifactID\"=x.\"UUID\" AND l.\"Type\">=8 AND t.\"Name\"='data')",
        ORDERS(artifact_orders), "\"UUID\"", &random);
    check_list(
        session,
        &(list_scope){.kind = LIST_ARTIFACTS, .artifacts = {.run_uuid = "run-c", .artifact_namespace = "team-a"}},
        "{\"predicates\":[{\"operation\":\"LESS_THAN\",\"key\":\"type\",\"intValue\":5}]}",
        "\"Namespace\"='team-a' AND \"Type\"<5 AND EXISTS (SELECT 1 FROM \"artifact_tasks\" l WHERE "
        "l.\"RunUUID\"='run-c' AND l.\"ArtifactID\"=x.\"UUID\")",
        ORDERS(artifact_orders), "\"UUID\"", &random);
    kfps_session_close(session);
    kfps_store_close(store);
}
END_TEST

START_TEST(tasks_in_every_order)
{
    uint32_t random = 79;
    char where[128];
    fill(3);
    kfps_store *store = kfp_store(NULL);
    kfps_session *session = kfp_session(store);
    const char *by_age = "\"CreatedAtInSec\",\"UUID\"";
    check_list(session, &(list_scope){.kind = LIST_TASKS}, NULL, "1=1", ORDERS(task_orders), by_age, &random);
    check_list(session, &(list_scope){.kind = LIST_TASKS, .tasks.run_uuid = "run-c"}, NULL, "\"RunUUID\"='run-c'",
               ORDERS(task_orders), by_age, &random);
    check_list(session, &(list_scope){.kind = LIST_TASKS, .tasks.task_namespace = "team-b"}, NULL,
               "\"Namespace\"='team-b'", ORDERS(task_orders), by_age, &random);
    snprintf(where, sizeof where, "\"ParentTaskUUID\"='%s'", task_ids[4]);
    check_list(session, &(list_scope){.kind = LIST_TASKS, .tasks.parent_uuid = task_ids[4]}, NULL, where,
               ORDERS(task_orders), by_age, &random);
    check_list(session, &(list_scope){.kind = LIST_TASKS, .tasks = {.run_uuid = "run-a", .task_namespace = "team-b"}},
               NULL, "\"RunUUID\"='run-a' AND \"Namespace\"='team-b'", ORDERS(task_orders), by_age, &random);
    kfps_session_close(session);
    kfps_store_close(store);
}
END_TEST

/* As many ids as go into several groups of a union, some of them twice, some of nothing. */
static size_t some_ids(const char **out, char ids[][37], size_t count, size_t step)
{
    size_t n = 0;
    out[n++] = "no-such-id";
    for (size_t i = 0; i < count; i += step)
        out[n++] = ids[i];
    out[n++] = ids[0];
    return n;
}

static void in_list(char *sql, size_t size, const char *column, const char *const *ids, size_t count)
{
    size_t used = (size_t) snprintf(sql, size, "\"%s\" IN (", column);
    for (size_t i = 0; i < count; i++)
        used += (size_t) snprintf(sql + used, size - used, "%s'%s'", i > 0 ? "," : "", ids[i]);
    snprintf(sql + used, size - used, ")");
}

START_TEST(links_in_every_order)
{
    static const int32_t some_types[] = {KFPS_IO_OUTPUT, KFPS_IO_ITERATOR_OUTPUT, KFPS_IO_COLLECTED_INPUTS};
    uint32_t random = 80;
    static char where[16384];
    const char *ids[TASKS + ARTIFACTS];
    fill(4);
    kfps_store *store = kfp_store(NULL);
    kfps_session *session = kfp_session(store);
    for (int kind = 0; kind < 4; kind++) {
        list_scope scope = {.kind = LIST_LINKS};
        switch (kind) {
        case 0:
            scope.links.run_count = 2;
            scope.links.run_uuids = runs;
            strcpy(where, "\"RunUUID\" IN ('run-a','run-b')");
            break;
        case 1:
            scope.links.artifact_count = some_ids(ids, artifact_ids, ARTIFACTS, 2);
            scope.links.artifact_uuids = ids;
            in_list(where, sizeof where, "ArtifactID", ids, scope.links.artifact_count);
            break;
        case 2:
            scope.links.task_count = some_ids(ids, task_ids, TASKS, 5);
            scope.links.task_uuids = ids;
            in_list(where, sizeof where, "TaskID", ids, scope.links.task_count);
            strcat(where, " AND \"Type\" BETWEEN 1 AND 7");
            scope.links.direction = KFPS_DIRECTION_INPUT;
            break;
        default:
            scope.links.run_count = 1;
            scope.links.run_uuids = &runs[1];
            scope.links.io_type_count = 3;
            scope.links.io_types = some_types;
            strcpy(where, "\"RunUUID\"='run-b' AND \"Type\" IN (8,9,5)");
        }
        check_list(session, &scope, NULL, where, ORDERS(link_orders), "\"UUID\"", &random);
    }
    kfps_session_close(session);
    kfps_store_close(store);
}
END_TEST

/* ---- rows come and go ---------------------------------------------------------------------------------------------
 */

static atomic_bool stop;

static void *come_and_go(void *unused)
{
    uint32_t random = 4711;
    char ids[20][37] = {{0}};
    kfps_error error = {0};
    kfpb_conn *conn = test_open();
    for (size_t i = 0; !atomic_load(&stop); i = (i + 1) % 20) {
        const kfpb_value old = kfpb_str(ids[i]);
        if (ids[i][0] != '\0')
            kfp_ok(kfpb_exec(conn, "DELETE FROM \"artifacts\" WHERE \"UUID\"=?", &old, 1, NULL, &error), &error);
        insert_artifact(conn, &random, ids[i]);
    }
    kfpb_close(&conn);
    return unused;
}

START_TEST(what_stays_is_seen_once)
{
    static const char *const orders[] = {"created_at", "created_at desc", "name",
                                         "name desc",  "number_value",    "type desc"};
    uint32_t random = 81;
    pthread_t thread;
    list_ids got = {0};
    fill(5);
    kfps_store *store = kfp_store(NULL);
    kfps_session *session = kfp_session(store);
    atomic_store(&stop, false);
    ck_assert_int_eq(pthread_create(&thread, NULL, come_and_go, NULL), 0);
    for (int round = 0; round < 12; round++) {
        int seen[ARTIFACTS] = {0};
        list_walk(session, &(list_scope){.kind = LIST_ARTIFACTS}, orders[round % 6], NULL, 1 + round % 5, &random,
                  &got);
        for (size_t i = 0; i < got.count; i++) {
            for (size_t k = 0; k < ARTIFACTS; k++)
                seen[k] += strcmp(got.items[i], artifact_ids[k]) == 0;
        }
        for (size_t k = 0; k < ARTIFACTS; k++)
            ck_assert_msg(seen[k] == 1, "%s: a row was seen %d times", orders[round % 6], seen[k]);
    }
    atomic_store(&stop, true);
    pthread_join(thread, NULL);
    list_ids_free(&got);
    kfps_session_close(session);
    kfps_store_close(store);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("lists");
    TCase *all = tcase_create("lists");
    tcase_set_timeout(all, 120);
    tcase_add_test(all, artifacts_in_every_order);
    tcase_add_test(all, artifacts_of_a_run_in_every_order);
    tcase_add_test(all, tasks_in_every_order);
    tcase_add_test(all, links_in_every_order);
    tcase_add_test(all, what_stays_is_seen_once);
    suite_add_tcase(suite, all);
    return suite_main(suite);
}
