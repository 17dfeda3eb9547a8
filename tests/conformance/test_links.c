/* SPDX-License-Identifier: Apache-2.0 */
/* test_links.c: links alone and with their artifacts: rules, batches, locks. */
#include <unistd.h>

#include "kfpstore.h"
#include "tests/harness/artifact_world.h"

static kfps_store *store;
static kfps_session *session;
static kfps_error error;

static void setup(void)
{
    aw_world();
    store = kfp_store(NULL);
    session = kfp_session(store);
}

static void teardown(void)
{
    kfps_session_close(session);
    kfps_store_close(store);
}

static int64_t links_there(void)
{
    return kfp_count("SELECT COUNT(*) FROM \"artifact_tasks\"");
}

/* ---- one link ---------------------------------------------------------------------------------------------------- */

static const struct {
    const char *producer;
    int64_t iteration; /* -2: refused */
} producers[] = {
    {NULL, -1},
    {"null", -1},
    {"{}", -1},
    {"{\"taskName\":\"t\"}", -1},
    {"{\"taskName\":\"t\",\"iteration\":\"5\"}", 5},
    {"{\"iteration\":7,\"taskName\":\"t\"}", 7},
    {"{\"iteration\":0}", 0},
    {"{\"iteration\":\"0\"}", 0},
    {"{\"iteration\":3.0}", 3},
    {"{\"iteration\":null}", -1},
    {"{\"\\u0069teration\":\"4\"}", 4},
    {"{\"iteration\":\"9223372036854775807\"}", INT64_MAX},
    {"{\"n\":100000000000000000000,\"iteration\":2}", 2},
    {"{\"taskName\":\"iteration\"}", -1},
    {"{\"iteration\":\"\"}", -2},
    {"{\"iteration\":\"x\"}", -2},
    {"{\"iteration\":\"5x\"}", -2},
    {"{\"iteration\":1.5}", -2},
    {"{\"iteration\":true}", -2},
    {"{\"iteration\":{}}", -2},
    {"{\"iteration\":\"9223372036854775808\"}", -2},
    {"{\"iteration\":9223372036854775808}", -2},
    {"[]", -2},
    {"{", -2},
};

START_TEST(the_iteration_is_the_producers)
{
    aw_artifacts(1, "ns");
    for (size_t i = 0; i < sizeof producers / sizeof *producers; i++) {
        char key[16];
        kfps_artifact_task_list *made = NULL, *read = NULL;
        snprintf(key, sizeof key, "k%zu", i);
        kfps_artifact_task link = aw_link("a-0", "task-1", key);
        link.producer_json = producers[i].producer;
        link.iteration = 99; /* ignored */
        const kfps_status status = kfps_artifact_task_create(session, &link, 1, KFPS_EXISTING_FAIL, NULL, &made,
                                                             &error);
        if (producers[i].iteration == -2) {
            ck_assert_msg(status == KFPS_INVALID, "%s: %s", producers[i].producer, kfps_status_name(status));
            ck_assert_ptr_nonnull(strstr(error.message, "producer_json"));
            ck_assert_int_eq(error.element, 0);
            continue;
        }
        ck_assert_msg(status == KFPS_OK, "%s: %s", producers[i].producer, error.message);
        ck_assert_int_eq(made->items[0].iteration, producers[i].iteration);
        kfp_ok(kfps_artifact_task_get(session, made->items[0].uuid, &read, &error), &error);
        aw_same_link(&made->items[0], &read->items[0]);
        kfps_artifact_task_list_free(made);
        kfps_artifact_task_list_free(read);
    }
}
END_TEST

START_TEST(the_type_is_kept)
{
    aw_artifacts(1, "ns");
    for (int type = -1; type <= 12; type++) {
        kfps_artifact_task_list *made = NULL;
        kfps_artifact_task link = aw_link("a-0", "task-1", "k");
        link.type = type;
        const kfps_status status = kfps_artifact_task_create(session, &link, 1, KFPS_EXISTING_FAIL, NULL, &made,
                                                             &error);
        ck_assert_int_eq(status, type >= 1 && type <= 11 ? KFPS_OK : KFPS_INVALID);
        if (status == KFPS_OK)
            ck_assert_int_eq(made->items[0].type, type);
        kfps_artifact_task_list_free(made);
    }
    ck_assert_int_eq(links_there(), 11);
}
END_TEST

