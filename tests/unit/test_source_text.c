/* SPDX-License-Identifier: Apache-2.0 */
/* test_source_text.c: what becomes of bytes that MLMD stored as text. */
#include "migrate/source/text.h"
#include "tests/harness/suite.h"

enum { R = MLMD_TEXT_REPAIRED, I = MLMD_TEXT_INVALID, N = MLMD_TEXT_NUL_DROPPED };
#define T(text) text, sizeof(text) - 1

static const struct {
    const char *what;
    const char *bytes;
    size_t length;
    mlmd_text_rule rule;
    const char *wanted;
    unsigned flags;
} cases[] = {
    {"empty", T(""), MLMD_TEXT_TWICE, "", 0},
    {"ASCII", T("plain text"), MLMD_TEXT_TWICE, "plain text", 0},
    {"twice encoded", T("caf\xC3\x83\xC2\xA9"), MLMD_TEXT_TWICE, "caf\xC3\xA9", R},
    {"twice encoded, not looked for", T("caf\xC3\x83\xC2\xA9"), MLMD_TEXT_GUESS, "caf\xC3\x83\xC2\xA9", 0},
    {"twice encoded, forbidden", T("caf\xC3\x83\xC2\xA9"), MLMD_TEXT_PLAIN, "caf\xC3\x83\xC2\xA9", 0},
    {"clean", T("caf\xC3\xA9"), MLMD_TEXT_TWICE, "caf\xC3\xA9", 0},
    {"clean with two accents", T("\xC3\xA9t\xC3\xA9"), MLMD_TEXT_TWICE, "\xC3\xA9t\xC3\xA9", 0},
    {"clean beyond cp1252", T("\xE6\x97\xA5\xE6\x9C\xAC"), MLMD_TEXT_TWICE, "\xE6\x97\xA5\xE6\x9C\xAC", 0},
    {"mixed stays", T("\xC3\x83\xC2\xA9 \xE6\x97\xA5"), MLMD_TEXT_TWICE, "\xC3\x83\xC2\xA9 \xE6\x97\xA5", 0},
    {"a hole of cp1252 (81)", T("\xC3\x83\xC2\x81"), MLMD_TEXT_TWICE, "\xC3\x81", R},
    {"a euro sign (82 is a low quote)", T("\xC3\xA2\xE2\x80\x9A\xC2\xAC"), MLMD_TEXT_TWICE, "\xE2\x82\xAC", R},
    {"four bytes", T("\xC3\xB0\xC5\xB8\xCB\x9C\xE2\x82\xAC"), MLMD_TEXT_TWICE, "\xF0\x9F\x98\x80", R},
    {"three bytes, all holes (90, 9D)", T("\xC3\xA2\xC2\x90\xC2\x9D"), MLMD_TEXT_TWICE, "\xE2\x90\x9D", R},
    {"a C1 control that no hole gives", T("\xC3\x83\xC2\x80"), MLMD_TEXT_TWICE, "\xC3\x83\xC2\x80", 0},
    {"cp1252 bytes", T("caf\xE9 \x93q\x94"), MLMD_TEXT_GUESS, "caf\xC3\xA9 \xE2\x80\x9Cq\xE2\x80\x9D", R},
    {"cp1252 bytes, forbidden", T("caf\xE9"), MLMD_TEXT_PLAIN, "caf\xEF\xBF\xBD", I},
    {"a hole is no text", T("x\x81"), MLMD_TEXT_GUESS, "x\xEF\xBF\xBD", I},
    {"damaged UTF-8", T("\xE6\x97\xA5\xFFx"), MLMD_TEXT_GUESS, "\xE6\x97\xA5\xEF\xBF\xBDx", I},
    {"cut UTF-8", T("\xE6\x97\xA5\xE6\x9C"), MLMD_TEXT_TWICE, "\xE6\x97\xA5\xEF\xBF\xBD", I},
    {"NUL", T("a\0b\0"), MLMD_TEXT_PLAIN, "ab", N},
    {"NUL in damaged text", T("a\0\x81"), MLMD_TEXT_GUESS, "a\xEF\xBF\xBD", I | N},
    {"NUL in text encoded twice", T("\xC3\x83\0\xC2\xA9"), MLMD_TEXT_TWICE, "\xC3\x83\xC2\xA9", N},
};

START_TEST(reads)
{
    kfpb_arena arena;
    unsigned flags = 0;
    kfpb_arena_init(&arena);
    const char *got = mlmd_text_read(cases[_i].bytes, cases[_i].length, cases[_i].rule, &arena, &flags);
    ck_assert_msg(got != NULL && strcmp(got, cases[_i].wanted) == 0, "%s: got %s", cases[_i].what, got);
    ck_assert_msg(flags == cases[_i].flags, "%s: flags %u, not %u", cases[_i].what, flags, cases[_i].flags);
    kfpb_arena_free(&arena);
}
END_TEST

