/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lineage.c: kfps_lineage_walk. Links join artifacts and tasks only, so all nodes of one depth are of one kind: a level
 * is one statement for what lies upstream of it and one for what lies downstream.
 */
#include "kfpstore/lineage.h"

#include <stdlib.h>

#define HASH_NONFATAL_OOM         1
#define uthash_nonfatal_oom(item) ((item)->refused = true)
#include <uthash.h>

#include "backends/base/fail.h"
#include "libkfpstore/access.h"
#include "libkfpstore/operation.h"
#include "libkfpstore/query.h"
#include "libkfpstore/result.h"

/* Rows of one statement, for each node that may still be found: two nodes may have several links. */
enum { ROWS_PER_NODE = 4, AT_ONCE = 1000 };

enum { UP = 1, DOWN = 2 };

/* One that is in the result. */
typedef struct found {
    const char *uuid;
    uint32_t place;
    unsigned from; /* in which directions it was reached: there the walk goes on */
    unsigned done; /* … and has gone on */
    bool refused;  /* by uthash, for lack of memory */
    UT_hash_handle hh;
} found;

/* A link that was seen. Its ends become places once it is known which nodes are in. */
typedef struct seen_link {
    const char *uuid;
    const char *artifact, *task;
    int32_t type;
    int64_t iteration;
    const char *key;
    bool refused;
    UT_hash_handle hh;
} seen_link;

/* A node that a level leads to. */
typedef struct candidate {
    kfps_lineage_node node;
    unsigned from;
} candidate;

typedef struct walk {
    const kfps_session *session;
    kfpb_conn *conn;
    const kfps_lineage_start *start;
    uint32_t max_depth, max_nodes;
    kfpb_arena *arena; /* of the result */
    kfpb_arena scratch;
    kfps_lineage *result;
    kfps_lineage_node *nodes;
    size_t count, capacity;
    found **of_node; /* parallel to nodes */
    size_t of_count, of_capacity;
    found *by_uuid[KFPS_NODE_TASK + 1]; /* of each kind */
    seen_link **links;
    size_t link_count, link_capacity;
    seen_link *by_link;
    candidate *candidates; /* of the level */
    size_t candidate_count, candidate_capacity;
    /* of the statement under way: */
    unsigned direction;
    kfps_node_kind to; /* what it leads to */
    size_t rows;
    bool more;
} walk;

/* ---- rows -------------------------------------------------------------------------------------------------------- */

/* uuid, namespace, name, type; of a task also run and state: behind the link's columns, or alone. */
static void read_node(walk *w, const kfpb_rows *row, size_t first, kfps_node_kind kind, kfps_lineage_node *node)
{
    *node = (kfps_lineage_node){
        .kind = (int32_t) kind,
        .uuid = kfpb_arena_text(w->arena, kfpb_get_text(row, first, NULL)),
        .node_namespace = kfpb_arena_text(w->arena, kfpb_get_text(row, first + 1, NULL)),
        .name = kfpb_arena_text(w->arena, kfpb_get_text(row, first + 2, NULL)),
        .type = (int32_t) kfpb_get_int(row, first + 3),
    };
    if (kind == KFPS_NODE_TASK) {
        node->run_uuid = kfpb_arena_text(w->arena, kfpb_get_text(row, first + 4, NULL));
        node->state = (int32_t) kfpb_get_int(row, first + 5);
    }
}

static const char artifact_columns[] = "n.\"UUID\",n.\"Namespace\",n.\"Name\",n.\"Type\"";
static const char task_columns[] = "n.\"UUID\",n.\"Namespace\",n.\"Name\",n.\"Type\",n.\"RunUUID\",n.\"State\"";
enum { LINK_COLUMNS = 6 };

static kfps_node_kind other_kind(kfps_node_kind kind)
{
    return kind == KFPS_NODE_ARTIFACT ? KFPS_NODE_TASK : KFPS_NODE_ARTIFACT;
}

static kfps_node_kind kind_at(const walk *w, uint32_t depth)
{
    const kfps_node_kind first = w->start->artifact_uuid != NULL ? KFPS_NODE_ARTIFACT : KFPS_NODE_TASK;
    return depth % 2 == 0 ? first : other_kind(first);
}

