/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <jansson.h>

#include "kfpstore.h"
#include "migrate/mapping_arguments.h"
#include "migrate/schema_error.h"
#include "migrate/verify/verify.h"

enum { OPT_DEEP = 256, OPT_LIMIT, OPT_JSON };

static const cli_option options_table[] = {
    MAPPING_ARGUMENTS,
    {"deep", NULL, OPT_DEEP, "map every run again, and compare every column of every row"},
    {"limit", "N", OPT_LIMIT, "list so many differences at most; all are counted (default: 1000)"},
    {"json", NULL, OPT_JSON, "one JSON object"},
    {0}};

typedef struct listing {
    long limit;
    uint64_t listed;
    json_t *json; /* NULL: print each as it is found */
    bool no_memory;
} listing;

static bool list_difference(void *context, const verify_difference *d)
{
    listing *l = context;
    if (l->listed >= (uint64_t) l->limit)
        return true;
    l->listed++;
    if (l->json != NULL) {
        json_t *entry = json_pack("{s:s, s:I, s:s, s:s?, s:s}", "run", d->run, "context_id", (json_int_t) d->context_id,
                                  "kind", verify_kind_name(d->kind), "row", d->row, "what", d->what);
        l->no_memory |= json_array_append_new(l->json, entry) != 0;
        return !l->no_memory;
    }
    printf("%s  %s  %s%s%s\n", d->run, verify_kind_name(d->kind), d->row != NULL ? d->row : "",
           d->row != NULL ? "  " : "", d->what);
    return true;
}

static void print_pair(const char *name, const verify_pair *pair)
{
    printf("%-10s %" PRIu64 " expected, %" PRIu64 " found", name, pair->expected, pair->found);
}

static void print_result(const verify_result *r, const import_options *o, const listing *l, bool deep)
{
    if (r->differences > l->listed)
        printf("… and %" PRIu64 " more\n", r->differences - l->listed);
    printf("source     %s: MLMD schema %d on %s\n", o->source.text, r->source_version, r->source_server);
    printf("target     %s: %s\n", o->target.text, r->target_server);
    printf("runs       %" PRIu64 " compared, %" PRIu64 " skipped, %" PRIu64 " rejected, %" PRIu64
           " deleted since, of %" PRIu64 "\n",
           r->compared, r->skipped, r->rejected, r->deleted, r->runs);
    print_pair("tasks", &r->tasks);
    printf(", from %" PRIu64 " executions\n", r->executions);
    print_pair("artifacts", &r->artifacts);
    putchar('\n');
    print_pair("links", &r->links);
    printf(", from %" PRIu64 " events; %" PRIu64 " more are passed on by DAGs\n", r->events, r->propagated);
    for (size_t i = 0; i < r->reason_count; i++)
        printf("  %8" PRIu64 "  runs %s: %s\n", r->reasons[i].runs, r->reasons[i].rejected ? "rejected" : "skipped",
               r->reasons[i].reason);
    for (int k = 0; k < VERIFY_KIND_COUNT; k++) {
        if (r->by_kind[k] > 0)
            printf("  %8" PRIu64 "  %s\n", r->by_kind[k], verify_kind_name((verify_kind) k));
    }
    printf("spent      %.1f s\n", r->seconds);
    if (r->differences > 0)
        printf("%" PRIu64 " differences in %" PRIu64 " runs.\n", r->differences, r->differing);
    else if (deep)
        puts("Every row is what the source makes of it.");
    else
        puts("Everything that the source has is there, and nothing else.");
}

static json_t *pair_object(const verify_pair *pair)
{
    return json_pack("{s:I,s:I}", "expected", (json_int_t) pair->expected, "found", (json_int_t) pair->found);
}

