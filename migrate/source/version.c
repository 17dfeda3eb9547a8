/* SPDX-License-Identifier: Apache-2.0 */
#include "migrate/source/internal.h"

#include <inttypes.h>

#define UPGRADE \
    "upgrade the MLMD database first: start ml-metadata 1.14 or later once with --enable_database_upgrade=true"

typedef struct environment {
    int64_t version;
    size_t rows;
} environment;

static bool see_row(void *context, const kfpb_rows *rows)
{
    environment *env = context;
    env->version = kfpb_get_int(rows, 0);
    env->rows++;
    return true;
}

static kfps_status without_environment(const mlmd_catalog *catalog, kfps_error *error)
{
    if (catalog->old_types)
        return kfpb_fail(error, KFPS_SCHEMA,
                         "the MLMD database has schema version 0 (ml-metadata 0.13 or older); " UPGRADE);
    return kfpb_fail(
        error, KFPS_SCHEMA,
        "this is no MLMD database: it has no table MLMDEnv; check the database's name in the address (KFP's is "
        "usually metadb), and its schema on PostgreSQL");
}

static kfps_status judge(int64_t version, kfps_error *error)
{
    if (version < 0)
        return kfpb_fail(error, KFPS_SCHEMA,
                         "the MLMD database says schema version %" PRId64
                         ", which cannot be: restore the table MLMDEnv from a backup",
                         version);
    if (version > 10)
        return kfpb_fail(error, KFPS_SCHEMA,
                         "the MLMD database has schema version %" PRId64
                         "; this program reads versions up to 10: use a newer one",
                         version);
    if (version == 9)
        return kfpb_fail(
            error, KFPS_SCHEMA,
            "the MLMD database has schema version 9, which only an upgrade that was cut off leaves behind; " UPGRADE);
    if (version < 4)
        return kfpb_fail(error, KFPS_SCHEMA, "the MLMD database has schema version %" PRId64 ", older than 4; " UPGRADE,
                         version);
    return KFPS_OK;
}

kfps_status mlmd_version_read(kfpb_conn *conn, const mlmd_catalog *catalog, int *version, kfps_error *error)
{
    mlmd_source source = {.conn = conn};
    environment env = {0};
    kfpb_sql sql;

    if (catalog->tables[MLMD_T_ENV].name[0] == '\0')
        return without_environment(catalog, error);
    kfpb_sql_init(&sql, conn);
    mlmd_catalog_select(catalog, &sql, MLMD_T_ENV);
    kfps_status status = mlmd_query_rows(&source, &sql, see_row, &env, error);
    kfpb_sql_free(&sql);
    if (status != KFPS_OK)
        return status;
    if (env.rows == 0)
        return kfpb_fail(
            error, KFPS_SCHEMA,
            "the MLMD database has no schema version: its table MLMDEnv is empty, so its initialisation is under way or "
            "was cut off; start ml-metadata on it until it serves, then try again");
    if (env.rows > 1)
        return kfpb_fail(
            error, KFPS_SCHEMA,
            "the MLMD database has %zu schema versions: its table MLMDEnv must hold one row; delete the wrong rows or "
            "restore it from a backup",
            env.rows);
    status = judge(env.version, error);
    if (status == KFPS_OK)
        *version = (int) env.version;
    return status;
}
