/* SPDX-License-Identifier: Apache-2.0 */
/* What may be secret in a URI is not shown, wherever in a text it stands; everything else is. */
#include "migrate/shown.h"
#include "tests/harness/suite.h"

static const struct {
    const char *text, *shown;
} cases[] = {
    {"", ""},
    {"train model", "train model"},
    {"is it there? yes", "is it there? yes"},
    {"a=b", "a=b"},
    {"s3://bucket/key", "s3://bucket/key"},
    {"s3://bucket/key?versionId", "s3://bucket/key?…"},
    {"see https://host/a?X=1&Y=2 and https://host/b?Z=3, too", "see https://host/a?… and https://host/b?… too"},
    {"key?X-Amz-Signature=00ff", "key?…"},
    {"{\"uri\":\"https://host/a?X=1\",\"n\":1}", "{\"uri\":\"https://host/a?…\",\"n\":1}"},
    {"what? https://host/a", "what? https://host/a"},
    {"https://user:password@host/a", "https://…@host/a"},
    {"https://user:pass@word@host:80/a?X=1", "https://…@host:80/a?…"},
    {"https://user:password@host", "https://…@host"},
    {"git+ssh://git@host/a:b@c", "git+ssh://git@host/a:b@c"},
    {"https://a:b@c/d,https://e:f@g/h", "https://…@c/d,https://…@g/h"},
    {"://", "://"},
    {"://@:?=", "://@:?…"},
};

START_TEST(secrets_are_hidden)
{
    kfpb_text out = {0};
    kfpb_arena arena;

    shown_without_secrets(&out, cases[_i].text);
    ck_assert_str_eq(kfpb_text_get(&out), cases[_i].shown);
    kfpb_text_free(&out);
    kfpb_arena_init(&arena);
    ck_assert_str_eq(shown_copy(&arena, cases[_i].text), cases[_i].shown);
    ck_assert_ptr_null(shown_copy(&arena, NULL));
    kfpb_arena_free(&arena);
}
END_TEST

/* Twice the text in about twice the time: a parameter may have many megabytes. */
START_TEST(long_texts_are_read_once)
{
    enum { WORDS = 2000000 };
    kfpb_text text = {0}, out = {0};

    for (int i = 0; i < WORDS; i++)
        kfpb_text_add(&text, "word ");
    kfpb_text_add(&text, "https://host/a?X=1");
    shown_without_secrets(&out, kfpb_text_get(&text));
    ck_assert_uint_eq(out.length, text.length - strlen("X=1") + strlen("…"));
    kfpb_text_free(&text);
    kfpb_text_free(&out);
}
END_TEST

static Suite *shown_suite(void)
{
    Suite *suite = suite_create("shown");
    TCase *tc = tcase_create("shown");

    tcase_add_loop_test(tc, secrets_are_hidden, 0, sizeof cases / sizeof *cases);
    tcase_add_test(tc, long_texts_are_read_once);
    suite_add_tcase(suite, tc);
    return suite;
}

int main(void)
{
    return suite_main(shown_suite());
}
