/* SPDX-License-Identifier: Apache-2.0 */
/* list_plan.c: what a list call asks for, checked before anything is read. */
#include <nettle/sha2.h>
#include <stdlib.h>

#include "backends/base/fail.h"
#include "backends/base/utf8.h"
#include "libkfpstore/list.h"

enum { IDS_MAX = 2000, SORT_BY_MAX = 128 };

/* ---- the scope ----------------------------------------------------------------------------------------------------
 */

kfps_status kfpsi_scope_check(const char *text, const char *what, kfps_error *error)
{
    if (text != NULL && (text[0] == '\0' || !kfpb_utf8_valid(text, strlen(text))))
        return kfpb_fail(error, KFPS_INVALID, "%s is %s", what, text[0] == '\0' ? "empty" : "not UTF-8");
    return KFPS_OK;
}

void kfpsi_scope_text(kfpsi_scope *scope, uint8_t column, const char *const *text)
{
    if (*text != NULL)
        scope->terms[scope->count++] = (kfpsi_term){.column = column, .texts = text, .count = 1};
}

static int by_text(const void *a, const void *b)
{
    const char *const *x = a;
    const char *const *y = b;
    return strcmp(*x, *y);
}

kfps_status kfpsi_scope_ids(kfpsi_scope *scope, uint8_t column, const char *what, const char *const *ids, size_t count,
                            kfpb_arena *arena, kfps_error *error)
{
    size_t kept = 0;
    if (count == 0)
        return KFPS_OK;
    if (ids == NULL)
        return kfpb_fail(error, KFPS_INVALID, "%s is NULL", what);
    if (count > IDS_MAX)
        return kfpb_fail(error, KFPS_INVALID, "%s has %zu ids; %d are the most", what, count, IDS_MAX);
    for (size_t i = 0; i < count; i++) {
        if (ids[i] == NULL || ids[i][0] == '\0')
            return kfpb_fail_at(error, i, KFPS_INVALID, "%s: element %zu is %s", what, i,
                                ids[i] == NULL ? "NULL" : "empty");
        if (!kfpb_utf8_valid(ids[i], strlen(ids[i])))
            return kfpb_fail_at(error, i, KFPS_INVALID, "%s: element %zu is not UTF-8", what, i);
    }
    const char **sorted = kfpb_arena_array(arena, count, sizeof *sorted);
    if (sorted == NULL)
        return kfpb_fail_no_memory(error);
    memcpy(sorted, ids, count * sizeof *sorted);
    qsort(sorted, count, sizeof *sorted, by_text);
    for (size_t i = 0; i < count; i++) {
        if (kept == 0 || strcmp(sorted[kept - 1], sorted[i]) != 0)
            sorted[kept++] = sorted[i];
    }
    scope->terms[scope->count++] = (kfpsi_term){.column = column, .texts = sorted, .count = kept};
    return KFPS_OK;
}

static void digest_number(struct sha256_ctx *sha, uint64_t number)
{
    uint8_t bytes[8];
    for (int i = 0; i < 8; i++)
        bytes[i] = (uint8_t) (number >> (56 - 8 * i));
    sha256_update(sha, sizeof bytes, bytes);
}

static void digest_text(struct sha256_ctx *sha, const char *text)
{
    digest_number(sha, text != NULL ? strlen(text) + 1 : 0);
    if (text != NULL)
        sha256_update(sha, strlen(text), (const uint8_t *) text);
}

void kfpsi_scope_digest(const kfpsi_scope *scope, const char *const *texts, size_t count,
                        uint8_t out[KFPSI_SCOPE_DIGEST])
{
    struct sha256_ctx sha;
    sha256_init(&sha);
    for (size_t i = 0; i < scope->count; i++) {
        const kfpsi_term *term = &scope->terms[i];
        digest_number(&sha, term->column);
        digest_number(&sha, term->count);
        for (size_t k = 0; k < term->count; k++) {
            if (term->texts != NULL)
                digest_text(&sha, term->texts[k]);
            else
                digest_number(&sha, (uint64_t) term->ints[k]);
        }
    }
    digest_number(&sha, UINT64_MAX);
    for (size_t i = 0; i < count; i++)
        digest_text(&sha, texts[i]);
    sha256_digest(&sha, KFPSI_SCOPE_DIGEST, out);
}

/* ---- the order ----------------------------------------------------------------------------------------------------
 */

static const char *const blanks = " \t\r\n\v\f";

/* The next word of the text, which is moved behind it; false at the end. */
static bool next_word(char **text, char **word)
{
    *word = *text + strspn(*text, blanks);
    if (**word == '\0')
        return false;
    *text = *word + strcspn(*word, blanks);
    if (**text != '\0')
        *(*text)++ = '\0';
    return true;
}

