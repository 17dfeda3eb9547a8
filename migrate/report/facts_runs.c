/* SPDX-License-Identifier: Apache-2.0 */
/* facts_runs.c: one walk over the ledger, page by page, beside the runs' own rows. */
#include <inttypes.h>
#include <nettle/sha2.h>
#include <stdlib.h>
#include <string.h>

#include "backends/base/fail.h"
#include "backends/base/text.h"
#include "migrate/import/ledger.h"
#include "migrate/map/map.h"
#include "migrate/notes.h"
#include "migrate/report/timeline.h"

enum { PAGE = 2000 };

/* The columns of the walk. */
enum {
    W_CONTEXT,
    W_RUN,
    W_CONTEXT_NAME,
    W_OUTCOME,
    W_REASON,
    W_TASKS,
    W_ARTIFACTS,
    W_LINKS,
    W_EXECUTIONS,
    W_REJECTED,
    W_NOTES,
    W_DIGEST,
    W_NAME,
    W_STATE,
    W_CONDITIONS,
    W_CREATED,
    W_FINISHED,
    W_ROW
};

/* The best few runs by one number, best first. */
typedef struct top {
    json_t *entries[FACTS_TOP];
    int64_t values[FACTS_TOP];
    size_t count;
} top;

typedef struct reason_facts {
    json_int_t count, runs;
    json_t *examples;
} reason_facts;

typedef struct walk {
    kfpb_conn *conn;
    const char *source;
    int64_t last;
    size_t seen; /* on this page */
    json_int_t imported, skipped, rejected, deleted, executions;
    reason_facts reasons[NOTE_REASON_COUNT];
    top slowest, largest;
    json_t *rejected_runs;
    json_int_t with_rejects;
    timeline time;
    struct sha256_ctx digest;
} walk;

/* The run for a list: who it is, and its numbers. */
static json_t *run_entry(const kfpb_rows *rows)
{
    const char *name = kfpb_get_text(rows, W_NAME, NULL), *uuid = kfpb_get_text(rows, W_RUN, NULL);
    if (name == NULL || name[0] == '\0')
        name = kfpb_get_text(rows, W_CONTEXT_NAME, NULL);
    json_t *entry = json_object();
    json_object_set_new(entry, "run", facts_text(uuid));
    json_object_set_new(entry, "context_id", json_integer(kfpb_get_int(rows, W_CONTEXT)));
    json_object_set_new(entry, "name", facts_text(name));
    return entry;
}

static json_t *full_entry(const kfpb_rows *rows)
{
    json_t *entry = run_entry(rows);
    const int64_t created = kfpb_get_int(rows, W_CREATED), finished = kfpb_get_int(rows, W_FINISHED);
    const char *state = kfpb_get_text(rows, W_STATE, NULL);
    json_object_set_new(
        entry, "state",
        facts_text(state != NULL && state[0] != '\0' ? state : kfpb_get_text(rows, W_CONDITIONS, NULL)));
    json_object_set_new(entry, "created_at", json_integer(created));
    json_object_set_new(entry, "seconds", json_integer(finished > created && created > 0 ? finished - created : 0));
    json_object_set_new(entry, "tasks", json_integer(kfpb_get_int(rows, W_TASKS)));
    json_object_set_new(entry, "artifacts", json_integer(kfpb_get_int(rows, W_ARTIFACTS)));
    json_object_set_new(entry, "links", json_integer(kfpb_get_int(rows, W_LINKS)));
    return entry;
}

static void top_add(top *t, int64_t value, const kfpb_rows *rows)
{
    size_t at = t->count;
    while (at > 0 && t->values[at - 1] < value)
        at--;
    if (at == FACTS_TOP || value <= 0)
        return;
    if (t->count == FACTS_TOP)
        json_decref(t->entries[--t->count]);
    memmove(&t->entries[at + 1], &t->entries[at], (t->count - at) * sizeof *t->entries);
    memmove(&t->values[at + 1], &t->values[at], (t->count - at) * sizeof *t->values);
    t->entries[at] = full_entry(rows);
    t->values[at] = value;
    t->count++;
}

static json_t *top_take(top *t)
{
    json_t *list = json_array();
    for (size_t i = 0; i < t->count; i++)
        json_array_append_new(list, t->entries[i]);
    t->count = 0;
    return list;
}

