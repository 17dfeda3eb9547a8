/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dsn.c: DSN URLs, taken apart by uriparser. A DSN that is refused may hold a password in the wrong place, so no
 * message repeats any of its text but the name of an option.
 */
#include "backends/dsn.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <uriparser/Uri.h>

#include "backends/base/fail.h"
#include "backends/base/text.h"
#include "backends/base/utf8.h"
#include "backends/dsn_options.h"

static const struct {
    const char *alias;
    const char *scheme;
} schemes[] = {
    {"sqlite", "sqlite"},       {"sqlite3", "sqlite"}, {"postgresql", "postgresql"},
    {"postgres", "postgresql"}, {"mysql", "mysql"},    {"mariadb", "mysql"},
};

/* ---- text of the URL --------------------------------------------------------------------------------------------- */

/* A URL is ASCII, people write paths with blanks and accents: those are percent-encoded here. */
static kfps_status prepare(const char *text, kfpb_text *out, kfps_error *error)
{
    const size_t length = strlen(text);
    if (!kfpb_utf8_valid(text, length))
        return kfpb_fail(error, KFPS_INVALID, "the DSN is not UTF-8");
    for (size_t i = 0; i < length; i++) {
        const unsigned char c = (unsigned char) text[i];
        if (c < 0x20 || c == 0x7F)
            return kfpb_fail(error, KFPS_INVALID, "the DSN holds a control character");
        if (c == ' ' || c >= 0x80)
            kfpb_text_printf(out, "%%%02X", c);
        else
            kfpb_text_char(out, (char) c);
    }
    return out->out_of_memory ? kfpb_fail_no_memory(error) : KFPS_OK;
}

static kfps_status check_decoded(const char *text, const char *part, kfps_error *error)
{
    const size_t length = strlen(text);
    bool fine = kfpb_utf8_valid(text, length);
    for (size_t i = 0; fine && i < length; i++)
        fine = (unsigned char) text[i] >= 0x20 && text[i] != 0x7F;
    return fine ? KFPS_OK
                : kfpb_fail(error, KFPS_INVALID, "the %s in the DSN holds a control character or is not UTF-8", part);
}

/* A decoded copy of a range; *out stays NULL for an empty one. */
static kfps_status take(const UriTextRangeA *range, const char *part, char **out, kfps_error *error)
{
    if (range->first == NULL || range->first == range->afterLast)
        return KFPS_OK;
    char *copy = strndup(range->first, (size_t) (range->afterLast - range->first));
    if (copy == NULL)
        return kfpb_fail_no_memory(error);
    uriUnescapeInPlaceExA(copy, URI_FALSE, URI_BR_DONT_TOUCH);
    *out = copy;
    return check_decoded(copy, part, error);
}

/* ---- the parts --------------------------------------------------------------------------------------------------- */

static kfps_status take_scheme(const UriUriA *uri, kfpb_dsn *dsn, kfps_error *error)
{
    const UriTextRangeA *range = &uri->scheme;
    const size_t length = range->first == NULL ? 0 : (size_t) (range->afterLast - range->first);
    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++) {
        if (strlen(schemes[i].alias) == length && strncasecmp(schemes[i].alias, range->first, length) == 0) {
            dsn->scheme = strdup(schemes[i].scheme);
            return dsn->scheme != NULL ? KFPS_OK : kfpb_fail_no_memory(error);
        }
    }
    return kfpb_fail(error, KFPS_INVALID,
                     "the DSN begins with no known scheme: write sqlite:///path, postgresql://user@host/db or "
                     "mysql://user@host/db");
}

static kfps_status take_user(const UriUriA *uri, kfpb_dsn *dsn, kfps_error *error)
{
    const UriTextRangeA *range = &uri->userInfo;
    if (range->first != NULL && memchr(range->first, ':', (size_t) (range->afterLast - range->first)) != NULL)
        return kfpb_fail(error, KFPS_INVALID,
                         "the DSN holds a password: DSNs are seen in process lists and logs; give it in "
                         "KFPSTORE_SOURCE_PASSWORD or KFPSTORE_TARGET_PASSWORD, or as a file in "
                         "KFPSTORE_SOURCE_PASSWORD_FILE or KFPSTORE_TARGET_PASSWORD_FILE");
    return take(range, "user", &dsn->user, error);
}

static kfps_status take_port(const UriUriA *uri, kfpb_dsn *dsn, kfps_error *error)
{
    const UriTextRangeA *range = &uri->portText;
    if (range->first == NULL || range->first == range->afterLast)
        return KFPS_OK;
    long port = 0;
    for (const char *p = range->first; p < range->afterLast && port <= 65535; p++)
        port = port * 10 + (*p - '0'); /* the URL's grammar allows only digits here */
    if (port < 1 || port > 65535)
        return kfpb_fail(error, KFPS_INVALID, "the port in the DSN is not between 1 and 65535");
    dsn->port = (int) port;
    return KFPS_OK;
}

