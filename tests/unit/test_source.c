/* SPDX-License-Identifier: Apache-2.0 */
/* test_source.c: the reader on SQLite files: real ones of each schema, and small ones that hold one oddity each. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* RTLD_NEXT */
#endif
#include <dlfcn.h>
#include <unistd.h>

#include "tests/harness/model_text.h"

static const char *const foreign_types[] = {"run", "pipeline_run", "KfpRun"};
static const mlmd_source_options with_foreign = {.run_context_types = foreign_types, .run_context_type_count = 3};

static const char *scratch(const char *name)
{
    static char path[4096];
    const char *folder = test_env("KFPSTORE_TEST_TMP");
    snprintf(path, sizeof path, "%s/source-%ld-%s", folder[0] != '\0' ? folder : "/tmp", (long) getpid(), name);
    return path;
}

static const char *file_dsn(const char *path)
{
    static char dsn[4200];
    snprintf(dsn, sizeof dsn, "sqlite:%s", path);
    return dsn;
}

/* ---- statements, as SQLite is asked to prepare them ---------------------------------------------------------------
 */

typedef int prepare_v3(void *, const char *, int, unsigned, void **, const char **);
static char *statements[256];
static size_t statement_count;
static bool recording;

int sqlite3_prepare_v3(void *db, const char *sql, int length, unsigned flags, void **statement, const char **tail);
int sqlite3_prepare_v3(void *db, const char *sql, int length, unsigned flags, void **statement, const char **tail)
{
    static prepare_v3 *real;
    if (real == NULL)
        *(void **) &real = dlsym(RTLD_NEXT, "sqlite3_prepare_v3");
    if (recording && statement_count < 256)
        statements[statement_count++] = strdup(sql);
    return real(db, sql, length, flags, statement, tail);
}

/* ---- real databases -----------------------------------------------------------------------------------------------
 */

static const struct {
    const char *file;
    int version;
    size_t runs, executions, events, missing_artifacts;
    int64_t all_artifacts;
} real[] = {
    {"real/v4-tfx-chicago-taxi.sqlite", 4, 1, 9, 24, 0, 11},
    {"real/v5-production-ml.sqlite", 5, 8, 8, 22, 0, 12},
    {"real/v6-centernet.sqlite", 6, 20, 114, 317, 0, 55},
    {"real/v6-tfx-cpi.sqlite", 6, 7, 7, 20, 0, 10},
    {"real/v7-applied-ai-lab.sqlite", 7, 80, 80, 369, 0, 267},
    {"real/v8-salary-dangling.sqlite", 8, 96, 96, 142, 126, 4},
    {"real/v8-sepsis.sqlite", 8, 159, 159, 492, 0, 256},
    {"real/v10-mlops-project1.sqlite", 10, 113, 113, 595, 0, 419},
    {"real/v10-tfx-lab1.sqlite", 10, 73, 73, 271, 0, 199},
    {"real/v10-demo-mlmdpg.sqlite", 10, 0, 0, 0, 0, 0},
    {"real/v10-cmf.sqlite", 10, 0, 0, 0, 0, 29},
    {"kfp/kfp_small.mlmd.sqlite", 10, 29, 189, 219, 2, 148},
};

static const char *data_dsn(const char *file)
{
    char path[64];
    snprintf(path, sizeof path, "mlmd/%s", file);
    return file_dsn(test_data(path));
}

static size_t occurrences(const char *text, const char *part)
{
    size_t count = 0;
    for (const char *at = text; (at = strstr(at, part)) != NULL; at++)
        count++;
    return count;
}

