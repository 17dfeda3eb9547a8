/* SPDX-License-Identifier: Apache-2.0 */
/* hydrate.c: links and their artifacts put into the tasks they belong to: the same for rows of the database and for
 * rows of the caller. */
#include "libkfpstore/hydrate.h"

#include <jansson.h>
#include <stdlib.h>

#include "backends/base/fail.h"
#include "kfpstore/merge.h"
#include "libkfpstore/access.h"
#include "libkfpstore/json_text.h"
#include "libkfpstore/query.h"
#include "libkfpstore/result.h"
#include "libkfpstore/view.h"

/* A link and its artifact, and which task it is for. */
typedef struct pair {
    size_t task; /* place in the sorted uuids */
    kfps_task_artifact of;
} pair;

struct kfpsi_hydration {
    const kfps_session *session; /* NULL: every artifact is seen */
    kfpb_arena *arena;           /* of the result */
    kfpb_arena scratch;
    const char **uuids; /* of the tasks, sorted */
    size_t uuid_count;
    pair *pairs;
    size_t count, capacity;
    const char *producer_json, *producer; /* the last one: what a task puts out has the same */
};

typedef kfpsi_hydration hydration;

static bool is_output(const kfps_task_artifact *of)
{
    return of->link.type >= KFPS_IO_ITERATOR_OUTPUT;
}

static int compare_nullable(const char *a, const char *b)
{
    return strcmp(a != NULL ? a : "", b != NULL ? b : "");
}

/* What one IOArtifact of the API has in common. */
static int compare_ports(const kfps_task_artifact *a, const kfps_task_artifact *b)
{
    int order = compare_nullable(a->link.artifact_key, b->link.artifact_key);
    if (order == 0)
        order = (a->link.type > b->link.type) - (a->link.type < b->link.type);
    if (order == 0)
        order = compare_nullable(a->producer_task_name, b->producer_task_name);
    if (order == 0)
        order = (a->link.iteration > b->link.iteration) - (a->link.iteration < b->link.iteration);
    return order;
}

static int compare_pairs(const void *a, const void *b)
{
    const pair *x = a, *y = b;
    int order = (x->task > y->task) - (x->task < y->task);
    if (order == 0)
        order = is_output(&x->of) - is_output(&y->of);
    if (order == 0)
        order = compare_ports(&x->of, &y->of);
    if (order == 0)
        order = compare_nullable(x->of.artifact.uuid, y->of.artifact.uuid);
    return order != 0 ? order : compare_nullable(x->of.link.uuid, y->of.link.uuid);
}

static const char *parse_producer(hydration *h, const char *json)
{
    json_t *producer = NULL;
    if (kfpsi_json_load(json, strlen(json), JSON_DECODE_INT_AS_REAL | JSON_ALLOW_NUL, &producer, NULL) ==
        KFPS_NO_MEMORY)
        h->arena->out_of_memory = true;
    const char *name = kfpb_arena_text(h->arena, json_string_value(json_object_get(producer, "taskName")));
    json_decref(producer);
    return name;
}

static const char *producer_of(hydration *h, const char *json)
{
    size_t length;
    if (json == NULL || (h->producer_json != NULL && strcmp(json, h->producer_json) == 0))
        return json != NULL ? h->producer : NULL;
    const char *name = kfpsi_json_lone_text(json, "taskName", &length);
    h->producer = name != NULL ? kfpb_arena_textn(h->arena, name, length) : parse_producer(h, json);
    h->producer_json = json;
    return h->producer;
}

/* ---- into the tasks ---------------------------------------------------------------------------------------------- */

static bool is_port_of_metrics(const pair *pairs, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (pairs[i].of.artifact.type != KFPS_ARTIFACT_METRIC)
            return false;
    }
    return true;
}

/* The pairs of one task and direction, in order. */
static const kfps_task_artifact *copy_slice(hydration *h, const pair *pairs, size_t count)
{
    kfps_task_artifact *slice = kfpb_arena_array(h->arena, count, sizeof *slice);
    int32_t group = 0;
    if (slice == NULL)
        return NULL;
    for (size_t first = 0, end; first < count; first = end) {
        for (end = first + 1; end < count && compare_ports(&pairs[first].of, &pairs[end].of) == 0; end++)
            ;
        const bool one = is_port_of_metrics(pairs + first, end - first);
        for (size_t i = first; i < end; i++) {
            slice[i] = pairs[i].of;
            slice[i].group = one ? group : group++;
        }
        group += one;
    }
    return slice;
}

typedef struct slices {
    const kfps_task_artifact *inputs, *outputs;
    size_t input_count, output_count;
} slices;

