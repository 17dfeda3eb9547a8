/* SPDX-License-Identifier: Apache-2.0 */
/* connect.c: a connection through libdbi's driver, with TLS if asked for, and the database if it is to be made. */
#include <stdlib.h>
#include <string.h>

#include "backends/base/fail.h"
#include "backends/dbi.h"
#include "backends/mysql/mysql.h"
#include "backends/mysql/option_file.h"

enum { CONNECT_SECONDS = 10 };

/* ---- the target ----------------------------------------------------------------------------------------------- */

/* Connector/C takes TLS options as "host=…;ssl-ca=…" in the place of the host; libdbi has no others. */
static const struct {
    const char *option;
    const char *key;
} tls_files[] = {
    {"ssl-ca", "ssl-ca"},
    {"ssl-capath", "ssl-capath"},
    {"ssl-cert", "ssl-cert"},
    {"ssl-key", "ssl-key"},
};

/* Files of TLS without an ssl-mode mean the strictest one. */
static const char *tls_mode(const kfpb_dsn *dsn)
{
    const char *mode = kfpb_dsn_option_get(dsn, "ssl-mode");
    for (size_t i = 0; i < sizeof tls_files / sizeof tls_files[0] && mode == NULL; i++) {
        if (kfpb_dsn_option_get(dsn, tls_files[i].option) != NULL)
            mode = "verify-full";
    }
    return mode != NULL ? mode : "disabled";
}

static kfps_status tls_host(const kfpb_dsn *dsn, const char *host, const char *mode, char **out, kfps_error *error)
{
    kfpb_text text = {0};
    const bool verify = strncmp(mode, "verify-", strlen("verify-")) == 0;
    const bool authority = kfpb_dsn_option_get(dsn, "ssl-ca") != NULL || kfpb_dsn_option_get(dsn, "ssl-capath") != NULL;

    if (host == NULL || strcmp(host, "localhost") == 0)
        return kfpb_fail(error, KFPS_INVALID,
                         "the DSN asks for TLS, which \"localhost\" and a socket do not use: name the host, or "
                         "127.0.0.1");
    if (verify && !authority)
        return kfpb_fail(error, KFPS_INVALID,
                         "the DSN's ssl-mode=%s needs ssl-ca, the file of the certificate authority", mode);
    kfpb_text_printf(&text, "host=%s;ssl-enforce=1", host);
    for (size_t i = 0; i < sizeof tls_files / sizeof tls_files[0]; i++) {
        const char *file = kfpb_dsn_option_get(dsn, tls_files[i].option);
        if (file == NULL)
            continue;
        if (strchr(file, ';') != NULL) {
            kfpb_text_free(&text);
            return kfpb_fail(error, KFPS_INVALID, "the DSN's option %s must not hold a semicolon", tls_files[i].option);
        }
        kfpb_text_printf(&text, ";%s=%s", tls_files[i].key, file);
    }
    if (strcmp(mode, "verify-full") == 0)
        kfpb_text_add(&text, ";ssl-verify-server-cert=1");
    if (text.out_of_memory) {
        kfpb_text_free(&text);
        return kfpb_fail_no_memory(error);
    }
    *out = text.data;
    return KFPS_OK;
}

static kfps_status check_dsn(const kfpb_dsn *dsn, kfps_error *error)
{
    /* The client library would take them without a word and not keep them. */
    static const char *const unsupported[] = {"read-timeout", "write-timeout"};
    for (size_t i = 0; i < sizeof unsupported / sizeof unsupported[0]; i++) {
        if (kfpb_dsn_option_get(dsn, unsupported[i]) != NULL)
            return kfpb_fail(error, KFPS_INVALID,
                             "the DSN's option %s has no effect with this client library: leave it out",
                             unsupported[i]);
    }
    if (dsn->host != NULL && strchr(dsn->host, ';') != NULL)
        return kfpb_fail(error, KFPS_INVALID, "the DSN's host must not hold a semicolon");
    return KFPS_OK;
}

static bool copy(const char *text, char **out)
{
    *out = text != NULL ? strdup(text) : NULL;
    return text == NULL || *out != NULL;
}

