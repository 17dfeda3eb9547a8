/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_memory.c: every allocation of every public call fails once: KFPS_NO_MEMORY, no crash, nothing half written, and
 * the next call works. (Leaks are found where this runs under the address sanitizer.) The linker wraps the allocators
 * of the library's own code; jansson takes its memory from them, too.
 */
#include <jansson.h>

#include "tests/fault/scenarios.h"

static _Thread_local long countdown; /* 0: allocations succeed */
static _Thread_local bool failed;

static bool refuse(void)
{
    if (countdown == 0 || --countdown > 0)
        return false;
    failed = true;
    return true;
}

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__real_reallocarray(void *old, size_t count, size_t size);
char *__real_strdup(const char *text);
char *__real_strndup(const char *text, size_t length);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
void *__wrap_reallocarray(void *old, size_t count, size_t size);
char *__wrap_strdup(const char *text);
char *__wrap_strndup(const char *text, size_t length);

void *__wrap_malloc(size_t size)
{
    return refuse() ? NULL : __real_malloc(size);
}
void *__wrap_calloc(size_t count, size_t size)
{
    return refuse() ? NULL : __real_calloc(count, size);
}
void *__wrap_realloc(void *old, size_t size)
{
    return refuse() ? NULL : __real_realloc(old, size);
}
void *__wrap_reallocarray(void *old, size_t count, size_t size)
{
    return refuse() ? NULL : __real_reallocarray(old, count, size);
}
char *__wrap_strdup(const char *text)
{
    return refuse() ? NULL : __real_strdup(text);
}
char *__wrap_strndup(const char *text, size_t length)
{
    return refuse() ? NULL : __real_strndup(text, length);
}

static kfps_status call_failing_at(const scenario *s, long n, kfps_error *error)
{
    failed = false;
    countdown = n;
    const kfps_status status = s->call(error);
    countdown = 0;
    return status;
}

START_TEST(every_allocation_fails_once)
{
    const scenario *s = &scenarios[_i];
    char before[256], after[256];
    kfps_error error;
    json_set_alloc_funcs(__wrap_malloc, free);
    scenario_open();
    scenario_fixture();
    scenario_digest(before);
    long n = scenario_first();
    for (;; n += scenario_step()) {
        ck_assert_msg(n < 20000, "%s: no end of allocations", s->name);
        const kfps_status status = call_failing_at(s, n, &error);
        if (status == KFPS_OK && !failed)
            break;
        if (status == KFPS_OK) { /* it could do without: a cache that was not filled */
            scenario_fixture();
            scenario_digest(before);
            continue;
        }
        ck_assert_msg(failed, "%s: failed without reason: %s", s->name, error.message);
        ck_assert_msg(status == KFPS_NO_MEMORY, "%s, allocation %ld: %s: %s", s->name, n, kfps_status_name(status),
                      error.message);
        scenario_digest(after);
        ck_assert_msg(strcmp(before, after) == 0, "%s, allocation %ld: something was written: %s, not %s", s->name, n,
                      after, before);
    }
    printf("%s: about %ld allocations\n", s->name, n - 1);
    scenario_close();
}
END_TEST

static Suite *memory_suite(void)
{
    Suite *suite = suite_create("memory");
    TCase *tests = tcase_create("memory");
    tcase_set_timeout(tests, 300);
    tcase_add_loop_test(tests, every_allocation_fails_once, 0, SCENARIOS);
    suite_add_tcase(suite, tests);
    return suite;
}

int main(void)
{
    return suite_main(memory_suite());
}
