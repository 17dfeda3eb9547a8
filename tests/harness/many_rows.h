/* SPDX-License-Identifier: Apache-2.0 */
/* many_rows.h: 100,000 artifacts and tasks and 300,000 links, put in by the engine, with values that are rare and
 * values that very many rows have. */
#ifndef KFPT_MANY_ROWS_H
#define KFPT_MANY_ROWS_H

#include <stdarg.h>

#include "tests/harness/kfp.h"

/* The tables of upstream have the same indexes: there a fifth of it shows that collations do not matter. */
static int all_rows(void)
{
    return kfp_is_adopted() ? 20000 : 100000;
}

static kfpb_conn *filler;

static void run(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void run(const char *format, ...)
{
    char sql[4096];
    va_list list;
    va_start(list, format);
    vsnprintf(sql, sizeof sql, format, list);
    va_end(list);
    test_exec(filler, sql);
}

/* A letter before a text, in the engine's way. */
static const char *with(const char *letter, const char *column)
{
    static char buffers[8][64];
    static int next;
    char *out = buffers[next = (next + 1) % 8];
    snprintf(out, sizeof buffers[0], test_engine_is("mysql") ? "CONCAT('%s',%s)" : "'%s'||(%s)", letter, column);
    return out;
}

/* A letter behind it: ids of links are spread as UUIDs are. */
static const char *id_with(const char *column, const char *letter)
{
    static char buffers[8][64];
    static int next;
    char *out = buffers[next = (next + 1) % 8];
    snprintf(out, sizeof buffers[0], test_engine_is("mysql") ? "CONCAT(%s,'%s')" : "(%s)||'%s'", column, letter);
    return out;
}

/* 0 to 99,999 (19,999), each with a text "00042" that is another number's: ids are in no order that the others have. */
static void numbers(void)
{
    const char *text = test_engine_is("sqlite")  ? "printf('%05d',%s)"
                       : test_engine_is("pgsql") ? "lpad((%s)::text,5,'0')"
                                                 : "LPAD(%s,5,'0')";
    const char *i = "(a.d+10*b.d+100*c.d+1000*e.d+10000*f.d)";
    char id[256], permuted[128];
    run("CREATE TABLE kfpt_digits (d INTEGER)");
    run("INSERT INTO kfpt_digits VALUES (0),(1),(2),(3),(4),(5),(6),(7),(8),(9)");
    run("CREATE TABLE kfpt_numbers (i INTEGER PRIMARY KEY, id VARCHAR(64))");
    snprintf(permuted, sizeof permuted, "(%s*7919)%%%d", i, all_rows());
    const char *place = strstr(text, "%s");
    snprintf(id, sizeof id, "%.*s%s%s", (int) (place - text), text, permuted, place + 2);
    run("INSERT INTO kfpt_numbers SELECT %s,%s FROM kfpt_digits a,kfpt_digits b,kfpt_digits c,kfpt_digits e,kfpt_digits f "
        "WHERE f.d<%d",
        i, id, all_rows() / 10000);
}

/* A quarter of everything has the same second. One run has a fifth of the tasks, one task has half of those as
 * children, one artifact as many links as there are tasks, one task a tenth of that; all tasks of team-1 have succeeded
 * and have one fingerprint; the rest is spread over 1,000 runs and 10 namespaces. */
static void fill(void)
{
    const int rows = all_rows();
    char age[64], of_run[128];
    snprintf(age, sizeof age, "CASE WHEN n.i%%4=0 THEN %d ELSE n.i END", rows / 2);
    snprintf(of_run, sizeof of_run, "CASE WHEN n.i<%d THEN 'run-big' ELSE %s END", rows / 5, with("run-", "n3.id"));
    if (test_engine_is("mysql")) /* they refer to what is there */
        run("SET foreign_key_checks=0, unique_checks=0");
    numbers();
    kfp_run("run-big", "team-1", "RUNNING");
    run("INSERT INTO \"run_details\" (\"UUID\",\"DisplayName\",\"Name\",\"Description\",\"Namespace\",\"ExperimentUUID\","
        "\"StorageState\",\"ServiceAccount\",\"PipelineId\",\"PipelineName\",\"CreatedAtInSec\",\"Conditions\","
        "\"PipelineRuntimeManifest\",\"WorkflowRuntimeManifest\") SELECT %s,'r','r','','team-1','e','','','p','p',n.i,'','',"
        "'' FROM kfpt_numbers n WHERE n.i<1000",
        with("run-", "n.id"));
    run("INSERT INTO \"artifacts\" (\"UUID\",\"Namespace\",\"Type\",\"Name\",\"CreatedAtInSec\",\"URIHash\",\"Metadata\") "
        "SELECT n.id,%s,1+n.i%%8,CASE WHEN n.i%%100=0 THEN NULL ELSE n2.id END,%s,'','{}' FROM kfpt_numbers n "
        "JOIN kfpt_numbers n2 ON n2.i=n.i%%5000",
        with("team-", test_engine_is("pgsql") ? "(n.i%10)::text" : "n.i%10"), age);
    run("INSERT INTO \"tasks\" (\"UUID\",\"Namespace\",\"RunUUID\",\"Name\",\"CreatedAtInSec\",\"Fingerprint\",\"State\","
        "\"Type\",\"pods\",\"TypeAttrs\") SELECT n.id,%s,%s,n2.id,%s,CASE WHEN n.i%%10=1 THEN 'alike' ELSE n.id END,"
        "CASE WHEN n.i%%10=1 THEN 2 ELSE 1 END,2,'[]','{}' FROM kfpt_numbers n "
        "JOIN kfpt_numbers n2 ON n2.i=n.i%%5000 JOIN kfpt_numbers n3 ON n3.i=n.i%%1000",
        with("team-", test_engine_is("pgsql") ? "(n.i%10)::text" : "n.i%10"), of_run, age);
    run("UPDATE \"tasks\" SET \"ParentTaskUUID\"='00000' WHERE \"RunUUID\"='run-big' AND \"UUID\"<'%05d' AND "
        "\"UUID\"<>'00000'",
        rows / 2);
    const char *into =
        "INSERT INTO \"artifact_tasks\" (\"UUID\",\"ArtifactID\",\"TaskID\",\"Type\",\"Iteration\",\"RunUUID\","
        "\"ArtifactKey\") SELECT";
    run("%s %s,n.id,t.\"UUID\",9,n.i,t.\"RunUUID\",'k' FROM kfpt_numbers n JOIN \"tasks\" t ON t.\"UUID\"=n.id", into,
        id_with("n.id", "a"));
    run("%s %s,'00000',t.\"UUID\",2,n.i,t.\"RunUUID\",'k' FROM kfpt_numbers n JOIN \"tasks\" t ON t.\"UUID\"=n.id",
        into, id_with("n.id", "b"));
    run("%s %s,n.id,t.\"UUID\",3,n.i,t.\"RunUUID\",'k' FROM kfpt_numbers n JOIN \"tasks\" t ON "
        "t.\"UUID\"=CASE WHEN n.i<%d THEN '00000' ELSE n.id END",
        into, id_with("n.id", "c"), rows / 10);
}

static void gather_statistics(void)
{
    static const char *const tables[] = {"artifacts", "tasks", "artifact_tasks", "run_details"};
    for (int i = 0; i < 4; i++) {
        if (test_engine_is("mysql")) {
            char sql[64];
            snprintf(sql, sizeof sql, "ANALYZE TABLE %s", tables[i]);
            free(test_client(sql));
        } else {
            run("ANALYZE \"%s\"", tables[i]);
        }
    }
}

#endif
