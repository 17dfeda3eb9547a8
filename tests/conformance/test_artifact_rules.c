/* SPDX-License-Identifier: Apache-2.0 */
/* test_artifact_rules.c: which artifacts are refused, and to whom: records, arguments, keys, namespaces, permission. */
#include "kfpstore.h"
#include "tests/harness/artifact_world.h"
#include "tests/harness/one_session.h"

static void setup(void)
{
    aw_world();
    open_session();
}

/* ---- what is refused --------------------------------------------------------------------------------------------- */

static char long_text[70000];

static const char *of_length(size_t length)
{
    memset(long_text, 'x', length);
    long_text[length] = '\0';
    return long_text;
}

/* The second of three has the fault; nothing is written. */
static void expect_refusal(kfps_artifact bad, kfps_status status, const char *word)
{
    const kfps_artifact three[] = {aw_artifact("a"), bad, aw_artifact("c")};
    kfps_artifact_list *made = (kfps_artifact_list *) &error;
    const kfps_status got = kfps_artifact_create(session, three, 3, &made, &error);
    ck_assert_msg(got == status, "%s: %s instead of %s", word, kfps_status_name(got), kfps_status_name(status));
    ck_assert_int_eq(error.code, status);
    ck_assert_int_eq(error.element, 1);
    ck_assert_msg(strstr(error.message, word) != NULL, "%s is not in: %s", word, error.message);
    ck_assert_ptr_null(made);
    ck_assert_int_eq(kfp_count("SELECT COUNT(*) FROM \"artifacts\""), 0);
}

#define WITH(field, value)                  \
    ({                                      \
        kfps_artifact w = aw_artifact("b"); \
        w.field = value;                    \
        w;                                  \
    })

START_TEST(faulty_records_are_refused_by_element)
{
    expect_refusal(WITH(type, 0), KFPS_INVALID, "type");
    expect_refusal(WITH(type, 9), KFPS_INVALID, "type");
    expect_refusal(WITH(type, -1), KFPS_INVALID, "type");
    expect_refusal(WITH(name, NULL), KFPS_INVALID, "name");
    expect_refusal(WITH(name, ""), KFPS_INVALID, "name");
    expect_refusal(WITH(artifact_namespace, NULL), KFPS_INVALID, "namespace");
    expect_refusal(WITH(metadata_json, ""), KFPS_INVALID, "metadata_json");
    expect_refusal(WITH(metadata_json, "{hush"), KFPS_INVALID, "metadata_json");
    ck_assert_ptr_null(strstr(error.message, "hush"));
    expect_refusal(WITH(metadata_json, "[1]"), KFPS_INVALID, "not an object");
    expect_refusal(WITH(identity_key, ""), KFPS_INVALID, "identity_key");
    expect_refusal(WITH(type, KFPS_ARTIFACT_METRIC), KFPS_INVALID, "number_value");
    kfps_artifact bad = WITH(type, KFPS_ARTIFACT_CLASSIFICATION_METRIC);
    bad.metadata_json = NULL;
    expect_refusal(bad, KFPS_INVALID, "metadata");
    bad.type = KFPS_ARTIFACT_SLICED_CLASSIFICATION_METRIC;
    bad.metadata_json = "null";
    expect_refusal(bad, KFPS_INVALID, "metadata");
    bad = WITH(type, KFPS_ARTIFACT_METRIC);
    bad.has_number_value = 1;
    bad.number_value = 1.0 / 0.0;
    expect_refusal(bad, KFPS_INVALID, "NumberValue");
    expect_refusal(WITH(name, "\xff"), KFPS_INVALID, "Name");
    expect_refusal(WITH(uri, "\xc3"), KFPS_INVALID, "URI");
    expect_refusal(WITH(name, of_length(129)), KFPS_TOO_LARGE, "Name");
    expect_refusal(WITH(uri, of_length(2049)), KFPS_TOO_LARGE, "URI");
    expect_refusal(WITH(artifact_namespace, of_length(64)), KFPS_TOO_LARGE, "Namespace");
    expect_refusal(WITH(identity_key, of_length(65)), KFPS_TOO_LARGE, "IdentityKey");
}
END_TEST

START_TEST(limits_are_reached)
{
    kfps_artifact a = aw_artifact("b");
    char *name = strdup(of_length(128)), *space = strdup(of_length(63));
    a.name = name;
    a.artifact_namespace = space;
    a.uri = of_length(2048);
    kfps_artifact_list *made = NULL, *read = NULL;
    kfp_ok(kfps_artifact_create(session, &a, 1, &made, &error), &error);
    kfp_ok(kfps_artifact_get(session, made->items[0].uuid, &read, &error), &error);
    aw_same_artifact(&made->items[0], &read->items[0]);
    kfps_artifact_list_free(made);
    kfps_artifact_list_free(read);
    free(name);
    free(space);
}
END_TEST

