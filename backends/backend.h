/* SPDX-License-Identifier: Apache-2.0 */
/*
 * backend.h: the one door to a database. Above it nothing knows libdbi or a client library; behind it nothing knows
 * what an artifact is.
 *
 * Three lifetimes, three vtables: a driver (const, one per engine), a connection, the rows of one query.
 * A statement is SQL text with `?` for values and double-quoted identifiers ("Name"), on every engine, and a list of
 * typed values. Literals never hold user data, and a `?` inside quotes is not a value.
 *
 * A connection belongs to one thread at a time. Rows must be freed before the transaction they were read in ends;
 * several may be open at once on one connection.
 */
#ifndef KFPB_BACKEND_H
#define KFPB_BACKEND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "backends/base/arena.h"
#include "backends/dsn.h"
#include "kfpstore/error.h"

/* ---- values ---------------------------------------------------------------------------------------------------- */

typedef enum kfpb_kind { KFPB_NULL, KFPB_INT, KFPB_DOUBLE, KFPB_TEXT } kfpb_kind;

/* Borrowed by every call that takes it. Text is UTF-8 without NUL: anything else is refused with KFPS_INVALID. */
typedef struct kfpb_value {
    kfpb_kind kind;
    int64_t integer;
    double real;
    const char *text;
    size_t length;
} kfpb_value;

static inline kfpb_value kfpb_null(void)
{
    return (kfpb_value){.kind = KFPB_NULL};
}
static inline kfpb_value kfpb_int(int64_t value)
{
    return (kfpb_value){.kind = KFPB_INT, .integer = value};
}
static inline kfpb_value kfpb_double(double value)
{
    return (kfpb_value){.kind = KFPB_DOUBLE, .real = value};
}
/* text NULL is SQL NULL. */
static inline kfpb_value kfpb_textn(const char *text, size_t length)
{
    if (text == NULL)
        return kfpb_null();
    return (kfpb_value){.kind = KFPB_TEXT, .text = text, .length = length};
}
static inline kfpb_value kfpb_str(const char *text)
{
    return kfpb_textn(text, text != NULL ? strlen(text) : 0);
}

/* ---- tables and bulk insert ------------------------------------------------------------------------------------- */

typedef enum kfpb_column_type {
    KFPB_COL_TEXT,  /* const char * in the record */
    KFPB_COL_JSON,  /* const char * in the record: JSON text */
    KFPB_COL_INT32, /* int32_t */
    KFPB_COL_INT64, /* int64_t */
    KFPB_COL_DOUBLE /* double, with an int32_t `has_…` beside it when nullable */
} kfpb_column_type;

typedef struct kfpb_column {
    const char *name;
    kfpb_column_type type;
    bool nullable;
    const char *pgsql_cast; /* the type that PostgreSQL's unnest is cast to, such as "json" */
    size_t offset;          /* of the field in the record */
    size_t has_offset;      /* of the int32_t that says whether a nullable double is there; else 0 */
    unsigned max_chars;     /* of a varchar, checked before anything is sent; 0: unlimited */
} kfpb_column;

/* How a table's rows look in memory and in SQL: one such table serves insert, bulk insert, upsert and select. */
typedef struct kfpb_table {
    const char *name;
    const kfpb_column *columns;
    size_t column_count;
    size_t key_columns;   /* the first so many columns are the primary key */
    const char *names;    /* `"a","b",…`: all columns; NULL: whoever needs them puts them together */
    const char *prefix;   /* "t.": before its columns in joins; may be NULL */
    const char *prefixed; /* `t."a",t."b",…`; NULL as names */
} kfpb_table;

typedef enum kfpb_conflict {
    KFPB_CONFLICT_FAIL,    /* a taken key is an error (KFPS_EXISTS) */
    KFPB_CONFLICT_KEEP,    /* a row with that primary key stays as it is */
    KFPB_CONFLICT_REPLACE, /* a row with that primary key gets the new values */
    KFPB_CONFLICT_SKIP     /* a record whose primary or unique key is taken is left out: fewer rows are inserted */
} kfpb_conflict;

/* ---- the driver -------------------------------------------------------------------------------------------------- */

typedef struct kfpb_conn kfpb_conn;
typedef struct kfpb_rows kfpb_rows;