START_TEST(reads_every_schema)
{
    kfps_error error = {0};
    mlmd_totals totals;
    mlmd_source *source = model_open(data_dsn(real[_i].file), &with_foreign);
    ck_assert_int_eq(mlmd_source_version(source), real[_i].version);
    ck_assert_int_eq(mlmd_source_totals(source, &totals, &error), KFPS_OK);
    ck_assert_int_eq(totals.artifacts, real[_i].all_artifacts);
    ck_assert_uint_eq((size_t) totals.run_contexts, real[_i].runs);
    ck_assert_int_eq(totals.events_without_execution, 0);
    mlmd_source_close(&source);
    ck_assert_ptr_null(source);

    char *text = model_text(data_dsn(real[_i].file), &with_foreign, 1000, NULL);
    ck_assert_uint_eq(occurrences(text, "\nrun "), real[_i].runs);
    ck_assert_uint_eq(occurrences(text, "\n  event "), real[_i].events);
    ck_assert_uint_eq(occurrences(text, " (missing) execution"), real[_i].missing_artifacts);
    if (strcmp(real[_i].file, "kfp/kfp_small.mlmd.sqlite") !=
        0) /* has a missing execution, and some are in two contexts */
        ck_assert_uint_eq(occurrences(text, "\n  execution "), real[_i].executions);

    /* A run looks the same in whatever group it is loaded. */
    for (size_t group = 1; group <= 5; group += 4) {
        char *again = model_text(data_dsn(real[_i].file), &with_foreign, group, NULL);
        model_assert_same(again, text, real[_i].file);
        free(again);
    }
    free(text);
}
END_TEST

START_TEST(only_kfp_runs_by_default)
{
    char *text = model_text(data_dsn("real/v10-tfx-lab1.sqlite"), NULL, 10, NULL);
    ck_assert_str_eq(text, "version 10, 0 runs\n");
    free(text);
    text = model_text(data_dsn("kfp/kfp_small.mlmd.sqlite"), NULL, 10, NULL);
    ck_assert_ptr_nonnull(strstr(text, "version 10, 27 runs\n"));
    free(text);
}
END_TEST

/* From schema 7 on, no statement that a group needs reads a whole table. */
START_TEST(no_group_scans_a_table)
{
    static const char *const files[] = {"real/v7-applied-ai-lab.sqlite", "real/v8-sepsis.sqlite",
                                        "kfp/kfp_small.mlmd.sqlite"};
    kfps_error error = {0};
    kfpb_arena arena;
    mlmd_run *runs = NULL;
    size_t count = 0, looked_at = 0;

    kfpb_arena_init(&arena);
    mlmd_source *source = model_open(data_dsn(files[_i]), &with_foreign);
    statement_count = 0;
    recording = true;
    mlmd_run_context *contexts = model_census(source, &arena, &count);
    int64_t ids[] = {contexts[0].id, contexts[count / 2].id, contexts[count - 1].id};
    ck_assert_int_eq(mlmd_source_load(source, ids, 3, NULL, NULL, &arena, &runs, &error), KFPS_OK);
    recording = false;
    mlmd_source_close(&source);
    free(contexts);

    kfpb_conn *conn = test_open_with(data_dsn(files[_i]), &(kfpb_open_options){.read_only = true, .source = true});
    for (size_t i = 0; i < statement_count; i++) {
        kfpb_value values[8] = {{0}};
        char sql[4096];
        kfpb_rows *rows = NULL;
        size_t marks = occurrences(statements[i], "?");
        bool once = strstr(statements[i], "\"Type\"") != NULL || strstr(statements[i], "sqlite_schema") != NULL;
        snprintf(sql, sizeof sql, "EXPLAIN QUERY PLAN %s", statements[i]);
        ck_assert_uint_lt(marks, 8);
        if (strncmp(statements[i], "SELECT", 6) == 0 && !once) {
            ck_assert_msg(kfpb_query(conn, sql, values, marks, &rows, &error) == KFPS_OK, "%s: %s", sql, error.message);
            while (kfpb_next(rows, &error) == 1) {
                const char *step = kfpb_get_text(rows, 3, NULL);
                ck_assert_msg(strncmp(step, "SCAN ", 5) != 0 || strncmp(step, "SCAN json_each", 14) == 0, "%s: %s",
                              step, sql);
                ck_assert_msg(strstr(step, "TEMP B-TREE") == NULL, "%s: %s", step, sql);
            }
            kfpb_rows_free(&rows);
            looked_at++;
        }
        free(statements[i]);
    }
    ck_assert_uint_ge(looked_at, 11);
    kfpb_close(&conn);
    kfpb_arena_free(&arena);
}
END_TEST

/* ---- databases that are not read ----------------------------------------------------------------------------------
 */