static kfps_status keep_link(walk *w, const kfpb_rows *row, kfps_error *error)
{
    const char *uuid = kfpb_get_text(row, 0, NULL);
    seen_link *link = NULL;
    HASH_FIND_STR(w->by_link, uuid, link);
    if (link != NULL)
        return KFPS_OK;
    link = kfpb_arena_alloc(&w->scratch, sizeof *link);
    seen_link **slot = kfpsi_push(&w->scratch, &w->links, &w->link_count, &w->link_capacity, sizeof *slot);
    if (link == NULL || slot == NULL)
        return kfpb_fail_no_memory(error);
    *slot = link;
    *link = (seen_link){
        .uuid = kfpb_arena_text(&w->scratch, uuid),
        .artifact = kfpb_arena_text(&w->scratch, kfpb_get_text(row, 1, NULL)),
        .task = kfpb_arena_text(&w->scratch, kfpb_get_text(row, 2, NULL)),
        .type = (int32_t) kfpb_get_int(row, 3),
        .iteration = kfpb_get_int(row, 4),
        .key = kfpb_arena_text(w->arena, kfpb_get_text(row, 5, NULL)),
    };
    if (w->scratch.out_of_memory || w->arena->out_of_memory)
        return kfpb_fail_no_memory(error);
    HASH_ADD_KEYPTR(hh, w->by_link, link->uuid, strlen(link->uuid), link);
    return link->refused ? kfpb_fail_no_memory(error) : KFPS_OK;
}

static kfps_status see_step(void *context, const kfpb_rows *row, kfps_error *error)
{
    walk *w = context;
    const int32_t type = (int32_t) kfpb_get_int(row, 3);
    const char *space = kfpb_get_text(row, LINK_COLUMNS + 1, NULL);
    const char *uuid = kfpb_get_text(row, LINK_COLUMNS, NULL);
    found *known = NULL;
    w->rows++;
    if (type < KFPS_IO_COMPONENT_DEFAULT_INPUT || type > KFPS_IO_TASK_FINAL_STATUS_OUTPUT ||
        !kfpsi_sees(w->session, space))
        return KFPS_OK;
    const kfps_status status = keep_link(w, row, error);
    if (status != KFPS_OK)
        return status;
    HASH_FIND_STR(w->by_uuid[w->to], uuid, known);
    if (known != NULL) {
        known->from |= w->direction; /* a cycle, or reached from both sides */
        return KFPS_OK;
    }
    candidate *c = kfpsi_push(&w->scratch, &w->candidates, &w->candidate_count, &w->candidate_capacity, sizeof *c);
    if (c == NULL)
        return kfpb_fail_no_memory(error);
    *c = (candidate){.from = w->direction};
    read_node(w, row, LINK_COLUMNS, w->to, &c->node);
    return w->arena->out_of_memory ? kfpb_fail_no_memory(error) : KFPS_OK;
}

/* ---- a level ----------------------------------------------------------------------------------------------------- */

static kfps_status add_node(walk *w, const candidate *c, uint32_t depth, kfps_error *error)
{
    found *f = kfpb_arena_alloc(&w->scratch, sizeof *f);
    kfps_lineage_node *node = kfpsi_push(w->arena, &w->nodes, &w->count, &w->capacity, sizeof *node);
    found **slot = kfpsi_push(&w->scratch, &w->of_node, &w->of_count, &w->of_capacity, sizeof *slot);
    if (f == NULL || node == NULL || slot == NULL)
        return kfpb_fail_no_memory(error);
    *node = c->node;
    node->depth = (int32_t) depth;
    *f = (found){.uuid = node->uuid, .place = (uint32_t) (w->count - 1), .from = c->from};
    *slot = f;
    HASH_ADD_KEYPTR(hh, w->by_uuid[node->kind], f->uuid, strlen(f->uuid), f);
    return f->refused ? kfpb_fail_no_memory(error) : KFPS_OK;
}

/* One statement: what lies in one direction of the nodes. Bounded, in an order that makes the bound the same on every
 * repetition. */