enum kfpb_capability {
    KFPB_CAP_TRANSACTIONAL_DDL = 1u << 0, /* DDL is undone by ROLLBACK */
    KFPB_CAP_ON_CONFLICT = 1u << 1,       /* ON CONFLICT (key); else ON DUPLICATE KEY UPDATE */
    KFPB_CAP_RETURNING = 1u << 2,
    KFPB_CAP_ROW_LOCKS = 1u << 3,   /* FOR UPDATE, FOR SHARE */
    KFPB_CAP_SKIP_LOCKED = 1u << 4, /* SKIP LOCKED, NOWAIT */
    KFPB_CAP_FILE = 1u << 5         /* the database is a file: one writer at a time */
};

typedef enum kfpb_bulk {
    KFPB_BULK_ROWS,  /* one prepared statement, stepped once per row */
    KFPB_BULK_MULTI, /* INSERT … VALUES (…),(…) */
    KFPB_BULK_UNNEST /* INSERT … SELECT … FROM unnest(…): one array per column */
} kfpb_bulk;

typedef enum kfpb_in_list {
    KFPB_IN_VALUES, /* IN (1,2,3) */
    KFPB_IN_JSON,   /* IN (SELECT value FROM json_each(?)): one text for any number of values */
    KFPB_IN_ARRAY   /* = ANY(?::bigint[]) */
} kfpb_in_list;

/* Each other form walks too many rows on one of the engines. */
typedef enum kfpb_keyset {
    KFPB_KEYSET_ROW,   /* (a,k) > (x,y) */
    KFPB_KEYSET_AND_OR /* a >= x AND (a > x OR (a = x AND k > y)) */
} kfpb_keyset;

/* How the first rows of each of several ids are read. */
typedef enum kfpb_each {
    KFPB_EACH_UNION,  /* a subquery an id, UNION ALL */
    KFPB_EACH_LATERAL /* FROM unnest(?::text[]) CROSS JOIN LATERAL (…): one text for any number of ids */
} kfpb_each;

/* What differs in SQL text between the engines, as data. */
typedef struct kfpb_dialect {
    kfpb_bulk bulk;
    kfpb_in_list in_list;
    size_t bulk_rows;        /* rows per bulk statement at most */
    const char *now_seconds; /* an expression: the server's clock in whole seconds since 1970 */
    const char *for_update;  /* appended to a SELECT; "" where the transaction already excludes other writers */
    const char *for_share;   /* likewise */
    const char
        *for_share_of; /* likewise, of a join with %s for the one table; MySQL and MariaDB lock the others, too */
    const char *for_key_share; /* likewise: only that the row stays, as a foreign key would lock it */
    kfpb_keyset keyset;        /* the predicate of "behind this row" */
    const char *index_hint;    /* behind a table's name, before that of an index and `)`; "" where there is none */
    /* The last row of a range of an index is asked for by MAX, as planning an ORDER BY takes longer than reading it. */
    bool newest_by_max;
    const char *columns_of; /* a query: the names of the columns of table `?`; no row: there is no such table */
    const char *text_bytes; /* printf format: equal if the bytes of the UTF-8 are; "%s" where text always compares so */
    /* printf format of a call without its last argument and parenthesis: where in the text, its ASCII letters in lower
     * case and no others, a text is found; by bytes, from 1 */
    const char *text_position;
    const char *residual; /* printf format, in parentheses: a condition that must not choose the index; plain where the
                             optimiser is told which it should take */
    /* printf format: a value that the optimiser must not look at. An index is then walked from a place to a place:
     * by `a = x` the plan hangs on how many rows x has, which is a guess. NULL: by `a = x`. */
    const char *hidden;
    const char *number; /* printf format: a column of doubles as doubles */
    kfpb_each each;
} kfpb_dialect;

/* Told of every statement after it ran; `statement` NULL: nobody is. The text has `?` in place of values. */
typedef struct kfpb_observer {
    void (*statement)(void *user, const char *sql, int64_t nanoseconds, kfps_status status);
    void *user;
} kfpb_observer;

