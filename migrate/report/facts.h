/* SPDX-License-Identifier: Apache-2.0 */
/*
 * facts.h: what was imported into a target, as one JSON object: the page shows it and --json prints it. Lists are
 * bounded. Text comes from the database and is not trusted; URIs have lost their query strings.
 */
#ifndef KFPM_REPORT_FACTS_H
#define KFPM_REPORT_FACTS_H

#include <jansson.h>

#include "backends/backend.h"

/* How many of each are listed. */
enum { FACTS_TOP = 10, FACTS_EXAMPLES = 5, FACTS_REJECTED = 200, FACTS_BINS = 60 };

/* NULL: the error says why. The target's schema must be up to date. */
json_t *report_facts(kfpb_conn *conn, const char *target, kfps_error *error);

/* facts_runs.c: one walk over the ledger; adds "runs", "notes", "timeline", "slowest", "largest", "rejected_runs" and
 * "digest" to the facts. */
kfps_status report_facts_runs(kfpb_conn *conn, json_t *facts, kfps_error *error);

/* Adds "rejected_rows" and "rejected_row_count" from the file that --rejects of an import wrote. */
kfps_status report_facts_rejects(const char *path, json_t *facts, kfps_error *error);

/* A text as a fact: valid UTF-8, without the query strings of URIs; "" for NULL. */
json_t *facts_text(const char *text);

#endif