static kfps_status step(walk *w, kfps_node_kind kind, unsigned direction, const char *const *uuids, size_t count,
                        kfps_error *error)
{
    /* an output leads from the task to the artifact, an input the other way */
    const bool outputs = (kind == KFPS_NODE_ARTIFACT) == (direction == UP);
    const bool to_task = kind == KFPS_NODE_ARTIFACT;
    const size_t limit = (size_t) ROWS_PER_NODE * w->max_nodes + 1;
    kfpb_text after = {0};
    kfpb_sql before;
    kfps_status status = KFPS_OK;
    kfpb_sql_init(&before, w->conn);
    kfpb_sql_add(&before, "SELECT l.\"UUID\",l.\"ArtifactID\",l.\"TaskID\",l.\"Type\",l.\"Iteration\","
                          "l.\"ArtifactKey\",");
    kfpb_sql_add(&before, to_task ? task_columns : artifact_columns);
    kfpb_sql_add(&before, " FROM \"artifact_tasks\" l");
    /* else an engine may walk all links in the order of the LIMIT */
    kfpsi_index_hint(&before, to_task ? "idx_link_artifact_id" : "idx_link_task_run");
    kfpb_sql_add(&before, to_task ? " JOIN \"tasks\" n ON n.\"UUID\"=l.\"TaskID\" WHERE l.\"ArtifactID\""
                                  : " JOIN \"artifacts\" n ON n.\"UUID\"=l.\"ArtifactID\" WHERE l.\"TaskID\"");
    kfpb_text_printf(&after, " AND l.\"Type\" BETWEEN %d AND %d ORDER BY l.\"%s\",l.\"UUID\" LIMIT %zu",
                     outputs ? KFPS_IO_ITERATOR_OUTPUT : KFPS_IO_COMPONENT_DEFAULT_INPUT,
                     outputs ? KFPS_IO_TASK_FINAL_STATUS_OUTPUT : KFPS_IO_ITERATOR_INPUT_RAW,
                     to_task ? "TaskID" : "ArtifactID", limit);
    w->direction = direction;
    w->to = other_kind(kind);
    if (kfpb_sql_out_of_memory(&before) || after.out_of_memory)
        status = kfpb_fail_no_memory(error);
    for (size_t first = 0; status == KFPS_OK && first < count; first += AT_ONCE) {
        const size_t left = count - first;
        w->rows = 0;
        status = kfpsi_each_in(w->conn, kfpb_text_get(&before.text), uuids + first, left < AT_ONCE ? left : AT_ONCE,
                               kfpb_text_get(&after), see_step, w, error);
        w->more |= w->rows >= limit;
    }
    kfpb_sql_free(&before);
    kfpb_text_free(&after);
    return status;
}

static kfps_status step_in(walk *w, kfps_node_kind kind, unsigned direction, kfps_error *error)
{
    const char **uuids = kfpb_arena_array(&w->scratch, w->count, sizeof *uuids);
    size_t count = 0, sorted_count = 0;
    if (uuids == NULL)
        return kfpb_fail_no_memory(error);
    for (size_t i = 0; i < w->count; i++) {
        found *f = w->of_node[i];
        if ((f->from & ~f->done & direction) == 0 || w->nodes[i].kind != (int32_t) kind)
            continue;
        f->done |= direction;
        uuids[count++] = f->uuid;
    }
    const char **sorted = kfpsi_sorted_texts(&w->scratch, uuids, count, &sorted_count);
    if (sorted == NULL)
        return kfpb_fail_no_memory(error);
    return count > 0 ? step(w, kind, direction, sorted, sorted_count, error) : KFPS_OK;
}

static int compare_candidates(const void *a, const void *b)
{
    return strcmp(((const candidate *) a)->node.uuid, ((const candidate *) b)->node.uuid);
}

/* Each once, by UUID, as many as there is room for. */
static kfps_status take_candidates(walk *w, uint32_t depth, kfps_error *error)
{
    kfps_status status = KFPS_OK;
    if (w->candidate_count > 1)
        qsort(w->candidates, w->candidate_count, sizeof *w->candidates, compare_candidates);
    for (size_t i = 0, end; status == KFPS_OK && i < w->candidate_count; i = end) {
        candidate *c = &w->candidates[i];
        for (end = i + 1; end < w->candidate_count && compare_candidates(c, &w->candidates[end]) == 0; end++)
            c->from |= w->candidates[end].from;
        if (depth > w->max_depth || w->count >= w->max_nodes) {
            w->more = true;
            break;
        }
        status = add_node(w, c, depth, error);
    }
    w->candidates = NULL;
    w->candidate_count = w->candidate_capacity = 0;
    return status;
}