/* The same pair may be linked again under another key, type or iteration, and no other way. */
START_TEST(a_link_is_unique)
{
    kfps_artifact_task_list *first = NULL, *again = NULL;
    aw_artifacts(2, "ns");
    const kfps_artifact_task link = aw_link("a-0", "task-1", "k");
    kfps_artifact_task others[] = {link, link, link, link, link, link};
    others[0].artifact_key = "l";
    others[1].type = KFPS_IO_ONE_OF_OUTPUT;
    others[2].producer_json = "{\"iteration\":1}";
    others[3].task_uuid = "task-2";
    others[4].artifact_uuid = "a-1";
    others[5].artifact_key = "k2";
    kfp_ok(kfps_artifact_task_create(session, &link, 1, KFPS_EXISTING_FAIL, NULL, &first, &error), &error);
    kfp_ok(kfps_artifact_task_create(session, others, 6, KFPS_EXISTING_FAIL, NULL, NULL, &error), &error);
    ck_assert_int_eq(kfps_artifact_task_create(session, &link, 1, KFPS_EXISTING_FAIL, NULL, &again, &error),
                     KFPS_EXISTS);
    ck_assert_ptr_nonnull(strstr(error.message, "UniqueLink"));
    ck_assert_int_eq(error.element, 0);
    ck_assert_ptr_null(again);
    int32_t existed = 0;
    kfps_artifact_task other_producer = link;
    other_producer.producer_json = "{\"taskName\":\"else\"}";
    kfp_ok(kfps_artifact_task_create(session, &other_producer, 1, KFPS_EXISTING_RETURN, &existed, &again, &error),
           &error);
    ck_assert_int_eq(existed, 1);
    aw_same_link(&again->items[0], &first->items[0]);
    ck_assert_int_eq(links_there(), 7);
    kfps_artifact_task_list_free(first);
    kfps_artifact_task_list_free(again);
}
END_TEST

/* Alone and as the second of three. */
static void expect_refusal(kfps_artifact_task bad, kfps_status status, const char *word)
{
    const kfps_artifact_task three[] = {aw_link("a-1", "task-1", "x"), bad, aw_link("a-2", "task-2", "y")};
    kfps_artifact_task_list *made = NULL;
    int32_t existed[3] = {7, 7, 7};
    for (int many = 0; many < 2; many++) {
        const kfps_status got = kfps_artifact_task_create(session, many ? three : &three[1], many ? 3 : 1,
                                                          KFPS_EXISTING_RETURN, existed, &made, &error);
        ck_assert_msg(got == status, "%s: %s instead of %s: %s", word, kfps_status_name(got), kfps_status_name(status),
                      error.message);
        ck_assert_int_eq(error.element, many);
        ck_assert_msg(strstr(error.message, word) != NULL, "%s is not in: %s", word, error.message);
        ck_assert_ptr_null(made);
        ck_assert_int_eq(existed[0], 0);
    }
    ck_assert_int_eq(links_there(), 0);
}

#define WITH(field, value)                                    \
    ({                                                        \
        kfps_artifact_task w = aw_link("a-0", "task-1", "k"); \
        w.field = value;                                      \
        w;                                                    \
    })

START_TEST(faulty_links_are_refused_by_element)
{
    char large[200];
    aw_artifacts(3, "ns");
    memset(large, 'x', 192);
    large[192] = '\0';
    expect_refusal(WITH(artifact_uuid, NULL), KFPS_INVALID, "artifact_uuid");
    expect_refusal(WITH(artifact_uuid, ""), KFPS_INVALID, "artifact_uuid");
    expect_refusal(WITH(task_uuid, NULL), KFPS_INVALID, "task_uuid");
    expect_refusal(WITH(run_uuid, ""), KFPS_INVALID, "run_uuid");
    expect_refusal(WITH(artifact_key, NULL), KFPS_INVALID, "artifact_key");
    expect_refusal(WITH(artifact_key, large), KFPS_TOO_LARGE, "ArtifactKey");
    expect_refusal(WITH(artifact_key, "\xff"), KFPS_INVALID, "ArtifactKey");
    expect_refusal(WITH(artifact_uuid, "none"), KFPS_FOREIGN_KEY, "no artifact none");
    expect_refusal(WITH(task_uuid, "none"), KFPS_FOREIGN_KEY, "no task none");
    expect_refusal(WITH(run_uuid, "none"), KFPS_FOREIGN_KEY, "no run none");
    /* bytes decide, also where the collation would not tell them apart */
    expect_refusal(WITH(artifact_uuid, "A-0"), KFPS_FOREIGN_KEY, "no artifact A-0");
    expect_refusal(WITH(task_uuid, "TASK-1"), KFPS_FOREIGN_KEY, "no task TASK-1");
    expect_refusal(WITH(run_uuid, "RUN-1"), KFPS_FOREIGN_KEY, "no run RUN-1");
    expect_refusal(WITH(task_uuid, "task-9"), KFPS_FOREIGN_KEY, "does not belong");
    expect_refusal(WITH(run_uuid, "run-2"), KFPS_FOREIGN_KEY, "does not belong");
    kfps_artifact_task over = aw_link("a-0", "task-over", "k");
    over.run_uuid = "over";
    expect_refusal(over, KFPS_RUN_TERMINAL, "is over");
}
END_TEST