static const struct {
    const char *sql[3];
    const char *wanted; /* a part of the message */
} refused[] = {
    {{"CREATE TABLE run_details (id INT)"}, "no MLMD database"},
    {{"CREATE TABLE Type (id INT, name TEXT, is_artifact_type INT)"}, "schema version 0"},
    {{"CREATE TABLE MLMDEnv (schema_version INT)"}, "MLMDEnv is empty"},
    {{"CREATE TABLE MLMDEnv (schema_version INT)", "INSERT INTO MLMDEnv VALUES (9), (10)"}, "2 schema versions"},
    {{"CREATE TABLE MLMDEnv (schema_version INT)", "INSERT INTO MLMDEnv VALUES (-1)"}, "schema version -1"},
    {{"CREATE TABLE MLMDEnv (schema_version INT)", "INSERT INTO MLMDEnv VALUES (0)"}, "--enable_database_upgrade=true"},
    {{"CREATE TABLE MLMDEnv (schema_version INT)", "INSERT INTO MLMDEnv VALUES (3)"}, "--enable_database_upgrade=true"},
    {{"CREATE TABLE MLMDEnv (schema_version INT)", "INSERT INTO MLMDEnv VALUES (9)"}, "--enable_database_upgrade=true"},
    {{"CREATE TABLE MLMDEnv (schema_version INT)", "INSERT INTO MLMDEnv VALUES (11)"}, "use a newer one"},
    {{"CREATE TABLE MLMDEnv (schema_version INT)", "INSERT INTO MLMDEnv VALUES (10)"}, "no table Type"},
    {{"CREATE TABLE MLMDEnv (schema_version INT)", "INSERT INTO MLMDEnv VALUES (10)",
      "CREATE TABLE Type (id INT, name TEXT)"},
     "no column type_kind"},
};

START_TEST(refuses)
{
    char path[4096];
    kfps_error error = {0};
    kfpb_dsn dsn = {0};
    mlmd_source *source = NULL;

    snprintf(path, sizeof path, "%s", scratch("refused.db"));
    kfpb_conn *conn = test_open_with(file_dsn(path), &(kfpb_open_options){.create = true, .source = true});
    for (size_t i = 0; i < 3 && refused[_i].sql[i] != NULL; i++)
        test_exec(conn, refused[_i].sql[i]);
    kfpb_close(&conn);
    ck_assert_int_eq(kfpb_dsn_parse(file_dsn(path), &dsn, &error), KFPS_OK);
    ck_assert_int_eq(mlmd_source_open(&dsn, NULL, &source, &error), KFPS_SCHEMA);
    ck_assert_ptr_null(source);
    ck_assert_msg(strstr(error.message, refused[_i].wanted) != NULL, "%s", error.message);
    kfpb_dsn_free(&dsn);
    unlink(path);
}
END_TEST

/* ---- a small database, of schema 4, 7 or 10 -----------------------------------------------------------------------
 */

typedef struct small {
    char path[4096];
    mlmd_source *source;
    kfpb_arena arena;
    mlmd_run *runs;
    size_t count;
} small;