typedef struct kfpb_open_options {
    bool read_only;           /* the session refuses to write, and a SQLite file is opened so that it cannot */
    bool create;              /* make the database (SQLite: the file) if it is not there; with its binary collation */
    bool source;              /* set up for reading a source in bulk: a small cache on SQLite */
    bool by_statistics;       /* MySQL, MariaDB: plans are made without looking for each value how frequent it is */
    const char *password;     /* NULL: none given; the client's own password file may still serve */
    const char *driver_dir;   /* libdbi's drivers; NULL: KFPSTORE_DRIVER_DIR, else the compiled-in one */
    uint32_t lock_timeout_ms; /* waiting for a lock, then KFPS_BUSY; 0: 5,000 */
    uint32_t connect_seconds; /* waiting for a server to let us in, unless the DSN says; 0: 10 */
    uint32_t statement_timeout_ms; /* one statement, then KFPS_INTERRUPTED; 0: none */
    kfpb_observer observer;
} kfpb_open_options;

typedef struct kfpb_driver {
    const char *name;           /* "sqlite", "pgsql", "mysql": also the folder and the name of the schema's SQL files */
    const char *const *schemes; /* of DSNs, NULL-terminated */
    uint32_t capabilities;
    kfpb_dialect dialect;
    /* Required. Connects, sets the session up and verifies it. On failure *out stays NULL. */
    kfps_status (*open)(const kfpb_dsn *dsn, const kfpb_open_options *options, kfpb_conn **out, kfps_error *error);
    /* Both NULL where text is equal only if its bytes are. Else: whether that holds for a column, and what the column's
     * collation makes of texts, as hexadecimal digits in the arena: equal digits, equal to the collation. */
    kfps_status (*compares_by_bytes)(kfpb_conn *conn, const char *table, const char *column, bool *bytes,
                                     kfps_error *error);
    kfps_status (*weights)(kfpb_conn *conn, const char *table, const char *column, const char *const *texts,
                           size_t count, kfpb_arena *arena, const char **out, kfps_error *error);
} kfpb_driver;

/* ---- the connection ---------------------------------------------------------------------------------------------- */

typedef enum kfpb_transaction {
    KFPB_TX_WRITE,   /* READ COMMITTED; BEGIN IMMEDIATE on SQLite */
    KFPB_TX_SNAPSHOT /* REPEATABLE READ, READ ONLY: one consistent picture of a source */
} kfpb_transaction;

/* All slots are required. `affected` may be NULL; it counts matched rows for UPDATE on every engine but MySQL, where it
 * counts changed ones: an UPDATE whose count matters must change something. */
typedef struct kfpb_conn_ops {
    kfps_status (*exec)(kfpb_conn *conn, const char *sql, const kfpb_value *values, size_t count, int64_t *affected,
                        kfps_error *error);
    kfps_status (*query)(kfpb_conn *conn, const char *sql, const kfpb_value *values, size_t count, kfpb_rows **out,
                         kfps_error *error);
    kfps_status (*begin)(kfpb_conn *conn, kfpb_transaction kind, kfps_error *error);
    kfps_status (*commit)(kfpb_conn *conn, kfps_error *error);
    void (*rollback)(kfpb_conn *conn);
    void (*interrupt)(kfpb_conn *conn); /* from any thread: the running statement ends with KFPS_INTERRUPTED */
    void (*abort)(kfpb_conn *conn);     /* from any thread, never waits: what the connection does now fails; a server's
                                           connection is lost by it */
    void (*close)(kfpb_conn *conn);     /* frees it; an open transaction is rolled back */
} kfpb_conn_ops;

/* Numbers that differ by server. A value over a limit is refused by name before it is sent. */
typedef struct kfpb_limits {
    size_t statement_bytes; /* half of what the server takes in one packet; SIZE_MAX: no limit */
    int json_depth;         /* nested levels a JSON column takes */
} kfpb_limits;

/* The part of a connection that every backend shares; a backend's own struct begins with it. */
struct kfpb_conn {
    const kfpb_driver *driver;
    const kfpb_conn_ops *ops;
    kfpb_limits limits;
    char server[96];     /* "SQLite 3.40.1", "PostgreSQL 15.18", "MariaDB 10.11.19", "MySQL 9.7.4" */
    bool cluster;        /* Galera or Group Replication */
    bool in_transaction; /* kept by the functions below */
    bool failed;         /* a statement of the open transaction failed: only a rollback is possible */
    bool broken;         /* the connection is lost: only close is possible */
    kfpb_observer observer;
};