START_TEST(null_arguments)
{
    kfps_artifact_task_list *list = NULL;
    const kfps_artifact_task link = aw_link("a-0", "task-1", "k");
    const kfps_artifact a = aw_artifact("a");
    const char *id = "x", *empty = "";
    kfps_artifact_list *artifacts = NULL;
    int64_t deleted = 7;
    ck_assert_int_eq(kfps_artifact_task_create(NULL, &link, 1, 0, NULL, &list, &error), KFPS_INVALID);
    ck_assert_int_eq(kfps_artifact_task_create(session, NULL, 1, 0, NULL, &list, &error), KFPS_INVALID);
    ck_assert_int_eq(kfps_artifact_task_create(session, &link, 1, 2, NULL, &list, &error), KFPS_INVALID);
    ck_assert_int_eq(kfps_artifact_task_get(NULL, "x", &list, &error), KFPS_INVALID);
    ck_assert_int_eq(kfps_artifact_task_get(session, NULL, &list, &error), KFPS_INVALID);
    ck_assert_int_eq(kfps_artifact_task_get(session, "", &list, &error), KFPS_INVALID);
    ck_assert_int_eq(kfps_artifact_task_get(session, "x", NULL, &error), KFPS_INVALID);
    ck_assert_int_eq(kfps_artifact_task_get(session, "x", &list, &error), KFPS_NOT_FOUND);
    ck_assert_int_eq(kfps_artifact_task_delete(NULL, &id, 1, 0, &deleted, &error), KFPS_INVALID);
    ck_assert_int_eq(deleted, 0);
    ck_assert_int_eq(kfps_artifact_task_delete(session, NULL, 1, 0, NULL, &error), KFPS_INVALID);
    ck_assert_int_eq(kfps_artifact_task_delete(session, &empty, 1, 0, NULL, &error), KFPS_INVALID);
    ck_assert_int_eq(kfps_artifact_task_delete(session, &id, 1, 3, NULL, &error), KFPS_INVALID);
    ck_assert_int_eq(kfps_artifact_task_delete(session, &id, 1, -1, NULL, &error), KFPS_INVALID);
    ck_assert_int_eq(kfps_artifact_create_with_links(session, &a, NULL, 1, &artifacts, &list, &error), KFPS_INVALID);
    ck_assert_int_eq(kfps_artifact_create_with_links(session, NULL, &link, 1, &artifacts, &list, &error), KFPS_INVALID);
    ck_assert_int_eq(kfps_artifact_create_with_links(NULL, &a, &link, 1, &artifacts, &list, &error), KFPS_INVALID);
    ck_assert_ptr_null(list);
    ck_assert_ptr_null(artifacts);
    kfp_ok(kfps_artifact_task_create(session, NULL, 0, 0, NULL, &list, &error), &error);
    ck_assert_uint_eq(list->count, 0);
    kfps_artifact_task_list_free(list);
}
END_TEST

/* ---- case-insensitive databases ---------------------------------------------------------------------------------- */

