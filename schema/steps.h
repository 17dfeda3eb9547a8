/* SPDX-License-Identifier: Apache-2.0 */
/* steps.h: the steps' SQL text, one statement at a time. Private to schema/. */
#ifndef KFPSCHEMA_STEPS_H
#define KFPSCHEMA_STEPS_H

#include "schema/schema.h"

enum { SCHEMA_STEP_LEDGER = 1, SCHEMA_STEP_STANDALONE = 2, SCHEMA_STEP_LEGACY = 3, SCHEMA_STEP_BASELINE = 4 };

typedef struct schema_step_set {
    const char *engine;
    const schema_step *steps;
    size_t count;
} schema_step_set;

/* Made by embed.sh; ends with an engine of NULL. */
extern const schema_step_set schema_step_sets[];

/* Walks a step's statements: *cursor starts at step->sql. Puts the next one, without its `;`, comments before it and
 * blanks around it, into `out` and returns true; false at the end. `table_options` replaces the mark that CREATE TABLE
 * statements of MySQL end with; "" for none. */
bool schema_next_statement(const char **cursor, const char *table_options, kfpb_text *out);
int schema_count_statements(const schema_step *step);

#endif