static const char *const base_tables[] = {
    "CREATE TABLE Type (id INTEGER PRIMARY KEY, name TEXT NOT NULL, type_kind INT NOT NULL)",
    "CREATE TABLE Context (id INTEGER PRIMARY KEY, type_id INT, name TEXT)",
    "CREATE TABLE Association (id INTEGER PRIMARY KEY, context_id INT, execution_id INT)",
    "CREATE TABLE Execution (id INTEGER PRIMARY KEY, type_id INT)",
    "CREATE TABLE Artifact (id INTEGER PRIMARY KEY, type_id INT, uri TEXT)",
    "CREATE TABLE Event (id INTEGER PRIMARY KEY, artifact_id INT, execution_id INT, type INT, milliseconds_since_epoch INT)",
    "CREATE TABLE EventPath (event_id INT, is_index_step INT, step_index INT, step_key TEXT)",
    "CREATE TABLE ContextProperty (context_id INT, name TEXT, is_custom_property INT, int_value INT, double_value DOUBLE, "
    "string_value TEXT)",
    "CREATE TABLE ExecutionProperty (execution_id INT, name TEXT, is_custom_property INT, int_value INT, double_value DOUBLE, "
    "string_value TEXT)",
    "CREATE TABLE ArtifactProperty (artifact_id INT, name TEXT, is_custom_property INT, int_value INT, double_value DOUBLE, "
    "string_value TEXT)",
    "CREATE TABLE MLMDEnv (schema_version INT)",
    "INSERT INTO Type VALUES (1, 'system.PipelineRun', 2), (2, 'system.ContainerExecution', 0), (3, 'system.Dataset', 1)",
    "INSERT INTO Context VALUES (10, 1, 'run-a'), (11, 1, 'run-b'), (12, 3, 'no run')",
};
static const char *const states[] = {"ALTER TABLE Execution ADD last_known_state INT"};
static const char *const new_values[] = {
    "ALTER TABLE ArtifactProperty ADD proto_value BLOB",
    "ALTER TABLE ArtifactProperty ADD bool_value BOOLEAN",
};

static void small_open(small *s, int version, const char *const *sql, size_t count, mlmd_owns owns)
{
    static const int64_t ids[] = {10, 11};
    char text[64];
    kfps_error error = {0};
    size_t contexts = 0;

    snprintf(s->path, sizeof s->path, "%s", scratch("small.db"));
    unlink(s->path);
    kfpb_conn *conn = test_open_with(file_dsn(s->path), &(kfpb_open_options){.create = true, .source = true});
    for (size_t i = 0; i < sizeof base_tables / sizeof base_tables[0]; i++)
        test_exec(conn, base_tables[i]);
    if (version > 4)
        test_exec(conn, states[0]);
    for (size_t i = 0; version == 10 && i < 2; i++)
        test_exec(conn, new_values[i]);
    snprintf(text, sizeof text, "INSERT INTO MLMDEnv VALUES (%d)", version);
    test_exec(conn, text);
    for (size_t i = 0; i < count; i++)
        test_exec(conn, sql[i]);
    kfpb_close(&conn);

    kfpb_arena_init(&s->arena);
    s->source = model_open(file_dsn(s->path), NULL);
    free(model_census(s->source, &s->arena, &contexts));
    ck_assert_uint_eq(contexts, 2);
    ck_assert_msg(mlmd_source_load(s->source, ids, 2, owns, s->source, &s->arena, &s->runs, &error) == KFPS_OK, "%s",
                  error.message);
}

static void small_close(small *s)
{
    kfpb_arena_free(&s->arena);
    mlmd_source_close(&s->source);
    unlink(s->path);
}
#define SMALL(s, version, owns, ...)                                      \
    do {                                                                  \
        static const char *const sql_[] = {__VA_ARGS__};                  \
        small_open(s, version, sql_, sizeof sql_ / sizeof sql_[0], owns); \
    } while (0)

static const int versions[] = {4, 7, 10};

START_TEST(keys_come_from_paths)
{
    static const char *const wanted[] = {"", "data", "7", "last", "model", ""};
    small s;
    SMALL(
        &s, versions[_i], NULL, "INSERT INTO Execution (id, type_id) VALUES (1, 2)",
        "INSERT INTO Association (context_id, execution_id) VALUES (10, 1)",
        "INSERT INTO Artifact VALUES (1, 3, 'a'), (2, 3, 'b'), (3, 3, 'c'), (4, 3, 'd'), (5, 3, 'e'), (6, 3, '')",
        "INSERT INTO Event VALUES (1, 1, 1, 4, 5), (2, 2, 1, 4, 5), (3, 3, 1, 4, 5), (4, 4, 1, 4, 5), (5, 5, 1, 3, NULL), "
        "(6, 6, 1, 3, 0)",
        /* 4: two keys, the last wins, though its row came in between others'; 5: key and index, as TFX writes; 6: a
           NULL key */
        "INSERT INTO EventPath VALUES (4, 0, NULL, 'first'), (2, 0, NULL, 'data'), (5, 0, NULL, 'model'), (3, 1, 7, NULL), "
        "(5, 1, 0, NULL), (4, 0, NULL, 'last'), (6, 0, NULL, NULL), (99, 0, NULL, 'nobody')");
    ck_assert_uint_eq(s.runs[0].event_count, 6);
    for (size_t i = 0; i < 6; i++)
        ck_assert_str_eq(s.runs[0].events[i].key, wanted[i]);
    ck_assert_int_eq(s.runs[0].events[4].ms, 0);
    ck_assert_ptr_eq(s.runs[0].events[0].execution, s.runs[0].executions);
    ck_assert_str_eq(s.runs[0].artifacts[5].uri, "");
    ck_assert_uint_eq(s.runs[1].event_count + s.runs[1].execution_count + s.runs[0].notes.count, 0);
    small_close(&s);
}
END_TEST