/* A key that differs in case only is another link, or is refused by name; it never vanishes. */
START_TEST(keys_that_differ_in_case)
{
    aw_artifacts(1, "ns");
    const kfps_artifact_task lower = aw_link("a-0", "task-1", "model"), upper = aw_link("a-0", "task-1", "MODEL");
    const kfps_artifact_task both[] = {aw_link("a-0", "task-2", "x"), aw_link("a-0", "task-2", "model"),
                                       aw_link("a-0", "task-2", "Model"), aw_link("a-0", "task-2", "y")};
    const bool folds = strcmp(test_label(), "mariadb-generalci") == 0 || strcmp(test_label(), "mysql-ai") == 0;
    kfp_ok(kfps_artifact_task_create(session, &lower, 1, KFPS_EXISTING_FAIL, NULL, NULL, &error), &error);
    for (int mode = 0; mode < 2; mode++) {
        int32_t existed = 7;
        kfps_artifact_task_list *made = NULL;
        const kfps_status status = kfps_artifact_task_create(
            session, &upper, 1, mode == 0 ? KFPS_EXISTING_FAIL : KFPS_EXISTING_RETURN, &existed, &made, &error);
        if (folds) {
            ck_assert_int_eq(status, KFPS_EXISTS);
            ck_assert_ptr_nonnull(strstr(error.message, "collation"));
            ck_assert_ptr_null(made);
        } else {
            ck_assert_int_eq(status, mode == 0 ? KFPS_OK : KFPS_OK);
            ck_assert_int_eq(existed, mode);
            ck_assert_str_eq(made->items[0].artifact_key, "MODEL");
        }
        kfps_artifact_task_list_free(made);
    }
    ck_assert_int_eq(links_there(), folds ? 1 : 2);
    /* inside one batch */
    const kfps_status status = kfps_artifact_task_create(session, both, 4, KFPS_EXISTING_RETURN, NULL, NULL, &error);
    ck_assert_int_eq(status, folds ? KFPS_EXISTS : KFPS_OK);
    if (folds)
        ck_assert_int_eq(error.element, 2);
    ck_assert_int_eq(links_there(), folds ? 1 : 6);
}
END_TEST

/* ---- batches ----------------------------------------------------------------------------------------------------- */

enum { MANY = 1000 };

typedef struct batch {
    kfps_artifact artifacts[MANY];
    kfps_artifact_task links[MANY];
    char key[MANY][16];
} batch;

static batch *make_batch(void)
{
    batch *b = calloc(1, sizeof *b);
    for (int i = 0; i < MANY; i++) {
        snprintf(b->key[i], sizeof b->key[i], "key-%d", i);
        b->artifacts[i] = aw_artifact(b->key[i]);
        b->links[i] = aw_link("ignored", i % 2 == 0 ? "task-1" : "task-2", b->key[i]);
        b->links[i].type = i % 3 == 0 ? KFPS_IO_ITERATOR_OUTPUT : KFPS_IO_OUTPUT;
    }
    return b;
}

START_TEST(a_thousand_artifacts_with_links_are_a_handful_of_statements)
{
    aw_counter counter = {0};
    kfps_store *counted = aw_counting_store(&counter);
    kfps_session *own = kfp_session(counted);
    batch *b = make_batch();
    kfps_artifact_list *made = NULL;
    kfps_artifact_task_list *links = NULL, *read = NULL;
    kfps_artifact_get(own, "x", &made, &error); /* looks at the schema once */
    aw_taken(&counter);
    kfp_ok(kfps_artifact_create_with_links(own, b->artifacts, b->links, MANY, &made, &links, &error), &error);
    /* BEGIN, run, tasks, their locks, 1 or 4 inserts each, COMMIT */
    const int taken = aw_taken(&counter);
    ck_assert_msg(taken >= 5 && taken <= (test_engine_is("mysql") ? 13 : 7), "%d statements", taken);
    ck_assert_int_eq(kfp_count("SELECT COUNT(*) FROM \"artifacts\""), MANY);
    ck_assert_int_eq(links_there(), MANY);
    for (int i = 0; i < MANY; i++) {
        ck_assert_str_eq(made->items[i].name, b->key[i]);
        ck_assert_str_eq(links->items[i].artifact_key, b->key[i]);
        ck_assert_str_eq(links->items[i].artifact_uuid, made->items[i].uuid);
    }
    kfp_ok(kfps_artifact_task_get(own, links->items[417].uuid, &read, &error), &error);
    aw_same_link(&read->items[0], &links->items[417]);
    kfps_artifact_task_list_free(read);
    kfps_artifact_list_free(made);

    /* the links again, as they are */
    for (int i = 0; i < MANY; i++)
        b->links[i].artifact_uuid = links->items[i].artifact_uuid;
    int32_t *existed = calloc(MANY, sizeof *existed);
    aw_taken(&counter);
    kfp_ok(kfps_artifact_task_create(own, b->links, MANY, KFPS_EXISTING_RETURN, existed, &read, &error), &error);
    ck_assert_int_le(aw_taken(&counter), 24);
    for (int i = 0; i < MANY; i++) {
        ck_assert_int_eq(existed[i], 1);
        aw_same_link(&read->items[i], &links->items[i]);
    }
    ck_assert_int_eq(kfps_artifact_task_create(own, b->links, MANY, KFPS_EXISTING_FAIL, NULL, NULL, &error),
                     KFPS_EXISTS);
    ck_assert_int_eq(error.element, 0);
    kfps_artifact_task_list_free(read);
    kfps_artifact_task_list_free(links);
    free(existed);
    free(b);
    kfps_session_close(own);
    kfps_store_close(counted);
}
END_TEST

