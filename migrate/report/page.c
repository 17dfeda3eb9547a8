/* SPDX-License-Identifier: Apache-2.0 */
#include "migrate/report/page.h"

#include <string.h>

#include "migrate/report/style.h"
#include "migrate/shown.h"

/* ---- the head ---------------------------------------------------------------------------------------------------- */

static void add_time(kfpb_text *out, json_int_t seconds)
{
    char text[SHOWN_TIME_SIZE];
    shown_time(seconds, text);
    kfpb_text_add(out, text[0] != '\0' ? text : "–");
}

static void add_verdict(kfpb_text *out, const json_t *facts)
{
    const json_t *imports = json_object_get(facts, "imports");
    bool open = json_array_size(imports) == 0;
    for (size_t i = 0; i < json_array_size(imports); i++)
        open |= strcmp(fact_text(json_array_get(imports, i), "state"), "complete") != 0;
    const bool rejects = fact_number(json_object_get(facts, "runs"), "with_rejects") > 0;
    kfpb_text_add(out, json_array_size(imports) == 0 ? "<p class=\"verdict open\">No import was started</p>"
                       : open                        ? "<p class=\"verdict open\">Not finished yet</p>"
                       : rejects                     ? "<p class=\"verdict warm\">Finished, with rejects</p>"
                                                     : "<p class=\"verdict\">Finished</p>");
}

static void add_numbers(kfpb_text *out, const json_t *facts)
{
    const json_t *runs = json_object_get(facts, "runs"), *rows = json_object_get(facts, "rows");
    const struct {
        const json_t *of;
        const char *key, *words;
    } numbers[] = {
        {runs, "imported", "runs imported"}, {rows, "tasks", "tasks"},
        {rows, "artifacts", "artifacts"},    {rows, "links", "links"},
        {rows, "metrics", "metric values"},  {rows, "cache_entries", "cache entries"},
        {runs, "skipped", "runs skipped"},   {runs, "with_rejects", "runs with rejects"},
    };
    kfpb_text_add(out, "<div class=\"numbers\">");
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        kfpb_text_add(out, "<div><b>");
        html_number(out, fact_number(numbers[i].of, numbers[i].key));
        kfpb_text_printf(out, "</b><span>%s</span></div>", numbers[i].words);
    }
    kfpb_text_add(out, "</div>");
}

/* ---- tables of runs ---------------------------------------------------------------------------------------------- */

static void add_run_name(kfpb_text *out, const json_t *run)
{
    const char *name = fact_text(run, "name");
    if (name[0] != '\0')
        html_name(out, name);
    else
        kfpb_text_printf(out, "context %" JSON_INTEGER_FORMAT, fact_number(run, "context_id"));
    if (fact_text(run, "run")[0] != '\0') {
        kfpb_text_add(out, "<code>");
        html_text(out, fact_text(run, "run"));
        kfpb_text_add(out, "</code>");
    }
}

/* `by`: the number that the list is by, which gets a bar. */
static void add_runs(kfpb_text *out, const char *title, const json_t *list, const char *by)
{
    const json_int_t most = fact_number(json_array_get(list, 0), by);
    size_t i;
    json_t *run;
    kfpb_text_printf(out, "<section><h2>%s</h2>", title);
    if (most == 0) {
        kfpb_text_add(out, "<p class=\"quiet\">None.</p></section>");
        return;
    }
    kfpb_text_add(out, "<table><thead><tr><th>run</th><th>state</th><th class=\"n\">took</th><th class=\"n\">tasks</th>"
                       "<th class=\"n\">artifacts</th><th>began (UTC)</th></tr></thead><tbody>");
    json_array_foreach((json_t *) (uintptr_t) list, i, run)
    {
        char took[SHOWN_TIME_SIZE];
        shown_duration(fact_number(run, "seconds"), took);
        kfpb_text_add(out, "<tr><td class=\"w\">");
        add_run_name(out, run);
        kfpb_text_printf(out, "<span class=\"meter\" style=\"width:%.1f%%\"></span></td><td data-l=\"state\">",
                         100.0 * (double) fact_number(run, by) / (double) most);
        html_text(out, fact_text(run, "state"));
        kfpb_text_printf(out, "</td><td class=\"n\" data-l=\"took\">%s</td><td class=\"n\" data-l=\"tasks\">", took);
        html_number(out, fact_number(run, "tasks"));
        kfpb_text_add(out, "</td><td class=\"n\" data-l=\"artifacts\">");
        html_number(out, fact_number(run, "artifacts"));
        kfpb_text_add(out, "</td><td class=\"w\" data-l=\"began (UTC)\">");
        shown_time(fact_number(run, "created_at"), took);
        kfpb_text_addn(out, took, strcspn(took, "U"));
        kfpb_text_add(out, "</td></tr>");
    }
    kfpb_text_add(out, "</tbody></table></section>");
}