START_TEST(the_newest_of_equal_events_stays)
{
    small s;
    SMALL(
        &s, versions[_i], NULL, "INSERT INTO Execution (id, type_id) VALUES (1, 2)",
        "INSERT INTO Association (context_id, execution_id) VALUES (10, 1)", "INSERT INTO Artifact VALUES (1, 3, 'a')",
        "INSERT INTO Event VALUES (1, 1, 1, 4, 5), (2, 1, 1, 4, 6), (3, 1, 1, 4, 7), (4, 1, 1, 3, 8)",
        "INSERT INTO EventPath VALUES (1, 0, NULL, 'k'), (2, 0, NULL, 'other'), (3, 0, NULL, 'k'), (4, 0, NULL, 'k')");
    ck_assert_uint_eq(s.runs[0].event_count, 3);
    ck_assert_int_eq(s.runs[0].events[0].id, 2);
    ck_assert_int_eq(s.runs[0].events[1].id, 3);
    ck_assert_int_eq(s.runs[0].events[2].id, 4);
    ck_assert_uint_eq(s.runs[0].notes.count, 1);
    ck_assert_int_eq(s.runs[0].notes.items[0].reason, NOTE_DUPLICATE_EVENT);
    ck_assert_int_eq(s.runs[0].notes.items[0].id, 1);
    small_close(&s);
}
END_TEST

START_TEST(missing_rows_are_delivered_or_noted)
{
    kfps_error error = {0};
    mlmd_totals totals;
    small s;
    SMALL(
        &s, versions[_i], NULL, "INSERT INTO Execution (id, type_id) VALUES (1, 77)",
        "INSERT INTO Association (context_id, execution_id) VALUES (10, 1), (10, 2), (10, 3)",
        "INSERT INTO Artifact VALUES (1, 3, 'a'), (8, 3, NULL)",
        "INSERT INTO Event VALUES (1, 1, 1, 4, 5), (2, 2, 1, 3, 5), (3, 1, 2, 3, 5), (4, 1, 50, 4, 5)",
        "INSERT INTO ExecutionProperty VALUES (2, 'a', 1, 1, NULL, NULL), (2, 'b', 1, 1, NULL, NULL), (4, 'c', 1, 1, NULL, NULL)",
        "INSERT INTO ArtifactProperty (artifact_id, name, is_custom_property) VALUES (2, 'a', 1)");
    const mlmd_run *run = &s.runs[0];
    ck_assert_uint_eq(run->execution_count, 1);
    ck_assert_str_eq(run->executions[0].type, "");
    ck_assert(!run->executions[0].state_known);
    ck_assert_uint_eq(run->event_count, 3); /* nobody's event 4 is not among them */
    ck_assert_ptr_null(run->events[1].artifact);
    ck_assert_ptr_null(run->events[2].execution);
    ck_assert_ptr_nonnull(run->events[2].artifact);
    ck_assert_uint_eq(run->foreign_event_count, 0); /* its execution has no row */
    ck_assert_uint_eq(model_count_notes(run, NOTE_DANGLING_ROW), 4);
    ck_assert_uint_eq(run->notes.count, 4);
    ck_assert_int_eq(mlmd_source_totals(s.source, &totals, &error), KFPS_OK);
    ck_assert_int_eq(totals.run_contexts, 2);
    ck_assert_int_eq(totals.events, 4);
    ck_assert_int_eq(totals.events_without_execution, 1);
    ck_assert_int_eq(totals.artifacts_without_event, 1);
    small_close(&s);
}
END_TEST