kfps_status kfpb_mysql_target_init(kfpb_mysql_target *target, const kfpb_dsn *dsn, const kfpb_open_options *options,
                                   kfps_error *error)
{
    const char *mode = tls_mode(dsn);
    const char *host = dsn->socket != NULL ? "localhost" : dsn->host;
    const char *seconds = kfpb_dsn_option_get(dsn, "connect-timeout");
    kfps_status status = check_dsn(dsn, error);

    if (status != KFPS_OK)
        return status;
    /* The client library takes "localhost" for the socket, whatever the port says. */
    if (host != NULL && dsn->socket == NULL && dsn->port != 0 && strcmp(host, "localhost") == 0)
        host = "127.0.0.1";
    *target = (kfpb_mysql_target){
        .port = dsn->port,
        .connect_seconds = seconds != NULL                 ? atoi(seconds)
                           : options->connect_seconds != 0 ? (int) options->connect_seconds
                                                           : CONNECT_SECONDS,
        .tls = strcmp(mode, "disabled") != 0,
    };
    if (target->tls)
        status = tls_host(dsn, host, mode, &target->host, error);
    else if (!copy(host, &target->host))
        status = kfpb_fail_no_memory(error);
    if (status == KFPS_OK && (!copy(dsn->user, &target->user) || !copy(options->password, &target->password) ||
                              !copy(dsn->database, &target->database) || !copy(dsn->socket, &target->socket) ||
                              !copy(options->driver_dir, &target->driver_dir)))
        status = kfpb_fail_no_memory(error);
    if (status == KFPS_OK && target->password == NULL)
        target->password = kfpb_mysql_own_password();
    return status;
}

void kfpb_mysql_target_free(kfpb_mysql_target *target)
{
    if (target->password != NULL)
        explicit_bzero(target->password, strlen(target->password));
    free(target->host);
    free(target->user);
    free(target->password);
    free(target->database);
    free(target->socket);
    free(target->driver_dir);
    *target = (kfpb_mysql_target){0};
}

/* ---- connecting ----------------------------------------------------------------------------------------------- */

static kfps_status set_options(dbi_conn dbi, const kfpb_mysql_target *target, bool bare, kfps_error *error)
{
    const struct {
        const char *name;
        const char *value;
    } texts[] = {
        {"host", target->host},
        {"username", target->user},
        {"password", target->password},
        {"dbname", bare ? NULL : target->database},
        {"mysql_unix_socket", target->socket},
        {"encoding", "utf8mb4"},
    };
    kfps_status status = KFPS_OK;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0] && status == KFPS_OK; i++) {
        if (texts[i].value != NULL)
            status = kfpb_dbi_option(dbi, texts[i].name, texts[i].value, error);
    }
    if (status == KFPS_OK && target->port != 0)
        status = kfpb_dbi_option_int(dbi, "port", target->port, error);
    if (status == KFPS_OK && target->connect_seconds > 0)
        status = kfpb_dbi_option_int(dbi, "timeout", target->connect_seconds, error);
    return status;
}

/* libdbi puts "<number>: " before the client library's message. */
static const char *without_number(const char *message)
{
    const size_t digits = strspn(message, "0123456789");
    return digits > 0 && strncmp(message + digits, ": ", 2) == 0 ? message + digits + 2 : message;
}

kfps_status kfpb_mysql_connect(const kfpb_mysql_target *target, bool bare, dbi_conn *out, kfps_error *error)
{
    dbi_conn dbi = NULL;
    kfps_error reason = {0};
    kfps_status status = kfpb_dbi_new("mysql", target->driver_dir, &dbi, error);

    *out = NULL;
    if (status != KFPS_OK)
        return status;
    status = set_options(dbi, target, bare, error);
    if (status != KFPS_OK)
        goto out;
    if (kfpb_dbi_connect(dbi, &reason) != KFPS_OK) {
        if (reason.vendor_code > 0) {
            status = kfpb_mysql_fail_number(reason.vendor_code, without_number(reason.message), NULL,
                                            KFPB_MYSQL_CONNECT, error);
        } else {
            status = kfpb_fail(error, KFPS_UNAVAILABLE, "%s", reason.message);
        }
        kfpb_error_prefix(error, "cannot connect to MySQL or MariaDB");
        goto out;
    }
    *out = dbi;
    dbi = NULL;
out:
    kfpb_dbi_close(dbi);
    return status;
}

