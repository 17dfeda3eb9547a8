/* SPDX-License-Identifier: Apache-2.0 */
/*
 * catalog.h: MLMD's tables and columns as this database has them. PostgreSQL knows them as `artifact` or "Artifact",
 * old schemas lack columns, some installations have one more: every select names its columns, and a missing optional
 * one is selected as NULL, so that rows have the same shape everywhere.
 */
#ifndef MLMD_CATALOG_H
#define MLMD_CATALOG_H

#include "backends/sql.h"

typedef enum mlmd_table {
    MLMD_T_ENV,
    MLMD_T_TYPE,
    MLMD_T_CONTEXT,
    MLMD_T_CONTEXT_PROPERTY,
    MLMD_T_ASSOCIATION,
    MLMD_T_EXECUTION,
    MLMD_T_EXECUTION_PROPERTY,
    MLMD_T_EVENT,
    MLMD_T_EVENT_PATH,
    MLMD_T_ARTIFACT,
    MLMD_T_ARTIFACT_PROPERTY,
    MLMD_TABLE_COUNT
} mlmd_table;

/* The columns in the order in which mlmd_catalog_select names them. */
enum { MLMD_TYPE_ID, MLMD_TYPE_NAME, MLMD_TYPE_KIND };
enum { MLMD_CONTEXT_ID, MLMD_CONTEXT_TYPE, MLMD_CONTEXT_NAME, MLMD_CONTEXT_CREATED, MLMD_CONTEXT_UPDATED };
enum { MLMD_ASSOCIATION_CONTEXT, MLMD_ASSOCIATION_EXECUTION };
enum {
    MLMD_EXECUTION_ID,
    MLMD_EXECUTION_TYPE,
    MLMD_EXECUTION_NAME,
    MLMD_EXECUTION_STATE,
    MLMD_EXECUTION_CREATED,
    MLMD_EXECUTION_UPDATED
};
enum {
    MLMD_ARTIFACT_ID,
    MLMD_ARTIFACT_TYPE,
    MLMD_ARTIFACT_NAME,
    MLMD_ARTIFACT_URI,
    MLMD_ARTIFACT_STATE,
    MLMD_ARTIFACT_CREATED,
    MLMD_ARTIFACT_UPDATED
};
enum { MLMD_EVENT_ID, MLMD_EVENT_ARTIFACT, MLMD_EVENT_EXECUTION, MLMD_EVENT_TYPE, MLMD_EVENT_TIME };
enum { MLMD_PATH_EVENT, MLMD_PATH_IS_INDEX, MLMD_PATH_INDEX, MLMD_PATH_KEY };
/* Of all three property tables. */
enum {
    MLMD_PROPERTY_OWNER,
    MLMD_PROPERTY_NAME,
    MLMD_PROPERTY_CUSTOM,
    MLMD_PROPERTY_INT,
    MLMD_PROPERTY_DOUBLE,
    MLMD_PROPERTY_STRING,
    MLMD_PROPERTY_PROTO,
    MLMD_PROPERTY_BOOL
};

typedef struct mlmd_catalog_table {
    char name[24];    /* as the database spells it; "" if it has none */
    unsigned columns; /* bit i: the i-th column is there */
    bool has_id;      /* an `id` column, whether or not it is one of those selected */
} mlmd_catalog_table;

typedef struct mlmd_catalog {
    mlmd_catalog_table tables[MLMD_TABLE_COUNT];
    bool old_types; /* Type.is_artifact_type: schema 0 or 1 */
} mlmd_catalog;

/* Finds the tables. KFPS_SCHEMA if a table is there in two spellings at once and the environment's table does not tell
 * which. */
kfps_status mlmd_catalog_read(kfpb_conn *conn, mlmd_catalog *catalog, kfps_error *error);
/* KFPS_SCHEMA, naming the first table or required column that is missing. */
kfps_status mlmd_catalog_check(const mlmd_catalog *catalog, int version, kfps_error *error);

/* `SELECT <all columns> FROM "<table>"` */
void mlmd_catalog_select(const mlmd_catalog *catalog, kfpb_sql *sql, mlmd_table table);
void mlmd_catalog_name(const mlmd_catalog *catalog, kfpb_sql *sql, mlmd_table table);
/* `"column"` in double quotes. */
void mlmd_catalog_column(kfpb_sql *sql, mlmd_table table, int column);
/* Our own name of a table, for messages: "Event". */
const char *mlmd_table_name(mlmd_table table);

#endif