static kfps_status check_authority(const kfpb_dsn *dsn, kfps_error *error)
{
    if (strcmp(dsn->scheme, "sqlite") == 0 && (dsn->user != NULL || dsn->host != NULL || dsn->port != 0))
        return kfpb_fail(error, KFPS_INVALID,
                         "a SQLite DSN has no user, host or port: write sqlite:///path (three slashes) or "
                         "sqlite:relative/path");
    if (strcmp(dsn->scheme, "mysql") == 0 && dsn->host != NULL && strpbrk(dsn->host, ";{}") != NULL)
        return kfpb_fail(error, KFPS_INVALID, "the host in the DSN holds a character that no host name has");
    return KFPS_OK;
}

/* The segments with slashes between them. A database's name is one segment, a file's path any number. */
static kfps_status take_path(const UriUriA *uri, bool has_host, kfpb_dsn *dsn, kfps_error *error)
{
    const bool file = strcmp(dsn->scheme, "sqlite") == 0;
    kfps_status status = KFPS_OK;
    kfpb_text path = {0};
    if (file && (uri->absolutePath == URI_TRUE || has_host))
        kfpb_text_char(&path, '/');
    for (const UriPathSegmentA *segment = uri->pathHead; segment != NULL && status == KFPS_OK;
         segment = segment->next) {
        char *name = NULL;
        status = take(&segment->text, file ? "path" : "database name", &name, error);
        if (name != NULL)
            kfpb_text_add(&path, name);
        if (segment->next != NULL && !file)
            status = kfpb_fail(error, KFPS_INVALID,
                               "the DSN names no single database: write scheme://user@host/database, and a slash in "
                               "the database's name as %%2F");
        else if (segment->next != NULL)
            kfpb_text_char(&path, '/');
        free(name);
    }
    if (status == KFPS_OK && path.out_of_memory)
        status = kfpb_fail_no_memory(error);
    if (status == KFPS_OK && (path.length == 0 || (file && path.data[path.length - 1] == '/')))
        status = kfpb_fail(error, KFPS_INVALID,
                           file ? "the DSN names no file: write sqlite:///path or sqlite:relative/path"
                                : "the DSN names no database: write scheme://user@host/database");
    if (status == KFPS_OK && file && strcmp(path.data, ":memory:") == 0)
        status = kfpb_fail(error, KFPS_INVALID,
                           "a SQLite database in memory belongs to one connection and cannot serve here; name a file");
    if (status == KFPS_OK) {
        /* four slashes, as other tools write an absolute path, mean the same as three */
        size_t extra = 0;
        while (file && path.data[extra] == '/' && path.data[extra + 1] == '/')
            extra++;
        memmove(path.data, path.data + extra, path.length - extra + 1);
        dsn->database = path.data;
        path = (kfpb_text){0};
    }
    kfpb_text_free(&path);
    return status;
}

/* ---- the options ------------------------------------------------------------------------------------------------- */

static kfps_status store_option(kfpb_dsn *dsn, const char *name, const char *value, kfps_error *error)
{
    char *copy = strdup(value);
    if (copy == NULL)
        return kfpb_fail_no_memory(error);
    /* Two of the options are parts of the address and live there. */
    char **place = strcmp(name, "host") == 0 ? &dsn->host : strcmp(name, "socket") == 0 ? &dsn->socket : NULL;
    if (place != NULL ? *place != NULL : kfpb_dsn_option_get(dsn, name) != NULL) {
        free(copy);
        return kfpb_fail(error, KFPS_INVALID, "the DSN gives \"%s\" twice", name);
    }
    if (place != NULL) {
        *place = copy;
        return KFPS_OK;
    }
    char *name_copy = strdup(name);
    kfpb_dsn_option *options = realloc(dsn->options, (dsn->option_count + 1) * sizeof *options);
    if (options != NULL)
        dsn->options = options;
    if (options == NULL || name_copy == NULL) {
        free(copy);
        free(name_copy);
        return kfpb_fail_no_memory(error);
    }
    options[dsn->option_count++] = (kfpb_dsn_option){.name = name_copy, .value = copy};
    return KFPS_OK;
}

static kfps_status take_options(const UriUriA *uri, kfpb_dsn *dsn, kfps_error *error)
{
    if (uri->query.first == NULL || uri->query.first == uri->query.afterLast)
        return KFPS_OK;
    UriQueryListA *list = NULL;
    int items = 0;
    if (uriDissectQueryMallocExA(&list, &items, uri->query.first, uri->query.afterLast, URI_FALSE, URI_BR_DONT_TOUCH) !=
        URI_SUCCESS)
        return kfpb_fail_no_memory(error);
    kfps_status status = KFPS_OK;
    for (const UriQueryListA *item = list; item != NULL && status == KFPS_OK; item = item->next) {
        const char *value = item->value != NULL ? item->value : "";
        status = kfpb_dsn_option_check(dsn->scheme, item->key, value, error);
        if (status == KFPS_OK)
            status = check_decoded(value, "value of an option", error);
        if (status == KFPS_OK)
            status = store_option(dsn, item->key, value, error);
    }
    uriFreeQueryListA(list);
    return status;
}

/* ---- the whole --------------------------------------------------------------------------------------------------- */

