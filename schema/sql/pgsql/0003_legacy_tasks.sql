-- SPDX-License-Identifier: Apache-2.0
-- The `tasks` table of KFP up to 2.15 makes way for the new one. Its rows are kept: they hold cache fingerprints.
-- Index names are per schema and survive a rename: the new table's primary key would silently become tasks_pkey1.
-- kfpstore: when=legacy-tasks

ALTER TABLE "tasks" RENAME TO "tasks_pre_migration";
ALTER INDEX IF EXISTS "tasks_pkey" RENAME TO "tasks_pre_migration_pkey";
ALTER INDEX IF EXISTS "tasks_RunUUID_run_details_UUID_foreign" RENAME TO "tasks_pre_migration_RunUUID";