START_TEST(a_single_link_takes_four_statements)
{
    aw_counter counter = {0};
    kfps_store *counted = aw_counting_store(&counter);
    kfps_session *own = kfp_session(counted);
    const kfps_artifact a = aw_artifact("a");
    const kfps_artifact_task link = aw_link("a-0", "task-1", "k");
    kfps_artifact_list *list = NULL;
    aw_artifacts(1, "ns");
    kfps_artifact_get(own, "x", &list, &error);
    aw_taken(&counter);
    kfp_ok(kfps_artifact_task_create(own, &link, 1, KFPS_EXISTING_FAIL, NULL, NULL, &error), &error);
    ck_assert_int_eq(aw_taken(&counter), 4); /* BEGIN, what must be there, INSERT, COMMIT */
    kfp_ok(kfps_artifact_create_with_links(own, &a, &link, 1, NULL, NULL, &error), &error);
    ck_assert_int_eq(aw_taken(&counter), 5);
    kfp_ok(kfps_artifact_create(own, &a, 1, NULL, &error), &error);
    ck_assert_int_eq(aw_taken(&counter), 1); /* a transaction by itself */
    kfp_ok(kfps_artifact_get(own, "a-0", &list, &error), &error);
    ck_assert_int_eq(aw_taken(&counter), 1);
    kfps_artifact_list_free(list);
    kfps_session_close(own);
    kfps_store_close(counted);
}
END_TEST

typedef enum fault { BAD_ARTIFACT, BAD_KEY, NO_TASK, NO_RUN, WRONG_RUN, BAD_JSON, TAKEN_KEY, FAULTS } fault;

static const struct {
    kfps_status status;
    const char *word;
} of_fault[] = {
    [BAD_ARTIFACT] = {KFPS_INVALID, "name"},          [BAD_KEY] = {KFPS_INVALID, "ArtifactKey"},
    [NO_TASK] = {KFPS_FOREIGN_KEY, "no task nobody"}, [NO_RUN] = {KFPS_FOREIGN_KEY, "no run nowhere"},
    [WRONG_RUN] = {KFPS_FOREIGN_KEY, "task-9"},       [BAD_JSON] = {KFPS_INVALID, "producer_json"},
    [TAKEN_KEY] = {KFPS_EXISTS, "identity key"},
};

START_TEST(an_error_in_element_417_says_so)
{
    batch *b = make_batch();
    kfps_artifact keyed = aw_artifact("keyed");
    keyed.identity_key = "taken";
    kfp_ok(kfps_artifact_create(session, &keyed, 1, NULL, &error), &error);
    for (int f = 0; f < FAULTS; f++) {
        const kfps_artifact artifact = b->artifacts[417];
        const kfps_artifact_task link = b->links[417];
        kfps_artifact_list *made = NULL;
        kfps_artifact_task_list *links = NULL;
        switch ((fault) f) {
        case BAD_ARTIFACT:
            b->artifacts[417].name = NULL;
            break;
        case BAD_KEY:
            b->links[417].artifact_key = "\xc0";
            break;
        case NO_TASK:
            b->links[417].task_uuid = "nobody";
            break;
        case NO_RUN:
            b->links[417].run_uuid = "nowhere";
            break;
        case WRONG_RUN:
            b->links[417].task_uuid = "task-9";
            break;
        case BAD_JSON:
            b->links[417].producer_json = "{";
            break;
        default:
            b->artifacts[417].identity_key = "taken";
        }
        ck_assert_int_eq(kfps_artifact_create_with_links(session, b->artifacts, b->links, MANY, &made, &links, &error),
                         of_fault[f].status);
        ck_assert_int_eq(error.element, 417);
        ck_assert_msg(strstr(error.message, of_fault[f].word) != NULL, "%s", error.message);
        ck_assert(made == NULL && links == NULL);
        ck_assert_int_eq(kfp_count("SELECT COUNT(*) FROM \"artifacts\""), 1);
        ck_assert_int_eq(links_there(), 0);
        b->artifacts[417] = artifact;
        b->links[417] = link;
    }
    free(b);
}
END_TEST

