/* SPDX-License-Identifier: Apache-2.0 */
/* lists.c: pages at every depth. The floor is the bare keyset query of a page and one row more, with literals of the
 * same place. The token of a depth is walked to once, and not timed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/stores/bench.h"

typedef struct place {
    const operation *op;
    char *token;
    char sort[64]; /* of the last row before the place */
    char uuid[64];
} place;

static place places[64];

static const char *namespace_of(const operation *op)
{
    return strstr(op->text, "ns") != NULL ? "ns-3" : NULL;
}

static bool by_name(const operation *op)
{
    return strncmp(op->text, "name", 4) == 0;
}

static kfps_page page_of(const operation *op, const char *token)
{
    return (kfps_page){
        .page_size = 50,
        .page_token = token,
        .sort_by = token != NULL ? NULL
                   : by_name(op) ? "name"
                                 : "created_at desc",
        .filter_json = strstr(op->text, "type") == NULL
                           ? NULL
                           : "{\"predicates\":[{\"operation\":\"EQUALS\",\"key\":\"type\",\"int_value\":2}]}"};
}

/* Walks in pages of 200, the last one shorter, and keeps the token and the row that it stands behind. */
static place *place_of(bench *b, const operation *op)
{
    place *p = places;
    while (p->op != NULL && p->op != op)
        p++;
    if (p->op != NULL)
        return p;
    p->op = op;
    const kfps_artifact_scope scope = {.artifact_namespace = namespace_of(op)};
    for (size_t done = 0; done < op->size;) {
        kfps_error error;
        kfps_artifact_list *list = NULL;
        kfps_page page = page_of(op, p->token);
        page.page_size = op->size - done < 200 ? (int32_t) (op->size - done) : 200;
        bench_ok(kfps_artifact_list_page(b->session, &scope, &page, &list, &error), &error, op->name);
        if (list->count == 0 || list->next_page_token[0] == '\0')
            floor_die(op->name, "the list is shorter than the depth");
        const kfps_artifact *last = &list->items[list->count - 1];
        done += list->count;
        if (by_name(op))
            snprintf(p->sort, sizeof p->sort, "%s", last->name);
        else
            snprintf(p->sort, sizeof p->sort, "%lld", (long long) last->created_at);
        snprintf(p->uuid, sizeof p->uuid, "%s", last->uuid);
        free(p->token);
        p->token = strdup(list->next_page_token);
        kfps_artifact_list_free(list);
    }
    return p;
}

static void prepare(bench *b, const operation *op, size_t calls)
{
    (void) calls;
    place_of(b, op);
}

static void list_artifacts(bench *b, const operation *op, size_t call)
{
    kfps_error error;
    kfps_artifact_list *list = NULL;
    (void) call;
    const kfps_artifact_scope scope = {.artifact_namespace = namespace_of(op)};
    const kfps_page page = page_of(op, place_of(b, op)->token);
    bench_ok(kfps_artifact_list_page(b->session, &scope, &page, &list, &error), &error, op->name);
    if (list->count != 50)
        floor_die(op->name, "not a full page");
    kfps_artifact_list_free(list);
}

/* The best form of the predicate on each engine. */
static void floor_list_artifacts(bench *b, const operation *op, size_t call)
{
    char sql[2048];
    kfps_value values[8];
    size_t n = 0;
    (void) call;
    const place *p = place_of(b, op);
    const char *column = by_name(op) ? "Name" : "CreatedAtInSec", *sign = by_name(op) ? ">" : "<";
    const bool mysql = strcmp(b->ops->engine, "mysql") == 0;
    int length = snprintf(sql, sizeof sql, "SELECT %s FROM \"artifacts\"%s WHERE 1=1", bench_artifact_columns,
                          mysql && namespace_of(op) != NULL ? by_name(op)
                                                                  ? " FORCE INDEX (kfpstore_artifacts_ns_name)"
                                                                  : " FORCE INDEX (kfpstore_artifacts_ns_created)"
                                                            : "");
    if (namespace_of(op) != NULL) {
        length += snprintf(sql + length, sizeof sql - (size_t) length, " AND \"Namespace\"=?");
        values[n++] = v_text(namespace_of(op));
    }
    if (strstr(op->text, "type") != NULL) {
        length += snprintf(sql + length, sizeof sql - (size_t) length, " AND \"Type\"=?");
        values[n++] = v_int(2);
    }
    if (op->size > 0) {
        const kfps_value at = by_name(op) ? v_text(p->sort) : v_int(atoll(p->sort));
        if (mysql) {
            length += snprintf(sql + length, sizeof sql - (size_t) length,
                               " AND \"%s\"%s=? AND (\"%s\"%s? OR (\"%s\"=? AND \"UUID\"%s?))", column, sign, column,
                               sign, column, sign);
            values[n++] = at;
            values[n++] = at;
        } else {
            length += snprintf(sql + length, sizeof sql - (size_t) length, " AND (\"%s\",\"UUID\")%s(?,?)", column,
                               sign);
        }
        values[n++] = at;
        values[n++] = v_text(p->uuid);
    }
    snprintf(sql + length, sizeof sql - (size_t) length, " ORDER BY \"%s\"%s,\"UUID\"%s LIMIT 51", column,
             by_name(op) ? "" : " DESC", by_name(op) ? "" : " DESC");
    b->ops->query(b->client, sql, values, n, NULL);
}