START_TEST(values_by_precedence)
{
    small s;
    SMALL(
        &s, 10, NULL, "INSERT INTO Execution (id, type_id, last_known_state) VALUES (1, 2, 99)",
        "INSERT INTO Association (context_id, execution_id) VALUES (10, 1)", "INSERT INTO Artifact VALUES (1, 3, 'a')",
        "INSERT INTO Event VALUES (1, 1, 1, 4, 5)",
        "INSERT INTO ArtifactProperty VALUES (1, 'b', 0, NULL, 1.5, NULL, NULL, NULL), (1, 'b', 1, 4294967296, NULL, NULL, NULL, NULL),"
        "(1, 'a', 1, NULL, NULL, '__MLMD_NULL__', NULL, NULL), (1, 'c', 1, NULL, NULL, NULL, NULL, NULL),"
        "(1, 'd', 1, NULL, 2, 'two', NULL, 1), (1, 'e', 1, NULL, NULL, NULL, CAST('cHJvdG8=' AS BLOB), NULL),"
        "(1, 'f', 1, NULL, NULL, NULL, NULL, 1), (1, 'g', 1, NULL, NULL, '', NULL, NULL),"
        "(1, 'h', 1, NULL, NULL, CAST(x'636166e9' AS TEXT), NULL, NULL), (1, 'i', 1, NULL, 9e999, NULL, NULL, NULL),"
        "(1, 'j', 1, NULL, NULL, CAST(x'610062' AS TEXT), NULL, NULL), (1, 'k', 1, NULL, NULL, CAST(x'e697a5ff' AS TEXT), NULL, NULL)");
    static const mlmd_value_kind kinds[] = {MLMD_VALUE_NULL,   MLMD_VALUE_INT,    MLMD_VALUE_DOUBLE, MLMD_VALUE_NULL,
                                            MLMD_VALUE_DOUBLE, MLMD_VALUE_PROTO,  MLMD_VALUE_BOOL,   MLMD_VALUE_STRING,
                                            MLMD_VALUE_STRING, MLMD_VALUE_DOUBLE, MLMD_VALUE_STRING, MLMD_VALUE_STRING};
    const mlmd_run *run = &s.runs[0];
    const mlmd_property *p = run->artifacts[0].properties.items;
    ck_assert_int_eq(run->executions[0].state, 99);
    ck_assert_uint_eq(run->artifacts[0].properties.count, 12);
    for (size_t i = 0; i < 12; i++)
        ck_assert_int_eq(p[i].kind, kinds[i]);
    ck_assert(p[1].custom && !p[2].custom); /* custom first */
    ck_assert_int_eq(p[1].integer, 4294967296);
    ck_assert_double_eq(p[4].real, 2);
    ck_assert_str_eq(p[5].text, "cHJvdG8=");
    ck_assert_int_eq(p[6].integer, 1);
    ck_assert_str_eq(p[7].text, "");
    ck_assert_str_eq(p[8].text, "caf\xC3\xA9");
    ck_assert_double_infinite(p[9].real);
    ck_assert_str_eq(p[10].text, "ab");
    ck_assert_str_eq(p[11].text, "\xE6\x97\xA5\xEF\xBF\xBD");
    ck_assert_uint_eq(model_count_notes(run, NOTE_NULL_PROPERTY), 2);
    ck_assert_uint_eq(model_count_notes(run, NOTE_SEVERAL_VALUES), 1);
    ck_assert_uint_eq(model_count_notes(run, NOTE_TEXT_REPAIRED), 1);
    ck_assert_uint_eq(model_count_notes(run, NOTE_NUL_DROPPED), 1);
    ck_assert_uint_eq(model_count_notes(run, NOTE_INVALID_UTF8), 1);
    ck_assert_uint_eq(run->notes.count, 6);
    small_close(&s);
}
END_TEST

