/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli.h: what every command shares: exit codes, option tables, DSNs and passwords. stdout carries results, stderr
 * everything else.
 */
#ifndef KFPM_CLI_H
#define KFPM_CLI_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>

#include "backends/backend.h"
#include "migrate/log.h"

enum exit_code {
    EXIT_DONE = 0,
    EXIT_ERROR = 1,
    EXIT_USAGE = 2,
    EXIT_PENDING = 3,
    EXIT_VERIFY_FAILED = 4,
    EXIT_REJECTS = 5,
    EXIT_LOCKED = 6,
    EXIT_NEWER = 7,
    EXIT_CHECKSUM = 8,
    EXIT_UNREACHABLE = 69,
    EXIT_STOPPED = 75,
    EXIT_DENIED = 77
};

/* One option of a command: the table drives parsing and --help. */
typedef struct cli_option {
    const char *name;     /* without the dashes */
    const char *argument; /* its name in --help; NULL: a switch. "[=]X" is written --name=X */
    int key;              /* what the command's switch sees */
    const char *help;
} cli_option;

typedef struct cli_command {
    const char *name;     /* "schema upgrade" */
    const char *operands; /* "RUN", or "" */
    const char *summary;
    const cli_option *options; /* ends with {0} */
    int (*run)(const struct cli_command *command, int argc, char **argv);
} cli_command;

extern const cli_command cli_cleanup, cli_preflight, cli_import, cli_report, cli_rollback, cli_show, cli_status,
    cli_verify;
extern const cli_command cli_schema_status, cli_schema_upgrade, cli_schema_print, cli_schema_adopt, cli_schema_verify;

/* Takes an option into a command's arguments; false: the value is wrong. */
typedef bool (*cli_take)(void *arguments, int key, const char *value);
/* All options of the command line, each to `take`; every command has --help and --log-format beside its own. A command
 * without operands gets none; those of others start at optind. EXIT_DONE; EXIT_USAGE, said on stderr; CLI_HELPED:
 * --help was printed, and the command ends well. */
enum { CLI_HELPED = -1 };
int cli_read(const cli_command *command, int argc, char **argv, cli_take take, void *arguments);
void cli_print_help(const cli_command *command);
/* Says what is wrong and where help is; returns EXIT_USAGE. */
int cli_usage(const cli_command *command, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* A whole number in [low, high]; false otherwise. */
bool cli_parse_number(const char *text, long low, long high, long *out);

typedef enum cli_side { CLI_SOURCE, CLI_TARGET } cli_side;

/* Where a database is, and the password for it from KFPSTORE_{SOURCE,TARGET}_PASSWORD or …_PASSWORD_FILE. */
typedef struct cli_database {
    kfpb_dsn dsn;
    char *password; /* NULL: none given */
    char text[256]; /* for messages, without secrets */
} cli_database;

/* Says on stderr what is wrong; an exit code. */
int cli_database_init(cli_database *database, cli_side side, const char *dsn);
void cli_database_free(cli_database *database);
kfpb_open_options cli_open_options(const cli_database *database);
/* Commands that have a target and no source: lines of their tables of options, and what these said. */
enum { CLI_OPT_TARGET = 768, CLI_OPT_WAIT };
/* clang-format off */
#define CLI_OPTION_TARGET {"target", "DSN", CLI_OPT_TARGET, "the KFP database (required)"}
#define CLI_OPTION_WAIT                                                                                          \
    {"wait", "SECONDS", CLI_OPT_WAIT, "wait so long for the database to be there (default: 0)"}
/* clang-format on */
typedef struct cli_target {
    const char *dsn; /* NULL: not given */
    long wait_s;
} cli_target;
/* False: the value is wrong, or the key none of these two. */
bool cli_take_target(cli_target *target, int key, const char *value);
/* For commands that only read: opens the target, hands it to `body` with their arguments, and closes it. The exit code
 * of `body`, or of what is wrong, which is said. */
typedef int (*cli_body)(void *arguments, kfpb_conn *conn, const cli_database *target);
int cli_with_target(const cli_command *command, const cli_target *target, cli_body body, void *arguments);
/* Prints and frees a report, and returns `code`; NULL: there was no memory for it. */
int cli_print_json(char *json, int code);

/* Says "kfp-migrate: <what>: <message>" and returns the exit code of the error. */
int cli_report_error(const char *what, const kfps_error *error);
/* An information on stderr. */
#define cli_say(...) log_line(LOG_LEVEL_INFO, NULL, __VA_ARGS__)
/* A text of the command line that may be repeated in a message: itself if it is a short word, else a stand-in. What is
 * mistyped may be a whole address with a password in it. */
const char *cli_shown(const char *text);

/* wait.c. With --wait: tries until the database answers, or `seconds` are over; then, as without it, opening it says
 * what is wrong. `makes`: the command makes the database itself, so that only the server has to be there. EXIT_DONE, or
 * EXIT_STOPPED after a signal. */
int cli_wait(const cli_database *database, long seconds, bool makes);
/* The server answers, or would, and has no such database; not one that is down, or an address that is wrong. */
bool cli_database_missing(const cli_database *database, const kfps_error *error);

/* Set by SIGTERM and SIGINT. */
extern volatile int cli_stop;
void cli_catch_signals(void);

#endif