/* ---- the database --------------------------------------------------------------------------------------------- */

static kfps_status find_client(kfpb_mysql *conn, kfps_error *error)
{
    dbi_driver driver = dbi_conn_get_driver(conn->dbi);
    const struct {
        const char *name;
        void *slot;
    } functions[] = {
        {"mysql_fetch_row", &conn->client.fetch_row}, {"mysql_fetch_lengths", &conn->client.fetch_lengths},
        {"mysql_errno", &conn->client.number},        {"mysql_error", &conn->client.message},
        {"mysql_sqlstate", &conn->client.sqlstate},   {"mysql_get_client_info", &conn->client.version},
    };

    conn->native = kfpb_dbi_native(conn->dbi);
    conn->socket = dbi_conn_get_socket(conn->dbi);
    if (conn->native == NULL)
        return kfpb_fail(error, KFPS_INTERNAL, "this libdbi keeps its connections in another way than version 0.9");
    for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++) {
        void *function = dbi_driver_specific_function(driver, functions[i].name);
        if (function == NULL)
            return kfpb_fail(error, KFPS_INTERNAL, "libdbi's mysql driver does not give %s", functions[i].name);
        memcpy(functions[i].slot, &function, sizeof function);
    }
    /* one constant of one library: a driver that was linked with another one has its own */
    conn->prepares = conn->client.version() == mysql_get_client_info();
    return KFPS_OK;
}

/* A database whose keys are told apart by their bytes, trailing blanks included. */
static kfps_status create_here(kfpb_mysql *conn, kfps_error *error)
{
    kfpb_rows *rows = NULL;
    kfpb_text sql = {0};
    bool mariadb = false;
    kfps_status status = kfpb_mysql_read(conn, "SELECT VERSION()", &rows, error);

    if (status != KFPS_OK)
        return status;
    if (rows->ops->next(rows, NULL) == 1)
        mariadb = kfpb_mysql_is_mariadb(rows->ops->text(rows, 0, NULL));
    rows->ops->free(rows);
    kfpb_text_add(&sql, "CREATE DATABASE IF NOT EXISTS `");
    for (const char *p = conn->target.database; *p != '\0'; p++) {
        if (*p == '`')
            kfpb_text_char(&sql, '`');
        kfpb_text_char(&sql, *p);
    }
    kfpb_text_printf(&sql, "` CHARACTER SET utf8mb4 COLLATE %s", mariadb ? "utf8mb4_nopad_bin" : "utf8mb4_0900_bin");
    status = sql.out_of_memory ? kfpb_fail_no_memory(error) : kfpb_mysql_run(conn, sql.data, error);
    kfpb_text_free(&sql);
    return status;
}

kfps_status kfpb_mysql_attach(kfpb_mysql *conn, bool create, kfps_error *error)
{
    enum { UNKNOWN_DATABASE = 1049 };
    kfps_error reason = {0};
    kfps_status status = kfpb_mysql_connect(&conn->target, false, &conn->dbi, &reason);

    if (status != KFPS_OK && create && reason.vendor_code == UNKNOWN_DATABASE) {
        status = kfpb_mysql_connect(&conn->target, true, &conn->dbi, &reason);
        if (status == KFPS_OK)
            status = find_client(conn, &reason);
        if (status == KFPS_OK && (status = create_here(conn, &reason)) != KFPS_OK)
            kfpb_error_prefix(&reason, "cannot create the database \"%s\"", conn->target.database);
        if (status == KFPS_OK) {
            kfpb_dbi_close(conn->dbi);
            status = kfpb_mysql_connect(&conn->target, false, &conn->dbi, &reason);
        }
    }
    if (status == KFPS_OK)
        status = find_client(conn, &reason);
    if (status != KFPS_OK && error != NULL)
        *error = reason;
    return status;
}
