/* SPDX-License-Identifier: Apache-2.0 */
/* deep.h: every run read and mapped once more, and held against the target column by column. */
#ifndef KFPM_VERIFY_DEEP_H
#define KFPM_VERIFY_DEEP_H

#include "migrate/import/plan.h"
#include "migrate/verify/parts.h"

typedef struct deep_row {
    const char *uuid; /* first: sorted by it */
    const void *record;
    verify_run_facts *facts; /* of its run */
    const char *name;
    bool seen;
} deep_row;

typedef struct deep_rows {
    deep_row *items;
    size_t count;
} deep_rows;

/* deep.c. Before the first page: the census, and what the target has beside the three tables. */
kfps_status verify_deep_open(verify_job *job);
void verify_deep_close(verify_job *job);
kfps_status verify_deep_page(verify_job *job, const mlmd_audit *page, verify_run_facts *facts);

/* deep_rows.c: the rows of one table against what they should be; `key` is the column that the keys are of. Rows that
 * should be there and are not, that are and should not, that differ: each is said, with its columns. */
typedef struct deep_table {
    const kfpb_table *table;
    const char *key;
    verify_kind missing, extra, changed;
    bool extras; /* rows of the keys that nothing is behind are looked for */
} deep_table;
kfps_status deep_compare_rows(verify_job *job, const deep_table *how, const char *const *keys, size_t count,
                              deep_rows *rows, verify_run_facts *facts, size_t fact_count);

#endif
