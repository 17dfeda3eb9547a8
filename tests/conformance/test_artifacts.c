/* SPDX-License-Identifier: Apache-2.0 */
/* test_artifacts.c: artifacts alone: create, get, by URI, delete. */
#include "kfpstore.h"
#include "tests/harness/artifact_world.h"

#define URI_HASH "d270957640e91cf0b9aa7120434c3379c4beb021b2997c47a4767efc83ff6ffe" /* of s3://bucket/model */

static kfps_store *store;
static kfps_session *session;
static kfps_error error;
static int64_t now = 1700000000;

static void setup(void)
{
    aw_world();
    store = kfp_store(NULL);
    kfps_store_set_clock(store, aw_clock, &now);
    session = kfp_session(store);
}

static void teardown(void)
{
    kfps_session_close(session);
    kfps_store_close(store);
}

/* ---- create and get ---------------------------------------------------------------------------------------------- */

START_TEST(create_gives_ids_times_and_hash)
{
    kfps_artifact_list *made = NULL, *read = NULL;
    kfps_artifact given = aw_artifact("model");
    given.uuid = "ignored";
    given.uri_hash = "ignored";
    given.created_at = 5;
    given.last_update = 6;
    kfp_ok(kfps_artifact_create(session, &given, 1, &made, &error), &error);
    ck_assert_uint_eq(made->count, 1);
    ck_assert_str_eq(made->next_page_token, "");
    ck_assert_int_eq(made->total_size, -1);
    const kfps_artifact *a = &made->items[0];
    ck_assert_uint_eq(strlen(a->uuid), 36);
    ck_assert_int_eq(a->uuid[14], '4'); /* a random one: version and variant */
    ck_assert_ptr_nonnull(strchr("89ab", a->uuid[19]));
    ck_assert_str_eq(a->uri_hash, URI_HASH);
    ck_assert_int_eq(a->created_at, now);
    ck_assert_int_eq(a->last_update, now);
    ck_assert_ptr_null(a->identity_key);
    kfp_ok(kfps_artifact_get(session, a->uuid, &read, &error), &error);
    aw_same_artifact(&read->items[0], a);
    aw_same_json(read->items[0].metadata_json, given.metadata_json);
    kfps_artifact_list_free(read);
    kfps_artifact_list_free(made);
}
END_TEST

/* What another program sees: upstream's column values, read by the engine's own client. */
START_TEST(what_is_stored_is_upstreams)
{
    kfps_artifact plain = aw_artifact("it's a ünï \\ \"model\" 😀");
    plain.metadata_json = NULL;
    plain.uri = NULL;
    plain.description = NULL;
    kfps_artifact number = aw_artifact("accuracy");
    number.type = KFPS_ARTIFACT_METRIC;
    number.has_number_value = 1;
    number.number_value = 0.1;
    number.uri = "";
    const kfps_artifact both[] = {plain, number};
    kfp_ok(kfps_artifact_create(session, both, 2, NULL, &error), &error);
    char sql[512];
    snprintf(sql, sizeof sql, "SELECT %s FROM artifacts WHERE %s=2", "%s", "%s");
    const char *name = test_engine_is("mysql") ? "`Name`" : "\"Name\"";
    const char *type = test_engine_is("mysql") ? "`Type`" : "\"Type\"";
    snprintf(sql, sizeof sql, "SELECT %s FROM artifacts WHERE %s=2", test_client_hex(name), type);
    char *hex = test_client(sql);
    ck_assert_msg(test_hex_is(hex, plain.name), "%s", hex);
    free(hex);
    ck_assert_int_eq(kfp_count("SELECT COUNT(*) FROM \"artifacts\" WHERE \"Type\"=2 AND \"URI\" IS NULL AND "
                               "\"URIHash\"='' AND \"Description\" IS NULL AND \"NumberValue\" IS NULL AND "
                               "\"IdentityKey\" IS NULL AND \"Metadata\" IS NOT NULL"),
                     1);
    ck_assert_int_eq(kfp_count("SELECT COUNT(*) FROM \"artifacts\" WHERE \"Type\"=6 AND \"URI\"='' AND \"URIHash\"='' "
                               "AND \"NumberValue\"=0.1"),
                     1);
    /* JSON null, not SQL NULL */
    kfpb_conn *conn = test_open();
    kfpb_rows *rows = NULL;
    kfp_ok(kfpb_query(conn, "SELECT \"Metadata\" FROM \"artifacts\" WHERE \"Type\"=2", NULL, 0, &rows, &error), &error);
    ck_assert_int_eq(kfpb_next(rows, &error), 1);
    ck_assert_str_eq(kfpb_get_text(rows, 0, NULL), "null");
    kfpb_rows_free(&rows);
    kfpb_close(&conn);
}
END_TEST

