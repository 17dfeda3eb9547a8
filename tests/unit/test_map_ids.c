/* SPDX-License-Identifier: Apache-2.0 */
#include "map_fixture.h"
#include "migrate/map/ids.h"

typedef struct setting {
    kfpb_arena arena;
    map_options options;
    map_context context;
} setting;

static void begin(setting *s, const char *source_id)
{
    *s = (setting){.options = {.source_id = source_id}};
    kfpb_arena_init(&s->arena);
    s->context = (map_context){.options = &s->options, .arena = &s->arena};
}

START_TEST(ids_are_uuid5_of_their_names)
{
    setting s;

    begin(&s, NULL);
    /* uuid.uuid5(uuid.NAMESPACE_DNS, …) of Python */
    ck_assert_str_eq(map_uuid(&s.context, "execution:%d", 2), "c383cf34-c39d-521b-a425-da55ed1b46a2");
    ck_assert_str_eq(map_uuid(&s.context, "artifact:%d", 1), "20ca2f7d-bb0f-591b-a6e3-d7f1c2e344cd");
    ck_assert_str_eq(map_uuid(&s.context, "event:%d", 1), "bf7da61f-a7e2-56d6-8a6f-c12ea7f18415");
    kfpb_arena_free(&s.arena);
    begin(&s, "");
    ck_assert_str_eq(map_uuid(&s.context, "event:%d", 1), "bf7da61f-a7e2-56d6-8a6f-c12ea7f18415");
    kfpb_arena_free(&s.arena);
}
END_TEST

START_TEST(a_source_id_stands_before_the_name)
{
    setting s, plain;

    begin(&s, "east");
    begin(&plain, NULL);
    ck_assert_str_eq(map_uuid(&s.context, "execution:2"), map_uuid(&plain.context, "east:execution:2"));
    kfpb_arena_free(&s.arena);
    kfpb_arena_free(&plain.arena);
}
END_TEST

START_TEST(long_names_make_ids_too)
{
    setting s;
    char key[5000];

    begin(&s, NULL);
    memset(key, 'k', sizeof key - 1);
    key[sizeof key - 1] = '\0';
    const char *one = map_uuid(&s.context, "artifact:1:metric:%s", key);
    key[sizeof key - 2] = 'l';
    ck_assert_str_ne(one, map_uuid(&s.context, "artifact:1:metric:%s", key));
    kfpb_arena_free(&s.arena);
}
END_TEST

START_TEST(names_are_cut_by_characters)
{
    setting s;
    char name[301] = "";

    begin(&s, NULL);
    for (int i = 0; i < 128; i++)
        strcat(name, "ö");
    ck_assert_ptr_eq(map_cut(&s.context, name, 128), name);
    strcat(name, "x");
    const char *cut = map_cut(&s.context, name, 128);
    ck_assert_uint_eq(strlen(cut), 119 * 2 + 9);
    ck_assert_mem_eq(cut, name, 119 * 2);
    /* hashlib.sha256(('ö' * 128 + 'x').encode()).hexdigest()[:8] */
    ck_assert_str_eq(cut + 119 * 2, "-8f826337");

    memset(name, 'n', 150);
    name[150] = '\0';
    ck_assert_str_eq(map_cut(&s.context, name, 128) + 119, "-11c3e5de");
    ck_assert_uint_eq(strlen(map_cut(&s.context, name, 128)), 128);
    kfpb_arena_free(&s.arena);
}
END_TEST

START_TEST(rows_have_the_documented_ids)
{
    fixture f;

    fx_init(&f);
    fx_root(&f);
    fx_execution(&f, 2, CONTAINER, "train", 1, MLMD_STATE_COMPLETE);
    mlmd_artifact *a = fx_artifact(&f, 7, "system.Metrics", "s3://b/m");
    fx_real(&f, &a->properties, "loss", 0.5);
    fx_real(&f, &a->properties, "accuracy", 0.9);
    fx_event(&f, 9, 2, 7, MLMD_EVENT_OUTPUT, "metrics");
    fx_map(&f);

    setting s;
    begin(&s, NULL);
    ck_assert_str_eq(fx_task(&f, 2)->uuid, "c383cf34-c39d-521b-a425-da55ed1b46a2");
    ck_assert_str_eq(fx_row(&f, 7, 0)->name, "accuracy");
    ck_assert_str_eq(fx_row(&f, 7, 0)->uuid, map_uuid(&s.context, "artifact:7"));
    ck_assert_str_eq(fx_row(&f, 7, 1)->uuid, map_uuid(&s.context, "artifact:7:metric:loss"));
    ck_assert_uint_eq(f.rows.link_count, 2);
    ck_assert_str_eq(fx_link(&f, 2, 7, 0)->uuid, map_uuid(&s.context, "event:9"));
    bool second = false;
    for (size_t i = 0; i < f.rows.link_count; i++)
        second |= strcmp(f.rows.links[i].uuid, map_uuid(&s.context, "event:9:metric:loss")) == 0;
    ck_assert(second);
    kfpb_arena_free(&s.arena);
    fx_free(&f);
}
END_TEST

START_TEST(a_second_namespace_has_ids_of_its_own)
{
    fixture f;
    setting s;

    begin(&s, NULL);
    fx_init(&f);
    fx_root(&f);
    fx_execution(&f, 2, CONTAINER, "train", 1, MLMD_STATE_COMPLETE);
    mlmd_artifact *a = fx_artifact(&f, 7, "system.Metrics", NULL);
    fx_real(&f, &a->properties, "a", 1);
    fx_real(&f, &a->properties, "b", 2);
    a->owner_namespace = "other";
    mlmd_artifact *mine = fx_artifact(&f, 8, "system.Model", NULL);
    mine->owner_namespace = "team";
    fx_event(&f, 9, 2, 7, MLMD_EVENT_OUTPUT, "metrics");
    fx_event(&f, 10, 2, 8, MLMD_EVENT_OUTPUT, "model");
    fx_map(&f);
    ck_assert_str_eq(fx_row(&f, 7, 0)->uuid, map_uuid(&s.context, "artifact:7:ns:team"));
    ck_assert_str_eq(fx_row(&f, 7, 1)->uuid, map_uuid(&s.context, "artifact:7:ns:team:metric:b"));
    ck_assert_str_eq(fx_row(&f, 8, 0)->uuid, map_uuid(&s.context, "artifact:8"));
    ck_assert_uint_eq(fx_notes(&f, NOTE_ARTIFACT_SPLIT), 1);
    kfpb_arena_free(&s.arena);
    fx_free(&f);
}
END_TEST

static Suite *ids_suite(void)
{
    Suite *suite = suite_create("map ids");
    TCase *tc = tcase_create("ids");

    tcase_add_test(tc, ids_are_uuid5_of_their_names);
    tcase_add_test(tc, a_source_id_stands_before_the_name);
    tcase_add_test(tc, long_names_make_ids_too);
    tcase_add_test(tc, names_are_cut_by_characters);
    tcase_add_test(tc, rows_have_the_documented_ids);
    tcase_add_test(tc, a_second_namespace_has_ids_of_its_own);
    suite_add_tcase(suite, tc);
    return suite;
}

int main(void)
{
    return suite_main(ids_suite());
}