START_TEST(shared_executions_have_one_owner)
{
    size_t count = 0;
    small s;
    SMALL(&s, versions[_i], model_first_owns, "INSERT INTO Execution (id, type_id) VALUES (1, 2), (2, 2), (3, 2)",
          "INSERT INTO Association (context_id, execution_id) VALUES (11, 2), (10, 1), (10, 2), (11, 3), (12, 3)",
          "INSERT INTO Artifact VALUES (1, 3, 'a')",
          "INSERT INTO Event VALUES (1, 1, 1, 3, 5), (2, 1, 2, 4, 5), (3, 1, 3, 3, 5)");
    ck_assert_uint_eq(s.runs[0].execution_count, 2);
    ck_assert_uint_eq(s.runs[1].execution_count, 1);
    ck_assert_uint_eq(s.runs[0].foreign_event_count, 0);
    ck_assert_uint_eq(s.runs[1].foreign_event_count, 1); /* of its neighbour in the group */
    ck_assert_int_eq(s.runs[1].foreign_events[0].execution->id, 2);
    ck_assert(s.runs[1].foreign[0].foreign && !s.runs[0].executions[1].foreign);
    const int64_t *contexts = mlmd_source_contexts_of(s.source, 2, &count);
    ck_assert(count == 2 && contexts[0] == 10 && contexts[1] == 11);
    contexts = mlmd_source_contexts_of(s.source, 3, &count);
    ck_assert(count == 1 && contexts[0] == 11);
    mlmd_source_contexts_of(s.source, 4, &count);
    ck_assert_uint_eq(count, 0);
    mlmd_source_contexts_of(s.source, INT64_MIN, &count);
    ck_assert_uint_eq(count, 0);
    small_close(&s);
}
END_TEST

/* Of a thousand cached runs' events of one artifact, those that can decide: the earliest of each type and state. */
START_TEST(the_earliest_foreign_event_of_each_kind)
{
    small s;
    SMALL(
        &s, 10, NULL,
        "INSERT INTO Execution (id, type_id, last_known_state) VALUES (1, 2, 5), (2, 2, 3), (3, 2, 3), (4, 2, 5), (5, 2, 5), "
        "(6, 2, NULL), (7, 2, 4), (8, 9, 3), (20, 2, 2), (21, 2, 2), (30, 2, 2)",
        "INSERT INTO Association (context_id, execution_id) VALUES (10, 1), (10, 30)",
        "INSERT INTO Artifact VALUES (1, 3, 'a')",
        "INSERT INTO Event VALUES (1, 1, 1, 4, 1), (2, 1, 2, 4, 60), (3, 1, 3, 1, 50), (4, 1, 4, 4, 70), (5, 1, 5, 6, 70), "
        "(6, 1, 6, 4, 90), (7, 1, 7, 3, 1), (8, 1, 8, 4, 99)",
        /* 3 hangs below 21 and 20, which is its own parent; 6 below the run's own 30 */
        "INSERT INTO ExecutionProperty VALUES (3, 'parent_dag_id', 1, 21, NULL, NULL), (21, 'parent_dag_id', 1, 20, NULL, NULL), "
        "(20, 'parent_dag_id', 1, 20, NULL, NULL), (3, 'task_name', 1, NULL, NULL, 'train'), (3, 'inputs', 1, NULL, NULL, 'x'), "
        "(6, 'parent_dag_id', 1, 30, NULL, NULL), (4, 'parent_dag_id', 1, 4000, NULL, NULL)");
    const mlmd_run *run = &s.runs[0];
    ck_assert_uint_eq(run->foreign_event_count, 4);
    ck_assert_int_eq(run->foreign_events[0].id, 3); /* COMPLETE, 50 before 60 */
    ck_assert_int_eq(run->foreign_events[1].id, 4); /* CACHED, of equal times the smaller id */
    ck_assert_int_eq(run->foreign_events[2].id, 6); /* no state */
    ck_assert_int_eq(run->foreign_events[3].id, 8); /* COMPLETE, of another type */
    ck_assert_ptr_eq(run->foreign_events[0].artifact, &run->artifacts[0]);
    ck_assert_uint_eq(run->foreign_count, 6);
    static const int64_t ids[] = {3, 4, 6, 8, 20, 21};
    for (size_t i = 0; i < 6; i++)
        ck_assert_int_eq(run->foreign[i].id, ids[i]);
    ck_assert_uint_eq(run->foreign[0].properties.count, 2); /* without `inputs` */
    small_close(&s);
}
END_TEST