static void add_reason(walk *w, note_reason reason, json_int_t count, const kfpb_rows *rows)
{
    reason_facts *r = &w->reasons[reason];
    r->count += count;
    r->runs++;
    if (r->examples == NULL)
        r->examples = json_array();
    if (json_array_size(r->examples) >= FACTS_EXAMPLES)
        return;
    json_t *example = run_entry(rows);
    json_object_set_new(example, "count", json_integer(count));
    json_array_append_new(r->examples, example);
}

/* The run's own list of reasons; a run that was never read has only why. */
static json_t *add_notes(walk *w, const kfpb_rows *rows)
{
    const char *text = kfpb_get_text(rows, W_NOTES, NULL);
    json_t *notes = text != NULL ? json_loads(text, 0, NULL) : NULL;
    json_t *rejects = json_object();
    const char *key;
    json_t *value;
    json_object_foreach(notes, key, value)
    {
        const note_reason reason = note_reason_find(key);
        if (reason == NOTE_REASON_COUNT)
            continue;
        add_reason(w, reason, json_integer_value(value), rows);
        if (note_info(reason)->class == NOTE_REJECT)
            json_object_set(rejects, key, value);
    }
    if (notes == NULL) {
        const note_reason reason = note_reason_find(kfpb_get_text(rows, W_REASON, NULL));
        if (reason != NOTE_REASON_COUNT)
            add_reason(w, reason, 1, rows);
    }
    json_decref(notes);
    return rejects;
}

static void add_to_digest(walk *w, const kfpb_rows *rows)
{
    const int columns[] = {W_CONTEXT, W_RUN, W_OUTCOME, W_DIGEST};
    sha256_update(&w->digest, strlen(w->source) + 1, (const uint8_t *) w->source);
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++) {
        size_t length = 0;
        const char *text = kfpb_get_text(rows, (size_t) columns[i], &length);
        sha256_update(&w->digest, text != NULL ? length : 0, (const uint8_t *) (text != NULL ? text : ""));
        sha256_update(&w->digest, 1, (const uint8_t *) "");
    }
}

static bool see_run(walk *w, const kfpb_rows *rows)
{
    const char *outcome = kfpb_get_text(rows, W_OUTCOME, NULL);
    const int64_t created = kfpb_get_int(rows, W_CREATED), finished = kfpb_get_int(rows, W_FINISHED);
    w->seen++;
    w->last = kfpb_get_int(rows, W_CONTEXT);
    add_to_digest(w, rows);
    json_t *rejects = add_notes(w, rows);
    if (json_object_size(rejects) > 0 || strcmp(outcome, LEDGER_REJECTED) == 0) {
        w->with_rejects++;
        if (json_array_size(w->rejected_runs) < FACTS_REJECTED) {
            json_t *entry = run_entry(rows);
            json_object_set_new(entry, "outcome", facts_text(outcome));
            json_object_set(entry, "reasons", rejects);
            json_array_append_new(w->rejected_runs, entry);
        }
    }
    json_decref(rejects);
    w->skipped += strcmp(outcome, LEDGER_SKIPPED) == 0;
    w->rejected += strcmp(outcome, LEDGER_REJECTED) == 0;
    if (strcmp(outcome, LEDGER_IMPORTED) != 0)
        return true;
    w->imported++;
    w->executions += kfpb_get_int(rows, W_EXECUTIONS);
    top_add(&w->largest, kfpb_get_int(rows, W_TASKS), rows);
    if (kfpb_is_null(rows, W_ROW)) {
        w->deleted++;
        return true;
    }
    if (created > 0 && finished > created)
        top_add(&w->slowest, finished - created, rows);
    const map_run_state state = map_normalise_run_state(kfpb_get_text(rows, W_STATE, NULL),
                                                        kfpb_get_text(rows, W_CONDITIONS, NULL));
    return timeline_add(&w->time, created,
                        state == MAP_RUN_SUCCEEDED                             ? TIMELINE_SUCCEEDED
                        : state == MAP_RUN_FAILED || state == MAP_RUN_CANCELED ? TIMELINE_FAILED
                                                                               : TIMELINE_OTHER);
}

