-- SPDX-License-Identifier: Apache-2.0
-- The `tasks` table of KFP up to 2.15 makes way for the new one. Its rows are kept: they hold cache fingerprints.
-- Index names are per database and survive a rename.
-- kfpstore: when=legacy-tasks

ALTER TABLE "tasks" RENAME TO "tasks_pre_migration";
DROP INDEX IF EXISTS "tasks_RunUUID_run_details_UUID_foreign";
CREATE INDEX "tasks_pre_migration_RunUUID" ON "tasks_pre_migration" ("RunUUID");