/* As deep as the engine takes: 31 (MariaDB), 100 (MySQL), 512. */
START_TEST(the_depth_of_metadata_is_the_engines)
{
    kfpb_conn *conn = test_open();
    const int most = conn->limits.json_depth;
    kfpb_close(&conn);
    for (int more = 0; more < 2; more++) {
        char text[1200];
        int n = snprintf(text, sizeof text, "{\"a\":");
        for (int i = 0; i < most - 1 + more; i++)
            text[n++] = '[';
        for (int i = 0; i < most - 1 + more; i++)
            text[n++] = ']';
        text[n++] = '}';
        text[n] = '\0';
        kfps_artifact a = aw_artifact("b");
        a.metadata_json = text;
        const kfps_status status = kfps_artifact_create(session, &a, 1, NULL, &error);
        ck_assert_msg(status == (more ? KFPS_INVALID : KFPS_OK), "%d: %s", more, error.message);
    }
}
END_TEST

START_TEST(null_arguments)
{
    kfps_artifact_list *list = NULL;
    kfps_artifact a = aw_artifact("b");
    const char *id = "x", *nothing = NULL, *empty = "";
    int64_t number = 7;
    ck_assert_int_eq(kfps_artifact_create(NULL, &a, 1, &list, &error), KFPS_INVALID);
    ck_assert_int_eq(kfps_artifact_create(session, NULL, 1, &list, &error), KFPS_INVALID);
    ck_assert_int_eq(kfps_artifact_get(NULL, "x", &list, &error), KFPS_INVALID);
    ck_assert_int_eq(kfps_artifact_get(session, NULL, &list, &error), KFPS_INVALID);
    ck_assert_int_eq(kfps_artifact_get(session, "", &list, &error), KFPS_INVALID);
    ck_assert_int_eq(kfps_artifact_get(session, "x", NULL, &error), KFPS_INVALID);
    ck_assert_int_eq(kfps_artifact_get_many(NULL, &id, 1, &list, &error), KFPS_INVALID);
    ck_assert_int_eq(kfps_artifact_get_many(session, NULL, 1, &list, &error), KFPS_INVALID);
    ck_assert_int_eq(kfps_artifact_get_many(session, &nothing, 1, &list, &error), KFPS_INVALID);
    ck_assert_int_eq(error.element, 0);
    ck_assert_int_eq(kfps_artifact_get_many(session, &empty, 1, &list, &error), KFPS_INVALID);
    ck_assert_int_eq(kfps_artifact_get_by_uri(NULL, "ns", "u", &list, &error), KFPS_INVALID);
    ck_assert_int_eq(kfps_artifact_get_by_uri(session, "ns", NULL, &list, &error), KFPS_INVALID);
    ck_assert_int_eq(kfps_artifact_get_by_uri(session, "ns", "", &list, &error), KFPS_INVALID);
    ck_assert_int_eq(kfps_artifact_get_by_uri(session, NULL, "u", &list, &error), KFPS_INVALID);
    ck_assert_int_eq(kfps_artifact_delete_unlinked(NULL, &id, 1, &number, &error), KFPS_INVALID);
    ck_assert_int_eq(number, 0);
    ck_assert_int_eq(kfps_artifact_delete_unlinked(session, NULL, 1, NULL, &error), KFPS_INVALID);
    ck_assert_int_eq(kfps_artifact_delete_unlinked(session, &empty, 1, NULL, &error), KFPS_INVALID);
    ck_assert_ptr_null(list);
    /* without an error record */
    ck_assert_int_eq(kfps_artifact_get(session, "x", &list, NULL), KFPS_NOT_FOUND);
    ck_assert_int_eq(kfps_artifact_create(session, &a, 1, NULL, NULL), KFPS_OK);
    kfps_artifact_list_free(NULL);
    kfps_artifact_task_list_free(NULL);
}
END_TEST