START_TEST(unconditional_creates_duplicate)
{
    const kfps_artifact two[] = {aw_artifact("model"), aw_artifact("model")};
    kfps_artifact_list *made = NULL;
    kfp_ok(kfps_artifact_create(session, two, 2, &made, &error), &error);
    kfp_ok(kfps_artifact_create(session, two, 2, NULL, &error), &error);
    ck_assert_str_ne(made->items[0].uuid, made->items[1].uuid);
    ck_assert_int_eq(kfp_count("SELECT COUNT(*) FROM \"artifacts\""), 4);
    kfps_artifact_list_free(made);
}
END_TEST

START_TEST(an_empty_batch_makes_nothing)
{
    kfps_artifact_list *made = NULL;
    kfps_artifact_task_list *links = NULL;
    kfp_ok(kfps_artifact_create(session, NULL, 0, &made, &error), &error);
    ck_assert_uint_eq(made->count, 0);
    kfps_artifact_list_free(made);
    kfp_ok(kfps_artifact_create_with_links(session, NULL, NULL, 0, &made, &links, &error), &error);
    ck_assert_uint_eq(made->count, 0);
    ck_assert_uint_eq(links->count, 0);
    kfps_artifact_list_free(made);
    kfps_artifact_task_list_free(links);
    ck_assert_int_eq(kfp_count("SELECT COUNT(*) FROM \"artifacts\""), 0);
}
END_TEST

/* ---- many -------------------------------------------------------------------------------------------------------- */

START_TEST(many_come_in_the_order_asked_for)
{
    enum { MANY = 2000 };
    kfps_artifact *batch = calloc(MANY, sizeof *batch);
    char(*name)[16] = calloc(MANY, sizeof *name);
    const char **ids = calloc(MANY + 3, sizeof *ids);
    kfps_artifact_list *made = NULL, *read = NULL;
    for (int i = 0; i < MANY; i++) {
        snprintf(name[i], sizeof name[i], "n%d", i);
        batch[i] = aw_artifact(name[i]);
    }
    kfp_ok(kfps_artifact_create(session, batch, MANY, &made, &error), &error);
    ck_assert_int_eq(kfp_count("SELECT COUNT(*) FROM \"artifacts\""), MANY);
    for (int i = 0; i < MANY; i++) {
        ck_assert_str_eq(made->items[i].name, name[i]);
        ids[i] = made->items[(i * 7) % MANY].uuid; /* 7 and 2000 have no divisor in common */
    }
    ids[MANY] = "absent";
    ids[MANY + 1] = ids[3]; /* once more */
    ids[MANY + 2] = "absent";
    kfp_ok(kfps_artifact_get_many(session, ids, MANY + 3, &read, &error), &error);
    ck_assert_uint_eq(read->count, MANY);
    for (int i = 0; i < MANY; i++)
        aw_same_artifact(&read->items[i], &made->items[(i * 7) % MANY]);
    ck_assert_uint_eq(read->absent_count, 1);
    ck_assert_str_eq(read->absent[0], "absent");
    kfps_artifact_list_free(read);
    kfp_ok(kfps_artifact_get_many(session, NULL, 0, &read, &error), &error);
    ck_assert_uint_eq(read->count + read->absent_count, 0);
    kfps_artifact_list_free(read);
    kfps_artifact_list_free(made);
    free(batch);
    free(name);
    free(ids);
}
END_TEST