static kfps_status take_all(const UriUriA *uri, kfpb_dsn *dsn, kfps_error *error)
{
    kfps_status status = take_scheme(uri, dsn, error);
    if (status == KFPS_OK && uri->fragment.first != NULL)
        status = kfpb_fail(error, KFPS_INVALID, "the DSN holds a '#': write it as %%23");
    if (status == KFPS_OK)
        status = take_user(uri, dsn, error);
    if (status == KFPS_OK)
        status = take(&uri->hostText, "host", &dsn->host, error);
    if (status == KFPS_OK)
        status = take_port(uri, dsn, error);
    if (status == KFPS_OK)
        status = check_authority(dsn, error);
    if (status == KFPS_OK)
        status = take_path(uri, uri->hostText.first != NULL, dsn, error);
    if (status == KFPS_OK)
        status = take_options(uri, dsn, error);
    return status;
}

kfps_status kfpb_dsn_parse(const char *text, kfpb_dsn *out, kfps_error *error)
{
    kfpb_error_clear(error);
    *out = (kfpb_dsn){0};
    if (text == NULL || text[0] == '\0')
        return kfpb_fail(error, KFPS_INVALID, "the DSN is empty");

    kfpb_text url = {0};
    UriUriA uri;
    const char *stop = NULL;
    kfps_status status = prepare(text, &url, error);
    if (status != KFPS_OK)
        goto out;
    if (strstr(url.data, "%00") != NULL) {
        status = kfpb_fail(error, KFPS_INVALID, "the DSN holds a control character");
        goto out;
    }
    const int parsed = uriParseSingleUriA(&uri, url.data, &stop);
    if (parsed != URI_SUCCESS) {
        status = parsed == URI_ERROR_MALLOC
                     ? kfpb_fail_no_memory(error)
                     : kfpb_fail(error, KFPS_INVALID,
                                 "the DSN is not a URL such as postgresql://user@host:5432/db; reserved characters in "
                                 "its parts are written as %%XX, a password does not belong into it");
        goto out;
    }
    status = take_all(&uri, out, error);
    uriFreeUriMembersA(&uri);
out:
    if (status != KFPS_OK)
        kfpb_dsn_free(out);
    kfpb_text_free(&url);
    return status;
}

static bool copy_text(const char *from, char **to)
{
    return from == NULL || (*to = strdup(from)) != NULL;
}

kfps_status kfpb_dsn_copy(const kfpb_dsn *dsn, kfpb_dsn *out, kfps_error *error)
{
    *out = (kfpb_dsn){.port = dsn->port};
    bool well = copy_text(dsn->scheme, &out->scheme) && copy_text(dsn->user, &out->user) &&
                copy_text(dsn->host, &out->host) && copy_text(dsn->database, &out->database) &&
                copy_text(dsn->socket, &out->socket);
    if (well && dsn->option_count > 0) {
        out->options = calloc(dsn->option_count, sizeof *out->options);
        well = out->options != NULL;
    }
    for (size_t i = 0; well && i < dsn->option_count; i++) {
        out->option_count++;
        well = copy_text(dsn->options[i].name, &out->options[i].name) &&
               copy_text(dsn->options[i].value, &out->options[i].value);
    }
    if (well)
        return KFPS_OK;
    kfpb_dsn_free(out);
    return kfpb_fail_no_memory(error);
}

void kfpb_dsn_free(kfpb_dsn *dsn)
{
    if (dsn == NULL)
        return;
    for (size_t i = 0; i < dsn->option_count; i++) {
        free(dsn->options[i].name);
        free(dsn->options[i].value);
    }
    free(dsn->options);
    free(dsn->scheme);
    free(dsn->user);
    free(dsn->host);
    free(dsn->database);
    free(dsn->socket);
    *dsn = (kfpb_dsn){0};
}

const char *kfpb_dsn_option_get(const kfpb_dsn *dsn, const char *name)
{
    for (size_t i = 0; i < dsn->option_count; i++) {
        if (strcmp(dsn->options[i].name, name) == 0)
            return dsn->options[i].value;
    }
    return NULL;
}

const char *kfpb_dsn_describe(const kfpb_dsn *dsn, char *buf, size_t size)
{
    if (size == 0)
        return "";
    char port[16] = "";
    if (dsn->port != 0)
        snprintf(port, sizeof port, ":%d", dsn->port);
    const char *database = dsn->database != NULL ? dsn->database : "";
    const char *host = dsn->host != NULL ? dsn->host : dsn->socket != NULL ? dsn->socket : "";
    const bool ip6 = strchr(host, ':') != NULL;
    int length;
    if (strcmp(dsn->scheme, "sqlite") == 0)
        length = snprintf(buf, size, "sqlite:%s%s", database[0] == '/' ? "//" : "", database);
    else
        length = snprintf(buf, size, "%s://%s%s%s%s%s%s/%s", dsn->scheme, dsn->user != NULL ? dsn->user : "",
                          dsn->user != NULL ? "@" : "", ip6 ? "[" : "", host, ip6 ? "]" : "", port, database);
    if (length < 0)
        buf[0] = '\0';
    else if ((size_t) length >= size)
        buf[kfpb_utf8_cut(buf, size - 1)] = '\0';
    return buf;
}
