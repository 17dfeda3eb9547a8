/* SPDX-License-Identifier: Apache-2.0 */
/* rights.c: what the account of the target may do, against what an import and an upgrade of the schema need. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backends/base/text.h"
#include "migrate/preflight/preflight.h"
#include "migrate/preflight/rights.h"

enum { WRITES = RIGHT_SELECT | RIGHT_INSERT | RIGHT_UPDATE };

/* What an import needs; of tables that are not there yet nothing can be asked. */
static const struct {
    const char *table;
    unsigned needs;
    unsigned to_replace;     /* runs that have changed since they were imported */
    unsigned to_create_runs; /* with --missing-runs=create */
} import_needs[] = {
    {"tasks", WRITES, RIGHT_DELETE, 0},
    {"artifacts", WRITES, RIGHT_DELETE, 0},
    {"artifact_tasks", WRITES, RIGHT_DELETE, 0},
    {"kfpstore_migration", WRITES, 0, 0},
    {"kfpstore_migration_run", WRITES, 0, 0},
    {"kfpstore_migrated_artifact", WRITES, RIGHT_DELETE, 0},
    {"kfpstore_lease", WRITES, 0, 0},
    {"kfpstore_schema", RIGHT_SELECT, 0, 0},
    {"run_details", RIGHT_SELECT, RIGHT_UPDATE, WRITES}, /* its rows are locked */
    {"experiments", RIGHT_SELECT, 0, WRITES},
    {"tasks_pre_migration", RIGHT_SELECT, 0, 0},
};

/* How an engine is asked. `table` NULL: what holds for the database as a whole. *there: the table is. */
typedef struct asker {
    const char *driver;
    kfps_status (*ask)(preflight *p, const char *table, unsigned *rights, bool *there);
    unsigned to_upgrade; /* of the database */
    unsigned to_refer;   /* of run_details */
} asker;

/* ---- PostgreSQL ---------------------------------------------------------------------------------------------------
 */

static kfps_status ask_pgsql(preflight *p, const char *table, unsigned *rights, bool *there)
{
    static const unsigned order[] = {RIGHT_SELECT, RIGHT_INSERT, RIGHT_UPDATE, RIGHT_DELETE, RIGHT_REFERENCES};
    static const char of_table[] =
        "SELECT has_table_privilege(t, 'SELECT')::int, has_table_privilege(t, 'INSERT')::int,"
        " has_table_privilege(t, 'UPDATE')::int, has_table_privilege(t, 'DELETE')::int,"
        " has_table_privilege(t, 'REFERENCES')::int FROM (SELECT to_regclass(quote_ident(?::text))::oid AS t) AS x"
        " WHERE t IS NOT NULL";
    const kfpb_value name = kfpb_str(table);
    kfpb_rows *rows = NULL;
    *there = true;
    if (table == NULL) {
        int64_t may = 0;
        const kfps_status status = kfpb_query_int(
            p->target, "SELECT coalesce(has_schema_privilege(current_schema(), 'CREATE'), false)::int", NULL, 0, &may,
            NULL, &p->error);
        *rights = may != 0 ? RIGHT_ALL : 0;
        return status;
    }
    kfps_status status = kfpb_query(p->target, of_table, &name, 1, &rows, &p->error);
    const int got = status == KFPS_OK ? kfpb_next(rows, &p->error) : 0;
    if (got < 0)
        status = (kfps_status) p->error.code;
    *there = got > 0;
    for (size_t i = 0; got > 0 && i < sizeof order / sizeof *order; i++)
        *rights |= kfpb_get_int(rows, i) != 0 ? order[i] : 0;
    kfpb_rows_free(&rows);
    return status;
}

/* Its owner alone may rename it. */
static kfps_status owns_legacy_pgsql(preflight *p, bool *owns)
{
    int64_t may = 1;
    const kfps_status status = kfpb_query_int(
        p->target,
        "SELECT pg_has_role(relowner, 'USAGE')::int FROM pg_catalog.pg_class WHERE oid = to_regclass('tasks')", NULL, 0,
        &may, &(bool){false}, &p->error);
    *owns = may != 0;
    return status;
}

/* ---- MySQL --------------------------------------------------------------------------------------------------------
 */

static kfps_status ask_mysql(preflight *p, const char *table, unsigned *rights, bool *there)
{
    const char *database = p->options->target.dsn.database;
    int64_t found = 1;
    const kfpb_value name = kfpb_str(table);
    kfpb_rows *rows = NULL;
    kfps_status status = KFPS_OK;
    if (table != NULL)
        status = kfpb_query_int(
            p->target,
            "SELECT COUNT(*) FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = ?", &name,
            1, &found, NULL, &p->error);
    if (status == KFPS_OK)
        status = kfpb_query(p->target, "SHOW GRANTS", NULL, 0, &rows, &p->error);
    int got = 0;
    while (status == KFPS_OK && (got = kfpb_next(rows, &p->error)) > 0)
        rights_read_grant(kfpb_get_text(rows, 0, NULL), database, table != NULL ? table : "", rights);
    if (got < 0)
        status = (kfps_status) p->error.code;
    kfpb_rows_free(&rows);
    *there = found > 0;
    return status;
}

