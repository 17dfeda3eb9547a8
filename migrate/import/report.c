/* SPDX-License-Identifier: Apache-2.0 */
#include "migrate/import/report.h"

#include <inttypes.h>
#include <jansson.h>
#include <string.h>
#include <sys/resource.h>

#include "kfpstore.h"
#include "migrate/import/progress.h"

static const char *const state_names[] = {"unspecified", "running", "succeeded", "skipped", "failed", "cached"};
static const char *const class_names[] = {[NOTE_INFO] = "info", [NOTE_SKIP] = "skipped", [NOTE_REJECT] = "rejected"};

uint64_t report_rejects(const import_report *report)
{
    uint64_t count = 0;
    for (int r = 0; r < NOTE_REASON_COUNT; r++) {
        if (note_info((note_reason) r)->class == NOTE_REJECT)
            count += report->counts.notes[r];
    }
    return count;
}

static double peak_memory_mb(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double) usage.ru_maxrss / 1024;
}

static double rate(const import_report *report)
{
    return report->seconds > 0 ? (double) report->counts.executions / report->seconds : 0;
}

static void print_notes(FILE *out, const import_report *report, note_class class, const char *title)
{
    bool first = true;
    for (int r = 0; r < NOTE_REASON_COUNT; r++) {
        const note_reason_info *info = note_info((note_reason) r);
        if (info->class != class || report->counts.notes[r] == 0)
            continue;
        if (first)
            fprintf(out, "%s\n", title);
        first = false;
        fprintf(out, "  %8" PRIu64 "  %-24s %s\n", report->counts.notes[r], info->text, info->meaning);
    }
}

static const char *verdict(const import_report *report, const import_options *options)
{
    const import_counts *c = &report->counts;
    if (report->stopped)
        return "Stopped. What was imported is complete, run by run; start the same command again to go on.";
    if (options->dry_run)
        return "A dry run: nothing was written.";
    if (c->runs_imported + c->runs_replaced + c->runs_left == 0 && c->runs_before > 0)
        return "Nothing changed: every run that can be imported had been imported before.";
    if (report_rejects(report) > 0)
        return "Finished, with rejects: something of an imported run was lost or altered, or a run was refused.";
    return "Finished.";
}

/* "1.3 GB"; figures beyond the second are no estimate's. */
static const char *size_text(uint64_t bytes, char *buf, size_t size)
{
    static const char *const units[] = {"bytes", "kB", "MB", "GB", "TB"};
    double value = (double) bytes;
    size_t unit = 0;
    for (; value >= 1000 && unit + 1 < sizeof units / sizeof *units; unit++)
        value /= 1000;
    snprintf(buf, size, value < 10 && unit > 0 ? "%.1f %s" : "%.0f %s", value, units[unit]);
    return buf;
}

static void print_estimate(FILE *out, const import_report *report)
{
    const import_estimate *e = &report->estimate;
    char values[32], target[32], took[32];
    progress_format_duration(e->seconds, took, sizeof took);
    fprintf(out, "estimate   the import takes about %s with one connection, and the target grows by about %s\n", took,
            size_text(e->target_bytes, target, sizeof target));
    fprintf(out,
            "           (reading and mapping took %.1f s here, and the rows have %s; what writing adds to both is not\n"
            "           measured, but what it was in the project's benchmarks: the target's disk may differ much)\n",
            report->seconds, size_text(e->value_bytes, values, sizeof values));
}

