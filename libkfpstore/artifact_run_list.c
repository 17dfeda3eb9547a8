/* SPDX-License-Identifier: Apache-2.0 */
/*
 * artifact_run_list.c: the artifacts of a run, through its links: ids from the index of links (run, artifact), which
 * has them in order, then their rows. As one statement it is a sort of all artifacts of the run on one engine or
 * another.
 */
#include "backends/base/fail.h"
#include "libkfpstore/artifact_list.h"
#include "libkfpstore/index_range.h"
#include "libkfpstore/query.h"
#include "libkfpstore/tables.h"

enum { IDS_MAX = 1000 };

/* Which of a run's links `l`. */
static void which_sql(kfpb_sql *sql, const kfpsi_linked *linked)
{
    static const char *const types[] = {
        [KFPS_DIRECTION_ANY] = NULL,
        [KFPS_DIRECTION_INPUT] = "l.\"Type\" BETWEEN 1 AND 7",
        [KFPS_DIRECTION_OUTPUT] = "l.\"Type\" BETWEEN 8 AND 11",
    };
    if (types[linked->direction] != NULL) {
        kfpsi_sql_residual(sql);
        kfpb_sql_add(sql, types[linked->direction]);
        kfpsi_sql_residual_end(sql);
    }
    if (linked->task_name != NULL) {
        kfpsi_sql_residual(sql);
        kfpb_sql_add(sql, "(SELECT t.\"UUID\" FROM \"tasks\" t WHERE t.\"UUID\"=l.\"TaskID\"");
        kfpsi_sql_equals(sql, &kfpsi_tasks.columns[KFPSI_TASK_NAME], "t.", linked->task_name);
        kfpb_sql_add(sql, ") IS NOT NULL");
        kfpsi_sql_residual_end(sql);
    }
}

void kfpsi_artifact_linked(kfpb_sql *sql, const void *context)
{
    const kfpsi_linked *linked = context;
    kfpsi_sql_and(sql);
    kfpb_sql_add(sql, "\"artifacts\".\"UUID\" IN (SELECT l.\"ArtifactID\" FROM \"artifact_tasks\" l WHERE");
    kfpsi_sql_equals(sql, &kfpsi_artifact_tasks.columns[KFPSI_LINK_RUN], "l.", linked->run_uuid);
    which_sql(sql, linked);
    kfpb_sql_add(sql, ")");
}

/* ---- the order of UUIDs -------------------------------------------------------------------------------------------
 */

typedef struct walk {
    kfpsi_op *op;
    const kfpsi_plan *plan;
    const kfpsi_scope *scope;
    const kfpsi_linked *linked;
    kfpb_arena ids_arena;
    const char *ids[IDS_MAX];
    size_t count, links, wanted;
    char last[1024]; /* the last id looked at; "": none yet */
    kfpb_sql sql;
} walk;

/* The run's links behind the last artifact. */
static void behind_sql(walk *w)
{
    kfpb_sql *sql = &w->sql;
    kfpsi_sql_equals(sql, &kfpsi_artifact_tasks.columns[KFPSI_LINK_RUN], "l.", w->linked->run_uuid);
    if (w->last[0] == '\0')
        return;
    kfpsi_sql_and(sql);
    kfpb_sql_add(sql, w->plan->position.descending ? "l.\"ArtifactID\"<" : "l.\"ArtifactID\">");
    kfpb_sql_bind(sql, kfpb_str(w->last));
}

/* The same as a range of the index. */
static void range_sql(walk *w)
{
    const kfpsi_place places[] = {
        {&kfpsi_artifact_tasks.columns[KFPSI_LINK_RUN], NULL, kfpb_str(w->linked->run_uuid), true},
        {&kfpsi_artifact_tasks.columns[KFPSI_LINK_ARTIFACT], NULL, kfpb_str(w->last), false}, /* "": before all */
    };
    kfpsi_range_sql(&w->sql, "l.", places, 1, 2, kfpsi_range_of(w->last[0] != '\0', w->plan->position.descending));
}

static void ids_sql(walk *w)
{
    kfpb_sql *sql = &w->sql;
    const bool range = sql->driver->dialect.hidden != NULL;
    const char *direction = w->plan->position.descending ? " DESC" : "";
    kfpb_sql_reset(sql);
    kfpb_sql_add(sql, "SELECT l.\"ArtifactID\" FROM \"artifact_tasks\" l");
    kfpsi_index_hint(sql, "kfpstore_links_run_artifact");
    kfpb_sql_add(sql, " WHERE");
    if (range)
        range_sql(w);
    else
        behind_sql(w);
    which_sql(sql, w->linked);
    kfpb_sql_add(sql, " ORDER BY ");
    if (range) {
        kfpb_sql_add(sql, "l.\"RunUUID\"");
        kfpb_sql_add(sql, direction);
        kfpb_sql_add(sql, ",");
    }
    kfpb_sql_add(sql, "l.\"ArtifactID\"");
    kfpb_sql_add(sql, direction);
    kfpb_sql_add(sql, " LIMIT ");
    kfpb_text_int(&sql->text, (int64_t) w->wanted);
}