/* *given: whether there is an order at all. */
static kfps_status read_sort_by(const kfpsi_fields *fields, const char *sort_by, uint8_t *sort, bool *descending,
                                bool *given, kfps_error *error)
{
    char copy[SORT_BY_MAX], keys[256];
    char *rest = copy, *field_name, *direction = NULL, *third;
    *given = false;
    if (sort_by == NULL)
        return KFPS_OK;
    if (strlen(sort_by) >= sizeof copy)
        return kfpb_fail(error, KFPS_INVALID, "sort_by is too long");
    for (size_t i = 0; i <= strlen(sort_by); i++)
        copy[i] = sort_by[i] >= 'A' && sort_by[i] <= 'Z' ? (char) (sort_by[i] + ('a' - 'A')) : sort_by[i];
    if (!next_word(&rest, &field_name))
        return KFPS_OK;
    if (next_word(&rest, &direction) && next_word(&rest, &third))
        return kfpb_fail(error, KFPS_INVALID, "sort_by has more than two words: a field, and asc or desc");
    const kfpsi_field *field = kfpsi_field_find(fields, field_name, strlen(field_name));
    kfpsi_field_list(fields, keys, sizeof keys);
    if (field == NULL)
        return kfpb_fail(error, KFPS_INVALID, "sort_by: %s have no such field; they have %s", fields->name, keys);
    if (field->kind == KFPSI_KIND_JSON)
        return kfpb_fail(error, KFPS_INVALID, "sort_by: \"%s\" holds JSON, by which lists cannot be sorted",
                         field->key);
    const bool second = direction != NULL && *direction != '\0';
    if (second && strcmp(direction, "asc") != 0 && strcmp(direction, "desc") != 0)
        return kfpb_fail(error, KFPS_INVALID, "sort_by: the second word is not asc or desc");
    *sort = kfpsi_field_index(fields, field);
    *descending = second && strcmp(direction, "desc") == 0;
    *given = true;
    return KFPS_OK;
}

/* ---- the plan -----------------------------------------------------------------------------------------------------
 */

static kfps_status go_on(const kfps_store *store, const char *token, bool sorted, kfpsi_plan *plan, kfps_error *error)
{
    kfpsi_position position;
    kfpsi_filter filter;
    const kfps_status status = kfpsi_token_read(store, plan->fields, token, plan->scope_digest, &plan->arena, &position,
                                                &filter, error);
    if (status != KFPS_OK)
        return status;
    if (sorted && (position.sort != plan->position.sort || position.descending != plan->position.descending))
        return kfpb_fail(error, KFPS_INVALID,
                         "sort_by is not that of the list that gave page_token; repeat it, or leave it out");
    if (plan->filter.count > 0 && !kfpsi_filter_equal(&plan->filter, &filter))
        return kfpb_fail(error, KFPS_INVALID,
                         "the filter is not that of the list that gave page_token; repeat it, or leave it out");
    plan->position = position;
    plan->filter = filter;
    plan->continued = true;
    return KFPS_OK;
}

kfps_status kfpsi_plan_make(const kfps_store *store, const kfpsi_fields *fields, uint8_t default_sort,
                            const kfps_page *page, const uint8_t digest[KFPSI_SCOPE_DIGEST], kfpsi_plan *plan,
                            kfps_error *error)
{
    static const kfps_page first = {0};
    bool sorted = false;
    if (page == NULL)
        page = &first;
    *plan = (kfpsi_plan){.fields = fields, .want_total = page->want_total != 0, .position.sort = default_sort};
    kfpb_arena_init(&plan->arena);
    memcpy(plan->scope_digest, digest, KFPSI_SCOPE_DIGEST);
    if (page->page_size < 0)
        return kfpb_fail(error, KFPS_INVALID, "page_size is negative");
    plan->size = page->page_size == 0                   ? KFPS_PAGE_SIZE_DEFAULT
                 : page->page_size > KFPS_PAGE_SIZE_MAX ? KFPS_PAGE_SIZE_MAX
                                                        : (size_t) page->page_size;
    kfps_status status = read_sort_by(fields, page->sort_by, &plan->position.sort, &plan->position.descending, &sorted,
                                      error);
    if (status == KFPS_OK)
        status = kfpsi_filter_read(fields, page, &plan->arena, &plan->filter, error);
    if (status == KFPS_OK && page->page_token != NULL && page->page_token[0] != '\0')
        status = go_on(store, page->page_token, sorted, plan, error);
    return status;
}

void kfpsi_plan_free(kfpsi_plan *plan)
{
    kfpb_arena_free(&plan->arena);
}
