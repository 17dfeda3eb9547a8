/* SPDX-License-Identifier: Apache-2.0 */
/* error.c: SQLite's result codes as statuses. SQLite's messages name tables and columns, never values. */
#include "backends/base/fail.h"
#include "backends/sqlite/sqlite.h"

typedef struct code_rule {
    int code; /* extended, or primary for all that are not listed before it */
    kfps_status status;
    const char *text; /* put before SQLite's own message */
} code_rule;

/* Extended codes stand before the primary ones. */
static const code_rule rules[] = {
    {SQLITE_CONSTRAINT_UNIQUE, KFPS_EXISTS, "the key is taken"},
    {SQLITE_CONSTRAINT_PRIMARYKEY, KFPS_EXISTS, "the key is taken"},
    {SQLITE_CONSTRAINT_ROWID, KFPS_EXISTS, "the key is taken"},
    {SQLITE_CONSTRAINT_FOREIGNKEY, KFPS_FOREIGN_KEY, "a referenced row is missing, or the row is still referenced"},
    {SQLITE_CONSTRAINT_NOTNULL, KFPS_INVALID, "a value is missing"},
    {SQLITE_CONSTRAINT_CHECK, KFPS_INVALID, "a value is not allowed"},
    {SQLITE_IOERR_NOMEM, KFPS_NO_MEMORY, "out of memory"},
    {SQLITE_READONLY_CANTINIT, KFPS_PERMISSION,
     "the file is in WAL mode and its -shm file cannot be made: allow writing to its folder, or copy the database"},
    {SQLITE_READONLY_DIRECTORY, KFPS_PERMISSION,
     "the database's folder may not be written to, which a file in WAL mode needs: allow it, or copy the database"},
    {SQLITE_CONSTRAINT, KFPS_INVALID, "a constraint is violated"},
    {SQLITE_MISMATCH, KFPS_INVALID, "a value has the wrong type"},
    {SQLITE_BUSY, KFPS_BUSY, "another connection holds the lock"},
    {SQLITE_LOCKED, KFPS_BUSY, "another connection holds the lock"},
    {SQLITE_INTERRUPT, KFPS_INTERRUPTED, "the statement was interrupted or took too long"},
    {SQLITE_NOMEM, KFPS_NO_MEMORY, "out of memory"},
    {SQLITE_TOOBIG, KFPS_TOO_LARGE, "a value is larger than SQLite takes"},
    {SQLITE_FULL, KFPS_INTERNAL, "the disk is full: make room on it and run this again"},
    {SQLITE_READONLY, KFPS_PERMISSION, "the database may only be read"},
    {SQLITE_PERM, KFPS_PERMISSION, "access is not permitted"},
    {SQLITE_AUTH, KFPS_PERMISSION, "access is not permitted"},
    {SQLITE_CANTOPEN, KFPS_UNAVAILABLE, "the database file, or a -wal or -shm file beside it, cannot be opened"},
    {SQLITE_NOTADB, KFPS_INVALID, "the file is not a SQLite database, or is encrypted"},
    {SQLITE_CORRUPT, KFPS_INTERNAL,
     "the database file is damaged: restore it from a backup, or see .recover of sqlite3"},
    {SQLITE_IOERR, KFPS_INTERNAL, "reading or writing the database file failed"},
};

static const code_rule *find(int extended)
{
    static const code_rule other = {0, KFPS_INTERNAL, "SQLite refused the statement"};
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        if (rules[i].code == extended || rules[i].code == (extended & 0xFF))
            return &rules[i];
    }
    return &other;
}

kfps_status kfpb_sqlite_fail(sqlite3 *db, int result, kfps_error *error)
{
    /* The handle's own code is the extended one, unless the failure never reached it. */
    const int held = sqlite3_extended_errcode(db);
    const int extended = (held & 0xFF) == (result & 0xFF) ? held : result;
    const code_rule *rule = find(extended);
    const char *detail = extended == held ? sqlite3_errmsg(db) : sqlite3_errstr(extended);
    kfpb_fail(error, rule->status, "%s (SQLite: %s)", rule->text, detail);
    if (error != NULL)
        error->vendor_code = extended;
    return rule->status;
}
