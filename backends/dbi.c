/* SPDX-License-Identifier: Apache-2.0 */
/* dbi.c: the process's libdbi instances and the lock around libdbi's list of connections. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "backends/dbi.h"

#include <dbi/dbi-dev.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "backends/base/fail.h"

#ifndef KFPB_DBI_DRIVER_DIR
#define KFPB_DBI_DRIVER_DIR "" /* libdbi's own */
#endif

/* One libdbi instance per driver folder; a process uses one or two. */
typedef struct instance {
    struct instance *next;
    dbi_inst dbi;
    char folder[];
} instance;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static instance *instances; /* guarded by lock */

static const char *choose_folder(const char *driver_dir)
{
    if (driver_dir != NULL && driver_dir[0] != '\0')
        return driver_dir;
    const char *environment = secure_getenv("KFPSTORE_DRIVER_DIR");
    return environment != NULL && environment[0] != '\0' ? environment : KFPB_DBI_DRIVER_DIR;
}

static kfps_status instance_for(const char *folder, instance **out, kfps_error *error)
{
    for (instance *i = instances; i != NULL; i = i->next) {
        if (strcmp(i->folder, folder) == 0) {
            *out = i;
            return KFPS_OK;
        }
    }
    const size_t size = strlen(folder) + 1;
    instance *made = calloc(1, sizeof *made + size);
    if (made == NULL)
        return kfpb_fail_no_memory(error);
    memcpy(made->folder, folder, size);
    const int drivers = dbi_initialize_r(folder[0] != '\0' ? folder : NULL, &made->dbi);
    if (drivers <= 0) {
        /* Not kept: the folder may be there at the next try. */
        if (made->dbi != NULL)
            dbi_shutdown_r(made->dbi);
        free(made);
        return kfpb_fail(error, KFPS_UNAVAILABLE,
                         "no libdbi driver in %s%s%s: install libdbd-sqlite3, libdbd-pgsql or libdbd-mysql, or set "
                         "KFPSTORE_DRIVER_DIR to the folder of libdbd*.so",
                         folder[0] != '\0' ? "\"" : "", folder[0] != '\0' ? folder : "libdbi's own folder",
                         folder[0] != '\0' ? "\"" : "");
    }
    made->next = instances;
    instances = made;
    *out = made;
    return KFPS_OK;
}

kfps_status kfpb_dbi_new(const char *driver_name, const char *driver_dir, dbi_conn *out, kfps_error *error)
{
    *out = NULL;
    const char *folder = choose_folder(driver_dir);
    pthread_mutex_lock(&lock);
    instance *inst = NULL;
    kfps_status status = instance_for(folder, &inst, error);
    if (status == KFPS_OK) {
        *out = dbi_conn_new_r(driver_name, inst->dbi);
        if (*out == NULL)
            status = kfpb_fail(error, KFPS_UNAVAILABLE,
                               "libdbi has no driver \"%s\": install the package libdbd-%s, or set KFPSTORE_DRIVER_DIR "
                               "to the folder of libdbd%s.so",
                               driver_name, driver_name, driver_name);
    }
    pthread_mutex_unlock(&lock);
    return status;
}

kfps_status kfpb_dbi_option(dbi_conn conn, const char *name, const char *value, kfps_error *error)
{
    return dbi_conn_set_option(conn, name, value) == 0 ? KFPS_OK : kfpb_fail_no_memory(error);
}

kfps_status kfpb_dbi_option_int(dbi_conn conn, const char *name, int value, kfps_error *error)
{
    return dbi_conn_set_option_numeric(conn, name, value) == 0 ? KFPS_OK : kfpb_fail_no_memory(error);
}

kfps_status kfpb_dbi_connect(dbi_conn conn, kfps_error *error)
{
    kfps_status status = KFPS_OK;
    pthread_mutex_lock(&lock);
    if (dbi_conn_connect(conn) != 0) {
        /* Copied at once: almost every libdbi call resets it. */
        const char *message = NULL;
        const int number = dbi_conn_error(conn, &message);
        status = kfpb_fail(error, KFPS_UNAVAILABLE, "%s",
                           message != NULL && message[0] != '\0' ? message : "cannot connect");
        if (error != NULL)
            error->vendor_code = number;
    }
    pthread_mutex_unlock(&lock);
    return status;
}

void kfpb_dbi_close(dbi_conn conn)
{
    if (conn == NULL)
        return;
    pthread_mutex_lock(&lock);
    dbi_conn_close(conn);
    pthread_mutex_unlock(&lock);
}

void *kfpb_dbi_native(dbi_conn conn)
{
    /* libdbi has no getter for it. The public driver header declares the structure; its first member is also to be had
     * through the interface, which shows whether the declaration is this library's. */
    const dbi_conn_t *structure = (const dbi_conn_t *) conn;
    if (structure == NULL || (dbi_driver) structure->driver != dbi_conn_get_driver(conn))
        return NULL;
    return structure->connection;
}
