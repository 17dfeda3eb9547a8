/* SPDX-License-Identifier: Apache-2.0 */
#include "migrate/source/catalog.h"

#include <string.h>
#include <strings.h>

#include "backends/base/fail.h"

enum { MAX_COLUMNS = 8 };

typedef enum column_use { REQUIRED, OPTIONAL, OPTIONAL_BYTES } column_use;

typedef struct column_spec {
    const char *name;
    column_use use;
} column_spec;

typedef struct table_spec {
    const char *name;
    column_spec columns[MAX_COLUMNS];
} table_spec;

#define PROPERTY_COLUMNS(owner)                                                                           \
    {                                                                                                     \
        {owner, REQUIRED}, {"name", REQUIRED}, {"is_custom_property", REQUIRED}, {"int_value", REQUIRED}, \
            {"double_value", REQUIRED}, {"string_value", REQUIRED}, {"proto_value", OPTIONAL_BYTES},      \
            {"bool_value", OPTIONAL},                                                                     \
    }

static const table_spec specs[MLMD_TABLE_COUNT] = {
    [MLMD_T_ENV] = {"MLMDEnv", {{"schema_version", REQUIRED}}},
    [MLMD_T_TYPE] = {"Type", {{"id", REQUIRED}, {"name", REQUIRED}, {"type_kind", REQUIRED}}},
    [MLMD_T_CONTEXT] = {"Context",
                        {{"id", REQUIRED},
                         {"type_id", REQUIRED},
                         {"name", REQUIRED},
                         {"create_time_since_epoch", OPTIONAL},
                         {"last_update_time_since_epoch", OPTIONAL}}},
    [MLMD_T_CONTEXT_PROPERTY] = {"ContextProperty", PROPERTY_COLUMNS("context_id")},
    [MLMD_T_ASSOCIATION] = {"Association", {{"context_id", REQUIRED}, {"execution_id", REQUIRED}}},
    [MLMD_T_EXECUTION] = {"Execution",
                          {{"id", REQUIRED},
                           {"type_id", REQUIRED},
                           {"name", OPTIONAL},
                           {"last_known_state", OPTIONAL},
                           {"create_time_since_epoch", OPTIONAL},
                           {"last_update_time_since_epoch", OPTIONAL}}},
    [MLMD_T_EXECUTION_PROPERTY] = {"ExecutionProperty", PROPERTY_COLUMNS("execution_id")},
    [MLMD_T_EVENT] = {"Event",
                      {{"id", REQUIRED},
                       {"artifact_id", REQUIRED},
                       {"execution_id", REQUIRED},
                       {"type", REQUIRED},
                       {"milliseconds_since_epoch", REQUIRED}}},
    [MLMD_T_EVENT_PATH] =
        {"EventPath",
         {{"event_id", REQUIRED}, {"is_index_step", REQUIRED}, {"step_index", REQUIRED}, {"step_key", REQUIRED}}},
    [MLMD_T_ARTIFACT] = {"Artifact",
                         {{"id", REQUIRED},
                          {"type_id", REQUIRED},
                          {"name", OPTIONAL},
                          {"uri", REQUIRED},
                          {"state", OPTIONAL},
                          {"create_time_since_epoch", OPTIONAL},
                          {"last_update_time_since_epoch", OPTIONAL}}},
    [MLMD_T_ARTIFACT_PROPERTY] = {"ArtifactProperty", PROPERTY_COLUMNS("artifact_id")},
};

/* What differs between the engines: where the names of tables and columns are, and how bytes that hold text are read as
 * such. */
typedef struct engine_sql {
    const char *driver;
    const char *columns;
    const char *bytes_open, *bytes_close;
} engine_sql;

static const engine_sql engines[] = {
    {"sqlite",
     "SELECT m.name AS table_name, c.name AS column_name FROM sqlite_master m JOIN pragma_table_info(m.name) c "
     "WHERE m.type IN ('table', 'view')",
     "CAST(", " AS TEXT)"},
    {"pgsql",
     "SELECT CAST(c.relname AS text) AS table_name, CAST(a.attname AS text) AS column_name FROM pg_catalog.pg_class c "
     "JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid WHERE pg_catalog.pg_table_is_visible(c.oid) "
     "AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND a.attnum > 0 AND NOT a.attisdropped "
     "AND lower(CAST(c.relname AS text)) IN ('mlmdenv', 'type', 'context', 'contextproperty', 'association', 'execution', "
     "'executionproperty', 'event', 'eventpath', 'artifact', 'artifactproperty')",
     "encode(", ", 'escape')"},
    {"mysql",
     "SELECT table_name AS table_name, column_name AS column_name FROM information_schema.columns "
     "WHERE table_schema = DATABASE()",
     "CONVERT(", " USING latin1)"},
};

static const engine_sql *engine_of(const kfpb_driver *driver)
{
    for (size_t i = 0; i < sizeof engines / sizeof engines[0]; i++) {
        if (strcmp(engines[i].driver, driver->name) == 0)
            return &engines[i];
    }
    return NULL;
}

const char *mlmd_table_name(mlmd_table table)
{
    return specs[table].name;
}

/* ---- finding ----------------------------------------------------------------------------------------------------- */

/* Only PostgreSQL can hold a table twice: in MLMD's own lower case, and quoted. */
typedef enum spelling { QUOTED, LOWER, SPELLINGS } spelling;

typedef struct found {
    mlmd_catalog_table tables[SPELLINGS][MLMD_TABLE_COUNT];
    bool old_types;
} found;