START_TEST(a_duplicate_inside_a_batch)
{
    enum { SOME = 500 };
    kfps_artifact_task *links = calloc(SOME, sizeof *links);
    char(*key)[16] = calloc(SOME, sizeof *key);
    int32_t existed[SOME];
    kfps_artifact_task_list *made = NULL;
    aw_artifacts(1, "ns");
    for (int i = 0; i < SOME; i++) {
        snprintf(key[i], sizeof key[i], "%d", i);
        links[i] = aw_link("a-0", "task-1", key[i]);
    }
    links[417].artifact_key = "3";
    ck_assert_int_eq(kfps_artifact_task_create(session, links, SOME, KFPS_EXISTING_FAIL, NULL, NULL, &error),
                     KFPS_EXISTS);
    ck_assert_int_eq(error.element, 417);
    ck_assert_int_eq(links_there(), 0);
    kfp_ok(kfps_artifact_task_create(session, links, SOME, KFPS_EXISTING_RETURN, existed, &made, &error), &error);
    ck_assert_int_eq(links_there(), SOME - 1);
    for (int i = 0; i < SOME; i++)
        ck_assert_int_eq(existed[i], i == 417);
    aw_same_link(&made->items[417], &made->items[3]);
    kfps_artifact_task_list_free(made);
    /* and one that was there before, among new ones */
    for (int i = 0; i < SOME; i++)
        links[i].type = i == 77 ? KFPS_IO_OUTPUT : KFPS_IO_COMPONENT_INPUT;
    links[417].artifact_key = key[417];
    ck_assert_int_eq(kfps_artifact_task_create(session, links, SOME, KFPS_EXISTING_FAIL, NULL, NULL, &error),
                     KFPS_EXISTS);
    ck_assert_int_eq(error.element, 77);
    ck_assert_int_eq(links_there(), SOME - 1);
    free(links);
    free(key);
}
END_TEST

/* ---- multi-user mode --------------------------------------------------------------------------------------------- */

START_TEST(namespaces_agree_in_multi_user_mode)
{
    kfps_store_options options;
    kfps_store_options_init(&options);
    options.multi_user = 1;
    kfps_store *multi = kfp_store(&options);
    kfps_session *own = kfp_session(multi);
    aw_artifacts(2, "ns");
    kfp_exec("UPDATE \"artifacts\" SET \"Namespace\"='other' WHERE \"UUID\"='a-1'");
    const kfps_artifact_task links[] = {aw_link("a-0", "task-1", "k"), aw_link("a-1", "task-1", "k")};
    ck_assert_int_eq(kfps_artifact_task_create(own, &links[1], 1, KFPS_EXISTING_FAIL, NULL, NULL, &error),
                     KFPS_INVALID);
    ck_assert_int_eq(kfps_artifact_task_create(own, links, 2, KFPS_EXISTING_FAIL, NULL, NULL, &error), KFPS_INVALID);
    ck_assert_int_eq(error.element, 1);
    kfps_artifact elsewhere = aw_artifact("a");
    elsewhere.artifact_namespace = "other";
    ck_assert_int_eq(kfps_artifact_create_with_links(own, &elsewhere, links, 1, NULL, NULL, &error), KFPS_INVALID);
    ck_assert_int_eq(links_there(), 0);
    kfp_ok(kfps_artifact_task_create(own, links, 1, KFPS_EXISTING_FAIL, NULL, NULL, &error), &error);
    /* single-user mode on the same database does not mind */
    kfp_ok(kfps_artifact_task_create(session, &links[1], 1, KFPS_EXISTING_FAIL, NULL, NULL, &error), &error);
    kfps_session_close(own);
    kfps_store_close(multi);
}
END_TEST

START_TEST(a_session_sees_its_namespace)
{
    kfps_session_options options;
    kfps_session *narrow = NULL;
    kfps_artifact_task_list *made = NULL, *read = NULL;
    const char *task = "task-1";
    int64_t deleted = 0;
    aw_artifacts(1, "ns");
    const kfps_artifact_task link = aw_link("a-0", "task-1", "k");
    kfp_ok(kfps_artifact_task_create(session, &link, 1, KFPS_EXISTING_FAIL, NULL, &made, &error), &error);
    kfps_session_options_init(&options);
    options.session_namespace = "other";
    kfp_ok(kfps_session_open(store, &options, &narrow, &error), &error);
    ck_assert_int_eq(kfps_artifact_task_get(narrow, made->items[0].uuid, &read, &error), KFPS_NOT_FOUND);
    ck_assert_int_eq(kfps_artifact_task_create(narrow, &link, 1, KFPS_EXISTING_RETURN, NULL, NULL, &error),
                     KFPS_FOREIGN_KEY);
    kfp_ok(kfps_artifact_task_delete(narrow, &task, 1, KFPS_DIRECTION_ANY, &deleted, &error), &error);
    ck_assert_int_eq(deleted, 0);
    kfps_session_close(narrow);
    options.session_namespace = "ns";
    kfp_ok(kfps_session_open(store, &options, &narrow, &error), &error);
    kfp_ok(kfps_artifact_task_get(narrow, made->items[0].uuid, &read, &error), &error);
    kfp_ok(kfps_artifact_task_delete(narrow, &task, 1, KFPS_DIRECTION_ANY, &deleted, &error), &error);
    ck_assert_int_eq(deleted, 1);
    kfps_session_close(narrow);
    kfps_artifact_task_list_free(made);
    kfps_artifact_task_list_free(read);
}
END_TEST