kfps_status kfpsi_hydration_finish(kfpsi_hydration *h, kfps_task_item *items, size_t count, kfps_error *error)
{
    slices *of_task = kfpb_arena_array(&h->scratch, h->uuid_count, sizeof *of_task);
    if (of_task == NULL)
        return kfpb_fail_no_memory(error);
    if (h->count > 1)
        qsort(h->pairs, h->count, sizeof *h->pairs, compare_pairs);
    for (size_t first = 0, end; first < h->count; first = end) {
        const pair *p = &h->pairs[first];
        for (end = first + 1;
             end < h->count && h->pairs[end].task == p->task && is_output(&h->pairs[end].of) == is_output(&p->of);
             end++)
            ;
        slices *to = &of_task[p->task];
        *(is_output(&p->of) ? &to->outputs : &to->inputs) = copy_slice(h, p, end - first);
        *(is_output(&p->of) ? &to->output_count : &to->input_count) = end - first;
    }
    for (size_t i = 0; i < count; i++) {
        const ptrdiff_t at = kfpsi_find_text(h->uuids, h->uuid_count, items[i].task.uuid);
        const slices none = {0}, *from = at >= 0 ? &of_task[at] : &none;
        items[i].inputs = from->inputs;
        items[i].input_count = from->input_count;
        items[i].outputs = from->outputs;
        items[i].output_count = from->output_count;
    }
    return h->arena->out_of_memory ? kfpb_fail_no_memory(error) : KFPS_OK;
}

static kfps_status begin(hydration *h, const kfps_task_item *items, size_t count, kfps_error *error)
{
    kfpb_arena_init(&h->scratch);
    const char **uuids = kfpb_arena_array(&h->scratch, count, sizeof *uuids);
    for (size_t i = 0; uuids != NULL && i < count; i++)
        uuids[i] = items[i].task.uuid;
    if (uuids != NULL)
        h->uuids = kfpsi_sorted_texts(&h->scratch, uuids, count, &h->uuid_count);
    return h->uuids != NULL ? KFPS_OK : kfpb_fail_no_memory(error);
}

static pair *add_pair(hydration *h, size_t task)
{
    pair *p = kfpsi_push(&h->scratch, &h->pairs, &h->count, &h->capacity, sizeof *p);
    if (p != NULL)
        *p = (pair){.task = task};
    return p;
}

/* ---- from the database ------------------------------------------------------------------------------------------- */

void kfpsi_hydration_columns(kfpb_sql *sql)
{
    kfpsi_view_columns(sql, &kfpsi_view_artifact_task, "l.");
    kfpb_sql_add(sql, ",");
    kfpsi_view_columns(sql, &kfpsi_view_artifact, "a.");
}

/* The index is named, or MariaDB looks into each that begins with the task. */
static void add_links(kfpb_sql *sql)
{
    kfpb_sql_add(sql, " \"artifact_tasks\" l");
    kfpsi_index_hint(sql, "kfpstore_links_task");
}

static void add_artifacts(kfpb_sql *sql)
{
    kfpb_sql_add(sql, " JOIN \"artifacts\" a");
    kfpsi_index_hint(sql, "PRIMARY");
    kfpb_sql_add(sql, " ON a.\"UUID\"=l.\"ArtifactID\"");
}

void kfpsi_hydration_join(kfpb_sql *sql)
{
    kfpb_sql_add(sql, " LEFT JOIN");
    add_links(sql);
    kfpb_sql_add(sql, " ON l.\"TaskID\"=t.\"UUID\" LEFT");
    add_artifacts(sql);
}

kfps_status kfpsi_hydration_see(kfpsi_hydration *h, const kfpb_rows *row, size_t first, kfps_error *error)
{
    const size_t artifact = first + kfpsi_view_count(&kfpsi_view_artifact_task);
    kfps_task_artifact of = {0};
    if (kfpb_is_null(row, artifact)) /* its key: nothing is joined */
        return KFPS_OK;
    kfpsi_view_read(row, first, &kfpsi_view_artifact_task, h->arena, &of.link);
    kfpsi_view_read(row, artifact, &kfpsi_view_artifact, h->arena, &of.artifact);
    if (h->arena->out_of_memory)
        return kfpb_fail_no_memory(error);
    const ptrdiff_t task = kfpsi_find_text(h->uuids, h->uuid_count, of.link.task_uuid);
    if (task < 0) /* equal to the collation only */
        return KFPS_OK;
    if (kfps_io_type_name(of.link.type) == NULL || of.link.type == KFPS_IO_UNSPECIFIED)
        return kfpb_fail(error, KFPS_INTERNAL, "the link %.64s has the IO type %d, which is none", of.link.uuid,
                         of.link.type);
    if (!kfpsi_sees(h->session, of.artifact.artifact_namespace))
        return KFPS_OK;
    of.producer_task_name = producer_of(h, of.link.producer_json);
    pair *p = add_pair(h, (size_t) task);
    if (p == NULL)
        return kfpb_fail_no_memory(error);
    p->of = of;
    return KFPS_OK;
}

static kfps_status see_link(void *context, const kfpb_rows *row, kfps_error *error)
{
    return kfpsi_hydration_see(context, row, 0, error);
}

/* Of one task, the most frequent case, PostgreSQL would plan anew each time if it knew which: the average of a column
 * with some very frequent values looks dearer to it than any other value. */
