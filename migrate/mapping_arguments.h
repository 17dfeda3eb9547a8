/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mapping_arguments.h: the options that name the two databases and decide what an import makes of a source. Who looks
 * at an import afterwards takes the same ones.
 */
#ifndef KFPM_MAPPING_ARGUMENTS_H
#define KFPM_MAPPING_ARGUMENTS_H

#include "migrate/import/options.h"

enum {
    MAPPING_SOURCE = 512,
    MAPPING_TARGET,
    MAPPING_RUN_CONTEXTS,
    MAPPING_CANCELED,
    MAPPING_SOURCE_ID,
    MAPPING_SOURCE_ENCODING,
    MAPPING_WAIT
};

/* Lines of a command's table of options. */
/* clang-format off */
#define MAPPING_ARGUMENTS                                                                                     \
    {"source", "DSN", MAPPING_SOURCE, "the MLMD database, opened read-only (required)"},                      \
    {"target", "DSN", MAPPING_TARGET, "the KFP database (required)"},                                         \
    {"run-contexts", "TYPE[,TYPE…]", MAPPING_RUN_CONTEXTS,                                                    \
     "further context types whose name is a run: KfpRun, pipeline_run, run …"},                               \
    {"canceled", "skipped|failed", MAPPING_CANCELED,                                                          \
     "what a CANCELED execution becomes (default: skipped)"},                                                 \
    {"source-id", "S", MAPPING_SOURCE_ID, "tells this source from another one in the same target"},           \
    {"source-encoding", "auto|utf8|latin1", MAPPING_SOURCE_ENCODING,                                          \
     "how a MySQL source holds text (default: auto)"},                                                        \
    {"wait", "SECONDS", MAPPING_WAIT, "wait so long for the databases to be there (default: 0)"}
/* clang-format on */

enum { MAPPING_RUN_TYPES = 32 };

/* What the command line said, until it is all read; initialised with {0}. */
typedef struct mapping_arguments {
    const char *source, *target;
    char *run_contexts;
    const char *run_types[MAPPING_RUN_TYPES];
    long wait_s; /* for the databases */
} mapping_arguments;

/* True for one of the keys above. */
bool mapping_has(int key);
/* False: the value is wrong. */
bool mapping_read(mapping_arguments *a, int key, const char *value, import_options *options);
/* One of two words; false for anything else. */
bool mapping_choice(const char *text, const char *no, const char *yes, bool *out);
/* After all options: the two databases. An exit code; says what is wrong. */
int mapping_open(const cli_command *command, const mapping_arguments *a, import_options *options);
/* --wait: for both; an exit code. */
int mapping_wait(const mapping_arguments *a, const import_options *options);
void mapping_free(mapping_arguments *a, import_options *options);

#endif
