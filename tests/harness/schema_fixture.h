/* SPDX-License-Identifier: Apache-2.0 */
/* schema_fixture.h: what the tests of the schema share: running it, looking at the result, upstream's own tables. */
#ifndef KFPT_SCHEMA_FIXTURE_H
#define KFPT_SCHEMA_FIXTURE_H

#include "backends/base/fail.h"
#include "schema/inspect.h"
#include "schema/steps.h"
#include "tests/harness/suite.h"
#include "tests/harness/wipe.h"

static const char *const baseline[] = {"artifacts", "tasks", "artifact_tasks"};
static const char *const everything[]
    __attribute__((unused)) = {"experiments", "run_details", "artifacts", "tasks", "artifact_tasks"};
enum { BASELINE = 3, EVERYTHING = 5, WAIT_S = 40 };

/* ---- what is said
 * ---------------------------------------------------------------------------------------------------- */

typedef struct heard {
    kfpb_text text; /* a line each */
    int lines;
    const char *stop_at; /* sets stop when a line begins so */
    volatile int stop;
} heard;

static inline void hear(void *context, const char *line)
{
    heard *to = context;
    kfpb_text_add(&to->text, line);
    kfpb_text_char(&to->text, '\n');
    to->lines++;
    if (to->stop_at != NULL && strncmp(line, to->stop_at, strlen(to->stop_at)) == 0)
        to->stop = 1;
}

static inline void forget(heard *to)
{
    kfpb_text_free(&to->text);
}

static inline bool said(const heard *to, const char *part)
{
    return strstr(kfpb_text_get(&to->text), part) != NULL;
}

/* ---- running
 * --------------------------------------------------------------------------------------------------------- */

typedef kfps_status (*schema_command)(const kfpb_dsn *, const kfpb_open_options *, const schema_upgrade_options *,
                                      kfps_error *);

static inline kfps_status run_command(schema_command command, bool standalone, bool dry_run, heard *to,
                                      kfps_error *error)
{
    const kfpb_open_options how = {0};
    kfpb_dsn dsn = {0};
    heard nobody = {0};
    heard *ear = to != NULL ? to : &nobody;
    const schema_upgrade_options options = {.standalone = standalone,
                                            .dry_run = dry_run,
                                            .wait_lock_s = WAIT_S,
                                            .say = hear,
                                            .say_context = ear,
                                            .stop = &ear->stop};
    *error = (kfps_error){0};
    kfps_status status = kfpb_dsn_parse(test_dsn(), &dsn, error);
    if (status == KFPS_OK)
        status = command(&dsn, &how, &options, error);
    kfpb_dsn_free(&dsn);
    forget(&nobody);
    return status;
}

static inline void upgrade(bool standalone)
{
    kfps_error error;
    const kfps_status status = run_command(schema_upgrade, standalone, false, NULL, &error);
    ck_assert_msg(status == KFPS_OK, "%s: %s", test_label(), error.message);
}

static inline int64_t number_of(kfpb_conn *conn, const char *sql)
{
    kfps_error error = {0};
    int64_t number = -1;
    const kfps_status status = kfpb_query_int(conn, sql, NULL, 0, &number, NULL, &error);
    ck_assert_msg(status == KFPS_OK, "%s: %s", sql, error.message);
    return number;
}

static inline void read_status(schema_status *out)
{
    const kfpb_open_options how = {.read_only = true};
    kfps_error error = {0};
    kfpb_conn *conn = test_open_with(test_dsn(), &how);
    ck_assert_msg(schema_status_read(conn, out, &error) == KFPS_OK, "%s", error.message);
    kfpb_close(&conn);
}

static inline schema_picture look(const char *const *names, size_t count)
{
    schema_picture picture;
    kfps_error error = {0};
    kfpb_conn *conn = test_open();
    ck_assert_msg(schema_inspect(conn, names, count, &picture, &error) == KFPS_OK, "%s", error.message);
    kfpb_close(&conn);
    return picture;
}

