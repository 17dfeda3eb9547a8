/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kfp.h: a KFP database for the tests of the stores, and short words for what every case needs. Under a label with a
 * dash (sqlite-adopted, mariadb-generalci, mysql-ai) the tables are those that upstream makes, adopted; else ours.
 */
#ifndef KFPT_KFP_H
#define KFPT_KFP_H

#include <inttypes.h>

#include "kfpstore.h"
#include "schema/schema.h"
#include "tests/harness/client.h"
#include "tests/harness/wipe.h"

/* The call succeeded, or the case fails with its message. */
#define kfp_ok(call, error)                                                                           \
    do {                                                                                              \
        const kfps_status kfp_ok_status = (call);                                                     \
        ck_assert_msg(kfp_ok_status == KFPS_OK, "%s: %s: %s", #call, kfps_status_name(kfp_ok_status), \
                      (error)->message);                                                              \
    } while (0)

static inline void kfp_wipe(void)
{
    test_wipe();
}

static inline bool kfp_is_adopted(void)
{
    return strchr(test_label(), '-') != NULL;
}

static inline void kfp_schema(void)
{
    kfps_error error = {0};
    kfpb_dsn dsn = {0};
    const kfpb_open_options open = {0};
    schema_upgrade_options options = {.standalone = true};
    if (kfp_is_adopted()) {
        char command[8192];
        char file[64];
        snprintf(file, sizeof file, "schema/upstream_%s.sql", test_engine());
        snprintf(command, sizeof command, "%s <%s", test_env("KFPSTORE_TEST_CLIENT"), test_data(file));
        ck_assert_int_eq(system(command), 0);
        options.standalone = false;
    }
    ck_assert_int_eq(kfpb_dsn_parse(test_dsn(), &dsn, &error), KFPS_OK);
    if (kfp_is_adopted())
        kfp_ok(schema_adopt(&dsn, &open, &options, &error), &error);
    kfp_ok(schema_upgrade(&dsn, &open, &options, &error), &error);
    kfpb_dsn_free(&dsn);
}

/* The schema is there and the tables are empty. */
static inline void kfp_fresh(void)
{
    static const char *const tables[] = {"kfpstore_run_shape",  "kfpstore_write_identity",
                                         "artifact_tasks",      "tasks",
                                         "artifacts",           "run_metrics",
                                         "resource_references", "run_details",
                                         "kfpstore_migration"};
    kfps_error error = {0};
    kfpb_conn *conn = test_open();
    int64_t steps = 0;
    const bool there = kfpb_query_int(conn, "SELECT MAX(\"Step\") FROM \"kfpstore_schema\"", NULL, 0, &steps, NULL,
                                      &error) == KFPS_OK &&
                       steps == schema_version();
    if (there) {
        if (test_engine_is("mysql"))
            test_exec(conn, "SET foreign_key_checks=0");
        else
            kfpb_exec(conn, "UPDATE \"tasks\" SET \"ParentTaskUUID\"=NULL", NULL, 0, NULL, &error);
        for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
            char sql[128];
            snprintf(sql, sizeof sql, "DELETE FROM \"%s\"", tables[i]);
            kfpb_exec(conn, sql, NULL, 0, NULL, &error); /* not every database has every table */
        }
    }
    kfpb_close(&conn);
    if (!there) {
        kfp_wipe();
        kfp_schema();
    }
}

/* options NULL: the defaults. */
static inline kfps_store *kfp_store(const kfps_store_options *options)
{
    kfps_error error = {0};
    kfps_store *store = NULL;
    kfp_ok(kfps_store_open(test_dsn(), options, &store, &error), &error);
    return store;
}

static inline kfps_session *kfp_session(kfps_store *store)
{
    kfps_error error = {0};
    kfps_session *session = NULL;
    kfp_ok(kfps_session_open(store, NULL, &session, &error), &error);
    return session;
}

/* A row of run_details, as another program would write it. */
static inline void kfp_run(const char *uuid, const char *run_namespace, const char *state)
{
    kfps_error error = {0};
    kfpb_conn *conn = test_open();
    const kfpb_value values[] = {kfpb_str(uuid), kfpb_str(uuid), kfpb_str(run_namespace), kfpb_str(state)};
    kfp_ok(kfpb_exec(conn,
                     "INSERT INTO \"run_details\" (\"UUID\",\"DisplayName\",\"Name\",\"Description\",\"Namespace\","
                     "\"ExperimentUUID\",\"StorageState\",\"ServiceAccount\",\"PipelineId\",\"PipelineName\","
                     "\"CreatedAtInSec\",\"Conditions\",\"State\",\"PipelineRuntimeManifest\","
                     "\"WorkflowRuntimeManifest\") VALUES (?,?,'run','',?,'exp','AVAILABLE','','pipeline-1','pipe',1,"
                     "'',?,'','')",
                     values, 4, NULL, &error),
           &error);
    kfpb_close(&conn);
}

/* What a query that gives one integer gives, read through a connection of the test's own. */
static inline int64_t kfp_count(const char *sql)
{
    kfps_error error = {0};
    int64_t number = -1;
    kfpb_conn *conn = test_open();
    kfp_ok(kfpb_query_int(conn, sql, NULL, 0, &number, NULL, &error), &error);
    kfpb_close(&conn);
    return number;
}

/* A statement of another program. */
static inline void kfp_exec(const char *sql)
{
    kfpb_conn *conn = test_open();
    test_exec(conn, sql);
    kfpb_close(&conn);
}

#endif
