/* SPDX-License-Identifier: Apache-2.0 */
/* query.h: the loops around a statement: each row of a query, and lists of ids that are too long for one statement. */
#ifndef KFPSI_QUERY_H
#define KFPSI_QUERY_H

#include "backends/sql.h"

/* Of one row. Anything but KFPS_OK ends the query with it. */
typedef kfps_status (*kfpsi_see)(void *context, const kfpb_rows *row, kfps_error *error);

/* Runs the query and calls `see` (NULL: nobody looks) for each row. Frees neither `sql` nor anything of the context. */
kfps_status kfpsi_each(kfpb_conn *conn, kfpb_sql *sql, kfpsi_see see, void *context, kfps_error *error);

/* `before IN (texts) after`, in as few statements as the engine takes them; none if count is 0. `before` and `after`
 * are constants: what a caller gave goes into `texts`. */
kfps_status kfpsi_each_in(kfpb_conn *conn, const char *before, const char *const *texts, size_t count,
                          const char *after, kfpsi_see see, void *context, kfps_error *error);
/* *affected may be NULL; it is added up. */
kfps_status kfpsi_exec_in(kfpb_conn *conn, const char *before, const char *const *texts, size_t count,
                          const char *after, int64_t *affected, kfps_error *error);

/* A form of the dialect around an operand: what is before its %s, and what is behind. */
void kfpsi_form_before(kfpb_sql *sql, const char *form);
void kfpsi_form_behind(kfpb_sql *sql, const char *form);

/* Behind a table's name: use this index, where the engine may be told. */
void kfpsi_index_hint(kfpb_sql *sql, const char *index);
/* A value that the optimiser cannot look at, on engines that would guess by it; any other is plain. */
void kfpsi_sql_hidden(kfpb_sql *sql, kfpb_value value);

/* The query that gives the names of a table's columns; no row: there is no such table. */
void kfpsi_columns_of(kfpb_sql *sql, const char *table);

/* The texts sorted by their bytes, each once, in an array of the arena; NULL texts are left out. NULL without memory.
 */
const char **kfpsi_sorted_texts(kfpb_arena *arena, const char *const *texts, size_t count, size_t *sorted_count);
/* The place of a text in such an array; -1 if it is not there. */
ptrdiff_t kfpsi_find_text(const char *const *sorted, size_t count, const char *text);

#endif
