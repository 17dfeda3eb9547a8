/* SPDX-License-Identifier: Apache-2.0 */
/* survey.h: what a person should know of a source before an import; a few statements, each over a whole table. */
#ifndef MLMD_SURVEY_H
#define MLMD_SURVEY_H

#include "migrate/source/source.h"

enum { MLMD_SURVEY_TYPES = 8 };

typedef struct mlmd_survey {
    /* texts that are not ASCII, up to a thousand of each column */
    int64_t texts;
    int64_t texts_repaired; /* encoded twice or cp1252, by the source's rule */
    int64_t texts_twice;    /* encoded twice, if looked at for it, whatever the source's rule is */
    int64_t texts_invalid;  /* bytes that are no text */
    int64_t largest;        /* bytes of the largest property */
    int64_t running;        /* executions that are RUNNING */
    int64_t updated_ms;     /* the last update of an execution; 0: not known */
    /* further types of contexts that hold runs, of TFX or cmf */
    struct {
        const char *name; /* for the source's life */
        int64_t contexts;
    } types[MLMD_SURVEY_TYPES];
    size_t type_count;
} mlmd_survey;

kfps_status mlmd_source_survey(mlmd_source *source, mlmd_survey *out, kfps_error *error);

#endif