static kfps_status read_links(kfpsi_op *op, hydration *h, kfpb_sql *sql, kfps_error *error)
{
    if (kfpb_sql_out_of_memory(sql))
        return kfpb_fail_no_memory(error);
    if (h->uuid_count != 1)
        return kfpsi_each_in(op->conn, kfpb_text_get(&sql->text), h->uuids, h->uuid_count, "", see_link, h, error);
    kfpb_sql_add(sql, "=");
    kfpsi_sql_hidden(sql, kfpb_str(h->uuids[0]));
    return kfpsi_each(op->conn, sql, see_link, h, error);
}

kfps_status kfpsi_hydrate(kfpsi_op *op, kfpb_arena *arena, kfps_task_item *items, size_t count, kfps_error *error)
{
    hydration h = {.session = op->session, .arena = arena};
    kfpb_sql sql;
    kfpb_sql_init(&sql, op->conn);
    kfps_status status = begin(&h, items, count, error);
    kfpb_sql_add(&sql, "SELECT ");
    kfpsi_hydration_columns(&sql);
    kfpb_sql_add(&sql, " FROM");
    add_links(&sql);
    add_artifacts(&sql);
    kfpb_sql_add(&sql, " WHERE l.\"TaskID\"");
    if (status == KFPS_OK)
        status = read_links(op, &h, &sql, error);
    if (status == KFPS_OK)
        status = kfpsi_hydration_finish(&h, items, count, error);
    kfpb_sql_free(&sql);
    kfpb_arena_free(&h.scratch);
    return status;
}

kfps_status kfpsi_hydration_new(const kfps_session *session, kfpb_arena *arena, const kfps_task_item *items,
                                size_t count, kfpsi_hydration **out, kfps_error *error)
{
    hydration *h = calloc(1, sizeof *h);
    *out = h;
    if (h == NULL)
        return kfpb_fail_no_memory(error);
    h->session = session;
    h->arena = arena;
    return begin(h, items, count, error);
}

void kfpsi_hydration_free(kfpsi_hydration *h)
{
    if (h != NULL)
        kfpb_arena_free(&h->scratch);
    free(h);
}

/* ---- from the caller --------------------------------------------------------------------------------------------- */

static kfps_status take_links(hydration *h, const kfps_artifact_task *links, const kfps_artifact *artifacts,
                              size_t count, kfps_error *error)
{
    for (size_t i = 0; i < count; i++) {
        if (kfps_io_type_name(links[i].type) == NULL || links[i].type == KFPS_IO_UNSPECIFIED)
            return kfpb_fail_at(error, i, KFPS_INVALID, "link %zu has the IO type %d, which is none", i, links[i].type);
        const ptrdiff_t task = kfpsi_find_text(h->uuids, h->uuid_count, links[i].task_uuid);
        if (task < 0)
            continue;
        pair *p = add_pair(h, (size_t) task);
        if (p == NULL)
            return kfpb_fail_no_memory(error);
        kfpsi_record_copy(&kfpsi_view_artifact_task, h->arena, &links[i], &p->of.link, sizeof p->of.link);
        kfpsi_record_copy(&kfpsi_view_artifact, h->arena, &artifacts[i], &p->of.artifact, sizeof p->of.artifact);
        p->of.producer_task_name = producer_of(h, p->of.link.producer_json);
    }
    return KFPS_OK;
}

kfps_status kfps_hydrate(const kfps_task *tasks, size_t task_count, const kfps_artifact_task *links,
                         const kfps_artifact *artifacts, size_t link_count, kfps_task_list **out, kfps_error *error)
{
    kfps_error local;
    hydration h = {0};
    if (error == NULL)
        error = &local;
    kfpb_error_clear(error);
    if (out != NULL)
        *out = NULL;
    if (out == NULL || (tasks == NULL && task_count > 0) || ((links == NULL || artifacts == NULL) && link_count > 0))
        return kfpb_fail(error, KFPS_INVALID, "kfps_hydrate: tasks, links, artifacts and out must not be NULL");
    kfps_task_list *list = kfpsi_result_new(sizeof *list, &h.arena);
    if (list == NULL)
        return kfpb_fail_no_memory(error);
    kfps_task_item *items = kfpb_arena_array(h.arena, task_count, sizeof *items);
    kfps_status status = items != NULL ? KFPS_OK : kfpb_fail_no_memory(error);
    for (size_t i = 0; status == KFPS_OK && i < task_count; i++)
        kfpsi_record_copy(&kfpsi_view_task, h.arena, &tasks[i], &items[i].task, sizeof items[i].task);
    if (status == KFPS_OK)
        status = begin(&h, items, task_count, error);
    if (status == KFPS_OK)
        status = take_links(&h, links, artifacts, link_count, error);
    if (status == KFPS_OK)
        status = kfpsi_hydration_finish(&h, items, task_count, error);
    kfpb_arena_free(&h.scratch);
    *list = (kfps_task_list){.items = items, .count = task_count, .next_page_token = "", .total_size = -1};
    if (status == KFPS_OK)
        *out = list;
    else
        kfpsi_result_free(list);
    return status;
}

void kfps_task_list_free(kfps_task_list *list)
{
    kfpsi_result_free(list);
}
