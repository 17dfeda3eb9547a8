/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dsn.h: where a database is, as a URL.
 *
 *   sqlite:///path                                  (sqlite:relative/path is accepted too)
 *   postgresql://user@host:port/db?sslmode=verify-full&…      also postgres://
 *   postgresql://user@%2Fsocket%2Fdir/db   or   postgresql://user@/db?host=/socket/dir
 *   mysql://user@host:port/db?ssl-ca=…&…                      also mariadb://
 *   mysql://user@localhost/db?socket=/path/to/socket
 *
 * Every part may be percent-encoded. A password in a DSN is refused: DSNs are seen in process lists and logs.
 */
#ifndef KFPB_DSN_H
#define KFPB_DSN_H

#include <stdbool.h>
#include <stddef.h>

#include "kfpstore/error.h"

typedef struct kfpb_dsn_option {
    char *name;
    char *value;
} kfpb_dsn_option;

typedef struct kfpb_dsn {
    char *scheme;             /* lower case: "sqlite", "postgresql", "mysql" (aliases resolved) */
    char *user;               /* NULL if absent; so below */
    char *host;               /* a host name or address, or a socket folder on PostgreSQL */
    int port;                 /* 0 if absent */
    char *database;           /* the database's name; for SQLite the file's path */
    char *socket;             /* MySQL's ?socket= */
    kfpb_dsn_option *options; /* the rest, checked against the engine's list of known names */
    size_t option_count;
} kfpb_dsn;

/* Messages of KFPS_INVALID name the part that is wrong and never repeat the DSN or a password. */
kfps_status kfpb_dsn_parse(const char *text, kfpb_dsn *out, kfps_error *error);
void kfpb_dsn_free(kfpb_dsn *dsn);
/* A deep copy; *out is empty on failure (KFPS_NO_MEMORY). */
kfps_status kfpb_dsn_copy(const kfpb_dsn *dsn, kfpb_dsn *out, kfps_error *error);
/* The value of an option, NULL if absent. */
const char *kfpb_dsn_option_get(const kfpb_dsn *dsn, const char *name);
/* Text for people, without user data that could be secret: "postgresql://user@host:5432/db". Returns buf. */
const char *kfpb_dsn_describe(const kfpb_dsn *dsn, char *buf, size_t size);

#endif