void report_print(FILE *out, const import_report *report, const import_options *options)
{
    const import_counts *c = &report->counts;
    fprintf(out, "source     %s: MLMD schema %d on %s\n", options->source.text, report->source_version,
            report->source_server);
    fprintf(out, "target     %s: %s\n", options->target.text,
            report->target_server[0] != '\0' ? report->target_server : "not there yet");
    fprintf(out,
            "runs       %" PRIu64 " imported, %" PRIu64 " imported before, %" PRIu64 " skipped, %" PRIu64
            " rejected, of %" PRId64,
            c->runs_imported, c->runs_before, c->runs_skipped, c->runs_rejected, report->totals.run_contexts);
    if (c->executions_skipped > 0)
        fprintf(out, " (%" PRIu64 " executions left out with them)", c->executions_skipped);
    if (c->runs_created > 0)
        fprintf(out, "; %" PRIu64 " run rows made", c->runs_created);
    if (c->runs_compared > 0)
        fprintf(out,
                "\ncompared   %" PRIu64 " of those imported before with their source: %" PRIu64 " replaced, %" PRIu64
                " changed, but left as they were",
                c->runs_compared, c->runs_replaced, c->runs_left);
    fprintf(out, "\ntasks      %" PRIu64 " from %" PRIu64 " executions (", c->tasks, c->executions);
    bool first = true;
    for (size_t s = 0; s < sizeof state_names / sizeof *state_names; s++) {
        if (c->tasks_by_state[s] == 0)
            continue;
        fprintf(out, "%s%" PRIu64 " %s", first ? "" : ", ", c->tasks_by_state[s], state_names[s]);
        first = false;
    }
    fprintf(out, "%s), %" PRIu64 " with a cache fingerprint\n", first ? "none" : "", c->fingerprints);
    fprintf(out, "artifacts  %" PRIu64 " new rows; %" PRIu64 " times a row that another run had brought\n",
            c->artifacts, c->artifacts_reused);
    fprintf(out, "links      %" PRIu64 "\n", c->links);
    fprintf(out, "spent      %.1f s, %.0f executions/s, at most %.0f MB of memory\n", report->seconds, rate(report),
            peak_memory_mb());
    if (options->dry_run)
        print_estimate(out, report);
    print_notes(out, report, NOTE_REJECT, "rejected (in scope, and lost or altered)");
    print_notes(out, report, NOTE_SKIP, "skipped (out of scope)");
    print_notes(out, report, NOTE_INFO, "noted (handled, nothing lost)");
    if (report->rejects_path != NULL)
        fprintf(out, "each of these is a line of %s\n", report->rejects_path);
    fprintf(out, "%s\n", verdict(report, options));
}

static json_t *notes_object(const import_report *report)
{
    json_t *notes = json_object();
    for (int r = 0; r < NOTE_REASON_COUNT; r++) {
        const note_reason_info *info = note_info((note_reason) r);
        if (report->counts.notes[r] > 0)
            json_object_set_new(notes, info->text,
                                json_pack("{s:I,s:s}", "count", (json_int_t) report->counts.notes[r], "class",
                                          class_names[info->class]));
    }
    return notes;
}

char *report_json(const import_report *report, const import_options *options)
{
    const import_counts *c = &report->counts;
    json_t *states = json_object();
    for (size_t s = 0; s < sizeof state_names / sizeof *state_names; s++)
        json_object_set_new(states, state_names[s], json_integer((json_int_t) c->tasks_by_state[s]));
    json_t *root = json_pack(
        "{s:s, s:s, s:{s:s,s:s,s:i}, s:{s:s,s:s}, s:b, s:b, s:{s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I}, s:I, s:I, s:{s:I,s:o,s:I}, "
        "s:{s:I,s:I}, s:I, s:o, s:I, s:f, s:f, s:f, s:I}",
        "tool", "kfp-migrate", "version", kfps_version(), "source", "dsn", options->source.text, "server",
        report->source_server, "schema", report->source_version, "target", "dsn", options->target.text, "server",
        report->target_server, "dry_run", options->dry_run, "stopped", report->stopped, "runs", "contexts",
        (json_int_t) report->totals.run_contexts, "imported", (json_int_t) c->runs_imported, "imported_before",
        (json_int_t) c->runs_before, "skipped", (json_int_t) c->runs_skipped, "rejected", (json_int_t) c->runs_rejected,
        "created", (json_int_t) c->runs_created, "compared", (json_int_t) c->runs_compared, "replaced",
        (json_int_t) c->runs_replaced, "left", (json_int_t) c->runs_left, "executions", (json_int_t) c->executions,
        "executions_left_out", (json_int_t) c->executions_skipped, "tasks", "count", (json_int_t) c->tasks, "by_state",
        states, "with_fingerprint", (json_int_t) c->fingerprints, "artifacts", "new", (json_int_t) c->artifacts,
        "reused", (json_int_t) c->artifacts_reused, "links", (json_int_t) c->links, "notes", notes_object(report),
        "rejects", (json_int_t) report_rejects(report), "seconds", report->seconds, "executions_per_second",
        rate(report), "peak_memory_mb", peak_memory_mb(), "started_at", (json_int_t) report->started_at);
    if (root == NULL)
        return NULL;
    const import_estimate *e = &report->estimate;
    if (options->dry_run)
        json_object_set_new(root, "estimate",
                            json_pack("{s:f,s:I,s:I}", "seconds", e->seconds, "target_bytes",
                                      (json_int_t) e->target_bytes, "value_bytes", (json_int_t) e->value_bytes));
    char *text = json_dumps(root, JSON_INDENT(2) | JSON_REAL_PRECISION(6));
    json_decref(root);
    return text;
}