typedef struct links {
    int64_t pairs[8][2];
    size_t count;
} links;
static void see_link(void *context, int64_t artifact_id, int64_t execution_id)
{
    links *l = context;
    ck_assert_uint_lt(l->count, 8);
    l->pairs[l->count][0] = artifact_id;
    l->pairs[l->count++][1] = execution_id;
}

START_TEST(links_of_artifacts)
{
    static const int64_t ids[] = {2, 1, 2, 77};
    kfps_error error = {0};
    links l = {.count = 0};
    small s;
    SMALL(&s, versions[_i], NULL,
          "INSERT INTO Event VALUES (1, 1, 5, 4, 1), (2, 2, 6, 3, 1), (3, 3, 7, 4, 1), (4, 2, 8, 4, 1)");
    ck_assert_int_eq(mlmd_source_links_of(s.source, ids, 4, see_link, &l, &error), KFPS_OK);
    ck_assert_uint_eq(l.count, 3);
    ck_assert(l.pairs[0][0] == 1 && l.pairs[0][1] == 5);
    ck_assert_int_eq(mlmd_source_links_of(s.source, NULL, 0, see_link, &l, &error), KFPS_OK);
    ck_assert_uint_eq(l.count, 3);
    small_close(&s);
}
END_TEST

/* A type that a running server adds after the reader has opened, and a context that it deletes. */
START_TEST(a_living_database)
{
    static const int64_t ids[] = {11, 10};
    kfps_error error = {0};
    mlmd_run *runs = NULL;
    small s;
    SMALL(&s, 10, NULL, "INSERT INTO Execution (id, type_id) VALUES (1, 2)");
    kfpb_conn *conn = test_open_with(file_dsn(s.path), &(kfpb_open_options){.source = true});
    test_exec(conn, "INSERT INTO Type VALUES (9, 'system.DAGExecution', 0)");
    test_exec(conn, "INSERT INTO Execution (id, type_id) VALUES (2, 9)");
    test_exec(conn, "INSERT INTO Association (context_id, execution_id) VALUES (10, 2)");
    test_exec(conn, "DELETE FROM Context WHERE id = 11");
    kfpb_close(&conn);
    ck_assert_int_eq(mlmd_source_load(s.source, ids, 2, NULL, NULL, &s.arena, &runs, &error), KFPS_OK);
    ck_assert_int_eq(runs[0].context_id, 11); /* in the order that was asked for */
    ck_assert_str_eq(runs[0].name, "");
    ck_assert_str_eq(runs[1].name, "run-a");
    ck_assert_str_eq(runs[1].executions[0].type, "system.DAGExecution");
    ck_assert_int_eq(mlmd_source_load(s.source, NULL, 0, NULL, NULL, &s.arena, &runs, &error), KFPS_OK);
    small_close(&s);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("source");
    TCase *files = tcase_create("files"), *odd = tcase_create("oddities");
    tcase_add_loop_test(files, reads_every_schema, 0, sizeof real / sizeof real[0]);
    tcase_add_test(files, only_kfp_runs_by_default);
    tcase_add_loop_test(files, no_group_scans_a_table, 0, 3);
    tcase_add_loop_test(files, refuses, 0, sizeof refused / sizeof refused[0]);
    tcase_add_loop_test(odd, keys_come_from_paths, 0, 3);
    tcase_add_loop_test(odd, the_newest_of_equal_events_stays, 0, 3);
    tcase_add_loop_test(odd, missing_rows_are_delivered_or_noted, 0, 3);
    tcase_add_test(odd, values_by_precedence);
    tcase_add_loop_test(odd, shared_executions_have_one_owner, 0, 3);
    tcase_add_test(odd, the_earliest_foreign_event_of_each_kind);
    tcase_add_loop_test(odd, links_of_artifacts, 0, 3);
    tcase_add_test(odd, a_living_database);
    suite_add_tcase(suite, files);
    suite_add_tcase(suite, odd);
    return suite_main(suite);
}