static kfps_status take_id(void *context, const kfpb_rows *row, kfps_error *error)
{
    walk *w = context;
    size_t length;
    const char *id = kfpb_get_text(row, 0, &length);
    w->links++;
    if (w->count > 0 && strcmp(w->ids[w->count - 1], id) == 0)
        return KFPS_OK;
    if (length >= sizeof w->last || w->count == IDS_MAX)
        return kfpb_fail(error, KFPS_INTERNAL, "artifact_tasks has an ArtifactID that no column takes");
    w->ids[w->count] = kfpb_arena_textn(&w->ids_arena, id, length);
    return w->ids[w->count++] != NULL ? KFPS_OK : kfpb_fail_no_memory(error);
}

/* Of the next `wanted` links, each artifact once: a GROUP BY would look at every link of an artifact that has very
 * many, where the next statement begins behind them. */
static kfps_status read_ids(walk *w, kfps_error *error)
{
    kfpb_arena_reset(&w->ids_arena);
    w->count = 0;
    w->links = 0;
    ids_sql(w);
    const kfps_status status = kfpsi_each(w->op->conn, &w->sql, take_id, w, error);
    if (status == KFPS_OK && w->count > 0)
        memcpy(w->last, w->ids[w->count - 1], strlen(w->ids[w->count - 1]) + 1);
    return status;
}

static kfps_status read_rows(walk *w, size_t limit, kfpb_arena *arena, kfpsi_page *out, kfps_error *error)
{
    kfpb_sql *sql = &w->sql;
    const kfpsi_fields *fields = w->plan->fields;
    kfpb_sql_reset(sql);
    kfpb_sql_add(sql, "SELECT ");
    kfpsi_view_columns(sql, &kfpsi_view_artifact, NULL);
    kfpb_sql_add(sql, " FROM \"artifacts\" WHERE");
    kfpsi_sql_in(sql, &fields->table->columns[KFPSI_ARTIFACT_UUID], NULL, w->ids, w->count);
    kfpsi_scope_sql(sql, fields, w->scope);
    kfpsi_filter_sql(sql, fields, &w->plan->filter, NULL);
    kfpb_sql_add(sql, w->plan->position.descending ? " ORDER BY \"UUID\" DESC" : " ORDER BY \"UUID\"");
    return kfpsi_list_fetch(w->op, sql, &kfpsi_view_artifact, sizeof(kfps_artifact), limit, arena, out->items,
                            &out->count, error);
}

kfps_status kfpsi_artifacts_of_run(kfpsi_op *op, const kfpsi_plan *plan, const kfpsi_scope *scope,
                                   const kfpsi_linked *linked, kfpb_arena *arena, kfpsi_page *out, kfps_error *error)
{
    const size_t limit = plan->size + 1;
    kfps_status status = KFPS_OK;
    walk w = {.op = op, .plan = plan, .scope = scope, .linked = linked, .wanted = 2 * limit};
    *out = (kfpsi_page){.total_size = -1, .items = kfpb_arena_array(arena, limit, sizeof(kfps_artifact))};
    if (out->items == NULL)
        return kfpb_fail_no_memory(error);
    if (plan->continued && strlen(plan->position.key) < sizeof w.last)
        memcpy(w.last, plan->position.key, strlen(plan->position.key) + 1);
    kfpb_arena_init(&w.ids_arena);
    kfpb_sql_init(&w.sql, op->conn);
    for (bool more = true; more && out->count < limit && status == KFPS_OK;) {
        status = read_ids(&w, error);
        if (status == KFPS_OK && w.count > 0)
            status = read_rows(&w, limit, arena, out, error);
        more = w.links == w.wanted;
        w.wanted = w.wanted * 2 < IDS_MAX ? w.wanted * 2 : IDS_MAX; /* a filter leaves few of them */
    }
    kfpb_sql_free(&w.sql);
    kfpb_arena_free(&w.ids_arena);
    if (status == KFPS_OK)
        status = kfpsi_list_finish(op, plan, sizeof(kfps_artifact), SIZE_MAX, arena, out, error);
    return status;
}