/* Rows that the server walked over in this session; -1 where it does not tell. */
static int64_t walked(void)
{
    kfps_rowset *rows = NULL;
    int64_t sum = 0;
    if (!test_engine_is("mysql"))
        return -1;
    kfp_ok(kfps_txn_query(session,
                          "SHOW SESSION STATUS WHERE Variable_name IN ('Handler_read_next','Handler_read_rnd_next')",
                          NULL, 0, &rows, &error),
           &error);
    for (size_t i = 0; i < rows->row_count; i++)
        sum += strtoll(rows->cells[i * rows->column_count + 1], NULL, 10);
    kfps_rowset_free(rows);
    return sum;
}

/* MySQL gives its index up when a list takes too much memory, and locks and reads the whole table instead. */
START_TEST(a_long_list_is_looked_up_by_the_index)
{
    enum { MANY = 6000, SOME = 1000 };
    kfps_artifact *batch = calloc(MANY, sizeof *batch);
    const char **ids = calloc(SOME, sizeof *ids);
    kfps_artifact_list *made = NULL, *read = NULL;
    for (int i = 0; i < MANY; i++)
        batch[i] = aw_artifact("n");
    kfp_ok(kfps_artifact_create(session, batch, MANY, &made, &error), &error);
    for (int i = 0; i < SOME; i++)
        ids[i] = made->items[i * (MANY / SOME)].uuid;
    kfp_ok(kfps_txn_begin(session, &error), &error);
    const int64_t before = walked();
    kfp_ok(kfps_artifact_get_many(session, ids, SOME, &read, &error), &error);
    ck_assert_int_le(walked() - before, SOME);
    ck_assert_uint_eq(read->count, SOME);
    kfps_txn_rollback(session);
    kfps_artifact_list_free(made);
    kfps_artifact_list_free(read);
    free(batch);
    free(ids);
}
END_TEST

/* Equality is of bytes, whatever the collation of the database. */
START_TEST(ids_are_compared_by_bytes)
{
    kfps_artifact_list *read = NULL;
    const char *ids[] = {"A-0", "a-0"};
    int64_t deleted = 0;
    aw_artifacts(1, "ns");
    ck_assert_int_eq(kfps_artifact_get(session, "A-0", &read, &error), KFPS_NOT_FOUND);
    kfp_ok(kfps_artifact_get_many(session, ids, 2, &read, &error), &error);
    ck_assert_uint_eq(read->count, 1);
    ck_assert_str_eq(read->absent[0], "A-0");
    kfps_artifact_list_free(read);
    kfp_ok(kfps_artifact_delete_unlinked(session, ids, 1, &deleted, &error), &error);
    ck_assert_int_eq(deleted, 0);
    ck_assert_int_eq(kfp_count("SELECT COUNT(*) FROM \"artifacts\""), 1);
}
END_TEST

/* ---- by URI ------------------------------------------------------------------------------------------------------ */

/* The names of the artifacts, in order, with a blank behind each. */
static void uri_gives(const char *space, const char *uri, const char *names)
{
    char found[256] = "";
    kfps_artifact_list *read = NULL;
    kfp_ok(kfps_artifact_get_by_uri(session, space, uri, &read, &error), &error);
    for (size_t i = 0; i < read->count; i++) {
        const size_t length = strlen(found);
        snprintf(found + length, sizeof found - length, "%s ", read->items[i].name);
    }
    kfps_artifact_list_free(read);
    ck_assert_str_eq(found, names);
}