/* ---- reasons ----------------------------------------------------------------------------------------------------- */

static void add_reason(kfpb_text *out, const json_t *reason, bool open)
{
    const json_t *examples = json_object_get(reason, "examples");
    size_t i;
    json_t *example;
    kfpb_text_add(out, open ? "<details open><summary><b>" : "<details><summary><b>");
    html_number(out, fact_number(reason, "count"));
    kfpb_text_add(out, "</b><span>");
    html_text(out, fact_text(reason, "meaning"));
    kfpb_text_add(out, "</span><span class=\"small\">");
    html_text(out, fact_text(reason, "reason"));
    if (fact_number(reason, "runs") > 0) {
        kfpb_text_add(out, ", in ");
        html_number(out, fact_number(reason, "runs"));
        kfpb_text_add(out, fact_number(reason, "runs") == 1 ? " run" : " runs");
    }
    kfpb_text_add(out, "</span></summary><ul>");
    json_array_foreach((json_t *) (uintptr_t) examples, i, example)
    {
        kfpb_text_add(out, "<li>");
        add_run_name(out, example);
        if (fact_number(example, "count") > 1)
            kfpb_text_printf(out, " <span class=\"small\">%" JSON_INTEGER_FORMAT " times</span>",
                             fact_number(example, "count"));
        kfpb_text_add(out, "</li>");
    }
    if (json_array_size(examples) == 0)
        kfpb_text_add(out, "<li class=\"quiet\">In no run; the import's reject file has a line for each.</li>");
    else if (fact_number(reason, "runs") > (json_int_t) json_array_size(examples))
        kfpb_text_add(out, "<li class=\"quiet\">…</li>");
    kfpb_text_add(out, "</ul></details>");
}

static void add_reasons(kfpb_text *out, const json_t *facts, const char *class, const char *title, const char *words)
{
    const json_t *notes = json_object_get(facts, "notes");
    size_t i, shown = 0;
    json_t *reason;
    kfpb_text_printf(out, "<section><h2>%s</h2><p class=\"small\">%s</p>", title, words);
    json_array_foreach((json_t *) (uintptr_t) notes, i, reason)
    {
        if (strcmp(fact_text(reason, "class"), class) != 0)
            continue;
        add_reason(out, reason, strcmp(class, "info") != 0);
        shown++;
    }
    kfpb_text_add(out, shown == 0 ? "<p class=\"quiet\">Nothing.</p></section>" : "</section>");
}

/* `all` may be more than the list has. */
static void end_table(kfpb_text *out, const json_t *list, json_int_t all)
{
    kfpb_text_add(out, "</tbody></table>");
    if (all > (json_int_t) json_array_size(list)) {
        kfpb_text_add(out, "<p class=\"quiet\">… and ");
        html_number(out, all - (json_int_t) json_array_size(list));
        kfpb_text_add(out, " more.</p>");
    }
    kfpb_text_add(out, "</section>");
}

