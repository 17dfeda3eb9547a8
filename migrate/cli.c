/* SPDX-License-Identifier: Apache-2.0 */
#include "migrate/cli.h"

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backends/base/fail.h"
#include "backends/base/secret.h"

enum { MAX_OPTIONS = 32, HELP_COLUMN = 36 };
enum { KEY_HELP = 1, KEY_LOG_FORMAT };

/* Of every command. */
static const cli_option common_options[] = {
    {"log-format", "text|json", KEY_LOG_FORMAT, "of messages and progress, on stderr (default: text)"},
    {"help", NULL, KEY_HELP, "show this and end"},
    {0}};

volatile int cli_stop;

static void on_signal(int number)
{
    (void) number;
    __atomic_store_n(&cli_stop, 1, __ATOMIC_RELAXED);
}

void cli_catch_signals(void)
{
    struct sigaction action = {.sa_handler = on_signal};
    sigemptyset(&action.sa_mask);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    /* a closed pipe shows as a write error, not as a death in the middle of a group */
    action.sa_handler = SIG_IGN;
    sigaction(SIGPIPE, &action, NULL);
}

static size_t add_options(struct option *table, size_t n, const cli_option *options)
{
    for (const cli_option *o = options; o->name != NULL && n < MAX_OPTIONS; o++)
        table[n++] = (struct option){o->name, o->argument != NULL ? required_argument : no_argument, NULL, o->key};
    return n;
}

/* The option without its value, which is none of a message's business. */
static int wrong_option(const cli_command *command, int key, const char *word)
{
    cli_usage(command, "%.*s: %s", (int) strcspn(word, "="), word,
              key == ':' ? "it needs a value" : "no such option, or not with a value, or short for several");
    return -2;
}

/* The next option's key; -1: no more; -2: wrong usage, said on stderr; -3: --help was printed. */
static int next_option(const cli_command *command, const struct option *table, int argc, char **argv)
{
    for (;;) {
        const int key = getopt_long(argc, argv, ":", table, NULL);
        switch (key) {
        case KEY_HELP:
            cli_print_help(command);
            return -3;
        case KEY_LOG_FORMAT:
            if (log_set_format(optarg))
                break;
            cli_usage(command, "--log-format: '%s' is not one of its values", cli_shown(optarg));
            return -2;
        case '?':
        case ':':
            return wrong_option(command, key, argv[optind - 1]);
        default:
            return key;
        }
    }
}

static const char *option_name(const cli_command *command, int key)
{
    for (const cli_option *o = command->options; o->name != NULL; o++) {
        if (o->key == key)
            return o->name;
    }
    return "?";
}

int cli_read(const cli_command *command, int argc, char **argv, cli_take take, void *arguments)
{
    struct option table[MAX_OPTIONS + 1] = {0};
    add_options(table, add_options(table, 0, command->options), common_options);
    opterr = 0;
    for (int key; (key = next_option(command, table, argc, argv)) != -1;) {
        if (key < 0)
            return key == -3 ? CLI_HELPED : EXIT_USAGE;
        if (!take(arguments, key, optarg))
            return cli_usage(command, "--%s: '%s' is not one of its values", option_name(command, key),
                             cli_shown(optarg));
    }
    if (optind < argc && *command->operands == '\0')
        return cli_usage(command, "%s takes no operand: '%s'", command->name, cli_shown(argv[optind]));
    return EXIT_DONE;
}

/* Columns on a terminal, not bytes: "…" is one. */
static int width_of(const char *text)
{
    int width = 0;
    for (; *text != '\0'; text++)
        width += ((unsigned char) *text & 0xc0) != 0x80;
    return width;
}

static void print_options(const cli_option *options)
{
    for (const cli_option *o = options; o->name != NULL; o++) {
        char left[64];
        snprintf(left, sizeof left, "--%s%s%s", o->name, o->argument != NULL ? "=" : "",
                 o->argument != NULL ? o->argument : "");
        printf("  %s%*s %s\n", left, HELP_COLUMN - width_of(left), "", o->help);
    }
}

void cli_print_help(const cli_command *command)
{
    printf("Usage: kfp-migrate %s [OPTION]…%s%s\n\n%s\n\n", command->name, *command->operands != '\0' ? " " : "",
           command->operands, command->summary);
    print_options(command->options);
    print_options(common_options);
}

