/* SPDX-License-Identifier: Apache-2.0 */
/* connect.c: a connection through libdbi's driver, and the database if it is to be made. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/base/fail.h"
#include "backends/base/text.h"
#include "backends/dbi.h"
#include "backends/pgsql/pgsql.h"

enum { CONNECT_SECONDS = 10 };

static void no_notice(void *argument, const char *message)
{
    (void) argument;
    (void) message;
}

/* libdbi's driver hands every option that begins with "pgsql_" to libpq under the rest of its name. */
static kfps_status set_passed_on(dbi_conn dbi, const char *name, const char *value, kfps_error *error)
{
    char full[64];
    if (snprintf(full, sizeof full, "pgsql_%s", name) >= (int) sizeof full)
        return kfpb_fail(error, KFPS_INVALID, "the DSN has an option whose name is too long");
    return kfpb_dbi_option(dbi, full, value, error);
}

static kfps_status set_options(dbi_conn dbi, const kfpb_dsn *dsn, const kfpb_open_options *options,
                               const char *database, kfps_error *error)
{
    const struct {
        const char *name;
        const char *value;
    } basics[] = {
        {"host", dsn->host},  {"username", dsn->user},           {"password", options->password},
        {"dbname", database}, {"pgsql_client_encoding", "UTF8"}, {"pgsql_fallback_application_name", "kfpstore"},
    };
    kfps_status status = KFPS_OK;
    for (size_t i = 0; i < sizeof basics / sizeof basics[0] && status == KFPS_OK; i++) {
        if (basics[i].value != NULL)
            status = kfpb_dbi_option(dbi, basics[i].name, basics[i].value, error);
    }
    if (status == KFPS_OK && dsn->port != 0)
        status = kfpb_dbi_option_int(dbi, "port", dsn->port, error);
    if (status == KFPS_OK && kfpb_dsn_option_get(dsn, "connect_timeout") == NULL)
        status = kfpb_dbi_option_int(
            dbi, "timeout", options->connect_seconds != 0 ? (int) options->connect_seconds : CONNECT_SECONDS, error);
    for (size_t i = 0; i < dsn->option_count && status == KFPS_OK; i++) {
        if (strcmp(dsn->options[i].name, "host") != 0)
            status = set_passed_on(dbi, dsn->options[i].name, dsn->options[i].value, error);
    }
    return status;
}

kfps_status kfpb_pgsql_connect(const kfpb_dsn *dsn, const kfpb_open_options *options, const char *database,
                               dbi_conn *out, PGconn **native, kfps_error *error)
{
    dbi_conn dbi = NULL;
    kfps_error reason = {0};
    char where[256];

    *out = NULL;
    kfps_status status = kfpb_dbi_new("pgsql", options->driver_dir, &dbi, error);
    if (status != KFPS_OK)
        return status;
    status = set_options(dbi, dsn, options, database, error);
    if (status != KFPS_OK)
        goto out;
    if (kfpb_dbi_connect(dbi, &reason) != KFPS_OK) {
        char line[sizeof reason.message];
        kfpb_pgsql_one_line(reason.message, line, sizeof line);
        status = kfpb_fail(error, kfpb_pgsql_connect_status(line), "cannot connect to %s: %s",
                           kfpb_dsn_describe(dsn, where, sizeof where), line);
        goto out;
    }
    *native = kfpb_dbi_native(dbi);
    if (*native == NULL) {
        status = kfpb_fail(error, KFPS_INTERNAL, "this libdbi keeps its connections in another way than version 0.9");
        goto out;
    }
    PQsetNoticeProcessor(*native, no_notice, NULL);
    *out = dbi;
    dbi = NULL;
out:
    kfpb_dbi_close(dbi);
    return status;
}

/* "CREATE DATABASE" takes no values: the name is quoted by libpq. */
static kfps_status create_here(PGconn *native, const char *database, kfps_error *error)
{
    kfps_status status = KFPS_OK;
    kfpb_text sql = {0};
    PGresult *result = NULL;
    char *name = PQescapeIdentifier(native, database, strlen(database));

    if (name == NULL)
        return kfpb_fail(error, KFPS_INVALID, "the database's name is not valid UTF-8");
    kfpb_text_printf(&sql, "CREATE DATABASE %s TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'", name);
    if (sql.out_of_memory) {
        status = kfpb_fail_no_memory(error);
        goto out;
    }
    result = PQexec(native, sql.data);
    /* 42P04, or the catalogue's unique key where two make it at the same moment: it is there */
    if (!kfpb_pgsql_ok(result) && !kfpb_pgsql_state_is(result, "42P04") && !kfpb_pgsql_state_is(result, "23505")) {
        bool lost;
        status = kfpb_pgsql_fail_native(native, result, KFPB_PGSQL_STATEMENT, &lost, error);
        kfpb_error_prefix(error, "cannot create the database \"%s\"", database);
    }
out:
    PQclear(result);
    PQfreemem(name);
    kfpb_text_free(&sql);
    return status;
}

static bool database_exists(PGconn *native, const char *database)
{
    PGresult *result = PQexecParams(native, "SELECT 1 FROM pg_catalog.pg_database WHERE datname = $1", 1, NULL,
                                    &database, NULL, NULL, 0);
    const bool exists = kfpb_pgsql_ok(result) && PQntuples(result) == 1;
    PQclear(result);
    return exists;
}

kfps_status kfpb_pgsql_create_database(const kfpb_dsn *dsn, const kfpb_open_options *options, kfps_error *error)
{
    dbi_conn dbi;
    PGconn *native;
    kfps_status status = kfpb_pgsql_connect(dsn, options, "postgres", &dbi, &native, error);
    if (status != KFPS_OK)
        return status;
    if (!database_exists(native, dsn->database))
        status = create_here(native, dsn->database, error);
    kfpb_dbi_close(dbi);
    return status;
}