/* ---- delete ------------------------------------------------------------------------------------------------------ */

START_TEST(links_are_deleted_by_direction)
{
    static const struct {
        kfps_direction direction;
        int64_t deleted;
    } steps[] = {
        {KFPS_DIRECTION_INPUT, 7}, {KFPS_DIRECTION_INPUT, 0}, {KFPS_DIRECTION_OUTPUT, 4}, {KFPS_DIRECTION_ANY, 0}};
    const char *tasks[] = {"task-1", "none", "task-1", "TASK-2"};
    kfps_artifact_task links[22];
    aw_artifacts(1, "ns");
    for (int i = 0; i < 22; i++) {
        links[i] = aw_link("a-0", i < 11 ? "task-1" : "task-2", "k");
        links[i].type = i % 11 + 1;
    }
    kfp_ok(kfps_artifact_task_create(session, links, 22, KFPS_EXISTING_FAIL, NULL, NULL, &error), &error);
    kfp_exec("UPDATE \"run_details\" SET \"State\"='FAILED' WHERE \"UUID\"='run-1'"); /* also then */
    for (size_t i = 0; i < 4; i++) {
        int64_t deleted = -1;
        kfp_ok(kfps_artifact_task_delete(session, tasks, 4, steps[i].direction, &deleted, &error), &error);
        ck_assert_int_eq(deleted, steps[i].deleted);
    }
    ck_assert_int_eq(kfp_count("SELECT COUNT(*) FROM \"artifact_tasks\" WHERE \"TaskID\"='task-2'"), 11);
    kfp_ok(kfps_artifact_task_delete(session, NULL, 0, KFPS_DIRECTION_ANY, NULL, &error), &error);
    kfp_ok(kfps_artifact_task_delete(session, &(const char *){"task-2"}, 1, KFPS_DIRECTION_ANY, NULL, &error), &error);
    ck_assert_int_eq(links_there(), 0);
}
END_TEST

/* ---- locks ------------------------------------------------------------------------------------------------------- */

typedef struct late {
    pthread_t thread;
    kfps_status status;
    kfps_error error;
} late;

static void *link_parent_and_child(void *argument)
{
    late *l = argument;
    kfps_session *own = kfp_session(store);
    /* by UUID alone "root" would come before "task-1" */
    const kfps_artifact_task links[] = {aw_link("a-0", "root", "k"), aw_link("a-0", "task-1", "k")};
    l->status = kfps_artifact_task_create(own, links, 2, KFPS_EXISTING_FAIL, NULL, NULL, &l->error);
    kfps_session_close(own);
    return NULL;
}

/* Another program locks child and then parent, as an update with propagation does. Whoever locked the parent first
 * would be in its way. */
START_TEST(tasks_are_locked_deepest_first)
{
    late l = {0};
    kfps_error own = {0};
    if (test_engine_is("sqlite"))
        return;
    aw_artifacts(1, "ns");
    kfpb_conn *conn = test_open();
    kfp_ok(kfpb_begin(conn, KFPB_TX_WRITE, &own), &own);
    kfp_ok(kfpb_exec(conn, "UPDATE \"tasks\" SET \"UUID\"=\"UUID\",\"State\"=2 WHERE \"UUID\"='task-1'", NULL, 0, NULL,
                     &own),
           &own);
    kfpb_rows *rows = NULL;
    char sql[256];
    snprintf(sql, sizeof sql, "SELECT 1 FROM \"tasks\" WHERE \"UUID\"='task-1'%s", conn->driver->dialect.for_update);
    kfp_ok(kfpb_query(conn, sql, NULL, 0, &rows, &own), &own);
    kfpb_rows_free(&rows);
    pthread_create(&l.thread, NULL, link_parent_and_child, &l);
    usleep(400000); /* it waits for the child now, and holds no task */
    snprintf(sql, sizeof sql, "SELECT 1 FROM \"tasks\" WHERE \"UUID\"='root'%s%s", conn->driver->dialect.for_update,
             " NOWAIT");
    kfp_ok(kfpb_query(conn, sql, NULL, 0, &rows, &own), &own);
    kfpb_rows_free(&rows);
    kfp_ok(kfpb_commit(conn, &own), &own);
    kfpb_close(&conn);
    pthread_join(l.thread, NULL);
    ck_assert_msg(l.status == KFPS_OK, "%s", l.error.message);
    ck_assert_int_eq(links_there(), 2);
}
END_TEST

