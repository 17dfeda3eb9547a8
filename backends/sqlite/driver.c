/* SPDX-License-Identifier: Apache-2.0 */
/* driver.c: opening a SQLite database through libdbi. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backends/base/fail.h"
#include "backends/base/text.h"
#include "backends/dbi.h"
#include "backends/sqlite/sqlite.h"

enum { JSON_DEPTH = 512 };

/* SQLite reads "file:…?mode=ro" as a URI, in which these characters would end the path or begin an escape. */
static void add_encoded(kfpb_text *out, const char *path, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        const unsigned char c = (unsigned char) path[i];
        if (c <= 0x20 || c >= 0x7F || strchr("%?#\\\"<>^`{|}", c) != NULL)
            kfpb_text_printf(out, "%%%02X", c);
        else
            kfpb_text_char(out, (char) c);
    }
}

/* libdbi joins a folder and a name with a slash; the URI's parameters ride on the name. */
static kfps_status set_address(dbi_conn dbi, const char *path, const char *mode, kfps_error *error)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash != NULL ? slash + 1 : path;
    kfpb_text folder = {0};
    kfpb_text file = {0};
    kfpb_text_add(&folder, "file:");
    if (slash == NULL)
        kfpb_text_char(&folder, '.');
    else if (path[0] != '/')
        kfpb_text_add(&folder, "./"); /* a folder's name may look like the host of a URI */
    if (slash != NULL)
        add_encoded(&folder, path, (size_t) (slash - path));
    add_encoded(&file, name, strlen(name));
    kfpb_text_printf(&file, "?mode=%s", mode);

    kfps_status status = folder.out_of_memory || file.out_of_memory ? kfpb_fail_no_memory(error) : KFPS_OK;
    if (status == KFPS_OK)
        status = kfpb_dbi_option(dbi, "sqlite3_dbdir", folder.data, error);
    if (status == KFPS_OK)
        status = kfpb_dbi_option(dbi, "dbname", file.data, error);
    kfpb_text_free(&folder);
    kfpb_text_free(&file);
    return status;
}

static kfps_status check_folder(const char *path, kfps_error *error)
{
    const char *slash = strrchr(path, '/');
    char *folder = slash == NULL ? strdup(".") : strndup(path, slash == path ? 1 : (size_t) (slash - path));
    if (folder == NULL)
        return kfpb_fail_no_memory(error);
    kfps_status status = KFPS_OK;
    if (access(folder, W_OK | X_OK) != 0)
        status = kfpb_fail(error, errno == EACCES || errno == EROFS ? KFPS_PERMISSION : KFPS_UNAVAILABLE,
                           "cannot create %s: %m", path);
    free(folder);
    return status;
}

/* When SQLite cannot open a file libdbi gives no reason and loses the handle, so what can be known is looked for
 * before. */
static kfps_status check_file(const char *path, bool create, bool read_only, kfps_error *error)
{
    struct stat found;
    if (stat(path, &found) != 0) {
        if (errno == ENOENT && create)
            return check_folder(path, error);
        if (errno == ENOENT || errno == ENOTDIR)
            return kfpb_fail(error, KFPS_UNAVAILABLE, "no such file: %s", path);
        return kfpb_fail(error, errno == EACCES ? KFPS_PERMISSION : KFPS_UNAVAILABLE, "cannot open %s: %m", path);
    }
    if (!S_ISREG(found.st_mode))
        return kfpb_fail(error, KFPS_INVALID, "%s is not a regular file", path);
    if (access(path, read_only ? R_OK : R_OK | W_OK) != 0)
        return kfpb_fail(error, KFPS_PERMISSION, "no permission to %s %s", read_only ? "read" : "read and write", path);
    return KFPS_OK;
}

static kfps_status connect_file(kfpb_sqlite_conn *conn, const char *path, const char *mode, const char *driver_dir,
                                kfps_error *error)
{
    kfps_status status = kfpb_dbi_new("sqlite3", driver_dir, &conn->dbi, error);
    if (status == KFPS_OK)
        status = set_address(conn->dbi, path, mode, error);
    if (status != KFPS_OK)
        return status;
    status = kfpb_dbi_connect(conn->dbi, error);
    if (status != KFPS_OK)
        return kfpb_fail(error, status, "cannot open or create %s: look at the folder's permissions and the free space",
                         path);
    conn->db = kfpb_dbi_native(conn->dbi);
    if (conn->db == NULL)
        return kfpb_fail(error, KFPS_INTERNAL, "this libdbi is not the version that the program was built for");
    return KFPS_OK;
}

static kfps_status sqlite_open(const kfpb_dsn *dsn, const kfpb_open_options *options, kfpb_conn **out,
                               kfps_error *error)
{
    const char *path = dsn->database;
    const char *asked = kfpb_dsn_option_get(dsn, "mode");
    const bool read_only = options->read_only || (asked != NULL && strcmp(asked, "ro") == 0);
    const bool create = options->create && !read_only;
    if (path == NULL)
        return kfpb_fail(error, KFPS_INVALID, "the DSN names no file");
    kfps_status status = check_file(path, create, read_only, error);
    if (status != KFPS_OK)
        return status;

    kfpb_sqlite_conn *conn = calloc(1, sizeof *conn);
    if (conn == NULL)
        return kfpb_fail_no_memory(error);
    conn->base = (kfpb_conn){.driver = &kfpb_sqlite_driver, .ops = &kfpb_sqlite_conn_ops};
    conn->read_only = read_only;
    snprintf(conn->base.server, sizeof conn->base.server, "SQLite %s", sqlite3_libversion());
    status = connect_file(conn, path, read_only ? "ro" : create ? "rwc" : "rw", options->driver_dir, error);
    if (status == KFPS_OK) {
        status = kfpb_sqlite_session(conn, options, error);
        if (status != KFPS_OK)
            kfpb_error_prefix(error, "%s", path);
    }
    if (status != KFPS_OK) {
        kfpb_sqlite_conn_ops.close(&conn->base);
        return status;
    }
    conn->base.limits = (kfpb_limits){
        .statement_bytes = (size_t) sqlite3_limit(conn->db, SQLITE_LIMIT_LENGTH, -1),
        .json_depth = JSON_DEPTH,
    };
    *out = &conn->base;
    return KFPS_OK;
}

static const char *const schemes[] = {"sqlite", NULL};

const kfpb_driver kfpb_sqlite_driver = {
    .name = "sqlite",
    .schemes = schemes,
    .capabilities = KFPB_CAP_TRANSACTIONAL_DDL | KFPB_CAP_ON_CONFLICT | KFPB_CAP_RETURNING | KFPB_CAP_FILE,
    .dialect =
        {
            .bulk = KFPB_BULK_ROWS,
            .in_list = KFPB_IN_JSON,
            .bulk_rows = 500,
            .now_seconds = "CAST(strftime('%s','now') AS INTEGER)",
            .for_update = "",
            .for_share = "",
            .for_share_of = "",
            .for_key_share = "",
            .keyset = KFPB_KEYSET_ROW,
            .index_hint = "",
            .columns_of = "SELECT name FROM pragma_table_info(?)",
            .text_bytes = "%s",
            .text_position = "instr(lower(%s),",
            .residual = "+(%s)",
            .hidden = NULL,
            .number = "%s",
            .each = KFPB_EACH_UNION,
        },
    .open = sqlite_open,
};