static void take_column(found *f, const char *table, const char *column)
{
    for (size_t t = 0; t < MLMD_TABLE_COUNT; t++) {
        if (strcasecmp(specs[t].name, table) != 0)
            continue;
        mlmd_catalog_table *entry = &f->tables[strcmp(specs[t].name, table) == 0 ? QUOTED : LOWER][t];
        memcpy(entry->name, table, strlen(table) + 1); /* as long as the known name */
        for (unsigned c = 0; c < MAX_COLUMNS && specs[t].columns[c].name != NULL; c++) {
            if (strcasecmp(specs[t].columns[c].name, column) == 0)
                entry->columns |= 1u << c;
        }
        if (strcasecmp(column, "id") == 0)
            entry->has_id = true;
        if (t == MLMD_T_TYPE && strcasecmp(column, "is_artifact_type") == 0)
            f->old_types = true;
    }
}

kfps_status mlmd_catalog_read(kfpb_conn *conn, mlmd_catalog *catalog, kfps_error *error)
{
    _Static_assert(sizeof catalog->tables[0].name > sizeof "ExecutionProperty", "the longest name fits");
    const engine_sql *engine = engine_of(conn->driver);
    found f = {0};
    kfpb_rows *rows = NULL;
    int more = 0;

    memset(catalog, 0, sizeof *catalog);
    if (engine == NULL)
        return kfpb_fail(error, KFPS_INTERNAL, "no MLMD database can be read through the driver %s",
                         conn->driver->name);
    kfps_status status = kfpb_query(conn, engine->columns, NULL, 0, &rows, error);
    if (status != KFPS_OK)
        return status;
    while ((more = kfpb_next(rows, error)) == 1) {
        const char *table = kfpb_get_text(rows, 0, NULL);
        const char *column = kfpb_get_text(rows, 1, NULL);
        if (table != NULL && column != NULL)
            take_column(&f, table, column);
    }
    kfpb_rows_free(&rows);
    if (more < 0)
        return error != NULL ? (kfps_status) error->code : KFPS_INTERNAL;

    if (f.tables[QUOTED][MLMD_T_ENV].name[0] != '\0' && f.tables[LOWER][MLMD_T_ENV].name[0] != '\0')
        return kfpb_fail(
            error, KFPS_SCHEMA,
            "the database holds two sets of MLMD tables, mlmdenv and \"MLMDEnv\": name the schema of the one to read "
            "in search_path (options=-csearch_path=… in the address)");
    spelling first = f.tables[LOWER][MLMD_T_ENV].name[0] != '\0' ? LOWER : QUOTED;
    for (size_t t = 0; t < MLMD_TABLE_COUNT; t++) {
        spelling s = f.tables[first][t].name[0] != '\0' ? first : (spelling) (1 - first);
        catalog->tables[t] = f.tables[s][t];
    }
    catalog->old_types = f.old_types;
    return KFPS_OK;
}

kfps_status mlmd_catalog_check(const mlmd_catalog *catalog, int version, kfps_error *error)
{
    for (size_t t = 0; t < MLMD_TABLE_COUNT; t++) {
        if (catalog->tables[t].name[0] == '\0')
            return kfpb_fail(
                error, KFPS_SCHEMA,
                "the MLMD database says schema version %d and has no table %s: restore it from a backup, or upgrade it "
                "with ml-metadata 1.14 or later and --enable_database_upgrade=true",
                version, specs[t].name);
        for (unsigned c = 0; c < MAX_COLUMNS && specs[t].columns[c].name != NULL; c++) {
            if (specs[t].columns[c].use == REQUIRED && !(catalog->tables[t].columns & (1u << c)))
                return kfpb_fail(
                    error, KFPS_SCHEMA,
                    "the MLMD database says schema version %d and its table %s has no column %s: restore it from a "
                    "backup, or upgrade it with ml-metadata 1.14 or later and --enable_database_upgrade=true",
                    version, specs[t].name, specs[t].columns[c].name);
        }
    }
    return KFPS_OK;
}

/* ---- selecting --------------------------------------------------------------------------------------------------- */

void mlmd_catalog_name(const mlmd_catalog *catalog, kfpb_sql *sql, mlmd_table table)
{
    kfpb_sql_name(sql, catalog->tables[table].name);
}

void mlmd_catalog_column(kfpb_sql *sql, mlmd_table table, int column)
{
    kfpb_sql_name(sql, specs[table].columns[column].name);
}

void mlmd_catalog_select(const mlmd_catalog *catalog, kfpb_sql *sql, mlmd_table table)
{
    const engine_sql *engine = engine_of(sql->driver);

    kfpb_sql_add(sql, "SELECT ");
    for (unsigned c = 0; c < MAX_COLUMNS && specs[table].columns[c].name != NULL; c++) {
        const column_spec *column = &specs[table].columns[c];
        bool bytes = column->use == OPTIONAL_BYTES && engine != NULL;
        if (c > 0)
            kfpb_sql_add(sql, ", ");
        if (!(catalog->tables[table].columns & (1u << c))) {
            kfpb_sql_add(sql, "NULL AS ");
        } else if (bytes) {
            kfpb_sql_add(sql, engine->bytes_open);
            kfpb_sql_name(sql, column->name);
            kfpb_sql_add(sql, engine->bytes_close);
            kfpb_sql_add(sql, " AS ");
        }
        kfpb_sql_name(sql, column->name);
    }
    kfpb_sql_add(sql, " FROM ");
    mlmd_catalog_name(catalog, sql, table);
}