static inline bool has_table(const char *name)
{
    schema_picture picture = look(&name, 1);
    const bool there = picture.count == 1;
    schema_picture_free(&picture);
    return there;
}

/* The three tables are what the baseline promises. */
static inline void check_baseline(void)
{
    schema_picture promise;
    kfps_error error = {0};
    heard differences = {0};
    kfpb_conn *conn = test_open();
    ck_assert_int_eq(schema_promise(conn->driver, &promise, &error), KFPS_OK);
    kfpb_close(&conn);
    schema_picture found = look(baseline, BASELINE);
    const size_t count = schema_compare(&promise, &found, hear, &differences);
    ck_assert_msg(count == 0, "%s: %s", test_label(), kfpb_text_get(&differences.text));
    forget(&differences);
    schema_picture_free(&found);
    schema_picture_free(&promise);
}

/* ---- upstream's DDL
 * ---------------------------------------------------------------------------------------------------- */

static inline char *read_data(const char *name)
{
    char path[128];
    snprintf(path, sizeof path, "schema/%s_%s.sql", name, test_engine());
    FILE *file = fopen(test_data(path), "r");
    ck_assert_msg(file != NULL, "cannot open %s", test_data(path));
    char *text = calloc(1, 64 * 1024);
    ck_assert_ptr_nonnull(text);
    ck_assert_uint_gt(fread(text, 1, 64 * 1024 - 1, file), 0);
    fclose(file);
    return text;
}

/* Replaces the first `from` by `to`; both have a Q for the engine's quote in the file. */
static inline void replace(char *text, const char *from, const char *to)
{
    char old[256];
    char new[256];
    const char quote = strchr(text, '`') != NULL && strstr(text, "TABLE `") != NULL ? '`' : '"';
    snprintf(old, sizeof old, "%s", from);
    snprintf(new, sizeof new, "%s", to);
    for (char *c = old; *c != '\0'; c++)
        *c = *c == 'Q' ? quote : *c;
    for (char *c = new; *c != '\0'; c++)
        *c = *c == 'Q' ? quote : *c;
    char *at = strstr(text, old);
    ck_assert_msg(at != NULL, "no %s in upstream's DDL", old);
    memmove(at + strlen(new), at + strlen(old), strlen(at + strlen(old)) + 1);
    memcpy(at, new, strlen(new));
}

static inline void run_script(const char *text)
{
    kfpb_conn *conn = test_open();
    kfpb_text sql = {0};
    while (schema_next_statement(&text, "", &sql))
        test_exec(conn, kfpb_text_get(&sql));
    kfpb_text_free(&sql);
    kfpb_close(&conn);
}

/* Upstream's tables; `runs_only`: as a KFP before the new tables has them. */
static inline void run_upstream(bool runs_only)
{
    char *text = read_data("upstream");
    if (runs_only) {
        char *end = strstr(text, "CREATE TABLE `artifacts`");
        end = end != NULL ? end : strstr(text, "CREATE TABLE \"artifacts\"");
        ck_assert_ptr_nonnull(end);
        *end = '\0';
    }
    run_script(text);
    free(text);
}

static inline void run_legacy(void)
{
    run_upstream(true);
    char *text = read_data("legacy_tasks");
    run_script(text);
    free(text);
}

static inline void insert_run(kfpb_conn *conn)
{
    test_exec(
        conn,
        "INSERT INTO \"run_details\" (\"UUID\",\"DisplayName\",\"Name\",\"Description\",\"Namespace\",\"ExperimentUUID\","
        "\"StorageState\",\"ServiceAccount\",\"PipelineId\",\"PipelineName\",\"CreatedAtInSec\",\"Conditions\","
        "\"PipelineRuntimeManifest\",\"WorkflowRuntimeManifest\") "
        "VALUES ('run-1','d','n','','ns','e','AVAILABLE','sa','p','pn',1,'Succeeded','','')");
}

#endif
