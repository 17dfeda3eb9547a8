-- SPDX-License-Identifier: Apache-2.0
-- The `tasks` table of KFP up to 2.15 makes way for the new one. Its rows are kept: they hold cache fingerprints.
-- Foreign keys and indexes keep their names on a rename; none of them is wanted by the new table.
-- kfpstore: when=legacy-tasks

RENAME TABLE `tasks` TO `tasks_pre_migration`;
