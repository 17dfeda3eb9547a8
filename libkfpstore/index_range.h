/* SPDX-License-Identifier: Apache-2.0 */
/*
 * index_range.h: rows as a part of an index, from a place to a place, for engines whose dialect hides values. There an
 * ORDER BY that names all columns of the index leaves one plan; with `a = x` it hangs on how many rows are thought to
 * have x, and few of them are sorted, even if they are many.
 */
#ifndef KFPSI_INDEX_RANGE_H
#define KFPSI_INDEX_RANGE_H

#include "backends/sql.h"

/* A column of the index, and where in it. */
typedef struct kfpsi_place {
    const kfpb_column *column;
    const char *expression; /* of the statement, or a constant of ours; NULL: the value */
    kfpb_value value;
    bool hidden; /* the optimiser must not look at the value */
} kfpsi_place;

void kfpsi_place_sql(kfpb_sql *sql, const kfpsi_place *place); /* the value, without its column */

typedef enum kfpsi_range {
    KFPSI_RANGE_WHOLE,  /* of all: the places end with the key and "", behind which everything is */
    KFPSI_RANGE_BEHIND, /* behind the places, in ascending order */
    KFPSI_RANGE_BEFORE  /* in descending order */
} kfpsi_range;

/* Of a list: all of it, or from behind its last row so far. */
static inline kfpsi_range kfpsi_range_of(bool continued, bool descending)
{
    return !continued ? KFPSI_RANGE_WHOLE : descending ? KFPSI_RANGE_BEFORE : KFPSI_RANGE_BEHIND;
}

/* Adds the condition: of the rows that have the first `same` values, those that `range` says. `prefix` of columns
 * ("a."), or NULL. */
void kfpsi_range_sql(kfpb_sql *sql, const char *prefix, const kfpsi_place *places, size_t same, size_t count,
                     kfpsi_range range);

#endif
