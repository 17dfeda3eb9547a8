/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kfpstore/check.h: is the database ready? For the start-up gate of an API server.
 */
#ifndef KFPSTORE_CHECK_H
#define KFPSTORE_CHECK_H

#include "kfpstore/store.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum kfps_readiness_state {
    KFPS_READY = 0,
    KFPS_SCHEMA_MISSING = 1,       /**< no schema of this library; perhaps upstream's tables: adopt them */
    KFPS_SCHEMA_OLDER = 2,         /**< upgrade it */
    KFPS_SCHEMA_NEWER = 3,         /**< made by a newer version that older readers must not touch */
    KFPS_SCHEMA_UNFINISHED = 4,    /**< an upgrade was cut off, or indexes are left to be built */
    KFPS_LEGACY_TASKS = 5,         /**< `tasks` is the table of KFP up to 2.15 */
    KFPS_MIGRATION_UNFINISHED = 6, /**< an import began and has not finished */
    KFPS_MIGRATION_MISSING = 7     /**< asked for (need_migration) and never begun */
} kfps_readiness_state;

typedef struct kfps_readiness {
    int32_t state;          /**< kfps_readiness_state */
    int32_t schema_version; /**< of the database; 0: none */
    int32_t wanted_version; /**< what this library works with */
    char sentence[256];     /**< for people */
    char command[128];      /**< that mends it, without DSN: "kfp-migrate schema upgrade"; "" if ready */
} kfps_readiness;

/**
 * Reads what state the schema and the migration are in. Needs rights to read only.
 * @param need_migration  1: a database into which nothing was imported is not ready
 * @return KFPS_OK when it could be found out, ready or not; KFPS_INVALID, KFPS_UNAVAILABLE, KFPS_PERMISSION,
 *         KFPS_BUSY, KFPS_CONNECTION_LOST, KFPS_INTERRUPTED, KFPS_NO_MEMORY, KFPS_INTERNAL
 */
kfps_status kfps_check(kfps_session *session, int32_t need_migration, kfps_readiness *out, kfps_error *error);

#ifdef __cplusplus
}
#endif
#endif
