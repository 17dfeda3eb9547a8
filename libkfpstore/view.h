/* SPDX-License-Identifier: Apache-2.0 */
/* view.h: which columns of a table are read, and a row as a record: the same table of columns that writes it. */
#ifndef KFPSI_VIEW_H
#define KFPSI_VIEW_H

#include "backends/sql.h"

typedef struct kfpsi_view {
    const kfpb_table *table;
    const uint8_t *columns; /* indexes into table->columns; NULL: all */
    size_t count;           /* 0 with columns NULL: all */
} kfpsi_view;

extern const kfpsi_view kfpsi_view_artifact;      /* kfps_artifact */
extern const kfpsi_view kfpsi_view_artifact_task; /* kfps_artifact_task */
extern const kfpsi_view kfpsi_view_task_basic;    /* kfps_task */
extern const kfpsi_view kfpsi_view_task;          /* kfps_task, every column */

size_t kfpsi_view_count(const kfpsi_view *view);
/* `"a","b",…`, each with `prefix` (may be NULL). */
void kfpsi_view_columns(kfpb_sql *sql, const kfpsi_view *view, const char *prefix);
/* Fills a zeroed record from the row's columns first, first+1, …; texts go into the arena. */
void kfpsi_view_read(const kfpb_rows *rows, size_t first, const kfpsi_view *view, kfpb_arena *arena, void *record);
/* Copies the texts of the record's columns into the arena. */
void kfpsi_record_own(const kfpsi_view *view, kfpb_arena *arena, void *record);
/* Copies a record of `size` bytes, the texts of its columns into the arena. */
void kfpsi_record_copy(const kfpsi_view *view, kfpb_arena *arena, const void *from, void *to, size_t size);

#endif