START_TEST(by_uri_rechecks_equality)
{
    kfps_artifact batch[4] = {aw_artifact("first"), aw_artifact("second"), aw_artifact("else"), aw_artifact("blank")};
    batch[2].uri = "s3://bucket/other";
    batch[3].artifact_namespace = "";
    now = 1700000000;
    kfp_ok(kfps_artifact_create(session, batch, 1, NULL, &error), &error);
    now++;
    kfp_ok(kfps_artifact_create(session, batch + 1, 3, NULL, &error), &error);
    /* a collision of hashes, forced */
    kfp_exec("UPDATE \"artifacts\" SET \"URIHash\"='" URI_HASH "' WHERE \"Name\"='else'");
    uri_gives("ns", "s3://bucket/model", "first second ");
    uri_gives("", "s3://bucket/model", "blank ");
    uri_gives("NS", "s3://bucket/model", "");
    uri_gives("ns", "s3://bucket/none", "");
}
END_TEST

START_TEST(by_uri_the_oldest_comes_first)
{
    kfps_artifact batch[3] = {aw_artifact("a"), aw_artifact("b"), aw_artifact("c")};
    now = 1700000000;
    kfp_ok(kfps_artifact_create(session, batch, 3, NULL, &error), &error);
    kfp_exec("UPDATE \"artifacts\" SET \"UUID\"='u-3' WHERE \"Name\"='a'");
    kfp_exec("UPDATE \"artifacts\" SET \"UUID\"='u-1' WHERE \"Name\"='b'");
    kfp_exec("UPDATE \"artifacts\" SET \"UUID\"='u-2' WHERE \"Name\"='c'");
    uri_gives("ns", "s3://bucket/model", "b c a "); /* of one second by UUID */
    kfp_exec("UPDATE \"artifacts\" SET \"CreatedAtInSec\"=1700000002 WHERE \"Name\"='b'");
    uri_gives("ns", "s3://bucket/model", "c a b ");
    kfp_exec("UPDATE \"artifacts\" SET \"CreatedAtInSec\"=1700000001 WHERE \"Name\"='c'");
    uri_gives("ns", "s3://bucket/model", "a c b ");
}
END_TEST

/* ---- delete ------------------------------------------------------------------------------------------------------ */

START_TEST(only_unlinked_ones_are_deleted)
{
    const char *ids[] = {"a-3", "a-0", "a-1", "a-2", "a-3", "none"};
    const kfps_artifact_task link = aw_link("a-1", "task-1", "k");
    int64_t deleted = 0;
    aw_artifacts(5, "ns");
    kfp_ok(kfps_artifact_task_create(session, &link, 1, KFPS_EXISTING_FAIL, NULL, NULL, &error), &error);
    kfp_ok(kfps_artifact_delete_unlinked(session, ids, 6, &deleted, &error), &error);
    ck_assert_int_eq(deleted, 3);
    ck_assert_int_eq(kfp_count("SELECT COUNT(*) FROM \"artifacts\" WHERE \"UUID\" IN ('a-1','a-4')"), 2);
    ck_assert_int_eq(kfp_count("SELECT COUNT(*) FROM \"artifacts\""), 2);
    ck_assert_int_eq(kfp_count("SELECT COUNT(*) FROM \"artifact_tasks\""), 1);
    kfp_ok(kfps_artifact_delete_unlinked(session, NULL, 0, &deleted, &error), &error);
    ck_assert_int_eq(deleted, 0);
}
END_TEST

typedef struct linker {
    pthread_t thread;
    int from;
    atomic_int linked;
} linker;