START_TEST(null_stays_null)
{
    kfpb_arena arena;
    unsigned flags = 0;
    kfpb_arena_init(&arena);
    ck_assert_ptr_null(mlmd_text_read(NULL, 0, MLMD_TEXT_TWICE, &arena, &flags));
    ck_assert(flags == 0 && !arena.out_of_memory);
    kfpb_arena_free(&arena);
}
END_TEST

/* Each character of the basic plane, encoded as the connector and server do it, comes back; but cp1252 text such as a
 * plain "é" does not turn into anything. */
START_TEST(every_character_comes_back)
{
    static const unsigned high[32] = {0x20AC, 0x81,   0x201A, 0x192,  0x201E, 0x2026, 0x2020, 0x2021,
                                      0x2C6,  0x2030, 0x160,  0x2039, 0x152,  0x8D,   0x17D,  0x8F,
                                      0x90,   0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014,
                                      0x2DC,  0x2122, 0x161,  0x203A, 0x153,  0x9D,   0x17E,  0x178};
    kfpb_arena arena;
    kfpb_arena_init(&arena);
    for (unsigned c = 0x80; c < 0x10000; c += c < 0x800 ? 1 : 37) {
        char clean[8] = "", twice[16] = "";
        size_t n = 0, m = 0;
        if (c >= 0xD800 && c < 0xE000)
            continue;
        if (c >= 0x800) {
            clean[n++] = (char) (0xE0 | (c >> 12));
            clean[n++] = (char) (0x80 | ((c >> 6) & 0x3F));
        } else {
            clean[n++] = (char) (0xC0 | (c >> 6));
        }
        clean[n++] = (char) (0x80 | (c & 0x3F));
        for (size_t i = 0; i < n; i++) {
            unsigned b = (unsigned char) clean[i];
            unsigned u = b < 0xA0 ? high[b - 0x80] : b;
            if (u >= 0x800) {
                twice[m++] = (char) (0xE0 | (u >> 12));
                twice[m++] = (char) (0x80 | ((u >> 6) & 0x3F));
            } else {
                twice[m++] = (char) (0xC0 | (u >> 6));
            }
            twice[m++] = (char) (0x80 | (u & 0x3F));
        }
        unsigned flags = 0;
        ck_assert_str_eq(mlmd_text_read(twice, m, MLMD_TEXT_TWICE, &arena, &flags), clean);
        ck_assert_uint_eq(flags, R);
        flags = 0;
        ck_assert_str_eq(mlmd_text_read(clean, n, MLMD_TEXT_TWICE, &arena, &flags), clean);
        ck_assert_uint_eq(flags, 0);
        kfpb_arena_reset(&arena);
    }
    kfpb_arena_free(&arena);
}
END_TEST

START_TEST(notes_one_per_flag)
{
    kfpb_arena arena;
    note_list notes = {0};
    kfpb_arena_init(&arena);
    mlmd_text_notes(&notes, &arena, 0, "artifact", 1, "uri");
    ck_assert_uint_eq(notes.count, 0);
    mlmd_text_notes(&notes, &arena, I | N, "artifact", 1, "uri");
    ck_assert_uint_eq(notes.count, 2);
    ck_assert_str_eq(note_info(notes.items[0].reason)->text, "invalid-utf8");
    ck_assert_int_eq(note_info(notes.items[1].reason)->class, NOTE_REJECT);
    for (int i = 0; i < 100; i++)
        note_add(&notes, &arena, NOTE_NAME_CUT, "execution", i, i % 2 ? "detail" : NULL);
    ck_assert_uint_eq(notes.count, 102);
    ck_assert_int_eq(notes.items[101].id, 99);
    ck_assert_str_eq(notes.items[0].detail, "uri");
    ck_assert_str_eq(notes.items[101].detail, "detail");
    ck_assert_ptr_null(notes.items[100].detail);
    kfpb_arena_free(&arena);
}
END_TEST

START_TEST(reasons_have_unique_texts)
{
    for (unsigned i = 0; i < NOTE_REASON_COUNT; i++)
        ck_assert_int_eq(note_reason_find(note_info((note_reason) i)->text), i);
    ck_assert_int_eq(note_reason_find("no such reason"), NOTE_REASON_COUNT);
    ck_assert_int_eq(note_reason_find(NULL), NOTE_REASON_COUNT);
    ck_assert_int_eq(note_info(NOTE_REASON_COUNT)->class, NOTE_REJECT);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("source_text");
    TCase *c = tcase_create("text");
    tcase_add_loop_test(c, reads, 0, sizeof cases / sizeof cases[0]);
    tcase_add_test(c, null_stays_null);
    tcase_add_test(c, every_character_comes_back);
    tcase_add_test(c, notes_one_per_flag);
    tcase_add_test(c, reasons_have_unique_texts);
    suite_add_tcase(suite, c);
    return suite_main(suite);
}