int cli_usage(const cli_command *command, const char *format, ...)
{
    char message[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    log_line(LOG_LEVEL_ERROR, NULL, "%s", message);
    log_line(LOG_LEVEL_INFO, NULL, "Try 'kfp-migrate %s --help'.", command->name);
    return EXIT_USAGE;
}

const char *cli_shown(const char *text)
{
    enum { LONGEST = 40 };
    size_t length = 0;
    for (; text[length] != '\0'; length++) {
        const char c = text[length];
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (length >= LONGEST || (!plain && strchr("-_.,+|", c) == NULL))
            return "…";
    }
    return text;
}

bool cli_parse_number(const char *text, long low, long high, long *out)
{
    char *end;
    errno = 0;
    *out = strtol(text, &end, 10);
    return errno == 0 && end != text && *end == '\0' && *out >= low && *out <= high;
}

static int read_password(cli_database *database, cli_side side)
{
    static const char *const names[][2] = {
        [CLI_SOURCE] = {"KFPSTORE_SOURCE_PASSWORD", "KFPSTORE_SOURCE_PASSWORD_FILE"},
        [CLI_TARGET] = {"KFPSTORE_TARGET_PASSWORD", "KFPSTORE_TARGET_PASSWORD_FILE"},
    };
    const char *direct = getenv(names[side][0]);
    const char *file = getenv(names[side][1]);
    if (direct != NULL) {
        database->password = strdup(direct);
    } else if (file != NULL) {
        kfps_error error;
        if (kfpb_secret_read(file, &database->password, &error) != KFPS_OK) {
            log_line(LOG_LEVEL_ERROR, NULL, "%s: %s", names[side][1], error.message);
            return EXIT_ERROR;
        }
    }
    return EXIT_DONE;
}

int cli_database_init(cli_database *database, cli_side side, const char *dsn)
{
    memset(database, 0, sizeof *database);
    kfps_error error;
    if (kfpb_dsn_parse(dsn, &database->dsn, &error) != KFPS_OK) {
        log_line(LOG_LEVEL_ERROR, NULL, "--%s: %s", side == CLI_SOURCE ? "source" : "target", error.message);
        return EXIT_USAGE;
    }
    kfpb_dsn_describe(&database->dsn, database->text, sizeof database->text);
    return read_password(database, side);
}

void cli_database_free(cli_database *database)
{
    kfpb_dsn_free(&database->dsn);
    kfpb_secret_free(database->password);
    memset(database, 0, sizeof *database);
}

kfpb_open_options cli_open_options(const cli_database *database)
{
    return (kfpb_open_options){.password = database->password};
}

bool cli_take_target(cli_target *target, int key, const char *value)
{
    if (key == CLI_OPT_TARGET)
        target->dsn = value;
    return key == CLI_OPT_TARGET || (key == CLI_OPT_WAIT && cli_parse_number(value, 0, 86400, &target->wait_s));
}

int cli_with_target(const cli_command *command, const cli_target *target, cli_body body, void *arguments)
{
    kfps_error error;
    cli_database database;
    kfpb_conn *conn = NULL;
    if (target->dsn == NULL)
        return cli_usage(command, "%s needs --target", command->name);
    int code = cli_database_init(&database, CLI_TARGET, target->dsn);
    if (code == EXIT_DONE)
        code = cli_wait(&database, target->wait_s, false);
    kfpb_open_options options = cli_open_options(&database);
    options.read_only = true;
    if (code == EXIT_DONE && kfpb_open(&database.dsn, &options, &conn, &error) != KFPS_OK)
        code = cli_report_error(database.text, &error);
    if (code == EXIT_DONE)
        code = body(arguments, conn, &database);
    kfpb_close(&conn);
    cli_database_free(&database);
    return code;
}

int cli_print_json(char *json, int code)
{
    if (json == NULL) {
        log_line(LOG_LEVEL_ERROR, NULL, "out of memory");
        return EXIT_ERROR;
    }
    puts(json);
    free(json);
    return code;
}

static int exit_code_of(int32_t status)
{
    switch (status) {
    case KFPS_OK:
        return EXIT_DONE;
    case KFPS_BUSY:
        return EXIT_LOCKED;
    case KFPS_UNAVAILABLE:
    case KFPS_CONNECTION_LOST:
        return EXIT_UNREACHABLE;
    case KFPS_PERMISSION:
        return EXIT_DENIED;
    case KFPS_INTERRUPTED:
        return EXIT_STOPPED;
    default:
        return EXIT_ERROR;
    }
}

/* On a table, a column or a database: not an account or a password that the server refuses. */
static bool lacks_right(const kfps_error *error)
{
    enum { MYSQL_DATABASE_DENIED = 1044, MYSQL_TABLE_DENIED = 1142, MYSQL_COLUMN_DENIED = 1143 };
    return error->code == KFPS_PERMISSION &&
           (error->vendor_code == MYSQL_DATABASE_DENIED || error->vendor_code == MYSQL_TABLE_DENIED ||
            error->vendor_code == MYSQL_COLUMN_DENIED || strcmp(error->sqlstate, "42501") == 0);
}

int cli_report_error(const char *what, const kfps_error *error)
{
    const int code = exit_code_of(error->code);
    json_t *fields = json_pack("{s:s,s:i,s:i,s:s*}", "status", kfps_status_name((kfps_status) error->code), "exit_code",
                               code, "vendor_code", (int) error->vendor_code, "sqlstate",
                               error->sqlstate[0] != '\0' ? error->sqlstate : NULL);
    log_line(LOG_LEVEL_ERROR, fields, "%s%s%s", what != NULL ? what : "", what != NULL ? ": " : "", error->message);
    if (lacks_right(error))
        log_line(LOG_LEVEL_INFO, NULL, "'kfp-migrate preflight' lists the rights that an account lacks, by table.");
    return code;
}