static int print_json(const verify_result *r, const import_options *o, listing *l, bool deep)
{
    json_t *reasons = json_array(), *kinds = json_object();
    for (size_t i = 0; i < r->reason_count; i++)
        json_array_append_new(reasons,
                              json_pack("{s:s,s:s,s:I}", "outcome", r->reasons[i].rejected ? "rejected" : "skipped",
                                        "reason", r->reasons[i].reason, "runs", (json_int_t) r->reasons[i].runs));
    for (int k = 0; k < VERIFY_KIND_COUNT; k++) {
        if (r->by_kind[k] > 0)
            json_object_set_new(kinds, verify_kind_name((verify_kind) k), json_integer((json_int_t) r->by_kind[k]));
    }
    json_t *root = json_pack(
        "{s:s, s:s, s:{s:s,s:s,s:i}, s:{s:s,s:s}, s:b, s:{s:I,s:I,s:I,s:I,s:I,s:I}, s:I, s:I, s:o, s:o, s:o, s:I, s:o, "
        "s:o, s:I, s:O, s:f}",
        "tool", "kfp-migrate", "version", kfps_version(), "source", "dsn", o->source.text, "server", r->source_server,
        "schema", r->source_version, "target", "dsn", o->target.text, "server", r->target_server, "deep", deep, "runs",
        "contexts", (json_int_t) r->runs, "compared", (json_int_t) r->compared, "skipped", (json_int_t) r->skipped,
        "rejected", (json_int_t) r->rejected, "deleted", (json_int_t) r->deleted, "differing",
        (json_int_t) r->differing, "executions", (json_int_t) r->executions, "events", (json_int_t) r->events, "tasks",
        pair_object(&r->tasks), "artifacts", pair_object(&r->artifacts), "links", pair_object(&r->links), "propagated",
        (json_int_t) r->propagated, "left_out", reasons, "by_kind", kinds, "differences", (json_int_t) r->differences,
        "list", l->json, "seconds", r->seconds);
    const bool written = root != NULL && json_dumpf(root, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(6)) == 0;
    putchar('\n');
    json_decref(root);
    return written ? EXIT_DONE : EXIT_ERROR;
}

static int run_verify(const import_options *import, bool deep, bool as_json, long limit)
{
    listing l = {.limit = limit, .json = as_json ? json_array() : NULL};
    verify_result result;
    kfps_error error = {0};
    cli_side side = CLI_SOURCE;
    const verify_options options = {
        .import = import, .deep = deep, .see = list_difference, .see_context = &l, .stop = &cli_stop};
    const kfps_status status = verify_run(&options, &result, &side, &error);
    int code = EXIT_DONE;
    if (status == KFPS_SCHEMA && side == CLI_TARGET) {
        code = cli_report_schema_error(&import->target, &error);
        if (code == EXIT_ERROR)
            code = EXIT_PENDING; /* neither newer nor changed: it waits for an upgrade */
    } else if (status != KFPS_OK)
        code = cli_report_error(side == CLI_TARGET ? import->target.text : import->source.text, &error);
    else if (l.no_memory)
        code = EXIT_ERROR;
    else if (as_json)
        code = print_json(&result, import, &l, deep);
    else
        print_result(&result, import, &l, deep);
    json_decref(l.json);
    return code == EXIT_DONE && result.differences > 0 ? EXIT_VERIFY_FAILED : code;
}

typedef struct arguments {
    mapping_arguments mapping;
    import_options import;
    bool deep, json;
    long limit;
} arguments;

static bool read_option(void *context, int key, const char *value)
{
    arguments *a = context;
    if (mapping_has(key))
        return mapping_read(&a->mapping, key, value, &a->import);
    switch (key) {
    case OPT_DEEP:
        a->deep = true;
        return true;
    case OPT_LIMIT:
        return cli_parse_number(value, 0, 100000000, &a->limit);
    case OPT_JSON:
        a->json = true;
        return true;
    default:
        return false;
    }
}

static int run(const cli_command *command, int argc, char **argv)
{
    arguments a = {.import = {.source_id = "", .batch = 1000}, .limit = 1000};
    int code = cli_read(command, argc, argv, read_option, &a);
    if (code == EXIT_DONE)
        code = mapping_open(command, &a.mapping, &a.import);
    if (code != EXIT_DONE)
        goto out;
    cli_catch_signals();
    code = mapping_wait(&a.mapping, &a.import);
    if (code == EXIT_DONE)
        code = run_verify(&a.import, a.deep, a.json, a.limit);
out:
    mapping_free(&a.mapping, &a.import);
    return code;
}

const cli_command cli_verify = {"verify", "", "Compares the target with the source, run by run; writes nothing.",
                                options_table, run};
