/* SPDX-License-Identifier: Apache-2.0 */
/*
 * schema.h: the numbered steps of the schema: see, print, apply and adopt them. Used by kfp-migrate only; the library
 * never runs DDL.
 */
#ifndef KFPSCHEMA_H
#define KFPSCHEMA_H

#include "backends/backend.h"
#include "backends/base/text.h"

typedef enum schema_when {
    SCHEMA_ALWAYS,
    SCHEMA_STANDALONE,  /* only when asked for, on a database that no KFP made */
    SCHEMA_LEGACY_TASKS /* only where the `tasks` table of KFP up to 2.15 is in the way */
} schema_when;

/* Embedded at build time from schema/sql/<engine>/NNNN_name.sql. */
typedef struct schema_step {
    int number;
    const char *name;
    schema_when when;
    bool transaction;   /* false: its statements cannot run inside one, each is recorded by itself */
    int min_reader;     /* a tool or library of an older schema version must not touch a database with this step */
    const char *sha256; /* of the file's text */
    const char *sql;    /* the file's text */
} schema_step;

/* The steps of an engine, by number. */
const schema_step *schema_steps(const kfpb_driver *driver, size_t *count);
/* The schema's version: the number of the last step. */
int schema_version(void);

typedef enum schema_step_state {
    SCHEMA_PENDING,
    SCHEMA_APPLIED,
    SCHEMA_PARTIAL, /* cut off; the next upgrade goes on where it stopped */
    SCHEMA_NOT_NEEDED,
    SCHEMA_ADOPTED,  /* as good as applied: the tables were there and were what the step promises */
    SCHEMA_DEFERRED, /* applied; the plain indexes of the large tables wait for an import's rows: deferred.h */
    SCHEMA_CHANGED   /* applied or adopted, but its file was another then */
} schema_step_state;

/* "pending", "applied", "partial", "not-needed", "adopted", "deferred", "changed": also what kfpstore_schema says. */
const char *schema_step_state_name(schema_step_state state);

typedef struct schema_step_status {
    const schema_step *step;
    schema_step_state state;
    int statements_done; /* of a PARTIAL step */
    int64_t applied_at;  /* seconds; 0 */
    char tool_version[32];
} schema_step_status;

typedef struct schema_status {
    schema_step_status *steps;
    size_t count;
    int version;            /* highest step recorded in the database, 0 for none */
    int min_reader_version; /* a tool or library older than this must not touch the database */
    bool has_books;         /* kfpstore_schema and kfpstore_lease are there */
    bool has_run_details;
    bool has_tasks;         /* `tasks` is there, old or new */
    bool has_legacy_tasks;  /* `tasks` is the legacy table */
    bool has_mixed_tasks;   /* `tasks` is the legacy table, half altered by upstream's AutoMigrate */
    bool has_pre_migration; /* tasks_pre_migration is there */
    bool has_new_tables;    /* `artifacts` or `artifact_tasks` is there (ours, or AutoMigrate's: adopt) */
    bool pending;           /* a step is */
    bool deferred;          /* an import that has not ended has put indexes off; upgrade builds them too */
    bool newer;             /* made by a newer version: exit 7 */
    bool changed;           /* a recorded checksum differs: exit 8 */
} schema_status;

/* Reads only; works on an empty database and with a read-only connection. */
kfps_status schema_status_read(kfpb_conn *conn, schema_status *out, kfps_error *error);
void schema_status_free(schema_status *status);

typedef void (*schema_say)(void *context, const char *line);

typedef struct schema_upgrade_options {
    bool standalone;
    bool dry_run; /* says what it would do, statement by statement; writes nothing */
    int wait_lock_s;
    schema_say say; /* progress for people; may be NULL */
    void *say_context;
    const volatile int *stop; /* set by a signal handler: stop after the statement under way (KFPS_INTERRUPTED) */
} schema_upgrade_options;

/* Applies what is pending, under the lease. KFPS_SCHEMA: newer, changed, or tables in the way (the message says what to
 * do: adopt). KFPS_BUSY: another holds the lease, or a table stayed locked. Does nothing, and needs no right to write,
 * if nothing is pending. */
kfps_status schema_upgrade(const kfpb_dsn *dsn, const kfpb_open_options *open_options,
                           const schema_upgrade_options *options, kfps_error *error);

/* The script of all steps from number `from` on (1: all), complete for an empty database: it can be piped into the
 * engine's own client. */
kfps_status schema_print(const kfpb_driver *driver, int from, bool standalone, kfpb_text *out, kfps_error *error);

typedef struct schema_verify_result {
    size_t steps;   /* recorded as applied or adopted: what they promise was looked at */
    size_t pending; /* not applied yet: no difference */
    size_t tables;
    size_t differences;
} schema_verify_result;

/* Compares the tables, columns, indexes and foreign keys with what the recorded steps promise; every difference is one
 * line through `say`. Reads only. KFPS_SCHEMA: newer, or a step was changed. */
kfps_status schema_verify(kfpb_conn *conn, schema_say say, void *context, schema_verify_result *out, kfps_error *error);

/* Compares the three tables with what the baseline promises; every difference is one line through `say` ("tasks.State:
 * is varchar(255), should be int"). With none, records the baseline as applied and KFPS_OK; else KFPS_SCHEMA. */
kfps_status schema_adopt(const kfpb_dsn *dsn, const kfpb_open_options *open_options,
                         const schema_upgrade_options *options, kfps_error *error);

#endif
