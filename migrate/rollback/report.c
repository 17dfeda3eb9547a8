/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <jansson.h>

#include "kfpstore.h"
#include "migrate/rollback/rollback.h"

static const char *verdict(const rollback_report *report, const rollback_options *options)
{
    const rollback_counts *c = &report->counts;
    if (report->stopped)
        return "Stopped. Each run is there as a whole or gone; start the same command again to go on.";
    if (!report->found)
        return "Nothing was imported from this source, or all of it was rolled back before.";
    if (options->dry_run)
        return "A dry run: nothing was written.";
    if (c->runs_kept > 0)
        return "Finished, but for the runs above. Once they are deleted, the same command takes what is left.";
    if (c->artifacts_kept > 0)
        return "Finished. Once the runs that use the artifacts above are deleted, the same command takes these too.";
    return "Finished.";
}

void rollback_print(FILE *out, const rollback_report *report, const rollback_options *options)
{
    const rollback_counts *c = &report->counts;
    fprintf(out, "target     %s: %s\n", options->target.text, report->target_server);
    fprintf(out, "runs       %" PRIu64 " %s, %" PRIu64 " kept, %" PRIu64 " that users had deleted\n", c->runs,
            options->dry_run ? "to be removed" : "removed", c->runs_kept, c->runs_gone);
    fprintf(out, "tasks      %" PRIu64 "\nlinks      %" PRIu64 "\n", c->tasks, c->links);
    fprintf(out, "artifacts  %" PRIu64 ", and %" PRIu64 " kept\n", c->artifacts, c->artifacts_kept);
    if (c->run_rows + c->run_rows_kept > 0)
        fprintf(out, "run rows   %" PRIu64 " that the import had made, and %" PRIu64 " kept\n", c->run_rows,
                c->run_rows_kept);
    fprintf(out, "spent      %.1f s\n", report->seconds);
    for (const rollback_kept *k = report->kept; k != NULL; k = k->next)
        fprintf(out, "kept       %s %s: %s\n", k->kind, k->uuid, k->why);
    fprintf(out, "%s\n", verdict(report, options));
}

char *rollback_json(const rollback_report *report, const rollback_options *options)
{
    const rollback_counts *c = &report->counts;
    json_t *kept = json_array();
    for (const rollback_kept *k = report->kept; k != NULL; k = k->next)
        json_array_append_new(kept, json_pack("{s:s,s:s,s:s}", "kind", k->kind, "uuid", k->uuid, "why", k->why));
    json_t *root = json_pack(
        "{s:s,s:s, s:{s:s,s:s}, s:s, s:b, s:b, s:b, s:{s:I,s:I,s:I}, s:{s:I,s:I}, s:I, s:I, s:{s:I,s:I}, s:I, s:o, s:f}",
        "tool", "kfp-migrate", "version", kfps_version(), "target", "dsn", options->target.text, "server",
        report->target_server, "source_id", options->source_id, "dry_run", options->dry_run, "stopped", report->stopped,
        "found", report->found, "runs", "removed", (json_int_t) c->runs, "kept", (json_int_t) c->runs_kept,
        "deleted_before", (json_int_t) c->runs_gone, "run_rows", "removed", (json_int_t) c->run_rows, "kept",
        (json_int_t) c->run_rows_kept, "tasks", (json_int_t) c->tasks, "links", (json_int_t) c->links, "artifacts",
        "removed", (json_int_t) c->artifacts, "kept", (json_int_t) c->artifacts_kept, "experiments",
        (json_int_t) c->experiments, "kept", kept, "seconds", report->seconds);
    if (root == NULL)
        return NULL;
    char *text = json_dumps(root, JSON_INDENT(2) | JSON_REAL_PRECISION(6));
    json_decref(root);
    return text;
}