/* Finds the driver by the DSN's scheme and connects. Thread safe. */
kfps_status kfpb_open(const kfpb_dsn *dsn, const kfpb_open_options *options, kfpb_conn **out, kfps_error *error);
/* NULL-safe; sets *conn to NULL. */
void kfpb_close(kfpb_conn **conn);

kfps_status kfpb_exec(kfpb_conn *conn, const char *sql, const kfpb_value *values, size_t count, int64_t *affected,
                      kfps_error *error);
kfps_status kfpb_query(kfpb_conn *conn, const char *sql, const kfpb_value *values, size_t count, kfpb_rows **out,
                       kfps_error *error);
/* Runs a query that gives one row with one integer; *found (may be NULL: then no row is KFPS_NOT_FOUND) says if it did.
 * NULL reads 0. */
kfps_status kfpb_query_int(kfpb_conn *conn, const char *sql, const kfpb_value *values, size_t count, int64_t *out,
                           bool *found, kfps_error *error);

kfps_status kfpb_begin(kfpb_conn *conn, kfpb_transaction kind, kfps_error *error);
/* A transaction in which a statement failed is rolled back and reported, never committed. */
kfps_status kfpb_commit(kfpb_conn *conn, kfps_error *error);
/* Safe at any time, also with no transaction open. */
void kfpb_rollback(kfpb_conn *conn);

/* Inserts `count` records (each points to a struct that the table describes) with as few statements as the engine
 * likes. The caller has sorted them by primary key (and parents before children). *inserted (may be NULL) is the number
 * of new rows, -1 where the engine cannot tell new from kept. The caller opens the transaction. Values are checked
 * against the columns first: KFPS_INVALID / KFPS_TOO_LARGE name table, column and the record's index, and nothing was
 * sent. */
kfps_status kfpb_insert(kfpb_conn *conn, const kfpb_table *table, const void *const *records, size_t count,
                        kfpb_conflict conflict, int64_t *inserted, kfps_error *error);

/* The checks of kfpb_insert alone: whether a server with these limits would be sent the records; one that is NULL is
 * passed over. *bytes is about what they take in statements. */
kfps_status kfpb_check_records(const kfpb_table *table, const void *const *records, size_t count,
                               const kfpb_limits *limits, size_t *bytes, kfps_error *error);

/* ---- rows -------------------------------------------------------------------------------------------------------- */

typedef struct kfpb_rows_ops {
    /* 1: there is a row; 0: the end; -1: error */
    int (*next)(kfpb_rows *rows, kfps_error *error);
    /* Of a column that is there. NULL reads true, 0, 0 and NULL. `length` may be NULL. */
    bool (*is_null)(const kfpb_rows *rows, size_t column);
    int64_t (*integer)(const kfpb_rows *rows, size_t column);
    double (*real)(const kfpb_rows *rows, size_t column);
    const char *(*text)(const kfpb_rows *rows, size_t column, size_t *length);
    void (*free)(kfpb_rows *rows);
} kfpb_rows_ops;

struct kfpb_rows {
    const kfpb_rows_ops *ops;
    kfpb_conn *conn;
    size_t columns;
};

int kfpb_next(kfpb_rows *rows, kfps_error *error);
bool kfpb_is_null(const kfpb_rows *rows, size_t column);
/* NULL reads 0; text is parsed; PostgreSQL's booleans read 1 and 0. */
int64_t kfpb_get_int(const kfpb_rows *rows, size_t column);
/* NULL reads 0. */
double kfpb_get_double(const kfpb_rows *rows, size_t column);
/* NULL reads NULL. Valid until the next kfpb_next or kfpb_rows_free. NUL-terminated. length may be NULL. A text column
 * of a source may hold bytes that are not UTF-8: they come as they are. */
const char *kfpb_get_text(const kfpb_rows *rows, size_t column, size_t *length);
/* NULL-safe; sets *rows to NULL. */
void kfpb_rows_free(kfpb_rows **rows);

/* ---- the registry ------------------------------------------------------------------------------------------------ */

/* The drivers of this build, NULL-terminated. */
const kfpb_driver *const *kfpb_drivers(void);
/* By name or alias of a DSN scheme; NULL if this build has none. */
const kfpb_driver *kfpb_driver_find(const char *scheme_or_name);

#endif