/* The level beyond the last is looked at too: whether there is one, and which links lead back. */
static kfps_status walk_levels(walk *w, kfps_error *error)
{
    kfps_status status = KFPS_OK;
    for (uint32_t depth = 0; status == KFPS_OK && depth <= w->max_depth; depth++) {
        const size_t before = w->count;
        status = step_in(w, kind_at(w, depth), UP, error);
        if (status == KFPS_OK)
            status = step_in(w, kind_at(w, depth), DOWN, error);
        if (status == KFPS_OK)
            status = take_candidates(w, depth + 1, error);
        bool open = w->count > before;
        for (size_t i = 0; !open && i < w->count; i++)
            open = (w->of_node[i]->from & ~w->of_node[i]->done) != 0;
        if (!open)
            break;
    }
    return status;
}

/* ---- the result -------------------------------------------------------------------------------------------------- */

static int compare_edges(const void *a, const void *b)
{
    const kfps_lineage_edge *x = a, *y = b;
    int order = (x->artifact > y->artifact) - (x->artifact < y->artifact);
    if (order == 0)
        order = (x->task > y->task) - (x->task < y->task);
    if (order == 0)
        order = (x->io_type > y->io_type) - (x->io_type < y->io_type);
    if (order == 0)
        order = strcmp(x->artifact_key != NULL ? x->artifact_key : "", y->artifact_key != NULL ? y->artifact_key : "");
    return order != 0 ? order : (x->iteration > y->iteration) - (x->iteration < y->iteration);
}

static kfps_status give(walk *w, kfps_error *error)
{
    kfps_lineage_edge *edges = kfpb_arena_array(w->arena, w->link_count, sizeof *edges);
    size_t count = 0;
    if (edges == NULL)
        return kfpb_fail_no_memory(error);
    for (size_t i = 0; i < w->link_count; i++) {
        const seen_link *link = w->links[i];
        found *artifact = NULL, *task = NULL;
        HASH_FIND_STR(w->by_uuid[KFPS_NODE_ARTIFACT], link->artifact, artifact);
        HASH_FIND_STR(w->by_uuid[KFPS_NODE_TASK], link->task, task);
        if (artifact == NULL || task == NULL)
            continue;
        edges[count++] = (kfps_lineage_edge){.artifact = artifact->place,
                                             .task = task->place,
                                             .io_type = link->type,
                                             .iteration = link->iteration,
                                             .artifact_key = link->key};
    }
    if (count > 1)
        qsort(edges, count, sizeof *edges, compare_edges);
    *w->result = (kfps_lineage){
        .nodes = w->nodes, .node_count = w->count, .edges = edges, .edge_count = count, .more = w->more};
    return KFPS_OK;
}

static kfps_status see_start(void *context, const kfpb_rows *row, kfps_error *error)
{
    walk *w = context;
    const kfps_node_kind kind = kind_at(w, 0);
    const char *uuid = kind == KFPS_NODE_ARTIFACT ? w->start->artifact_uuid : w->start->task_uuid;
    candidate c = {.from = w->start->direction == KFPS_LINEAGE_BOTH       ? UP | DOWN
                           : w->start->direction == KFPS_LINEAGE_UPSTREAM ? UP
                                                                          : DOWN};
    if (strcmp(kfpb_get_text(row, 0, NULL), uuid) != 0 || !kfpsi_sees(w->session, kfpb_get_text(row, 1, NULL)))
        return KFPS_OK;
    read_node(w, row, 0, kind, &c.node);
    return w->arena->out_of_memory ? kfpb_fail_no_memory(error) : add_node(w, &c, 0, error);
}

