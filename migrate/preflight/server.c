/* SPDX-License-Identifier: Apache-2.0 */
/* server.c: whether the target's server takes writes at all, who holds its locks, how large a row may be. */
#include <inttypes.h>
#include <string.h>

#include "migrate/preflight/preflight.h"

static const struct {
    const char *driver;
    const char *sql;
    const char *message;
} read_only[] = {
    {"pgsql", "SELECT pg_is_in_recovery()::int", "the server is a standby"},
    {"mysql", "SELECT @@GLOBAL.read_only", "the server is read-only (@@GLOBAL.read_only), as a replica is"},
};

kfps_status preflight_writable(preflight *p)
{
    for (size_t i = 0; i < sizeof read_only / sizeof *read_only; i++) {
        int64_t yes = 0;
        if (strcmp(read_only[i].driver, p->target->driver->name) != 0)
            continue;
        const kfps_status status = kfpb_query_int(p->target, read_only[i].sql, NULL, 0, &yes, NULL, &p->error);
        if (status != KFPS_OK)
            return status;
        if (yes != 0)
            preflight_say(p, FIND_SERVER_READ_ONLY, "%s", read_only[i].message);
    }
    return KFPS_OK;
}

static kfps_status check_lease(preflight *p)
{
    kfpb_rows *rows = NULL;
    char sql[256];
    if (!p->has_schema || !p->schema.has_books)
        return KFPS_OK;
    snprintf(sql, sizeof sql,
             "SELECT \"Owner\", \"ExpiresAtInSec\" - %s FROM \"kfpstore_lease\" WHERE \"Slot\" = 0 AND"
             " \"ExpiresAtInSec\" > %s",
             p->target->driver->dialect.now_seconds, p->target->driver->dialect.now_seconds);
    kfps_status status = kfpb_query(p->target, sql, NULL, 0, &rows, &p->error);
    const int got = status == KFPS_OK ? kfpb_next(rows, &p->error) : 0;
    if (got < 0)
        status = (kfps_status) p->error.code;
    if (got > 0)
        preflight_say(p, FIND_LEASE_HELD, "%s holds the database's lease, for %" PRId64 " s unless it is renewed",
                      kfpb_get_text(rows, 0, NULL), kfpb_get_int(rows, 1));
    kfpb_rows_free(&rows);
    return status;
}

kfps_status preflight_locks(preflight *p)
{
    int64_t holder = 0;
    kfps_status status = check_lease(p);
    if (status != KFPS_OK || strcmp(p->target->driver->name, "mysql") != 0)
        return status;
    if (p->target->cluster)
        preflight_say(p, FIND_CLUSTER, "the server is a node of a cluster; the lease holds for all of them");
    status = kfpb_query_int(p->target, "SELECT IS_USED_LOCK('kfp_mlmd_migration_lock')", NULL, 0, &holder, NULL,
                            &p->error);
    /* an import of ours holds it as well, and was named above */
    if (status == KFPS_OK && holder != 0 && (p->count == 0 || p->findings[p->count - 1].id != FIND_LEASE_HELD))
        preflight_say(p, FIND_UPSTREAM_LOCK, "connection %" PRId64 " holds the lock of upstream's own migration",
                      holder);
    return status;
}

kfps_status preflight_value_sizes(preflight *p)
{
    if (p->survey.largest > 0 && (size_t) p->survey.largest > p->target->limits.statement_bytes)
        preflight_say(p, FIND_VALUE_TOO_LARGE,
                      "the largest value of the source has %" PRId64
                      " bytes, more than the %zu that a row may have here",
                      p->survey.largest, p->target->limits.statement_bytes);
    return KFPS_OK;
}
