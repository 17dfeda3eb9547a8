/* SPDX-License-Identifier: Apache-2.0 */
/* space.c: how much room the target needs, by the size of the source, and how much there is where that can be known. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>

#include "migrate/preflight/preflight.h"

static const struct {
    const char *driver;
    const char *source_bytes; /* of the MLMD database */
    const char *folder;       /* where the server keeps its data; NULL: not asked */
    int ratio;                /* the target's growth for each byte of a source on SQLite, rounded up */
} engines[] = {
    {"sqlite", "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()", NULL, 2},
    {"pgsql", "SELECT pg_database_size(current_database())", "SELECT current_setting('data_directory')", 2},
    {"mysql", "SELECT SUM(DATA_LENGTH + INDEX_LENGTH) FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE()",
     "SELECT @@datadir", 4},
};

static size_t engine_of(const char *driver)
{
    size_t i = 0;
    while (i + 1 < sizeof engines / sizeof *engines && strcmp(engines[i].driver, driver) != 0)
        i++;
    return i;
}

/* The folder of the target's data, where it is on this machine: a file's, or that of a server behind a socket. NULL:
 * not known. To be freed. */
static char *data_folder(preflight *p, size_t engine)
{
    const kfpb_dsn *dsn = &p->options->target.dsn;
    if (strcmp(engines[engine].driver, "sqlite") == 0) {
        const char *slash = strrchr(dsn->database, '/');
        return slash == NULL ? strdup(".")
                             : strndup(dsn->database, slash == dsn->database ? 1 : (size_t) (slash - dsn->database));
    }
    const bool local = dsn->socket != NULL || (dsn->host != NULL && dsn->host[0] == '/');
    char *folder = NULL;
    kfpb_rows *rows = NULL;
    kfps_error ignored; /* the account may not know */
    if (local && p->target != NULL &&
        kfpb_query(p->target, engines[engine].folder, NULL, 0, &rows, &ignored) == KFPS_OK &&
        kfpb_next(rows, &ignored) > 0 && !kfpb_is_null(rows, 0))
        folder = strdup(kfpb_get_text(rows, 0, NULL));
    kfpb_rows_free(&rows);
    return folder;
}

/* Write-ahead logging shares memory between processes through a file, which such file systems do not do. */
static void check_file_system(preflight *p, const char *folder)
{
    static const struct {
        unsigned long magic;
        const char *name;
    } remote[] = {{0x6969, "NFS"}, {0xFF534D42, "CIFS"}, {0xFE534D42, "SMB2"}, {0x517B, "SMB"}, {0x00C36400, "Ceph"}};
    struct statfs found;
    if (statfs(folder, &found) != 0)
        return;
    for (size_t i = 0; i < sizeof remote / sizeof *remote; i++) {
        if (((unsigned long) found.f_type & 0xFFFFFFFFul) == remote[i].magic)
            preflight_say(p, FIND_NETWORK_FILE, "the target's file is on %s", remote[i].name);
    }
}

static double megabytes(double bytes)
{
    return bytes / 1e6;
}

kfps_status preflight_space(preflight *p)
{
    int64_t source_bytes = 0;
    struct statvfs space;
    const kfpb_driver *driver = kfpb_driver_find(p->options->target.dsn.scheme);
    const size_t engine = engine_of(driver != NULL ? driver->name : "");
    if (p->source_conn != NULL) {
        const kfps_status status = kfpb_query_int(p->source_conn,
                                                  engines[engine_of(p->source_conn->driver->name)].source_bytes, NULL,
                                                  0, &source_bytes, NULL, &p->error);
        if (status != KFPS_OK)
            return status;
    }
    const double needed = (double) source_bytes * engines[engine].ratio;
    char *folder = data_folder(p, engine);
    if (folder != NULL && driver != NULL && (driver->capabilities & KFPB_CAP_FILE) != 0)
        check_file_system(p, folder);
    if (p->source_conn == NULL) {
        free(folder);
        return KFPS_OK;
    }
    if (folder != NULL && statvfs(folder, &space) == 0) {
        const double left = (double) space.f_bavail * (double) space.f_frsize;
        preflight_say(p, left < needed ? FIND_SPACE_SHORT : FIND_SPACE,
                      "the target needs about %.0f MB, by the source's %.0f MB, and %.0f MB are free",
                      megabytes(needed), megabytes((double) source_bytes), megabytes(left));
    } else {
        preflight_say(
            p, FIND_SPACE_UNKNOWN,
            "the target needs about %.0f MB, by the source's %.0f MB; how much is free the server does not tell",
            megabytes(needed), megabytes((double) source_bytes));
    }
    free(folder);
    return KFPS_OK;
}
