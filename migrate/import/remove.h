/* SPDX-License-Identifier: Apache-2.0 */
/*
 * remove.h: takes the imported rows of runs out of the target again, in the caller's transaction: for a rollback, and
 * for a run that is replaced by what its source has become.
 *
 * The order is lock, read, delete: with the run rows locked no server can add a task or a link meanwhile, so a run with
 * rows of a server is found out before anything of it is touched.
 */
#ifndef KFPM_REMOVE_H
#define KFPM_REMOVE_H

#include "backends/backend.h"
#include "backends/base/arena.h"

typedef struct removal {
    const char *run_uuid;
    const char *const *only; /* sorted: these tasks only, because the run has those of another context as well; NULL:
                                all that were imported */
    size_t only_count;
    bool found;         /* the run row is there */
    const char *native; /* a row that no import wrote ("task <UUID>", "link <UUID>"): the run must be left alone */
    bool touched;       /* touched.h: rows of imports are not what was written */
    size_t tasks, links;
} removal;

typedef struct removal_set {
    removal *runs; /* of different runs */
    size_t count;
    kfpb_arena *arena;
    struct removal_row *tasks, *links;
    size_t task_count, link_count;
    const char **artifacts; /* that the links lead to, sorted, each once; filled by remove_read */
    size_t artifact_count;
} removal_set;

/* Locks the rows of run_details where `lock`, says which are there. */
kfps_status remove_lock(kfpb_conn *conn, removal_set *set, bool lock, kfps_error *error);
/* Reads which tasks and links there are. */
kfps_status remove_read(kfpb_conn *conn, removal_set *set, kfps_error *error);
/* Deletes the links and tasks of the runs that have no `native`. */
kfps_status remove_rows(kfpb_conn *conn, const removal_set *set, kfps_error *error);

/* Deletes those of the artifacts (sorted) that this source brought and that nothing is linked to any more; calls `see`
 * for one that a link keeps, with the run of such a link. */
typedef void (*remove_see_kept)(void *context, const char *artifact_uuid, const char *run_uuid);
kfps_status remove_artifacts(kfpb_conn *conn, const char *source_id, const char *const *uuids, size_t count,
                             kfpb_arena *arena, remove_see_kept see, void *context, int64_t *removed,
                             kfps_error *error);

#endif
