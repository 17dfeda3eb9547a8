/* SPDX-License-Identifier: Apache-2.0 */
/* model_text.h: an MLMD database as the reader sees it, as one text that can be compared. */
#ifndef KFPT_MODEL_TEXT_H
#define KFPT_MODEL_TEXT_H

#include <inttypes.h>

#include "backends/base/text.h"
#include "migrate/source/source.h"
#include "suite.h"

static inline void model_add_properties(kfpb_text *out, mlmd_properties properties)
{
    for (size_t i = 0; i < properties.count; i++) {
        const mlmd_property *p = &properties.items[i];
        kfpb_text_printf(out, "    %s %d kind %d: %" PRId64 " %.17g %s\n", p->name, p->custom, p->kind, p->integer,
                         p->real, p->text != NULL ? p->text : "-");
    }
}

static inline void model_add_executions(kfpb_text *out, const char *label, const mlmd_execution *items, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const mlmd_execution *x = &items[i];
        kfpb_text_printf(out, "  %s %" PRId64 " %s %s state %d %d times %" PRId64 " %" PRId64 "\n", label, x->id,
                         x->type, x->name != NULL ? x->name : "-", x->state, x->state_known, x->create_ms,
                         x->update_ms);
        model_add_properties(out, x->properties);
    }
}

static inline void model_add_events(kfpb_text *out, const char *label, const mlmd_event *items, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const mlmd_event *e = &items[i];
        kfpb_text_printf(
            out, "  %s %" PRId64 " artifact %" PRId64 "%s execution %" PRId64 "%s type %d at %" PRId64 " key %s\n",
            label, e->id, e->artifact_id, e->artifact != NULL ? "" : " (missing)", e->execution_id,
            e->execution != NULL ? "" : " (missing)", e->type, e->ms, e->key);
    }
}

static inline void model_add_run(kfpb_text *out, const mlmd_run *run)
{
    kfpb_text_printf(out, "run %" PRId64 " %s %s %" PRId64 " %" PRId64 "\n", run->context_id, run->context_type,
                     run->name, run->create_ms, run->update_ms);
    model_add_properties(out, run->properties);
    model_add_executions(out, "execution", run->executions, run->execution_count);
    model_add_events(out, "event", run->events, run->event_count);
    for (size_t i = 0; i < run->artifact_count; i++) {
        const mlmd_artifact *a = &run->artifacts[i];
        kfpb_text_printf(out, "  artifact %" PRId64 " %s %s %s state %d times %" PRId64 " %" PRId64 "\n", a->id,
                         a->type, a->name != NULL ? a->name : "-", a->uri != NULL ? a->uri : "-", a->state,
                         a->create_ms, a->update_ms);
        model_add_properties(out, a->properties);
    }
    model_add_events(out, "foreign event", run->foreign_events, run->foreign_event_count);
    model_add_executions(out, "foreign execution", run->foreign, run->foreign_count);
    for (size_t i = 0; i < run->notes.count; i++) {
        const note *n = &run->notes.items[i];
        if (n->reason != NOTE_TEXT_REPAIRED) /* differs by engine: whoever wants to know counts them */
            kfpb_text_printf(out, "  note %s %s %" PRId64 " %s\n", note_info(n->reason)->text, n->kind, n->id,
                             n->detail != NULL ? n->detail : "-");
    }
}

static inline size_t model_count_notes(const mlmd_run *run, note_reason reason)
{
    size_t count = 0;
    for (size_t i = 0; i < run->notes.count; i++)
        count += run->notes.items[i].reason == reason;
    return count;
}

static inline mlmd_source *model_open(const char *dsn_text, const mlmd_source_options *options)
{
    kfps_error error = {0};
    kfpb_dsn dsn = {0};
    mlmd_source *source = NULL;
    if (kfpb_dsn_parse(dsn_text, &dsn, &error) == KFPS_OK)
        mlmd_source_open(&dsn, options, &source, &error);
    kfpb_dsn_free(&dsn);
    ck_assert_msg(source != NULL, "%s: %s", dsn_text, error.message);
    return source;
}

/* The whole census; the arena holds the names. The caller frees the list. */
static inline mlmd_run_context *model_census(mlmd_source *source, kfpb_arena *arena, size_t *count)
{
    mlmd_run_context *all = NULL, *page = NULL;
    kfps_error error = {0};
    size_t got = 0;
    int64_t after = 0;

    *count = 0;
    do {
        kfps_status status = mlmd_source_census(source, after, 7, arena, &page, &got, &error);
        ck_assert_msg(status == KFPS_OK, "census: %s", error.message);
        all = realloc(all, (*count + got + 1) * sizeof *all);
        ck_assert_ptr_nonnull(all);
        if (got > 0) {
            memcpy(all + *count, page, got * sizeof *page);
            after = page[got - 1].id;
        }
        *count += got;
    } while (got > 0);
    return all;
}

/* An execution of several run contexts goes to the first. */
static inline bool model_first_owns(void *context, int64_t context_id, int64_t execution_id)
{
    size_t count = 0;
    const int64_t *contexts = mlmd_source_contexts_of(context, execution_id, &count);
    return count > 0 && contexts[0] == context_id;
}

/* All runs, loaded in groups of that size. *repaired (may be NULL): values whose encoding was repaired. */
static inline char *model_text(const char *dsn, const mlmd_source_options *options, size_t group, size_t *repaired)
{
    mlmd_source *source = model_open(dsn, options);
    kfpb_arena names, rows;
    kfpb_text out = {0};
    kfps_error error = {0};
    size_t count = 0;

    kfpb_arena_init(&names);
    kfpb_arena_init(&rows);
    mlmd_run_context *contexts = model_census(source, &names, &count);
    kfpb_text_printf(&out, "version %d, %zu runs\n", mlmd_source_version(source), count);
    for (size_t from = 0; from < count; from += group) {
        int64_t ids[1024];
        mlmd_run *runs = NULL;
        size_t n = count - from < group ? count - from : group;
        for (size_t i = 0; i < n && i < 1024; i++)
            ids[i] = contexts[from + i].id;
        kfps_status status = mlmd_source_load(source, ids, n, model_first_owns, source, &rows, &runs, &error);
        ck_assert_msg(status == KFPS_OK, "load: %s", error.message);
        for (size_t i = 0; i < n; i++) {
            model_add_run(&out, &runs[i]);
            if (repaired != NULL)
                *repaired += model_count_notes(&runs[i], NOTE_TEXT_REPAIRED);
        }
        kfpb_arena_reset(&rows);
    }
    ck_assert(!out.out_of_memory);
    free(contexts);
    kfpb_arena_free(&rows);
    kfpb_arena_free(&names);
    mlmd_source_close(&source);
    return out.data;
}

/* Fails with the first line that differs. */
static inline void model_assert_same(const char *got, const char *wanted, const char *what)
{
    size_t line = 1, start = 0, i = 0;
    for (; got[i] != '\0' && got[i] == wanted[i]; i++) {
        if (got[i] == '\n') {
            line++;
            start = i + 1;
        }
    }
    ck_assert_msg(got[i] == wanted[i], "%s: line %zu is\n%.300s\nand should be\n%.300s", what, line, got + start,
                  wanted + start);
}

#endif