static void *link_all(void *argument)
{
    linker *l = argument;
    kfps_session *own = kfp_session(store);
    for (int i = 0; i < 60; i++) {
        char id[16];
        kfps_error e;
        snprintf(id, sizeof id, "a-%d", i);
        const kfps_artifact_task link = aw_link(id, l->from ? "task-1" : "task-2", "k");
        const kfps_status status = kfps_artifact_task_create(own, &link, 1, KFPS_EXISTING_FAIL, NULL, NULL, &e);
        ck_assert_msg(status == KFPS_OK || status == KFPS_FOREIGN_KEY, "%s", e.message);
        l->linked += status == KFPS_OK;
    }
    kfps_session_close(own);
    return NULL;
}

/* What was linked is never lost, what was deleted is never linked. */
START_TEST(links_and_deletes_at_once)
{
    linker linkers[2] = {{.from = 0}, {.from = 1}};
    char text[60][16];
    const char *ids[60];
    int64_t deleted = 0;
    aw_artifacts(60, "ns");
    for (int i = 0; i < 60; i++) {
        snprintf(text[i], sizeof text[i], "a-%d", 59 - i);
        ids[i] = text[i];
    }
    for (int i = 0; i < 2; i++)
        pthread_create(&linkers[i].thread, NULL, link_all, &linkers[i]);
    for (int i = 0; i < 60; i += 6) {
        int64_t some = 0;
        kfp_ok(kfps_artifact_delete_unlinked(session, ids + i, 6, &some, &error), &error);
        deleted += some;
    }
    for (int i = 0; i < 2; i++)
        pthread_join(linkers[i].thread, NULL);
    ck_assert_int_eq(kfp_count("SELECT COUNT(*) FROM \"artifacts\""), 60 - deleted);
    ck_assert_int_eq(kfp_count("SELECT COUNT(*) FROM \"artifact_tasks\""), linkers[0].linked + linkers[1].linked);
}
END_TEST

/* ---- a caller's transaction -------------------------------------------------------------------------------------- */

START_TEST(operations_join_a_transaction)
{
    kfps_artifact_list *list = NULL;
    const kfps_artifact a = aw_artifact("a");
    for (int keep = 0; keep < 2; keep++) {
        kfp_ok(kfps_txn_begin(session, &error), &error);
        kfp_ok(kfps_artifact_create(session, &a, 1, &list, &error), &error);
        const char *id = list->items[0].uuid;
        kfps_artifact_list *read = NULL;
        kfp_ok(kfps_artifact_get(session, id, &read, &error), &error);
        kfps_artifact_list_free(read);
        /* what is not there spoils nothing */
        ck_assert_int_eq(kfps_artifact_get(session, "none", &read, &error), KFPS_NOT_FOUND);
        if (keep)
            kfp_ok(kfps_txn_commit(session, &error), &error);
        else
            kfps_txn_rollback(session);
        ck_assert_int_eq(kfp_count("SELECT COUNT(*) FROM \"artifacts\""), keep);
        kfps_artifact_list_free(list);
    }
}
END_TEST

static Suite *artifacts_suite(void)
{
    Suite *suite = suite_create("artifacts");
    TCase *tests = tcase_create("artifacts");
    tcase_set_timeout(tests, 120);
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, create_gives_ids_times_and_hash);
    tcase_add_test(tests, what_is_stored_is_upstreams);
    tcase_add_test(tests, unconditional_creates_duplicate);
    tcase_add_test(tests, an_empty_batch_makes_nothing);
    tcase_add_test(tests, many_come_in_the_order_asked_for);
    tcase_add_test(tests, a_long_list_is_looked_up_by_the_index);
    tcase_add_test(tests, ids_are_compared_by_bytes);
    tcase_add_test(tests, by_uri_rechecks_equality);
    tcase_add_test(tests, by_uri_the_oldest_comes_first);
    tcase_add_test(tests, only_unlinked_ones_are_deleted);
    tcase_add_test(tests, links_and_deletes_at_once);
    tcase_add_test(tests, operations_join_a_transaction);
    suite_add_tcase(suite, tests);
    return suite;
}

int main(void)
{
    return suite_main(artifacts_suite());
}