static kfps_status find_start(walk *w, kfps_error *error)
{
    const bool artifact = w->start->artifact_uuid != NULL;
    const char *uuid = artifact ? w->start->artifact_uuid : w->start->task_uuid;
    kfpb_sql sql;
    kfpb_sql_init(&sql, w->conn);
    kfpb_sql_add(&sql, "SELECT ");
    kfpb_sql_add(&sql, artifact ? artifact_columns : task_columns);
    kfpb_sql_add(&sql, artifact ? " FROM \"artifacts\" n" : " FROM \"tasks\" n");
    kfpb_sql_add(&sql, " WHERE n.\"UUID\"=");
    kfpb_sql_bind(&sql, kfpb_str(uuid));
    kfps_status status = kfpsi_each(w->conn, &sql, see_start, w, error);
    if (status == KFPS_OK && w->count == 0)
        status = kfpb_fail(error, KFPS_NOT_FOUND, "there is no %s %.64s", artifact ? "artifact" : "task", uuid);
    kfpb_sql_free(&sql);
    return status;
}

typedef struct request {
    const kfps_lineage_start *start;
    kfps_lineage *result;
} request;

static kfps_status walk_from(kfpsi_op *op, void *context, kfps_error *error)
{
    request *r = context;
    const kfps_lineage_start *start = r->start;
    walk w = {.session = op->session, .conn = op->conn, .start = start};
    kfpsi_result_free(r->result);
    r->result = NULL;
    w.max_depth = start->max_depth != 0 ? start->max_depth : KFPS_LINEAGE_DEPTH_DEFAULT;
    w.max_nodes = start->max_nodes != 0 ? start->max_nodes : KFPS_LINEAGE_NODES_DEFAULT;
    w.result = kfpsi_result_new(sizeof *w.result, &w.arena);
    if (w.result == NULL)
        return kfpb_fail_no_memory(error);
    kfpb_arena_init(&w.scratch);
    kfps_status status = find_start(&w, error);
    if (status == KFPS_OK)
        status = walk_levels(&w, error);
    if (status == KFPS_OK)
        status = give(&w, error);
    HASH_CLEAR(hh, w.by_uuid[KFPS_NODE_ARTIFACT]);
    HASH_CLEAR(hh, w.by_uuid[KFPS_NODE_TASK]);
    HASH_CLEAR(hh, w.by_link);
    kfpb_arena_free(&w.scratch);
    if (status == KFPS_OK)
        r->result = w.result;
    else
        kfpsi_result_free(w.result);
    return status;
}

kfps_status kfps_lineage_walk(kfps_session *session, const kfps_lineage_start *start, kfps_lineage **out,
                              kfps_error *error)
{
    request r = {.start = start};
    kfpb_error_clear(error);
    if (out != NULL)
        *out = NULL;
    if (session == NULL || start == NULL || out == NULL)
        return kfpb_fail(error, KFPS_INVALID, "kfps_lineage_walk: session, start and out must not be NULL");
    const char *uuid = start->artifact_uuid != NULL ? start->artifact_uuid : start->task_uuid;
    if ((start->artifact_uuid != NULL) == (start->task_uuid != NULL) || uuid[0] == '\0')
        return kfpb_fail(error, KFPS_INVALID, "a lineage starts at an artifact or at a task: give one UUID");
    if (start->direction < KFPS_LINEAGE_BOTH || start->direction > KFPS_LINEAGE_DOWNSTREAM)
        return kfpb_fail(error, KFPS_INVALID, "%d is not a direction of lineage", start->direction);
    if (start->max_nodes > KFPS_LINEAGE_NODES_MAX)
        return kfpb_fail(error, KFPS_INVALID, "max_nodes is %u; at most %d are given", start->max_nodes,
                         KFPS_LINEAGE_NODES_MAX);
    kfps_status status = kfpsi_ask(session, KFPS_VERB_LIST,
                                   start->artifact_uuid != NULL ? KFPS_RESOURCE_ARTIFACTS : KFPS_RESOURCE_TASKS, NULL,
                                   NULL, error);
    if (status == KFPS_OK)
        status = kfpsi_read(session, walk_from, &r, error);
    if (status == KFPS_OK)
        *out = r.result;
    else
        kfpsi_result_free(r.result);
    return status;
}

void kfps_lineage_free(kfps_lineage *lineage)
{
    kfpsi_result_free(lineage);
}
