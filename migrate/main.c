/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>

#include "kfpstore.h"
#include "migrate/cli.h"

/* clang-format off */
static const cli_command *const commands[] = {
    &cli_preflight,
    &cli_import,
    &cli_status,
    &cli_show,
    &cli_report,
    &cli_verify,
    &cli_rollback,
    &cli_cleanup,
    &cli_schema_status,
    &cli_schema_upgrade,
    &cli_schema_print,
    &cli_schema_adopt,
    &cli_schema_verify,
};
/* clang-format on */

static void print_overview(FILE *out)
{
    fputs("Usage: kfp-migrate COMMAND [OPTION]…\n\n"
          "Imports ML Metadata into the tables of Kubeflow Pipelines, and upgrades their schema.\n\n",
          out);
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        fprintf(out, "  %-16s %s\n", commands[i]->name, commands[i]->summary);
    fputs("\n  --version        show the version and end\n"
          "  --help           show this and end; 'kfp-migrate COMMAND --help' says more\n\n"
          "Databases are named by URLs: sqlite:///PATH, postgresql://USER@HOST/DB, mysql://USER@HOST/DB.\n"
          "Passwords come from KFPSTORE_SOURCE_PASSWORD and KFPSTORE_TARGET_PASSWORD, the same with _FILE,\n"
          "or the client's own password file; never from the command line.\n",
          out);
}

/* Words of the command's name that argv begins with; 0: another command. */
static int words_matched(const cli_command *command, int argc, char **argv)
{
    char first[32], second[32] = "";
    const int words = sscanf(command->name, "%31s %31s", first, second);
    if (strcmp(argv[1], first) != 0)
        return 0;
    if (words == 1)
        return 1;
    return argc > 2 && strcmp(argv[2], second) == 0 ? 2 : 0;
}

/* Looked for before anything else, so that a wrong command line is reported in that format too. */
static void find_log_format(int argc, char **argv)
{
    static const char option[] = "--log-format";
    for (int i = 1; i < argc; i++) {
        const char *value = strncmp(argv[i], option, strlen(option)) == 0 ? argv[i] + strlen(option) : NULL;
        if (value != NULL && *value == '=')
            log_set_format(value + 1);
        else if (value != NULL && *value == '\0' && i + 1 < argc)
            log_set_format(argv[i + 1]);
    }
}

int main(int argc, char **argv)
{
    setlocale(LC_CTYPE, ""); /* numbers stay in the C locale */
    if (argc < 2) {
        print_overview(stderr);
        return EXIT_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0 ||
        (strcmp(argv[1], "schema") == 0 && argc > 2 && strcmp(argv[2], "--help") == 0)) {
        print_overview(stdout);
        return EXIT_DONE;
    }
    if (strcmp(argv[1], "--version") == 0) {
        printf("kfp-migrate %s\n", kfps_version());
        return EXIT_DONE;
    }
    find_log_format(argc, argv);
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        const int words = words_matched(commands[i], argc, argv);
        if (words == 0)
            continue;
        argv[words] = argv[0]; /* getopt names the program by it */
        const int code = commands[i]->run(commands[i], argc - words, argv + words);
        if (fflush(stdout) != 0 || ferror(stdout)) {
            log_line(LOG_LEVEL_ERROR, NULL, "stdout: %s", strerror(errno));
            return EXIT_ERROR;
        }
        return code == CLI_HELPED ? EXIT_DONE : code;
    }
    const bool schema = strcmp(argv[1], "schema") == 0 && argc > 2;
    log_line(LOG_LEVEL_ERROR, NULL, "no command '%s%s%s'; 'kfp-migrate --help' lists them", cli_shown(argv[1]),
             schema ? " " : "", schema ? cli_shown(argv[2]) : "");
    return EXIT_USAGE;
}