/* ---- SQLite -------------------------------------------------------------------------------------------------------
 */

/* Write-ahead logging makes files beside the database. */
static kfps_status ask_sqlite(preflight *p, const char *table, unsigned *rights, bool *there)
{
    const char *path = p->options->target.dsn.database;
    const char *mode = kfpb_dsn_option_get(&p->options->target.dsn, "mode");
    const char *slash = strrchr(path, '/');
    char *folder = slash == NULL ? strdup(".") : strndup(path, slash == path ? 1 : (size_t) (slash - path));
    const bool writable = folder != NULL && access(path, R_OK | W_OK) == 0 && access(folder, W_OK | X_OK) == 0 &&
                          (mode == NULL || strcmp(mode, "ro") != 0);
    free(folder);
    *rights = writable ? RIGHT_ALL : RIGHT_SELECT;
    *there = table == NULL; /* one answer for all */
    return KFPS_OK;
}

static const asker askers[] = {
    {"sqlite", ask_sqlite, RIGHT_CREATE, 0},
    {"pgsql", ask_pgsql, RIGHT_CREATE, RIGHT_REFERENCES},
    {"mysql", ask_mysql, RIGHT_CREATE | RIGHT_ALTER | RIGHT_DROP | RIGHT_INDEX | RIGHT_REFERENCES | WRITES, 0},
};

/* ---- what is missing ----------------------------------------------------------------------------------------------
 */

static void add_missing(kfpb_text *list, unsigned missing, const char *table)
{
    char names[128];
    if (missing != 0)
        kfpb_text_printf(list, "%s%s on %s", list->length > 0 ? "; " : "", rights_text(missing, names, sizeof names),
                         table);
}

static kfps_status for_import(preflight *p, const asker *a, kfpb_text *missing, kfpb_text *to_replace)
{
    for (size_t i = 0; i < sizeof import_needs / sizeof *import_needs; i++) {
        const unsigned needs = import_needs[i].needs |
                               (p->options->create_missing_runs ? import_needs[i].to_create_runs : 0);
        unsigned rights = 0;
        bool there = false;
        const kfps_status status = a->ask(p, import_needs[i].table, &rights, &there);
        if (status != KFPS_OK)
            return status;
        if (!there)
            continue;
        add_missing(missing, needs & ~rights, import_needs[i].table);
        add_missing(to_replace, import_needs[i].to_replace & ~(needs | rights), import_needs[i].table);
    }
    return KFPS_OK;
}

static kfps_status for_schema(preflight *p, const asker *a, kfpb_text *missing)
{
    unsigned rights = 0;
    bool there = false, owns = true;
    kfps_status status = a->ask(p, NULL, &rights, &there);
    add_missing(missing, status == KFPS_OK ? a->to_upgrade & ~rights : 0, "the database");
    if (status == KFPS_OK && a->to_refer != 0) {
        rights = 0;
        status = a->ask(p, "run_details", &rights, &there);
        add_missing(missing, there ? a->to_refer & ~rights : 0, "run_details");
    }
    if (status == KFPS_OK && p->schema.has_legacy_tasks && a->ask == ask_pgsql) {
        status = owns_legacy_pgsql(p, &owns);
        if (!owns)
            kfpb_text_printf(missing, "%sthe ownership of tasks", missing->length > 0 ? "; " : "");
    }
    return status;
}

kfps_status preflight_rights(preflight *p)
{
    kfpb_text import = {0}, replace = {0}, schema = {0};
    const asker *a = askers;
    while (strcmp(a->driver, p->target->driver->name) != 0)
        a++;
    kfps_status status = for_schema(p, a, &schema);
    if (status == KFPS_OK && (p->target->driver->capabilities & KFPB_CAP_FILE) == 0)
        status = for_import(p, a, &import, &replace);
    if (status == KFPS_OK && a->ask == ask_sqlite && schema.length > 0)
        preflight_say(p, FIND_RIGHTS_IMPORT, "the file, or the folder that it is in, may not be written");
    else if (status == KFPS_OK && schema.length > 0 && p->schema.pending)
        preflight_say(p, FIND_RIGHTS_SCHEMA, "'schema upgrade' is pending, and the account lacks %s",
                      kfpb_text_get(&schema));
    if (status == KFPS_OK && import.length > 0)
        preflight_say(p, FIND_RIGHTS_IMPORT, "the account lacks %s", kfpb_text_get(&import));
    if (status == KFPS_OK && replace.length > 0)
        preflight_say(p, FIND_RIGHTS_REPLACE, "to replace runs that change after their import, the account lacks %s",
                      kfpb_text_get(&replace));
    kfpb_text_free(&import);
    kfpb_text_free(&replace);
    kfpb_text_free(&schema);
    return status;
}