static void add_rejected_runs(kfpb_text *out, const json_t *facts)
{
    const json_t *list = json_object_get(facts, "rejected_runs");
    const json_int_t all = fact_number(json_object_get(facts, "runs"), "with_rejects");
    size_t i;
    json_t *run;
    if (json_array_size(list) == 0)
        return;
    kfpb_text_add(out, "<section><h2>Runs with rejects</h2><table><thead><tr><th>run</th><th>outcome</th>"
                       "<th>what was lost or altered</th></tr></thead><tbody>");
    json_array_foreach((json_t *) (uintptr_t) list, i, run)
    {
        const char *key;
        json_t *count;
        size_t n = 0;
        kfpb_text_add(out, "<tr><td class=\"w\">");
        add_run_name(out, run);
        kfpb_text_add(out, "</td><td data-l=\"outcome\">");
        html_text(out, fact_text(run, "outcome"));
        kfpb_text_add(out, "</td><td class=\"w\">");
        json_object_foreach(json_object_get(run, "reasons"), key, count)
        {
            kfpb_text_add(out, n++ > 0 ? ", " : "");
            html_text(out, key);
            kfpb_text_printf(out, " %" JSON_INTEGER_FORMAT, json_integer_value(count));
        }
        kfpb_text_add(out, "</td></tr>");
    }
    end_table(out, list, all);
}

static void add_rejected_rows(kfpb_text *out, const json_t *facts)
{
    const json_t *list = json_object_get(facts, "rejected_rows");
    const json_int_t all = fact_number(facts, "rejected_row_count");
    size_t i;
    json_t *row;
    if (json_array_size(list) == 0)
        return;
    kfpb_text_add(out,
                  "<section><h2>Rejected rows</h2><table><thead><tr><th>reason</th><th>row in MLMD</th><th>run</th>"
                  "<th>detail</th></tr></thead><tbody>");
    json_array_foreach((json_t *) (uintptr_t) list, i, row)
    {
        kfpb_text_add(out, "<tr><td data-l=\"reason\">");
        html_text(out, fact_text(row, "reason"));
        kfpb_text_add(out, "</td><td data-l=\"row in MLMD\">");
        html_text(out, fact_text(row, "kind"));
        kfpb_text_printf(out, " %" JSON_INTEGER_FORMAT "</td><td class=\"w\"><code>", fact_number(row, "mlmd_id"));
        html_text(out, fact_text(row, "run"));
        kfpb_text_add(out, "</code></td><td class=\"w\">");
        html_name(out, fact_text(row, "detail"));
        kfpb_text_add(out, "</td></tr>");
    }
    end_table(out, list, all);
}

/* ---- where from, with what --------------------------------------------------------------------------------------- */

static void add_pair(kfpb_text *out, const char *term, const char *text)
{
    kfpb_text_printf(out, "<dt>%s</dt><dd>", term);
    html_name(out, text[0] != '\0' ? text : "–");
    kfpb_text_add(out, "</dd>");
}

static void add_imports(kfpb_text *out, const json_t *facts)
{
    size_t i;
    json_t *import;
    kfpb_text_add(out, "<section><h2>Sources and versions</h2>");
    json_array_foreach(json_object_get(facts, "imports"), i, import)
    {
        char took[SHOWN_TIME_SIZE];
        kfpb_text_add(out, "<dl>");
        if (fact_text(import, "source_id")[0] != '\0')
            add_pair(out, "source id", fact_text(import, "source_id"));
        add_pair(out, "source", fact_text(import, "source"));
        add_pair(out, "its server", fact_text(import, "source_server"));
        kfpb_text_printf(out, "<dt>MLMD schema</dt><dd>%" JSON_INTEGER_FORMAT "</dd><dt>state</dt><dd>",
                         fact_number(import, "source_schema"));
        html_text(out, fact_text(import, "state"));
        kfpb_text_add(out, "</dd><dt>begun</dt><dd>");
        add_time(out, fact_number(import, "started_at"));
        kfpb_text_add(out, "</dd><dt>completed</dt><dd>");
        add_time(out, fact_number(import, "completed_at"));
        shown_duration((int64_t) json_number_value(json_object_get(import, "seconds")), took);
        kfpb_text_printf(out, "</dd><dt>last import took</dt><dd>%s</dd>", took);
        add_pair(out, "kfp-migrate", fact_text(import, "tool_version"));
        kfpb_text_add(out, "</dl>");
    }
    kfpb_text_add(out, "<dl>");
    add_pair(out, "target", fact_text(facts, "target"));
    add_pair(out, "its server", fact_text(facts, "target_server"));
    add_pair(out, "this report by", fact_text(facts, "version"));
    kfpb_text_add(out, "<dt>import digest</dt><dd><code>");
    html_text(out, fact_text(facts, "digest"));
    kfpb_text_add(out,
                  "</code><p class=\"small\">SHA-256 over each run's outcome and the digest of its source rows: the "
                  "same for two imports that came to the same.</p></dd></dl></section>");
}

