/* SPDX-License-Identifier: Apache-2.0 */
/* print.c: the findings for people, the worst first, and as JSON. */
#include <inttypes.h>
#include <jansson.h>

#include "kfpstore.h"
#include "migrate/preflight/preflight.h"

static void print_some(FILE *out, const preflight *p, finding_severity severity)
{
    for (size_t i = 0; i < p->count; i++) {
        const finding_info *about = finding_about(p->findings[i].id);
        if (about->severity != severity)
            continue;
        fprintf(out, "%-8s %s: %s\n", finding_severity_name(severity), about->text, p->findings[i].message);
        if (about->remedy[0] != '\0')
            fprintf(out, "%-8s   remedy: %s\n", "", about->remedy);
    }
}

void preflight_print(FILE *out, const preflight *p)
{
    const size_t blockers = preflight_count(p, FINDING_BLOCKER), warnings = preflight_count(p, FINDING_WARNING);
    fprintf(out, "source   %s\ntarget   %s\n", p->options->source.text, p->options->target.text);
    print_some(out, p, FINDING_BLOCKER);
    print_some(out, p, FINDING_WARNING);
    print_some(out, p, FINDING_INFO);
    if (blockers == 0)
        fprintf(out, "Nothing hinders an import");
    else
        fprintf(out, "%zu finding%s that hinder%s an import", blockers, blockers == 1 ? "" : "s",
                blockers == 1 ? "s" : "");
    fprintf(out, "; %zu warning%s.\n", warnings, warnings == 1 ? "" : "s");
}

bool preflight_print_json(FILE *out, const preflight *p)
{
    json_t *list = json_array();
    for (size_t i = 0; i < p->count; i++) {
        const finding_info *about = finding_about(p->findings[i].id);
        json_t *item = json_pack("{s:s,s:s,s:s,s:s}", "finding", about->text, "severity",
                                 finding_severity_name(about->severity), "message", p->findings[i].message, "remedy",
                                 about->remedy);
        if (about->severity == FINDING_BLOCKER)
            json_object_set_new(item, "exit_code", json_integer(about->exit_code));
        json_array_append_new(list, item);
    }
    json_t *root = json_pack("{s:s,s:s,s:s,s:s,s:I,s:I,s:i,s:o}", "tool", "kfp-migrate", "version", kfps_version(),
                             "source", p->options->source.text, "target", p->options->target.text, "blockers",
                             (json_int_t) preflight_count(p, FINDING_BLOCKER), "warnings",
                             (json_int_t) preflight_count(p, FINDING_WARNING), "exit_code", preflight_exit_code(p),
                             "findings", list);
    if (root == NULL)
        return false;
    const bool written = json_dumpf(root, out, JSON_INDENT(2)) == 0 && fputc('\n', out) != EOF;
    json_decref(root);
    return written;
}