static kfps_status walk_page(walk *w, kfps_error *error)
{
    const kfpb_value values[] = {kfpb_str(w->source), kfpb_int(w->last), kfpb_int(PAGE)};
    kfpb_rows *rows = NULL;
    kfps_status status = kfpb_query(
        w->conn,
        "SELECT m.\"ContextID\", m.\"RunUUID\", m.\"ContextName\", m.\"Outcome\", m.\"Reason\", m.\"Tasks\","
        " m.\"Artifacts\", m.\"Links\", m.\"Executions\", m.\"Rejected\", m.\"Notes\", m.\"Digest\","
        " r.\"DisplayName\", r.\"State\", r.\"Conditions\", r.\"CreatedAtInSec\", r.\"FinishedAtInSec\", r.\"UUID\""
        " FROM \"kfpstore_migration_run\" m LEFT JOIN \"run_details\" r ON r.\"UUID\" = m.\"RunUUID\""
        " WHERE m.\"Source\" = ? AND m.\"ContextID\" > ? ORDER BY m.\"ContextID\" LIMIT ?",
        values, sizeof values / sizeof *values, &rows, error);
    int got = 0;
    w->seen = 0;
    while (status == KFPS_OK && (got = kfpb_next(rows, error)) > 0) {
        if (!see_run(w, rows))
            status = kfpb_fail_no_memory(error);
    }
    if (got < 0)
        status = (kfps_status) error->code;
    kfpb_rows_free(&rows);
    return status;
}

/* ---- the facts --------------------------------------------------------------------------------------------------- */

static json_t *reasons_of(walk *w, const json_t *outside)
{
    static const char *const classes[] = {[NOTE_INFO] = "info", [NOTE_SKIP] = "skipped", [NOTE_REJECT] = "rejected"};
    json_t *list = json_array();
    for (int i = 0; i < NOTE_REASON_COUNT; i++) {
        reason_facts *r = &w->reasons[i];
        const note_reason_info *info = note_info((note_reason) i);
        r->count += json_integer_value(json_object_get(outside, info->text));
        if (r->count == 0)
            continue;
        json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:I, s:I, s:o}", "reason", info->text, "class",
                                              classes[info->class], "meaning", info->meaning, "count", r->count, "runs",
                                              r->runs, "examples", r->examples != NULL ? r->examples : json_array()));
        r->examples = NULL;
    }
    return list;
}

static json_t *digest_of(walk *w)
{
    uint8_t digest[SHA256_DIGEST_SIZE];
    char text[2 * SHA256_DIGEST_SIZE + 1];
    sha256_digest(&w->digest, sizeof digest, digest);
    kfpb_hex(digest, sizeof digest, text);
    return json_string(text);
}

kfps_status report_facts_runs(kfpb_conn *conn, json_t *facts, kfps_error *error)
{
    walk w = {.conn = conn, .rejected_runs = json_array()};
    kfps_status status = KFPS_OK;
    size_t i;
    json_t *import;
    sha256_init(&w.digest);
    json_array_foreach(json_object_get(facts, "imports"), i, import)
    {
        w.source = json_string_value(json_object_get(import, "source_id"));
        w.last = INT64_MIN;
        do
            status = walk_page(&w, error);
        while (status == KFPS_OK && w.seen == PAGE);
        if (status != KFPS_OK)
            break;
    }
    json_object_set_new(facts, "runs",
                        json_pack("{s:I,s:I,s:I,s:I,s:I}", "imported", w.imported, "skipped", w.skipped, "rejected",
                                  w.rejected, "deleted_since", w.deleted, "with_rejects", w.with_rejects));
    json_object_set_new(facts, "executions", json_integer(w.executions));
    json_object_set_new(facts, "notes", reasons_of(&w, json_object_get(facts, "outside")));
    json_object_del(facts, "outside");
    json_object_set_new(facts, "timeline", timeline_facts(&w.time));
    json_object_set_new(facts, "slowest", top_take(&w.slowest));
    json_object_set_new(facts, "largest", top_take(&w.largest));
    json_object_set_new(facts, "rejected_runs", w.rejected_runs);
    json_object_set_new(facts, "digest", digest_of(&w));
    timeline_free(&w.time);
    for (int r = 0; r < NOTE_REASON_COUNT; r++)
        json_decref(w.reasons[r].examples);
    return status;
}
