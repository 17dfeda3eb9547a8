/* SPDX-License-Identifier: Apache-2.0 */
/* rights.h: what an account may do with tables, as bits. */
#ifndef KFPM_RIGHTS_H
#define KFPM_RIGHTS_H

#include <stddef.h>

enum {
    RIGHT_SELECT = 1,
    RIGHT_INSERT = 2,
    RIGHT_UPDATE = 4,
    RIGHT_DELETE = 8,
    RIGHT_CREATE = 16,
    RIGHT_ALTER = 32,
    RIGHT_DROP = 64,
    RIGHT_INDEX = 128,
    RIGHT_REFERENCES = 256,
    RIGHT_ALL = 511
};

/* "INSERT, UPDATE" */
const char *rights_text(unsigned rights, char *buf, size_t size);

/* grants.c: adds what one line of SHOW GRANTS gives (or, with partial revokes, takes) on a table of a database. MySQL
 * and MariaDB list what comes through roles among the lines. */
void rights_read_grant(const char *line, const char *database, const char *table, unsigned *rights);

#endif