START_TEST(an_identity_key_is_taken_once)
{
    kfps_artifact keyed = aw_artifact("k");
    keyed.identity_key = "abc";
    kfps_artifact elsewhere = keyed;
    elsewhere.artifact_namespace = "other";
    const kfps_artifact first[] = {keyed, elsewhere};
    kfp_ok(kfps_artifact_create(session, first, 2, NULL, &error), &error);
    kfps_artifact batch[300];
    for (int i = 0; i < 300; i++)
        batch[i] = aw_artifact("n");
    batch[217] = keyed;
    ck_assert_int_eq(kfps_artifact_create(session, batch, 300, NULL, &error), KFPS_EXISTS);
    ck_assert_int_eq(error.element, 217);
    ck_assert_ptr_nonnull(strstr(error.message, "idx_artifact_identity"));
    ck_assert_int_eq(kfp_count("SELECT COUNT(*) FROM \"artifacts\""), 2);
    /* twice in one call: the second is one too many */
    batch[5].identity_key = "twice";
    batch[217] = aw_artifact("n");
    batch[218].identity_key = "twice";
    ck_assert_int_eq(kfps_artifact_create(session, batch, 300, NULL, &error), KFPS_EXISTS);
    ck_assert_int_eq(error.element, 218);
    ck_assert_int_eq(kfp_count("SELECT COUNT(*) FROM \"artifacts\""), 2);
}
END_TEST

static int32_t same_uuid(void *user, char *out)
{
    (void) user;
    memcpy(out, "00000000-0000-4000-8000-000000000001", 37);
    return 0;
}

START_TEST(a_repeating_generator_of_uuids_is_found_out)
{
    const kfps_artifact a = aw_artifact("a");
    kfps_store_set_uuid(store, same_uuid, NULL);
    kfp_ok(kfps_artifact_create(session, &a, 1, NULL, &error), &error);
    ck_assert_int_eq(kfps_artifact_create(session, &a, 1, NULL, &error), KFPS_EXISTS);
    ck_assert_ptr_nonnull(strstr(error.message, "UUID"));
    ck_assert_int_eq(kfp_count("SELECT COUNT(*) FROM \"artifacts\""), 1);
}
END_TEST

/* ---- namespaces and permission ----------------------------------------------------------------------------------- */

START_TEST(a_session_sees_its_namespace)
{
    kfps_session_options options;
    kfps_session *narrow = NULL;
    kfps_artifact_list *list = NULL;
    const char *id = "a-0";
    int64_t deleted = 0;
    aw_artifacts(1, "ns");
    kfps_session_options_init(&options);
    options.session_namespace = "other";
    kfp_ok(kfps_session_open(store, &options, &narrow, &error), &error);
    ck_assert_int_eq(kfps_artifact_get(narrow, "a-0", &list, &error), KFPS_NOT_FOUND);
    kfp_ok(kfps_artifact_get_many(narrow, &id, 1, &list, &error), &error);
    ck_assert_uint_eq(list->count, 0);
    ck_assert_uint_eq(list->absent_count, 1);
    kfps_artifact_list_free(list);
    ck_assert_int_eq(kfps_artifact_get_by_uri(narrow, "ns", "u", &list, &error), KFPS_INVALID);
    kfp_ok(kfps_artifact_delete_unlinked(narrow, &id, 1, &deleted, &error), &error);
    ck_assert_int_eq(deleted, 0);
    kfps_artifact a = aw_artifact("a");
    ck_assert_int_eq(kfps_artifact_create(narrow, &a, 1, NULL, &error), KFPS_INVALID);
    ck_assert_int_eq(error.element, 0);
    a.artifact_namespace = NULL; /* the session's */
    kfp_ok(kfps_artifact_create(narrow, &a, 1, &list, &error), &error);
    ck_assert_str_eq(list->items[0].artifact_namespace, "other");
    kfps_artifact_list_free(list);
    kfps_session_close(narrow);
}
END_TEST

START_TEST(multi_user_mode_needs_a_namespace)
{
    kfps_store_options options;
    kfps_artifact_list *list = NULL;
    kfps_store_options_init(&options);
    options.multi_user = 1;
    kfps_store *multi = kfp_store(&options);
    kfps_session *own = kfp_session(multi);
    kfps_artifact a = aw_artifact("a");
    a.artifact_namespace = "";
    ck_assert_int_eq(kfps_artifact_create(own, &a, 1, NULL, &error), KFPS_INVALID);
    ck_assert_int_eq(kfps_artifact_get_by_uri(own, "", "u", &list, &error), KFPS_INVALID);
    ck_assert_int_eq(kfps_artifact_get_by_uri(own, NULL, "u", &list, &error), KFPS_INVALID);
    kfps_session_close(own);
    kfps_store_close(multi);
}
END_TEST

typedef struct witness {
    kfps_access seen[8];
    char space[8][64];
    char run[8][64];
    int count;
    int refuse;
} witness;

static int32_t watch(void *user, const kfps_access *access)
{
    witness *w = user;
    ck_assert_int_lt(w->count, 8);
    w->seen[w->count] = *access;
    snprintf(w->space[w->count], 64, "%s", access->access_namespace != NULL ? access->access_namespace : "-");
    snprintf(w->run[w->count], 64, "%s", access->run_uuid != NULL ? access->run_uuid : "-");
    w->count++;
    return w->refuse;
}

