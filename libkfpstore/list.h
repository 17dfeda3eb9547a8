/* SPDX-License-Identifier: Apache-2.0 */
/*
 * list.h: one page of rows of one table. A public list function makes a plan of its arguments before anything is read
 * (kfpsi_plan_make), says which rows it means (kfpsi_scope), and reads (kfpsi_list_read).
 *
 * Rows whose sort value is NULL come last in both directions: the list has two parts, each in the order of an index,
 * and a page that crosses the border takes two statements.
 */
#ifndef KFPSI_LIST_H
#define KFPSI_LIST_H

#include "libkfpstore/operation.h"
#include "libkfpstore/page_token.h"
#include "libkfpstore/view.h"

/* Rows with one of these values in a column. */
typedef struct kfpsi_term {
    uint8_t column;
    bool residual; /* decides rows and must not choose the index */
    const char *const *texts;
    const int64_t *ints;
    size_t count;
} kfpsi_term;

enum { KFPSI_TERMS = 6 };

/* All terms ANDed. The first one chooses the index: if it has several texts, the first rows of each are merged. */
typedef struct kfpsi_scope {
    kfpsi_term terms[KFPSI_TERMS];
    size_t count;
    void (*more)(kfpb_sql *sql, const void *context); /* further conditions, behind kfpsi_sql_and; NULL: none */
    const void *context;
    bool narrows; /* `more` leaves few rows: the optimiser is not told which index to take */
} kfpsi_scope;

typedef struct kfpsi_plan {
    const kfpsi_fields *fields;
    kfpb_arena arena; /* of what follows */
    kfpsi_filter filter;
    kfpsi_position position; /* sort and direction; the rest if `continued` */
    bool continued;
    bool want_total;
    size_t size;
    uint8_t scope_digest[KFPSI_SCOPE_DIGEST];
} kfpsi_plan;

/* What a page came to; in the result's arena. */
typedef struct kfpsi_page {
    void *items;
    size_t count;
    const char *next_page_token;
    int64_t total_size;
} kfpsi_page;

/* To a public list of whatever type, which every page comes to. */
#define KFPSI_PAGE_GIVE(list, page)                       \
    do {                                                  \
        (list)->items = (page).items;                     \
        (list)->count = (page).count;                     \
        (list)->next_page_token = (page).next_page_token; \
        (list)->total_size = (page).total_size;           \
    } while (0)

/* Of the text that a scope names: NULL is no condition, and an empty text must not become that. KFPS_INVALID. */
kfps_status kfpsi_scope_check(const char *text, const char *what, kfps_error *error);
void kfpsi_scope_text(kfpsi_scope *scope, uint8_t column, const char *const *text); /* *text NULL: no term */
/* Sorted, each once; KFPS_INVALID for a NULL or "" among them, named `what`, and for too many. `ids` count 0: no term.
 */
kfps_status kfpsi_scope_ids(kfpsi_scope *scope, uint8_t column, const char *what, const char *const *ids, size_t count,
                            kfpb_arena *arena, kfps_error *error);
/* What a page token is bound to besides filter and sorting: terms, and the texts (NULL is not "") behind `more`. */
void kfpsi_scope_digest(const kfpsi_scope *scope, const char *const *texts, size_t count,
                        uint8_t out[KFPSI_SCOPE_DIGEST]);

/* Checks page (may be NULL). The plan is to be freed in any case. default_sort: a field. */
kfps_status kfpsi_plan_make(const kfps_store *store, const kfpsi_fields *fields, uint8_t default_sort,
                            const kfps_page *page, const uint8_t digest[KFPSI_SCOPE_DIGEST], kfpsi_plan *plan,
                            kfps_error *error);
void kfpsi_plan_free(kfpsi_plan *plan);

/* A page, each row as a record at the beginning of an element of `stride` bytes. */
kfps_status kfpsi_list_read(kfpsi_op *op, const kfpsi_plan *plan, const kfpsi_scope *scope, const kfpsi_view *view,
                            size_t stride, kfpb_arena *arena, kfpsi_page *out, kfps_error *error);

/* One part of a list: the rows with a sort value, or those without. */
typedef struct kfpsi_list_part {
    const kfpsi_plan *plan;
    const kfpsi_scope *scope;
    const kfpsi_view *view;
    bool nulls;
    size_t limit;
} kfpsi_list_part;

/* list_sql.c: its first `limit` rows behind the plan's position, as one statement. */
void kfpsi_list_sql(kfpb_sql *sql, const kfpsi_list_part *part);

/* Parts of it, for lists that find their rows in another way. */
kfps_status kfpsi_list_count(kfpsi_op *op, const kfpsi_plan *plan, const kfpsi_scope *scope, int64_t *out,
                             kfps_error *error);
void kfpsi_scope_sql(kfpb_sql *sql, const kfpsi_fields *fields, const kfpsi_scope *scope);
/* Appends the rows of a query to items[*count…limit). */
kfps_status kfpsi_list_fetch(kfpsi_op *op, kfpb_sql *sql, const kfpsi_view *view, size_t stride, size_t limit,
                             kfpb_arena *arena, void *items, size_t *count, kfps_error *error);
/* Cuts the row that is one too many and writes the token. `nulls_from`: the first row of the part without values. */
kfps_status kfpsi_list_finish(kfpsi_op *op, const kfpsi_plan *plan, size_t stride, size_t nulls_from, kfpb_arena *arena,
                              kfpsi_page *out, kfps_error *error);

#endif
