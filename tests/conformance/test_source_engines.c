/* SPDX-License-Identifier: Apache-2.0 */
/* test_source_engines.c: one MLMD database, dumped from each engine, reads the same from all of them. */
#include "tests/harness/model_text.h"

static const char *const foreign_types[] = {"KfpRun"};

static void shell(const char *command)
{
    ck_assert_msg(system(command) == 0, "%s", command);
}

/* Fills the test's database from a dump. */
static void load(const char *dump)
{
    char command[8192];
    const char *client = test_env("KFPSTORE_TEST_CLIENT");

    if (test_engine_is("sqlite")) {
        snprintf(command, sizeof command, "rm -f '%s'* && sqlite3 '%s' .dump | %s", strchr(test_dsn(), ':') + 3,
                 test_data("mlmd/kfp/kfp_small.mlmd.sqlite"), client);
        shell(command);
        return;
    }
    if (test_engine_is("pgsql")) {
        snprintf(
            command, sizeof command,
            "echo 'DROP SCHEMA IF EXISTS public CASCADE; CREATE SCHEMA public' | PGOPTIONS=-cclient_min_messages=warning %s",
            client);
        shell(command);
    }
    snprintf(command, sizeof command, "%s < '%s' >/dev/null", client, test_data(dump));
    shell(command);
}

static char *fixture(void)
{
    char dsn[4200];
    const mlmd_source_options options = {.run_context_types = foreign_types, .run_context_type_count = 1};
    snprintf(dsn, sizeof dsn, "sqlite:%s", test_data("mlmd/kfp/kfp_small.mlmd.sqlite"));
    return model_text(dsn, &options, 1000, NULL);
}

static void assert_reads_as_fixture(mlmd_encoding encoding, size_t repaired_values, const char *what)
{
    const mlmd_source_options options = {
        .run_context_types = foreign_types, .run_context_type_count = 1, .encoding = encoding};
    size_t repaired = 0;
    char *wanted = fixture();
    char *got = model_text(test_dsn(), &options, 10, &repaired);
    model_assert_same(got, wanted, what);
    ck_assert_uint_eq(repaired, repaired_values);
    free(got);
    free(wanted);
}

static const struct {
    const char *engine;
    const char *dump;
    size_t repaired; /* values that are stored encoded twice, or as raw bytes in latin1 */
} dumps[] = {
    {"sqlite", "", 0},
    {"pgsql", "mlmd/kfp/kfp_small.mlmd.pg.sql", 0},
    {"mysql", "mlmd/kfp/kfp_small.mlmd.mysql.sql", 0},
    {"mysql", "mlmd/kfp/kfp_small.mlmd.mysql-double-encoded.sql", 6},
    {"mysql", "mlmd/kfp/kfp_small.mlmd.mysql-latin1.sql", 6},
};

START_TEST(each_dump_reads_the_same)
{
    if (!test_engine_is(dumps[_i].engine))
        return;
    load(dumps[_i].dump);
    assert_reads_as_fixture(MLMD_ENCODING_AUTO, dumps[_i].repaired, dumps[_i].dump);
    assert_reads_as_fixture(MLMD_ENCODING_LATIN1, dumps[_i].repaired, dumps[_i].dump);
    if (dumps[_i].repaired == 0) {
        assert_reads_as_fixture(MLMD_ENCODING_UTF8, 0, dumps[_i].dump);
    } else {
        const mlmd_source_options options = {.encoding = MLMD_ENCODING_UTF8};
        char *text = model_text(test_dsn(), &options, 10, NULL);
        ck_assert_ptr_nonnull(strstr(text, "\xC3\x83")); /* as it is stored: the first byte of "é", encoded again */
        free(text);
    }
}
END_TEST

/* As kubeflow/model-registry's own migrations name the tables. */
START_TEST(quoted_names_on_postgresql)
{
    static const char *const names[] = {
        "Artifact",  "ArtifactProperty",  "Association", "Context", "ContextProperty", "Event", "EventPath",
        "Execution", "ExecutionProperty", "MLMDEnv",     "Type"};
    char sql[256];
    kfps_error error = {0};
    mlmd_source *source = NULL;
    kfpb_dsn dsn = {0};

    if (!test_engine_is("pgsql"))
        return;
    load("mlmd/kfp/kfp_small.mlmd.pg.sql");
    kfpb_conn *conn = test_open();
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        snprintf(sql, sizeof sql, "ALTER TABLE %s RENAME TO \"%s\"", names[i], names[i]);
        test_exec(conn, sql);
    }
    assert_reads_as_fixture(MLMD_ENCODING_AUTO, 0, "quoted names");

    test_exec(conn, "CREATE TABLE mlmdenv (schema_version INT)");
    ck_assert_int_eq(kfpb_dsn_parse(test_dsn(), &dsn, &error), KFPS_OK);
    ck_assert_int_eq(mlmd_source_open(&dsn, NULL, &source, &error), KFPS_SCHEMA);
    ck_assert_msg(strstr(error.message, "search_path") != NULL, "%s", error.message);
    kfpb_dsn_free(&dsn);
    kfpb_close(&conn);
}
END_TEST

/* KFP's manifests for Percona's cluster give EventPath a key of its own. */
START_TEST(a_keyed_event_path_on_mysql)
{
    if (!test_engine_is("mysql"))
        return;
    load("mlmd/kfp/kfp_small.mlmd.mysql.sql");
    kfpb_conn *conn = test_open();
    test_exec(
        conn,
        "ALTER TABLE \"EventPath\" ADD COLUMN id INT AUTO_INCREMENT PRIMARY KEY FIRST, MODIFY is_index_step SMALLINT NOT NULL");
    kfpb_close(&conn);
    assert_reads_as_fixture(MLMD_ENCODING_AUTO, 0, "EventPath with an id");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("source_engines");
    TCase *c = tcase_create("dumps");
    tcase_add_loop_test(c, each_dump_reads_the_same, 0, sizeof dumps / sizeof dumps[0]);
    tcase_add_test(c, quoted_names_on_postgresql);
    tcase_add_test(c, a_keyed_event_path_on_mysql);
    suite_add_tcase(suite, c);
    return suite_main(suite);
}
