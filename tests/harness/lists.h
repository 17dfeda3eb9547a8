/* SPDX-License-Identifier: Apache-2.0 */
/* lists.h: walking the three lists page by page, as the tests of lists do, and what one page gives or is refused for.
 */
#ifndef KFPT_LISTS_H
#define KFPT_LISTS_H

#include "tests/harness/kfp.h"

typedef enum list_kind { LIST_ARTIFACTS, LIST_TASKS, LIST_LINKS } list_kind;

typedef struct list_scope {
    list_kind kind;
    kfps_artifact_scope artifacts;
    kfps_task_scope tasks;
    kfps_artifact_task_scope links;
} list_scope;

enum { LIST_TOKEN_SIZE = 16384, LIST_ID_SIZE = 40, LIST_PAGE = 200 };

/* The UUIDs of one page, and what it says of the next. */
typedef struct list_page {
    char ids[LIST_PAGE][LIST_ID_SIZE];
    size_t count;
    char token[LIST_TOKEN_SIZE];
    int64_t total;
} list_page;

static inline void list_keep(list_page *out, const char *id)
{
    ck_assert_uint_lt(out->count, LIST_PAGE);
    ck_assert_uint_lt(strlen(id), LIST_ID_SIZE);
    strcpy(out->ids[out->count++], id);
}

static inline void list_keep_end(list_page *out, const char *token, int64_t total)
{
    ck_assert_uint_lt(strlen(token), LIST_TOKEN_SIZE);
    strcpy(out->token, token);
    out->total = total;
}

static inline kfps_status list_read(kfps_session *session, const list_scope *scope, const kfps_page *page,
                                    list_page *out, kfps_error *error)
{
    kfps_artifact_list *artifacts = NULL;
    kfps_task_list *tasks = NULL;
    kfps_artifact_task_list *links = NULL;
    kfps_status status = KFPS_OK;
    out->count = 0;
    switch (scope->kind) {
    case LIST_ARTIFACTS:
        status = kfps_artifact_list_page(session, &scope->artifacts, page, &artifacts, error);
        for (size_t i = 0; artifacts != NULL && i < artifacts->count; i++)
            list_keep(out, artifacts->items[i].uuid);
        if (artifacts != NULL)
            list_keep_end(out, artifacts->next_page_token, artifacts->total_size);
        break;
    case LIST_TASKS:
        status = kfps_task_list_page(session, &scope->tasks, KFPS_VIEW_BASIC, page, &tasks, error);
        for (size_t i = 0; tasks != NULL && i < tasks->count; i++)
            list_keep(out, tasks->items[i].task.uuid);
        if (tasks != NULL)
            list_keep_end(out, tasks->next_page_token, tasks->total_size);
        break;
    case LIST_LINKS:
        status = kfps_artifact_task_list_page(session, &scope->links, page, &links, error);
        for (size_t i = 0; links != NULL && i < links->count; i++)
            list_keep(out, links->items[i].uuid);
        if (links != NULL)
            list_keep_end(out, links->next_page_token, links->total_size);
        break;
    }
    ck_assert((status == KFPS_OK) == (artifacts != NULL || tasks != NULL || links != NULL));
    kfps_artifact_list_free(artifacts);
    kfps_task_list_free(tasks);
    kfps_artifact_task_list_free(links);
    return status;
}

/* Deterministic; never 0. */
static inline uint32_t list_random(uint32_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state;
}

/* Texts of an array that grows. */
typedef struct list_ids {
    char (*items)[LIST_ID_SIZE];
    size_t count, capacity;
} list_ids;

static inline void list_ids_add(list_ids *ids, const char *id)
{
    if (ids->count == ids->capacity) {
        ids->capacity = ids->capacity == 0 ? 256 : ids->capacity * 2;
        ids->items = realloc(ids->items, ids->capacity * sizeof *ids->items);
        ck_assert_ptr_nonnull(ids->items);
    }
    snprintf(ids->items[ids->count++], LIST_ID_SIZE, "%s", id);
}

