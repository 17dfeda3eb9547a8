/* SPDX-License-Identifier: Apache-2.0 */
/* placeholder.h: finds the `?` of a statement that stand for values. For the folders below backends/ only. */
#ifndef KFPB_PLACEHOLDER_H
#define KFPB_PLACEHOLDER_H

#include <stddef.h>

/* The first `?` at or behind `sql` that is not in a literal, a quoted identifier or a comment; NULL if there is none.
 * `sql` must itself not begin inside of one: start at the statement's begin, go on behind the last one found. */
const char *kfpb_placeholder_next(const char *sql);

#endif
