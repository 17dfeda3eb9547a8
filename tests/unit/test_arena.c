/* SPDX-License-Identifier: Apache-2.0 */
/* Arenas: alignment, zeroed memory, growth, reset, and the sticky mark of a failed allocation. */
#include "tests/harness/suite.h"

#include <stdint.h>

#include "backends/base/arena.h"

START_TEST(memory_is_zeroed_and_aligned)
{
    kfpb_arena arena;
    kfpb_arena_init(&arena);
    for (size_t size = 0; size < 300; size++) {
        unsigned char *memory = kfpb_arena_alloc(&arena, size);
        ck_assert_ptr_nonnull(memory);
        ck_assert_uint_eq((uintptr_t) memory % _Alignof(max_align_t), 0);
        for (size_t i = 0; i < size; i++)
            ck_assert_uint_eq(memory[i], 0);
        memset(memory, 0xAB, size);
    }
    ck_assert(!arena.out_of_memory);
    kfpb_arena_free(&arena);
}
END_TEST

START_TEST(blocks_do_not_overlap)
{
    enum { COUNT = 2000 };
    static unsigned char *blocks[COUNT];
    static size_t sizes[COUNT];
    kfpb_arena arena;
    kfpb_arena_init(&arena);
    for (size_t i = 0; i < COUNT; i++) {
        sizes[i] = i % 97 == 0 ? 100000 : i % 211;
        blocks[i] = kfpb_arena_alloc(&arena, sizes[i]);
        memset(blocks[i], (int) (i % 251), sizes[i]);
    }
    for (size_t i = 0; i < COUNT; i++) {
        for (size_t j = 0; j < sizes[i]; j++)
            ck_assert_uint_eq(blocks[i][j], i % 251);
    }
    kfpb_arena_free(&arena);
}
END_TEST

START_TEST(a_reset_arena_is_empty_and_zeroed_again)
{
    kfpb_arena arena;
    kfpb_arena_init(&arena);
    for (int round = 0; round < 50; round++) {
        ck_assert_uint_eq(arena.used, 0);
        unsigned char *memory = kfpb_arena_alloc(&arena, 5000);
        for (size_t i = 0; i < 5000; i++)
            ck_assert_uint_eq(memory[i], 0);
        memset(memory, 0xFF, 5000);
        ck_assert_ptr_nonnull(kfpb_arena_alloc(&arena, 3000000));
        ck_assert_uint_ge(arena.used, 3005000);
        kfpb_arena_reset(&arena);
    }
    kfpb_arena_free(&arena);
    ck_assert_ptr_null(arena.head);
}
END_TEST

START_TEST(impossible_sizes_are_marked)
{
    kfpb_arena arena;
    kfpb_arena_init(&arena);
    ck_assert_ptr_null(kfpb_arena_array(&arena, SIZE_MAX / 2, 3));
    ck_assert(arena.out_of_memory);
    kfpb_arena_reset(&arena);
    ck_assert(!arena.out_of_memory);
    ck_assert_ptr_null(kfpb_arena_alloc(&arena, SIZE_MAX));
    ck_assert(arena.out_of_memory);
    ck_assert_ptr_nonnull(kfpb_arena_alloc(&arena, 8));
    ck_assert(arena.out_of_memory); /* it stays until the end of the build */
    kfpb_arena_free(&arena);
}
END_TEST

START_TEST(texts_are_copied)
{
    kfpb_arena arena;
    char source[] = "hello";
    kfpb_arena_init(&arena);
    const char *whole = kfpb_arena_text(&arena, source);
    const char *part = kfpb_arena_textn(&arena, source, 4);
    const char *made = kfpb_arena_printf(&arena, "%s-%d", source, 7);
    source[0] = 'J';
    ck_assert_str_eq(whole, "hello");
    ck_assert_str_eq(part, "hell");
    ck_assert_str_eq(made, "hello-7");
    ck_assert_ptr_null(kfpb_arena_text(&arena, NULL));
    ck_assert_ptr_null(kfpb_arena_textn(&arena, NULL, 3));
    ck_assert(!arena.out_of_memory);
    kfpb_arena_free(&arena);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("arena");
    TCase *all = tcase_create("arena");
    tcase_add_test(all, memory_is_zeroed_and_aligned);
    tcase_add_test(all, blocks_do_not_overlap);
    tcase_add_test(all, a_reset_arena_is_empty_and_zeroed_again);
    tcase_add_test(all, impossible_sizes_are_marked);
    tcase_add_test(all, texts_are_copied);
    suite_add_tcase(suite, all);
    return suite_main(suite);
}