static inline void list_ids_free(list_ids *ids)
{
    free(ids->items);
    *ids = (list_ids){0};
}

/* The whole list, page by page. size 0: pages of random sizes, with sort_by and filter left out now and then. */
static inline void list_walk(kfps_session *session, const list_scope *scope, const char *sort_by, const char *filter,
                             int size, uint32_t *random, list_ids *out)
{
    static list_page got;
    char token[LIST_TOKEN_SIZE] = "";
    kfps_error error;
    out->count = 0;
    do {
        const bool again = token[0] == '\0' || list_random(random) % 2 == 0;
        const kfps_page page = {
            .page_size = size != 0 ? size : 1 + (int) (list_random(random) % 60),
            .page_token = token,
            .sort_by = again ? sort_by : NULL,
            .filter_json = again ? filter : NULL,
        };
        kfp_ok(list_read(session, scope, &page, &got, &error), &error);
        ck_assert_int_le((int) got.count, page.page_size);
        ck_assert(got.token[0] == '\0' || got.count == (size_t) page.page_size);
        for (size_t i = 0; i < got.count; i++)
            list_ids_add(out, got.ids[i]);
        strcpy(token, got.token);
    } while (token[0] != '\0');
}

/* The first column of a query of the test's own. */
static inline void list_select(const char *sql, list_ids *out)
{
    kfps_error error = {0};
    kfpb_conn *conn = test_open();
    kfpb_rows *rows = NULL;
    out->count = 0;
    kfp_ok(kfpb_query(conn, sql, NULL, 0, &rows, &error), &error);
    while (kfpb_next(rows, &error) > 0)
        list_ids_add(out, kfpb_get_text(rows, 0, NULL));
    kfpb_rows_free(&rows);
    kfpb_close(&conn);
}

static inline void list_equal(const list_ids *got, const list_ids *wanted, const char *what)
{
    for (size_t i = 0; i < got->count && i < wanted->count; i++)
        ck_assert_msg(strcmp(got->items[i], wanted->items[i]) == 0, "%s: row %zu is %s, not %s", what, i, got->items[i],
                      wanted->items[i]);
    ck_assert_msg(got->count == wanted->count, "%s: %zu rows, not %zu", what, got->count, wanted->count);
}

/* A row of artifacts, as another program would write it. */
static inline void list_put_artifact(const char *id, const char *space, int64_t type, const char *name, int64_t created,
                                     kfpb_value number)
{
    kfps_error error = {0};
    kfpb_conn *conn = test_open();
    const kfpb_value values[] = {kfpb_str(id),   kfpb_str(space),   kfpb_int(type),
                                 kfpb_str(name), kfpb_int(created), number};
    kfp_ok(kfpb_exec(
               conn,
               "INSERT INTO \"artifacts\" (\"UUID\",\"Namespace\",\"Type\",\"Name\",\"CreatedAtInSec\",\"NumberValue\")"
               " VALUES (?,?,?,?,?,?)",
               values, 6, NULL, &error),
           &error);
    kfpb_close(&conn);
}

/* The ids of a page, in order, with blanks in between. */
static inline const char *list_line(kfps_session *session, const list_scope *scope, const kfps_page *page)
{
    static list_page got;
    static char text[4096];
    kfps_error error;
    kfp_ok(list_read(session, scope, page, &got, &error), &error);
    text[0] = '\0';
    for (size_t i = 0; i < got.count; i++) {
        strcat(text, i > 0 ? " " : "");
        strcat(text, got.ids[i]);
    }
    return text;
}

/* The page is refused, with these words in the message. */
static inline void list_refused(kfps_session *session, const list_scope *scope, const kfps_page *page,
                                const char *words)
{
    static list_page got;
    kfps_error error;
    ck_assert_int_eq(list_read(session, scope, page, &got, &error), KFPS_INVALID);
    ck_assert_msg(strstr(error.message, words) != NULL, "%s: %s", words, error.message);
}

#endif
