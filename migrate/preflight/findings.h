/* SPDX-License-Identifier: Apache-2.0 */
/*
 * findings.h: everything that preflight can say, as one table: how bad it is, what the import would end with, what to
 * do about it.
 */
#ifndef KFPM_FINDINGS_H
#define KFPM_FINDINGS_H

typedef enum finding_severity {
    FINDING_INFO,    /* good to know */
    FINDING_WARNING, /* the import works, and something of it should be thought about before */
    FINDING_BLOCKER  /* the import would end with this exit code */
} finding_severity;

/* X(id, text, severity, exit code of a blocker, remedy) */
#define FINDINGS(X)                                                                                                    \
    /* the source */                                                                                                   \
    X(SOURCE, "source", INFO, 0, "")                                                                                   \
    X(SOURCE_UNREACHABLE, "source-unreachable", BLOCKER, 69,                                                           \
      "start the server, or correct the address in --source; --wait SECONDS waits for it")                             \
    X(SOURCE_DENIED, "source-denied", BLOCKER, 77,                                                                     \
      "give the account the right to connect and SELECT on all tables of the database, or another password")           \
    X(SOURCE_UNREADABLE, "source-unreadable", BLOCKER, 1, "as the message says")                                       \
    X(SOURCE_LIVE, "source-live", WARNING, 0,                                                                          \
      "stop what writes to MLMD for the last import, or import again afterwards: runs that go on are looked at again") \
    X(ENCODED_TWICE, "encoded-twice", INFO, 0, "none needed: such text is repaired while it is read")                  \
    X(KEPT_TWICE, "kept-encoded-twice", WARNING, 0, "leave --source-encoding out, or give latin1")                     \
    X(LATIN1, "charset-latin1", INFO, 0, "none needed: the bytes in these columns are read as UTF-8 where they are")   \
    X(UTF8MB3, "charset-utf8mb3", WARNING, 0,                                                                          \
      "none for what is lost: characters beyond U+FFFF, such as emoji, could never be stored in these columns")        \
    X(NOT_TEXT, "not-text", WARNING, 0,                                                                                \
      "correct these values in the source, or accept U+FFFD in their place and exit code 5")                           \
    X(NOTHING, "nothing-to-import", WARNING, 0, "check the database's name; --run-contexts names further run types")   \
    X(OTHER_RUN_TYPES, "other-run-types", INFO, 0, "give --run-contexts with these types if they are to be imported")  \
    /* the target */                                                                                                   \
    X(TARGET, "target", INFO, 0, "")                                                                                   \
    X(TARGET_UNREACHABLE, "target-unreachable", BLOCKER, 69,                                                           \
      "start the server, or correct the address in --target; --wait SECONDS waits for it")                             \
    X(TARGET_DENIED, "target-denied", BLOCKER, 77, "give the account the right to connect, or another password")       \
    X(TARGET_NEW, "target-new", INFO, 0, "none needed: --create-target makes the database")                            \
    X(NO_KFP, "no-kfp-database", BLOCKER, 3, "check the database's name in --target, or give --create-target")         \
    X(SCHEMA_PENDING, "schema-pending", BLOCKER, 3,                                                                    \
      "run 'kfp-migrate schema upgrade'; --dry-run shows its statements")                                              \
    X(SCHEMA_REFUSED, "schema-refused", BLOCKER, 1, "as the message says")                                             \
    X(SCHEMA_NEWER, "schema-newer", BLOCKER, 7, "use the version of kfp-migrate that made the schema")                 \
    X(SCHEMA_CHANGED, "schema-changed", BLOCKER, 8, "use the version that applied the step; see 'schema status'")      \
    X(INDEXES_DEFERRED, "indexes-deferred", INFO, 0,                                                                   \
      "none needed: the import builds them after its rows; 'kfp-migrate schema upgrade' does at once")                 \
    X(LEGACY_TASKS, "legacy-tasks", WARNING, 0,                                                                        \
      "stop API servers of KFP up to 2.15 before 'schema upgrade': it moves their table to tasks_pre_migration")       \
    X(TARGET_CHARSET, "target-charset", WARNING, 0,                                                                    \
      "convert the KFP tables to utf8mb4 before 'schema upgrade' (ALTER TABLE run_details CONVERT TO CHARACTER SET "   \
      "utf8mb4), or accept that runs with other characters are rejected")                                              \
    X(TARGET_COLLATION, "target-collation", INFO, 0,                                                                   \
      "none needed: a run with two keys that are one to the collation is rejected, and named by a dry run")            \
    X(NO_TRANSACTIONS, "no-transactions", BLOCKER, 1, "ALTER TABLE ... ENGINE=InnoDB for these tables")                \
    X(SERVER_READ_ONLY, "server-read-only", BLOCKER, 77, "connect to the primary server, or make this one writable")   \
    X(RIGHTS_IMPORT, "rights-import", BLOCKER, 77, "GRANT these rights to the account, or use another one")            \
    X(RIGHTS_REPLACE, "rights-replace", WARNING, 0,                                                                    \
      "GRANT these rights to the account before the source is imported again, or use another one")                     \
    X(RIGHTS_SCHEMA, "rights-schema", WARNING, 0,                                                                      \
      "upgrade the schema with an account that may, or let an administrator run what 'kfp-migrate schema print' "      \
      "prints")                                                                                                        \
    X(RUNNING_RUNS, "running-runs", WARNING, 0,                                                                        \
      "import again when they are over: their tasks are imported as they stand now")                                   \
    X(OTHER_SOURCE, "other-source", BLOCKER, 1, "as the message says")                                                 \
    X(IMPORTED_BEFORE, "imported-before", INFO, 0, "none needed: an import goes on where the last one ended")          \
    X(WOULD_SKIP, "would-be-skipped", INFO, 0, "see the reason in kfp-migrate(1)")                                     \
    /* the server and its limits */                                                                                    \
    X(VALUE_TOO_LARGE, "value-too-large", WARNING, 0,                                                                  \
      "raise max_allowed_packet of the target to three times the size, or accept that its run is rejected")            \
    X(LEASE_HELD, "lease-held", BLOCKER, 6, "wait until it ends; a dead holder's lease runs out after 30 seconds")     \
    X(UPSTREAM_LOCK, "upstream-lock-held", BLOCKER, 6, "wait until the other migration ends, or end its connection")   \
    X(CLUSTER, "cluster", INFO, 0,                                                                                     \
      "do not start upstream's own migration on another node: the lock it takes is one node's")                        \
    X(SPACE, "space", INFO, 0, "a dry run counts the bytes")                                                           \
    X(SPACE_SHORT, "space-short", WARNING, 0, "make room, or let a dry run count the bytes")                           \
    X(SPACE_UNKNOWN, "space-unknown", INFO, 0, "look at the server's disk; a dry run counts the bytes")                \
    X(NETWORK_FILE, "network-file-system", BLOCKER, 1, "put the target's file on a local file system")                 \
    X(NOT_LOOKED_AT, "not-looked-at", WARNING, 0, "as the message says; the other checks were made")

typedef enum finding_id {
#define X(id, text, severity, exit_code, remedy) FIND_##id,
    FINDINGS(X)
#undef X
        FINDING_COUNT
} finding_id;

typedef struct finding_info {
    const char *text;
    finding_severity severity;
    int exit_code;
    const char *remedy;
} finding_info;

const finding_info *finding_about(finding_id id);
/* "info", "warning", "blocker". */
const char *finding_severity_name(finding_severity severity);

#endif