static void add_schema(kfpb_text *out, const json_t *facts)
{
    size_t i;
    json_t *step;
    kfpb_text_add(out,
                  "<section><h2>Schema steps</h2><table><thead><tr><th>step</th><th>state</th><th>SHA-256</th></tr>"
                  "</thead><tbody>");
    json_array_foreach(json_object_get(facts, "schema"), i, step)
    {
        kfpb_text_printf(out, "<tr><td>%" JSON_INTEGER_FORMAT " ", fact_number(step, "step"));
        html_text(out, fact_text(step, "name"));
        kfpb_text_add(out, "</td><td>");
        html_text(out, fact_text(step, "state"));
        kfpb_text_add(out, "</td><td class=\"w\"><code>");
        html_text(out, fact_text(step, "sha256"));
        kfpb_text_add(out, "</code></td></tr>");
    }
    kfpb_text_add(out, "</tbody></table></section>");
}

void report_page(kfpb_text *out, const json_t *facts)
{
    const json_t *runs = json_object_get(facts, "runs");
    kfpb_text_add(out, "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
                       "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">"
                       "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
                       "'unsafe-inline'; base-uri 'none'; form-action 'none'\">"
                       "<meta name=\"referrer\" content=\"no-referrer\"><title>kfp-migrate: what was imported</title>"
                       "<style>");
    kfpb_text_add(out, page_style);
    kfpb_text_add(out, "</style></head>\n<body><main><header>");
    add_verdict(out, facts);
    kfpb_text_add(out, "<h1>ML Metadata in Kubeflow Pipelines</h1><p class=\"quiet\">");
    html_name(out, fact_text(facts, "target"));
    kfpb_text_add(out, "</p><p class=\"small\">As of ");
    add_time(out, fact_number(facts, "generated_at"));
    if (fact_number(runs, "deleted_since") > 0) {
        kfpb_text_add(out, "; ");
        html_number(out, fact_number(runs, "deleted_since"));
        kfpb_text_add(out, " imported runs were deleted since");
    }
    kfpb_text_add(out, "</p>");
    add_numbers(out, facts);
    kfpb_text_add(out, "</header>\n<section><h2>Runs over time</h2>");
    html_chart(out, json_object_get(facts, "timeline"));
    kfpb_text_add(out, "</section>\n<section><h2>Tasks by state</h2>");
    html_shares(out, json_object_get(facts, "tasks_by_state"));
    kfpb_text_add(out, "</section>\n");
    add_reasons(out, facts, "rejected", "Rejected", "In scope, and lost or altered.");
    add_rejected_runs(out, facts);
    add_rejected_rows(out, facts);
    add_reasons(out, facts, "skipped", "Skipped", "Out of scope, and left out.");
    add_reasons(out, facts, "info", "Noted", "Handled as documented; nothing is lost.");
    add_runs(out, "Slowest runs", json_object_get(facts, "slowest"), "seconds");
    add_runs(out, "Largest runs", json_object_get(facts, "largest"), "tasks");
    add_imports(out, facts);
    add_schema(out, facts);
    kfpb_text_add(out, "</main></body></html>\n");
}
