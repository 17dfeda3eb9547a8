/* SPDX-License-Identifier: Apache-2.0 */
/* registry.c: the drivers of this build, and the way from a DSN to a connection. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "backends/backend.h"
#include "backends/base/fail.h"

#ifdef KFPB_WITH_SQLITE
extern const kfpb_driver kfpb_sqlite_driver;
#endif
#ifdef KFPB_WITH_PGSQL
extern const kfpb_driver kfpb_pgsql_driver;
#endif
#ifdef KFPB_WITH_MYSQL
extern const kfpb_driver kfpb_mysql_driver;
#endif

static const kfpb_driver *const drivers[] = {
#ifdef KFPB_WITH_SQLITE
    &kfpb_sqlite_driver,
#endif
#ifdef KFPB_WITH_PGSQL
    &kfpb_pgsql_driver,
#endif
#ifdef KFPB_WITH_MYSQL
    &kfpb_mysql_driver,
#endif
    NULL,
};

/* What a build without the driver says. */
static const struct {
    const char *scheme;
    const char *option;
} engines[] = {
    {"sqlite", "--with-sqlite"},
    {"postgresql", "--with-pgsql"},
    {"mysql", "--with-mysql"},
};

const kfpb_driver *const *kfpb_drivers(void)
{
    return drivers;
}

const kfpb_driver *kfpb_driver_find(const char *scheme_or_name)
{
    if (scheme_or_name == NULL)
        return NULL;
    for (const kfpb_driver *const *driver = drivers; *driver != NULL; driver++) {
        if (strcmp((*driver)->name, scheme_or_name) == 0)
            return *driver;
        for (const char *const *scheme = (*driver)->schemes; *scheme != NULL; scheme++) {
            if (strcmp(*scheme, scheme_or_name) == 0)
                return *driver;
        }
    }
    return NULL;
}

static bool driver_complete(const kfpb_driver *driver)
{
    const kfpb_dialect *dialect = &driver->dialect;
    return driver->open != NULL && dialect->bulk_rows > 0 && dialect->now_seconds != NULL &&
           dialect->for_update != NULL && dialect->for_share != NULL && dialect->for_share_of != NULL &&
           dialect->for_key_share != NULL && dialect->index_hint != NULL && dialect->columns_of != NULL &&
           dialect->text_bytes != NULL && dialect->text_position != NULL && dialect->residual != NULL &&
           dialect->number != NULL;
}

static bool connection_complete(const kfpb_conn *conn)
{
    const kfpb_conn_ops *ops = conn->ops;
    return conn->driver != NULL && ops != NULL && ops->exec != NULL && ops->query != NULL && ops->begin != NULL &&
           ops->commit != NULL && ops->rollback != NULL && ops->interrupt != NULL && ops->abort != NULL &&
           ops->close != NULL && conn->limits.statement_bytes > 0 && conn->limits.json_depth > 0;
}

static kfps_status missing_driver(const char *scheme, kfps_error *error)
{
    for (size_t i = 0; i < sizeof engines / sizeof engines[0]; i++) {
        if (strcmp(engines[i].scheme, scheme) == 0)
            return kfpb_fail(error, KFPS_UNAVAILABLE, "this build has no support for %s: configure it %s", scheme,
                             engines[i].option);
    }
    return kfpb_fail(error, KFPS_INVALID, "there is no backend for \"%s\"", scheme);
}

kfps_status kfpb_open(const kfpb_dsn *dsn, const kfpb_open_options *options, kfpb_conn **out, kfps_error *error)
{
    static const kfpb_open_options defaults = {0};
    *out = NULL;
    kfpb_error_clear(error);
    if (dsn == NULL || dsn->scheme == NULL)
        return kfpb_fail(error, KFPS_INVALID, "no DSN was given");
    const kfpb_driver *driver = kfpb_driver_find(dsn->scheme);
    if (driver == NULL)
        return missing_driver(dsn->scheme, error);
    if (!driver_complete(driver))
        return kfpb_fail(error, KFPS_INTERNAL, "the backend %s leaves a required slot empty", driver->name);

    kfpb_conn *conn = NULL;
    const kfps_status status = driver->open(dsn, options != NULL ? options : &defaults, &conn, error);
    if (status != KFPS_OK)
        return status;
    /* A connection whose slots are incomplete cannot even be closed: it is a defect that the first test finds. */
    if (conn == NULL || !connection_complete(conn))
        return kfpb_fail(error, KFPS_INTERNAL, "the backend %s leaves a slot of its connection empty", driver->name);
    if (options != NULL)
        conn->observer = options->observer;
    kfpb_error_clear(error); /* of an attempt that was made again */
    *out = conn;
    return KFPS_OK;
}