/* A run that ends while the link waits for its row is over for the link. */
START_TEST(the_guard_waits_for_whoever_ends_the_run)
{
    late l = {0};
    kfps_error own = {0};
    if (test_engine_is("sqlite"))
        return;
    aw_artifacts(1, "ns");
    kfpb_conn *conn = test_open();
    kfp_ok(kfpb_begin(conn, KFPB_TX_WRITE, &own), &own);
    kfp_ok(
        kfpb_exec(conn, "UPDATE \"run_details\" SET \"State\"='SUCCEEDED' WHERE \"UUID\"='run-1'", NULL, 0, NULL, &own),
        &own);
    pthread_create(&l.thread, NULL, link_parent_and_child, &l);
    usleep(300000);
    kfp_ok(kfpb_commit(conn, &own), &own);
    kfpb_close(&conn);
    pthread_join(l.thread, NULL);
    ck_assert_int_eq(l.status, KFPS_RUN_TERMINAL);
    ck_assert_int_eq(links_there(), 0);
}
END_TEST

typedef struct writer {
    pthread_t thread;
    int number;
} writer;

static void *link_many(void *argument)
{
    const writer *w = argument;
    kfps_session *own = kfp_session(store);
    for (int round = 0; round < 10; round++) {
        kfps_artifact_task links[12];
        char key[12][16], id[12][16];
        kfps_error e;
        for (int i = 0; i < 12; i++) {
            const int place = w->number % 2 == 0 ? i : 11 - i;
            static const char *const tasks[] = {"root", "task-1", "task-2"};
            snprintf(key[i], sizeof key[i], "r%d-%d", round, place);
            snprintf(id[i], sizeof id[i], "a-%d", place);
            links[i] = aw_link(id[i], tasks[place % 3], key[i]);
        }
        const kfps_status status = kfps_artifact_task_create(own, links, 12, KFPS_EXISTING_RETURN, NULL, NULL, &e);
        ck_assert_msg(status == KFPS_OK, "%s: %s", kfps_status_name(status), e.message);
    }
    kfps_session_close(own);
    return NULL;
}

START_TEST(eight_threads_make_the_same_links)
{
    writer writers[8];
    aw_artifacts(12, "ns");
    for (int i = 0; i < 8; i++) {
        writers[i].number = i;
        pthread_create(&writers[i].thread, NULL, link_many, &writers[i]);
    }
    for (int i = 0; i < 8; i++)
        pthread_join(writers[i].thread, NULL);
    ck_assert_int_eq(links_there(), 120);
}
END_TEST

static Suite *links_suite(void)
{
    Suite *suite = suite_create("links");
    TCase *tests = tcase_create("links");
    tcase_set_timeout(tests, 120);
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, the_iteration_is_the_producers);
    tcase_add_test(tests, the_type_is_kept);
    tcase_add_test(tests, a_link_is_unique);
    tcase_add_test(tests, faulty_links_are_refused_by_element);
    tcase_add_test(tests, null_arguments);
    tcase_add_test(tests, keys_that_differ_in_case);
    tcase_add_test(tests, a_thousand_artifacts_with_links_are_a_handful_of_statements);
    tcase_add_test(tests, a_single_link_takes_four_statements);
    tcase_add_test(tests, an_error_in_element_417_says_so);
    tcase_add_test(tests, a_duplicate_inside_a_batch);
    tcase_add_test(tests, namespaces_agree_in_multi_user_mode);
    tcase_add_test(tests, a_session_sees_its_namespace);
    tcase_add_test(tests, links_are_deleted_by_direction);
    tcase_add_test(tests, tasks_are_locked_deepest_first);
    tcase_add_test(tests, the_guard_waits_for_whoever_ends_the_run);
    tcase_add_test(tests, eight_threads_make_the_same_links);
    suite_add_tcase(suite, tests);
    return suite;
}

int main(void)
{
    return suite_main(links_suite());
}