/* ---- the tasks of a run ------------------------------------------------------------------------------------------ */

static void list_tasks(bench *b, const operation *op, size_t call)
{
    kfps_error error;
    kfps_task_list *list = NULL;
    char run[32];
    const kfps_task_scope scope = {.run_uuid = bench_run(20 + call % 50, run)};
    const kfps_page page = {.page_size = 200};
    bench_ok(kfps_task_list_page(b->session, &scope, KFPS_VIEW_RUNTIME, &page, &list, &error), &error, op->name);
    if (list->count != 200)
        floor_die(op->name, "not a full page");
    kfps_task_list_free(list);
}

static void floor_list_tasks(bench *b, const operation *op, size_t call)
{
    static char sql[2048];
    char run[32];
    (void) op;
    if (sql[0] == '\0')
        snprintf(sql, sizeof sql,
                 "SELECT %s FROM \"tasks\" WHERE \"RunUUID\"=? ORDER BY \"CreatedAtInSec\",\"UUID\" LIMIT 201",
                 bench_task_columns);
    const kfps_value value = v_text(bench_run(20 + call % 50, run));
    b->ops->query(b->client, sql, &value, 1, NULL);
}

static void list_links(bench *b, const operation *op, size_t call)
{
    kfps_error error;
    kfps_artifact_task_list *list = NULL;
    char run[32];
    const char *const runs[] = {bench_run(20 + call % 50, run)};
    const kfps_artifact_task_scope scope = {.run_uuids = runs, .run_count = 1};
    const kfps_page page = {.page_size = 200};
    bench_ok(kfps_artifact_task_list_page(b->session, &scope, &page, &list, &error), &error, op->name);
    kfps_artifact_task_list_free(list);
}

static void floor_list_links(bench *b, const operation *op, size_t call)
{
    static char sql[2048];
    char run[32];
    (void) op;
    if (sql[0] == '\0')
        snprintf(sql, sizeof sql, "SELECT %s FROM \"artifact_tasks\" WHERE \"RunUUID\"=? ORDER BY \"UUID\" LIMIT 201",
                 bench_link_columns);
    const kfps_value value = v_text(bench_run(20 + call % 50, run));
    b->ops->query(b->client, sql, &value, 1, NULL);
}

#define PAGE(text, depth) "list 50 artifacts " text, 1.5, 300, prepare, list_artifacts, floor_list_artifacts, depth

const operation bench_lists[] = {
    {PAGE("by time, first page", 0), "time"},
    {PAGE("by time, depth 1,000", 1000), "time"},
    {PAGE("by time, depth 50,000", 50000), "time"},
    {PAGE("by time, depth 90,000", 90000), "time"},
    {PAGE("by time, namespace", 0), "time ns"},
    {PAGE("by time, namespace, depth 5,000", 5000), "time ns"},
    {PAGE("by time, type 2", 0), "time type"},
    {PAGE("by time, namespace, type 2", 0), "time type ns"},
    {PAGE("by name, first page", 0), "name"},
    {PAGE("by name, depth 1,000", 1000), "name"},
    {PAGE("by name, depth 50,000", 50000), "name"},
    {PAGE("by name, depth 90,000", 90000), "name"},
    {PAGE("by name, namespace", 0), "name ns"},
    {PAGE("by name, namespace, depth 5,000", 5000), "name ns"},
    {"list 200 tasks of a run", 1.5, 100, NULL, list_tasks, floor_list_tasks, 0, NULL},
    {"list 200 links of a run", 1.5, 200, NULL, list_links, floor_list_links, 0, NULL},
    {NULL, 0, 0, NULL, NULL, NULL, 0, NULL},
};