static void expect_question(witness *w, int i, kfps_verb verb, kfps_resource resource, const char *space,
                            const char *run)
{
    ck_assert_int_gt(w->count, i);
    ck_assert_int_eq(w->seen[i].verb, (int32_t) verb);
    ck_assert_int_eq(w->seen[i].resource, (int32_t) resource);
    ck_assert_str_eq(w->space[i], space);
    ck_assert_str_eq(w->run[i], run);
}

START_TEST(the_callback_is_asked_before_anything_is_read)
{
    witness w = {.refuse = 1};
    kfps_store_options options;
    kfps_artifact_list *list = NULL;
    aw_counter counter = {0};
    const char *id = "a-0";
    kfps_store_options_init(&options);
    options.authorize = watch;
    options.authorize_user = &w;
    options.log = aw_count;
    options.log_user = &counter;
    options.log_level = KFPS_LOG_DEBUG;
    kfps_store *asked = kfp_store(&options);
    kfps_session *own = kfp_session(asked);
    const kfps_artifact two[] = {aw_artifact("a"), aw_artifact("b")};
    const kfps_artifact_task links[] = {aw_link(NULL, "task-1", "a"), aw_link(NULL, "task-1", "b")};
    aw_taken(&counter);
    ck_assert_int_eq(kfps_artifact_create(own, two, 2, NULL, &error), KFPS_DENIED);
    ck_assert_int_eq(kfps_artifact_get(own, id, &list, &error), KFPS_DENIED);
    ck_assert_int_eq(kfps_artifact_get_many(own, &id, 1, &list, &error), KFPS_DENIED);
    ck_assert_int_eq(kfps_artifact_get_by_uri(own, "ns", "u", &list, &error), KFPS_DENIED);
    ck_assert_int_eq(kfps_artifact_delete_unlinked(own, &id, 1, NULL, &error), KFPS_DENIED);
    ck_assert_int_eq(kfps_write_operation_purge(own, 1, NULL, &error), KFPS_DENIED);
    ck_assert_int_eq(kfps_artifact_create_with_links(own, two, links, 2, NULL, NULL, &error), KFPS_DENIED);
    ck_assert_int_eq(aw_taken(&counter), 0);
    ck_assert_int_eq(w.count, 7);
    expect_question(&w, 0, KFPS_VERB_CREATE, KFPS_RESOURCE_ARTIFACTS, "ns", "-");
    expect_question(&w, 1, KFPS_VERB_GET, KFPS_RESOURCE_ARTIFACTS, "-", "-");
    expect_question(&w, 2, KFPS_VERB_GET, KFPS_RESOURCE_ARTIFACTS, "-", "-");
    expect_question(&w, 3, KFPS_VERB_LIST, KFPS_RESOURCE_ARTIFACTS, "ns", "-");
    expect_question(&w, 4, KFPS_VERB_DELETE, KFPS_RESOURCE_ARTIFACTS, "-", "-");
    expect_question(&w, 5, KFPS_VERB_DELETE, KFPS_RESOURCE_ARTIFACTS, "-", "-");
    expect_question(&w, 6, KFPS_VERB_CREATE, KFPS_RESOURCE_ARTIFACTS, "ns", "run-1");
    w = (witness){0};
    kfp_ok(kfps_artifact_create_with_links(own, two, links, 2, NULL, NULL, &error), &error);
    ck_assert_int_eq(w.count, 2);
    expect_question(&w, 1, KFPS_VERB_CREATE, KFPS_RESOURCE_ARTIFACT_TASKS, "ns", "run-1");
    kfps_session_close(own);
    kfps_store_close(asked);
}
END_TEST

static Suite *artifact_rules_suite(void)
{
    Suite *suite = suite_create("artifact rules");
    TCase *tests = tcase_create("artifact rules");
    tcase_set_timeout(tests, 120);
    tcase_add_checked_fixture(tests, setup, close_session);
    tcase_add_test(tests, faulty_records_are_refused_by_element);
    tcase_add_test(tests, limits_are_reached);
    tcase_add_test(tests, the_depth_of_metadata_is_the_engines);
    tcase_add_test(tests, null_arguments);
    tcase_add_test(tests, an_identity_key_is_taken_once);
    tcase_add_test(tests, a_repeating_generator_of_uuids_is_found_out);
    tcase_add_test(tests, a_session_sees_its_namespace);
    tcase_add_test(tests, multi_user_mode_needs_a_namespace);
    tcase_add_test(tests, the_callback_is_asked_before_anything_is_read);
    suite_add_tcase(suite, tests);
    return suite;
}

int main(void)
{
    return suite_main(artifact_rules_suite());
}
